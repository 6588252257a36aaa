/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcsv splits rows into fields; this file cuts the bytes into lines first, for two reasons:
 * libcsv does not say where a row began, and after a fault it must be known where to go on.
 *
 * Usually a line is a row and goes straight through. A line that leaves a quote open is kept
 * in `open`, with the lines that follow, until the quote closes. When it turns out wrong (text
 * after the closing quote, too long, end of file), the first of these lines is reported and
 * the others are read again, each as the possible beginning of a row. That is no more than one
 * re-reading of each line: a line that opens a quote holds an odd number of them, so it would
 * have closed, or broken, the row that was open before it.
 *
 * A few lines more than usual in one file: all of it works on the one struct reader.
 */
#include "files/csv_reader.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/out.h"

enum { PIECE_BYTES = 256 * 1024, GUESS_BYTES = 64 };

struct reader {
    struct csv_parser parser;
    const struct csv_visitor *visitor;
    struct err_note *note;
    enum err err;    /* the first trouble; ends everything */
    bool has_header; /* seen */
    bool begun;      /* the first piece has been looked at */
    char line_end;   /* '\n', or '\r' for a file of old Macs */
    bool skipping;   /* the rest of a line that is too long */
    uint64_t line;   /* of the first line in `open`, else of the next one */
    uint64_t blank;
    uint32_t rows;    /* that came out of the line being parsed */
    struct out cells; /* the fields' bytes, a NUL behind each */
    size_t starts[CSV_MAX_COLUMNS + 1];
    uint32_t n_fields;
    struct out part;   /* a line whose end has not come yet */
    struct out open;   /* whole lines of a row whose quote is open */
    size_t begin, fed; /* in open: where the row begins, how far it was parsed */
    struct str text;   /* of the row being parsed */
};

static void init_parser(struct reader *reader)
{
    (void) csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_blk_size(&reader->parser, 1024);
}

