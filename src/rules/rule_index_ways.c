/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: what can be looked up
 *
 * In which ways can a term be true? Each way is a field and the values of which it must have one; an
 * exact way says all that the term says. "An item of the cart is a camera of Nikon or Canon" has two,
 * its category and its brand; neither is exact, as both must hold of one item. And a conjunct about
 * one item is taken into leaves, which are tested on all items at once.
 */
#include <string.h>

#include "rules/rule_index_parts.h"

enum { ACCESSES_MAX = 8, KEYS_MAX = 32, LEAVES_MAX = 16 }; /* what is beyond is only tested */

/* ── keys ── */

bool key_of(enum value_kind kind, struct value value, struct value *ret_key)
{
    *ret_key = value;
    if (kind == VALUE_INT && value.kind == VALUE_INT)
        *ret_key = value_double((double) value.integer); /* near enough: not called exact */
    else if (kind == VALUE_INT)
        return value.kind == VALUE_DOUBLE && value.real == value.real;
    return kind == VALUE_INT || value.kind == kind;
}

uint64_t key_hash(uint32_t field, struct value value)
{
    uint64_t hash = value.kind == VALUE_BOOL;
    if (value.kind == VALUE_STRING) {
        hash = str_hash(value.string);
    } else if (value.kind == VALUE_DOUBLE) {
        double real = value.real == 0 ? 0 : value.real; /* of two zeroes one */
        memcpy(&hash, &real, sizeof hash);
    } else if (value.kind == VALUE_BOOL) {
        hash = value.boolean;
    }
    return split_mix64(hash, field + 1);
}

bool key_same(struct value a, struct value b)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case VALUE_STRING: return str_eq(a.string, b.string);
    case VALUE_DOUBLE: return a.real == b.real;
    default: return a.boolean == b.boolean;
    }
}

static uint64_t hash_of_key(const struct split *split, uint32_t number)
{
    return split->keys[number].hash;
}

static uint32_t add_key(struct split *split, uint32_t field, struct value value)
{
    if (!split_make_room(split, &split->key_slots, &split->key_mask, split->n_keys, hash_of_key))
        return 0;
    uint64_t hash = key_hash(field, value);
    uint32_t slot = (uint32_t) hash & split->key_mask;
    for (; split->key_slots[slot]; slot = (slot + 1) & split->key_mask) {
        const struct key *key = &split->keys[split->key_slots[slot] - 1];
        if (key->hash == hash && key->field == field && key_same(key->value, value))
            return split->key_slots[slot] - 1;
    }
    if (!SPLIT_GROW(split, split->keys, split->n_keys))
        return 0;
    split->keys[split->n_keys] = (struct key){ field, hash, value };
    split->key_slots[slot] = split->n_keys + 1;
    return split->n_keys++;
}

static bool same_field(const struct field *a, const struct field *b)
{
    return a->group == b->group && a->slot == b->slot && a->kind == b->kind && a->words == b->words;
}

static uint32_t add_field(struct split *split, struct field field)
{
    for (uint32_t i = 0; i < split->n_fields; i++)
        if (same_field(&split->fields[i], &field))
            return i;
    if (!SPLIT_GROW(split, split->fields, split->n_fields))
        return 0;
    split->fields[split->n_fields] = field;
    return split->n_fields++;
}

/* ── when can a term be true? ── */

struct way {
    struct field field;
    struct value keys[KEYS_MAX];
    uint32_t n_keys;
    bool exact;
};

struct ways {
    struct way *list; /* of ACCESSES_MAX */
    uint32_t n;
};

/* Is it asked of the group's own items (or of the request), not of what stands around them? */
static bool is_own_field(uint32_t slot, enum field_group group)
{
    bool of_item =
        (slot >= FACT_ITEM_SKU && slot <= FACT_ITEM_BOUGHT_AT) || slot >= FACT_ATTR_FIRST;
    return of_item == (group != GROUP_REQUEST);
}

