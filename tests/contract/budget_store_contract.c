/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/budget_store.h promises, asked of every store in `stores` alike: one line adds another. The
 * Redis is the one of OFFERD_TEST_REDIS_URL, the cluster that of OFFERD_TEST_CLUSTER_URL
 * (tests/support/servers.py starts them); without them those stores are left out.
 */
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "learn/budgets.h"
#include "ports/clock.h"
#include "redis_at.h"
#include "store/redis/redis_budgets.h"
#include "suite.h"

enum { PATIENCE_MS = 10000, HELD_UP_US = 5000 };
enum { NOW_US = 1000000000, SECOND_US = 1000000, HOLD_US = 60 * SECOND_US };

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return monotonic_us();
}

static struct clock real = { mono_us, mono_us };

/* ── the stores ── */

static struct budget_store *in_process(void)
{
    return budgets_new(NULL, NULL);
}

/* Each test has a shop of its own, so that none meets another's budgets. */
static struct budget_store *in_redis_at(const char *url, const char *shop)
{
    struct budget_store *store = NULL;
    struct err_note note = { "" };
    struct redis_settings settings = { .url = url, .shop = str_of(shop), .timeout_ms = 2000 };
    ck_assert_msg(redis_budgets_new(&settings, &real, NULL, &store, &note) == OK, "%s", note.text);
    return store;
}

static struct budget_store *in_redis_of(const char *variable)
{
    static int count;
    char shop[64];
    if (!getenv(variable))
        return NULL;
    snprintf(shop, sizeof shop, "shop-%d-%d", (int) getpid(), count++);
    return in_redis_at(getenv(variable), shop);
}

static struct budget_store *in_redis(void)
{
    return in_redis_of("OFFERD_TEST_REDIS_URL");
}

static struct budget_store *in_cluster(void)
{
    return in_redis_of("OFFERD_TEST_CLUSTER_URL");
}

static struct budget_store *(*const stores[])(void) = { in_process, in_redis, in_cluster };

/* ── the ground a test stands on ── */

struct ground {
    struct budget_store *store;
    uv_loop_t loop;
    uv_timer_t timer;
    void *reader;
    struct budget_waiter waiter;
    _Atomic int told;
    int64_t held_up_us; /* by the machine: a turn takes a millisecond at most */
};

static void on_ready(struct budget_waiter *waiter)
{
    ((struct ground *) ((char *) waiter - offsetof(struct ground, waiter)))->told++;
}

static void no_op(uv_timer_t *timer)
{
    (void) timer;
}

static enum budget_answer ask_at(struct ground *g, struct budget_claim *claims, uint32_t n,
                                 int64_t now_us)
{
    g->waiter.ready = on_ready;
    int told = g->told;
    enum budget_answer answer =
        g->store->reserve(g->store, g->reader, claims, n, now_us, &g->waiter);
    int64_t end = monotonic_us() + PATIENCE_MS * 1000;
    if (answer != BUDGET_COMING)
        return answer;
    for (int64_t now = monotonic_us(), before; g->told == told;) {
        ck_assert_int_lt(now, end);
        uv_run(&g->loop, UV_RUN_ONCE);
        before = now;
        now = monotonic_us();
        if (now - before > HELD_UP_US)
            g->held_up_us += now - before;
    }
    ck_assert_int_eq(g->told, told + 1);
    return g->store->reserve(g->store, g->reader, claims, n, now_us, &g->waiter);
}

/* Until the reader is connected, in a cluster to every node: a store that is away answers as one that knows nothing. */
static void wait_until_reached(struct ground *g)
{
    enum { PROBES = 24 };
    static const char names[] = "abcdefghijklmnopqrstuvwx";
    struct budget_claim probes[PROBES];
    struct err_note note = { "" };
    for (int i = 0; i < PROBES; i++) {
        probes[i] = (struct budget_claim){ .rule = { names, (size_t) i + 1 },
                                           .mark = 7,
                                           .redemptions = 1,
                                           .until_us = NOW_US + HOLD_US };
        ck_assert_msg(g->store->restore(g->store, probes[i].rule, 0, &note) == OK, "%s", note.text);
    }
    int64_t end = monotonic_us() + PATIENCE_MS * 1000;
    while (ask_at(g, probes, PROBES, NOW_US) != BUDGET_ANSWERED) {
        ck_assert_int_lt(monotonic_us(), end);
        uv_run(&g->loop, UV_RUN_ONCE);
    }
    (void) g->store->wants_restore(g->store);
}

