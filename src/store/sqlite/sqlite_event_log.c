/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sqlite_event_log.h"

#include <stdlib.h>

#include "shop/event.h"
#include "store/sqlite/sqlite_db.h"

/* The columns that read_row expects, in order. */
#define COLUMNS "position, event_id, customer_id, type, payload, at_us"

struct sqlite_event_log {
    struct event_log log; /* first: a log is cast back to its adapter */
    sqlite3 *db;
    sqlite3_stmt *insert, *known, *previous, *budget, *count;
    sqlite3_stmt *of_customer, *orders, *outcomes, *customers, *budgets, *last;
    char *directory;
};

/* One number of one row of a bound statement; *ret_found says whether there was a row. */
static enum err ask(struct sqlite_event_log *self, sqlite3_stmt *stmt, int64_t *ret_number,
                    bool *ret_found, struct err_note *note)
{
    int step = sqlite3_step(stmt);
    *ret_found = step == SQLITE_ROW;
    if (*ret_found)
        *ret_number = sqlite3_column_int64(stmt, 0);
    enum err err = step == SQLITE_ROW || step == SQLITE_DONE
                       ? OK
                       : sqlite_db_fail(self->db, "event log", note);
    sqlite3_reset(stmt);
    return err;
}

static enum err find_known(struct sqlite_event_log *self, const struct event *event,
                           bool *ret_known, uint64_t *ret_position, struct err_note *note)
{
    int64_t position = 0;
    if (!sqlite_bind_str(self->known, 1, event->shop) ||
        !sqlite_bind_str(self->known, 2, event->event_id))
        return sqlite_db_fail(self->db, "event log", note);
    TRY(ask(self, self->known, &position, ret_known, note));
    *ret_position = (uint64_t) position;
    return OK;
}

static enum err find_previous(struct sqlite_event_log *self, const struct event *event,
                              uint64_t *ret_position, struct err_note *note)
{
    int64_t position = 0;
    bool found;
    if (!event->customer_id.at)
        return OK;
    if (!sqlite_bind_str(self->previous, 1, event->shop) ||
        !sqlite_bind_str(self->previous, 2, event->customer_id))
        return sqlite_db_fail(self->db, "event log", note);
    TRY(ask(self, self->previous, &position, &found, note));
    *ret_position = (uint64_t) position;
    return OK;
}

static bool is_acceptance(const struct event *event)
{
    return event->type == EVENT_OFFER_ACCEPTED && event->offer.rule.at;
}

/* An acceptance of a rule with a budget, and the budget is used up. */
static enum err budget_is_gone(struct sqlite_event_log *self, const struct event *event,
                               bool *ret_gone, struct err_note *note)
{
    int64_t accepted = 0;
    bool found;
    *ret_gone = false;
    if (!is_acceptance(event) || event->offer.budget_max <= 0)
        return OK;
    if (!sqlite_bind_str(self->budget, 1, event->shop) ||
        !sqlite_bind_str(self->budget, 2, event->offer.rule))
        return sqlite_db_fail(self->db, "event log", note);
    TRY(ask(self, self->budget, &accepted, &found, note));
    *ret_gone = accepted >= event->offer.budget_max;
    return OK;
}

static enum err count_acceptance(struct sqlite_event_log *self, const struct event *event,
                                 int64_t *ret_accepted, struct err_note *note)
{
    bool found;
    if (!sqlite_bind_str(self->count, 1, event->shop) ||
        !sqlite_bind_str(self->count, 2, event->offer.rule))
        return sqlite_db_fail(self->db, "event log", note);
    return ask(self, self->count, ret_accepted, &found, note);
}

static enum err insert_row(struct sqlite_event_log *self, const struct event *event,
                           int64_t received_us, struct err_note *note)
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
    sqlite3_reset(stmt);
    return err;
}

static enum err insert(struct sqlite_event_log *self, const struct event *event,
                       int64_t received_us, struct append_outcome *ret_outcome,
                       struct err_note *note)
{
    bool known, gone;
    struct append_outcome outcome = { .result = APPEND_DUPLICATE };
    TRY(find_known(self, event, &known, &outcome.position, note));
    if (!known) {
        TRY(budget_is_gone(self, event, &gone, note));
        outcome.result = gone ? APPEND_REFUSED : APPEND_ACCEPTED;
    }
    if (outcome.result == APPEND_ACCEPTED) {
        TRY(find_previous(self, event, &outcome.previous, note));
        TRY(insert_row(self, event, received_us, note));
        outcome.position = (uint64_t) sqlite3_last_insert_rowid(self->db);
        if (is_acceptance(event))
            TRY(count_acceptance(self, event, &outcome.accepted, note));
    }
    *ret_outcome = outcome;
    return OK;
}

