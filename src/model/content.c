/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A product walks the postings of its features (content_index.c), the rarest first, adding up what it shares with
 * whom until it has looked at enough; the best of those are compared in full. Products that meet most
 * others by the same feature take their turns one after the other: those are near at hand then. In which order is
 * all the same for what is found.
 */
#include "model/content.h"

#include <float.h>
#include <stdlib.h>

#include "model/content_features.h"
#include "model/content_index.h"
#include "shop/catalog.h"

enum {
    COMPARED = 40,                           /* in full */
    HELD_FETCHED = 64 / sizeof(struct held), /* at once, by the processor */
};

_Static_assert((int) INDEX_POSTINGS >= (int) CONTENT_LOOKED,
               "as many of a feature as one may look at");

struct content {
    struct snapshot snapshot; /* first */
    uint32_t n_products;
    uint8_t *n;
    struct alike *alike; /* CONTENT_TOP a product */
};

struct run { /* of postings */
    const struct posting *begin, *end;
};

/* While it is made. */
struct search {
    const struct content_index *index;
    double *prices; /* of products: near at hand */
    float *shared;  /* with the product at hand, by product; else 0 */
    float *weights; /* of the product at hand, by feature; else 0 */
};

static void search_deinit(struct search *search)
{
    free(search->prices);
    free(search->shared);
    free(search->weights);
}

static void content_free(struct snapshot *snapshot)
{
    struct content *content = (struct content *) snapshot;
    free(content->n);
    free(content->alike);
    free(content);
}

struct content *content_ref(struct content *content)
{
    return (struct content *) snapshot_ref(&content->snapshot);
}

struct content *content_unref(struct content *content)
{
    if (content)
        (void) snapshot_unref(&content->snapshot);
    return NULL;
}

const struct alike *content_alike(const struct content *content, uint32_t product, uint32_t *ret_n)
{
    *ret_n = content->n[product];
    return content->alike + (size_t) product * CONTENT_TOP;
}

/* ── the likest of one product ───────────────────────────────────────────────────────────── */

static uint32_t held_of(const struct content_index *index, uint32_t product,
                        const struct held **ret_held)
{
    *ret_held = index->held + index->held_first[product];
    return index->held_first[product + 1] - index->held_first[product];
}

/* @product's features, rarest first; of those as rare as each other the one with the smaller number. */
static uint32_t by_rarity_of(const struct content_index *index, uint32_t product,
                             struct held *ret_held)
{
    const struct held *held;
    uint32_t n = held_of(index, product, &held);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t holders = index->holders[held[i].feature], at = i;
        for (; at > 0 && index->holders[ret_held[at - 1].feature] > holders; at--)
            ret_held[at] = ret_held[at - 1];
        ret_held[at] = held[i];
    }
    return n;
}

/* How many postings @product may look at, after its own of what no other has. */
static uint32_t left_for(const struct content_index *index, uint32_t product)
{
    return CONTENT_LOOKED - (uint32_t) index->n_alone[product];
}

/*
 * Adds up what others share with @product, by its rarest features first; the postings looked at are @ret_looked, up to
 * @ret_n runs of them.
 */
static void look_around(struct search *search, uint32_t product, struct run *ret_looked,
                        uint32_t *ret_n)
{
    const struct content_index *index = search->index;
    struct held by_rarity[FEATURES_MAX];
    uint32_t n = by_rarity_of(index, product, by_rarity), i = 0;
    uint32_t left = left_for(index, product);
    for (; i < n && left > 0; i++) {
        const struct posting *posting = index->postings + index->first[by_rarity[i].feature];
        uint32_t all = index->holders[by_rarity[i].feature], looked = all < left ? all : left;
        const struct posting *end = posting + looked;
        ret_looked[i] = (struct run){ posting, end };
        left -= looked;
        for (; posting < end; posting++) {
            __builtin_prefetch(&search->shared[posting[INDEX_AHEAD].product], 1);
            search->shared[posting->product] += by_rarity[i].weight * posting->weight;
        }
    }
    *ret_n = i;
}

static bool likelier(const struct alike *a, const struct alike *b)
{
    return a->score != b->score ? a->score > b->score : a->product < b->product;
}

/* Keeps the best @room of a list that is sorted, best first. */
static uint32_t insert(struct alike *list, uint32_t n, uint32_t room, struct alike one)
{
    if (n == room && !likelier(&one, &list[n - 1]))
        return n;
    uint32_t at = n < room ? n++ : n - 1;
    for (; at > 0 && likelier(&one, &list[at - 1]); at--)
        list[at] = list[at - 1];
    list[at] = one;
    return n;
}

/* Forgets what was shared, and keeps the COMPARED who share most. */
static uint32_t take_shared(struct search *search, uint32_t product, struct alike *ret_most)
{
    struct run looked[FEATURES_MAX];
    uint32_t n = 0, n_looked;
    float least = FLT_TRUE_MIN; /* worth a place */
    look_around(search, product, looked, &n_looked);
    search->shared[product] = 0;
    for (uint32_t i = 0; i < n_looked; i++)
        for (const struct posting *posting = looked[i].begin; posting < looked[i].end; posting++) {
            float shared = search->shared[posting->product];
            search->shared[posting->product] = 0; /* who comes again comes in vain */
            if (shared < least)
                continue;
            n = insert(ret_most, n, COMPARED, (struct alike){ posting->product, shared });
            least = n < COMPARED ? FLT_TRUE_MIN : ret_most[n - 1].score;
        }
    return n;
}

