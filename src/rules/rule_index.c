/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: making it, and a request's walk
 *
 * What the request holds is asked field by field, a list of items once for all its fields, and the
 * owned items only when something depends on them. A hit is a posting of a value that is there.
 * Hanging rules come from their hits by a heap of postings; scanned rules a block at a time, as
 * the bits that all columns and filters let through.
 */
#include "rules/rule_index.h"

#include <string.h>

#include "rules/rule_index_parts.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"
#include "shop/event.h"

enum { WORK_CHUNK_BYTES = 1 << 20, WORK_LIMIT_BYTES = 1 << 30 };

enum err rule_index_build(const struct rule_lists *lists, struct arena *arena,
                          const struct rule_index *const **ret_indexes)
{
    AUTO(arena_free) struct arena *work = arena_new(WORK_CHUNK_BYTES, WORK_LIMIT_BYTES);
    AUTO(arena_free) struct arena *of_list = arena_new(WORK_CHUNK_BYTES, WORK_LIMIT_BYTES);
    const struct rule_index **indexes =
        arena_take_array(arena, const struct rule_index *, lists->n_lists);
    struct split split;
    bool any = false;

    if (!work || !of_list)
        return ERR_NOMEM;
    if (!indexes)
        return ERR_LIMIT;
    *ret_indexes = indexes;
    for (uint32_t i = 0; i < lists->n_lists; i++)
        any |= lists->bounds[i + 1] - lists->bounds[i] >= RULE_INDEX_LEAST;
    if (!any)
        return OK;
    TRY(split_rules(lists, arena, work, &split));
    for (uint32_t i = 0; i < lists->n_lists; i++) {
        if (lists->bounds[i + 1] - lists->bounds[i] < RULE_INDEX_LEAST)
            continue;
        TRY(rule_index_list(&split, lists, i, arena, of_list, &indexes[i]));
        arena_reset(of_list);
    }
    return OK;
}

struct rule_index_facts rule_index_facts(const struct rule_index *index)
{
    return (struct rule_index_facts){ .hanging = index->n_hanging,
                                      .scanned = index->n_scanned,
                                      .columns = index->n_columns,
                                      .filters = index->n_filters,
                                      .checks = index->n_checks };
}

/* ── a walk ── */

/* Scanned rules that a value lets through or bars: a bitmap, or places still ahead. */
struct hit {
    const uint64_t *bits;
    const uint32_t *at, *end;
    uint32_t column;
};

/* Hanging rules of a value that is there; @next is at's, the top of the heap is the least. */
struct branch {
    uint32_t next;
    const uint32_t *at, *end;
};

struct column_hits {
    struct hit *list;
    uint32_t n;
    bool unknown;
};

struct rule_cursor {
    const struct rule_index *index;
    struct facts *facts;
    int64_t now_us;
    struct arena *arena;
    uint8_t *memo; /* of shared checks: 0 = not asked, else 1 + enum truth */
    bool *unknown; /* of fields of items: some item does not know it */
    bool no_room, group_ready[FIELD_GROUPS];

    struct branch *heap;
    uint32_t n_heap, heap_room;
    struct hit *new_hits; /* while a group is asked */
    uint32_t n_new, new_room;
    struct column_hits columns[COLUMNS_MAX];

    uint32_t block; /* the next one */
    uint64_t alive[BLOCK_WORDS];
    uint32_t word; /* of alive: those before it are empty */
};

/* ── hits ── */

