/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the pairs: the first counts how many companions each product has, so that
 * every row gets exactly its room in one array (at most MODEL_TOP each); the second keeps in
 * each row the best so far, as a heap with the worst on top. Memory is therefore bounded by
 * the catalogue, whatever the number of pairs. What a trained of lists says is merged into the rows afterwards
 * (model_lists.c); for a dense one, see model_dense.c.
 */
#include <math.h>
#include <stdlib.h>

#include "model/model_parts.h"
#include "shop/catalog.h"

static const float SHRINKAGE = 10;
static const float RECENT_CHANCE = 2; /* so many orders lately are not yet a habit */
static const float SURGE_TIMES = 1.5F;

/* ── from the counts ────────────────────────────────────────────────────────────────────── */

bool seal_adds(const struct sealing *sealing, uint32_t x, uint32_t y, float recent)
{
    return recent > RECENT_CHANCE || !sealing_knows(sealing, x, y);
}

/* Both are products, and there is something to say. */
static bool products_of(const struct sealing *sealing, uint32_t a, uint32_t b, float recent,
                        uint32_t *ret_x, uint32_t *ret_y)
{
    *ret_x = sealing->product_of[a];
    *ret_y = sealing->product_of[b];
    return *ret_x != PRODUCT_NONE && *ret_y != PRODUCT_NONE &&
           seal_adds(sealing, *ret_x, *ret_y, recent);
}

static void count_companions(void *self, uint32_t a, uint32_t b, struct copurchased both)
{
    struct sealing *sealing = self;
    uint32_t x, y;
    if (!products_of(sealing, a, b, both.recent, &x, &y))
        return;
    struct row *rows = sealing->model->rows;
    rows[x].room += rows[x].room < MODEL_TOP;
    rows[y].room += rows[y].room < MODEL_TOP;
}

/* Kept only where it says more than all the orders do. */
static void note_surge(struct sealing *sealing, uint32_t x, uint32_t y, struct copurchased both)
{
    struct model *model = sealing->model;
    float share = (both.recent - RECENT_CHANCE) / (sealing->recent[x] + SHRINKAGE);
    if (share < SURGE_TIMES * (float) both.orders / (float) model->orders[x])
        return;
    if (model->n_surges == model->surges_room) {
        uint32_t room = model->surges_room ? model->surges_room * 2 : 256;
        struct surge *grown = realloc(model->surges, room * sizeof *grown);
        sealing->no_room |= !grown;
        if (!grown)
            return;
        model->surges = grown;
        model->surges_room = room;
    }
    model->surges[model->n_surges++] = (struct surge){ x, y, share };
}

float seal_lately(struct sealing *sealing, uint32_t x, uint32_t y, struct copurchased both)
{
    if (both.recent <= RECENT_CHANCE)
        return 0;
    float recent = sealing->recent[x];
    float before = (float) sealing->model->orders[x] - recent;
    float share = ((float) both.orders - both.recent) / (before + SHRINKAGE);
    float surplus = both.recent - recent * share - RECENT_CHANCE;
    if (surplus <= 0)
        return 0;
    note_surge(sealing, x, y, both);
    return sealing->recent_weight * surplus / (recent + SHRINKAGE);
}

float seal_usual(const struct sealing *sealing, uint32_t x, uint32_t y, uint32_t orders)
{
    if (sealing_knows(sealing, x, y))
        return 0;
    const uint32_t *all = sealing->model->orders;
    return (float) (orders / (sqrt((double) all[x] * (double) all[y]) + (double) SHRINKAGE));
}

