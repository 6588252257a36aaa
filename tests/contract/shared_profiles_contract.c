/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/shared_profiles.h promises, asked of the fake, of a real Redis and of a Redis Cluster alike. They are those of
 * OFFERD_TEST_REDIS_URL and OFFERD_TEST_CLUSTER_URL (tests/support/servers.py starts them); without them only
 * the fake is asked. What befalls a cluster's nodes: cluster_contract.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/metric.h"
#include "base/out.h"
#include "fake_shared_profiles.h"
#include "ports/clock.h"
#include "redis_at.h"
#include "store/redis/redis_profiles.h"
#include "suite.h"

enum { FAKE, REDIS, CLUSTER, STORES };
enum {
    PATIENCE_MS = 10000,
    LISTENERS_KEYS = 64,
    HELD_UP_US = 5000,
    TRUST_US = 55000 /* 50 ms, and what was on its way */
};
#define PROVISIONAL (UINT64_C(1) << 62)

static int64_t clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t wall_us(struct clock *clock)
{
    (void) clock;
    return clock_us(CLOCK_REALTIME);
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return clock_us(CLOCK_MONOTONIC);
}

static struct clock real = { wall_us, mono_us };

/* ── the ground a test stands on ── */

/* What a listener and a fetch were told. */
struct told {
    int changed, doubts, answers;
    char last_changed[64];
    enum shared_answer answer;
    uint64_t position;
    char customer[64], body[64];
    size_t body_len;
};

struct ground {
    int which;
    struct shared_profiles *shared;
    struct shared_writer *writer;
    uv_loop_t loop;
    uv_timer_t timer;
    struct shared_link *link;
    struct told told;
    struct arena *arena;
};

static void on_changed(void *self, struct str customer_id)
{
    struct told *told = self;
    told->changed++;
    snprintf(told->last_changed, sizeof told->last_changed, "%.*s", STR_ARG(customer_id));
}

static void on_doubt(void *self)
{
    ((struct told *) self)->doubts++;
}

static struct metrics *metrics_of_test;
static char shop_of_test[64];
static int timeout_ms_of_test = 2000;

/* Each test has a shop of its own, so that none meets another's values. */
static struct shared_profiles *open_store(int which, const char *url)
{
    static int count;
    struct err_note note = { "" };
    struct shared_profiles *shared = NULL;
    if (which == FAKE)
        return fake_shared_profiles_port(fake_shared_profiles_new());
    snprintf(shop_of_test, sizeof shop_of_test, "shop-%d-%d", (int) getpid(), count++);
    struct redis_settings settings = { .url = url,
                                       .shop = str_of(shop_of_test),
                                       .timeout_ms = timeout_ms_of_test };
    ck_assert_msg(redis_profiles_new(&settings, &real, metrics_of_test, &shared, &note) == OK, "%s",
                  note.text);
    return shared;
}

static void no_op(uv_timer_t *timer)
{
    (void) timer;
}

static void run_once(struct ground *g)
{
    uv_run(&g->loop, UV_RUN_ONCE);
}

/* A turn; how long the machine held it up, as one takes a millisecond at most. */
static int64_t held_up_us(struct ground *g)
{
    int64_t began = clock_us(CLOCK_MONOTONIC);
    run_once(g);
    int64_t took = clock_us(CLOCK_MONOTONIC) - began;
    return took > HELD_UP_US ? took : 0;
}

