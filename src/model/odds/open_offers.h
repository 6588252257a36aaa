/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * Open offers
 *
 * The last offers that were told of, by a 64-bit hash of their ids: what has been
 * counted of each. A ring in order of arrival with a hash table over it; when it is
 * full the oldest is forgotten. Grows up to its bound.
 */
enum open_offer_told { TOLD_SHOWN = 1, TOLD_ACCEPTED = 2, TOLD_DECLINED = 4 };

struct open_offer {
    uint64_t key;  /* never 0 */
    int64_t at_us; /* when it was shown, or first told of */
    float relevance;
    uint32_t told; /* bits: enum open_offer_told */
};

struct open_offers {
    struct open_offer *ring;
    uint32_t *table; /* twice the ring's room; place in the ring + 1; 0: empty */
    uint32_t room, max, next, n;
};

void open_offers_init(struct open_offers *open, uint32_t max); /* a power of two */
void open_offers_deinit(struct open_offers *open);

/* Room for one more. ERR_NOMEM leaves all as it was. */
MUST_CHECK enum err open_offers_reserve(struct open_offers *open);

/* NULL when it is not among them. Borrowed until the next change. */
struct open_offer *open_offers_find(const struct open_offers *open, uint64_t key);

/* @key is not among them; room was reserved. */
struct open_offer *open_offers_add(struct open_offers *open, const struct open_offer *offer);

/* The @i-th oldest, @i < n. */
const struct open_offer *open_offers_at(const struct open_offers *open, uint32_t i);