/* The next way, without keys; it counts only once the caller raises ways->n. NULL: there is none. */
static struct way *add_way(struct ways *ways, enum field_group group, const struct term *slot,
                           enum value_kind kind)
{
    if (ways->n == ACCESSES_MAX || slot->op != TERM_SLOT || !is_own_field(slot->slot, group))
        return NULL;
    struct way *way = &ways->list[ways->n];
    way->field = (struct field){ .group = group, .slot = slot->slot, .kind = kind };
    way->n_keys = 0;
    way->exact = kind != VALUE_INT;
    return way;
}

/* The kind of field that has such values; VALUE_UNKNOWN: none. */
static enum value_kind kind_of(struct value value)
{
    switch (value.kind) {
    case VALUE_STRING:
    case VALUE_BOOL:
    case VALUE_INT: return value.kind;
    case VALUE_DOUBLE: return value.real == value.real ? VALUE_INT : VALUE_UNKNOWN;
    default: return VALUE_UNKNOWN;
    }
}

/* == and `in`: the first child is one of the others. */
static void ways_of_values(const struct term *term, enum field_group group, struct ways *ways)
{
    if (term->n_children < 2 || term->n_children > KEYS_MAX || term->children[1]->op != TERM_CONST)
        return;
    enum value_kind kind = kind_of(term->children[1]->constant);
    struct way *way = kind == VALUE_UNKNOWN ? NULL : add_way(ways, group, term->children[0], kind);
    if (!way)
        return;
    for (uint32_t i = 1; i < term->n_children; i++)
        if (!key_of(kind, term->children[i]->constant, &way->keys[way->n_keys++]))
            return;
    ways->n++;
}

static void ways_of_word(const struct term *term, enum field_group group, struct ways *ways)
{
    const struct term *word = term->children[1];
    if (word->op != TERM_CONST || word->constant.kind != VALUE_STRING)
        return;
    struct way *way = add_way(ways, group, term->children[0], VALUE_STRING);
    if (!way || (way->field.slot != FACT_ITEM_TAG && way->field.slot != FACT_CUSTOMER_CONSENT))
        return;
    way->field.words = true;
    way->keys[way->n_keys++] = word->constant;
    ways->n++;
}

static void ways_of(const struct term *term, enum field_group group, struct ways *ways);

/* Adds to @way what @part needs of the same field. */
static bool join_way(struct way *way, const struct ways *part)
{
    for (uint32_t i = 0; i < part->n; i++) {
        const struct way *other = &part->list[i];
        if (!same_field(&way->field, &other->field) || way->n_keys + other->n_keys > KEYS_MAX)
            continue;
        memcpy(way->keys + way->n_keys, other->keys, other->n_keys * sizeof *other->keys);
        way->n_keys += other->n_keys;
        way->exact &= other->exact;
        return true;
    }
    return false;
}

/* `or`: a field that every part asks for. */
static void ways_of_or(const struct term *term, enum field_group group, struct ways *ways)
{
    struct way list[ACCESSES_MAX];
    uint32_t before = ways->n, kept = before;

    if (term->n_children == 0)
        return;
    ways_of(term->children[0], group, ways);
    for (uint32_t w = before; w < ways->n; w++) {
        bool all = true;
        for (uint32_t i = 1; i < term->n_children && all; i++) {
            struct ways part = { list, 0 };
            ways_of(term->children[i], group, &part);
            all = join_way(&ways->list[w], &part);
        }
        if (all)
            ways->list[kept++] = ways->list[w];
    }
    ways->n = kept;
}

static void ways_of_and(const struct term *term, enum field_group group, struct ways *ways)
{
    uint32_t before = ways->n;
    for (uint32_t i = 0; i < term->n_children; i++)
        ways_of(term->children[i], group, ways);
    for (uint32_t w = before; w < ways->n && term->n_children > 1; w++)
        ways->list[w].exact = false;
}

