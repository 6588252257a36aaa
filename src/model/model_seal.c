/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the pairs: the first counts how many companions each product has, so that
 * every row gets exactly its room in one array (at most MODEL_TOP each); the second keeps in
 * each row the best so far, as a heap with the worst on top. Memory is therefore bounded by
 * the catalogue, whatever the number of pairs. What a trained says is added
 * afterwards: model_lists.c, model_dense.c.
 */
#include <math.h>
#include <stdlib.h>

#include "model/model_parts.h"
#include "shop/catalog.h"

static const float SHRINKAGE = 10;
static const float RECENT_CHANCE = 2; /* so many orders lately are not yet a habit */
static const float SURGE_TIMES = 1.5F;

static int better_first(const void *left, const void *right)
{
    const struct companion *a = left, *b = right;
    return companion_better(a, b) ? -1 : companion_better(b, a);
}

/* Restores the heap below @at: no parent is better than its children. */
static void sift_down(struct companion *heap, uint32_t n, uint32_t at)
{
    for (;;) {
        uint32_t worst = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
            if (companion_better(&heap[worst], &heap[child]))
                worst = child;
        if (worst == at)
            return;
        struct companion moved = heap[at];
        heap[at] = heap[worst];
        heap[worst] = moved;
        at = worst;
    }
}

static void offer(struct row *row, const struct companion *companion)
{
    struct companion *heap = (struct companion *) row->at;
    if (row->n < row->room) {
        heap[row->n++] = *companion;
        if (row->n == row->room)
            for (uint32_t at = row->n / 2; at-- > 0;)
                sift_down(heap, row->n, at);
    } else if (companion_better(companion, &heap[0])) {
        heap[0] = *companion;
        sift_down(heap, row->n, 0);
    }
}

/* ── from the counts ────────────────────────────────────────────────────────────────────── */

