/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told when the text does not go on as it should, and the guesses at what was meant.
 */
#include <stdarg.h>
#include <stdio.h>

#include "expr/syntax/cel_parser.h"
#include "expr/values/cel_rune.h"

enum { SHOWN = 40 }; /* bytes of a token in a sentence */

/* Words of other languages where an operator is expected. */
static const struct {
    const char *word, *hint;
} foreign[] = {
    { "is", "write '=='" },
    { "eq", "write '=='" },
    { "equals", "write '=='" },
    { "ne", "write '!='" },
    { "lt", "write '<'" },
    { "le", "write '<='" },
    { "gt", "write '>'" },
    { "ge", "write '>='" },
    { "mod", "write '%'" },
    { "div", "write '/'" },
    { "not", "write !(a in b)" },
    { "if", "write condition ? one : other" },
    { "then", "write condition ? one : other" },
    { "else", "write condition ? one : other" },
    { "contains", "write a.contains(b)" },
    { "startsWith", "write a.startsWith(b)" },
    { "endsWith", "write a.endsWith(b)" },
    { "matches", "write a.matches(b)" },
    { "like", "write a.matches(\"…\"), with a regular expression" },
    { "between", "write low <= a && a <= high" },
};

static struct str hint_for_word(struct str word)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (str_is(word, foreign[i].word))
            return str_of(foreign[i].hint);
    return (struct str){ 0 };
}

static bool is_word(enum cel_token_kind kind)
{
    return kind == CEL_TOKEN_NAME || kind == CEL_TOKEN_RESERVED;
}

static bool is_operand(enum cel_token_kind kind)
{
    return kind >= CEL_TOKEN_NAME && kind <= CEL_TOKEN_NULL;
}

/* An operator or a bracket was expected. */
static struct str hint_after_operand(const struct cel_parser *parser)
{
    struct cel_token token = parser->token, before = parser->before;
    struct str word = cel_token_text(parser->text, before), hint = { 0 };
    bool touches = before.offset + before.length == token.offset;

    if (is_word(before.kind) && (str_is(word, "not") || str_is(word, "NOT")) &&
        token.kind != CEL_TOKEN_IN)
        hint = STR("write '!'");
    else if (is_word(token.kind))
        hint = hint_for_word(cel_token_text(parser->text, token));
    if (hint.at)
        return hint;
    if (before.kind == CEL_TOKEN_STRING && touches && is_operand(token.kind))
        return STR("a quote inside a string is written \\' or \\\"");
    if (is_word(before.kind) && token.kind == CEL_TOKEN_STRING && touches)
        return STR("only r, b and br may stand before the quote");
    if (token.kind == CEL_TOKEN_DOUBLE && touches && parser->text.at[token.offset] == '.')
        return STR("an element of a list is written a[1]");
    if (token.kind == CEL_TOKEN_COMMA)
        return STR("a list is written [a, b]; digits are not grouped");
    if (token.kind == CEL_TOKEN_QUESTION)
        return STR("put the inner ?: in parentheses");
    if (is_operand(token.kind))
        return STR("an operator is missing here, or the quotes of a text");
    return hint;
}

static struct str hint_for(const struct cel_parser *parser, const char *wanted)
{
    enum cel_token_kind kind = parser->token.kind, before = parser->before.kind;
    bool touches = parser->before.offset + parser->before.length == parser->token.offset;
    bool is_closing =
        kind == CEL_TOKEN_PAREN_END || kind == CEL_TOKEN_BRACKET_END || kind == CEL_TOKEN_BRACE_END;
    bool after_operand = str_starts_with(str_of(wanted), STR("an operator")) ||
                         str_starts_with(str_of(wanted), STR("':' of"));

