/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "shop/ladder_parts.h"

/*
 * Ladder walk
 *
 * The candidates for a product's steps: rows of its kind between two prices, a bounded number of
 * them. One per kind while a ladder is made; init and deinit, the storage is the caller's.
 */
enum { LADDER_CANDIDATES = 96 };

struct ladder_walk {
    const struct learned *learned;
    const struct kind *kind;
    double *prices;                 /* by row: rising, and side by side */
    uint32_t *of_model, *of_family; /* rows side by side; NULL: a small kind needs no other order */
    uint32_t *seen;                 /* by row: the run that took it last */
    uint32_t now;
    uint32_t rows[LADDER_CANDIDATES], n_rows; /* of the last run */
};

MUST_CHECK enum err ladder_walk_init(struct ladder_walk *walk, const struct learned *learned,
                                     const struct kind *kind);
void ladder_walk_deinit(struct ladder_walk *walk);

/* Fills rows from the window [begin, end), for the product in @row, which is not in it. */
void ladder_walk_run(struct ladder_walk *walk, uint32_t row, uint32_t begin, uint32_t end);