int surges_by_products(const void *left, const void *right)
{
    const struct surge *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

float model_surge(const struct model *model, uint32_t from, uint32_t to)
{
    const struct surge wanted = { .from = from, .to = to };
    if (model->n_surges == 0)
        return 0;
    const struct surge *surge =
        bsearch(&wanted, model->surges, model->n_surges, sizeof wanted, surges_by_products);
    return surge ? surge->share : 0;
}

/* Most are refused by one look at an array that stays in the cache. */
static void offer(struct sealing *sealing, uint32_t x, uint32_t y, float score, uint32_t orders)
{
    struct row *row = &sealing->model->rows[x];
    if (score <= 0 || score < sealing->worst[x])
        return;
    row_offer(row, &(struct companion){ y, score, orders });
    if (row->n == row->room)
        sealing->worst[x] = row->at[0].score;
}

static void take_companions(void *self, uint32_t a, uint32_t b, struct copurchased both)
{
    struct sealing *sealing = self;
    uint32_t x, y;
    if (!products_of(sealing, a, b, both.recent, &x, &y))
        return;
    float usual = seal_usual(sealing, x, y, both.orders);
    offer(sealing, x, y, usual + seal_lately(sealing, x, y, both), both.orders);
    offer(sealing, y, x, usual + seal_lately(sealing, y, x, both), both.orders);
}

static void block_free(struct snapshot *snapshot)
{
    free(snapshot);
}

struct block *block_new(size_t companions)
{
    struct block *block = malloc(sizeof *block + companions * sizeof *block->at);
    if (block)
        snapshot_init(&block->snapshot, block_free);
    return block;
}

static enum err make_room(struct model *model)
{
    size_t total = 0;
    for (uint32_t i = 0; i < model->n_products; i++)
        total += model->rows[i].room;
    struct block *block = model->blocks[model->n_blocks++] = block_new(total);
    if (!block)
        return ERR_NOMEM;
    const struct companion *at = block->at;
    for (uint32_t i = 0; i < model->n_products; i++) {
        model->rows[i].at = at;
        at += model->rows[i].room;
    }
    return OK;
}

static enum err seal_rows(struct sealing *sealing)
{
    struct model *model = sealing->model;
    if (sealing->counts)
        copurchase_each(sealing->counts, sealing, count_companions);
    TRY(make_room(model));
    if (sealing->counts)
        copurchase_each(sealing->counts, sealing, take_companions);
    if (sealing->no_room)
        return ERR_NOMEM;
    if (model->n_surges > 1)
        qsort(model->surges, model->n_surges, sizeof *model->surges, surges_by_products);
    for (uint32_t i = 0; i < model->n_products; i++)
        row_sort(&model->rows[i]);
    return OK;
}

/* ── all together ───────────────────────────────────────────────────────────────────────── */

static void keys_free(struct snapshot *snapshot)
{
    struct keys *keys = (struct keys *) snapshot;
    free(keys->id_of);
    free(keys->trained_of);
    free(keys->of_trained);
    free(keys->known);
    free(keys);
}

/* The trained's SKUs among the products, and the products among its SKUs. */
static enum err match_trained(struct keys *keys, const struct trained *trained,
                              const struct catalog *catalog, uint32_t n_products)
{
    uint32_t n_skus = trained_facts(trained)->n_skus;
    keys->of_trained = malloc(((size_t) n_skus + 1) * sizeof *keys->of_trained);
    keys->trained_of = malloc(((size_t) n_products + 1) * sizeof *keys->trained_of);
    if (!keys->of_trained || !keys->trained_of)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n_products; i++)
        keys->trained_of[i] = PRODUCT_NONE;
    for (uint32_t sku = 0; sku < n_skus; sku++) {
        uint32_t product = keys->of_trained[sku] = catalog_find(catalog, trained_sku(trained, sku));
        if (product != PRODUCT_NONE)
            keys->trained_of[product] = sku;
    }
    return OK;
}

static enum err note_known(struct keys *keys, const struct trained *trained, uint32_t n_products)
{
    if (!trained_calibration(trained))
        return OK;
    keys->known = malloc((size_t) n_products + 1);
    for (uint32_t i = 0; keys->known && i < n_products; i++)
        keys->known[i] = keys->trained_of[i] != PRODUCT_NONE;
    return keys->known ? OK : ERR_NOMEM;
}

static enum err make_keys(struct sealing *sealing, const struct catalog *catalog)
{
    struct model *model = sealing->model;
    struct keys *keys = model->keys = calloc(1, sizeof *keys);
    if (!keys)
        return ERR_NOMEM;
    snapshot_init(&keys->snapshot, keys_free);
    sealing->keys = keys;
    keys->id_of = malloc(((size_t) model->n_products + 1) * sizeof *keys->id_of);
    if (!keys->id_of)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < model->n_products; i++)
        keys->id_of[i] = COPURCHASE_NONE;
    if (!model->trained)
        return OK;
    TRY(match_trained(keys, model->trained, catalog, model->n_products));
    TRY(note_known(keys, model->trained, model->n_products));
    model->known = keys->known;
    return OK;
}

static enum err note_recent(struct sealing *sealing)
{
    size_t n = sealing->model->n_products;
    sealing->recent = calloc(n + 1, sizeof *sealing->recent);
    sealing->worst = calloc(n + 1, sizeof *sealing->worst);
    if (!sealing->recent || !sealing->worst)
        return ERR_NOMEM;
    uint32_t n_skus = sealing->counts ? copurchase_skus(sealing->counts) : 0;
    for (uint32_t id = 0; id < n_skus; id++) {
        uint32_t product = sealing->product_of[id];
        if (product == PRODUCT_NONE)
            continue;
        sealing->recent[product] = copurchase_sku_recent(sealing->counts, id);
        sealing->keys->id_of[product] = id;
    }
    return OK;
}

void sealing_init(struct sealing *sealing, struct model *model, const struct copurchase *counts)
{
    float chosen = model->trained ? trained_facts(model->trained)->parameters.recent_weight : 0;
    *sealing = (struct sealing){ .model = model,
                                 .keys = model->keys,
                                 .counts = counts,
                                 .recent_weight = chosen > 0 ? chosen : MODEL_RECENT_WEIGHT };
}

enum err model_seal(struct model *model, const struct catalog *catalog,
                    const struct copurchase *counts, const uint32_t *product_of)
{
    struct sealing sealing;
    sealing_init(&sealing, model, counts);
    sealing.product_of = product_of;
    enum err err = make_keys(&sealing, catalog);
    if (err == OK)
        err = note_recent(&sealing);
    if (err == OK)
        err = seal_rows(&sealing);
    if (err == OK && model->trained)
        err = model->is_dense ? seal_slots(&sealing) : seal_lists(&sealing);
    free(sealing.recent);
    free(sealing.worst);
    return err;
}
