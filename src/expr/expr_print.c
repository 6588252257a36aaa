/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expr: printing
 *
 * Parentheses stand only where CEL's precedence needs them: each operator says how tightly it
 * binds, and a child that binds less tightly than its place asks for is put in parentheses.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "expr/expr.h"

enum tightness { BINDS_OR, BINDS_AND, BINDS_RELATION, BINDS_SUM, BINDS_UNARY, BINDS_MEMBER };

struct printer {
    const struct expr_names *names;
    struct out *out;
    bool in_list;
};

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
} operators[EXPR_OPS] = {
    [EXPR_CONST] = { NULL, BINDS_MEMBER },
    [EXPR_SLOT] = { NULL, BINDS_MEMBER },
    [EXPR_NOT] = { "!", BINDS_UNARY },
    [EXPR_AND] = { " && ", BINDS_AND },
    [EXPR_OR] = { " || ", BINDS_OR },
    [EXPR_EQ] = { " == ", BINDS_RELATION },
    [EXPR_NE] = { " != ", BINDS_RELATION },
    [EXPR_LT] = { " < ", BINDS_RELATION },
    [EXPR_LE] = { " <= ", BINDS_RELATION },
    [EXPR_GT] = { " > ", BINDS_RELATION },
    [EXPR_GE] = { " >= ", BINDS_RELATION },
    [EXPR_IN] = { " in ", BINDS_RELATION },
    [EXPR_STARTS_WITH] = { ".startsWith(", BINDS_MEMBER },
    [EXPR_CONTAINS] = { ".contains(", BINDS_MEMBER },
    [EXPR_HAS_WORD] = { " in ", BINDS_RELATION },
    [EXPR_HAS] = { "has(", BINDS_MEMBER },
    [EXPR_SUB] = { " - ", BINDS_SUM },
    [EXPR_EXISTS] = { ".exists(", BINDS_MEMBER },
    [EXPR_COUNT] = { ".filter(", BINDS_MEMBER },
};

static void print(struct printer *printer, const struct expr *expr, enum tightness place);

/* AND and OR of nothing are constants, of one thing that thing. */
static void print_each(struct printer *printer, const struct expr *expr)
{
    if (expr->n_children == 0)
        out_text(printer->out, expr->op == EXPR_AND ? STR("true") : STR("false"));
    for (uint32_t i = 0; i < expr->n_children; i++) {
        if (i > 0)
            out_text(printer->out, str_of(operators[expr->op].text));
        print(printer, expr->children[i], operators[expr->op].tightness);
    }
}

static void print_in(struct printer *printer, const struct expr *expr)
{
    print(printer, expr->children[0], BINDS_SUM);
    out_text(printer->out, STR(" in ["));
    for (uint32_t i = 1; i < expr->n_children; i++) {
        if (i > 1)
            out_text(printer->out, STR(", "));
        value_print(expr->children[i]->constant, printer->out);
    }
    out_char(printer->out, ']');
}

/* list.exists(i, predicate); COUNT: list.filter(i, predicate).map(i, i.quantity).sum() */
static void print_list(struct printer *printer, const struct expr *expr)
{
    print(printer, expr->children[0], BINDS_MEMBER);
    out_text(printer->out, str_of(operators[expr->op].text));
    out_text(printer->out, STR(EXPR_ELEMENT ", "));
    printer->in_list = true;
    print(printer, expr->children[1], BINDS_OR);
    printer->in_list = false;
    out_char(printer->out, ')');
    if (expr->op == EXPR_COUNT)
        out_printf(printer->out, ".map(" EXPR_ELEMENT ", " EXPR_ELEMENT ".%s).sum()",
                   printer->names->weight);
}

static void print_two(struct printer *printer, const struct expr *expr, uint32_t first)
{
    enum tightness tightness = operators[expr->op].tightness;
    print(printer, expr->children[first],
          tightness == BINDS_RELATION ? BINDS_SUM : tightness); /* relations do not chain */
    out_text(printer->out, str_of(operators[expr->op].text));
    print(printer, expr->children[1 - first], tightness == BINDS_MEMBER ? BINDS_OR : tightness + 1);
}

static void print_bare(struct printer *printer, const struct expr *expr)
{
    struct out *out = printer->out;

    switch (expr->op) {
    case EXPR_CONST: value_print(expr->constant, out); return;
    case EXPR_SLOT:
        printer->names->print(printer->names, expr->slot, printer->in_list, out);
        return;
    case EXPR_AND:
    case EXPR_OR: print_each(printer, expr); return;
    case EXPR_IN: print_in(printer, expr); return;
    case EXPR_EXISTS:
    case EXPR_COUNT: print_list(printer, expr); return;
    case EXPR_NOT:
    case EXPR_HAS:
        out_text(out, str_of(operators[expr->op].text));
        print(printer, expr->children[0], expr->op == EXPR_NOT ? BINDS_UNARY : BINDS_OR);
        if (expr->op == EXPR_HAS)
            out_char(out, ')');
        return;
    case EXPR_STARTS_WITH:
    case EXPR_CONTAINS:
        print_two(printer, expr, 0);
        out_char(out, ')');
        return;
    case EXPR_HAS_WORD: print_two(printer, expr, 1); return;
    default: print_two(printer, expr, 0); return;
    }
}

static void print(struct printer *printer, const struct expr *expr, enum tightness place)
{
    bool is_each = expr->op == EXPR_AND || expr->op == EXPR_OR;
    if (is_each && expr->n_children == 1) {
        print(printer, expr->children[0], place);
        return;
    }
    bool in_parentheses = operators[expr->op].tightness < place;
    if (is_each && expr->n_children == 0)
        in_parentheses = false;
    if (in_parentheses)
        out_char(printer->out, '(');
    print_bare(printer, expr);
    if (in_parentheses)
        out_char(printer->out, ')');
}

void expr_print(const struct expr *expr, const struct expr_names *names, struct out *out)
{
    struct printer printer = { .names = names, .out = out };
    print(&printer, expr, BINDS_OR);
}
