/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct baskets;
struct calibration;
struct crew;
struct weights;

/*
 * Hidden cases
 *
 * Orders with one SKU hidden, and at which rank some weights find it again: basket completion
 * as `offerd eval` measures it, on orders that the weights have not seen. Scored as
 * completion.h does it. The hidden SKU is chosen by a hash of the order's number; the cart is
 * the first HIDDEN_CART of the others; ranked are all SKUs that the known orders hold, the
 * cart's excluded; of equal scores the more popular comes first.
 */
enum { HIDDEN_CART = 10, HIDDEN_HABITS = 512 };
static const uint32_t HIDDEN_NOT_FOUND = UINT32_MAX;

struct hidden_cases;

struct hidden_wishes {
    const struct baskets *baskets;
    const uint32_t *known; /* orders; what the weights are made from */
    const uint32_t *asked; /* orders that come after those */
    uint32_t n_known, n_asked;
    uint32_t most; /* cases */
    bool moments; /* carts on their way, for hidden_moments; nothing is hidden, one SKU is enough */
};

MUST_CHECK enum err hidden_cases_new(const struct hidden_wishes *wishes,
                                     struct hidden_cases **ret_cases);
struct hidden_cases *hidden_cases_free(struct hidden_cases *cases); /* NULL in, NULL out */
DEFINE_AUTO(struct hidden_cases, hidden_cases_free)

/* The first hidden_cases_orders are of one order each. */
uint32_t hidden_cases_count(const struct hidden_cases *cases);
uint32_t hidden_cases_orders(const struct hidden_cases *cases);
uint32_t hidden_cases_with_history(const struct hidden_cases *cases);
/* What is hidden in a case, and what it is asked with. */
uint32_t hidden_cases_target(const struct hidden_cases *cases, uint32_t number);
const uint32_t *hidden_cases_cart(const struct hidden_cases *cases, uint32_t number,
                                  uint32_t *ret_n);

/*
 * The ranks, from 1 on, of each case for each history weight, of which the
 * first is 0: @ranks[w * count + case]. @weights NULL: best sellers only.
 */
MUST_CHECK enum err hidden_cases_rank(const struct hidden_cases *cases,
                                      const struct weights *weights, const float *history_weights,
                                      uint32_t n_history_weights, const struct crew *crew,
                                      uint32_t *ranks);

/*
 * Of cases that are moments: how likely what is offered is in the rest of the order, learned from
 * what completion.h would offer at each. A moment is a cart on its way: 1 to HIDDEN_CART SKUs of
 * an order, also all of them, a run of its lines. *ret_known false: too few to tell.
 */
MUST_CHECK enum err hidden_moments(const struct hidden_cases *cases, const struct weights *weights,
                                   float history_weight, const struct crew *crew,
                                   struct calibration *ret_calibration, bool *ret_known);
