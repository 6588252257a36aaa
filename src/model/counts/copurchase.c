/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SKUs become small ids in order of appearance; pairs of ids are counted in a pair_table.
 * An order is counted whole or not at all: everything that may fail happens first.
 */
#include "model/counts/copurchase_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "shop/event.h"

enum { FIRST_SKUS = 1024, FIRST_CHUNK_BYTES = 64 * 1024 };

struct copurchase *copurchase_new_sized(size_t expected_pairs, size_t max_pairs)
{
    AUTO(copurchase_free) struct copurchase *counts = calloc(1, sizeof *counts);
    if (!counts)
        return NULL;
    counts->arena = arena_new(FIRST_CHUNK_BYTES, SIZE_MAX);
    counts->ids = strmap_new(FIRST_SKUS);
    if (!counts->arena || !counts->ids ||
        pair_table_init(&counts->pairs, expected_pairs, max_pairs) != OK)
        return NULL;
    counts->news_lost = true; /* until somebody takes it */
    return MOVE(counts);
}

struct copurchase *copurchase_new(void)
{
    return copurchase_new_sized(0, COPURCHASE_MAX_PAIRS);
}

struct copurchase *copurchase_new_bounded(size_t max_pairs)
{
    return copurchase_new_sized(0, max_pairs);
}

struct copurchase *copurchase_free(struct copurchase *counts)
{
    if (!counts)
        return NULL;
    (void) arena_free(counts->arena);
    (void) strmap_free(counts->ids);
    free(counts->skus);
    free(counts->news);
    free(counts->news_ends);
    pair_table_deinit(&counts->pairs);
    free(counts);
    return NULL;
}

static enum err make_room(struct copurchase *counts)
{
    if (counts->n_skus < counts->room)
        return OK;
    uint32_t room = counts->room ? counts->room * 2 : FIRST_SKUS;
    struct counted_sku *skus = realloc(counts->skus, room * sizeof *skus);
    if (!skus)
        return ERR_NOMEM;
    counts->skus = skus;
    counts->room = room;
    return OK;
}

enum err copurchase_add_sku(struct copurchase *counts, struct str text, uint32_t *ret_id)
{
    TRY(make_room(counts));
    struct str mine = arena_copy(counts->arena, text);
    if (!mine.at)
        return ERR_NOMEM;
    TRY(strmap_put(counts->ids, mine, counts->n_skus));
    counts->skus[counts->n_skus] = (struct counted_sku){ .text = mine };
    *ret_id = counts->n_skus++;
    return OK;
}

/* The distinct SKUs of an order as ids, at most one more than pairs are counted for. */
struct basket {
    uint32_t ids[COPURCHASE_MAX_BASKET + 1];
    uint32_t n;
};

static enum err take_sku(struct copurchase *counts, struct str text, struct basket *basket)
{
    if (text.len == 0 || text.len > ID_MAX_BYTES)
        return OK;
    uint32_t id = strmap_get(counts->ids, text);
    if (id == STRMAP_NONE) {
        if (counts->n_skus == COPURCHASE_MAX_SKUS)
            return OK;
        TRY(copurchase_add_sku(counts, text, &id));
    }
    struct counted_sku *sku = &counts->skus[id];
    if (sku->last_seen == counts->stamp)
        return OK;
    sku->last_seen = counts->stamp;
    if (basket->n <= COPURCHASE_MAX_BASKET)
        basket->ids[basket->n++] = id;
    return OK;
}

static void count_pairs(struct pair_table *pairs, const struct basket *basket, float recent)
{
    for (uint32_t i = 1; i < basket->n; i++) {
        for (uint32_t j = 0; j < i; j++)
            pair_table_prefetch(pairs, basket->ids[i], basket->ids[j]);
        for (uint32_t j = 0; j < i; j++)
            pair_table_add(pairs, basket->ids[i], basket->ids[j], recent);
    }
}

/* What an order of that time weighs among the recent ones. */
static float weigh(struct copurchase *counts, int64_t at_us)
{
    float weight;
    int exponent;
    (void) recency_note(&counts->recency, at_us, &weight, &exponent);
    if (exponent != 0) {
        pair_table_fade(&counts->pairs, exponent);
        for (uint32_t id = 0; id < counts->n_skus; id++)
            counts->skus[id].recent = recency_fade(counts->skus[id].recent, exponent);
    }
    return weight;
}

static void end_news_order(struct copurchase *counts)
{
    uint32_t n = counts->n_news_orders, begin = n ? counts->news_ends[n - 1] : 0;
    if (!counts->news_lost && counts->n_news > begin)
        counts->news_ends[counts->n_news_orders++] = counts->n_news;
}

static void note_news(struct copurchase *counts, uint32_t id, bool alone)
{
    if (counts->news_lost)
        return;
    counts->news[counts->n_news++] = id;
    if (alone)
        end_news_order(counts);
}