/* Turns the loop until @condition holds; fails after some seconds. */
#define RUN_UNTIL(g, condition)                                                    \
    do {                                                                           \
        int64_t end_ = clock_us(CLOCK_MONOTONIC) + PATIENCE_MS * 1000;             \
        while (!(condition)) {                                                     \
            ck_assert_msg(clock_us(CLOCK_MONOTONIC) < end_, "never: " #condition); \
            run_once(g);                                                           \
        }                                                                          \
    } while (0)

static bool is_trusted(struct ground *g)
{
    return g->shared->is_trusted(g->link, (struct str){ 0 }, clock_us(CLOCK_MONOTONIC));
}

static const char *url_of(int which)
{
    return getenv(which == CLUSTER ? "OFFERD_TEST_CLUSTER_URL" : "OFFERD_TEST_REDIS_URL");
}

static bool is_skipped(int which)
{
    return which != FAKE && !url_of(which);
}

static void begin_at(struct ground *g, int which, const char *url)
{
    *g = (struct ground){ .which = which, .shared = open_store(which, url) };
    struct shared_listener listener = { &g->told, on_changed, on_doubt };
    (void) signal(SIGPIPE, SIG_IGN);
    g->arena = arena_new(1 << 16, 64 << 20);
    uv_loop_init(&g->loop);
    uv_timer_init(&g->loop, &g->timer);
    uv_timer_start(&g->timer, no_op, 1, 1); /* a turn takes a millisecond at most */
    ck_assert_int_eq(g->shared->link_new(g->shared, &g->loop, &listener, &g->link), OK);
    g->writer = g->shared->writer_new(g->shared);
    ck_assert_ptr_nonnull(g->writer);
}

static void begin(struct ground *g, int which)
{
    begin_at(g, which, url_of(which));
    RUN_UNTIL(g, is_trusted(g));
}

static void end(struct ground *g)
{
    g->shared->writer_free(g->shared, g->writer);
    if (g->link)
        g->shared->link_free(g->shared, g->link);
    uv_close((uv_handle_t *) &g->timer, NULL);
    while (uv_run(&g->loop, UV_RUN_NOWAIT))
        ;
    ck_assert_int_eq(uv_loop_close(&g->loop), 0);
    arena_free(g->arena);
    g->shared->free(g->shared);
}

#define GROUND(g)       \
    struct ground g;    \
    if (is_skipped(_i)) \
        return;         \
    begin(&g, _i)

static struct shared_put put_of(enum shared_mode mode, const char *id, uint64_t position,
                                const char *body)
{
    return (struct shared_put){ { str_of(id), position, str_of(body) }, mode };
}

static bool put_one(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                    const char *body)
{
    struct shared_put put = put_of(mode, id, position, body);
    struct err_note note = { "" };
    bool taken = false;
    enum err err = g->shared->put(g->writer, &put, 1, &taken, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return taken;
}

static struct shared_value get_one(struct ground *g, const char *id)
{
    struct shared_value value = { .position = 77 };
    struct str ids[] = { str_of(id) };
    struct err_note note = { "" };
    enum err err = g->shared->get(g->writer, ids, 1, g->arena, &value, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return value;
}

/* "<position>:<body>", "<position>-" for a floor, "0" for nothing. */
static const char *shown(struct ground *g, const char *id)
{
    static char text[128];
    struct shared_value value = get_one(g, id);
    if (value.body.at)
        snprintf(text, sizeof text, "%llu:%.*s", (unsigned long long) value.position,
                 STR_ARG(value.body));
    else
        snprintf(text, sizeof text, "%llu%s", (unsigned long long) value.position,
                 value.position ? "-" : "");
    return text;
}

struct asked {
    struct shared_fetch fetch;
    struct told *told;
    void (*then)(struct asked *asked);
    struct ground *ground;
};

static void on_done(struct shared_fetch *fetch, enum shared_answer answer,
                    const struct shared_value *value)
{
    struct asked *asked = (struct asked *) fetch;
    struct told *told = asked->told;
    told->answers++;
    told->answer = answer;
    told->position = value->position;
    told->body_len = value->body.len;
    ck_assert_uint_lt(value->body.len, sizeof told->body);
    snprintf(told->customer, sizeof told->customer, "%.*s", STR_ARG(value->customer_id));
    if (value->body.at)
        memcpy(told->body, value->body.at, value->body.len);
    told->body[value->body.len] = '\0';
    if (asked->then)
        asked->then(asked);
}

static void fetch_one(struct ground *g, struct asked *asked, const char *id)
{
    *asked = (struct asked){ .fetch.done = on_done, .told = &g->told, .ground = g };
    ck_assert(g->shared->fetch(g->link, str_of(id), &asked->fetch));
}

static void fetch_and_wait(struct ground *g, const char *id)
{
    struct asked asked;
    int before = g->told.answers;
    fetch_one(g, &asked, id);
    RUN_UNTIL(g, g->told.answers > before);
}

/* ── writing ── */

START_TEST(what_was_committed_is_got_byte_for_byte_and_the_rest_is_absent)
{
    GROUND(g);
    struct shared_put put = { { STR("c\"}1 いい"), 42, { "a\0\r\n\xff%s", 7 } }, SHARED_COMMIT };
    struct str ids[] = { STR("never"), put.value.customer_id };
    struct shared_value values[2];
    struct err_note note;
    bool taken = false;

    ck_assert_int_eq(g.shared->put(g.writer, &put, 1, &taken, &note), OK);
    ck_assert_int_eq(g.shared->get(g.writer, ids, 2, g.arena, values, &note), OK);

    ck_assert(taken);
    ck_assert_uint_eq(values[0].position, 0);
    ck_assert_ptr_null(values[0].body.at);
    ck_assert(str_eq(values[0].customer_id, ids[0]));
    ck_assert_uint_eq(values[1].position, 42);
    ck_assert(str_eq(values[1].body, put.value.body));
    end(&g);
}
END_TEST

START_TEST(a_commit_goes_over_what_is_older_and_over_a_floor_of_its_position)
{
    GROUND(g);

    ck_assert(put_one(&g, SHARED_COMMIT, "c", 5, "five"));
    ck_assert(!put_one(&g, SHARED_COMMIT, "c", 5, "again"));
    ck_assert(!put_one(&g, SHARED_COMMIT, "c", 5, NULL));
    ck_assert(!put_one(&g, SHARED_COMMIT, "c", 4, "four"));
    ck_assert_str_eq(shown(&g, "c"), "5:five");
    ck_assert(put_one(&g, SHARED_COMMIT, "c", 6, NULL));
    ck_assert_str_eq(shown(&g, "c"), "6-");
    ck_assert(!put_one(&g, SHARED_COMMIT, "c", 5, "five"));
    ck_assert(put_one(&g, SHARED_COMMIT, "c", 6, "six"));
    ck_assert_str_eq(shown(&g, "c"), "6:six");
    end(&g);
}
END_TEST

START_TEST(an_empty_body_is_no_floor)
{
    GROUND(g);

    ck_assert(put_one(&g, SHARED_COMMIT, "c", 5, ""));

    ck_assert_str_eq(shown(&g, "c"), "5:");
    ck_assert(!put_one(&g, SHARED_COMMIT, "c", 5, "five"));
    fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_BODY);
    end(&g);
}
END_TEST

START_TEST(a_claim_is_taken_only_where_nothing_is)
{
    GROUND(g);

    ck_assert(put_one(&g, SHARED_CLAIM, "new", 9, "not a body"));
    ck_assert(!put_one(&g, SHARED_CLAIM, "new", 0, NULL));
    fetch_and_wait(&g, "new");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_eq(g.told.position, 0);
    put_one(&g, SHARED_COMMIT, "old", 3, "three");
    ck_assert(!put_one(&g, SHARED_CLAIM, "old", 0, NULL));
    ck_assert_str_eq(shown(&g, "old"), "3:three");
    end(&g);
}
END_TEST

START_TEST(a_fill_needs_something_there_that_is_not_newer)
{
    GROUND(g);

    ck_assert(!put_one(&g, SHARED_FILL, "flushed", 7, "seven"));
    ck_assert_str_eq(shown(&g, "flushed"), "0");

    ck_assert(put_one(&g, SHARED_CLAIM, "c", 0, NULL));
    ck_assert(put_one(&g, SHARED_FILL, "c", 7, "seven"));
    ck_assert(!put_one(&g, SHARED_FILL, "c", 7, "another"));
    ck_assert_str_eq(shown(&g, "c"), "7:seven");

    put_one(&g, SHARED_COMMIT, "c", 9, NULL); /* an event came while it was folded */
    ck_assert(!put_one(&g, SHARED_FILL, "c", 8, "eight"));
    ck_assert_str_eq(shown(&g, "c"), "9-");
    ck_assert(put_one(&g, SHARED_FILL, "c", 9, "nine"));
    ck_assert_str_eq(shown(&g, "c"), "9:nine");

    ck_assert(put_one(&g, SHARED_CLAIM, "stranger", 0, NULL));
    ck_assert(put_one(&g, SHARED_FILL, "stranger", 0, "nobody"));
    fetch_and_wait(&g, "stranger");
    ck_assert_int_eq(g.told.answer, SHARED_BODY);
    end(&g);
}
END_TEST

static bool settle_one(struct ground *g, const char *id, uint64_t position, uint64_t over)
{
    struct shared_put put = put_of(SHARED_SETTLE, id, position, "not a body");
    struct err_note note = { "" };
    bool taken = false;
    put.over = over;
    enum err err = g->shared->put(g->writer, &put, 1, &taken, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return taken;
}

/* A claim, a fill or a mend with what it needs. */
static bool put_with(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                     uint64_t token, uint64_t over)
{
    struct shared_put put = put_of(mode, id, position, mode == SHARED_CLAIM ? NULL : "folded");
    struct err_note note = { "" };
    bool taken = false;
    put.over = over;
    put.value.token = token;
    enum err err = g->shared->put(g->writer, &put, 1, &taken, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return taken;
}

START_TEST(a_settled_floor_goes_over_a_provisional_one_and_over_nothing_newer)
{
    GROUND(g);

    ck_assert(put_one(&g, SHARED_COMMIT, "c", PROVISIONAL | 3, NULL));
    ck_assert(!put_one(&g, SHARED_COMMIT, "c", 500, "real"));
    ck_assert(!put_one(&g, SHARED_FILL, "c", 500, "real"));
    ck_assert(settle_one(&g, "c", 501, PROVISIONAL | 3));
    ck_assert_str_eq(shown(&g, "c"), "501-");
    ck_assert(put_one(&g, SHARED_COMMIT, "c", 502, "real"));
    ck_assert(!put_one(&g, SHARED_SETTLE, "c", 502, NULL));
    ck_assert_str_eq(shown(&g, "c"), "502:real");
    ck_assert(put_one(&g, SHARED_SETTLE, "c", 503, NULL));
    ck_assert_str_eq(shown(&g, "c"), "503-");
    ck_assert(put_one(&g, SHARED_SETTLE, "new", 1, NULL));
    ck_assert_str_eq(shown(&g, "new"), "1-");
    end(&g);
}
END_TEST

START_TEST(floors_of_several_spools_end_one_by_one)
{
    GROUND(g);
    const uint64_t one = PROVISIONAL | 0x3fffffffffffffff, two = PROVISIONAL | 2,
                   three = PROVISIONAL;

    ck_assert(put_one(&g, SHARED_COMMIT, "c", 500, "real"));
    ck_assert(put_one(&g, SHARED_COMMIT, "c", one, NULL));
    ck_assert(put_one(&g, SHARED_COMMIT, "c", two, NULL)); /* lower, and another's */
    ck_assert(put_one(&g, SHARED_COMMIT, "c", three, NULL));
    ck_assert(
        !put_one(&g, SHARED_COMMIT, "c", two, NULL)); /* it stands once, however often it is put */

    ck_assert(settle_one(&g, "c", 502, two));
    ck_assert_uint_ge(get_one(&g, "c").position, PROVISIONAL);
    ck_assert(!settle_one(&g, "c", 502, two));
    ck_assert(!settle_one(&g, "c", 502, PROVISIONAL | 77));
    ck_assert(!put_one(&g, SHARED_COMMIT, "c", 503, "real"));
    ck_assert(!put_one(&g, SHARED_CLAIM, "c", 0, NULL));
    ck_assert(settle_one(&g, "c", 504, one));
    ck_assert_uint_ge(get_one(&g, "c").position, PROVISIONAL);
    ck_assert(put_one(&g, SHARED_COMMIT, "c", two, NULL)); /* it spools again */
    ck_assert(settle_one(&g, "c", 501, three));
    ck_assert_uint_ge(get_one(&g, "c").position, PROVISIONAL);
    ck_assert(!get_one(&g, "c").body.at);
    ck_assert(settle_one(&g, "c", 505, two));
    ck_assert_str_eq(shown(&g, "c"), "505-");
    ck_assert(put_one(&g, SHARED_FILL, "c", 505, "folded"));
    end(&g);
}
END_TEST

START_TEST(a_link_is_told_the_floor_of_a_spool_as_one)
{
    GROUND(g);

    put_one(&g, SHARED_COMMIT, "c", PROVISIONAL | 5, NULL);
    put_one(&g, SHARED_COMMIT, "c", PROVISIONAL | 6, NULL);
    fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_ge(g.told.position, PROVISIONAL);
    settle_one(&g, "c", 5, PROVISIONAL | 6);
    RUN_UNTIL(&g, g.told.changed > 0);
    fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_ge(g.told.position, PROVISIONAL);
    end(&g);
}
END_TEST

START_TEST(a_fold_fills_only_the_floor_that_it_saw)
{
    GROUND(g);

    ck_assert(put_with(&g, SHARED_CLAIM, "c", 0, 71, 0));
    ck_assert_uint_eq(get_one(&g, "c").token, 71);
    ck_assert(!put_with(&g, SHARED_CLAIM, "c", 0, 72, 0)); /* another fold of the same floor */
    ck_assert(!put_with(&g, SHARED_FILL, "c", 7, 72, 0));
    ck_assert(put_one(&g, SHARED_COMMIT, "c", 6, NULL)); /* raised, and still the same */
    ck_assert_uint_eq(get_one(&g, "c").token, 71);
    ck_assert(put_with(&g, SHARED_FILL, "c", 7, 71, 0));
    ck_assert_uint_eq(get_one(&g, "c").token, 0);
    ck_assert(put_one(&g, SHARED_COMMIT, "c", 8, NULL)); /* made anew */
    uint64_t token = get_one(&g, "c").token;
    ck_assert_uint_ne(token, 0);
    ck_assert_uint_ne(token, 71);
    ck_assert(!put_with(&g, SHARED_FILL, "c", 8, 71, 0));
    ck_assert(put_with(&g, SHARED_FILL, "c", 8, 0, 0)); /* who asks not */
    end(&g);
}
END_TEST

START_TEST(a_fold_that_began_before_a_spool_was_used_fills_nothing)
{
    GROUND(g);

    ck_assert(put_with(&g, SHARED_CLAIM, "c", 0, 71, 0));
    put_one(&g, SHARED_COMMIT, "c", PROVISIONAL | 5, NULL);
    put_one(&g, SHARED_COMMIT, "c", PROVISIONAL | 6, NULL);
    settle_one(&g, "c", 9, PROVISIONAL | 5);
    settle_one(&g, "c", 8,
               PROVISIONAL | 6); /* the later settled the lower: nine is not known here */
    ck_assert(!put_with(&g, SHARED_FILL, "c", 8, 71, 0));
    uint64_t token = get_one(&g, "c").token;
    ck_assert_uint_ne(token, 0);
    ck_assert(put_with(&g, SHARED_FILL, "c", 9, token, 0));
    end(&g);
}
END_TEST

START_TEST(what_was_applied_to_a_body_goes_over_that_body_and_is_a_floor_elsewhere)
{
    GROUND(g);

    put_one(&g, SHARED_COMMIT, "c", 7, "seven");
    ck_assert(put_with(&g, SHARED_APPLY, "c", 8, 0, 7));
    ck_assert_str_eq(shown(&g, "c"), "8:folded");
    ck_assert(!put_with(&g, SHARED_APPLY, "c", 8, 0, 7));
    ck_assert(put_with(&g, SHARED_APPLY, "c", 10, 0, 9));
    ck_assert_str_eq(shown(&g, "c"), "10-");
    ck_assert(put_with(&g, SHARED_APPLY, "c", 11, 0, 10));
    ck_assert_str_eq(shown(&g, "c"), "11-");
    ck_assert(put_with(&g, SHARED_APPLY, "flushed", 11, 0, 10));
    ck_assert_str_eq(shown(&g, "flushed"), "11-");
    ck_assert_uint_ne(get_one(&g, "flushed").token, 0);
    ck_assert(put_with(&g, SHARED_APPLY, "new", 1, 0, 0));
    ck_assert_str_eq(shown(&g, "new"), "1-");
    put_one(&g, SHARED_COMMIT, "spooled", PROVISIONAL | 5, NULL);
    ck_assert(!put_with(&g, SHARED_APPLY, "spooled", 8, 0, PROVISIONAL | 5));
    end(&g);
}
END_TEST

START_TEST(a_body_that_cannot_be_read_is_mended_and_no_other)
{
    GROUND(g);

    ck_assert(!put_with(&g, SHARED_MEND, "c", 7, 0, 0));
    put_one(&g, SHARED_COMMIT, "c", 7, "gibberish");
    ck_assert(!put_with(&g, SHARED_MEND, "c", 7, 0, 6));
    ck_assert(!put_with(&g, SHARED_MEND, "c", 6, 0, 7));
    ck_assert(put_with(&g, SHARED_MEND, "c", 7, 0, 7));
    ck_assert_str_eq(shown(&g, "c"), "7:folded");
    ck_assert(put_with(&g, SHARED_MEND, "c", 8, 0, 7));
    put_one(&g, SHARED_COMMIT, "c", 9, NULL);
    ck_assert(!put_with(&g, SHARED_MEND, "c", 9, 0, 9));
    end(&g);
}
END_TEST

START_TEST(positions_are_compared_to_the_last_of_their_62_bits)
{
    GROUND(g);
    static const uint64_t ascending[] = { 9,
                                          10,
                                          UINT64_C(0xfffffffe),
                                          UINT64_C(0xffffffff),
                                          UINT64_C(0x100000000),
                                          (UINT64_C(1) << 53) + 1,
                                          (UINT64_C(1) << 53) + 2,
                                          PROVISIONAL - 2,
                                          PROVISIONAL - 1 };
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        ck_assert(put_one(&g, SHARED_COMMIT, "c", ascending[i], "x"));
        ck_assert(!put_one(&g, SHARED_COMMIT, "c", ascending[i] - 1, "y"));
        ck_assert_uint_eq(get_one(&g, "c").position, ascending[i]);
    }
    end(&g);
}
END_TEST

START_TEST(two_thousand_values_go_and_come_at_once)
{
    enum { N = 2000 };
    GROUND(g);
    static char ids[N][16];
    static struct shared_put puts[N];
    static struct str asked[N];
    static struct shared_value values[N];
    static bool taken[N];
    char body[1000];
    struct err_note note = { "" };
    memset(body, 'b', sizeof body);
    for (uint32_t i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "c%u", i);
        asked[i] = str_of(ids[i]);
        puts[i] =
            (struct shared_put){ { asked[i], i + 1, { body, i % sizeof body } }, SHARED_COMMIT };
    }

    ck_assert_msg(g.shared->put(g.writer, puts, N, taken, &note) == OK, "%s", note.text);
    ck_assert_msg(g.shared->get(g.writer, asked, N, g.arena, values, &note) == OK, "%s", note.text);

    for (uint32_t i = 0; i < N; i++) {
        ck_assert(taken[i]);
        ck_assert_uint_eq(values[i].position, i + 1);
        ck_assert_uint_eq(values[i].body.len, i % sizeof body);
    }
    ck_assert_int_eq(g.shared->put(g.writer, puts, 0, taken, &note), OK);
    end(&g);
}
END_TEST

/* ── reading ── */

START_TEST(a_fetch_finds_a_body_a_floor_or_nothing)
{
    GROUND(g);
    put_one(&g, SHARED_COMMIT, "known", 12, "twelve");
    put_one(&g, SHARED_COMMIT, "owed", 13, NULL);

    fetch_and_wait(&g, "known");
    ck_assert_int_eq(g.told.answer, SHARED_BODY);
    ck_assert_uint_eq(g.told.position, 12);
    ck_assert_str_eq(g.told.body, "twelve");
    ck_assert_str_eq(g.told.customer, "known");
    fetch_and_wait(&g, "owed");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    ck_assert_uint_eq(g.told.position, 13);
    fetch_and_wait(&g, "never");
    ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    ck_assert_str_eq(g.told.customer, "never");
    end(&g);
}
END_TEST

START_TEST(a_link_is_told_when_a_value_it_fetched_is_written)
{
    GROUND(g);
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    fetch_and_wait(&g, "c");
    fetch_and_wait(&g, "absent");
    ck_assert_int_eq(g.told.changed, 0);

    put_one(&g, SHARED_COMMIT, "c", 2, "two");
    RUN_UNTIL(&g, g.told.changed == 1);
    ck_assert_str_eq(g.told.last_changed, "c");

    put_one(&g, SHARED_CLAIM, "absent", 0, NULL);
    RUN_UNTIL(&g, g.told.changed == 2);
    ck_assert_str_eq(g.told.last_changed, "absent");
    end(&g);
}
END_TEST

START_TEST(a_link_hears_nothing_of_what_was_not_taken_or_never_fetched)
{
    GROUND(g);
    put_one(&g, SHARED_COMMIT, "c", 5, "five");
    fetch_and_wait(&g, "c");

    put_one(&g, SHARED_COMMIT, "c", 4, "four");
    put_one(&g, SHARED_COMMIT, "other", 1, "one");
    put_one(&g, SHARED_COMMIT, "c", 6, "six"); /* heard after whatever the others would cause */
    RUN_UNTIL(&g, g.told.changed > 0);

    fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.changed, 1);
    ck_assert_str_eq(g.told.body, "six");
    end(&g);
}
END_TEST

START_TEST(an_answer_that_was_overtaken_by_a_change_is_followed_by_the_word)
{
    GROUND(g);
    struct asked asked;
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    if (_i == FAKE)
        fake_shared_profiles_slow((struct fake_shared_profiles *) g.shared, true);
    fetch_one(&g, &asked, "c");
    uv_run(&g.loop, UV_RUN_NOWAIT); /* it leaves */

    put_one(&g, SHARED_COMMIT, "c", 2, "two");
    if (_i == FAKE) {
        RUN_UNTIL(&g, g.told.changed == 1);
        fake_shared_profiles_slow((struct fake_shared_profiles *) g.shared, false);
    }
    RUN_UNTIL(&g, g.told.answers == 1);

    if (g.told.position == 1)
        RUN_UNTIL(&g, g.told.changed > 0);
    fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "two");
    end(&g);
}
END_TEST

