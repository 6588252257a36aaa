/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: asking the request
 *
 * cursor_ask, at the end, asks one group: the request field by field, or a list of
 * items once for all its fields. A value that some rule asks for is noted with a bit
 * for each item that has it, and its postings become hits.
 *
 * A value is found in two ways: looked up by its hash, several at a time (seek, look_up_all), or
 * taken from what is known of the item's product (take_item). Both come to is_there.
 */
#include "rules/rule_index_parts.h"
#include "shop/event.h"

enum { ITEMS_MAX = 64, PRESENT_FIRST = 64, FETCHED = 4 };

/* ── hits ── */

static void push(struct rule_cursor *c, const uint32_t *at, uint32_t n)
{
    if (n == 0)
        return;
    for (uint32_t i = 0; i < n && i < FETCHED; i++)
        __builtin_prefetch(&c->index->code[at[i]]); /* far away, and soon looked at */
    if (c->n_heap == c->heap_room) {
        size_t old = c->heap_room * sizeof *c->heap;
        struct branch *more = arena_grow(c->arena, c->heap, old, old ? old * 2 : 32 * sizeof *more);
        if (!more) {
            c->no_room = true;
            return;
        }
        c->heap = more;
        c->heap_room = c->heap_room ? c->heap_room * 2 : 32;
    }
    uint32_t i = c->n_heap++;
    for (; i > 0 && c->heap[(i - 1) / 2].next > *at; i = (i - 1) / 2)
        c->heap[i] = c->heap[(i - 1) / 2];
    c->heap[i] = (struct branch){ *at, at, at + n };
}

static void add_hit(struct rule_cursor *c, uint32_t column, struct postings postings)
{
    if (postings.n == 0)
        return;
    const struct rule_index *index = c->index;
    const uint64_t *bits = postings.dense ? index->bits + postings.at : NULL;
    const uint32_t *at = postings.dense ? NULL : index->places + postings.at;
    for (uint32_t i = c->n_new;
         i-- > 0 && c->n_new - i < 8;) /* often the lines of a cart are alike */
        if (c->new_hits[i].column == column && c->new_hits[i].bits == bits &&
            c->new_hits[i].at == at)
            return;
    if (c->n_new == c->new_room) {
        size_t old = c->new_room * sizeof *c->new_hits;
        struct hit *more =
            arena_grow(c->arena, c->new_hits, old, old ? old * 2 : 32 * sizeof *more);
        if (!more) {
            c->no_room = true;
            return;
        }
        c->new_hits = more;
        c->new_room = c->new_room ? c->new_room * 2 : 32;
    }
    c->new_hits[c->n_new++] = (struct hit){ bits, at, at ? at + postings.n : NULL, column };
}

/* ── what is there ── */

static struct present *present_slot(struct present *table, uint32_t mask, uint32_t value)
{
    uint32_t slot = value * 2654435761u >> 7 & mask;
    while (table[slot].value && table[slot].value != value + 1)
        slot = (slot + 1) & mask;
    return &table[slot];
}

static bool grow_present(struct rule_cursor *c)
{
    uint32_t size = c->present ? (c->present_mask + 1) * 2 : PRESENT_FIRST;
    struct present *larger = arena_take_array(c->arena, struct present, size);
    if (!larger)
        return false;
    for (uint32_t i = 0; c->present && i <= c->present_mask; i++)
        if (c->present[i].value)
            *present_slot(larger, size - 1, c->present[i].value - 1) = c->present[i];
    c->present = larger;
    c->present_mask = size - 1;
    return true;
}

/* The value is there, of @items. True the first time. */
static bool note(struct rule_cursor *c, uint32_t value, uint64_t items)
{
    if (c->n_present * 2 >= c->present_mask && !grow_present(c)) {
        c->no_room = true;
        return false;
    }
    struct present *present = present_slot(c->present, c->present_mask, value);
    bool first = present->value == 0;
    present->value = value + 1;
    present->items |= items;
    c->n_present += first;
    return first;
}

uint64_t cursor_items(const struct rule_cursor *c, uint32_t value)
{
    return c->present ? present_slot(c->present, c->present_mask, value)->items : 0;
}

static void is_there(struct rule_cursor *c, uint32_t value, uint64_t items)
{
    if (!note(c, value, items))
        return;
    const struct rule_index *index = c->index;
    const struct value_effect *effect = &index->effects[value];
    const struct index_field *field = &index->fields[effect->field];
    push(c, index->places + effect->hanging.at, effect->hanging.n);
    if (field->passing != NO_COLUMN)
        add_hit(c, field->passing, effect->passing);
    if (field->bars != NO_COLUMN)
        add_hit(c, field->bars, effect->barred);
}

/* ── looked up ── */

