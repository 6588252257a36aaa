/* SPDX-License-Identifier: Apache-2.0 */
#include "model/beta.h"

#include <math.h>
#include <stdlib.h>

#include "suite.h"

enum { DRAWS = 200000 };

static double *draw_many(struct beta beta)
{
    uint64_t random[2];
    double *draws = malloc(DRAWS * sizeof *draws);
    ck_assert_ptr_nonnull(draws);
    beta_seed(20251122, random);
    for (int i = 0; i < DRAWS; i++)
        draws[i] = beta_draw(beta, random);
    return draws;
}

static void check_moments(struct beta beta)
{
    double *draws = draw_many(beta), sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        ck_assert(draws[i] > 0 && draws[i] < 1);
        sum += draws[i];
        squares += draws[i] * draws[i];
    }
    double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean;
    double a = (double) beta.alpha, b = (double) beta.beta;
    double expected = a * b / ((a + b) * (a + b) * (a + b + 1));
    ck_assert_double_eq_tol(mean, beta_mean(beta), 4 * sqrt(expected / DRAWS));
    ck_assert_double_eq_tol(variance, expected, 0.04 * expected);
    free(draws);
}

/* The probability of a draw below @x is @p: 4 standard errors are allowed. */
static void check_quantile(struct beta beta, double x, double p)
{
    double *draws = draw_many(beta);
    int below = 0;
    for (int i = 0; i < DRAWS; i++)
        below += draws[i] < x;
    ck_assert_double_eq_tol((double) below / DRAWS, p, 4 * sqrt(p * (1 - p) / DRAWS));
    free(draws);
}

START_TEST(mean_and_variance_are_those_of_the_distribution)
{
    check_moments((struct beta){ 0.3f, 9.7f });
    check_moments((struct beta){ 0.9f, 29.1f });
    check_moments((struct beta){ 1, 1 });
    check_moments((struct beta){ 2.5f, 40 });
    check_moments((struct beta){ 30, 970 });
    check_moments((struct beta){ 4000, 96000 });
    check_moments((struct beta){ 9.5f, 0.5f });
}
END_TEST

START_TEST(quantiles_are_those_of_the_distribution)
{
    /* Beta(a, 1): P(x) = x^a; Beta(1, b): 1 - (1 - x)^b; arcsine: 2 / pi asin sqrt x. */
    check_quantile((struct beta){ 0.25f, 1 }, 0.01, pow(0.01, 0.25));
    check_quantile((struct beta){ 0.25f, 1 }, 0.9, pow(0.9, 0.25));
    check_quantile((struct beta){ 3, 1 }, 0.5, 0.125);
    check_quantile((struct beta){ 1, 20 }, 0.02, 1 - pow(0.98, 20));
    check_quantile((struct beta){ 1, 20 }, 0.2, 1 - pow(0.8, 20));
    check_quantile((struct beta){ 0.5f, 0.5f }, 0.05, 2 / M_PI * asin(sqrt(0.05)));
    check_quantile((struct beta){ 2, 2 }, 0.1, 3 * 0.01 - 2 * 0.001);
}
END_TEST

START_TEST(the_same_seed_draws_the_same)
{
    uint64_t one[2], two[2], three[2];
    beta_seed(7, one);
    beta_seed(7, two);
    beta_seed(8, three);
    struct beta beta = { 0.5f, 20 };
    double first = beta_draw(beta, one);
    ck_assert_double_eq(first, beta_draw(beta, two));
    ck_assert_double_ne(first, beta_draw(beta, three));
    ck_assert_double_ne(first, beta_draw(beta, one));
}
END_TEST

START_TEST(neighbouring_seeds_draw_independently)
{
    double sum = 0, products = 0, before = 0, mean = 0.5, variance = 1.0 / 12;
    for (uint64_t seed = 0; seed < 50000; seed++) {
        uint64_t random[2];
        beta_seed(seed, random);
        double draw = beta_draw((struct beta){ 1, 1 }, random) - mean;
        sum += draw;
        products += draw * before;
        before = draw;
    }
    ck_assert_double_eq_tol(sum / 50000, 0, 4 * sqrt(variance / 50000));
    ck_assert_double_eq_tol(products / 50000, 0, 4 * variance / sqrt(50000));
}
END_TEST

START_TEST(stays_within_its_bounds_at_the_extremes)
{
    uint64_t random[2];
    beta_seed(0, random);
    for (int i = 0; i < 10000; i++) {
        double low = beta_draw((struct beta){ 1e-3f, 1e-3f }, random);
        double high = beta_draw((struct beta){ 1e7f, 1e-3f }, random);
        ck_assert(low > 0 && low < 1 && high > 0 && high < 1);
    }
}
END_TEST

SUITE_MAIN("model/beta", mean_and_variance_are_those_of_the_distribution,
           quantiles_are_those_of_the_distribution, the_same_seed_draws_the_same,
           neighbouring_seeds_draw_independently, stays_within_its_bounds_at_the_extremes)
