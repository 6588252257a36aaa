/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told when the text does not go on as it should, and the guesses at what was meant.
 */
#include "expr/syntax/cel_parser.h"
#include "expr/values/cel_rune.h"

enum { SHOWN = 40 }; /* bytes of a token in a sentence */

/* Words of other languages where an operator is expected. */
static const struct {
    const char *word;
    enum cel_message hint;
    const char *instead;
} foreign[] = {
    { "is", CEL_SAYS_HINT_WRITE, "==" },
    { "eq", CEL_SAYS_HINT_WRITE, "==" },
    { "equals", CEL_SAYS_HINT_WRITE, "==" },
    { "ne", CEL_SAYS_HINT_WRITE, "!=" },
    { "lt", CEL_SAYS_HINT_WRITE, "<" },
    { "le", CEL_SAYS_HINT_WRITE, "<=" },
    { "gt", CEL_SAYS_HINT_WRITE, ">" },
    { "ge", CEL_SAYS_HINT_WRITE, ">=" },
    { "mod", CEL_SAYS_HINT_WRITE, "%" },
    { "div", CEL_SAYS_HINT_WRITE, "/" },
    { "not", CEL_SAYS_HINT_WRITE_CODE, "!(a in b)" },
    { "if", CEL_SAYS_HINT_WRITE_CONDITION, "" },
    { "then", CEL_SAYS_HINT_WRITE_CONDITION, "" },
    { "else", CEL_SAYS_HINT_WRITE_CONDITION, "" },
    { "contains", CEL_SAYS_HINT_WRITE_CODE, "a.contains(b)" },
    { "startsWith", CEL_SAYS_HINT_WRITE_CODE, "a.startsWith(b)" },
    { "endsWith", CEL_SAYS_HINT_WRITE_CODE, "a.endsWith(b)" },
    { "matches", CEL_SAYS_HINT_WRITE_CODE, "a.matches(b)" },
    { "like", CEL_SAYS_HINT_WRITE_MATCHES, "" },
    { "between", CEL_SAYS_HINT_WRITE_CODE, "low <= a && a <= high" },
};

static struct cel_said hint_for_word(struct str word)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (str_is(word, foreign[i].word))
            return (struct cel_said){ .message = foreign[i].hint,
                                      .args = { str_of(foreign[i].instead) } };
    return CEL_SAY(NOTHING);
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
static struct cel_said hint_after_operand(const struct cel_parser *parser)
{
    struct cel_token token = parser->token, before = parser->before;
    struct str word = cel_token_text(parser->text, before);
    struct cel_said hint = CEL_SAY(NOTHING);
    bool touches = before.offset + before.length == token.offset;

    if (is_word(before.kind) && (str_is(word, "not") || str_is(word, "NOT")) &&
        token.kind != CEL_TOKEN_IN)
        hint = CEL_SAY(HINT_WRITE, STR("!"));
    else if (is_word(token.kind))
        hint = hint_for_word(cel_token_text(parser->text, token));
    if (hint.message != CEL_SAYS_NOTHING)
        return hint;
    if (before.kind == CEL_TOKEN_STRING && touches && is_operand(token.kind))
        return CEL_SAY(HINT_QUOTE_INSIDE);
    if (is_word(before.kind) && token.kind == CEL_TOKEN_STRING && touches)
        return CEL_SAY(HINT_PREFIXES);
    if (token.kind == CEL_TOKEN_DOUBLE && touches && parser->text.at[token.offset] == '.')
        return CEL_SAY(HINT_ELEMENT);
    if (token.kind == CEL_TOKEN_COMMA)
        return CEL_SAY(HINT_LIST_OR_DIGITS);
    if (token.kind == CEL_TOKEN_QUESTION)
        return CEL_SAY(HINT_INNER_CONDITION);
    if (is_operand(token.kind))
        return CEL_SAY(HINT_OPERATOR_MISSING);
    return hint;
}

static struct cel_said hint_for(const struct cel_parser *parser, enum cel_message wanted)
{
    enum cel_token_kind kind = parser->token.kind, before = parser->before.kind;
    bool touches = parser->before.offset + parser->before.length == parser->token.offset;
    bool is_closing =
        kind == CEL_TOKEN_PAREN_END || kind == CEL_TOKEN_BRACKET_END || kind == CEL_TOKEN_BRACE_END;
    bool after_operand = wanted == CEL_SAYS_PART_OPERATOR ||
                         wanted == CEL_SAYS_PART_OPERATOR_OR_END ||
                         wanted == CEL_SAYS_PART_OTHERWISE;

