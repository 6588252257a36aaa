/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule index: postings
 *
 * For each value the rules that hang on it, that a column lets through for it, that a column bars.
 * Counted, laid out, filled.
 */
#include <string.h>

#include "rules/rule_index_parts.h"

enum {
    DENSE_LEAST = 8,   /* a posting this long, … */
    DENSE_SHARE = 128, /* … of one of so many rules, is a bitmap */
};

enum posting { POSTING_HANGING, POSTING_PASSING, POSTING_BARRED };

static struct postings *postings_of(struct value_effect *effect, enum posting posting)
{
    return posting == POSTING_HANGING   ? &effect->hanging
           : posting == POSTING_PASSING ? &effect->passing
                                        : &effect->barred;
}

static void post(struct layout *l, struct postings *to, uint32_t place, bool fill)
{
    if (fill && to->dense)
        l->index->bits[to->at + place / 64] |= UINT64_C(1) << place % 64;
    else if (fill)
        l->index->places[to->at + to->n] = place;
    to->n++;
}

uint32_t index_value_of(struct layout *l, uint32_t key)
{
    if (!l->key_value[key]) {
        const struct key *from = &l->split->keys[key];
        l->index->values[l->index->n_values] =
            (struct index_value){ .hash = from->hash, .value = from->value, .field = from->field };
        l->index->effects[l->index->n_values] =
            (struct value_effect){ .field = l->field_index[from->field] - 1 };
        l->key_value[key] = ++l->index->n_values;
    }
    return l->key_value[key] - 1;
}

/* Adds a rule's @place to the postings of each key of @access. */
static void post_access(struct layout *l, const struct access *access, enum posting posting,
                        uint32_t place, bool fill)
{
    for (uint32_t k = 0; k < access->n_keys; k++) {
        uint32_t value = index_value_of(l, l->split->access_keys[access->first_key + k]);
        post(l, postings_of(&l->index->effects[value], posting), place, fill);
    }
}

static struct index_field *index_field(struct layout *l, uint32_t field)
{
    return &l->index->fields[l->field_index[field] - 1];
}

static void post_hanging(struct layout *l, const struct row *row, uint32_t place, bool fill)
{
    const struct access *access = &l->split->accesses[row->access];
    post_access(l, access, POSTING_HANGING, place, fill);
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
            post_access(l, &l->split->accesses[chosen[i]], POSTING_PASSING, place, fill);
        if (fill && chosen[i] == NO_NUMBER)
            set_bit(column->base, place);
        else if (fill && allows)
            set_bit(column->unknown, place);
    }
    for (uint32_t i = 0; i < row->n; i++) {
        uint32_t bar = conjunct_at(l, row, i)->bar;
        if (bar == NO_NUMBER)
            continue;
        uint32_t column = l->field_column[1][l->split->accesses[bar].field];
        if (column == NO_COLUMN)
            continue;
        post_access(l, &l->split->accesses[bar], POSTING_BARRED, place, fill);
        if (fill && !allows)
            set_bit(l->index->columns[column].unknown, place);
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

uint64_t *take_bits(struct layout *l)
{
    uint64_t *bits = l->index->bits + l->bits_used;
    l->bits_used += (size_t) l->index->n_blocks * BLOCK_WORDS;
    return bits;
}

/* The texts of all keys close together: those of the rules lie far apart. */
static bool gather_texts(struct layout *l, struct index_value *values, uint32_t n)
{
    size_t bytes = 0;
    for (uint32_t v = 0; v < n; v++)
        bytes += values[v].value.kind == VALUE_STRING ? values[v].value.string.len : 0;
    char *to = arena_take_raw(l->arena, bytes + 1);
    for (uint32_t v = 0; v < n && to; v++) {
        struct str *text = &values[v].value.string;
        if (values[v].value.kind != VALUE_STRING)
            continue;
        if (text->len)
            memcpy(to, text->at, text->len);
        text->at = to;
        to += text->len;
    }
    return to;
}

enum err make_slots(struct layout *l)
{
    struct rule_index *index = l->index;
    uint32_t size = 16;
    while (size < index->n_values * 2)
        size *= 2;
    struct index_value *values = arena_take_array(l->arena, struct index_value, index->n_values);
    if (!values)
        return ERR_LIMIT;
    if (index->n_values)
        memcpy(values, index->values, index->n_values * sizeof *values);
    if (!gather_texts(l, values, index->n_values))
        return ERR_LIMIT;
    index->values = values;
    const size_t line = 2 * sizeof *index->effects, n = index->n_values;
    char *effects = arena_take_raw(l->arena, n * sizeof *index->effects + line);
    if (!effects)
        return ERR_LIMIT;
    effects += -(uintptr_t) effects & (line - 1);
    if (n > 0)
        memcpy(effects, index->effects, n * sizeof *index->effects);
    index->effects = (struct value_effect *) effects;
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

enum err make_postings(struct layout *l)
{
    struct rule_index *index = l->index;
    size_t block_bytes = BLOCK_WORDS * sizeof *index->bits, bytes;

    index->values = arena_take_array(l->work, struct index_value, l->split->n_keys);
    index->effects = arena_take_array(l->work, struct value_effect, l->split->n_keys);
    if (!index->values || !index->effects)
        return ERR_LIMIT;
    post_all(l, false);
    for (uint32_t v = 0; v < index->n_values; v++) {
        lay_out(l, &index->effects[v].hanging, false);
        lay_out(l, &index->effects[v].passing, true);
        lay_out(l, &index->effects[v].barred, true);
    }
    for (uint32_t f = 0; f < index->group_fields[FIELD_GROUPS]; f++)
        lay_out(l, &index->fields[f].unknown, false);
    l->bits_used = l->n_bits;
    l->n_bits +=
        (size_t) index->n_blocks * BLOCK_WORDS * (2 * (index->n_columns + FILTERS_MAX) + 1);
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
    return OK;
}
