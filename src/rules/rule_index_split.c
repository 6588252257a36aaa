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

enum { COST_CALL = 50, COST_RULE = 100 };

/* ── growing arrays, in the work arena ── */

void *split_grown(struct split *split, void *array, uint32_t n, size_t size)
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

uint64_t split_mix64(uint64_t a, uint64_t b)
{
    a = (a ^ b) * 0x9e3779b97f4a7c15u;
    return a ^ a >> 29;
}

/* A table of at least twice as many slots as numbers; rebuilt when it grew too small. */
bool split_make_room(struct split *split, uint32_t **slots, uint32_t *mask, uint32_t n,
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
    uint64_t hash = split_mix64((uint64_t) term->op << 32 | term->n_children, term->slot);
    if (term->op == TERM_CONST)
        hash = split_mix64(hash ^ (uint64_t) term->constant.kind << 56, hash_value(term->constant));
    if (term->op == TERM_CALL)
        hash = split_mix64(hash, (uintptr_t) term->callee);
    for (uint32_t i = 0; i < term->n_children; i++)
        hash = split_mix64(hash, hash_term(term->children[i]));
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
    uint64_t hash = split_mix64((uint64_t) s->from_us, (uint64_t) s->until_us);
    hash = split_mix64(hash, (uint64_t) s->days << 32 | s->n_except);
    return split_mix64(hash,
                       (uint64_t) (uint32_t) s->opens_minute << 32 | (uint32_t) s->closes_minute);
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
                   ? 4 * (int) (split_group_of(term->children[0]) + 1)
               : term->op == TERM_CALL ? COST_CALL
                                       : 1;
    for (uint32_t i = 0; i < term->n_children; i++)
        cost += cost_of(term->children[i]);
    return cost;
}

/*
 * Terms made on the way to a conjunct have no depth; one that is kept is made again in the arena.
 */
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

    if (!split_make_room(split, &split->conjunct_slots, mask, number, hash_of_conjunct))
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
        if (!SPLIT_GROW(split, split->conjuncts, split->n_conjuncts))
            return;
        conjunct.bar = NO_NUMBER;
        if (inner)
            split_find_accesses(split, &conjunct, inner, group);
        conjunct.cost = conjunct.rule ? COST_RULE : conjunct.term ? cost_of(conjunct.term) : 2;
        split->conjunct_slots[slot] = number + 1;
        split->conjuncts[split->n_conjuncts++] = conjunct;
    }
    if (SPLIT_GROW(split, split->of_rules, split->n_of_rules))
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
               split_group_of(child) == GROUP_TRIGGER) {
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
        add_conjunct(split,
                     (struct conjunct){ .rule = rule, .hash = split_mix64((uintptr_t) rule, 0) },
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