enum field_group split_group_of(const struct term *list)
{
    if (list->op != TERM_SLOT)
        return GROUP_REQUEST;
    return list->slot == FACT_CART_ITEMS      ? GROUP_CART
           : list->slot == FACT_TRIGGER_ITEMS ? GROUP_TRIGGER
           : list->slot == FACT_OWNED_ITEMS   ? GROUP_OWNED
                                              : GROUP_REQUEST;
}

/* EXISTS, or a COUNT of at least one: the ways of its predicate, each of some item. */
static void ways_of_items(const struct term *walk, enum field_group outside, struct ways *ways)
{
    enum field_group group = split_group_of(walk->children[0]);
    if (outside == GROUP_REQUEST && group != GROUP_REQUEST)
        ways_of(walk->children[1], group, ways);
}

static void ways_of_count(const struct term *term, enum field_group group, struct ways *ways)
{
    const struct term *count = term->children[0], *bound = term->children[1];
    int64_t least = term->op == TERM_GT ? 0 : 1;
    uint32_t before = ways->n;

    if (count->op != TERM_COUNT || bound->op != TERM_CONST)
        return;
    bool asks = (bound->constant.kind == VALUE_INT && bound->constant.integer >= least) ||
                (bound->constant.kind == VALUE_DOUBLE && bound->constant.real >= (double) least);
    if (asks)
        ways_of_items(count, group, ways);
    for (uint32_t w = before; w < ways->n; w++)
        ways->list[w].exact = false;
}

/* Adds the ways in which @term can be true (or unknown): any one of them must be given. */
static void ways_of(const struct term *term, enum field_group group, struct ways *ways)
{
    switch (term->op) {
    case TERM_SLOT: {
        struct way *way = add_way(ways, group, term, VALUE_BOOL);
        if (way && fact_type(term->slot) == TYPE_BOOL) {
            way->keys[way->n_keys++] = value_bool(true);
            ways->n++;
        }
        break;
    }
    case TERM_EQ:
        ways_of_values(term, group, ways);
        ways_of_count(term, group, ways);
        break;
    case TERM_IN: ways_of_values(term, group, ways); break;
    case TERM_GE:
    case TERM_GT: ways_of_count(term, group, ways); break;
    case TERM_HAS_WORD: ways_of_word(term, group, ways); break;
    case TERM_AND: ways_of_and(term, group, ways); break;
    case TERM_OR: ways_of_or(term, group, ways); break;
    case TERM_EXISTS: ways_of_items(term, group, ways); break;
    default: break;
    }
}

/* The one way in which @term is exactly not true: what is barred. */
static void ways_of_bar(const struct term *term, enum field_group group, struct ways *ways)
{
    if (term->op == TERM_NOT) {
        ways_of(term->children[0], group, ways);
    } else if (term->op == TERM_NE) {
        const struct term equal = { .op = TERM_EQ, .children = term->children, .n_children = 2 };
        ways_of(&equal, group, ways);
    }
    if (ways->n != 1 || !ways->list[0].exact)
        ways->n = 0;
}

static uint32_t add_access(struct split *split, const struct way *way)
{
    struct access access = { .field = add_field(split, way->field),
                             .first_key = split->n_access_keys,
                             .exact = way->exact };
    for (uint32_t i = 0; i < way->n_keys; i++) {
        uint32_t key = add_key(split, access.field, way->keys[i]);
        bool twice = false;
        for (uint32_t k = access.first_key; k < split->n_access_keys; k++)
            twice |= split->access_keys[k] == key;
        if (!twice && SPLIT_GROW(split, split->access_keys, split->n_access_keys))
            split->access_keys[split->n_access_keys++] = key;
    }
    access.n_keys = split->n_access_keys - access.first_key;
    if (SPLIT_GROW(split, split->accesses, split->n_accesses))
        split->accesses[split->n_accesses++] = access;
    return split->n_accesses - 1;
}

/* ── leaves ── */

