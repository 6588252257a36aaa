/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How no call waits too long: libpq is only ever used in its non-blocking ways, and each wait is a
 * poll() with a deadline. A connection that missed one is closed, not asked to cancel: that would
 * be another wait. What the server still does with it is the caller's to allow for (events are
 * known by their ids).
 *
 *   AWAY ─ pause over ─► RESOLVING ─► CONNECTING ─► SETTING_UP ─► READY    any failure: AWAY, longer pause
 */
#include "store/postgresql/pg_db.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/postgresql/pg_db_parts.h"
#include "store/postgresql/pg_queries.inc"

enum {
    CONNECT_MS = 1000,
    APPEND_MS = 1000,
    READ_MS = 250,
    BULK_MS = 120000,
    PAUSE_US = 50000, /* after a first failure; doubles */
    PAUSE_MAX_US = 1000000,
    PROBE_US = 10000, /* what a call gives to an attempt that goes on beside it */
};

int64_t pg_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ── settings ────────────────────────────────────────────────────────────────────────────── */

enum err pg_settings_copy(const struct pg_settings *settings, struct pg_settings *ret_copy)
{
    struct pg_settings copy = *settings;
    copy.url = strdup(settings->url);
    if (!copy.url)
        return ERR_NOMEM;
    copy.connect_ms = copy.connect_ms > 0 ? copy.connect_ms : CONNECT_MS;
    copy.append_ms = copy.append_ms > 0 ? copy.append_ms : APPEND_MS;
    copy.read_ms = copy.read_ms > 0 ? copy.read_ms : READ_MS;
    copy.bulk_ms = copy.bulk_ms > 0 ? copy.bulk_ms : BULK_MS;
    *ret_copy = copy;
    return OK;
}

void pg_settings_deinit(struct pg_settings *settings)
{
    free((char *) settings->url);
    settings->url = NULL;
}

/* ── failing ─────────────────────────────────────────────────────────────────────────────── */

static void close_link(struct pg_db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
    db->state = PG_AWAY;
}

/* Between half of @us and all of it, so that a fleet does not come back in step. */
static int64_t jittered(struct pg_db *db, int64_t us)
{
    db->chance ^= db->chance << 13;
    db->chance ^= db->chance >> 7;
    db->chance ^= db->chance << 17;
    return us / 2 + (int64_t) (db->chance % (uint64_t) (us / 2));
}

enum err pg_db_refuse(const struct pg_db *db, struct err_note *note)
{
    return err_fail(note, ERR_UNAVAILABLE, "%s", db->why.text);
}

/* Libpq's sentences end with a line break, and may be several. */
static void keep_reason(struct pg_db *db, const char *reason)
{
    int len = (int) strcspn(reason, "\n");
    snprintf(db->why.text, sizeof db->why.text, "database: %.*s", len, reason);
}

static void begin_pause(struct pg_db *db)
{
    int64_t pause_us = PAUSE_US;
    for (unsigned i = 0; i < db->failures && pause_us < PAUSE_MAX_US; i++)
        pause_us *= 2;
    db->failures++;
    db->retry_us = pg_now_us() + jittered(db, pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US);
}

enum err pg_db_lost(struct pg_db *db, const char *reason, struct err_note *note)
{
    keep_reason(db, reason ? reason : PQerrorMessage(db->conn));
    close_link(db);
    begin_pause(db);
    return pg_db_refuse(db, note);
}

void pg_db_rest(struct pg_db *db, const struct err_note *why)
{
    if (db->state != PG_READY)
        return; /* it was lost: the pause has begun */
    db->why = *why;
    begin_pause(db);
}

void pg_db_drop(struct pg_db *db)
{
    close_link(db);
    db->retry_us = 0;
}

/* ── waiting ─────────────────────────────────────────────────────────────────────────────── */

short pg_db_await(const struct pg_db *db, short events, int64_t deadline_us)
{
    for (;;) {
        struct pollfd waiting = { .fd = PQsocket(db->conn), .events = events };
        int64_t left_us = deadline_us - pg_now_us();
        int n = poll(&waiting, 1, left_us > 0 ? (int) ((left_us + 999) / 1000) : 0);
        if (n > 0)
            return waiting.revents;
        if (n == 0 || errno != EINTR)
            return 0;
    }
}

/* ── connecting ──────────────────────────────────────────────────────────────────────────── */

/* What the address may say otherwise. */
static PGconn *start(struct pg_db *db)
{
    static const char *const names[] = {
        "fallback_application_name", "keepalives_idle", "keepalives_interval",
        "keepalives_count",          "gssencmode",      "tcp_user_timeout"
    };
    const char *const values[] = { "offerd", "10", "5", "3", "disable", "10000" };
    return pg_address_connect(db->address, names, values, sizeof names / sizeof *names);
}

