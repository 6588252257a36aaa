/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Strmap
 *
 * From a string to a small number (usually an index into an array that the
 * caller keeps). Open addressing, linear probing, at most half full, 24 bytes a slot.
 * Keys are borrowed: they must outlive the map. Build it on one thread; once built any
 * number of threads may look up. There is no removal.
 */
struct strmap;

#define STRMAP_NONE UINT32_MAX

struct strmap *strmap_new(size_t expected); /* NULL for lack of memory */
struct strmap *strmap_free(struct strmap *map);
DEFINE_AUTO(struct strmap, strmap_free)

/* Sets or replaces. ERR_NOMEM, or ERR_LIMIT for a key of 4 GB, leaves the map as it was. */
MUST_CHECK enum err strmap_put(struct strmap *map, struct str key, uint32_t value);

/* STRMAP_NONE when absent. No allocation. A NULL map is empty. */
uint32_t strmap_get(const struct strmap *map, struct str key);
uint32_t strmap_get_hashed(const struct strmap *map, struct str key, uint64_t hash);

/* The same for @n keys, a good deal faster than one by one when the map is not in the cache. */
void strmap_get_many(const struct strmap *map, const struct str *keys, uint32_t n,
                     uint32_t *ret_values);

size_t strmap_count(const struct strmap *map);
size_t strmap_bytes(const struct strmap *map); /* of memory, the keys left out */
