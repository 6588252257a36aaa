/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "expr/cel_fault.h"
#include "expr/cel_value.h"

/*
 * CEL syntax tree
 *
 * What the parser makes of a text, macros recognised but not expanded: `list.exists(i, p)` is one
 * node, so that later stages see the loop for what it is. In an arena; the parser fills it, nobody
 * changes it after.
 */
enum cel_node_kind {
    CEL_NODE_CONST,
    CEL_NODE_NAME,     /* an identifier; @absolute: written with a leading dot */
    CEL_NODE_SELECT,   /* args[0].name; @is_test: has(args[0].name) */
    CEL_NODE_CALL,     /* name(args); @is_member: args[0].name(args[1] …) */
    CEL_NODE_OPERATOR, /* @op of args */
    CEL_NODE_LIST,     /* [args] */
    CEL_NODE_MAP,      /* {args[0]: args[1], args[2]: args[3], …} */
    CEL_NODE_STRUCT,   /* name{names[0]: args[0], …} */
    CEL_NODE_MACRO,    /* @macro over args[0], see below */
    CEL_NODE_BIND,     /* cel.bind(variable, args[0], args[1]) */
};

enum cel_op {
    CEL_OP_IF, /* args[0] ? args[1] : args[2] */
    CEL_OP_OR,
    CEL_OP_AND, /* both: two args */
    CEL_OP_EQ,
    CEL_OP_NE,
    CEL_OP_LT,
    CEL_OP_LE,
    CEL_OP_GT,
    CEL_OP_GE,
    CEL_OP_IN,
    CEL_OP_ADD,
    CEL_OP_SUB,
    CEL_OP_MUL,
    CEL_OP_DIV,
    CEL_OP_MOD,
    CEL_OP_NOT,
    CEL_OP_NEG,
    CEL_OP_INDEX, /* args[0][args[1]] */
    CEL_OPS
};

/* args: the range, then what stands behind the variables. One variable, or (_2) two: key or index,
 * and value. */
enum cel_macro {
    CEL_MACRO_ALL,
    CEL_MACRO_EXISTS,
    CEL_MACRO_EXISTS_ONE, /* exists_one, existsOne */
    CEL_MACRO_MAP,        /* (x, transform) or (x, filter, transform) */
    CEL_MACRO_FILTER,
    CEL_MACRO_TRANSFORM_LIST,      /* (k, v, transform) or (k, v, filter, transform) */
    CEL_MACRO_TRANSFORM_MAP,       /* the same, keys stay */
    CEL_MACRO_TRANSFORM_MAP_ENTRY, /* the transform makes a map, whose entries are put in */
    CEL_MACROS
};

struct cel_node {
    enum cel_node_kind kind;
    enum cel_op op;
    enum cel_macro macro;
    uint32_t id; /* 0, 1, … within the tree: children before parents */
    /* of the operator, the name, the bracket: where a fault of this node is shown */
    uint32_t offset;
    bool absolute, is_member, is_test;
    struct cel_value constant;
    struct str name;                /* NAME, SELECT, CALL, STRUCT (dotted); without quotes */
    struct str variable, variable2; /* MACRO, BIND; variable2 absent: one variable */
    struct cel_node **args;
    struct str *names; /* STRUCT */
    uint32_t n_args;
};

/* However high the limit: every stage may recurse over the tree. */
enum { CEL_DEPTH_MAX = 1000 };

struct cel_ast {
    struct str text; /* a copy: names and constants lie in it, or beside it in the arena */
    struct cel_node *root;
    uint32_t n_nodes;
    uint32_t depth, nested_macros; /* the deepest */
};

struct cel_limits;

/*
 * Text to tree, all of it in @arena. Every fault goes into @faults (the parser goes on after the
 * first only as far as it makes sense); NULL then. @limits NULL: the defaults. What is open at one
 * place of the text (brackets, and operators that wait for their right side), and the nodes from
 * the root to a leaf, are at most limits->depth, and so no text exhausts the stack. A long chain of
 * && or || counts as the logarithm of its length.
 */
struct cel_ast *cel_parse(struct str text, const struct cel_limits *limits, struct arena *arena,
                          struct cel_faults *faults);

const char *cel_op_text(enum cel_op op);          /* "&&", "[]" … */
const char *cel_macro_name(enum cel_macro macro); /* "exists" … */
