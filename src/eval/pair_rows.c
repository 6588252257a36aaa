/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are kept in an arena of KEPT_BYTES; past it they are counted anew each time. */
#include "eval/pair_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "eval/postings.h"

enum { CHUNK_BYTES = 1024 * 1024, KEPT_BYTES = 256 * 1024 * 1024 };

struct pair_rows {
    const struct baskets *baskets;
    struct postings *postings;
    struct arena *arena;
    struct pair_row *kept; /* of each SKU; skus NULL: not kept */
    float *singles;
    float *counts; /* of the row being counted; else 0 */
    uint32_t *touched;
    float *values; /* of a row that is not kept */
};

static uint32_t size_of(const struct baskets *baskets, uint32_t order)
{
    return (uint32_t) (baskets->first[order + 1] - baskets->first[order]);
}

enum err pair_rows_new(const struct baskets *baskets, struct pair_rows **ret_rows)
{
    AUTO(pair_rows_free) struct pair_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return ERR_NOMEM;
    size_t n = (size_t) baskets->n_skus + 1;
    rows->baskets = baskets;
    rows->arena = arena_new(CHUNK_BYTES, KEPT_BYTES);
    rows->kept = calloc(n, sizeof *rows->kept);
    rows->singles = calloc(n, sizeof *rows->singles);
    rows->counts = calloc(n, sizeof *rows->counts);
    rows->touched = calloc(n, sizeof *rows->touched);
    rows->values = calloc(n, sizeof *rows->values);
    if (!rows->arena || !rows->kept || !rows->singles || !rows->counts || !rows->touched ||
        !rows->values)
        return ERR_NOMEM;
    TRY(postings_new(baskets, &rows->postings));
    for (uint32_t o = 0; o < baskets->n_orders; o++)
        if (size_of(baskets, o) <= PAIR_ROWS_BASKET)
            for (uint64_t i = baskets->first[o]; i < baskets->first[o + 1]; i++)
                rows->singles[baskets->items[i]]++;
    *ret_rows = MOVE(rows);
    return OK;
}

struct pair_rows *pair_rows_free(struct pair_rows *rows)
{
    if (!rows)
        return NULL;
    (void) postings_free(rows->postings);
    (void) arena_free(rows->arena);
    free(rows->kept);
    free(rows->singles);
    free(rows->counts);
    free(rows->touched);
    free(rows->values);
    free(rows);
    return NULL;
}

/* Into touched[] and values[]; counts[] is clear again. */
static uint32_t count_row(struct pair_rows *rows, uint32_t sku)
{
    const struct baskets *baskets = rows->baskets;
    const struct postings *postings = rows->postings;
    uint32_t n = 0;
    for (uint64_t p = postings->first[sku]; p < postings->first[sku + 1]; p++) {
        uint32_t order = postings->orders[p];
        if (size_of(baskets, order) > PAIR_ROWS_BASKET)
            continue;
        for (uint64_t i = baskets->first[order]; i < baskets->first[order + 1]; i++) {
            uint32_t other = baskets->items[i];
            if (rows->counts[other] == 0)
                rows->touched[n++] = other;
            rows->counts[other]++;
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t other = rows->touched[i];
        if (other != sku) {
            rows->values[kept] = rows->counts[other];
            rows->touched[kept++] = other;
        }
        rows->counts[other] = 0;
    }
    return kept;
}

struct pair_row pair_rows_get(struct pair_rows *rows, uint32_t sku)
{
    if (rows->kept[sku].skus)
        return rows->kept[sku];
    uint32_t n = count_row(rows, sku);
    uint32_t *skus = arena_take_raw(rows->arena, ((size_t) n + 1) * sizeof *skus);
    float *values = arena_take_raw(rows->arena, ((size_t) n + 1) * sizeof *values);
    if (skus && values) {
        memcpy(skus, rows->touched, n * sizeof *skus);
        memcpy(values, rows->values, n * sizeof *values);
        rows->kept[sku] = (struct pair_row){ skus, values, n };
    }
    return (struct pair_row){ rows->touched, rows->values, n };
}

float pair_rows_single(const struct pair_rows *rows, uint32_t sku)
{
    return rows->singles[sku] > 1 ? rows->singles[sku] : 1;
}