uint32_t rule_index_find(const struct rule_index *index, const struct index_field *field,
                         struct value value, uint64_t hash)
{
    for (uint32_t slot = (uint32_t) hash & index->slot_mask; index->slots[slot];
         slot = (slot + 1) & index->slot_mask) {
        if (index->slots[slot] >> 32 != hash >> 32)
            continue;
        uint32_t number = (uint32_t) index->slots[slot] - 1;
        const struct index_value *v = &index->values[number];
        if (v->field == field->number && key_same(v->value, value))
            return number;
    }
    return NO_NUMBER;
}

/* The value that a lookup will most likely come to, or NULL. */
static const struct index_value *likely_value(const struct rule_index *index, uint64_t hash)
{
    uint64_t slot = index->slots[(uint32_t) hash & index->slot_mask];
    return slot && slot >> 32 == hash >> 32 ? &index->values[(uint32_t) slot - 1] : NULL;
}

/* Looks up what was gathered, step by step for all, so that memory far away is waited for once. */
static void look_up_all(struct rule_cursor *c)
{
    for (uint32_t i = 0; i < c->n_sought; i++)
        __builtin_prefetch(likely_value(c->index, c->sought[i].hash));
    for (uint32_t i = 0; i < c->n_sought; i++) {
        const struct index_value *value = likely_value(c->index, c->sought[i].hash);
        if (!value)
            continue;
        __builtin_prefetch(&c->index->effects[value - c->index->values]);
        if (value->value.kind == VALUE_STRING)
            __builtin_prefetch(value->value.string.at);
    }
    for (uint32_t i = 0; i < c->n_sought; i++) {
        const struct sought *s = &c->sought[i];
        uint32_t number = rule_index_find(c->index, s->field, s->value, s->hash);
        if (number != NO_NUMBER)
            is_there(c, number, s->items);
    }
    c->n_sought = 0;
}

/* Who asks: a cursor, for these items. */
struct asking {
    struct rule_cursor *cursor;
    uint64_t items;
};

static void seek(void *self, const struct index_field *field, struct value value)
{
    struct rule_cursor *c = ((struct asking *) self)->cursor;
    uint64_t items = ((struct asking *) self)->items;
    uint64_t hash = key_hash(field->number, value);
    __builtin_prefetch(&c->index->slots[(uint32_t) hash & c->index->slot_mask]);
    c->sought[c->n_sought++] = (struct sought){ field, value, hash, items };
    if (c->n_sought == SOUGHT_MAX)
        look_up_all(c);
}

/* ── what an item has ── */

static inline void each_word(const struct facts *facts, const struct index_field *field,
                             struct value list, has_value *has, void *self)
{
    static const char *const consents[] = { "personalization", "marketing", "profiling" };

    if (list.list == LIST_CONSENT) {
        for (size_t i = 0; i < sizeof consents / sizeof *consents; i++)
            if (facts->person->consent & consent_of(str_of(consents[i])))
                has(self, field, value_string(str_of(consents[i])));
    } else if (facts->item) {
        for (uint32_t i = 0; i < facts->item->n_tags; i++)
            has(self, field, value_string(facts->item->tags[i]));
    }
}

static inline bool each_value(struct facts *facts, const struct index_field *field, has_value *has,
                              void *self)
{
    struct value value = facts->scope.load(&facts->scope, field->what.slot), key;
    if (field->what.words) {
        if (value.kind == VALUE_LIST)
            each_word(facts, field, value, has, self);
        return value.kind == VALUE_LIST;
    }
    if (key_of(field->what.kind, value, &key)) /* of another kind: known, and equal to no key */
        has(self, field, key);
    return value.kind != VALUE_UNKNOWN;
}

bool rule_index_each_value(struct facts *facts, const struct index_field *field, has_value *has,
                           void *self)
{
    return each_value(facts, field, has, self);
}

/* What one item has, or the request. False: it is not known. */
static bool ask(struct rule_cursor *c, const struct index_field *field, uint64_t items)
{
    return each_value(c->facts, field, seek, &(struct asking){ c, items });
}

/* ── taken: items whose products are known ── */

static void take_all(struct rule_cursor *c)
{
    for (uint32_t i = 0; i < c->n_taken; i++) {
        const struct postings hanging = c->index->effects[c->taken[i].value].hanging;
        if (hanging.n > 0)
            __builtin_prefetch(c->index->places + hanging.at);
    }
    for (uint32_t i = 0; i < c->n_taken; i++)
        is_there(c, c->taken[i].value, c->taken[i].items);
    c->n_taken = 0;
}

/* The words are laid out in rule_products.c. */
static void take_item(struct rule_cursor *c, const struct known_item *item, enum field_group group)
{
    const uint32_t *words = c->known->words + c->known->first[item->product];
    if (c->known->first[item->product] == c->known->first[item->product + 1])
        return;
    uint32_t counts = *words++;
    for (enum field_group before = GROUP_TRIGGER; before < group; before++) {
        words += counts & GROUP_WORDS_MAX;
        counts >>= GROUP_BITS;
    }
    for (uint32_t n = counts & GROUP_WORDS_MAX; n > 0; n--, words++) {
        if (*words & UNKNOWN_BIT) {
            c->unknown[*words & ~UNKNOWN_BIT] |= item->item;
            continue;
        }
        __builtin_prefetch(&c->index->effects[*words]);
        c->taken[c->n_taken++] = (struct taken){ *words, item->item };
        if (c->n_taken == SOUGHT_MAX)
            take_all(c);
    }
}

