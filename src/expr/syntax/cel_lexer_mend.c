/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters that look right and are not: the full-width forms of Japanese typing, the quotes,
 * dashes and signs of word processors, blanks that are none. They are told with what to write
 * instead, and read as what was meant. The rest belongs to no CEL at all.
 */
#include <stdio.h>
#include <string.h>

#include "expr/syntax/cel_lexer.h"
#include "expr/values/cel_rune.h"

enum {
    FULL_WIDTH_FIRST = 0xFF01,
    FULL_WIDTH_LAST = 0xFF5E,
    FULL_WIDTH_LESS = 0xFEE0,
    MEANT = 4,
    SHOWN = 40,
    CODE_BYTES = 12,
};

static const struct {
    uint32_t rune;
    char meant[MEANT];
} lookalikes[] = {
    { 0x0B, " " },    { 0x85, " " },    { 0xA0, " " },    { 0xAB, "\"" },   { 0xAC, "!" },
    { 0xB4, "'" },    { 0xBB, "\"" },   { 0xD7, "*" },    { 0xF7, "/" },    { 0x2002, " " },
    { 0x2003, " " },  { 0x2009, " " },  { 0x200B, " " },  { 0x2010, "-" },  { 0x2011, "-" },
    { 0x2012, "-" },  { 0x2013, "-" },  { 0x2014, "-" },  { 0x2018, "'" },  { 0x2019, "'" },
    { 0x201A, "'" },  { 0x201C, "\"" }, { 0x201D, "\"" }, { 0x201E, "\"" }, { 0x202F, " " },
    { 0x2208, "in" }, { 0x2212, "-" },  { 0x2215, "/" },  { 0x2227, "&&" }, { 0x2228, "||" },
    { 0x2260, "!=" }, { 0x2264, "<=" }, { 0x2265, ">=" }, { 0x2266, "<=" }, { 0x2267, ">=" },
    { 0x3000, " " },  { 0x3001, "," },  { 0x3002, "." },  { 0x300C, "\"" }, { 0x300D, "\"" },
    { 0x300E, "\"" }, { 0x300F, "\"" }, { 0x3010, "[" },  { 0x3011, "]" },  { 0xFEFF, " " },
};

/* What was meant by the character @at; false: nothing that we know. */
static bool meant_by(struct str text, size_t at, char meant[MEANT], size_t *ret_bytes)
{
    uint32_t rune = cel_rune_at(text, at, ret_bytes);
    if (rune >= FULL_WIDTH_FIRST && rune <= FULL_WIDTH_LAST) {
        meant[0] = (char) (rune - FULL_WIDTH_LESS);
        meant[1] = '\0';
        return true;
    }
    for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++)
        if (lookalikes[i].rune == rune) {
            memcpy(meant, lookalikes[i].meant, MEANT);
            return true;
        }
    return false;
}

/* "00A0" */
static struct str code_text(uint32_t rune, char room[CODE_BYTES])
{
    int len = snprintf(room, CODE_BYTES, "%04X", rune);
    return (struct str){ room, (size_t) len };
}

/* Nothing of CEL: a word of other letters is taken for a name, anything else ends the reading. */
static struct cel_token stranger(struct cel_lexer *lexer)
{
    static const struct {
        char c;
        enum cel_message hint;
    } hints[] = {
        { ';', CEL_SAYS_HINT_NO_SEMICOLON },          { '#', CEL_SAYS_HINT_COMMENT },
        { '$', CEL_SAYS_HINT_VARIABLE_ALONE },        { '@', CEL_SAYS_HINT_VARIABLE_ALONE },
        { '^', CEL_SAYS_HINT_NO_BIT_OPERATORS },      { '~', CEL_SAYS_HINT_NO_BIT_OPERATORS },
        { '\\', CEL_SAYS_HINT_BACKSLASH_IN_STRINGS },
    };
    struct str text = lexer->text;
    struct cel_said hint = CEL_SAY(NOTHING);
    size_t bytes, end = lexer->at;
    uint32_t rune = cel_rune_at(text, lexer->at, &bytes);

