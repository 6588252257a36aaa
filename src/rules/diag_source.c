/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/diag_source.h"

enum { CELLS_SHOWN = 100, CELLS_BEFORE = 70 };

/* One character: its code point (U+FFFD for bytes that are not UTF-8) and its length. */
static uint32_t decode(struct str text, size_t *ret_len)
{
    const unsigned char *at = (const unsigned char *) text.at;
    size_t len = at[0] < 0x80   ? 1
                 : at[0] < 0xc2 ? 0
                 : at[0] < 0xe0 ? 2
                 : at[0] < 0xf0 ? 3
                 : at[0] < 0xf5 ? 4
                                : 0;
    *ret_len = 1;
    if (len == 0 || len > text.len || !str_is_utf8((struct str){ text.at, len }, NULL))
        return 0xfffd;
    uint32_t code = len == 1 ? at[0] : at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (at[i] & 0x3f);
    *ret_len = len;
    return code;
}

/* Cells of a terminal, after Unicode's East Asian Width (wide and full-width) in broad ranges. */
static uint32_t cells_of(uint32_t code)
{
    static const struct {
        uint32_t first, last, cells;
    } ranges[] = {
        { 0x0300, 0x036f, 0 },   { 0x200b, 0x200f, 0 },   { 0xfe00, 0xfe0f, 0 },
        { 0xfeff, 0xfeff, 0 },   { 0x1100, 0x115f, 2 },   { 0x2e80, 0x303e, 2 },
        { 0x3041, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },
        { 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },
        { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 }, { 0x1f900, 0x1f9ff, 2 },
        { 0x20000, 0x3fffd, 2 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return ranges[i].cells;
    return 1;
}

/* Control characters, and those that turn the writing direction. */
static bool is_obeyed(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

static uint32_t print_character(struct out *out, struct str text, size_t *ret_len)
{
    uint32_t code = decode(text, ret_len);
    if (code == '\t')
        out_char(out, ' ');
    else if (code == 0xfffd || is_obeyed(code))
        out_char(out, '?');
    else
        out_bytes(out, text.at, *ret_len);
    return code == 0xfffd || is_obeyed(code) ? 1 : cells_of(code);
}

void source_print_plain(struct out *out, struct str text)
{
    for (size_t i = 0, len; i < text.len; i += len)
        (void) print_character(out, (struct str){ text.at + i, text.len - i }, &len);
}

static uint32_t cells_at(struct str text, size_t *ret_len)
{
    uint32_t code = decode(text, ret_len);
    return code == 0xfffd || is_obeyed(code) ? 1 : cells_of(code);
}

/* The byte in @line at which to begin so that @at is at most CELLS_BEFORE cells away. */
static size_t window_begin(struct str line, size_t at)
{
    uint32_t before = 0;
    for (size_t i = 0, len; i < at; i += len)
        before += cells_at((struct str){ line.at + i, line.len - i }, &len);

    size_t begin = 0, len;
    for (; before > CELLS_BEFORE && begin < at; begin += len)
        before -= cells_at((struct str){ line.at + begin, line.len - begin }, &len);
    return begin;
}

static void print_margin(struct out *out, uint32_t line, bool color)
{
    out_text(out, color ? STR("\033[1;34m") : STR(""));
    if (line)
        out_printf(out, "%6u", line);
    else
        out_text(out, STR("      "));
    out_text(out, STR(" |"));
    out_text(out, color ? STR("\033[0m ") : STR(" "));
}

void source_print_line(struct out *out, const struct doc_file *file, struct doc_place place,
                       struct str wrong, bool color)
{
    struct str line = doc_line(file, place.line);
    size_t at = line.len ? doc_offset_of(file, place) - (size_t) (line.at - file->text.at) : 0;
    size_t begin = window_begin(line, at), i = begin, len;
    uint32_t cells = 0, caret = 0;

    print_margin(out, place.line, color);
    out_text(out, begin ? STR("…") : STR(""));
    for (; i < line.len && cells < CELLS_SHOWN; i += len) {
        if (i == at)
            caret = cells;
        cells += print_character(out, (struct str){ line.at + i, line.len - i }, &len);
    }
    if (at >= i)
        caret = cells;
    out_text(out, i < line.len ? STR("…\n") : STR("\n"));

    print_margin(out, 0, color);
    for (uint32_t n = 0; n < caret + (begin ? 1 : 0); n++)
        out_char(out, ' ');
    out_text(out, color ? STR("\033[1;32m^") : STR("^"));
    struct str rest = { line.at + at, line.len - at };
    if (wrong.len > 1 && str_starts_with(rest, wrong)) {
        uint32_t width = 0;
        for (size_t k = 0; k < wrong.len; k += len)
            width += cells_at((struct str){ wrong.at + k, wrong.len - k }, &len);
        for (uint32_t n = 1; n < width && caret + n < CELLS_SHOWN; n++)
            out_char(out, '~');
    }
    out_text(out, color ? STR("\033[0m\n") : STR("\n"));
}
