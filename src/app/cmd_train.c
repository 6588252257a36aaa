/* SPDX-License-Identifier: Apache-2.0 */
/* offerd train: what the words on the command line mean; app/jobs/train_run.c does the work. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/jobs/train_run.h"
#include "app/setup/flag_fault.h"
#include "app/setup/real_clock.h"
#include "app/setup/stores.h"
#include "app/setup/strays.h"
#include "base/arena.h"
#include "files/tz_file.h"

static const char help_text[] =
    "usage: offerd train [--data DIR | --orders FILE] [OPTIONS]\n"
    "\n"
    "Learns from the orders what goes with what, and writes it to trained.bin in the data\n"
    "directory, from where a running service takes it over. What suits this shop (how fast old "
    "orders\n"
    "fade, how careful to be with few of them, how much a customer's own purchases count) is\n"
    "found out on the newest fifth of the orders, which is held back for that; then it is\n"
    "trained again on all of them. A small shop takes a second, 100,000 SKUs some minutes.\n"
    "\n"
    "  offerd train --data ./data\n"
    "  offerd train --orders orders.csv.gz --out trained.bin --json\n"
    "\n"
    "  --data DIR        whose imported and received orders to learn from, and where\n"
    "                    trained.bin goes (OFFERD_DATA_DIR)   [data]\n"
    "  --orders FILE     learn from a CSV file instead, plain or gzip; the columns order_id and "
    "sku\n"
    "                    must be there, ordered_at and customer_id help\n"
    "  --out FILE        write it there   [trained.bin in --data; with --orders alone: nowhere]\n"
    "  --timezone NAME   of times in FILE without a zone: Asia/Tokyo   [UTC]\n"
    "  --threads N       processors to use   [all]\n"
    "  --memory MB       what training may take beside the orders   [3072]\n"
    "  --database-url U  PostgreSQL of a fleet, with --redis-url U (OFFERD_DATABASE_URL,\n"
    "                    OFFERD_REDIS_URL): the orders come from there, and what was trained\n"
    "                    goes there too, to all replicas   [the embedded store in --data]\n"
    "  --json            what was chosen and measured, as JSON\n"
    "  --quiet           no progress on the terminal\n"
    "  --attached        end, with nothing replaced, when the process ends that started this one, "
    "or\n"
    "                    when memory is short: the kernel is told to take this one first\n"
    "\n"
    "The figures: of each order of the newest fifth one SKU is hidden, and looked for among all\n"
    "others by what the rest of the order says. HR@10: how often it is among the first ten; "
    "MRR@20:\n"
    "the mean of 1/place among the first twenty. `offerd eval` measures the whole service so.\n"
    "Exit codes: 0 done; 1 an error, and trained.bin is as it was; 2 wrong usage; 3 another "
    "process\n"
    "of the fleet is training, and nothing was done here.\n";

enum { DATABASE_MS = 60000, ZONE_BYTES = 64 * 1024, ZONE_LIMIT_BYTES = 16 * 1024 * 1024 };

enum option_code {
    OPT_DATA = 1,
    OPT_ORDERS,
    OPT_OUT,
    OPT_TIMEZONE,
    OPT_THREADS,
    OPT_MEMORY,
    OPT_DATABASE,
    OPT_REDIS,
    OPT_JSON,
    OPT_QUIET,
    OPT_ATTACHED,
    OPT_HELP
};

static const struct option options[] = {
    { "data", required_argument, NULL, OPT_DATA },
    { "data-dir", required_argument, NULL, OPT_DATA },
    { "orders", required_argument, NULL, OPT_ORDERS },
    { "out", required_argument, NULL, OPT_OUT },
    { "timezone", required_argument, NULL, OPT_TIMEZONE },
    { "threads", required_argument, NULL, OPT_THREADS },
    { "memory", required_argument, NULL, OPT_MEMORY },
    { "database-url", required_argument, NULL, OPT_DATABASE },
    { "redis-url", required_argument, NULL, OPT_REDIS },
    { "json", no_argument, NULL, OPT_JSON },
    { "quiet", no_argument, NULL, OPT_QUIET },
    { "attached", no_argument, NULL, OPT_ATTACHED },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

struct words {
    struct stores stores;
    struct train_wishes wishes;
    const char *timezone;
    bool help, attached; /* to a service, which has told what there is to tell at its own start */
};

