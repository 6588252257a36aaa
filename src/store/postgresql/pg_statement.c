/* SPDX-License-Identifier: Apache-2.0 */
/* Using a connection: statements, rows as they come, COPY. See pg_db.h. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "store/postgresql/pg_db.h"
#include "store/postgresql/pg_db_parts.h"

enum {
    ROWS_THROWN_AWAY = 500, /* of a reading that was stopped; with more the connection goes */
    TLS_SLICE_US = 5000,
};

static int64_t deadline_after(int bound_ms)
{
    return pg_now_us() + (int64_t) bound_ms * 1000;
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
        return pg_db_lost(db, sentence, note);
    snprintf(db->sqlstate, sizeof db->sqlstate, "%s", sqlstate);
    enum err err = meaning_of(sqlstate, &useless);
    if (useless)
        return pg_db_lost(db, sentence, note);
    return err_fail(note, err, "database: %s (%s)", sentence ? sentence : "refused", sqlstate);
}

/* ── answers ─────────────────────────────────────────────────────────────────────────────── */

/*
 * Waits for the server until @deadline_us at most. Through TLS a wait is cut into short ones: bytes
 * that were decrypted already make no socket readable.
 */
static enum err wait_for_more(struct pg_db *db, bool unsent, int64_t deadline_us,
                              struct err_note *note)
{
    bool tls = PQsslInUse(db->conn) != 0;
    int64_t until_us = pg_now_us() + TLS_SLICE_US;
    if (!tls || until_us > deadline_us)
        until_us = deadline_us;
    short come = pg_db_await(db, (short) (POLLIN | (unsent ? POLLOUT : 0)), until_us);
    if (!come && until_us == deadline_us)
        return pg_db_lost(db, "no answer in time", note);
    if ((tls || (come & ~POLLOUT)) && !PQconsumeInput(db->conn))
        return pg_db_lost(db, NULL, note);
    return OK;
}

/* Flushes and reads until PQgetResult does not block. */
static enum err settle(struct pg_db *db, int64_t deadline_us, struct err_note *note)
{
    for (;;) {
        int unsent = PQflush(db->conn);
        if (unsent < 0)
            return pg_db_lost(db, NULL, note);
        if (!PQisBusy(db->conn))
            return OK;
        TRY(wait_for_more(db, unsent > 0, deadline_us, note));
    }
}

static enum err next(struct pg_db *db, int64_t deadline_us, PGresult **ret_result,
                     struct err_note *note)
{
    TRY(settle(db, deadline_us, note));
    *ret_result = PQgetResult(db->conn);
    return OK;
}

/* ── statements ──────────────────────────────────────────────────────────────────────────── */

