/* SPDX-License-Identifier: Apache-2.0 */
/* offerd cel: one expression of the rules' language, tried out; or a file of conformance cases. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cel/cel_conformance.h"
#include "app/cel/cel_json.h"
#include "app/cel/cel_zone_files.h"
#include "app/commands.h"
#include "app/setup/flag_fault.h"
#include "app/setup/user_locale.h"
#include "expr/cel.h"

enum { EXIT_GOOD = 0, EXIT_ERRORS = 1, EXIT_USAGE = 2 };
enum { VARIABLES_MAX = 64, ARENA_BYTES = 256 << 20 };

struct asked {
    const char *expression, *conformance;
    const char *variables[VARIABLES_MAX]; /* name=VALUE */
    int n_variables;
    bool json, type, program, lenient;
    enum cel_language language;
};

/* One expression on its way. */
struct trial {
    const struct asked *asked;
    struct arena *arena;
    struct cel_env *env;
    struct cel_value values[VARIABLES_MAX];
    struct out out;
};

static int help(FILE *to)
{
    (void) fputs(
        "usage: offerd cel EXPRESSION [--var NAME=VALUE]... [--type | --program] [--json]\n"
        "       offerd cel --conformance FILE [--json]\n\n"
        "Checks and evaluates an expression of the Common Expression Language (CEL), which rule "
        "files\n"
        "use after expr: and score:, and prints what it yields, written as CEL.\n\n"
        "  offerd cel '[1, 2, 3].filter(i, i > 1)'\n"
        "  offerd cel 'price * 10 <= budget' --var price=198000 --var budget=2e6\n"
        "  offerd cel 'now.getDayOfWeek(\"Asia/Tokyo\")' --var "
        "'now=timestamp(\"2026-11-21T20:00:00Z\")'\n"
        "  offerd cel 'cart.items.exists(i, i.sku == \"A\")' --var 'cart={\"items\": [{\"sku\": "
        "\"A\"}]}'\n\n"
        "An expression that begins with - stands behind --: offerd cel -- '-1 + 2'\n\n"
        "  --var NAME=VALUE    a variable: JSON, or an expression without variables\n"
        "  --type              only its type, without evaluating it\n"
        "  --program           the flat program that it becomes\n"
        "  --lenient           types are no faults before it is evaluated\n"
        "  --lang ja|en        the language in which faults are told [LC_ALL, LC_MESSAGES or "
        "LANG]\n"
        "  --json              one JSON object: {\"type\", \"value\", \"text\", \"cost\"}, or "
        "{\"faults\": [...]}\n"
        "  --conformance FILE  runs a JSON file of cases and prints 'FEATURE passed N failed M', "
        "a line for\n"
        "                      each feature; with --json the failed cases too\n"
        "  --help              this\n\n"
        "Exit codes: 0 done (all cases passed), 1 an error (a case failed), 2 wrong usage.\n",
        to);
    return to == stdout ? EXIT_GOOD : EXIT_USAGE;
}

static void write_faults_json(const struct cel_faults *faults, enum cel_language language,
                              struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("faults"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < faults->count && i < CEL_FAULTS_MAX; i++) {
        const struct cel_fault *fault = &faults->list[i];
        out_json_open(out, '{');
        out_json_key(out, STR("line"));
        out_json_int(out, fault->line);
        out_json_key(out, STR("column"));
        out_json_int(out, fault->column);
        out_json_key(out, STR("code"));
        out_json_str(out, str_of(cel_message_name(fault->code)));
        out_json_key(out, STR("what"));
        cel_json_write_text(fault->what[language], out);
        out_json_key(out, STR("hint"));
        out_json_str(out, fault->hint[language]);
        out_json_close(out, '}');
    }
    out_json_close(out, ']');
    out_json_close(out, '}');
    out_char(out, '\n');
}

/* Faults are the answer of --json, else a remark on standard error. */
static int tell_faults(struct trial *trial, const struct cel_faults *faults, struct str name)
{
    bool json = trial->asked->json;
    if (json)
        write_faults_json(faults, trial->asked->language, &trial->out);
    else
        cel_faults_print(faults, name, trial->asked->language, &trial->out);
    (void) fwrite(trial->out.at, 1, trial->out.len, json ? stdout : stderr);
    return EXIT_ERRORS;
}

/* What went wrong while evaluating, shown as the faults before it are. */
static int tell_error(struct trial *trial, struct str text, struct cel_value error, struct str name)
{
    struct cel_faults faults;
    cel_faults_init(&faults, trial->arena, text);
    const struct str what[CEL_LANGUAGES] = { error.string, error.string };
    cel_fault_add_own(&faults, error.offset, 0, what, NULL);
    return tell_faults(trial, &faults, name);
}

