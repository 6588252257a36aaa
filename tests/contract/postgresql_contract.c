/* SPDX-License-Identifier: Apache-2.0 */
/* What only PostgreSQL's stores promise: schema, partitions, forgetting, bounds, many appenders. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scratch_schema.h"
#include "shop/event.h"
#include "store/postgresql/pg_event_log.h"
#include "store/postgresql/pg_schema.h"
#include "suite.h"

#define NOVEMBER INT64_C(1795000000000000) /* 2026-11-18 */
#define LONG_AGO INT64_C(1479470400000000) /* 2016-11-18 */
#define DAY_US   INT64_C(86400000000)

enum { BOUND_MS = 400, SLACK_MS = 10000 };

static struct err_note note;

static struct pg_settings patient(void)
{
    return (struct pg_settings){
        .url = scratch_url(), .connect_ms = 20000, .append_ms = 20000, .read_ms = 20000
    };
}

static struct event_log *open_log(const struct pg_settings *settings)
{
    struct event_log *log = NULL;
    struct pg_settings migrating = patient();
    ck_assert_msg(pg_schema_migrate(&migrating, NULL, NULL, &note) == OK, "%s", note.text);
    ck_assert_msg(pg_event_log_new(settings, &log, &note) == OK, "%s", note.text);
    return log;
}

static struct event event_of(const char *id, const char *customer)
{
    return (struct event){ .event_id = str_of(id),
                           .type = EVENT_ORDER_PLACED,
                           .shop = STR("main"),
                           .customer_id = str_of(customer),
                           .at_us = 1,
                           .payload = STR("{}") };
}

static enum err try_append(struct event_log *log, const char *id, const char *customer,
                           int64_t received_us, struct append_outcome *ret_outcome)
{
    struct event event = event_of(id, customer);
    const struct event *batch[] = { &event };
    return log->append(log, batch, 1, received_us, ret_outcome, &note);
}

static struct append_outcome append(struct event_log *log, const char *id, const char *customer,
                                    int64_t received_us)
{
    struct append_outcome outcome = { APPEND_REFUSED };
    ck_assert_msg(try_append(log, id, customer, received_us, &outcome) == OK, "%s", note.text);
    return outcome;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* By a log whose bound is short: on a busy machine one attempt may not do. */
static void append_in_the_end(struct event_log *log, const char *id)
{
    struct append_outcome outcome;
    enum err err = ERR_UNAVAILABLE;
    for (int64_t end = now_ms() + SLACK_MS; err == ERR_UNAVAILABLE && now_ms() < end;)
        err = try_append(log, id, "c", NOVEMBER, &outcome);
    ck_assert_msg(err == OK, "%s", note.text);
}

/* ── schema ──────────────────────────────────────────────────────────────────────────────── */

START_TEST(every_table_and_column_has_a_comment)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", NOVEMBER); /* with a month's partition */

    ck_assert_str_eq(
        scratch_sql("SELECT string_agg(c.relname, ' ') FROM pg_class c "
                    "WHERE c.relnamespace = current_schema()::regnamespace "
                    "AND c.relkind IN ('r', 'p') AND obj_description(c.oid, 'pg_class') IS NULL"),
        "");
    ck_assert_str_eq(
        scratch_sql("SELECT string_agg(c.relname || '.' || a.attname, ' ') FROM pg_class c "
                    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
                    "WHERE c.relnamespace = current_schema()::regnamespace "
                    "AND c.relkind IN ('r', 'p') AND NOT a.attisdropped "
                    "AND col_description(c.oid, a.attnum) IS NULL"),
        "");
    ck_assert_str_eq(scratch_sql("SELECT (count(*) >= 9)::text FROM pg_class "
                                 "WHERE relnamespace = current_schema()::regnamespace "
                                 "AND relkind IN ('r', 'p')"),
                     "true");
    log->free(log);
}
END_TEST

