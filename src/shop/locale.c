/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/locale.h"

static const char *const names[] = { [LOCALE_JA] = "ja", [LOCALE_EN] = "en" };

const char *locale_name(enum locale locale)
{
    return names[locale];
}

/* Letters in a tag may be of either case; the primary language ends at the first that is none. */
static bool speaks(struct str tag, const char *name)
{
    if (tag.len < 2 || (tag.at[0] | 0x20) != name[0] || (tag.at[1] | 0x20) != name[1])
        return false;
    if (tag.len == 2)
        return true;
    char next = tag.at[2];
    return next == '-' || next == '_' || next == '.' || next == '@';
}

enum locale locale_of(struct str tag, enum locale otherwise)
{
    for (enum locale locale = 0; locale < LOCALES; locale++)
        if (speaks(tag, names[locale]))
            return locale;
    return otherwise;
}
