/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands: names, literals, brackets, and what may follow them without an operator between.
 */
#include <string.h>

#include "expr/syntax/cel_parser.h"

static struct cel_parser_item item_of(struct cel_node *node)
{
    return (struct cel_parser_item){ .node = node };
}

static bool take(struct cel_parser *parser, enum cel_token_kind kind)
{
    if (parser->token.kind != kind)
        return false;
    cel_parser_next(parser);
    return true;
}

/* An expression more among the items; false: cannot go on. */
static bool push_expression(struct cel_parser *parser)
{
    struct cel_node *node = cel_parse_expression(parser);
    return node && cel_parser_push(parser, item_of(node));
}

/* `[?x]`, `{?k: v}`: told, and passed over. */
static void refuse_optional(struct cel_parser *parser)
{
    if (parser->token.kind != CEL_TOKEN_QUESTION)
        return;
    cel_fault_add(parser->faults, parser->token.offset, 1, CEL_SAY(NO_OPTIONAL_ELEMENTS),
                  CEL_SAY(HINT_ASK_WITH_HAS));
    cel_parser_next(parser);
}

/* `[,]`: the grammar lets a comma stand behind no element too. */
static void skip_lone_comma(struct cel_parser *parser, struct cel_token open)
{
    struct cel_lexer lexer = parser->lexer;
    struct cel_faults ignored = { .arena = parser->arena, .count = CEL_FAULTS_MAX };
    lexer.faults = &ignored;
    if (parser->before.offset == open.offset && parser->token.kind == CEL_TOKEN_COMMA &&
        cel_lexer_next(&lexer).kind == open.kind + 1)
        cel_parser_next(parser);
}

/* What stands in parentheses behind a function's name; the items of it stay. */
static bool parse_arguments(struct cel_parser *parser)
{
    struct cel_token open = parser->token;
    cel_parser_next(parser);
    while (parser->token.kind != CEL_TOKEN_PAREN_END) {
        if (!push_expression(parser))
            return false;
        struct cel_token comma = parser->token;
        if (!take(parser, CEL_TOKEN_COMMA))
            break;
        if (parser->token.kind == CEL_TOKEN_PAREN_END)
            cel_fault_add(parser->faults, comma.offset, comma.length, CEL_SAY(COMMA_BEHIND_LAST),
                          CEL_SAY(HINT_LEAVE_OUT));
    }
    return cel_parser_close(parser, open, true);
}

/* @target NULL: no receiver. The name is before the parenthesis that is next. */
static struct cel_node *parse_call(struct cel_parser *parser, struct cel_node *target,
                                   struct cel_token name, bool absolute)
{
    uint32_t first = parser->n_items;
    if ((target && !cel_parser_push(parser, item_of(target))) || !parse_arguments(parser))
        return NULL;
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_CALL, name.offset);
    if (!node)
        return NULL;
    node->name = cel_token_text(parser->text, name);
    node->is_member = target != NULL;
    node->absolute = absolute;
    node = cel_parser_adopt(parser, node, first, false);
    return node ? cel_parser_macro(parser, node) : NULL;
}

/* Behind the next word: `.word` any number of times, and then a brace? Looks ahead and takes
 * nothing. */
static bool names_struct(const struct cel_parser *parser)
{
    struct cel_faults ignored = { .arena = parser->arena, .count = CEL_FAULTS_MAX };
    struct cel_lexer lexer = parser->lexer;
    lexer.faults = &ignored;
    struct cel_token token = cel_lexer_next(&lexer);
    while (token.kind == CEL_TOKEN_DOT) {
        token = cel_lexer_next(&lexer);
        if (token.kind != CEL_TOKEN_NAME && token.kind != CEL_TOKEN_RESERVED)
            return false;
        token = cel_lexer_next(&lexer);
    }
    return token.kind == CEL_TOKEN_BRACE;
}

static struct cel_node *parse_name(struct cel_parser *parser)
{
    uint32_t start = parser->token.offset;
    bool absolute = take(parser, CEL_TOKEN_DOT);
    struct cel_token name = parser->token;
    if (name.kind != CEL_TOKEN_NAME && name.kind != CEL_TOKEN_RESERVED)
        return cel_parser_unexpected(parser, CEL_SAYS_PART_NAME);
    if (name.kind == CEL_TOKEN_RESERVED && !names_struct(parser))
        cel_parser_reserved(parser, name);
    cel_parser_next(parser);
    if (parser->token.kind == CEL_TOKEN_PAREN)
        return parse_call(parser, NULL, name, absolute);
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_NAME, name.offset);
    if (!node)
        return NULL;
    node->name = cel_token_text(parser->text, name);
    node->absolute = absolute;
    ((struct cel_parsed *) node)->start = start;
    return node;
}

