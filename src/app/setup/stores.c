/* SPDX-License-Identifier: Apache-2.0 */
#include "app/setup/stores.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/setup/settings.h"
#include "base/log.h"
#include "ports/clock.h"
#include "store/postgresql/pg_catalog.h"
#include "store/postgresql/pg_event_log.h"
#include "store/postgresql/pg_fleet.h"
#include "store/postgresql/pg_models.h"
#include "store/postgresql/pg_schema.h"
#include "store/redis/redis_budgets.h"
#include "store/redis/redis_profiles.h"
#include "store/redis/redis_url.h"
#include "store/spooled_event_log.h"
#include "store/sqlite/sqlite_catalog.h"
#include "store/sqlite/sqlite_event_log.h"

enum { CONNECT_MS = 1000, RETRY_NS = 200000000 };

static struct pg_settings database(const struct stores *stores)
{
    return (struct pg_settings){ .url = stores->database_url,
                                 .connect_ms = CONNECT_MS,
                                 .append_ms = (int) stores->database_ms,
                                 .read_ms = (int) stores->database_ms / 4,
                                 .retention_days = (int) stores->retention_days };
}

static struct redis_settings redis(const struct stores *stores)
{
    return (struct redis_settings){ .url = stores->redis_url,
                                    .shop = stores->shop,
                                    .ttl_s = (int) stores->profile_ttl_s };
}

static const char *from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

struct stores stores_of_settings(const struct settings *settings)
{
    return (struct stores){ .data_dir = settings->data_dir,
                            .database_url = settings->database_url,
                            .redis_url = settings->redis_url,
                            .shop = str_of(settings->shop),
                            .database_ms = settings->database_ms,
                            .spool_mb = settings->spool_mb,
                            .retention_days = settings->retention_days,
                            .profile_ttl_s = settings->profile_ttl_h * 3600 };
}

struct stores stores_of_environment(void)
{
    return (struct stores){ .data_dir = from_environment("OFFERD_DATA_DIR", "data"),
                            .database_url = from_environment("OFFERD_DATABASE_URL", ""),
                            .redis_url = from_environment("OFFERD_REDIS_URL", ""),
                            .shop = str_of(from_environment("OFFERD_SHOP", "main")) };
}

bool stores_are_there(const struct stores *stores)
{
    char path[PATH_MAX];
    (void) snprintf(path, sizeof path, "%s/offerd.db", stores->data_dir);
    return stores_are_shared(stores) || access(path, F_OK) == 0;
}

/* ── at the start ────────────────────────────────────────────────────────────────────────────── */

static enum err wait_for_schema(const struct pg_settings *pg, struct clock *clock, int64_t wait_us,
                                bool (*give_up)(void), struct err_note *note)
{
    const struct timespec pause = { .tv_nsec = RETRY_NS };
    int64_t until_us = clock->mono_us(clock) + wait_us;
    bool told = false;
    for (;;) {
        enum err err = pg_schema_check(pg, note);
        if (err != ERR_UNAVAILABLE || clock->mono_us(clock) >= until_us || (give_up && give_up()))
            return err;
        if (!told)
            log_line(LOG_WARNING, "stores", "waiting: %s", note->text);
        told = true;
        (void) nanosleep(&pause, NULL);
    }
}

enum err stores_check(const struct stores *stores, struct clock *clock, int64_t wait_us,
                      bool (*give_up)(void), struct err_note *note)
{
    if (!stores->database_url[0] && !stores->redis_url[0])
        return OK;
    if (!stores->redis_url[0])
        return err_fail(note, ERR_INPUT,
                        "database_url is set and redis_url is not: replicas need Redis to share "
                        "profiles; set both, or neither to run on the embedded store");
    if (!stores->database_url[0])
        return err_fail(note, ERR_INPUT,
                        "redis_url is set and database_url is not: set both, or neither to run on "
                        "the embedded store");
    AUTO(redis_url_free) struct redis_url *url = NULL;
    TRY(redis_url_open(stores->redis_url, &url, note)); /* before waiting for the other one */
    struct pg_settings pg = database(stores);
    return wait_for_schema(&pg, clock, wait_us, give_up, note);
}

/* ── the ports ───────────────────────────────────────────────────────────────────────────────── */

enum err stores_event_log(const struct stores *stores, struct event_log **ret_log,
                          struct err_note *note)
{
    if (!stores_are_shared(stores))
        return sqlite_event_log_new(stores->data_dir, ret_log, note);
    struct pg_settings pg = database(stores);
    return pg_event_log_new(&pg, ret_log, note);
}

enum err stores_catalog(const struct stores *stores, struct catalog_store **ret_catalogs,
                        struct err_note *note)
{
    if (!stores_are_shared(stores))
        return sqlite_catalog_new(stores->data_dir, ret_catalogs, note);
    struct pg_settings pg = database(stores);
    return pg_catalog_new(&pg, ret_catalogs, note);
}

enum err stores_journal_log(const struct stores *stores, struct clock *clock,
                            struct metrics *metrics, struct event_log **ret_log,
                            struct err_note *note)
{
    struct event_log *log = NULL;
    TRY(stores_event_log(stores, &log, note));
    if (!stores_are_shared(stores)) {
        *ret_log = log;
        return OK;
    }
    const struct spool_settings spool = { .max_bytes = stores->spool_mb * 1000000 };
    return spooled_event_log_new(log, stores->data_dir, &spool, clock, metrics, ret_log, note);
}

enum err stores_fleet(const struct stores *stores, struct fleet **ret_fleet, struct err_note *note)
{
    *ret_fleet = NULL;
    if (!stores_are_shared(stores))
        return OK;
    struct pg_settings pg = database(stores);
    return pg_fleet_new(&pg, ret_fleet, note);
}

enum err stores_models(const struct stores *stores, struct model_store **ret_models,
                       struct err_note *note)
{
    *ret_models = NULL;
    if (!stores_are_shared(stores))
        return OK;
    struct pg_settings pg = database(stores);
    return pg_models_new(&pg, ret_models, note);
}

enum err stores_shared_profiles(const struct stores *stores, struct clock *clock,
                                struct metrics *metrics, struct shared_profiles **ret_shared,
                                struct err_note *note)
{
    *ret_shared = NULL;
    if (!stores_are_shared(stores))
        return OK;
    struct redis_settings settings = redis(stores);
    return redis_profiles_new(&settings, clock, metrics, ret_shared, note);
}

enum err stores_budgets(const struct stores *stores, struct clock *clock, struct metrics *metrics,
                        struct budget_store **ret_budgets, struct err_note *note)
{
    *ret_budgets = NULL;
    if (!stores_are_shared(stores))
        return OK;
    struct redis_settings settings = redis(stores);
    return redis_budgets_new(&settings, clock, metrics, ret_budgets, note);
}
