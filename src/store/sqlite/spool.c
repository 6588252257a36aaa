/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `settled` is where the queue begins: rows up to there are only waiting to be deleted. It
 * is not written down, so that nothing has to be written for an event to leave: after a kill
 * the queue begins earlier than it should, and the log knows those events by their ids.
 */
#include "store/sqlite/spool.h"

#include <stdlib.h>

#include "ports/event_log.h"
#include "shop/event.h"
#include "store/sqlite/sqlite_db.h"

#define COLUMNS "shop, event_id, customer_id, type, at_us, received_us, payload, rule, anonymous_id"

enum { SHRINK_PAGES = 256 /* a smaller file stays as it is */ };

struct spool {
    sqlite3 *db;
    sqlite3_stmt *insert, *known, *previous, *next, *remove, *aside, *of_customers;
    sqlite3_stmt *pages, *used;
    uint64_t mark;
    int64_t max_bytes;
    uint64_t settled; /* a place: the queue is what lies behind it */
    uint64_t n;       /* events in the queue */
    bool dirty;       /* settled rows are in the file */
};

static const char *const migrations[] = {
#include "store/sqlite/spool_migrations.inc"
};

/*
 * Held exclusively: no other process can have it (nor is it waited for). What is deleted is not
 * overwritten, as some builds of SQLite do: the disk has its room back when the queue is empty.
 */
static const struct sqlite_file spool_db = {
    .name = "spool.db",
    .application_id = 0x6f667370, /* ofsp */
    .migrations = migrations,
    .n_migrations = sizeof migrations / sizeof *migrations,
    .pragmas = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0;"
               "PRAGMA secure_delete = OFF; PRAGMA cache_size = -8192;"
               "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 4194304",
};

static enum err fail(struct spool *spool, struct err_note *note)
{
    return sqlite_db_fail(spool->db, "spool", note);
}

/* One number of the one row of a bound statement; 0 when there is no row. */
static enum err ask(struct spool *spool, sqlite3_stmt *stmt, int64_t *ret_number,
                    struct err_note *note)
{
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(stmt, 0);
    else if (step == SQLITE_DONE)
        *ret_number = 0;
    enum err err = step == SQLITE_ROW || step == SQLITE_DONE ? OK : fail(spool, note);
    sqlite3_reset(stmt);
    return err;
}

static enum err ask_of(struct spool *spool, sqlite3_stmt *stmt, struct str shop, struct str id,
                       uint64_t *ret_place, struct err_note *note)
{
    int64_t place = 0;
    if (!sqlite_bind_str(stmt, 1, shop) || !sqlite_bind_str(stmt, 2, id))
        return fail(spool, note);
    TRY(ask(spool, stmt, &place, note));
    *ret_place = (uint64_t) place;
    return OK;
}

/* A place that has left the queue has no provisional position any more: 0. */
static uint64_t position_of(const struct spool *spool, uint64_t place)
{
    return place > spool->settled ? POSITION_PROVISIONAL | place : 0;
}

static enum err run_once(struct spool *spool, sqlite3_stmt *stmt, struct err_note *note)
{
    enum err err = sqlite3_step(stmt) == SQLITE_DONE ? OK : fail(spool, note);
    sqlite3_reset(stmt);
    return err;
}

/* ── adding ──────────────────────────────────────────────────────────────────────────────── */

static enum err insert_row(struct spool *spool, const struct event *event, int64_t received_us,
                           struct err_note *note)
{
    sqlite3_stmt *stmt = spool->insert;
    bool bound =
        sqlite_bind_str(stmt, 1, event->shop) && sqlite_bind_str(stmt, 2, event->event_id) &&
        sqlite_bind_str(stmt, 3, event->customer_id) &&
        sqlite_bind_str(stmt, 4, str_of(event_type_name(event->type))) &&
        sqlite3_bind_int64(stmt, 5, event->at_us) == SQLITE_OK &&
        sqlite3_bind_int64(stmt, 6, received_us) == SQLITE_OK &&
        sqlite_bind_str(stmt, 7, event->payload) && sqlite_bind_str(stmt, 8, event->offer.rule) &&
        sqlite_bind_str(stmt, 9, event->anonymous_id);
    return bound ? run_once(spool, stmt, note) : fail(spool, note);
}

