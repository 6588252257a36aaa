/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What literals stand for. A fault in one of them is told, and parsing goes on with an empty value
 * in its place.
 */
#include <string.h>

#include "expr/syntax/cel_parser.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_rune.h"

/* Decimal or 0x…; false: past 64 bits. */
static bool magnitude(struct str text, uint64_t *ret_value)
{
    bool is_hex = text.len > 2 && text.at[1] == 'x';
    uint64_t value = 0, base = is_hex ? 16 : 10;
    for (size_t i = is_hex ? 2 : 0; i < text.len; i++)
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t) cel_hex_value(text.at[i]), &value))
            return false;
    *ret_value = value;
    return true;
}

static struct cel_value int_value(struct cel_parser *parser, struct cel_token token, bool minus)
{
    uint64_t most = (uint64_t) INT64_MAX + minus, value = 0;
    if (!magnitude(cel_token_text(parser->text, token), &value) || value > most)
        cel_fault_add(
            parser->faults, token.offset, token.length,
            CEL_SAY(INT_RANGE, minus ? STR("-9223372036854775808") : STR("9223372036854775807")),
            CEL_SAY(HINT_DOUBLE_OR_UINT));
    return cel_int((int64_t) (minus ? 0 - value : value));
}

static struct cel_value uint_value(struct cel_parser *parser, struct cel_token token)
{
    struct str text = cel_token_text(parser->text, token);
    uint64_t value = 0;
    text.len--; /* the u */
    if (!magnitude(text, &value))
        cel_fault_add(parser->faults, token.offset, token.length, CEL_SAY(UINT_RANGE),
                      CEL_SAY(HINT_DOUBLE));
    return cel_uint(value);
}

static struct cel_value double_value(struct cel_parser *parser, struct cel_token token, bool minus)
{
    struct str text = cel_token_text(parser->text, token);
    double value = 0;
    char *copy = arena_take_raw(parser->arena, text.len + 1);
    if (!copy)
        (void) cel_parser_no_room(parser);
    else if (!cel_double_parse(text, copy, &value))
        cel_fault_add(parser->faults, token.offset, token.length, CEL_SAY(DOUBLE_RANGE),
                      CEL_SAY(NOTHING));
    return cel_double(minus ? -value : value);
}

/* The body of a string that is being read. */
struct escape {
    struct cel_parser *parser;
    struct str body;
    size_t at;       /* of the next byte of the body */
    uint32_t offset; /* of the body in the text */
    bool is_bytes;
};

static void blame(struct escape *escape, size_t from, size_t length, struct cel_said what,
                  struct cel_said hint)
{
    cel_fault_add(escape->parser->faults, escape->offset + (uint32_t) from, (uint32_t) length, what,
                  hint);
}

/* @n digits after the letter; 0 with a fault when there are not so many. */
static uint32_t digits(struct escape *escape, size_t from, size_t n, uint32_t base)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++, escape->at++) {
        int digit = escape->at < escape->body.len ? cel_hex_value(escape->body.at[escape->at]) : -1;
        if (digit < 0 || (uint32_t) digit >= base) {
            blame(escape, from, escape->at - from,
                  base == 8 ? CEL_SAY(ESCAPE_OCTAL) : CEL_SAY(ESCAPE_HEX), CEL_SAY(HINT_ESCAPES));
            return 0;
        }
        value = value * base + (uint32_t) digit;
    }
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t) value;
}

/* \u and \U: a code point; in bytes there are none. */
static uint32_t code_point(struct escape *escape, size_t from, size_t n)
{
    uint32_t rune = digits(escape, from, n, 16);
    if (escape->is_bytes)
        blame(escape, from, escape->at - from, CEL_SAY(ESCAPE_IN_BYTES),
              CEL_SAY(HINT_BYTES_THEMSELVES));
    else if (rune >= 0xD800 && rune <= 0xDFFF)
        blame(escape, from, escape->at - from, CEL_SAY(ESCAPE_SURROGATE),
              CEL_SAY(HINT_WHOLE_CHARACTER));
    else if (rune > CEL_RUNE_MAX)
        blame(escape, from, escape->at - from, CEL_SAY(ESCAPE_NO_CHARACTER),
              CEL_SAY(HINT_LAST_CHARACTER));
    else
        return rune;
    return 0;
}

