/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL cost
 *
 * The worst case of an expression in steps, before it has seen a value. Two things are followed
 * through the tree: how many steps a node may take, and how large what it yields may be (elements
 * or bytes; and of whatever is inside it). Literals have their size, fields of the host what their
 * class declares, everything else is not bounded. A macro takes its body once for each element of
 * its range, so nested macros multiply. All sums stay at UINT64_MAX, "not bounded", once they are
 * there.
 *
 * The estimate is never below what the run counts; how far above depends on what the host declares.
 */
#include <string.h>

#include "expr/run/cel_compiler.h"

#define UNBOUNDED UINT64_MAX

enum { NUMBER_TEXT_BYTES = 64 }; /* string() of a number, an instant … */

struct extent {
    uint64_t own, inner;
};

struct estimate {
    uint64_t cost;
    struct extent extent;
};

struct estimator {
    const struct cel_checked *checked;
    struct extent *locals;
    uint64_t limit; /* the first node that passes it is the culprit; 0: none */
    const struct cel_node *culprit;
};

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UNBOUNDED : sum;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UNBOUNDED : product;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct extent wider(struct extent a, struct extent b)
{
    return (struct extent){ larger(a.own, b.own), larger(a.inner, b.inner) };
}

static const struct cel_type *type_of(const struct estimator *self, const struct cel_node *node)
{
    return self->checked->types[node->id];
}

static bool is_text(const struct cel_type *type)
{
    return type->kind == CEL_TYPE_STRING || type->kind == CEL_TYPE_BYTES;
}

/* How large a value of that type can be when nothing else is known of it. */
static struct extent extent_of(const struct cel_type *type)
{
    switch (type->kind) {
    case CEL_TYPE_DYN:
    case CEL_TYPE_PARAM:
    case CEL_TYPE_MAP:
    case CEL_TYPE_OPAQUE: return (struct extent){ UNBOUNDED, UNBOUNDED };
    case CEL_TYPE_LIST: {
        struct extent of_one = { UNBOUNDED, UNBOUNDED };
        if (type->n_params)
            of_one = extent_of(type->params[0]);
        return (struct extent){ UNBOUNDED, larger(of_one.own, of_one.inner) };
    }
    case CEL_TYPE_STRING:
    case CEL_TYPE_BYTES: return (struct extent){ UNBOUNDED, 0 };
    default: return (struct extent){ 0, 0 };
    }
}

/* What comparing or copying one such value takes. */
static uint64_t weight(const struct cel_type *type, struct extent extent)
{
    if (is_text(type))
        return extent.own / 16;
    bool small = extent.own == 0 && extent.inner == 0;
    return small ? 0 : add(extent.own, times(extent.own, extent.inner));
}

static struct estimate estimate(struct estimator *self, const struct cel_node *node);

static struct estimate all_of(struct estimator *self, const struct cel_node *node,
                              struct extent *parts)
{
    struct estimate sum = { 0 };
    for (uint32_t i = 0; i < node->n_args; i++) {
        struct estimate part = estimate(self, node->args[i]);
        sum.cost = add(sum.cost, part.cost);
        sum.extent = wider(sum.extent, part.extent);
        if (parts && i < CEL_MAX_ARGS)
            parts[i] = part.extent;
    }
    return sum;
}

static struct extent inside(struct extent extent, const struct cel_type *type)
{
    struct extent plain = extent_of(type);
    return (struct extent){ smaller(extent.inner, plain.own), smaller(extent.inner, plain.inner) };
}

static struct estimate of_select(struct estimator *self, const struct cel_node *node)
{
    const struct cel_reference *reference = &self->checked->references[node->id];
    const struct cel_type *type = type_of(self, node);
    if (reference->kind == CEL_REFERENCE_VARIABLE)
        return (struct estimate){ 0, extent_of(type) };
    if (reference->kind == CEL_REFERENCE_TYPE)
        return (struct estimate){ 0 };
    struct estimate of = estimate(self, node->args[0]);
    of.cost = add(of.cost, 1);
    if (node->is_test)
        return (struct estimate){ of.cost, { 0, 0 } };
    const struct cel_class *class = type_of(self, node->args[0])->class;
    if (reference->kind != CEL_REFERENCE_FIELD || !class) {
        of.extent = inside(of.extent, type);
        return of;
    }
    of.extent = extent_of(type);
    const struct cel_field *field = &class->fields[reference->index];
    if (field->max_count)
        of.extent.own = smaller(of.extent.own, field->max_count);
    if (field->max_inner)
        of.extent.inner = smaller(of.extent.inner, field->max_inner);
    return of;
}

