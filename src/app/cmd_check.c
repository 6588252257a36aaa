/* SPDX-License-Identifier: Apache-2.0 */
/* offerd check: what the service would say about rule files, before it is asked to serve them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/setup/flag_fault.h"
#include "app/setup/real_clock.h"
#include "app/setup/user_locale.h"
#include "files/rules_dir.h"

enum { EXIT_GOOD = 0, EXIT_ERRORS = 1, EXIT_USAGE = 2, EXIT_WARNINGS = 3 };

struct asked {
    const char *dir;
    bool json;
    enum locale locale;
};

static int help(FILE *to)
{
    (void) fputs("usage: offerd check DIR [--json] [--lang ja|en]\n\n"
                 "Reads all rule files of DIR (*.yaml, *.yml, *.json) as the service would, and "
                 "says what is\n"
                 "wrong: file, line, column, the line itself, and how to mend it.\n\n"
                 "  offerd check config/rules\n\n"
                 "  config/rules/camera.yaml:18:7: error: there is no condition \"cart.totl\"\n"
                 "      18 |       cart.totl: {at_least: 8000}\n"
                 "         |       ^~~~~~~~~\n"
                 "         = help: did you mean \"cart.total\"?\n\n"
                 "  --json         one JSON object: {\"rules\", \"files\", \"ruleset\", "
                 "\"errors\", \"warnings\", \"problems\": [{\"file\",\n"
                 "                 \"line\", \"column\", \"level\", \"code\", \"message\", "
                 "\"help\", \"guess\", \"text\"}]}\n"
                 "  --lang ja|en   the language of the messages [LC_ALL, LC_MESSAGES or LANG]\n"
                 "  --help         this\n\n"
                 "Exit codes: 0 no problems, 1 errors, 2 wrong usage, 3 nothing but warnings.\n",
                 to);
    return to == stdout ? EXIT_GOOD : EXIT_USAGE;
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

static void print_summary(const struct rules_reading *reading, enum locale locale, struct out *out)
{
    unsigned errors = reading->diags.errors, warnings = reading->diags.warnings;
    bool ja = locale == LOCALE_JA;

    if (reading->ruleset && ja)
        out_printf(out, "ルール %u 件(%u ファイル): ", ruleset_count(reading->ruleset),
                   reading->n_files);
    else if (ja)
        out_printf(out, "%u ファイル: ", reading->n_files);
    else {
        if (reading->ruleset)
            out_printf(out, "%u rule%s in ", ruleset_count(reading->ruleset),
                       plural(ruleset_count(reading->ruleset)));
        out_printf(out, "%u file%s, ", reading->n_files, plural(reading->n_files));
    }
    if (errors == 0 && warnings == 0)
        out_text(out, ja ? STR("問題はありません\n") : STR("no problems\n"));
    else if (ja)
        out_printf(out, "エラー %u 件、警告 %u 件\n", errors, warnings);
    else
        out_printf(out, "%u error%s, %u warning%s\n", errors, plural(errors), warnings,
                   plural(warnings));
}

static void print_json(const struct rules_reading *reading, enum locale locale, struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("rules"));
    if (reading->ruleset)
        out_json_int(out, ruleset_count(reading->ruleset));
    else
        out_json_null(out);
    out_json_key(out, STR("files"));
    out_json_int(out, reading->n_files);
    out_json_key(out, STR("ruleset"));
    out_json_str(out, reading->ruleset ? str_of(reading->version) : (struct str){ 0 });
    out_json_key(out, STR("errors"));
    out_json_int(out, reading->diags.errors);
    out_json_key(out, STR("warnings"));
    out_json_int(out, reading->diags.warnings);
    out_json_key(out, STR("problems"));
    diags_print_json(&reading->diags, locale, out);
    out_json_close(out, '}');
    out_char(out, '\n');
}

/* False: the exit code is in *ret_exit. */
static bool read_arguments(int argc, char **argv, struct asked *asked, int *ret_exit)
{
    static const struct option options[] = { { "json", no_argument, NULL, 'j' },
                                             { "lang", required_argument, NULL, 'l' },
                                             { "help", no_argument, NULL, 'h' },
                                             { 0 } };
    *asked = (struct asked){ .locale = user_locale() };
    *ret_exit = EXIT_USAGE;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;)
        switch (option) {
        case 'j': asked->json = true; break;
        case 'l':
            if (strcmp(optarg, "ja") != 0 && strcmp(optarg, "en") != 0) {
                (void) fprintf(stderr, "offerd check: --lang is ja or en, not '%s'\n", optarg);
                return false;
            }
            asked->locale = locale_of(str_of(optarg), LOCALE_EN);
            break;
        case 'h': *ret_exit = help(stdout); return false;
        default: flag_fault_tell("check", option, argv, options); return false;
        }
    if (optind + 1 != argc) {
        (void) fputs(optind == argc
                         ? "offerd check: say which directory of rule files; see --help\n"
                         : "offerd check: one directory at a time; see --help\n",
                     stderr);
        return false;
    }
    asked->dir = argv[optind];
    return true;
}

static void print_reading(const struct rules_reading *reading, const struct asked *asked)
{
    struct out out;
    out_init(&out, NULL, 4096);
    if (asked->json) {
        print_json(reading, asked->locale, &out);
    } else {
        bool color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
        diags_print(&reading->diags, asked->locale, color, &out);
        print_summary(reading, asked->locale, &out);
    }
    (void) fwrite(out.at, 1, out.len, stdout);
    out_deinit(&out);
}

int cmd_check(int argc, char **argv)
{
    AUTO(rules_reading_free) struct rules_reading *reading = NULL;
    struct clock *clock = real_clock();
    struct asked asked;
    int usage;

    if (!read_arguments(argc, argv, &asked, &usage))
        return usage;
    enum err err = rules_dir_read(asked.dir, clock->wall_us(clock), &reading);
    if (!reading) {
        (void) fprintf(stderr, "offerd check: '%s': %s\n", asked.dir, err_name(err));
        return EXIT_ERRORS;
    }
    print_reading(reading, &asked);
    return reading->diags.errors     ? EXIT_ERRORS
           : reading->diags.warnings ? EXIT_WARNINGS
                                     : EXIT_GOOD;
}
