/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a model needs beside the weights of a dense trained: slots for its SKUs and for new ones, and how often two of
 * them were bought. And the sum of rows of weights.
 */
#include <stdlib.h>
#include <string.h>

#include "model/model_parts.h"
#include "shop/catalog.h"

static enum err note_exact(struct dense *dense, uint64_t slots, uint32_t orders)
{
    if (dense->n_exact == dense->exact_room) {
        uint32_t room = dense->exact_room ? dense->exact_room * 2 : 64;
        struct exact *grown = realloc(dense->exact, room * sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        dense->exact = grown;
        dense->exact_room = room;
    }
    dense->exact[dense->n_exact++] = (struct exact){ slots, orders };
    return OK;
}

static void take_pair(void *self, uint32_t a, uint32_t b, struct copurchased both)
{
    struct sealing *sealing = self;
    struct dense *dense = &sealing->model->dense;
    uint32_t x = sealing->product_of[a], y = sealing->product_of[b];
    if (x == PRODUCT_NONE || y == PRODUCT_NONE || !sealing_knows(sealing, x, y))
        return;
    size_t s = dense->slot_of[x], t = dense->slot_of[y];
    if (both.orders >= PAIRS_MORE) {
        if (note_exact(dense, s * dense->n_known + t, both.orders) != OK ||
            note_exact(dense, t * dense->n_known + s, both.orders) != OK)
            sealing->no_room = true;
        both.orders = PAIRS_MORE;
    }
    dense->pairs[s * dense->n_known + t] = (uint16_t) both.orders;
    dense->pairs[t * dense->n_known + s] = (uint16_t) both.orders;
}

static int by_slots(const void *left, const void *right)
{
    const struct exact *a = left, *b = right;
    return a->slots < b->slots ? -1 : a->slots > b->slots;
}

static enum err seal_pairs(struct sealing *sealing)
{
    struct dense *dense = &sealing->model->dense;
    if (!sealing->counts || dense->n_known > PAIRS_MAX_SLOTS)
        return OK;
    dense->pairs =
        calloc((size_t) dense->n_known * dense->n_known + PAIRS_BEHIND, sizeof *dense->pairs);
    if (!dense->pairs)
        return ERR_NOMEM;
    copurchase_each(sealing->counts, sealing, take_pair);
    if (dense->n_exact > 1)
        qsort(dense->exact, dense->n_exact, sizeof *dense->exact, by_slots);
    return sealing->no_room ? ERR_NOMEM : OK;
}

enum err seal_slots(struct sealing *sealing)
{
    struct model *model = sealing->model;
    struct dense *dense = &model->dense;
    dense->n_known = dense->n_slots = trained_facts(model->trained)->n_skus;
    size_t room = (size_t) dense->n_known + model->n_products + 1;
    dense->slot_of = malloc(room * sizeof *dense->slot_of);
    dense->product_of = malloc(room * sizeof *dense->product_of);
    if (!dense->slot_of || !dense->product_of)
        return ERR_NOMEM;
    memcpy(dense->product_of, sealing->keys->of_trained,
           dense->n_known * sizeof *dense->product_of);
    for (uint32_t i = 0; i < model->n_products; i++) {
        dense->slot_of[i] = sealing->keys->trained_of[i];
        if (dense->slot_of[i] == PRODUCT_NONE && model->orders[i] > 0) {
            dense->product_of[dense->n_slots] = i;
            dense->slot_of[i] = dense->n_slots++;
        }
    }
    return seal_pairs(sealing);
}

static uint32_t exact_orders(const struct dense *dense, uint64_t slots)
{
    const struct exact wanted = { .slots = slots };
    const struct exact *exact =
        bsearch(&wanted, dense->exact, dense->n_exact, sizeof wanted, by_slots);
    return exact ? exact->orders : 0;
}

uint32_t model_orders_of_both(const struct model *model, uint32_t a, uint32_t b)
{
    const struct dense *dense = &model->dense;
    if (model->is_dense && dense->pairs && dense->slot_of[a] < dense->n_known &&
        dense->slot_of[b] < dense->n_known) {
        uint64_t slots = (uint64_t) dense->slot_of[a] * dense->n_known + dense->slot_of[b];
        uint32_t orders = dense->pairs[slots];
        return orders < PAIRS_MORE ? orders : exact_orders(dense, slots);
    }
    for (uint32_t i = 0; i < model->rows[a].n; i++)
        if (model->rows[a].at[i].product == b)
            return model->rows[a].at[i].orders;
    return 0;
}

typedef float four __attribute__((vector_size(16)));

static four load(const float *at)
{
    four value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Sixteen floats at a time stay in registers while all rows are added. */
void dense_sum_rows(float *sums, const float *const *rows, uint32_t n_rows, uint32_t n)
{
    uint32_t i = 0;
    for (; i + 16 <= n; i += 16) {
        four a = { 0 }, b = { 0 }, d = { 0 }, e = { 0 };
        for (uint32_t r = 0; r < n_rows; r++) {
            const float *row = rows[r] + i;
            a += load(row);
            b += load(row + 4);
            d += load(row + 8);
            e += load(row + 12);
        }
        memcpy(sums + i, &a, sizeof a);
        memcpy(sums + i + 4, &b, sizeof b);
        memcpy(sums + i + 8, &d, sizeof d);
        memcpy(sums + i + 12, &e, sizeof e);
    }
    for (; i < n; i++) {
        sums[i] = 0;
        for (uint32_t r = 0; r < n_rows; r++)
            sums[i] += rows[r][i];
    }
}
