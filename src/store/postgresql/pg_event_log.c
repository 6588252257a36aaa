/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgresql/pg_event_log.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/postgresql/pg_batch.h"
#include "store/postgresql/pg_queries.inc"

enum {
    SCAN = 10,             /* times as patient where the server may have to look at much */
    SCAN_ALL = 100,        /* at every customer */
    OUTCOMES_STEP = 10000, /* rows of one statement */
    FORGET_BLOCKS = 32,    /* some thousand rows, some ten milliseconds */
    FORGET_PAUSE_US = 600 * 1000000, /* when there was nothing to forget */
    FORGET_AGAIN_US = 60 * 1000000,  /* when it failed */
    CLOCKS_APART_S = 60,             /* worth a word */
};

struct pg_event_log {
    struct event_log log; /* first: a log is cast back to its adapter */
    struct pg_settings settings;
    struct pg_db *writer, *reader;
    struct pg_params params, read_params;
    int64_t from_us, until_us; /* of the month that certainly has its partition */
    int64_t append_by_us;      /* the end of the append under way */
    int64_t heard_us;          /* when the last batch was received: what time it is */
    int64_t forget_us;         /* not before; monotonic */
    enum err forgot;           /* how forgetting went the last time, and why */
    struct err_note why_not;
};

/* ── appending ───────────────────────────────────────────────────────────────────────────── */

/* What is left of an append's time. */
static int left_ms(const struct pg_event_log *self)
{
    int64_t left_us = self->append_by_us - pg_now_us();
    return left_us > 1000 ? (int) (left_us / 1000) : 1;
}

/* Events are kept, found and forgotten by the clock of the machine that took them. */
static void compare_clocks(int64_t ours_us, int64_t servers_us)
{
    int64_t ahead_s = (ours_us - servers_us) / 1000000;
    if (ahead_s > CLOCKS_APART_S || ahead_s < -CLOCKS_APART_S)
        log_line(LOG_WARNING, "database",
                 "this machine's clock is %lld s %s the database's: events are stored by it",
                 (long long) (ahead_s < 0 ? -ahead_s : ahead_s),
                 ahead_s < 0 ? "behind" : "ahead of");
}

/* At the first append, and whenever another month begins. */
static enum err make_partitions(struct pg_event_log *self, int64_t received_us,
                                struct err_note *note)
{
    PGresult *month = NULL;
    pg_params_reset(&self->read_params);
    pg_add_int(&self->read_params, received_us);
    TRY(pg_db_run(self->writer, "make_partitions", &self->read_params, left_ms(self), &month,
                  note));
    self->from_us = pg_int_at(month, 0, 0);
    self->until_us = pg_int_at(month, 0, 1);
    compare_clocks(received_us, pg_int_at(month, 0, 2));
    PQclear(month);
    return OK;
}

/*
 * Sends the batch in self->params; makes the month's partition when it turns out not to be there.
 */
