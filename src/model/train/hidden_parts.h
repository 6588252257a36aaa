/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "model/train/hidden_cases.h"

struct baskets;
struct weights;

/*
 * Hidden parts
 *
 * What hidden cases are made of, for the files that make and ask them: hidden_cases.c,
 * hidden_habits.c (what the customers had bought before), hidden_moments.c (carts on their way).
 */
struct hidden {
    uint32_t cart[HIDDEN_CART], n_cart, target;
    uint32_t order;
    uint64_t first_habit;
    uint32_t n_habits;
};

struct bought { /* what the customer bought before */
    uint32_t sku;
    float value; /* v / (v + 1) */
};

struct hidden_cases {
    const struct baskets *baskets;
    struct hidden *list;
    uint32_t n, n_orders;
    struct bought *habits;
    uint64_t n_habits, habits_room;
    uint32_t *popularity; /* orders among the known that hold a SKU */
};

/* What the customer of each case had bought before it. */
MUST_CHECK enum err hidden_habits(struct hidden_cases *cases, const struct hidden_wishes *wishes);

/*
 * What the cart of a case says, SKU by SKU (@weights NULL: nothing);
 * the cart's own and those that nobody knows are behind all others.
 */
void hidden_scores(const struct hidden_cases *cases, const struct weights *weights,
                   const struct hidden *hidden, float *scores);
