/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What equality, order and hash have in common: numbers are one kind. Equality of lists and maps is
 * three-valued, since a host's list may hold what is not known: different when any two elements
 * are, else open when any pair is, else the same. A value may hold the same list many times over,
 * so that walking it takes far longer than making it: with a run each element is charged for;
 * hashing looks at the first few of each level only.
 */
#include "expr/cel_value.h"

#include <math.h>
#include <string.h>

#include "expr/cel_type.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_ops.h"

enum answer { DIFFERENT, SAME, OPEN };

struct comparison {
    struct cel_run *run;   /* NULL: nobody counts */
    struct cel_value open; /* what made the answer OPEN */
};

static enum answer compare(struct comparison *self, const struct cel_value *a,
                           const struct cel_value *b);

static enum answer yes(bool same)
{
    return same ? SAME : DIFFERENT;
}

static enum answer stay_open(struct comparison *self, const struct cel_value *value)
{
    if (cel_is_plain(&self->open))
        self->open = *value;
    return OPEN;
}

/* False: the run has ended, and @self says why. */
static bool charge(struct comparison *self, uint64_t steps)
{
    if (!self->run || cel_charge(self->run, steps))
        return true;
    self->open = cel_stop(self->run);
    return false;
}

static enum answer compare_texts(struct comparison *self, struct str a, struct str b)
{
    if (a.len != b.len)
        return DIFFERENT;
    if (a.len >= 16 && !charge(self, a.len / 16))
        return OPEN;
    return yes(str_eq(a, b));
}

static enum answer compare_lists(struct comparison *self, const struct cel_value *a,
                                 const struct cel_value *b)
{
    if (a->list->count != b->list->count)
        return DIFFERENT;
    enum answer whole = SAME;
    for (uint32_t i = 0; i < a->list->count; i++) {
        if (!charge(self, 1))
            return OPEN;
        struct cel_value x = cel_list_at(a, i), y = cel_list_at(b, i);
        enum answer answer = compare(self, &x, &y);
        if (answer == DIFFERENT || (self->run && self->run->stopped))
            return answer;
        if (answer == OPEN)
            whole = OPEN;
    }
    return whole;
}

static enum answer compare_maps(struct comparison *self, const struct cel_value *a,
                                const struct cel_value *b)
{
    bool of_host = a->map->find || b->map->find;
    if (of_host)
        return yes(a->map == b->map && a->part == b->part);
    if (a->map->count != b->map->count)
        return DIFFERENT;
    enum answer whole = SAME;
    for (uint32_t i = 0; i < a->map->count; i++) {
        const struct cel_entry *entry = &a->map->entries[i];
        struct cel_value other;
        size_t key_bytes = entry->key.kind == CEL_STRING ? entry->key.string.len : 0;
        if (!charge(self, 1 + key_bytes / 16))
            return OPEN;
        if (!cel_map_find(b, &entry->key, &other))
            return DIFFERENT;
        enum answer answer = compare(self, &entry->value, &other);
        if (answer == DIFFERENT || (self->run && self->run->stopped))
            return answer;
        if (answer == OPEN)
            whole = OPEN;
    }
    return whole;
}

static bool same_type(const struct cel_type *a, const struct cel_type *b)
{
    return a == b || (a->kind == b->kind && str_eq(a->name, b->name));
}

/* Two plain values of one kind. */
static enum answer compare_kind(struct comparison *self, const struct cel_value *a,
                                const struct cel_value *b)
{
    switch (a->kind) {
    case CEL_NULL: return SAME;
    case CEL_BOOL: return yes(a->boolean == b->boolean);
    case CEL_INT: return yes(a->integer == b->integer);
    case CEL_UINT: return yes(a->natural == b->natural);
    case CEL_DOUBLE: return yes(a->real == b->real);
    case CEL_STRING:
    case CEL_BYTES: return compare_texts(self, a->string, b->string);
    case CEL_TIMESTAMP:
    case CEL_DURATION: return yes(a->integer == b->integer && a->nanos == b->nanos);
    case CEL_TYPE: return yes(same_type(a->type, b->type));
    case CEL_LIST: return compare_lists(self, a, b);
    case CEL_MAP: return compare_maps(self, a, b);
    case CEL_OBJECT:
        return yes(a->object.class == b->object.class && a->object.self == b->object.self &&
                   a->part == b->part);
    case CEL_ERROR:
    case CEL_UNKNOWN:
    case CEL_KINDS: break;
    }
    return DIFFERENT;
}