static void take_items(struct rule_cursor *c, enum field_group group)
{
    for (uint32_t i = 0; i < c->n_items; i++)
        __builtin_prefetch(c->known->words + c->known->first[c->items[i].product]);
    for (uint32_t i = 0; i < c->n_items; i++)
        take_item(c, &c->items[i], group);
    c->n_items = 0;
    take_all(c);
}

/* True: what the product decides of the current item needs not be asked. */
static bool is_known(struct rule_cursor *c, uint64_t item, enum field_group group)
{
    if (!c->known || !c->facts->item)
        return false;
    uint32_t product = catalog_number(c->facts->catalog, c->facts->item);
    __builtin_prefetch(&c->known->first[product]);
    if (c->n_items == SOUGHT_MAX)
        take_items(c, group);
    c->items[c->n_items++] = (struct known_item){ product, item };
    return true;
}

/* ── a group ── */

static void is_unknown(struct rule_cursor *c, const struct index_field *field)
{
    push(c, c->index->places + field->unknown.at, field->unknown.n);
    if (field->passing != NO_COLUMN)
        c->columns[field->passing].unknown = true;
    if (field->bars != NO_COLUMN)
        c->columns[field->bars].unknown = true;
}

/* The new hits, column by column. */
static void sort_hits(struct rule_cursor *c, enum field_group group)
{
    const uint32_t first = c->index->group_columns[group], end = c->index->group_columns[group + 1];
    struct hit *sorted = arena_take_raw(c->arena, c->n_new * sizeof *sorted);
    if (!sorted) {
        c->no_room = true;
        return;
    }
    for (uint32_t i = 0; i < c->n_new; i++)
        c->columns[c->new_hits[i].column].n++;
    for (uint32_t i = first; i < end; i++) {
        c->columns[i].list = sorted;
        sorted += c->columns[i].n;
        c->columns[i].n = 0;
    }
    for (uint32_t i = 0; i < c->n_new; i++) {
        struct column_hits *column = &c->columns[c->new_hits[i].column];
        column->list[column->n++] = c->new_hits[i];
    }
    c->n_new = 0;
}

static void ask_request(struct rule_cursor *c, const struct index_field *first,
                        const struct index_field *end)
{
    c->groups[GROUP_REQUEST].known = true;
    c->groups[GROUP_REQUEST].all = 1;
    for (const struct index_field *field = first; field < end; field++)
        if (!ask(c, field, 1)) {
            c->unknown[field - c->index->fields] = 1;
            is_unknown(c, field);
        }
}

/* A list is walked once for all its fields. Of a long one the last bit stands for all the rest. */
static void ask_items(struct rule_cursor *c, enum field_group number,
                      const struct index_field *first, const struct index_field *end)
{
    struct asked_group *group = &c->groups[number];
    struct term_scope *scope = &c->facts->scope;
    int64_t weight;

    for (uint32_t i = 0; group->known && scope->element(scope, group->list, i, &weight); i++) {
        uint64_t item = UINT64_C(1) << (i < ITEMS_MAX ? i : ITEMS_MAX - 1);
        group->wide |= i == ITEMS_MAX;
        group->all |= item;
        bool known = is_known(c, item, number);
        for (const struct index_field *field = first; field < end; field++)
            if (!(known && field->of_product) && !ask(c, field, item))
                c->unknown[field - c->index->fields] |= item;
    }
    take_items(c, number);
    for (const struct index_field *field = first; field < end; field++)
        if (!group->known || c->unknown[field - c->index->fields])
            is_unknown(c, field);
}

void cursor_ask(struct rule_cursor *c, enum field_group number)
{
    static const enum fact lists[] = { [GROUP_TRIGGER] = FACT_TRIGGER_ITEMS,
                                       [GROUP_CART] = FACT_CART_ITEMS,
                                       [GROUP_OWNED] = FACT_OWNED_ITEMS };
    const struct index_field *first = c->index->fields + c->index->group_fields[number],
                             *end = c->index->fields + c->index->group_fields[number + 1];
    struct asked_group *group = &c->groups[number];

    group->ready = true;
    if (number == GROUP_REQUEST) {
        ask_request(c, first, end);
    } else {
        struct value list = c->facts->scope.load(&c->facts->scope, lists[number]);
        group->known = list.kind == VALUE_LIST;
        group->list = list.list;
        ask_items(c, number, first, end);
    }
    look_up_all(c);
    sort_hits(c, number);
}