START_TEST(a_cancelled_fetch_is_never_done)
{
    GROUND(g);
    struct asked gone, kept;
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    fetch_one(&g, &gone, "c");
    fetch_one(&g, &kept, "other");

    g.shared->cancel(g.link, &gone.fetch);
    RUN_UNTIL(&g, g.told.answers == 1);

    ck_assert_str_eq(g.told.customer, "other");
    g.shared->cancel(g.link, &kept.fetch); /* harmless after done */
    fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answers, 2);
    end(&g);
}
END_TEST

static void ask_again(struct asked *asked)
{
    asked->then = NULL;
    ck_assert(asked->ground->shared->fetch(asked->ground->link, STR("second"), &asked->fetch));
}

START_TEST(a_fetch_may_be_issued_again_while_it_is_being_answered)
{
    GROUND(g);
    struct asked asked;
    fetch_one(&g, &asked, "first");
    asked.then = ask_again;

    RUN_UNTIL(&g, g.told.answers == 2);

    ck_assert_str_eq(g.told.customer, "second");
    end(&g);
}
END_TEST

START_TEST(what_is_under_way_when_a_link_is_freed_ends_as_away)
{
    GROUND(g);
    struct asked asked;
    fetch_one(&g, &asked, "c");

    g.shared->link_free(g.shared, g.link);
    g.link = NULL;

    ck_assert_int_eq(g.told.answers, 1);
    ck_assert_int_eq(g.told.answer, SHARED_AWAY);
    ck_assert_int_eq(g.told.doubts, 0);
    end(&g);
}
END_TEST

