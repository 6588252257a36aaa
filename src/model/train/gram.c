/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made row by row: the orders that held a SKU are known from an index, and their
 * lines are added up in an array of all SKUs. So nothing but the finished rows is
 * ever held, and rows can be made side by side. Which entries of the array are in use
 * is told by bits, which also gives them back in rising order.
 */
#include "model/train/gram.h"

#include <math.h>
#include <stdlib.h>

#include "model/baskets.h"
#include "model/train/crew.h"

/* The orders of each SKU, as places in gram_wishes.orders, rising. */
struct index {
    uint64_t *first;
    uint32_t *places;
};

struct making {
    const struct gram_wishes *wishes;
    struct gram *gram;
    struct index index;
};

static uint64_t counted(const struct gram_wishes *wishes, uint32_t place,
                        const uint32_t **ret_items)
{
    const struct baskets *baskets = wishes->baskets;
    uint32_t order = wishes->orders[place];
    uint64_t n = baskets->first[order + 1] - baskets->first[order];
    *ret_items = baskets->items + baskets->first[order];
    return n < GRAM_BASKET ? n : GRAM_BASKET;
}

double gram_cost(const struct gram_wishes *wishes)
{
    double cost = 0;
    for (uint32_t i = 0; i < wishes->n_orders; i++) {
        const uint32_t *items;
        double n = (double) counted(wishes, i, &items);
        cost += n * n;
    }
    return cost;
}

/* ── the index ──────────────────────────────────────────────────────────────────────────── */

static enum err index_init(struct index *index, const struct gram_wishes *wishes)
{
    uint32_t n_skus = wishes->baskets->n_skus;
    index->first = calloc((size_t) n_skus + 2, sizeof *index->first);
    if (!index->first)
        return ERR_NOMEM;
    const uint32_t *items;
    uint64_t *next = index->first + 1; /* where a SKU's next order goes; in the end its border */
    for (uint32_t i = 0; i < wishes->n_orders; i++)
        for (uint64_t k = 0, n = counted(wishes, i, &items); k < n; k++)
            next[items[k] + 1]++;
    for (uint32_t sku = 0; sku < n_skus; sku++)
        next[sku + 1] += next[sku];
    index->places = malloc((next[n_skus] + 1) * sizeof *index->places);
    if (!index->places)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < wishes->n_orders; i++)
        for (uint64_t k = 0, n = counted(wishes, i, &items); k < n; k++)
            index->places[next[items[k]]++] = i;
    return OK;
}

static void index_deinit(struct index *index)
{
    free(index->first);
    free(index->places);
}

/* ── one row ────────────────────────────────────────────────────────────────────────────── */

/* What a piece of the work needs beside: one number for each SKU, and which are in use. */
struct board {
    double *sums;
    uint64_t *used;
    struct gram_near *near;
    uint32_t n_words;
};

static void board_deinit(struct board *board)
{
    free(board->sums);
    free(board->used);
    free(board->near);
}

static enum err board_init(struct board *board, uint32_t n_skus)
{
    board->n_words = n_skus / 64 + 1;
    board->sums = calloc((size_t) n_skus + 1, sizeof *board->sums);
    board->used = calloc(board->n_words, sizeof *board->used);
    board->near = malloc(((size_t) n_skus + 1) * sizeof *board->near);
    return board->sums && board->used && board->near ? OK : ERR_NOMEM;
}

static void add_up(const struct making *making, uint32_t sku, struct board *board)
{
    const struct index *index = &making->index;
    for (uint64_t at = index->first[sku]; at < index->first[sku + 1]; at++) {
        const uint32_t *items;
        uint64_t n = counted(making->wishes, index->places[at], &items);
        double weight = (double) making->wishes->weights[index->places[at]];
        for (uint64_t k = 0; k < n; k++) {
            board->sums[items[k]] += weight;
            board->used[items[k] / 64] |= UINT64_C(1) << items[k] % 64;
        }
    }
    board->used[sku / 64] &= ~(UINT64_C(1) << sku % 64);
    board->sums[sku] = 0;
}

/* Nearer first; a total order. */
static bool nearer(struct gram_near a, struct gram_near b)
{
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.sku < b.sku;
}

static int by_nearness(const void *left, const void *right)
{
    const struct gram_near *a = left, *b = right;
    return nearer(*a, *b) ? -1 : nearer(*b, *a);
}

/* Brings the @most nearest to the front, in no order. */
static void select_nearest(struct gram_near *near, uint32_t n, uint32_t most)
{
    uint32_t begin = 0, end = n;
    while (most > begin && most < end && end - begin > 1) {
        struct gram_near pivot = near[begin + (end - begin - 1) / 2];
        uint32_t i = begin, j = end - 1;
        for (;;) {
            while (nearer(near[i], pivot))
                i++;
            while (nearer(pivot, near[j]))
                j--;
            if (i >= j)
                break;
            struct gram_near moved = near[i];
            near[i++] = near[j];
            near[j--] = moved;
        }
        /* Before j + 1 none is farther than the pivot, from there on none is nearer. */
        if (most <= j + 1)
            end = j + 1;
        else
            begin = j + 1;
    }
}

