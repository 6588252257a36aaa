/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/budgets.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "suite.h"

static struct budget_store *store;
static struct err_note why;
static int wakes;

static void woken(void *self)
{
    (void) self;
    wakes++;
}

static void set_up(void)
{
    wakes = 0;
    store = budgets_new(woken, NULL);
    ck_assert_ptr_nonnull(store);
    ck_assert_int_eq(store->restore(store, STR("rule"), 0, &why), OK);
}

static void tear_down(void)
{
    store = budgets_free(store);
}

static struct budget_claim claim(uint64_t mark, int64_t redemptions, int64_t until_us)
{
    return (struct budget_claim){
        .rule = STR("rule"), .mark = mark, .redemptions = redemptions, .until_us = until_us
    };
}

static bool granted(uint64_t mark, int64_t redemptions, int64_t until_us)
{
    struct budget_claim one = claim(mark, redemptions, until_us);
    ck_assert_int_eq(store->reserve(store, NULL, &one, 1, 0, NULL), BUDGET_ANSWERED);
    return one.granted;
}

START_TEST(what_is_refused_says_how_many_are_taken)
{
    set_up();
    ck_assert_int_eq(store->restore(store, STR("rule"), 7, &why), OK);
    struct budget_claim one = claim(1, 5, 100);
    ck_assert_int_eq(store->reserve(store, NULL, &one, 1, 0, NULL), BUDGET_ANSWERED);
    ck_assert(!one.granted);
    ck_assert_int_eq(one.taken, 7);
    tear_down();
}
END_TEST

START_TEST(an_unknown_rule_wakes_the_journal_once_until_it_has_looked)
{
    set_up();
    struct budget_claim claims[] = { claim(1, 5, 100), claim(2, 5, 100) };
    claims[1].rule = STR("nobody told");
    ck_assert(!store->wants_restore(store));
    ck_assert_int_eq(store->reserve(store, NULL, claims, 2, 0, NULL), BUDGET_LOST);
    ck_assert_int_eq(store->reserve(store, NULL, claims, 2, 0, NULL), BUDGET_LOST);
    ck_assert_int_eq(wakes, 1);
    ck_assert(store->wants_restore(store));
    ck_assert(!store->wants_restore(store));
    ck_assert_int_eq(store->restore(store, STR("nobody told"), 4, &why), OK);
    ck_assert_int_eq(store->reserve(store, NULL, claims, 2, 0, NULL), BUDGET_ANSWERED);
    ck_assert(claims[0].granted && claims[1].granted);
    tear_down();
}
END_TEST

START_TEST(an_extended_hold_ends_at_its_new_time)
{
    set_up();
    ck_assert(granted(9, 1, 100));
    ck_assert(granted(9, 1, 200));
    ck_assert(granted(9, 1, 150)); /* never shortened */
    store->tend(store, 199);
    ck_assert(!granted(10, 1, 300));
    store->tend(store, 200);
    ck_assert(granted(10, 1, 300));
    tear_down();
}
END_TEST

START_TEST(a_mark_of_any_value_is_a_mark)
{
    set_up();
    for (uint64_t mark = 0; mark < 4; mark++)
        (void) granted(mark, 100, 100);
    ck_assert(granted(UINT64_MAX, 100, 100));
    ck_assert(granted(UINT64_MAX, 5, 100)); /* held, as are at most four others */
    tear_down();
}
END_TEST

START_TEST(an_acceptance_takes_the_place_of_its_hold)
{
    set_up();
    ck_assert(granted(1, 2, 100));
    ck_assert(granted(2, 2, 100));
    ck_assert_int_eq(store->settle(store, STR("rule"), 1, 1, &why), OK);
    ck_assert(!granted(3, 2, 100)); /* one accepted, one held */
    ck_assert_int_eq(store->release(store, STR("rule"), 2, &why), OK);
    ck_assert_int_eq(store->release(store, STR("rule"), 2, &why), OK); /* said twice */
    ck_assert(granted(3, 2, 100));
    ck_assert_int_eq(store->settle(store, STR("rule"), 3, 2, &why), OK);
    ck_assert_int_eq(store->settle(store, STR("rule"), 3, 2, &why), OK);
    ck_assert(granted(4, 3, 100));
    ck_assert(!granted(5, 3, 100));
    tear_down();
}
END_TEST

START_TEST(a_release_of_another_rule_frees_nothing)
{
    set_up();
    ck_assert_int_eq(store->restore(store, STR("other"), 0, &why), OK);
    ck_assert(granted(1, 1, 100));
    ck_assert_int_eq(store->release(store, STR("other"), 1, &why), OK);
    ck_assert(!granted(2, 1, 100));
    tear_down();
}
END_TEST

START_TEST(a_mark_held_of_one_rule_is_not_held_of_another)
{
    set_up();
    ck_assert_int_eq(store->restore(store, STR("other"), 1, &why), OK);
    ck_assert(granted(1, 1, 100));
    struct budget_claim same = claim(1, 1, 100);
    same.rule = STR("other");
    ck_assert_int_eq(store->reserve(store, NULL, &same, 1, 0, NULL), BUDGET_ANSWERED);
    ck_assert(!same.granted);
    tear_down();
}
END_TEST

