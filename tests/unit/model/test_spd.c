/* SPDX-License-Identifier: Apache-2.0 */
#include "model/spd.h"

#include <math.h>
#include <stdlib.h>

#include "shop_orders.h"
#include "suite.h"

/* Symmetric, and positive definite by its diagonal. */
static double value(uint32_t i, uint32_t j)
{
    uint64_t state = (uint64_t) (i < j ? i : j) * 100003 + (i < j ? j : i);
    double random = (double) shop_dice(&state, 2001) / 1000 - 1;
    return i == j ? 250 + random : random;
}

START_TEST(a_small_system_is_solved)
{
    for (uint32_t n = 1; n < 70; n++) {
        uint32_t stride = (n + SPD_LANES - 1) / SPD_LANES * SPD_LANES;
        double *a = calloc((size_t) (n + 1) * stride, sizeof *a), b[70], x[70];
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j <= i; j++)
                a[(size_t) i * stride + j] = value(i, j);
        for (uint32_t i = 0; i < n; i++)
            b[i] = x[i] = (double) i - 3;
        ck_assert(spd_factor(a, n, stride));
        spd_solve(a, n, stride, x);
        for (uint32_t i = 0; i < n; i++) {
            double sum = 0;
            for (uint32_t j = 0; j < n; j++)
                sum += value(i, j) * x[j];
            ck_assert_double_eq_tol(sum, b[i], 1e-9);
        }
        free(a);
    }
}
END_TEST

START_TEST(what_is_not_positive_definite_is_told)
{
    double a[3 * 4] = { 1, 0, 0, 0, 2, 1, 0, 0 };
    ck_assert(!spd_factor(a, 2, 4));

    AUTO(spd_free) struct spd *matrix = spd_new(80);
    for (uint32_t i = 0; i < 80; i++)
        *spd_cell(matrix, i, i) = i == 70 ? -1 : 1;
    ck_assert_int_eq(spd_invert_negated(matrix, &shop_alone), ERR_INPUT);
}
END_TEST

static struct spd *filled(uint32_t n)
{
    struct spd *matrix = spd_new(n);
    ck_assert_ptr_nonnull(matrix);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++)
            *spd_cell(matrix, i, j) = value(i, j);
    return matrix;
}

START_TEST(a_matrix_times_its_inverse_is_the_identity)
{
    static const uint32_t sizes[] = { 1, 2, 63, 64, 65, 128, 200 };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint32_t n = sizes[s];
        AUTO(spd_free) struct spd *inverse = filled(n);
        ck_assert_int_eq(spd_invert_negated(inverse, &shop_alone), OK);
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++) {
                double sum = 0;
                for (uint32_t k = 0; k < n; k++)
                    sum -= value(i, k) * *spd_cell(inverse, k, j);
                ck_assert_double_eq_tol(sum, i == j, 1e-10);
            }
    }
}
END_TEST

START_TEST(how_the_work_is_spread_changes_no_bit)
{
    enum { N = 150 };
    AUTO(spd_free) struct spd *one = filled(N), *other = filled(N);
    ck_assert_int_eq(spd_invert_negated(one, &shop_alone), OK);
    ck_assert_int_eq(spd_invert_negated(other, &shop_reversed), OK);
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = 0; j < N; j++)
            ck_assert(*spd_cell(one, i, j) == *spd_cell(other, i, j));
}
END_TEST

SUITE_MAIN("model/spd", a_small_system_is_solved, what_is_not_positive_definite_is_told,
           a_matrix_times_its_inverse_is_the_identity, how_the_work_is_spread_changes_no_bit)
