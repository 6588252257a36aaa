/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/out.h"
#include "base/str.h"

struct catalog;

/*
 * Copurchase
 *
 * What is bought together, counted. The counts are a fold over orders: one pass, in log
 * order, each order once; they live on one thread (the keeper's, or an import's). The sealed
 * model (model/model.h) is made from them for one catalogue.
 *
 * An order is a set of SKUs; of an order with more than COPURCHASE_MAX_BASKET distinct SKUs the
 * pairs are not counted (wholesale orders say little about taste and cost n^2), its single
 * counts are. Memory is bounded: past COPURCHASE_MAX_PAIRS different pairs (about 270 MB)
 * the rarest are forgotten, past COPURCHASE_MAX_SKUS different SKUs new ones are not counted.
 *
 * Beside each count stands how much of it is recent: orders, each halved every
 * RECENCY_HALF_LIFE_DAYS (model/counts/recency.h) of order time, as of the latest order. The same
 * orders give the same figures on every replica, whether folded from the log or loaded.
 */
enum {
    COPURCHASE_MAX_BASKET = 60,
    COPURCHASE_MAX_PAIRS = 12000000,
    COPURCHASE_MAX_SKUS = 4000000,
};

struct copurchase;

struct copurchase *copurchase_new(void);
struct copurchase *copurchase_new_bounded(size_t max_pairs); /* at least 4,000 */
struct copurchase *copurchase_free(struct copurchase *counts);
DEFINE_AUTO(struct copurchase, copurchase_free)

/*
 * Counts one order; @position is its log position: one at or before the last is ignored. @at_us:
 * when it was placed; 0: not known, and then it is not recent. ERR_NOMEM counts nothing of it.
 * @skus may repeat; one that is no SKU (empty, longer than ID_MAX_BYTES) is left out.
 */
MUST_CHECK enum err copurchase_add(struct copurchase *counts, uint64_t position, int64_t at_us,
                                   const struct str *skus, uint32_t n_skus);

uint64_t copurchase_position(const struct copurchase *counts);
uint64_t copurchase_orders(const struct copurchase *counts);
/* In how many orders one SKU was, or both were. */
uint32_t copurchase_single(const struct copurchase *counts, struct str sku);
uint32_t copurchase_pair(const struct copurchase *counts, struct str a, struct str b);

/*
 * The whole state as bytes, with version and checksum, and back. Bytes from outside:
 * copurchase_load answers ERR_CORRUPT for anything damaged, and then the log is folded again.
 */
MUST_CHECK enum err copurchase_save(const struct copurchase *counts, struct out *out);
MUST_CHECK enum err copurchase_load(struct str bytes, struct copurchase **ret_counts,
                                    struct err_note *note);

/*
 * News: the orders that were counted since copurchase_news_taken, so that who has made something
 * of the counts need not look at all of them again. Bounded: `all` is false when there were more
 * than are kept, when pairs were forgotten meanwhile, and as long as nobody has taken any.
 */
enum { COPURCHASE_NEWS_SKUS = 65536 };
struct copurchase_news {
    /* SKUs, order after order, each once an order; borrowed until the next order … */
    const uint32_t *ids;
    const uint32_t *ends; /* … of the i-th: from ends[i - 1], or 0, on */
    uint32_t n_orders; /* one of too many SKUs for pairs stands here as so many orders of one SKU */
    uint64_t after;    /* so many orders had been counted when the news began */
    bool all;
};
struct copurchase_news copurchase_news(const struct copurchase *counts);
void copurchase_news_taken(struct copurchase *counts);

/*
 * For the model: SKUs are numbered 0 up to copurchase_skus in order of appearance; @visit is
 * called for every pair of them with its counts, in no promised order.
 */
#define COPURCHASE_NONE UINT32_MAX
struct copurchased {
    uint32_t orders; /* that held both */
    float recent;    /* of them, as of the latest order */
};
uint32_t copurchase_skus(const struct copurchase *counts);
uint32_t copurchase_find(const struct copurchase *counts, struct str sku); /* or COPURCHASE_NONE */
struct str copurchase_sku(const struct copurchase *counts, uint32_t id);
uint32_t copurchase_sku_orders(const struct copurchase *counts, uint32_t id);
float copurchase_sku_recent(const struct copurchase *counts, uint32_t id);
struct copurchased copurchase_of(const struct copurchase *counts, uint32_t a, uint32_t b);
void copurchase_prefetch(const struct copurchase *counts, uint32_t a, uint32_t b); /* asked soon */
void copurchase_each(const struct copurchase *counts, void *self,
                     void (*visit)(void *self, uint32_t a, uint32_t b, struct copurchased both));
