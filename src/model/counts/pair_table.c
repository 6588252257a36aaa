/* SPDX-License-Identifier: Apache-2.0 */
#include "model/counts/pair_table.h"

#include <stdlib.h>

#include "model/counts/recency.h"

static size_t slot_of(const struct pair_table *table, uint32_t low, uint32_t high)
{
    uint64_t h = ((uint64_t) low << 32 | high) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t) (h >> (64 - table->bits));
}

static unsigned bits_for(size_t pairs)
{
    unsigned bits = 4;
    while (((size_t) 1 << bits) / 4 * 3 < pairs)
        bits++;
    return bits;
}

enum err pair_table_init(struct pair_table *table, size_t expected, size_t max_pairs)
{
    unsigned bits = bits_for(expected);
    struct pair *slots = calloc((size_t) 1 << bits, sizeof *slots);
    if (!slots)
        return ERR_NOMEM;
    *table = (struct pair_table){ .slots = slots, .bits = bits, .max_pairs = max_pairs };
    return OK;
}

void pair_table_deinit(struct pair_table *table)
{
    free(table->slots);
    *table = (struct pair_table){ 0 };
}

/* The pair's slot, or the free one where it belongs. */
static struct pair *find(const struct pair_table *table, uint32_t low, uint32_t high)
{
    size_t mask = pair_table_slots(table) - 1;
    for (size_t i = slot_of(table, low, high);; i = (i + 1) & mask) {
        struct pair *pair = &table->slots[i];
        if (pair->high == 0 || (pair->low == low && pair->high == high))
            return pair;
    }
}

/* Moves every pair counted more than @forget times into a new table with room for @pairs. */
static enum err rebuild(struct pair_table *table, size_t pairs, uint32_t forget)
{
    struct pair_table next = { 0 };
    TRY(pair_table_init(&next, pairs, table->max_pairs));
    for (size_t i = 0; i < pair_table_slots(table); i++) {
        const struct pair *pair = &table->slots[i];
        if (pair->high && pair->count > forget) {
            *find(&next, pair->low, pair->high) = *pair;
            next.used++;
        }
    }
    next.forgettings = table->forgettings;
    pair_table_deinit(table);
    *table = next;
    return OK;
}

/* The smallest count to forget so that at least a quarter of the pairs goes. */
static uint32_t forgettable(const struct pair_table *table)
{
    enum { COUNTS = 256 };
    size_t having[COUNTS] = { 0 };
    for (size_t i = 0; i < pair_table_slots(table); i++)
        if (table->slots[i].high && table->slots[i].count < COUNTS)
            having[table->slots[i].count]++;
    size_t gone = 0;
    for (uint32_t count = 1; count < COUNTS; count++) {
        gone += having[count];
        if (gone >= table->max_pairs / 4)
            return count;
    }
    return UINT32_MAX; /* a shop this busy everywhere starts counting again */
}

enum err pair_table_reserve(struct pair_table *table, size_t more)
{
    while (table->used + more > table->max_pairs) {
        TRY(rebuild(table, table->max_pairs, forgettable(table)));
        table->forgettings++;
    }
    if (table->used + more <= pair_table_slots(table) / 4 * 3)
        return OK;
    return rebuild(table, table->used + more, 0);
}

void pair_table_add(struct pair_table *table, uint32_t a, uint32_t b, float recent)
{
    uint32_t low = a < b ? a : b, high = a < b ? b : a;
    struct pair *pair = find(table, low, high);
    if (pair->high == 0) {
        *pair = (struct pair){ .low = low, .high = high };
        table->used++;
    }
    pair->count += pair->count < UINT32_MAX;
    pair->recent += recent;
}

bool pair_table_insert(struct pair_table *table, const struct pair *pair)
{
    struct pair *slot = find(table, pair->low, pair->high);
    if (slot->high)
        return false;
    *slot = *pair;
    table->used++;
    return true;
}

const struct pair *pair_table_get(const struct pair_table *table, uint32_t a, uint32_t b)
{
    if (a == b)
        return NULL;
    const struct pair *pair = find(table, a < b ? a : b, a < b ? b : a);
    return pair->high ? pair : NULL;
}

void pair_table_fade(struct pair_table *table, int exponent)
{
    for (size_t i = 0; i < pair_table_slots(table); i++)
        table->slots[i].recent = recency_fade(table->slots[i].recent, exponent);
}

void pair_table_prefetch(const struct pair_table *table, uint32_t a, uint32_t b)
{
    __builtin_prefetch(&table->slots[slot_of(table, a < b ? a : b, a < b ? b : a)], 1);
}
