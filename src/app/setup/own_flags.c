/* SPDX-License-Identifier: Apache-2.0 */
#include "app/setup/own_flags.h"

#include <string.h>

/* @n words from @at on; the NULL at the end moves along. */
static void take_out(int *argc, char **argv, int at, int n)
{
    memmove(&argv[at], &argv[at + n], (size_t) (*argc - at - n + 1) * sizeof *argv);
    *argc -= n;
}

bool own_flag_take(int *argc, char **argv, const char *flag)
{
    for (int i = 1; i < *argc; i++)
        if (strcmp(argv[i], flag) == 0) {
            take_out(argc, argv, i, 1);
            return true;
        }
    return false;
}

/* The value when @word is "--flag=value", else NULL. */
static const char *joined_value(const char *word, const char *flag)
{
    size_t len = strlen(flag);
    return strncmp(word, flag, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

enum err own_flag_value(int *argc, char **argv, const char *flag, const char **ret_value,
                        struct err_note *note)
{
    bool seen = false;
    for (int i = 1; i < *argc;) {
        const char *value = joined_value(argv[i], flag);
        int words = value ? 1 : 2;
        if (!value && strcmp(argv[i], flag) != 0) {
            i++;
            continue;
        }
        if (!value && i + 1 < *argc)
            value = argv[i + 1];
        if (!value || !*value || (words == 2 && strncmp(value, "--", 2) == 0))
            return err_fail(note, ERR_INPUT, "%s lacks its value; see --help", flag);
        if (seen)
            return err_fail(note, ERR_INPUT, "%s was given twice", flag);
        seen = true;
        *ret_value = value;
        take_out(argc, argv, i, words);
    }
    return OK;
}
