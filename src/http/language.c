/* SPDX-License-Identifier: Apache-2.0 */
#include "http/language.h"

static struct str trimmed(struct str text)
{
    while (text.len && (*text.at == ' ' || *text.at == '\t'))
        text = (struct str){ text.at + 1, text.len - 1 };
    while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* "q=0.85" in thousandths; 1000 without one; 0 for what cannot be read. */
static int weight_of(struct str parameter)
{
    parameter = trimmed(parameter);
    if (parameter.len == 0)
        return 1000;
    if (parameter.len < 3 || (parameter.at[0] | 32) != 'q' || parameter.at[1] != '=')
        return 0;
    int weight = 0, unit = 1000;
    for (size_t i = 2; i < parameter.len; i++) {
        char c = parameter.at[i];
        if (i == 3 && c == '.')
            continue;
        if (c < '0' || c > '9' || unit == 0 || (i == 3 && c != '.'))
            return 0;
        weight += (c - '0') * unit;
        unit /= 10;
    }
    return weight > 1000 ? 0 : weight;
}

enum locale language_of(struct str accept_language, enum locale otherwise)
{
    enum locale best = otherwise;
    int best_weight = 0;
    while (accept_language.len) {
        struct str range = str_cut(&accept_language, ',');
        struct str tag = trimmed(str_cut(&range, ';'));
        int weight = weight_of(range);
        /* Ours if both ways of guessing agree. */
        enum locale locale = locale_of(tag, LOCALE_JA);
        if (weight > best_weight && locale == locale_of(tag, LOCALE_EN)) {
            best = locale;
            best_weight = weight;
        }
    }
    return best;
}