static void free_the_link(struct asked *asked)
{
    struct shared_link *link = asked->ground->link;
    asked->ground->link = NULL; /* the other's end is told meanwhile */
    if (link)
        asked->ground->shared->link_free(asked->ground->shared, link);
}

START_TEST(a_link_may_be_freed_while_it_answers)
{
    GROUND(g);
    struct asked first, second;
    fetch_one(&g, &first, "first");
    fetch_one(&g, &second, "second");
    first.then = second.then = free_the_link; /* whichever is answered first */

    RUN_UNTIL(&g, g.told.answers == 2);

    ck_assert_int_eq(g.told.answer, SHARED_AWAY);
    end(&g);
}
END_TEST

START_TEST(five_thousand_fetches_of_one_turn_are_all_answered)
{
    enum { N = 5000 };
    GROUND(g);
    static struct asked asked[N];
    char id[32];
    struct told last = { 0 }; /* asked, not necessarily answered */
    put_one(&g, SHARED_COMMIT, "c4999", 9, "the last");
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "c%d", i);
        fetch_one(&g, &asked[i], id);
    }
    asked[N - 1].told = &last;

    RUN_UNTIL(&g, g.told.answers + last.answers == N);

    ck_assert_str_eq(last.body, "the last");
    end(&g);
}
END_TEST

/* ── a cache that only does as it is told is never wrong for long ── */

struct cached {
    struct asked asked;
    uint64_t position;
    bool here, fetching;
    struct cache *cache;
};

struct cache {
    _Atomic uint32_t answers;
    struct ground g;
    struct cached of[LISTENERS_KEYS];
    _Atomic bool stop;
};

static void cache_done(struct shared_fetch *fetch, enum shared_answer answer,
                       const struct shared_value *value)
{
    struct cached *cached = (struct cached *) fetch;
    cached->fetching = false;
    cached->cache->answers++;
    cached->here = answer == SHARED_BODY;
    cached->position = value->position;
}

static void cache_changed(void *self, struct str customer_id)
{
    struct cache *cache = self;
    int64_t number;
    ck_assert(str_to_int64(customer_id, &number));
    cache->of[number].here = false;
}

static void cache_doubt(void *self)
{
    struct cache *cache = self;
    for (int i = 0; i < LISTENERS_KEYS; i++)
        cache->of[i].here = false;
}

static void *write_on(void *arg)
{
    struct cache *cache = arg;
    struct shared_profiles *shared = cache->g.shared;
    struct shared_writer *writer = shared->writer_new(shared);
    struct err_note note;
    char id[16];
    unsigned seed = 1;
    for (uint64_t position = 1; position <= 5000 || cache->answers < 500; position++) {
        bool taken;
        snprintf(id, sizeof id, "%d", rand_r(&seed) % LISTENERS_KEYS);
        struct shared_put put = put_of(SHARED_COMMIT, id, position, "x");
        if (shared->put(writer, &put, 1, &taken, &note) != OK || !taken)
            abort();
    }
    shared->writer_free(shared, writer);
    cache->stop = true;
    return NULL;
}

static void fetch_missing(struct cache *cache)
{
    char id[16];
    for (int i = 0; i < LISTENERS_KEYS; i++) {
        struct cached *cached = &cache->of[i];
        if (cached->here || cached->fetching)
            continue;
        snprintf(id, sizeof id, "%d", i);
        cached->asked.fetch.done = cache_done;
        cached->cache = cache;
        cached->fetching = cache->g.shared->fetch(cache->g.link, str_of(id), &cached->asked.fetch);
    }
}

START_TEST(a_cache_that_drops_what_was_changed_ends_with_the_last_values)
{
    struct cache cache = { .stop = false };
    pthread_t thread;
    char id[16];
    if (is_skipped(_i))
        return;
    begin(&cache.g, _i);
    cache.g.shared->link_free(cache.g.shared, cache.g.link);
    struct shared_listener listener = { &cache, cache_changed, cache_doubt };
    ck_assert_int_eq(
        cache.g.shared->link_new(cache.g.shared, &cache.g.loop, &listener, &cache.g.link), OK);
    RUN_UNTIL(&cache.g, is_trusted(&cache.g));

    ck_assert_int_eq(pthread_create(&thread, NULL, write_on, &cache), 0);
    while (!cache.stop) {
        fetch_missing(&cache);
        run_once(&cache.g);
    }
    pthread_join(thread, NULL);
    int64_t after = clock_us(CLOCK_MONOTONIC) + 50000; /* trusted later: all was heard */
    RUN_UNTIL(&cache.g, clock_us(CLOCK_MONOTONIC) > after && is_trusted(&cache.g));

    for (int i = 0; i < LISTENERS_KEYS; i++) {
        snprintf(id, sizeof id, "%d", i);
        if (cache.of[i].here)
            ck_assert_uint_eq(cache.of[i].position, get_one(&cache.g, id).position);
    }
    end(&cache.g);
}
END_TEST

/* ── faults of a real Redis ── */

