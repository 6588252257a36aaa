/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "model/baskets.h"

/*
 * Trial
 *
 * A shop's orders, split into what a model may learn from and what it is asked: the first 80 % of
 * the orders by time (those of one instant by order id) are for training, the others for the test.
 * When most orders have no time, the test are the 20 % whose order ids have the lowest lots
 * (eval/lot.h).
 *
 * Each test order of two or more SKUs is a case: one SKU is hidden, drawn by the order id's lot;
 * the cart is the first TRIAL_CART of the others; the question is how far up a method ranks the
 * hidden one among all SKUs of the training. Cases come with the lowest lot first, so that fewer of
 * them are a fair sample, and everyone who has the file gets the same ones. A case knows what its
 * customer bought before: orders at an earlier time, also of the test's part; without times nobody
 * can say what was before, and nothing is known.
 *
 * Besides, of each test order, whatever its size, one moment: its cart on the way, a run of its
 * SKUs as they stand in the order (going on at the beginning) whose first is drawn as a hidden one
 * is; of n SKUs so many as the lot over n, modulo n or TRIAL_CART, whichever is less, and 1 more.
 * What the customer took besides is the rest of the order, which may be nothing.
 *
 * Immutable; borrows the orders and ids it was made from.
 */
enum {
    TRIAL_CART = 10,
    TRIAL_PASTS = 512, /* SKUs that a customer bought before: the newest, as a profile keeps */
    TRIAL_PAST_ORDERS = 10000, /* so many orders back */
};

struct past {
    uint32_t sku;    /* a number of the training's */
    float times;     /* orders with it, each halved every HABIT_HALF_LIFE_DAYS, as of … */
    int64_t last_us; /* … the last of them */
};

struct trial_case {
    uint32_t order; /* of all orders */
    int64_t at_us;
    uint32_t cart[TRIAL_CART],
        n_cart;      /* numbers of the training's SKUs; what it never saw is left out */
    uint32_t hidden; /* one too; BASKETS_NONE: never seen, so no method can find it */
    uint32_t shown[TRIAL_CART], n_shown, answer; /* the same whole: numbers of all orders' SKUs */
    const struct past *pasts;
    uint32_t n_pasts;
};

struct trial {
    const struct baskets *orders; /* all */
    const struct str *ids;        /* of all orders */
    bool by_time;
    uint32_t n_test, n_untimed; /* orders of the test; of all, those without a time */
    struct baskets *train;
    float *popularity; /* of each SKU of the training: orders that held it */
    struct trial_case *cases;
    uint32_t n_cases, n_askable; /* cases; how many there would be without a limit */
    uint32_t n_unseen,
        n_returning; /* cases whose hidden SKU is new; whose customer has bought before */
    struct trial_case *moments; /* hidden is BASKETS_NONE, and no answer */
    uint32_t n_moments;
    struct past *pasts; /* of all cases and moments */
};

struct trial_settings {
    uint32_t most_cases;
    /* The last SKU of an order is hidden, not one drawn by lot: for files in cart order. */
    bool hide_last;
};

/*
 * @orders without times stand in the order of the file. ERR_INPUT with a note when there is nothing
 * to learn or nothing to ask.
 */
MUST_CHECK enum err trial_new(const struct baskets *orders, const struct str *ids,
                              const struct trial_settings *settings, struct trial **ret_trial,
                              struct err_note *note);
struct trial *trial_free(struct trial *trial);
DEFINE_AUTO(struct trial, trial_free)
