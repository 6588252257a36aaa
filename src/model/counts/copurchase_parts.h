/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "model/copurchase.h"
#include "model/counts/pair_table.h"
#include "model/counts/recency.h"

/*
 * Copurchase parts
 *
 * What the counts are made of, for the file that counts (copurchase.c)
 * and the one that writes and reads them as bytes (copurchase_bytes.c).
 */
struct counted_sku {
    struct str text;
    uint32_t orders;
    float recent;       /* scaled as recency says */
    uint64_t last_seen; /* the last order that held it, so that it counts once an order */
};

struct copurchase {
    struct arena *arena; /* the SKUs' texts */
    struct strmap *ids;
    struct counted_sku *skus;
    uint32_t n_skus, room;
    struct pair_table pairs;
    struct recency recency;
    uint64_t position, orders;
    uint64_t stamp; /* of the order being read; also moves when one fails half way */
    uint32_t *news, *news_ends;
    uint32_t n_news, n_news_orders;
    bool news_lost;
    uint64_t news_after, news_forgettings; /* orders, and of the pairs, when the news began */
};

/* With room for so many pairs from the start; NULL for lack of memory. */
struct copurchase *copurchase_new_sized(size_t expected_pairs, size_t max_pairs);

/* One more SKU, not counted yet. */
MUST_CHECK enum err copurchase_add_sku(struct copurchase *counts, struct str text,
                                       uint32_t *ret_id);
