/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: conditions taken apart
 *
 * `and` at the top is taken apart, `none` into its parts, and the block of the one trigger item
 * member by member: in three-valued logic these are the same. What is left is a conjunct, known by
 * its structure: marketers' rules repeat each other, and what is equal is stored and tested once.
 */
#include <string.h>

#include "rules/rule_index_parts.h"

enum { ACCESSES_MAX = 8, KEYS_MAX = 32, COST_CALL = 50, COST_RULE = 100 };

/* ── growing arrays, in the work arena ── */

static void *grown(struct split *split, void *array, uint32_t n, size_t size)
{
    if (n < 64 ? n != 0 : (n & (n - 1)) != 0)
        return array;
    void *larger = arena_take_raw(split->work, (n < 64 ? 64 : (size_t) n * 2) * size);
    if (!larger)
        split->full = true;
    else if (n)
        memcpy(larger, array, n * size);
    return larger;
}
#define GROW(split, array, n) \
    (!(split)->full && ((array) = grown((split), (array), (n), sizeof *(array))) != NULL)

static uint64_t mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * 0x9e3779b97f4a7c15u;
    return a ^ a >> 29;
}

/* A table of at least twice as many slots as numbers; rebuilt when it grew too small. */
static bool make_room(struct split *split, uint32_t **slots, uint32_t *mask, uint32_t n,
                      uint64_t (*hash)(const struct split *split, uint32_t number))
{
    if (*slots && (n + 1) * 2 <= *mask)
        return true;
    uint32_t size = *slots ? (*mask + 1) * 4 : 1024;
    *slots = arena_take_array(split->work, uint32_t, size);
    if (!*slots) {
        split->full = true;
        return false;
    }
    *mask = size - 1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = (uint32_t) hash(split, i) & *mask;
        while ((*slots)[slot])
            slot = (slot + 1) & *mask;
        (*slots)[slot] = i + 1;
    }
    return true;
}

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
    return mix(hash, field + 1);
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
    if (!make_room(split, &split->key_slots, &split->key_mask, split->n_keys, hash_of_key))
        return 0;
    uint64_t hash = key_hash(field, value);
    uint32_t slot = (uint32_t) hash & split->key_mask;
    for (; split->key_slots[slot]; slot = (slot + 1) & split->key_mask) {
        const struct key *key = &split->keys[split->key_slots[slot] - 1];
        if (key->hash == hash && key->field == field && key_same(key->value, value))
            return split->key_slots[slot] - 1;
    }
    if (!GROW(split, split->keys, split->n_keys))
        return 0;
    split->keys[split->n_keys] = (struct key){ field, hash, value };
    split->key_slots[slot] = split->n_keys + 1;
    return split->n_keys++;
}

static uint32_t add_field(struct split *split, struct field field)
{
    for (uint32_t i = 0; i < split->n_fields; i++) {
        const struct field *f = &split->fields[i];
        if (f->group == field.group && f->slot == field.slot && f->kind == field.kind &&
            f->words == field.words)
            return i;
    }
    if (!GROW(split, split->fields, split->n_fields))
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

static bool is_own_field(uint32_t slot, enum field_group group)
{
    bool of_item =
        (slot >= FACT_ITEM_SKU && slot <= FACT_ITEM_BOUGHT_AT) || slot >= FACT_ATTR_FIRST;
    return of_item == (group != GROUP_REQUEST);
}

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

static bool same_field(const struct field *a, const struct field *b)
{
    return a->group == b->group && a->slot == b->slot && a->kind == b->kind && a->words == b->words;
}

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

static enum field_group group_of(const struct term *list)
{
    if (list->op != TERM_SLOT)
        return GROUP_REQUEST;
    return list->slot == FACT_CART_ITEMS      ? GROUP_CART
           : list->slot == FACT_TRIGGER_ITEMS ? GROUP_TRIGGER
           : list->slot == FACT_OWNED_ITEMS   ? GROUP_OWNED
                                              : GROUP_REQUEST;
}

/* Of any item, or of at least one. */
static void ways_of_items(const struct term *walk, enum field_group outside, struct ways *ways)
{
    enum field_group group = group_of(walk->children[0]);
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
        if (!twice && GROW(split, split->access_keys, split->n_access_keys))
            split->access_keys[split->n_access_keys++] = key;
    }
    access.n_keys = split->n_access_keys - access.first_key;
    if (GROW(split, split->accesses, split->n_accesses))
        split->accesses[split->n_accesses++] = access;
    return split->n_accesses - 1;
}

static void find_accesses(struct split *split, struct conjunct *conjunct, const struct term *inner,
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
}

/* ── equal terms ── */

