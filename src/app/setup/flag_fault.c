/* SPDX-License-Identifier: Apache-2.0 */
#include "app/setup/flag_fault.h"

#include <stdio.h>
#include <string.h>

#include "rules/diag.h"

enum { FLAGS_MAX = 128 };

/* The flag that is spelled most like @wrong ("--rulez=x"), without its dashes; or absent. */
static struct str closest(const char *wrong, const struct option *options)
{
    const char *words[FLAGS_MAX + 1] = { NULL };
    for (int i = 0; i < FLAGS_MAX && options[i].name; i++)
        words[i] = options[i].name;
    return diag_closest((struct str){ wrong + 2, strcspn(wrong + 2, "=") }, words);
}

enum err flag_fault(int answer, char **argv, const struct option *options, struct err_note *note)
{
    const char *word = argv[optind - 1];

    if (answer == ':')
        return err_fail(note, ERR_INPUT, "'%.60s' needs a value", word);
    if (optopt && strncmp(word, "--", 2) == 0 && strchr(word, '='))
        return err_fail(note, ERR_INPUT, "'%.60s': this flag takes no value", word);
    if (optopt) /* a letter: getopt is still in its word when more letters follow */
        return err_fail(note, ERR_INPUT, "there is no flag '-%c'", optopt);
    struct str guess = closest(word, options);
    return err_fail(note, ERR_INPUT, "there is no flag '%.60s'%s%.*s%s", word,
                    guess.at ? "; did you mean '--" : "; see --help", STR_ARG(guess),
                    guess.at ? "'?" : "");
}

void flag_fault_tell(const char *command, int answer, char **argv, const struct option *options)
{
    struct err_note note = { "" };
    if (flag_fault(answer, argv, options, &note) != OK)
        (void) fprintf(stderr, "offerd %s: %s\n", command, note.text);
}
