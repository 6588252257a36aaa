/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue is walked once. Each feature met is found by its hash and counted, and the product holds it by the
 * order in which features were first met; when all are counted, each product's are weighed, put in order of hash and
 * numbered anew. No list of all features of all products is ever sorted: most features are met again and again, and
 * are near at hand.
 */
#include "model/content_index.h"

#include <math.h>
#include <stdlib.h>

#include "model/content_features.h"
#include "shop/catalog.h"

#define NOBODY UINT32_MAX

enum { FIRST_FEATURES = 1024, HELD_GUESS = 12 /* features of a product */ };

struct counted { /* a feature, by when it was met */
    uint64_t hash;
    float weight;     /* then also by how few products have it */
    uint32_t holders; /* products */
    uint32_t last; /* the last of these, while counting; then its number in the index, or NOBODY */
};

struct counting {
    struct counted *features;
    uint32_t n, room;
    uint32_t *slots; /* by hash: which of features, or NOBODY; twice room at least */
    uint32_t mask;
};

static void counting_deinit(struct counting *counting)
{
    free(counting->features);
    free(counting->slots);
}

struct content_index *content_index_free(struct content_index *index)
{
    if (!index)
        return NULL;
    free(index->holders);
    free(index->first);
    free(index->postings);
    free(index->held_first);
    free(index->held);
    free(index->n_alone);
    free(index);
    return NULL;
}

/* ── counting ────────────────────────────────────────────────────────────────────────────── */

static uint32_t *slot_of(struct counting *counting, uint64_t hash)
{
    uint32_t at = (uint32_t) hash & counting->mask;
    while (counting->slots[at] != NOBODY && counting->features[counting->slots[at]].hash != hash)
        at = (at + 1) & counting->mask;
    return &counting->slots[at];
}

static enum err grow(struct counting *counting)
{
    if (counting->room > UINT32_MAX / 8)
        return ERR_LIMIT;
    uint32_t room = counting->room ? 2 * counting->room : FIRST_FEATURES;
    struct counted *features = realloc(counting->features, room * sizeof *features);
    if (!features)
        return ERR_NOMEM;
    counting->features = features;
    uint32_t *slots = malloc((size_t) room * 2 * sizeof *slots);
    if (!slots)
        return ERR_NOMEM;
    free(counting->slots);
    counting->slots = slots;
    counting->room = room;
    counting->mask = 2 * room - 1;
    for (uint32_t i = 0; i < 2 * room; i++)
        slots[i] = NOBODY;
    for (uint32_t i = 0; i < counting->n; i++)
        *slot_of(counting, features[i].hash) = i;
    return OK;
}

/* *ret_new: the product did not say the same before. */
static enum err count(struct counting *counting, const struct feature *feature, uint32_t product,
                      uint32_t *ret_counted, bool *ret_new)
{
    if (counting->n == counting->room)
        TRY(grow(counting));
    uint32_t *slot = slot_of(counting, feature->hash);
    if (*slot == NOBODY) {
        *slot = counting->n++;
        counting->features[*slot] = (struct counted){ feature->hash, feature->weight, 0, NOBODY };
    }
    struct counted *counted = &counting->features[*slot];
    *ret_new = counted->last != product;
    counted->holders += *ret_new;
    counted->last = product;
    *ret_counted = *slot;
    return OK;
}

static enum err reserve(struct content_index *index, uint64_t n, uint64_t *room)
{
    if (n <= *room)
        return OK;
    if (n > UINT32_MAX)
        return ERR_LIMIT;
    uint64_t more = n + n / 2;
    struct held *grown = realloc(index->held, more * sizeof *grown);
    if (!grown)
        return ERR_NOMEM;
    index->held = grown;
    *room = more;
    return OK;
}

/* Every product's features by when they were met, each once, not weighed. */
static enum err count_all(struct content_index *index, const struct catalog *catalog,
                          struct counting *counting)
{
    struct feature features[FEATURES_MAX];
    uint64_t held = 0, room = 0;
    TRY(reserve(index, (uint64_t) index->n_products * HELD_GUESS + FEATURES_MAX, &room));
    for (uint32_t p = 0; p < index->n_products; p++) {
        uint32_t n = content_features(catalog_product(catalog, p), features);
        TRY(reserve(index, held + n, &room));
        index->held_first[p] = (uint32_t) held;
        for (uint32_t i = 0; i < n; i++) {
            bool is_new;
            TRY(count(counting, &features[i], p, &index->held[held].feature, &is_new));
            held += is_new;
        }
    }
    index->held_first[index->n_products] = (uint32_t) held;
    return OK;
}

/* ── numbering ───────────────────────────────────────────────────────────────────────────── */