    if (rune >= 0x80) {
        char ignored[MEANT];
        while (end < text.len && (cel_is_letter(text.at[end]) || cel_is_digit(text.at[end]) ||
                                  (text.at[end] & 0x80 && !meant_by(text, end, ignored, &bytes))))
            end += text.at[end] & 0x80 ? bytes : 1;
        struct cel_token token = cel_lexer_take(lexer, CEL_TOKEN_NAME, end - lexer->at);
        int shown = token.length < SHOWN ? (int) token.length : SHOWN;
        while ((uint32_t) shown < token.length && (text.at[token.offset + shown] & 0xC0) == 0x80)
            shown--;
        cel_fault_add(lexer->faults, token.offset, token.length,
                      CEL_SAY(NOT_A_NAME, { text.at + token.offset, (size_t) shown }),
                      CEL_SAY(HINT_NAME_LETTERS));
        token.faulty = true;
        return token;
    }
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if ((uint32_t) hints[i].c == rune)
            hint.message = hints[i].hint;
    char room[CODE_BYTES];
    if (rune < 0x20 || rune == 0x7F)
        cel_fault_add(lexer->faults, lexer->at, 1, CEL_SAY(UNEXPECTED_CODE, code_text(rune, room)),
                      hint);
    else
        cel_fault_add(lexer->faults, lexer->at, 1,
                      CEL_SAY(UNEXPECTED_CHARACTER, { text.at + lexer->at, 1 }), hint);
    struct cel_token token = cel_lexer_take(lexer, CEL_TOKEN_BAD, 1);
    token.faulty = true;
    return token;
}

static struct cel_token blank(struct cel_lexer *lexer, size_t bytes)
{
    struct cel_token token = cel_lexer_take(lexer, CEL_TOKEN_END, bytes);
    if (!lexer->told_blank) {
        size_t ignored;
        char room[CODE_BYTES];
        struct str code = code_text(cel_rune_at(lexer->text, token.offset, &ignored), room);
        cel_fault_add(lexer->faults, token.offset, token.length, CEL_SAY(NOT_A_BLANK, code),
                      CEL_SAY(HINT_PLAIN_BLANK));
    }
    lexer->told_blank = true;
    return token;
}

/* From one of the wrong quotes to the next quote of any kind on its line. */
static struct cel_token quoted(struct cel_lexer *lexer, size_t bytes)
{
    struct str text = lexer->text;
    size_t end = lexer->at + bytes, next = 0;
    bool is_closed = false;

    for (; end < text.len && text.at[end] != '\n' && !is_closed; end += next) {
        char meant[MEANT] = { text.at[end] };
        next = 1;
        if (text.at[end] & 0x80 && !meant_by(text, end, meant, &next))
            meant[0] = '\0';
        is_closed = meant[0] == '"' || meant[0] == '\'';
    }
    cel_fault_add(lexer->faults, lexer->at, (uint32_t) bytes,
                  CEL_SAY(NOT_A_QUOTE, { text.at + lexer->at, bytes }), CEL_SAY(HINT_PLAIN_QUOTES));
    struct cel_token token =
        cel_lexer_take(lexer, is_closed ? CEL_TOKEN_STRING : CEL_TOKEN_BAD, end - lexer->at);
    token.faulty = true;
    return token;
}

/* The longest run of such characters that make one token in ASCII. */
static struct cel_token respelt(struct cel_lexer *lexer)
{
    char ascii[32], meant[MEANT];
    size_t len = 0, bytes, ends[sizeof ascii] = { 0 };

    for (size_t at = lexer->at; at < lexer->text.len && len < sizeof ascii - MEANT; at += bytes) {
        if (!(lexer->text.at[at] & 0x80)) {
            meant[0] = lexer->text.at[at];
            meant[1] = '\0';
            bytes = 1;
        } else if (!meant_by(lexer->text, at, meant, &bytes)) {
            break;
        }
        for (const char *c = meant; *c; c++) {
            ascii[len] = *c;
            ends[len++] = at + bytes;
        }
    }

    struct cel_faults ignored = { .arena = lexer->faults->arena, .count = CEL_FAULTS_MAX };
    struct cel_lexer inner = { .text = { ascii, len }, .faults = &ignored };
    struct cel_token token = cel_lexer_next(&inner);
    uint32_t length = (uint32_t) (ends[token.length ? token.length - 1 : 0] - lexer->at);
    struct str right = { ascii, token.length };
    if (token.length == 1 && memchr("=&|", ascii[0], 3))
        right = ascii[0] == '=' ? STR("==") : ascii[0] == '&' ? STR("&&") : STR("||");

    cel_fault_add(lexer->faults, lexer->at, length,
                  CEL_SAY(NOT_ASCII, { lexer->text.at + lexer->at, length }),
                  CEL_SAY(HINT_WRITE, right));
    enum cel_token_kind kind = token.kind == CEL_TOKEN_END ? CEL_TOKEN_BAD : token.kind;
    token = cel_lexer_take(lexer, kind, length);
    token.faulty = true;
    return token;
}

struct cel_token cel_lexer_mend(struct cel_lexer *lexer)
{
    char meant[MEANT];
    size_t bytes;

    if (!meant_by(lexer->text, lexer->at, meant, &bytes))
        return stranger(lexer);
    if (meant[0] == ' ')
        return blank(lexer, bytes);
    if (meant[0] == '"' || meant[0] == '\'')
        return quoted(lexer, bytes);
    return respelt(lexer);
}
