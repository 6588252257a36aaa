/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * SPD
 *
 * The two things training needs of linear algebra, for symmetric positive definite matrices, by
 * LAPACK: to solve a small system, and to invert a large one. @a is @n by @n, row by row; only
 * its lower half is read and written. Nothing is kept between calls: any thread.
 */

/*
 * @b := the solution of a x = b; rows of @a are @stride apart.
 * @a is of no use after. False: not positive definite.
 */
bool spd_solve(double *a, uint32_t n, uint32_t stride, double *b);

/* ERR_INPUT: not positive definite, and @a is of no use. n^3 operations. */
MUST_CHECK enum err spd_invert(double *a, uint32_t n);
