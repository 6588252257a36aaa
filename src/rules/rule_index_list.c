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
        1024, /* of so many rules of the list one may share the value that a rule hangs on */
    HANG_LEAST = 2,
    OWNED_COST = 4,    /* a customer may own hundreds of items: rather not hang there */
    COLUMN_LEAST = 16, /* rules that a column or filter is worth making for */
    FILTER_SHARE = 64, /* … and one of so many scanned rules, about one a word */
    DENSE_LEAST = 8,   /* a posting this long, … */
    DENSE_SHARE = 128, /* … of one of so many rules, is a bitmap */
};

enum posting { POSTING_HANGING, POSTING_PASSING, POSTING_BARRED };

struct row {
    const struct rule *rule;
    const uint32_t *conjuncts;
    uint32_t n, number, rank;
    uint32_t access; /* where it hangs; NO_NUMBER: it is scanned */
};

struct layout {
    const struct split *split;
    struct arena *arena, *work;
    struct rule_index *index;
    struct row *rows;
    uint32_t n_rows;
    uint32_t *key_rows;      /* rows that could come by this key */
    uint32_t *key_value;     /* number of its index_value + 1 */
    uint32_t *field_rows[2]; /* scanned rows that ask it, that are barred by it */
    uint32_t *field_column[2];
    uint32_t *field_index;      /* number of its index_field + 1 */
    uint32_t *scan_uses, *uses; /* of each conjunct */
    uint32_t *check_of;         /* number + 1 */
    uint32_t *filter_of;        /* number + 1 */
    uint32_t *shared;           /* conjuncts that are tested with rules */
    uint32_t n_shared, n_places;
    size_t n_bits, bits_used; /* words */
};

static bool is_hanging(const struct row *row)
{
    return row->access != NO_NUMBER;
}

static const struct conjunct *conjunct_at(const struct layout *l, const struct row *row, uint32_t i)
{
    return &l->split->conjuncts[row->conjuncts[i]];
}

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

/* The rarest access of a scanned row for each column. */
static void choose_passing(const struct layout *l, const struct row *row,
                           uint32_t chosen[COLUMNS_MAX])
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

/* ── postings ── */

static struct postings *postings_of(struct index_value *value, enum posting posting)
{
    return posting == POSTING_HANGING   ? &value->hanging
           : posting == POSTING_PASSING ? &value->passing
                                        : &value->barred;
}

static void post(struct layout *l, struct postings *to, uint32_t place, bool fill)
{
    if (fill && to->dense)
        l->index->bits[to->at + place / 64] |= UINT64_C(1) << place % 64;
    else if (fill)
        l->index->places[to->at + to->n] = place;
    to->n++;
}

/* Adds a rule's @place to the postings of each key of @access. */
static bool post_access(struct layout *l, const struct access *access, enum posting posting,
                        uint32_t place, bool fill)
{
    for (uint32_t k = 0; k < access->n_keys; k++) {
        uint32_t key = l->split->access_keys[access->first_key + k];
        if (!l->key_value[key]) {
            const struct key *from = &l->split->keys[key];
            l->index->values[l->index->n_values] = (struct index_value){ .hash = from->hash,
                                                                         .value = from->value,
                                                                         .field = from->field };
            l->key_value[key] = ++l->index->n_values;
        }
        post(l, postings_of(&l->index->values[l->key_value[key] - 1], posting), place, fill);
    }
    return true;
}

static void set_bit(uint64_t *bits, uint32_t place)
{
    bits[place / 64] |= UINT64_C(1) << place % 64;
}

static struct index_field *index_field(struct layout *l, uint32_t field)
{
    return &l->index->fields[l->field_index[field] - 1];
}

static void post_hanging(struct layout *l, const struct row *row, uint32_t place, bool fill)
{
    const struct access *access = &l->split->accesses[row->access];
    (void) post_access(l, access, POSTING_HANGING, place, fill);
    if (row->rule->unknown_allows)
        post(l, &index_field(l, access->field)->unknown, place, fill);
}

static void post_scanned(struct layout *l, const struct row *row, uint32_t place, bool fill)
{
    uint32_t chosen[COLUMNS_MAX];
    bool allows = row->rule->unknown_allows;

    choose_passing(l, row, chosen);
    for (uint32_t i = 0; i < l->index->n_columns; i++) {
        const struct column *column = &l->index->columns[i];
        if (column->bars)
            continue;
        if (chosen[i] != NO_NUMBER)
            (void) post_access(l, &l->split->accesses[chosen[i]], POSTING_PASSING, place, fill);
        if (fill && chosen[i] == NO_NUMBER)
            set_bit((uint64_t *) column->base, place);
        else if (fill && allows)
            set_bit((uint64_t *) column->unknown, place);
    }
    for (uint32_t i = 0; i < row->n; i++) {
        uint32_t bar = conjunct_at(l, row, i)->bar;
        if (bar == NO_NUMBER)
            continue;
        uint32_t column = l->field_column[1][l->split->accesses[bar].field];
        if (column == NO_COLUMN)
            continue;
        (void) post_access(l, &l->split->accesses[bar], POSTING_BARRED, place, fill);
        if (fill && !allows)
            set_bit((uint64_t *) l->index->columns[column].unknown, place);
    }
}

