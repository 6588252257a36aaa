/* SPDX-License-Identifier: Apache-2.0 */
#include "model/spd.h"

#include <lapacke.h>

/* Our rows are LAPACK's columns, so our lower half is its upper one. */
enum { LOWER_BY_ROWS = 'U' };

bool spd_solve(double *a, uint32_t n, uint32_t stride, double *b)
{
    return LAPACKE_dposv_work(LAPACK_COL_MAJOR, LOWER_BY_ROWS, (lapack_int) n, 1, a,
                              (lapack_int) stride, b, (lapack_int) n) == 0;
}

enum err spd_invert(double *a, uint32_t n)
{
    const lapack_int size = (lapack_int) n;
    bool done = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, LOWER_BY_ROWS, size, a, size) == 0 &&
                LAPACKE_dpotri_work(LAPACK_COL_MAJOR, LOWER_BY_ROWS, size, a, size) == 0;
    return done ? OK : ERR_INPUT;
}
