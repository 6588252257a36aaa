/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic, concatenation and comparison. Both operands of arithmetic are of one kind; only
 * instants and spans mix. Nothing wraps: what a kind does not hold is an error. Making a text or a
 * list is charged for by its size, before room is taken for it.
 */
#include "expr/values/cel_ops.h"

#include <string.h>

#include "expr/values/cel_access.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_time.h"

static struct cel_value no_overload(struct cel_run *run, enum cel_op op, const struct cel_value *a,
                                    const struct cel_value *b)
{
    static const char *const texts[CEL_OPS] = {
        [CEL_OP_IF] = "_?_:_", [CEL_OP_OR] = "||",    [CEL_OP_AND] = "&&", [CEL_OP_EQ] = "==",
        [CEL_OP_NE] = "!=",    [CEL_OP_LT] = "<",     [CEL_OP_LE] = "<=",  [CEL_OP_GT] = ">",
        [CEL_OP_GE] = ">=",    [CEL_OP_IN] = "in",    [CEL_OP_ADD] = "+",  [CEL_OP_SUB] = "-",
        [CEL_OP_MUL] = "*",    [CEL_OP_DIV] = "/",    [CEL_OP_MOD] = "%",  [CEL_OP_NOT] = "!",
        [CEL_OP_NEG] = "-",    [CEL_OP_INDEX] = "[]",
    };
    struct cel_value args[2] = { *a };
    if (b)
        args[1] = *b;
    return cel_no_overload(run, texts[op], args, b ? 2 : 1);
}

static struct cel_value int_overflow(struct cel_run *run)
{
    return cel_fail(run, "int overflow");
}

static struct cel_value int_arithmetic(struct cel_run *run, enum cel_op op, int64_t a, int64_t b)
{
    int64_t result = 0;
    bool over = false;
    switch (op) {
    case CEL_OP_ADD: over = __builtin_add_overflow(a, b, &result); break;
    case CEL_OP_SUB: over = __builtin_sub_overflow(a, b, &result); break;
    case CEL_OP_MUL: over = __builtin_mul_overflow(a, b, &result); break;
    default:
        if (b == 0)
            return op == CEL_OP_DIV ? cel_fail(run, "divide by zero")
                                    : cel_fail(run, "modulus by zero");
        over = a == INT64_MIN && b == -1;
        if (!over)
            result = op == CEL_OP_DIV ? a / b : a % b;
    }
    return over ? int_overflow(run) : cel_int(result);
}

static struct cel_value uint_arithmetic(struct cel_run *run, enum cel_op op, uint64_t a, uint64_t b)
{
    uint64_t result = 0;
    bool over = false;
    switch (op) {
    case CEL_OP_ADD: over = __builtin_add_overflow(a, b, &result); break;
    case CEL_OP_SUB: over = __builtin_sub_overflow(a, b, &result); break;
    case CEL_OP_MUL: over = __builtin_mul_overflow(a, b, &result); break;
    default:
        if (b == 0)
            return op == CEL_OP_DIV ? cel_fail(run, "divide by zero")
                                    : cel_fail(run, "modulus by zero");
        result = op == CEL_OP_DIV ? a / b : a % b;
    }
    return over ? cel_fail(run, "uint overflow") : cel_uint(result);
}

static struct cel_value join_texts(struct cel_run *run, const struct cel_value *a,
                                   const struct cel_value *b)
{
    if (b->string.len == 0)
        return *a;
    if (a->string.len == 0)
        return *b;
    size_t len = a->string.len + b->string.len;
    if (!cel_charge_bytes(run, len))
        return cel_stop(run);
    char *text = cel_take(run, len, 1);
    if (!text)
        return cel_stop(run);
    memcpy(text, a->string.at, a->string.len);
    memcpy(text + a->string.len, b->string.at, b->string.len);
    struct str joined = { text, len };
    return a->kind == CEL_STRING ? cel_string(joined) : cel_bytes(joined);
}

static void copy_elements(struct cel_value *to, const struct cel_value *list)
{
    for (uint32_t i = 0; i < list->list->count; i++)
        to[i] = cel_list_at(list, i);
}

static struct cel_value join_lists(struct cel_run *run, const struct cel_value *a,
                                   const struct cel_value *b)
{
    if (b->list->count == 0)
        return *a;
    if (a->list->count == 0)
        return *b;
    uint32_t count;
    bool over = __builtin_add_overflow(a->list->count, b->list->count, &count);
    if (!cel_charge(run, (uint64_t) a->list->count + b->list->count) || over)
        return cel_stop(run);
    struct cel_value *items = cel_take(run, count, sizeof *items);
    if (!items)
        return cel_stop(run);
    copy_elements(items, a);
    copy_elements(items + a->list->count, b);
    const struct cel_list *list = cel_list_of(run->arena, items, count);
    return list ? (struct cel_value){ .kind = CEL_LIST, .list = list } : cel_stop(run);
}

static struct cel_value double_arithmetic(enum cel_op op, double a, double b)
{
    switch (op) {
    case CEL_OP_ADD: return cel_double(a + b);
    case CEL_OP_SUB: return cel_double(a - b);
    case CEL_OP_MUL: return cel_double(a * b);
    default: return cel_double(a / b); /* by zero: infinite, or NaN */
    }
}

