/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_names.h"

/* Open addressing, linear probing, at most half full. A table that grows leaves the old one to the
 * arena. */
struct cel_name_slot {
    struct str name;
    uint32_t check, number; /* CEL_NAMES_NONE: free */
};

static struct cel_name_slot *slots_new(struct arena *arena, uint32_t n)
{
    struct cel_name_slot *slots = arena_take_array(arena, struct cel_name_slot, n);
    for (uint32_t i = 0; slots && i < n; i++)
        slots[i].number = CEL_NAMES_NONE;
    return slots;
}

bool cel_names_init(struct cel_names *names, struct arena *arena, uint32_t expected)
{
    uint32_t n = 16;
    while (n < expected * 2)
        n *= 2;
    *names = (struct cel_names){ .arena = arena, .mask = n - 1, .slots = slots_new(arena, n) };
    return names->slots;
}

static struct cel_name_slot *slot_of(struct cel_name_slot *slots, uint32_t mask, struct str name,
                                     uint64_t hash)
{
    for (uint32_t i = (uint32_t) hash & mask;; i = (i + 1) & mask) {
        struct cel_name_slot *slot = &slots[i];
        if (slot->number == CEL_NAMES_NONE ||
            (slot->check == (uint32_t) (hash >> 32) && str_eq(slot->name, name)))
            return slot;
    }
}

static bool grow(struct cel_names *names)
{
    uint32_t n = (names->mask + 1) * 2;
    struct cel_name_slot *slots = slots_new(names->arena, n);
    if (!slots)
        return false;
    for (uint32_t i = 0; i <= names->mask; i++) {
        const struct cel_name_slot *old = &names->slots[i];
        if (old->number != CEL_NAMES_NONE)
            *slot_of(slots, n - 1, old->name, str_hash(old->name)) = *old;
    }
    names->slots = slots;
    names->mask = n - 1;
    return true;
}

bool cel_names_put(struct cel_names *names, struct str name, uint32_t number)
{
    if (names->count * 2 > names->mask && !grow(names))
        return false;
    uint64_t hash = str_hash(name);
    struct cel_name_slot *slot = slot_of(names->slots, names->mask, name, hash);
    names->count += slot->number == CEL_NAMES_NONE;
    *slot = (struct cel_name_slot){ name, (uint32_t) (hash >> 32), number };
    if (name.len > names->longest)
        names->longest = name.len;
    return true;
}

uint32_t cel_names_get(const struct cel_names *names, struct str name)
{
    if (name.len > names->longest)
        return CEL_NAMES_NONE;
    return slot_of(names->slots, names->mask, name, str_hash(name))->number;
}
