/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml says what it did not find where it stopped; the author wants to know what is wrong where
 * it was written. So: first the mistakes that hands and editors make on the lines concerned, then
 * libyaml's own sentence, in our words.
 */
#include <string.h>

#include "files/yaml_source.h"

/* Where libyaml's mark for a fault is: at what it met, or at the beginning of what it was in. */
enum blame { AT_PROBLEM, AT_CONTEXT };

static const struct {
    const char *problem; /* the beginning of libyaml 0.2's sentence */
    enum diag_code code;
    enum blame blame;
} sentences[] = {
    { "mapping values are not allowed", DIAG_YAML_COLON_IN_TEXT, AT_PROBLEM },
    { "could not find expected ':'", DIAG_YAML_NO_COLON, AT_CONTEXT },
    { "did not find expected key", DIAG_YAML_INDENT, AT_PROBLEM },
    { "did not find expected '-' indicator", DIAG_YAML_INDENT, AT_PROBLEM },
    { "did not find expected <document start>", DIAG_YAML_INDENT, AT_PROBLEM },
    { "block sequence entries are not allowed", DIAG_YAML_LIST_ITEM, AT_PROBLEM },
    { "did not find expected ',' or '}'", DIAG_YAML_BRACE_OPEN, AT_PROBLEM },
    { "did not find expected ',' or ']'", DIAG_YAML_BRACKET_OPEN, AT_PROBLEM },
    { "found unexpected end of stream", DIAG_YAML_QUOTE_OPEN, AT_CONTEXT },
    { "found unexpected document indicator", DIAG_YAML_QUOTE_OPEN, AT_CONTEXT },
    { "found unknown escape character", DIAG_YAML_ESCAPE, AT_PROBLEM },
    { "did not find expected hexdecimal number", DIAG_YAML_ESCAPE, AT_PROBLEM },
    { "found invalid Unicode character escape code", DIAG_YAML_ESCAPE, AT_PROBLEM },
    { "found character that cannot start any token", DIAG_YAML_BAD_START, AT_PROBLEM },
    { "did not find expected alphabetic or numeric", DIAG_YAML_BAD_START, AT_CONTEXT },
    { "found undefined tag handle", DIAG_YAML_BAD_START, AT_PROBLEM },
    { "did not find expected whitespace or line break", DIAG_YAML_BAD_START, AT_CONTEXT },
    { "found a tab character", DIAG_YAML_TAB, AT_PROBLEM },
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_' || c == '.';
}

static uint32_t column_of(struct str line, size_t offset)
{
    uint32_t column = 1;
    for (size_t i = 0; i < offset && i < line.len; i++)
        column += ((unsigned char) line.at[i] & 0xc0) != 0x80;
    return column;
}

/*
 * A word of the language where one may begin, with @tail right behind it; its offset or line.len.
 */
static size_t word_before(struct str line, struct str tail)
{
    for (size_t i = 0; i + tail.len <= line.len; i++) {
        if (!str_starts_with((struct str){ line.at + i, line.len - i }, tail) || i == 0)
            continue;
        size_t begin = i;
        while (begin > 0 && is_letter(line.at[begin - 1]))
            begin--;
        bool starts = begin < i && (begin == 0 || strchr(" {,[", line.at[begin - 1]));
        if (starts)
            return i;
    }
    return line.len;
}

/*
 * "title: {saving} お得": a placeholder in braces that text
 * follows. The brace's offset or line.len.
 */
static size_t bare_placeholder(struct str line)
{
    for (size_t i = 2; i < line.len; i++) {
        if (line.at[i] != '{' || line.at[i - 1] != ' ' || line.at[i - 2] != ':')
            continue;
        size_t end = i + 1;
        while (end < line.len &&
               (is_letter(line.at[end]) || line.at[end] == ' ' || line.at[end] == '?'))
            end++;
        if (end == line.len || line.at[end] != '}')
            continue;
        size_t after = end + 1;
        while (after < line.len && line.at[after] == ' ')
            after++;
        if (after < line.len && !strchr(",}]#", line.at[after]))
            return i;
    }
    return line.len;
}

