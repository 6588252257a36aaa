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
 * caller keeps). Open addressing, linear probing, at most half full. Keys are
 * borrowed: they must outlive the map. Build it on one thread; once built any
 * number of threads may look up. There is no removal.
 */
struct strmap;

#define STRMAP_NONE UINT32_MAX

struct strmap *strmap_new(size_t expected); /* NULL for lack of memory */
struct strmap *strmap_free(struct strmap *map);
DEFINE_AUTO(struct strmap, strmap_free)

/* Sets or replaces. ERR_NOMEM leaves the map as it was. */
MUST_CHECK enum err strmap_put(struct strmap *map, struct str key, uint32_t value);

/* STRMAP_NONE when absent. No allocation. A NULL map is empty. */
uint32_t strmap_get(const struct strmap *map, struct str key);
uint32_t strmap_get_hashed(const struct strmap *map, struct str key, uint64_t hash);

size_t strmap_count(const struct strmap *map);