START_TEST(says_what_to_do_about_a_schema_that_is_not_there_older_or_newer)
{
    const struct pg_settings settings = patient();
    int version = 99;
    ck_assert_int_eq(pg_schema_check(&settings, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "run `offerd migrate`"));
    ck_assert_int_eq(pg_schema_version(&settings, &version, &note), OK);
    ck_assert_int_eq(version, 0);

    ck_assert_msg(pg_schema_migrate(&settings, NULL, NULL, &note) == OK, "%s", note.text);
    ck_assert_int_eq(pg_schema_check(&settings, &note), OK);

    (void) scratch_sql("INSERT INTO schema_versions (version, name) VALUES (9999, 'x')");
    ck_assert_int_eq(pg_schema_check(&settings, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "newer offerd"));
    ck_assert_int_eq(pg_schema_migrate(&settings, NULL, NULL, &note), ERR_INPUT);
    (void) scratch_sql("DELETE FROM schema_versions");
    ck_assert_int_eq(pg_schema_check(&settings, &note), ERR_INPUT);
}
END_TEST

static void count_run(void *self, int version)
{
    ck_assert_str_ne(pg_schema_name(version), "");
    ++*(int *) self;
}

START_TEST(migrating_again_does_nothing)
{
    const struct pg_settings settings = patient();
    int ran = 0;
    ck_assert_int_eq(pg_schema_migrate(&settings, &ran, count_run, &note), OK);
    ck_assert_int_eq(ran, pg_schema_known());

    ck_assert_int_eq(pg_schema_migrate(&settings, &ran, count_run, &note), OK);

    ck_assert_int_eq(ran, pg_schema_known());
}
END_TEST

START_TEST(without_its_schema_a_log_is_unavailable_until_it_is_there)
{
    struct pg_settings settings = patient();
    struct event_log *log = NULL;
    struct append_outcome outcome;
    ck_assert_int_eq(pg_event_log_new(&settings, &log, &note), OK);
    ck_assert_int_eq(try_append(log, "a", "c", 1, &outcome), ERR_UNAVAILABLE);

    ck_assert_int_eq(pg_schema_migrate(&settings, NULL, NULL, &note), OK);

    enum err err = ERR_UNAVAILABLE;
    for (int64_t end = now_ms() + SLACK_MS; err == ERR_UNAVAILABLE && now_ms() < end;)
        err = try_append(log, "a", "c", 1, &outcome);
    ck_assert_msg(err == OK, "%s", note.text);
    log->free(log);
}
END_TEST

/* ── partitions ──────────────────────────────────────────────────────────────────────────── */

START_TEST(each_month_has_a_partition_made_when_it_is_needed)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", NOVEMBER);
    append(log, "b", "c", NOVEMBER + 90 * DAY_US);
    append(log, "c", "c", NOVEMBER); /* a clock that was set back */
    append(log, "d", "c", 0);

    ck_assert_str_eq(scratch_sql("SELECT string_agg(tableoid::regclass || '=' || event_id, ' ' "
                                 "ORDER BY event_id) FROM events"),
                     "events_2026_11=a events_2027_02=b events_2026_11=c events_1970_01=d");
    log->free(log);
}
END_TEST

START_TEST(a_partition_that_is_missing_after_all_is_made_and_the_batch_stored)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", NOVEMBER);
    (void) scratch_sql("DROP TABLE events_2026_11");

    struct append_outcome outcome = append(log, "b", "c", NOVEMBER);

    ck_assert_int_eq(outcome.result, APPEND_ACCEPTED);
    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ' ') FROM events"), "b");
    log->free(log);
}
END_TEST

START_TEST(the_next_months_partition_is_made_a_week_ahead)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", NOVEMBER + 7 * DAY_US); /* the 25th */

    ck_assert_str_eq(scratch_sql("SELECT to_regclass('events_2026_12')::text"), "events_2026_12");
    log->free(log);
}
END_TEST

static void nobody(void *self, const struct event *event, const struct append_outcome *outcome)
{
    (void) self, (void) event, (void) outcome;
}

