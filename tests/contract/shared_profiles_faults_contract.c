/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/shared_profiles.h promises while a real Redis fails: it is flushed, closes
 * connections, forgets scripts, stands still, is full, or lets us in and not read. It is that of
 * OFFERD_TEST_REDIS_URL (shared_ground.h); without it nothing is asked. Where the network to it
 * fails: shared_profiles_wires_contract.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/metric.h"
#include "ports/clock.h"
#include "redis_at.h"
#include "shared_ground.h"
#include "store/redis/redis_profiles.h"

START_TEST(a_flush_is_a_doubt_and_leaves_nothing)
{
    REDIS_GROUND(g);
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_fetch_and_wait(&g, "c");

    ground_tell_server("FLUSHALL");
    RUN_UNTIL(&g, g.told.doubts > 0);

    ground_fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    ground_end(&g);
}
END_TEST

START_TEST(a_connection_that_the_server_closes_is_a_doubt_and_is_made_again)
{
    REDIS_GROUND(g);
    static const char *const types[] = { "normal", "pubsub" };
    for (int i = 0; i < 2; i++) {
        struct asked asked;
        g.told = (struct told){ 0 };
        ground_fetch(&g, &asked,
                     "c"); /* it leaves when the loop turns: not before the connection is closed */

        ground_tell_server("CLIENT KILL TYPE %s", types[i]);
        RUN_UNTIL(&g, g.told.doubts == 1 && g.told.answers == 1);

        if (i == 0) /* else it may just have been answered on the other */
            ck_assert_int_eq(g.told.answer, SHARED_AWAY);
        ck_assert(!ground_is_trusted(&g));
        ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
        RUN_UNTIL(&g, ground_is_trusted(&g));
        ground_fetch_and_wait(&g, "c");
        ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    }
    ground_put(&g, SHARED_COMMIT, "c", 1, "one"); /* the writer's connection was closed, too */
    RUN_UNTIL(&g, g.told.changed == 1);
    ground_end(&g);
}
END_TEST

START_TEST(scripts_that_redis_has_forgotten_are_given_to_it_again)
{
    REDIS_GROUND(g);
    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 1, "one"));

    ground_tell_server("SCRIPT FLUSH SYNC");

    ck_assert(ground_put(&g, SHARED_COMMIT, "c", 2, "two"));
    ck_assert_str_eq(ground_shown(&g, "c"), "2:two");
    ground_end(&g);
}
END_TEST

START_TEST(a_server_that_stands_still_is_not_trusted_and_soon_away)
{
    REDIS_GROUND(g);
    struct asked asked;
    const char *info = ground_tell_server("INFO server");
    int server = atoi(strstr(info, "process_id:") + 11);
    ck_assert_int_gt(server, 1);

    ck_assert_int_eq(kill(server, SIGSTOP), 0);
    int64_t stopped = ground_now_us();
    int64_t held_up = 0;
    bool trusted_late = false;
    ground_fetch(&g, &asked, "c");
    while (g.told.answers == 0 && ground_now_us() < stopped + PATIENCE_MS * 1000) {
        held_up += ground_turn_held_up_us(&g);
        trusted_late |= g.shared->is_trusted(g.link, (struct str){ 0 }, stopped + TRUST_US);
    }
    int64_t away = ground_now_us() - stopped - held_up;
    ck_assert_int_eq(kill(server, SIGCONT), 0);

    ck_assert(!trusted_late);
    ck_assert_int_eq(g.told.answers, 1);
    ck_assert_int_eq(g.told.answer, SHARED_AWAY);
    ck_assert_int_eq(g.told.doubts, 1);
    ck_assert_int_le(away, 600000);
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_end(&g);
}
END_TEST

/* Stands, unless a test has it go on: who was let down then does not try again behind our back. */
static int64_t standing_us;

static int64_t standing(struct clock *clock)
{
    (void) clock;
    return standing_us;
}

static struct clock still = { standing, standing };