/* The value of a text without variables. */
static bool evaluate_constant(struct trial *trial, struct str text, struct str name,
                              struct cel_value *ret_value)
{
    struct cel_run run = { .arena = trial->arena };
    struct cel_faults faults;
    cel_faults_init(&faults, trial->arena, text);
    struct cel_env *env = cel_env_new(trial->arena);
    const struct cel_program *program =
        env ? cel_compile(env, text, &(struct cel_options){ 0 }, trial->arena, &faults) : NULL;
    if (!program) {
        (void) tell_faults(trial, &faults, name);
        return false;
    }
    *ret_value = cel_eval(program, NULL, &run);
    if (cel_is_plain(ret_value))
        return true;
    (void) tell_error(trial, text, *ret_value, name);
    return false;
}

/* "price=5": its name goes into the environment with the type that its value has. */
static int add_variable(struct trial *trial, const char *given)
{
    struct err_note note;
    const char *equals = strchr(given, '='), *why;
    uint32_t slot;

    if (!equals || equals == given) {
        (void) fprintf(stderr, "offerd cel: --var is NAME=VALUE, not '%s'\n", given);
        return EXIT_USAGE;
    }
    struct str name = { given, (size_t) (equals - given) }, text = str_of(equals + 1);
    struct cel_value value;
    if (!cel_json_read(text, trial->arena, &value, &why) &&
        !evaluate_constant(trial, text, name, &value))
        return EXIT_ERRORS;
    if (cel_env_variable(trial->env, name, cel_type_of(&value), &slot, &note) != OK) {
        (void) fprintf(stderr, "offerd cel: %s\n", note.text);
        return EXIT_USAGE;
    }
    trial->values[slot] = value;
    return EXIT_GOOD;
}

static void write_value(struct trial *trial, const struct cel_program *program,
                        const struct cel_value *value, uint64_t cost)
{
    struct out *out = &trial->out, text;
    if (!trial->asked->json) {
        cel_value_print(value, out);
        out_char(out, '\n');
        return;
    }
    out_json_open(out, '{');
    out_json_key(out, STR("type"));
    out_init(&text, trial->arena, 64);
    cel_type_print(cel_program_type(program), &text);
    cel_json_write_text(out_str(&text), out);
    out_json_key(out, STR("value"));
    cel_json_write(value, out);
    out_json_key(out, STR("text"));
    out_init(&text, trial->arena, 64);
    cel_value_print(value, &text);
    cel_json_write_text(out_str(&text), out);
    out_json_key(out, STR("cost"));
    out_json_int(out, (int64_t) cost);
    out_json_close(out, '}');
    out_char(out, '\n');
}

/* Only its type: nothing is evaluated, so nothing but the text can be wrong. */
static int show_type(struct trial *trial, const struct cel_type *type)
{
    struct out text;
    out_init(&text, trial->arena, 64);
    cel_type_print(type, &text);
    if (trial->asked->json) {
        out_json_open(&trial->out, '{');
        out_json_key(&trial->out, STR("type"));
        cel_json_write_text(out_str(&text), &trial->out);
        out_json_close(&trial->out, '}');
    } else {
        out_text(&trial->out, out_str(&text));
    }
    out_char(&trial->out, '\n');
    (void) fwrite(trial->out.at, 1, trial->out.len, stdout);
    return EXIT_GOOD;
}

static int try_text(struct trial *trial, struct str text)
{
    const struct asked *asked = trial->asked;
    struct cel_options options = { .lenient = asked->lenient };
    struct cel_run run = { .arena = trial->arena };
    struct str nameless = { 0 };
    struct cel_faults faults;

    cel_faults_init(&faults, trial->arena, text);
    if (asked->type) {
        const struct cel_type *type =
            cel_check_text(trial->env, text, &options, trial->arena, &faults);
        return type ? show_type(trial, type) : tell_faults(trial, &faults, nameless);
    }
    const struct cel_program *program =
        cel_compile(trial->env, text, &options, trial->arena, &faults);
    if (!program)
        return tell_faults(trial, &faults, nameless);
    if (asked->program) {
        cel_program_print(program, &trial->out);
    } else {
        struct cel_value value = cel_eval(program, trial->values, &run);
        if (value.kind == CEL_ERROR)
            return tell_error(trial, text, value, nameless);
        write_value(trial, program, &value, run.cost);
    }
    (void) fwrite(trial->out.at, 1, trial->out.len, stdout);
    return EXIT_GOOD;
}

