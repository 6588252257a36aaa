/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Term: evaluation
 *
 * A walk over the tree; conditions travel as an enum truth in a register, other values by pointer,
 * so constants are never copied. Most conditions are a handful of nodes, and a rule has a handful
 * of conditions, so this is not where a request spends its time.
 *
 * A condition written as CEL is one node (TERM_CALL), which
 * the scope hands to expr/: see facts_cel.h.
 */
#include "rules/term.h"

static enum truth truth_of(struct value value)
{
    return value.kind == VALUE_BOOL ? (enum truth) value.boolean : TRUTH_UNKNOWN;
}

/* The value of @term: a constant in place, anything else in *room. */
static const struct value *operand(const struct term *term, struct term_scope *scope,
                                   struct value *room)
{
    if (term->op == TERM_CONST)
        return &term->constant;
    *room = term->op == TERM_SLOT ? scope->load(scope, term->slot) : term_eval(term, scope);
    return room;
}

/* AND ends at the first no, OR at the first yes; @end is which. */
static enum truth test_each(const struct term *term, struct term_scope *scope, enum truth end)
{
    enum truth all = end == TRUTH_NO ? TRUTH_YES : TRUTH_NO;

    for (uint32_t i = 0; i < term->n_children; i++) {
        enum truth one = term_test(term->children[i], scope);
        if (one == end)
            return end;
        if (one == TRUTH_UNKNOWN)
            all = TRUTH_UNKNOWN;
    }
    return all;
}

static enum truth test_not(const struct term *term, struct term_scope *scope)
{
    enum truth inner = term_test(term->children[0], scope);
    return inner == TRUTH_UNKNOWN ? inner : inner == TRUTH_NO ? TRUTH_YES : TRUTH_NO;
}

static enum truth test_equal(enum term_op op, const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_STRING && b->kind == VALUE_STRING)
        return (enum truth)(str_eq(a->string, b->string) == (op == TERM_EQ));
    return truth_of(value_compare(op, *a, *b));
}

/* Most comparisons are of a whole number with a whole number. */
static enum truth test_ints(enum term_op op, int64_t a, int64_t b)
{
    switch (op) {
    case TERM_EQ: return (enum truth)(a == b);
    case TERM_NE: return (enum truth)(a != b);
    case TERM_LT: return (enum truth)(a < b);
    case TERM_LE: return (enum truth)(a <= b);
    case TERM_GT: return (enum truth)(a > b);
    default: return (enum truth)(a >= b);
    }
}

static enum truth test_compare(const struct term *term, struct term_scope *scope)
{
    struct value room_a, room_b;
    const struct value *a = operand(term->children[0], scope, &room_a);
    const struct value *b = operand(term->children[1], scope, &room_b);

    if (a->kind == VALUE_UNKNOWN || b->kind == VALUE_UNKNOWN)
        return TRUTH_UNKNOWN;
    if (a->kind == VALUE_INT && b->kind == VALUE_INT)
        return test_ints(term->op, a->integer, b->integer);
    if (term->op == TERM_EQ || term->op == TERM_NE)
        return test_equal(term->op, a, b);
    return truth_of(value_compare(term->op, *a, *b));
}

static enum truth test_in(const struct term *term, struct term_scope *scope)
{
    struct value room;
    const struct value *a = operand(term->children[0], scope, &room);
    enum truth any = TRUTH_NO;

    if (a->kind == VALUE_UNKNOWN)
        return TRUTH_UNKNOWN;
    for (uint32_t i = 1; i < term->n_children; i++) {
        enum truth one = test_equal(TERM_EQ, a, &term->children[i]->constant);
        if (one == TRUTH_YES)
            return one;
        if (one == TRUTH_UNKNOWN)
            any = one;
    }
    return any;
}

static enum truth test_text(const struct term *term, struct term_scope *scope)
{
    struct value room_a, room_b;
    const struct value *a = operand(term->children[0], scope, &room_a);
    const struct value *b = operand(term->children[1], scope, &room_b);

    if (b->kind != VALUE_STRING)
        return TRUTH_UNKNOWN;
    if (term->op == TERM_HAS_WORD)
        return a->kind == VALUE_LIST ? (enum truth) scope->has_word(scope, a->list, b->string)
                                     : TRUTH_UNKNOWN;
    if (a->kind != VALUE_STRING)
        return TRUTH_UNKNOWN;
    return (enum truth)(term->op == TERM_CONTAINS ? str_contains(a->string, b->string)
                                                  : str_starts_with(a->string, b->string));
}

