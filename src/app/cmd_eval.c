/* SPDX-License-Identifier: Apache-2.0 */
/* offerd eval: what the words on the command line mean; app/jobs/evaluating.c does the work. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/jobs/evaluating.h"
#include "app/setup/flag_fault.h"
#include "base/arena.h"
#include "files/tz_file.h"
#include "shop/money.h"

static const char help_text[] =
    "usage: offerd eval --orders FILE [--catalog FILE] [OPTIONS]\n"
    "\n"
    "How well offerd knows what belongs into a cart, measured on your own orders, beside the "
    "methods\n"
    "of the textbook. It learns from the first 80 % of the orders by time; of each later order it\n"
    "is shown the cart without one product, and is asked for that product. Changes nothing "
    "anywhere.\n"
    "\n"
    "  offerd eval --orders orders.csv.gz\n"
    "  offerd eval --orders orders.csv.gz --plot relevance.svg --methods offerd,cosine --json\n"
    "\n"
    "  --orders FILE     order lines, CSV, plain or gzip, as for import; order_id and sku are "
    "enough:\n"
    "                      order_id,customer_id,ordered_at,sku\n"
    "                      A-1001,C17850,2026-11-21T10:02:11,PH-128\n"
    "                    without times 20 % of the orders are drawn for the test (by MD5 of their\n"
    "                    id); without customers nothing can be said of history\n"
    "  --catalog FILE    products, as for import: what offerd knows of them besides\n"
    "  --currency CODE   of the catalogue's prices, ISO 4217\n"
    "  --timezone NAME   of times without a zone: Asia/Tokyo   [UTC]\n"
    "  --cases N         at most so many test carts   [3000]\n"
    "  --methods A,B     only these: offerd, offerd+history, popularity, conditional, cosine,\n"
    "                    cosine10, vsknn, sknn, ease, ease-weighted   [all]\n"
    "  --hide-last       hide the last product of an order, not one drawn by lot: for files whose\n"
    "                    lines stand in the order in which they were put into the cart\n"
    "  --seed N          of the draws that the intervals come from   [1]\n"
    "  --json            for programs: {\"results\": [{\"model\": \"offerd\", \"hr@10\": 0.28, "
    "...}]}\n"
    "  --plot FILE.svg   a picture of the table\n"
    "  --details FILE    every case as CSV: its cart, what was hidden, its rank by each method\n"
    "  --rejects FILE    writes every refused line there, as CSV with line number and reason\n"
    "  --quiet           no progress on the terminal\n"
    "\n"
    "HR@10 is the share of carts whose hidden product was among the first ten; MRR@20 the mean of\n"
    "1/place, 0 past the twentieth. Both are better when larger, and mean little without the "
    "other\n"
    "rows beside them: where popularity comes as far as offerd, there was little to learn. "
    "Intervals\n"
    "are 95 %. docs/relevance.md tells more. Exit codes: 0 measured; 1 an error, or offerd or a "
    "method\n"
    "that was named could not be measured; 2 wrong usage.\n";

enum { USUAL_CASES = 3000, MOST_CASES = 100000, USUAL_SEED = 1 };

enum option_code {
    OPT_ORDERS = 1,
    OPT_CATALOG,
    OPT_CURRENCY,
    OPT_TIMEZONE,
    OPT_CASES,
    OPT_METHODS,
    OPT_HIDE_LAST,
    OPT_SEED,
    OPT_JSON,
    OPT_PLOT,
    OPT_DETAILS,
    OPT_REJECTS,
    OPT_QUIET,
    OPT_HELP
};

static const struct option options[] = {
    { "orders", required_argument, NULL, OPT_ORDERS },
    { "catalog", required_argument, NULL, OPT_CATALOG },
    { "currency", required_argument, NULL, OPT_CURRENCY },
    { "timezone", required_argument, NULL, OPT_TIMEZONE },
    { "cases", required_argument, NULL, OPT_CASES },
    { "methods", required_argument, NULL, OPT_METHODS },
    { "hide-last", no_argument, NULL, OPT_HIDE_LAST },
    { "seed", required_argument, NULL, OPT_SEED },
    { "json", no_argument, NULL, OPT_JSON },
    { "plot", required_argument, NULL, OPT_PLOT },
    { "details", required_argument, NULL, OPT_DETAILS },
    { "rejects", required_argument, NULL, OPT_REJECTS },
    { "quiet", no_argument, NULL, OPT_QUIET },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

/* As the command line says it, still text where it has to be looked at. */
struct asked {
    struct eval_wishes wishes;
    const char *timezone, *cases, *seed;
    bool help;
};