static enum answer compare(struct comparison *self, const struct cel_value *a,
                           const struct cel_value *b)
{
    if (a->kind == b->kind && cel_is_plain(a))
        return compare_kind(self, a, b);
    if (!cel_is_plain(a) || !cel_is_plain(b))
        return stay_open(self, cel_is_plain(a) ? b : a);
    int order;
    return yes(cel_is_number(a->kind) && cel_is_number(b->kind) && cel_number_order(a, b, &order) &&
               order == 0);
}

bool cel_equals(const struct cel_value *a, const struct cel_value *b)
{
    struct comparison self = { .open = cel_null() };
    return compare(&self, a, b) == SAME;
}

struct cel_value cel_equality(struct cel_run *run, const struct cel_value *a,
                              const struct cel_value *b)
{
    struct comparison self = { .run = run, .open = cel_null() };
    enum answer answer = compare(&self, a, b);
    return answer == OPEN ? self.open : cel_bool(answer == SAME);
}

static int order_of_times(const struct cel_value *a, const struct cel_value *b)
{
    if (a->integer != b->integer)
        return a->integer < b->integer ? -1 : 1;
    return (a->nanos > b->nanos) - (a->nanos < b->nanos);
}

bool cel_order(const struct cel_value *a, const struct cel_value *b, int *ret_order)
{
    if (cel_is_number(a->kind) && cel_is_number(b->kind))
        return cel_number_order(a, b, ret_order);
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case CEL_BOOL: *ret_order = (a->boolean > b->boolean) - (a->boolean < b->boolean); return true;
    case CEL_STRING:
    case CEL_BYTES: {
        int order = str_cmp(a->string, b->string);
        *ret_order = (order > 0) - (order < 0);
        return true;
    }
    case CEL_TIMESTAMP:
    case CEL_DURATION: *ret_order = order_of_times(a, b); return true;
    default: return false;
    }
}

static uint64_t mixed(uint64_t x)
{
    x = (x ^ (x >> 32)) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}

static uint64_t hash_of_double(double d)
{
    uint64_t bits;
    if (d == 0 || isnan(d))
        d = 0; /* -0.0 is 0; a NaN equals nothing, so any hash will do */
    memcpy(&bits, &d, sizeof bits);
    return mixed(bits + CEL_DOUBLE);
}

enum { HASH_ELEMENTS = 8, HASH_DEPTH = 3 };

static uint64_t hash_of(const struct cel_value *value, uint32_t depth);

static uint64_t hash_of_list(const struct cel_value *list, uint32_t depth)
{
    uint64_t hash = mixed(list->list->count + ((uint64_t) CEL_LIST << 40));
    for (uint32_t i = 0; depth > 0 && i < list->list->count && i < HASH_ELEMENTS; i++) {
        struct cel_value element = cel_list_at(list, i);
        hash = mixed(hash ^ hash_of(&element, depth - 1));
    }
    return hash;
}

/* The order of writing does not matter, so the entries are added up: all of them, by their keys
 * alone. */
static uint64_t hash_of_map(const struct cel_value *map)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; !map->map->find && i < map->map->count; i++)
        hash += hash_of(&map->map->entries[i].key, 0);
    return mixed(hash + ((uint64_t) CEL_MAP << 40));
}

static uint64_t hash_of(const struct cel_value *value, uint32_t depth)
{
    switch (value->kind) {
    case CEL_BOOL: return mixed(value->boolean + 1);
    case CEL_INT: return hash_of_double((double) value->integer);
    case CEL_UINT: return hash_of_double((double) value->natural);
    case CEL_DOUBLE: return hash_of_double(value->real);
    case CEL_STRING: return str_hash(value->string);
    case CEL_BYTES: return mixed(str_hash(value->string));
    case CEL_TIMESTAMP:
    case CEL_DURATION: return mixed(mixed((uint64_t) value->integer + value->kind) ^ value->nanos);
    case CEL_TYPE: return mixed(str_hash(value->type->name) + CEL_TYPE);
    case CEL_LIST: return hash_of_list(value, depth);
    case CEL_MAP: return hash_of_map(value);
    case CEL_OBJECT: return mixed((uint64_t) (uintptr_t) value->object.self);
    default: return mixed((uint64_t) value->kind << 48);
    }
}

uint64_t cel_hash(const struct cel_value *value)
{
    return hash_of(value, HASH_DEPTH);
}

const struct cel_list *cel_list_of(struct arena *arena, const struct cel_value *items,
                                   uint32_t count)
{
    /* Without elements there must be items all the same, or the host's @at would be asked for. */
    static const struct cel_value nothing;
    struct cel_list *list = arena_take_raw(arena, sizeof *list);
    if (!list)
        return NULL;
    *list = (struct cel_list){ .count = count, .items = count ? items : &nothing };
    return list;
}
