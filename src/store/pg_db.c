/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How no call waits too long: libpq is only ever used in its non-blocking ways, and each wait is a
 * poll() with a deadline. A connection that missed one is closed, not asked to cancel: that would
 * be another wait. What the server still does with it is the caller's to allow for (events are
 * known by their ids).
 *
 *   AWAY ─ pause over ─► CONNECTING ─► SETTING_UP ─► READY       any failure: AWAY, longer pause
 *
 * Making a connection and using it stand in one file, a little over 400 lines, because every use
 * is also what finds out that a connection is lost.
 */
#include "store/pg_db.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/pg_queries.inc"

enum {
    CONNECT_MS = 1000,
    APPEND_MS = 1000,
    READ_MS = 250,
    BULK_MS = 60000,
    PAUSE_US = 50000, /* after a first failure; doubles */
    PAUSE_MAX_US = 1000000,
    PROBE_US = 10000,       /* what a call gives to an attempt that goes on beside it */
    ROWS_THROWN_AWAY = 500, /* of a reading that was stopped; with more the connection goes */
};

enum state { AWAY, CONNECTING, SETTING_UP, READY };

struct pg_db {
    struct pg_settings settings;
    struct pg_db_use use;
    PGconn *conn;
    enum state state;
    PostgresPollingStatusType polling;
    int64_t began_us, retry_us;
    unsigned failures;
    uint64_t life, chance;
    bool set_up_failed;
    char sqlstate[6];
    struct err_note why; /* of the last failure */
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t deadline_after(int bound_ms)
{
    return now_us() + (int64_t) bound_ms * 1000;
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
    db->state = AWAY;
}

/* Between half of @us and all of it, so that a fleet does not come back in step. */
static int64_t jittered(struct pg_db *db, int64_t us)
{
    db->chance ^= db->chance << 13;
    db->chance ^= db->chance >> 7;
    db->chance ^= db->chance << 17;
    return us / 2 + (int64_t) (db->chance % (uint64_t) (us / 2));
}

static enum err refuse(const struct pg_db *db, struct err_note *note)
{
    return err_fail(note, ERR_UNAVAILABLE, "%s", db->why.text);
}

/* Libpq's sentences end with a line break, and may be several. */
static void keep_reason(struct pg_db *db, const char *reason)
{
    int len = (int) strcspn(reason, "\n");
    snprintf(db->why.text, sizeof db->why.text, "database: %.*s", len, reason);
}

/* @reason NULL: libpq's. */
static enum err lost(struct pg_db *db, const char *reason, struct err_note *note)
{
    int64_t pause_us = PAUSE_US;
    for (unsigned i = 0; i < db->failures && pause_us < PAUSE_MAX_US; i++)
        pause_us *= 2;
    keep_reason(db, reason ? reason : PQerrorMessage(db->conn));
    close_link(db);
    db->failures++;
    db->retry_us = now_us() + jittered(db, pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US);
    return refuse(db, note);
}

void pg_db_drop(struct pg_db *db)
{
    close_link(db);
    db->retry_us = 0;
}

/* What a SQLSTATE means to the caller; true in *ret_lost: there is no use in this connection. */
static enum err meaning_of(const char *sqlstate, bool *ret_lost)
{
    static const char *const useless[] = { "57P01", "57P02", "57P03", "25006", "08" };
    *ret_lost = false;
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        *ret_lost |= strncmp(sqlstate, useless[i], strlen(useless[i])) == 0;
    if (strcmp(sqlstate, "XX001") == 0 || strcmp(sqlstate, "XX002") == 0)
        return ERR_CORRUPT;
    return strncmp(sqlstate, "22", 2) == 0 ? ERR_INPUT : ERR_UNAVAILABLE;
}

/* The server has refused a statement. Its sentence is told, its details (values) are not. */
static enum err refused(struct pg_db *db, const PGresult *result, struct err_note *note)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *sentence = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    bool useless;
    if (!sqlstate || PQstatus(db->conn) != CONNECTION_OK)
        return lost(db, sentence, note);
    snprintf(db->sqlstate, sizeof db->sqlstate, "%s", sqlstate);
    enum err err = meaning_of(sqlstate, &useless);
    if (useless)
        return lost(db, sentence, note);
    return err_fail(note, err, "database: %s (%s)", sentence ? sentence : "refused", sqlstate);
}

/* ── waiting ─────────────────────────────────────────────────────────────────────────────── */

