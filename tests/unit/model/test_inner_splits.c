/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/inner_splits.h"

#include <stdlib.h>

#include "model/train/hidden_cases.h"
#include "model/train/training.h"
#include "model/train/weights.h"
#include "shop_orders.h"
#include "suite.h"

static const struct train_settings plain = { .now_us = 1 };
static const struct trained_parameters some = {
    .half_life_days = 180, .size_power = .5F, .ridge = 3, .support = 20
};

static void begin(struct training *training, struct inner_splits *inner,
                  const struct baskets *baskets, uint32_t most)
{
    ck_assert_int_eq(training_init(training, baskets, &plain), OK);
    ck_assert_int_eq(inner_splits_init(inner, training, most), OK);
}

static void end(struct training *training, struct inner_splits *inner)
{
    inner_splits_deinit(inner);
    training_deinit(training);
}

START_TEST(a_small_shop_is_asked_about_three_fifths_of_its_orders_each_by_what_was_before)
{
    struct baskets *baskets = shop_of(500, 60, 10, false, true);
    struct training training;
    struct inner_splits inner;
    begin(&training, &inner, baskets, 6000);
    ck_assert_uint_eq(inner.n_splits, 3);
    uint32_t n = 0;
    for (uint32_t s = 0; s < 3; s++) {
        ck_assert_uint_eq(inner.splits[s].n_known, 400 - 100 * s);
        ck_assert_uint_gt(hidden_cases_count(inner.splits[s].cases), 100);
        n += hidden_cases_count(inner.splits[s].cases);
    }
    ck_assert_uint_eq(inner.n_cases, n);
    end(&training, &inner);
    baskets_free(baskets);
}
END_TEST

START_TEST(where_the_newest_fifth_makes_cases_enough_it_is_the_only_one)
{
    struct baskets *baskets = shop_of(8000, 60, 10, false, true);
    struct training training;
    struct inner_splits inner;
    begin(&training, &inner, baskets, 6000);
    ck_assert_uint_ge(inner.n_cases, 3000);
    ck_assert_uint_eq(inner.n_splits, 1);
    end(&training, &inner);
    baskets_free(baskets);
}
END_TEST

START_TEST(there_are_never_more_cases_than_asked_for_and_two_orders_are_one_split)
{
    struct baskets *baskets = shop_of(500, 60, 10, false, true);
    struct training training;
    struct inner_splits inner;
    begin(&training, &inner, baskets, 250);
    ck_assert_uint_eq(inner.n_cases, 250);
    end(&training, &inner);
    baskets_free(baskets);

    baskets = shop_of(2, 60, 10, false, true);
    begin(&training, &inner, baskets, 6000);
    ck_assert_uint_eq(inner.n_splits, 1);
    end(&training, &inner);
    baskets_free(baskets);
}
END_TEST

START_TEST(ranks_are_those_of_each_split_by_its_own_weights_one_split_behind_the_other)
{
    static const float history[] = { 0, .3F };
    struct baskets *baskets = shop_of(500, 60, 10, true, true);
    struct training training;
    struct inner_splits inner;
    struct inner_weights weights = { 0 };
    begin(&training, &inner, baskets, 6000);
    ck_assert_int_eq(inner_solve(&inner, &some, &weights), OK);
    uint32_t *all = calloc(2 * (size_t) inner.n_cases, sizeof *all),
             *own = calloc(2 * (size_t) inner.n_cases, sizeof *own), first = 0;
    ck_assert_int_eq(inner_rank(&inner, &weights, history, 2, all), OK);
    for (uint32_t s = 0; s < inner.n_splits; s++) {
        const struct hidden_cases *cases = inner.splits[s].cases;
        uint32_t n = hidden_cases_count(cases);
        ck_assert_int_eq(hidden_cases_rank(cases, weights.of[s], history, 2, &shop_alone, own), OK);
        for (uint32_t w = 0; w < 2; w++)
            ck_assert_mem_eq(all + (size_t) w * inner.n_cases + first, own + (size_t) w * n,
                             n * sizeof *own);
        first += n;
    }
    ck_assert_uint_eq(first, inner.n_cases);
    free(own);
    free(all);
    inner_weights_wipe(&weights);
    end(&training, &inner);
    baskets_free(baskets);
}
END_TEST

START_TEST(matrices_are_made_again_only_when_half_life_or_size_power_changes)
{
    struct baskets *baskets = shop_of(500, 60, 10, false, true);
    struct training training;
    struct inner_splits inner;
    struct inner_weights weights = { 0 };
    begin(&training, &inner, baskets, 6000);
    ck_assert(inner_grams_cost(&inner, &some) > 0);
    ck_assert_int_eq(inner_solve(&inner, &some, &weights), OK);
    struct trained_parameters other = some;
    other.ridge = 30;
    ck_assert(inner_grams_cost(&inner, &other) == 0);
    other.half_life_days = 90;
    ck_assert(inner_grams_cost(&inner, &other) > 0);
    inner_weights_wipe(&weights);
    end(&training, &inner);
    baskets_free(baskets);
}
END_TEST

SUITE_MAIN("model/inner_splits",
           a_small_shop_is_asked_about_three_fifths_of_its_orders_each_by_what_was_before,
           where_the_newest_fifth_makes_cases_enough_it_is_the_only_one,
           there_are_never_more_cases_than_asked_for_and_two_orders_are_one_split,
           ranks_are_those_of_each_split_by_its_own_weights_one_split_behind_the_other,
           matrices_are_made_again_only_when_half_life_or_size_power_changes)
