/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: making it, and a request's walk
 *
 * Hanging rules come from their hits by a heap of postings; scanned rules a block at a time, as
 * the bits that all columns and filters let through.
 */
#include "rules/rule_index.h"

#include <string.h>

#include "rules/rule_index_parts.h"

enum { WORK_CHUNK_BYTES = 1 << 20, WORK_LIMIT_BYTES = 1 << 30, FETCH_AHEAD = 4 };

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

/* What the products of @facts' catalogue have of what this index asks, or NULL. */
static const struct product_list *known_of(const struct rule_index *index,
                                           const struct rule_products *products,
                                           const struct facts *facts)
{
    if (!products || products->catalog != facts->catalog || index->list >= products->n_lists)
        return NULL;
    return products->lists[index->list].first ? &products->lists[index->list] : NULL;
}

struct rule_cursor *rule_cursor_new(const struct rule_index *index,
                                    const struct rule_products *products, struct facts *facts,
                                    int64_t now_us, struct arena *arena)
{
    const uint32_t n_fields = index->group_fields[FIELD_GROUPS];
    struct rule_cursor *c =
        arena_take(arena, sizeof *c + n_fields * sizeof *c->unknown + index->n_memo);
    if (!c)
        return NULL;
    c->index = index;
    c->known = known_of(index, products, facts);
    c->facts = facts;
    c->now_us = now_us;
    c->arena = arena;
    c->unknown = (uint64_t *) (c + 1);
    c->memo = (uint8_t *) (c->unknown + n_fields);
    c->word = BLOCK_WORDS;
    for (enum field_group group = 0; group < FIELD_GROUPS; group++)
        if (index->group_hangs[group])
            cursor_ask(c, group);
    return c;
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

/* ── scanning ── */

/* A block's bits at once: the compiler makes of it what the machine has. */
typedef uint64_t block_bits __attribute__((vector_size(BLOCK_WORDS * 8), aligned(8)));

static inline const block_bits *block_of(const uint64_t *bits, uint32_t block)
{
    return (const block_bits *) (bits + (size_t) block * BLOCK_WORDS);
}

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

static void pass_column(struct rule_cursor *c, uint32_t number, uint32_t block,
                        uint64_t alive[BLOCK_WORDS])
{
    const struct column *column = &c->index->columns[number];
    struct column_hits *hits = &c->columns[number];
    block_bits words = { 0 };

    /* The last block's next is the bitmap that follows: fetched in vain, but there. */
    if (column->base) {
        words = *block_of(column->base, block);
        __builtin_prefetch(block_of(column->base, block + FETCH_AHEAD));
    }
    if (hits->unknown)
        words |= *block_of(column->unknown, block);
    for (uint32_t i = 0; i < hits->n; i++)
        if (hits->list[i].bits) {
            words |= *block_of(hits->list[i].bits, block);
            __builtin_prefetch(block_of(hits->list[i].bits, block + FETCH_AHEAD));
        } else
            add_places(&hits->list[i], block, (uint64_t *) &words);
    *(block_bits *) alive &= column->bars ? ~words : words;
}

/*
 * Of a chain, where a filter that is not true is followed by none that is: the rules that are gone.
 */
static const uint64_t *settle_chain(struct rule_cursor *c, uint32_t first)
{
    const struct filter *filters = c->index->filters;
    uint32_t low = first, high = first + filters[first].n_chain;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        enum truth truth = cursor_test(c, filters[middle].check);
        if (truth == TRUTH_UNKNOWN) /* then of all */
            return filters[first].strict;
        if (truth == TRUTH_YES)
            low = middle + 1;
        else
            high = middle;
    }
    return low < first + filters[first].n_chain ? filters[low].rules : NULL;
}

static void pass_filters(struct rule_cursor *c, uint32_t block, uint64_t alive[BLOCK_WORDS])
{
    const struct filter *filters = c->index->filters;

    for (uint32_t i = 0; i < c->index->n_filters; i += filters[i].n_chain) {
        if (!(c->settled >> i & 1)) {
            block_bits asked = *(block_bits *) alive & *block_of(filters[i].rules, block);
            if (!any((uint64_t *) &asked))
                continue;
            c->settled |= UINT64_C(1) << i;
            c->gone[i] = settle_chain(c, i);
        }
        if (c->gone[i])
            *(block_bits *) alive &= ~*block_of(c->gone[i], block);
    }
}

static void fill_block(const struct rule_index *index, uint32_t block, uint64_t alive[BLOCK_WORDS])
{
    uint32_t left = index->n_scanned - block * BLOCK_RULES;
    for (uint32_t i = 0; i < BLOCK_WORDS; i++)
        alive[i] = left >= (i + 1) * 64 ? ~UINT64_C(0)
                   : left > i * 64      ? (UINT64_C(1) << left % 64) - 1
                                        : 0;
}

/* What is about to be looked at is fetched while what comes before it is. */
static void fetch_numbers(const struct rule_index *index, uint32_t block,
                          const uint64_t alive[BLOCK_WORDS])
{
    for (uint32_t i = 0; i < BLOCK_WORDS; i++)
        for (uint64_t word = alive[i]; word; word &= word - 1)
            __builtin_prefetch(index->numbers + block * BLOCK_RULES + i * 64 +
                               (uint32_t) __builtin_ctzll(word));
}