/* A slot compared with a number. */
static bool is_order(const struct term *term)
{
    if (term->op < TERM_EQ || term->op > TERM_GE || term->children[0]->op != TERM_SLOT ||
        term->children[1]->op != TERM_CONST)
        return false;
    enum value_kind kind = term->children[1]->constant.kind;
    return kind == VALUE_INT || kind == VALUE_DOUBLE;
}

/* @term's parts as leaves of the conjunct. False when there are too many. */
static bool add_leaves(struct split *split, struct conjunct *conjunct, const struct term *term)
{
    struct way list[ACCESSES_MAX];
    struct ways ways = { list, 0 };
    struct leaf leaf = { .kind = LEAF_TERM };

    if (term->op == TERM_AND && term->n_children > 0) {
        for (uint32_t i = 0; i < term->n_children; i++)
            if (!add_leaves(split, conjunct, term->children[i]))
                return false;
        return true;
    }
    for (; term->op == TERM_NOT; term = term->children[0])
        leaf.negated = !leaf.negated;
    leaf.term = term;
    struct term equal = *term;
    if (term->op == TERM_NE)
        equal.op = TERM_EQ;
    ways_of(&equal, conjunct->group, &ways);
    if (ways.n == 1 && list[0].exact && list[0].field.group == conjunct->group) {
        leaf.kind = LEAF_KEYS;
        leaf.access = add_access(split, &list[0]);
        leaf.keys_negated = leaf.negated ^ (term->op == TERM_NE);
    } else if (is_order(term)) {
        leaf.kind = LEAF_COMPARE;
    }
    if (conjunct->n_leaves == LEAVES_MAX || !SPLIT_GROW(split, split->leaves, split->n_leaves))
        return false;
    split->leaves[split->n_leaves++] = leaf;
    conjunct->n_leaves++;
    return true;
}

/* @conjunct's own term, as it stands in the arena. */
static void find_leaves(struct split *split, struct conjunct *conjunct)
{
    const struct term *term = conjunct->term;
    struct way list[ACCESSES_MAX];
    struct ways ways = { list, 0 };

    conjunct->first_leaf = split->n_leaves;
    for (; term->op == TERM_NOT; term = term->children[0])
        conjunct->negated = !conjunct->negated;
    bool of_items = term->op == TERM_EXISTS && split_group_of(term->children[0]) != GROUP_REQUEST;
    if (of_items)
        conjunct->group = split_group_of(term->children[0]);
    ways_of(term, GROUP_REQUEST, &ways);
    if (ways.n == 1 && list[0].exact) { /* of items, also when an `or` of several walks says it */
        conjunct->group = list[0].field.group;
        if (SPLIT_GROW(split, split->leaves, split->n_leaves))
            split->leaves[split->n_leaves++] = (struct leaf){ .kind = LEAF_KEYS,
                                                              .access = add_access(split, &list[0]),
                                                              .term = term };
        conjunct->n_leaves = 1;
        return;
    }
    if (!add_leaves(split, conjunct, of_items ? term->children[1] : term))
        conjunct->n_leaves = 0;
    if (conjunct->n_leaves == 1 && !of_items &&
        split->leaves[conjunct->first_leaf].kind == LEAF_TERM)
        conjunct->n_leaves = 0; /* nothing gained */
}

void split_find_accesses(struct split *split, struct conjunct *conjunct, const struct term *inner,
                         enum field_group group)
{
    struct way list[ACCESSES_MAX];
    struct ways ways = { list, 0 };

    ways_of(inner, group, &ways);
    conjunct->first_access = split->n_accesses;
    for (uint32_t i = 0; i < ways.n; i++)
        (void) add_access(split, &list[i]);
    conjunct->n_accesses = split->n_accesses - conjunct->first_access;
    ways.n = 0;
    ways_of_bar(inner, group, &ways);
    if (ways.n)
        conjunct->bar = add_access(split, &list[0]);
    find_leaves(split, conjunct);
}
