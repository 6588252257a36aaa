/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/out.h"
#include "expr/value.h"

/*
 * Expr
 *
 * The small expression core under the rule words: a tree of operators over constants and
 * named slots, evaluated with three-valued logic (Kleene's, which is CEL's error-absorbing
 * && and ||): false && unknown is false, true || unknown is true, otherwise unknown stays
 * unknown. Comparing different kinds, other than numbers, is unknown.
 *
 * Built once in an arena, immutable after, evaluated by any number of threads without
 * allocation; its depth is at most EXPR_MAX_DEPTH. Names are resolved to slot numbers when it is built; the
 * scope turns a slot into a value. EXISTS and COUNT walk a list that the scope owns: they
 * ask for each element in turn, and slots of that list read the current element.
 * expr_print writes CEL, so every structured condition has one meaning and one text.
 */
enum { EXPR_MAX_DEPTH = 32 };

enum expr_op {
    EXPR_CONST,
    EXPR_SLOT,
    EXPR_NOT,
    EXPR_AND, /* any number of children; none is true */
    EXPR_OR,  /* any number of children; none is false */
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_IN,          /* first child equals one of the others (constants) */
    EXPR_STARTS_WITH,
    EXPR_CONTAINS,    /* strings: a part; a slot that is a set of words: has the word */
    EXPR_HAS,         /* is the slot known? Never unknown itself */
    EXPR_SUB,         /* timestamp - timestamp, number - number */
    EXPR_EXISTS,      /* slot (a list), predicate: CEL's list.exists(i, …) */
    EXPR_COUNT,       /* slot (a list), predicate: sum of weights (quantities) where true */
    EXPR_OPS
};

struct expr {
    enum expr_op op;
    uint32_t slot;          /* EXPR_SLOT */
    struct value constant;  /* EXPR_CONST */
    const struct expr *const *children;
    uint32_t n_children;
};

/* Where slots get their values. One per evaluation; @self is the owner's. */
struct expr_scope {
    struct value (*load)(struct expr_scope *scope, uint32_t slot);
    /*
     * Makes element @index of list @list current. False past its end. @list_known false
     * when the whole list is unknown (EXISTS over it is unknown). *ret_weight: what COUNT adds.
     */
    bool (*element)(struct expr_scope *scope, uint32_t list, uint32_t index, int64_t *ret_weight);
    const char *(*slot_name)(uint32_t slot); /* for printing; not used by evaluation */
};

struct value expr_eval(const struct expr *expr, struct expr_scope *scope);

/* CEL text. @slot_name as in the scope. */
void expr_print(const struct expr *expr, const char *(*slot_name)(uint32_t slot), struct out *out);
void value_print(struct value value, struct out *out); /* CEL literal; "unknown" */

/* Builders: NULL when the arena is full or a child is NULL or the depth is exceeded. */
const struct expr *expr_const(struct arena *arena, struct value value);
const struct expr *expr_slot(struct arena *arena, uint32_t slot);
const struct expr *expr_node(struct arena *arena, enum expr_op op, const struct expr *const *children,
                             uint32_t n_children);
const struct expr *expr_1(struct arena *arena, enum expr_op op, const struct expr *a);
const struct expr *expr_2(struct arena *arena, enum expr_op op, const struct expr *a,
                          const struct expr *b);

/* True and false compared by kind: numbers with numbers (exactly, also int with double), else same kinds. */
struct value value_compare(enum expr_op op, struct value a, struct value b);
