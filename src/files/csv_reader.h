/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * CSV reader
 *
 * Reads a CSV file (RFC 4180, UTF-8, plain or gzip by its first bytes) row by row, in bounded
 * memory. A BOM, CRLF or CR line ends and a missing last line end are fine; blank lines are
 * skipped and counted; spaces around an unquoted field are dropped.
 *
 * A row that cannot be read (a stray quote, bytes that are not UTF-8) comes as a row with a
 * fault, and reading goes on with the next line: a quote that is never closed costs one line,
 * not the rest of the file. Nothing is dropped in silence.
 */
enum {
    CSV_MAX_COLUMNS = 256,       /* a row may have more; only so many are kept */
    CSV_MAX_ROW_BYTES = 1 << 20, /* of one row, and of one line */
};

struct csv_row {
    uint64_t line;            /* where it begins; the first line of the file is 1 */
    const struct str *fields; /* all borrowed until the visitor returns */
    uint32_t n_fields;        /* as many as the row has, also when not all are kept */
    struct str text;          /* the row as it stands in the file, without its line end */
    const char *fault;        /* NULL, or why the row could not be read: static text */
};

/* Told after every piece: lines so far, and how much of the file (compressed bytes) was read. */
struct csv_progress {
    void *self;
    void (*report)(void *self, uint64_t lines, uint64_t bytes_read, uint64_t bytes_in_all);
};

/* Answering other than OK stops the reading with that. */
struct csv_visitor {
    void *self;
    enum err (*header)(void *self, const struct csv_row *row, struct err_note *note); /* once */
    enum err (*row)(void *self, const struct csv_row *row, struct err_note *note);
    const struct csv_progress *progress; /* may be NULL */
};

struct csv_read {
    uint64_t lines; /* of the file, header and blank ones included */
    uint64_t blank;
};

/*
 * ERR_INPUT with a note for a file that cannot be opened or uncompressed, that is empty, or
 * whose header cannot be read. *ret_read may be NULL.
 */
MUST_CHECK enum err csv_read_file(const char *path, const struct csv_visitor *visitor,
                                  struct csv_read *ret_read, struct err_note *note);

/* The same from memory, handed on in pieces of @piece_bytes: for tests. */
MUST_CHECK enum err csv_read_bytes(struct str bytes, size_t piece_bytes,
                                   const struct csv_visitor *visitor, struct csv_read *ret_read,
                                   struct err_note *note);