static void post_all(struct layout *l, bool fill)
{
    uint32_t hanging = 0, scanned = 0;
    for (uint32_t r = 0; r < l->n_rows; r++)
        if (is_hanging(&l->rows[r]))
            post_hanging(l, &l->rows[r], hanging++, fill);
        else
            post_scanned(l, &l->rows[r], scanned++, fill);
}

/* Room for @postings as they were counted; the count starts again. */
static void lay_out(struct layout *l, struct postings *postings, bool may_be_dense)
{
    uint32_t n = postings->n;
    postings->n = 0;
    postings->dense =
        may_be_dense && n >= DENSE_LEAST && (uint64_t) n * DENSE_SHARE >= l->index->n_scanned;
    if (postings->dense) {
        postings->at = (uint32_t) l->n_bits;
        l->n_bits += (size_t) l->index->n_blocks * BLOCK_WORDS;
    } else {
        postings->at = l->n_places;
        l->n_places += n;
    }
}

static uint64_t *take_bits(struct layout *l)
{
    uint64_t *bits = l->index->bits + l->bits_used;
    l->bits_used += (size_t) l->index->n_blocks * BLOCK_WORDS;
    return bits;
}

/* The fields that something of this list asks, by group. */
static enum err make_fields(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t n = 0;

    index->fields = arena_take_array(l->arena, struct index_field, l->split->n_fields);
    if (!index->fields)
        return ERR_LIMIT;
    for (uint32_t r = 0; r < l->n_rows; r++)
        if (is_hanging(&l->rows[r]))
            l->field_index[l->split->accesses[l->rows[r].access].field] = 1;
    for (enum field_group g = 0; g < FIELD_GROUPS; g++) {
        index->group_fields[g] = n;
        for (uint32_t f = 0; f < l->split->n_fields; f++) {
            bool asked = l->field_index[f] || l->field_column[0][f] != NO_COLUMN ||
                         l->field_column[1][f] != NO_COLUMN;
            if (l->split->fields[f].group != g || !asked)
                continue;
            index->group_hangs[g] |= l->field_index[f] != 0;
            index->fields[n] = (struct index_field){ .what = l->split->fields[f],
                                                     .number = f,
                                                     .passing = l->field_column[0][f],
                                                     .bars = l->field_column[1][f] };
            l->field_index[f] = ++n;
        }
    }
    index->group_fields[FIELD_GROUPS] = n;
    return OK;
}

static enum err make_slots(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t size = 16;
    while (size < index->n_values * 2)
        size *= 2;
    index->slot_mask = size - 1;
    index->slots = arena_take_array(l->arena, uint64_t, size);
    if (!index->slots)
        return ERR_LIMIT;
    for (uint32_t v = 0; v < index->n_values; v++) {
        uint32_t slot = (uint32_t) index->values[v].hash & index->slot_mask;
        while (index->slots[slot])
            slot = (slot + 1) & index->slot_mask;
        index->slots[slot] = index->values[v].hash >> 32 << 32 | (v + 1);
    }
    return OK;
}

static enum err make_postings(struct layout *l)
{
    struct rule_index *index = l->index;
    size_t block_bytes = BLOCK_WORDS * sizeof *index->bits, bytes;

    index->values = arena_take_array(l->work, struct index_value, l->split->n_keys);
    if (!index->values)
        return ERR_LIMIT;
    post_all(l, false);
    struct index_value *values = arena_take_array(l->arena, struct index_value, index->n_values);
    if (!values)
        return ERR_LIMIT;
    if (index->n_values)
        memcpy(values, index->values, index->n_values * sizeof *values);
    index->values = values;

    for (uint32_t v = 0; v < index->n_values; v++) {
        lay_out(l, &values[v].hanging, false);
        lay_out(l, &values[v].passing, true);
        lay_out(l, &values[v].barred, true);
    }
    for (uint32_t f = 0; f < index->group_fields[FIELD_GROUPS]; f++)
        lay_out(l, &index->fields[f].unknown, false);
    l->bits_used = l->n_bits;
    l->n_bits += (size_t) index->n_blocks * BLOCK_WORDS * 2 * (index->n_columns + FILTERS_MAX);
    index->places = arena_take_array(l->arena, uint32_t, (size_t) l->n_places);
    bytes = l->n_bits * sizeof *index->bits + block_bytes;
    char *bits = arena_take(l->arena, bytes);
    if (!index->places || !bits || l->n_bits > UINT32_MAX)
        return ERR_LIMIT;
    index->bits = (uint64_t *) (bits + (-(uintptr_t) bits & (block_bytes - 1)));
    for (uint32_t i = 0; i < index->n_columns; i++) {
        index->columns[i].base = index->columns[i].bars ? NULL : take_bits(l);
        index->columns[i].unknown = take_bits(l);
    }
    post_all(l, true);
    return make_slots(l);
}