static bool begin_on(struct ground *g, struct budget_store *store)
{
    if (!store)
        return false;
    (void) signal(SIGPIPE, SIG_IGN);
    *g = (struct ground){ .store = store };
    uv_loop_init(&g->loop);
    uv_timer_init(&g->loop, &g->timer);
    uv_timer_start(&g->timer, no_op, 1, 1); /* a turn takes a millisecond at most */
    g->reader = store->reader_new(store, &g->loop);
    wait_until_reached(g);
    return true;
}

static void end_reader(struct ground *g)
{
    g->store->reader_free(g->store, g->reader);
    uv_close((uv_handle_t *) &g->timer, NULL);
    while (uv_run(&g->loop, UV_RUN_NOWAIT))
        ;
    ck_assert_int_eq(uv_loop_close(&g->loop), 0);
}

static void end(struct ground *g)
{
    end_reader(g);
    g->store->free(g->store);
}

#define GROUND(g)                    \
    struct ground g;                 \
    if (!begin_on(&g, stores[_i]())) \
    return

#define REDIS_GROUND(g)            \
    struct ground g;               \
    if (!begin_on(&g, in_redis())) \
    return

static struct budget_claim claim_of(const char *rule, uint64_t mark, int64_t redemptions)
{
    return (struct budget_claim){ .rule = str_of(rule),
                                  .mark = mark,
                                  .redemptions = redemptions,
                                  .until_us = NOW_US + HOLD_US,
                                  .taken = -1 };
}

/* 'y' granted, 'n' not, '?' lost. */
static char reserve_at(struct ground *g, const char *rule, uint64_t mark, int64_t redemptions,
                       int64_t now_us)
{
    struct budget_claim claim = claim_of(rule, mark, redemptions);
    claim.until_us = now_us + HOLD_US;
    if (ask_at(g, &claim, 1, now_us) != BUDGET_ANSWERED)
        return '?';
    return claim.granted ? 'y' : 'n';
}

static char reserve(struct ground *g, const char *rule, uint64_t mark, int64_t redemptions)
{
    return reserve_at(g, rule, mark, redemptions, NOW_US);
}

static void restore(struct ground *g, const char *rule, int64_t accepted)
{
    struct err_note note = { "" };
    ck_assert_int_eq(g->store->restore(g->store, str_of(rule), accepted, &note), OK);
}

/* ── what all of them promise ── */

START_TEST(a_rule_that_was_not_restored_is_lost_and_wanted)
{
    GROUND(g);
    ck_assert(!g.store->wants_restore(g.store));

    ck_assert_int_eq(reserve(&g, "new", 100, 5), '?');

    ck_assert(g.store->wants_restore(g.store));
    ck_assert(!g.store->wants_restore(g.store));
    restore(&g, "new", 0);
    ck_assert_int_eq(reserve(&g, "new", 100, 5), 'y');
    end(&g);
}
END_TEST

START_TEST(grants_as_many_as_there_are_and_says_what_is_taken)
{
    GROUND(g);
    restore(&g, "r", 2);
    ck_assert_int_eq(reserve(&g, "r", 100, 5), 'y');
    ck_assert_int_eq(reserve(&g, "r", 101, 5), 'y');
    ck_assert_int_eq(reserve(&g, "r", 102, 5), 'y');

    struct budget_claim claim = claim_of("r", 103, 5);
    ck_assert_int_eq(ask_at(&g, &claim, 1, NOW_US), BUDGET_ANSWERED);

    ck_assert(!claim.granted);
    ck_assert(claim.taken == 5 || claim.taken == -1); /* or left as it was */
    ck_assert_int_eq(reserve(&g, "r", 104, 6), 'y');  /* the author raised it */
    end(&g);
}
END_TEST

START_TEST(a_mark_that_is_held_is_granted_again_and_takes_nothing_more)
{
    GROUND(g);
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 2), 'y');
    ck_assert_int_eq(reserve(&g, "r", 100, 2), 'y');
    ck_assert_int_eq(reserve(&g, "r", 101, 2), 'y');
    ck_assert_int_eq(reserve(&g, "r", 100, 2), 'y');
    ck_assert_int_eq(reserve(&g, "r", 102, 2), 'n');
    end(&g);
}
END_TEST

