/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL that takes connections and finishes nothing, as one whose commits wait for a standby
 * that is gone: the first commit hangs with the shop's lock, whoever comes after waits for the lock.
 * A trigger that waits at the end of the transaction does the same without a standby.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ports/clock.h"
#include "scratch_schema.h"
#include "shop/event.h"
#include "store/postgresql/pg_event_log.h"
#include "store/postgresql/pg_fleet.h"
#include "store/postgresql/pg_schema.h"
#include "store/spooled_event_log.h"
#include "suite.h"

enum { BOUND_MS = 400, QUICK_MS = 200, TICK_MS = 20, STALL_MS = 6000, SLACK_MS = 20000 };

static struct err_note note;

static int64_t mono_us(struct clock *clock)
{
    struct timespec now;
    (void) clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t wall_us(struct clock *clock)
{
    struct timespec now;
    (void) clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct clock the_clock = { wall_us, mono_us };

static int64_t now_ms(void)
{
    return mono_us(&the_clock) / 1000;
}

static void sleep_ms(int ms)
{
    const struct timespec pause = { .tv_nsec = ms * 1000000L };
    (void) nanosleep(&pause, NULL);
}

static void migrate(void)
{
    const struct pg_settings patient = { .url = scratch_url(), .connect_ms = 20000 };
    ck_assert_msg(pg_schema_migrate(&patient, NULL, NULL, &note) == OK, "%s", note.text);
}

/* From here on what writes to @table hangs when it commits, until let_go. */
static void stall(const char *table)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "CREATE TABLE stall (held bool); INSERT INTO stall VALUES (true);"
             "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "WHILE (SELECT held FROM stall) LOOP PERFORM pg_sleep(.02); END LOOP; RETURN NULL; "
             "END $$;"
             "CREATE CONSTRAINT TRIGGER hold AFTER INSERT OR UPDATE ON %s "
             "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold()",
             table);
    (void) scratch_sql(sql);
}

static void let_go(void)
{
    (void) scratch_sql("UPDATE stall SET held = false");
}

/* ── connections ─────────────────────────────────────────────────────────────────────────── */

START_TEST(a_server_that_lets_in_and_does_not_answer_is_asked_ever_more_rarely)
{
    const struct pg_settings settings = { .url = scratch_url(), .connect_ms = 1000 };
    const struct pg_db_use use = { .statement_ms = 1000 };
    struct pg_db *db = NULL;
    PGresult *result = NULL;
    int asked = 0;
    ck_assert_int_eq(pg_db_new(&settings, &use, &db, &note), OK);

    for (int64_t end = now_ms() + 3000; now_ms() < end; sleep_ms(1))
        if (pg_db_hope(db, &note) == OK && pg_db_ready(db, pg_now_us() + 1000000, &note) == OK) {
            ck_assert_int_eq(pg_db_ask(db, "SELECT pg_sleep(5)", NULL, 30, &result, &note),
                             ERR_UNAVAILABLE);
            asked++;
        }

    ck_assert_int_ge(asked, 2);
    ck_assert_int_le(asked, 15);
    sleep_ms(1000);
    int64_t end = now_ms() + SLACK_MS;
    while (pg_db_ask(db, "SELECT 1", NULL, 1000, &result, &note) != OK)
        ck_assert_int_lt(now_ms(), end);
    PQclear(result);
    pg_db_free(db);
}
END_TEST

static void nobody(void *self, const struct fleet_mark *mark)
{
    (void) self, (void) mark;
}

START_TEST(replicas_that_cannot_tell_one_another_do_not_wait_for_it_all_the_time)
{
    const struct pg_settings settings = { .url = scratch_url(), .append_ms = BOUND_MS };
    const struct fleet_mark mark = { STR("c"), 7 };
    struct fleet *fleet = NULL;
    int tried = 0, told = 0;
    bool changed;
    migrate();
    stall("fleet_marks");
    ck_assert_int_eq(pg_fleet_new(&settings, &fleet, &note), OK);

    for (int64_t end = now_ms() + STALL_MS; now_ms() < end; sleep_ms(TICK_MS)) {
        int64_t began = now_ms();
        (void) fleet->hear(fleet, STR("main"), NULL, nobody, &changed, &note);
        told += fleet->tell(fleet, STR("main"), &mark, 1, &note) == OK;
        tried += now_ms() - began >= QUICK_MS;
    }
    ck_assert_int_eq(told, 0);
    ck_assert_int_ge(tried, 1);
    ck_assert_int_le(tried, 13); /* without a pause 20 */
    let_go();

    for (int64_t end = now_ms() + SLACK_MS; told == 0; sleep_ms(TICK_MS)) {
        told += fleet->tell(fleet, STR("main"), &mark, 1, &note) == OK;
        ck_assert_int_lt(now_ms(), end);
    }
    fleet->free(fleet);
}
END_TEST

