/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of two types that go together admits more. Types of types (type(int), type(string)) go
 * together all of them, and two that differ are type(dyn) together, as the language definition has
 * it.
 */
#include "expr/check/cel_unify_parts.h"

uint32_t unify_params_of(const struct cel_type *type)
{
    return type->kind == CEL_TYPE_LIST ? 1 : type->kind == CEL_TYPE_MAP ? 2 : type->n_params;
}

bool unify_admits_null(const struct cel_type *type)
{
    return type->nullable || type->kind == CEL_TYPE_NULL || type->kind == CEL_TYPE_OBJECT ||
           type->kind == CEL_TYPE_OPAQUE || type->kind == CEL_TYPE_TIMESTAMP ||
           type->kind == CEL_TYPE_DURATION;
}

/* The same type in every part, an open one only itself. */
static bool same(struct cel_unify *u, const struct cel_type *a, const struct cel_type *b,
                 uint32_t depth)
{
    a = unify_look(a);
    b = unify_look(b);
    if (a == b)
        return true;
    if (depth > UNIFY_DEPTH || !unify_step(u) || unify_is_open(a) || unify_is_open(b) ||
        a->kind != b->kind || a->nullable != b->nullable || !str_eq(a->name, b->name) ||
        unify_params_of(a) != unify_params_of(b))
        return false;
    for (uint32_t i = 0; i < unify_params_of(a); i++)
        if (!same(u, cel_type_param(a, i), cel_type_param(b, i), depth + 1))
            return false;
    return true;
}

/* type(@a) of type(@b): only type(dyn) is more general than another type of a type. */
static bool covers_type(struct cel_unify *u, const struct cel_type *a, const struct cel_type *b,
                        uint32_t depth)
{
    a = unify_look(a);
    return a->kind == CEL_TYPE_DYN || unify_is_open(a) || same(u, a, b, depth);
}

/* As far as it is written: what open types are bound to is not looked at. */
static bool covers(struct cel_unify *u, const struct cel_type *a, const struct cel_type *b,
                   uint32_t depth)
{
    if (a == b || a->kind == CEL_TYPE_DYN || unify_is_open(a) || !unify_step(u))
        return true;
    if (depth > UNIFY_DEPTH || b->kind == CEL_TYPE_DYN || unify_is_open(b))
        return false;
    if (b->kind == CEL_TYPE_NULL)
        return unify_admits_null(a);
    if (a->kind != b->kind || (b->nullable && !a->nullable))
        return false;
    if (a->kind == CEL_TYPE_TYPE)
        return covers_type(u, cel_type_param(a, 0), cel_type_param(b, 0), depth + 1);
    if ((a->kind == CEL_TYPE_OPAQUE || a->kind == CEL_TYPE_OBJECT) && !str_eq(a->name, b->name))
        return false;
    for (uint32_t i = 0; i < unify_params_of(a); i++)
        if (!covers(u, cel_type_param(a, i), cel_type_param(b, i), depth + 1))
            return false;
    return true;
}

bool unify_covers(struct cel_unify *u, const struct cel_type *a, const struct cel_type *b)
{
    return covers(u, a, b, 0);
}

static const struct cel_type *general(struct cel_unify *u, const struct cel_type *a,
                                      const struct cel_type *b, uint32_t depth)
{
    if (covers(u, a, b, depth))
        return a;
    if (a->kind != b->kind || depth > UNIFY_DEPTH || covers(u, b, a, depth))
        return b;
    if (a->kind == CEL_TYPE_TYPE)
        return unify_type(u, unify_dyn());
    if (a->kind != CEL_TYPE_LIST && a->kind != CEL_TYPE_MAP)
        return b;
    /* map(dyn, int) and map(string, dyn): neither admits the other, so part by part. */
    const struct cel_type *first =
        general(u, cel_type_param(a, 0), cel_type_param(b, 0), depth + 1);
    if (a->kind == CEL_TYPE_LIST)
        return unify_list(u, first);
    return unify_map(u, first, general(u, cel_type_param(a, 1), cel_type_param(b, 1), depth + 1));
}

const struct cel_type *unify_general(struct cel_unify *u, const struct cel_type *a,
                                     const struct cel_type *b)
{
    return general(u, a, b, 0);
}
