/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model made of the one before, with what new orders change. Only the products of these get new rows, in a block of
 * their own; the other rows stay where they are, in blocks that both models hold.
 *
 * A new row is chosen among the old one's companions, the old surges, and what the new orders held beside the product: whoever was no
 * good before and was not bought now has not become better.
 */
#include <stdlib.h>
#include <string.h>

#include "model/model_parts.h"
#include "shop/catalog.h"

struct patch {
    const struct model *old;
    struct model *model;
    struct sealing sealing;
    struct merging merging;
    struct copurchase_news news;
    uint32_t *products; /* of news.ids, or PRODUCT_NONE */
    uint32_t *touched;  /* products with news, ascending */
    uint32_t n_touched;
    bool *is_touched;   /* by product */
    uint64_t *pairs;    /* of products, bought together now: ascending, each both ways */
    size_t n_pairs, at; /* at: of the touched one that is the turn */
    uint32_t *taken;    /* product -> 1 + the product whose candidate it was last */
    struct companion live[MODEL_TOP];
    size_t used; /* of the new block */
};

/* ── what is new ────────────────────────────────────────────────────────────────────────── */

static uint32_t news_skus(const struct patch *p)
{
    return p->news.n_orders ? p->news.ends[p->news.n_orders - 1] : 0;
}

static int ascending(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *) left, b = *(const uint32_t *) right;
    return a < b ? -1 : a > b;
}

static int ascending_pairs(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *) left, b = *(const uint64_t *) right;
    return a < b ? -1 : a > b;
}

static void note_products(struct patch *p, const struct catalog *catalog)
{
    const struct copurchase *counts = p->sealing.counts;
    for (uint32_t i = 0; i < news_skus(p); i++) {
        uint32_t id = p->news.ids[i];
        uint32_t product = p->products[i] = catalog_find(catalog, copurchase_sku(counts, id));
        if (product == PRODUCT_NONE || p->is_touched[product])
            continue;
        p->is_touched[product] = true;
        p->touched[p->n_touched++] = product;
        p->model->keys->id_of[product] = id;
        p->model->orders[product] = copurchase_sku_orders(counts, id);
        p->sealing.recent[product] = copurchase_sku_recent(counts, id);
    }
    qsort(p->touched, p->n_touched, sizeof *p->touched, ascending);
}

static enum err note_pairs(struct patch *p)
{
    size_t room = 1;
    for (uint32_t i = 0, begin = 0; i < p->news.n_orders; begin = p->news.ends[i++])
        room += (size_t) (p->news.ends[i] - begin) * (p->news.ends[i] - begin);
    p->pairs = malloc(room * sizeof *p->pairs);
    if (!p->pairs)
        return ERR_NOMEM;
    for (uint32_t i = 0, begin = 0; i < p->news.n_orders; begin = p->news.ends[i++])
        for (uint32_t j = begin; j < p->news.ends[i]; j++)
            for (uint32_t k = begin; k < p->news.ends[i]; k++)
                if (j != k && p->products[j] != PRODUCT_NONE && p->products[k] != PRODUCT_NONE)
                    p->pairs[p->n_pairs++] = (uint64_t) p->products[j] << 32 | p->products[k];
    qsort(p->pairs, p->n_pairs, sizeof *p->pairs, ascending_pairs);
    return OK;
}

/* ── a row ──────────────────────────────────────────────────────────────────────────────── */

struct candidates {
    uint32_t *at, n;
};

/* Of @x, each once; the table of pairs is larger than the caches: all misses at once. */
static void add_candidate(struct patch *p, struct candidates *all, uint32_t x, uint32_t y)
{
    const uint32_t *id_of = p->sealing.keys->id_of;
    if (p->taken[y] == x + 1 || id_of[y] == COPURCHASE_NONE)
        return;
    p->taken[y] = x + 1;
    all->at[all->n++] = y;
    copurchase_prefetch(p->sealing.counts, id_of[x], id_of[y]);
}