static enum err insert_all(struct sqlite_event_log *self, const struct event *const *events,
                           uint32_t n, int64_t received_us, struct append_outcome *ret_outcomes,
                           struct err_note *note)
{
    for (uint32_t i = 0; i < n; i++)
        TRY(insert(self, events[i], received_us, &ret_outcomes[i], note));
    return OK;
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, struct append_outcome *ret_outcomes,
                       struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    if (n == 0)
        return OK;
    TRY(sqlite_db_exec(self->db, "BEGIN IMMEDIATE", note));
    enum err err = insert_all(self, events, n, received_us, ret_outcomes, note);
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

static enum err read_after(struct sqlite_event_log *self, sqlite3_stmt *stmt, struct str shop,
                           uint64_t after, void *visitor,
                           enum err (*visit)(void *self, const struct logged_event *event),
                           struct err_note *note)
{
    if (!sqlite_bind_str(stmt, 1, shop) ||
        sqlite3_bind_int64(stmt, 2, (int64_t) after) != SQLITE_OK)
        return sqlite_db_fail(self->db, "event log", note);
    return read_rows(self, stmt, visitor, visit, note);
}

static enum err read_orders(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    return read_after(self, self->orders, shop, after, visitor, visit, note);
}

static enum err read_outcomes(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    return read_after(self, self->outcomes, shop, after, visitor, visit, note);
}

static enum err
read_customers(struct event_log *log, struct str shop, int64_t since_us, void *visitor,
               enum err (*visit)(void *self, struct str customer_id, uint64_t position),
               struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    sqlite3_stmt *stmt = self->customers;
    enum err err = OK;
    int step = SQLITE_DONE;
    if (!sqlite_bind_str(stmt, 1, shop) || sqlite3_bind_int64(stmt, 2, since_us) != SQLITE_OK)
        return sqlite_db_fail(self->db, "event log", note);
    while (err == OK && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        err = visit(visitor, sqlite_column_str(stmt, 0), (uint64_t) sqlite3_column_int64(stmt, 1));
    if (err == OK && step != SQLITE_DONE)
        err = sqlite_db_fail(self->db, "event log", note);
    sqlite3_reset(stmt);
    return err;
}

static enum err read_budgets(struct event_log *log, struct str shop, void *visitor,
                             enum err (*visit)(void *self, struct str rule, int64_t accepted),
                             struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    sqlite3_stmt *stmt = self->budgets;
    enum err err = OK;
    int step = SQLITE_DONE;
    if (!sqlite_bind_str(stmt, 1, shop))
        return sqlite_db_fail(self->db, "event log", note);
    while (err == OK && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        err = visit(visitor, sqlite_column_str(stmt, 0), sqlite3_column_int64(stmt, 1));
    if (err == OK && step != SQLITE_DONE)
        err = sqlite_db_fail(self->db, "event log", note);
    sqlite3_reset(stmt);
    return err;
}

/* Of all shops: SQLite has one writer at a time, so positions are in the order of all commits. */
static enum err last_position(struct event_log *log, struct str shop, uint64_t *ret_position,
                              struct err_note *note)
{
    struct sqlite_event_log *self = (struct sqlite_event_log *) log;
    (void) shop;
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
    sqlite3_finalize(self->known);
    sqlite3_finalize(self->previous);
    sqlite3_finalize(self->budget);
    sqlite3_finalize(self->count);
    sqlite3_finalize(self->customers);
    sqlite3_finalize(self->budgets);
    sqlite3_finalize(self->of_customer);
    sqlite3_finalize(self->orders);
    sqlite3_finalize(self->outcomes);
    sqlite3_finalize(self->last);
    sqlite_db_close(self->db);
    free(self->directory);
    free(self);
}

static enum err prepare_all(struct sqlite_event_log *self, struct err_note *note)
{
    const struct {
        const char *sql;
        sqlite3_stmt **stmt;
    } all[] = {
        { "INSERT INTO events (shop, event_id, customer_id, type, at_us, received_us, payload) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
          &self->insert },
        { "SELECT position FROM events WHERE shop = ?1 AND event_id = ?2", &self->known },
        { "SELECT coalesce(max(position), 0) FROM events WHERE shop = ?1 AND customer_id = ?2",
          &self->previous },
        { "SELECT accepted FROM budgets WHERE shop = ?1 AND rule = ?2", &self->budget },
        { "INSERT INTO budgets (shop, rule, accepted) VALUES (?1, ?2, 1) ON CONFLICT (shop, rule) "
          "DO UPDATE SET accepted = accepted + 1 RETURNING accepted",
          &self->count },
        { "SELECT " COLUMNS " FROM events WHERE shop = ?1 AND customer_id = ?2 "
          "AND position > ?3 ORDER BY position",
          &self->of_customer },
        { "SELECT " COLUMNS " FROM events WHERE shop = ?1 AND type = 'order_placed' "
          "AND position > ?2 ORDER BY position",
          &self->orders },
        /* From the position on, not by an index: much of the log's end are offers. */
        { "SELECT " COLUMNS " FROM events NOT INDEXED WHERE shop = ?1 AND position > ?2 "
          "AND type IN ('offer_shown', 'offer_accepted', 'offer_declined') ORDER BY position",
          &self->outcomes },
        { "SELECT customer_id, max(position) FROM events WHERE shop = ?1 "
          "AND customer_id IS NOT NULL AND received_us >= ?2 GROUP BY customer_id",
          &self->customers },
        { "SELECT rule, accepted FROM budgets WHERE shop = ?1", &self->budgets },
        { "SELECT coalesce(max(position), 0) FROM events", &self->last },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        TRY(sqlite_db_prepare(self->db, all[i].sql, all[i].stmt, note));
    return OK;
}

enum err sqlite_event_log_new(const char *directory, struct event_log **ret_log,
                              struct err_note *note)
{
    struct sqlite_event_log *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->log = (struct event_log){ .append = append,
                                    .read_customer = read_customer,
                                    .read_orders = read_orders,
                                    .read_outcomes = read_outcomes,
                                    .read_customers = read_customers,
                                    .read_budgets = read_budgets,
                                    .last_position = last_position,
                                    .reader = reader,
                                    .free = close_log };
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
