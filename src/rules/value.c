/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/value.h"

#include "rules/term.h"

enum order { LESS = -1, SAME = 0, MORE = 1, UNORDERED = 2 };

static enum order order_ints(int64_t a, int64_t b)
{
    return (enum order)((a > b) - (a < b));
}

static enum order order_doubles(double a, double b)
{
    if (a < b)
        return LESS;
    if (a > b)
        return MORE;
    return a == b ? SAME : UNORDERED; /* not a number */
}

/* Exactly: turning the integer into a double would round beyond 2^53. */
static enum order order_int_double(int64_t a, double b)
{
    if (b != b)
        return UNORDERED;
    if (b >= 0x1p63)
        return LESS;
    if (b < -0x1p63)
        return MORE;
    int64_t whole = (int64_t) b;
    return a == whole ? order_doubles((double) whole, b) : order_ints(a, whole);
}

static enum order reversed(enum order order)
{
    return order == UNORDERED ? UNORDERED : (enum order)(-(int) order);
}

/* False when the two have no order and no equality: different kinds, lists. */
static bool order_values(struct value a, struct value b, enum order *ret_order)
{
    if (a.kind != b.kind) {
        if (a.kind == VALUE_INT && b.kind == VALUE_DOUBLE)
            *ret_order = order_int_double(a.integer, b.real);
        else if (a.kind == VALUE_DOUBLE && b.kind == VALUE_INT)
            *ret_order = reversed(order_int_double(b.integer, a.real));
        else
            return false;
        return true;
    }
    switch (a.kind) {
    case VALUE_BOOL: *ret_order = order_ints(a.boolean, b.boolean); return true;
    case VALUE_INT:
    case VALUE_TIMESTAMP:
    case VALUE_DURATION: *ret_order = order_ints(a.integer, b.integer); return true;
    case VALUE_DOUBLE: *ret_order = order_doubles(a.real, b.real); return true;
    case VALUE_STRING: {
        int order = str_cmp(a.string, b.string);
        *ret_order = (enum order)((order > 0) - (order < 0));
        return true;
    }
    case VALUE_UNKNOWN:
    case VALUE_LIST: break;
    }
    return false;
}

struct value value_compare(enum term_op op, struct value a, struct value b)
{
    enum order order;

    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING && (op == TERM_EQ || op == TERM_NE))
        return value_bool(str_eq(a.string, b.string) == (op == TERM_EQ));
    if (!order_values(a, b, &order)) {
        bool both = a.kind != VALUE_UNKNOWN && b.kind != VALUE_UNKNOWN && a.kind != b.kind;
        return both && (op == TERM_EQ || op == TERM_NE) ? value_bool(op == TERM_NE)
                                                        : value_unknown();
    }
    switch (op) {
    case TERM_EQ: return value_bool(order == SAME);
    case TERM_NE: return value_bool(order != SAME);
    case TERM_LT: return value_bool(order == LESS);
    case TERM_LE: return value_bool(order == LESS || order == SAME);
    case TERM_GT: return value_bool(order == MORE);
    case TERM_GE: return value_bool(order == MORE || order == SAME);
    default: return value_unknown();
    }
}