START_TEST(a_released_hold_is_free_for_another)
{
    GROUND(g);
    struct err_note note;
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');
    ck_assert_int_eq(reserve(&g, "r", 101, 1), 'n');

    ck_assert_int_eq(g.store->release(g.store, STR("r"), 100, &note), OK);
    ck_assert_int_eq(g.store->release(g.store, STR("r"), 999, &note), OK); /* nobody's */

    ck_assert_int_eq(reserve(&g, "r", 101, 1), 'y');
    ck_assert_int_eq(reserve(&g, "r", 102, 1), 'n');
    end(&g);
}
END_TEST

START_TEST(an_accepted_offer_stays_taken)
{
    GROUND(g);
    struct err_note note;
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 2), 'y');

    ck_assert_int_eq(g.store->settle(g.store, STR("r"), 100, 1, &note), OK);

    ck_assert_int_eq(reserve(&g, "r", 101, 2), 'y');
    ck_assert_int_eq(reserve(&g, "r", 102, 2), 'n');
    ck_assert_int_eq(g.store->release(g.store, STR("r"), 100, &note),
                     OK); /* it is no hold any more */
    ck_assert_int_eq(reserve(&g, "r", 102, 2), 'n');
    end(&g);
}
END_TEST

START_TEST(an_acceptance_whose_hold_is_over_still_counts)
{
    GROUND(g);
    struct err_note note;
    restore(&g, "r", 0);

    ck_assert_int_eq(g.store->settle(g.store, STR("r"), 555, 1, &note), OK);

    ck_assert_int_eq(reserve(&g, "r", 100, 2), 'y');
    ck_assert_int_eq(reserve(&g, "r", 101, 2), 'n');
    end(&g);
}
END_TEST

START_TEST(a_hold_ends_with_its_time_unless_it_was_extended)
{
    GROUND(g);
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 2), 'y');
    ck_assert_int_eq(reserve(&g, "r", 101, 2), 'y');
    int64_t later = NOW_US + HOLD_US / 2, over = NOW_US + HOLD_US + SECOND_US;
    ck_assert_int_eq(reserve_at(&g, "r", 100, 2, later), 'y'); /* now until later + HOLD_US */

    g.store->tend(g.store, over);

    ck_assert_int_eq(reserve_at(&g, "r", 102, 2, over), 'y'); /* in the place of 101 */
    ck_assert_int_eq(reserve_at(&g, "r", 103, 2, over), 'n');
    g.store->tend(g.store, over + HOLD_US);
    ck_assert_int_eq(reserve_at(&g, "r", 103, 2, over + HOLD_US), 'y');
    end(&g);
}
END_TEST

START_TEST(claims_on_several_rules_are_answered_each)
{
    GROUND(g);
    restore(&g, "full", 3);
    restore(&g, "free", 0);
    struct budget_claim claims[] = { claim_of("full", 100, 3), claim_of("free", 100, 1),
                                     claim_of("free", 101, 1) };

    ck_assert_int_eq(ask_at(&g, claims, 3, NOW_US), BUDGET_ANSWERED);

    ck_assert(!claims[0].granted);
    ck_assert(claims[1].granted);
    ck_assert(!claims[2].granted);
    ck_assert_int_eq(ask_at(&g, claims, 0, NOW_US), BUDGET_ANSWERED);
    end(&g);
}
END_TEST

START_TEST(tells_what_it_believes_of_a_rule)
{
    GROUND(g);
    struct err_note note;
    int64_t accepted = 77;
    bool known = true;
    if (!g.store->read) {
        end(&g);
        return;
    }
    ck_assert_int_eq(g.store->read(g.store, STR("r"), &accepted, &known, &note), OK);
    ck_assert(!known);
    restore(&g, "r", 3);
    ck_assert_int_eq(reserve(&g, "r", 100, 9), 'y');
    ck_assert_int_eq(g.store->settle(g.store, STR("r"), 100, 4, &note), OK);

    ck_assert_int_eq(g.store->read(g.store, STR("r"), &accepted, &known, &note), OK);

    ck_assert(known);
    ck_assert_int_eq(accepted, 4);
    end(&g);
}
END_TEST

/* What the store believes of "r". */
static int64_t belief(struct ground *g)
{
    struct err_note note;
    int64_t accepted = -1;
    bool known = false;
    ck_assert_int_eq(g->store->read(g->store, STR("r"), &accepted, &known, &note), OK);
    ck_assert(known);
    return accepted;
}

