/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/spool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports/event_log.h"
#include "shop/event.h"
#include "suite.h"

#define SPACE INT64_C(100000000)

static char directory[64];
static struct err_note note;
static struct arena *arena;

static void tear_down(void)
{
    static const char *const names[] = { "spool.db", "spool.db-wal", "spool.db-shm" };
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
    arena = arena_free(arena);
}

static struct spool *open_spool(int64_t max_bytes)
{
    struct spool *spool = NULL;
    ck_assert_msg(spool_new(directory, max_bytes, &spool, &note) == OK, "%s", note.text);
    return spool;
}

static struct spool *set_up(int64_t max_bytes)
{
    snprintf(directory, sizeof directory, "/tmp/offerd-spool-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    arena = arena_new(1 << 16, 1 << 26);
    return open_spool(max_bytes);
}

static struct event event_of(const char *id, const char *customer)
{
    return (struct event){ .event_id = str_of(id),
                           .type = EVENT_ORDER_PLACED,
                           .shop = STR("main"),
                           .customer_id = str_of(customer),
                           .at_us = 1234567890123456,
                           .payload = STR("{\"text\":\"いい\"}") };
}

static struct append_outcome add(struct spool *spool, const struct event *event)
{
    struct append_outcome outcome;
    ck_assert_int_eq(spool_add(spool, &event, 1, 7, &outcome, &note), OK);
    return outcome;
}

static struct append_outcome add_id(struct spool *spool, const char *id, const char *customer)
{
    struct event event = event_of(id, customer);
    return add(spool, &event);
}

static struct spool_chunk read_some(struct spool *spool, uint32_t max_n)
{
    struct spool_chunk chunk = { 0 };
    arena_reset(arena);
    ck_assert_int_eq(spool_read(spool, max_n, 1 << 20, arena, &chunk, &note), OK);
    return chunk;
}

/* The ids in the queue, in order. */
static const char *queue_of(struct spool *spool)
{
    static char text[512];
    struct spool_chunk chunk = read_some(spool, 50);
    text[0] = '\0';
    for (uint32_t i = 0; i < chunk.n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ",
                 STR_ARG(chunk.events[i]->event_id));
    return text;
}

static void take(struct spool *spool, uint32_t n)
{
    struct spool_chunk chunk = read_some(spool, n);
    ck_assert_uint_eq(chunk.n, n);
    spool_settle(spool, &chunk, n);
}

static int64_t file_bytes(const char *name)
{
    char path[128];
    struct stat found;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return stat(path, &found) == 0 ? found.st_size : -1;
}

/* Long ones, until they do not fit: how many did. */
static uint32_t fill(struct spool *spool, enum err *ret_err)
{
    static char payload[20000];
    char id[32];
    struct append_outcome outcome;
    memset(payload, 'x', sizeof payload);
    for (uint32_t n = 0;; n++) {
        snprintf(id, sizeof id, "long-%u", n);
        struct event event = event_of(id, "c");
        const struct event *events[] = { &event };
        event.payload = (struct str){ payload, sizeof payload };
        *ret_err = spool_add(spool, events, 1, 7, &outcome, &note);
        if (*ret_err != OK || n == 10000)
            return n;
    }
}

START_TEST(gives_events_back_in_order_with_all_that_the_log_looks_at)
{
    struct spool *spool = set_up(SPACE);
    struct event first = event_of("a", "c1"), guest = event_of("b", NULL);
    first.type = EVENT_OFFER_ACCEPTED;
    first.offer.rule = STR("free-shipping");
    first.anonymous_id = STR("anon-1");
    add(spool, &first);
    add(spool, &guest);

    struct spool_chunk chunk = read_some(spool, 10);

    ck_assert_uint_eq(chunk.n, 2);
    const struct event *a = chunk.events[0], *b = chunk.events[1];
    ck_assert(str_is(a->event_id, "a") && str_is(a->customer_id, "c1") && str_is(a->shop, "main"));
    ck_assert(str_is(a->offer.rule, "free-shipping") && str_is(a->anonymous_id, "anon-1"));
    ck_assert(str_is(a->payload, "{\"text\":\"いい\"}"));
    ck_assert_int_eq(a->type, EVENT_OFFER_ACCEPTED);
    ck_assert_int_eq(a->at_us, 1234567890123456);
    ck_assert_ptr_null(b->customer_id.at);
    ck_assert_ptr_null(b->offer.rule.at);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(what_is_in_the_queue_is_there_after_a_restart)
{
    struct spool *spool = set_up(SPACE);
    add_id(spool, "a", "c");
    add_id(spool, "b", "c");
    add_id(spool, "c", "c");
    take(spool, 1);
    ck_assert_int_eq(spool_forget(spool, 1000, &note), OK);
    spool_free(spool);

    spool = open_spool(SPACE);

    ck_assert_uint_eq(spool_count(spool), 2);
    ck_assert_str_eq(queue_of(spool), "b c ");
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(who_dies_before_forgetting_finds_the_events_again)
{
    struct spool *spool = set_up(SPACE);
    add_id(spool, "a", "c");
    take(spool, 1);
    ck_assert_uint_eq(spool_count(spool), 0);
    ck_assert(spool_is_used(spool));
    spool_free(spool);

    spool = open_spool(SPACE);

    ck_assert_str_eq(queue_of(spool), "a ");
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(forgets_no_more_at_a_time_than_it_is_told_while_it_is_in_use)
{
    struct spool *spool = set_up(SPACE);
    add_id(spool, "a", "c");
    add_id(spool, "b", "c");
    add_id(spool, "c", "c");
    add_id(spool, "d", "c");
    take(spool, 3);

    ck_assert_int_eq(spool_forget(spool, 2, &note), OK);
    spool_free(spool);
    spool = open_spool(SPACE);
    ck_assert_str_eq(queue_of(spool), "c d ");
    take(spool, 2);
    ck_assert(spool_is_used(spool));
    ck_assert_int_eq(spool_forget(spool, 1, &note), OK);
    ck_assert(!spool_is_used(spool));
    spool_free(spool);
    spool = open_spool(SPACE);
    ck_assert_str_eq(queue_of(spool), "");
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(a_repeat_is_a_duplicate_where_it_stands)
{
    struct spool *spool = set_up(SPACE);
    struct event a = event_of("a", "c"), b = event_of("b", "c");
    const struct event *batch[] = { &a, &b, &a };
    struct append_outcome outcomes[3];
    ck_assert_int_eq(spool_add(spool, batch, 3, 7, outcomes, &note), OK);

    ck_assert_int_eq(outcomes[0].result, APPEND_ACCEPTED);
    ck_assert_int_eq(outcomes[1].result, APPEND_ACCEPTED);
    ck_assert_int_eq(outcomes[2].result, APPEND_DUPLICATE);
    ck_assert_uint_eq(outcomes[2].position, outcomes[0].position);
    ck_assert_uint_eq(add_id(spool, "b", "c").position, outcomes[1].position);
    ck_assert_uint_eq(spool_count(spool), 2);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(a_repeat_of_what_has_just_left_is_a_duplicate_somewhere)
{
    struct spool *spool = set_up(SPACE);
    add_id(spool, "a", "c");
    take(spool, 1);

    struct append_outcome outcome = add_id(spool, "a", "c");

    ck_assert_int_eq(outcome.result, APPEND_DUPLICATE);
    ck_assert_uint_eq(outcome.position, 0);
    ck_assert_uint_eq(spool_count(spool), 0);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(positions_are_provisional_and_name_the_customers_one_before)
{
    struct spool *spool = set_up(SPACE);
    struct append_outcome first = add_id(spool, "a", "c1"), other = add_id(spool, "b", "c2"),
                          second = add_id(spool, "c", "c1"), guest = add_id(spool, "d", NULL);

    ck_assert_uint_gt(first.position, POSITION_PROVISIONAL);
    ck_assert_uint_eq(first.previous, 0);
    ck_assert_uint_eq(other.previous, 0);
    ck_assert_uint_eq(guest.previous, 0);
    ck_assert_uint_eq(second.previous, first.position);
    ck_assert_uint_gt(second.position, other.position);
    take(spool, 3);
    ck_assert_uint_eq(add_id(spool, "e", "c1").previous, 0); /* its one before is in the log */
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(a_place_is_never_used_again)
{
    struct spool *spool = set_up(SPACE);
    uint64_t position = add_id(spool, "a", "c").position;
    take(spool, 1);
    ck_assert_int_eq(spool_forget(spool, 1000, &note), OK);
    spool_free(spool);

    spool = open_spool(SPACE);

    ck_assert_uint_gt(add_id(spool, "b", "c").position, position);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(its_mark_is_the_same_after_a_restart_and_another_spools_another)
{
    struct spool *spool = set_up(SPACE);
    uint64_t mark = spool_mark(spool);
    ck_assert_uint_ge(mark, POSITION_PROVISIONAL);
    spool_free(spool);

    spool = open_spool(SPACE);

    ck_assert_uint_eq(spool_mark(spool), mark);
    spool_free(spool);
    tear_down();
    spool = set_up(SPACE);
    ck_assert_uint_ne(spool_mark(spool), mark);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(an_acceptance_with_a_budget_is_not_taken)
{
    struct spool *spool = set_up(SPACE);
    struct event with = event_of("a", "c"), without = event_of("b", "c");
    with.type = without.type = EVENT_OFFER_ACCEPTED;
    with.offer.rule = without.offer.rule = STR("gift");
    with.offer.budget_max = 3;

    ck_assert_int_eq(add(spool, &with).result, APPEND_LATER);
    ck_assert_int_eq(add(spool, &without).result, APPEND_ACCEPTED);

    ck_assert_str_eq(queue_of(spool), "b ");
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(a_full_spool_takes_a_batch_whole_or_not_at_all_and_has_room_when_some_have_left)
{
    struct spool *spool = set_up(500000);
    enum err err;
    uint32_t n = fill(spool, &err);
    ck_assert_int_eq(err, ERR_LIMIT);
    ck_assert_uint_gt(n, 10);
    ck_assert_int_le(spool_bytes(spool), 500000);
    ck_assert_uint_eq(spool_count(spool), n);

    /* a batch of two, the second does not fit: neither is there */
    static char payload[20000];
    memset(payload, 'y', sizeof payload);
    struct event small = event_of("small", "c"), large = event_of("large", "c");
    const struct event *batch[] = { &small, &large };
    struct append_outcome outcomes[2];
    large.payload = (struct str){ payload, sizeof payload };
    ck_assert_int_eq(spool_add(spool, batch, 2, 7, outcomes, &note), ERR_LIMIT);
    ck_assert_uint_eq(spool_count(spool), n);

    take(spool, 3);
    ck_assert_int_eq(spool_forget(spool, 1000, &note), OK);
    ck_assert_int_eq(spool_add(spool, batch, 2, 7, outcomes, &note), OK);
    ck_assert_int_eq(outcomes[0].result, APPEND_ACCEPTED);
    ck_assert_uint_eq(spool_count(spool), n - 1);
    spool_free(spool);
    tear_down();
}
END_TEST

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(on_a_full_disk_it_refuses_lets_events_leave_and_goes_on_when_there_is_room)
{
    struct spool *spool = set_up(SPACE);
    enum err err;
    limit_file_size(1 << 20);
    uint32_t n = fill(spool, &err);
    ck_assert_int_eq(err, ERR_UNAVAILABLE);
    ck_assert_uint_gt(n, 10);
    ck_assert_uint_eq(spool_count(spool), n);

    take(spool, n - 2); /* whether it can be written down or not */
    ck_assert_uint_eq(spool_count(spool), 2);
    (void) !spool_forget(spool, 1000, &note);

    limit_file_size(RLIM_INFINITY);
    ck_assert_int_eq(spool_forget(spool, 1000, &note), OK);
    ck_assert_int_eq(add_id(spool, "after", "c").result, APPEND_ACCEPTED);
    spool_free(spool);
    spool = open_spool(SPACE);
    ck_assert_uint_eq(spool_count(spool), 3);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(the_disk_has_its_room_back_when_the_queue_is_empty)
{
    struct spool *spool = set_up(10000000);
    enum err err;
    uint32_t n = fill(spool, &err);
    ck_assert_int_gt(file_bytes("spool.db") + file_bytes("spool.db-wal"), 9000000);

    while (spool_count(spool) > 0) {
        take(spool, n % 10 ? 1 : 10);
        n = (uint32_t) spool_count(spool);
        ck_assert_int_eq(spool_forget(spool, 1000, &note), OK);
    }

    ck_assert_int_lt(file_bytes("spool.db") + file_bytes("spool.db-wal"), 200000);
    ck_assert_int_lt(spool_bytes(spool), 100000);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(reads_no_more_than_it_is_asked_for_but_one)
{
    struct spool *spool = set_up(1000000);
    struct spool_chunk chunk = { 0 };
    enum err err;
    fill(spool, &err);

    ck_assert_uint_eq(read_some(spool, 3).n, 3);
    arena_reset(arena);
    ck_assert_int_eq(spool_read(spool, 50, 50000, arena, &chunk, &note), OK);
    ck_assert_uint_eq(chunk.n, 3); /* 20,000 bytes each */
    arena_reset(arena);
    ck_assert_int_eq(spool_read(spool, 50, 1, arena, &chunk, &note), OK);
    ck_assert_uint_eq(chunk.n, 1);
    spool_free(spool);
    tear_down();
}
END_TEST

static enum err look(void *self, struct str customer_id, uint64_t position)
{
    char *text = self;
    snprintf(text + strlen(text), 256 - strlen(text), "%.*s:%u ", STR_ARG(customer_id),
             (unsigned) (position - POSITION_PROVISIONAL));
    return OK;
}

START_TEST(knows_its_customers_and_their_last_positions)
{
    struct spool *spool = set_up(SPACE);
    char text[256] = "";
    struct event elsewhere = event_of("x", "c9");
    elsewhere.shop = STR("other");
    add_id(spool, "a", "c0");
    add_id(spool, "b", "c1");
    add_id(spool, "c", "c2");
    add_id(spool, "d", "c1");
    add_id(spool, "e", NULL);
    add(spool, &elsewhere);
    take(spool, 1);

    ck_assert_int_eq(spool_customers(spool, STR("main"), text, look, &note), OK);

    ck_assert_str_eq(text, "c1:4 c2:3 ");
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(what_is_set_aside_outlives_its_place_in_the_queue)
{
    struct spool *spool = set_up(SPACE);
    add_id(spool, "a", "c");
    struct spool_chunk chunk = read_some(spool, 1);

    ck_assert_int_eq(spool_set_aside(spool, chunk.places[0], "why", &note), OK);
    ck_assert_int_eq(spool_set_aside(spool, chunk.places[0], "why", &note), OK); /* repeated */
    spool_settle(spool, &chunk, 1);
    ck_assert_int_eq(spool_forget(spool, 1000, &note), OK);
    spool_free(spool);

    char command[256];
    char answer[64] = "";
    snprintf(command, sizeof command,
             "python3 -c \"import sqlite3; print(sqlite3.connect('%s/spool.db')"
             ".execute('select event_id, reason from set_aside').fetchall())\"",
             directory);
    FILE *asked = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(answer, sizeof answer, asked));
    pclose(asked);
    ck_assert_str_eq(answer, "[('a', 'why')]\n");
    tear_down();
}
END_TEST

START_TEST(the_file_is_for_its_owner_only)
{
    umask(0);
    struct spool *spool = set_up(SPACE);
    static const char *const names[] = { "spool.db", "spool.db-wal" };
    add_id(spool, "a", "c");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat made;
        char path[128];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        ck_assert_int_eq(stat(path, &made), 0);
        ck_assert_uint_eq(made.st_mode & 0777, 0600);
    }
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(a_second_one_on_the_same_file_is_refused)
{
    struct spool *spool = set_up(SPACE), *second = NULL;
    add_id(spool, "a", "c");

    ck_assert_int_eq(spool_new(directory, SPACE, &second, &note), ERR_UNAVAILABLE);

    ck_assert_ptr_null(second);
    spool_free(spool);
    tear_down();
}
END_TEST

START_TEST(a_damaged_file_is_refused_and_left_alone)
{
    struct spool *spool = set_up(SPACE), *refused = NULL;
    char path[128];
    spool_free(spool);
    snprintf(path, sizeof path, "%s/spool.db", directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", file);
    fclose(file);

    ck_assert_int_eq(spool_new(directory, SPACE, &refused, &note), ERR_CORRUPT);

    ck_assert_int_eq(file_bytes("spool.db"), 23000);
    tear_down();
}
END_TEST

SUITE_MAIN("store/spool", gives_events_back_in_order_with_all_that_the_log_looks_at,
           what_is_in_the_queue_is_there_after_a_restart,
           who_dies_before_forgetting_finds_the_events_again,
           forgets_no_more_at_a_time_than_it_is_told_while_it_is_in_use,
           a_repeat_is_a_duplicate_where_it_stands,
           a_repeat_of_what_has_just_left_is_a_duplicate_somewhere,
           positions_are_provisional_and_name_the_customers_one_before, a_place_is_never_used_again,
           its_mark_is_the_same_after_a_restart_and_another_spools_another,
           an_acceptance_with_a_budget_is_not_taken,
           a_full_spool_takes_a_batch_whole_or_not_at_all_and_has_room_when_some_have_left,
           on_a_full_disk_it_refuses_lets_events_leave_and_goes_on_when_there_is_room,
           the_disk_has_its_room_back_when_the_queue_is_empty,
           reads_no_more_than_it_is_asked_for_but_one, knows_its_customers_and_their_last_positions,
           what_is_set_aside_outlives_its_place_in_the_queue, the_file_is_for_its_owner_only,
           a_second_one_on_the_same_file_is_refused, a_damaged_file_is_refused_and_left_alone)
