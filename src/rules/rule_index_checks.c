/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: what is left to test
 *
 * What neither the value that a rule hangs on nor a column settles. A conjunct of a few rules is a
 * shared check, which is tested once a request and remembered; of many scanned rules it becomes a
 * filter besides (rule_index_filters.c); the others are code that stands with their rule. The
 * words of the code: rule_index_parts.h.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/rule_index_parts.h"

enum { SHARED_LEAST = 4 }; /* from so many rules on a check is remembered */

static bool is_access_of(const struct conjunct *conjunct, uint32_t access)
{
    return access != NO_NUMBER && access - conjunct->first_access < conjunct->n_accesses;
}

/* Is conjunct @i of the row settled by where the row hangs, or by a column? */
static bool is_settled(const struct layout *l, const struct row *row, const uint32_t *chosen,
                       uint32_t i)
{
    const struct conjunct *c = conjunct_at(l, row, i);
    if (is_hanging(row))
        return is_access_of(c, row->access) && l->split->accesses[row->access].exact;
    if (c->bar != NO_NUMBER && l->field_column[1][l->split->accesses[c->bar].field] != NO_COLUMN)
        return true;
    for (uint32_t a = c->first_access; a < c->first_access + c->n_accesses; a++) {
        uint32_t column = l->field_column[0][l->split->accesses[a].field];
        if (column != NO_COLUMN && chosen[column] == a && l->split->accesses[a].exact)
            return true;
    }
    return false;
}

/* The conjuncts that are left, cheapest first. A rule that is tested as a whole needs no other. */
static uint32_t left_to_test(const struct layout *l, const struct row *row, uint32_t *left)
{
    uint32_t chosen[COLUMNS_MAX] = { 0 }, n = 0;

    if (!is_hanging(row))
        choose_passing(l, row, chosen);
    for (uint32_t i = 0; i < row->n; i++) {
        const struct conjunct *c = conjunct_at(l, row, i);
        if (c->rule) {
            left[0] = row->conjuncts[i];
            return 1;
        }
        if (is_settled(l, row, chosen, i))
            continue;
        uint32_t at = n++;
        for (; at > 0 && l->split->conjuncts[left[at - 1]].cost > c->cost; at--)
            left[at] = left[at - 1];
        left[at] = row->conjuncts[i];
    }
    return n;
}

struct use { /* how many rules test it */
    uint32_t conjunct, uses;
};

static int by_uses(const void *left, const void *right)
{
    const struct use *a = left, *b = right;
    if (a->uses != b->uses)
        return a->uses > b->uses ? -1 : 1;
    return (a->conjunct > b->conjunct) - (a->conjunct < b->conjunct);
}

/* Numbers the conjuncts that are tested with rules: those that most rules share first. */
static enum err make_checks(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t left[RULE_CONJUNCTS_MAX];

    for (uint32_t r = 0; r < l->n_rows; r++) {
        uint32_t n = left_to_test(l, &l->rows[r], left);
        for (uint32_t i = 0; i < n; i++) {
            l->n_tested += l->uses[left[i]]++ == 0;
            l->scan_uses[left[i]] += !is_hanging(&l->rows[r]);
        }
    }
    struct use *uses = arena_take_array(l->work, struct use, l->n_tested);
    l->tested = arena_take_array(l->work, uint32_t, l->n_tested);
    index->checks = arena_take_array(l->arena, struct check, l->n_tested);
    if (!uses || !l->tested || !index->checks)
        return ERR_LIMIT;
    for (uint32_t c = 0; c < l->split->n_conjuncts; c++)
        if (l->uses[c])
            uses[index->n_checks++] = (struct use){ c, l->uses[c] };
    qsort(uses, l->n_tested, sizeof *uses, by_uses);
    for (uint32_t i = 0; i < l->n_tested; i++) {
        const struct conjunct *c = &l->split->conjuncts[uses[i].conjunct];
        index->checks[i] = (struct check){ c->term, c->schedule, c->rule, 0 };
        l->tested[i] = uses[i].conjunct;
        l->check_of[uses[i].conjunct] = i + 1;
        index->n_memo += uses[i].uses >= SHARED_LEAST && i < MEMO_MAX;
    }
    return OK;
}

