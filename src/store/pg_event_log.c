/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server answers for events whose ids differ from one another, and knows each customer's last
 * event before the batch. What one event of a batch is to another (a repeat, the one before it of
 * the same customer) is worked out here, in the order of the batch.
 */
#include "store/pg_event_log.h"

#include <stdlib.h>

#include "base/strmap.h"
#include "shop/event.h"
#include "store/pg_queries.inc"

enum {
    FORGET_STEP = 2000,              /* rows; some ten milliseconds */
    FORGET_PAUSE_US = 600 * 1000000, /* when there was nothing to forget */
};

struct pg_event_log {
    struct event_log log; /* first: a log is cast back to its adapter */
    struct pg_settings settings;
    struct pg_db *writer, *reader;
    struct pg_params params, read_params;
    int64_t from_us, until_us; /* of the month that certainly has its partition */
    int64_t heard_us;          /* when the last batch was received: what time it is */
    int64_t forget_us;         /* not before */
};

/* ── a batch ─────────────────────────────────────────────────────────────────────────────── */

/* The batch's events without repeats, and how its events find them. */
struct unique {
    const struct event **events;
    uint32_t n;
    uint32_t *place_of; /* of each event of the batch */
    struct strmap *ids, *customers;
    struct out keys;
};

static void unique_deinit(struct unique *unique)
{
    free(unique->events);
    free(unique->place_of);
    strmap_free(unique->ids);
    strmap_free(unique->customers);
    out_deinit(&unique->keys);
}

/* "shop NUL id", kept in unique->keys, which never moves: it has room for all. */
static struct str key_of(struct unique *unique, struct str shop, struct str id)
{
    size_t at = unique->keys.len;
    out_text(&unique->keys, shop);
    out_char(&unique->keys, '\0');
    out_text(&unique->keys, id);
    return (struct str){ unique->keys.at + at, unique->keys.len - at };
}

static size_t key_bytes(const struct event *const *events, uint32_t n)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < n; i++)
        bytes +=
            2 * (events[i]->shop.len + 1) + events[i]->event_id.len + events[i]->customer_id.len;
    return bytes;
}

static enum err unique_of(const struct event *const *events, uint32_t n, struct unique *unique)
{
    out_init(&unique->keys, NULL, key_bytes(events, n));
    unique->events = calloc(n, sizeof(const struct event *));
    unique->place_of = calloc(n, sizeof *unique->place_of);
    unique->ids = strmap_new(n);
    unique->customers = strmap_new(n);
    if (!unique->events || !unique->place_of || !unique->ids || !unique->customers ||
        unique->keys.failed)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        struct str key = key_of(unique, events[i]->shop, events[i]->event_id);
        uint32_t place = strmap_get(unique->ids, key);
        if (place == STRMAP_NONE) {
            place = unique->n++;
            unique->events[place] = events[i];
            TRY(strmap_put(unique->ids, key, place));
        }
        unique->place_of[i] = place;
    }
    return OK;
}

/* ── appending ───────────────────────────────────────────────────────────────────────────── */

static bool is_acceptance(const struct event *event)
{
    return event->type == EVENT_OFFER_ACCEPTED && event->offer.rule.at;
}

/* Rules and budgets go along only when there is an acceptance to judge. */
static void add_acceptances(struct pg_params *params, const struct unique *unique)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < unique->n && n == 0; i++)
        n = is_acceptance(unique->events[i]) ? unique->n : 0;
    struct out *array = pg_add_texts(params, n);
    for (uint32_t i = 0; i < n; i++)
        pg_element(array, is_acceptance(unique->events[i]) ? unique->events[i]->offer.rule
                                                           : (struct str){ 0 });
    array = pg_add_ints(params, n);
    for (uint32_t i = 0; i < n; i++)
        pg_element_int(array, unique->events[i]->offer.budget_max);
}

static struct str shop_of(const struct event *event)
{
    return event->shop;
}
static struct str id_of(const struct event *event)
{
    return event->event_id;
}
static struct str customer_of(const struct event *event)
{
    return event->customer_id;
}
static struct str type_of(const struct event *event)
{
    return str_of(event_type_name(event->type));
}
static struct str payload_of(const struct event *event)
{
    return event->payload;
}

