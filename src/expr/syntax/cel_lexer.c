/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token is stands in cel-spec's language definition; what people write instead, and what
 * they are told then, stands in the tables here and in cel_lexer_mend.c.
 */
#include "expr/syntax/cel_lexer.h"

#include <string.h>

struct sign {
    const char *text;
    enum cel_token_kind kind;
    const char *meant; /* not CEL: what to write instead */
};

/* Longer ones before their beginnings. */
static const struct sign signs[] = {
    { "===", CEL_TOKEN_EQ, "==" },     { "!==", CEL_TOKEN_NE, "!=" },
    { "&&&", CEL_TOKEN_AND, "&&" },    { "|||", CEL_TOKEN_OR, "||" },
    { "==", CEL_TOKEN_EQ, NULL },      { "!=", CEL_TOKEN_NE, NULL },
    { "<=", CEL_TOKEN_LE, NULL },      { ">=", CEL_TOKEN_GE, NULL },
    { "&&", CEL_TOKEN_AND, NULL },     { "||", CEL_TOKEN_OR, NULL },
    { "=>", CEL_TOKEN_GE, ">=" },      { "=<", CEL_TOKEN_LE, "<=" },
    { "<>", CEL_TOKEN_NE, "!=" },      { "=", CEL_TOKEN_EQ, "==" },
    { "&", CEL_TOKEN_AND, "&&" },      { "|", CEL_TOKEN_OR, "||" },
    { "<", CEL_TOKEN_LT, NULL },       { ">", CEL_TOKEN_GT, NULL },
    { "+", CEL_TOKEN_ADD, NULL },      { "-", CEL_TOKEN_SUB, NULL },
    { "*", CEL_TOKEN_MUL, NULL },      { "/", CEL_TOKEN_DIV, NULL },
    { "%", CEL_TOKEN_MOD, NULL },      { "!", CEL_TOKEN_NOT, NULL },
    { "?", CEL_TOKEN_QUESTION, NULL }, { ":", CEL_TOKEN_COLON, NULL },
    { ",", CEL_TOKEN_COMMA, NULL },    { ".", CEL_TOKEN_DOT, NULL },
    { "(", CEL_TOKEN_PAREN, NULL },    { ")", CEL_TOKEN_PAREN_END, NULL },
    { "[", CEL_TOKEN_BRACKET, NULL },  { "]", CEL_TOKEN_BRACKET_END, NULL },
    { "{", CEL_TOKEN_BRACE, NULL },    { "}", CEL_TOKEN_BRACE_END, NULL },
};

static const struct {
    const char *text;
    enum cel_token_kind kind;
} words[] = {
    { "true", CEL_TOKEN_TRUE },          { "false", CEL_TOKEN_FALSE },
    { "null", CEL_TOKEN_NULL },          { "in", CEL_TOKEN_IN },
    { "as", CEL_TOKEN_RESERVED },        { "break", CEL_TOKEN_RESERVED },
    { "const", CEL_TOKEN_RESERVED },     { "continue", CEL_TOKEN_RESERVED },
    { "else", CEL_TOKEN_RESERVED },      { "for", CEL_TOKEN_RESERVED },
    { "function", CEL_TOKEN_RESERVED },  { "if", CEL_TOKEN_RESERVED },
    { "import", CEL_TOKEN_RESERVED },    { "let", CEL_TOKEN_RESERVED },
    { "loop", CEL_TOKEN_RESERVED },      { "package", CEL_TOKEN_RESERVED },
    { "namespace", CEL_TOKEN_RESERVED }, { "return", CEL_TOKEN_RESERVED },
    { "var", CEL_TOKEN_RESERVED },       { "void", CEL_TOKEN_RESERVED },
    { "while", CEL_TOKEN_RESERVED },
};

/* The text from here on. */
static struct str rest_of(const struct cel_lexer *lexer)
{
    return (struct str){ lexer->text.at + lexer->at, lexer->text.len - lexer->at };
}

/* The byte @ahead, or NUL past the end. */
static char peek(const struct cel_lexer *lexer, size_t ahead)
{
    return lexer->text.len - lexer->at > ahead ? lexer->text.at[lexer->at + ahead] : '\0';
}

/* Blanks and comments; a carriage return alone ends no comment. */
static void skip_blanks(struct cel_lexer *lexer)
{
    for (; lexer->at < lexer->text.len; lexer->at++) {
        char c = peek(lexer, 0);
        if (c == '/' && peek(lexer, 1) == '/') {
            struct str rest = rest_of(lexer);
            const char *end = memchr(rest.at, '\n', rest.len);
            lexer->at += (uint32_t) (end ? (size_t) (end - rest.at) : rest.len);
            if (!end)
                return;
        } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f') {
            return;
        }
    }
}

static size_t word_length(const struct cel_lexer *lexer, size_t from)
{
    while (cel_is_letter(peek(lexer, from)) || cel_is_digit(peek(lexer, from)))
        from++;
    return from;
}

