/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"

struct catalog;
struct copurchase;

/*
 * Model
 *
 * What goes with what, sealed for one catalogue: for each product the MODEL_TOP best
 * companions, and how popular each product is. Immutable, shared by reference. Products are
 * the catalogue's numbers, so a model belongs to the catalogue it was made for.
 *
 * Score of the first model: cosine with shrinkage, n_ab / (sqrt(n_a n_b) + 10), where n
 * counts orders (Linden, Smith, York 2003, item-to-item; shrinkage as in Koren 2008). Another
 * formula takes this seat without its callers noticing.
 */
enum { MODEL_TOP = 50 };

struct companion {
    uint32_t product;
    float score;
    uint32_t orders; /* that held both: evidence, true of this shop */
};

struct model;

/* Without counts (NULL, or no order counted): no companions, popularity from reviews. */
MUST_CHECK enum err model_new(const struct catalog *catalog, const struct copurchase *counts,
                              struct model **ret_model);
struct model *model_ref(struct model *model);
struct model *model_unref(struct model *model);
DEFINE_AUTO(struct model, model_unref)

/* Best first. Borrowed; NULL when there are none. */
const struct companion *model_companions(const struct model *model, uint32_t product,
                                         uint32_t *ret_n);

/* In how many orders the product was; and all products, most ordered first (ties by number). */
uint32_t model_orders(const struct model *model, uint32_t product);
const uint32_t *model_best_sellers(const struct model *model, uint32_t *ret_n);

/* Orders counted, and the log position the counts reach. */
uint64_t model_total_orders(const struct model *model);
uint64_t model_position(const struct model *model);
