/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "shop/catalog.h"

/*
 * Ladder
 *
 * The next better and the next cheaper product of the same kind, found in the catalogue when nobody wrote them down: a modest
 * step in price, and better (or, downwards, not worse than needed) in the attributes that matter. Numeric attributes are compared
 * as quantities: "256 GB" < "1 TB", "15.6 inch", "65 W", "3,000 mAh", "12個", "500ml"; which direction is better is learned
 * from the kind itself (what rises with the price is better), or known (weight of a bike: less). What stays the same (size, colour, gender,
 * mount) is the customer's choice and must not change. What people bought later instead of the one before confirms a step.
 *
 * Immutable, made once for a catalogue, off the request path; shared by reference.
 */
struct ladder;

struct ladder_step {
    uint32_t product;
    float score;            /* the likelier a shopper finds it sensible, the larger; above 0 */
    uint16_t gains, losses; /* attributes that are better, that are worse */
    uint32_t
        moved; /* customers who bought the lower one and later the other: evidence; 0: none or unknown */
};

/* Moves seen in history, per pair of products; NULL: none known. */
struct ladder_moves {
    uint32_t (*moved)(const void *self, uint32_t from, uint32_t to);
    const void *self;
};

enum { LADDER_STEPS = 8 }; /* kept of each product, each way */

MUST_CHECK enum err ladder_new(const struct catalog *catalog, const struct ladder_moves *moves,
                               struct ladder **ret_ladder);
struct ladder *ladder_ref(struct ladder *ladder);
struct ladder *ladder_unref(struct ladder *ladder); /* NULL in, NULL out */
DEFINE_AUTO(struct ladder, ladder_unref)

/* Best first; only products within the price ratios of `price_ratio` are a rule's affair. */
const struct ladder_step *ladder_up(const struct ladder *ladder, uint32_t product, uint32_t *ret_n);
const struct ladder_step *ladder_down(const struct ladder *ladder, uint32_t product,
                                      uint32_t *ret_n);

/*
 * How two products of a kind differ in one attribute: for the comparison table. Above 0: @b is better; below: worse; 0: the same,
 * or nobody can say.
 */
int ladder_compare(const struct ladder *ladder, uint32_t a, uint32_t b, struct str attribute);
