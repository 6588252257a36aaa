/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweep operator (Goodnight 1979), by panels of PANEL columns K. With D the inverse of A(K, K):
 *
 *     A(i, j) -= A(i, K) D A(K, j)   for i, j outside K;   A(i, K) = A(i, K) D;   A(K, K) = -D
 *
 * The matrix stays symmetric, so half of it is enough; after all panels it is the inverse times -1.
 */
#include "eval/symmetric.h"

#include <stdlib.h>
#include <string.h>

enum { PANEL = 48, STRIP = 512 };

struct sweep {
    double *a;
    uint32_t n, begin, width; /* the panel */
    double *from;             /* A(i, K), turned: width rows of n */
    double *times;            /* A(i, K) D: n rows of PANEL */
    double inverse[PANEL][PANEL];
};

static double *row_of(const struct sweep *sweep, uint32_t i)
{
    return sweep->a + (size_t) i * sweep->n;
}

/* The same operator, one column at a time, on the panel's own square. */
static enum err invert_square(struct sweep *sweep)
{
    double(*d)[PANEL] = sweep->inverse;
    uint32_t w = sweep->width;
    for (uint32_t i = 0; i < w; i++)
        for (uint32_t j = 0; j <= i; j++)
            d[i][j] = d[j][i] = row_of(sweep, sweep->begin + i)[sweep->begin + j];
    for (uint32_t k = 0; k < w; k++) {
        double pivot = d[k][k];
        if (!(pivot > 0))
            return ERR_INPUT;
        for (uint32_t i = 0; i < w; i++)
            for (uint32_t j = 0; i != k && j < w; j++)
                if (j != k)
                    d[i][j] -= d[i][k] * d[k][j] / pivot;
        for (uint32_t i = 0; i < w; i++)
            if (i != k)
                d[i][k] = d[k][i] = d[i][k] / pivot;
        d[k][k] = -1 / pivot;
    }
    for (uint32_t i = 0; i < w; i++)
        for (uint32_t j = 0; j < w; j++)
            d[i][j] = -d[i][j];
    return OK;
}

/* A(i, K), wherever its half stands; then times D. */
static void take_panel(struct sweep *sweep)
{
    uint32_t n = sweep->n, begin = sweep->begin, w = sweep->width;
    for (uint32_t k = 0; k < w; k++)
        for (uint32_t i = 0; i < n; i++)
            sweep->from[(size_t) k * n + i] =
                i >= begin + k ? row_of(sweep, i)[begin + k] : row_of(sweep, begin + k)[i];
    memset(sweep->times, 0, (size_t) n * PANEL * sizeof *sweep->times);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < w; k++)
            for (uint32_t j = 0; j < w; j++)
                sweep->times[(size_t) i * PANEL + j] +=
                    sweep->from[(size_t) k * n + i] * sweep->inverse[k][j];
}

/*
 * a[0 .. n) -= sum over k of times[k] * from[k][0 .. n): four rows at once, so that a is seldom
 * touched.
 */
static void subtract(double *restrict a, const double *restrict times, const double *restrict from,
                     uint32_t stride, uint32_t width, uint32_t n)
{
    uint32_t k = 0;
    for (; k + 4 <= width; k += 4) {
        const double *r0 = from + (size_t) k * stride, *r1 = r0 + stride, *r2 = r1 + stride,
                     *r3 = r2 + stride;
        double t0 = times[k], t1 = times[k + 1], t2 = times[k + 2], t3 = times[k + 3];
        for (uint32_t j = 0; j < n; j++)
            a[j] -= t0 * r0[j] + t1 * r1[j] + (t2 * r2[j] + t3 * r3[j]);
    }
    for (; k < width; k++)
        for (uint32_t j = 0; j < n; j++)
            a[j] -= times[k] * from[(size_t) k * stride + j];
}

static void update(struct sweep *sweep)
{
    uint32_t n = sweep->n;
    for (uint32_t strip = 0; strip < n; strip += STRIP)
        for (uint32_t i = strip; i < n; i++) {
            if (i >= sweep->begin && i < sweep->begin + sweep->width)
                continue;
            uint32_t end = i + 1 < strip + STRIP ? i + 1 : strip + STRIP;
            subtract(row_of(sweep, i) + strip, sweep->times + (size_t) i * PANEL,
                     sweep->from + strip, n, sweep->width, end - strip);
        }
}

/* The panel's own rows and columns; what update() wrote into its columns is replaced here. */
static void put_panel(struct sweep *sweep)
{
    uint32_t n = sweep->n, begin = sweep->begin, w = sweep->width;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < w; k++) {
            double value = sweep->times[(size_t) i * PANEL + k];
            if (i >= begin && i < begin + w)
                value = -sweep->inverse[i - begin][k];
            if (i >= begin + k)
                row_of(sweep, i)[begin + k] = value;
            else if (i < begin)
                row_of(sweep, begin + k)[i] = value;
        }
}

static enum err sweep_all(struct sweep *sweep)
{
    for (; sweep->begin < sweep->n; sweep->begin += PANEL) {
        uint32_t rest = sweep->n - sweep->begin;
        sweep->width = rest < PANEL ? rest : PANEL;
        TRY(invert_square(sweep));
        take_panel(sweep);
        update(sweep);
        put_panel(sweep);
    }
    for (uint32_t i = 0; i < sweep->n; i++)
        for (uint32_t j = 0; j <= i; j++)
            row_of(sweep, i)[j] = -row_of(sweep, i)[j];
    return OK;
}

enum err symmetric_invert(double *a, uint32_t n)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        return ERR_NOMEM;
    sweep->a = a;
    sweep->n = n;
    sweep->from = malloc(((size_t) n + 1) * PANEL * sizeof *sweep->from);
    sweep->times = malloc(((size_t) n + 1) * PANEL * sizeof *sweep->times);
    enum err err = sweep->from && sweep->times ? sweep_all(sweep) : ERR_NOMEM;
    free(sweep->from);
    free(sweep->times);
    free(sweep);
    return err;
}