/* What the backslash before escape->at begins; *ret_is_byte: a byte, not a character. */
static uint32_t unescape(struct escape *escape, bool *ret_is_byte)
{
    static const char letters[] = "abfnrtv\\?\"'`", values[] = "\a\b\f\n\r\t\v\\?\"'`";
    size_t from = escape->at - 1;
    char c = escape->at < escape->body.len ? escape->body.at[escape->at] : '\0';
    const char *letter = c ? strchr(letters, c) : NULL;

    *ret_is_byte = false;
    if (c >= '0' && c <= '3') {
        *ret_is_byte = escape->is_bytes;
        return digits(escape, from, 3, 8);
    }
    escape->at += escape->at < escape->body.len;
    if (letter)
        return (unsigned char) values[letter - letters];
    if (c == 'x' || c == 'X') {
        *ret_is_byte = escape->is_bytes;
        return digits(escape, from, 2, 16);
    }
    if (c == 'u' || c == 'U')
        return code_point(escape, from, c == 'u' ? 4 : 8);
    blame(escape, from, 2, CEL_SAY(ESCAPE_UNKNOWN), CEL_SAY(HINT_BACKSLASH_ITSELF));
    return 0;
}

/* The text without its escapes is never longer than with them. */
static struct str unescaped(struct cel_parser *parser, struct str body, bool is_bytes)
{
    if (!body.len || !memchr(body.at, '\\', body.len))
        return body;
    struct escape escape = { .parser = parser,
                             .body = body,
                             .offset = (uint32_t) (body.at - parser->text.at),
                             .is_bytes = is_bytes };
    char *out = arena_take_raw(parser->arena, body.len);
    size_t len = 0;
    if (!out) {
        (void) cel_parser_no_room(parser);
        return STR("");
    }
    while (escape.at < body.len) {
        char c = body.at[escape.at++];
        if (c != '\\') {
            out[len++] = c;
            continue;
        }
        bool is_byte;
        uint32_t rune = unescape(&escape, &is_byte);
        if (is_byte)
            out[len++] = (char) rune;
        else
            len += cel_rune_put(out + len, rune);
    }
    return (struct str){ out, len };
}

/* Without prefix, quotes and escapes. Line ends stay as they are written. */
static struct str string_value(struct cel_parser *parser, struct cel_token token)
{
    struct str text = cel_token_text(parser->text, token);
    if (token.faulty)
        return STR("");
    bool is_bytes = token.kind == CEL_TOKEN_BYTES;
    size_t prefix = 0;
    while (text.at[prefix] != '"' && text.at[prefix] != '\'')
        prefix++;
    bool is_raw = prefix > is_bytes;
    struct str body = { text.at + prefix, text.len - prefix };
    bool is_triple = body.len >= 6 && body.at[1] == body.at[0] && body.at[2] == body.at[0];
    size_t quotes = is_triple ? 3 : 1;
    body = (struct str){ body.at + quotes, body.len - 2 * quotes };
    return is_raw ? body : unescaped(parser, body, is_bytes);
}

static struct cel_value value_of(struct cel_parser *parser, struct cel_token token, bool minus)
{
    switch (token.kind) {
    case CEL_TOKEN_INT: return token.faulty ? cel_int(0) : int_value(parser, token, minus);
    case CEL_TOKEN_UINT: return token.faulty ? cel_uint(0) : uint_value(parser, token);
    case CEL_TOKEN_DOUBLE: return token.faulty ? cel_double(0) : double_value(parser, token, minus);
    case CEL_TOKEN_STRING: return cel_string(string_value(parser, token));
    case CEL_TOKEN_BYTES: return cel_bytes(string_value(parser, token));
    case CEL_TOKEN_NULL: return cel_null();
    default: return cel_bool(token.kind == CEL_TOKEN_TRUE);
    }
}

struct cel_node *cel_parse_literal(struct cel_parser *parser, bool minus, uint32_t offset)
{
    struct cel_token token = parser->token;
    cel_parser_next(parser);
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_CONST, minus ? offset : token.offset);
    if (node)
        node->constant = value_of(parser, token, minus);
    return parser->is_over ? NULL : node;
}
