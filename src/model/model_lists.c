/* SPDX-License-Identifier: Apache-2.0 */
/* What a trained of lists says is merged into the rows that were made from the counts. */
#include <stdlib.h>
#include <string.h>

#include "model/model_parts.h"
#include "shop/catalog.h"

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
        for (; at > 0 && companion_better(&moved, &row[at - 1]); at--)
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

enum err seal_lists(struct sealing *sealing, const uint32_t *product_of)
{
    struct model *model = sealing->model;
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