static const char *tell(redisContext *c, const char *format, va_list args)
{
    static char text[8192];
    redisReply *reply = redisvCommand(c, format, args);
    ck_assert_ptr_nonnull(reply);
    snprintf(text, sizeof text, "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);
    redisFree(c);
    return text;
}

/* One command at the server, beside what is tested; its answer as text. */
static const char *tell_server(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *answer = tell(redis_at_dial(), format, args);
    va_end(args);
    return answer;
}

#define REDIS_GROUND(g)    \
    struct ground g;       \
    if (is_skipped(REDIS)) \
        return;            \
    begin(&g, REDIS)

START_TEST(a_flush_is_a_doubt_and_leaves_nothing)
{
    REDIS_GROUND(g);
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    fetch_and_wait(&g, "c");

    tell_server("FLUSHALL");
    RUN_UNTIL(&g, g.told.doubts > 0);

    fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    end(&g);
}
END_TEST

START_TEST(a_connection_that_the_server_closes_is_a_doubt_and_is_made_again)
{
    REDIS_GROUND(g);
    static const char *const types[] = { "normal", "pubsub" };
    for (int i = 0; i < 2; i++) {
        struct asked asked;
        g.told = (struct told){ 0 };
        fetch_one(&g, &asked,
                  "c"); /* it leaves when the loop turns: not before the connection is closed */

        tell_server("CLIENT KILL TYPE %s", types[i]);
        RUN_UNTIL(&g, g.told.doubts == 1 && g.told.answers == 1);

        if (i == 0) /* else it may just have been answered on the other */
            ck_assert_int_eq(g.told.answer, SHARED_AWAY);
        ck_assert(!is_trusted(&g));
        ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
        RUN_UNTIL(&g, is_trusted(&g));
        fetch_and_wait(&g, "c");
        ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    }
    put_one(&g, SHARED_COMMIT, "c", 1, "one"); /* the writer's connection was closed, too */
    RUN_UNTIL(&g, g.told.changed == 1);
    end(&g);
}
END_TEST

START_TEST(scripts_that_redis_has_forgotten_are_given_to_it_again)
{
    REDIS_GROUND(g);
    ck_assert(put_one(&g, SHARED_COMMIT, "c", 1, "one"));

    tell_server("SCRIPT FLUSH SYNC");

    ck_assert(put_one(&g, SHARED_COMMIT, "c", 2, "two"));
    ck_assert_str_eq(shown(&g, "c"), "2:two");
    end(&g);
}
END_TEST

START_TEST(a_server_that_stands_still_is_not_trusted_and_soon_away)
{
    REDIS_GROUND(g);
    struct asked asked;
    const char *info = tell_server("INFO server");
    int server = atoi(strstr(info, "process_id:") + 11);
    ck_assert_int_gt(server, 1);

    ck_assert_int_eq(kill(server, SIGSTOP), 0);
    int64_t stopped = clock_us(CLOCK_MONOTONIC);
    int64_t held_up = 0;
    bool trusted_late = false;
    fetch_one(&g, &asked, "c");
    while (g.told.answers == 0 && clock_us(CLOCK_MONOTONIC) < stopped + PATIENCE_MS * 1000) {
        held_up += held_up_us(&g);
        trusted_late |= g.shared->is_trusted(g.link, (struct str){ 0 }, stopped + TRUST_US);
    }
    int64_t away = clock_us(CLOCK_MONOTONIC) - stopped - held_up;
    ck_assert_int_eq(kill(server, SIGCONT), 0);

    ck_assert(!trusted_late);
    ck_assert_int_eq(g.told.answers, 1);
    ck_assert_int_eq(g.told.answer, SHARED_AWAY);
    ck_assert_int_eq(g.told.doubts, 1);
    ck_assert_int_le(away, 600000);
    RUN_UNTIL(&g, is_trusted(&g));
    end(&g);
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
    int64_t patience = clock_us(CLOCK_MONOTONIC) + PATIENCE_MS * 1000;
    for (; shared->put(writer, put, 1, &taken, &note) != OK; standing_us += 2000000)
        ck_assert_int_lt(clock_us(CLOCK_MONOTONIC), patience);
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
    if (is_skipped(REDIS))
        return;
    struct redis_settings settings = { .url = getenv("OFFERD_TEST_REDIS_URL"),
                                       .shop = STR("slow"),
                                       .timeout_ms = 100 };
    struct shared_profiles *shared;
    struct shared_put put = put_of(SHARED_COMMIT, "c", 1, "one");
    struct err_note note;
    bool taken, in_time = false;
    ck_assert_int_eq(redis_profiles_new(&settings, &still, NULL, &shared, &note), OK);
    struct shared_writer *writer = shared->writer_new(shared);
    put_in_the_end(shared, writer, &put);
    int server = atoi(strstr(tell_server("INFO server"), "process_id:") + 11);

    for (int i = 0; i < TRIES && !in_time; i++) {
        ck_assert_int_eq(kill(server, SIGSTOP), 0);
        int64_t start = clock_us(CLOCK_MONOTONIC);
        enum err late = shared->put(writer, &put, 1, &taken, &note);
        int64_t took = clock_us(CLOCK_MONOTONIC) - start;
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

static uint64_t count_reconnects(void)
{
    metric_id id = metric_register(metrics_of_test, METRIC_COUNTER, "offerd_redis_reconnects_total",
                                   "", STR("use=\"profiles\""));
    return metric_value(metrics_of_test, id);
}

static enum err try_put(struct ground *g, const char *id, struct err_note *note)
{
    struct shared_put put = put_of(SHARED_COMMIT, id, 1, "one");
    bool taken;
    return g->shared->put(g->writer, &put, 1, &taken, note);
}

static enum err try_get(struct ground *g, const char *id, struct err_note *note)
{
    struct str ids[] = { str_of(id) };
    struct shared_value value;
    return g->shared->get(g->writer, ids, 1, g->arena, &value, note);
}

/* Links try to connect on their loops; a writer that tried would take its whole timeout each time. */
START_TEST(a_writer_holds_nobody_up_while_its_links_are_away)
{
    timeout_ms_of_test = 1000;
    REDIS_GROUND(g);
    struct err_note note;
    int64_t longest = 0;
    int server = atoi(strstr(tell_server("INFO server"), "process_id:") + 11);
    put_one(&g, SHARED_COMMIT, "c", 1, "one");

    ck_assert_int_eq(kill(server, SIGSTOP), 0);
    enum err late = try_put(&g, "c", &note);
    int64_t end_us = clock_us(CLOCK_MONOTONIC) + PATIENCE_MS * 1000;
    while (g.told.doubts == 0 && clock_us(CLOCK_MONOTONIC) < end_us)
        run_once(&g);
    end_us = clock_us(CLOCK_MONOTONIC) + 1000000;
    for (int64_t began; (began = clock_us(CLOCK_MONOTONIC)) < end_us;) {
        enum err away = try_put(&g, "c", &note);
        int64_t took = clock_us(CLOCK_MONOTONIC) - began;
        longest = took > longest ? took : longest;
        late = away == OK ? OK : late;
        run_once(&g);
    }
    ck_assert_int_eq(kill(server, SIGCONT), 0);

    ck_assert_int_eq(late, ERR_UNAVAILABLE);
    ck_assert_int_le(longest, 700000);
    RUN_UNTIL(&g, try_put(&g, "c", &note) == OK);
    end(&g);
    timeout_ms_of_test = 2000;
}
END_TEST

START_TEST(a_full_server_is_read_and_is_connected_to_less_and_less_often)
{
    struct ground g;
    struct err_note note = { "" };
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    bool put_any = false, said_why = false;
    if (is_skipped(REDIS))
        return;
    metrics_of_test = metrics;
    begin(&g, REDIS);
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    tell_server("CONFIG SET maxmemory-policy noeviction");
    tell_server("CONFIG SET maxmemory 1");
    enum err had = try_get(&g, "c", &note);
    int64_t end_us = clock_us(CLOCK_MONOTONIC) + 1000000;
    while (clock_us(CLOCK_MONOTONIC) < end_us) {
        (void) try_get(&g, "c", &note);
        put_any |= try_put(&g, "new", &note) == OK;
        said_why |= strstr(note.text, "OOM") != NULL;
        run_once(&g);
    }
    uint64_t reconnects = count_reconnects();
    RUN_UNTIL(&g, is_trusted(&g));
    fetch_and_wait(&g, "c");
    tell_server("CONFIG SET maxmemory 0");

    ck_assert_int_eq(had, OK);
    ck_assert(!put_any);
    ck_assert(said_why);
    ck_assert_str_eq(g.told.body, "one");
    ck_assert_uint_ge(reconnects, 1);
    ck_assert_uint_le(reconnects, 10); /* at once each time: about 25 */
    RUN_UNTIL(&g, try_put(&g, "new", &note) == OK);
    end(&g);
    metrics_of_test = NULL;
}
END_TEST

/* Its connections are made, and each fetch ends them. */
START_TEST(a_user_who_may_not_read_comes_less_and_less_often_and_is_not_called_reached)
{
    struct ground g;
    struct asked asked;
    struct heard_log heard;
    struct err_note note = { "" };
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    char text[512];
    if (is_skipped(REDIS))
        return;
    tell_server("ACL SETUSER blind-user on >pw ~offerd:* &* +@all -get");
    redis_at_url(text, sizeof text, "blind-user:pw@", NULL, 0);
    metrics_of_test = metrics;
    begin_at(&g, REDIS, text);
    hear_log(&heard, "reached");
    g.told.answer = SHARED_AWAY;
    int64_t end_us = clock_us(CLOCK_MONOTONIC) + 1500000;
    for (int asks = 0; clock_us(CLOCK_MONOTONIC) < end_us; run_once(&g)) {
        ck_assert_int_eq(g.told.answer, SHARED_AWAY);
        if (asks > g.told.answers)
            continue; /* one at a time */
        asked = (struct asked){ .fetch.done = on_done, .told = &g.told, .ground = &g };
        asks += g.shared->fetch(g.link, STR("c"), &asked.fetch);
    }
    log_to(NULL);

    ck_assert_int_ge(g.told.answers, 2);
    ck_assert_uint_le(count_reconnects(), 10);
    ck_assert_int_le(heard.lines, 1);
    RUN_UNTIL(&g, try_get(&g, "c", &note) != OK && strstr(note.text, "NOPERM"));
    end(&g);
    metrics_of_test = NULL;
}
END_TEST

/* Seconds that the customer's key still has. */
static int64_t ttl_of(const char *id)
{
    static const char script[] =
        "return tostring(redis.call('TTL', redis.call('KEYS', ARGV[1])[1]))";
    char pattern[128];
    int64_t ttl;
    snprintf(pattern, sizeof pattern, "offerd:*{%s/%s}:p", shop_of_test, id);
    const char *answer = tell_server("EVAL %s 0 %s", script, pattern);
    ck_assert_msg(str_to_int64(str_of(answer), &ttl), "%s: %s", id, answer);
    return ttl;
}

START_TEST(every_value_has_an_end_and_a_profile_a_late_one)
{
    enum { HOUR_S = 3600, DAY_S = 86400, PROFILE_S = 30 * DAY_S, PATIENCE_S = PATIENCE_MS / 1000 };
    static const struct {
        const char *id;
        int64_t ttl_s;
    } wanted[] = { { "committed", PROFILE_S }, { "filled", PROFILE_S }, { "applied", PROFILE_S },
                   { "mended", PROFILE_S },    { "floor", HOUR_S },     { "claimed", HOUR_S },
                   { "stranger", HOUR_S },     { "late", HOUR_S },      { "settled", HOUR_S },
                   { "spooled", DAY_S },       { "twice", DAY_S } };
    REDIS_GROUND(g);
    put_one(&g, SHARED_COMMIT, "committed", 1, "one");
    put_one(&g, SHARED_CLAIM, "filled", 0, NULL);
    put_one(&g, SHARED_FILL, "filled", 7, "seven");
    put_one(&g, SHARED_COMMIT, "applied", 7, "seven");
    put_with(&g, SHARED_APPLY, "applied", 8, 0, 7);
    put_one(&g, SHARED_COMMIT, "mended", 7, "gibberish");
    put_with(&g, SHARED_MEND, "mended", 7, 0, 7);
    put_one(&g, SHARED_COMMIT, "floor", 7, NULL);
    put_one(&g, SHARED_CLAIM, "claimed", 0, NULL);
    put_one(&g, SHARED_CLAIM, "stranger", 0, NULL);
    put_one(&g, SHARED_FILL, "stranger", 0, "nobody");
    put_with(&g, SHARED_APPLY, "late", 9, 0, 8);
    put_one(&g, SHARED_COMMIT, "settled", PROVISIONAL | 5, NULL);
    settle_one(&g, "settled", 9, PROVISIONAL | 5);
    put_one(&g, SHARED_COMMIT, "spooled", PROVISIONAL | 5, NULL);
    put_one(&g, SHARED_COMMIT, "twice", PROVISIONAL | 5, NULL);
    put_one(&g, SHARED_COMMIT, "twice", PROVISIONAL | 6, NULL);
    settle_one(&g, "twice", 9, PROVISIONAL | 6);

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int64_t ttl_s = ttl_of(wanted[i].id);
        ck_assert_msg(ttl_s <= wanted[i].ttl_s && ttl_s >= wanted[i].ttl_s - PATIENCE_S,
                      "%s ends in %lld s", wanted[i].id, (long long) ttl_s);
    }
    end(&g);
}
END_TEST

START_TEST(an_acl_user_with_an_encoded_password_is_let_in_and_a_wrong_one_is_not)
{
    struct ground g;
    char text[512];
    if (is_skipped(REDIS))
        return;
    tell_server("ACL SETUSER shop-user on >p@ss:/w%%rd ~offerd:* &__redis__:invalidate +@all");
    redis_at_url(text, sizeof text, "shop-user:p%40ss%3A%2Fw%25rd@", NULL, 0);
    begin_at(&g, REDIS, text);
    RUN_UNTIL(&g, is_trusted(&g));
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "one");
    end(&g);

    struct shared_value value;
    struct str ids[] = { STR("c") };
    struct err_note note = { "" };
    redis_at_url(text, sizeof text, "shop-user:secret-word@", NULL, 0);
    begin_at(&g, REDIS, text);
    ck_assert_int_eq(g.shared->get(g.writer, ids, 1, g.arena, &value, &note), ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(note.text, "WRONGPASS"));
    ck_assert_ptr_null(strstr(note.text, "secret-word"));
    end(&g);
}
END_TEST

/* docs/decisions/redis_profiles.md has the list. */
START_TEST(a_user_who_may_do_what_the_documents_say_and_no_more_will_do)
{
    struct ground g;
    char text[512];
    if (is_skipped(REDIS))
        return;
    ck_assert_str_eq(
        tell_server("ACL SETUSER least-user on >pw ~offerd:* &__redis__:invalidate +auth +client "
                    "+select +info +ping +get +getrange +set +ttl +expire +evalsha +script "
                    "+subscribe +zadd +zrem +zscore +zcard +zremrangebyscore"),
        "OK");
    redis_at_url(text, sizeof text, "least-user:pw@", NULL, 0);
    begin_at(&g, REDIS, text);
    RUN_UNTIL(&g, is_trusted(&g));
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    put_one(&g, SHARED_COMMIT, "c", PROVISIONAL | 5, NULL);
    put_one(&g, SHARED_COMMIT, "c", PROVISIONAL | 6, NULL);
    settle_one(&g, "c", 9, PROVISIONAL | 6);
    settle_one(&g, "c", 9, PROVISIONAL | 5);
    fetch_and_wait(&g, "c");
    ck_assert_int_eq(g.told.answer, SHARED_FLOOR);
    end(&g);
}
END_TEST

START_TEST(what_is_asked_and_written_is_counted)
{
    static const struct {
        const char *name, *labels;
        uint64_t count;
    } counted[] = { { "offerd_redis_fetches_total", "answer=\"body\"", 2 },
                    { "offerd_redis_fetches_total", "answer=\"floor\"", 1 },
                    { "offerd_redis_fetches_total", "answer=\"absent\"", 1 },
                    { "offerd_redis_puts_total", "outcome=\"taken\"", 2 },
                    { "offerd_redis_puts_total", "outcome=\"refused\"", 1 },
                    { "offerd_redis_timeouts_total", "use=\"profiles\"", 0 } };
    struct ground g;
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    if (is_skipped(REDIS))
        return;
    metrics_of_test = metrics;
    begin(&g, REDIS);
    put_one(&g, SHARED_COMMIT, "c", 2, "two");
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    put_one(&g, SHARED_COMMIT, "owed", 3, NULL);
    fetch_and_wait(&g, "c");
    fetch_and_wait(&g, "c");
    fetch_and_wait(&g, "owed");
    fetch_and_wait(&g, "never");

    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        metric_id id = metric_register(metrics, METRIC_COUNTER, counted[i].name, "",
                                       str_of(counted[i].labels));
        ck_assert_msg(metric_value(metrics, id) == counted[i].count, "%s{%s} is %llu",
                      counted[i].name, counted[i].labels,
                      (unsigned long long) metric_value(metrics, id));
    }
    end(&g);
    metrics_of_test = NULL;
}
END_TEST