    if (str_contains(str_of(wanted), STR("this key")))
        return kind == CEL_TOKEN_END ? (struct str){ 0 } : STR("a list is written [a, b]");
    if (after_operand && is_closing)
        return STR("there is none open for it to close");
    if (after_operand)
        return hint_after_operand(parser);
    if (kind == CEL_TOKEN_ADD)
        return before == CEL_TOKEN_ADD && touches ? STR("there is no '++'")
                                                  : STR("a number has no '+' before it");
    if (kind == CEL_TOKEN_MUL && before == CEL_TOKEN_MUL)
        return STR("there is no operator for powers");
    if (kind == CEL_TOKEN_QUESTION && (before == CEL_TOKEN_QUESTION || before == CEL_TOKEN_DOT))
        return STR("write has(a.b) ? a.b : other");
    if (kind == CEL_TOKEN_QUOTED)
        return STR("a name in backticks stands only behind a dot: a.`b-c`");
    return (struct str){ 0 };
}

/* The text of a token for a sentence: short, on one line. */
static int shown(const struct cel_parser *parser, struct cel_token token, char room[SHOWN + 4])
{
    struct str text = cel_token_text(parser->text, token);
    size_t len = 0, bytes;
    for (size_t at = 0; at < text.len; at += bytes) {
        uint32_t rune = cel_rune_at(text, at, &bytes);
        if (len + bytes > SHOWN)
            return (int) (len + cel_rune_put(room + len, 0x2026));
        len += rune < 0x20 || rune == 0x7F ? cel_rune_put(room + len, ' ')
                                           : cel_rune_put(room + len, rune);
    }
    return (int) len;
}

static void tell(struct cel_parser *parser, const char *wanted, struct str hint)
{
    struct cel_token token = parser->token;
    char text[SHOWN + 4];

    if (token.kind == CEL_TOKEN_END)
        cel_fault_add(parser->faults, token.offset, 0, hint,
                      "the expression ends, but %s is expected", wanted);
    else if (!token.faulty) /* else it is told */
        cel_fault_add(parser->faults, token.offset, token.length, hint,
                      "unexpected '%.*s': %s is expected", shown(parser, token, text), text,
                      wanted);
}

void *cel_parser_unexpected(struct cel_parser *parser, const char *wanted)
{
    if (!parser->is_over)
        tell(parser, wanted, hint_for(parser, wanted));
    parser->is_over = true;
    return NULL;
}

bool cel_parser_close(struct cel_parser *parser, struct cel_token open, bool is_list)
{
    static const char *const wanted[][2] = { { "')'", "',' or ')'" },
                                             { "']'", "',' or ']'" },
                                             { "'}'", "',' or '}'" } };
    enum cel_token_kind kind = open.kind + 1; /* as they stand in the list of kinds */
    if (parser->token.kind == kind) {
        cel_parser_next(parser);
        return true;
    }
    uint32_t line, column;
    char room[64];
    struct str hint = hint_after_operand(parser);
    cel_place(parser->text, open.offset, &line, &column);
    if (!hint.at) {
        (void) snprintf(room, sizeof room, "the '%c' of %u:%u is not closed",
                        "([{"[(kind - CEL_TOKEN_PAREN_END) / 2], line, column);
        hint = str_of(room);
    }
    if (!parser->is_over)
        tell(parser, wanted[(kind - CEL_TOKEN_PAREN_END) / 2][is_list], hint);
    parser->is_over = true;
    return false;
}

void *cel_parser_no_optional(struct cel_parser *parser, uint32_t offset)
{
    if (!parser->is_over && !parser->token.faulty)
        cel_fault_add(parser->faults, offset, 2, STR("write has(a.b) ? a.b : other"),
                      "there are no optional fields");
    parser->is_over = true;
    return NULL;
}

void cel_parser_reserved(struct cel_parser *parser, struct cel_token word)
{
    struct str text = cel_token_text(parser->text, word), hint = hint_for_word(text);
    cel_fault_add(parser->faults, word.offset, word.length, hint,
                  "'%.*s' is a reserved word and names no variable or function", STR_ARG(text));
}

void cel_parser_blame(struct cel_parser *parser, const struct cel_node *node, struct str hint,
                      const char *fmt, ...)
{
    const struct cel_parsed *parsed = (const struct cel_parsed *) node;
    char what[200];
    va_list args;
    va_start(args, fmt);
    (void) vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    cel_fault_add(parser->faults, parsed->start, parsed->end - parsed->start, hint, "%s", what);
}
