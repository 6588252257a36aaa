/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offerd explain: why a decision says what it says (explain_request.c), what a rule means
 * (explain_cel.c), and what a product could be swapped for (explain_ladder.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/explain/explain_cel.h"
#include "app/explain/explain_ladder.h"
#include "app/explain/explain_request.h"
#include "app/explain/offline.h"
#include "app/setup/own_flags.h"
#include "app/setup/real_clock.h"
#include "app/setup/settings.h"
#include "app/setup/user_locale.h"
#include "base/log.h"
#include "files/rules_dir.h"
#include "learn/instant.h"
#include "rules/schedule.h"
#include "shop/catalog.h"
#include "world/world.h"

enum { EXIT_GOOD = 0, EXIT_ERROR = 1, EXIT_USAGE = 2 };
enum { GUESSED_MAX = 4096 };

static const char help_text[] =
    "usage: offerd explain --request FILE [--at TIME] [--json] [OPTIONS OF serve]\n"
    "       offerd explain --cel RULE [--json] [OPTIONS OF serve]\n"
    "       offerd explain --ladder SKU|all [--json] [OPTIONS OF serve]\n"
    "\n"
    "Why was this offer shown, and that one not? Takes the JSON that a storefront posts to\n"
    "/offers, decides as the service would, and says of every rule of that trigger and placement\n"
    "`shown`, or the first condition that fails: the value seen, the value wanted, and the file\n"
    "and line where it is written. Reads rules and store and changes nothing, also while a\n"
    "service works on them.\n"
    "\n"
    "  offerd explain --request cart.json --rules ./rules --data ./data\n"
    "\n"
    "  ✓ camera-lens-bundle  rules/camera.yaml:9   shown: LENS-35\n"
    "  · hotel-room-upsell   rules/hotel.yaml:18   trigger.item does not hold\n"
    "        seen    0 of 1: CAM-A7 (category camera)\n"
    "        wanted  an item with category hotel-room\n"
    "\n"
    "Conditions are looked at as they are written: `audience`, then `when`, from top to bottom,\n"
    "then `schedule`. Draft and archived rules take no part.\n"
    "\n"
    "  --request FILE  the body of POST /offers; - is standard input\n"
    "  --at TIME       decide as if it were then: 2026-12-01T10:00:00+09:00, or the rules' own\n"
    "                  local time: 2026-12-01T10:00, 2026-12-01 [now]\n"
    "  --cel RULE      the conditions of a rule as CEL, each with its file and line\n"
    "  --ladder SKU    what upgrade_of and downgrade_of would find for that product, compared "
    "with\n"
    "                  it; all: the first step up of every product that has one, a line each\n"
    "  --json          for machines: the answer as POST /offers gives it with \"explain\": true\n"
    "  --lang ja|en    the language of the words around it [LC_ALL, LC_MESSAGES or LANG]\n"
    "  --config, --rules, --data, --shop, --database-url … as for offerd serve\n"
    "\n"
    "Without a store in --data there is no catalogue: products are unknown, and so is the "
    "customer.\n"
    "Exit codes: 0 explained; 1 an error (told on standard error); 2 wrong usage.\n";

struct asked {
    const char *request, *cel, *ladder, *at, *lang;
    bool json;
    enum locale locale;
};

static int say(const char *what)
{
    (void) fprintf(stderr, "offerd explain: %s\n", what);
    return EXIT_ERROR;
}

static enum err read_flags(int *argc, char **argv, struct asked *asked, struct err_note *note)
{
    asked->json = own_flag_take(argc, argv, "--json");
    asked->locale = user_locale();
    TRY(own_flag_value(argc, argv, "--request", &asked->request, note));
    TRY(own_flag_value(argc, argv, "--cel", &asked->cel, note));
    TRY(own_flag_value(argc, argv, "--ladder", &asked->ladder, note));
    TRY(own_flag_value(argc, argv, "--at", &asked->at, note));
    TRY(own_flag_value(argc, argv, "--lang", &asked->lang, note));
    if (asked->lang && strcmp(asked->lang, "ja") != 0 && strcmp(asked->lang, "en") != 0)
        return err_fail(note, ERR_INPUT, "--lang is ja or en, not '%.40s'", asked->lang);
    if (asked->lang)
        asked->locale = locale_of(str_of(asked->lang), LOCALE_EN);
    return OK;
}

/* ── when ────────────────────────────────────────────────────────────────────────────────────── */

/* "2026-12-01" or "2026-12-01T10:00", of @zone's clocks. */
static bool read_local(const char *text, const struct civil_zone *zone, int64_t *ret_us)
{
    int year, month, day, hour = 0, minute = 0, used = 0;
    int64_t days;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10)
        return false;
    if (text[10] && (sscanf(text + 10, "T%2d:%2d%n", &hour, &minute, &used) != 2 || used != 6 ||
                     text[16] || hour < 0 || hour > 23 || minute < 0 || minute > 59))
        return false;
    if (!civil_days(year, month, day, &days))
        return false;
    *ret_us = civil_instant_us(zone, days * 86400 + hour * 3600 + minute * 60);
    return true;
}

static enum err read_at(const char *text, const struct ruleset *rules, int64_t *ret_us,
                        struct err_note *note)
{
    if (instant_read(str_of(text), ret_us) || read_local(text, ruleset_zone(rules), ret_us))
        return OK;
    return err_fail(note, ERR_INPUT,
                    "--at: '%.40s' is no time; write 2026-12-01T10:00:00+09:00, 2026-12-01T10:00 "
                    "or 2026-12-01",
                    text);
}

/* ── the rules ───────────────────────────────────────────────────────────────────────────────── */

