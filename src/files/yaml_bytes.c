/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "files/yaml_doc.h"
#include "files/yaml_source.h"

static void complain(struct yaml_source *source, size_t offset, enum diag_code code,
                     const char *what)
{
    diag_add(source->diags, source->file, doc_place_of(source->file, offset), code, str_of(what),
             (struct str){ 0 }, (struct str){ 0 });
}

static void complain_number(struct yaml_source *source, size_t offset, enum diag_code code,
                            const char *fmt, unsigned number)
{
    struct out text;
    out_init(&text, source->arena, 32);
    out_printf(&text, fmt, number);
    diag_add(source->diags, source->file, doc_place_of(source->file, offset), code, out_str(&text),
             (struct str){ 0 }, (struct str){ 0 });
}

static enum err check_size(struct yaml_source *source)
{
    struct out have, most;
    if (source->file->text.len <= YAML_BYTES_MAX)
        return OK;
    out_init(&have, source->arena, 32);
    out_int(&have, (int64_t) source->file->text.len);
    out_init(&most, source->arena, 32);
    out_int(&most, YAML_BYTES_MAX);
    diag_add(source->diags, source->file, (struct doc_place){ 1, 1 }, DIAG_FILE_TOO_LARGE,
             out_str(&have), out_str(&most), (struct str){ 0 });
    return ERR_INPUT;
}

/* Characters of more than one byte that may not stand in a rule file. */
static enum diag_code refused_sequence(struct str rest, const char **ret_what)
{
    static const struct {
        struct str bytes;
        enum diag_code code;
        const char *what;
    } refused[] = {
        { { "\xc2\x85", 2 }, DIAG_FILE_LINE_BREAK, "U+0085" },
        { { "\xe2\x80\xa8", 3 }, DIAG_FILE_LINE_BREAK, "U+2028" },
        { { "\xe2\x80\xa9", 3 }, DIAG_FILE_LINE_BREAK, "U+2029" },
        { { "\xef\xbb\xbf", 3 }, DIAG_FILE_CONTROL, "U+FEFF" },
        { { "\xef\xbf\xbe", 3 }, DIAG_FILE_CONTROL, "U+FFFE" },
        { { "\xef\xbf\xbf", 3 }, DIAG_FILE_CONTROL, "U+FFFF" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (rest.at[0] == refused[i].bytes.at[0] && str_starts_with(rest, refused[i].bytes)) {
            *ret_what = refused[i].what;
            return refused[i].code;
        }
    return DIAG_CODES;
}

static enum err check_character(struct yaml_source *source, size_t i)
{
    struct str text = source->file->text, rest = { text.at + i, text.len - i };
    unsigned char c = (unsigned char) text.at[i];
    const char *what;

    if (c == '\r' && !(i + 1 < text.len && text.at[i + 1] == '\n')) {
        complain(source, i, DIAG_FILE_LINE_BREAK, "CR");
        return ERR_INPUT;
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
        complain_number(source, i, DIAG_FILE_CONTROL, "U+%04X", c);
        return ERR_INPUT;
    }
    if (c == 0xc2 && rest.len > 1 && (unsigned char) rest.at[1] < 0xa0 &&
        (unsigned char) rest.at[1] != 0x85) {
        complain_number(source, i, DIAG_FILE_CONTROL, "U+%04X", (unsigned char) rest.at[1]);
        return ERR_INPUT;
    }
    enum diag_code code = c >= 0x80 ? refused_sequence(rest, &what) : DIAG_CODES;
    if (code == DIAG_CODES)
        return OK;
    complain(source, i, code, what);
    return ERR_INPUT;
}

/* Nearly every byte of nearly every file: of well-formed UTF-8, what check_character takes. */
static bool is_ordinary(unsigned char c)
{
    return c >= 0x20 ? c != 0x7f && c != 0xc2 && c != 0xe2 && c != 0xef : c == '\n';
}

enum err yaml_source_init(struct yaml_source *source, const struct doc_file *file,
                          struct arena *arena, struct diags *diags)
{
    *source = (struct yaml_source){ .file = file, .diags = diags, .arena = arena, .n_lines = 1 };
    source->json = str_ends_with(file->name, STR(".json"));
    TRY(check_size(source));
    if (str_starts_with(file->text, STR("\xef\xbb\xbf"))) {
        complain(source, 0, DIAG_FILE_BOM, NULL);
        return ERR_INPUT;
    }
    size_t bad;
    if (!str_is_utf8(file->text, &bad)) {
        complain_number(source, bad, DIAG_FILE_UTF8, "0x%02X", (unsigned char) file->text.at[bad]);
        return ERR_INPUT;
    }
    const struct str text = file->text;
    uint32_t feeds = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_ordinary((unsigned char) text.at[i]))
            TRY(check_character(source, i));
        feeds += text.at[i] == '\n';
    }
    source->n_lines += feeds;
    source->content = arena_take(arena, source->n_lines + 2);
    return source->content ? OK : ERR_LIMIT;
}