/* The rules of the block that columns and filters let through. */
static bool scan_block(struct rule_cursor *c, uint32_t block)
{
    const struct rule_index *index = c->index;
    fill_block(index, block, c->alive);
    for (uint32_t i = 0; i < index->n_columns; i++) {
        if (!c->groups[index->columns[i].group].ready)
            cursor_ask(c, index->columns[i].group);
        if (c->no_room)
            return false;
        pass_column(c, i, block, c->alive);
        if (!any(c->alive))
            return false;
    }
    pass_filters(c, block, c->alive);
    if (!any(c->alive))
        return false;
    if (index->n_blocks > 1)
        fetch_numbers(index, block, c->alive);
    return true;
}

/* Is there another scanned rule? @word is where. */
static bool find_scanned(struct rule_cursor *c)
{
    for (;;) {
        for (; c->word < BLOCK_WORDS; c->word++)
            if (c->alive[c->word])
                return true;
        if (c->no_room || c->block == c->index->n_blocks)
            return false;
        c->word = scan_block(c, c->block++) ? 0 : BLOCK_WORDS;
    }
}

/* Its place; it is alive no more. */
static uint32_t take_scanned(struct rule_cursor *c)
{
    uint64_t *word = &c->alive[c->word];
    uint32_t bit = (uint32_t) __builtin_ctzll(*word);
    *word &= *word - 1;
    return (c->block - 1) * BLOCK_RULES + c->word * 64 + bit;
}

static const uint32_t *take_hanging(struct rule_cursor *c)
{
    const uint32_t place = c->heap[0].next;
    while (c->n_heap > 0 && c->heap[0].next == place)
        advance(c); /* it may hang on several values that are there */
    return c->index->code + place;
}

/* The head of the next rule that may match, by its rank, and past it; NULL at the end. */
static const uint32_t *next_candidate(struct rule_cursor *c)
{
    const struct rule_index *index = c->index;
    if (!find_scanned(c))
        return c->n_heap > 0 ? take_hanging(c) : NULL;
    if (c->n_heap > 0) {
        uint32_t place = (c->block - 1) * BLOCK_RULES + c->word * 64 +
                         (uint32_t) __builtin_ctzll(c->alive[c->word]);
        if (index->code[c->heap[0].next + HEAD_RANK] <
            index->code[index->scanned[place] + HEAD_RANK])
            return take_hanging(c);
    }
    return index->code + index->scanned[take_scanned(c)];
}

/* Has the next scanned rule nothing left to test? */
static bool next_is_plain(const struct rule_cursor *c)
{
    const uint64_t alive = c->alive[c->word];
    return alive & -alive & c->index->plain[(size_t) (c->block - 1) * BLOCK_WORDS + c->word];
}

enum cursor_answer rule_cursor_next(struct rule_cursor *cursor, uint32_t patience,
                                    uint32_t *ret_number)
{
    if (patience == 0) {
        bool more = find_scanned(cursor) || cursor->n_heap > 0;
        return cursor->no_room ? CURSOR_NO_ROOM : more ? CURSOR_PAUSE : CURSOR_END;
    }
    for (; patience > 0; patience--) {
        if (cursor->n_heap == 0 && find_scanned(cursor) && next_is_plain(cursor)) {
            *ret_number = cursor->index->numbers[take_scanned(cursor)];
            return CURSOR_RULE;
        }
        const uint32_t *head = next_candidate(cursor);
        if (cursor->no_room)
            return CURSOR_NO_ROOM;
        if (!head)
            return CURSOR_END;
        bool matches = cursor_matches(cursor, head);
        if (cursor->no_room)
            return CURSOR_NO_ROOM;
        if (matches) {
            *ret_number = head[HEAD_NUMBER];
            return CURSOR_RULE;
        }
    }
    return CURSOR_PAUSE;
}

/*
 * The head of the first alive of the block at hand, else of
 * the first of the next block, dead or alive.
 */
static const uint32_t *first_scanned(const struct rule_cursor *c)
{
    const struct rule_index *index = c->index;
    for (uint32_t word = c->word; word < BLOCK_WORDS; word++)
        if (c->alive[word])
            return index->code + index->scanned[(c->block - 1) * BLOCK_RULES + word * 64 +
                                                (uint32_t) __builtin_ctzll(c->alive[word])];
    return c->block < index->n_blocks ? index->code + index->scanned[c->block * BLOCK_RULES] : NULL;
}

uint32_t rule_cursor_peek(const struct rule_cursor *cursor)
{
    const uint32_t *scanned = first_scanned(cursor);
    const uint32_t *hanging =
        cursor->n_heap > 0 ? cursor->index->code + cursor->heap[0].next : NULL;
    const uint32_t *first =
        !scanned || (hanging && hanging[HEAD_RANK] < scanned[HEAD_RANK]) ? hanging : scanned;
    return first ? first[HEAD_NUMBER] : UINT32_MAX;
}