static bool only_the_log_decides(const struct event *event)
{
    return event->type == EVENT_OFFER_ACCEPTED && event->offer.rule.at &&
           event->offer.budget_max > 0;
}

static enum err add_one(struct spool *spool, const struct event *event, int64_t received_us,
                        struct append_outcome *ret_outcome, struct err_note *note)
{
    struct append_outcome outcome = { .result = APPEND_DUPLICATE };
    uint64_t known, previous = 0;
    TRY(ask_of(spool, spool->known, event->shop, event->event_id, &known, note));
    outcome.position = position_of(spool, known);
    if (!known && only_the_log_decides(event)) {
        outcome.result = APPEND_LATER;
    } else if (!known) {
        if (event->customer_id.at)
            TRY(ask_of(spool, spool->previous, event->shop, event->customer_id, &previous, note));
        TRY(insert_row(spool, event, received_us, note));
        outcome.result = APPEND_ACCEPTED;
        outcome.position = POSITION_PROVISIONAL | (uint64_t) sqlite3_last_insert_rowid(spool->db);
        outcome.previous = position_of(spool, previous);
    }
    *ret_outcome = outcome;
    return OK;
}

/* Inside the transaction, so that what does not fit is not kept. */
static enum err add_all(struct spool *spool, const struct event *const *events, uint32_t n,
                        int64_t received_us, struct append_outcome *ret_outcomes,
                        uint64_t *ret_added, struct err_note *note)
{
    uint64_t added = 0;
    int64_t used = 0;
    for (uint32_t i = 0; i < n; i++) {
        TRY(add_one(spool, events[i], received_us, &ret_outcomes[i], note));
        added += ret_outcomes[i].result == APPEND_ACCEPTED;
    }
    if (added > 0)
        TRY(ask(spool, spool->used, &used, note));
    if (used > spool->max_bytes)
        return err_fail(note, ERR_LIMIT, "spool: full: it has room for %lld bytes",
                        (long long) spool->max_bytes);
    *ret_added = added;
    return OK;
}

enum err spool_add(struct spool *spool, const struct event *const *events, uint32_t n,
                   int64_t received_us, struct append_outcome *ret_outcomes, struct err_note *note)
{
    uint64_t added = 0;
    TRY(sqlite_db_exec(spool->db, "BEGIN IMMEDIATE", note));
    enum err err = add_all(spool, events, n, received_us, ret_outcomes, &added, note);
    if (err == OK)
        err = sqlite_db_exec(spool->db, "COMMIT", note);
    if (err != OK)
        sqlite_db_rollback(spool->db);
    else
        spool->n += added;
    return err;
}

/* ── taking ──────────────────────────────────────────────────────────────────────────────── */

static struct str copy_column(struct arena *arena, sqlite3_stmt *stmt, int at)
{
    struct str text = sqlite_column_str(stmt, at);
    return text.at ? arena_copy(arena, text) : text;
}

static enum err read_row(sqlite3_stmt *stmt, struct arena *arena, struct event **ret_event,
                         struct err_note *note)
{
    struct event *event = arena_take(arena, sizeof *event);
    struct str type = sqlite_column_str(stmt, 4);
    if (!event)
        return ERR_NOMEM;
    if (!event_type_of(type, &event->type))
        return err_fail(note, ERR_CORRUPT, "spool: an event of an unknown type: '%.*s'",
                        STR_ARG(type));
    event->shop = copy_column(arena, stmt, 1);
    event->event_id = copy_column(arena, stmt, 2);
    event->customer_id = copy_column(arena, stmt, 3);
    event->at_us = sqlite3_column_int64(stmt, 5);
    event->payload = copy_column(arena, stmt, 7);
    event->offer.rule = copy_column(arena, stmt, 8);
    event->anonymous_id = copy_column(arena, stmt, 9);
    event->offer.kind = -1;
    if (!event->shop.at || !event->event_id.at || !event->payload.at)
        return ERR_NOMEM;
    *ret_event = event;
    return OK;
}

