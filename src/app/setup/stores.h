/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/metric.h"
#include "base/str.h"

/*
 * Stores
 *
 * Where the data are: embedded (SQLite in data_dir, profiles in the process), or a fleet's
 * (PostgreSQL and Redis). The one place that chooses; everybody else knows the ports.
 */
struct budget_store;
struct catalog_store;
struct clock;
struct event_log;
struct fleet;
struct model_store;
struct settings;
struct shared_profiles;

/* Borrowed by every call and by what it makes. */
struct stores {
    const char *data_dir;
    const char *database_url, *redis_url; /* "": embedded */
    struct str shop;
    int64_t database_ms; /* longest wait for one append; a reader waits a quarter of it */
    int64_t spool_mb;    /* events kept in data_dir while the database is away */
    int64_t retention_days;
    int64_t profile_ttl_s; /* of a shared profile that nobody uses */
};

static inline bool stores_are_shared(const struct stores *stores)
{
    return stores->database_url[0] != '\0';
}

/* Borrows the settings' texts. */
struct stores stores_of_settings(const struct settings *settings);

/*
 * As OFFERD_DATA_DIR, OFFERD_DATABASE_URL, OFFERD_REDIS_URL
 * and OFFERD_SHOP say, else embedded in "data".
 */
struct stores stores_of_environment(void);

/*
 * True when there is something to open. Opening makes an embedded store that is not there, which is
 * not what a command that only reads was asked for; errno says why there is none.
 */
bool stores_are_there(const struct stores *stores);

/*
 * Both URLs or neither, and a schema that fits; waits up to @wait_us for a database that is away,
 * or until @give_up (NULL: never) says so, which is asked several times a second unless the
 * database lets a connection wait. ERR_INPUT for what only a person can mend.
 */
MUST_CHECK enum err stores_check(const struct stores *stores, struct clock *clock, int64_t wait_us,
                                 bool (*give_up)(void), struct err_note *note);

/* Each opens a connection of its own, for one thread at a time; the caller's. */
MUST_CHECK enum err stores_event_log(const struct stores *stores, struct event_log **ret_log,
                                     struct err_note *note);
MUST_CHECK enum err stores_catalog(const struct stores *stores, struct catalog_store **ret_catalogs,
                                   struct err_note *note);

/*
 * The log that the journal appends to: before a database stands a spool.
 * Borrows @clock and @metrics.
 */
MUST_CHECK enum err stores_journal_log(const struct stores *stores, struct clock *clock,
                                       struct metrics *metrics, struct event_log **ret_log,
                                       struct err_note *note);

/* What only a fleet has: *ret_… is NULL when embedded. */
MUST_CHECK enum err stores_fleet(const struct stores *stores, struct fleet **ret_fleet,
                                 struct err_note *note);
/* Trained models; embedded the file in data_dir is all there is. */
MUST_CHECK enum err stores_models(const struct stores *stores, struct model_store **ret_models,
                                  struct err_note *note);
MUST_CHECK enum err stores_shared_profiles(const struct stores *stores, struct clock *clock,
                                           struct metrics *metrics,
                                           struct shared_profiles **ret_shared,
                                           struct err_note *note);
MUST_CHECK enum err stores_budgets(const struct stores *stores, struct clock *clock,
                                   struct metrics *metrics, struct budget_store **ret_budgets,
                                   struct err_note *note);
