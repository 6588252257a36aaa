/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"

/*
 * Figures
 *
 * What a method's ranks amount to. HR@k, the hit rate: the share of cases whose hidden SKU was
 * among the first k; MRR@20, the mean reciprocal rank: 1 for a first place, 1/2 for a second … and
 * 0 past the twentieth. Each with the 95 % interval of the bootstrap: the same figure of
 * FIGURES_RESAMPLES draws of as many cases with replacement, its 2.5th and 97.5th percentile. Equal
 * seeds draw equal cases, so methods are compared on the same draws.
 */
enum figure { HR_1, HR_5, HR_10, HR_20, MRR_20, FIGURES };
enum { FIGURES_RESAMPLES = 1000, RANK_NEVER = 0, RANK_COUNTS = 20 };

struct figure_value {
    double value, low, high;
};

struct figures {
    struct figure_value of[FIGURES];
};

/*
 * @ranks: of each case's hidden SKU, 1 is the first place, RANK_NEVER: not to be found. @n above 0.
 */
MUST_CHECK enum err figures_of(const uint32_t *ranks, uint32_t n, uint64_t seed,
                               struct figures *ret_figures);

/*
 * What @ranks have more (above 0) or less than @others, case by case: with the interval of that
 * difference on the same draws. @others NULL: nothing is taken away. When it does not hold 0 the
 * one is better than the other; the figures' own intervals may overlap all the same.
 */
MUST_CHECK enum err figures_between(const uint32_t *ranks, const uint32_t *others, uint32_t n,
                                    uint64_t seed, struct figures *ret_figures);

const char *figure_name(enum figure figure); /* "hr@10" */