static enum err read_rows(struct spool *spool, uint32_t max_n, size_t max_bytes,
                          struct arena *arena, struct spool_chunk *chunk, struct err_note *note)
{
    int step = SQLITE_DONE;
    while (chunk->n < max_n && (chunk->n == 0 || arena_used(arena) < max_bytes) &&
           (step = sqlite3_step(spool->next)) == SQLITE_ROW) {
        struct event *event = NULL;
        TRY(read_row(spool->next, arena, &event, note));
        chunk->events[chunk->n] = event;
        chunk->places[chunk->n++] = (uint64_t) sqlite3_column_int64(spool->next, 0);
    }
    return step == SQLITE_DONE || step == SQLITE_ROW ? OK : fail(spool, note);
}

enum err spool_read(struct spool *spool, uint32_t max_n, size_t max_bytes, struct arena *arena,
                    struct spool_chunk *ret_chunk, struct err_note *note)
{
    struct spool_chunk chunk = {
        .events = arena_take_n(arena, max_n, sizeof *chunk.events),
        .places = arena_take_n(arena, max_n, sizeof *chunk.places),
    };
    if (!chunk.events || !chunk.places)
        return ERR_NOMEM;
    if (sqlite3_bind_int64(spool->next, 1, (int64_t) spool->settled) != SQLITE_OK)
        return fail(spool, note);
    enum err err = read_rows(spool, max_n, max_bytes, arena, &chunk, note);
    sqlite3_reset(spool->next);
    if (err == OK)
        *ret_chunk = chunk;
    return err;
}

void spool_settle(struct spool *spool, const struct spool_chunk *chunk, uint32_t n)
{
    if (n == 0)
        return;
    spool->settled = chunk->places[n - 1];
    spool->n -= n;
    spool->dirty = true;
}

enum err spool_set_aside(struct spool *spool, uint64_t place, const char *reason,
                         struct err_note *note)
{
    if (sqlite3_bind_int64(spool->aside, 1, (int64_t) place) != SQLITE_OK ||
        !sqlite_bind_str(spool->aside, 2, str_of(reason)))
        return fail(spool, note);
    return run_once(spool, spool->aside, note);
}

/*
 * An empty queue is written anew, which costs next to nothing, and its log is cut. What fails here
 * is not missed: the room is used for the next events, and the next time it may work.
 */
