/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"

struct catalog;
struct copurchase;
struct moved;
struct trained;

/*
 * Model
 *
 * What goes with what, sealed for one catalogue: for each product its best companions, and how popular
 * each product is. Immutable, shared by reference. Products are the catalogue's numbers, so
 * a model belongs to the catalogue it was made for.
 *
 *     weight(i, j)  = known(i, j) + recent_weight * surplus(i, j) / (recent_i + 10)
 *     surplus(i, j) = recent_ij - 2 - recent_i * (n_ij - recent_ij) / (n_i - recent_i + 10), or 0
 *
 * known is what was trained (model/trained.h) where it knows both; else the cosine with shrinkage
 * n_ij / (sqrt(n_i n_j) + 10), where n counts orders (Linden, Smith, York 2003, item-to-item; shrinkage as in Koren
 * 2008). recent is what was bought lately (model/copurchase.h); surplus is how much of that is more than chance and than was usual
 * before, so a new habit shows within seconds, whatever the model was trained on, and an old one is not counted twice. Who wants to complete a cart asks model/completion.h, which sums the weights.
 *
 * Evidence (orders) is always the true count, whatever the weights come from.
 */
enum {
    MODEL_TOP = 50,   /* companions of a product; when a trained of lists has longer ones … */
    MODEL_MOST = 128, /* … so many of them */
};
#define MODEL_RECENT_WEIGHT 1.0F /* unless a trained brings its own */

struct companion {
    uint32_t product;
    float score;
    uint32_t orders; /* that held both: evidence, true of this shop; 0: never bought together */
};

struct model;

/*
 * Without @counts (NULL, or no order counted): no evidence, popularity from reviews. @trained (or NULL) is
 * another reference of it.
 */
MUST_CHECK enum err model_new(const struct catalog *catalog, const struct copurchase *counts,
                              struct trained *trained, struct model **ret_model);

/*
 * The same as @old, made for @catalog of the same counts, with the orders since: copurchase_news, which @old must not know yet. Costs as
 * much as these orders. *ret_model NULL and OK: this cannot be done (too much is new, or too often done, or it is not @old's news, or a dense trained, which
 * is small); then model_new can. One thread makes all models of a catalogue; any may read them.
 *
 * Counts are exact everywhere, so is what a trained and recent orders say. What all orders say of a product that was not
 * bought now keeps its score although another product of the pair was: model_new, now and then, brings that up to date.
 */
MUST_CHECK enum err model_with_news(const struct model *old, const struct catalog *catalog,
                                    const struct copurchase *counts, struct model **ret_model);
struct model *model_ref(struct model *model);
struct model *model_unref(struct model *model);
DEFINE_AUTO(struct model, model_unref)

/*
 * Best first. Borrowed; NULL when there are none. With a trained of TRAINED_DENSE: only what is added to its weights.
 */
const struct companion *model_companions(const struct model *model, uint32_t product,
                                         uint32_t *ret_n);

/* In how many orders the product was; and all products, most ordered first (ties by number). */
uint32_t model_orders(const struct model *model, uint32_t product);
const uint32_t *model_best_sellers(const struct model *model, uint32_t *ret_n);

/*
 * What people moved on to (model/moves.h), for the ladder; or NULL. Another reference of it, set before
 * the model is shared.
 */
void model_know_moved(struct model *model, struct moved *moved);
const struct moved *model_moved(const struct model *model);

/* How much a customer's own history counts beside the cart, 0 to 1: see model/completion.h. */
float model_history_weight(const struct model *model);

/* Orders counted, and the log position the counts reach. */
uint64_t model_total_orders(const struct model *model);
uint64_t model_position(const struct model *model);
