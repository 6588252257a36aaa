/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <string.h>

#include "expr/regex/cel_regex_program.h"
#include "expr/values/cel_rune.h"

/*
 * CEL regex, its parser
 *
 * What the two halves share: cel_regex_parse.c (structure: choice, sequence, repetition, groups)
 * and cel_regex_atom.c (one character: escapes, classes, brackets). A parser stands at byte @at of
 * its pattern; whoever fails calls regex_fail.
 */
enum { REGEX_FOLD = 1, REGEX_LINES = 2, REGEX_DOT_NEWLINE = 4, REGEX_LAZY = 8 };

static inline bool regex_more(const struct regex_parser *p)
{
    return p->at < p->text.len;
}

/* The byte @ahead of here, or 0. */
static inline char regex_peek(const struct regex_parser *p, size_t ahead)
{
    return p->at + ahead < p->text.len ? p->text.at[p->at + ahead] : 0;
}

static inline bool regex_take(struct regex_parser *p, char c)
{
    bool is = regex_more(p) && p->text.at[p->at] == c;
    p->at += is;
    return is;
}

static inline uint32_t regex_take_rune(struct regex_parser *p)
{
    size_t bytes;
    uint32_t rune = cel_rune_at(p->text, p->at, &bytes);
    p->at += bytes;
    return rune;
}

/* What is left, up to @end; absent when that does not come. Moves behind it. */
struct str regex_take_until(struct regex_parser *p, const char *end);

/* NULL: failed. */
struct regex_node *regex_new_node(struct regex_parser *p, enum regex_kind kind, uint32_t value);
/* Of the characters of @class. */
struct regex_node *regex_set_node(struct regex_parser *p, struct regex_class *class);

/* Behind a backslash: one character. False: no such escape. */
bool regex_parse_escape(struct regex_parser *p, uint32_t *ret_rune);
/* "\d", "\pL", "\P{Greek}" here? Adds it. False: something else stands here. */
bool regex_parse_named_class(struct regex_parser *p, struct regex_class *class);
/* Behind "[". */
struct regex_node *regex_parse_brackets(struct regex_parser *p);