/* ── what is left to test ── */

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
static uint32_t left_of(const struct layout *l, const struct row *row, uint32_t *left)
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

static enum err make_filters(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t least = index->n_scanned / FILTER_SHARE;
    least = least > COLUMN_LEAST ? least : COLUMN_LEAST;

    index->filters = arena_take_array(l->arena, struct filter, FILTERS_MAX);
    if (!index->filters)
        return ERR_LIMIT;
    for (uint32_t i = 0; i < l->n_shared && index->n_filters < FILTERS_MAX; i++) {
        uint32_t conjunct = l->shared[i];
        if (l->scan_uses[conjunct] < least)
            continue;
        uint64_t *rules = take_bits(l), *strict = take_bits(l);
        index->filters[index->n_filters] =
            (struct filter){ .check = i, .rules = rules, .strict = strict };
        l->filter_of[conjunct] = ++index->n_filters;
    }
    return OK;
}

struct use {
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
        uint32_t n = left_of(l, &l->rows[r], left);
        for (uint32_t i = 0; i < n; i++) {
            l->n_shared += l->uses[left[i]]++ == 0;
            l->scan_uses[left[i]] += !is_hanging(&l->rows[r]);
        }
    }
    struct use *uses = arena_take_array(l->work, struct use, l->n_shared);
    l->shared = arena_take_array(l->work, uint32_t, l->n_shared);
    index->checks = arena_take_array(l->arena, struct check, l->n_shared);
    if (!uses || !l->shared || !index->checks)
        return ERR_LIMIT;
    for (uint32_t c = 0; c < l->split->n_conjuncts; c++)
        if (l->uses[c])
            uses[index->n_checks++] = (struct use){ c, l->uses[c] };
    qsort(uses, l->n_shared, sizeof *uses, by_uses);
    for (uint32_t i = 0; i < l->n_shared; i++) {
        const struct conjunct *c = &l->split->conjuncts[uses[i].conjunct];
        index->checks[i] = (struct check){ c->term, c->schedule, c->rule };
        l->shared[i] = uses[i].conjunct;
        l->check_of[uses[i].conjunct] = i + 1;
        index->n_memo += uses[i].uses > 1 && i < MEMO_MAX;
    }
    return OK;
}

/* The checks of each entry, but for those that a filter makes for all. */
static uint32_t enter(struct layout *l, const struct row *row, struct entry *entry, uint32_t place,
                      uint32_t n_before)
{
    uint32_t left[RULE_CONJUNCTS_MAX], n = left_of(l, row, left);

    *entry = (struct entry){ .number = row->number,
                             .rank = row->rank,
                             .first_check = n_before,
                             .unknown_allows = row->rule->unknown_allows };
    for (uint32_t i = 0; i < n; i++) {
        uint32_t filter = is_hanging(row) ? 0 : l->filter_of[left[i]];
        if (!filter) {
            l->index->entry_checks[n_before++] = l->check_of[left[i]] - 1;
            entry->n_checks++;
            continue;
        }
        set_bit((uint64_t *) l->index->filters[filter - 1].rules, place);
        if (!row->rule->unknown_allows)
            set_bit((uint64_t *) l->index->filters[filter - 1].strict, place);
    }
    return n_before;
}

static enum err make_entries(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t hanging = 0, scanned = 0, n = 0;
    size_t most = 0;

    for (uint32_t i = 0; i < l->n_shared; i++)
        most += l->uses[l->shared[i]];
    index->hanging = arena_take_array(l->arena, struct entry, index->n_hanging);
    index->scanned = arena_take_array(l->arena, struct entry, index->n_scanned);
    index->entry_checks = arena_take_array(l->arena, uint32_t, most);
    if (!index->hanging || !index->scanned || !index->entry_checks || most > UINT32_MAX)
        return ERR_LIMIT;
    for (uint32_t r = 0; r < l->n_rows; r++) {
        const struct row *row = &l->rows[r];
        uint32_t place = is_hanging(row) ? hanging++ : scanned++;
        struct entry *entry = is_hanging(row) ? &index->hanging[place] : &index->scanned[place];
        n = enter(l, row, entry, place, n);
    }
    return OK;
}

static enum err layout_begin(struct layout *l)
{
    const struct split *s = l->split;
    l->key_rows = arena_take_array(l->work, uint32_t, (size_t) s->n_keys);
    l->key_value = arena_take_array(l->work, uint32_t, (size_t) s->n_keys);
    l->field_index = arena_take_array(l->work, uint32_t, (size_t) s->n_fields);
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
    bool room = l->key_rows && l->key_value && l->field_index && l->scan_uses && l->uses &&
                l->check_of && l->filter_of && l->index;
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
    TRY(make_checks(&l));
    TRY(make_filters(&l));
    TRY(make_entries(&l));
    *ret_index = l.index;
    return OK;
}