static float cosine(const struct gram *gram, uint32_t a, uint32_t b, double together)
{
    return (float) (together / sqrt(gram->diagonal[a] * gram->diagonal[b]));
}

/* Takes what is in use off the board, beginning with the smallest number, and leaves it clean. */
static uint32_t gather(const struct gram *gram, uint32_t sku, struct board *board)
{
    uint32_t n = 0;
    for (uint32_t word = 0; word < board->n_words; word++)
        for (uint64_t bits = board->used[word]; bits; bits &= bits - 1) {
            uint32_t other = word * 64 + (uint32_t) __builtin_ctzll(bits);
            board->near[n++] =
                (struct gram_near){ cosine(gram, sku, other, board->sums[other]), other };
        }
    return n;
}

static enum err keep_row(struct gram *gram, uint32_t sku, uint32_t most, struct board *board)
{
    uint32_t n = gather(gram, sku, board);
    bool all = n <= most;
    if (!all) {
        select_nearest(board->near, n, most);
        for (uint32_t i = most; i < n; i++) {
            uint32_t other = board->near[i].sku;
            board->used[other / 64] &= ~(UINT64_C(1) << other % 64);
            board->sums[other] = 0;
        }
    }
    struct gram_row *row = &gram->rows[sku];
    row->skus = malloc((all ? n : most) * (sizeof *row->skus + sizeof *row->weights) + 1);
    if (!row->skus)
        return ERR_NOMEM;
    row->weights = (float *) (void *) (row->skus + (all ? n : most));
    float *cells = gram->cells ? gram->cells + (size_t) sku * gram->n_skus : NULL;
    for (uint32_t word = 0; word < board->n_words; word++) {
        for (uint64_t bits = board->used[word]; bits; bits &= bits - 1) {
            uint32_t other = word * 64 + (uint32_t) __builtin_ctzll(bits);
            row->skus[row->n] = other;
            row->weights[row->n++] = (float) board->sums[other];
            if (cells)
                cells[other] = (float) board->sums[other];
            board->sums[other] = 0;
        }
        board->used[word] = 0;
    }
    return OK;
}

static enum err make_rows(void *context, uint32_t begin, uint32_t end)
{
    const struct making *making = context;
    struct board board = { 0 };
    enum err err = board_init(&board, making->gram->n_skus);
    for (uint32_t sku = begin; err == OK && sku < end; sku++) {
        add_up(making, sku, &board);
        err = keep_row(making->gram, sku, making->wishes->most, &board);
    }
    board_deinit(&board);
    return err;
}

static void fill_diagonal(const struct making *making)
{
    const uint32_t *items;
    for (uint32_t i = 0; i < making->wishes->n_orders; i++)
        for (uint64_t k = 0, n = counted(making->wishes, i, &items); k < n; k++)
            making->gram->diagonal[items[k]] += (double) making->wishes->weights[i];
}

enum err gram_new(const struct gram_wishes *wishes, const struct crew *crew, struct gram **ret_gram)
{
    AUTO(gram_free) struct gram *gram = calloc(1, sizeof *gram);
    if (!gram)
        return ERR_NOMEM;
    gram->n_skus = wishes->baskets->n_skus;
    gram->diagonal = calloc((size_t) gram->n_skus + 1, sizeof *gram->diagonal);
    gram->rows = calloc((size_t) gram->n_skus + 1, sizeof *gram->rows);
    if (gram->n_skus <= GRAM_WHOLE)
        gram->cells = calloc((size_t) gram->n_skus * gram->n_skus + 1, sizeof *gram->cells);
    if (!gram->diagonal || !gram->rows || (gram->n_skus <= GRAM_WHOLE && !gram->cells))
        return ERR_NOMEM;
    struct making making = { .wishes = wishes, .gram = gram };
    fill_diagonal(&making);
    enum err err = index_init(&making.index, wishes);
    if (err == OK)
        err = crew_run(crew, gram->n_skus, &making, make_rows);
    index_deinit(&making.index);
    if (err == OK)
        *ret_gram = MOVE(gram);
    return err;
}

struct gram *gram_free(struct gram *gram)
{
    if (!gram)
        return NULL;
    for (uint32_t sku = 0; gram->rows && sku < gram->n_skus; sku++)
        free(gram->rows[sku].skus);
    free(gram->rows);
    free(gram->diagonal);
    free(gram->cells);
    free(gram);
    return NULL;
}

uint32_t gram_nearest(const struct gram *gram, uint32_t sku, uint32_t most,
                      struct gram_near *nearest)
{
    const struct gram_row *row = &gram->rows[sku];
    for (uint32_t i = 0; i < row->n; i++)
        nearest[i] = (struct gram_near){ cosine(gram, sku, row->skus[i], (double) row->weights[i]),
                                         row->skus[i] };
    uint32_t n = row->n < most ? row->n : most;
    select_nearest(nearest, row->n, n);
    qsort(nearest, n, sizeof *nearest, by_nearness);
    return n;
}
