/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "files/csv_reader.h"

/*
 * CSV columns
 *
 * Which column of a file means what, told by its header. A meaning may go by several names;
 * capitals, spaces, '_' and '-' do not matter ("Order ID" is order_id). When a file has
 * several of them, the one named first in the table has the meaning and the others are
 * ordinary columns.
 */
enum { CSV_MAX_NAMES = 6, CSV_NO_COLUMN = UINT32_MAX };

struct csv_meaning {
    const char *names[CSV_MAX_NAMES]; /* the best first; the rest NULL */
    bool required;
};

/* The column that @header has for @meaning, or CSV_NO_COLUMN. */
uint32_t csv_column_of(const struct csv_row *header, const struct csv_meaning *meaning);

/*
 * ret_columns[i] = the column of meanings[i], or CSV_NO_COLUMN. ERR_INPUT, saying what was
 * found and what is expected, for a required column that is missing, a name that stands
 * twice, a column without a name, too many columns.
 */
MUST_CHECK enum err csv_columns_find(const struct csv_row *header,
                                     const struct csv_meaning *meanings, uint32_t n_meanings,
                                     uint32_t *ret_columns, struct err_note *note);

/* The field of that row; empty when the file has no such column. */
static inline struct str csv_field(const struct csv_row *row, uint32_t column)
{
    return column == CSV_NO_COLUMN ? (struct str){ 0 } : row->fields[column];
}
