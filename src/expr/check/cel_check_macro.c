/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_check_parts.h"

/*
 * Macros. The range is a list, whose elements the variable runs through (of two variables the first
 * is the index), or a map: its keys (of two variables the second is the value). Each has a local
 * while its predicate and transformation are checked; locals that are not in scope at the same time
 * share an index.
 */
struct range {
    const struct cel_type *first,
        *second; /* of the variables; @second also without one: elements, values */
    bool is_map;
};

static struct range range_of(struct checker *c, const struct cel_node *node)
{
    const struct cel_type *type = unify_look(check_node(c, node->args[0]));
    bool two = node->variable2.at;
    struct range range = { check_dyn(), check_dyn(), false };
    if (type->kind == CEL_TYPE_LIST) {
        range.second = cel_type_param(type, 0);
        range.first = two ? cel_type_simple(CEL_TYPE_INT) : range.second;
    } else if (type->kind == CEL_TYPE_MAP) {
        range = (struct range){ cel_type_param(type, 0), cel_type_param(type, 1), true };
    } else if (type->kind == CEL_TYPE_DYN || unify_is_open(type)) {
        /* Cannot turn out to be something else later. */
        if (!unify_assignable(&c->unify, check_dyn(), type))
            return range;
    } else {
        check_fault(c, node,
                    CEL_SAY(WANTS_LIST_OR_MAP, str_of(cel_macro_name(node->macro)),
                            check_type_text(c, type)),
                    CEL_SAY(NOTHING));
    }
    return range;
}

static uint32_t enter(struct checker *c, struct local *local, struct str name,
                      const struct cel_type *type)
{
    *local = (struct local){ c->locals, name, type, c->n_alive++ };
    c->locals = local;
    if (c->n_alive > c->n_locals)
        c->n_locals = c->n_alive;
    return local->index;
}

static void leave(struct checker *c)
{
    c->locals = c->locals->outer;
    c->n_alive--;
}

/* The type of what stands behind the variables: the last argument. A filter before it must be a
 * bool. */
static const struct cel_type *check_body(struct checker *c, const struct cel_node *node)
{
    const struct cel_type *type = check_dyn();
    for (uint32_t i = 1; i < node->n_args; i++) {
        type = check_node(c, node->args[i]);
        if (i + 1 < node->n_args)
            check_wants_bool(c, node->args[i], CEL_SAY(FILTER_WANTS_BOOL));
    }
    return type;
}

/* The entries of every map that the transformation makes, together. */
static const struct cel_type *entries_type(struct checker *c, const struct cel_node *node,
                                           const struct cel_type *type)
{
    const struct cel_type *map =
        unify_map(&c->unify, unify_fresh(&c->unify), unify_fresh(&c->unify));
    if (unify_assignable(&c->unify, type, map))
        return map;
    check_fault(c, node->args[node->n_args - 1], CEL_SAY(WANTS_ENTRY, check_type_text(c, type)),
                CEL_SAY(NOTHING));
    return cel_type_simple(CEL_TYPE_MAP);
}

static const struct cel_type *result_of(struct checker *c, const struct cel_node *node,
                                        const struct range *range, const struct cel_type *body)
{
    const struct cel_node *last = node->args[node->n_args - 1];
    switch (node->macro) {
    case CEL_MACRO_ALL:
    case CEL_MACRO_EXISTS:
    case CEL_MACRO_EXISTS_ONE:
        check_wants_bool(c, last, CEL_SAY(PREDICATE_WANTS_BOOL));
        return cel_type_simple(CEL_TYPE_BOOL);
    case CEL_MACRO_FILTER:
        check_wants_bool(c, last, CEL_SAY(PREDICATE_WANTS_BOOL));
        return unify_list(&c->unify, range->first);
    case CEL_MACRO_MAP:
    case CEL_MACRO_TRANSFORM_LIST: return unify_list(&c->unify, body);
    case CEL_MACRO_TRANSFORM_MAP: return unify_map(&c->unify, range->first, body);
    case CEL_MACRO_TRANSFORM_MAP_ENTRY: return entries_type(c, node, body);
    case CEL_MACROS: break;
    }
    return check_dyn();
}

const struct cel_type *check_macro(struct checker *c, const struct cel_node *node)
{
    struct local first, second;
    bool two = node->variable2.at;
    struct range range = range_of(c, node);
    uint32_t index = enter(c, &first, node->variable, range.first);
    if (two)
        enter(c, &second, node->variable2, range.second);
    c->references[node->id] =
        (struct cel_reference){ .kind = CEL_REFERENCE_LOCALS, .index = index };
    const struct cel_type *body = check_body(c, node);
    const struct cel_type *type = result_of(c, node, &range, body);
    if (two)
        leave(c);
    leave(c);
    return unify_resolve(&c->unify, type, false);
}

const struct cel_type *check_bind(struct checker *c, const struct cel_node *node)
{
    struct local local;
    const struct cel_type *bound = check_node(c, node->args[0]);
    uint32_t index = enter(c, &local, node->variable, bound);
    c->references[node->id] =
        (struct cel_reference){ .kind = CEL_REFERENCE_LOCALS, .index = index };
    const struct cel_type *type = check_node(c, node->args[1]);
    leave(c);
    return unify_resolve(&c->unify, type, false);
}