static int by_hash(const void *left, const void *right, void *features)
{
    const struct counted *all = features;
    uint64_t a = all[*(const uint32_t *) left].hash, b = all[*(const uint32_t *) right].hash;
    return (a > b) - (a < b);
}

/* Weighs each by how few products have it; those of several are numbered. */
static enum err number(struct content_index *index, struct counting *counting)
{
    uint32_t n = 0, *shared = malloc(((size_t) counting->n + 1) * sizeof *shared);
    if (!shared)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < counting->n; i++) {
        struct counted *counted = &counting->features[i];
        counted->weight *= logf(1 + (float) index->n_products / (float) counted->holders);
        counted->last = NOBODY;
        if (counted->holders > 1)
            shared[n++] = i;
    }
    if (n > 1)
        qsort_r(shared, n, sizeof *shared, by_hash, counting->features);
    index->n_features = n;
    index->holders = malloc(((size_t) n + 1) * sizeof *index->holders);
    index->first = malloc(((size_t) n + 2) * sizeof *index->first);
    enum err err = index->holders && index->first ? OK : ERR_NOMEM;
    for (uint32_t f = 0; f < n && err == OK; f++) {
        counting->features[shared[f]].last = f;
        index->holders[f] = counting->features[shared[f]].holders;
    }
    free(shared);
    return err;
}

/* A product's features by hash, which is the order of their numbers where they have one. */
static void sort(struct held *held, uint32_t n, const struct counted *features)
{
    for (uint32_t i = 1; i < n; i++) {
        struct held moved = held[i];
        uint64_t hash = features[moved.feature].hash;
        uint32_t at = i;
        for (; at > 0 && features[held[at - 1].feature].hash > hash; at--)
            held[at] = held[at - 1];
        held[at] = moved;
    }
}

/* Turns what was counted into what is held, in place: what is left is never more. */
static void weigh_all(struct content_index *index, const struct counted *features)
{
    uint32_t kept = 0;
    for (uint32_t p = 0; p < index->n_products; p++) {
        struct held *held = index->held + index->held_first[p];
        uint32_t n = index->held_first[p + 1] - index->held_first[p];
        float squares = 0;
        sort(held, n, features);
        for (uint32_t i = 0; i < n; i++)
            squares += features[held[i].feature].weight * features[held[i].feature].weight;
        index->held_first[p] = kept;
        for (uint32_t i = 0; i < n; i++) {
            const struct counted *counted = &features[held[i].feature];
            if (counted->last == NOBODY)
                index->n_alone[p]++;
            else
                index->held[kept++] =
                    (struct held){ counted->last, counted->weight / sqrtf(squares) };
        }
    }
    index->held_first[index->n_products] = kept;
}

/* ── turning round ───────────────────────────────────────────────────────────────────────── */

static enum err post(struct content_index *index)
{
    uint64_t n = 0;
    for (uint32_t f = 0; f < index->n_features; f++) {
        index->first[f] = (uint32_t) n;
        n += index->holders[f] < INDEX_POSTINGS ? index->holders[f] : INDEX_POSTINGS;
    }
    index->first[index->n_features] = (uint32_t) n;
    index->postings = calloc(n + 1 + INDEX_AHEAD, sizeof *index->postings);
    uint32_t *next = malloc(((size_t) index->n_features + 1) * sizeof *next);
    if (!index->postings || !next) {
        free(next);
        return ERR_NOMEM;
    }
    memcpy(next, index->first, index->n_features * sizeof *next);
    for (uint32_t p = 0; p < index->n_products; p++)
        for (uint32_t i = index->held_first[p]; i < index->held_first[p + 1]; i++) {
            const struct held *held = &index->held[i];
            if (next[held->feature] < index->first[held->feature + 1])
                index->postings[next[held->feature]++] = (struct posting){ p, held->weight };
        }
    free(next);
    return OK;
}

static enum err fill(struct content_index *index, const struct catalog *catalog,
                     struct counting *counting)
{
    index->held_first = malloc(((size_t) index->n_products + 1) * sizeof *index->held_first);
    index->n_alone = calloc((size_t) index->n_products + 1, 1);
    if (!index->held_first || !index->n_alone)
        return ERR_NOMEM;
    TRY(count_all(index, catalog, counting));
    TRY(number(index, counting));
    weigh_all(index, counting->features);
    return post(index);
}

enum err content_index_new(const struct catalog *catalog, struct content_index **ret_index)
{
    AUTO(content_index_free) struct content_index *index = calloc(1, sizeof *index);
    struct counting counting = { 0 };
    if (!index)
        return ERR_NOMEM;
    index->n_products = catalog_count(catalog);
    enum err err = fill(index, catalog, &counting);
    counting_deinit(&counting);
    if (err == OK)
        *ret_index = MOVE(index);
    return err;
}