static void shrink(struct spool *spool)
{
    int64_t pages = 0;
    if (ask(spool, spool->pages, &pages, NULL) != OK || pages < SHRINK_PAGES)
        return;
    sqlite3_exec(spool->db, "VACUUM", NULL, NULL, NULL);
    sqlite3_exec(spool->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
}

/* All rows at once are some twenty times cheaper than row by row, out of three indexes. */
enum err spool_forget(struct spool *spool, uint32_t max_n, struct err_note *note)
{
    if (!spool->dirty)
        return OK;
    if (spool->n == 0) {
        TRY(sqlite_db_exec(spool->db, "DELETE FROM spooled", note));
        spool->dirty = false;
        shrink(spool);
        return OK;
    }
    if (sqlite3_bind_int64(spool->remove, 1, (int64_t) spool->settled) != SQLITE_OK ||
        sqlite3_bind_int64(spool->remove, 2, max_n) != SQLITE_OK)
        return fail(spool, note);
    TRY(run_once(spool, spool->remove, note));
    spool->dirty = sqlite3_changes(spool->db) == (int) max_n;
    return OK;
}

uint64_t spool_count(const struct spool *spool)
{
    return spool->n;
}

uint64_t spool_mark(const struct spool *spool)
{
    return spool->mark;
}

bool spool_is_used(const struct spool *spool)
{
    return spool->n > 0 || spool->dirty;
}

int64_t spool_bytes(struct spool *spool)
{
    int64_t bytes = 0;
    return ask(spool, spool->used, &bytes, NULL) == OK ? bytes : 0;
}

enum err spool_customers(struct spool *spool, struct str shop, void *self,
                         enum err (*visit)(void *self, struct str customer_id, uint64_t position),
                         struct err_note *note)
{
    sqlite3_stmt *stmt = spool->of_customers;
    enum err err = OK;
    int step = SQLITE_DONE;
    if (!sqlite_bind_str(stmt, 1, shop) ||
        sqlite3_bind_int64(stmt, 2, (int64_t) spool->settled) != SQLITE_OK)
        return fail(spool, note);
    while (err == OK && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        err = visit(self, sqlite_column_str(stmt, 0),
                    POSITION_PROVISIONAL | (uint64_t) sqlite3_column_int64(stmt, 1));
    if (err == OK && step != SQLITE_DONE)
        err = fail(spool, note);
    sqlite3_reset(stmt);
    return err;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static enum err prepare_all(struct spool *spool, struct err_note *note)
{
    const struct {
        const char *sql;
        sqlite3_stmt **stmt;
    } all[] = {
        { "INSERT INTO spooled (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
          &spool->insert },
        { "SELECT place FROM spooled WHERE shop = ?1 AND event_id = ?2", &spool->known },
        { "SELECT max(place) FROM spooled WHERE shop = ?1 AND customer_id = ?2", &spool->previous },
        { "SELECT place, " COLUMNS " FROM spooled WHERE place > ?1 ORDER BY place", &spool->next },
        { "DELETE FROM spooled WHERE place IN "
          "(SELECT place FROM spooled WHERE place <= ?1 ORDER BY place LIMIT ?2)",
          &spool->remove },
        { "INSERT OR IGNORE INTO set_aside SELECT place, " COLUMNS ", ?2 FROM spooled "
          "WHERE place = ?1",
          &spool->aside },
        { "SELECT customer_id, max(place) FROM spooled WHERE shop = ?1 AND place > ?2 "
          "AND customer_id IS NOT NULL GROUP BY customer_id",
          &spool->of_customers },
        { "PRAGMA page_count", &spool->pages },
        { "SELECT (page_count - freelist_count) * page_size "
          "FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
          &spool->used },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        TRY(sqlite_db_prepare(spool->db, all[i].sql, all[i].stmt, note));
    return OK;
}

static enum err ask_once(struct spool *spool, const char *sql, uint64_t *ret_number,
                         struct err_note *note)
{
    sqlite3_stmt *stmt = NULL;
    int64_t number = 0;
    TRY(sqlite_db_prepare(spool->db, sql, &stmt, note));
    enum err err = ask(spool, stmt, &number, note);
    sqlite3_finalize(stmt);
    *ret_number = (uint64_t) number;
    return err;
}

enum err spool_new(const char *directory, int64_t max_bytes, struct spool **ret_spool,
                   struct err_note *note)
{
    AUTO(spool_free) struct spool *spool = calloc(1, sizeof *spool);
    if (!spool)
        return ERR_NOMEM;
    spool->max_bytes = max_bytes;
    TRY(sqlite_db_open_file(directory, &spool_db, &spool->db, note));
    TRY(prepare_all(spool, note));
    TRY(ask_once(spool, "SELECT count(*) FROM spooled", &spool->n, note));
    TRY(ask_once(spool, "SELECT mark FROM identity", &spool->mark, note));
    spool->mark |= POSITION_PROVISIONAL;
    *ret_spool = MOVE(spool);
    return OK;
}

struct spool *spool_free(struct spool *spool)
{
    if (!spool)
        return NULL;
    sqlite3_finalize(spool->insert);
    sqlite3_finalize(spool->known);
    sqlite3_finalize(spool->previous);
    sqlite3_finalize(spool->next);
    sqlite3_finalize(spool->remove);
    sqlite3_finalize(spool->aside);
    sqlite3_finalize(spool->of_customers);
    sqlite3_finalize(spool->pages);
    sqlite3_finalize(spool->used);
    sqlite_db_close(spool->db);
    free(spool);
    return NULL;
}
