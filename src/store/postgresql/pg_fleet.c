/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A notification's payload is the shop and some marks, a line each ("main\n17 C1\n19 C2\n"): ids
 * hold no control characters. What is told is stored and notified in one transaction; LISTEN
 * comes before the marks are read, so each is heard, seen, or both.
 */
#include "store/postgresql/pg_fleet.h"

#include <stdlib.h>

#include "store/postgresql/pg_queries.inc"

enum {
    PAYLOAD_MAX = 7900, /* PostgreSQL's own limit is 7,999 */
    SIGN_OF_LIFE_US = 1000000,
};

struct pg_fleet {
    struct fleet fleet; /* first: a fleet is cast back to its adapter */
    struct pg_settings settings;
    struct pg_db *telling, *hearing;
    struct pg_params params;
    struct out payload;
    uint64_t life;    /* of the hearing connection that we know */
    bool is_complete; /* its marks were all read */
    bool is_asked;    /* an answer is awaited */
    bool is_changed;  /* the catalogue, and nobody was told yet */
    int64_t asked_us;
};

/* ── telling ─────────────────────────────────────────────────────────────────────────────── */

/* The payloads of @marks, into @array when it is given; how many they are. */
static uint32_t put_payloads(struct pg_fleet *self, struct str shop, const struct fleet_mark *marks,
                             uint32_t n, struct out *array)
{
    uint32_t payloads = 0;
    for (uint32_t i = 0; i < n;) {
        struct out *line = &self->payload;
        line->len = 0;
        out_text(line, shop);
        out_char(line, '\n');
        do {
            out_int(line, (int64_t) marks[i].position);
            out_char(line, ' ');
            out_text(line, marks[i].customer_id);
            out_char(line, '\n');
            i++;
        } while (i < n && line->len + marks[i].customer_id.len + 24 < PAYLOAD_MAX);
        if (array)
            pg_element(array, out_str(line));
        payloads++;
    }
    return payloads;
}

static void add_marks(struct pg_params *params, struct str shop, const struct fleet_mark *marks,
                      uint32_t n)
{
    pg_params_reset(params);
    pg_add_text(params, shop);
    struct out *array = pg_add_texts(params, n);
    for (uint32_t i = 0; i < n; i++)
        pg_element(array, marks[i].customer_id);
    array = pg_add_ints(params, n);
    for (uint32_t i = 0; i < n; i++)
        pg_element_int(array, (int64_t) marks[i].position);
}

static enum err run(struct pg_fleet *self, const char *name, struct err_note *note)
{
    PGresult *result = NULL;
    if (self->payload.failed)
        return ERR_NOMEM;
    struct err_note why = { "" };
    enum err err =
        pg_db_run(self->telling, name, &self->params, self->settings.append_ms, &result, &why);
    PQclear(result);
    if (err == ERR_UNAVAILABLE) /* rows that are locked, say: events wait behind us */
        pg_db_rest(self->telling, &why);
    return err == OK ? OK : err_fail(note, err, "%s", why.text);
}

static enum err tell(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                     uint32_t n, struct err_note *note)
{
    struct pg_fleet *self = (struct pg_fleet *) fleet;
    if (n == 0)
        return OK;
    TRY(pg_db_hope(self->telling, note));
    add_marks(&self->params, shop, marks, n);
    struct out *array = pg_add_texts(&self->params, put_payloads(self, shop, marks, n, NULL));
    put_payloads(self, shop, marks, n, array);
    return run(self, "tell_marks", note);
}

static enum err settle(struct fleet *fleet, struct str shop, const struct fleet_mark *marks,
                       uint32_t n, struct err_note *note)
{
    struct pg_fleet *self = (struct pg_fleet *) fleet;
    if (n == 0)
        return OK;
    TRY(pg_db_hope(self->telling, note));
    add_marks(&self->params, shop, marks, n);
    return run(self, "settle_marks", note);
}

/* ── hearing ─────────────────────────────────────────────────────────────────────────────── */

struct visitor {
    void *self;
    void (*visit)(void *self, const struct fleet_mark *mark);
    bool is_answered; /* a row has come */
};

static void visit_payload(const struct visitor *to, struct str shop, struct str payload)
{
    if (!str_eq(str_cut(&payload, '\n'), shop))
        return;
    while (payload.len > 0) {
        struct str customer_id = str_cut(&payload, '\n');
        int64_t position;
        if (str_to_int64(str_cut(&customer_id, ' '), &position) && position >= 0)
            to->visit(to->self, &(struct fleet_mark){ customer_id, (uint64_t) position });
    }
}

static enum err visit_row(void *self, const PGresult *row)
{
    struct visitor *to = self;
    to->is_answered = true;
    if (PQnfields(row) == 2) /* a mark; else a sign of life */
        to->visit(to->self,
                  &(struct fleet_mark){ pg_str_at(row, 0, 0), (uint64_t) pg_int_at(row, 0, 1) });
    return OK;
}

