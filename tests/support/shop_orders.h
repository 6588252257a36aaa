/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "model/baskets.h"
#include "model/train/crew.h"

/* Orders for the tests of training: by hand, or many with a likeness to a shop's. */
static const int64_t SHOP_DAY_US = INT64_C(86400000000);
static const int64_t SHOP_START_US = INT64_C(1600000000000000);

/* "A B C" on a day (below 0: at an unknown time), by a customer or "". */
static inline void shop_order(struct baskets_builder *builder, int day, const char *customer,
                              const char *skus)
{
    struct str list[600];
    uint32_t n = 0;
    for (const char *p = skus; *p;) {
        size_t len = strcspn(p, " ");
        list[n++] = (struct str){ p, len };
        p += len + (p[len] == ' ');
    }
    ck_assert_int_eq(baskets_builder_add(builder, day < 0 ? 0 : SHOP_START_US + day * SHOP_DAY_US,
                                         str_of(customer), list, n, NULL),
                     OK);
}

static inline struct baskets *shop_baskets(struct baskets_builder *builder)
{
    struct baskets *baskets = NULL;
    ck_assert_int_eq(baskets_builder_seal(builder, &baskets), OK);
    (void) baskets_builder_free(builder);
    return baskets;
}

/* Numbers that look random and are the same in every run. */
static inline uint32_t shop_dice(uint64_t *state, uint32_t n)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*state >> 33) % n;
}

/*
 * @n_orders of 1 to 8 SKUs out of @n_skus: SKUs of one group of ten go together, low numbers sell best. Each of the @n_customers buys
 * his own SKU again with every order when @faithful.
 */
static inline struct baskets *shop_of(uint32_t n_orders, uint32_t n_skus, uint32_t n_customers,
                                      bool faithful, bool timed)
{
    struct baskets_builder *builder = baskets_builder_new();
    uint64_t state = 3;
    for (uint32_t o = 0; o < n_orders; o++) {
        char text[256], customer[16] = "";
        uint32_t n = 1 + shop_dice(&state, 8), len = 0, who = shop_dice(&state, n_customers + 1);
        uint32_t groups = (n_skus + 9) / 10,
                 group = shop_dice(&state, 1 + shop_dice(&state, groups));
        for (uint32_t k = 0; k < n; k++) {
            uint32_t of = shop_dice(&state, 5) ? group : shop_dice(&state, groups);
            uint32_t sku = of * 10 + shop_dice(&state, 1 + shop_dice(&state, 10));
            if (k == 0 && faithful && who)
                sku = who * 7919;
            len += (uint32_t) snprintf(text + len, sizeof text - len, "%sS%u", len ? " " : "",
                                       sku % n_skus);
        }
        if (who)
            (void) snprintf(customer, sizeof customer, "C%u", who);
        shop_order(builder, timed ? (int) (o * UINT64_C(400) / n_orders) : -1, customer, text);
    }
    return shop_baskets(builder);
}

/* Pieces of work in falling order, as threads might take them. */
static inline void shop_backwards(void *self, uint32_t n, void (*work)(void *context, uint32_t i),
                                  void *context)
{
    (void) self;
    while (n-- > 0)
        work(context, n);
}
static const struct crew shop_alone = { NULL, NULL }, shop_reversed = { shop_backwards, NULL };
