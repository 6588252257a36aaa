/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A PostgreSQL schema of its own for each test, in the database that OFFERD_TEST_DATABASE_URL
 * names (see servers.py); empty, and dropped with what is in it. For tests that run one at a time.
 */
static inline const char *scratch_database(void) /* NULL: leave the test out */
{
    return getenv("OFFERD_TEST_DATABASE_URL");
}

/* An address whose unqualified names are the schema's. */
static inline const char *scratch_url(void)
{
    static _Thread_local char url[512];
    snprintf(url, sizeof url, "%s?options=-csearch_path%%3Dscratch_%ld", scratch_database(),
             (long) getpid());
    return url;
}

/* Runs @sql as the schema's owner; the first value it answers with, or "". */
static inline const char *scratch_sql(const char *sql)
{
    static char value[4096];
    PGconn *conn = PQconnectdb(scratch_url());
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    PQsetErrorVerbosity(conn, PQERRORS_TERSE);
    PGresult *result = PQexec(conn, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK ||
                      PQresultStatus(result) == PGRES_COMMAND_OK,
                  "%s", PQerrorMessage(conn));
    snprintf(value, sizeof value, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return value;
}

static inline void scratch_make(void)
{
    char sql[128];
    snprintf(sql, sizeof sql, "CREATE SCHEMA scratch_%ld", (long) getpid());
    (void) scratch_sql(sql);
}

static inline void scratch_drop(void)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SET client_min_messages = error; DROP SCHEMA scratch_%ld CASCADE",
             (long) getpid());
    (void) scratch_sql(sql);
}
