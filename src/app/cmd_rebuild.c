/* SPDX-License-Identifier: Apache-2.0 */
/* offerd rebuild: what the words on the command line mean; app/jobs/rebuilding.c does the work. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/jobs/rebuilding.h"
#include "app/setup/own_flags.h"
#include "app/setup/real_clock.h"
#include "app/setup/settings.h"
#include "app/setup/stores.h"
#include "app/setup/strays.h"
#include "base/metric.h"
#include "ports/budget_store.h"
#include "ports/event_log.h"
#include "ports/shared_profiles.h"

enum {
    DATABASE_MS = 60000
}; /* nobody waits for an answer: a list of a million customers may take its time */

static const char help_text[] =
    "usage: offerd rebuild [--check] [--quiet] [OPTIONS OF serve]\n"
    "\n"
    "Folds every customer's profile, and counts every budget, from the event log alone. With\n"
    "database_url and redis_url set, they are written to Redis, or compared with what is there.\n"
    "Services may go on meanwhile. Nothing needs it: what Redis has lost is folded when it is\n"
    "asked for. It warms Redis up, and it proves that Redis holds what the log says.\n"
    "Redis goes on holding what was folded of events that the log has lost since: those older\n"
    "than retention_days, those that a failover lost. Such customers are different, or left as\n"
    "they are, until Redis is emptied (FLUSHALL) or has forgotten them.\n"
    "\n"
    "  offerd rebuild --check --config offerd.yaml\n"
    "\n"
    "  --check    change nothing; compare each profile byte for byte, each count\n"
    "  --quiet    no progress on the terminal\n"
    "  --config, --data-dir, --database-url, --redis-url, --shop … as for offerd serve\n"
    "\n"
    "The digest is of all customers and counts: two rebuilds of the same log give the same one.\n"
    "Exit codes: 0 done; 1 an error, or --check found a difference; 2 wrong usage.\n";

static void tell_kind(const char *name, const struct rebuilt_kind *kind, bool check, bool shared)
{
    (void) printf("%s: %" PRIu64, name, kind->n);
    if (shared && check)
        (void) printf(" in the log; in Redis %" PRIu64 " equal, %" PRIu64 " missing, %" PRIu64
                      " different",
                      kind->equal, kind->missing, kind->different);
    else if (shared)
        (void) printf(" in the log; %" PRIu64 " written, %" PRIu64 " left as they are",
                      kind->written, kind->newer + kind->equal + kind->missing);
    (void) fputc('\n', stdout);
}

static void tell(const struct rebuilt *rebuilt, bool check, bool shared)
{
    tell_kind("customers", &rebuilt->profiles, check, shared);
    tell_kind("accepted rules", &rebuilt->budgets, check, shared && !rebuilt->budgets_unknown);
    (void) printf("bytes of a profile: median %" PRIu64 ", p99 %" PRIu64 ", largest %" PRIu64
                  ", all %" PRIu64 "\n",
                  rebuilt->median, rebuilt->p99, rebuilt->largest, rebuilt->bytes);
    if (rebuilt->unreadable > 0)
        (void) printf("events that could not be read back: %" PRIu64 "\n", rebuilt->unreadable);
    for (uint32_t i = 0; i < rebuilt->n_named; i++)
        (void) printf("different: %s\n", rebuilt->named[i]);
    (void) fputs("digest: ", stdout);
    for (size_t i = 0; i < sizeof rebuilt->digest; i++)
        (void) printf("%02x", rebuilt->digest[i]);
    (void) fputc('\n', stdout);
}

/* What the command has opened. */
struct opened {
    struct stores stores;
    struct metrics *metrics;
    struct event_log *log;
    struct shared_profiles *shared;
    struct budget_store *budgets;
};

static enum err check_is_there(const struct stores *stores, struct err_note *note)
{
    if (stores_are_there(stores))
        return OK;
    return err_fail(note, ERR_INPUT, "there is no data in '%s': %s", stores->data_dir,
                    strerror(errno));
}

static enum err open_all(const struct settings *settings, struct opened *opened,
                         struct err_note *note)
{
    struct clock *clock = real_clock();
    const struct stores *stores = &opened->stores;
    opened->stores = stores_of_settings(settings);
    opened->stores.database_ms = DATABASE_MS;
    opened->metrics = metrics_new();
    if (!opened->metrics)
        return ERR_NOMEM;
    TRY(check_is_there(stores, note));
    TRY(stores_check(stores, clock, 0, NULL, note));
    TRY(stores_event_log(stores, &opened->log, note));
    TRY(stores_shared_profiles(stores, clock, opened->metrics, &opened->shared, note));
    return stores_budgets(stores, clock, opened->metrics, &opened->budgets, note);
}

static void close_all(struct opened *opened)
{
    if (opened->budgets)
        opened->budgets->free(opened->budgets);
    if (opened->shared)
        opened->shared->free(opened->shared);
    if (opened->log)
        opened->log->free(opened->log);
    (void) metrics_free(opened->metrics);
}

static int run(const struct settings *settings, bool check, bool quiet)
{
    struct err_note note = { "" };
    struct opened opened = { 0 };
    struct rebuilt rebuilt = { 0 };
    enum err err = open_all(settings, &opened, &note);
    const struct rebuild_wishes wishes = { .log = opened.log,
                                           .shop = opened.stores.shop,
                                           .shared = opened.shared,
                                           .budgets = opened.budgets,
                                           .check = check,
                                           .quiet = quiet };
    if (err == OK)
        err = rebuild_run(&wishes, &rebuilt, &note);
    if (err == OK)
        tell(&rebuilt, check, opened.shared);
    close_all(&opened);
    if (err == OK)
        return rebuilt.profiles.different + rebuilt.budgets.different > 0;
    (void) fprintf(stderr, "offerd rebuild: %s\n", note.text[0] ? note.text : err_name(err));
    return 1;
}

int cmd_rebuild(int argc, char **argv)
{
    struct settings settings;
    struct err_note note = { "" };
    bool check = own_flag_take(&argc, argv, "--check"),
         quiet = own_flag_take(&argc, argv, "--quiet"), asked_help = false;
    if (settings_read(argc, argv, &settings, &asked_help, &note) != OK) {
        (void) fprintf(stderr, "offerd rebuild: %s\n", note.text);
        return 2;
    }
    if (asked_help)
        return fputs(help_text, stdout) < 0;
    strays_tell();
    return run(&settings, check, quiet);
}