static uint32_t first_surge(const struct model *model, uint32_t from)
{
    uint32_t low = 0, high = model->n_surges;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (model->surges[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void find_candidates(struct patch *p, uint32_t x, struct candidates *all)
{
    const struct model *old = p->old;
    const struct row *row = &old->rows[x];
    for (uint32_t i = 0; i < row->n + row->n_against; i++)
        add_candidate(p, all, x, row->at[i].product);
    for (uint32_t i = first_surge(old, x); i < old->n_surges && old->surges[i].from == x; i++)
        add_candidate(p, all, x, old->surges[i].to);
    for (; p->at < p->n_pairs && p->pairs[p->at] >> 32 == x; p->at++)
        add_candidate(p, all, x, (uint32_t) p->pairs[p->at]);
}

static void make_row(struct patch *p, uint32_t x, const struct candidates *all,
                     struct companion *to)
{
    struct sealing *sealing = &p->sealing;
    const uint32_t *id_of = sealing->keys->id_of;
    struct row *row = &p->model->rows[x];
    *row = (struct row){ .at = p->live, .room = MODEL_TOP };
    for (uint32_t i = 0; i < all->n; i++) {
        uint32_t y = all->at[i];
        struct copurchased both = copurchase_of(sealing->counts, id_of[x], id_of[y]);
        if (both.orders == 0 || !seal_adds(sealing, x, y, both.recent))
            continue;
        float score = seal_usual(sealing, x, y, both.orders) + seal_lately(sealing, x, y, both);
        if (score > 0)
            row_offer(row, &(struct companion){ y, score, both.orders });
    }
    row_sort(row);
    merge_row(&p->merging, x, to);
}

/* The rows of the touched, at @block, one behind the other. */
static enum err make_rows(struct patch *p, struct block **block)
{
    struct candidates all = { .at = malloc(((size_t) p->model->n_products + 1) * sizeof *all.at) };
    if (!all.at)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < p->n_touched; i++) {
        struct row *row = &p->model->rows[p->touched[i]];
        all.n = 0;
        find_candidates(p, p->touched[i], &all);
        make_row(p, p->touched[i], &all, (*block)->at + p->used);
        p->used += row->room;
    }
    free(all.at);
    struct block *fitting = realloc(*block, sizeof **block + p->used * sizeof *(*block)->at);
    *block = fitting ? fitting : *block;
    const struct companion *at = (*block)->at;
    for (uint32_t i = 0; i < p->n_touched; i++) {
        p->model->rows[p->touched[i]].at = at;
        at += p->model->rows[p->touched[i]].room;
    }
    return OK;
}

static enum err patch_rows(struct patch *p)
{
    struct block *block =
        block_new((size_t) p->n_touched * (p->merging.most + p->merging.against_most));
    if (!block)
        return ERR_NOMEM;
    enum err err = make_rows(p, &block);
    p->model->blocks[p->model->n_blocks++] = block;
    return err == OK && p->sealing.no_room ? ERR_NOMEM : err;
}

/* ── the rest ───────────────────────────────────────────────────────────────────────────── */

/* The old ones of products that nobody bought now stay. */
static enum err patch_surges(struct patch *p)
{
    struct model *model = p->model;
    uint32_t n_new = model->n_surges, n = 0;
    struct surge *all = malloc(((size_t) n_new + p->old->n_surges + 1) * sizeof *all);
    if (!all)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < p->old->n_surges; i++)
        if (!p->is_touched[p->old->surges[i].from])
            all[n++] = p->old->surges[i];
    if (n_new > 0) {
        memcpy(all + n, model->surges, n_new * sizeof *all);
        n += n_new;
        qsort(all, n, sizeof *all, surges_by_products);
    }
    free(model->surges);
    model->surges = all;
    model->n_surges = model->surges_room = n;
    return OK;
}

static enum err patch_best_sellers(struct patch *p)
{
    struct model *model = p->model;
    uint32_t n = 0, next = 0;
    struct popular *new = malloc(((size_t) p->n_touched + 1) * sizeof *new);
    if (!new)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < p->n_touched; i++)
        new[i] = (struct popular){ model->orders[p->touched[i]], p->touched[i] };
    qsort(new, p->n_touched, sizeof *new, popular_first);
    for (uint32_t i = 0; i < model->n_products; i++) {
        uint32_t product = p->old->best_sellers[i];
        const struct popular old = { model->orders[product], product };
        if (p->is_touched[product])
            continue;
        while (next < p->n_touched && popular_first(&new[next], &old) < 0)
            model->best_sellers[n++] = new[next++].product;
        model->best_sellers[n++] = product;
    }
    while (next < p->n_touched)
        model->best_sellers[n++] = new[next++].product;
    free(new);
    return OK;
}