static struct estimate of_operator(struct estimator *self, const struct cel_node *node)
{
    struct extent part[CEL_MAX_ARGS] = { 0 };
    struct estimate sum = all_of(self, node, part);
    const struct cel_type *type = type_of(self, node);
    const struct cel_type *left = type_of(self, node->args[0]);
    const struct cel_type *right = type_of(self, node->args[node->n_args - 1]);
    uint64_t a = weight(left, part[0]), b = weight(right, part[1]);
    uint64_t own = 1;
    struct extent extent = { 0, 0 };
    switch (node->op) {
    case CEL_OP_IF:
        own = 0;
        extent = wider(part[1], part[2]);
        break;
    case CEL_OP_AND:
    case CEL_OP_OR: own = 0; break;
    case CEL_OP_EQ:
    case CEL_OP_NE:
    case CEL_OP_LT:
    case CEL_OP_LE:
    case CEL_OP_GT:
    case CEL_OP_GE: own = add(1, smaller(a, b)); break;
    case CEL_OP_IN: own = add(2, times(part[1].own, add(2, smaller(a, part[1].inner)))); break;
    case CEL_OP_ADD:
        extent =
            (struct extent){ add(part[0].own, part[1].own), larger(part[0].inner, part[1].inner) };
        own = add(1, is_text(type) ? extent.own / 16 : extent.own);
        break;
    case CEL_OP_INDEX:
        extent = inside(part[0], type);
        own = add(1, smaller(b, part[0].own));
        break;
    default: break;
    }
    return (struct estimate){ add(sum.cost, own), extent };
}

/* How large what a function yields may be; functions that are not named here may yield anything of
 * their type. */
static struct extent of_result(const struct cel_node *node, const struct cel_type *type,
                               const struct cel_type *first, const struct extent *part)
{
    static const char *const no_longer[] = { "substring", "trim",      "lowerAscii", "upperAscii",
                                             "reverse",   "timestamp", "duration",   "dyn" };
    struct extent plain = extent_of(type);
    if (plain.own == 0)
        return plain;
    for (size_t i = 0; i < sizeof no_longer / sizeof *no_longer; i++)
        if (str_is(node->name, no_longer[i]))
            return part[0];
    if (str_is(node->name, "charAt"))
        return (struct extent){ 4, 0 };
    if (str_is(node->name, "split"))
        return (struct extent){ add(part[0].own, 1), part[0].own };
    bool converts = str_is(node->name, "string") || str_is(node->name, "bytes");
    if (converts && is_text(first))
        return part[0];
    if (converts && first->kind != CEL_TYPE_DYN)
        return (struct extent){ NUMBER_TEXT_BYTES, 0 };
    return plain;
}

static struct estimate of_call(struct estimator *self, const struct cel_node *node)
{
    const struct cel_reference *reference = &self->checked->references[node->id];
    struct extent part[CEL_MAX_ARGS] = { 0 };
    uint64_t cost = 0, work = 1, most = 1;
    uint32_t skip = reference->qualified ? 1 : 0;
    for (uint32_t i = skip; i < node->n_args; i++) {
        struct estimate arg = estimate(self, node->args[i]);
        cost = add(cost, arg.cost);
        /* Searching takes one text times the other. */
        work = times(work, add(1, weight(type_of(self, node->args[i]), arg.extent)));
        if (i - skip < CEL_MAX_ARGS)
            part[i - skip] = arg.extent;
    }
    for (uint32_t i = 0; i < reference->n_overloads; i++)
        most = larger(most, reference->overloads[i]->cost);
    const struct cel_type *type = type_of(self, node);
    const struct cel_type *first = node->n_args > skip ? type_of(self, node->args[skip]) : type;
    struct extent extent = of_result(node, type, first, part);
    /* size() of what has a length of its own looks at nothing. */
    bool only_asks = str_is(node->name, "size") && !is_text(first) && first->kind != CEL_TYPE_DYN;
    if (!only_asks)
        cost = add(cost, times(2, work));
    if (extent.own != UNBOUNDED)
        cost = add(cost, weight(type, extent));
    return (struct estimate){ add(cost, most), extent };
}

static struct estimate of_literal(struct estimator *self, const struct cel_node *node)
{
    struct estimate sum = all_of(self, node, NULL);
    uint64_t n = node->kind == CEL_NODE_MAP ? node->n_args / 2 : node->n_args;
    sum.extent = (struct extent){ n, larger(sum.extent.own, sum.extent.inner) };
    sum.cost = add(sum.cost, 1 + (node->kind == CEL_NODE_MAP ? 2 * n : n));
    return sum;
}

