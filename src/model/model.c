/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the pairs: the first counts how many companions each product has, so that
 * every list gets exactly its room in one array (at most MODEL_TOP each); the second keeps in
 * each list the best so far, as a heap with the worst on top. Memory is therefore bounded by
 * the catalogue, whatever the number of pairs.
 */
#include "model/model.h"

#include <math.h>
#include <stdlib.h>

#include "model/copurchase.h"
#include "shop/catalog.h"

static const double SHRINKAGE = 10;

struct list {
    size_t begin; /* in companions */
    uint32_t room, n;
};

struct model {
    struct snapshot snapshot; /* first */
    uint32_t n_products;
    struct list *lists;           /* one a product */
    struct companion *companions; /* all lists, one behind the other */
    uint32_t *orders;             /* product -> orders that held it */
    uint32_t *best_sellers;
    uint64_t total_orders, position;
};

static void model_free(struct snapshot *snapshot)
{
    struct model *model = (struct model *) snapshot;
    free(model->lists);
    free(model->companions);
    free(model->orders);
    free(model->best_sellers);
    free(model);
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
    const struct list *list = &model->lists[product];
    *ret_n = list->n;
    return list->n ? model->companions + list->begin : NULL;
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

uint64_t model_position(const struct model *model)
{
    return model->position;
}

/* ── companions ─────────────────────────────────────────────────────────────────────────── */

struct sealing {
    struct model *model;
    uint32_t *product_of; /* SKU id of the counts -> product number, or PRODUCT_NONE */
};

/* Better first; a total order, so the result does not depend on the order of the pairs. */
static bool better(const struct companion *a, const struct companion *b)
{
    return a->score != b->score ? a->score > b->score : a->product < b->product;
}

static int better_first(const void *left, const void *right)
{
    const struct companion *a = left, *b = right;
    return better(a, b) ? -1 : better(b, a);
}

/* Restores the heap below @at: no parent is better than its children. */
static void sift_down(struct companion *heap, uint32_t n, uint32_t at)
{
    for (;;) {
        uint32_t worst = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
            if (better(&heap[worst], &heap[child]))
                worst = child;
        if (worst == at)
            return;
        struct companion moved = heap[at];
        heap[at] = heap[worst];
        heap[worst] = moved;
        at = worst;
    }
}

static void offer(struct model *model, uint32_t product, const struct companion *companion)
{
    struct list *list = &model->lists[product];
    struct companion *heap = model->companions + list->begin;
    if (list->n < list->room) {
        heap[list->n++] = *companion;
        if (list->n == list->room)
            for (uint32_t at = list->n / 2; at-- > 0;)
                sift_down(heap, list->n, at);
    } else if (better(companion, &heap[0])) {
        heap[0] = *companion;
        sift_down(heap, list->n, 0);
    }
}

static bool products_of(const struct sealing *sealing, uint32_t a, uint32_t b, uint32_t *ret_a,
                        uint32_t *ret_b)
{
    *ret_a = sealing->product_of[a];
    *ret_b = sealing->product_of[b];
    return *ret_a != PRODUCT_NONE && *ret_b != PRODUCT_NONE;
}

static void count_companions(void *self, uint32_t a, uint32_t b, uint32_t orders)
{
    (void) orders;
    struct sealing *sealing = self;
    uint32_t x, y;
    if (!products_of(sealing, a, b, &x, &y))
        return;
    struct list *lists = sealing->model->lists;
    lists[x].room += lists[x].room < MODEL_TOP;
    lists[y].room += lists[y].room < MODEL_TOP;
}

static void take_companions(void *self, uint32_t a, uint32_t b, uint32_t orders)
{
    struct sealing *sealing = self;
    struct model *model = sealing->model;
    uint32_t x, y;
    if (!products_of(sealing, a, b, &x, &y))
        return;
    double norm = sqrt((double) model->orders[x] * (double) model->orders[y]);
    float score = (float) (orders / (norm + SHRINKAGE));
    offer(model, x, &(struct companion){ .product = y, .score = score, .orders = orders });
    offer(model, y, &(struct companion){ .product = x, .score = score, .orders = orders });
}

static enum err seal_companions(struct model *model, const struct copurchase *counts,
                                struct sealing *sealing)
{
    copurchase_each(counts, sealing, count_companions);
    size_t total = 0;
    for (uint32_t i = 0; i < model->n_products; i++) {
        model->lists[i].begin = total;
        total += model->lists[i].room;
    }
    model->companions = malloc((total + 1) * sizeof *model->companions);
    if (!model->companions)
        return ERR_NOMEM;
    copurchase_each(counts, sealing, take_companions);
    for (uint32_t i = 0; i < model->n_products; i++) {
        struct list *list = &model->lists[i];
        if (list->n > 1)
            qsort(model->companions + list->begin, list->n, sizeof *model->companions,
                  better_first);
    }
    return OK;
}

static enum err seal_counts(struct model *model, const struct catalog *catalog,
                            const struct copurchase *counts)
{
    uint32_t n_skus = copurchase_skus(counts);
    struct sealing sealing = { .model = model };
    sealing.product_of = malloc(((size_t) n_skus + 1) * sizeof *sealing.product_of);
    if (!sealing.product_of)
        return ERR_NOMEM;
    for (uint32_t id = 0; id < n_skus; id++) {
        uint32_t product = catalog_find(catalog, copurchase_sku(counts, id));
        sealing.product_of[id] = product;
        if (product != PRODUCT_NONE)
            model->orders[product] = copurchase_sku_orders(counts, id);
    }
    model->total_orders = copurchase_orders(counts);
    model->position = copurchase_position(counts);
    enum err err = seal_companions(model, counts, &sealing);
    free(sealing.product_of);
    return err;
}

/* ── popularity ─────────────────────────────────────────────────────────────────────────── */

struct popular {
    int64_t by;
    uint32_t product;
};

static int most_first(const void *left, const void *right)
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
    qsort(all, model->n_products, sizeof *all, most_first);
    for (uint32_t i = 0; i < model->n_products; i++)
        model->best_sellers[i] = all[i].product;
    free(all);
    return OK;
}

enum err model_new(const struct catalog *catalog, const struct copurchase *counts,
                   struct model **ret_model)
{
    AUTO(model_unref) struct model *model = calloc(1, sizeof *model);
    if (!model)
        return ERR_NOMEM;
    snapshot_init(&model->snapshot, model_free);
    model->n_products = catalog_count(catalog);
    size_t room = (size_t) model->n_products + 1;
    model->lists = calloc(room, sizeof *model->lists);
    model->orders = calloc(room, sizeof *model->orders);
    model->best_sellers = calloc(room, sizeof *model->best_sellers);
    if (!model->lists || !model->orders || !model->best_sellers)
        return ERR_NOMEM;
    if (counts)
        TRY(seal_counts(model, catalog, counts));
    TRY(seal_best_sellers(model, catalog, counts && copurchase_orders(counts) > 0));
    *ret_model = MOVE(model);
    return OK;
}
