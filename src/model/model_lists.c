/* SPDX-License-Identifier: Apache-2.0 */
/* What a trained of lists says, merged into what the counts say: a row each. */
#include <stdlib.h>
#include <string.h>

#include "model/model_parts.h"
#include "shop/catalog.h"

/* What the row of @product holds already, and what the trained says besides. */
static void merge(struct merging *m, uint32_t product)
{
    struct sealing *sealing = m->sealing;
    const struct row *live = &sealing->model->rows[product];
    uint32_t n_edges = 0;
    const struct trained_edge *edges =
        trained_edges(sealing->model->trained, sealing->keys->trained_of[product], &n_edges);
    m->n = m->n_against = 0;
    for (uint32_t i = 0; i < live->n; i++) {
        m->row[m->n++] = live->at[i];
        m->place[live->at[i].product] = m->n;
    }
    for (uint32_t i = 0; i < n_edges; i++) {
        uint32_t other = sealing->keys->of_trained[edges[i].sku];
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
    row_sort_nearly(m->row, n);
}

/* The counts of those that come from the trained alone. */
static void count_orders(const struct sealing *sealing, uint32_t product, struct companion *row,
                         uint32_t n)
{
    const uint32_t *id_of = sealing->keys->id_of;
    uint32_t id = id_of[product];
    if (id == COPURCHASE_NONE)
        return;
    for (uint32_t i = 0; i < n; i++) /* the table is larger than the caches: all misses at once */
        if (row[i].orders == 0 && id_of[row[i].product] != COPURCHASE_NONE)
            copurchase_prefetch(sealing->counts, id, id_of[row[i].product]);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t other = id_of[row[i].product];
        if (row[i].orders == 0 && other != COPURCHASE_NONE)
            row[i].orders = copurchase_of(sealing->counts, id, other).orders;
    }
}

/* However much speaks against, as much speaks for as without it. */
void merge_row(struct merging *m, uint32_t product, struct companion *to)
{
    struct row *row = &m->sealing->model->rows[product];
    const uint32_t *trained_of = m->sealing->keys->trained_of;
    if (!trained_of || trained_of[product] == PRODUCT_NONE) {
        m->n_against = 0;
        for (m->n = 0; m->n < row->n; m->n++)
            m->row[m->n] = row->at[m->n];
    } else {
        merge(m, product);
    }
    uint32_t n = m->n < m->most ? m->n : m->most;
    if (n > 0)
        memcpy(to, m->row, n * sizeof *to);
    if (m->n_against > 0)
        memcpy(to + n, m->against, m->n_against * sizeof *to);
    *row = (struct row){ .at = to, .n = n, .room = n + m->n_against, .n_against = m->n_against };
    count_orders(m->sealing, product, to, n);
}

enum err merging_init(struct merging *m, struct sealing *sealing)
{
    const struct model *model = sealing->model;
    uint32_t top = model->trained ? trained_facts(model->trained)->top : 0;
    *m = (struct merging){ .sealing = sealing,
                           .against_most = top,
                           .most = top <= MODEL_TOP   ? MODEL_TOP
                                   : top < MODEL_MOST ? top
                                                      : MODEL_MOST };
    m->place = calloc((size_t) model->n_products + 1, sizeof *m->place);
    m->row = malloc((MODEL_TOP + (size_t) top + 1) * sizeof *m->row);
    m->against = malloc((MODEL_TOP + (size_t) top + 1) * sizeof *m->against);
    return m->place && m->row && m->against ? OK : ERR_NOMEM;
}

void merging_deinit(struct merging *m)
{
    free(m->place);
    free(m->row);
    free(m->against);
}

static enum err merge_all(struct merging *m)
{
    struct model *model = m->sealing->model;
    size_t used = 0;
    struct block *block = block_new((size_t) model->n_products * (m->most + m->against_most) + 1);
    if (!block)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < model->n_products; i++) {
        merge_row(m, i, block->at + used);
        used += model->rows[i].room;
    }
    (void) snapshot_unref(&model->blocks[0]->snapshot);
    model->blocks[0] = block; /* what it has too much is never touched, so it is not there */
    return OK;
}

enum err seal_lists(struct sealing *sealing)
{
    struct merging merging;
    enum err err = merging_init(&merging, sealing);
    if (err == OK)
        err = merge_all(&merging);
    merging_deinit(&merging);
    return err;
}