static struct cel_node *parse_list(struct cel_parser *parser)
{
    struct cel_token open = parser->token;
    uint32_t first = parser->n_items;
    do {
        cel_parser_next(parser);
        refuse_optional(parser);
        skip_lone_comma(parser, open);
        if (parser->token.kind == CEL_TOKEN_BRACKET_END)
            break;
        if (!push_expression(parser))
            return NULL;
    } while (parser->token.kind == CEL_TOKEN_COMMA);
    if (!cel_parser_close(parser, open, true))
        return NULL;
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_LIST, open.offset);
    return cel_parser_adopt(parser, node, first, false);
}

static struct cel_node *parse_map(struct cel_parser *parser)
{
    struct cel_token open = parser->token;
    uint32_t first = parser->n_items;
    do {
        cel_parser_next(parser);
        refuse_optional(parser);
        skip_lone_comma(parser, open);
        if (parser->token.kind == CEL_TOKEN_BRACE_END)
            break;
        if (!push_expression(parser))
            return NULL;
        if (!take(parser, CEL_TOKEN_COLON))
            return cel_parser_unexpected(parser, CEL_SAYS_PART_VALUE_OF_KEY);
        if (!push_expression(parser))
            return NULL;
    } while (parser->token.kind == CEL_TOKEN_COMMA);
    if (!cel_parser_close(parser, open, true))
        return NULL;
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_MAP, open.offset);
    return cel_parser_adopt(parser, node, first, false);
}

static struct cel_node *parse_parentheses(struct cel_parser *parser)
{
    struct cel_token open = parser->token;
    cel_parser_next(parser);
    struct cel_node *node = cel_parse_expression(parser);
    return node && cel_parser_close(parser, open, false) ? node : NULL;
}

static void refuse_keyword(struct cel_parser *parser, struct cel_token token)
{
    struct str name = cel_token_text(parser->text, token);
    cel_fault_add(parser->faults, token.offset, token.length, CEL_SAY(KEYWORD_FIELD, name),
                  CEL_SAY(HINT_BACKTICKS, name));
}

/* A field's name: also a reserved word or one in backticks. False: it is none, and that is told. */
static bool parse_field_name(struct cel_parser *parser, struct str *ret_name)
{
    struct cel_token token = parser->token;
    struct str name = cel_token_text(parser->text, token);

    switch (token.kind) {
    case CEL_TOKEN_NAME:
    case CEL_TOKEN_RESERVED: break;
    case CEL_TOKEN_QUOTED: name = (struct str){ name.at + 1, name.len - 2 }; break;
    case CEL_TOKEN_TRUE:
    case CEL_TOKEN_FALSE:
    case CEL_TOKEN_NULL:
    case CEL_TOKEN_IN: refuse_keyword(parser, token); break;
    default: return false;
    }
    cel_parser_next(parser);
    *ret_name = name;
    return true;
}

/* a.b.C from its nodes, or absent: something else stands before the brace. */
static struct str dotted_name(struct cel_parser *parser, const struct cel_node *node,
                              bool *ret_absolute)
{
    size_t len = 0;
    const struct cel_node *part = node;
    for (; part->kind == CEL_NODE_SELECT && !part->is_test; part = part->args[0])
        len += part->name.len + 1;
    if (part->kind != CEL_NODE_NAME)
        return (struct str){ 0 };
    *ret_absolute = part->absolute;
    len += part->name.len;
    char *at = arena_take_raw(parser->arena, len), *end = at + len;
    if (!at) {
        cel_parser_no_room(parser);
        return (struct str){ 0 };
    }
    for (part = node; part->kind == CEL_NODE_SELECT; part = part->args[0]) {
        end -= part->name.len;
        memcpy(end, part->name.at, part->name.len);
        *--end = '.';
    }
    memcpy(at, part->name.at, part->name.len);
    return (struct str){ at, len };
}