/* The byte of libyaml's character @index, which is never before the one asked for last. */
static size_t byte_of(struct yaml_source *source, size_t index)
{
    const struct str text = source->file->text;
    size_t byte = source->seen_byte;
    for (size_t left = index - source->seen_index; left > 0 && byte < text.len; left--) {
        unsigned char lead = (unsigned char) text.at[byte]; /* of well-formed UTF-8 */
        byte += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    }
    source->seen_index = index;
    source->seen_byte = byte;
    return byte;
}

struct str yaml_source_scalar(struct yaml_source *source, const yaml_event_t *scalar)
{
    struct str text = source->file->text;
    struct str value = { (const char *) scalar->data.scalar.value, scalar->data.scalar.length };
    bool plain = scalar->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    size_t from = byte_of(source, scalar->start_mark.index) + !plain;
    bool same = from < text.len && text.len - from >= value.len &&
                memcmp(text.at + from, value.at, value.len) == 0;
    return same ? (struct str){ text.at + from, value.len } : arena_copy(source->arena, value);
}

void yaml_source_content(struct yaml_source *source, const yaml_event_t *scalar)
{
    if (scalar->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return;
    /* A block scalar ends where the next line begins. */
    uint32_t last = (uint32_t) scalar->end_mark.line + 1 - (scalar->end_mark.column == 0);
    for (uint32_t line = (uint32_t) scalar->start_mark.line + 2;
         line <= last && line <= source->n_lines; line++)
        source->content[line] = 1;
}

/*
 * The blanks a line begins with: its first tab and its first
 * wide blank, as columns from 1; 0 = none.
 */
static void look_at_indentation(struct str line, uint32_t *ret_tab, uint32_t *ret_wide)
{
    uint32_t column = 1;
    size_t i = 0;
    *ret_tab = *ret_wide = 0;
    while (i < line.len && line.at[i] == ' ')
        i++, column++;
    for (; i < line.len; column++) {
        struct str rest = { line.at + i, line.len - i };
        bool wide = str_starts_with(rest, STR("\xe3\x80\x80"));
        bool no_break = str_starts_with(rest, STR("\xc2\xa0"));
        if (line.at[i] != ' ' && line.at[i] != '\t' && !wide && !no_break)
            break;
        if (line.at[i] == '\t' && !*ret_tab)
            *ret_tab = column;
        if ((wide || no_break) && !*ret_wide)
            *ret_wide = column;
        i += wide ? 3 : no_break ? 2 : 1;
    }
    if (i == line.len) /* nothing but blanks: harmless */
        *ret_tab = *ret_wide = 0;
}

uint32_t yaml_source_indentation(struct yaml_source *source, uint32_t last_line)
{
    struct str rest = source->file->text;
    uint32_t found = 0;
    for (uint32_t n = 1; n <= last_line && rest.len; n++) {
        const char *feed = memchr(rest.at, '\n', rest.len);
        size_t len = feed ? (size_t) (feed - rest.at) : rest.len;
        struct str line = { rest.at, len && rest.at[len - 1] == '\r' ? len - 1 : len };
        uint32_t tab, wide;
        look_at_indentation(line, &tab, &wide);
        if (!source->content[n] && (wide || (tab && !source->json))) {
            struct doc_place place = { n, wide ? wide : tab };
            diag_add(source->diags, source->file, place,
                     wide ? DIAG_YAML_WIDE_SPACE : DIAG_YAML_TAB, (struct str){ 0 },
                     (struct str){ 0 }, (struct str){ 0 });
            found++;
        }
        rest = feed ? (struct str){ feed + 1, rest.len - len - 1 } : STR("");
    }
    return found;
}