static bool number(const char *flag, const char *text, int64_t most, int64_t *ret_value)
{
    if (str_to_int64(str_of(text), ret_value) && *ret_value >= 1 && *ret_value <= most)
        return true;
    (void) fprintf(stderr, "offerd train: %s must be from 1 to %lld, not '%s'\n", flag,
                   (long long) most, text);
    return false;
}

/*
 * Ends with the service that started it, and before it: when memory is short the kernel is to
 * take this process. That takes no right; where it cannot be said, sizes decide as ever.
 */
static bool attach(void)
{
    static const char first[] = "1000";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? write(fd, first, sizeof first - 1) : 0;
    (void) n;
    if (fd >= 0)
        (void) close(fd);
    return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
}

/* False for wrong usage, which has been told. */
static bool take(struct words *words, int code)
{
    struct train_wishes *wishes = &words->wishes;
    int64_t value = 0;
    switch (code) {
    case OPT_DATA: words->stores.data_dir = optarg; return true;
    case OPT_ORDERS: wishes->orders = optarg; return true;
    case OPT_OUT: wishes->out = optarg; return true;
    case OPT_TIMEZONE: words->timezone = optarg; return true;
    case OPT_DATABASE: words->stores.database_url = optarg; return true;
    case OPT_REDIS: words->stores.redis_url = optarg; return true;
    case OPT_JSON: wishes->json = true; return true;
    case OPT_QUIET: wishes->quiet = true; return true;
    case OPT_ATTACHED: words->attached = true; return attach();
    case OPT_HELP: words->help = true; return true;
    case OPT_THREADS:
        if (!number("--threads", optarg, 64, &value))
            return false;
        wishes->threads = (unsigned) value;
        return true;
    case OPT_MEMORY:
        if (!number("--memory", optarg, 1 << 20, &value))
            return false;
        wishes->memory_bytes = (uint64_t) value << 20;
        return true;
    default: return false;
    }
}

static bool read_words(int argc, char **argv, struct words *words)
{
    bool named_data = false;
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        if (code == '?' || code == ':') {
            flag_fault_tell("train", code, argv, options);
            return false;
        }
        named_data = named_data || code == OPT_DATA;
        if (!take(words, code))
            return false;
        if (words->help)
            return true;
    }
    if (optind < argc)
        (void) fprintf(stderr,
                       "offerd train: '%s' stands alone; say --data or --orders before it\n",
                       argv[optind]);
    words->wishes.keeps_data = !words->wishes.orders || named_data;
    return optind == argc;
}

static int run(const struct train_wishes *wishes)
{
    struct err_note note = { "" };
    bool elsewhere = false;
    enum err err = train_run(wishes, &elsewhere, &note);
    if (err == OK && elsewhere)
        (void) fputs("offerd train: another process is training for this shop; what it finds "
                     "reaches all replicas\n",
                     stderr);
    if (err == OK)
        return elsewhere ? TRAIN_ELSEWHERE : 0;
    (void) fflush(stdout);
    (void) fprintf(stderr, "offerd train: %s\n", note.text[0] ? note.text : err_name(err));
    return 1;
}

int cmd_train(int argc, char **argv)
{
    struct words words = { .stores = stores_of_environment() };
    words.stores.database_ms = DATABASE_MS;
    words.wishes.stores = &words.stores;
    if (!read_words(argc, argv, &words)) {
        (void) fputs("`offerd train --help` tells more\n", stderr);
        return 2;
    }
    if (words.help)
        return fputs(help_text, stdout) < 0;

    if (!words.attached)
        strays_tell();
    AUTO(arena_free) struct arena *arena = arena_new(ZONE_BYTES, ZONE_LIMIT_BYTES);
    if (!arena ||
        (words.timezone && tz_file_read(str_of(words.timezone), arena, &words.wishes.zone) != OK)) {
        (void) fputs("offerd train: out of memory\n", stderr);
        return 1;
    }
    if (words.timezone && !words.wishes.zone) {
        (void) fprintf(stderr,
                       "offerd train: --timezone '%s' is not in the time zone database "
                       "(Asia/Tokyo, Europe/Berlin, UTC …)\n",
                       words.timezone);
        return 2;
    }
    return run(&words.wishes);
}