START_TEST(there_are_as_many_rules_as_it_says_and_a_plain_refusal_beyond)
{
    char id[16];
    set_up();
    for (int i = 1; i < BUDGETS_MAX_RULES; i++) {
        (void) snprintf(id, sizeof id, "r-%d", i);
        ck_assert_int_eq(store->restore(store, str_of(id), i, &why), OK);
    }
    ck_assert_int_eq(store->restore(store, STR("one more"), 0, &why), ERR_LIMIT);
    struct budget_claim last = claim(1, BUDGETS_MAX_RULES, 100);
    last.rule = str_of(id);
    ck_assert_int_eq(store->reserve(store, NULL, &last, 1, 0, NULL), BUDGET_ANSWERED);
    ck_assert(last.granted);
    tear_down();
}
END_TEST

START_TEST(more_holds_than_there_is_room_for_are_lost_not_granted)
{
    uint64_t n = 0;
    set_up();
    for (uint64_t mark = 2; mark < 2 * BUDGETS_MAX_HOLDS; mark++) {
        struct budget_claim one = claim(mark * UINT64_C(0xd1342543de82ef95), INT64_MAX, 100);
        n += store->reserve(store, NULL, &one, 1, 0, NULL) == BUDGET_ANSWERED && one.granted;
    }
    ck_assert_uint_gt(n, BUDGETS_MAX_HOLDS / 10 * 9);
    ck_assert_uint_le(n, BUDGETS_MAX_HOLDS);
    struct budget_claim held = claim(1, (int64_t) n, 100); /* what was lost was not counted */
    (void) store->reserve(store, NULL, &held, 1, 0, NULL);
    ck_assert(!held.granted);
    ck_assert_int_eq(held.taken, (int64_t) n);
    store->tend(store, 100);
    ck_assert(granted(1, 1, 200));
    tear_down();
}
END_TEST

/* ── many at once ────────────────────────────────────────────────────────────────────────── */

enum { READERS = 4, BUDGET = 1000, TRIES = 5000 };

struct asking {
    pthread_t thread;
    uint64_t first; /* mark */
    int granted;
};

static void *ask_for_marks(void *self)
{
    struct asking *asking = self;
    for (uint64_t i = 0; i < TRIES; i++) {
        struct budget_claim one = claim((asking->first + i) << 8 | 2, BUDGET, 1000);
        asking->granted +=
            store->reserve(store, NULL, &one, 1, 0, NULL) == BUDGET_ANSWERED && one.granted;
    }
    return NULL;
}

START_TEST(of_many_asking_at_once_exactly_as_many_get_one_as_there_are)
{
    struct asking asking[READERS] = { 0 };
    int n = 0;
    set_up();
    for (uint64_t i = 0; i < READERS; i++) {
        asking[i].first = i * TRIES;
        pthread_create(&asking[i].thread, NULL, ask_for_marks, &asking[i]);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(asking[i].thread, NULL);
        n += asking[i].granted;
    }
    ck_assert_int_eq(n, BUDGET);
    tear_down();
}
END_TEST

static atomic_bool over;
static _Atomic int64_t now_us;

/* Its own few marks, held and extended without end. */
static void *keep_asking(void *self)
{
    struct asking *asking = self;
    for (uint64_t i = 0; !atomic_load(&over); i++) {
        struct budget_claim one =
            claim((asking->first + i % 16) << 8 | 2, BUDGET, atomic_load(&now_us) + 3);
        (void) store->reserve(store, NULL, &one, 1, 0, NULL);
        if (one.is_new && i % 3 == 0)
            store->give_back(store, NULL, &one);
    }
    return NULL;
}

START_TEST(
    whatever_is_extended_given_back_released_accepted_and_over_at_once_is_counted_right_in_the_end)
{
    struct asking asking[READERS] = { 0 };
    int64_t accepted = 0;
    set_up();
    atomic_store(&over, false);
    for (uint64_t i = 0; i < READERS; i++) {
        asking[i].first = i / 2 * 16 + 1; /* two readers each share their marks */
        pthread_create(&asking[i].thread, NULL, keep_asking, &asking[i]);
    }
    for (uint64_t round = 0; round < 300; round++) {
        uint64_t mark = (round % 32 + 1) << 8 | 2;
        atomic_fetch_add(&now_us, 1);
        store->tend(store, atomic_load(&now_us));
        if (round % 3)
            (void) store->release(store, STR("rule"), mark, &why);
        else
            (void) store->settle(store, STR("rule"), mark, ++accepted, &why);
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(asking[i].thread, NULL);

    store->tend(store, INT64_MAX); /* no hold is left: only what was accepted counts */
    for (int64_t i = 0; i < BUDGET - accepted; i++)
        ck_assert(granted((uint64_t) i << 8 | 3, BUDGET, 1));
    ck_assert(!granted(5, BUDGET, 1));
    tear_down();
}
END_TEST

SUITE_MAIN(
    "learn/budgets", what_is_refused_says_how_many_are_taken,
    an_unknown_rule_wakes_the_journal_once_until_it_has_looked,
    an_extended_hold_ends_at_its_new_time, a_mark_of_any_value_is_a_mark,
    an_acceptance_takes_the_place_of_its_hold, a_release_of_another_rule_frees_nothing,
    a_mark_held_of_one_rule_is_not_held_of_another,
    there_are_as_many_rules_as_it_says_and_a_plain_refusal_beyond,
    more_holds_than_there_is_room_for_are_lost_not_granted,
    of_many_asking_at_once_exactly_as_many_get_one_as_there_are,
    whatever_is_extended_given_back_released_accepted_and_over_at_once_is_counted_right_in_the_end)
