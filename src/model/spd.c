/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inverse is made by sweeping, one block of TILE columns after the other: with D the inverse of the
 * pivot block, A(i,j) -= A(i,k) D A(k,j), A(i,k) = A(i,k) D, A(k,k) = -D. When every block was the pivot once,
 * A has become -A^-1. It stays symmetric throughout, so half of it is kept, and nearly all the work is one product
 * of tiles that fit the innermost cache. That product exists twice: as the compiler makes it for any machine,
 * and for processors with AVX2.
 */
#include "model/spd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/crew.h"

typedef double lanes
    __attribute__((vector_size(SPD_LANES * sizeof(double)), aligned(8), may_alias));

/* ── small ──────────────────────────────────────────────────────────────────────────────── */

/* row -= by * column, for all lanes that touch [begin, end). */
static inline __attribute__((always_inline)) void subtract(double *row, const double *column,
                                                           double by, uint32_t begin, uint32_t end)
{
    for (uint32_t j = begin / SPD_LANES * SPD_LANES; j < end; j += SPD_LANES)
        *(lanes *) (row + j) -= by * *(const lanes *) (column + j);
}

/* Right-looking: column k is scaled, then taken off all that is right of it. */
static inline __attribute__((always_inline)) bool factor(double *a, uint32_t n, uint32_t stride)
{
    double *column = a + (size_t) n * stride; /* zero up to k, so that finished columns stay */
    memset(column, 0, stride * sizeof *column);
    for (uint32_t k = 0; k < n; k++) {
        double pivot = a[(size_t) k * stride + k];
        if (!(pivot > 0) || !isfinite(pivot))
            return false;
        pivot = sqrt(pivot);
        a[(size_t) k * stride + k] = pivot;
        column[k] = 0;
        for (uint32_t i = k + 1; i < n; i++)
            column[i] = a[(size_t) i * stride + k] /= pivot;
        for (uint32_t i = k + 1; i < n; i++)
            subtract(a + (size_t) i * stride, column, column[i], k + 1, i + 1);
    }
    return true;
}

static bool factor_anywhere(double *a, uint32_t n, uint32_t stride)
{
    return factor(a, n, stride);
}

/* ── tiles ──────────────────────────────────────────────────────────────────────────────── */

enum { TILE = 64, CELLS = TILE * TILE, ROWS = 4, WIDE = 2 };

/* c -= x * y for ROWS rows of c; y by rows. */
static inline __attribute__((always_inline)) void product_rows(double *c, const double *x,
                                                               const double *y)
{
    for (int j = 0; j < TILE; j += WIDE * SPD_LANES) {
        lanes sum[ROWS][WIDE] = { 0 };
        for (int k = 0; k < TILE; k++) {
            const lanes *right = (const lanes *) (y + k * TILE + j);
            for (int r = 0; r < ROWS; r++) {
                sum[r][0] += x[r * TILE + k] * right[0];
                sum[r][1] += x[r * TILE + k] * right[1];
            }
        }
        for (int r = 0; r < ROWS; r++)
            for (int w = 0; w < WIDE; w++)
                ((lanes *) (c + r * TILE + j))[w] -= sum[r][w];
    }
}

static inline __attribute__((always_inline)) void product(double *c, const double *x,
                                                          const double *y)
{
    for (int i = 0; i < TILE; i += ROWS)
        product_rows(c + i * TILE, x + i * TILE, y);
}

static void product_anywhere(double *c, const double *x, const double *y)
{
    product(c, x, y);
}

struct ways {
    bool (*factor)(double *a, uint32_t n, uint32_t stride);
    void (*product)(double *c, const double *x, const double *y);
};

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static bool factor_avx2(double *a, uint32_t n, uint32_t stride)
{
    return factor(a, n, stride);
}

__attribute__((target("avx2,fma"))) static void product_avx2(double *c, const double *x,
                                                             const double *y)
{
    product(c, x, y);
}
#endif

static struct ways ways(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (struct ways){ factor_avx2, product_avx2 };
#endif
    return (struct ways){ factor_anywhere, product_anywhere };
}

bool spd_factor(double *a, uint32_t n, uint32_t stride)
{
    return ways().factor(a, n, stride);
}

void spd_solve(const double *factor, uint32_t n, uint32_t stride, double *b)
{
    for (uint32_t i = 0; i < n; i++) {
        const double *row = factor + (size_t) i * stride;
        double left = b[i];
        for (uint32_t k = 0; k < i; k++)
            left -= row[k] * b[k];
        b[i] = left / row[i];
    }
    for (uint32_t i = n; i-- > 0;) {
        const double *row = factor + (size_t) i * stride;
        b[i] /= row[i];
        for (uint32_t k = 0; k < i; k++)
            b[k] -= row[k] * b[i];
    }
}

/* ── large ──────────────────────────────────────────────────────────────────────────────── */

static uint32_t tiles_of(uint32_t n)
{
    return (n + TILE - 1) / TILE;
}

static size_t tile_count(uint32_t n_tiles)
{
    return (size_t) n_tiles * (n_tiles + 1) / 2;
}

static double *tile(const struct spd *matrix, uint32_t i, uint32_t j)
{
    return matrix->tiles + (tile_count(i) + j) * CELLS;
}

uint64_t spd_bytes(uint32_t n)
{
    uint32_t n_tiles = tiles_of(n);
    return (tile_count(n_tiles) + 2 * (uint64_t) n_tiles + 2) * CELLS * sizeof(double);
}

