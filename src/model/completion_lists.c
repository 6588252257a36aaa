/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scores of a completion from rows of lists: an index by product finds each one's place among
 * the candidates. What rows say against a product is taken off those that are candidates already.
 */
#include <string.h>

#include "model/completion_parts.h"
#include "shop/catalog.h"

enum {
    OWN_SLOTS = 8192,   /* in a catalogue of so many products at most each may have its own … */
    OWN_SLOTS_EACH = 8, /* … if the candidates are so many that it is worth clearing them */
    CLEARED = 1024,     /* bytes at once: longer ones the C library's memset begins slowly */
};

/* Where in the index @product is or belongs. */
static inline __attribute__((always_inline)) uint32_t
slot_of(const uint16_t *index, uint32_t mask, const struct companion *const *why, uint32_t product)
{
    if (mask == 0)
        return product;
    uint32_t slot = product * 2654435761U & mask;
    while (index[slot] && why[index[slot]]->product != product)
        slot = (slot + 1) & mask;
    return slot;
}

/* The index, in which most candidates find room. */
static bool make_index(struct completion *c, uint32_t most)
{
    uint32_t slots = 64;
    if (c->model->n_products <= OWN_SLOTS && c->model->n_products <= most * OWN_SLOTS_EACH) {
        slots = c->model->n_products + 1;
    } else {
        while (slots < most * 2)
            slots *= 2;
        c->hash_mask = slots - 1;
    }
    size_t bytes = slots * sizeof *c->index;
    c->index = arena_take_raw(c->arena, bytes);
    for (size_t at = 0; c->index && at < bytes; at += CLEARED)
        memset((char *) c->index + at, 0, bytes - at < CLEARED ? bytes - at : CLEARED);
    return c->index;
}

/* Makes @product a candidate that begins with @score, if it is none yet. */
static void add_own(struct completion *c, uint32_t product, float score)
{
    uint32_t slot = slot_of(c->index, c->hash_mask, c->why, product);
    if (c->index[slot])
        return;
    struct companion *own = &c->own[c->n_own++];
    *own = (struct companion){ .product = product };
    c->why[c->n_candidates] = own;
    c->scores[c->n_candidates] = score;
    c->index[slot] = (uint16_t) c->n_candidates++;
}

/* The hot loop: what it needs is in variables of its own, stores through @c could be anything. */
static inline __attribute__((always_inline)) void
add_companions(struct completion *c, const struct row *row, uint32_t mask)
{
    const struct companion *companion = row->at, *end = row->at + row->n, **const why = c->why;
    float *const scores = c->scores;
    uint16_t *const index = c->index;
    uint32_t n = c->n_candidates;
    for (; companion < end; companion++) {
        uint32_t slot = slot_of(index, mask, why, companion->product), place = index[slot];
        if (place) {
            scores[place] += companion->score;
            if (companion->orders > why[place]->orders)
                why[place] = companion;
        } else {
            index[slot] = (uint16_t) n;
            scores[n] = companion->score;
            why[n++] = companion;
        }
    }
    c->n_candidates = n;
}

static void add_row(struct completion *c, uint32_t product)
{
    if (c->hash_mask == 0)
        add_companions(c, &c->model->rows[product], 0);
    else
        add_companions(c, &c->model->rows[product], c->hash_mask);
}

/* What is no candidate yet cannot become one by what speaks against it. */
static void take_off_row(struct completion *c, uint32_t product)
{
    const struct row *row = &c->model->rows[product];
    const struct companion *companion = row->at + row->n, *end = companion + row->n_against;
    const struct companion *const *const why = c->why;
    float *const scores = c->scores;
    const uint16_t *const index = c->index;
    const uint32_t mask = c->hash_mask;
    for (; companion < end; companion++) {
        uint32_t place = index[slot_of(index, mask, why, companion->product)];
        if (place)
            scores[place] += companion->score;
    }
}

static void make_habits_candidates(struct completion *c)
{
    for (uint32_t i = 0; i < habits_that_count(c); i++)
        if (c->ask.habits[i].product != PRODUCT_NONE)
            add_own(c, c->ask.habits[i].product, 0);
}

static void add_habits_of_lists(struct completion *c)
{
    for (uint32_t i = 0; i < habits_that_count(c); i++) {
        const struct habit *habit = &c->ask.habits[i];
        if (habit->product == PRODUCT_NONE)
            continue;
        uint32_t place = c->index[slot_of(c->index, c->hash_mask, c->why, habit->product)];
        if (place && (c->scores[place] > 0 || c->ask.habits_alone))
            c->scores[place] += habit_score(c, habit);
    }
}

/* Room for as many candidates as there may be. False: too many, or no room. */
static bool make_candidates(struct completion *c)
{
    uint32_t own = c->ask.n_cart + (c->habit_scale > 0 ? habits_that_count(c) : 0), most = 1 + own;
    for (uint32_t i = 0; i < c->n_cart; i++)
        most += c->model->rows[c->cart[i]].n;
    if (most > UINT16_MAX / 2 || !make_index(c, most))
        return false;
    c->why = arena_take_raw(c->arena, most * sizeof *c->why);
    c->own = arena_take_raw(c->arena, (own + 1) * sizeof *c->own);
    c->scores = arena_take_raw(c->arena, (best_first_room(most) + 1) * sizeof *c->scores);
    if (!c->why || !c->own || !c->scores)
        return false;
    c->scores[0] = BEST_GONE; /* nobody's */
    c->n_candidates = 1;
    return true;
}

bool score_lists(struct completion *c)
{
    if (!make_candidates(c))
        return false;
    for (uint32_t i = 0; i < c->n_cart; i++)
        for (uint32_t k = 0; k < c->model->rows[c->cart[i]].room; k += 5) /* a line of the cache */
            __builtin_prefetch(&c->model->rows[c->cart[i]].at[k]);
    for (uint32_t i = 0; i < c->ask.n_cart; i++)
        if (c->ask.cart[i] != PRODUCT_NONE)
            add_own(c, c->ask.cart[i], BEST_GONE);
    for (uint32_t i = c->n_cart; i-- > 0;)
        add_row(c, c->cart[i]);
    if (c->habit_scale > 0 && c->ask.habits_alone)
        make_habits_candidates(c);
    for (uint32_t i = c->n_cart; i-- > 0;)
        take_off_row(c, c->cart[i]);
    if (c->habit_scale > 0)
        add_habits_of_lists(c);
    c->n_scores = c->n_candidates;
    return true;
}
