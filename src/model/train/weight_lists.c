/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/weight_lists.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/train/weights.h"

struct weights *weight_lists_new(uint32_t n_skus)
{
    AUTO(weights_free) struct weights *weights = calloc(1, sizeof *weights);
    if (!weights)
        return NULL;
    weights->form = TRAINED_LISTS;
    weights->n_skus = n_skus;
    weights->first = calloc((size_t) n_skus + 2, sizeof *weights->first);
    return weights->first ? MOVE(weights) : NULL;
}

/* A total order. */
static bool stronger(struct trained_edge a, struct trained_edge b)
{
    float x = fabsf(a.weight), y = fabsf(b.weight);
    return x != y ? x > y : a.sku < b.sku;
}

static int strongest_first(const void *left, const void *right)
{
    const struct trained_edge *a = left, *b = right;
    return stronger(*a, *b) ? -1 : stronger(*b, *a);
}

/* Brings the @most strongest to the front, in no order. */
static void select_strongest(struct trained_edge *edges, uint32_t n, uint32_t most)
{
    uint32_t begin = 0, end = n;
    while (most > begin && most < end && end - begin > 1) {
        struct trained_edge pivot = edges[begin + (end - begin - 1) / 2];
        uint32_t i = begin, j = end - 1;
        for (;;) {
            while (stronger(edges[i], pivot))
                i++;
            while (stronger(pivot, edges[j]))
                j--;
            if (i >= j)
                break;
            struct trained_edge moved = edges[i];
            edges[i++] = edges[j];
            edges[j--] = moved;
        }
        /* Before j + 1 none is weaker than the pivot, from there on none is stronger. */
        if (most <= j + 1)
            end = j + 1;
        else
            begin = j + 1;
    }
}

uint32_t weight_lists_strongest(struct trained_edge *edges, uint32_t n, uint32_t top)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (edges[i].weight != 0)
            edges[kept++] = edges[i];
    if (kept > top) {
        select_strongest(edges, kept, top);
        kept = top;
    }
    qsort(edges, kept, sizeof *edges, strongest_first);
    return kept;
}

void weight_lists_close_gaps(struct weights *weights, const uint32_t *counts)
{
    uint64_t to = 0;
    for (uint32_t sku = 0; sku < weights->n_skus; sku++) {
        memmove(weights->edges + to, weights->edges + weights->first[sku],
                counts[sku] * sizeof *weights->edges);
        weights->first[sku] = to;
        to += counts[sku];
    }
    weights->first[weights->n_skus] = to;
}
