/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "expr/cel_fault.h"

/*
 * CEL lexer
 *
 * Text to tokens, one at a time, no allocation but for faults. A slip whose meaning is plain (`=`
 * for `==`, a full-width `（`, `1_000`) is a fault, and its token is the one that was meant, marked
 * @faulty, so that the parser can go on and find the next mistake. After BAD there is nothing
 * sensible to go on with.
 */
enum cel_token_kind {
    CEL_TOKEN_END,
    CEL_TOKEN_BAD,
    CEL_TOKEN_NAME,
    CEL_TOKEN_RESERVED, /* no variable, but a field or a receiver's function: "while" */
    CEL_TOKEN_QUOTED,   /* a field's name in backticks */
    CEL_TOKEN_INT,
    CEL_TOKEN_UINT,
    CEL_TOKEN_DOUBLE,
    CEL_TOKEN_STRING, /* with prefix and quotes */
    CEL_TOKEN_BYTES,
    CEL_TOKEN_TRUE,
    CEL_TOKEN_FALSE,
    CEL_TOKEN_NULL,
    CEL_TOKEN_IN,
    CEL_TOKEN_OR,
    CEL_TOKEN_AND,
    CEL_TOKEN_EQ,
    CEL_TOKEN_NE,
    CEL_TOKEN_LT,
    CEL_TOKEN_LE,
    CEL_TOKEN_GT,
    CEL_TOKEN_GE,
    CEL_TOKEN_ADD,
    CEL_TOKEN_SUB,
    CEL_TOKEN_MUL,
    CEL_TOKEN_DIV,
    CEL_TOKEN_MOD,
    CEL_TOKEN_NOT,
    CEL_TOKEN_QUESTION,
    CEL_TOKEN_COLON,
    CEL_TOKEN_COMMA,
    CEL_TOKEN_DOT,
    CEL_TOKEN_PAREN, /* ( … */
    CEL_TOKEN_PAREN_END,
    CEL_TOKEN_BRACKET, /* [ … */
    CEL_TOKEN_BRACKET_END,
    CEL_TOKEN_BRACE, /* { … */
    CEL_TOKEN_BRACE_END,
};

struct cel_token {
    enum cel_token_kind kind;
    bool faulty; /* a fault is reported already; its text is not to be read */
    uint32_t offset, length;
};

struct cel_lexer {
    struct str text; /* UTF-8 */
    uint32_t at;
    bool told_blank; /* of a blank that is none, once is enough */
    struct cel_faults *faults;
};

struct cel_token cel_lexer_next(struct cel_lexer *lexer);

/*
 * A character that a person takes for another: the token that was meant, with its fault; or
 * CEL_TOKEN_END when the character counts as a blank. At lexer->at there is something that no token
 * begins with.
 */
struct cel_token cel_lexer_mend(struct cel_lexer *lexer);

static inline bool cel_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool cel_is_letter(char c) /* or _ : what a name begins with */
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* -1: no such digit. */
static inline int cel_hex_value(char c)
{
    return cel_is_digit(c)          ? c - '0'
           : (c >= 'a' && c <= 'f') ? c - 'a' + 10
           : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                    : -1;
}

static inline struct str cel_token_text(struct str text, struct cel_token token)
{
    return (struct str){ text.at + token.offset, token.length };
}

/* A token that takes @length bytes from here. */
static inline struct cel_token cel_lexer_take(struct cel_lexer *lexer, enum cel_token_kind kind,
                                              size_t length)
{
    struct cel_token token = { .kind = kind, .offset = lexer->at, .length = (uint32_t) length };
    lexer->at += (uint32_t) length;
    return token;
}