START_TEST(forgets_whole_months_when_it_is_told_to)
{
    struct pg_settings settings = patient();
    settings.retention_days = 40;
    struct event_log *log = open_log(&settings);
    append(log, "a", "gone", LONG_AGO);
    append(log, "b", "stays", LONG_AGO);
    append(log, "c", "stays", LONG_AGO + 30 * DAY_US);
    append(log, "d", "stays", LONG_AGO + 60 * DAY_US); /* 2017-01-17, less 40 days: December */

    for (int i = 0; i < 10; i++)
        ck_assert_msg(log->tend(log, NULL, nobody, &note) == OK, "%s", note.text);

    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ' ' ORDER BY position) FROM events"),
                     "c d");
    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ' ' ORDER BY position) "
                                 "FROM event_ids"),
                     "c d");
    ck_assert_str_eq(scratch_sql("SELECT string_agg(customer_id, ' ') FROM customers"), "stays");
    struct append_outcome again = append(log, "a", "gone", LONG_AGO + 60 * DAY_US);
    ck_assert_int_eq(again.result, APPEND_ACCEPTED); /* forgotten is forgotten */
    ck_assert_uint_eq(again.previous, 0);
    log->free(log);
}
END_TEST

START_TEST(forgets_nothing_when_it_is_not_told_to)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", 0);
    append(log, "b", "c", NOVEMBER);

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(log->tend(log, NULL, nobody, &note), OK);

    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM events"), "2");
    log->free(log);
}
END_TEST

/* ── bounds ──────────────────────────────────────────────────────────────────────────────── */

static pid_t backend(void)
{
    return (pid_t) atoi(scratch_sql("SELECT pid FROM pg_stat_activity WHERE "
                                    "application_name = 'offerd' AND "
                                    "datname = current_database() "
                                    "ORDER BY backend_start DESC LIMIT 1"));
}

START_TEST(a_server_that_is_stopped_delays_an_append_by_its_bound_and_stores_it_once)
{
    struct pg_settings settings = patient();
    settings.append_ms = BOUND_MS;
    struct event_log *log = open_log(&settings);
    struct append_outcome outcome;
    append_in_the_end(log, "a");
    pid_t server = backend();
    if (kill(server, SIGSTOP) != 0) { /* another user's */
        log->free(log);
        return;
    }

    int64_t began = now_ms();
    enum err stopped = try_append(log, "b", "c", NOVEMBER, &outcome);
    int64_t took = now_ms() - began;
    kill(server, SIGCONT);
    append_in_the_end(log, "b");

    ck_assert_int_eq(stopped, ERR_UNAVAILABLE);
    ck_assert_int_ge(took, BOUND_MS - 1);
    ck_assert_int_lt(took, BOUND_MS + SLACK_MS);
    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM events WHERE event_id = 'b'"), "1");
    log->free(log);
}
END_TEST

START_TEST(an_appender_that_holds_the_lock_delays_others_by_their_bound_only)
{
    struct pg_settings settings = patient();
    settings.append_ms = BOUND_MS;
    struct event_log *log = open_log(&settings);
    struct append_outcome outcome;
    append_in_the_end(log, "a");
    PGconn *holder = PQconnectdb(scratch_url());
    PQclear(PQexec(holder, "BEGIN"));
    PQclear(PQexec(holder, "SELECT pg_advisory_xact_lock(hashtextextended('main', 20261121))"));

    ck_assert_int_eq(try_append(log, "b", "c", NOVEMBER, &outcome), ERR_UNAVAILABLE);
    PQfinish(holder);

    append_in_the_end(log, "b");
    log->free(log);
}
END_TEST

START_TEST(an_appender_that_stops_halfway_through_a_batch_holds_up_nobody)
{
    enum { HUGE_BYTES = 64 << 20 }; /* more than sockets hold */
    struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", NOVEMBER);
    char *payload = malloc(HUGE_BYTES + 1);
    ck_assert_ptr_nonnull(payload);
    memset(payload, 'x', HUGE_BYTES);
    memcpy(payload, "{", 1);
    memcpy(payload + HUGE_BYTES - 1, "}", 2);
    const char *const values[] = { payload };
    PGconn *half = PQconnectdb(scratch_url());
    ck_assert_int_eq(PQsetnonblocking(half, 1), 0);
    const pid_t reader = PQbackendPID(half);
    if (kill(reader, SIGSTOP) != 0) { /* another user's; it may read as fast as we send */
        PQfinish(half);
        free(payload);
        log->free(log);
        return;
    }
    ck_assert(PQsendQueryParams(half,
                                "SELECT append_events('{main}', '{h}', '{c}', '{feedback}', '{1}', "
                                "$1::text[], 1795000000000000, '{}', '{}')",
                                1, NULL, values, NULL, NULL, 0));
    int flushed = PQflush(half); /* some of it is sent, and here it stops */
    ck_assert_int_eq(kill(reader, SIGCONT), 0);
    ck_assert_int_eq(flushed, 1);

    ck_assert_int_eq(append(log, "b", "c", NOVEMBER).result, APPEND_ACCEPTED);

    ck_assert_str_eq(scratch_sql("SELECT string_agg(event_id, ' ' ORDER BY position) FROM events"),
                     "a b");
    PQfinish(half);
    free(payload);
    log->free(log);
}
END_TEST

