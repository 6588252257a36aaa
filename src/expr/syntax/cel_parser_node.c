/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes are made here, so that none is deeper than the limit: stages after the parser may recurse
 * over the tree.
 */
#include <string.h>

#include "expr/syntax/cel_parser.h"

static const struct cel_parsed *parsed_of(const struct cel_node *node)
{
    return (const struct cel_parsed *) node;
}

struct cel_node *cel_parser_no_room(struct cel_parser *parser)
{
    if (!parser->is_over)
        cel_fault_add(parser->faults, parser->token.offset, 0, CEL_SAY(NO_MEMORY),
                      CEL_SAY(NOTHING));
    parser->is_over = true;
    return NULL;
}

struct cel_node *cel_parser_too_deep(struct cel_parser *parser, uint32_t offset)
{
    char room[CEL_DIGITS];
    if (!parser->is_over)
        cel_fault_add(parser->faults, offset, 1,
                      CEL_SAY(TOO_DEEP, cel_digits(parser->limits.depth, room)),
                      CEL_SAY(HINT_DEPTH));
    parser->is_over = true;
    return NULL;
}

static struct cel_node *too_many_loops(struct cel_parser *parser, uint32_t offset)
{
    char room[CEL_DIGITS];
    if (!parser->is_over)
        cel_fault_add(parser->faults, offset, 1,
                      CEL_SAY(TOO_MANY_LOOPS, cel_digits(parser->limits.nested_macros, room)),
                      CEL_SAY(HINT_NESTED_MACROS));
    parser->is_over = true;
    return NULL;
}

struct cel_node *cel_parser_node(struct cel_parser *parser, enum cel_node_kind kind,
                                 uint32_t offset)
{
    struct cel_parsed *parsed = arena_take(parser->arena, sizeof *parsed);
    if (!parsed)
        return cel_parser_no_room(parser);
    parsed->node.kind = kind;
    parsed->node.offset = offset;
    parsed->depth = 1;
    parsed->start = offset;
    parsed->end = parser->before.offset + parser->before.length;
    return &parsed->node;
}

bool cel_parser_push(struct cel_parser *parser, struct cel_parser_item item)
{
    if (parser->n_items == parser->max_items) {
        uint32_t more = parser->max_items ? parser->max_items * 2 : 32;
        struct cel_parser_item *items = arena_grow(
            parser->arena, parser->items, parser->max_items * sizeof *items, more * sizeof *items);
        if (!items)
            return cel_parser_no_room(parser);
        parser->items = items;
        parser->max_items = more;
    }
    parser->items[parser->n_items++] = item;
    return true;
}

struct cel_node *cel_parser_measure(struct cel_parser *parser, struct cel_node *node)
{
    struct cel_parsed *parsed = (struct cel_parsed *) node;
    bool loops = node->kind == CEL_NODE_MACRO;

    parsed->depth = 1;
    parsed->macros = 0;
    parsed->end = parser->before.offset + parser->before.length;
    for (uint32_t i = 0; i < node->n_args; i++) {
        const struct cel_parsed *arg = parsed_of(node->args[i]);
        uint32_t macros =
            arg->macros + (loops && i > 0); /* what stands behind the range is repeated */
        if (arg->depth >= parsed->depth)
            parsed->depth = arg->depth + 1;
        if (macros > parsed->macros)
            parsed->macros = macros;
        if (arg->start < parsed->start)
            parsed->start = arg->start;
    }
    if (parsed->depth - 1 > parser->limits.depth)
        return cel_parser_too_deep(parser, node->offset);
    if (parsed->macros > parser->limits.nested_macros)
        return too_many_loops(parser, node->offset);
    return node;
}

struct cel_node *cel_parser_adopt(struct cel_parser *parser, struct cel_node *node, uint32_t first,
                                  bool is_named)
{
    uint32_t n = parser->n_items - first;
    parser->n_items = first;
    if (!node || n == 0)
        return node;
    node->args = arena_take_array(parser->arena, struct cel_node *, n);
    node->names = is_named ? arena_take_array(parser->arena, struct str, n) : NULL;
    if (!node->args || (is_named && !node->names))
        return cel_parser_no_room(parser);
    node->n_args = n;
    for (uint32_t i = 0; i < n; i++) {
        node->args[i] = parser->items[first + i].node;
        if (is_named)
            node->names[i] = parser->items[first + i].name;
    }
    return cel_parser_measure(parser, node);
}

struct cel_node *cel_parser_operator(struct cel_parser *parser, enum cel_op op, uint32_t offset,
                                     struct cel_node *const *args, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!args[i])
            return NULL;
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_OPERATOR, offset);
    uint32_t first = parser->n_items;
    for (uint32_t i = 0; i < n; i++)
        if (!cel_parser_push(parser, (struct cel_parser_item){ .node = args[i] }))
            return NULL;
    if (node)
        node->op = op;
    return cel_parser_adopt(parser, node, first, false);
}
