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

/* What a contract of PostgreSQL's alone has for main: each test in a schema of its own. */
static inline int scratch_main(const char *name, const TTest *const *all, size_t n)
{
    if (!scratch_database())
        return puts("1..0 # SKIP PostgreSQL is not installed") < 0;
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, scratch_make, scratch_drop);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tests, all[i]);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