/* Both are products, and there is something to say that the trained does not. */
static bool products_of(const struct sealing *sealing, uint32_t a, uint32_t b, float recent,
                        uint32_t *ret_x, uint32_t *ret_y)
{
    *ret_x = sealing->product_of[a];
    *ret_y = sealing->product_of[b];
    return *ret_x != PRODUCT_NONE && *ret_y != PRODUCT_NONE &&
           (recent > RECENT_CHANCE || !sealing_knows(sealing, *ret_x, *ret_y));
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

/* Of the orders with @x, the share that lately held both and was not to be expected from before. */
static float lately(const struct sealing *sealing, uint32_t x, struct copurchased both)
{
    if (both.recent <= RECENT_CHANCE)
        return 0;
    float recent = sealing->recent[x];
    float before = (float) sealing->model->orders[x] - recent;
    float share = ((float) both.orders - both.recent) / (before + SHRINKAGE);
    float surplus = both.recent - recent * share - RECENT_CHANCE;
    return surplus > 0 ? sealing->recent_weight * surplus / (recent + SHRINKAGE) : 0;
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

static int by_products(const void *left, const void *right)
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
        bsearch(&wanted, model->surges, model->n_surges, sizeof wanted, by_products);
    return surge ? surge->share : 0;
}

static void take_companions(void *self, uint32_t a, uint32_t b, struct copurchased both)
{
    struct sealing *sealing = self;
    struct model *model = sealing->model;
    uint32_t x, y;
    if (!products_of(sealing, a, b, both.recent, &x, &y))
        return;
    float score = 0;
    if (!sealing_knows(sealing, x, y)) {
        double norm = sqrt((double) model->orders[x] * (double) model->orders[y]);
        score = (float) (both.orders / (norm + (double) SHRINKAGE));
    }
    float of_x = lately(sealing, x, both), of_y = lately(sealing, y, both);
    if (of_x > 0)
        note_surge(sealing, x, y, both);
    if (of_y > 0)
        note_surge(sealing, y, x, both);
    of_x += score;
    of_y += score;
    if (of_x > 0)
        offer(&model->rows[x], &(struct companion){ y, of_x, both.orders });
    if (of_y > 0)
        offer(&model->rows[y], &(struct companion){ x, of_y, both.orders });
}

static enum err make_room(struct model *model, struct companion **ret_companions)
{
    size_t total = 0;
    for (uint32_t i = 0; i < model->n_products; i++)
        total += model->rows[i].room;
    struct companion *at = *ret_companions = malloc((total + 1) * sizeof *at);
    if (!at)
        return ERR_NOMEM;
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
    TRY(make_room(model, &model->companions));
    if (sealing->counts)
        copurchase_each(sealing->counts, sealing, take_companions);
    if (sealing->no_room)
        return ERR_NOMEM;
    if (model->n_surges > 1)
        qsort(model->surges, model->n_surges, sizeof *model->surges, by_products);
    for (uint32_t i = 0; i < model->n_products; i++)
        if (model->rows[i].n > 1)
            qsort((struct companion *) model->rows[i].at, model->rows[i].n,
                  sizeof(struct companion), better_first);
    return OK;
}

/* ── all together ───────────────────────────────────────────────────────────────────────── */

static enum err note_known(const struct sealing *sealing)
{
    struct model *model = sealing->model;
    if (!trained_calibration(model->trained))
        return OK;
    model->known = malloc((size_t) model->n_products + 1);
    for (uint32_t i = 0; model->known && i < model->n_products; i++)
        model->known[i] = sealing->trained_of[i] != PRODUCT_NONE;
    return model->known ? OK : ERR_NOMEM;
}

/* The trained's SKUs among the products, and the products among its SKUs. */
static enum err match_trained(struct sealing *sealing, const struct catalog *catalog,
                              uint32_t **ret_product_of)
{
    const struct trained *trained = sealing->model->trained;
    uint32_t n_skus = trained_facts(trained)->n_skus;
    uint32_t *product_of = *ret_product_of = malloc(((size_t) n_skus + 1) * sizeof *product_of);
    sealing->trained_of =
        malloc(((size_t) sealing->model->n_products + 1) * sizeof *sealing->trained_of);
    if (!product_of || !sealing->trained_of)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < sealing->model->n_products; i++)
        sealing->trained_of[i] = PRODUCT_NONE;
    for (uint32_t sku = 0; sku < n_skus; sku++) {
        product_of[sku] = catalog_find(catalog, trained_sku(trained, sku));
        if (product_of[sku] != PRODUCT_NONE)
            sealing->trained_of[product_of[sku]] = sku;
    }
    return note_known(sealing);
}

static enum err note_recent(struct sealing *sealing)
{
    size_t n = sealing->model->n_products;
    sealing->recent = calloc(n + 1, sizeof *sealing->recent);
    sealing->id_of = malloc((n + 1) * sizeof *sealing->id_of);
    if (!sealing->recent || !sealing->id_of)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        sealing->id_of[i] = COPURCHASE_NONE;
    uint32_t n_skus = sealing->counts ? copurchase_skus(sealing->counts) : 0;
    for (uint32_t id = 0; id < n_skus; id++) {
        uint32_t product = sealing->product_of[id];
        if (product == PRODUCT_NONE)
            continue;
        sealing->recent[product] = copurchase_sku_recent(sealing->counts, id);
        sealing->id_of[product] = id;
    }
    return OK;
}

enum err model_seal(struct model *model, const struct catalog *catalog,
                    const struct copurchase *counts, const uint32_t *product_of)
{
    struct sealing sealing = { .model = model,
                               .counts = counts,
                               .product_of = product_of,
                               .recent_weight = MODEL_RECENT_WEIGHT };
    uint32_t *of_trained = NULL;
    enum err err = note_recent(&sealing);
    if (err == OK && model->trained) {
        float chosen = trained_facts(model->trained)->parameters.recent_weight;
        sealing.recent_weight = chosen > 0 ? chosen : MODEL_RECENT_WEIGHT;
        err = match_trained(&sealing, catalog, &of_trained);
    }
    if (err == OK)
        err = seal_rows(&sealing);
    if (err == OK && model->trained)
        err = model->is_dense ? seal_slots(&sealing, of_trained) : seal_lists(&sealing, of_trained);
    free(of_trained);
    free(sealing.trained_of);
    free(sealing.recent);
    free(sealing.id_of);
    return err;
}