static size_t digits(const struct cel_lexer *lexer, size_t from)
{
    while (cel_is_digit(peek(lexer, from)))
        from++;
    return from;
}

static struct cel_token lex_word(struct cel_lexer *lexer)
{
    struct cel_token token = cel_lexer_take(lexer, CEL_TOKEN_NAME, word_length(lexer, 0));
    struct str text = cel_token_text(lexer->text, token);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text.at[0] == words[i].text[0] && str_is(text, words[i].text))
            token.kind = words[i].kind;
    return token;
}

/* Digits with something behind them that belongs to no number. */
static struct cel_token bad_number(struct cel_lexer *lexer, enum cel_token_kind kind, size_t length)
{
    struct cel_token token = cel_lexer_take(lexer, kind, length);
    struct str text = cel_token_text(lexer->text, token);
    struct cel_said hint = CEL_SAY(HINT_NAME_BEGINS);
    char second = text.len > 1 ? text.at[1] : '\0';

    if (text.at[0] == '0' && (second == 'b' || second == 'B' || second == 'o' || second == 'O'))
        hint = CEL_SAY(HINT_NUMBER_BASES);
    else if (text.at[0] == '0' && second == 'X')
        hint = CEL_SAY(HINT_HEX_LOWER);
    else if (text.at[0] == '0' && second == 'x')
        hint = CEL_SAY(HINT_HEX_DIGITS);
    else if (memchr(text.at, '_', text.len))
        hint = CEL_SAY(HINT_DIGITS_NOT_GROUPED);
    else if (kind == CEL_TOKEN_DOUBLE && memchr("eE+-", text.at[text.len - 1], 4))
        hint = CEL_SAY(HINT_EXPONENT);
    cel_fault_add(lexer->faults, token.offset, token.length,
                  CEL_SAY(NOT_A_NUMBER, { text.at, text.len < 40 ? text.len : 40 }), hint);
    token.faulty = true;
    return token;
}

static struct cel_token lex_number(struct cel_lexer *lexer)
{
    enum cel_token_kind kind = CEL_TOKEN_INT;
    size_t end;

    if (peek(lexer, 0) == '0' && peek(lexer, 1) == 'x') {
        for (end = 2; cel_hex_value(peek(lexer, end)) >= 0;)
            end++;
        if (end == 2)
            return bad_number(lexer, kind, word_length(lexer, 0));
    } else {
        end = digits(lexer, 0);
        if (peek(lexer, end) == '.' && cel_is_digit(peek(lexer, end + 1))) {
            kind = CEL_TOKEN_DOUBLE;
            end = digits(lexer, end + 1);
        }
        if (peek(lexer, end) == 'e' || peek(lexer, end) == 'E') {
            size_t sign = peek(lexer, end + 1) == '+' || peek(lexer, end + 1) == '-';
            size_t exponent = digits(lexer, end + 1 + sign);
            if (exponent == end + 1 + sign)
                return bad_number(lexer, CEL_TOKEN_DOUBLE, word_length(lexer, end + 1 + sign));
            kind = CEL_TOKEN_DOUBLE;
            end = exponent;
        }
    }
    if (kind == CEL_TOKEN_INT && (peek(lexer, end) == 'u' || peek(lexer, end) == 'U')) {
        kind = CEL_TOKEN_UINT;
        end++;
    }
    size_t word = word_length(lexer, end);
    bool is_in = word == end + 2 && peek(lexer, end) == 'i' && peek(lexer, end + 1) == 'n';
    if (word > end && !is_in)
        return bad_number(lexer, kind, word);
    return cel_lexer_take(lexer, kind, end);
}

/* How long r, b, br before a quote are; -1: here begins no string. */
static int prefix_length(const struct cel_lexer *lexer)
{
    int n = 0;
    n += peek(lexer, 0) == 'b' || peek(lexer, 0) == 'B';
    n += peek(lexer, (size_t) n) == 'r' || peek(lexer, (size_t) n) == 'R';
    char quote = peek(lexer, (size_t) n);
    return quote == '"' || quote == '\'' ? n : -1;
}

static struct cel_token unterminated(struct cel_lexer *lexer, size_t quotes_at, size_t quotes,
                                     size_t end)
{
    uint32_t offset = lexer->at + (uint32_t) quotes_at;
    cel_fault_add(lexer->faults, offset, (uint32_t) quotes, CEL_SAY(STRING_OPEN),
                  quotes == 3 ? CEL_SAY(HINT_TRIPLE_QUOTES_END) : CEL_SAY(HINT_QUOTE_ENDS));
    struct cel_token token = cel_lexer_take(lexer, CEL_TOKEN_BAD, end);
    token.faulty = true;
    return token;
}

