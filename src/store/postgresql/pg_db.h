/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "store/postgresql/pg_params.h"

/*
 * PostgreSQL database
 *
 * One connection, for one thread, made when it is needed and again after it was lost. No call
 * waits for the server longer than its bound, whether the server is gone, stopped or cut off: then
 * the connection is dropped and the answer is ERR_UNAVAILABLE. From there on calls answer so at
 * once, but for one attempt to connect after a pause (50 ms, doubling up to 1 s, jittered, until a
 * statement has succeeded); an attempt after a failure goes on beside the calls, each of which
 * gives it a few milliseconds.
 * ERR_UNAVAILABLE after sending leaves open whether the server has done it.
 *
 * ERR_INPUT: a value that PostgreSQL does not take; ERR_CORRUPT: it says its data is damaged;
 * ERR_UNAVAILABLE: everything else, also a missing table (pg_schema.h tells that at the start).
 * Neither the address' password nor values appear in notes. Statements are prepared for the
 * session: a pooler in front must keep a session (pgbouncer: pool_mode = session).
 */
struct pg_settings {
    const char *url;    /* postgresql://user@host:5432/name, or "host=… dbname=…"; copied */
    int connect_ms;     /* for a connection to be made; 0: 1000 */
    int append_ms;      /* for an append; 0: 1000 */
    int read_ms;        /* for the first rows of a reading, and for more of them; 0: 250 */
    int bulk_ms;        /* for a step of replacing a catalogue; 0: 120000 */
    int retention_days; /* events older than that are forgotten by whole months; 0: never */
};

/* A copy with its own url and the zeros replaced. Only url is heap; pg_settings_deinit frees it. */
MUST_CHECK enum err pg_settings_copy(const struct pg_settings *settings,
                                     struct pg_settings *ret_copy);
void pg_settings_deinit(struct pg_settings *settings);

struct pg_statement {
    const char *name, *sql; /* literals */
};

/* What a connection is for. */
struct pg_db_use {
    const struct pg_statement *statements; /* prepared with the connection; borrowed */
    int n_statements;
    int statement_ms;      /* after which the server itself gives a statement up */
    const char *listen[2]; /* "LISTEN channel", or NULL */
};

struct pg_db;

/*
 * ERR_INPUT when url is not an address, or has an option that libpq does not take. Does not
 * connect: the server may be away.
 */
MUST_CHECK enum err pg_db_new(const struct pg_settings *settings, const struct pg_db_use *use,
                              struct pg_db **ret_db, struct err_note *note);
struct pg_db *pg_db_free(struct pg_db *db); /* NULL in, NULL out */
DEFINE_AUTO(struct pg_db, pg_db_free)

int64_t pg_now_us(void); /* monotonic; what deadlines are told in */

/*
 * Connected, and not known to be broken. Every call below begins with it, so this is for work that
 * would be in vain without. Waits until @deadline_us for a first connection.
 */
MUST_CHECK enum err pg_db_ready(struct pg_db *db, int64_t deadline_us, struct err_note *note);

/* ERR_UNAVAILABLE while there is no use in asking. Never waits. */
MUST_CHECK enum err pg_db_hope(const struct pg_db *db, struct err_note *note);

/* A statement took its time and failed for @why: no hope for a pause, as after a loss. */
void pg_db_rest(struct pg_db *db, const struct err_note *why);

/*
 * The same for whoever looks in now and then: some milliseconds while a connection is being made.
 */
MUST_CHECK enum err pg_db_ready_now(struct pg_db *db, struct err_note *note);

/* Rises with every connection made: what was heard on an older one ends there. */
uint64_t pg_db_life(const struct pg_db *db);

/*
 * One statement: a prepared one's name, or SQL. @params may be NULL. *ret_result has all rows and
 * is the caller's (PQclear). The whole takes @bound_ms at most.
 */
MUST_CHECK enum err pg_db_run(struct pg_db *db, const char *name, struct pg_params *params,
                              int bound_ms, PGresult **ret_result, struct err_note *note);
MUST_CHECK enum err pg_db_ask(struct pg_db *db, const char *sql, struct pg_params *params,
                              int bound_ms, PGresult **ret_result, struct err_note *note);
/* Several statements without parameters and results, one transaction unless they say otherwise. */
MUST_CHECK enum err pg_db_exec(struct pg_db *db, const char *sql, int bound_ms,
                               struct err_note *note);

/*
 * Row by row, as they come; the server may keep silent for @bound_ms, as often as it goes on
 * after. Stops at the first answer other than OK and returns it; the visitor may not use @db.
 */
MUST_CHECK enum err pg_db_each(struct pg_db *db, const char *name, struct pg_params *params,
                               int bound_ms, void *self,
                               enum err (*visit)(void *self, const PGresult *row),
                               struct err_note *note);

/*
 * The two halves of each for whoever may not wait: post sends, collect visits what has come and
 * says whether that was all. Nothing else may be asked in between.
 */
MUST_CHECK enum err pg_db_post(struct pg_db *db, const char *name, struct pg_params *params,
                               struct err_note *note);
MUST_CHECK enum err pg_db_collect(struct pg_db *db, void *self,
                                  enum err (*visit)(void *self, const PGresult *row),
                                  bool *ret_done, struct err_note *note);

/*
 * A transaction of several calls. Until it ends (commit, or leave without its
 * changes; leave is harmless after commit) no call makes a new connection: what comes
 * after a loss must not be stored without what came before.
 */
MUST_CHECK enum err pg_db_begin(struct pg_db *db, const char *begin, int bound_ms,
                                struct err_note *note);
MUST_CHECK enum err pg_db_commit(struct pg_db *db, int bound_ms, struct err_note *note);
void pg_db_leave(struct pg_db *db);

/* COPY … FROM STDIN: begin, put the data in pieces of any size, end. @bound_ms as in each. */
MUST_CHECK enum err pg_db_copy_begin(struct pg_db *db, const char *sql, int bound_ms,
                                     struct err_note *note);
MUST_CHECK enum err pg_db_copy_put(struct pg_db *db, struct str data, int bound_ms,
                                   struct err_note *note);
MUST_CHECK enum err pg_db_copy_end(struct pg_db *db, int bound_ms, struct err_note *note);

/* A notification that has come, or NULL; the caller's (PQfreemem). Does not wait. */
PGnotify *pg_db_heard(struct pg_db *db);

/* The SQLSTATE of the last statement or connection that the server refused, "" for other failures. */
const char *pg_db_sqlstate(const struct pg_db *db);

int pg_db_fd(const struct pg_db *db); /* -1: not connected */

/* Ends the connection, as if it were lost, without a pause. */
void pg_db_drop(struct pg_db *db);
