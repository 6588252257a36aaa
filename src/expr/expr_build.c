/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/expr.h"

const struct expr *expr_const(struct arena *arena, struct value value)
{
    struct expr *self = arena_take(arena, sizeof *self);
    if (self)
        *self = (struct expr){ .op = EXPR_CONST, .constant = value, .depth = 1 };
    return self;
}

const struct expr *expr_slot(struct arena *arena, uint32_t slot)
{
    struct expr *self = arena_take(arena, sizeof *self);
    if (self)
        *self = (struct expr){ .op = EXPR_SLOT, .slot = slot, .depth = 1 };
    return self;
}

/* How many children each operator takes; IN takes constants from its second on. */
static bool takes(enum expr_op op, const struct expr *const *children, uint32_t n)
{
    switch (op) {
    case EXPR_AND:
    case EXPR_OR: return true;
    case EXPR_NOT: return n == 1;
    case EXPR_HAS: return n == 1 && children[0]->op == EXPR_SLOT;
    case EXPR_IN:
        for (uint32_t i = 1; i < n; i++)
            if (children[i]->op != EXPR_CONST)
                return false;
        return n >= 1;
    case EXPR_CONST:
    case EXPR_SLOT:
    case EXPR_OPS: return false;
    default: return n == 2;
    }
}

const struct expr *expr_node(struct arena *arena, enum expr_op op,
                             const struct expr *const *children, uint32_t n_children)
{
    uint32_t depth = 0;

    for (uint32_t i = 0; i < n_children; i++) {
        if (!children[i])
            return NULL;
        if (children[i]->depth > depth)
            depth = children[i]->depth;
    }
    if (depth >= EXPR_MAX_DEPTH || !takes(op, children, n_children))
        return NULL;

    struct expr *self = arena_take(arena, sizeof *self);
    const struct expr **own = arena_take_array(arena, const struct expr *, n_children + 1);
    if (!self || !own)
        return NULL;
    for (uint32_t i = 0; i < n_children; i++)
        own[i] = children[i];
    *self =
        (struct expr){ .op = op, .children = own, .n_children = n_children, .depth = depth + 1 };
    return self;
}

const struct expr *expr_1(struct arena *arena, enum expr_op op, const struct expr *a)
{
    return expr_node(arena, op, &a, 1);
}

const struct expr *expr_2(struct arena *arena, enum expr_op op, const struct expr *a,
                          const struct expr *b)
{
    return expr_node(arena, op, (const struct expr *const[]){ a, b }, 2);
}
