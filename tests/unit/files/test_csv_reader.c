/* SPDX-License-Identifier: Apache-2.0 */
#include "files/csv_reader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/out.h"
#include "suite.h"

/* What came out, as text: "1[a|b] 2[c|d] 3!fault". */
struct seen {
    struct out text;
    const char *stop_at; /* a field that ends the reading */
};

static enum err see(struct seen *seen, const struct csv_row *row)
{
    out_printf(&seen->text, "%s%llu", seen->text.len ? " " : "", (unsigned long long) row->line);
    if (row->fault) {
        out_printf(&seen->text, "!%s", row->fault);
        return OK;
    }
    for (uint32_t i = 0; i < row->n_fields && i < CSV_MAX_COLUMNS; i++)
        out_printf(&seen->text, "%s%.*s", i ? "|" : "[", STR_ARG(row->fields[i]));
    out_char(&seen->text, ']');
    if (seen->stop_at && row->n_fields && str_is(row->fields[0], seen->stop_at))
        return ERR_LIMIT;
    return OK;
}

static enum err on_header(void *self, const struct csv_row *row, struct err_note *note)
{
    (void) note;
    return see(self, row);
}

static enum err on_row(void *self, const struct csv_row *row, struct err_note *note)
{
    (void) note;
    return see(self, row);
}

static void expect_bytes(const char *bytes, size_t len, const char *expected)
{
    for (size_t piece = 1; piece < len + 2; piece += piece < 9 ? 1 : 97) {
        /* The BOM is looked for in the first piece, which of a file is never that small. */
        if (piece < 3 && len > 3 && bytes[0] == '\xef')
            continue;
        struct seen seen = { 0 };
        struct err_note note = { "" };
        const struct csv_visitor visitor = { &seen, on_header, on_row, NULL };
        out_init(&seen.text, NULL, 64);
        enum err err = csv_read_bytes((struct str){ bytes, len }, piece, &visitor, NULL, &note);
        if (err != OK)
            out_printf(&seen.text, " error: %s", note.text);
        out_char(&seen.text, '\0');
        ck_assert_msg(strcmp(seen.text.at, expected) == 0, "pieces of %zu: '%s' is not '%s'", piece,
                      seen.text.at, expected);
        out_deinit(&seen.text);
    }
}

static void expect(const char *bytes, const char *expected)
{
    expect_bytes(bytes, strlen(bytes), expected);
}

START_TEST(reads_rows_with_their_line_numbers)
{
    expect("sku,name\nA,Camera\nB,Lens\n", "1[sku|name] 2[A|Camera] 3[B|Lens]");
}
END_TEST

START_TEST(a_bom_crlf_and_a_missing_last_line_end_are_fine)
{
    expect("\xef\xbb\xbfsku,name\r\nA,Camera\r\nB,レンズ", "1[sku|name] 2[A|Camera] 3[B|レンズ]");
}
END_TEST

START_TEST(quotes_protect_commas_quotes_and_line_ends)
{
    expect("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n\"two\nlines\",x\nlast,y\n",
           "1[a|b] 2[1,5|say \"hi\"] 3[two\nlines|x] 5[last|y]");
}
END_TEST

START_TEST(spaces_around_unquoted_fields_go_and_empty_fields_stay)
{
    expect("a,b,c\n x , ,\"  y \"\n,,\n", "1[a|b|c] 2[x||  y ] 3[||]");
}
END_TEST

START_TEST(blank_lines_are_skipped_and_lines_still_counted)
{
    expect("a\n\n  \nx\n\n\ny\n", "1[a] 4[x] 7[y]");

    struct seen seen = { 0 };
    const struct csv_visitor visitor = { &seen, on_header, on_row, NULL };
    struct csv_read read;
    ck_assert_int_eq(csv_read_bytes(STR("a\n\n  \nx\n\n\ny\n"), 100, &visitor, &read, NULL), OK);
    ck_assert_uint_eq(read.lines, 7);
    ck_assert_uint_eq(read.blank, 4);
    out_deinit(&seen.text);
}
END_TEST

