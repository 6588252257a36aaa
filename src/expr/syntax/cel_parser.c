/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators by their precedence, and the door. A chain of && or || becomes a balanced tree, which
 * means the same (they absorb errors in any order) and is as deep as the logarithm of its length.
 * All other operators group to the left, ?: to the right.
 */
#include "expr/syntax/cel_parser.h"

enum { TEXT_BYTES = 100000, DEPTH = 250, NESTED_MACROS = 12 }; /* when the limits do not say */

enum level { OR = 1, AND, RELATION, SUM, PRODUCT };

struct operator
{
    enum cel_token_kind token;
    enum cel_op op;
    enum level level;
};

static const struct operator operators[] = {
    { CEL_TOKEN_OR, CEL_OP_OR, OR },        { CEL_TOKEN_AND, CEL_OP_AND, AND },
    { CEL_TOKEN_EQ, CEL_OP_EQ, RELATION },  { CEL_TOKEN_NE, CEL_OP_NE, RELATION },
    { CEL_TOKEN_LT, CEL_OP_LT, RELATION },  { CEL_TOKEN_LE, CEL_OP_LE, RELATION },
    { CEL_TOKEN_GT, CEL_OP_GT, RELATION },  { CEL_TOKEN_GE, CEL_OP_GE, RELATION },
    { CEL_TOKEN_IN, CEL_OP_IN, RELATION },  { CEL_TOKEN_ADD, CEL_OP_ADD, SUM },
    { CEL_TOKEN_SUB, CEL_OP_SUB, SUM },     { CEL_TOKEN_MUL, CEL_OP_MUL, PRODUCT },
    { CEL_TOKEN_DIV, CEL_OP_DIV, PRODUCT }, { CEL_TOKEN_MOD, CEL_OP_MOD, PRODUCT },
};

static const char *const op_texts[CEL_OPS] = {
    [CEL_OP_IF] = "?:", [CEL_OP_OR] = "||",    [CEL_OP_AND] = "&&", [CEL_OP_EQ] = "==",
    [CEL_OP_NE] = "!=", [CEL_OP_LT] = "<",     [CEL_OP_LE] = "<=",  [CEL_OP_GT] = ">",
    [CEL_OP_GE] = ">=", [CEL_OP_IN] = "in",    [CEL_OP_ADD] = "+",  [CEL_OP_SUB] = "-",
    [CEL_OP_MUL] = "*", [CEL_OP_DIV] = "/",    [CEL_OP_MOD] = "%",  [CEL_OP_NOT] = "!",
    [CEL_OP_NEG] = "-", [CEL_OP_INDEX] = "[]",
};

const char *cel_op_text(enum cel_op op)
{
    return op_texts[op];
}

void cel_parser_next(struct cel_parser *parser)
{
    parser->before = parser->token;
    parser->token = cel_lexer_next(&parser->lexer);
}

/* `and` and `or` where an operator stands: told, and read as what they mean. */
static void mend_word(struct cel_parser *parser)
{
    struct str word = cel_token_text(parser->text, parser->token);
    bool is_and = str_is(word, "and") || str_is(word, "AND");
    if (parser->token.kind != CEL_TOKEN_NAME || parser->token.faulty ||
        (!is_and && !str_is(word, "or") && !str_is(word, "OR")))
        return;
    cel_fault_add(parser->faults, parser->token.offset, parser->token.length,
                  CEL_SAY(NOT_AN_OPERATOR, word),
                  CEL_SAY(HINT_WRITE, is_and ? STR("&&") : STR("||")));
    parser->token.kind = is_and ? CEL_TOKEN_AND : CEL_TOKEN_OR;
    parser->token.faulty = true;
}

static const struct operator* operator_here(struct cel_parser *parser)
{
    mend_word(parser);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (operators[i].token == parser->token.kind)
            return &operators[i];
    return NULL;
}

/* `!-a`, `-!a`: the grammar repeats one sign only. */
static void refuse_mixed(struct cel_parser *parser, const struct cel_token *sign, struct str text,
                         struct str before)
{
    cel_fault_add(parser->faults, sign->offset, sign->length, CEL_SAY(MIXED_SIGNS, text, before),
                  CEL_SAY(HINT_SIGN_INSIDE, before, text));
}