START_TEST(a_connection_that_the_server_has_closed_is_made_again_without_an_error)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", NOVEMBER);
    (void) scratch_sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                       "WHERE application_name = 'offerd' AND datname = current_database()");

    ck_assert_int_eq(append(log, "b", "c", NOVEMBER).result, APPEND_ACCEPTED);
    log->free(log);
}
END_TEST

START_TEST(a_transaction_whose_connection_was_lost_does_not_go_on_with_another)
{
    struct pg_settings settings = patient();
    const struct pg_db_use use = { .statement_ms = 20000 };
    struct pg_db *db = NULL;
    ck_assert_int_eq(pg_db_new(&settings, &use, &db, &note), OK);
    ck_assert_int_eq(
        pg_db_exec(db, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)", 20000, &note), OK);
    ck_assert_int_eq(pg_db_begin(db, "BEGIN", 20000, &note), OK);
    ck_assert_int_eq(pg_db_exec(db, "INSERT INTO t VALUES (2)", 20000, &note), OK);
    (void) scratch_sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                       "WHERE application_name = 'offerd' AND datname = current_database()");

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pg_db_exec(db, "DELETE FROM t", 20000, &note), ERR_UNAVAILABLE);
    ck_assert_int_eq(pg_db_commit(db, 20000, &note), ERR_UNAVAILABLE);
    pg_db_leave(db);

    ck_assert_str_eq(scratch_sql("SELECT string_agg(a::text, ' ') FROM t"), "1");
    ck_assert_int_eq(pg_db_exec(db, "DELETE FROM t", 20000, &note), OK);
    pg_db_free(db);
}
END_TEST

/* ── many appenders ──────────────────────────────────────────────────────────────────────── */

enum { APPENDERS = 3, ROUNDS = 60, EVENTS = 4 };

static atomic_int appending;

static void *append_rounds(void *self)
{
    const struct pg_settings settings = patient();
    struct event_log *log = NULL;
    struct err_note why = { "" };
    const char *name = self;
    ck_assert(pg_event_log_new(&settings, &log, &why) == OK);
    for (int round = 0; round < ROUNDS; round++) {
        char ids[EVENTS][32];
        struct event events[EVENTS];
        const struct event *batch[EVENTS];
        struct append_outcome outcomes[EVENTS];
        for (int i = 0; i < EVENTS; i++) {
            snprintf(ids[i], sizeof ids[i], "%s-%d-%d", name, round, i);
            events[i] = event_of(ids[i], name);
            batch[i] = &events[i];
        }
        enum err err = log->append(log, batch, EVENTS, NOVEMBER, outcomes, &why);
        if (err != OK)
            (void) fprintf(stderr, "append: %s\n", why.text);
    }
    log->free(log);
    atomic_fetch_sub(&appending, 1);
    return NULL;
}

static enum err count_event(void *self, const struct logged_event *event)
{
    uint64_t *seen = self; /* how many, the last position */
    ck_assert_uint_gt(event->position, seen[1]);
    seen[0]++;
    seen[1] = event->position;
    return OK;
}

START_TEST(a_tail_misses_nothing_of_many_appenders)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    pthread_t threads[APPENDERS];
    static char names[APPENDERS][8];
    uint64_t seen[2] = { 0, 0 };
    append(log, "first", "c", NOVEMBER);
    atomic_store(&appending, APPENDERS);
    for (int i = 0; i < APPENDERS; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, append_rounds, names[i]), 0);
    }

    for (bool last = false; !last;) {
        last = atomic_load(&appending) == 0;
        ck_assert_msg(log->read_orders(log, STR("main"), seen[1], seen, count_event, &note) == OK,
                      "%s", note.text);
    }

    for (int i = 0; i < APPENDERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(seen[0], 1 + APPENDERS * ROUNDS * EVENTS);
    log->free(log);
}
END_TEST

