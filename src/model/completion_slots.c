/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scores of a completion from a dense trained: whole rows of weights are summed, a slot for
 * each SKU.
 */
#include <string.h>

#include "model/completion_parts.h"
#include "shop/catalog.h"

enum { EIGHT = 8 };

typedef uint16_t eight __attribute__((vector_size(EIGHT * sizeof(uint16_t))));

static void add_habits_of_slots(struct completion *c)
{
    for (uint32_t i = 0; i < habits_that_count(c); i++) {
        const struct habit *habit = &c->ask.habits[i];
        if (habit->product == PRODUCT_NONE)
            continue;
        uint32_t slot = c->model->dense.slot_of[habit->product];
        if (slot != PRODUCT_NONE && (c->scores[slot] > 0 || c->ask.habits_alone))
            c->scores[slot] += habit_score(c, habit);
    }
}

static bool make_most_pairs(struct completion *c)
{
    uint32_t n = c->model->dense.n_known / EIGHT + 1;
    c->most_pairs = arena_take_raw(c->arena, n * sizeof(eight));
    c->looked_at = arena_take_array(c->arena, bool, n);
    return c->most_pairs && c->looked_at;
}

/* Eight slots cost as much as one. */
static void look_at(const struct completion *c, uint32_t eighth)
{
    eight most = { 0 }, with;
    for (uint32_t i = 0; i < c->n_cart; i++) {
        memcpy(&with, c->pairs[i] + (size_t) eighth * EIGHT, sizeof with);
        const eight more = (eight) (with > most);
        most = (with & more) | (most & ~more);
    }
    memcpy(c->most_pairs + (size_t) eighth * EIGHT, &most, sizeof most);
    c->looked_at[eighth] = true;
}

/* In how many orders @slot was with the one of the cart that it was bought most often with. */
uint32_t slot_most_pairs(const struct completion *c, uint32_t slot)
{
    if (!c->looked_at[slot / EIGHT])
        look_at(c, slot / EIGHT);
    return c->most_pairs[slot];
}

/*
 * Where no more are spoken for than ask.together_among, what was never bought together is out
 * before anything is sorted: in a small shop that is most.
 */
static void leave_out_apart(struct completion *c)
{
    const uint32_t n_known = c->model->dense.n_known, n_scores = c->n_scores;
    const uint16_t *most = c->most_pairs;
    float *scores = c->scores;
    uint32_t n = 0;
    for (uint32_t slot = 0; slot < n_scores; slot++)
        n += scores[slot] > 0;
    if (n > c->ask.together_among)
        return;
    for (uint32_t i = 0; i * EIGHT < n_known; i++)
        look_at(c, i);
    for (uint32_t slot = 0; slot < n_known; slot++)
        scores[slot] = most[slot] > 0 ? scores[slot] : BEST_GONE;
}

bool score_slots(struct completion *c)
{
    const struct dense *dense = &c->model->dense;
    const float *rows[COMPLETION_LINES];
    uint32_t n_rows = 0;
    c->n_scores = dense->n_slots;
    c->scores = arena_take_raw(c->arena, (best_first_room(c->n_scores) + 1) * sizeof *c->scores);
    if (!c->scores)
        return false;
    for (uint32_t i = c->n_cart; i-- > 0;) {
        uint32_t slot = dense->slot_of[c->cart[i]];
        if (slot >= dense->n_known)
            continue;
        rows[n_rows++] = trained_row(c->model->trained, slot);
        c->pairs[i] = dense->pairs ? dense->pairs + (size_t) slot * dense->n_known : NULL;
    }
    if (dense->pairs && n_rows == c->n_cart && !make_most_pairs(c))
        return false;
    dense_sum_rows(c->scores, rows, n_rows, dense->n_known);
    for (uint32_t slot = dense->n_known; slot < dense->n_slots; slot++)
        c->scores[slot] = 0;
    for (uint32_t i = c->n_cart; i-- > 0;) {
        const struct row *row = &c->model->rows[c->cart[i]];
        for (uint32_t k = 0; k < row->n; k++)
            c->scores[dense->slot_of[row->at[k].product]] += row->at[k].score;
    }
    if (c->habit_scale > 0)
        add_habits_of_slots(c);
    for (uint32_t i = 0; i < c->ask.n_cart; i++)
        if (c->ask.cart[i] != PRODUCT_NONE && dense->slot_of[c->ask.cart[i]] != PRODUCT_NONE)
            c->scores[dense->slot_of[c->ask.cart[i]]] = BEST_GONE;
    if (c->most_pairs)
        leave_out_apart(c);
    return true;
}
