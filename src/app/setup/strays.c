/* SPDX-License-Identifier: Apache-2.0 */
#include "app/setup/strays.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/setup/settings.h"
#include "base/log.h"
#include "rules/diag.h"

enum { SLIPS = 2, NAMES_MAX = 128 };

struct known {
    char names[NAMES_MAX][SETTING_VARIABLE_MAX];
    const char *aliases[NAMES_MAX];
    const char *words[NAMES_MAX + 1]; /* what comes after PREFIX, of each */
};

static const char PREFIX[] = "OFFERD_";

static bool fill(struct known *known)
{
    int n = 0;
    while (n < NAMES_MAX && settings_variable(n, known->names[n], &known->aliases[n])) {
        known->words[n] = known->names[n] + strlen(PREFIX);
        n++;
    }
    known->words[n] = NULL;
    return n < NAMES_MAX;
}

static bool is_known(const struct known *known, struct str word)
{
    for (int i = 0; known->words[i]; i++)
        if (str_is(word, known->words[i]))
            return true;
    return false;
}

/* "DATA" is the flag --data; NULL is none. */
static bool is_alias(const char *alias, struct str word)
{
    return alias && strlen(alias) == word.len && strncasecmp(alias, word.at, word.len) == 0;
}

/* @variable: "NAME=value", with a value: an empty one would set nothing under any name. */
static void look_at(const struct known *known, const char *variable)
{
    size_t len = strcspn(variable, "=");
    if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0 || !variable[len] || !variable[len + 1])
        return;
    struct str word = { variable + strlen(PREFIX), len - strlen(PREFIX) };
    if (is_known(known, word))
        return;
    struct str guess = diag_closest_within(word, known->words, SLIPS);
    for (int i = 0; known->words[i]; i++)
        if (is_alias(known->aliases[i], word))
            guess = str_of(known->words[i]);
    if (guess.at)
        log_line(LOG_WARNING, "settings",
                 "no setting reads this variable of the environment: '%.*s'; did you mean "
                 "'%s%.*s'?",
                 (int) len, variable, PREFIX, STR_ARG(guess));
}

void strays_tell(void)
{
    struct known known;
    if (!fill(&known))
        return;
    for (char *const *at = environ; at && *at; at++)
        look_at(&known, *at);
}
