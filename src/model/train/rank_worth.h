/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/*
 * Rank worth
 *
 * What it is worth to find the hidden product at a rank (1 is first): both of what is
 * reported, a place among the first ten and the reciprocal of the rank up to the
 * twentieth, about equally. Ways of ranking are compared case by case, so that what
 * is hard for all of them does not blur the difference.
 */
double rank_worth_mean(const uint32_t *ranks, uint32_t n);

struct rank_gain {
    double mean, error; /* of the worth of one case; one standard error of it */
};

/* What @ranks are worth more than @than, of the same @n cases. */
struct rank_gain rank_worth_gain(const uint32_t *ranks, const uint32_t *than, uint32_t n);

/* HR@10 and MRR@20. */
void rank_worth_figures(const uint32_t *ranks, uint32_t n, float *ret_hit10, float *ret_mrr20);