static uint64_t hash_value(struct value value)
{
    switch (value.kind) {
    case VALUE_STRING: return str_hash(value.string);
    case VALUE_BOOL: return value.boolean;
    case VALUE_LIST: return value.list;
    case VALUE_UNKNOWN: return 0;
    default: return (uint64_t) value.integer; /* a double's bits too */
    }
}

static uint64_t hash_term(const struct term *term)
{
    uint64_t hash = mix((uint64_t) term->op << 32 | term->n_children, term->slot);
    if (term->op == TERM_CONST)
        hash = mix(hash ^ (uint64_t) term->constant.kind << 56, hash_value(term->constant));
    if (term->op == TERM_CALL)
        hash = mix(hash, (uintptr_t) term->callee);
    for (uint32_t i = 0; i < term->n_children; i++)
        hash = mix(hash, hash_term(term->children[i]));
    return hash;
}

static bool same_constant(struct value a, struct value b)
{
    if (a.kind != b.kind)
        return false;
    return a.kind == VALUE_STRING ? str_eq(a.string, b.string) : hash_value(a) == hash_value(b);
}

static bool same_term(const struct term *a, const struct term *b)
{
    if (a == b)
        return true;
    if (a->op != b->op || a->slot != b->slot || a->n_children != b->n_children)
        return false;
    if (a->op == TERM_CONST && !same_constant(a->constant, b->constant))
        return false;
    if (a->op == TERM_CALL && a->callee != b->callee)
        return false;
    for (uint32_t i = 0; i < a->n_children; i++)
        if (!same_term(a->children[i], b->children[i]))
            return false;
    return true;
}

static uint64_t hash_schedule(const struct schedule *s)
{
    uint64_t hash = mix((uint64_t) s->from_us, (uint64_t) s->until_us);
    hash = mix(hash, (uint64_t) s->days << 32 | s->n_except);
    return mix(hash, (uint64_t) (uint32_t) s->opens_minute << 32 | (uint32_t) s->closes_minute);
}

static bool same_schedule(const struct schedule *a, const struct schedule *b)
{
    return a->from_us == b->from_us && a->until_us == b->until_us && a->days == b->days &&
           a->opens_minute == b->opens_minute && a->closes_minute == b->closes_minute &&
           a->zone == b->zone && a->n_except == b->n_except &&
           (a->n_except == 0 ||
            memcmp(a->except_days, b->except_days, a->n_except * sizeof *a->except_days) == 0);
}

static bool same_conjunct(const struct conjunct *a, const struct conjunct *b)
{
    if (a->hash != b->hash || !a->term != !b->term || !a->schedule != !b->schedule ||
        a->rule != b->rule)
        return false;
    return a->term       ? same_term(a->term, b->term)
           : a->schedule ? same_schedule(a->schedule, b->schedule)
                         : true;
}

static uint64_t hash_of_conjunct(const struct split *split, uint32_t number)
{
    return split->conjuncts[number].hash;
}

/* ── conjuncts ── */

/* What testing it costs: the list it walks. */
static int cost_of(const struct term *term)
{
    int cost = term->op == TERM_EXISTS || term->op == TERM_COUNT
                   ? 4 * (int) (group_of(term->children[0]) + 1)
               : term->op == TERM_CALL ? COST_CALL
                                       : 1;
    for (uint32_t i = 0; i < term->n_children; i++)
        cost += cost_of(term->children[i]);
    return cost;
}

/* Terms made on the way to a conjunct have no depth; one that is kept is made again in the arena. */
static const struct term *settled(struct split *split, const struct term *term)
{
    const struct term *children[2] = { NULL, NULL };
    if (term->depth > 0)
        return term;
    if (term->op == TERM_SLOT)
        return term_slot(split->arena, term->slot);
    for (uint32_t i = 0; i < term->n_children; i++)
        children[i] = settled(split, term->children[i]);
    return term_node(split->arena, term->op, children, term->n_children);
}

/* @inner: what to look for accesses in, of @group; the term itself but for the trigger item. */
static void add_conjunct(struct split *split, struct conjunct conjunct, const struct term *inner,
                         enum field_group group)
{
    uint32_t *mask = &split->conjunct_mask, number = split->n_conjuncts;

