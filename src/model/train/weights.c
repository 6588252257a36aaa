/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regression predicts one SKU from others: it gives a column of the weights. What is kept is
 * rows: what one SKU in the cart says about all others; of these the strongest by absolute value.
 */
#include "model/train/weights.h"

#include <stdlib.h>
#include <string.h>

#include "model/spd.h"
#include "model/train/crew.h"
#include "model/train/gram.h"
#include "model/train/weight_lists.h"

struct weights *weights_free(struct weights *weights)
{
    if (!weights)
        return NULL;
    free(weights->dense);
    free(weights->first);
    free(weights->edges);
    free(weights);
    return NULL;
}

/* ── as a whole ─────────────────────────────────────────────────────────────────────────── */

struct whole {
    const double *inverse; /* its lower half */
    struct weights *weights;
    uint32_t top, *counts;
};

static float whole_weight(const struct whole *whole, uint32_t from, uint32_t to)
{
    size_t n = whole->weights->n_skus, low = from < to ? from : to, high = from < to ? to : from;
    return from == to ? 0 : (float) -(whole->inverse[high * n + low] / whole->inverse[to * n + to]);
}

static enum err dense_rows(void *context, uint32_t begin, uint32_t end)
{
    const struct whole *whole = context;
    uint32_t n = whole->weights->n_skus;
    for (uint32_t from = begin; from < end; from++)
        for (uint32_t to = 0; to < n; to++)
            whole->weights->dense[(size_t) from * n + to] = whole_weight(whole, from, to);
    return OK;
}

static enum err list_rows(void *context, uint32_t begin, uint32_t end)
{
    const struct whole *whole = context;
    uint32_t n = whole->weights->n_skus;
    struct trained_edge *row = malloc(((size_t) n + 1) * sizeof *row);
    if (!row)
        return ERR_NOMEM;
    for (uint32_t from = begin; from < end; from++) {
        for (uint32_t to = 0; to < n; to++)
            row[to] = (struct trained_edge){ to, whole_weight(whole, from, to) };
        whole->counts[from] = weight_lists_strongest(row, n, whole->top);
        memcpy(whole->weights->edges + whole->weights->first[from], row,
               whole->counts[from] * sizeof *row);
    }
    free(row);
    return OK;
}

/* The heap's; NULL for lack of memory. */
static double *matrix_of(const struct gram *gram, double ridge)
{
    size_t n = gram->n_skus;
    double *matrix = calloc(n * n + 1, sizeof *matrix);
    for (uint32_t i = 0; matrix && i < n; i++) {
        const struct gram_row *row = &gram->rows[i];
        matrix[i * n + i] = gram->diagonal[i] + ridge;
        for (uint32_t k = 0; k < row->n && row->skus[k] < i; k++)
            matrix[i * n + row->skus[k]] = (double) row->weights[k];
    }
    return matrix;
}

static enum err whole_lists(struct whole *whole, const struct crew *crew)
{
    uint64_t n = whole->weights->n_skus;
    uint32_t top = whole->top < n ? whole->top : (uint32_t) n;
    whole->top = top;
    for (uint32_t sku = 0; sku <= n; sku++)
        whole->weights->first[sku] = (uint64_t) sku * top;
    whole->weights->edges = malloc((n * top + 1) * sizeof *whole->weights->edges);
    whole->counts = calloc(n + 1, sizeof *whole->counts);
    enum err err = whole->weights->edges && whole->counts ? OK : ERR_NOMEM;
    if (err == OK)
        err = crew_run(crew, (uint32_t) n, whole, list_rows);
    if (err == OK)
        weight_lists_close_gaps(whole->weights, whole->counts);
    free(whole->counts);
    return err;
}

static enum err whole_dense(struct whole *whole, const struct crew *crew)
{
    size_t n = whole->weights->n_skus;
    whole->weights->form = TRAINED_DENSE;
    whole->weights->dense = malloc((n * n + 1) * sizeof *whole->weights->dense);
    return whole->weights->dense ? crew_run(crew, (uint32_t) n, whole, dense_rows) : ERR_NOMEM;
}

enum err weights_whole(const struct gram *gram, double ridge, uint32_t top, const struct crew *crew,
                       struct weights **ret_weights)
{
    AUTO(weights_free) struct weights *weights = weight_lists_new(gram->n_skus);
    double *inverse = matrix_of(gram, ridge);
    struct whole whole = { .inverse = inverse, .weights = weights, .top = top };
    enum err err = weights && inverse ? spd_invert(inverse, gram->n_skus) : ERR_NOMEM;
    if (err == OK)
        err = top > 0 ? whole_lists(&whole, crew) : whole_dense(&whole, crew);
    free(inverse);
    if (err == OK)
        *ret_weights = MOVE(weights);
    return err;
}