/* Each sign becomes a node around what follows; a minus directly before a number is part of it. */
static struct cel_node *parse_unary(struct cel_parser *parser)
{
    uint32_t first = parser->n_items;
    struct cel_node *node = NULL;
    bool is_mixed = false;

    while (parser->token.kind == CEL_TOKEN_NOT || parser->token.kind == CEL_TOKEN_SUB) {
        struct cel_token sign = parser->token;
        if (parser->n_items - first >= parser->limits.depth)
            return cel_parser_too_deep(parser, sign.offset);
        cel_parser_next(parser);
        if (sign.kind == CEL_TOKEN_SUB && !parser->token.faulty &&
            (parser->token.kind == CEL_TOKEN_INT || parser->token.kind == CEL_TOKEN_DOUBLE)) {
            node = cel_parse_literal(parser, true, sign.offset);
            node = node ? cel_parse_tail(parser, node) : NULL;
            if (!node)
                return NULL;
            break;
        }
        struct str text = sign.kind == CEL_TOKEN_NOT ? STR("!") : STR("-");
        struct str before =
            parser->n_items > first ? parser->items[parser->n_items - 1].name : text;
        if (!is_mixed && !str_eq(text, before)) {
            refuse_mixed(parser, &sign, text, before);
            is_mixed = true;
        }
        if (!cel_parser_push(parser,
                             (struct cel_parser_item){ .offset = sign.offset, .name = text }))
            return NULL;
    }
    if (!node)
        node = cel_parse_member(parser);
    while (node && parser->n_items > first) {
        struct cel_parser_item sign = parser->items[--parser->n_items];
        enum cel_op op = sign.name.at[0] == '!' ? CEL_OP_NOT : CEL_OP_NEG;
        node = cel_parser_operator(parser, op, sign.offset, &node, 1);
    }
    return node;
}

/* The items from @first to @last, one operand each, with the operator before it at its offset. */
static struct cel_node *balanced(struct cel_parser *parser, enum cel_op op, uint32_t first,
                                 uint32_t last)
{
    if (first == last)
        return parser->items[first].node;
    uint32_t middle = first + (last - first) / 2 + 1;
    uint32_t offset = parser->items[middle].offset;
    struct cel_node *args[] = { balanced(parser, op, first, middle - 1),
                                balanced(parser, op, middle, last) };
    return cel_parser_operator(parser, op, offset, args, 2);
}

static struct cel_node *parse_binary(struct cel_parser *parser, enum level least);

/* What stands behind @op: all that binds closer. It waits for that, which is a level more. */
static struct cel_node *parse_right(struct cel_parser *parser, const struct operator* op)
{
    if (parser->level > parser->limits.depth)
        return cel_parser_too_deep(parser, parser->token.offset);
    parser->level++;
    struct cel_node *node = parse_binary(parser, op->level + 1);
    parser->level--;
    return node;
}

static struct cel_node *parse_chain(struct cel_parser *parser, struct cel_node *left,
                                    const struct operator* op)
{
    uint32_t first = parser->n_items;
    if (!cel_parser_push(parser, (struct cel_parser_item){ .node = left }))
        return NULL;
    while (operator_here(parser) == op) {
        struct cel_parser_item item = { .offset = parser->token.offset };
        cel_parser_next(parser);
        item.node = parse_right(parser, op);
        if (!item.node || !cel_parser_push(parser, item))
            return NULL;
    }
    struct cel_node *node = balanced(parser, op->op, first, parser->n_items - 1);
    parser->n_items = first;
    return node;
}

static struct cel_node *parse_binary(struct cel_parser *parser, enum level least)
{
    struct cel_node *left = parse_unary(parser);
    const struct operator* op;

    while (left && (op = operator_here(parser)) && op->level >= least) {
        if (op->level <= AND) {
            left = parse_chain(parser, left, op);
            continue;
        }
        uint32_t offset = parser->token.offset;
        cel_parser_next(parser);
        struct cel_node *args[] = { left, parse_right(parser, op) };
        left = cel_parser_operator(parser, op->op, offset, args, 2);
    }
    return left;
}