/* False for wrong usage, which has been told. */
static bool read_options(int argc, char **argv, struct asked *asked)
{
    struct eval_wishes *wishes = &asked->wishes;
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", options, NULL)) != -1;)
        switch (code) {
        case OPT_ORDERS: wishes->orders = optarg; break;
        case OPT_CATALOG: wishes->catalog = optarg; break;
        case OPT_CURRENCY: wishes->currency = str_of(optarg); break;
        case OPT_TIMEZONE: asked->timezone = optarg; break;
        case OPT_CASES: asked->cases = optarg; break;
        case OPT_METHODS: wishes->methods = optarg; break;
        case OPT_HIDE_LAST: wishes->hide_last = true; break;
        case OPT_SEED: asked->seed = optarg; break;
        case OPT_JSON: wishes->json = true; break;
        case OPT_PLOT: wishes->plot = optarg; break;
        case OPT_DETAILS: wishes->details = optarg; break;
        case OPT_REJECTS: wishes->rejects = optarg; break;
        case OPT_QUIET: wishes->quiet = true; break;
        case OPT_HELP: asked->help = true; return true;
        default: flag_fault_tell("eval", code, argv, options); return false;
        }
    if (optind < argc)
        (void) fprintf(stderr, "offerd eval: '%s' stands alone; say --orders before it\n",
                       argv[optind]);
    else if (!wishes->orders)
        (void) fputs("offerd eval: nothing to measure on; say --orders FILE\n", stderr);
    return optind == argc && wishes->orders;
}

/* A whole number between two bounds, or as it was when @text is NULL. */
static bool read_number(const char *flag, const char *text, int64_t least, int64_t most,
                        int64_t *ret_number)
{
    int64_t number = 0;
    if (!text)
        return true;
    if (!str_to_int64(str_of(text), &number) || number < least || number > most) {
        (void) fprintf(stderr, "offerd eval: %s '%s' is not a whole number from %lld to %lld\n",
                       flag, text, (long long) least, (long long) most);
        return false;
    }
    *ret_number = number;
    return true;
}

/* What getopt cannot judge; false when it has been told what is wrong. */
static bool judge(struct asked *asked)
{
    struct eval_wishes *wishes = &asked->wishes;
    struct err_note note = { "" };
    int64_t cases = USUAL_CASES, seed = USUAL_SEED;
    if (!read_number("--cases", asked->cases, 1, MOST_CASES, &cases) ||
        !read_number("--seed", asked->seed, 0, INT64_MAX, &seed))
        return false;
    wishes->cases = (uint32_t) cases;
    wishes->seed = (uint64_t) seed;
    if (eval_check_methods(wishes->methods, &note) != OK) {
        (void) fprintf(stderr, "offerd eval: %s\n", note.text);
        return false;
    }
    if (wishes->currency.at && money_decimals(wishes->currency) < 0) {
        (void) fprintf(stderr,
                       "offerd eval: --currency '%.*s' is not an ISO 4217 code (JPY, USD, EUR …)\n",
                       STR_ARG(wishes->currency));
        return false;
    }
    return true;
}

static int run(const struct eval_wishes *wishes)
{
    struct err_note note = { "" };
    bool complete = false;
    enum err err = eval_run(wishes, &complete, &note);
    if (err == OK)
        return complete ? 0 : 1;
    (void) fflush(stdout);
    (void) fprintf(stderr, "offerd eval: %s\n", note.text[0] ? note.text : err_name(err));
    return 1;
}

int cmd_eval(int argc, char **argv)
{
    struct asked asked = { .help = false };
    if (!read_options(argc, argv, &asked) || (!asked.help && !judge(&asked))) {
        (void) fputs("`offerd eval --help` tells more\n", stderr);
        return 2;
    }
    if (asked.help)
        return fputs(help_text, stdout) < 0;

    AUTO(arena_free) struct arena *arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    if (!arena ||
        (asked.timezone && tz_file_read(str_of(asked.timezone), arena, &asked.wishes.zone) != OK)) {
        (void) fputs("offerd eval: out of memory\n", stderr);
        return 1;
    }
    if (asked.timezone && !asked.wishes.zone) {
        (void) fprintf(stderr,
                       "offerd eval: --timezone '%s' is not in the time zone database (Asia/Tokyo, "
                       "Europe/Berlin, UTC …)\n",
                       asked.timezone);
        return 2;
    }
    return run(&asked.wishes);
}
