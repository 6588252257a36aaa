/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Term: printing
 *
 * Parentheses stand only where CEL's precedence needs them: each operator says how tightly it
 * binds, and a child that binds less tightly than its place asks for is put in parentheses.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/term.h"

enum tightness {
    BINDS_IF,
    BINDS_OR,
    BINDS_AND,
    BINDS_RELATION,
    BINDS_SUM,
    BINDS_UNARY,
    BINDS_MEMBER
};

struct printer {
    const struct term_names *names;
    struct out *out;
    bool in_list;
};

static bool is_equality(const struct term *term)
{
    return term->op == TERM_EQ || term->op == TERM_NE || term->op == TERM_IN;
}

/* What is asked of @term is a whole number, and one of the values it is compared with is none. */
static bool needs_dyn(const struct printer *printer, const struct term *term)
{
    const struct term *asked = term->n_children ? term->children[0] : NULL;
    if (!is_equality(term) || !printer->names->is_whole)
        return false;
    bool whole = asked->op == TERM_COUNT ||
                 (asked->op == TERM_SLOT && printer->names->is_whole(printer->names, asked->slot));
    for (uint32_t i = 1; whole && i < term->n_children; i++)
        if (term->children[i]->op == TERM_CONST && term->children[i]->constant.kind == VALUE_DOUBLE)
            return true;
    return false;
}

static void print_string(struct str text, struct out *out)
{
    out_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char) text.at[i];
        if (c == '"' || c == '\\')
            out_char(out, '\\');
        if (c == '\n')
            out_text(out, STR("\\n"));
        else if (c < 0x20 || c == 0x7f)
            out_printf(out, "\\x%02x", c);
        else
            out_char(out, (char) c);
    }
    out_char(out, '"');
}

/* The shortest text that reads back as the same number, and as a double. */
static void print_double(double real, struct out *out)
{
    char text[40];

    if (!isfinite(real)) {
        out_text(out, isnan(real) ? STR("double(\"nan\")")
                      : real > 0  ? STR("double(\"inf\")")
                                  : STR("double(\"-inf\")"));
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            break;
    }
    out_text(out, str_of(text));
    if (!strpbrk(text, ".e"))
        out_text(out, STR(".0"));
}

void value_print(struct value value, struct out *out)
{
    switch (value.kind) {
    case VALUE_BOOL: out_text(out, value.boolean ? STR("true") : STR("false")); return;
    case VALUE_INT: out_int(out, value.integer); return;
    case VALUE_DOUBLE: print_double(value.real, out); return;
    case VALUE_STRING: print_string(value.string, out); return;
    case VALUE_TIMESTAMP:
        out_text(out, STR("timestamp(\""));
        out_instant(out, value.integer, value.integer % 1000000 != 0);
        out_text(out, STR("\")"));
        return;
    case VALUE_DURATION:
        if (value.integer % 1000000 == 0)
            out_printf(out, "duration(\"%llds\")", (long long) (value.integer / 1000000));
        else
            out_printf(out, "duration(\"%lldus\")", (long long) value.integer);
        return;
    case VALUE_LIST: out_text(out, STR("list")); return;
    case VALUE_UNKNOWN: break;
    }
    out_text(out, STR("unknown"));
}

static const struct {
    const char *text;
    enum tightness tightness;
} operators[TERM_OPS] = {
    [TERM_CONST] = { NULL, BINDS_MEMBER },
    [TERM_SLOT] = { NULL, BINDS_MEMBER },
    [TERM_NOT] = { NULL, BINDS_UNARY },
    [TERM_AND] = { " && ", BINDS_AND },
    [TERM_OR] = { " || ", BINDS_OR },
    [TERM_EQ] = { " == ", BINDS_RELATION },
    [TERM_NE] = { " != ", BINDS_RELATION },
    [TERM_LT] = { " < ", BINDS_RELATION },
    [TERM_LE] = { " <= ", BINDS_RELATION },
    [TERM_GT] = { " > ", BINDS_RELATION },
    [TERM_GE] = { " >= ", BINDS_RELATION },
    [TERM_IN] = { " in ", BINDS_RELATION },
    [TERM_STARTS_WITH] = { ".startsWith(", BINDS_MEMBER },
    [TERM_CONTAINS] = { ".contains(", BINDS_MEMBER },
    [TERM_HAS_WORD] = { " in ", BINDS_RELATION },
    [TERM_HAS] = { NULL, BINDS_MEMBER },
    [TERM_SUB] = { " - ", BINDS_SUM },
    [TERM_EXISTS] = { ".exists(", BINDS_MEMBER },
    [TERM_COUNT] = { ".filter(", BINDS_MEMBER },
    [TERM_CALL] = { NULL, BINDS_IF }, /* whatever it is */
};

static void print(struct printer *printer, const struct term *term, enum tightness place);

/* The first child, as dyn where CEL's checker would not compare it. */
static void print_asked(struct printer *printer, const struct term *term, enum tightness place)
{
    bool dyn = needs_dyn(printer, term);
    if (dyn)
        out_text(printer->out, STR("dyn("));
    print(printer, term->children[0], dyn ? BINDS_IF : place);
    if (dyn)
        out_char(printer->out, ')');
}

