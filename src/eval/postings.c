/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A counting sort: how many orders each SKU has, where its list begins, then the orders themselves.
 */
#include "eval/postings.h"

#include <stdlib.h>

static void fill(struct postings *postings, const struct baskets *baskets)
{
    uint64_t n_items = baskets->first[baskets->n_orders];
    for (uint64_t i = 0; i < n_items; i++)
        postings->first[baskets->items[i] + 2]++;
    for (uint32_t s = 0; s < baskets->n_skus; s++)
        postings->first[s + 2] += postings->first[s + 1];
    for (uint32_t o = 0; o < baskets->n_orders; o++)
        for (uint64_t i = baskets->first[o]; i < baskets->first[o + 1]; i++)
            postings->orders[postings->first[baskets->items[i] + 1]++] = o;
}

enum err postings_new(const struct baskets *baskets, struct postings **ret_postings)
{
    AUTO(postings_free) struct postings *postings = calloc(1, sizeof *postings);
    if (!postings)
        return ERR_NOMEM;
    postings->first = calloc((size_t) baskets->n_skus + 2, sizeof *postings->first);
    postings->orders = malloc((baskets->first[baskets->n_orders] + 1) * sizeof *postings->orders);
    if (!postings->first || !postings->orders)
        return ERR_NOMEM;
    fill(postings, baskets);
    *ret_postings = MOVE(postings);
    return OK;
}

struct postings *postings_free(struct postings *postings)
{
    if (!postings)
        return NULL;
    free(postings->first);
    free(postings->orders);
    free(postings);
    return NULL;
}
