/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: filters
 *
 * A conjunct that many scanned rules share is tested once, and takes its rules
 * off 512 at a time. Bounds of one slot (at least 5000, at least 8000, …) are a
 * chain: when one does not hold, nor does any behind it.
 */
#include <stdlib.h>

#include "rules/rule_index_parts.h"

enum {
    FILTER_LEAST = 16, /* so many scanned rules share it … */
    FILTER_SHARE = 64, /* … and one of so many: about one a word of bits */
};

/* Which way the bound of a conjunct goes: 1 at least, -1 at most; 0: it is no plain bound. */
static int bound_of(const struct layout *l, uint32_t conjunct, uint32_t *ret_slot,
                    struct value *ret_bound)
{
    const struct conjunct *c = &l->split->conjuncts[conjunct];
    const struct leaf *leaf = &l->split->leaves[c->first_leaf];
    if (c->n_leaves != 1 || c->group != GROUP_REQUEST || c->negated || leaf->negated ||
        leaf->kind != LEAF_COMPARE)
        return 0;
    enum term_op op = leaf->term->op;
    *ret_slot = leaf->term->children[0]->slot;
    *ret_bound = leaf->term->children[1]->constant;
    return op == TERM_GE || op == TERM_GT ? 1 : op == TERM_LE || op == TERM_LT ? -1 : 0;
}

struct chained { /* a conjunct that becomes a filter; slot and bound only of a plain bound */
    uint32_t conjunct, slot;
    int direction; /* see bound_of */
    struct value bound;
    bool strict; /* more than, less than */
};

/* Bounds of one slot and direction side by side, the one that fails last first. */
static int by_chain(const void *left, const void *right)
{
    const struct chained *a = left, *b = right;
    if (a->direction != b->direction)
        return a->direction - b->direction;
    if (a->slot != b->slot)
        return a->slot < b->slot ? -1 : 1;
    bool less = value_compare(TERM_LT, a->bound, b->bound).boolean;
    bool more = value_compare(TERM_GT, a->bound, b->bound).boolean;
    if (a->direction != 0 && (less || more))
        return less ? -a->direction : a->direction;
    if (a->strict != b->strict)
        return a->strict ? 1 : -1;
    return (a->conjunct > b->conjunct) - (a->conjunct < b->conjunct);
}

/* The conjuncts that many scanned rules share, chain by chain. */
static uint32_t choose_filters(const struct layout *l, struct chained chosen[FILTERS_MAX])
{
    uint32_t least = l->index->n_scanned / FILTER_SHARE, n = 0;
    least = least > FILTER_LEAST ? least : FILTER_LEAST;
    for (uint32_t i = 0; i < l->index->n_memo && n < FILTERS_MAX; i++) {
        struct chained c = { .conjunct = l->tested[i] };
        if (l->scan_uses[c.conjunct] < least)
            continue;
        c.direction = bound_of(l, c.conjunct, &c.slot, &c.bound);
        if (c.direction == 0)
            c.slot = NO_NUMBER;
        else
            c.strict = l->split->leaves[l->split->conjuncts[c.conjunct].first_leaf].term->op ==
                       (c.direction > 0 ? TERM_GT : TERM_LT);
        chosen[n++] = c;
    }
    qsort(chosen, n, sizeof *chosen, by_chain);
    return n;
}

enum err make_filters(struct layout *l)
{
    struct rule_index *index = l->index;
    struct chained chosen[FILTERS_MAX];
    uint32_t first = 0;

    index->n_filters = choose_filters(l, chosen);
    index->filters = arena_take_array(l->arena, struct filter, index->n_filters);
    if (!index->filters)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < index->n_filters; i++) {
        uint64_t *rules = take_bits(l), *strict = take_bits(l);
        index->filters[i] = (struct filter){ .check = l->check_of[chosen[i].conjunct] - 1,
                                             .rules = rules,
                                             .strict = strict };
        l->filter_of[chosen[i].conjunct] = i + 1;
        if (chosen[i].direction == 0 || chosen[i].direction != chosen[first].direction ||
            chosen[i].slot != chosen[first].slot)
            first = i;
        index->filters[first].n_chain++;
    }
    return OK;
}

/* The rules of a filter are also those of the later ones of its chain. */
void link_chains(struct layout *l)
{
    const struct rule_index *index = l->index;
    size_t words = (size_t) index->n_blocks * BLOCK_WORDS;
    for (uint32_t i = index->n_filters; i-- > 1;)
        for (size_t w = 0; index->filters[i].n_chain == 0 && w < words; w++) {
            ((uint64_t *) index->filters[i - 1].rules)[w] |= index->filters[i].rules[w];
            ((uint64_t *) index->filters[i - 1].strict)[w] |= index->filters[i].strict[w];
        }
}