static void push(struct rule_cursor *c, const uint32_t *at, uint32_t n)
{
    if (n == 0)
        return;
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

/* The top of the heap moves on to its next rule. */
static void advance(struct rule_cursor *c)
{
    struct branch moved = c->heap[0];
    if (++moved.at < moved.end)
        moved.next = *moved.at;
    else if (--c->n_heap > 0)
        moved = c->heap[c->n_heap];
    else
        return;
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < c->n_heap; i = child) {
        child += child + 1 < c->n_heap && c->heap[child + 1].next < c->heap[child].next;
        if (c->heap[child].next >= moved.next)
            break;
        c->heap[i] = c->heap[child];
    }
    c->heap[i] = moved;
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

/* ── asking the request ── */

static void value_is_there(struct rule_cursor *c, const struct index_field *field,
                           struct value value)
{
    const struct rule_index *index = c->index;
    uint64_t hash = key_hash(field->number, value);
    for (uint32_t slot = (uint32_t) hash & index->slot_mask; index->slots[slot];
         slot = (slot + 1) & index->slot_mask) {
        if (index->slots[slot] >> 32 != hash >> 32)
            continue;
        const struct index_value *v = &index->values[(uint32_t) index->slots[slot] - 1];
        if (v->field != field->number || !key_same(v->value, value))
            continue;
        push(c, index->places + v->hanging.at, v->hanging.n);
        if (field->passing != NO_COLUMN)
            add_hit(c, field->passing, v->passing);
        if (field->bars != NO_COLUMN)
            add_hit(c, field->bars, v->barred);
        return;
    }
}

static void words_are_there(struct rule_cursor *c, const struct index_field *field,
                            struct value list)
{
    static const char *const consents[] = { "personalization", "marketing", "profiling" };
    const struct facts *facts = c->facts;

    if (list.list == LIST_CONSENT) {
        for (size_t i = 0; i < sizeof consents / sizeof *consents; i++)
            if (facts->person->consent & consent_of(str_of(consents[i])))
                value_is_there(c, field, value_string(str_of(consents[i])));
    } else if (facts->item) {
        for (uint32_t i = 0; i < facts->item->n_tags; i++)
            value_is_there(c, field, value_string(facts->item->tags[i]));
    }
}

/* What one item has, or the request. False: it is not known. */
static bool ask(struct rule_cursor *c, const struct index_field *field)
{
    struct value value = c->facts->scope.load(&c->facts->scope, field->what.slot);
    if (field->what.words) {
        if (value.kind == VALUE_LIST)
            words_are_there(c, field, value);
        return value.kind == VALUE_LIST;
    }
    if (key_of(field->what.kind, value, &value)) /* of another kind: known, and equal to no key */
        value_is_there(c, field, value);
    return value.kind != VALUE_UNKNOWN;
}

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

static void ask_group(struct rule_cursor *c, enum field_group group)
{
    static const enum fact lists[] = { [GROUP_TRIGGER] = FACT_TRIGGER_ITEMS,
                                       [GROUP_CART] = FACT_CART_ITEMS,
                                       [GROUP_OWNED] = FACT_OWNED_ITEMS };
    const struct index_field *first = c->index->fields + c->index->group_fields[group],
                             *end = c->index->fields + c->index->group_fields[group + 1];
    struct term_scope *scope = &c->facts->scope;
    int64_t weight;

    c->group_ready[group] = true;
    if (first == end)
        return;
    if (group == GROUP_REQUEST) {
        for (const struct index_field *field = first; field < end; field++)
            if (!ask(c, field))
                is_unknown(c, field);
    } else {
        struct value list = scope->load(scope, lists[group]);
        for (uint32_t i = 0; list.kind == VALUE_LIST; i++) {
            if (!scope->element(scope, list.list, i, &weight))
                break;
            for (const struct index_field *field = first; field < end; field++)
                if (!ask(c, field))
                    c->unknown[field - c->index->fields] = true;
        }
        for (const struct index_field *field = first; field < end; field++)
            if (list.kind != VALUE_LIST || c->unknown[field - c->index->fields])
                is_unknown(c, field);
    }
    sort_hits(c, group);
}

struct rule_cursor *rule_cursor_new(const struct rule_index *index, struct facts *facts,
                                    int64_t now_us, struct arena *arena)
{
    const uint32_t n_fields = index->group_fields[FIELD_GROUPS];
    struct rule_cursor *c = arena_take(arena, sizeof *c + index->n_memo + n_fields);
    if (!c)
        return NULL;
    c->index = index;
    c->facts = facts;
    c->now_us = now_us;
    c->arena = arena;
    c->memo = (uint8_t *) (c + 1);
    c->unknown = (bool *) (c->memo + index->n_memo);
    c->word = BLOCK_WORDS;
    for (enum field_group group = 0; group < FIELD_GROUPS; group++)
        if (index->group_hangs[group])
            ask_group(c, group);
    return c;
}

/* ── tests ── */

static enum truth evaluate(struct rule_cursor *c, const struct check *check)
{
    if (check->term)
        return term_test(check->term, &c->facts->scope);
    if (check->schedule)
        return schedule_is_on(check->schedule, c->now_us) ? TRUTH_YES : TRUTH_NO;
    struct match_verdict verdict = rule_matches(check->rule, c->facts, c->now_us);
    return verdict.answer == MATCH_YES ? TRUTH_YES : TRUTH_NO;
}

static inline enum truth test(struct rule_cursor *c, uint32_t number)
{
    if (number >= c->index->n_memo)
        return evaluate(c, &c->index->checks[number]);
    if (!c->memo[number])
        c->memo[number] = (uint8_t) (1 + evaluate(c, &c->index->checks[number]));
    return (enum truth)(c->memo[number] - 1);
}

static bool matches(struct rule_cursor *c, const struct entry *entry)
{
    const uint32_t *checks = c->index->entry_checks + entry->first_check;
    for (uint32_t i = 0; i < entry->n_checks; i++) {
        enum truth truth = test(c, checks[i]);
        if (truth == TRUTH_NO || (truth == TRUTH_UNKNOWN && !entry->unknown_allows))
            return false;
    }
    return true;
}

/* ── scanning ── */

static bool any(const uint64_t words[BLOCK_WORDS])
{
    uint64_t all = 0;
    for (int i = 0; i < BLOCK_WORDS; i++)
        all |= words[i];
    return all != 0;
}

static void add_places(struct hit *hit, uint32_t block, uint64_t words[BLOCK_WORDS])
{
    const uint32_t from = block * BLOCK_RULES, end = from + BLOCK_RULES;
    for (; hit->at < hit->end && *hit->at < end; hit->at++)
        if (*hit->at >= from)
            words[(*hit->at - from) / 64] |= UINT64_C(1) << *hit->at % 64;
}

static void add_bits(const uint64_t *bits, uint64_t words[BLOCK_WORDS])
{
    for (int i = 0; i < BLOCK_WORDS; i++)
        words[i] |= bits[i];
}

static void pass_column(struct rule_cursor *c, uint32_t number, uint32_t block,
                        uint64_t alive[BLOCK_WORDS])
{
    const struct column *column = &c->index->columns[number];
    const size_t at = (size_t) block * BLOCK_WORDS;
    struct column_hits *hits = &c->columns[number];
    uint64_t words[BLOCK_WORDS] = { 0 };

    if (column->base)
        memcpy(words, column->base + at, sizeof words);
    if (hits->unknown)
        add_bits(column->unknown + at, words);
    for (uint32_t i = 0; i < hits->n; i++)
        if (hits->list[i].bits)
            add_bits(hits->list[i].bits + at, words);
        else
            add_places(&hits->list[i], block, words);
    const uint64_t turned = column->bars ? ~UINT64_C(0) : 0;
    for (int i = 0; i < BLOCK_WORDS; i++)
        alive[i] &= words[i] ^ turned;
}

static void pass_filter(struct rule_cursor *c, const struct filter *filter, uint32_t block,
                        uint64_t alive[BLOCK_WORDS])
{
    const uint64_t *rules = filter->rules + (size_t) block * BLOCK_WORDS;
    const uint64_t *strict = filter->strict + (size_t) block * BLOCK_WORDS;
    uint64_t asked = 0;

    for (int i = 0; i < BLOCK_WORDS; i++)
        asked |= alive[i] & rules[i];
    if (!asked)
        return;
    enum truth truth = test(c, filter->check);
    if (truth == TRUTH_YES)
        return;
    const uint64_t *gone = truth == TRUTH_NO ? rules : strict;
    for (int i = 0; i < BLOCK_WORDS; i++)
        alive[i] &= ~gone[i];
}

static void fill_block(const struct rule_index *index, uint32_t block, uint64_t alive[BLOCK_WORDS])
{
    uint32_t left = index->n_scanned - block * BLOCK_RULES;
    for (uint32_t i = 0; i < BLOCK_WORDS; i++)
        alive[i] = left >= (i + 1) * 64 ? ~UINT64_C(0)
                   : left > i * 64      ? (UINT64_C(1) << left % 64) - 1
                                        : 0;
}

/* The rules of the block that columns and filters let through. */
static bool scan_block(struct rule_cursor *c, uint32_t block)
{
    const struct rule_index *index = c->index;
    fill_block(index, block, c->alive);
    for (uint32_t i = 0; i < index->n_columns; i++) {
        if (!c->group_ready[index->columns[i].group])
            ask_group(c, index->columns[i].group);
        if (c->no_room)
            return false;
        pass_column(c, i, block, c->alive);
        if (!any(c->alive))
            return false;
    }
    for (uint32_t i = 0; i < index->n_filters; i++)
        pass_filter(c, &index->filters[i], block, c->alive);
    return any(c->alive);
}

/* The next scanned rule that is alive; it stays. NULL when there is none. */
static const struct entry *next_scanned(struct rule_cursor *c)
{
    for (;;) {
        for (; c->word < BLOCK_WORDS; c->word++)
            if (c->alive[c->word])
                return c->index->scanned + (c->block - 1) * BLOCK_RULES + c->word * 64 +
                       (uint32_t) __builtin_ctzll(c->alive[c->word]);
        if (c->no_room || c->block == c->index->n_blocks)
            return NULL;
        c->word = scan_block(c, c->block++) ? 0 : BLOCK_WORDS;
    }
}

/* The next rule that may match, by its rank, and past it. */
static const struct entry *next_candidate(struct rule_cursor *c)
{
    const struct entry *scanned = next_scanned(c), *hanging = NULL;
    if (c->n_heap > 0)
        hanging = &c->index->hanging[c->heap[0].next];
    if (scanned && (!hanging || scanned->rank < hanging->rank)) {
        c->alive[c->word] &= c->alive[c->word] - 1;
        return scanned;
    }
    for (uint32_t place = hanging ? c->heap[0].next : 0; c->n_heap > 0 && c->heap[0].next == place;)
        advance(c); /* it may hang on several values that are there */
    return hanging;
}

enum cursor_answer rule_cursor_next(struct rule_cursor *cursor, uint32_t patience,
                                    uint32_t *ret_number)
{
    if (patience == 0) {
        bool more = next_scanned(cursor) || cursor->n_heap > 0;
        return cursor->no_room ? CURSOR_NO_ROOM : more ? CURSOR_PAUSE : CURSOR_END;
    }
    for (; patience > 0; patience--) {
        const struct entry *entry = next_candidate(cursor);
        if (cursor->no_room)
            return CURSOR_NO_ROOM;
        if (!entry)
            return CURSOR_END;
        if (matches(cursor, entry)) {
            *ret_number = entry->number;
            return CURSOR_RULE;
        }
    }
    return CURSOR_PAUSE;
}