/* AND and OR of nothing are constants, of one thing that thing. */
static void print_each(struct printer *printer, const struct term *term)
{
    if (term->n_children == 0)
        out_text(printer->out, term->op == TERM_AND ? STR("true") : STR("false"));
    for (uint32_t i = 0; i < term->n_children; i++) {
        if (i > 0)
            out_text(printer->out, str_of(operators[term->op].text));
        print(printer, term->children[i], operators[term->op].tightness);
    }
}

static void print_in(struct printer *printer, const struct term *term)
{
    print_asked(printer, term, BINDS_SUM);
    out_text(printer->out, STR(" in ["));
    for (uint32_t i = 1; i < term->n_children; i++) {
        if (i > 1)
            out_text(printer->out, STR(", "));
        value_print(term->children[i]->constant, printer->out);
    }
    out_char(printer->out, ']');
}

/* list.exists(i, predicate); COUNT: quantity(list.filter(i, predicate)) */
static void print_list(struct printer *printer, const struct term *term)
{
    if (term->op == TERM_COUNT)
        out_printf(printer->out, "%s(", printer->names->count);
    print(printer, term->children[0], BINDS_MEMBER);
    out_text(printer->out, str_of(operators[term->op].text));
    out_text(printer->out, STR(TERM_ELEMENT ", "));
    printer->in_list = true;
    print(printer, term->children[1], BINDS_IF);
    printer->in_list = false;
    out_text(printer->out, term->op == TERM_COUNT ? STR("))") : STR(")"));
}

/* Text that may end in a comment. */
static void print_call(struct printer *printer, const struct term *term)
{
    out_text(printer->out, term->constant.string);
    if (str_contains(term->constant.string, STR("//")))
        out_char(printer->out, '\n');
}

/* has(i.attr.width); of i.attr["幅"], which has() does not take: i.has_attr("幅") */
static void print_has(struct printer *printer, const struct term *term)
{
    struct printer aside = *printer;
    struct out text, *out = printer->out;

    out_init(&text, out->arena, 64);
    aside.out = &text;
    print(&aside, term->children[0], BINDS_IF);
    out->failed |= text.failed;
    const char *bracket = text.len ? memchr(text.at, '[', text.len) : NULL;
    if (bracket) {
        struct str map = { text.at, (size_t) (bracket - text.at) };
        out_printf(out, "%.*s.has_attr(%.*s)", (int) (map.len - (sizeof ".attr" - 1)), map.at,
                   (int) (text.len - map.len - 2), bracket + 1);
    } else {
        out_printf(out, "has(%.*s)", STR_ARG(out_str(&text)));
    }
    out_deinit(&text);
}

static void print_two(struct printer *printer, const struct term *term, uint32_t first)
{
    enum tightness tightness = operators[term->op].tightness;
    enum tightness place = tightness == BINDS_RELATION ? BINDS_SUM : tightness; /* do not chain */
    if (first == 0)
        print_asked(printer, term, place);
    else
        print(printer, term->children[first], place);
    out_text(printer->out, str_of(operators[term->op].text));
    print(printer, term->children[1 - first], tightness == BINDS_MEMBER ? BINDS_IF : tightness + 1);
}

static void print_bare(struct printer *printer, const struct term *term)
{
    struct out *out = printer->out;

    switch (term->op) {
    case TERM_CONST: value_print(term->constant, out); return;
    case TERM_SLOT:
        printer->names->print(printer->names, term->slot, printer->in_list, out);
        return;
    case TERM_AND:
    case TERM_OR: print_each(printer, term); return;
    case TERM_IN: print_in(printer, term); return;
    case TERM_EXISTS:
    case TERM_COUNT: print_list(printer, term); return;
    case TERM_NOT:
        out_char(out, '!');
        print(printer, term->children[0], BINDS_UNARY);
        return;
    case TERM_HAS: print_has(printer, term); return;
    case TERM_CALL: print_call(printer, term); return;
    case TERM_STARTS_WITH:
    case TERM_CONTAINS:
        print_two(printer, term, 0);
        out_char(out, ')');
        return;
    case TERM_HAS_WORD: print_two(printer, term, 1); return;
    default: print_two(printer, term, 0); return;
    }
}

static void print(struct printer *printer, const struct term *term, enum tightness place)
{
    bool is_each = term->op == TERM_AND || term->op == TERM_OR;
    if (is_each && term->n_children == 1) {
        print(printer, term->children[0], place);
        return;
    }
    bool in_parentheses = operators[term->op].tightness < place;
    if (is_each && term->n_children == 0)
        in_parentheses = false;
    if (in_parentheses)
        out_char(printer->out, '(');
    print_bare(printer, term);
    if (in_parentheses)
        out_char(printer->out, ')');
}

void term_print(const struct term *term, const struct term_names *names, struct out *out)
{
    struct printer printer = { .names = names, .out = out };
    print(&printer, term, BINDS_IF);
}
