/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strmap.h"

#include <stdlib.h>

struct slot {
    struct str key;
    uint32_t check; /* high half of the hash: most misses end here, without touching the key */
    uint32_t value; /* STRMAP_NONE = free */
};

struct strmap {
    struct slot *slots;
    size_t mask, count;
};

static struct slot *slots_new(size_t n)
{
    struct slot *slots = malloc(n * sizeof *slots);
    for (size_t i = 0; slots && i < n; i++)
        slots[i] = (struct slot){ .value = STRMAP_NONE };
    return slots;
}

struct strmap *strmap_new(size_t expected)
{
    size_t n = 16;
    while (n < expected * 2)
        n *= 2;
    struct strmap *map = calloc(1, sizeof *map);
    if (!map)
        return NULL;
    map->slots = slots_new(n);
    map->mask = n - 1;
    return map->slots ? map : strmap_free(map);
}

struct strmap *strmap_free(struct strmap *map)
{
    if (!map)
        return NULL;
    free(map->slots);
    free(map);
    return NULL;
}

static struct slot *slot_of(struct slot *slots, size_t mask, struct str key, uint64_t hash)
{
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &slots[i];
        if (slot->value == STRMAP_NONE ||
            (slot->check == (uint32_t) (hash >> 32) && str_eq(slot->key, key)))
            return slot;
    }
}

static enum err grow(struct strmap *map)
{
    size_t n = (map->mask + 1) * 2;
    struct slot *slots = slots_new(n);
    if (!slots)
        return ERR_NOMEM;
    for (size_t i = 0; i <= map->mask; i++)
        if (map->slots[i].value != STRMAP_NONE)
            *slot_of(slots, n - 1, map->slots[i].key, str_hash(map->slots[i].key)) = map->slots[i];
    free(map->slots);
    map->slots = slots;
    map->mask = n - 1;
    return OK;
}

enum err strmap_put(struct strmap *map, struct str key, uint32_t value)
{
    if ((map->count + 1) * 2 > map->mask + 1)
        TRY(grow(map));

    uint64_t hash = str_hash(key);
    struct slot *slot = slot_of(map->slots, map->mask, key, hash);
    map->count += slot->value == STRMAP_NONE;
    *slot = (struct slot){ .key = key, .check = (uint32_t) (hash >> 32), .value = value };
    return OK;
}

uint32_t strmap_get_hashed(const struct strmap *map, struct str key, uint64_t hash)
{
    return map ? slot_of(map->slots, map->mask, key, hash)->value : STRMAP_NONE;
}

uint32_t strmap_get(const struct strmap *map, struct str key)
{
    return map ? strmap_get_hashed(map, key, str_hash(key)) : STRMAP_NONE;
}

size_t strmap_count(const struct strmap *map)
{
    return map ? map->count : 0;
}