/* However long the machine takes for it. */
static void put_in_the_end(struct shared_profiles *shared, struct shared_writer *writer,
                           const struct shared_put *put)
{
    struct err_note note;
    bool taken;
    int64_t patience = ground_now_us() + PATIENCE_MS * 1000;
    for (; shared->put(writer, put, 1, &taken, &note) != OK; standing_us += 2000000)
        ck_assert_int_lt(ground_now_us(), patience);
}

/* How often this thread has given up its core to wait. */
static long waits(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nvcsw;
}

START_TEST(a_writer_waits_no_longer_than_its_timeout_and_then_fails_at_once)
{
    enum { TRIES = 5 }; /* the machine may hold one up */
    if (ground_is_skipped(REDIS))
        return;
    struct redis_settings settings = { .url = getenv("OFFERD_TEST_REDIS_URL"),
                                       .shop = STR("slow"),
                                       .timeout_ms = 100 };
    struct shared_profiles *shared;
    struct shared_put put = ground_put_of(SHARED_COMMIT, "c", 1, "one");
    struct err_note note;
    bool taken, in_time = false;
    ck_assert_int_eq(redis_profiles_new(&settings, &still, NULL, &shared, &note), OK);
    struct shared_writer *writer = shared->writer_new(shared);
    put_in_the_end(shared, writer, &put);
    int server = atoi(strstr(ground_tell_server("INFO server"), "process_id:") + 11);

    for (int i = 0; i < TRIES && !in_time; i++) {
        ck_assert_int_eq(kill(server, SIGSTOP), 0);
        int64_t start = ground_now_us();
        enum err late = shared->put(writer, &put, 1, &taken, &note);
        int64_t took = ground_now_us() - start;
        long before = waits();
        enum err away = shared->put(writer, &put, 1, &taken, &note);
        long waited = waits() - before;
        ck_assert_int_eq(kill(server, SIGCONT), 0);

        ck_assert_int_eq(late, ERR_UNAVAILABLE);
        ck_assert_int_eq(away, ERR_UNAVAILABLE);
        ck_assert_int_ge(took, 100000);
        ck_assert_int_eq(waited, 0);
        in_time = took <= 300000;
        put_in_the_end(shared, writer, &put);
    }
    ck_assert(in_time);
    shared->writer_free(shared, writer);
    shared->free(shared);
}
END_TEST

/* Links try to connect on their loops; a writer that tried would take its whole timeout each time. */
START_TEST(a_writer_holds_nobody_up_while_its_links_are_away)
{
    struct ground g;
    struct err_note note;
    int64_t longest = 0;
    if (ground_is_skipped(REDIS))
        return;
    ground_begin_with(&g, REDIS, (struct ground_wish){ .timeout_ms = 1000 });
    RUN_UNTIL(&g, ground_is_trusted(&g));
    int server = atoi(strstr(ground_tell_server("INFO server"), "process_id:") + 11);
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");

    ck_assert_int_eq(kill(server, SIGSTOP), 0);
    enum err late = ground_try_put(&g, "c", &note);
    int64_t end_us = ground_now_us() + PATIENCE_MS * 1000;
    while (g.told.doubts == 0 && ground_now_us() < end_us)
        ground_turn(&g);
    end_us = ground_now_us() + 1000000;
    for (int64_t began; (began = ground_now_us()) < end_us;) {
        enum err away = ground_try_put(&g, "c", &note);
        int64_t took = ground_now_us() - began;
        longest = took > longest ? took : longest;
        late = away == OK ? OK : late;
        ground_turn(&g);
    }
    ck_assert_int_eq(kill(server, SIGCONT), 0);

    ck_assert_int_eq(late, ERR_UNAVAILABLE);
    ck_assert_int_le(longest, 700000);
    RUN_UNTIL(&g, ground_try_put(&g, "c", &note) == OK);
    ground_end(&g);
}
END_TEST

static uint64_t count_reconnects(struct metrics *metrics)
{
    metric_id id = metric_register(metrics, METRIC_COUNTER, "offerd_redis_reconnects_total", "",
                                   STR("use=\"profiles\""));
    return metric_value(metrics, id);
}

