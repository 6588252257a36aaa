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
 * allocation; its depth is at most EXPR_MAX_DEPTH. Names are resolved to slot numbers when
 * it is built; the scope turns a slot into a value. EXISTS and COUNT walk a list that the
 * scope owns: they ask for each element in turn, and slots of that list read the current
 * element; they do not nest. EXISTS is true when the predicate is true of any element, else
 * unknown when it is unknown of any; COUNT is unknown when the predicate is unknown of any.
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
    EXPR_IN, /* first child equals one of the others (constants) */
    EXPR_STARTS_WITH,
    EXPR_CONTAINS, /* strings: a part */
    EXPR_HAS_WORD, /* slot (a set of words), word: CEL's word in list */
    EXPR_HAS,      /* is the slot known? Never unknown itself */
    EXPR_SUB,      /* timestamp - timestamp, number - number */
    EXPR_EXISTS,   /* slot (a list), predicate: CEL's list.exists(i, …) */
    EXPR_COUNT,    /* slot (a list), predicate: sum of weights (quantities) where true */
    EXPR_OPS
};

struct expr {
    enum expr_op op;
    uint32_t slot;         /* EXPR_SLOT */
    struct value constant; /* EXPR_CONST */
    const struct expr *const *children;
    uint32_t n_children;
    uint32_t depth; /* 1 for a leaf; the builders keep it */
};

enum truth { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN };

/* Where slots get their values. One per evaluation; @self is the owner's. */
struct expr_scope {
    struct value (*load)(struct expr_scope *scope, uint32_t slot);
    /*
     * Makes element @index of list @list (the number in the VALUE_LIST that load gave) current.
     * False past its end. *ret_weight: what COUNT adds.
     */
    bool (*element)(struct expr_scope *scope, uint32_t list, uint32_t index, int64_t *ret_weight);
    bool (*has_word)(struct expr_scope *scope, uint32_t list, struct str word);
};

struct value expr_eval(const struct expr *expr, struct expr_scope *scope);

/* The same for a condition: unknown for what is no boolean. */
enum truth expr_test(const struct expr *expr, struct expr_scope *scope);

/* What slots are called, for printing. One of a list's element is called EXPR_ELEMENT.something. */
#define EXPR_ELEMENT "i"
struct expr_names {
    void (*print)(const struct expr_names *names, uint32_t slot, bool of_element, struct out *out);
    const char *weight; /* the field of an element that COUNT adds up: "quantity" */
};

/* CEL text. */
void expr_print(const struct expr *expr, const struct expr_names *names, struct out *out);
void value_print(struct value value, struct out *out); /* CEL literal; "unknown" */

/* Builders: NULL when the arena is full or a child is NULL or the depth is exceeded. */
const struct expr *expr_const(struct arena *arena, struct value value);
const struct expr *expr_slot(struct arena *arena, uint32_t slot);
const struct expr *expr_node(struct arena *arena, enum expr_op op,
                             const struct expr *const *children, uint32_t n_children);
const struct expr *expr_1(struct arena *arena, enum expr_op op, const struct expr *a);
const struct expr *expr_2(struct arena *arena, enum expr_op op, const struct expr *a,
                          const struct expr *b);

/* By EXPR_EQ … EXPR_GE: numbers with numbers (exactly, also int with double), else same kinds; else unknown. */
struct value value_compare(enum expr_op op, struct value a, struct value b);
