/* SPDX-License-Identifier: Apache-2.0 */
#include "model/spd.h"

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

/* Only the lower half is told: the rest would be noticed. */
static double *filled(uint32_t n, uint32_t stride)
{
    double *a = malloc(((size_t) n * stride + 1) * sizeof *a);
    ck_assert_ptr_nonnull(a);
    for (size_t i = 0; i < (size_t) n * stride; i++)
        a[i] = 1e30;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++)
            a[(size_t) i * stride + j] = value(i, j);
    return a;
}

START_TEST(a_small_system_is_solved)
{
    for (uint32_t n = 1; n < 70; n++) {
        double *a = filled(n, n + 3), x[70];
        for (uint32_t i = 0; i < n; i++)
            x[i] = (double) i - 3;
        ck_assert(spd_solve(a, n, n + 3, x));
        for (uint32_t i = 0; i < n; i++) {
            double sum = 0;
            for (uint32_t j = 0; j < n; j++)
                sum += value(i, j) * x[j];
            ck_assert_double_eq_tol(sum, (double) i - 3, 1e-9);
        }
        free(a);
    }
}
END_TEST

START_TEST(what_is_not_positive_definite_is_told)
{
    double a[] = { 1, 0, 2, 1 }, b[] = { 1, 1 }, c[] = { 1, 0, 0, -1 };
    ck_assert(!spd_solve(a, 2, 2, b));
    ck_assert_int_eq(spd_invert(c, 2), ERR_INPUT);
}
END_TEST

START_TEST(a_matrix_times_its_inverse_is_the_identity)
{
    static const uint32_t sizes[] = { 1, 2, 63, 64, 65, 128, 200 };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint32_t n = sizes[s];
        double *inverse = filled(n, n);
        ck_assert_int_eq(spd_invert(inverse, n), OK);
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++) {
                double sum = 0;
                for (uint32_t k = 0; k < n; k++)
                    sum += value(i, k) * inverse[k >= j ? (size_t) k * n + j : (size_t) j * n + k];
                ck_assert_double_eq_tol(sum, i == j, 1e-10);
            }
        free(inverse);
    }
}
END_TEST

SUITE_MAIN("model/spd", a_small_system_is_solved, what_is_not_positive_definite_is_told,
           a_matrix_times_its_inverse_is_the_identity)