/* ── a wire between the link and Redis that falls silent, or is cut, for one of its connections ── */

enum { WIRES = 64 };

struct wires {
    pthread_t thread;
    int listener, port;
    _Atomic int server_port; /* where new ones lead */
    struct {
        int ends[2]; /* the link's, Redis' */
        bool hears;  /* it has subscribed */
    } of[WIRES];
    int n;
    _Atomic char silent; /* 'h': what hears; 'a': what asks; 0: none */
    _Atomic char cut;    /* the same; 0 again once it was done */
    _Atomic unsigned rounds;
    _Atomic bool stop;
};

static int loopback_socket(int port, bool listens)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t) port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = listens ? bind(fd, (struct sockaddr *) &address, sizeof address)
                         : connect(fd, (struct sockaddr *) &address, sizeof address);
    if (fd < 0 || status != 0 || (listens && listen(fd, WIRES) != 0))
        abort();
    return fd;
}

/* False once either end is gone. */
static bool carry(struct wires *wires, int wire, int from)
{
    char bytes[65536];
    ssize_t n = recv(wires->of[wire].ends[from], bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    if (from == 0 && memmem(bytes, (size_t) n, "SUBSCRIBE", 9))
        wires->of[wire].hears = true;
    return send(wires->of[wire].ends[!from], bytes, (size_t) n, MSG_NOSIGNAL) == n;
}

static void close_wire(struct wires *wires, int wire)
{
    close(wires->of[wire].ends[0]);
    close(wires->of[wire].ends[1]);
    wires->of[wire].ends[0] = -1;
}

static void *carry_on(void *arg)
{
    struct wires *wires = arg;
    while (!wires->stop) {
        const char cut = wires->cut;
        struct pollfd coming = { .fd = wires->listener, .events = POLLIN };
        if (poll(&coming, 1, 1) > 0 && wires->n < WIRES) {
            wires->of[wires->n].ends[0] = accept(wires->listener, NULL, NULL);
            wires->of[wires->n].ends[1] = loopback_socket(wires->server_port, false);
            wires->of[wires->n++].hears = false;
        }
        for (int i = 0; i < wires->n; i++) {
            const char kind = wires->of[i].hears ? 'h' : 'a';
            if (wires->of[i].ends[0] < 0)
                continue;
            bool keep = cut != kind &&
                        (wires->silent == kind || (carry(wires, i, 0) && carry(wires, i, 1)));
            if (!keep)
                close_wire(wires, i);
        }
        if (cut)
            wires->cut = 0;
        wires->rounds++;
    }
    return NULL;
}

/* From when it returns nothing is carried of what @kind means. */
static void fall_silent(struct wires *wires, char kind)
{
    wires->silent = kind;
    for (unsigned begun = wires->rounds; wires->rounds < begun + 2;)
        (void) usleep(100);
}

static void cut(struct wires *wires, char kind)
{
    for (wires->cut = kind; wires->cut;)
        (void) usleep(100);
}

static void lay_wires(struct wires *wires)
{
    struct redis_url *url = NULL;
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    ck_assert_int_eq(redis_url_parse(getenv("OFFERD_TEST_REDIS_URL"), &url, NULL), OK);
    *wires = (struct wires){ .server_port = url->port, .listener = loopback_socket(0, true) };
    redis_url_free(url);
    ck_assert_int_eq(getsockname(wires->listener, (struct sockaddr *) &address, &size), 0);
    wires->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&wires->thread, NULL, carry_on, wires), 0);
}