/* ── the log ─────────────────────────────────────────────────────────────────────────────── */

static char directory[64];
static struct metrics *metrics;

static struct event_log *spooled_log(void)
{
    const struct pg_settings settings = { .url = scratch_url(), .append_ms = BOUND_MS };
    const struct spool_settings spool = { .max_bytes = 1 << 26 };
    struct event_log *main_log = NULL, *log = NULL;
    snprintf(directory, sizeof directory, "/tmp/offerd-stalled-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    metrics = metrics_new();
    ck_assert_int_eq(pg_event_log_new(&settings, &main_log, &note), OK);
    enum err err =
        spooled_event_log_new(main_log, directory, &spool, &the_clock, metrics, &log, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return log;
}

static void end_of(struct event_log *log)
{
    static const char *const names[] = { "spool.db", "spool.db-wal" };
    char path[128];
    log->free(log);
    metrics = metrics_free(metrics);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void settled(void *self, const struct event *event, const struct append_outcome *outcome)
{
    (void) event;
    *(int *) self += outcome->result == APPEND_ACCEPTED || outcome->result == APPEND_DUPLICATE;
}

static void add(struct event_log *log, int number)
{
    char id[16];
    snprintf(id, sizeof id, "%d", number);
    const struct event event = { .event_id = str_of(id),
                                 .type = EVENT_FEEDBACK,
                                 .shop = STR("main"),
                                 .customer_id = STR("c"),
                                 .at_us = 1,
                                 .payload = STR("{}") };
    const struct event *batch[] = { &event };
    struct append_outcome outcome;
    enum err err = log->append(log, batch, 1, wall_us(&the_clock), &outcome, &note);
    ck_assert_msg(err == OK && outcome.result == APPEND_ACCEPTED, "%s", note.text);
}

START_TEST(events_are_taken_quickly_while_commits_hang_and_are_all_there_afterwards)
{
    int n = 0, quick = 0, slow = 0, drained = 0;
    char expected[16];
    migrate();
    struct event_log *log = spooled_log();
    for (int64_t end = now_ms() + SLACK_MS; n == 0 || log->spooled(log) > 0;) {
        add(log, n++); /* on a busy machine the first ones may find no connection in time */
        ck_assert_int_eq(log->tend(log, &drained, settled, &note), OK);
        ck_assert_int_lt(now_ms(), end);
    }
    stall("event_ids");

    for (int64_t end = now_ms() + STALL_MS; now_ms() < end; sleep_ms(TICK_MS)) {
        int64_t began = now_ms();
        add(log, n++);
        ck_assert_int_eq(log->tend(log, &drained, settled, &note), OK);
        *(now_ms() - began < QUICK_MS ? &quick : &slow) += 1;
    }
    ck_assert_uint_gt(log->spooled(log), 0);
    ck_assert_int_ge(slow, 1);
    ck_assert_msg(quick > 3 * slow, "%d quick, %d slow", quick, slow);
    let_go();

    for (int64_t end = now_ms() + SLACK_MS; log->spooled(log) > 0; sleep_ms(TICK_MS)) {
        ck_assert_int_eq(log->tend(log, &drained, settled, &note), OK);
        ck_assert_int_lt(now_ms(), end);
    }
    snprintf(expected, sizeof expected, "%d", n);
    ck_assert_str_eq(scratch_sql("SELECT count(*) FROM events"), expected);
    end_of(log);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        a_server_that_lets_in_and_does_not_answer_is_asked_ever_more_rarely,
        replicas_that_cannot_tell_one_another_do_not_wait_for_it_all_the_time,
        events_are_taken_quickly_while_commits_hang_and_are_all_there_afterwards,
    };
    return scratch_main("contract/stalled", all, sizeof all / sizeof *all);
}