static struct cel_token lex_string(struct cel_lexer *lexer, size_t prefix)
{
    char first = peek(lexer, 0), quote = peek(lexer, prefix), before = peek(lexer, prefix - 1);
    bool is_bytes = prefix > 0 && (first == 'b' || first == 'B');
    bool is_raw = prefix > 0 && (before == 'r' || before == 'R');
    bool is_triple = peek(lexer, prefix + 1) == quote && peek(lexer, prefix + 2) == quote;
    size_t quotes = is_triple ? 3 : 1, at = prefix + quotes, length = lexer->text.len - lexer->at;

    for (; at < length; at++) {
        char c = peek(lexer, at);
        if (c == quote &&
            (!is_triple || (peek(lexer, at + 1) == quote && peek(lexer, at + 2) == quote)))
            return cel_lexer_take(lexer, is_bytes ? CEL_TOKEN_BYTES : CEL_TOKEN_STRING,
                                  at + quotes);
        if (!is_triple && (c == '\n' || c == '\r'))
            break;
        char next = peek(lexer, at + 1);
        if (c == '\\' && !is_raw && (is_triple || (next != '\n' && next != '\r')))
            at++;
    }
    return unterminated(lexer, prefix, quotes, at < length ? at : length);
}

static struct cel_token lex_quoted(struct cel_lexer *lexer)
{
    size_t end = 1, length = lexer->text.len - lexer->at;
    while (end < length && peek(lexer, end) != '`' && peek(lexer, end) != '\n')
        end++;
    bool is_closed = end < length && peek(lexer, end) == '`';
    struct cel_token token = cel_lexer_take(lexer, CEL_TOKEN_QUOTED, end + is_closed);
    if (!is_closed) {
        cel_fault_add(lexer->faults, token.offset, 1, CEL_SAY(QUOTED_OPEN),
                      CEL_SAY(HINT_BACKTICK_ENDS));
        token.kind = CEL_TOKEN_BAD;
        token.faulty = true;
        return token;
    }
    bool is_name = end > 1;
    for (size_t i = 1; i < end; i++) {
        char c = lexer->text.at[token.offset + i];
        is_name = is_name && (cel_is_letter(c) || cel_is_digit(c) || (c && strchr(".-/ ", c)));
    }
    if (!is_name) {
        cel_fault_add(lexer->faults, token.offset, token.length, CEL_SAY(QUOTED_LETTERS),
                      CEL_SAY(HINT_OTHER_KEYS));
        token.faulty = true;
    }
    return token;
}

/* The sign that begins here, or NULL. */
static const struct sign *sign_at(const struct cel_lexer *lexer)
{
    struct str rest = rest_of(lexer);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (rest.at[0] == signs[i].text[0] && str_starts_with(rest, str_of(signs[i].text)))
            return &signs[i];
    return NULL;
}

static struct cel_token lex_sign(struct cel_lexer *lexer, const struct sign *sign)
{
    struct cel_token token = cel_lexer_take(lexer, sign->kind, strlen(sign->text));
    if (sign->meant) {
        cel_fault_add(lexer->faults, token.offset, token.length,
                      CEL_SAY(NOT_AN_OPERATOR, str_of(sign->text)),
                      CEL_SAY(HINT_DID_YOU_MEAN, str_of(sign->meant)));
        token.faulty = true;
    }
    return token;
}

/* Comments of another language: told once, and passed over. */
static bool skip_foreign_comment(struct cel_lexer *lexer)
{
    if (peek(lexer, 0) != '/' || peek(lexer, 1) != '*')
        return false;
    struct str rest = rest_of(lexer);
    const char *end = memmem(rest.at + 2, rest.len - 2, "*/", 2);
    cel_fault_add(lexer->faults, lexer->at, 2, CEL_SAY(NO_BLOCK_COMMENTS),
                  CEL_SAY(HINT_COMMENT_LINE));
    lexer->at += (uint32_t) (end ? (size_t) (end - rest.at) + 2 : rest.len);
    return true;
}

struct cel_token cel_lexer_next(struct cel_lexer *lexer)
{
    for (;;) {
        skip_blanks(lexer);
        if (lexer->at >= lexer->text.len)
            return cel_lexer_take(lexer, CEL_TOKEN_END, 0);
        if (skip_foreign_comment(lexer))
            continue;

        char c = peek(lexer, 0);
        int prefix = prefix_length(lexer);
        if (prefix >= 0)
            return lex_string(lexer, (size_t) prefix);
        if (cel_is_letter(c))
            return lex_word(lexer);
        if (cel_is_digit(c) || (c == '.' && cel_is_digit(peek(lexer, 1))))
            return lex_number(lexer);
        if (c == '`')
            return lex_quoted(lexer);
        const struct sign *sign = sign_at(lexer);
        if (sign)
            return lex_sign(lexer, sign);
        struct cel_token token = cel_lexer_mend(lexer);
        if (token.kind != CEL_TOKEN_END)
            return token;
    }
}
