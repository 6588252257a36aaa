/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All features of all products are written down once and sorted, which puts the products of a feature side
 * by side (its postings) and tells how rare it is. A product then walks the postings of its features, the
 * rarest first, adding up what it shares with whom until it has looked at enough; the best of those are compared in full.
 */
#include "model/content.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/content_features.h"
#include "shop/catalog.h"

enum { COMPARED = 40 }; /* in full */

struct posting {
    uint64_t hash;
    uint32_t product;
    float weight;
};

struct held { /* a product's feature */
    uint32_t feature;
    float weight;
};

struct content {
    struct snapshot snapshot; /* first */
    uint32_t n_products;
    uint8_t *n;
    struct alike *alike; /* CONTENT_TOP a product */
};

/* While it is made. */
struct weighing {
    const struct catalog *catalog;
    uint32_t n_products, n_features;
    struct posting *postings;
    size_t n_postings;
    uint32_t *first;      /* feature f's postings are postings[first[f] .. first[f + 1]) */
    uint32_t *held_first; /* product p's features are held[held_first[p] .. held_first[p + 1]) */
    struct held *held;    /* by feature */
    float *shared;        /* with the product at hand, of each other one; else 0 */
    uint32_t *others;     /* those of which it is not 0 */
    uint32_t n_others;
};

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

/* ── features ────────────────────────────────────────────────────────────────────────────── */

static int by_feature(const void *left, const void *right)
{
    const struct posting *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->product < b->product ? -1 : a->product > b->product;
}

static enum err write_down(struct weighing *w)
{
    size_t room = 0;
    for (uint32_t p = 0; p < w->n_products; p++) {
        struct feature features[FEATURES_MAX];
        uint32_t n = content_features(catalog_product(w->catalog, p), features);
        if (w->n_postings + n > room) {
            room = (w->n_postings + n) * 2;
            struct posting *grown = realloc(w->postings, room * sizeof *grown);
            if (!grown)
                return ERR_NOMEM;
            w->postings = grown;
        }
        for (uint32_t i = 0; i < n; i++)
            w->postings[w->n_postings++] =
                (struct posting){ features[i].hash, p, features[i].weight };
    }
    if (w->n_postings > 0)
        qsort(w->postings, w->n_postings, sizeof *w->postings, by_feature);
    return w->n_postings < UINT32_MAX ? OK : ERR_LIMIT;
}

/* A product that says the same twice holds it once. */
static void drop_repeated(struct weighing *w)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n_postings; i++)
        if (kept == 0 || by_feature(&w->postings[i], &w->postings[kept - 1]) != 0)
            w->postings[kept++] = w->postings[i];
    w->n_postings = kept;
}

/* Numbers the features, and weighs each by how few products have it. */
static enum err number_features(struct weighing *w)
{
    w->first = malloc((w->n_postings + 1) * sizeof *w->first);
    if (!w->first)
        return ERR_NOMEM;
    for (size_t i = 0, end; i < w->n_postings; i = end) {
        w->first[w->n_features++] = (uint32_t) i;
        for (end = i + 1; end < w->n_postings && w->postings[end].hash == w->postings[i].hash;)
            end++;
        float rare = logf(1 + (float) w->n_products / (float) (end - i));
        for (size_t k = i; k < end; k++)
            w->postings[k].weight *= rare;
    }
    w->first[w->n_features] = (uint32_t) w->n_postings;
    return OK;
}

/* Turns the postings round: product by product, weighed so that their squares add up to 1. */
static enum err hold(struct weighing *w)
{
    w->held_first = calloc((size_t) w->n_products + 2, sizeof *w->held_first);
    w->held = malloc((w->n_postings + 1) * sizeof *w->held);
    float *squares = calloc((size_t) w->n_products + 1, sizeof *squares);
    if (!w->held_first || !w->held || !squares) {
        free(squares);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < w->n_postings; i++) {
        w->held_first[w->postings[i].product + 2]++;
        squares[w->postings[i].product] += w->postings[i].weight * w->postings[i].weight;
    }
    for (uint32_t p = 0; p < w->n_products; p++)
        w->held_first[p + 2] += w->held_first[p + 1];
    for (uint32_t f = 0; f < w->n_features; f++)
        for (uint32_t i = w->first[f]; i < w->first[f + 1]; i++) {
            struct posting *posting = &w->postings[i];
            posting->weight /= sqrtf(squares[posting->product]);
            w->held[w->held_first[posting->product + 1]++] = (struct held){ f, posting->weight };
        }
    free(squares);
    return OK;
}

/* ── the likest of one product ───────────────────────────────────────────────────────────── */