static enum truth test_exists(const struct term *term, struct term_scope *scope)
{
    struct value list = term_eval(term->children[0], scope);
    enum truth any = TRUTH_NO;
    int64_t weight;

    if (list.kind != VALUE_LIST)
        return TRUTH_UNKNOWN;
    for (uint32_t i = 0; scope->element(scope, list.list, i, &weight); i++) {
        enum truth one = term_test(term->children[1], scope);
        if (one == TRUTH_YES)
            return one;
        if (one == TRUTH_UNKNOWN)
            any = one;
    }
    return any;
}

enum truth term_test(const struct term *term, struct term_scope *scope)
{
    switch (term->op) {
    case TERM_CONST: return truth_of(term->constant);
    case TERM_SLOT: return truth_of(scope->load(scope, term->slot));
    case TERM_NOT: return test_not(term, scope);
    case TERM_AND: return test_each(term, scope, TRUTH_NO);
    case TERM_OR: return test_each(term, scope, TRUTH_YES);
    case TERM_EQ:
    case TERM_NE:
    case TERM_LT:
    case TERM_LE:
    case TERM_GT:
    case TERM_GE: return test_compare(term, scope);
    case TERM_IN: return test_in(term, scope);
    case TERM_STARTS_WITH:
    case TERM_CONTAINS:
    case TERM_HAS_WORD: return test_text(term, scope);
    case TERM_HAS:
        return term_eval(term->children[0], scope).kind == VALUE_UNKNOWN ? TRUTH_NO : TRUTH_YES;
    case TERM_EXISTS: return test_exists(term, scope);
    case TERM_CALL: return scope->call ? scope->call(scope, term->callee) : TRUTH_UNKNOWN;
    case TERM_SUB:
    case TERM_COUNT:
    case TERM_OPS: break;
    }
    return TRUTH_UNKNOWN;
}

static struct value count(const struct term *term, struct term_scope *scope)
{
    struct value list = term_eval(term->children[0], scope);
    int64_t weight, sum = 0;

    if (list.kind != VALUE_LIST)
        return value_unknown();
    for (uint32_t i = 0; scope->element(scope, list.list, i, &weight); i++) {
        enum truth one = term_test(term->children[1], scope);
        if (one == TRUTH_UNKNOWN || (one == TRUTH_YES && __builtin_add_overflow(sum, weight, &sum)))
            return value_unknown();
    }
    return value_int(sum);
}

/* The kind of a difference: an instant less an instant is a duration. */
static enum value_kind kind_of_difference(enum value_kind a, enum value_kind b)
{
    if (a == VALUE_TIMESTAMP && (b == VALUE_TIMESTAMP || b == VALUE_DURATION))
        return b == VALUE_TIMESTAMP ? VALUE_DURATION : VALUE_TIMESTAMP;
    return a == b && (a == VALUE_DURATION || a == VALUE_INT) ? a : VALUE_UNKNOWN;
}

static bool to_double(const struct value *value, double *ret_real)
{
    if (value->kind != VALUE_INT && value->kind != VALUE_DOUBLE)
        return false;
    *ret_real = value->kind == VALUE_INT ? (double) value->integer : value->real;
    return true;
}

static struct value subtract(const struct term *term, struct term_scope *scope)
{
    struct value room_a, room_b;
    const struct value *a = operand(term->children[0], scope, &room_a);
    const struct value *b = operand(term->children[1], scope, &room_b);
    enum value_kind kind = kind_of_difference(a->kind, b->kind);
    double x, y;
    int64_t difference;

    if (kind != VALUE_UNKNOWN && !__builtin_sub_overflow(a->integer, b->integer, &difference))
        return (struct value){ .kind = kind, .integer = difference };
    if (kind == VALUE_UNKNOWN && to_double(a, &x) && to_double(b, &y))
        return value_double(x - y);
    return value_unknown();
}

struct value term_eval(const struct term *term, struct term_scope *scope)
{
    switch (term->op) {
    case TERM_CONST: return term->constant;
    case TERM_SLOT: return scope->load(scope, term->slot);
    case TERM_SUB: return subtract(term, scope);
    case TERM_COUNT: return count(term, scope);
    default: break;
    }
    enum truth truth = term_test(term, scope);
    return truth == TRUTH_UNKNOWN ? value_unknown() : value_bool(truth == TRUTH_YES);
}