/* Libpq would print them. */
static void ignore_notice(void *unused, const char *message)
{
    (void) unused, (void) message;
}

static enum err begin(struct pg_db *db, struct err_note *note)
{
    db->began_us = pg_now_us();
    if (db->began_us < db->retry_us)
        return pg_db_refuse(db, note);
    db->state = PG_RESOLVING;
    return OK;
}

/* *ret_done false: not before @until_us. */
static enum err resolve_on(struct pg_db *db, int64_t until_us, bool *ret_done,
                           struct err_note *note)
{
    struct err_note why = { "" };
    enum err err = pg_address_resolve(db->address, until_us, ret_done, &why);
    if (err != OK)
        return err == ERR_UNAVAILABLE ? pg_db_lost(db, why.text, note) : err;
    if (!*ret_done)
        return OK;
    db->conn = start(db);
    if (!db->conn)
        return ERR_NOMEM;
    PQsetNoticeProcessor(db->conn, ignore_notice, NULL);
    PQsetErrorVerbosity(db->conn, PQERRORS_VERBOSE); /* for not_let_in */
    db->state = PG_CONNECTING;
    db->polling = PGRES_POLLING_WRITING;
    return PQstatus(db->conn) == CONNECTION_BAD ? pg_db_lost(db, NULL, note) : OK;
}

static void add_ms(struct pg_params *params, char text[16], int ms)
{
    snprintf(text, 16, "%d", ms);
    pg_add_text(params, str_of(text));
}

/* Session settings, statements and channels, all in one go. */
static bool send_set_up(struct pg_db *db)
{
    static const int binary[3] = { 1, 1, 1 };
    struct pg_params params = { 0 };
    char statement[16], lock[16], idle[16];
    add_ms(&params, statement, db->use.statement_ms);
    add_ms(&params, lock, db->use.statement_ms * 3 / 4);
    add_ms(&params, idle, db->use.statement_ms);
    bool sent = PQsetnonblocking(db->conn, 1) == 0 && PQenterPipelineMode(db->conn) &&
                PQsendQueryParams(db->conn, SQL_SESSION, params.n, NULL, params.values,
                                  params.lengths, binary, 1);
    for (int i = 0; i < db->use.n_statements && sent; i++)
        sent =
            PQsendPrepare(db->conn, db->use.statements[i].name, db->use.statements[i].sql, 0, NULL);
    for (int i = 0; i < 2 && sent; i++)
        sent = !db->use.listen[i] ||
               PQsendQueryParams(db->conn, db->use.listen[i], 0, NULL, NULL, NULL, NULL, 1);
    return sent && PQpipelineSync(db->conn);
}

/* In "… failed: FATAL:  28P01: password …", or NULL. */
static const char *find_sqlstate(const char *text)
{
    for (const char *at = text; (at = strstr(at, ":  ")) != NULL; at += 3)
        if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 &&
            strncmp(at + 8, ": ", 2) == 0)
            return at + 3;
    return NULL;
}

/* Of a connection that the server refuses libpq tells the SQLSTATE in its words only. */
static enum err not_let_in(struct pg_db *db, struct err_note *note)
{
    struct err_note why;
    const char *text = PQerrorMessage(db->conn), *code = find_sqlstate(text);
    int line = (int) strcspn(text, "\n");
    if (PQconnectionNeedsPassword(db->conn))
        snprintf(db->sqlstate, sizeof db->sqlstate, "28P01"); /* it was not asked for ours */
    if (!code || code - text > line)
        return pg_db_lost(db, NULL, note);
    snprintf(db->sqlstate, sizeof db->sqlstate, "%.5s", code);
    snprintf(why.text, sizeof why.text, "%.*s%.*s", (int) (code - text), text,
             (int) strcspn(code + 7, "\n"), code + 7);
    return pg_db_lost(db, why.text, note);
}

static enum err connect_on(struct pg_db *db, int64_t until_us, bool *ret_done,
                           struct err_note *note)
{
    short events = db->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    *ret_done = false;
    if (!pg_db_await(db, events, until_us))
        return OK;
    db->polling = PQconnectPoll(db->conn);
    if (db->polling == PGRES_POLLING_FAILED)
        return not_let_in(db, note);
    *ret_done = true;
    if (db->polling != PGRES_POLLING_OK)
        return OK;
    PQsetErrorVerbosity(db->conn, PQERRORS_DEFAULT);
    db->state = PG_SETTING_UP;
    db->set_up_failed = false;
    return send_set_up(db) ? OK : pg_db_lost(db, NULL, note);
}