    if (wanted == CEL_SAYS_PART_VALUE_OF_KEY)
        return kind == CEL_TOKEN_END ? CEL_SAY(NOTHING) : CEL_SAY(HINT_LIST);
    if (after_operand && is_closing)
        return CEL_SAY(HINT_NONE_OPEN);
    if (after_operand)
        return hint_after_operand(parser);
    if (kind == CEL_TOKEN_ADD)
        return before == CEL_TOKEN_ADD && touches ? CEL_SAY(HINT_NO_INCREMENT)
                                                  : CEL_SAY(HINT_NO_PLUS);
    if (kind == CEL_TOKEN_MUL && before == CEL_TOKEN_MUL)
        return CEL_SAY(HINT_NO_POWERS);
    if (kind == CEL_TOKEN_QUESTION && (before == CEL_TOKEN_QUESTION || before == CEL_TOKEN_DOT))
        return CEL_SAY(HINT_WRITE_HAS);
    if (kind == CEL_TOKEN_QUOTED)
        return CEL_SAY(HINT_BEHIND_DOT);
    return CEL_SAY(NOTHING);
}

/* The text of a token for a sentence: short, on one line. */
static struct str shown(const struct cel_parser *parser, struct cel_token token,
                        char room[SHOWN + 4])
{
    struct str text = cel_token_text(parser->text, token);
    size_t len = 0, bytes;
    for (size_t at = 0; at < text.len; at += bytes) {
        uint32_t rune = cel_rune_at(text, at, &bytes);
        if (len + bytes > SHOWN)
            return (struct str){ room, len + cel_rune_put(room + len, 0x2026) };
        len += rune < 0x20 || rune == 0x7F ? cel_rune_put(room + len, ' ')
                                           : cel_rune_put(room + len, rune);
    }
    return (struct str){ room, len };
}

static void tell(struct cel_parser *parser, enum cel_message wanted, struct cel_said hint)
{
    struct cel_token token = parser->token;
    struct cel_said what = { .message = CEL_SAYS_EXPECTED_AT_END, .part = wanted };
    char text[SHOWN + 4];

    if (token.kind == CEL_TOKEN_END) {
        cel_fault_add(parser->faults, token.offset, 0, what, hint);
    } else if (!token.faulty) { /* else it is told */
        what.message = CEL_SAYS_EXPECTED;
        what.args[0] = shown(parser, token, text);
        cel_fault_add(parser->faults, token.offset, token.length, what, hint);
    }
}

void *cel_parser_unexpected(struct cel_parser *parser, enum cel_message wanted)
{
    if (!parser->is_over)
        tell(parser, wanted, hint_for(parser, wanted));
    parser->is_over = true;
    return NULL;
}

bool cel_parser_close(struct cel_parser *parser, struct cel_token open, bool is_list)
{
    static const enum cel_message wanted[][2] = {
        { CEL_SAYS_PART_PAREN_END, CEL_SAYS_PART_COMMA_OR_PAREN_END },
        { CEL_SAYS_PART_BRACKET_END, CEL_SAYS_PART_COMMA_OR_BRACKET_END },
        { CEL_SAYS_PART_BRACE_END, CEL_SAYS_PART_COMMA_OR_BRACE_END },
    };
    enum cel_token_kind kind = open.kind + 1; /* as they stand in the list of kinds */
    if (parser->token.kind == kind) {
        cel_parser_next(parser);
        return true;
    }
    uint32_t line, column;
    char lines[CEL_DIGITS], columns[CEL_DIGITS];
    struct cel_said hint = hint_after_operand(parser);
    cel_place(parser->text, open.offset, &line, &column);
    if (hint.message == CEL_SAYS_NOTHING)
        hint = CEL_SAY(HINT_NOT_CLOSED, cel_token_text(parser->text, open), cel_digits(line, lines),
                       cel_digits(column, columns));
    if (!parser->is_over)
        tell(parser, wanted[(kind - CEL_TOKEN_PAREN_END) / 2][is_list], hint);
    parser->is_over = true;
    return false;
}

void *cel_parser_no_optional(struct cel_parser *parser, uint32_t offset)
{
    if (!parser->is_over && !parser->token.faulty)
        cel_fault_add(parser->faults, offset, 2, CEL_SAY(NO_OPTIONAL_FIELDS),
                      CEL_SAY(HINT_WRITE_HAS));
    parser->is_over = true;
    return NULL;
}

void cel_parser_reserved(struct cel_parser *parser, struct cel_token word)
{
    struct str text = cel_token_text(parser->text, word);
    cel_fault_add(parser->faults, word.offset, word.length, CEL_SAY(RESERVED, text),
                  hint_for_word(text));
}

void cel_parser_blame(struct cel_parser *parser, const struct cel_node *node, struct cel_said what,
                      struct cel_said hint)
{
    const struct cel_parsed *parsed = (const struct cel_parsed *) node;
    cel_fault_add(parser->faults, parsed->start, parsed->end - parsed->start, what, hint);
}
