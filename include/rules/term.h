/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/out.h"
#include "rules/value.h"

/*
 * Term
 *
 * The small expression core under the rule words: a tree of operators over constants and named
 * slots, evaluated with three-valued logic (Kleene's, which is CEL's error-absorbing && and ||):
 * false && unknown is false, true || unknown is true, otherwise unknown stays unknown. Different
 * kinds, other than numbers, are not equal and have no order: == is false, < unknown.
 *
 * Built once in an arena, immutable after, evaluated by any number of threads without allocation
 * of its own; its depth is at most TERM_MAX_DEPTH. Names are resolved to slot numbers when it is
 * built; the scope turns a slot into a value. EXISTS and COUNT walk a list that the scope owns:
 * they ask for each element in turn, and slots of that list read the current element; they do not
 * nest. EXISTS is true when the predicate is true of any element, else unknown when it is unknown
 * of any; COUNT is unknown when the predicate is unknown of any. term_print writes CEL, so every
 * structured condition has one meaning and one text: evaluating that text gives the same
 * (facts_cel.h). CALL is a condition that was written as CEL.
 */
enum { TERM_MAX_DEPTH = 32 };

enum term_op {
    TERM_CONST,
    TERM_SLOT,
    TERM_NOT,
    TERM_AND, /* any number of children; none is true */
    TERM_OR,  /* any number of children; none is false */
    TERM_EQ,
    TERM_NE,
    TERM_LT,
    TERM_LE,
    TERM_GT,
    TERM_GE,
    TERM_IN, /* first child equals one of the others (constants) */
    TERM_STARTS_WITH,
    TERM_CONTAINS, /* strings: a part */
    TERM_HAS_WORD, /* slot (a set of words), word: CEL's word in list */
    TERM_HAS,      /* is the slot known? Never unknown itself */
    TERM_SUB,      /* timestamp - timestamp, number - number */
    TERM_EXISTS,   /* slot (a list), predicate: CEL's list.exists(i, …) */
    TERM_COUNT,    /* slot (a list), predicate: sum of weights (quantities) where true */
    TERM_CALL,     /* what the scope evaluates: @callee; its text is the constant */
    TERM_OPS
};

struct term {
    enum term_op op;
    uint32_t slot;         /* TERM_SLOT */
    struct value constant; /* TERM_CONST; TERM_CALL: its text */
    const void *callee;    /* TERM_CALL: the scope's */
    const struct term *const *children;
    uint32_t n_children;
    uint32_t depth; /* 1 for a leaf; the builders keep it */
};

enum truth { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN };

/* Where slots get their values. One per evaluation; @self is the owner's. */
struct term_scope {
    struct value (*load)(struct term_scope *scope, uint32_t slot);
    /*
     * Makes element @index of list @list (the number in the VALUE_LIST that load gave) current.
     * False past its end. *ret_weight: what COUNT adds.
     */
    bool (*element)(struct term_scope *scope, uint32_t list, uint32_t index, int64_t *ret_weight);
    bool (*has_word)(struct term_scope *scope, uint32_t list, struct str word);
    enum truth (*call)(struct term_scope *scope, const void *callee); /* NULL: unknown */
};

struct value term_eval(const struct term *term, struct term_scope *scope);

/* The same for a condition: unknown for what is no boolean. */
enum truth term_test(const struct term *term, struct term_scope *scope);

/* What slots are called, for printing. One of a list's element is called TERM_ELEMENT.something. */
#define TERM_ELEMENT "i"
struct term_names {
    void (*print)(const struct term_names *names, uint32_t slot, bool of_element, struct out *out);
    const char *count; /* the function of a list that adds up what COUNT does: "quantity" */
    /* Whole numbers, whatever is read: == with a fraction says dyn(…). NULL: none is. */
    bool (*is_whole)(const struct term_names *names, uint32_t slot);
};

/* CEL text. */
void term_print(const struct term *term, const struct term_names *names, struct out *out);
void value_print(struct value value, struct out *out); /* CEL literal; "unknown" */

/* Builders: NULL when the arena is full or a child is NULL or the depth is exceeded. */
const struct term *term_const(struct arena *arena, struct value value);
const struct term *term_slot(struct arena *arena, uint32_t slot);
const struct term *term_call(struct arena *arena, const void *callee, struct str text);
const struct term *term_node(struct arena *arena, enum term_op op,
                             const struct term *const *children, uint32_t n_children);
const struct term *term_1(struct arena *arena, enum term_op op, const struct term *a);
const struct term *term_2(struct arena *arena, enum term_op op, const struct term *a,
                          const struct term *b);

/*
 * By TERM_EQ … TERM_GE: numbers with numbers (exactly, also int with double), else same kinds;
 * other kinds are not equal and have no order (unknown). Two lists, and what is unknown: unknown.
 */
struct value value_compare(enum term_op op, struct value a, struct value b);