/* ── code ── */

static void put(struct layout *l, uint32_t word)
{
    l->index->code[l->index->n_code++] = word;
}

/* A leaf whose field the walk asks is tested by what is there, else as a term. */
static bool by_keys(const struct layout *l, const struct leaf *leaf)
{
    return leaf->kind == LEAF_KEYS && l->field_index[l->split->accesses[leaf->access].field];
}

static uint32_t leaf_words(const struct layout *l, const struct leaf *leaf)
{
    return by_keys(l, leaf)             ? 2 + l->split->accesses[leaf->access].n_keys
           : leaf->kind == LEAF_COMPARE ? 4
                                        : 2;
}

/* Its words, header and check included. */
static uint32_t code_words(const struct layout *l, const struct conjunct *c)
{
    uint32_t words = 2;
    for (uint32_t i = 0; i < c->n_leaves; i++)
        words += leaf_words(l, &l->split->leaves[c->first_leaf + i]);
    return words;
}

static void put_compare(struct layout *l, const struct leaf *leaf, uint32_t head)
{
    struct value bound = leaf->term->children[1]->constant;
    bool is_double = bound.kind == VALUE_DOUBLE;
    put(l, head | LEAF_COMPARE | (uint32_t) (leaf->term->op - TERM_EQ) << 3 |
               (uint32_t) is_double << 6);
    put(l, leaf->term->children[0]->slot);
    put(l, (uint32_t) (uint64_t) bound.integer); /* a double's bits too */
    put(l, (uint32_t) ((uint64_t) bound.integer >> 32));
}

static void put_leaf(struct layout *l, const struct leaf *leaf)
{
    uint32_t head = (uint32_t) leaf->negated << 2;
    if (by_keys(l, leaf)) {
        const struct access *access = &l->split->accesses[leaf->access];
        put(l, (uint32_t) leaf->keys_negated << 2 | LEAF_KEYS | access->n_keys << 8);
        put(l, l->field_index[access->field] - 1);
        for (uint32_t k = 0; k < access->n_keys; k++)
            put(l, index_value_of(l, l->split->access_keys[access->first_key + k]));
    } else if (leaf->kind == LEAF_COMPARE) {
        put_compare(l, leaf, head);
    } else {
        put(l, head | LEAF_TERM);
        put(l, l->index->n_terms);
        l->index->terms[l->index->n_terms++] = leaf->term;
    }
}

/* Leaves that are looked up come first: they leave fewer items to the others. */
static void put_code(struct layout *l, uint32_t conjunct)
{
    const struct conjunct *c = &l->split->conjuncts[conjunct];
    put(l, code_words(l, c) << 16 | c->n_leaves << 4 | (uint32_t) c->group << 2 |
               (uint32_t) c->negated << 1);
    put(l, l->check_of[conjunct] - 1);
    for (int keys = 1; keys >= 0; keys--)
        for (uint32_t i = 0; i < c->n_leaves; i++) {
            const struct leaf *leaf = &l->split->leaves[c->first_leaf + i];
            if (by_keys(l, leaf) == keys)
                put_leaf(l, leaf);
        }
}

/* Words that begin with a cache line. */
static uint32_t *take_lines(struct arena *arena, size_t words)
{
    const size_t line = LINE_WORDS * sizeof(uint32_t);
    char *at = arena_take(arena, words * sizeof(uint32_t) + line);
    return at ? (uint32_t *) (at + (-(uintptr_t) at & (line - 1))) : NULL;
}

/* Room for all code, and that of the checks that rules share. */
static enum err make_code(struct layout *l)
{
    struct rule_index *index = l->index;
    size_t words = 0, terms = 0;