START_TEST(a_count_is_lowered_by_who_knows_what_is_believed_and_by_nobody_else)
{
    GROUND(g);
    struct err_note note;
    if (!g.store->lower) {
        end(&g);
        return;
    }
    restore(&g, "r", 3);
    restore(&g, "r", 2);
    ck_assert_int_eq(belief(&g), 3);
    ck_assert_int_eq(g.store->lower(g.store, STR("r"), 4, 2, &note), OK);
    ck_assert_int_eq(belief(&g), 3);

    ck_assert_int_eq(g.store->lower(g.store, STR("r"), 3, 2, &note), OK);

    ck_assert_int_eq(belief(&g), 2);
    ck_assert_int_eq(reserve(&g, "r", 100, 3), 'y');
    ck_assert_int_eq(reserve(&g, "r", 101, 3), 'n');
    restore(&g, "r", 3);
    ck_assert_int_eq(belief(&g), 3);
    end(&g);
}
END_TEST

START_TEST(who_cannot_wait_is_answered_at_once_or_asks_for_nothing)
{
    GROUND(g);
    restore(&g, "r", 0);
    struct budget_claim claim = claim_of("r", 100, 1);
    enum budget_answer answer = g.store->reserve(g.store, g.reader, &claim, 1, NOW_US, NULL);
    bool held = answer == BUDGET_ANSWERED;
    ck_assert(held ? claim.granted : answer == BUDGET_LOST);

    ck_assert_int_eq(reserve(&g, "r", 101, 1), held ? 'n' : 'y');
    end(&g);
}
END_TEST

START_TEST(who_was_forgotten_is_not_told)
{
    GROUND(g);
    restore(&g, "r", 0);
    struct budget_claim claim = claim_of("r", 100, 1);
    int told = g.told;
    if (g.store->reserve(g.store, g.reader, &claim, 1, NOW_US, &g.waiter) == BUDGET_COMING) {
        g.store->forget(g.store, &g.waiter);
        ck_assert_ptr_null(g.waiter.found);
        ck_assert_int_eq(reserve(&g, "other", 1, 1), '?'); /* answered after it */
        ck_assert_int_eq(g.told, told + 1);
        /* What nobody waited for is not kept from others. */
        int64_t end_us = monotonic_us() + PATIENCE_MS * 1000;
        while (reserve(&g, "r", 101, 1) != 'y')
            ck_assert_int_lt(monotonic_us(), end_us);
    }
    g.store->forget(g.store, &g.waiter); /* harmless */
    end(&g);
}
END_TEST

START_TEST(an_answer_that_nobody_takes_is_not_kept_from_others)
{
    GROUND(g);
    restore(&g, "r", 0);
    struct budget_claim claim = claim_of("r", 100, 1);
    int told = g.told;
    if (g.store->reserve(g.store, g.reader, &claim, 1, NOW_US, &g.waiter) == BUDGET_COMING) {
        while (g.told == told)
            uv_run(&g.loop, UV_RUN_ONCE);
        g.store->forget(g.store, &g.waiter); /* too late for its decision */
        ck_assert_int_eq(reserve(&g, "r", 101, 1), 'y');
    }
    end(&g);
}
END_TEST

START_TEST(what_is_not_answered_yet_may_be_forgotten_after_its_reader)
{
    GROUND(g);
    restore(&g, "r", 0);
    struct budget_claim claim = claim_of("r", 100, 1);
    struct ground other = { .waiter.ready = on_ready };
    struct budget_claim another = claim_of("r", 101, 1);
    g.waiter.ready = on_ready;
    bool coming =
        g.store->reserve(g.store, g.reader, &claim, 1, NOW_US, &g.waiter) == BUDGET_COMING;
    if (coming)
        g.store->reserve(g.store, g.reader, &another, 1, NOW_US, &other.waiter);

    end_reader(&g);

    g.store->forget(g.store, &g.waiter);
    g.store->forget(g.store, &other.waiter);
    ck_assert_ptr_null(g.waiter.found);
    g.store->free(g.store);
}
END_TEST

START_TEST(a_hold_that_an_earlier_offer_has_survives_a_forgotten_question)
{
    GROUND(g);
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');
    struct budget_claim claim = claim_of("r", 100, 1);
    if (g.store->reserve(g.store, g.reader, &claim, 1, NOW_US, &g.waiter) == BUDGET_COMING)
        g.store->forget(g.store, &g.waiter);

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(reserve(&g, "r", 101, 1), 'n');
    end(&g);
}
END_TEST