START_TEST(a_full_server_is_read_and_is_connected_to_less_and_less_often)
{
    struct ground g;
    struct err_note note = { "" };
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    bool put_any = false, said_why = false;
    if (ground_is_skipped(REDIS))
        return;
    ground_begin_with(&g, REDIS, (struct ground_wish){ .metrics = metrics });
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_put(&g, SHARED_COMMIT, "c", 1, "one");
    ground_tell_server("CONFIG SET maxmemory-policy noeviction");
    ground_tell_server("CONFIG SET maxmemory 1");
    enum err had = ground_try_get(&g, "c", &note);
    int64_t end_us = ground_now_us() + 1000000;
    while (ground_now_us() < end_us) {
        (void) ground_try_get(&g, "c", &note);
        put_any |= ground_try_put(&g, "new", &note) == OK;
        said_why |= strstr(note.text, "OOM") != NULL;
        ground_turn(&g);
    }
    uint64_t reconnects = count_reconnects(metrics);
    RUN_UNTIL(&g, ground_is_trusted(&g));
    ground_fetch_and_wait(&g, "c");
    ground_tell_server("CONFIG SET maxmemory 0");

    ck_assert_int_eq(had, OK);
    ck_assert(!put_any);
    ck_assert(said_why);
    ck_assert_str_eq(g.told.body, "one");
    ck_assert_uint_ge(reconnects, 1);
    ck_assert_uint_le(reconnects, 10); /* at once each time: about 25 */
    RUN_UNTIL(&g, ground_try_put(&g, "new", &note) == OK);
    ground_end(&g);
}
END_TEST

/* What the log says, of those lines that have @word in them. */
struct heard_log {
    struct log_sink sink;
    const char *word;
    int lines;
};

static void hear_line(struct log_sink *sink, struct str line)
{
    struct heard_log *heard = (struct heard_log *) sink;
    heard->lines += str_contains(line, str_of(heard->word));
}

static void hear_log(struct heard_log *heard, const char *word)
{
    *heard = (struct heard_log){ .sink.put = hear_line, .word = word };
    log_to(&heard->sink);
}

/* Its connections are made, and each fetch ends them. */
START_TEST(a_user_who_may_not_read_comes_less_and_less_often_and_is_not_called_reached)
{
    struct ground g;
    struct asked asked;
    struct heard_log heard;
    struct err_note note = { "" };
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    char text[512];
    if (ground_is_skipped(REDIS))
        return;
    ground_tell_server("ACL SETUSER blind-user on >pw ~offerd:* &* +@all -get");
    redis_at_url(text, sizeof text, "blind-user:pw@", NULL, 0);
    ground_begin_with(&g, REDIS, (struct ground_wish){ .url = text, .metrics = metrics });
    hear_log(&heard, "reached");
    g.told.answer = SHARED_AWAY;
    int64_t end_us = ground_now_us() + 1500000;
    for (int asks = 0; ground_now_us() < end_us; ground_turn(&g)) {
        ck_assert_int_eq(g.told.answer, SHARED_AWAY);
        if (asks > g.told.answers)
            continue; /* one at a time */
        asked = ground_asked(&g);
        asks += g.shared->fetch(g.link, STR("c"), &asked.fetch);
    }
    log_to(NULL);

    ck_assert_int_ge(g.told.answers, 2);
    ck_assert_uint_le(count_reconnects(metrics), 10);
    ck_assert_int_le(heard.lines, 1);
    RUN_UNTIL(&g, ground_try_get(&g, "c", &note) != OK && strstr(note.text, "NOPERM"));
    ground_end(&g);
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        a_flush_is_a_doubt_and_leaves_nothing,
        a_connection_that_the_server_closes_is_a_doubt_and_is_made_again,
        scripts_that_redis_has_forgotten_are_given_to_it_again,
        a_server_that_stands_still_is_not_trusted_and_soon_away,
        a_writer_waits_no_longer_than_its_timeout_and_then_fails_at_once,
        a_writer_holds_nobody_up_while_its_links_are_away,
        a_full_server_is_read_and_is_connected_to_less_and_less_often,
        a_user_who_may_not_read_comes_less_and_less_often_and_is_not_called_reached,
    };
    return ground_main("contract/shared_profiles_faults", all, sizeof all / sizeof *all, 1);
}
