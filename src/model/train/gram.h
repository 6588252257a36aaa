/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct baskets;
struct crew;

/*
 * Gram
 *
 * The weighted co-occurrence matrix G = X'WX of some orders: G(i, j) = sum of the weights
 * of the orders that held both, its diagonal the SKUs' own weights. Symmetric where
 * nothing is left out; rows are sparse, by rising number, and of a row longer than @most
 * only the SKUs nearest by cosine are kept. Immutable once made.
 *
 * Of an order with more than GRAM_BASKET SKUs the first so many count: the cost of an order is the
 * square of its size, and a wholesaler's list says little about taste. Each sum is made in the
 * order of the orders, whatever the threads, so equal orders give equal bits.
 */
enum {
    GRAM_BASKET = 400,
    GRAM_WHOLE = 8192, /* up to so many SKUs the matrix is there as a whole too: 4 bytes a cell */
};

struct gram_row {
    uint32_t n;
    uint32_t *skus; /* rising; its memory holds @weights too */
    float *weights;
};

struct gram {
    uint32_t n_skus;
    double *diagonal;
    struct gram_row *rows;
    float *cells; /* row by row, the diagonal zero; NULL above GRAM_WHOLE */
};

/* @orders: numbers of the orders that count; @weights: one for each of these. */
struct gram_wishes {
    const struct baskets *baskets;
    const uint32_t *orders;
    const float *weights;
    uint32_t n_orders;
    uint32_t most; /* kept of a row */
};

MUST_CHECK enum err gram_new(const struct gram_wishes *wishes, const struct crew *crew,
                             struct gram **ret_gram);
struct gram *gram_free(struct gram *gram); /* NULL in, NULL out */
DEFINE_AUTO(struct gram, gram_free)

/* How many additions making it takes: sum of squared sizes. For deciding what can be afforded. */
double gram_cost(const struct gram_wishes *wishes);

/*
 * The SKUs nearest to @sku by cosine, nearest first (equally near: the smaller
 * number); returns how many, at most @most. @nearest has room for n_skus.
 */
struct gram_near {
    float cosine;
    uint32_t sku;
};
uint32_t gram_nearest(const struct gram *gram, uint32_t sku, uint32_t most,
                      struct gram_near *nearest);