uint64_t weights_whole_bytes(uint32_t n_skus)
{
    return (uint64_t) n_skus * n_skus * sizeof(double);
}

/* ── among the nearest ──────────────────────────────────────────────────────────────────── */

struct near {
    const struct gram *gram;
    double ridge;
    uint32_t support, stride, top;
    uint32_t room; /* of a column: the nearest and the regulars */
    uint32_t regulars[WEIGHTS_REGULARS + 1], n_regulars;
    uint32_t *counts;             /* of each column, then of each row */
    struct trained_edge *columns; /* n_skus times room */
    struct weights *weights;
};

/* What a piece of the work needs beside. */
struct desk {
    struct gram_near *nearest; /* of one SKU */
    uint32_t *place;           /* of each SKU among these, or UINT32_MAX */
    double *a, *b;
};

static void desk_deinit(struct desk *desk)
{
    free(desk->nearest);
    free(desk->place);
    free(desk->a);
    free(desk->b);
}

static enum err desk_init(struct desk *desk, const struct near *near)
{
    size_t n = (size_t) near->gram->n_skus + 1, room = (size_t) near->stride + 1;
    desk->nearest = malloc((n + WEIGHTS_REGULARS) * sizeof *desk->nearest);
    desk->place = malloc(n * sizeof *desk->place);
    desk->a = calloc(room * near->stride, sizeof *desk->a);
    desk->b = calloc(room, sizeof *desk->b);
    if (!desk->nearest || !desk->place || !desk->a || !desk->b)
        return ERR_NOMEM;
    memset(desk->place, 0xff, n * sizeof *desk->place);
    return OK;
}

static double entry(const struct gram_row *row, uint32_t sku)
{
    uint32_t low = 0, high = row->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (row->skus[middle] < sku)
            low = middle + 1;
        else
            high = middle;
    }
    return low < row->n && row->skus[low] == sku ? (double) row->weights[low] : 0;
}

/*
 * G among the chosen, from rows. A long row may lack what is far from it, and
 * then its partner's row may have it: what either of them knows, both do.
 */
static void fill_from_rows(const struct near *near, struct desk *desk, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        desk->place[desk->nearest[i].sku] = i;
    for (uint32_t i = 0; i < n; i++) {
        const struct gram_row *row = &near->gram->rows[desk->nearest[i].sku];
        for (uint32_t k = 0; k < row->n; k++) {
            uint32_t j = desk->place[row->skus[k]];
            if (j < i)
                desk->a[(size_t) i * near->stride + j] = (double) row->weights[k];
            else if (j != UINT32_MAX)
                desk->a[(size_t) j * near->stride + i] = (double) row->weights[k];
        }
    }
    for (uint32_t i = 0; i < n; i++)
        desk->place[desk->nearest[i].sku] = UINT32_MAX;
}

static void fill_from_cells(const struct near *near, struct desk *desk, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const float *row = near->gram->cells + (size_t) desk->nearest[i].sku * near->gram->n_skus;
        for (uint32_t j = 0; j < i; j++)
            desk->a[(size_t) i * near->stride + j] = (double) row[desk->nearest[j].sku];
    }
}

static void fill_system(const struct near *near, uint32_t sku, struct desk *desk, uint32_t n)
{
    memset(desk->a, 0, (size_t) n * near->stride * sizeof *desk->a);
    if (near->gram->cells)
        fill_from_cells(near, desk, n);
    else
        fill_from_rows(near, desk, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t other = desk->nearest[i].sku;
        desk->a[(size_t) i * near->stride + i] = near->gram->diagonal[other] + near->ridge;
        desk->b[i] = entry(&near->gram->rows[sku], other);
    }
}

/* Adds the regulars that are not among the @n nearest of @sku; how many there are then. */
static uint32_t add_regulars(const struct near *near, uint32_t sku, struct desk *desk, uint32_t n)
{
    uint32_t all = n;
    for (uint32_t r = 0; r < near->n_regulars && all < near->room; r++) {
        uint32_t regular = near->regulars[r], i = 0;
        while (i < n && desk->nearest[i].sku != regular)
            i++;
        if (i == n && regular != sku)
            desk->nearest[all++].sku = regular;
    }
    return all;
}