static enum err send_batch(struct pg_event_log *self, int64_t received_us, PGresult **ret_rows,
                           struct err_note *note)
{
    if (received_us < self->from_us || received_us >= self->until_us)
        TRY(make_partitions(self, received_us, note));
    enum err err =
        pg_db_run(self->writer, "append_events", &self->params, left_ms(self), ret_rows, note);
    if (err == OK || strcmp(pg_db_sqlstate(self->writer), "23514") != 0)
        return err;
    TRY(make_partitions(self, received_us, note));
    return pg_db_run(self->writer, "append_events", &self->params, left_ms(self), ret_rows, note);
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, struct append_outcome *ret_outcomes,
                       struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    AUTO(pg_batch_free) struct pg_batch *batch = NULL;
    PGresult *rows = NULL;
    if (n == 0)
        return OK;
    TRY(pg_db_hope(self->writer, note));
    self->append_by_us = pg_now_us() + (int64_t) self->settings.append_ms * 1000;
    self->heard_us = received_us;
    TRY(pg_batch_new(events, n, &batch));
    pg_batch_add(batch, received_us, &self->params);
    TRY(send_batch(self, received_us, &rows, note));
    enum err err = pg_batch_outcomes(batch, rows, ret_outcomes, note);
    PQclear(rows);
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

static enum err read_together(struct event_log *log, struct str shop,
                              const struct str *customer_ids, uint32_t n, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    struct visitor to = { .self = visitor, .event = visit };
    pg_params_reset(&self->read_params);
    pg_add_text(&self->read_params, shop);
    struct out *ids = pg_add_texts(&self->read_params, n);
    for (uint32_t i = 0; i < n; i++)
        pg_element(ids, customer_ids[i]);
    pg_add_int(&self->read_params, READ_TOGETHER_EACH);
    return pg_db_each(self->reader, "read_together", &self->read_params, self->settings.read_ms,
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
    return pg_db_each(self->reader, "read_orders", &self->read_params,
                      SCAN * self->settings.read_ms, &to, visit_event, note);
}

/* Counts them, and where the last one stands. */
struct some {
    void *self;
    enum err (*visit)(void *self, const struct logged_event *event);
    uint64_t last;
    uint32_t n;
};

static enum err visit_some(void *self, const struct logged_event *event)
{
    struct some *some = self;
    some->last = event->position;
    some->n++;
    return some->visit(some->self, event);
}

/* So many at a time: there may be a year of them, and no statement takes long. */
static enum err read_outcomes(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    struct some some = { .self = visitor, .visit = visit, .last = after };
    struct visitor to = { .self = &some, .event = visit_some };
    do {
        some.n = 0;
        pg_params_reset(&self->read_params);
        pg_add_text(&self->read_params, shop);
        pg_add_int(&self->read_params, (int64_t) some.last);
        pg_add_int(&self->read_params, OUTCOMES_STEP);
        TRY(pg_db_each(self->reader, "read_outcomes", &self->read_params,
                       SCAN * self->settings.read_ms, &to, visit_event, note));
    } while (some.n == OUTCOMES_STEP);
    return OK;
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
    return pg_db_each(self->reader, "read_customers", &self->read_params,
                      SCAN_ALL * self->settings.read_ms, &to, visit_customer, note);
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

static enum err last_position(struct event_log *log, struct str shop, uint64_t *ret_position,
                              struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    PGresult *result = NULL;
    pg_params_reset(&self->read_params);
    pg_add_text(&self->read_params, shop);
    TRY(pg_db_run(self->reader, "last_position", &self->read_params, self->settings.read_ms,
                  &result, note));
    *ret_position = (uint64_t) pg_int_at(result, 0, 0);
    PQclear(result);
    return OK;
}

/* ── forgetting ──────────────────────────────────────────────────────────────────────────── */

static enum err forget_step(struct pg_event_log *self, bool *ret_more, struct err_note *note)
{
    PGresult *result = NULL;
    pg_params_reset(&self->read_params);
    pg_add_int(&self->read_params, self->heard_us);
    pg_add_int(&self->read_params, (int64_t) self->settings.retention_days * 86400 * 1000000);
    pg_add_int(&self->read_params, FORGET_BLOCKS);
    TRY(pg_db_run(self->writer, "forget_step", &self->read_params, self->settings.append_ms,
                  &result, note));
    *ret_more = pg_int_at(result, 0, 0) != 0;
    PQclear(result);
    return OK;
}

/* What failed is tried again later, and answered for until then. */
static enum err tend(struct event_log *log, void *unused,
                     void (*settled)(void *self, const struct event *event,
                                     const struct append_outcome *outcome),
                     struct err_note *note)
{
    struct pg_event_log *self = (struct pg_event_log *) log;
    bool more = false;
    (void) unused, (void) settled;
    if (self->settings.retention_days <= 0 || self->heard_us == 0)
        return OK;
    if (pg_now_us() >= self->forget_us && pg_db_hope(self->writer, NULL) == OK) {
        self->forgot = forget_step(self, &more, &self->why_not);
        self->forget_us =
            more ? 0 : pg_now_us() + (self->forgot == OK ? FORGET_PAUSE_US : FORGET_AGAIN_US);
    }
    return self->forgot == OK ? OK : err_fail(note, self->forgot, "%s", self->why_not.text);
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
        { "forget_step", SQL_FORGET_STEP },
    };
    static const struct pg_statement reading[] = {
        { "read_customer", SQL_READ_CUSTOMER }, { "read_orders", SQL_READ_ORDERS },
        { "read_outcomes", SQL_READ_OUTCOMES }, { "read_customers", SQL_READ_CUSTOMERS },
        { "read_budgets", SQL_READ_BUDGETS },   { "last_position", SQL_LAST_POSITION },
        { "read_together", SQL_READ_TOGETHER },
    };
    TRY(pg_settings_copy(settings, &self->settings));
    const struct pg_db_use to_write = { .statements = writing,
                                        .n_statements = sizeof writing / sizeof *writing,
                                        .statement_ms = self->settings.append_ms };
    const struct pg_db_use to_read = { .statements = reading,
                                       .n_statements = sizeof reading / sizeof *reading,
                                       .statement_ms = SCAN * self->settings.bulk_ms };
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
                                    .read_together = read_together,
                                    .read_orders = read_orders,
                                    .read_outcomes = read_outcomes,
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