static struct str without_line_end(struct str text)
{
    while (text.len && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* ── rows ───────────────────────────────────────────────────────────────────────────────── */

static const char *fault_of(const struct reader *reader)
{
    struct str cells = out_str(&reader->cells);
    if (memchr(reader->text.at, '\0', reader->text.len))
        return "contains a NUL byte";
    /* The NUL behind each field keeps two halves of a character apart. */
    if (!str_is_utf8(cells, NULL))
        return "is not UTF-8";
    return NULL;
}

static void deliver(struct reader *reader, const struct csv_row *row)
{
    if (reader->err != OK)
        return;
    if (reader->has_header) {
        reader->err = reader->visitor->row(reader->visitor->self, row, reader->note);
        return;
    }
    reader->has_header = true;
    if (row->fault)
        reader->err = err_fail(reader->note, ERR_INPUT, "the header (line %llu) %s%s",
                               (unsigned long long) row->line, row->fault,
                               strstr(row->fault, "UTF-8")
                                   ? "; for a file from Japanese Excel: iconv -f CP932 -t UTF-8"
                                   : "");
    else
        reader->err = reader->visitor->header(reader->visitor->self, row, reader->note);
}

static void deliver_fault(struct reader *reader, struct str text, const char *fault)
{
    deliver(reader, &(struct csv_row){ .line = reader->line, .text = text, .fault = fault });
}

static void forget_fields(struct reader *reader)
{
    reader->n_fields = 0;
    reader->cells.len = 0;
}

static void on_field(void *field, size_t len, void *self)
{
    struct reader *reader = self;
    if (reader->n_fields < CSV_MAX_COLUMNS) {
        reader->starts[reader->n_fields] = reader->cells.len;
        out_bytes(&reader->cells, field, len);
        out_char(&reader->cells, '\0');
        reader->starts[reader->n_fields + 1] = reader->cells.len;
    }
    reader->n_fields++;
}

static void on_row(int line_end, void *self)
{
    (void) line_end;
    struct reader *reader = self;
    struct str fields[CSV_MAX_COLUMNS];
    uint32_t n = reader->n_fields < CSV_MAX_COLUMNS ? reader->n_fields : CSV_MAX_COLUMNS;
    for (uint32_t i = 0; i < n; i++)
        fields[i] = (struct str){ reader->cells.at + reader->starts[i],
                                  reader->starts[i + 1] - 1 - reader->starts[i] };
    if (reader->cells.failed && reader->err == OK)
        reader->err = ERR_NOMEM;
    reader->rows++;
    deliver(reader, &(struct csv_row){ .line = reader->line,
                                       .fields = fields,
                                       .n_fields = reader->n_fields,
                                       .text = reader->text,
                                       .fault = fault_of(reader) });
    forget_fields(reader);
}

/* ── lines ──────────────────────────────────────────────────────────────────────────────── */

/* Parses one line, which ends with a line end; false for a fault. */
static bool parse(struct reader *reader, struct str line)
{
    reader->rows = 0;
    if (csv_parse(&reader->parser, line.at, line.len, on_field, on_row, reader) == line.len)
        return true;
    if (csv_error(&reader->parser) != CSV_EPARSE && reader->err == OK)
        reader->err = ERR_NOMEM;
    csv_free(&reader->parser);
    init_parser(reader);
    forget_fields(reader);
    return false;
}

static bool is_open(const struct reader *reader)
{
    return reader->parser.quoted;
}

static struct str first_line(const struct reader *reader, struct str text)
{
    const char *end = memchr(text.at, reader->line_end, text.len);
    return (struct str){ text.at, end ? (size_t) (end + 1 - text.at) : text.len };
}

/* Gives up the row that is open: its first line is reported, the others wait to be read again. */
static void give_up(struct reader *reader, const char *fault)
{
    struct str lines = { reader->open.at + reader->begin, reader->open.len - reader->begin };
    struct str first = first_line(reader, lines);
    deliver_fault(reader, without_line_end(first), fault);
    reader->line++;
    reader->begin += first.len;
    reader->fed = reader->begin;
    csv_free(&reader->parser);
    init_parser(reader);
    forget_fields(reader);
}

static void row_is_done(struct reader *reader)
{
    struct str rest = { reader->open.at + reader->begin, reader->fed - reader->begin };
    while (rest.len) {
        struct str line = first_line(reader, rest);
        rest.at += line.len;
        rest.len -= line.len;
        reader->line++;
    }
    reader->begin = reader->fed;
}

/* Parses what waits in `open`; afterwards it is empty, or holds one row whose quote is open. */
static void drain(struct reader *reader)
{
    while (reader->fed < reader->open.len && reader->err == OK) {
        struct str rest = { reader->open.at + reader->fed, reader->open.len - reader->fed };
        struct str line = first_line(reader, rest);
        reader->fed += line.len;
        reader->text = without_line_end(
            (struct str){ reader->open.at + reader->begin, reader->fed - reader->begin });
        if (!parse(reader, line))
            give_up(reader, "has a quote where none may stand");
        else if (!is_open(reader)) {
            reader->blank += reader->rows == 0;
            row_is_done(reader);
        } else if (reader->fed - reader->begin > CSV_MAX_ROW_BYTES)
            give_up(reader, "has a quote that is not closed");
    }
    if (reader->begin == 0)
        return;
    reader->open.len -= reader->begin;
    reader->fed -= reader->begin;
    memmove(reader->open.at, reader->open.at + reader->begin, reader->open.len);
    reader->begin = 0;
}

static void take_line(struct reader *reader, struct str line)
{
    if (reader->open.len) {
        out_text(&reader->open, line);
        drain(reader);
        return;
    }
    reader->text = without_line_end(line);
    if (!parse(reader, line))
        deliver_fault(reader, reader->text, "has a quote where none may stand");
    else if (is_open(reader)) {
        out_text(&reader->open, line);
        reader->begin = 0;
        reader->fed = reader->open.len;
        return;
    } else
        reader->blank += reader->rows == 0;
    reader->line++;
}

static void too_long(struct reader *reader, struct str head)
{
    while (reader->open.len && reader->err == OK) {
        give_up(reader, "has a quote that is not closed");
        drain(reader);
    }
    deliver_fault(reader, (struct str){ head.at, head.len < 200 ? head.len : 200 },
                  "is longer than 1 MiB");
    reader->line++;
}

/* ── pieces ─────────────────────────────────────────────────────────────────────────────── */

static struct str look_at_first(struct reader *reader, struct str piece)
{
    reader->begun = true;
    if (str_starts_with(piece, STR("\xef\xbb\xbf"))) {
        piece.at += 3;
        piece.len -= 3;
    }
    if (memchr(piece.at, '\r', piece.len) && !memchr(piece.at, '\n', piece.len))
        reader->line_end = '\r';
    return piece;
}

/* The bytes up to the next line end, which belongs to a line begun in an earlier piece, or not. */
static void take_bytes(struct reader *reader, struct str bytes, bool ends)
{
    if (reader->skipping) {
        reader->skipping = !ends;
    } else if (reader->part.len + bytes.len > CSV_MAX_ROW_BYTES) {
        struct str head = reader->part.len ? out_str(&reader->part) : bytes;
        too_long(reader, head);
        reader->part.len = 0;
        reader->skipping = !ends;
    } else if (ends && reader->part.len == 0) {
        take_line(reader, bytes);
    } else {
        out_text(&reader->part, bytes);
        if (ends) {
            take_line(reader, out_str(&reader->part));
            reader->part.len = 0;
        }
    }
}

static void feed(struct reader *reader, struct str piece)
{
    if (!reader->begun)
        piece = look_at_first(reader, piece);
    while (piece.len && reader->err == OK) {
        const char *end = memchr(piece.at, reader->line_end, piece.len);
        size_t len = end ? (size_t) (end + 1 - piece.at) : piece.len;
        take_bytes(reader, (struct str){ piece.at, len }, end != NULL);
        piece.at += len;
        piece.len -= len;
    }
    if (reader->part.failed || reader->open.failed || reader->cells.failed)
        reader->err = ERR_NOMEM;
}

/* The end of the file ends the last line, and every quote that is still open is wrong. */
static void finish(struct reader *reader)
{
    if (reader->part.len && reader->err == OK)
        take_bytes(reader, (struct str){ &reader->line_end, 1 }, true);
    while (reader->open.len && reader->err == OK) {
        give_up(reader, "has a quote that is not closed");
        drain(reader);
    }
    if (reader->err == OK && !reader->has_header)
        reader->err = err_fail(reader->note, ERR_INPUT, "the file is empty: not even a header");
}

static void reader_init(struct reader *reader, const struct csv_visitor *visitor,
                        struct err_note *note)
{
    *reader = (struct reader){ .visitor = visitor, .note = note, .line_end = '\n', .line = 1 };
    init_parser(reader);
    out_init(&reader->cells, NULL, 4096);
    out_init(&reader->part, NULL, 4096);
    out_init(&reader->open, NULL, 0);
}

static enum err reader_deinit(struct reader *reader, struct csv_read *ret_read)
{
    csv_free(&reader->parser);
    out_deinit(&reader->cells);
    out_deinit(&reader->part);
    out_deinit(&reader->open);
    if (ret_read)
        *ret_read = (struct csv_read){ .lines = reader->line - 1, .blank = reader->blank };
    return reader->err;
}

enum err csv_read_bytes(struct str bytes, size_t piece_bytes, const struct csv_visitor *visitor,
                        struct csv_read *ret_read, struct err_note *note)
{
    struct reader reader;
    reader_init(&reader, visitor, note);
    while (bytes.len && reader.err == OK) {
        size_t len = bytes.len < piece_bytes ? bytes.len : piece_bytes;
        feed(&reader, (struct str){ bytes.at, len });
        bytes.at += len;
        bytes.len -= len;
    }
    finish(&reader);
    return reader_deinit(&reader, ret_read);
}

/* ── files ──────────────────────────────────────────────────────────────────────────────── */

static void close_gz_at(gzFile *file)
{
    if (*file)
        (void) gzclose(*file);
}

static enum err open_file(const char *path, gzFile *ret_file, uint64_t *ret_bytes,
                          struct err_note *note)
{
    struct stat stat_;
    if (stat(path, &stat_) != 0)
        return err_fail(note, ERR_INPUT, "cannot read it: %s", strerror(errno));
    if (S_ISDIR(stat_.st_mode))
        return err_fail(note, ERR_INPUT, "is a directory");
    *ret_file = gzopen(path, "rbe");
    if (!*ret_file)
        return err_fail(note, ERR_INPUT, "cannot read it: %s", strerror(errno));
    (void) gzbuffer(*ret_file, PIECE_BYTES);
    *ret_bytes = (uint64_t) stat_.st_size;
    return OK;
}

static void report(const struct reader *reader, gzFile file, uint64_t bytes_in_all)
{
    const struct csv_progress *progress = reader->visitor->progress;
    z_off_t at = gzoffset(file);
    if (progress)
        progress->report(progress->self, reader->line - 1, at > 0 ? (uint64_t) at : 0,
                         bytes_in_all);
}

static enum err read_all(struct reader *reader, gzFile file, uint64_t bytes_in_all, char *piece)
{
    for (;;) {
        int len = gzread(file, piece, PIECE_BYTES);
        int code = Z_OK;
        const char *what = gzerror(file, &code);
        if (len < 0 || (len < PIECE_BYTES && code == Z_BUF_ERROR))
            return err_fail(reader->note, ERR_INPUT,
                            "near line %llu the compressed data is damaged or cut off (%s)",
                            (unsigned long long) reader->line,
                            code == Z_ERRNO ? strerror(errno) : what);
        if (len == 0)
            break;
        feed(reader, (struct str){ piece, (size_t) len });
        TRY(reader->err);
        report(reader, file, bytes_in_all);
    }
    finish(reader);
    return reader->err;
}

enum err csv_read_file(const char *path, const struct csv_visitor *visitor,
                       struct csv_read *ret_read, struct err_note *note)
{
    AUTO(close_gz) gzFile file = NULL;
    uint64_t bytes = 0;
    TRY(open_file(path, &file, &bytes, note));
    char *piece = malloc(PIECE_BYTES);
    if (!piece)
        return ERR_NOMEM;
    struct reader reader;
    reader_init(&reader, visitor, note);
    enum err err = read_all(&reader, file, bytes, piece);
    free(piece);
    (void) reader_deinit(&reader, ret_read);
    return err;
}
