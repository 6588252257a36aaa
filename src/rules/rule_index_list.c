/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: one list laid out
 *
 * Which rules hang where, which columns the others are scanned by, and what is left to test with
 * each rule. Selectivity is the ruleset's own: how many rules of the list ask for the same value.
 * Everything is counted first, then laid out, then filled in the order of the list, so that all
 * postings come out sorted by priority.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/rule_index_parts.h"

enum {
    HANG_SHARE =
        1024, /* one of so many rules of the list may share the value that a rule hangs on */
    HANG_LEAST = 2,
    OWNED_COST = 4,     /* a customer may own hundreds of items: rather not hang there */
    COLUMN_LEAST = 16,  /* rules that a column is worth making for */
    TESTED_SHARE = 128, /* of so many rules one must test a field that is to be asked for it */
};

static uint32_t access_cost(const struct layout *l, uint32_t access)
{
    const struct access *a = &l->split->accesses[access];
    uint64_t cost = 0;
    for (uint32_t k = 0; k < a->n_keys; k++)
        cost += l->key_rows[l->split->access_keys[a->first_key + k]];
    if (l->split->fields[a->field].group == GROUP_OWNED)
        cost *= OWNED_COST;
    return cost < NO_NUMBER ? (uint32_t) cost : NO_NUMBER - 1;
}

/* ── rows, and where each is found ── */

static void count_keys(struct layout *l, const struct row *row)
{
    for (uint32_t i = 0; i < row->n; i++) {
        const struct conjunct *c = conjunct_at(l, row, i);
        for (uint32_t a = c->first_access; a < c->first_access + c->n_accesses; a++)
            for (uint32_t k = 0; k < l->split->accesses[a].n_keys; k++)
                l->key_rows[l->split->access_keys[l->split->accesses[a].first_key + k]]++;
    }
}

static void choose_where(struct layout *l, struct row *row)
{
    uint32_t most = l->n_rows / HANG_SHARE, best = NO_NUMBER;
    most = most > HANG_LEAST ? most : HANG_LEAST;
    for (uint32_t i = 0; i < row->n; i++) {
        const struct conjunct *c = conjunct_at(l, row, i);
        for (uint32_t a = c->first_access; a < c->first_access + c->n_accesses; a++) {
            uint32_t cost = access_cost(l, a);
            if (cost < best && cost <= most) {
                best = cost;
                row->access = a;
            }
        }
    }
}

static enum err make_rows(struct layout *l, const struct rule_lists *lists, uint32_t list)
{
    uint32_t n = lists->bounds[list + 1] - lists->bounds[list];
    const uint32_t *candidates = lists->candidates + lists->bounds[list];

    l->rows = arena_take_array(l->work, struct row, n);
    if (!l->rows)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < n; i++) {
        const struct rule *rule = &lists->rules[candidates[i]];
        uint32_t first = l->split->first[candidates[i]];
        if (rule->status == STATUS_PAUSED)
            continue;
        l->rows[l->n_rows++] = (struct row){ .rule = rule,
                                             .conjuncts = l->split->of_rules + first,
                                             .n = l->split->first[candidates[i] + 1] - first,
                                             .number = candidates[i],
                                             .rank = i,
                                             .access = NO_NUMBER };
    }
    for (uint32_t r = 0; r < l->n_rows; r++)
        count_keys(l, &l->rows[r]);
    for (uint32_t r = 0; r < l->n_rows; r++) {
        choose_where(l, &l->rows[r]);
        l->index->n_hanging += is_hanging(&l->rows[r]);
    }
    l->index->n_scanned = l->n_rows - l->index->n_hanging;
    l->index->n_blocks = (l->index->n_scanned + BLOCK_RULES - 1) / BLOCK_RULES;
    return OK;
}

/* ── columns ── */

/* How many scanned rows have an access to (0), a bar of (1) each field. */
static void count_fields(struct layout *l, const struct row *row)
{
    for (uint32_t i = 0; i < row->n; i++) {
        const struct conjunct *c = conjunct_at(l, row, i);
        for (uint32_t a = c->first_access; a < c->first_access + c->n_accesses; a++)
            l->field_rows[0][l->split->accesses[a].field]++;
        if (c->bar != NO_NUMBER)
            l->field_rows[1][l->split->accesses[c->bar].field]++;
    }
}

/* The field and side that most rows use and that has no column yet. */
static bool next_column(const struct layout *l, uint32_t *ret_field, int *ret_side)
{
    uint32_t most = COLUMN_LEAST - 1;
    for (int side = 0; side < 2; side++)
        for (uint32_t f = 0; f < l->split->n_fields; f++)
            if (l->field_column[side][f] == NO_COLUMN && l->field_rows[side][f] > most) {
                most = l->field_rows[side][f];
                *ret_field = f;
                *ret_side = side;
            }
    return most >= COLUMN_LEAST;
}

static enum err make_columns(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t field, n = 0;
    int side;

    for (uint32_t r = 0; r < l->n_rows; r++)
        if (!is_hanging(&l->rows[r]))
            count_fields(l, &l->rows[r]);
    for (uint32_t f = 0; f < l->split->n_fields; f++)
        l->field_column[0][f] = l->field_column[1][f] = NO_COLUMN;
    for (; index->n_columns < COLUMNS_MAX && next_column(l, &field, &side); index->n_columns++)
        l->field_column[side][field] = 0; /* numbered below */

    index->columns = arena_take_array(l->arena, struct column, index->n_columns);
    if (!index->columns)
        return ERR_LIMIT;
    for (enum field_group g = 0; g < FIELD_GROUPS; g++) {
        index->group_columns[g] = n;
        for (uint32_t f = 0; f < l->split->n_fields; f++)
            for (side = 0; side < 2; side++)
                if (l->split->fields[f].group == g && l->field_column[side][f] != NO_COLUMN) {
                    l->field_column[side][f] = n;
                    index->columns[n++] = (struct column){ .group = g, .bars = side };
                }
    }
    index->group_columns[FIELD_GROUPS] = n;
    return OK;
}

