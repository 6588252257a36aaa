/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

/*
 * Row
 *
 * What a product speaks for, best first, ties by product number: a total order, so a
 * row does not depend on the order in which its companions were offered. While it is
 * made it is a heap of the best `room`, the worst on top.
 */
struct row {
    const struct companion *at;
    uint32_t n, room;
    /* behind those: what it speaks against, strongest first; from a trained of lists */
    uint32_t n_against;
};

static inline bool companion_better(const struct companion *a, const struct companion *b)
{
    return a->score != b->score ? a->score > b->score : a->product < b->product;
}

/* Takes it if there is room, or if it is better than the worst, which then goes. */
void row_offer(struct row *row, const struct companion *companion);

/* No more will be offered: best first. */
void row_sort(struct row *row);

/* The same for one that is nearly so: little is moved. */
void row_sort_nearly(struct companion *row, uint32_t n);
