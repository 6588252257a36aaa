/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Shared ground
 *
 * What the contracts of ports/shared_profiles.h stand on: a store (the fake, a real Redis or a
 * Redis Cluster), a writer, a link on a loop of the test's own, and what the link has told. The
 * servers are those of OFFERD_TEST_REDIS_URL and OFFERD_TEST_CLUSTER_URL (servers.py). All on the
 * test's thread, unless said otherwise. Whatever goes wrong in here fails the test.
 */
#include <check.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "ports/shared_profiles.h"

enum { FAKE, REDIS, CLUSTER, STORES };
enum {
    PATIENCE_MS = 10000,
    TRUST_US = 55000 /* 50 ms, and what was on its way */
};
#define PROVISIONAL (UINT64_C(1) << 62)

struct metrics;

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
    char shop[64]; /* the test's own, so that none meets another's values */
    struct shared_profiles *shared;
    struct shared_writer *writer;
    uv_loop_t loop;
    uv_timer_t timer;
    struct shared_link *link; /* NULL: the test has freed it */
    struct told told;
    struct arena *arena;
};

/* ── beginning and ending ── */

/* Whether this machine has no such server. */
bool ground_is_skipped(int store);

/* Returns when the link is trusted. The caller's: ground_end. */
void ground_begin(struct ground *g, int store);

/* What a test may want otherwise; NULL and 0: as usual. The caller's, until ground_end. */
struct ground_wish {
    const char *url;
    int timeout_ms; /* 2000: a writer's */
    struct metrics *metrics;
};

/* The same, and returns at once. */
void ground_begin_with(struct ground *g, int store, struct ground_wish wish);
void ground_begin_at(struct ground *g, const char *url); /* a Redis; at once */
void ground_end(struct ground *g);

/* Of a test that every store is asked (loop tests: _i is the store). */
#define GROUND(g)              \
    struct ground g;           \
    if (ground_is_skipped(_i)) \
        return;                \
    ground_begin(&g, _i)

#define REDIS_GROUND(g)           \
    struct ground g;              \
    if (ground_is_skipped(REDIS)) \
        return;                   \
    ground_begin(&g, REDIS)

/* main of a contract: @tests one after the other, each so many @times (STORES: of every store). */
int ground_main(const char *name, const TTest *const *tests, size_t n, int times);

/* ── time ── */

/* Monotonic; on any thread. */
int64_t ground_now_us(void);

/* A turn of the loop; it takes a millisecond at most. */
void ground_turn(struct ground *g);

/* The same; how long the machine held it up, 0 if it did not. */
int64_t ground_turn_held_up_us(struct ground *g);

/* Turns the loop until @condition holds; fails after some seconds. */
#define RUN_UNTIL(g, condition)                                          \
    do {                                                                 \
        int64_t end_ = ground_now_us() + PATIENCE_MS * 1000;             \
        while (!(condition)) {                                           \
            ck_assert_msg(ground_now_us() < end_, "never: " #condition); \
            ground_turn(g);                                              \
        }                                                                \
    } while (0)

bool ground_is_trusted(struct ground *g);

/* ── writing; texts are borrowed, @body NULL is a floor ── */

/* On any thread. */
struct shared_put ground_put_of(enum shared_mode mode, const char *id, uint64_t position,
                                const char *body);

/* Whether it was taken. */
bool ground_put(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                const char *body);

/* A claim, a fill, a mend or what was applied, with what it needs; the body is "folded". */
bool ground_put_with(struct ground *g, enum shared_mode mode, const char *id, uint64_t position,
                     uint64_t token, uint64_t over);
bool ground_settle(struct ground *g, const char *id, uint64_t position, uint64_t over);

/* The body lives as long as the ground. */
struct shared_value ground_get(struct ground *g, const char *id);

/* "<position>:<body>", "<position>-" for a floor, "0" for nothing; until the next call. */
const char *ground_shown(struct ground *g, const char *id);

/* A commit of "one" at 1, and a get: these may fail. */
enum err ground_try_put(struct ground *g, const char *id, struct err_note *note);
enum err ground_try_get(struct ground *g, const char *id, struct err_note *note);

/* ── fetching: answers are written down in told ── */

/* The test's, until it was answered, cancelled or its link freed. */
struct asked {
    struct shared_fetch fetch; /* first */
    struct told *told;
    void (*then)(struct asked *asked); /* or NULL: called with the answer */
    struct ground *ground;
};

/* Not handed to the link yet. */
struct asked ground_asked(struct ground *g);
void ground_fetch(struct ground *g, struct asked *asked, const char *id);
void ground_fetch_and_wait(struct ground *g, const char *id);

/* ── the server, beside what is tested ── */

/* One command; its answer as text, until the next call. */
const char *ground_tell_server(const char *format, ...);

/* The same at @context, which it frees. */
const char *ground_tell_at(redisContext *context, const char *format, va_list args);