/* What of @events has come by @deadline_us; 0: nothing. */
static short await(const struct pg_db *db, short events, int64_t deadline_us)
{
    for (;;) {
        struct pollfd waiting = { .fd = PQsocket(db->conn), .events = events };
        int64_t left_us = deadline_us - now_us();
        int n = poll(&waiting, 1, left_us > 0 ? (int) ((left_us + 999) / 1000) : 0);
        if (n > 0)
            return waiting.revents;
        if (n == 0 || errno != EINTR)
            return 0;
    }
}

/* Flushes and reads until PQgetResult does not block. */
static enum err settle(struct pg_db *db, int64_t deadline_us, struct err_note *note)
{
    for (;;) {
        int unsent = PQflush(db->conn);
        if (unsent < 0)
            return lost(db, NULL, note);
        if (!PQisBusy(db->conn))
            return OK;
        short come = await(db, (short) (POLLIN | (unsent ? POLLOUT : 0)), deadline_us);
        if (!come)
            return lost(db, "no answer in time", note);
        if ((come & ~POLLOUT) && !PQconsumeInput(db->conn))
            return lost(db, NULL, note);
    }
}

static enum err next(struct pg_db *db, int64_t deadline_us, PGresult **ret_result,
                     struct err_note *note)
{
    TRY(settle(db, deadline_us, note));
    *ret_result = PQgetResult(db->conn);
    return OK;
}

/* ── connecting ──────────────────────────────────────────────────────────────────────────── */

/* What stands before dbname the address may say otherwise; what stands after it is ours. */
static PGconn *start(const struct pg_db *db)
{
    char patience[16];
    snprintf(patience, sizeof patience, "%d", 2 * db->use.statement_ms);
    const char *const names[] = { "fallback_application_name",
                                  "keepalives_idle",
                                  "keepalives_interval",
                                  "keepalives_count",
                                  "tcp_user_timeout",
                                  "gssencmode",
                                  "dbname",
                                  "client_encoding",
                                  NULL };
    const char *const values[] = { "offerd",         "10",   "5", "3", patience, "disable",
                                   db->settings.url, "UTF8", NULL };
    return PQconnectStartParams(names, values, 1);
}

/* Libpq would print them. */
static void ignore_notice(void *unused, const char *message)
{
    (void) unused, (void) message;
}

