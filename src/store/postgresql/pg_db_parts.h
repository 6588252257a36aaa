/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "store/postgresql/pg_address.h"
#include "store/postgresql/pg_db.h"

/*
 * What the two halves of pg_db.h share: pg_db.c makes connections and loses them, pg_statement.c
 * uses them. Nobody else looks in here.
 */
enum pg_state { PG_AWAY, PG_RESOLVING, PG_CONNECTING, PG_SETTING_UP, PG_READY };

struct pg_db {
    struct pg_settings settings;
    struct pg_db_use use;
    struct pg_address *address;
    PGconn *conn;
    enum pg_state state;
    PostgresPollingStatusType polling;
    int64_t began_us, retry_us;
    unsigned failures;
    uint64_t life, chance;
    bool set_up_failed;
    bool in_transaction; /* of several calls, on this connection or on one that was lost */
    char sqlstate[6];
    struct err_note why; /* of the last failure */
};

/* Closes the connection and begins a pause. @reason NULL: libpq's. Always ERR_UNAVAILABLE. */
MUST_CHECK enum err pg_db_lost(struct pg_db *db, const char *reason, struct err_note *note);

/* ERR_UNAVAILABLE for the reason of the last failure. */
MUST_CHECK enum err pg_db_refuse(const struct pg_db *db, struct err_note *note);

/* What of @events (poll) has come by @deadline_us; 0: nothing. */
short pg_db_await(const struct pg_db *db, short events, int64_t deadline_us);