static uint32_t postings_of(const struct weighing *w, const struct held *held)
{
    return w->first[held->feature + 1] - w->first[held->feature];
}

/* Adds up what others share with @product, by its rarest features first. */
static void look_around(struct weighing *w, uint32_t product)
{
    struct held by_rarity[FEATURES_MAX];
    uint32_t n = w->held_first[product + 1] - w->held_first[product], looked = 0;
    memcpy(by_rarity, w->held + w->held_first[product], n * sizeof *by_rarity);
    for (uint32_t i = 1; i < n; i++) {
        struct held moved = by_rarity[i];
        uint32_t at = i;
        for (; at > 0 && postings_of(w, &by_rarity[at - 1]) > postings_of(w, &moved); at--)
            by_rarity[at] = by_rarity[at - 1];
        by_rarity[at] = moved;
    }
    w->n_others = 0;
    for (uint32_t i = 0; i < n && looked < CONTENT_LOOKED; i++) {
        const uint32_t end = w->first[by_rarity[i].feature + 1];
        for (uint32_t k = w->first[by_rarity[i].feature]; k < end && looked < CONTENT_LOOKED;
             k++, looked++) {
            const struct posting *posting = &w->postings[k];
            if (posting->product == product)
                continue;
            if (w->shared[posting->product] == 0)
                w->others[w->n_others++] = posting->product;
            w->shared[posting->product] += by_rarity[i].weight * posting->weight;
        }
    }
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

static float cosine(const struct weighing *w, uint32_t a, uint32_t b)
{
    const struct held *x = w->held + w->held_first[a], *x_end = w->held + w->held_first[a + 1];
    const struct held *y = w->held + w->held_first[b], *y_end = w->held + w->held_first[b + 1];
    float sum = 0;
    while (x < x_end && y < y_end) {
        if (x->feature == y->feature)
            sum += x++->weight * y++->weight;
        else if (x->feature < y->feature)
            x++;
        else
            y++;
    }
    return sum;
}

/* 1 for the same price, one half and less for what costs a multiple. */
static float price_nearness(const struct catalog *catalog, uint32_t a, uint32_t b)
{
    double x = (double) catalog_product(catalog, a)->price_minor;
    double y = (double) catalog_product(catalog, b)->price_minor;
    if (x <= 0 || y <= 0)
        return 1;
    return (float) (x < y ? (0.5 + 0.5 * x / y) : (0.5 + 0.5 * y / x));
}

static void find_alike(struct weighing *w, uint32_t product, struct content *content)
{
    struct alike compared[COMPARED];
    uint32_t n_compared = 0, n = 0;
    struct alike *best = content->alike + (size_t) product * CONTENT_TOP;

    look_around(w, product);
    for (uint32_t i = 0; i < w->n_others; i++) {
        uint32_t other = w->others[i];
        n_compared =
            insert(compared, n_compared, COMPARED, (struct alike){ other, w->shared[other] });
        w->shared[other] = 0;
    }
    for (uint32_t i = 0; i < n_compared; i++) {
        uint32_t other = compared[i].product;
        float score = cosine(w, product, other) * price_nearness(w->catalog, product, other);
        if (score > 0)
            n = insert(best, n, CONTENT_TOP, (struct alike){ other, score > 1 ? 1 : score });
    }
    content->n[product] = (uint8_t) n;
}

static enum err make(struct weighing *w, struct content *content)
{
    w->shared = calloc((size_t) w->n_products + 1, sizeof *w->shared);
    w->others = malloc(((size_t) w->n_products + 1) * sizeof *w->others);
    if (!w->shared || !w->others)
        return ERR_NOMEM;
    TRY(write_down(w));
    drop_repeated(w);
    TRY(number_features(w));
    TRY(hold(w));
    for (uint32_t p = 0; p < w->n_products; p++)
        find_alike(w, p, content);
    return OK;
}

enum err content_new(const struct catalog *catalog, struct content **ret_content)
{
    struct weighing w = { .catalog = catalog, .n_products = catalog_count(catalog) };
    AUTO(content_unref) struct content *content = calloc(1, sizeof *content);
    if (!content)
        return ERR_NOMEM;
    snapshot_init(&content->snapshot, content_free);
    content->n_products = w.n_products;
    content->n = calloc((size_t) w.n_products + 1, 1);
    content->alike = malloc(((size_t) w.n_products + 1) * CONTENT_TOP * sizeof *content->alike);
    enum err err = content->n && content->alike ? make(&w, content) : ERR_NOMEM;
    free(w.postings);
    free(w.first);
    free(w.held_first);
    free(w.held);
    free(w.shared);
    free(w.others);
    if (err == OK)
        *ret_content = MOVE(content);
    return err;
}