static void add_column(struct pg_params *params, const struct unique *unique,
                       struct str (*column_of)(const struct event *event))
{
    struct out *array = pg_add_texts(params, unique->n);
    for (uint32_t i = 0; i < unique->n; i++)
        pg_element(array, column_of(unique->events[i]));
}

static void add_batch(struct pg_params *params, const struct unique *unique, int64_t received_us)
{
    pg_params_reset(params);
    add_column(params, unique, shop_of);
    add_column(params, unique, id_of);
    add_column(params, unique, customer_of);
    add_column(params, unique, type_of);
    struct out *array = pg_add_ints(params, unique->n);
    for (uint32_t i = 0; i < unique->n; i++)
        pg_element_int(array, unique->events[i]->at_us);
    add_column(params, unique, payload_of);
    pg_add_int(params, received_us);
    add_acceptances(params, unique);
}

/* What a row of append_events.sql says of the event at @row. */
static struct append_outcome outcome_at(const PGresult *rows, int row, const struct event *event)
{
    bool known = !PQgetisnull(rows, row, 0), stored = !PQgetisnull(rows, row, 1);
    if (known)
        return (struct append_outcome){ .result = APPEND_DUPLICATE,
                                        .position = (uint64_t) pg_int_at(rows, row, 0) };
    if (!stored)
        return (struct append_outcome){ .result = APPEND_REFUSED };
    return (struct append_outcome){
        .result = APPEND_ACCEPTED,
        .position = (uint64_t) pg_int_at(rows, row, 1),
        .previous = event->customer_id.at ? (uint64_t) pg_int_at(rows, row, 2) : 0,
        .accepted = pg_int_at(rows, row, 3),
    };
}

/* The outcomes of @unique, each customer's events chained to one another. */
static enum err chain(struct unique *unique, const PGresult *rows, struct append_outcome *outcomes)
{
    for (uint32_t i = 0; i < unique->n; i++) {
        const struct event *event = unique->events[i];
        outcomes[i] = outcome_at(rows, (int) i, event);
        if (outcomes[i].result != APPEND_ACCEPTED || !event->customer_id.at)
            continue;
        struct str key = key_of(unique, event->shop, event->customer_id);
        uint32_t before = strmap_get(unique->customers, key);
        if (before != STRMAP_NONE)
            outcomes[i].previous = outcomes[before].position;
        TRY(strmap_put(unique->customers, key, i));
    }
    return OK;
}

/* A repeat inside the batch is a duplicate of the first, or refused as that was. */
static void spread(const struct unique *unique, const struct append_outcome *outcomes, uint32_t n,
                   struct append_outcome *ret_outcomes)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t place = unique->place_of[i];
        ret_outcomes[i] = outcomes[place];
        if (place == seen)
            seen++;
        else if (outcomes[place].result == APPEND_ACCEPTED)
            ret_outcomes[i] = (struct append_outcome){ .result = APPEND_DUPLICATE,
                                                       .position = outcomes[place].position };
    }
}

static enum err make_partitions(struct pg_event_log *self, int64_t received_us,
                                struct err_note *note)
{
    PGresult *month = NULL;
    pg_params_reset(&self->read_params);
    pg_add_int(&self->read_params, received_us);
    TRY(pg_db_run(self->writer, "make_partitions", &self->read_params, self->settings.append_ms,
                  &month, note));
    self->from_us = pg_int_at(month, 0, 0);
    self->until_us = pg_int_at(month, 0, 1);
    PQclear(month);
    return OK;
}

/* Sends the batch in self->params; makes the month's partition when it turns out not to be there. */
static enum err send_batch(struct pg_event_log *self, int64_t received_us, PGresult **ret_rows,
                           struct err_note *note)
{
    if (received_us < self->from_us || received_us >= self->until_us)
        TRY(make_partitions(self, received_us, note));
    enum err err = pg_db_run(self->writer, "append_events", &self->params, self->settings.append_ms,
                             ret_rows, note);
    if (err == OK || strcmp(pg_db_sqlstate(self->writer), "23514") != 0)
        return err;
    TRY(make_partitions(self, received_us, note));
    return pg_db_run(self->writer, "append_events", &self->params, self->settings.append_ms,
                     ret_rows, note);
}

