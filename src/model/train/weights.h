/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/trained.h"

struct crew;
struct gram;

/*
 * Weights
 *
 * How much having a SKU speaks for every other one: found by ridge regression
 * on a co-occurrence matrix. In the form in which trained.h keeps them.
 */
struct weights {
    enum trained_form form;
    uint32_t n_skus;
    float *dense; /* TRAINED_DENSE, else NULL */
    uint64_t *first;
    struct trained_edge *edges;
};

struct weights *weights_free(struct weights *weights); /* NULL in, NULL out */
DEFINE_AUTO(struct weights, weights_free)

/*
 * Solved as a whole: B = -P / diag(P), P the inverse of G + ridge I.
 * @top 0: all of them, TRAINED_DENSE; else the strongest of each SKU.
 */
MUST_CHECK enum err weights_whole(const struct gram *gram, double ridge, uint32_t top,
                                  const struct crew *crew, struct weights **ret_weights);
uint64_t weights_whole_bytes(uint32_t n_skus); /* what that takes in between */

/*
 * For each SKU among its @support nearest and WEIGHTS_REGULARS best sellers,
 * who tell what is bought instead of it; the strongest @top of each.
 */
enum { WEIGHTS_REGULARS = 10 };
MUST_CHECK enum err weights_near(const struct gram *gram, double ridge, uint32_t support,
                                 uint32_t top, const struct crew *crew,
                                 struct weights **ret_weights);
