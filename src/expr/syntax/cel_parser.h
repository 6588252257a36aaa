/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel_ast.h"
#include "expr/cel_env.h"
#include "expr/syntax/cel_lexer.h"

/*
 * CEL parser, inside
 *
 * Recursive descent, one token ahead. A function that parses gives NULL when it cannot go on,
 * having reported why; faults after which it can go on leave a node behind, and the tree is thrown
 * away at the end. The C stack is bounded by counting what is open: brackets, branches, operators
 * that wait for their right side.
 */
struct cel_parsed {
    struct cel_node node;   /* first: a node is the head of one of these */
    uint32_t depth, macros; /* nodes, and loops, from here down at most */
    uint32_t start, end;    /* of the text that it was made of; parentheses do not count */
};

/* Operands and elements until it is known how many they are. */
struct cel_parser_item {
    struct cel_node *node;
    struct str name;
    uint32_t offset;
};

struct cel_parser {
    struct cel_lexer lexer;
    struct cel_token token, before; /* the next one, and the one before it */
    struct str text;
    struct cel_limits limits;
    struct arena *arena;
    struct cel_faults *faults;
    uint32_t level; /* brackets, branches and operators that are open */
    bool is_over;   /* there is no going on, and it is told */
    struct cel_parser_item *items;
    uint32_t n_items, max_items;
};

/* cel_parser.c */
struct cel_node *cel_parse_expression(struct cel_parser *parser);
void cel_parser_next(struct cel_parser *parser);

/* cel_parser_node.c */
struct cel_node *cel_parser_node(struct cel_parser *parser, enum cel_node_kind kind,
                                 uint32_t offset);
bool cel_parser_push(struct cel_parser *parser, struct cel_parser_item item);
/* All items from @first on become the args of @node (with @is_named also its names). NULL: too
 * deep, no room. */
struct cel_node *cel_parser_adopt(struct cel_parser *parser, struct cel_node *node, uint32_t first,
                                  bool is_named);
struct cel_node *cel_parser_operator(struct cel_parser *parser, enum cel_op op, uint32_t offset,
                                     struct cel_node *const *args, uint32_t n);
/* Again, after its args have changed. */
struct cel_node *cel_parser_measure(struct cel_parser *parser, struct cel_node *node);
struct cel_node *cel_parser_too_deep(struct cel_parser *parser, uint32_t offset);
struct cel_node *cel_parser_no_room(struct cel_parser *parser);

/* cel_parser_fault.c: "unexpected ')': @wanted is expected", and a hint if there is one; NULL. */
void *cel_parser_unexpected(struct cel_parser *parser, enum cel_message wanted);
/* Takes the bracket that closes @open; else a fault that tells where that one is. @is_list: a comma
 * would do too. */
bool cel_parser_close(struct cel_parser *parser, struct cel_token open, bool is_list);
/* `a?.b`: NULL. */
void *cel_parser_no_optional(struct cel_parser *parser, uint32_t offset);
void cel_parser_reserved(struct cel_parser *parser, struct cel_token word);
/* A fault about all of a node. */
void cel_parser_blame(struct cel_parser *parser, const struct cel_node *node, struct cel_said what,
                      struct cel_said hint);

/* cel_parser_primary.c: an operand with all its .fields, [indices] and (arguments). */
struct cel_node *cel_parse_member(struct cel_parser *parser);
struct cel_node *cel_parse_tail(struct cel_parser *parser, struct cel_node *node);

/* cel_parser_literal.c: the token that is next; @minus: one stands before it, at @offset. */
struct cel_node *cel_parse_literal(struct cel_parser *parser, bool minus, uint32_t offset);

/* cel_parser_macro.c: @call as the macro that it is, or itself when it is none. */
struct cel_node *cel_parser_macro(struct cel_parser *parser, struct cel_node *call);