START_TEST(old_mac_line_ends_are_line_ends)
{
    const char *bytes = "a,b\r1,2\r\r3,4";
    struct seen seen = { 0 };
    const struct csv_visitor visitor = { &seen, on_header, on_row, NULL };
    ck_assert_int_eq(csv_read_bytes(str_of(bytes), 100, &visitor, NULL, NULL), OK);
    out_char(&seen.text, '\0');
    ck_assert_str_eq(seen.text.at, "1[a|b] 2[1|2] 4[3|4]");
    out_deinit(&seen.text);
}
END_TEST

START_TEST(a_stray_quote_costs_one_line)
{
    expect("a,b\nfour\"inch,2\nx,y\n\"z\" z,1\nv,w\n",
           "1[a|b] 2!has a quote where none may stand 3[x|y] "
           "4!has a quote where none may stand 5[v|w]");
}
END_TEST

START_TEST(a_quote_that_is_never_closed_costs_one_line_not_the_rest)
{
    expect("a,b\n\"open,1\nx,2\ny,3\n", "1[a|b] 2!has a quote that is not closed 3[x|2] 4[y|3]");
    expect("a,b\n\"open,1\nx,2\n\"quoted\",3\n\"too\",4",
           "1[a|b] 2!has a quote where none may stand 3[x|2] 4[quoted|3] 5[too|4]");
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_a_fault_of_their_line)
{
    expect("a,b\nok,1\n\xff\xfe,2\nok,3\n", "1[a|b] 2[ok|1] 3!is not UTF-8 4[ok|3]");
    /* Two halves of a character in neighbouring fields do not make a whole one. */
    expect("a,b\n\xc3,\xa9\n", "1[a|b] 2!is not UTF-8");
}
END_TEST

START_TEST(a_nul_byte_is_a_fault)
{
    expect_bytes("a,b\nx\0y,1\nok,2\n", 15, "1[a|b] 2!contains a NUL byte 3[ok|2]");
}
END_TEST

START_TEST(a_line_without_end_is_refused_and_skipped)
{
    size_t len = CSV_MAX_ROW_BYTES + 5000;
    char *bytes = malloc(len + 16);
    memset(bytes, 'x', len);
    memcpy(bytes, "a,b\n", 4);
    memcpy(bytes + len, "\nok,1\n", 7);
    struct seen seen = { 0 };
    const struct csv_visitor visitor = { &seen, on_header, on_row, NULL };
    ck_assert_int_eq(csv_read_bytes(str_of(bytes), 65536, &visitor, NULL, NULL), OK);
    out_char(&seen.text, '\0');

    ck_assert_str_eq(seen.text.at, "1[a|b] 2!is longer than 1 MiB 3[ok|1]");
    out_deinit(&seen.text);
    free(bytes);
}
END_TEST

START_TEST(an_open_quote_does_not_swallow_a_large_file)
{
    enum { LINES = 300000 };
    struct out bytes;
    out_init(&bytes, NULL, 8 << 20);
    out_text(&bytes, STR("a,b\n\"open,0\n"));
    for (int i = 0; i < LINES; i++)
        out_text(&bytes, STR("some text,1\n"));
    struct seen seen = { .stop_at = "never" };
    const struct csv_visitor visitor = { &seen, on_header, on_row, NULL };
    ck_assert_int_eq(csv_read_bytes(out_str(&bytes), 65536, &visitor, NULL, NULL), OK);

    struct str text = out_str(&seen.text);
    ck_assert(str_starts_with(
        text, STR("1[a|b] 2!has a quote that is not closed 3[some text|1] 4[some text|1]")));
    ck_assert(str_ends_with(text, STR(" 300002[some text|1]")));
    out_deinit(&seen.text);
    out_deinit(&bytes);
}
END_TEST

