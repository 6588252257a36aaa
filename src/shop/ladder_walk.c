/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which products are looked at for a step: all of the window of prices, where they are few; else
 * three bounded walks in strides over that window: those of the same model, those of the same
 * family (brand and what has to fit), and all.
 */
#include "shop/ladder_walk.h"

#include <stdlib.h>

enum { WALK = LADDER_CANDIDATES / 3 };

/* A kind's rows in another order: those of one group side by side, by price. */
static uint32_t model_of(const struct ladder_walk *walk, uint32_t row)
{
    return walk->learned->items[walk->kind->kin[row]].model;
}

static uint32_t family_of(const struct ladder_walk *walk, uint32_t row)
{
    return walk->learned->items[walk->kind->kin[row]].family;
}

static int in_order(uint32_t group_a, uint32_t a, uint32_t group_b, uint32_t b)
{
    return group_a != group_b ? (group_a > group_b) - (group_a < group_b) : (a > b) - (a < b);
}

static int by_model(const void *left, const void *right, void *walk)
{
    uint32_t a = *(const uint32_t *) left, b = *(const uint32_t *) right;
    return in_order(model_of(walk, a), a, model_of(walk, b), b);
}

static int by_family(const void *left, const void *right, void *walk)
{
    uint32_t a = *(const uint32_t *) left, b = *(const uint32_t *) right;
    return in_order(family_of(walk, a), a, family_of(walk, b), b);
}

enum err ladder_walk_init(struct ladder_walk *walk, const struct learned *learned,
                          const struct kind *kind)
{
    uint32_t n = kind->n;
    *walk = (struct ladder_walk){ .learned = learned, .kind = kind };
    walk->prices = malloc((size_t) n * sizeof *walk->prices);
    if (!walk->prices)
        return ERR_NOMEM;
    for (uint32_t row = 0; row < n; row++)
        walk->prices[row] = (double) learned->items[kind->kin[row]].price_minor;
    if (n <= LADDER_CANDIDATES)
        return OK;
    walk->of_model = malloc((size_t) n * sizeof *walk->of_model);
    walk->of_family = malloc((size_t) n * sizeof *walk->of_family);
    walk->seen = calloc(n, sizeof *walk->seen);
    if (!walk->of_model || !walk->of_family || !walk->seen) {
        ladder_walk_deinit(walk);
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < n; i++)
        walk->of_model[i] = walk->of_family[i] = i;
    qsort_r(walk->of_model, n, sizeof *walk->of_model, by_model, walk);
    qsort_r(walk->of_family, n, sizeof *walk->of_family, by_family, walk);
    return OK;
}

void ladder_walk_deinit(struct ladder_walk *walk)
{
    free(walk->prices);
    free(walk->of_model);
    free(walk->of_family);
    free(walk->seen);
    *walk = (struct ladder_walk){ 0 };
}

static void add(struct ladder_walk *walk, uint32_t row)
{
    if (walk->seen[row] == walk->now || walk->n_rows == LADDER_CANDIDATES)
        return;
    walk->seen[row] = walk->now;
    walk->rows[walk->n_rows++] = row;
}

/* The place in @order of the first row of that group that is @row or later. */
static uint32_t place_of(const struct ladder_walk *walk, const uint32_t *order,
                         uint32_t (*group_of)(const struct ladder_walk *, uint32_t), uint32_t group,
                         uint32_t row)
{
    uint32_t low = 0, high = walk->kind->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, at = order[middle];
        if (in_order(group_of(walk, at), at, group, row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* At most WALK of @row's group in [begin, end), evenly spread. */
static void walk_group(struct ladder_walk *walk, const uint32_t *order,
                       uint32_t (*group_of)(const struct ladder_walk *, uint32_t), uint32_t row,
                       uint32_t begin, uint32_t end)
{
    uint32_t group = group_of(walk, row);
    uint32_t first = place_of(walk, order, group_of, group, begin);
    uint32_t n = place_of(walk, order, group_of, group, end) - first;
    uint32_t taken = n < WALK ? n : WALK;
    for (uint32_t i = 0; i < taken; i++)
        add(walk, order[first + (uint32_t) ((uint64_t) i * n / taken)]);
}

void ladder_walk_run(struct ladder_walk *walk, uint32_t row, uint32_t begin, uint32_t end)
{
    uint32_t n = end - begin;
    walk->n_rows = 0;
    walk->now++;
    if (n <= LADDER_CANDIDATES) {
        while (begin < end)
            walk->rows[walk->n_rows++] = begin++;
        return;
    }
    if (model_of(walk, row))
        walk_group(walk, walk->of_model, model_of, row, begin, end);
    walk_group(walk, walk->of_family, family_of, row, begin, end);
    for (uint32_t i = 0; i < WALK; i++)
        add(walk, begin + (uint32_t) ((uint64_t) i * n / WALK));
}