static bool is_time(enum cel_kind kind)
{
    return kind == CEL_TIMESTAMP || kind == CEL_DURATION;
}

static struct cel_value time_arithmetic(struct cel_run *run, enum cel_op op,
                                        const struct cel_value *a, const struct cel_value *b)
{
    bool instants = a->kind == CEL_TIMESTAMP && b->kind == CEL_TIMESTAMP;
    bool defined = op == CEL_OP_ADD
                       ? !instants
                       : op == CEL_OP_SUB && (a->kind == CEL_TIMESTAMP || b->kind == CEL_DURATION);
    if (!defined)
        return no_overload(run, op, a, b);
    struct cel_value result;
    if (op == CEL_OP_ADD ? cel_time_add(a, b, &result) : cel_time_sub(a, b, &result))
        return result;
    return instants || (a->kind == CEL_DURATION && b->kind == CEL_DURATION)
               ? cel_fail(run, "duration out of range")
               : cel_fail(run, "timestamp out of range");
}

static struct cel_value arithmetic(struct cel_run *run, enum cel_op op, const struct cel_value *a,
                                   const struct cel_value *b)
{
    if (is_time(a->kind) && is_time(b->kind))
        return time_arithmetic(run, op, a, b);
    if (a->kind != b->kind)
        return no_overload(run, op, a, b);
    switch (a->kind) {
    case CEL_INT: return int_arithmetic(run, op, a->integer, b->integer);
    case CEL_UINT: return uint_arithmetic(run, op, a->natural, b->natural);
    case CEL_DOUBLE:
        return op == CEL_OP_MOD ? no_overload(run, op, a, b)
                                : double_arithmetic(op, a->real, b->real);
    case CEL_STRING:
    case CEL_BYTES: return op == CEL_OP_ADD ? join_texts(run, a, b) : no_overload(run, op, a, b);
    case CEL_LIST: return op == CEL_OP_ADD ? join_lists(run, a, b) : no_overload(run, op, a, b);
    default: return no_overload(run, op, a, b);
    }
}

static struct cel_value ordering(struct cel_run *run, enum cel_op op, const struct cel_value *a,
                                 const struct cel_value *b)
{
    int order;
    if ((a->kind == CEL_STRING || a->kind == CEL_BYTES) && a->kind == b->kind) {
        size_t shorter = a->string.len < b->string.len ? a->string.len : b->string.len;
        if (shorter >= 16 && !cel_charge_bytes(run, shorter))
            return cel_stop(run);
    }
    if (!cel_order(a, b, &order)) /* of numbers: one is NaN, which IEEE 754 leaves unordered */
        return cel_is_number(a->kind) && cel_is_number(b->kind) ? cel_bool(false)
                                                                : no_overload(run, op, a, b);
    switch (op) {
    case CEL_OP_LT: return cel_bool(order < 0);
    case CEL_OP_LE: return cel_bool(order <= 0);
    case CEL_OP_GT: return cel_bool(order > 0);
    default: return cel_bool(order >= 0);
    }
}

static struct cel_value negated(struct cel_run *run, const struct cel_value *a)
{
    if (a->kind == CEL_DOUBLE)
        return cel_double(-a->real);
    if (a->kind == CEL_INT)
        return a->integer == INT64_MIN ? int_overflow(run) : cel_int(-a->integer);
    return no_overload(run, CEL_OP_NEG, a, NULL);
}

struct cel_value cel_operate(struct cel_run *run, enum cel_op op, const struct cel_value *a,
                             const struct cel_value *b)
{
    switch (op) {
    case CEL_OP_EQ: return cel_equality(run, a, b);
    case CEL_OP_NE: {
        struct cel_value same = cel_equality(run, a, b);
        return same.kind == CEL_BOOL ? cel_bool(!same.boolean) : same;
    }
    case CEL_OP_LT:
    case CEL_OP_LE:
    case CEL_OP_GT:
    case CEL_OP_GE: return ordering(run, op, a, b);
    case CEL_OP_ADD:
    case CEL_OP_SUB:
    case CEL_OP_MUL:
    case CEL_OP_DIV:
    case CEL_OP_MOD: return arithmetic(run, op, a, b);
    case CEL_OP_NEG: return negated(run, a);
    case CEL_OP_NOT:
        return a->kind == CEL_BOOL ? cel_bool(!a->boolean) : no_overload(run, op, a, NULL);
    case CEL_OP_INDEX:
        if (a->kind == CEL_LIST && cel_is_number(b->kind))
            return cel_element_at(run, a, b);
        return a->kind == CEL_MAP ? cel_value_at(run, a, b) : no_overload(run, op, a, b);
    case CEL_OP_IN:
        if (b->kind == CEL_LIST)
            return cel_is_element(run, a, b);
        return b->kind == CEL_MAP ? cel_is_key_of(run, a, b) : no_overload(run, op, a, b);
    default: return no_overload(run, op, a, b);
    }
}
