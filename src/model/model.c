/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include <stdlib.h>

#include "model/model_parts.h"
#include "model/moves.h"
#include "shop/catalog.h"

static void model_free(struct snapshot *snapshot)
{
    struct model *model = (struct model *) snapshot;
    free(model->rows);
    for (uint32_t i = 0; i < model->n_blocks; i++)
        if (model->blocks[i])
            (void) snapshot_unref(&model->blocks[i]->snapshot);
    if (model->keys)
        (void) snapshot_unref(&model->keys->snapshot);
    free(model->surges);
    free(model->dense.slot_of);
    free(model->dense.product_of);
    free(model->dense.pairs);
    free(model->dense.exact);
    (void) trained_unref(model->trained);
    (void) moved_unref(model->moved);
    free(model->orders);
    free(model->best_sellers);
    free(model);
}

struct model *model_blank(void)
{
    struct model *model = calloc(1, sizeof *model);
    if (model)
        snapshot_init(&model->snapshot, model_free);
    return model;
}

struct model *model_ref(struct model *model)
{
    if (model)
        (void) snapshot_ref(&model->snapshot);
    return model;
}

struct model *model_unref(struct model *model)
{
    if (model)
        (void) snapshot_unref(&model->snapshot);
    return NULL;
}

const struct companion *model_companions(const struct model *model, uint32_t product,
                                         uint32_t *ret_n)
{
    const struct row *row = &model->rows[product];
    *ret_n = row->n;
    return row->n ? row->at : NULL;
}

uint32_t model_orders(const struct model *model, uint32_t product)
{
    return model->orders[product];
}

const uint32_t *model_best_sellers(const struct model *model, uint32_t *ret_n)
{
    *ret_n = model->n_products;
    return model->best_sellers;
}

uint64_t model_total_orders(const struct model *model)
{
    return model->total_orders;
}

void model_know_moved(struct model *model, struct moved *moved)
{
    (void) moved_unref(model->moved);
    model->moved = moved_ref(moved);
}

const struct moved *model_moved(const struct model *model)
{
    return model->moved;
}

float model_history_weight(const struct model *model)
{
    return model->history_weight;
}

uint64_t model_position(const struct model *model)
{
    return model->position;
}

static enum err seal_counts(struct model *model, const struct catalog *catalog,
                            const struct copurchase *counts)
{
    uint32_t n_skus = counts ? copurchase_skus(counts) : 0;
    uint32_t *product_of = malloc(((size_t) n_skus + 1) * sizeof *product_of);
    if (!product_of)
        return ERR_NOMEM;
    for (uint32_t id = 0; id < n_skus; id++) {
        uint32_t product = catalog_find(catalog, copurchase_sku(counts, id));
        product_of[id] = product;
        if (product != PRODUCT_NONE)
            model->orders[product] = copurchase_sku_orders(counts, id);
    }
    if (counts) {
        model->total_orders = copurchase_orders(counts);
        model->position = copurchase_position(counts);
    }
    enum err err = model_seal(model, catalog, counts, product_of);
    free(product_of);
    return err;
}

/* ── popularity ─────────────────────────────────────────────────────────────────────────── */

int popular_first(const void *left, const void *right)
{
    const struct popular *a = left, *b = right;
    if (a->by != b->by)
        return a->by > b->by ? -1 : 1;
    return a->product < b->product ? -1 : a->product > b->product;
}

static enum err seal_best_sellers(struct model *model, const struct catalog *catalog,
                                  bool has_counts)
{
    struct popular *all = malloc(((size_t) model->n_products + 1) * sizeof *all);
    if (!all)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < model->n_products; i++)
        all[i] = (struct popular){
            .by = has_counts ? model->orders[i] : catalog_product(catalog, i)->reviews,
            .product = i,
        };
    qsort(all, model->n_products, sizeof *all, popular_first);
    for (uint32_t i = 0; i < model->n_products; i++)
        model->best_sellers[i] = all[i].product;
    free(all);
    return OK;
}

enum err model_new(const struct catalog *catalog, const struct copurchase *counts,
                   struct trained *trained, struct model **ret_model)
{
    AUTO(model_unref) struct model *model = model_blank();
    if (!model)
        return ERR_NOMEM;
    model->n_products = catalog_count(catalog);
    size_t room = (size_t) model->n_products + 1;
    model->rows = calloc(room, sizeof *model->rows);
    model->orders = calloc(room, sizeof *model->orders);
    model->best_sellers = calloc(room, sizeof *model->best_sellers);
    if (!model->rows || !model->orders || !model->best_sellers)
        return ERR_NOMEM;
    if (trained) {
        const struct trained_facts *facts = trained_facts(trained);
        model->trained = trained_ref(trained);
        model->is_dense = facts->form == TRAINED_DENSE;
        model->history_weight = facts->parameters.history_weight;
    }
    TRY(seal_counts(model, catalog, counts));
    TRY(seal_best_sellers(model, catalog, counts && copurchase_orders(counts) > 0));
    *ret_model = MOVE(model);
    return OK;
}