/* Until it is granted: what is given back is free soon. */
static void wait_until_free(struct ground *g, const char *rule, uint64_t mark, int64_t redemptions)
{
    int64_t end_us = monotonic_us() + PATIENCE_MS * 1000;
    while (reserve(g, rule, mark, redemptions) != 'y') {
        ck_assert_int_lt(monotonic_us(), end_us);
        g->store->tend(g->store, NOW_US);
    }
}

/* 'n' for as long as anything that was said may still be on its way. */
static void check_not_free(struct ground *g, const char *rule, uint64_t mark, int64_t redemptions)
{
    for (int i = 0; i < 5; i++) {
        g->store->tend(g->store, NOW_US);
        ck_assert_int_eq(reserve(g, rule, mark, redemptions), 'n');
    }
}

START_TEST(says_which_holds_are_new_and_these_can_be_given_back)
{
    GROUND(g);
    restore(&g, "r", 0);
    struct budget_claim claims[] = { claim_of("r", 100, 3), claim_of("r", 101, 3) };
    ck_assert_int_eq(ask_at(&g, &claims[1], 1, NOW_US), BUDGET_ANSWERED);
    ck_assert(claims[1].granted && claims[1].is_new);
    ck_assert_int_eq(ask_at(&g, claims, 2, NOW_US), BUDGET_ANSWERED);
    ck_assert(claims[0].granted && claims[0].is_new);
    ck_assert(claims[1].granted && !claims[1].is_new);
    ck_assert_int_eq(reserve(&g, "r", 102, 3), 'y');
    ck_assert_int_eq(reserve(&g, "r", 103, 3), 'n');

    g.store->give_back(g.store, g.reader, &claims[0]);

    wait_until_free(&g, "r", 103, 3);
    g.store->give_back(g.store, g.reader, &claims[0]); /* it is not there any more */
    check_not_free(&g, "r", 104, 3);
    end(&g);
}
END_TEST

/* Two tabs of one customer: the first gives back what the second shows. */
START_TEST(a_hold_that_somebody_else_was_granted_since_is_not_given_back)
{
    GROUND(g);
    restore(&g, "r", 0);
    struct budget_claim first = claim_of("r", 100, 1), second = first;
    ck_assert_int_eq(ask_at(&g, &first, 1, NOW_US), BUDGET_ANSWERED);
    ck_assert(first.granted && first.is_new);
    second.until_us -= SECOND_US; /* its clock is behind */
    ck_assert_int_eq(ask_at(&g, &second, 1, NOW_US), BUDGET_ANSWERED);
    ck_assert(second.granted && !second.is_new);

    g.store->give_back(g.store, g.reader, &first);

    check_not_free(&g, "r", 101, 1);
    end(&g);
}
END_TEST

/* The same, when the first one's answer is too late for its decision. */
START_TEST(a_forgotten_question_does_not_end_a_hold_that_another_was_granted)
{
    GROUND(g);
    restore(&g, "r", 0);
    struct budget_claim first = claim_of("r", 100, 1), second = first;
    struct ground late = { .waiter.ready = on_ready };
    bool coming =
        g.store->reserve(g.store, g.reader, &first, 1, NOW_US, &late.waiter) == BUDGET_COMING;
    ck_assert_int_eq(ask_at(&g, &second, 1, NOW_US), BUDGET_ANSWERED); /* answered after it */
    ck_assert(second.granted && !second.is_new);

    if (coming)
        g.store->forget(g.store, &late.waiter);

    check_not_free(&g, "r", 101, 1);
    end(&g);
}
END_TEST

/* ── ten thousand at once ── */

enum { THREADS = 8, EACH = 1250, BUDGET = 1000 };

struct crowd {
    struct ground g;
    int number, granted, answered;
};

static void *crowd_in(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < EACH; i++) {
        struct budget_claim claim =
            claim_of("crowded", (uint64_t) (crowd->number * EACH + i + 10), BUDGET);
        if (ask_at(&crowd->g, &claim, 1, NOW_US) != BUDGET_ANSWERED)
            continue;
        crowd->answered++;
        crowd->granted += claim.granted;
    }
    return NULL;
}