void choose_passing(const struct layout *l, const struct row *row, uint32_t chosen[COLUMNS_MAX])
{
    for (uint32_t i = 0; i < l->index->n_columns; i++)
        chosen[i] = NO_NUMBER;
    for (uint32_t i = 0; i < row->n; i++) {
        const struct conjunct *c = conjunct_at(l, row, i);
        for (uint32_t a = c->first_access; a < c->first_access + c->n_accesses; a++) {
            uint32_t column = l->field_column[0][l->split->accesses[a].field];
            if (column != NO_COLUMN &&
                (chosen[column] == NO_NUMBER || access_cost(l, a) < access_cost(l, chosen[column])))
                chosen[column] = a;
        }
    }
}

/* How many rows have a leaf that asks each field. */
static void count_tests(struct layout *l, const struct row *row)
{
    for (uint32_t i = 0; i < row->n; i++) {
        const struct conjunct *c = conjunct_at(l, row, i);
        for (uint32_t k = c->first_leaf; k < c->first_leaf + c->n_leaves; k++)
            if (l->split->leaves[k].kind == LEAF_KEYS)
                l->field_tests[l->split->accesses[l->split->leaves[k].access].field]++;
    }
}

/* Does the product alone decide it, whatever line it stands in? */
static bool is_of_product(const struct field *field)
{
    if (field->group == GROUP_REQUEST)
        return false;
    switch (field->slot) {
    case FACT_ITEM_SKU:
    case FACT_ITEM_CATEGORY:
    case FACT_ITEM_SUBCATEGORY:
    case FACT_ITEM_BRAND:
    case FACT_ITEM_MODEL:
    case FACT_ITEM_TAG:
    case FACT_ITEM_LIST_PRICE:
    case FACT_ITEM_IN_STOCK:
    case FACT_ITEM_STOCK:
    case FACT_ITEM_RATING: return true;
    default: return field->slot >= FACT_ATTR_FIRST;
    }
}

/* The fields that something of this list asks, by group. */
static enum err make_fields(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t n = 0;

    index->fields = arena_take_array(l->arena, struct index_field, l->split->n_fields);
    if (!index->fields)
        return ERR_LIMIT;
    for (uint32_t r = 0; r < l->n_rows; r++) {
        count_tests(l, &l->rows[r]);
        if (is_hanging(&l->rows[r]))
            l->field_index[l->split->accesses[l->rows[r].access].field] = 1;
    }
    for (enum field_group g = 0; g < FIELD_GROUPS; g++) {
        index->group_fields[g] = n;
        for (uint32_t f = 0; f < l->split->n_fields; f++) {
            bool asked = l->field_index[f] || l->field_column[0][f] != NO_COLUMN ||
                         l->field_column[1][f] != NO_COLUMN ||
                         l->field_tests[f] > l->n_rows / TESTED_SHARE;
            if (l->split->fields[f].group != g || !asked)
                continue;
            index->group_hangs[g] |= l->field_index[f] != 0;
            index->fields[n] =
                (struct index_field){ .what = l->split->fields[f],
                                      .number = f,
                                      .passing = l->field_column[0][f],
                                      .bars = l->field_column[1][f],
                                      .of_product = is_of_product(&l->split->fields[f]) };
            l->field_index[f] = ++n;
        }
    }
    index->group_fields[FIELD_GROUPS] = n;
    return OK;
}

static enum err layout_begin(struct layout *l)
{
    const struct split *s = l->split;
    l->key_rows = arena_take_array(l->work, uint32_t, (size_t) s->n_keys);
    l->key_value = arena_take_array(l->work, uint32_t, (size_t) s->n_keys);
    l->field_index = arena_take_array(l->work, uint32_t, (size_t) s->n_fields);
    l->field_tests = arena_take_array(l->work, uint32_t, (size_t) s->n_fields);
    l->scan_uses = arena_take_array(l->work, uint32_t, (size_t) s->n_conjuncts);
    l->uses = arena_take_array(l->work, uint32_t, (size_t) s->n_conjuncts);
    l->check_of = arena_take_array(l->work, uint32_t, (size_t) s->n_conjuncts);
    l->filter_of = arena_take_array(l->work, uint32_t, (size_t) s->n_conjuncts);
    for (int side = 0; side < 2; side++) {
        l->field_rows[side] = arena_take_array(l->work, uint32_t, (size_t) s->n_fields);
        l->field_column[side] = arena_take_array(l->work, uint32_t, (size_t) s->n_fields);
        if (!l->field_rows[side] || !l->field_column[side])
            return ERR_LIMIT;
    }
    l->index = arena_take(l->arena, sizeof *l->index);
    bool room = l->key_rows && l->key_value && l->field_index && l->field_tests && l->scan_uses &&
                l->uses && l->check_of && l->filter_of && l->index;
    return room ? OK : ERR_LIMIT;
}

enum err rule_index_list(const struct split *split, const struct rule_lists *lists, uint32_t list,
                         struct arena *arena, struct arena *work,
                         const struct rule_index **ret_index)
{
    struct layout l = { .split = split, .arena = arena, .work = work };
    TRY(layout_begin(&l));
    TRY(make_rows(&l, lists, list));
    TRY(make_columns(&l));
    TRY(make_fields(&l));
    TRY(make_postings(&l));
    TRY(make_tests(&l));
    TRY(make_slots(&l));
    l.index->list = list;
    *ret_index = l.index;
    return OK;
}
