/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct crew;

/*
 * SPD
 *
 * The two things training needs of linear algebra, for symmetric positive definite matrices: to solve
 * a small system, and to invert a large one. No library does it: OpenBLAS, which would, starts threads of its own
 * when it is loaded, also in a process that only serves, and weighs thirty times what offerd does.
 */

/*
 * @a is @n by @n with rows @stride apart (a multiple of SPD_LANES), and one row more for scratch; its lower half is
 * read, all of it must hold numbers. Replaces it by its Cholesky factor. False when it is not positive definite.
 */
enum { SPD_LANES = 4 };
bool spd_factor(double *a, uint32_t n, uint32_t stride);
void spd_solve(const double *factor, uint32_t n, uint32_t stride, double *b); /* in place */

/* A large one, in tiles. Born zero; its lower half is written through spd_cell. */
struct spd {
    uint32_t n, n_tiles;
    double *tiles;
};
struct spd *spd_new(uint32_t n); /* NULL for lack of memory */
struct spd *spd_free(struct spd *matrix);
DEFINE_AUTO(struct spd, spd_free)
uint64_t spd_bytes(uint32_t n); /* what it takes, with the work space of inverting */
double *spd_cell(const struct spd *matrix, uint32_t row, uint32_t column); /* in any order */

/* Replaces it by its inverse times -1. ERR_INPUT: not positive definite. n^3 operations. */
MUST_CHECK enum err spd_invert_negated(struct spd *matrix, const struct crew *crew);