/* Of the product whose weights are laid out with @other: what that one does not have adds nothing. */
static float cosine(const struct search *search, uint32_t other)
{
    const struct held *held;
    uint32_t n = held_of(search->index, other, &held);
    float sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += search->weights[held[i].feature] * held[i].weight;
    return sum;
}

/* 1 for the same price, one half and less for what costs a multiple. */
static float price_nearness(const struct search *search, uint32_t a, uint32_t b)
{
    double x = search->prices[a], y = search->prices[b];
    double less = x < y ? x : y, more = x < y ? y : x;
    return less <= 0 ? 1 : (float) (0.5 + 0.5 * less / more);
}

/* What they hold is strewn over memory: all of it is on its way before the first is looked at. */
static void fetch(const struct search *search, const struct alike *most, uint32_t n)
{
    const struct held *held;
    for (uint32_t i = 0; i < n; i++) {
        __builtin_prefetch(&search->index->held_first[most[i].product]);
        __builtin_prefetch(&search->prices[most[i].product]);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t n_held = held_of(search->index, most[i].product, &held);
        for (uint32_t k = 0; k < n_held; k += HELD_FETCHED)
            __builtin_prefetch(&held[k]);
    }
}

static void find_alike(struct search *search, uint32_t product, struct content *content)
{
    struct alike most[COMPARED], *best = content->alike + (size_t) product * CONTENT_TOP;
    const struct held *held;
    uint32_t n_held = held_of(search->index, product, &held), n = 0;

    uint32_t n_most = take_shared(search, product, most);
    fetch(search, most, n_most);
    for (uint32_t i = 0; i < n_held; i++)
        search->weights[held[i].feature] = held[i].weight;
    for (uint32_t i = 0; i < n_most; i++)
        most[i].score =
            cosine(search, most[i].product) * price_nearness(search, product, most[i].product);
    for (uint32_t i = 0; i < n_most; i++)
        if (most[i].score > 0)
            n = insert(best, n, CONTENT_TOP,
                       (struct alike){ most[i].product, most[i].score > 1 ? 1 : most[i].score });
    for (uint32_t i = 0; i < n_held; i++)
        search->weights[held[i].feature] = 0;
    content->n[product] = (uint8_t) n;
}

/* ── all of them ─────────────────────────────────────────────────────────────────────────── */

/* Of the features that @product looks through as a whole the one with most holders; n_features: it has none. */
static uint32_t company_of(const struct content_index *index, uint32_t product)
{
    struct held by_rarity[FEATURES_MAX];
    uint32_t n = by_rarity_of(index, product, by_rarity), left = left_for(index, product);
    uint32_t company = n > 0 ? by_rarity[0].feature : index->n_features;
    for (uint32_t i = 0; i < n && index->holders[by_rarity[i].feature] <= left; i++) {
        company = by_rarity[i].feature;
        left -= index->holders[company];
    }
    return company;
}

/* Products by the company they keep: those of one side by side. NULL for lack of memory. */
static uint32_t *turns_of(const struct content_index *index)
{
    uint32_t n = index->n_products;
    uint32_t *turns = malloc(((size_t) n + 1) * sizeof *turns);
    uint32_t *company = malloc(((size_t) n + 1) * sizeof *company);
    uint32_t *begin = calloc((size_t) index->n_features + 2, sizeof *begin);
    if (turns && company && begin) {
        for (uint32_t p = 0; p < n; p++)
            begin[(company[p] = company_of(index, p)) + 1]++;
        for (uint32_t f = 0; f < index->n_features; f++)
            begin[f + 1] += begin[f];
        for (uint32_t p = 0; p < n; p++)
            turns[begin[company[p]]++] = p;
    } else {
        free(turns);
        turns = NULL;
    }
    free(company);
    free(begin);
    return turns;
}

static enum err find_all(struct search *search, const struct catalog *catalog,
                         struct content *content)
{
    uint32_t n = content->n_products;
    uint32_t *turns = turns_of(search->index);
    search->prices = malloc(((size_t) n + 1) * sizeof *search->prices);
    search->shared = calloc((size_t) n + 1, sizeof *search->shared);
    search->weights = calloc((size_t) search->index->n_features + 1, sizeof *search->weights);
    if (!turns || !search->prices || !search->shared || !search->weights) {
        free(turns);
        return ERR_NOMEM;
    }
    for (uint32_t p = 0; p < n; p++)
        search->prices[p] = (double) catalog_product(catalog, p)->price_minor;
    for (uint32_t i = 0; i < n; i++)
        find_alike(search, turns[i], content);
    free(turns);
    return OK;
}

enum err content_new(const struct catalog *catalog, struct content **ret_content)
{
    AUTO(content_index_free) struct content_index *index = NULL;
    struct content *made = calloc(1, sizeof *made);
    if (!made)
        return ERR_NOMEM;
    snapshot_init(&made->snapshot, content_free);
    AUTO(content_unref) struct content *content = made;
    uint32_t n = content->n_products = catalog_count(catalog);
    content->n = calloc((size_t) n + 1, 1);
    content->alike = malloc(((size_t) n + 1) * CONTENT_TOP * sizeof *content->alike);
    if (!content->n || !content->alike)
        return ERR_NOMEM;
    TRY(content_index_new(catalog, &index));
    struct search search = { .index = index };
    enum err err = find_all(&search, catalog, content);
    search_deinit(&search);
    if (err == OK)
        *ret_content = MOVE(content);
    return err;
}
