/* SPDX-License-Identifier: Apache-2.0 */
#include "model/odds/slope.h"

#include <math.h>

#include "suite.h"

static const struct slope usual = { .value = 0, .error = 2 };

/* As many accepted as is to be expected: no chance in it. */
static struct slope_stratum stratum_of(double level, double slope, double shown, double from)
{
    struct slope_stratum stratum = { .prior_mean = 0.03, .prior_strength = 1 };
    for (int i = 0; i < SLOPE_POINTS; i++) {
        double x = from + 0.05 * i;
        stratum.points[i] = (struct slope_point){
            .shown = shown,
            .accepted = shown / (1 + exp(-level - slope * x)),
            .relevance = x,
        };
    }
    return stratum;
}

START_TEST(finds_the_slope_that_made_the_outcomes)
{
    struct slope_stratum strata[3] = { stratum_of(-3, 1.5, 10000, 0),
                                       stratum_of(-2, 1.5, 10000, 0.3),
                                       stratum_of(-4, 1.5, 10000, 0.6) };
    struct slope slope = slope_fit(strata, 3, usual);
    ck_assert_double_eq_tol(slope.value, 1.5, 0.02);
    ck_assert_double_gt(slope.error, 0.02);
    ck_assert_double_lt(slope.error, 0.3);
}
END_TEST

START_TEST(levels_that_rise_with_relevance_are_no_slope)
{
    struct slope_stratum strata[2] = { stratum_of(-4, 0, 10000, 0), stratum_of(-1, 0, 10000, 0.6) };
    ck_assert_double_eq_tol(slope_fit(strata, 2, usual).value, 0, 0.01);
}
END_TEST

START_TEST(without_outcomes_the_prior_stands)
{
    const struct slope prior = { .value = 0.7, .error = 1 };
    struct slope slope = slope_fit(NULL, 0, prior);
    ck_assert_double_eq_tol(slope.value, 0.7, 1e-12);
    ck_assert_double_eq_tol(slope.error, 1, 1e-12);
}
END_TEST

START_TEST(an_acceptance_at_the_top_alone_does_not_run_away)
{
    struct slope_stratum stratum = { .prior_mean = 0.03, .prior_strength = 1 };
    stratum.points[0] = (struct slope_point){ 100, 0, 0.01 };
    stratum.points[7] = (struct slope_point){ 100, 100, 0.99 };
    struct slope slope = slope_fit(&stratum, 1, usual);
    ck_assert(isfinite(slope.value));
    ck_assert_double_gt(slope.value, 2);
    ck_assert_double_lt(slope.value, 20);
}
END_TEST

START_TEST(what_chance_explains_is_taken_off)
{
    ck_assert_double_eq(slope_careful((struct slope){ 0.5, 0.6 }), 0);
    ck_assert_double_eq(slope_careful((struct slope){ 0, 0.6 }), 0);
    ck_assert_double_eq_tol(slope_careful((struct slope){ -2, 1 }), -1.5, 1e-12);
    ck_assert_double_eq_tol(slope_careful((struct slope){ 2, 0.1 }), 1.995, 1e-9);
}
END_TEST

SUITE_MAIN("model/slope", finds_the_slope_that_made_the_outcomes,
           levels_that_rise_with_relevance_are_no_slope, without_outcomes_the_prior_stands,
           an_acceptance_at_the_top_alone_does_not_run_away, what_chance_explains_is_taken_off)