/* Asks for what is due: all marks on a new connection, a sign of life on an old one. */
static enum err ask(struct pg_fleet *self, struct str shop, struct err_note *note)
{
    const char *name = self->is_complete ? "sign_of_life" : "read_marks";
    if (self->is_complete && pg_now_us() - self->asked_us < SIGN_OF_LIFE_US)
        return OK;
    pg_params_reset(&self->params);
    if (!self->is_complete)
        pg_add_text(&self->params, shop);
    TRY(pg_db_post(self->hearing, name, &self->params, note));
    self->is_asked = true;
    self->asked_us = pg_now_us();
    return OK;
}

/* What has come of the answer. A million marks take their time: silence counts, not length. */
static enum err take_answer(struct pg_fleet *self, struct visitor *to, struct err_note *note)
{
    bool done;
    TRY(pg_db_collect(self->hearing, to, visit_row, &done, note));
    if (done) {
        self->is_asked = false;
        self->is_complete = true;
    } else if (to->is_answered) {
        self->asked_us = pg_now_us();
    } else if (pg_now_us() - self->asked_us > (int64_t) self->settings.read_ms * 1000) {
        pg_db_drop(self->hearing);
        return err_fail(note, ERR_UNAVAILABLE, "database: no answer in time");
    }
    return OK;
}

static enum err hear(struct fleet *fleet, struct str shop, void *visitor,
                     void (*visit)(void *self, const struct fleet_mark *mark),
                     bool *ret_catalog_changed, struct err_note *note)
{
    struct pg_fleet *self = (struct pg_fleet *) fleet;
    struct visitor to = { visitor, visit, false };
    TRY(pg_db_ready_now(self->hearing, note));
    if (self->life != pg_db_life(self->hearing)) {
        self->life = pg_db_life(self->hearing);
        self->is_complete = self->is_asked = false;
        self->is_changed = true;
    }
    if (!self->is_asked)
        TRY(ask(self, shop, note));
    if (self->is_asked)
        TRY(take_answer(self, &to, note));
    for (PGnotify *heard; (heard = pg_db_heard(self->hearing)) != NULL; PQfreemem(heard))
        if (strcmp(heard->relname, "offerd_marks") == 0)
            visit_payload(&to, shop, str_of(heard->extra));
        else
            self->is_changed |= str_is(shop, heard->extra);
    if (!self->is_complete)
        return err_fail(note, ERR_UNAVAILABLE, "database: marks are being read");
    *ret_catalog_changed = self->is_changed;
    self->is_changed = false;
    return OK;
}

static int fd_of(struct fleet *fleet)
{
    return pg_db_fd(((struct pg_fleet *) fleet)->hearing);
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static void close_fleet(struct fleet *fleet)
{
    struct pg_fleet *self = (struct pg_fleet *) fleet;
    if (!self)
        return;
    pg_db_free(self->telling);
    pg_db_free(self->hearing);
    pg_params_deinit(&self->params);
    pg_settings_deinit(&self->settings);
    out_deinit(&self->payload);
    free(self);
}

static enum err open_both(struct pg_fleet *self, const struct pg_settings *settings,
                          struct err_note *note)
{
    static const struct pg_statement telling[] = {
        { "tell_marks", SQL_TELL_MARKS },
        { "settle_marks", SQL_SETTLE_MARKS },
    };
    static const struct pg_statement hearing[] = {
        { "read_marks", SQL_READ_MARKS },
        { "sign_of_life", SQL_SIGN_OF_LIFE },
    };
    TRY(pg_settings_copy(settings, &self->settings));
    const struct pg_db_use to_tell = { .statements = telling,
                                       .n_statements = 2,
                                       .statement_ms = self->settings.append_ms };
    const struct pg_db_use to_hear = { .statements = hearing,
                                       .n_statements = 2,
                                       .statement_ms = self->settings.bulk_ms,
                                       .listen = { "LISTEN offerd_marks",
                                                   "LISTEN offerd_catalog" } };
    TRY(pg_db_new(&self->settings, &to_tell, &self->telling, note));
    return pg_db_new(&self->settings, &to_hear, &self->hearing, note);
}

enum err pg_fleet_new(const struct pg_settings *settings, struct fleet **ret_fleet,
                      struct err_note *note)
{
    struct pg_fleet *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->fleet = (struct fleet){ tell, hear, settle, fd_of, close_fleet };
    pg_params_init(&self->params);
    out_init(&self->payload, NULL, 1024);
    enum err err = open_both(self, settings, note);
    if (err != OK) {
        close_fleet(&self->fleet);
        return err;
    }
    *ret_fleet = &self->fleet;
    return OK;
}
