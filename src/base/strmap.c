/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short key (ids, brands and categories hardly ever have more than 16 bytes) is held in its slot
 * itself, so that finding it touches one place in memory and not two; of a longer one the slot has
 * where it is and a part of its hash: most misses end there, without touching the key.
 */
#include "base/strmap.h"

#include <stdlib.h>

enum {
    SHORT_BYTES = 16,
    AT_ONCE = 32, /* keys that are looked up together */
};

struct slot {
    union {
        uint64_t words[2]; /* of a short key: see words_of */
        struct {
            const char *at;
            uint64_t hash;
        } far;
    } key;
    uint32_t len;
    uint32_t value; /* STRMAP_NONE = free */
};

struct strmap {
    struct slot *slots;
    size_t mask, count;
};

struct wanted_key {
    struct str text;
    uint64_t hash;
    uint64_t words[2];
};

/* Two keys of one length have the same words when they are the same. The words may overlap. */
static inline void words_of(struct str key, uint64_t words[2])
{
    uint32_t head, tail;
    words[0] = words[1] = 0;
    if (key.len >= 8) {
        memcpy(&words[0], key.at, 8);
        memcpy(&words[1], key.at + key.len - 8, 8);
    } else if (key.len >= 4) {
        memcpy(&head, key.at, 4);
        memcpy(&tail, key.at + key.len - 4, 4);
        words[0] = head;
        words[1] = tail;
    } else if (key.len > 0) {
        words[0] = (unsigned char) key.at[0];
        words[1] = (uint64_t) (unsigned char) key.at[key.len / 2] << 8 |
                   (unsigned char) key.at[key.len - 1];
    }
}

/* The key of a slot, as it was put; @room is where a short one is written to. */
static struct str text_of(const struct slot *slot, char room[SHORT_BYTES])
{
    const uint64_t *words = slot->key.words;
    uint32_t head = (uint32_t) words[0], tail = (uint32_t) words[1], len = slot->len;
    if (len > SHORT_BYTES)
        return (struct str){ slot->key.far.at, len };
    if (len >= 8) {
        memcpy(room, &words[0], 8);
        memcpy(room + len - 8, &words[1], 8);
    } else if (len >= 4) {
        memcpy(room, &head, 4);
        memcpy(room + len - 4, &tail, 4);
    } else if (len > 0) {
        room[0] = (char) head;
        room[len / 2] = (char) (tail >> 8);
        room[len - 1] = (char) tail;
    }
    return (struct str){ room, len };
}

static inline struct wanted_key want(struct str key, uint64_t hash)
{
    struct wanted_key wanted = { .text = key, .hash = hash };
    if (key.len <= SHORT_BYTES)
        words_of(key, wanted.words);
    return wanted;
}

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

static inline bool is_it(const struct slot *slot, const struct wanted_key *wanted)
{
    if (slot->len != wanted->text.len)
        return false;
    if (wanted->text.len <= SHORT_BYTES)
        return slot->key.words[0] == wanted->words[0] && slot->key.words[1] == wanted->words[1];
    return slot->key.far.hash == wanted->hash &&
           memcmp(slot->key.far.at, wanted->text.at, wanted->text.len) == 0;
}

static inline struct slot *slot_of(struct slot *slots, size_t mask, const struct wanted_key *wanted)
{
    for (size_t i = wanted->hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &slots[i];
        if (slot->value == STRMAP_NONE || is_it(slot, wanted))
            return slot;
    }
}

static enum err grow(struct strmap *map)
{
    size_t n = (map->mask + 1) * 2;
    struct slot *slots = slots_new(n);
    if (!slots)
        return ERR_NOMEM;
    for (size_t i = 0; i <= map->mask; i++) {
        char room[SHORT_BYTES];
        if (map->slots[i].value == STRMAP_NONE)
            continue;
        struct str text = text_of(&map->slots[i], room);
        struct wanted_key wanted = want(text, str_hash(text));
        *slot_of(slots, n - 1, &wanted) = map->slots[i];
    }
    free(map->slots);
    map->slots = slots;
    map->mask = n - 1;
    return OK;
}

enum err strmap_put(struct strmap *map, struct str key, uint32_t value)
{
    if (key.len > UINT32_MAX)
        return ERR_LIMIT;
    if ((map->count + 1) * 2 > map->mask + 1)
        TRY(grow(map));

    struct wanted_key wanted = want(key, str_hash(key));
    struct slot *slot = slot_of(map->slots, map->mask, &wanted);
    map->count += slot->value == STRMAP_NONE;
    *slot = (struct slot){ .len = (uint32_t) key.len, .value = value };
    if (key.len <= SHORT_BYTES) {
        slot->key.words[0] = wanted.words[0];
        slot->key.words[1] = wanted.words[1];
    } else {
        slot->key.far.at = key.at;
        slot->key.far.hash = wanted.hash;
    }
    return OK;
}

static inline uint32_t get(const struct strmap *map, struct str key, uint64_t hash)
{
    if (!map)
        return STRMAP_NONE;
    struct wanted_key wanted = want(key, hash);
    return slot_of(map->slots, map->mask, &wanted)->value;
}

uint32_t strmap_get_hashed(const struct strmap *map, struct str key, uint64_t hash)
{
    return get(map, key, hash);
}

uint32_t strmap_get(const struct strmap *map, struct str key)
{
    return map ? strmap_get_hashed(map, key, str_hash(key)) : STRMAP_NONE;
}

/* All are on their way before the first is looked at, so that memory brings them together. */
void strmap_get_many(const struct strmap *map, const struct str *keys, uint32_t n,
                     uint32_t *ret_values)
{
    uint64_t hashes[AT_ONCE];
    for (uint32_t some; n > 0; keys += some, ret_values += some, n -= some) {
        some = n < AT_ONCE ? n : AT_ONCE;
        for (uint32_t i = 0; map && i < some; i++) {
            hashes[i] = str_hash(keys[i]);
            __builtin_prefetch(&map->slots[hashes[i] & map->mask]);
            __builtin_prefetch(&map->slots[hashes[i] & map->mask].value);
        }
        for (uint32_t i = 0; i < some; i++)
            ret_values[i] = get(map, keys[i], hashes[i]);
    }
}

size_t strmap_count(const struct strmap *map)
{
    return map ? map->count : 0;
}

size_t strmap_bytes(const struct strmap *map)
{
    return map ? sizeof *map + (map->mask + 1) * sizeof *map->slots : 0;
}