static enum err patch_init(struct patch *p)
{
    size_t n = (size_t) p->model->n_products + 1, news = (size_t) news_skus(p) + 1;
    p->sealing.recent = calloc(n, sizeof *p->sealing.recent);
    p->is_touched = calloc(n, sizeof *p->is_touched);
    p->taken = calloc(n, sizeof *p->taken);
    p->products = malloc(news * sizeof *p->products);
    p->touched = malloc(news * sizeof *p->touched);
    if (!p->sealing.recent || !p->is_touched || !p->taken || !p->products || !p->touched)
        return ERR_NOMEM;
    return merging_init(&p->merging, &p->sealing);
}

static void patch_deinit(struct patch *p)
{
    free(p->sealing.recent);
    free(p->is_touched);
    free(p->taken);
    free(p->products);
    free(p->touched);
    free(p->pairs);
    merging_deinit(&p->merging);
}

static enum err patch(struct patch *p, const struct catalog *catalog)
{
    TRY(patch_init(p));
    note_products(p, catalog);
    TRY(note_pairs(p));
    TRY(patch_rows(p));
    TRY(patch_surges(p));
    return patch_best_sellers(p);
}

/* What the old one has, but with rows, orders and best sellers of its own, the latter to be filled. */
static enum err copy(const struct model *old, struct model *model)
{
    size_t n = old->n_products, room = n + 1;
    model->n_products = old->n_products;
    model->rows = malloc(room * sizeof *model->rows);
    model->orders = malloc(room * sizeof *model->orders);
    model->best_sellers = malloc(room * sizeof *model->best_sellers);
    if (!model->rows || !model->orders || !model->best_sellers)
        return ERR_NOMEM;
    memcpy(model->rows, old->rows, n * sizeof *model->rows);
    memcpy(model->orders, old->orders, n * sizeof *model->orders);
    for (; model->n_blocks < old->n_blocks; model->n_blocks++)
        model->blocks[model->n_blocks] =
            (struct block *) snapshot_ref(&old->blocks[model->n_blocks]->snapshot);
    model->keys = (struct keys *) snapshot_ref(&old->keys->snapshot);
    model->known = old->known;
    model->trained = trained_ref(old->trained);
    model->history_weight = old->history_weight;
    model_know_moved(model, old->moved);
    return OK;
}

enum err model_with_news(const struct model *old, const struct catalog *catalog,
                         const struct copurchase *counts, struct model **ret_model)
{
    struct copurchase_news news = copurchase_news(counts);
    *ret_model = NULL;
    if (!news.all || news.after != old->total_orders || old->total_orders == 0 || old->is_dense ||
        old->n_blocks == MODEL_BLOCKS)
        return OK;
    AUTO(model_unref) struct model *model = model_blank();
    if (!model)
        return ERR_NOMEM;
    TRY(copy(old, model));
    struct patch p = { .old = old, .model = model, .news = news };
    sealing_init(&p.sealing, model, counts);
    enum err err = patch(&p, catalog);
    patch_deinit(&p);
    TRY(err);
    model->total_orders = copurchase_orders(counts);
    model->position = copurchase_position(counts);
    *ret_model = MOVE(model);
    return OK;
}