struct spd *spd_new(uint32_t n)
{
    AUTO(spd_free) struct spd *matrix = calloc(1, sizeof *matrix);
    if (!matrix)
        return NULL;
    matrix->n = n;
    matrix->n_tiles = tiles_of(n);
    matrix->tiles = calloc(tile_count(matrix->n_tiles) + 1, CELLS * sizeof(double));
    if (!matrix->tiles)
        return NULL;
    for (uint32_t i = n; i < matrix->n_tiles * TILE; i++) /* beyond the edge it is the identity */
        *spd_cell(matrix, i, i) = 1;
    return MOVE(matrix);
}

struct spd *spd_free(struct spd *matrix)
{
    if (matrix)
        free(matrix->tiles);
    free(matrix);
    return NULL;
}

double *spd_cell(const struct spd *matrix, uint32_t row, uint32_t column)
{
    uint32_t low = row < column ? row : column, high = row < column ? column : row;
    return tile(matrix, high / TILE, low / TILE) + high % TILE * TILE + low % TILE;
}

struct sweep {
    struct spd *matrix;
    struct ways ways;
    uint32_t pivot;
    double *inverse; /* of the pivot's tile */
    double *across;  /* for each tile i of the pivot's column, A(i,k) transposed … */
    double *scaled;  /* … and A(i,k) D */
};

static void transpose(double *to, const double *from)
{
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < TILE; j++)
            to[j * TILE + i] = from[i * TILE + j];
}

/* The pivot's tile, swept a row at a time; its lower half is what holds. */
static bool invert_tile(double *inverse, const double *from)
{
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < TILE; j++)
            inverse[i * TILE + j] = i > j ? from[i * TILE + j] : from[j * TILE + i];
    for (int k = 0; k < TILE; k++) {
        double pivot = inverse[k * TILE + k], row[TILE];
        if (!(pivot > 0) || !isfinite(pivot))
            return false;
        memcpy(row, inverse + k * TILE, sizeof row);
        for (int i = 0; i < TILE; i++) {
            double scaled = row[i] / pivot;
            for (int j = 0; i != k && j < TILE; j++)
                inverse[i * TILE + j] -= scaled * row[j];
            inverse[i * TILE + k] = scaled;
        }
        for (int j = 0; j < TILE; j++)
            inverse[k * TILE + j] = inverse[j * TILE + k];
        inverse[k * TILE + k] = -1 / pivot;
    }
    for (int i = 0; i < CELLS; i++)
        inverse[i] = -inverse[i];
    return true;
}

static enum err prepare_column(void *context, uint32_t begin, uint32_t end)
{
    const struct sweep *sweep = context;
    double own[CELLS];
    for (uint32_t i = begin; i < end; i++) {
        double *across = sweep->across + (size_t) i * CELLS,
               *scaled = sweep->scaled + (size_t) i * CELLS;
        if (i == sweep->pivot)
            continue;
        if (i > sweep->pivot) {
            memcpy(own, tile(sweep->matrix, i, sweep->pivot), sizeof own);
            transpose(across, own);
        } else {
            memcpy(across, tile(sweep->matrix, sweep->pivot, i), sizeof own);
            transpose(own, across);
        }
        memset(scaled, 0, CELLS * sizeof *scaled);
        sweep->ways.product(scaled, own, sweep->inverse);
        for (int cell = 0; cell < CELLS; cell++)
            scaled[cell] = -scaled[cell];
    }
    return OK;
}

static enum err sweep_tiles(void *context, uint32_t begin, uint32_t end)
{
    const struct sweep *sweep = context;
    uint32_t i = 0, k = sweep->pivot;
    while (tile_count(i + 1) <= begin)
        i++;
    for (uint32_t at = begin, j = begin - (uint32_t) tile_count(i); at < end; at++, j++) {
        if (j > i) {
            i++;
            j = 0;
        }
        double *cells = tile(sweep->matrix, i, j);
        if (i == k && j == k)
            for (int cell = 0; cell < CELLS; cell++)
                cells[cell] = -sweep->inverse[cell];
        else if (j == k)
            memcpy(cells, sweep->scaled + (size_t) i * CELLS, CELLS * sizeof *cells);
        else if (i == k)
            transpose(cells, sweep->scaled + (size_t) j * CELLS);
        else
            sweep->ways.product(cells, sweep->scaled + (size_t) i * CELLS,
                                sweep->across + (size_t) j * CELLS);
    }
    return OK;
}

enum err spd_invert_negated(struct spd *matrix, const struct crew *crew)
{
    struct sweep sweep = { .matrix = matrix, .ways = ways() };
    size_t n_tiles = matrix->n_tiles;
    double *work = malloc((2 * n_tiles + 1) * CELLS * sizeof *work);
    if (!work)
        return ERR_NOMEM;
    sweep.inverse = work;
    sweep.across = work + CELLS;
    sweep.scaled = sweep.across + n_tiles * CELLS;
    enum err err = OK;
    for (uint32_t k = 0; err == OK && k < n_tiles; k++) {
        sweep.pivot = k;
        if (!invert_tile(sweep.inverse, tile(matrix, k, k)))
            err = ERR_INPUT;
        if (err == OK)
            err = crew_run(crew, (uint32_t) n_tiles, &sweep, prepare_column);
        if (err == OK)
            err = crew_run(crew, (uint32_t) tile_count((uint32_t) n_tiles), &sweep, sweep_tiles);
    }
    free(work);
    return err;
}
