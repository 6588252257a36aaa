/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/symmetric.h"

#include <math.h>

#include "suite.h"

/*
 * R'R + I of a matrix of numbers that look random: symmetric and positive definite. Only its lower
 * half is told.
 */
static double *some_matrix(uint32_t n, double **ret_whole)
{
    double *r = calloc((size_t) n * n, sizeof *r), *whole = calloc((size_t) n * n, sizeof *whole);
    double *lower = calloc((size_t) n * n, sizeof *lower);
    uint64_t state = n;
    for (size_t i = 0; i < (size_t) n * n; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        r[i] = (double) (state >> 40) / (1 << 24) - .5;
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            double sum = i == j;
            for (uint32_t k = 0; k < n; k++)
                sum += r[(size_t) k * n + i] * r[(size_t) k * n + j];
            whole[(size_t) i * n + j] = sum;
            lower[(size_t) i * n + j] = j <= i ? sum : 1e30;
        }
    free(r);
    *ret_whole = whole;
    return lower;
}

static double worst_error(const double *whole, const double *inverse, uint32_t n)
{
    double worst = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            double sum = -(double) (i == j);
            for (uint32_t k = 0; k < n; k++)
                sum += whole[(size_t) i * n + k] *
                       (k >= j ? inverse[(size_t) k * n + j] : inverse[(size_t) j * n + k]);
            worst = fmax(worst, fabs(sum));
        }
    return worst;
}

START_TEST(times_the_matrix_it_is_one)
{
    static const uint32_t sizes[] = { 1, 2, 3, 47, 48, 49, 96, 131, 200 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double *whole = NULL, *matrix = some_matrix(sizes[i], &whole);
        ck_assert_int_eq(symmetric_invert(matrix, sizes[i]), OK);
        double worst = worst_error(whole, matrix, sizes[i]);
        ck_assert_msg(worst < 1e-9, "%u: off by %g", sizes[i], worst);
        free(matrix);
        free(whole);
    }
}
END_TEST

START_TEST(refuses_what_is_not_positive_definite)
{
    double zero[] = { 0 };
    double saddle[] = { 1, 0, 2, 1 };
    double not_a_number[] = { NAN };
    ck_assert_int_eq(symmetric_invert(zero, 1), ERR_INPUT);
    ck_assert_int_eq(symmetric_invert(saddle, 2), ERR_INPUT);
    ck_assert_int_eq(symmetric_invert(not_a_number, 1), ERR_INPUT);
}
END_TEST

SUITE_MAIN("eval/symmetric", times_the_matrix_it_is_one, refuses_what_is_not_positive_definite)
