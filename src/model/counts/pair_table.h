/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Pair table
 *
 * How often two numbers were seen together, and how much of that lately (recency.h): open
 * addressing with linear probing over slots of 16 bytes, at most three quarters full. Bounded:
 * room for more than max_pairs is made by forgetting the rarest, which depends on the counts alone
 * and not on the order in which they lie, so that equal states stay equal. One thread.
 */
struct pair {
    uint32_t low, high; /* low < high; high 0 = a free slot */
    uint32_t count;
    float recent;
};

struct pair_table {
    struct pair *slots;
    unsigned bits; /* 1 << bits slots */
    size_t used, max_pairs;
    uint64_t forgettings; /* how often the rarest were forgotten */
};

MUST_CHECK enum err pair_table_init(struct pair_table *table, size_t expected, size_t max_pairs);
void pair_table_deinit(struct pair_table *table);

/*
 * Makes sure that the next @more additions (at most max_pairs / 2) cannot fail. May forget
 * pairs; ERR_NOMEM leaves the table as it was.
 */
MUST_CHECK enum err pair_table_reserve(struct pair_table *table, size_t more);

/* Once more, two different numbers, in any order. Room must have been reserved. */
void pair_table_add(struct pair_table *table, uint32_t a, uint32_t b, float recent);

/* The same for a pair that must be new; false, and nothing is changed, when it is not. */
bool pair_table_insert(struct pair_table *table, const struct pair *pair);

/* NULL: never seen together. Borrowed until something is added. */
const struct pair *pair_table_get(const struct pair_table *table, uint32_t a, uint32_t b);

/* All recent counts times 2^@exponent. */
void pair_table_fade(struct pair_table *table, int exponent);

/* Tells the processor which slot is needed soon: the table is larger than its caches. */
void pair_table_prefetch(const struct pair_table *table, uint32_t a, uint32_t b);

static inline size_t pair_table_slots(const struct pair_table *table)
{
    return (size_t) 1 << table->bits;
}
