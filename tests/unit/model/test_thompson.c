/* SPDX-License-Identifier: Apache-2.0 */
#include "model/thompson.h"

#include <math.h>
#include <stdbool.h>

#include "suite.h"

enum { SEEDS = 40000 };

static struct thompson_arm arm_of(double mean, double strength, double value)
{
    return (struct thompson_arm){
        .odds = { (float) (mean * strength), (float) ((1 - mean) * strength) }, .value = value
    };
}

/* How often each comes first, over many seeds, against what is said. */
static void check_propensities(const struct thompson_arm *arms, uint32_t n, double within)
{
    struct thompson_choice choices[THOMPSON_ARMS];
    uint8_t order[THOMPSON_ARMS];
    uint32_t first[THOMPSON_ARMS] = { 0 };
    double sum = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        thompson_choose(arms, n, seed, choices, order);
        first[order[0]]++;
    }
    for (uint32_t i = 0; i < n; i++) {
        ck_assert_double_eq_tol((double) choices[i].propensity, (double) first[i] / SEEDS, within);
        ck_assert_double_gt((double) choices[i].propensity, 0);
        sum += (double) choices[i].propensity;
    }
    ck_assert_double_eq_tol(sum, 1, 1e-5);
}

START_TEST(the_order_is_by_profit_drawn)
{
    struct thompson_arm arms[6];
    struct thompson_choice choices[6];
    uint8_t order[6];
    for (uint32_t i = 0; i < 6; i++)
        arms[i] = arm_of(0.02 + 0.01 * i, 40, 500 - 100.0 * i);
    for (uint64_t seed = 0; seed < 100; seed++) {
        bool seen[6] = { false };
        thompson_choose(arms, 6, seed, choices, order);
        for (uint32_t k = 0; k < 6; k++) {
            ck_assert(!seen[order[k]]);
            seen[order[k]] = true;
            if (k)
                ck_assert(choices[order[k - 1]].draw * arms[order[k - 1]].value >=
                          choices[order[k]].draw * arms[order[k]].value);
        }
    }
}
END_TEST

START_TEST(the_same_seed_chooses_the_same)
{
    struct thompson_arm arms[2] = { arm_of(0.03, 30, 100), arm_of(0.03, 30, 100) };
    struct thompson_choice once[2], again[2];
    uint8_t order_once[2], order_again[2];
    thompson_choose(arms, 2, 42, once, order_once);
    thompson_choose(arms, 2, 42, again, order_again);
    ck_assert_double_eq(once[0].draw, again[0].draw);
    ck_assert_double_eq((double) once[1].propensity, (double) again[1].propensity);
    ck_assert_uint_eq(order_once[0], order_again[0]);
}
END_TEST

START_TEST(propensities_are_how_often_each_comes_first)
{
    const struct thompson_arm new_ones[] = { arm_of(0.03, 10, 100), arm_of(0.03, 10, 120),
                                             arm_of(0.03, 10, 300) };
    const struct thompson_arm known[] = { arm_of(0.05, 20000, 100), arm_of(0.051, 20000, 100),
                                          arm_of(0.02, 500, 200), arm_of(0.1, 3000, 40) };
    const struct thompson_arm mixed[] = { arm_of(0.05, 5000, 100), arm_of(0.03, 12, 100),
                                          arm_of(0.04, 80, 110),   arm_of(0.06, 300, 70),
                                          arm_of(0.01, 12, 500),   arm_of(0.08, 40, 50),
                                          arm_of(0.03, 900, 160),  arm_of(0.2, 100, 20) };
    check_propensities(new_ones, 3, 0.06);
    check_propensities(known, 4, 0.06);
    check_propensities(mixed, 8, 0.06);
}
END_TEST

START_TEST(equal_arms_have_equal_propensities)
{
    struct thompson_arm arms[THOMPSON_ARMS];
    struct thompson_choice choices[THOMPSON_ARMS];
    uint8_t order[THOMPSON_ARMS];
    for (uint32_t i = 0; i < THOMPSON_ARMS; i++)
        arms[i] = arm_of(0.03, 11, 100);
    thompson_choose(arms, THOMPSON_ARMS, 1, choices, order);
    for (uint32_t i = 0; i < THOMPSON_ARMS; i++)
        ck_assert_double_eq_tol((double) choices[i].propensity, 1.0 / THOMPSON_ARMS, 1e-5);
}
END_TEST

START_TEST(what_loses_money_comes_last)
{
    struct thompson_arm arms[3] = { arm_of(0.5, 1000, -10), arm_of(0.1, 1000, -500),
                                    arm_of(0.01, 1000, 1) };
    struct thompson_choice choices[3];
    uint8_t order[3];
    thompson_choose(arms, 3, 9, choices, order);
    ck_assert_uint_eq(order[0], 2);
    ck_assert_uint_eq(order[1], 0);
    ck_assert_uint_eq(order[2], 1);
    ck_assert_double_gt((double) choices[2].propensity, 0.99);
}
END_TEST

START_TEST(none_and_one_are_fine)
{
    struct thompson_arm arm = arm_of(0.03, 30, 100);
    struct thompson_choice choice;
    uint8_t order = 9;
    thompson_choose(&arm, 0, 1, &choice, &order);
    ck_assert_uint_eq(order, 9);
    thompson_choose(&arm, 1, 1, &choice, &order);
    ck_assert_uint_eq(order, 0);
    ck_assert_double_eq_tol((double) choice.propensity, 1, 1e-6);
}
END_TEST

SUITE_MAIN("model/thompson", the_order_is_by_profit_drawn, the_same_seed_chooses_the_same,
           propensities_are_how_often_each_comes_first, equal_arms_have_equal_propensities,
           what_loses_money_comes_last, none_and_one_are_fine)