    if (!make_room(split, &split->conjunct_slots, mask, number, hash_of_conjunct))
        return;
    uint32_t slot = (uint32_t) conjunct.hash & *mask;
    for (; split->conjunct_slots[slot]; slot = (slot + 1) & *mask)
        if (same_conjunct(&split->conjuncts[split->conjunct_slots[slot] - 1], &conjunct))
            break;
    if (split->conjunct_slots[slot]) {
        number = split->conjunct_slots[slot] - 1;
    } else {
        if (conjunct.term)
            conjunct.term = settled(split, conjunct.term);
        split->full |= !conjunct.term && !conjunct.schedule && !conjunct.rule;
        if (!GROW(split, split->conjuncts, split->n_conjuncts))
            return;
        conjunct.bar = NO_NUMBER;
        if (inner)
            find_accesses(split, &conjunct, inner, group);
        conjunct.cost = conjunct.rule ? COST_RULE : conjunct.term ? cost_of(conjunct.term) : 2;
        split->conjunct_slots[slot] = number + 1;
        split->conjuncts[split->n_conjuncts++] = conjunct;
    }
    if (GROW(split, split->of_rules, split->n_of_rules))
        split->of_rules[split->n_of_rules++] = number;
}

static void split_term(struct split *split, const struct term *term, enum field_group group);

static void split_each(struct split *split, const struct term *term, enum field_group group)
{
    for (uint32_t i = 0; i < term->n_children; i++)
        split_term(split, term->children[i], group);
}

/* none: each of its parts is not. */
static void split_none(struct split *split, const struct term *either, enum field_group group)
{
    for (uint32_t i = 0; i < either->n_children; i++) {
        const struct term none = { .op = TERM_NOT,
                                   .children = &either->children[i],
                                   .n_children = 1 };
        split_term(split, &none, group);
    }
}

/* @group is GROUP_TRIGGER inside of the block of the trigger item. */
static void split_term(struct split *split, const struct term *term, enum field_group group)
{
    const struct term *child = term->n_children ? term->children[0] : NULL;

    if (term->op == TERM_AND) {
        split_each(split, term, group);
    } else if (term->op == TERM_NOT && child->op == TERM_OR) {
        split_none(split, child, group);
    } else if (term->op == TERM_NOT && child->op == TERM_NOT) {
        split_term(split, child->children[0], group);
    } else if (term->op == TERM_EXISTS && group == GROUP_REQUEST &&
               group_of(child) == GROUP_TRIGGER) {
        const uint32_t before = split->n_of_rules;
        split_term(split, term->children[1], GROUP_TRIGGER);
        if (split->n_of_rules == before) /* an empty block: is there an item at all? */
            add_conjunct(split, (struct conjunct){ .term = term, .hash = hash_term(term) }, term,
                         GROUP_REQUEST);
    } else {
        struct conjunct conjunct = { .term = term, .hash = hash_term(term) };
        if (group == GROUP_TRIGGER) { /* as it will stand: compared before it is made */
            const struct term list = { .op = TERM_SLOT, .slot = FACT_TRIGGER_ITEMS };
            const struct term *const children[] = { &list, term };
            const struct term whole = { .op = TERM_EXISTS, .children = children, .n_children = 2 };
            conjunct = (struct conjunct){ .term = &whole, .hash = hash_term(&whole) };
            add_conjunct(split, conjunct, term, group);
        } else {
            add_conjunct(split, conjunct, term, group);
        }
    }
}

static void split_rule(struct split *split, const struct rule *rule)
{
    const uint32_t first = split->n_of_rules;
    bool plain = true;

    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        if (rule->conditions[i].term)
            split_term(split, rule->conditions[i].term, GROUP_REQUEST);
        else
            plain = false;
    }
    if (split->n_of_rules - first >= RULE_CONJUNCTS_MAX) {
        split->n_of_rules = first;
        plain = false;
    }
    if (!plain)
        add_conjunct(split, (struct conjunct){ .rule = rule, .hash = mix((uintptr_t) rule, 0) },
                     NULL, GROUP_REQUEST);
    else if (!rule->schedule.always)
        add_conjunct(split,
                     (struct conjunct){ .schedule = &rule->schedule,
                                        .hash = hash_schedule(&rule->schedule) },
                     NULL, GROUP_REQUEST);
}

enum err split_rules(const struct rule_lists *lists, struct arena *arena, struct arena *work,
                     struct split *ret_split)
{
    *ret_split = (struct split){ .arena = arena, .work = work };
    ret_split->first = arena_take_array(work, uint32_t, (size_t) lists->n_rules + 1);
    if (!ret_split->first)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < lists->n_rules; i++) {
        const struct rule *rule = &lists->rules[i];
        ret_split->first[i] = ret_split->n_of_rules;
        if (rule->status == STATUS_ACTIVE || rule->status == STATUS_SHADOW)
            split_rule(ret_split, rule);
    }
    ret_split->first[lists->n_rules] = ret_split->n_of_rules;
    return ret_split->full ? ERR_LIMIT : OK;
}