enum err copurchase_add(struct copurchase *counts, uint64_t position, int64_t at_us,
                        const struct str *skus, uint32_t n_skus)
{
    if (position <= counts->position)
        return OK;

    struct basket basket = { .n = 0 };
    counts->stamp++;
    for (uint32_t i = 0; i < n_skus; i++)
        TRY(take_sku(counts, skus[i], &basket));
    bool has_pairs = basket.n <= COPURCHASE_MAX_BASKET;
    if (has_pairs)
        TRY(pair_table_reserve(&counts->pairs, (size_t) basket.n * basket.n / 2));

    if (counts->n_news + n_skus > COPURCHASE_NEWS_SKUS)
        counts->news_lost = true;

    /* From here on nothing fails. The stamp tells which SKUs this order held. */
    float recent = weigh(counts, at_us);
    for (uint32_t i = 0; i < n_skus; i++) {
        uint32_t id = strmap_get(counts->ids, skus[i]);
        if (id != STRMAP_NONE && counts->skus[id].last_seen == counts->stamp) {
            counts->skus[id].orders++;
            counts->skus[id].recent += recent;
            counts->skus[id].last_seen = 0;
            note_news(counts, id, !has_pairs);
        }
    }
    if (has_pairs)
        end_news_order(counts);
    if (has_pairs)
        count_pairs(&counts->pairs, &basket, recent);
    counts->position = position;
    counts->orders++;
    return OK;
}

uint64_t copurchase_position(const struct copurchase *counts)
{
    return counts->position;
}

uint64_t copurchase_orders(const struct copurchase *counts)
{
    return counts->orders;
}

uint32_t copurchase_single(const struct copurchase *counts, struct str sku)
{
    uint32_t id = strmap_get(counts->ids, sku);
    return id == STRMAP_NONE ? 0 : counts->skus[id].orders;
}

uint32_t copurchase_pair(const struct copurchase *counts, struct str a, struct str b)
{
    uint32_t id_a = strmap_get(counts->ids, a), id_b = strmap_get(counts->ids, b);
    if (id_a == STRMAP_NONE || id_b == STRMAP_NONE)
        return 0;
    return copurchase_of(counts, id_a, id_b).orders;
}

uint32_t copurchase_skus(const struct copurchase *counts)
{
    return counts->n_skus;
}

struct str copurchase_sku(const struct copurchase *counts, uint32_t id)
{
    return counts->skus[id].text;
}

uint32_t copurchase_sku_orders(const struct copurchase *counts, uint32_t id)
{
    return counts->skus[id].orders;
}

float copurchase_sku_recent(const struct copurchase *counts, uint32_t id)
{
    return counts->skus[id].recent * recency_scale(&counts->recency);
}

uint32_t copurchase_find(const struct copurchase *counts, struct str sku)
{
    uint32_t id = strmap_get(counts->ids, sku);
    return id == STRMAP_NONE ? COPURCHASE_NONE : id;
}

struct copurchased copurchase_of(const struct copurchase *counts, uint32_t a, uint32_t b)
{
    const struct pair *pair = pair_table_get(&counts->pairs, a, b);
    if (!pair)
        return (struct copurchased){ 0 };
    return (struct copurchased){ pair->count, pair->recent * recency_scale(&counts->recency) };
}

void copurchase_prefetch(const struct copurchase *counts, uint32_t a, uint32_t b)
{
    pair_table_prefetch(&counts->pairs, a, b);
}

void copurchase_each(const struct copurchase *counts, void *self,
                     void (*visit)(void *self, uint32_t a, uint32_t b, struct copurchased both))
{
    const float scale = recency_scale(&counts->recency);
    for (size_t i = 0; i < pair_table_slots(&counts->pairs); i++) {
        const struct pair *pair = &counts->pairs.slots[i];
        if (pair->high)
            visit(self, pair->low, pair->high,
                  (struct copurchased){ pair->count, pair->recent * scale });
    }
}

struct copurchase_news copurchase_news(const struct copurchase *counts)
{
    return (struct copurchase_news){
        .ids = counts->news,
        .ends = counts->news_ends,
        .n_orders = counts->n_news_orders,
        .after = counts->news_after,
        .all = !counts->news_lost && counts->pairs.forgettings == counts->news_forgettings,
    };
}

void copurchase_news_taken(struct copurchase *counts)
{
    counts->n_news = counts->n_news_orders = 0;
    if (!counts->news)
        counts->news = malloc(COPURCHASE_NEWS_SKUS * sizeof *counts->news);
    if (!counts->news_ends)
        counts->news_ends = malloc(COPURCHASE_NEWS_SKUS * sizeof *counts->news_ends);
    counts->news_lost = !counts->news || !counts->news_ends;
    counts->news_after = counts->orders;
    counts->news_forgettings = counts->pairs.forgettings;
}