static enum err find_h(void *self, const struct logged_event *event)
{
    *(bool *) self |= str_is(event->event_id, "h");
    return OK;
}

/* Shops share the sequence, not the lock: what another committed says nothing of what is under way here. */
START_TEST(another_shops_commit_hides_nothing_that_is_still_under_way)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    uint64_t first = append(log, "a", "c", NOVEMBER).position, last = 0;
    struct event of_other = event_of("o", "c");
    const struct event *batch[] = { &of_other };
    struct append_outcome other;
    bool found = false;
    PGconn *slow = PQconnectdb(scratch_url());
    PQclear(PQexec(slow, "BEGIN"));
    PGresult *held =
        PQexec(slow, "SELECT position FROM append_events('{main}', '{h}', '{c}', '{offer_shown}', "
                     "'{1}', '{\"{}\"}', 1795000000000000, '{}', '{}')");
    ck_assert_msg(PQresultStatus(held) == PGRES_TUPLES_OK, "%s", PQerrorMessage(slow));
    const uint64_t position = strtoull(PQgetvalue(held, 0, 0), NULL, 10);
    of_other.shop = STR("other");
    ck_assert_int_eq(log->append(log, batch, 1, NOVEMBER, &other, &note), OK);
    ck_assert_uint_gt(other.position, position);

    ck_assert_int_eq(log->last_position(log, STR("main"), &last, &note), OK);
    ck_assert_uint_eq(last, first);
    ck_assert_int_eq(log->last_position(log, STR("other"), &last, &note), OK);
    ck_assert_uint_eq(last, other.position);
    ck_assert_int_eq(log->last_position(log, STR("third"), &last, &note), OK);
    ck_assert_uint_eq(last, 0);
    ck_assert_int_eq(log->last_position(log, STR("main"), &last, &note), OK);
    PQclear(held);
    PQclear(PQexec(slow, "COMMIT"));
    PQfinish(slow);

    ck_assert_int_eq(log->read_outcomes(log, STR("main"), last, &found, find_h, &note), OK);
    ck_assert(found);
    log->free(log);
}
END_TEST

/* ── a log that lost its end ─────────────────────────────────────────────────────────────── */

/* As after a failover to a server that lacked the last commits: its sequence does not know of them. */
static void lose_all_after(uint64_t position)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "DELETE FROM events WHERE position > %lu; DELETE FROM event_ids WHERE position > %lu; "
             "UPDATE customers SET position = %lu; SELECT setval('event_positions', %lu)",
             position, position, position, position);
    (void) scratch_sql(sql);
}

START_TEST(positions_go_on_above_those_that_a_failover_lost)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    const uint64_t kept = append(log, "a", "c", NOVEMBER).position;
    const uint64_t lost = append(log, "b", "c", NOVEMBER).position;
    lose_all_after(kept);
    (void) scratch_sql("UPDATE log_life SET life = 'the server before'");

    const struct append_outcome next = append(log, "d", "c", NOVEMBER);
    ck_assert_uint_gt(next.position, lost);
    ck_assert_uint_eq(next.previous, kept);
    ck_assert_uint_lt(append(log, "e", "c", NOVEMBER).position, next.position + 100);
    (void) scratch_sql("DELETE FROM log_life");
    ck_assert_uint_gt(append(log, "f", "c", NOVEMBER).position, next.position + (1UL << 39));
    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM log_life"), "1");
    log->free(log);
}
END_TEST

START_TEST(the_life_of_a_log_names_server_timeline_and_table)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    ck_assert_str_eq(scratch_sql("SELECT life ~ '^server \\d+ timeline 0000000\\d table \\d+$' "
                                 "AND life = this_log_life() FROM log_life"),
                     "t");
    log->free(log);
}
END_TEST