    for (uint32_t i = 0; i < l->n_tested; i++) {
        const struct conjunct *c = &l->split->conjuncts[l->tested[i]];
        size_t times = i < index->n_memo ? 1 : l->uses[l->tested[i]];
        words += times * code_words(l, c) + (i < index->n_memo ? l->uses[l->tested[i]] : 0);
        terms += times * c->n_leaves;
    }
    words += (size_t) l->n_rows * HEAD_WORDS + (size_t) index->n_hanging * LINE_WORDS;
    index->code = take_lines(l->arena, words);
    index->terms = arena_take_array(l->arena, const struct term *, terms);
    if (!index->code || !index->terms || words > UINT32_MAX)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < index->n_memo; i++) {
        index->checks[i].code = index->n_code;
        put_code(l, l->tested[i]);
    }
    return OK;
}

/*
 * Code that began at @first and crosses a line although it would fit into one begins with the next.
 */
static uint32_t on_one_line(struct rule_index *index, uint32_t first)
{
    const uint32_t n = index->n_code - first, at = first % LINE_WORDS;
    if (n > LINE_WORDS || at + n <= LINE_WORDS)
        return first;
    memmove(index->code + first - at + LINE_WORDS, index->code + first, n * sizeof *index->code);
    index->n_code += LINE_WORDS - at;
    return first - at + LINE_WORDS;
}

/* The code of a rule, but for the checks that a filter makes for all; where it is. */
static uint32_t put_rule(struct layout *l, const struct row *row, uint32_t place)
{
    uint32_t left[RULE_CONJUNCTS_MAX], n = left_to_test(l, row, left), n_checks = 0;
    const uint32_t first = l->index->n_code;

    put(l, row->number);
    put(l, row->rank);
    put(l, 0);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t check = l->check_of[left[i]] - 1;
        uint32_t filter = is_hanging(row) ? 0 : l->filter_of[left[i]];
        if (filter) {
            set_bit(l->index->filters[filter - 1].rules, place);
            if (!row->rule->unknown_allows)
                set_bit(l->index->filters[filter - 1].strict, place);
            continue;
        }
        n_checks++;
        if (check < l->index->n_memo)
            put(l, check << 1 | 1);
        else
            put_code(l, left[i]);
    }
    l->index->code[first + HEAD_CHECKS] = n_checks << 1 | row->rule->unknown_allows;
    return is_hanging(row) ? on_one_line(l->index, first) : first;
}

/* Hanging rules are posted by their place so far: from now on by where their code is. */
static void post_code(struct layout *l, const uint32_t *hanging)
{
    struct rule_index *index = l->index;
    for (uint32_t v = 0; v < index->n_values; v++)
        for (uint32_t i = 0; i < index->effects[v].hanging.n; i++) {
            uint32_t *place = &index->places[index->effects[v].hanging.at + i];
            *place = hanging[*place];
        }
    for (uint32_t f = 0; f < index->group_fields[FIELD_GROUPS]; f++)
        for (uint32_t i = 0; i < index->fields[f].unknown.n; i++) {
            uint32_t *place = &index->places[index->fields[f].unknown.at + i];
            *place = hanging[*place];
        }
}

static enum err make_entries(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t n_hanging = 0, n_scanned = 0;
    uint32_t *hanging = arena_take_array(l->work, uint32_t, index->n_hanging);
    index->scanned = arena_take_array(l->arena, uint32_t, index->n_scanned);
    index->numbers = arena_take_array(l->arena, uint32_t, index->n_scanned);
    index->plain = take_bits(l);
    if (!hanging || !index->scanned || !index->numbers)
        return ERR_LIMIT;
    for (uint32_t r = 0; r < l->n_rows; r++) {
        const struct row *row = &l->rows[r];
        uint32_t place = is_hanging(row) ? n_hanging++ : n_scanned++;
        uint32_t code = put_rule(l, row, place);
        if (is_hanging(row)) {
            hanging[place] = code;
            continue;
        }
        index->scanned[place] = code;
        index->numbers[place] = row->number;
        if (index->code[code + HEAD_CHECKS] >> 1 == 0)
            set_bit(index->plain, place);
    }
    post_code(l, hanging);
    return OK;
}

enum err make_tests(struct layout *l)
{
    TRY(make_checks(l));
    TRY(make_filters(l));
    TRY(make_code(l));
    TRY(make_entries(l));
    link_chains(l);
    return OK;
}
