/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of entries. A key is looked for by what it is as a key: a bool, an integer of any kind (a
 * double only when it is one), or a text; so 1, 1u and 1.0 are found alike, and exactly, however
 * big they are. Up to eight entries are looked through; more have a table twice their number, with
 * linear probing.
 */
#include "expr/cel_value.h"

#include "expr/values/cel_number.h"

enum { SCAN_MAX = 8 };

struct key {
    enum cel_kind kind; /* BOOL, STRING; INT: below zero; UINT: zero or more */
    uint64_t bits;      /* of the integer */
    struct str text;
};

/* False: of a kind that is never a key, or no integer. */
static bool key_of(const struct cel_value *value, struct key *ret_key)
{
    int64_t integer;
    uint64_t natural;
    switch (value->kind) {
    case CEL_STRING: *ret_key = (struct key){ CEL_STRING, 0, value->string }; return true;
    case CEL_BOOL: *ret_key = (struct key){ CEL_BOOL, value->boolean, { 0 } }; return true;
    case CEL_UINT: *ret_key = (struct key){ CEL_UINT, value->natural, { 0 } }; return true;
    case CEL_INT:
        *ret_key = (struct key){ value->integer < 0 ? CEL_INT : CEL_UINT,
                                 (uint64_t) value->integer,
                                 { 0 } };
        return true;
    case CEL_DOUBLE:
        if (cel_double_to_uint(value->real, &natural))
            *ret_key = (struct key){ CEL_UINT, natural, { 0 } };
        else if (cel_double_to_int(value->real, &integer))
            *ret_key = (struct key){ CEL_INT, (uint64_t) integer, { 0 } };
        else
            return false;
        return true;
    default: return false;
    }
}

static uint64_t key_hash(const struct key *key)
{
    if (key->kind == CEL_STRING)
        return str_hash(key->text);
    return str_hash((struct str){ (const char *) &key->bits, sizeof key->bits }) + key->kind;
}

static bool key_is(const struct key *key, const struct cel_value *value)
{
    switch (value->kind) {
    case CEL_STRING: return key->kind == CEL_STRING && str_eq(key->text, value->string);
    case CEL_BOOL: return key->kind == CEL_BOOL && (key->bits != 0) == value->boolean;
    case CEL_UINT: return key->kind == CEL_UINT && key->bits == value->natural;
    case CEL_INT:
        return key->kind == (value->integer < 0 ? CEL_INT : CEL_UINT) &&
               key->bits == (uint64_t) value->integer;
    default: return false;
    }
}

/* The entry, or NULL with the slot where it would be (when there is a table). */
static const struct cel_entry *find(const struct cel_map *map, const struct key *key,
                                    uint32_t n_entries, uint32_t *ret_slot)
{
    if (!map->slots) {
        for (uint32_t i = 0; i < n_entries; i++)
            if (key_is(key, &map->entries[i].key))
                return &map->entries[i];
        return NULL;
    }
    uint32_t slot = (uint32_t) key_hash(key) & map->mask;
    for (; map->slots[slot]; slot = (slot + 1) & map->mask) {
        const struct cel_entry *entry = &map->entries[map->slots[slot] - 1];
        if (key_is(key, &entry->key))
            return entry;
    }
    *ret_slot = slot;
    return NULL;
}

static bool is_key(enum cel_kind kind)
{
    return kind == CEL_BOOL || kind == CEL_INT || kind == CEL_UINT || kind == CEL_STRING;
}

const struct cel_map *cel_map_of(struct arena *arena, const struct cel_entry *entries,
                                 uint32_t count, uint32_t *ret_bad)
{
    *ret_bad = count;
    struct cel_map *map = arena_take(arena, sizeof *map);
    if (!map || count > UINT32_MAX / 4)
        return NULL;
    *map = (struct cel_map){ .count = count, .entries = entries };
    uint32_t *slots = NULL;
    if (count > SCAN_MAX) {
        uint32_t size = 2 * SCAN_MAX;
        while (size < 2 * count)
            size *= 2;
        slots = arena_take_array(arena, uint32_t, size);
        if (!slots)
            return NULL;
        map->slots = slots;
        map->mask = size - 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct key key;
        uint32_t slot = 0;
        if (!is_key(entries[i].key.kind) || !key_of(&entries[i].key, &key) ||
            find(map, &key, i, &slot)) {
            *ret_bad = i;
            return NULL;
        }
        if (slots)
            slots[slot] = i + 1;
    }
    return map;
}

bool cel_map_find(const struct cel_value *map, const struct cel_value *key,
                  struct cel_value *ret_value)
{
    if (map->map->find) {
        struct cel_value value = map->map->find(map, key);
        if (value.kind == CEL_ERROR && !value.string.at)
            return false;
        *ret_value = value;
        return true;
    }
    struct key wanted;
    uint32_t slot;
    if (!key_of(key, &wanted))
        return false;
    const struct cel_entry *entry = find(map->map, &wanted, map->map->count, &slot);
    if (!entry)
        return false;
    *ret_value = entry->value;
    return true;
}
