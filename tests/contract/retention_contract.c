/* SPDX-License-Identifier: Apache-2.0 */
/* How PostgreSQL's event log forgets: by whose clock, in what steps, and what is told when it cannot. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scratch_schema.h"
#include "shop/event.h"
#include "store/postgresql/pg_event_log.h"
#include "store/postgresql/pg_schema.h"
#include "suite.h"

#define LONG_AGO INT64_C(1479470400000000) /* 2016-11-18 */
#define DAY_US   INT64_C(86400000000)

enum { KEEP_DAYS = 40, MANY = 20000, STEPS_MAX = 200 };

static struct err_note note;

static struct event_log *open_log(void)
{
    const struct pg_settings settings = { .url = scratch_url(),
                                          .connect_ms = 20000,
                                          .append_ms = 20000,
                                          .read_ms = 20000,
                                          .retention_days = KEEP_DAYS };
    struct event_log *log = NULL;
    ck_assert_msg(pg_schema_migrate(&settings, NULL, NULL, &note) == OK, "%s", note.text);
    ck_assert_msg(pg_event_log_new(&settings, &log, &note) == OK, "%s", note.text);
    return log;
}

static void append(struct event_log *log, const char *id, int64_t received_us)
{
    const struct event event = { .event_id = str_of(id),
                                 .type = EVENT_FEEDBACK,
                                 .shop = STR("main"),
                                 .customer_id = str_of(id),
                                 .at_us = 1,
                                 .payload = STR("{}") };
    const struct event *batch[] = { &event };
    struct append_outcome outcome;
    ck_assert_msg(log->append(log, batch, 1, received_us, &outcome, &note) == OK, "%s", note.text);
}

static void nobody(void *self, const struct event *event, const struct append_outcome *outcome)
{
    (void) self, (void) event, (void) outcome;
}

static enum err tend(struct event_log *log)
{
    return log->tend(log, NULL, nobody, &note);
}

/* Until there is nothing left to do, which the table of places tells. */
static int tend_to_the_end(struct event_log *log)
{
    int steps = 0;
    do {
        ck_assert_msg(tend(log) == OK, "%s", note.text);
        ck_assert_int_lt(++steps, STEPS_MAX);
    } while (strcmp(scratch_sql("SELECT (count(*) FILTER (WHERE block IS NULL AND before_us > 0) "
                                "= 2)::text FROM forgetting"),
                    "true") != 0);
    return steps;
}

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ── whose clock ─────────────────────────────────────────────────────────────────────────── */

START_TEST(a_machine_whose_clock_is_years_ahead_forgets_nothing_that_is_new)
{
    struct event_log *log = open_log();
    append(log, "today", wall_us());
    append(log, "from the future", wall_us() + 3650 * DAY_US);

    for (int i = 0; i < 20; i++)
        ck_assert_msg(tend(log) == OK, "%s", note.text);

    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ', ' ORDER BY position) FROM events"),
                     "today, from the future");
    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM event_ids"), "2");
    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM customers"), "2");
    log->free(log);
}
END_TEST

START_TEST(a_machine_whose_clock_is_behind_forgets_by_its_own)
{
    struct event_log *log = open_log();
    append(log, "a", LONG_AGO);
    append(log, "b", LONG_AGO + 60 * DAY_US);

    tend_to_the_end(log);

    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ' ') FROM events"), "b");
    log->free(log);
}
END_TEST

/* What goes to standard error from here on; read by heard. */
static FILE *listen_in(void)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    return file;
}

static bool heard(FILE *file, const char *words)
{
    static char text[4096];
    rewind(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    return strstr(text, words);
}

START_TEST(a_clock_that_is_far_from_the_servers_is_told)
{
    struct event_log *log = open_log();
    FILE *told = listen_in();
    append(log, "a", wall_us());
    ck_assert(!heard(told, "clock"));

    append(log, "b", wall_us() + 3650 * DAY_US);

    ck_assert(heard(told, "s ahead of the database's"));
    append(log, "c", LONG_AGO);
    ck_assert(heard(told, "s behind the database's"));
    log->free(log);
}
END_TEST

/* ── in what steps ───────────────────────────────────────────────────────────────────────── */

START_TEST(ids_and_customers_go_some_blocks_at_a_time_and_those_who_came_back_stay)
{
    struct event_log *log = open_log();
    char sql[768];
    append(log, "first", LONG_AGO);
    snprintf(sql, sizeof sql,
             "INSERT INTO event_ids SELECT 'main', 'e' || n, n, %lld FROM generate_series(1, %d) n;"
             "INSERT INTO customers SELECT 'main', 'c' || n, n, %lld FROM generate_series(1, %d) n;"
             "UPDATE customers SET received_us = %lld WHERE position %% 100 = 0",
             (long long) LONG_AGO, MANY, (long long) LONG_AGO, MANY,
             (long long) (LONG_AGO + 60 * DAY_US));
    (void) scratch_sql(sql);
    append(log, "last", LONG_AGO + 60 * DAY_US);

    int steps = tend_to_the_end(log);

    ck_assert_int_ge(steps, 8); /* 150 blocks and more of each, 32 at a time */
    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ' ') FROM event_ids"), "last");
    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM customers"), "201");
    log->free(log);
}
END_TEST

START_TEST(the_next_month_is_looked_through_anew_and_the_same_one_is_not)
{
    struct event_log *log = open_log();
    append(log, "a", LONG_AGO);
    append(log, "b", LONG_AGO + 60 * DAY_US);
    tend_to_the_end(log);
    log->free(log);

    log = open_log(); /* another replica: nothing is left for it */
    append(log, "c", LONG_AGO + 60 * DAY_US);
    (void) scratch_sql("INSERT INTO event_ids VALUES ('main', 'old', 1, 5)");
    ck_assert_int_eq(tend(log), OK);
    ck_assert_int_eq(tend(log), OK);
    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM event_ids WHERE event_id = 'old'"), "1");
    log->free(log);

    log = open_log();
    append(log, "d", LONG_AGO + 120 * DAY_US);
    for (int i = 0; i < 20; i++)
        ck_assert_msg(tend(log) == OK, "%s", note.text);
    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ' ') FROM event_ids"), "d");
    log->free(log);
}
END_TEST