START_TEST(ten_thousand_at_once_get_exactly_what_there_is)
{
    struct budget_store *store = stores[_i]();
    static struct crowd crowds[THREADS];
    pthread_t threads[THREADS];
    struct err_note note;
    int granted = 0, answered = 0;
    memset(crowds, 0, sizeof crowds);
    if (!store)
        return;
    ck_assert_int_eq(store->restore(store, STR("crowded"), 0, &note), OK);
    for (int i = 0; i < THREADS; i++) {
        ck_assert(begin_on(&crowds[i].g, store));
        crowds[i].number = i;
    }

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, crowd_in, &crowds[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    for (int i = 0; i < THREADS; i++) {
        granted += crowds[i].granted;
        answered += crowds[i].answered;
        end_reader(&crowds[i].g);
    }
    ck_assert_int_eq(answered, THREADS * EACH);
    ck_assert_int_eq(granted, BUDGET);
    store->free(store);
}
END_TEST

/* ── what only a shared one can show ── */

/* One command at the server, beside what is tested; its answer as a number or text. */
static long long tell_server(char *text, size_t size, const char *format, ...)
{
    redisContext *c = redis_at_dial();
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(c, format, args);
    va_end(args);
    ck_assert_ptr_nonnull(reply);
    long long number =
        reply->type == REDIS_REPLY_ARRAY ? (long long) reply->elements : reply->integer;
    if (text)
        snprintf(text, size, "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);
    redisFree(c);
    return number;
}

START_TEST(two_replicas_share_one_budget)
{
    struct ground a, b;
    if (!getenv("OFFERD_TEST_REDIS_URL"))
        return;
    char shop[64];
    snprintf(shop, sizeof shop, "shared-%d", (int) getpid());
    begin_on(&a, in_redis_at(getenv("OFFERD_TEST_REDIS_URL"), shop));
    begin_on(&b, in_redis_at(getenv("OFFERD_TEST_REDIS_URL"), shop));
    restore(&a, "r", 0);
    restore(&b, "r", 0);

    ck_assert_int_eq(reserve(&a, "r", 100, 1), 'y');
    ck_assert_int_eq(reserve(&b, "r", 101, 1), 'n');
    ck_assert_int_eq(reserve(&b, "r", 100, 1), 'y');
    end(&a);
    end(&b);
}
END_TEST

START_TEST(two_replicas_words_of_the_log_may_come_in_either_order)
{
    REDIS_GROUND(g);
    struct err_note note;
    restore(&g, "r", 0);
    ck_assert_int_eq(g.store->settle(g.store, STR("r"), 100, 2, &note), OK);
    ck_assert_int_eq(g.store->settle(g.store, STR("r"), 101, 1, &note), OK);
    ck_assert_int_eq(reserve(&g, "r", 102, 2), 'n');
    end(&g);
}
END_TEST

START_TEST(what_was_flushed_is_lost_until_it_is_restored)
{
    REDIS_GROUND(g);
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');

    tell_server(NULL, 0, "FLUSHALL");

    ck_assert_int_eq(reserve(&g, "r", 100, 1), '?');
    ck_assert(g.store->wants_restore(g.store));
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');
    end(&g);
}
END_TEST

START_TEST(scripts_that_redis_has_forgotten_are_given_to_it_again)
{
    REDIS_GROUND(g);
    restore(&g, "r", 0);

    tell_server(NULL, 0, "SCRIPT FLUSH SYNC");

    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');
    ck_assert_int_eq(reserve(&g, "r", 101, 1), 'n');
    tell_server(NULL, 0, "SCRIPT FLUSH SYNC");
    restore(&g, "r", 1);
    end(&g);
}
END_TEST

START_TEST(a_lost_connection_is_an_answer_too_and_is_made_again)
{
    REDIS_GROUND(g);
    restore(&g, "r", 0);
    tell_server(NULL, 0, "CLIENT PAUSE 60000 WRITE"); /* a claim is one */
    struct budget_claim claim = claim_of("r", 100, 1);
    int told = g.told;
    ck_assert_int_eq(g.store->reserve(g.store, g.reader, &claim, 1, NOW_US, &g.waiter),
                     BUDGET_COMING);
    uv_run(&g.loop, UV_RUN_NOWAIT);

    tell_server(NULL, 0, "CLIENT KILL TYPE normal");
    while (g.told == told)
        uv_run(&g.loop, UV_RUN_ONCE);

    ck_assert_int_eq(g.store->reserve(g.store, g.reader, &claim, 1, NOW_US, &g.waiter),
                     BUDGET_LOST);
    ck_assert_ptr_null(g.waiter.found);
    tell_server(NULL, 0, "CLIENT UNPAUSE");
    wait_until_reached(&g);
    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');
    end(&g);
}
END_TEST

START_TEST(a_server_that_stands_still_is_soon_an_answer)
{
    REDIS_GROUND(g);
    char info[8192];
    restore(&g, "r", 0);
    tell_server(info, sizeof info, "INFO server");
    int server = atoi(strstr(info, "process_id:") + 11);
    ck_assert_int_gt(server, 1);

    ck_assert_int_eq(kill(server, SIGSTOP), 0);
    int64_t start = monotonic_us(), held_up = g.held_up_us;
    char first = reserve(&g, "r", 100, 1);
    int64_t took = monotonic_us() - start - (g.held_up_us - held_up);
    char second = reserve(&g, "r", 100, 1);
    ck_assert_int_eq(kill(server, SIGCONT), 0);

    ck_assert_int_eq(first, '?');
    ck_assert_int_eq(second, '?');
    ck_assert_int_le(took, 600000);
    ck_assert(!g.store->wants_restore(g.store)); /* away is not unknown */
    wait_until_reached(&g);
    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');
    end(&g);
}
END_TEST

START_TEST(every_key_has_an_end)
{
    char shop[64], pattern[128], life[9], info[8192];
    struct ground g;
    if (!getenv("OFFERD_TEST_REDIS_URL"))
        return;
    snprintf(shop, sizeof shop, "ends-%d", (int) getpid());
    begin_on(&g, in_redis_at(getenv("OFFERD_TEST_REDIS_URL"), shop));
    restore(&g, "r", 0);
    ck_assert_int_eq(reserve(&g, "r", 100, 1), 'y');
    tell_server(info, sizeof info, "INFO server");
    snprintf(life, sizeof life, "%.8s", strstr(info, "run_id:") + 7);

    static const char *const kinds[] = { "holds", "accepted" };
    for (int i = 0; i < 2; i++) {
        snprintf(pattern, sizeof pattern, "offerd:%s:{%s/b/r}:b:%s", life, shop, kinds[i]);
        ck_assert_int_gt(tell_server(NULL, 0, "TTL %s", pattern), 3600);
    }
    end(&g);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const of_every_store[] = {
        a_rule_that_was_not_restored_is_lost_and_wanted,
        grants_as_many_as_there_are_and_says_what_is_taken,
        a_mark_that_is_held_is_granted_again_and_takes_nothing_more,
        a_released_hold_is_free_for_another,
        an_accepted_offer_stays_taken,
        an_acceptance_whose_hold_is_over_still_counts,
        a_hold_ends_with_its_time_unless_it_was_extended,
        claims_on_several_rules_are_answered_each,
        tells_what_it_believes_of_a_rule,
        a_count_is_lowered_by_who_knows_what_is_believed_and_by_nobody_else,
        who_cannot_wait_is_answered_at_once_or_asks_for_nothing,
        who_was_forgotten_is_not_told,
        an_answer_that_nobody_takes_is_not_kept_from_others,
        what_is_not_answered_yet_may_be_forgotten_after_its_reader,
        a_hold_that_an_earlier_offer_has_survives_a_forgotten_question,
        says_which_holds_are_new_and_these_can_be_given_back,
        a_hold_that_somebody_else_was_granted_since_is_not_given_back,
        a_forgotten_question_does_not_end_a_hold_that_another_was_granted,
        ten_thousand_at_once_get_exactly_what_there_is,
    };
    const TTest *const of_redis[] = {
        two_replicas_share_one_budget,
        two_replicas_words_of_the_log_may_come_in_either_order,
        what_was_flushed_is_lost_until_it_is_restored,
        scripts_that_redis_has_forgotten_are_given_to_it_again,
        a_lost_connection_is_an_answer_too_and_is_made_again,
        a_server_that_stands_still_is_soon_an_answer,
        every_key_has_an_end,
    };
    Suite *suite = suite_create("contract/budget_store");
    TCase *tests = tcase_create("contract/budget_store");
    int n_stores = (int) (sizeof stores / sizeof *stores);
    for (size_t i = 0; i < sizeof of_every_store / sizeof *of_every_store; i++)
        tcase_add_loop_test(tests, of_every_store[i], 0, n_stores);
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