/* Who only serves owns nothing and is no superuser: docs/production.md. */
START_TEST(who_owns_no_table_appends_and_leaps_all_the_same)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    const uint64_t before = append(log, "a", "c", NOVEMBER).position;
    (void) scratch_sql("DROP ROLE IF EXISTS offerd_serves; CREATE ROLE offerd_serves");
    (void) scratch_sql(
        "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO offerd_serves', current_schema());"
        "EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO "
        "offerd_serves', current_schema());"
        "EXECUTE format('GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA %I TO "
        "offerd_serves', current_schema());"
        "EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO offerd_serves', "
        "current_schema()); REVOKE ALL ON log_life FROM offerd_serves; END $$");
    ck_assert_str_eq(scratch_sql("SELECT bool_and(has_function_privilege('offerd_serves', f, "
                                 "'execute')) FROM unnest(ARRAY['pg_control_system()', "
                                 "'pg_walfile_name(pg_lsn)', 'pg_current_wal_insert_lsn()']) AS f"),
                     "t"); /* nor needs who migrates be a superuser */
    (void) scratch_sql("UPDATE log_life SET life = ''");
    const char *position = scratch_sql(
        "SET ROLE offerd_serves; SELECT position FROM append_events('{main}', '{b}', '{c}', "
        "'{offer_shown}', '{1}', '{\"{}\"}', 1795000000000000, '{}', '{}')");
    ck_assert_uint_gt(strtoull(position, NULL, 10), before + (1UL << 39));
    (void) scratch_sql("DROP OWNED BY offerd_serves; DROP ROLE offerd_serves");
    log->free(log);
}
END_TEST

/* ── streams ─────────────────────────────────────────────────────────────────────────────── */

static enum err stop_at_ten(void *self, const struct logged_event *event)
{
    (void) event;
    return ++*(int *) self == 10 ? ERR_LIMIT : OK;
}

START_TEST(a_long_reading_can_be_stopped_early_and_begun_again)
{
    const struct pg_settings settings = patient();
    struct event_log *log = open_log(&settings);
    append(log, "a", "c", NOVEMBER);
    (void) scratch_sql(
        "INSERT INTO events SELECT nextval('event_positions'), 'main', 'x' || g, 'c', "
        "'order_placed', 1, " /* as many as do not fit into what is under way */
        "1795000000000000, repeat('x', 500) FROM generate_series(1, 20000) g");
    uint64_t seen[2] = { 0, 0 };

    for (int i = 0; i < 3; i++) {
        int n = 0;
        ck_assert_int_eq(log->read_orders(log, STR("main"), 0, &n, stop_at_ten, &note), ERR_LIMIT);
        ck_assert_int_eq(n, 10);
    }

    ck_assert_int_eq(log->read_orders(log, STR("main"), 0, seen, count_event, &note), OK);
    ck_assert_uint_eq(seen[0], 20001);
    log->free(log);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const all[] = {
        every_table_and_column_has_a_comment,
        says_what_to_do_about_a_schema_that_is_not_there_older_or_newer,
        migrating_again_does_nothing,
        without_its_schema_a_log_is_unavailable_until_it_is_there,
        each_month_has_a_partition_made_when_it_is_needed,
        a_partition_that_is_missing_after_all_is_made_and_the_batch_stored,
        the_next_months_partition_is_made_a_week_ahead,
        forgets_whole_months_when_it_is_told_to,
        forgets_nothing_when_it_is_not_told_to,
        a_server_that_is_stopped_delays_an_append_by_its_bound_and_stores_it_once,
        an_appender_that_holds_the_lock_delays_others_by_their_bound_only,
        an_appender_that_stops_halfway_through_a_batch_holds_up_nobody,
        a_connection_that_the_server_has_closed_is_made_again_without_an_error,
        a_transaction_whose_connection_was_lost_does_not_go_on_with_another,
        a_tail_misses_nothing_of_many_appenders,
        positions_go_on_above_those_that_a_failover_lost,
        the_life_of_a_log_names_server_timeline_and_table,
        who_owns_no_table_appends_and_leaps_all_the_same,
        another_shops_commit_hides_nothing_that_is_still_under_way,
        a_long_reading_can_be_stopped_early_and_begun_again,
    };
    Suite *suite = suite_create("contract/postgresql");
    TCase *tests = tcase_create("contract/postgresql");
    tcase_add_checked_fixture(tests, scratch_make, scratch_drop);
    for (size_t i = 0; scratch_database() && i < sizeof all / sizeof *all; i++)
        tcase_add_test(tests, all[i]);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    if (!scratch_database())
        return puts("1..0 # SKIP PostgreSQL is not installed") < 0;
    SRunner *runner = srunner_create(contract());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