/* The row's new version is judged, not the one that was found. */
START_TEST(a_customer_who_comes_back_at_that_moment_is_kept)
{
    struct event_log *log = open_log();
    append(log, "c", LONG_AGO);
    append(log, "d", LONG_AGO);
    (void) scratch_sql(
        "INSERT INTO customers SELECT 'main', 'n' || n, n, 8000000000000000 "
        "FROM generate_series(1, 20000) n; ALTER FUNCTION forget_step SET lock_timeout = '10s';"
        "UPDATE forgetting SET before_us = 9000000000000000 WHERE what = 'event_ids'");
    PGconn *returning = PQconnectdb(scratch_url()), *forgetting = PQconnectdb(scratch_url());
    PQclear(PQexec(returning, "BEGIN"));
    PQclear(PQexec(returning, "UPDATE customers SET received_us = 8000000000000000 "
                              "WHERE customer_id = 'c'"));
    (void) scratch_sql("DROP TABLE events_2016_11");

    ck_assert(PQsendQuery(forgetting, "SELECT forget_step(1500000000000000, 0, 32)"));
    for (int i = 0;
         i < 1000 &&
         strcmp(scratch_sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), "0") == 0;)
        i++;
    PQclear(PQexec(returning, "COMMIT"));
    PGresult *step = PQgetResult(forgetting);

    ck_assert_msg(PQresultStatus(step) == PGRES_TUPLES_OK, "%s", PQerrorMessage(forgetting));
    ck_assert_str_eq(scratch_sql("SELECT string_agg(customer_id, ' ') FROM customers "
                                 "WHERE customer_id IN ('c', 'd')"),
                     "c");
    PQclear(step);
    PQfinish(forgetting);
    PQfinish(returning);
    log->free(log);
}
END_TEST

/* ── when it cannot ──────────────────────────────────────────────────────────────────────── */

START_TEST(a_month_that_somebody_reads_is_told_of_until_it_was_tried_again)
{
    struct event_log *log = open_log();
    append(log, "a", LONG_AGO);
    append(log, "b", LONG_AGO + 60 * DAY_US);
    PGconn *dump = PQconnectdb(scratch_url());
    PQclear(PQexec(dump, "BEGIN"));
    PQclear(PQexec(dump, "SELECT count(*) FROM events_2016_11"));

    ck_assert_int_eq(tend(log), ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(note.text, "55P03"));
    PQfinish(dump);
    note.text[0] = '\0';

    ck_assert_int_eq(tend(log), ERR_UNAVAILABLE); /* not tried again yet */
    ck_assert_ptr_nonnull(strstr(note.text, "55P03"));
    append(log, "c", LONG_AGO + 60 * DAY_US); /* and nothing else is held up by it */
    log->free(log);
}
END_TEST

START_TEST(forgetting_of_the_version_before_is_there_and_does_nothing)
{
    struct event_log *log = open_log();
    append(log, "a", LONG_AGO);

    ck_assert_str_eq(scratch_sql("SELECT forget_events(9000000000000000000, 1)"), "f");

    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM events"), "1");
    log->free(log);
}
END_TEST

/* ── patience ────────────────────────────────────────────────────────────────────────────── */

static enum err count_customer(void *self, struct str customer_id, uint64_t position)
{
    (void) customer_id, (void) position;
    ++*(int *) self;
    return OK;
}

START_TEST(all_customers_are_waited_for_longer_than_one)
{
    const struct pg_settings settings = {
        .url = scratch_url(), .connect_ms = 20000, .append_ms = 20000, .read_ms = 100
    };
    struct event_log *log = open_log(), *hasty = NULL;
    int n = 0;
    append(log, "a", LONG_AGO);
    ck_assert_int_eq(pg_event_log_new(&settings, &hasty, &note), OK);
    for (int i = 0; i < 100 && n == 0; i++) /* until it is connected */
        (void) hasty->read_customers(hasty, STR("main"), 0, &n, count_customer, &note);
    PGconn *holder = PQconnectdb(scratch_url());
    ck_assert(PQsendQuery(holder, "BEGIN; LOCK TABLE customers; SELECT pg_sleep(2); COMMIT"));
    while (strcmp(scratch_sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' "
                              "AND relation = 'customers'::regclass"),
                  "0") == 0)
        ;
    n = 0;

    enum err err = hasty->read_customers(hasty, STR("main"), 0, &n, count_customer, &note);

    ck_assert_msg(err == OK && n == 1, "%s", note.text);
    PQfinish(holder);
    hasty->free(hasty);
    log->free(log);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        a_machine_whose_clock_is_years_ahead_forgets_nothing_that_is_new,
        a_machine_whose_clock_is_behind_forgets_by_its_own,
        a_clock_that_is_far_from_the_servers_is_told,
        ids_and_customers_go_some_blocks_at_a_time_and_those_who_came_back_stay,
        the_next_month_is_looked_through_anew_and_the_same_one_is_not,
        a_customer_who_comes_back_at_that_moment_is_kept,
        a_month_that_somebody_reads_is_told_of_until_it_was_tried_again,
        forgetting_of_the_version_before_is_there_and_does_nothing,
        all_customers_are_waited_for_longer_than_one,
    };
    return scratch_main("contract/retention", all, sizeof all / sizeof *all);
}
