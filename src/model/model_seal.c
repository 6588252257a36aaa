/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the pairs: the first counts how many companions each product has, so that
 * every row gets exactly its room in one array (at most MODEL_TOP each); the second keeps in
 * each row the best so far, as a heap with the worst on top. Memory is therefore bounded by
 * the catalogue, whatever the number of pairs. What a trained of lists says is merged into the rows afterwards; for a
 * dense one, see model_dense.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_parts.h"
#include "shop/catalog.h"

static const float SHRINKAGE = 10;
static const float RECENT_CHANCE = 2; /* so many orders lately are not yet a habit */
static const float SURGE_TIMES = 1.5F;

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

static void offer(struct row *row, const struct companion *companion)
{
    struct companion *heap = (struct companion *) row->at;
    if (row->n < row->room) {
        heap[row->n++] = *companion;
        if (row->n == row->room)
            for (uint32_t at = row->n / 2; at-- > 0;)
                sift_down(heap, row->n, at);
    } else if (better(companion, &heap[0])) {
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

/* ── TRAINED_LISTS ──────────────────────────────────────────────────────────────────────── */

struct merging {
    struct sealing *sealing;
    const uint32_t *product_of; /* SKU of the trained -> product, or PRODUCT_NONE */
    uint32_t *place;            /* product -> its place in row, 1 the first; 0: not in it */
    struct companion *row;      /* being made: what the product speaks for … */
    uint32_t n;
    struct companion *against; /* … and against */
    uint32_t n_against;
};

/* Edges come strongest first, so little has to be moved. */
static void sort_nearly(struct companion *row, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct companion moved = row[i];
        uint32_t at = i;
        for (; at > 0 && better(&moved, &row[at - 1]); at--)
            row[at] = row[at - 1];
        row[at] = moved;
    }
}

/* What the row of @product holds already, and what the trained says besides. */
static void merge(struct merging *m, uint32_t product)
{
    struct sealing *sealing = m->sealing;
    const struct row *live = &sealing->model->rows[product];
    uint32_t n_edges = 0;
    const struct trained_edge *edges =
        trained_edges(sealing->model->trained, sealing->trained_of[product], &n_edges);
    m->n = m->n_against = 0;
    for (uint32_t i = 0; i < live->n; i++) {
        m->row[m->n++] = live->at[i];
        m->place[live->at[i].product] = m->n;
    }
    for (uint32_t i = 0; i < n_edges; i++) {
        uint32_t other = m->product_of[edges[i].sku];
        if (other == PRODUCT_NONE)
            continue;
        if (m->place[other])
            m->row[m->place[other] - 1].score += edges[i].weight;
        else
            m->row[m->n++] = (struct companion){ .product = other, .score = edges[i].weight };
    }
    for (uint32_t i = 0; i < live->n; i++)
        m->place[live->at[i].product] = 0;

    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->row[i].score > 0)
            m->row[n++] = m->row[i];
        else if (m->row[i].score < 0)
            m->against[m->n_against++] = m->row[i];
    }
    m->n = n;
    sort_nearly(m->row, n);
}

/* The counts of those that come from the trained alone. */
static void count_orders(const struct sealing *sealing, uint32_t product, struct companion *row,
                         uint32_t n)
{
    uint32_t id = sealing->id_of[product];
    if (id == COPURCHASE_NONE)
        return;
    for (uint32_t i = 0; i < n; i++) /* the table is larger than the caches: all misses at once */
        if (row[i].orders == 0 && sealing->id_of[row[i].product] != COPURCHASE_NONE)
            copurchase_prefetch(sealing->counts, id, sealing->id_of[row[i].product]);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t other = sealing->id_of[row[i].product];
        if (row[i].orders == 0 && other != COPURCHASE_NONE)
            row[i].orders = copurchase_of(sealing->counts, id, other).orders;
    }
}

/* Behind @to, of which the row of @product takes what it needs: how much that is. */
static uint32_t keep_row(const struct merging *m, uint32_t product, uint32_t most,
                         struct companion *to)
{
    uint32_t n = m->n < most ? m->n : most;
    if (n > 0)
        memcpy(to, m->row, n * sizeof *to);
    if (m->n_against > 0)
        memcpy(to + n, m->against, m->n_against * sizeof *to);
    m->sealing->model->rows[product] =
        (struct row){ .at = to, .n = n, .room = n + m->n_against, .n_against = m->n_against };
    count_orders(m->sealing, product, to, n);
    return n + m->n_against;
}

/* However much speaks against, as much speaks for as without it. */
static enum err merge_rows(struct merging *m)
{
    struct sealing *sealing = m->sealing;
    struct model *model = sealing->model;
    uint32_t top = trained_facts(model->trained)->top;
    uint32_t most = top > MODEL_TOP ? (top < MODEL_MOST ? top : MODEL_MOST) : MODEL_TOP;
    size_t used = 0;
    struct companion *all =
        malloc(((size_t) model->n_products * ((size_t) most + top) + 1) * sizeof *all);
    if (!all)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < model->n_products; i++) {
        const struct row *row = &model->rows[i];
        if (sealing->trained_of[i] == PRODUCT_NONE) {
            m->n_against = 0;
            for (m->n = 0; m->n < row->n; m->n++)
                m->row[m->n] = row->at[m->n];
        } else {
            merge(m, i);
        }
        used += keep_row(m, i, most, all + used);
    }
    free(model->companions);
    model->companions = all; /* what it has too much is never touched, so it is not there */
    return OK;
}

/* ── all together ───────────────────────────────────────────────────────────────────────── */

static enum err seal_trained(struct sealing *sealing, uint32_t *product_of)
{
    struct model *model = sealing->model;
    if (model->is_dense)
        return seal_slots(sealing, product_of);
    struct merging merging = { .sealing = sealing, .product_of = product_of };
    merging.place = calloc((size_t) model->n_products + 1, sizeof *merging.place);
    size_t room = MODEL_TOP + (size_t) trained_facts(model->trained)->top + 1;
    merging.row = malloc(room * sizeof *merging.row);
    merging.against = malloc(room * sizeof *merging.against);
    bool made = merging.place && merging.row && merging.against;
    enum err err = made ? merge_rows(&merging) : ERR_NOMEM;
    free(merging.place);
    free(merging.row);
    free(merging.against);
    return err;
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
    return OK;
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
        err = seal_trained(&sealing, of_trained);
    free(of_trained);
    free(sealing.trained_of);
    free(sealing.recent);
    free(sealing.id_of);
    return err;
}