START_TEST(the_visitor_may_stop_the_reading)
{
    struct seen seen = { .stop_at = "stop" };
    const struct csv_visitor visitor = { &seen, on_header, on_row, NULL };
    ck_assert_int_eq(csv_read_bytes(STR("a\nstop\nx\n"), 3, &visitor, NULL, NULL), ERR_LIMIT);
    ck_assert(str_is(out_str(&seen.text), "1[a] 2[stop]"));
    out_deinit(&seen.text);
}
END_TEST

START_TEST(an_empty_file_and_a_bad_header_are_errors)
{
    expect("", " error: the file is empty: not even a header");
    expect("\n\n", " error: the file is empty: not even a header");
    expect("a,\"b\n", " error: the header (line 1) has a quote that is not closed");
    expect("\x8f\xa4\x95i,b\nx,1\n",
           " error: the header (line 1) is not UTF-8; for a file from Japanese Excel: iconv -f "
           "CP932 -t UTF-8");
}
END_TEST

static void write_file(char path[64], const char *bytes, size_t len)
{
    strcpy(path, "/tmp/offerd-csv-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t) len);
    close(fd);
}

static size_t gzip(const char *text, unsigned char *to, size_t room)
{
    z_stream stream = { .next_in = (Bytef *) (uintptr_t) text, .avail_in = (uInt) strlen(text) };
    stream.next_out = to;
    stream.avail_out = (uInt) room;
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t len = stream.total_out;
    deflateEnd(&stream);
    return len;
}

static enum err read_path(const char *path, struct seen *seen, struct err_note *note)
{
    const struct csv_visitor visitor = { seen, on_header, on_row, NULL };
    return csv_read_file(path, &visitor, NULL, note);
}

START_TEST(reads_a_file_plain_or_gzip)
{
    unsigned char packed[200];
    size_t len = gzip("a,b\n1,2\n", packed, sizeof packed);
    const struct str files[] = { STR("a,b\n1,2\n"), { (const char *) packed, len } };
    for (int i = 0; i < 2; i++) {
        char path[64];
        struct seen seen = { 0 };
        write_file(path, files[i].at, files[i].len);
        enum err err = read_path(path, &seen, NULL);
        unlink(path);
        ck_assert_int_eq(err, OK);
        ck_assert(str_is(out_str(&seen.text), "1[a|b] 2[1|2]"));
        out_deinit(&seen.text);
    }
}
END_TEST

START_TEST(a_gzip_file_that_is_cut_off_is_an_error)
{
    unsigned char packed[200];
    size_t len = gzip("a,b\n1,2\n3,4\n5,6\n", packed, sizeof packed);
    char path[64];
    struct seen seen = { 0 };
    struct err_note note = { "" };
    write_file(path, (const char *) packed, len - 10);
    enum err err = read_path(path, &seen, &note);
    unlink(path);

    ck_assert_int_eq(err, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "damaged or cut off"));
    out_deinit(&seen.text);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_an_error_that_says_so)
{
    struct seen seen = { 0 };
    struct err_note note = { "" };
    ck_assert_int_eq(read_path("/nowhere/orders.csv", &seen, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "No such file"));
    ck_assert_int_eq(read_path("/tmp", &seen, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "directory"));
}
END_TEST

SUITE_MAIN("files/csv_reader", reads_rows_with_their_line_numbers,
           a_bom_crlf_and_a_missing_last_line_end_are_fine,
           quotes_protect_commas_quotes_and_line_ends,
           spaces_around_unquoted_fields_go_and_empty_fields_stay,
           blank_lines_are_skipped_and_lines_still_counted, old_mac_line_ends_are_line_ends,
           a_stray_quote_costs_one_line, a_quote_that_is_never_closed_costs_one_line_not_the_rest,
           bytes_that_are_not_utf8_are_a_fault_of_their_line, a_nul_byte_is_a_fault,
           a_line_without_end_is_refused_and_skipped, an_open_quote_does_not_swallow_a_large_file,
           the_visitor_may_stop_the_reading, an_empty_file_and_a_bad_header_are_errors,
           reads_a_file_plain_or_gzip, a_gzip_file_that_is_cut_off_is_an_error,
           a_file_that_is_not_there_is_an_error_that_says_so)
