/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/reliability.h"

#include <math.h>
#include <stdlib.h>

#include "eval/offerd_part.h"
#include "shop_orders.h"
#include "suite.h"

static struct str *numbered(uint32_t n)
{
    static char texts[4000][8];
    struct str *ids = calloc(n + 1, sizeof *ids);
    for (uint32_t i = 0; i < n; i++) {
        (void) snprintf(texts[i], sizeof texts[i], "o%u", i);
        ids[i] = str_of(texts[i]);
    }
    return ids;
}

static void look(uint32_t n_orders, bool faithful, struct reliabilities *all)
{
    const struct trial_settings settings = { .most_cases = 1000 };
    const struct offerd_settings ours = { 0 };
    AUTO(baskets_free) struct baskets *orders = shop_of(n_orders, 60, 100, faithful, true);
    struct str *ids = numbered(n_orders);
    AUTO(trial_free) struct trial *trial = NULL;
    AUTO(offerd_part_free) struct offerd_part *part = NULL;
    struct err_note note = { "" };
    ck_assert_int_eq(trial_new(orders, ids, &settings, &trial, &note), OK);
    ck_assert_msg(offerd_part_new(trial, &ours, &part, &note) == OK, "%s", note.text);
    ck_assert_int_eq(reliabilities_of(part, all), OK);
    ck_assert_uint_eq(all->of[0].moments, trial->n_moments);
    ck_assert_ptr_eq(all->learned, offerd_part_calibration(part));
    all->learned = NULL; /* gone with the part */
    part = offerd_part_free(part);
    trial = trial_free(trial);
    free(ids);
}

START_TEST(what_was_said_is_near_what_came_true_in_a_shop_that_stays_as_it_is)
{
    struct reliabilities all;
    look(4000, false, &all);
    const struct reliability *told = &all.of[0];
    ck_assert(!told->history);
    ck_assert_uint_gt(told->candidates, 2000);
    ck_assert_double_gt(told->came_true, .02);
    ck_assert_double_eq_tol(told->said, told->came_true, .02);
    ck_assert_double_lt(told->error, .03);
    ck_assert_double_gt(told->parts[told->n_parts - 1].said, 2 * told->parts[0].said);
}
END_TEST

START_TEST(its_parts_add_up_and_a_higher_floor_silences_and_loses_more)
{
    struct reliabilities all;
    look(2000, false, &all);
    const struct reliability *told = &all.of[0];
    double n = 0, hits = 0;
    for (uint32_t p = 0; p < told->n_parts; p++) {
        n += told->parts[p].n;
        hits += told->parts[p].n * told->parts[p].came_true;
    }
    ck_assert_double_eq(n, told->candidates);
    ck_assert_double_eq_tol(hits, told->hits, 1e-6);
    ck_assert_double_eq_tol(told->came_true, hits / n, 1e-9);
    for (int f = 1; f < RELIABILITY_FLOORS; f++) {
        ck_assert_double_gt(told->floors[f].floor, told->floors[f - 1].floor);
        ck_assert_double_ge(told->floors[f].silent, told->floors[f - 1].silent);
        ck_assert_double_ge(told->floors[f].hits_lost, told->floors[f - 1].hits_lost);
    }
    ck_assert_double_lt(told->floors[0].hits_lost, told->floors[RELIABILITY_FLOORS - 1].hits_lost);
}
END_TEST

START_TEST(customers_who_come_back_for_the_same_are_looked_at_apart)
{
    struct reliabilities all;
    look(3000, true, &all);
    ck_assert_uint_eq(all.n, 2);
    ck_assert(all.of[1].history);
    ck_assert(all.of[1].moments > 0 && all.of[1].moments <= all.of[0].moments);
    ck_assert_double_lt(all.of[1].error, .05);
}
END_TEST

START_TEST(without_a_part_there_is_nothing_to_look_at)
{
    struct reliabilities all;
    ck_assert_int_eq(reliabilities_of(NULL, &all), OK);
    ck_assert_uint_eq(all.n, 0);
    ck_assert_ptr_null(all.learned);
}
END_TEST

SUITE_MAIN("eval/reliability", what_was_said_is_near_what_came_true_in_a_shop_that_stays_as_it_is,
           its_parts_add_up_and_a_higher_floor_silences_and_loses_more,
           customers_who_come_back_for_the_same_are_looked_at_apart,
           without_a_part_there_is_nothing_to_look_at)
