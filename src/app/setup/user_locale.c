/* SPDX-License-Identifier: Apache-2.0 */
#include "app/setup/user_locale.h"

#include <stdlib.h>

enum locale user_locale(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return locale_of(str_of(value), LOCALE_EN);
    }
    return LOCALE_EN;
}