static int run_expression(const struct asked *asked)
{
    AUTO(arena_free) struct arena *arena = arena_new(64u << 10, ARENA_BYTES);
    AUTO(cel_zone_files_free) struct cel_zone_files *zones = cel_zone_files_new();
    struct trial trial = { .asked = asked, .arena = arena };

    trial.env = arena ? cel_env_new(arena) : NULL;
    if (!trial.env || !zones) {
        (void) fputs("offerd cel: no memory\n", stderr);
        return EXIT_ERRORS;
    }
    out_init(&trial.out, arena, 256);
    cel_env_zones(trial.env, cel_zone_files_zones(zones));
    for (int i = 0; i < asked->n_variables; i++) {
        int wrong = add_variable(&trial, asked->variables[i]);
        if (wrong)
            return wrong;
    }
    return try_text(&trial, str_of(asked->expression));
}

static int run_conformance(const struct asked *asked)
{
    AUTO(cel_conformance_free) struct cel_conformance *done = NULL;
    struct err_note note = { 0 };
    struct out out;

    if (cel_conformance_run(asked->conformance, &done, &note) != OK) {
        (void) fprintf(stderr, "offerd cel: %s\n", note.text);
        return EXIT_ERRORS;
    }
    out_init(&out, NULL, 4096);
    if (asked->json)
        cel_conformance_print_json(done, &out);
    else
        cel_conformance_print(done, &out);
    (void) fwrite(out.at, 1, out.len, stdout);
    out_deinit(&out);
    uint32_t failed = cel_conformance_failed(done);
    if (failed && !asked->json)
        (void) fprintf(stderr, "%u of %u cases failed; --json names them\n", failed,
                       cel_conformance_cases(done));
    return failed ? EXIT_ERRORS : EXIT_GOOD;
}

/* False: the exit code is in *ret_exit. */
static bool read_arguments(int argc, char **argv, struct asked *asked, int *ret_exit)
{
    static const struct option options[] = { { "conformance", required_argument, NULL, 'c' },
                                             { "var", required_argument, NULL, 'v' },
                                             { "type", no_argument, NULL, 't' },
                                             { "program", no_argument, NULL, 'p' },
                                             { "lenient", no_argument, NULL, 'n' },
                                             { "json", no_argument, NULL, 'j' },
                                             { "lang", required_argument, NULL, 'l' },
                                             { "help", no_argument, NULL, 'h' },
                                             { 0 } };
    *ret_exit = EXIT_USAGE;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", options, NULL)) != -1;)
        switch (option) {
        case 'c': asked->conformance = optarg; break;
        case 'v':
            if (asked->n_variables == VARIABLES_MAX) {
                (void) fprintf(stderr, "offerd cel: at most %d --var\n", VARIABLES_MAX);
                return false;
            }
            asked->variables[asked->n_variables++] = optarg;
            break;
        case 't': asked->type = true; break;
        case 'p': asked->program = true; break;
        case 'n': asked->lenient = true; break;
        case 'j': asked->json = true; break;
        case 'l':
            if (strcmp(optarg, "ja") != 0 && strcmp(optarg, "en") != 0) {
                (void) fprintf(stderr, "offerd cel: --lang is ja or en, not '%s'\n", optarg);
                return false;
            }
            asked->language = *optarg == 'j' ? CEL_JAPANESE : CEL_ENGLISH;
            break;
        case 'h': *ret_exit = help(stdout); return false;
        default:
            flag_fault_tell("cel", option, argv, options);
            if (option == '?' && strncmp(argv[optind - 1], "--", 2) != 0)
                (void) fputs("An expression that begins with - stands behind --: "
                             "offerd cel -- '-1 + 2'\n",
                             stderr);
            return false;
        }
    bool evaluates = asked->n_variables || asked->type || asked->program || asked->lenient;
    bool sensible = asked->conformance ? optind == argc && !evaluates
                                       : optind + 1 == argc && !(asked->type && asked->program) &&
                                             !(asked->program && asked->json);
    if (!sensible) {
        *ret_exit = help(stderr);
        return false;
    }
    asked->expression = argv[optind];
    return true;
}

int cmd_cel(int argc, char **argv)
{
    struct asked asked = { .language = user_locale() == LOCALE_JA ? CEL_JAPANESE : CEL_ENGLISH };
    int usage;
    if (!read_arguments(argc, argv, &asked, &usage))
        return usage;
    return asked.conformance ? run_conformance(&asked) : run_expression(&asked);
}
