/* SPDX-License-Identifier: Apache-2.0 */
/* offerd import: what the words on the command line mean; app/jobs/importing.c does the work. */
#include <getopt.h>
#include <stdio.h>

#include "app/commands.h"
#include "app/jobs/importing.h"
#include "app/setup/flag_fault.h"
#include "app/setup/real_clock.h"
#include "app/setup/stores.h"
#include "app/setup/strays.h"
#include "base/arena.h"
#include "files/tz_file.h"

static const char help_text[] =
    "usage: offerd import [--catalog FILE] [--orders FILE] [OPTIONS]\n"
    "\n"
    "Loads a catalogue and an order history from CSV files, plain or gzip. Doing it again with\n"
    "the same file changes nothing. A running service takes a new catalogue over within seconds\n"
    "and counts new orders in its model as soon.\n"
    "\n"
    "  offerd import --catalog products.csv --orders orders.csv.gz --data ./data --currency EUR\n"
    "\n"
    "  --catalog FILE    products, one a line; replaces the whole catalogue, or nothing of it\n"
    "                      sku,name,price,cost,category,stock,storage_gb\n"
    "                      PH-128,Phone 128 GB,79800,52000,phones,12,128\n"
    "                    must have sku and price; known: name, name_ja, name_en, cost, category,\n"
    "                    subcategory, brand, model, stock, rating, reviews, tags (a|b);\n"
    "                    every other column is an attribute. Products that may be swapped for\n"
    "                    one another (an upgrade) share category and subcategory. Stock: empty\n"
    "                    is unknown, and offered; 0, or less (oversold), is never offered\n"
    "  --orders FILE     order lines, one a line; orders that are known already are left alone\n"
    "                      order_id,customer_id,ordered_at,sku,quantity,unit_price\n"
    "                      A-1001,C17850,2026-11-21T10:02:11,PH-128,1,79800\n"
    "                    customer_id may be empty (a guest) or missing\n"
    "  --currency CODE   of all amounts, ISO 4217   [that of the stored catalogue, else JPY]\n"
    "  --timezone NAME   of times without a zone: Asia/Tokyo   [UTC]\n"
    "  --data DIR        where the service keeps its data (OFFERD_DATA_DIR)   [data]\n"
    "  --database-url U  PostgreSQL of a fleet, with --redis-url U (OFFERD_DATABASE_URL,\n"
    "                    OFFERD_REDIS_URL)   [the embedded store in --data]\n"
    "  --rejects FILE    writes every refused line there, as CSV with line number and reason\n"
    "  --quiet           no progress on the terminal\n"
    "\n"
    "Names of columns may be written otherwise (InvoiceNo, StockCode, list_price …), capitals and\n"
    "'_' do not matter. Orders given as --catalog, or a catalogue as --orders, are refused by\n"
    "their header. A line that is refused is named with its line number and why, and the summary\n"
    "accounts for every line. Exit codes: 0 done, also when lines were refused; 1 an error, told\n"
    "with how far it came; 2 wrong usage.\n";

enum { DATABASE_MS = 60000 }; /* nobody waits for an import: a large batch may take its time */

enum option_code {
    OPT_CATALOG = 1,
    OPT_ORDERS,
    OPT_DATA,
    OPT_DATABASE,
    OPT_REDIS,
    OPT_CURRENCY,
    OPT_TIMEZONE,
    OPT_REJECTS,
    OPT_QUIET,
    OPT_HELP
};

static const struct option options[] = {
    { "catalog", required_argument, NULL, OPT_CATALOG },
    { "orders", required_argument, NULL, OPT_ORDERS },
    { "data", required_argument, NULL, OPT_DATA },
    { "data-dir", required_argument, NULL, OPT_DATA },
    { "database-url", required_argument, NULL, OPT_DATABASE },
    { "redis-url", required_argument, NULL, OPT_REDIS },
    { "currency", required_argument, NULL, OPT_CURRENCY },
    { "timezone", required_argument, NULL, OPT_TIMEZONE },
    { "rejects", required_argument, NULL, OPT_REJECTS },
    { "quiet", no_argument, NULL, OPT_QUIET },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

/* False for wrong usage, which has been told. */
static bool read_options(int argc, char **argv, struct import_wishes *wishes, struct stores *stores,
                         const char **ret_timezone, bool *ret_help)
{
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", options, NULL)) != -1;)
        switch (code) {
        case OPT_CATALOG: wishes->catalog = optarg; break;
        case OPT_ORDERS: wishes->orders = optarg; break;
        case OPT_DATA: stores->data_dir = optarg; break;
        case OPT_DATABASE: stores->database_url = optarg; break;
        case OPT_REDIS: stores->redis_url = optarg; break;
        case OPT_CURRENCY: wishes->currency = str_of(optarg); break;
        case OPT_TIMEZONE: *ret_timezone = optarg; break;
        case OPT_REJECTS: wishes->rejects = optarg; break;
        case OPT_QUIET: wishes->quiet = true; break;
        case OPT_HELP: *ret_help = true; return true;
        default: flag_fault_tell("import", code, argv, options); return false;
        }
    if (optind < argc)
        (void) fprintf(stderr,
                       "offerd import: '%s' stands alone; say --catalog or --orders before it\n",
                       argv[optind]);
    else if (!wishes->catalog && !wishes->orders)
        (void) fputs(
            "offerd import: nothing to import; say --catalog FILE, --orders FILE, or both\n",
            stderr);
    return optind == argc && (wishes->catalog || wishes->orders);
}

static int run(const struct import_wishes *wishes)
{
    struct err_note note = { "" };
    enum err err = stores_check(wishes->stores, real_clock(), 0, NULL, &note);
    if (err == OK)
        err = import_run(wishes, &note);
    if (err == OK)
        return 0;
    (void) fflush(stdout);
    (void) fprintf(stderr, "offerd import: %s\n", note.text[0] ? note.text : err_name(err));
    return 1;
}

int cmd_import(int argc, char **argv)
{
    struct stores stores = stores_of_environment();
    stores.database_ms = DATABASE_MS;
    struct import_wishes wishes = { .stores = &stores };
    const char *timezone = NULL;
    bool asked_help = false;
    if (!read_options(argc, argv, &wishes, &stores, &timezone, &asked_help)) {
        (void) fputs("`offerd import --help` tells more\n", stderr);
        return 2;
    }
    if (asked_help)
        return fputs(help_text, stdout) < 0;

    strays_tell();
    AUTO(arena_free) struct arena *arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    if (!arena || (timezone && tz_file_read(str_of(timezone), arena, &wishes.zone) != OK)) {
        (void) fputs("offerd import: out of memory\n", stderr);
        return 1;
    }
    if (timezone && !wishes.zone) {
        (void) fprintf(stderr,
                       "offerd import: --timezone '%s' is not in the time zone database "
                       "(Asia/Tokyo, Europe/Berlin, UTC …)\n",
                       timezone);
        return 2;
    }
    return run(&wishes);
}