static uint32_t solve_column(const struct near *near, uint32_t sku, struct desk *desk,
                             struct trained_edge *column)
{
    uint32_t n = gram_nearest(near->gram, sku, near->support, desk->nearest);
    if (n == 0)
        return 0; /* never bought with anything */
    n = add_regulars(near, sku, desk, n);
    fill_system(near, sku, desk, n);
    if (!spd_solve(desk->a, n, near->stride, desk->b))
        return 0; /* rows were cut so that they contradict each other: nothing is said of this SKU */
    for (uint32_t i = 0; i < n; i++)
        column[i] = (struct trained_edge){ desk->nearest[i].sku, (float) desk->b[i] };
    return n;
}

static enum err solve_columns(void *context, uint32_t begin, uint32_t end)
{
    const struct near *near = context;
    struct desk desk = { 0 };
    enum err err = desk_init(&desk, near);
    for (uint32_t sku = begin; err == OK && sku < end; sku++)
        near->counts[sku] =
            solve_column(near, sku, &desk, near->columns + (size_t) sku * near->room);
    desk_deinit(&desk);
    return err;
}

/* Columns -> rows, all of them. */
static enum err turn(struct near *near)
{
    struct weights *weights = near->weights;
    uint64_t *next = weights->first + 1;
    uint32_t n = weights->n_skus;
    for (uint32_t to = 0; to < n; to++)
        for (uint32_t i = 0; i < near->counts[to]; i++)
            next[near->columns[(size_t) to * near->room + i].sku + 1]++;
    for (uint32_t from = 0; from < n; from++)
        next[from + 1] += next[from];
    weights->edges = malloc((next[n] + 1) * sizeof *weights->edges);
    if (!weights->edges)
        return ERR_NOMEM;
    for (uint32_t to = 0; to < n; to++)
        for (uint32_t i = 0; i < near->counts[to]; i++) {
            struct trained_edge edge = near->columns[(size_t) to * near->room + i];
            weights->edges[next[edge.sku]++] = (struct trained_edge){ to, edge.weight };
        }
    return OK;
}

static enum err cut_rows(void *context, uint32_t begin, uint32_t end)
{
    const struct near *near = context;
    struct weights *weights = near->weights;
    for (uint32_t from = begin; from < end; from++)
        near->counts[from] = weight_lists_strongest(
            weights->edges + weights->first[from],
            (uint32_t) (weights->first[from + 1] - weights->first[from]), near->top);
    return OK;
}

/* The best sellers by weight, best first. */
static void find_regulars(struct near *near)
{
    const double *sold = near->gram->diagonal;
    for (uint32_t sku = 0; sku < near->gram->n_skus; sku++) {
        uint32_t at = near->n_regulars;
        while (at > 0 && sold[near->regulars[at - 1]] < sold[sku]) {
            near->regulars[at] = near->regulars[at - 1];
            at--;
        }
        near->regulars[at] = sku;
        if (near->n_regulars < WEIGHTS_REGULARS)
            near->n_regulars++;
    }
}

static enum err near_run(struct near *near, const struct crew *crew)
{
    uint32_t n = near->gram->n_skus;
    if (!near->counts || !near->columns)
        return ERR_NOMEM;
    TRY(crew_run(crew, n, near, solve_columns));
    TRY(turn(near));
    TRY(crew_run(crew, n, near, cut_rows));
    weight_lists_close_gaps(near->weights, near->counts);
    return OK;
}

enum err weights_near(const struct gram *gram, double ridge, uint32_t support, uint32_t top,
                      const struct crew *crew, struct weights **ret_weights)
{
    AUTO(weights_free) struct weights *weights = weight_lists_new(gram->n_skus);
    if (!weights)
        return ERR_NOMEM;
    struct near near = { .gram = gram,
                         .ridge = ridge,
                         .support = support,
                         .room = support + WEIGHTS_REGULARS,
                         .top = top,
                         .weights = weights };
    near.stride = near.room;
    find_regulars(&near);
    size_t n = gram->n_skus;
    near.counts = calloc(n + 1, sizeof *near.counts);
    near.columns = malloc((n * near.room + 1) * sizeof *near.columns);
    enum err err = near_run(&near, crew);
    free(near.counts);
    free(near.columns);
    if (err == OK)
        *ret_weights = MOVE(weights);
    return err;
}