static void look_at_set_up(struct pg_db *db, PGresult *result)
{
    ExecStatusType status = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
    if (status == PGRES_FATAL_ERROR && !db->set_up_failed) {
        keep_reason(db, PQresultErrorMessage(result));
        db->set_up_failed = true;
    }
    if (status == PGRES_PIPELINE_SYNC && !db->set_up_failed && PQexitPipelineMode(db->conn)) {
        db->state = PG_READY; /* whether it is of any use its first statement shows */
        db->life++;
    }
    PQclear(result);
}

static enum err set_up_on(struct pg_db *db, int64_t until_us, bool *ret_done, struct err_note *note)
{
    int unsent = PQflush(db->conn);
    *ret_done = unsent >= 0 && !PQisBusy(db->conn);
    if (*ret_done)
        look_at_set_up(db, PQgetResult(db->conn));
    if (unsent < 0 || PQstatus(db->conn) == CONNECTION_BAD)
        return pg_db_lost(db, NULL, note);
    if (db->set_up_failed)
        return pg_db_lost(db, db->why.text + strlen("database: "), note);
    if (*ret_done)
        return OK;
    short come = pg_db_await(db, (short) (POLLIN | (unsent ? POLLOUT : 0)), until_us);
    *ret_done = come != 0;
    if ((come & ~POLLOUT) && !PQconsumeInput(db->conn))
        return pg_db_lost(db, NULL, note);
    return OK;
}

static enum err advance(struct pg_db *db, int64_t until_us, struct err_note *note)
{
    if (db->state == PG_AWAY)
        TRY(begin(db, note));
    int64_t end_us = db->began_us + (int64_t) db->settings.connect_ms * 1000;
    if (until_us > end_us)
        until_us = end_us;
    while (db->state != PG_READY) {
        bool went_on;
        if (db->state == PG_RESOLVING)
            TRY(resolve_on(db, until_us, &went_on, note));
        else if (db->state == PG_CONNECTING)
            TRY(connect_on(db, until_us, &went_on, note));
        else
            TRY(set_up_on(db, until_us, &went_on, note));
        if (!went_on && pg_now_us() >= end_us)
            return pg_db_lost(db, "no connection in time", note);
        if (!went_on)
            return err_fail(note, ERR_UNAVAILABLE, "database: a connection is being made");
    }
    return OK;
}

/* An idle connection that the server has closed meanwhile shows it here: no failure, just old. */
static void look_for_end(struct pg_db *db)
{
    for (int i = 0; i < 3 && pg_db_await(db, POLLIN, 0); i++)
        if (!PQconsumeInput(db->conn) || PQstatus(db->conn) != CONNECTION_OK) {
            pg_db_drop(db);
            return;
        }
}

enum err pg_db_ready(struct pg_db *db, int64_t deadline_us, struct err_note *note)
{
    db->sqlstate[0] = '\0';
    if (db->state == PG_READY)
        look_for_end(db);
    if (db->state == PG_READY)
        return OK;
    if (db->in_transaction)
        return err_fail(note, ERR_UNAVAILABLE, "database: the connection was lost meanwhile");
    int64_t probe_us = pg_now_us() + PROBE_US;
    return advance(db, db->failures && probe_us < deadline_us ? probe_us : deadline_us, note);
}

enum err pg_db_hope(const struct pg_db *db, struct err_note *note)
{
    bool between = db->state == PG_AWAY || db->state == PG_READY;
    bool pausing = between && pg_now_us() < db->retry_us;
    return pausing ? pg_db_refuse(db, note) : OK;
}

enum err pg_db_ready_now(struct pg_db *db, struct err_note *note)
{
    if (db->state == PG_READY)
        look_for_end(db);
    return db->state == PG_READY ? OK : advance(db, pg_now_us() + PROBE_US, note);
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

int pg_db_fd(const struct pg_db *db)
{
    return db->state == PG_READY ? PQsocket(db->conn) : -1;
}

uint64_t pg_db_life(const struct pg_db *db)
{
    return db->life;
}

enum err pg_db_new(const struct pg_settings *settings, const struct pg_db_use *use,
                   struct pg_db **ret_db, struct err_note *note)
{
    AUTO(pg_db_free) struct pg_db *db = calloc(1, sizeof *db);
    if (!db)
        return ERR_NOMEM;
    TRY(pg_address_new(settings->url, &db->address, note));
    TRY(pg_settings_copy(settings, &db->settings));
    db->use = *use;
    db->chance = ((uint64_t) pg_now_us() ^ (uint64_t) (uintptr_t) db) | 1;
    *ret_db = MOVE(db);
    return OK;
}

struct pg_db *pg_db_free(struct pg_db *db)
{
    if (!db)
        return NULL;
    PQfinish(db->conn);
    pg_address_free(db->address);
    pg_settings_deinit(&db->settings);
    free(db);
    return NULL;
}