static struct cel_node *parse_condition(struct cel_parser *parser)
{
    struct cel_node *args[3] = { parse_binary(parser, OR) };
    if (!args[0] || parser->token.kind != CEL_TOKEN_QUESTION)
        return args[0];
    uint32_t offset = parser->token.offset;
    cel_parser_next(parser);
    bool is_optional = /* or at least it looks like a?.b */
        parser->token.kind == CEL_TOKEN_DOT && parser->token.offset == offset + 1;
    args[1] = parse_binary(parser, OR);
    if (!args[1])
        return NULL;
    if (parser->token.kind != CEL_TOKEN_COLON && is_optional)
        return cel_parser_no_optional(parser, offset);
    if (parser->token.kind != CEL_TOKEN_COLON)
        return cel_parser_unexpected(parser, CEL_SAYS_PART_OTHERWISE);
    cel_parser_next(parser);
    args[2] = cel_parse_expression(parser);
    return cel_parser_operator(parser, CEL_OP_IF, offset, args, 3);
}

struct cel_node *cel_parse_expression(struct cel_parser *parser)
{
    if (parser->level > parser->limits.depth)
        return cel_parser_too_deep(parser, parser->token.offset);
    parser->level++;
    struct cel_node *node = parse_condition(parser);
    parser->level--;
    return node;
}

/* Children before parents. As deep as the tree is. */
static void number(struct cel_node *node, uint32_t *next)
{
    for (uint32_t i = 0; i < node->n_args; i++)
        number(node->args[i], next);
    node->id = (*next)++;
}

static struct cel_limits limits_of(const struct cel_limits *given)
{
    struct cel_limits limits = given ? *given : (struct cel_limits){ 0 };
    if (!limits.text_bytes)
        limits.text_bytes = TEXT_BYTES;
    if (!limits.depth)
        limits.depth = DEPTH;
    if (limits.depth > CEL_DEPTH_MAX)
        limits.depth = CEL_DEPTH_MAX;
    if (!limits.nested_macros)
        limits.nested_macros = NESTED_MACROS;
    return limits;
}

/* May it be read at all? */
static bool is_readable(struct str text, const struct cel_limits *limits, struct cel_faults *faults)
{
    size_t bad;
    if (text.len > limits->text_bytes || text.len > INT32_MAX) {
        char has[CEL_DIGITS], most[CEL_DIGITS];
        cel_fault_add(
            faults, 0, 0,
            CEL_SAY(TEXT_TOO_LONG, cel_digits(text.len, has), cel_digits(limits->text_bytes, most)),
            CEL_SAY(HINT_TEXT_BYTES));
        return false;
    }
    if (!str_is_utf8(text, &bad)) {
        static const char digits[] = "0123456789abcdef";
        unsigned char byte = (unsigned char) text.at[bad];
        const char hex[] = { digits[byte >> 4], digits[byte & 15] };
        cel_fault_add(faults, (uint32_t) bad, 1, CEL_SAY(NOT_UTF8, { hex, sizeof hex }),
                      CEL_SAY(HINT_BYTES_ESCAPED));
        return false;
    }
    return true;
}

struct cel_ast *cel_parse(struct str text, const struct cel_limits *limits, struct arena *arena,
                          struct cel_faults *faults)
{
    struct cel_parser parser = {
        .limits = limits_of(limits), .arena = arena, .faults = faults, .text = text
    };
    uint32_t before = faults->count;
    if (!is_readable(text, &parser.limits, faults))
        return NULL;
    struct cel_ast *ast = arena_take(arena, sizeof *ast);
    parser.text = arena_copy(arena, text);
    if (!ast || !parser.text.at)
        return (void *) cel_parser_no_room(&parser);
    parser.lexer = (struct cel_lexer){ .text = parser.text, .faults = faults };

    cel_parser_next(&parser);
    struct cel_node *root = cel_parse_expression(&parser);
    if (root && parser.token.kind != CEL_TOKEN_END)
        cel_parser_unexpected(&parser, CEL_SAYS_PART_OPERATOR_OR_END);
    if (!root || faults->count != before)
        return NULL;
    ast->text = parser.text;
    ast->root = root;
    ast->depth = ((const struct cel_parsed *) root)->depth;
    ast->nested_macros = ((const struct cel_parsed *) root)->macros;
    number(root, &ast->n_nodes);
    return ast;
}