/* "priority:80": true with the colon's offset. */
static bool tight_colon(struct str line, size_t *ret_at)
{
    size_t i = 0;
    while (i < line.len && (line.at[i] == ' ' || line.at[i] == '-'))
        i++;
    size_t begin = i;
    while (i < line.len && is_letter(line.at[i]))
        i++;
    *ret_at = i;
    return i > begin && i + 1 < line.len && line.at[i] == ':' && line.at[i + 1] != ' ';
}

static void add(struct yaml_source *source, uint32_t line_number, struct str line, size_t offset,
                enum diag_code code, struct str arg)
{
    struct doc_place place = { line_number, column_of(line, offset) };
    diag_add(source->diags, source->file, place, code, arg, (struct str){ 0 }, (struct str){ 0 });
}

/* The slips that one line shows by itself. */
static bool explain_line(struct yaml_source *source, uint32_t n)
{
    struct str line = doc_line(source->file, n);
    size_t at;

    if ((at = word_before(line, STR("\xef\xbc\x9a"))) < line.len) {
        add(source, n, line, at, DIAG_YAML_WIDE_COLON, (struct str){ 0 });
        return true;
    }
    if ((at = bare_placeholder(line)) < line.len) {
        add(source, n, line, at, DIAG_YAML_PLACEHOLDER, (struct str){ 0 });
        return true;
    }
    if (tight_colon(line, &at)) {
        size_t end = at;
        while (end < line.len && end < at + 24 && line.at[end] != ' ')
            end++;
        while (end < line.len && ((unsigned char) line.at[end] & 0xc0) == 0x80)
            end++;
        add(source, n, line, at, DIAG_YAML_COLON_SPACE, (struct str){ line.at + at, end - at });
        return true;
    }
    return false;
}

static void explain_sentence(struct yaml_source *source, const yaml_parser_t *parser)
{
    struct str problem = str_of(parser->problem ? parser->problem : "?");
    struct out block;
    out_init(&block, source->arena, 16);
    out_int(&block, (int64_t) parser->context_mark.line + 1);

    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (str_starts_with(problem, str_of(sentences[i].problem))) {
            bool context = sentences[i].blame == AT_CONTEXT && parser->context;
            diag_add(source->diags, source->file,
                     yaml_place(context ? parser->context_mark : parser->problem_mark),
                     sentences[i].code, out_str(&block), (struct str){ 0 }, (struct str){ 0 });
            return;
        }
    diag_add(source->diags, source->file, yaml_place(parser->problem_mark), DIAG_YAML_SYNTAX,
             problem, (struct str){ 0 }, (struct str){ 0 });
}

void yaml_fault(struct yaml_source *source, const yaml_parser_t *parser)
{
    if (parser->error == YAML_READER_ERROR) { /* the bytes were checked before: should not happen */
        diag_add(source->diags, source->file, doc_place_of(source->file, parser->problem_offset),
                 DIAG_YAML_SYNTAX, str_of(parser->problem), (struct str){ 0 }, (struct str){ 0 });
        return;
    }
    uint32_t problem = (uint32_t) parser->problem_mark.line + 1;
    uint32_t context = parser->context ? (uint32_t) parser->context_mark.line + 1 : problem;
    bool in_quotes = parser->context && strstr(parser->context, "quoted scalar");

    if (yaml_source_indentation(source, in_quotes ? context : problem) > 0)
        return;
    if (!in_quotes) {
        /* A block that began long ago says nothing about this line. */
        bool near = context + 1 >= problem;
        if (explain_line(source, problem) ||
            (near && context != problem && explain_line(source, context)) ||
            (problem > 1 && problem - 1 != context && explain_line(source, problem - 1)))
            return;
    }
    explain_sentence(source, parser);
}