static void take_up_wires(struct wires *wires)
{
    wires->stop = true;
    pthread_join(wires->thread, NULL);
    close(wires->listener);
    for (int i = 0; i < wires->n; i++)
        if (wires->of[i].ends[0] >= 0)
            close_wire(wires, i);
}

START_TEST(silence_on_either_connection_alone_ends_the_trust)
{
    static const char kinds[] = { 'h', 'a' };
    struct wires wires;
    struct ground g;
    char url[64];
    if (is_skipped(REDIS))
        return;
    if (redis_at_is_tls()) {
        fprintf(stderr, "skipped: which connection hears is not to be read on a wire with TLS\n");
        return;
    }
    lay_wires(&wires);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", wires.port);
    begin_at(&g, REDIS, url);
    for (int i = 0; i < 2; i++) {
        RUN_UNTIL(&g, is_trusted(&g));
        int doubts = g.told.doubts;
        fetch_and_wait(&g, "c");

        int64_t held_up = 0;
        bool trusted_late = false;
        fall_silent(&wires, kinds[i]);
        int64_t start = clock_us(CLOCK_MONOTONIC);
        while (g.told.doubts == doubts && clock_us(CLOCK_MONOTONIC) < start + PATIENCE_MS * 1000) {
            held_up += held_up_us(&g);
            trusted_late |= g.shared->is_trusted(g.link, (struct str){ 0 }, start + TRUST_US);
        }
        int64_t doubted = clock_us(CLOCK_MONOTONIC) - start - held_up;
        wires.silent = 0;

        ck_assert(!trusted_late);
        ck_assert_int_le(doubted, 600000);
        ck_assert_int_eq(g.told.doubts, doubts + 1);
    }
    RUN_UNTIL(&g, is_trusted(&g));
    end(&g);
    take_up_wires(&wires);
}
END_TEST

START_TEST(a_lost_connection_ends_fetches_is_a_doubt_and_is_made_again)
{
    static const char kinds[] = { 'a', 'h' };
    struct wires wires;
    struct ground g;
    char url[64];
    if (is_skipped(REDIS))
        return;
    if (redis_at_is_tls()) {
        fprintf(stderr, "skipped: which connection hears is not to be read on a wire with TLS\n");
        return;
    }
    lay_wires(&wires);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", wires.port);
    begin_at(&g, REDIS, url);
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    for (int i = 0; i < 2; i++) {
        struct asked asked;
        RUN_UNTIL(&g, is_trusted(&g));
        fall_silent(&wires, 'a'); /* else it might be answered before */
        g.told = (struct told){ 0 };
        fetch_one(&g, &asked, "c");
        run_once(&g);

        cut(&wires, kinds[i]);
        RUN_UNTIL(&g, g.told.doubts == 1 && g.told.answers == 1);

        ck_assert_int_eq(g.told.answer, SHARED_AWAY);
        ck_assert(!is_trusted(&g));
        ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
        wires.silent = 0;
        RUN_UNTIL(&g, is_trusted(&g));
        fetch_and_wait(&g, "c");
        ck_assert_int_eq(g.told.answer, SHARED_BODY);
    }
    put_one(&g, SHARED_COMMIT, "c", 2, "two"); /* the writer's connection was cut, too */
    RUN_UNTIL(&g, g.told.changed == 1);
    end(&g);
    take_up_wires(&wires);
}
END_TEST

/* The same as tell_server, at the second server. */
static const char *tell_twin(const char *format, ...)
{
    struct redis_url *url = NULL;
    va_list args;
    ck_assert_int_eq(redis_url_parse(getenv("OFFERD_TEST_TWIN_URL"), &url, NULL), OK);
    redisContext *c = redisConnect(url->host, url->port);
    redis_url_free(url);
    va_start(args, format);
    const char *answer = tell(c, format, args);
    va_end(args);
    return answer;
}

static bool says(const char *answer, const char *word)
{
    return strstr(answer, word) != NULL;
}

/*
 * A failover as it is planned: the server that was the master keeps its clients and all that it
 * holds, is told of nothing but the master's life, and the address leads to the other from now on.
 */
