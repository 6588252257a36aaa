/* SPDX-License-Identifier: Apache-2.0 */
#include "files/csv_columns.h"

#include "base/out.h"

static bool is_ignored(char c)
{
    return c == ' ' || c == '_' || c == '-';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static bool same_name(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.len && is_ignored(a.at[i]))
            i++;
        while (k < b.len && is_ignored(b.at[k]))
            k++;
        if (i == a.len || k == b.len)
            return i == a.len && k == b.len;
        if (lower(a.at[i++]) != lower(b.at[k++]))
            return false;
    }
}

static enum err check_names(const struct csv_row *header, struct err_note *note)
{
    if (header->n_fields > CSV_MAX_COLUMNS)
        return err_fail(note, ERR_INPUT, "the header has %u columns, at most %d are read",
                        header->n_fields, CSV_MAX_COLUMNS);
    for (uint32_t i = 0; i < header->n_fields; i++) {
        if (header->fields[i].len == 0)
            return err_fail(note, ERR_INPUT, "column %u of the header has no name", i + 1);
        for (uint32_t k = 0; k < i; k++)
            if (same_name(header->fields[k], header->fields[i]))
                return err_fail(note, ERR_INPUT,
                                "the header names '%.*s' twice, as columns %u and %u",
                                STR_ARG(header->fields[i]), k + 1, i + 1);
    }
    return OK;
}

uint32_t csv_column_of(const struct csv_row *header, const struct csv_meaning *meaning)
{
    uint32_t kept = header->n_fields < CSV_MAX_COLUMNS ? header->n_fields : CSV_MAX_COLUMNS;
    for (int name = 0; name < CSV_MAX_NAMES && meaning->names[name]; name++)
        for (uint32_t i = 0; i < kept; i++)
            if (same_name(header->fields[i], str_of(meaning->names[name])))
                return i;
    return CSV_NO_COLUMN;
}

static enum err missing(const struct csv_row *header, const struct csv_meaning *meaning,
                        struct err_note *note)
{
    char text[200];
    struct out names = { .at = text, .cap = sizeof text };
    for (int i = 1; i < CSV_MAX_NAMES && meaning->names[i]; i++)
        out_printf(&names, "%s%s", i == 1 ? " (or " : ", ", meaning->names[i]);
    if (meaning->names[1])
        out_char(&names, ')');
    struct str first = header->fields[0];
    bool other_comma =
        header->n_fields == 1 && (str_contains(first, STR(";")) || str_contains(first, STR("\t")));
    return err_fail(note, ERR_INPUT, "the header has no column '%s'%.*s; it has %.*s%s",
                    meaning->names[0], (int) names.len, text,
                    header->text.len < 100 ? (int) header->text.len : 100, header->text.at,
                    other_comma ? ": columns are separated by commas" : "");
}

enum err csv_columns_find(const struct csv_row *header, const struct csv_meaning *meanings,
                          uint32_t n_meanings, uint32_t *ret_columns, struct err_note *note)
{
    TRY(check_names(header, note));
    for (uint32_t i = 0; i < n_meanings; i++) {
        ret_columns[i] = csv_column_of(header, &meanings[i]);
        if (ret_columns[i] == CSV_NO_COLUMN && meanings[i].required)
            return missing(header, &meanings[i], note);
    }
    return OK;
}
