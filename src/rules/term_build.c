/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/term.h"

const struct term *term_const(struct arena *arena, struct value value)
{
    struct term *self = arena_take(arena, sizeof *self);
    if (self)
        *self = (struct term){ .op = TERM_CONST, .constant = value, .depth = 1 };
    return self;
}

const struct term *term_slot(struct arena *arena, uint32_t slot)
{
    struct term *self = arena_take(arena, sizeof *self);
    if (self)
        *self = (struct term){ .op = TERM_SLOT, .slot = slot, .depth = 1 };
    return self;
}

const struct term *term_call(struct arena *arena, const void *callee, struct str text)
{
    struct term *self = arena_take(arena, sizeof *self);
    if (self && callee && text.at)
        *self = (struct term){
            .op = TERM_CALL, .callee = callee, .constant = value_string(text), .depth = 1
        };
    return callee && text.at ? self : NULL;
}

/* How many children each operator takes; IN takes constants from its second on. */
static bool takes(enum term_op op, const struct term *const *children, uint32_t n)
{
    switch (op) {
    case TERM_AND:
    case TERM_OR: return true;
    case TERM_NOT: return n == 1;
    case TERM_HAS: return n == 1 && children[0]->op == TERM_SLOT;
    case TERM_IN:
        for (uint32_t i = 1; i < n; i++)
            if (children[i]->op != TERM_CONST)
                return false;
        return n >= 1;
    case TERM_CONST:
    case TERM_SLOT:
    case TERM_CALL:
    case TERM_OPS: return false;
    default: return n == 2;
    }
}

const struct term *term_node(struct arena *arena, enum term_op op,
                             const struct term *const *children, uint32_t n_children)
{
    uint32_t depth = 0;

    for (uint32_t i = 0; i < n_children; i++) {
        if (!children[i])
            return NULL;
        if (children[i]->depth > depth)
            depth = children[i]->depth;
    }
    if (depth >= TERM_MAX_DEPTH || !takes(op, children, n_children))
        return NULL;

    struct term *self = arena_take(arena, sizeof *self);
    const struct term **own = arena_take_array(arena, const struct term *, n_children + 1);
    if (!self || !own)
        return NULL;
    for (uint32_t i = 0; i < n_children; i++)
        own[i] = children[i];
    *self =
        (struct term){ .op = op, .children = own, .n_children = n_children, .depth = depth + 1 };
    return self;
}

const struct term *term_1(struct arena *arena, enum term_op op, const struct term *a)
{
    return term_node(arena, op, &a, 1);
}

const struct term *term_2(struct arena *arena, enum term_op op, const struct term *a,
                          const struct term *b)
{
    return term_node(arena, op, (const struct term *const[]){ a, b }, 2);
}