static enum err append_unique(struct pg_event_log *self, struct unique *unique, uint32_t n,
                              int64_t received_us, struct append_outcome *ret_outcomes,
                              struct err_note *note)
{
    PGresult *rows = NULL;
    struct append_outcome *outcomes = calloc(unique->n, sizeof *outcomes);
    add_batch(&self->params, unique, received_us);
    enum err err = outcomes ? send_batch(self, received_us, &rows, note) : ERR_NOMEM;
    if (err == OK && PQntuples(rows) != (int) unique->n)
        err = err_fail(note, ERR_CORRUPT, "event log: %d answers to %u events", PQntuples(rows),
                       unique->n);
    if (err == OK)
        err = chain(unique, rows, outcomes);
    if (err == OK)
        spread(unique, outcomes, n, ret_outcomes);
    PQclear(rows);
    free(outcomes);
    return err;
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, struct append_outcome *ret_outcomes,
                       struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    struct unique unique = { 0 };
    if (n == 0)
        return OK;
    TRY(pg_db_ready(self->writer, note)); /* before any work: mostly it is away or it is not */
    self->heard_us = received_us;
    enum err err = unique_of(events, n, &unique);
    if (err == OK)
        err = append_unique(self, &unique, n, received_us, ret_outcomes, note);
    unique_deinit(&unique);
    return err;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────── */

/* The three visitors of the port, behind the one of pg_db_each. */
struct visitor {
    void *self;
    enum err (*event)(void *self, const struct logged_event *event);
    enum err (*customer)(void *self, struct str customer_id, uint64_t position);
    enum err (*rule)(void *self, struct str rule, int64_t accepted);
};

static enum err visit_event(void *self, const PGresult *row)
{
    const struct visitor *visitor = self;
    const struct logged_event event = {
        .position = (uint64_t) pg_int_at(row, 0, 0),
        .event_id = pg_str_at(row, 0, 1),
        .customer_id = pg_str_at(row, 0, 2),
        .type = pg_str_at(row, 0, 3),
        .payload = pg_str_at(row, 0, 4),
        .at_us = pg_int_at(row, 0, 5),
    };
    return visitor->event(visitor->self, &event);
}

static enum err visit_customer(void *self, const PGresult *row)
{
    const struct visitor *visitor = self;
    return visitor->customer(visitor->self, pg_str_at(row, 0, 0), (uint64_t) pg_int_at(row, 0, 1));
}

static enum err visit_rule(void *self, const PGresult *row)
{
    const struct visitor *visitor = self;
    return visitor->rule(visitor->self, pg_str_at(row, 0, 0), pg_int_at(row, 0, 1));
}

static enum err read_customer(struct event_log *log, struct str shop, struct str customer_id,
                              uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    struct visitor to = { .self = visitor, .event = visit };
    pg_params_reset(&self->read_params);
    pg_add_text(&self->read_params, shop);
    pg_add_text(&self->read_params, customer_id);
    pg_add_int(&self->read_params, (int64_t) after);
    return pg_db_each(self->reader, "read_customer", &self->read_params, self->settings.read_ms,
                      &to, visit_event, note);
}

static enum err read_orders(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    struct visitor to = { .self = visitor, .event = visit };
    pg_params_reset(&self->read_params);
    pg_add_text(&self->read_params, shop);
    pg_add_int(&self->read_params, (int64_t) after);
    return pg_db_each(self->reader, "read_orders", &self->read_params, self->settings.bulk_ms, &to,
                      visit_event, note);
}

static enum err
read_customers(struct event_log *log, struct str shop, int64_t since_us, void *visitor,
               enum err (*visit)(void *self, struct str customer_id, uint64_t position),
               struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    struct visitor to = { .self = visitor, .customer = visit };
    pg_params_reset(&self->read_params);
    pg_add_text(&self->read_params, shop);
    pg_add_int(&self->read_params, since_us);
    return pg_db_each(self->reader, "read_customers", &self->read_params, self->settings.bulk_ms,
                      &to, visit_customer, note);
}

static enum err read_budgets(struct event_log *log, struct str shop, void *visitor,
                             enum err (*visit)(void *self, struct str rule, int64_t accepted),
                             struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    struct visitor to = { .self = visitor, .rule = visit };
    pg_params_reset(&self->read_params);
    pg_add_text(&self->read_params, shop);
    return pg_db_each(self->reader, "read_budgets", &self->read_params, self->settings.read_ms, &to,
                      visit_rule, note);
}

static enum err last_position(struct event_log *log, uint64_t *ret_position, struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    PGresult *result = NULL;
    TRY(pg_db_run(self->reader, "last_position", NULL, self->settings.read_ms, &result, note));
    *ret_position = (uint64_t) pg_int_at(result, 0, 0);
    PQclear(result);
    return OK;
}

/* ── forgetting ──────────────────────────────────────────────────────────────────────────── */

static enum err tend(struct event_log *log, void *unused,
                     void (*settled)(void *self, const struct event *event,
                                     const struct append_outcome *outcome),
                     struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    PGresult *result = NULL;
    (void) unused, (void) settled;
    if (self->settings.retention_days <= 0 || self->heard_us < self->forget_us)
        return OK;
    self->forget_us = self->heard_us + FORGET_PAUSE_US; /* also after a failure */
    pg_params_reset(&self->read_params);
    pg_add_int(&self->read_params,
               self->heard_us - (int64_t) self->settings.retention_days * 86400 * 1000000);
    pg_add_int(&self->read_params, FORGET_STEP);
    TRY(pg_db_run(self->writer, "forget_events", &self->read_params, self->settings.append_ms,
                  &result, note));
    if (pg_int_at(result, 0, 0) != 0)
        self->forget_us = 0; /* there may be more */
    PQclear(result);
    return OK;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static enum err reader(struct event_log *log, struct event_log **ret_reader, struct err_note *note)
{
    return pg_event_log_new(&((struct pg_event_log *) log)->settings, ret_reader, note);
}

static void close_log(struct event_log *log)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    if (!self)
        return;
    pg_db_free(self->writer);
    pg_db_free(self->reader);
    pg_params_deinit(&self->params);
    pg_params_deinit(&self->read_params);
    pg_settings_deinit(&self->settings);
    free(self);
}

static enum err open_both(struct pg_event_log *self, const struct pg_settings *settings,
                          struct err_note *note)
{
    static const struct pg_statement writing[] = {
        { "append_events", SQL_APPEND_EVENTS },
        { "make_partitions", SQL_MAKE_PARTITIONS },
        { "forget_events", SQL_FORGET_EVENTS },
    };
    static const struct pg_statement reading[] = {
        { "read_customer", SQL_READ_CUSTOMER },   { "read_orders", SQL_READ_ORDERS },
        { "read_customers", SQL_READ_CUSTOMERS }, { "read_budgets", SQL_READ_BUDGETS },
        { "last_position", SQL_LAST_POSITION },
    };
    TRY(pg_settings_copy(settings, &self->settings));
    const struct pg_db_use to_write = { .statements = writing,
                                        .n_statements = sizeof writing / sizeof *writing,
                                        .statement_ms = self->settings.append_ms };
    const struct pg_db_use to_read = { .statements = reading,
                                       .n_statements = sizeof reading / sizeof *reading,
                                       .statement_ms = self->settings.bulk_ms };
    TRY(pg_db_new(&self->settings, &to_write, &self->writer, note));
    return pg_db_new(&self->settings, &to_read, &self->reader, note);
}

enum err pg_event_log_new(const struct pg_settings *settings, struct event_log **ret_log,
                          struct err_note *note)
{
    struct pg_event_log *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->log = (struct event_log){ .append = append,
                                    .read_customer = read_customer,
                                    .read_orders = read_orders,
                                    .read_customers = read_customers,
                                    .read_budgets = read_budgets,
                                    .tend = tend,
                                    .last_position = last_position,
                                    .reader = reader,
                                    .free = close_log };
    pg_params_init(&self->params);
    pg_params_init(&self->read_params);
    enum err err = open_both(self, settings, note);
    if (err != OK) {
        close_log(&self->log);
        return err;
    }
    *ret_log = &self->log;
    return OK;
}
