/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/figures.h"

#include <math.h>

#include "suite.h"

static struct figures figures(const uint32_t *ranks, uint32_t n, uint64_t seed)
{
    struct figures figures;
    ck_assert_int_eq(figures_of(ranks, n, seed, &figures), OK);
    return figures;
}

START_TEST(counts_hits_to_each_depth_and_reciprocal_ranks)
{
    const uint32_t ranks[] = { 1, 5, 6, 20, 21, RANK_NEVER, 4000000000, 2 };
    struct figures f = figures(ranks, 8, 1);

    ck_assert_double_eq_tol(f.of[HR_1].value, 1 / 8., 1e-12);
    ck_assert_double_eq_tol(f.of[HR_5].value, 3 / 8., 1e-12);
    ck_assert_double_eq_tol(f.of[HR_10].value, 4 / 8., 1e-12);
    ck_assert_double_eq_tol(f.of[HR_20].value, 5 / 8., 1e-12);
    ck_assert_double_eq_tol(f.of[MRR_20].value, (1 + 1 / 5. + 1 / 6. + 1 / 20. + 1 / 2.) / 8,
                            1e-12);
}
END_TEST

/* Of a share p in n cases it is p ± 1.96 sqrt(p (1 - p) / n), by the central limit theorem. */
START_TEST(an_interval_is_as_wide_as_the_normal_approximation_says)
{
    static uint32_t ranks[4000];
    for (int i = 0; i < 4000; i++)
        ranks[i] = i % 4 == 0 ? 1 : 30;
    struct figure_value value = figures(ranks, 4000, 7).of[HR_10];
    double half = 1.96 * sqrt(.25 * .75 / 4000);

    ck_assert_double_eq_tol(value.low, .25 - half, half * .15);
    ck_assert_double_eq_tol(value.high, .25 + half, half * .15);
}
END_TEST

START_TEST(equal_seeds_give_equal_intervals)
{
    static uint32_t ranks[500];
    for (uint32_t i = 0; i < 500; i++)
        ranks[i] = i * 37 % 60;
    struct figures a = figures(ranks, 500, 3), b = figures(ranks, 500, 3),
                   c = figures(ranks, 500, 4);

    ck_assert_mem_eq(&a, &b, sizeof a);
    ck_assert_mem_ne(&a, &c, sizeof a);
    ck_assert_double_eq(a.of[MRR_20].value, c.of[MRR_20].value);
}
END_TEST

START_TEST(what_always_or_never_happens_is_certain)
{
    const uint32_t always[] = { 1, 1, 1 }, never[] = { RANK_NEVER, 21 };
    struct figure_value sure = figures(always, 3, 1).of[MRR_20],
                        none = figures(never, 2, 1).of[HR_20];
    ck_assert_double_eq(sure.low, 1);
    ck_assert_double_eq(sure.high, 1);
    ck_assert_double_eq(none.high, 0);
}
END_TEST

START_TEST(a_difference_is_seen_case_by_case)
{
    static uint32_t better[2000], worse[2000];
    for (uint32_t i = 0; i < 2000; i++) {
        worse[i] = i % 3 == 0 ? 1 : 30;
        better[i] = i % 50 == 1 ? 1 : worse[i]; /* finds what the other misses, misses nothing */
    }
    struct figures own = figures(better, 2000, 1), others = figures(worse, 2000, 1), more, less;
    ck_assert_int_eq(figures_between(better, worse, 2000, 1, &more), OK);
    ck_assert_int_eq(figures_between(worse, better, 2000, 1, &less), OK);

    ck_assert_double_lt(own.of[HR_1].low, others.of[HR_1].high); /* the intervals overlap … */
    ck_assert_double_gt(more.of[HR_1].low, 0);                   /* … and yet it is better */
    ck_assert_double_eq_tol(more.of[HR_1].value, own.of[HR_1].value - others.of[HR_1].value, 1e-12);
    ck_assert_double_eq_tol(more.of[HR_1].value, -less.of[HR_1].value, 1e-12);
    ck_assert_double_lt(less.of[HR_1].high, 0);
}
END_TEST

SUITE_MAIN("eval/figures", counts_hits_to_each_depth_and_reciprocal_ranks,
           an_interval_is_as_wide_as_the_normal_approximation_says,
           equal_seeds_give_equal_intervals, what_always_or_never_happens_is_certain,
           a_difference_is_seen_case_by_case)
