/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rules/term.h"

/*
 * A scope for tests: slots 0 up to TABLE_SLOTS are values of their own, slots from TABLE_ELEMENT on
 * are fields of the current element of list 0, whose rows are given. Word set 1 has the words.
 */
enum { TABLE_SLOTS = 8, TABLE_ELEMENT = 100, TABLE_FIELDS = 4, TABLE_ROWS = 4 };

struct table_scope {
    struct term_scope scope; /* first */
    struct value slots[TABLE_SLOTS];
    struct value rows[TABLE_ROWS][TABLE_FIELDS];
    int64_t weights[TABLE_ROWS];
    uint32_t n_rows, row;
    const char *const *words; /* NULL-terminated */
};

static inline struct value table_load(struct term_scope *scope, uint32_t slot)
{
    struct table_scope *self = (struct table_scope *) scope;
    return slot >= TABLE_ELEMENT ? self->rows[self->row][slot - TABLE_ELEMENT] : self->slots[slot];
}

static inline bool table_element(struct term_scope *scope, uint32_t list, uint32_t index,
                                 int64_t *ret_weight)
{
    struct table_scope *self = (struct table_scope *) scope;
    if (list != 0 || index >= self->n_rows)
        return false;
    self->row = index;
    *ret_weight = self->weights[index];
    return true;
}

static inline bool table_has_word(struct term_scope *scope, uint32_t list, struct str word)
{
    struct table_scope *self = (struct table_scope *) scope;
    for (size_t i = 0; list == 1 && self->words && self->words[i]; i++)
        if (str_is(word, self->words[i]))
            return true;
    return false;
}

static inline struct table_scope table_scope_of(const struct value *slots, size_t n)
{
    struct table_scope self = { .scope = { table_load, table_element, table_has_word } };
    for (size_t i = 0; i < n; i++)
        self.slots[i] = slots[i];
    return self;
}
