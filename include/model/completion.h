/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct model;

/*
 * Completion
 *
 * A cart, and perhaps what its customer buys again -> the products that complete it, best first. The one place
 * where the model's parts are blended: decisions pick with it, `offerd eval` measures it.
 *
 *     score(j) = (1 - w) * sum over cart lines i of weight(i, j)  +  w * v(j) / (v(j) + 1)
 *
 * w is the trained's (0 without one); v is the habit's times, decayed to now. The cart's own products never come. All memory is the arena's; no
 * locks; a cart of more than COMPLETION_LINES counts with its last lines: the newest say most.
 */
enum {
    COMPLETION_LINES = 20,
    COMPLETION_HABITS = 512,
    COMPLETION_MOST = 128,
    COMPLETION_DOUBT = 10,
};

struct habit { /* what the customer has bought before */
    uint32_t product;
    float
        times; /* orders with it, each halved every HABIT_HALF_LIFE_DAYS (shop/customer.h), as of … */
    int64_t last_us; /* … the last of them */
};

struct completion_ask {
    const struct model *model;
    const uint32_t *cart; /* products; PRODUCT_NONE is passed over */
    uint32_t n_cart;
    const struct habit *habits; /* only with consent */
    uint32_t n_habits;
    int64_t now_us;
    bool habits_alone; /* also products that nothing in the cart speaks for: `personal` */
    /* Not 0: of so many best, only those that were bought together with one of the cart. */
    uint32_t together_among;
};

struct complete {
    uint32_t product;
    float score; /* all together */
    float habit; /* v, decayed to now; 0: never bought */
    uint32_t
        because; /* of the cart's products that speak for it: most often bought with, or PRODUCT_NONE … */
    uint32_t orders;      /* … in so many orders … */
    uint32_t base_orders; /* … of so many that held that one */
};

struct completion;

/* NULL for lack of room in @arena. What @ask points to must stay. */
struct completion *completion_new(const struct completion_ask *ask, struct arena *arena);

/*
 * How likely the product is in the rest of the order, 0 to 1. Where the trained knows it: its score by the trained's
 * calibration, so that what it says comes true as often as it says. Else the share of the orders with the one it is
 * told because of that held it, too; a few orders prove little, so COMPLETION_DOUBT more without it are imagined.
 */
float completion_chance(const struct completion *completion, const struct complete *found);

/*
 * Of the recent orders with one of the cart's products, the share that held this one, carefully, where that is
 * clearly more than in all its orders; else 0. For who would otherwise think it too seldom.
 */
float completion_lately(const struct completion *completion, const struct complete *found);

/*
 * The products, best first: *ret_n of them, at least @least (at most COMPLETION_MOST) unless there are no
 * more. Sorts only as far as it is asked, and costs little: who may not want a product looks here first, and
 * asks completion_at for the few that are wanted. Dies with @completion.
 */
const uint32_t *completion_products(struct completion *completion, uint32_t least, uint32_t *ret_n);

/* All of the @i-th best, @i < COMPLETION_MOST; NULL past the end. */
const struct complete *completion_at(struct completion *completion, uint32_t i);