static enum err read_rules(const char *dir, enum locale locale, struct rules_reading **ret_reading)
{
    struct clock *clock = real_clock();
    enum err err = rules_dir_read(dir, clock->wall_us(clock), ret_reading);
    struct out out;
    if (err == OK)
        return OK;
    if (!*ret_reading) {
        (void) fprintf(stderr, "offerd explain: '%s': %s\n", dir, err_name(err));
        return err;
    }
    out_init(&out, NULL, 4096);
    diags_print(&(*ret_reading)->diags, locale, isatty(STDERR_FILENO) && !getenv("NO_COLOR"), &out);
    (void) fwrite(out.at, 1, out.len, stderr);
    out_deinit(&out);
    return err;
}

/* ── --cel ───────────────────────────────────────────────────────────────────────────────────── */

static int no_such_rule(const struct ruleset *rules, const char *id, struct arena *arena)
{
    uint32_t n = ruleset_count(rules) < GUESSED_MAX ? ruleset_count(rules) : GUESSED_MAX;
    const char **words = arena_take_array(arena, const char *, n + 1);
    for (uint32_t i = 0; i < n && words; i++) {
        struct out word;
        out_init(&word, arena, ruleset_rule(rules, i)->id.len + 1);
        out_text(&word, ruleset_rule(rules, i)->id);
        out_char(&word, '\0');
        words[i] = word.failed ? "" : word.at;
    }
    struct str guess = words ? diag_closest(str_of(id), words) : (struct str){ 0 };
    (void) fprintf(stderr, "offerd explain: no rule is called '%s'", id);
    if (guess.at)
        (void) fprintf(stderr, "; did you mean '%.*s'?\n", STR_ARG(guess));
    else
        (void) fprintf(stderr, " among the %u here\n", ruleset_count(rules));
    return EXIT_ERROR;
}

static void print_out(struct out *out)
{
    (void) fwrite(out->at, 1, out->len, stdout);
    out_deinit(out);
}

static bool colors(void)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static int explain_rule(const struct asked *asked, const struct settings *settings,
                        struct rules_reading *reading)
{
    const struct rule *rule = ruleset_find(reading->ruleset, str_of(asked->cel));
    struct out out;
    if (!rule)
        return no_such_rule(reading->ruleset, asked->cel, reading->arena);
    out_init(&out, NULL, 4096);
    if (asked->json)
        explain_cel_print_json(rule, &out);
    else
        explain_cel_print(rule, settings->rules_dir, colors(), &out);
    print_out(&out);
    return EXIT_GOOD;
}

/* ── --ladder ────────────────────────────────────────────────────────────────────────────────── */

static int explain_ladder(const struct asked *asked, const struct settings *settings,
                          struct rules_reading *reading, int64_t now_us)
{
    AUTO(offline_free) struct offline *offline = NULL;
    AUTO(world_unref) struct world *world = NULL;
    struct err_note note = { "" };
    enum err err = offline_new(settings, reading->ruleset, now_us, &offline, &note);
    if (err != OK)
        return say(note.text[0] ? note.text : err_name(err));
    world = offline_world(offline);
    struct out out;
    out_init(&out, NULL, 8192);
    bool known =
        explain_ladder_print(world, str_of(asked->ladder), asked->json, asked->locale, &out);
    print_out(&out);
    if (!known && catalog_count(world->catalog) == 0)
        (void) fprintf(stderr,
                       "offerd explain: there are no products in '%s': `offerd import --catalog` "
                       "brings them, or --data names where they are\n",
                       settings->data_dir);
    else if (!known)
        (void) fprintf(stderr, "offerd explain: the catalogue has no product '%s'\n",
                       asked->ladder);
    return known ? EXIT_GOOD : EXIT_ERROR;
}

static int explain_request(const struct asked *asked, const struct settings *settings,
                           const struct rules_reading *reading, int64_t now_us)
{
    const struct explain_style style = {
        .locale = asked->locale, .json = asked->json, .color = colors(), .now_us = now_us
    };
    struct err_note note = { "" };
    struct out out;
    out_init(&out, NULL, 8192);
    enum err err = explain_request_print(asked->request, settings, reading, &style, &out, &note);
    print_out(&out);
    return err == OK ? EXIT_GOOD : say(note.text[0] ? note.text : err_name(err));
}

static int run(const struct asked *asked, const struct settings *settings)
{
    AUTO(rules_reading_free) struct rules_reading *reading = NULL;
    struct clock *clock = real_clock();
    int64_t now_us = clock->wall_us(clock);
    struct err_note note = { "" };
    if (read_rules(settings->rules_dir, asked->locale, &reading) != OK)
        return EXIT_ERROR;
    if (asked->cel)
        return explain_rule(asked, settings, reading);
    if (asked->ladder)
        return explain_ladder(asked, settings, reading, now_us);
    if (asked->at && read_at(asked->at, reading->ruleset, &now_us, &note) != OK) {
        (void) say(note.text);
        return EXIT_USAGE;
    }
    return explain_request(asked, settings, reading, now_us);
}

int cmd_explain(int argc, char **argv)
{
    struct settings settings;
    struct asked asked = { .request = NULL };
    struct err_note note = { "" };
    bool asked_help = false;
    log_setup(LOG_WARNING, false);
    if (read_flags(&argc, argv, &asked, &note) != OK ||
        settings_read(argc, argv, &settings, &asked_help, &note) != OK) {
        (void) say(note.text);
        return EXIT_USAGE;
    }
    if (asked_help)
        return fputs(help_text, stdout) < 0;
    if (!!asked.request + !!asked.cel + !!asked.ladder != 1) {
        (void) fputs(
            "offerd explain: one of --request FILE, --cel RULE and --ladder SKU is needed; "
            "see --help\n",
            stderr);
        return EXIT_USAGE;
    }
    return run(&asked, &settings);
}