START_TEST(a_server_that_has_become_a_replica_is_not_believed)
{
    struct wires wires;
    struct ground g;
    struct err_note note = { "" };
    struct redis_url *twin = NULL;
    char url[64];
    if (is_skipped(REDIS) || !getenv("OFFERD_TEST_TWIN_URL"))
        return;
    if (redis_at_is_tls()) {
        fprintf(stderr, "skipped: a failover between a server with TLS and one without\n");
        return;
    }
    ck_assert_int_eq(redis_url_parse(getenv("OFFERD_TEST_TWIN_URL"), &twin, NULL), OK);
    lay_wires(&wires);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", wires.port);
    begin_at(&g, REDIS, url);
    RUN_UNTIL(&g, is_trusted(&g));
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    fetch_and_wait(&g, "c");
    tell_twin("REPLICAOF 127.0.0.1 %d", (int) wires.server_port);
    RUN_UNTIL(&g, says(tell_twin("INFO replication"), "master_link_status:up"));
    RUN_UNTIL(&g, is_trusted(&g));

    ck_assert_str_eq(tell_server("FAILOVER"), "OK");
    RUN_UNTIL(&g, says(tell_server("INFO replication"), "role:slave"));
    enum err had = try_get(&g, "c", &note);
    int64_t end_us = clock_us(CLOCK_MONOTONIC) + 300000;
    while (clock_us(CLOCK_MONOTONIC) < end_us)
        run_once(&g);
    bool trusted = is_trusted(&g);
    wires.server_port = twin->port;
    RUN_UNTIL(&g, is_trusted(&g));
    fetch_and_wait(&g, "c"); /* in the other's life */
    RUN_UNTIL(&g, try_put(&g, "other", &(struct err_note){ "" }) == OK);
    tell_server("REPLICAOF NO ONE");

    ck_assert_int_eq(had, ERR_UNAVAILABLE);
    ck_assert_msg(strstr(note.text, "READONLY") != NULL, "%s", note.text);
    ck_assert(!trusted);
    ck_assert_int_ge(g.told.doubts, 1);
    ck_assert_int_eq(g.told.answer, SHARED_ABSENT);
    end(&g);
    take_up_wires(&wires);
    redis_url_free(twin);
}
END_TEST

/*
 * Names are looked up by a thread of glibc's own (getaddrinfo_a), which ThreadSanitizer does not
 * know: its malloc crashes there.
 */
#if defined(__SANITIZE_THREAD__)
#define LOOKS_UP_NAMES false
#elif defined(__has_feature)
#define LOOKS_UP_NAMES (!__has_feature(thread_sanitizer))
#else
#define LOOKS_UP_NAMES true
#endif

/* "localhost" may name ::1 first, where nobody listens: then the next address is tried. */
START_TEST(a_host_may_have_a_name)
{
    struct ground g;
    struct err_note note = { "" };
    struct shared_put put = put_of(SHARED_COMMIT, "c", 1, "one");
    bool taken;
    char text[512];
    if (is_skipped(REDIS))
        return;
    if (!LOOKS_UP_NAMES) {
        fprintf(stderr, "skipped: a name of a host, under ThreadSanitizer\n");
        return;
    }
    redis_at_url(text, sizeof text, "", "localhost", 0);
    begin_at(&g, REDIS, text);

    RUN_UNTIL(&g, g.shared->put(g.writer, &put, 1, &taken, &note) == OK);
    RUN_UNTIL(&g, is_trusted(&g));

    fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "one");
    end(&g);
}
END_TEST

START_TEST(a_unix_socket_will_do)
{
    struct ground g;
    const char *url = getenv("OFFERD_TEST_REDIS_SOCKET_URL");
    if (!url)
        return;
    begin_at(&g, REDIS, url);
    RUN_UNTIL(&g, is_trusted(&g));
    put_one(&g, SHARED_COMMIT, "c", 1, "one");
    fetch_and_wait(&g, "c");
    ck_assert_str_eq(g.told.body, "one");
    end(&g);
}
END_TEST

START_TEST(nobody_there_is_away_and_no_harm)
{
    struct ground g;
    struct asked asked = { .fetch.done = on_done, .told = &g.told };
    struct shared_value value;
    struct str ids[] = { STR("c") };
    struct err_note note = { "" };
    begin_at(&g, REDIS, "redis://no-such-host.invalid:1"); /* a name that never resolves */
    for (int i = 0; i < 50; i++)
        run_once(&g);
    ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
    ck_assert(!is_trusted(&g));
    end(&g);

    begin_at(&g, REDIS, "redis://127.0.0.1:1");
    for (int i = 0; i < 200; i++)
        run_once(&g);
    ck_assert_int_eq(g.shared->get(g.writer, ids, 1, g.arena, &value, &note), ERR_UNAVAILABLE);
    ck_assert(!g.shared->fetch(g.link, STR("c"), &asked.fetch));
    end(&g);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const of_every_store[] = {
        what_was_committed_is_got_byte_for_byte_and_the_rest_is_absent,
        a_commit_goes_over_what_is_older_and_over_a_floor_of_its_position,
        an_empty_body_is_no_floor,
        a_claim_is_taken_only_where_nothing_is,
        a_fill_needs_something_there_that_is_not_newer,
        a_settled_floor_goes_over_a_provisional_one_and_over_nothing_newer,
        floors_of_several_spools_end_one_by_one,
        a_link_is_told_the_floor_of_a_spool_as_one,
        a_fold_fills_only_the_floor_that_it_saw,
        a_fold_that_began_before_a_spool_was_used_fills_nothing,
        a_body_that_cannot_be_read_is_mended_and_no_other,
        what_was_applied_to_a_body_goes_over_that_body_and_is_a_floor_elsewhere,
        positions_are_compared_to_the_last_of_their_62_bits,
        two_thousand_values_go_and_come_at_once,
        a_fetch_finds_a_body_a_floor_or_nothing,
        a_link_is_told_when_a_value_it_fetched_is_written,
        a_link_hears_nothing_of_what_was_not_taken_or_never_fetched,
        an_answer_that_was_overtaken_by_a_change_is_followed_by_the_word,
        a_cancelled_fetch_is_never_done,
        a_fetch_may_be_issued_again_while_it_is_being_answered,
        what_is_under_way_when_a_link_is_freed_ends_as_away,
        a_link_may_be_freed_while_it_answers,
        five_thousand_fetches_of_one_turn_are_all_answered,
        a_cache_that_drops_what_was_changed_ends_with_the_last_values,
    };
    const TTest *const of_redis[] = {
        a_flush_is_a_doubt_and_leaves_nothing,
        a_connection_that_the_server_closes_is_a_doubt_and_is_made_again,
        scripts_that_redis_has_forgotten_are_given_to_it_again,
        a_server_that_stands_still_is_not_trusted_and_soon_away,
        a_writer_waits_no_longer_than_its_timeout_and_then_fails_at_once,
        a_writer_holds_nobody_up_while_its_links_are_away,
        a_full_server_is_read_and_is_connected_to_less_and_less_often,
        a_user_who_may_not_read_comes_less_and_less_often_and_is_not_called_reached,
        every_value_has_an_end_and_a_profile_a_late_one,
        an_acl_user_with_an_encoded_password_is_let_in_and_a_wrong_one_is_not,
        a_user_who_may_do_what_the_documents_say_and_no_more_will_do,
        what_is_asked_and_written_is_counted,
        silence_on_either_connection_alone_ends_the_trust,
        a_lost_connection_ends_fetches_is_a_doubt_and_is_made_again,
        a_host_may_have_a_name,
        a_unix_socket_will_do,
        nobody_there_is_away_and_no_harm,
        a_server_that_has_become_a_replica_is_not_believed,
    };
    Suite *suite = suite_create("contract/shared_profiles");
    TCase *tests = tcase_create("contract/shared_profiles");
    for (size_t i = 0; i < sizeof of_every_store / sizeof *of_every_store; i++)
        tcase_add_loop_test(tests, of_every_store[i], 0, STORES);
    for (size_t i = 0; i < sizeof of_redis / sizeof *of_redis; i++)
        tcase_add_test(tests, of_redis[i]);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(contract());
    if (!getenv("OFFERD_TEST_REDIS_URL"))
        fprintf(stderr, "skipped: Redis (OFFERD_TEST_REDIS_URL is not set)\n");
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