static const struct cel_type *element_type(const struct cel_type *range, uint32_t param)
{
    return param < range->n_params ? range->params[param] : cel_type_simple(CEL_TYPE_DYN);
}

static struct estimate of_macro(struct estimator *self, const struct cel_node *node)
{
    struct estimate range = estimate(self, node->args[0]);
    const struct cel_type *type = type_of(self, node->args[0]);
    bool is_list = type->kind == CEL_TYPE_LIST, two = node->variable2.at != NULL;
    struct extent *locals = &self->locals[self->checked->references[node->id].index];
    locals[0] =
        is_list && two ? (struct extent){ 0, 0 } : inside(range.extent, element_type(type, 0));
    if (two)
        locals[1] = inside(range.extent, element_type(type, is_list ? 0 : 1));

    uint64_t each = 2; /* the element, and what is put into the result */
    struct estimate last = { 0 };
    for (uint32_t i = 1; i < node->n_args; i++) {
        last = estimate(self, node->args[i]);
        each = add(each, last.cost);
    }
    uint64_t n = range.extent.own;
    struct extent made = { n, larger(last.extent.own, last.extent.inner) };
    switch (node->macro) {
    case CEL_MACRO_ALL:
    case CEL_MACRO_EXISTS:
    case CEL_MACRO_EXISTS_ONE: made = (struct extent){ 0, 0 }; break;
    case CEL_MACRO_FILTER: made = range.extent; break;
    case CEL_MACRO_TRANSFORM_MAP:
        made.inner = larger(made.inner, range.extent.inner); /* fall through */
    case CEL_MACRO_TRANSFORM_MAP_ENTRY:
        if (node->macro == CEL_MACRO_TRANSFORM_MAP_ENTRY) {
            made.own = times(n, last.extent.own);
            each = add(each, times(2, last.extent.own));
        } else {
            each = add(each, 1);
        }
        break;
    default: break;
    }
    return (struct estimate){ add(add(range.cost, 1), times(n, each)), made };
}

static struct estimate of_bind(struct estimator *self, const struct cel_node *node)
{
    struct estimate value = estimate(self, node->args[0]);
    self->locals[self->checked->references[node->id].index] = value.extent;
    struct estimate body = estimate(self, node->args[1]);
    body.cost = add(body.cost, value.cost);
    return body;
}

static struct estimate of_name(struct estimator *self, const struct cel_node *node)
{
    const struct cel_reference *reference = &self->checked->references[node->id];
    struct extent extent = extent_of(type_of(self, node));
    if (reference->kind == CEL_REFERENCE_LOCAL)
        extent = self->locals[reference->index];
    return (struct estimate){ 0, extent };
}

static struct estimate of_constant(const struct cel_node *node)
{
    bool text = node->constant.kind == CEL_STRING || node->constant.kind == CEL_BYTES;
    return (struct estimate){ 0, { text ? node->constant.string.len : 0, 0 } };
}

static struct estimate estimate(struct estimator *self, const struct cel_node *node)
{
    struct estimate made = { 0 };
    switch (node->kind) {
    case CEL_NODE_CONST: made = of_constant(node); break;
    case CEL_NODE_NAME: made = of_name(self, node); break;
    case CEL_NODE_SELECT: made = of_select(self, node); break;
    case CEL_NODE_CALL: made = of_call(self, node); break;
    case CEL_NODE_OPERATOR: made = of_operator(self, node); break;
    case CEL_NODE_LIST:
    case CEL_NODE_MAP: made = of_literal(self, node); break;
    case CEL_NODE_STRUCT: made = all_of(self, node, NULL); break;
    case CEL_NODE_MACRO: made = of_macro(self, node); break;
    case CEL_NODE_BIND: made = of_bind(self, node); break;
    }
    if (self->limit && !self->culprit && made.cost > self->limit)
        self->culprit = node;
    return made;
}

uint64_t cel_estimate(const struct cel_checked *checked, uint64_t limit, struct arena *scratch,
                      const struct cel_node **ret_culprit)
{
    struct estimator self = {
        .checked = checked,
        .locals = arena_take_array(scratch, struct extent, checked->n_locals + 2),
        .limit = limit,
    };
    if (!self.locals)
        return UNBOUNDED;
    uint64_t cost = estimate(&self, checked->ast->root).cost;
    *ret_culprit = self.culprit;
    return cost;
}
