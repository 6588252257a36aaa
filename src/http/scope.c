/* SPDX-License-Identifier: Apache-2.0 */
#include "http/scope.h"

static const char *const words[SCOPES] = { [SCOPE_ADMIN] = "admin",
                                           [SCOPE_STOREFRONT] = "storefront",
                                           [SCOPE_EVENTS] = "events",
                                           [SCOPE_METRICS] = "metrics",
                                           [SCOPE_OPEN] = "open" };

const char *scope_word(enum scope scope)
{
    return words[scope];
}

static unsigned scope_of(struct str word)
{
    if (str_is(word, words[SCOPE_ADMIN]))
        return (1u << SCOPES) - 1;
    for (unsigned scope = 0; scope < SCOPE_OPEN; scope++)
        if (str_is(word, words[scope]))
            return 1u << scope;
    return 0;
}

unsigned scopes_of(struct str list)
{
    unsigned scopes = 0;
    for (;;) {
        const char *comma = list.len ? memchr(list.at, ',', list.len) : NULL;
        struct str word = { list.at, comma ? (size_t) (comma - list.at) : list.len };
        unsigned scope = scope_of(word);
        if (!scope)
            return 0;
        scopes |= scope;
        if (!comma)
            return scopes;
        list = (struct str){ comma + 1, list.len - word.len - 1 };
    }
}