static enum err begin(struct pg_db *db, struct err_note *note)
{
    db->began_us = now_us();
    if (db->began_us < db->retry_us)
        return refuse(db, note);
    db->conn = start(db);
    if (!db->conn)
        return ERR_NOMEM;
    PQsetNoticeProcessor(db->conn, ignore_notice, NULL);
    db->state = CONNECTING;
    db->polling = PGRES_POLLING_WRITING;
    return PQstatus(db->conn) == CONNECTION_BAD ? lost(db, NULL, note) : OK;
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

/* *ret_done false: not before @until_us. */
static enum err connect_on(struct pg_db *db, int64_t until_us, bool *ret_done,
                           struct err_note *note)
{
    short events = db->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    *ret_done = false;
    if (!await(db, events, until_us))
        return OK;
    db->polling = PQconnectPoll(db->conn);
    if (db->polling == PGRES_POLLING_FAILED)
        return lost(db, NULL, note);
    *ret_done = true;
    if (db->polling != PGRES_POLLING_OK)
        return OK;
    db->state = SETTING_UP;
    db->set_up_failed = false;
    return send_set_up(db) ? OK : lost(db, NULL, note);
}

static void look_at_set_up(struct pg_db *db, PGresult *result)
{
    ExecStatusType status = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
    if (status == PGRES_FATAL_ERROR && !db->set_up_failed) {
        keep_reason(db, PQresultErrorMessage(result));
        db->set_up_failed = true;
    }
    if (status == PGRES_PIPELINE_SYNC && !db->set_up_failed && PQexitPipelineMode(db->conn)) {
        db->state = READY;
        db->failures = 0;
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
        return lost(db, NULL, note);
    if (db->set_up_failed)
        return lost(db, db->why.text + strlen("database: "), note);
    if (*ret_done)
        return OK;
    short come = await(db, (short) (POLLIN | (unsent ? POLLOUT : 0)), until_us);
    *ret_done = come != 0;
    if ((come & ~POLLOUT) && !PQconsumeInput(db->conn))
        return lost(db, NULL, note);
    return OK;
}

static enum err advance(struct pg_db *db, int64_t until_us, struct err_note *note)
{
    if (db->state == AWAY)
        TRY(begin(db, note));
    int64_t end_us = db->began_us + (int64_t) db->settings.connect_ms * 1000;
    if (until_us > end_us)
        until_us = end_us;
    while (db->state != READY) {
        bool went_on;
        if (db->state == CONNECTING)
            TRY(connect_on(db, until_us, &went_on, note));
        else
            TRY(set_up_on(db, until_us, &went_on, note));
        if (!went_on && now_us() >= end_us)
            return lost(db, "no connection in time", note);
        if (!went_on)
            return err_fail(note, ERR_UNAVAILABLE, "database: a connection is being made");
    }
    return OK;
}

/* An idle connection that the server has closed meanwhile shows it here: no failure, just old. */
static void look_for_end(struct pg_db *db)
{
    for (int i = 0; i < 3 && await(db, POLLIN, 0); i++)
        if (!PQconsumeInput(db->conn) || PQstatus(db->conn) != CONNECTION_OK) {
            pg_db_drop(db);
            return;
        }
}

enum err pg_db_ready(struct pg_db *db, struct err_note *note)
{
    db->sqlstate[0] = '\0';
    if (db->state == READY)
        look_for_end(db);
    if (db->state == READY)
        return OK;
    return advance(db, db->failures ? now_us() + PROBE_US : deadline_after(db->settings.connect_ms),
                   note);
}

enum err pg_db_ready_now(struct pg_db *db, struct err_note *note)
{
    if (db->state == READY)
        look_for_end(db);
    return db->state == READY ? OK : advance(db, now_us() + PROBE_US, note);
}

/* ── statements ──────────────────────────────────────────────────────────────────────────── */

/* @sql NULL: the prepared statement @name. */
static enum err send(struct pg_db *db, const char *name, const char *sql, struct pg_params *params,
                     struct err_note *note)
{
    static const int binary[PG_PARAMS_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    struct pg_params none = { 0 };
    TRY(pg_db_ready(db, note));
    if (!params)
        params = &none;
    if (!pg_params_seal(params))
        return ERR_NOMEM;
    int sent = sql ? PQsendQueryParams(db->conn, sql, params->n, NULL, params->values,
                                       params->lengths, binary, 1)
                   : PQsendQueryPrepared(db->conn, name, params->n, params->values, params->lengths,
                                         binary, 1);
    return sent ? OK : lost(db, NULL, note);
}

/* The answers to what was sent, to the end; the last one with success is kept. */
static enum err gather(struct pg_db *db, int64_t deadline_us, PGresult **ret_result,
                       struct err_note *note)
{
    PGresult *kept = NULL, *result;
    enum err err = OK;
    for (;;) {
        enum err waited = next(db, deadline_us, &result, note);
        if (waited != OK)
            err = waited;
        if (waited != OK || !result)
            break;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            PQclear(kept);
            kept = result;
            continue;
        }
        if (err == OK)
            err = refused(db, result, note);
        PQclear(result);
        if (!db->conn)
            break;
    }
    if (err != OK || !ret_result || !kept) {
        PQclear(kept);
        return err != OK || !ret_result ? err : lost(db, "no result", note);
    }
    *ret_result = kept;
    return OK;
}

enum err pg_db_run(struct pg_db *db, const char *name, struct pg_params *params, int bound_ms,
                   PGresult **ret_result, struct err_note *note)
{
    TRY(send(db, name, NULL, params, note));
    return gather(db, deadline_after(bound_ms), ret_result, note);
}

enum err pg_db_ask(struct pg_db *db, const char *sql, struct pg_params *params, int bound_ms,
                   PGresult **ret_result, struct err_note *note)
{
    TRY(send(db, NULL, sql, params, note));
    return gather(db, deadline_after(bound_ms), ret_result, note);
}

enum err pg_db_exec(struct pg_db *db, const char *sql, int bound_ms, struct err_note *note)
{
    TRY(pg_db_ready(db, note));
    if (!PQsendQuery(db->conn, sql))
        return lost(db, NULL, note);
    return gather(db, deadline_after(bound_ms), NULL, note);
}

enum err pg_db_each(struct pg_db *db, const char *name, struct pg_params *params, int bound_ms,
                    void *self, enum err (*visit)(void *self, const PGresult *row),
                    struct err_note *note)
{
    enum err err = OK;
    int thrown_away = 0;
    TRY(send(db, name, NULL, params, note));
    if (!PQsetSingleRowMode(db->conn))
        return lost(db, NULL, note);
    for (PGresult *result; db->conn;) {
        TRY(next(db, deadline_after(bound_ms), &result, note));
        if (!result)
            break;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_SINGLE_TUPLE && err == OK)
            err = visit(self, result);
        else if (status == PGRES_SINGLE_TUPLE && ++thrown_away > ROWS_THROWN_AWAY)
            pg_db_drop(db);
        else if (status == PGRES_FATAL_ERROR && err == OK)
            err = refused(db, result, note);
        PQclear(result);
    }
    return err;
}

enum err pg_db_post(struct pg_db *db, const char *name, struct pg_params *params,
                    struct err_note *note)
{
    TRY(send(db, name, NULL, params, note));
    return PQsetSingleRowMode(db->conn) && PQflush(db->conn) >= 0 ? OK : lost(db, NULL, note);
}

enum err pg_db_collect(struct pg_db *db, void *self,
                       enum err (*visit)(void *self, const PGresult *row), bool *ret_done,
                       struct err_note *note)
{
    *ret_done = false;
    if (PQflush(db->conn) < 0 || !PQconsumeInput(db->conn))
        return lost(db, NULL, note);
    while (!*ret_done && !PQisBusy(db->conn)) {
        enum err err = OK;
        PGresult *result = PQgetResult(db->conn);
        *ret_done = result == NULL;
        if (result && PQresultStatus(result) == PGRES_SINGLE_TUPLE)
            err = visit(self, result);
        else if (result && PQresultStatus(result) == PGRES_FATAL_ERROR)
            err = refused(db, result, note);
        PQclear(result);
        if (err != OK && db->conn)
            pg_db_drop(db);
        TRY(err);
    }
    return OK;
}

/* ── COPY ────────────────────────────────────────────────────────────────────────────────── */

enum err pg_db_copy_begin(struct pg_db *db, const char *sql, int bound_ms, struct err_note *note)
{
    PGresult *result;
    TRY(pg_db_ready(db, note));
    if (!PQsendQuery(db->conn, sql))
        return lost(db, NULL, note);
    TRY(next(db, deadline_after(bound_ms), &result, note));
    enum err err = PQresultStatus(result) == PGRES_COPY_IN ? OK : refused(db, result, note);
    PQclear(result);
    if (err != OK && db->conn) {
        enum err more = gather(db, deadline_after(bound_ms), NULL, NULL);
        err = err == OK ? more : err;
    }
    return err;
}

enum err pg_db_copy_put(struct pg_db *db, struct str data, int bound_ms, struct err_note *note)
{
    if (db->state != READY)
        return refuse(db, note);
    if (PQputCopyData(db->conn, data.at, (int) data.len) < 0)
        return lost(db, NULL, note);
    for (int unsent; (unsent = PQflush(db->conn)) != 0;) {
        short come = unsent > 0 ? await(db, POLLIN | POLLOUT, deadline_after(bound_ms)) : 0;
        if (!come)
            return lost(db, unsent < 0 ? NULL : "no answer in time", note);
        if ((come & ~POLLOUT) && !PQconsumeInput(db->conn))
            return lost(db, NULL, note);
    }
    return OK;
}

enum err pg_db_copy_end(struct pg_db *db, int bound_ms, struct err_note *note)
{
    if (db->state != READY)
        return refuse(db, note);
    if (PQputCopyEnd(db->conn, NULL) < 0)
        return lost(db, NULL, note);
    return gather(db, deadline_after(bound_ms), NULL, note);
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

PGnotify *pg_db_heard(struct pg_db *db)
{
    return db->state == READY ? PQnotifies(db->conn) : NULL;
}

const char *pg_db_sqlstate(const struct pg_db *db)
{
    return db->sqlstate;
}

int pg_db_fd(const struct pg_db *db)
{
    return db->state == READY ? PQsocket(db->conn) : -1;
}

uint64_t pg_db_life(const struct pg_db *db)
{
    return db->life;
}

/* Libpq's own sentence would show the whole text, password and all. */
static enum err check_url(const char *url, struct err_note *note)
{
    bool is_uri = strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0;
    char *why = NULL;
    PQconninfoOption *options = is_uri || strchr(url, '=') ? PQconninfoParse(url, &why) : NULL;
    bool good = options != NULL;
    PQconninfoFree(options);
    PQfreemem(why);
    return good ? OK
                : err_fail(note, ERR_INPUT,
                           "database_url: not an address of PostgreSQL; "
                           "postgresql://USER@HOST:5432/NAME was expected");
}

enum err pg_db_new(const struct pg_settings *settings, const struct pg_db_use *use,
                   struct pg_db **ret_db, struct err_note *note)
{
    TRY(check_url(settings->url, note));
    AUTO(pg_db_free) struct pg_db *db = calloc(1, sizeof *db);
    if (!db)
        return ERR_NOMEM;
    TRY(pg_settings_copy(settings, &db->settings));
    db->use = *use;
    db->chance = ((uint64_t) now_us() ^ (uint64_t) (uintptr_t) db) | 1;
    *ret_db = MOVE(db);
    return OK;
}

struct pg_db *pg_db_free(struct pg_db *db)
{
    if (!db)
        return NULL;
    PQfinish(db->conn);
    pg_settings_deinit(&db->settings);
    free(db);
    return NULL;
}