/* @sql NULL: the prepared statement @name. */
static enum err send(struct pg_db *db, const char *name, const char *sql, struct pg_params *params,
                     int64_t deadline_us, struct err_note *note)
{
    static const int binary[PG_PARAMS_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    struct pg_params none = { 0 };
    TRY(pg_db_ready(db, deadline_us, note));
    if (!params)
        params = &none;
    if (!pg_params_seal(params))
        return ERR_NOMEM;
    int sent = sql ? PQsendQueryParams(db->conn, sql, params->n, NULL, params->values,
                                       params->lengths, binary, 1)
                   : PQsendQueryPrepared(db->conn, name, params->n, params->values, params->lengths,
                                         binary, 1);
    return sent ? OK : pg_db_lost(db, NULL, note);
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
    if (err == OK)
        db->failures = 0; /* committed as well, unless it is part of a transaction */
    if (err != OK || !ret_result || !kept) {
        PQclear(kept);
        return err != OK || !ret_result ? err : pg_db_lost(db, "no result", note);
    }
    *ret_result = kept;
    return OK;
}

enum err pg_db_run(struct pg_db *db, const char *name, struct pg_params *params, int bound_ms,
                   PGresult **ret_result, struct err_note *note)
{
    int64_t deadline_us = deadline_after(bound_ms);
    TRY(send(db, name, NULL, params, deadline_us, note));
    return gather(db, deadline_us, ret_result, note);
}

enum err pg_db_ask(struct pg_db *db, const char *sql, struct pg_params *params, int bound_ms,
                   PGresult **ret_result, struct err_note *note)
{
    int64_t deadline_us = deadline_after(bound_ms);
    TRY(send(db, NULL, sql, params, deadline_us, note));
    return gather(db, deadline_us, ret_result, note);
}

enum err pg_db_exec(struct pg_db *db, const char *sql, int bound_ms, struct err_note *note)
{
    int64_t deadline_us = deadline_after(bound_ms);
    TRY(pg_db_ready(db, deadline_us, note));
    if (!PQsendQuery(db->conn, sql))
        return pg_db_lost(db, NULL, note);
    return gather(db, deadline_us, NULL, note);
}

enum err pg_db_each(struct pg_db *db, const char *name, struct pg_params *params, int bound_ms,
                    void *self, enum err (*visit)(void *self, const PGresult *row),
                    struct err_note *note)
{
    enum err err = OK;
    int thrown_away = 0;
    TRY(send(db, name, NULL, params, deadline_after(bound_ms), note));
    if (!PQsetSingleRowMode(db->conn))
        return pg_db_lost(db, NULL, note);
    for (PGresult *result; db->conn;) {
        TRY(next(db, deadline_after(bound_ms), &result, note));
        if (!result)
            break;
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_FATAL_ERROR)
            db->failures = 0;
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
    TRY(send(db, name, NULL, params, pg_now_us(), note));
    return PQsetSingleRowMode(db->conn) && PQflush(db->conn) >= 0 ? OK : pg_db_lost(db, NULL, note);
}

enum err pg_db_collect(struct pg_db *db, void *self,
                       enum err (*visit)(void *self, const PGresult *row), bool *ret_done,
                       struct err_note *note)
{
    *ret_done = false;
    if (PQflush(db->conn) < 0 || !PQconsumeInput(db->conn))
        return pg_db_lost(db, NULL, note);
    while (!*ret_done && !PQisBusy(db->conn)) {
        enum err err = OK;
        PGresult *result = PQgetResult(db->conn);
        *ret_done = result == NULL;
        if (result && PQresultStatus(result) != PGRES_FATAL_ERROR)
            db->failures = 0;
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

/* ── transactions ────────────────────────────────────────────────────────────────────────── */

enum err pg_db_begin(struct pg_db *db, const char *begin, int bound_ms, struct err_note *note)
{
    pg_db_leave(db);
    TRY(pg_db_exec(db, begin, bound_ms, note));
    db->in_transaction = true;
    return OK;
}

enum err pg_db_commit(struct pg_db *db, int bound_ms, struct err_note *note)
{
    TRY(pg_db_exec(db, "COMMIT", bound_ms, note));
    db->in_transaction = false;
    return OK;
}

/* The connection goes with its changes: anything else would be another wait. */
void pg_db_leave(struct pg_db *db)
{
    if (db->in_transaction && db->conn)
        pg_db_drop(db);
    db->in_transaction = false;
}

/* ── COPY ────────────────────────────────────────────────────────────────────────────────── */

enum err pg_db_copy_begin(struct pg_db *db, const char *sql, int bound_ms, struct err_note *note)
{
    PGresult *result;
    TRY(pg_db_ready(db, deadline_after(bound_ms), note));
    if (!PQsendQuery(db->conn, sql))
        return pg_db_lost(db, NULL, note);
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
    if (db->state != PG_READY)
        return pg_db_refuse(db, note);
    if (PQputCopyData(db->conn, data.at, (int) data.len) <= 0)
        return pg_db_lost(db, NULL, note);
    for (int unsent; (unsent = PQflush(db->conn)) != 0;) {
        short come = unsent > 0 ? pg_db_await(db, POLLIN | POLLOUT, deadline_after(bound_ms)) : 0;
        if (!come)
            return pg_db_lost(db, unsent < 0 ? NULL : "no answer in time", note);
        if ((come & ~POLLOUT) && !PQconsumeInput(db->conn))
            return pg_db_lost(db, NULL, note);
    }
    return OK;
}

enum err pg_db_copy_end(struct pg_db *db, int bound_ms, struct err_note *note)
{
    if (db->state != PG_READY)
        return pg_db_refuse(db, note);
    if (PQputCopyEnd(db->conn, NULL) < 0)
        return pg_db_lost(db, NULL, note);
    return gather(db, deadline_after(bound_ms), NULL, note);
}

/* ── besides ─────────────────────────────────────────────────────────────────────────────── */

PGnotify *pg_db_heard(struct pg_db *db)
{
    return db->state == PG_READY ? PQnotifies(db->conn) : NULL;
}

const char *pg_db_sqlstate(const struct pg_db *db)
{
    return db->sqlstate;
}
