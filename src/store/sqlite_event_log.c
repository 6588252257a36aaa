/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_event_log.h"

#include <stdlib.h>

#include "shop/event.h"
#include "store/sqlite_db.h"

/* The columns that read_row expects, in order. */
#define COLUMNS "position, event_id, customer_id, type, payload, at_us"

struct sqlite_event_log {
    struct event_log log; /* first: a log is cast back to its adapter */
    sqlite3 *db;
    sqlite3_stmt *insert, *of_customer, *orders, *last;
    char *directory;
};

static enum err insert(struct sqlite_event_log *self, const struct event *event,
                       int64_t received_us, enum append_result *ret_result, uint64_t *ret_position,
                       struct err_note *note)
{
    sqlite3_stmt *stmt = self->insert;
    bool bound = sqlite_bind_str(stmt, 1, event->shop) &&
                 sqlite_bind_str(stmt, 2, event->event_id) &&
                 sqlite_bind_str(stmt, 3, event->customer_id) &&
                 sqlite_bind_str(stmt, 4, str_of(event_type_name(event->type))) &&
                 sqlite3_bind_int64(stmt, 5, event->at_us) == SQLITE_OK &&
                 sqlite3_bind_int64(stmt, 6, received_us) == SQLITE_OK &&
                 sqlite_bind_str(stmt, 7, event->payload);
    bool done = bound && sqlite3_step(stmt) == SQLITE_DONE;
    enum err err = done ? OK : sqlite_db_fail(self->db, "event log", note);
    if (done && sqlite3_changes(self->db) > 0) {
        *ret_result = APPEND_ACCEPTED;
        *ret_position = (uint64_t) sqlite3_last_insert_rowid(self->db);
    } else if (done) {
        *ret_result = APPEND_DUPLICATE;
        *ret_position = 0;
    }
    sqlite3_reset(stmt);
    return err;
}

static enum err insert_all(struct sqlite_event_log *self, const struct event *const *events,
                           uint32_t n, int64_t received_us, enum append_result *ret_results,
                           uint64_t *ret_positions, struct err_note *note)
{
    for (uint32_t i = 0; i < n; i++)
        TRY(insert(self, events[i], received_us, &ret_results[i], &ret_positions[i], note));
    return OK;
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, enum append_result *ret_results,
                       uint64_t *ret_positions, struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    if (n == 0)
        return OK;
    TRY(sqlite_db_exec(self->db, "BEGIN IMMEDIATE", note));
    enum err err = insert_all(self, events, n, received_us, ret_results, ret_positions, note);
    if (err == OK)
        err = sqlite_db_exec(self->db, "COMMIT", note);
    if (err != OK)
        sqlite_db_rollback(self->db);
    return err;
}

static struct logged_event read_row(sqlite3_stmt *stmt)
{
    return (struct logged_event){
        .position = (uint64_t) sqlite3_column_int64(stmt, 0),
        .event_id = sqlite_column_str(stmt, 1),
        .customer_id = sqlite_column_str(stmt, 2),
        .type = sqlite_column_str(stmt, 3),
        .payload = sqlite_column_str(stmt, 4),
        .at_us = sqlite3_column_int64(stmt, 5),
    };
}

/* Runs a bound statement to its end, or to the first answer other than OK. */
static enum err read_rows(struct sqlite_event_log *self, sqlite3_stmt *stmt, void *visitor,
                          enum err (*visit)(void *self, const struct logged_event *event),
                          struct err_note *note)
{
    enum err err = OK;
    int step = SQLITE_DONE;
    while (err == OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct logged_event event = read_row(stmt);
        err = visit(visitor, &event);
    }
    if (err == OK && step != SQLITE_DONE)
        err = sqlite_db_fail(self->db, "event log", note);
    sqlite3_reset(stmt);
    return err;
}

static enum err read_customer(struct event_log *log, struct str shop, struct str customer_id,
                              uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    sqlite3_stmt *stmt = self->of_customer;
    if (!sqlite_bind_str(stmt, 1, shop) || !sqlite_bind_str(stmt, 2, customer_id) ||
        sqlite3_bind_int64(stmt, 3, (int64_t) after) != SQLITE_OK)
        return sqlite_db_fail(self->db, "event log", note);
    return read_rows(self, stmt, visitor, visit, note);
}

static enum err read_orders(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    sqlite3_stmt *stmt = self->orders;
    if (!sqlite_bind_str(stmt, 1, shop) ||
        sqlite3_bind_int64(stmt, 2, (int64_t) after) != SQLITE_OK)
        return sqlite_db_fail(self->db, "event log", note);
    return read_rows(self, stmt, visitor, visit, note);
}

static enum err last_position(struct event_log *log, uint64_t *ret_position, struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    bool seen = sqlite3_step(self->last) == SQLITE_ROW;
    if (seen)
        *ret_position = (uint64_t) sqlite3_column_int64(self->last, 0);
    enum err err = seen ? OK : sqlite_db_fail(self->db, "event log", note);
    sqlite3_reset(self->last);
    return err;
}

static enum err reader(struct event_log *log, struct event_log **ret_reader, struct err_note *note)
{
    return sqlite_event_log_new(((struct sqlite_event_log *) log)->directory, ret_reader, note);
}

static void close_log(struct event_log *log)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    if (!self)
        return;
    sqlite3_finalize(self->insert);
    sqlite3_finalize(self->of_customer);
    sqlite3_finalize(self->orders);
    sqlite3_finalize(self->last);
    sqlite_db_close(self->db);
    free(self->directory);
    free(self);
}

static enum err prepare_all(struct sqlite_event_log *self, struct err_note *note)
{
    TRY(sqlite_db_prepare(
        self->db,
        "INSERT INTO events (shop, event_id, customer_id, type, at_us, received_us, payload) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (shop, event_id) DO NOTHING",
        &self->insert, note));
    TRY(sqlite_db_prepare(self->db,
                          "SELECT " COLUMNS " FROM events WHERE shop = ?1 AND customer_id = ?2 "
                          "AND position > ?3 ORDER BY position",
                          &self->of_customer, note));
    TRY(sqlite_db_prepare(self->db,
                          "SELECT " COLUMNS
                          " FROM events WHERE shop = ?1 AND type = 'order_placed' "
                          "AND position > ?2 ORDER BY position",
                          &self->orders, note));
    return sqlite_db_prepare(self->db, "SELECT coalesce(max(position), 0) FROM events", &self->last,
                             note);
}

enum err sqlite_event_log_new(const char *directory, struct event_log **ret_log,
                              struct err_note *note)
{
    struct sqlite_event_log *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->log =
        (struct event_log){ append, read_customer, read_orders, last_position, reader, close_log };
    self->directory = strdup(directory);
    enum err err = self->directory ? sqlite_db_open(directory, &self->db, note) : ERR_NOMEM;
    if (err == OK)
        err = prepare_all(self, note);
    if (err != OK) {
        close_log(&self->log);
        return err;
    }
    *ret_log = &self->log;
    return OK;
}
