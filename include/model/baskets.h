/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Baskets
 *
 * Orders as sets of numbered SKUs: what a model is trained on and measured with. Orders keep the
 * order in which they were added; an order's SKUs are distinct and keep the order of their first
 * mention. About 4 bytes a line, 24 an order, and each SKU's and customer's text once: 10 million
 * lines of 100,000 SKUs take less than 150 MB. Filled by one thread, immutable once sealed.
 */
#define BASKETS_NONE UINT32_MAX /* no such SKU; an order without a customer */

struct baskets {
    uint32_t n_orders, n_skus, n_customers;
    const uint64_t *first;     /* order o holds items[first[o] .. first[o + 1]) */
    const uint32_t *items;     /* numbers of SKUs */
    const int64_t *at_us;      /* of each order; 0: not known */
    const uint32_t *customers; /* of each order; BASKETS_NONE: a guest */
    const struct str *skus;    /* by number */
};

struct baskets_builder;
struct baskets_builder *baskets_builder_new(void);
struct baskets_builder *baskets_builder_free(struct baskets_builder *builder);
DEFINE_AUTO(struct baskets_builder, baskets_builder_free)

/*
 * One order. @skus may repeat; @customer_id empty or absent: a guest.
 * *ret_order (or NULL) is its number. ERR_NOMEM adds nothing of it.
 */
MUST_CHECK enum err baskets_builder_add(struct baskets_builder *builder, int64_t at_us,
                                        struct str customer_id, const struct str *skus,
                                        uint32_t n_skus, uint32_t *ret_order);

/* Takes the builder's content; the builder may only be freed after. */
MUST_CHECK enum err baskets_builder_seal(struct baskets_builder *builder,
                                         struct baskets **ret_baskets);
struct baskets *baskets_free(struct baskets *baskets);
DEFINE_AUTO(struct baskets, baskets_free)

uint32_t baskets_find(const struct baskets *baskets, struct str sku); /* or BASKETS_NONE */