static struct cel_node *parse_struct(struct cel_parser *parser, const struct cel_node *head)
{
    struct cel_token open = parser->token;
    uint32_t first = parser->n_items;
    bool absolute = false;
    struct str name = dotted_name(parser, head, &absolute);
    if (!name.at)
        return cel_parser_unexpected(parser, CEL_SAYS_PART_OPERATOR);
    do {
        struct cel_parser_item item;
        cel_parser_next(parser);
        refuse_optional(parser);
        skip_lone_comma(parser, open);
        if (parser->token.kind == CEL_TOKEN_BRACE_END)
            break;
        if (!parse_field_name(parser, &item.name))
            return cel_parser_unexpected(parser, CEL_SAYS_PART_FIELD);
        if (!take(parser, CEL_TOKEN_COLON))
            return cel_parser_unexpected(parser, CEL_SAYS_PART_VALUE_OF_FIELD);
        item.node = cel_parse_expression(parser);
        item.offset = 0;
        if (!item.node || !cel_parser_push(parser, item))
            return NULL;
    } while (parser->token.kind == CEL_TOKEN_COMMA);
    if (!cel_parser_close(parser, open, true))
        return NULL;
    uint32_t start = ((const struct cel_parsed *) head)->start;
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_STRUCT, start);
    if (node) {
        node->name = name;
        node->absolute = absolute;
    }
    return cel_parser_adopt(parser, node, first, true);
}

static struct cel_node *parse_dot(struct cel_parser *parser, struct cel_node *target)
{
    bool is_int = target->kind == CEL_NODE_CONST && parser->before.kind == CEL_TOKEN_INT;
    struct cel_token dot = parser->token;
    cel_parser_next(parser);

    struct cel_token token = parser->token;
    struct str name;
    if (!parse_field_name(parser, &name)) {
        if (!is_int)
            return cel_parser_unexpected(parser, CEL_SAYS_PART_FIELD_OR_FUNCTION);
        cel_fault_add(parser->faults, dot.offset, 1, CEL_SAY(DIGIT_BEHIND_POINT),
                      CEL_SAY(HINT_DOUBLE_OR_INT));
        parser->is_over = true;
        return NULL;
    }
    if (parser->token.kind == CEL_TOKEN_PAREN) {
        if (token.kind == CEL_TOKEN_QUOTED)
            cel_fault_add(parser->faults, token.offset, token.length,
                          CEL_SAY(FUNCTION_IN_BACKTICKS), CEL_SAY(NOTHING));
        return parse_call(parser, target, token, false);
    }
    struct cel_node *node = cel_parser_node(parser, CEL_NODE_SELECT, token.offset);
    uint32_t first = parser->n_items;
    if (!node || !cel_parser_push(parser, item_of(target)))
        return NULL;
    node->name = name;
    return cel_parser_adopt(parser, node, first, false);
}

static struct cel_node *parse_index(struct cel_parser *parser, struct cel_node *target)
{
    struct cel_token open = parser->token;
    cel_parser_next(parser);
    refuse_optional(parser);
    struct cel_node *args[] = { target, cel_parse_expression(parser) };
    if (!args[1] || !cel_parser_close(parser, open, false))
        return NULL;
    return cel_parser_operator(parser, CEL_OP_INDEX, open.offset, args, 2);
}

struct cel_node *cel_parse_tail(struct cel_parser *parser, struct cel_node *node)
{
    for (;;) {
        switch (node ? parser->token.kind : CEL_TOKEN_END) {
        case CEL_TOKEN_DOT: node = parse_dot(parser, node); break;
        case CEL_TOKEN_BRACKET: node = parse_index(parser, node); break;
        case CEL_TOKEN_BRACE: node = parse_struct(parser, node); break;
        default: return node;
        }
    }
}

static struct cel_node *parse_primary(struct cel_parser *parser)
{
    switch (parser->token.kind) {
    case CEL_TOKEN_PAREN: return parse_parentheses(parser);
    case CEL_TOKEN_BRACKET: return parse_list(parser);
    case CEL_TOKEN_BRACE: return parse_map(parser);
    case CEL_TOKEN_DOT:
    case CEL_TOKEN_NAME:
    case CEL_TOKEN_RESERVED: return parse_name(parser);
    case CEL_TOKEN_INT:
    case CEL_TOKEN_UINT:
    case CEL_TOKEN_DOUBLE:
    case CEL_TOKEN_STRING:
    case CEL_TOKEN_BYTES:
    case CEL_TOKEN_TRUE:
    case CEL_TOKEN_FALSE:
    case CEL_TOKEN_NULL: return cel_parse_literal(parser, false, 0);
    default: return cel_parser_unexpected(parser, CEL_SAYS_PART_VALUE);
    }
}

struct cel_node *cel_parse_member(struct cel_parser *parser)
{
    struct cel_node *node = parse_primary(parser);
    return node ? cel_parse_tail(parser, node) : NULL;
}
