/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are loops, tests or bindings. A name with another number of arguments is an ordinary
 * function, which the checker will look for.
 */
#include "expr/syntax/cel_parser.h"

/* The arguments behind the receiver; the first @variables of them name variables. */
static const struct {
    const char *name;
    uint32_t args, variables;
    enum cel_macro macro;
} macros[] = {
    { "all", 2, 1, CEL_MACRO_ALL },
    { "all", 3, 2, CEL_MACRO_ALL },
    { "exists", 2, 1, CEL_MACRO_EXISTS },
    { "exists", 3, 2, CEL_MACRO_EXISTS },
    { "exists_one", 2, 1, CEL_MACRO_EXISTS_ONE },
    { "exists_one", 3, 2, CEL_MACRO_EXISTS_ONE },
    { "existsOne", 2, 1, CEL_MACRO_EXISTS_ONE },
    { "existsOne", 3, 2, CEL_MACRO_EXISTS_ONE },
    { "map", 2, 1, CEL_MACRO_MAP },
    { "map", 3, 1, CEL_MACRO_MAP },
    { "filter", 2, 1, CEL_MACRO_FILTER },
    { "transformList", 3, 2, CEL_MACRO_TRANSFORM_LIST },
    { "transformList", 4, 2, CEL_MACRO_TRANSFORM_LIST },
    { "transformMap", 3, 2, CEL_MACRO_TRANSFORM_MAP },
    { "transformMap", 4, 2, CEL_MACRO_TRANSFORM_MAP },
    { "transformMapEntry", 3, 2, CEL_MACRO_TRANSFORM_MAP_ENTRY },
    { "transformMapEntry", 4, 2, CEL_MACRO_TRANSFORM_MAP_ENTRY },
};

static const char *const names[CEL_MACROS] = {
    [CEL_MACRO_ALL] = "all",
    [CEL_MACRO_EXISTS] = "exists",
    [CEL_MACRO_EXISTS_ONE] = "exists_one",
    [CEL_MACRO_MAP] = "map",
    [CEL_MACRO_FILTER] = "filter",
    [CEL_MACRO_TRANSFORM_LIST] = "transformList",
    [CEL_MACRO_TRANSFORM_MAP] = "transformMap",
    [CEL_MACRO_TRANSFORM_MAP_ENTRY] = "transformMapEntry",
};

const char *cel_macro_name(enum cel_macro macro)
{
    return names[macro];
}

/* The name that an argument is; absent, with a fault, when it is anything else. */
static struct str variable_of(struct cel_parser *parser, const struct cel_node *arg,
                              const char *macro)
{
    if (arg->kind == CEL_NODE_NAME && !arg->absolute)
        return arg->name;
    cel_parser_blame(parser, arg, CEL_SAY(MACRO_VARIABLE, str_of(macro)), CEL_SAY(HINT_OWN_NAME));
    return (struct str){ 0 };
}

/* The node stays and loses the args from @first on, @n of them. */
static struct cel_node *without(struct cel_parser *parser, struct cel_node *node, uint32_t first,
                                uint32_t n)
{
    for (uint32_t i = first + n; i < node->n_args; i++)
        node->args[i - n] = node->args[i];
    node->n_args -= n;
    node->is_member = false;
    node->name = (struct str){ 0 };
    return cel_parser_measure(parser, node);
}

static struct cel_node *parse_has(struct cel_parser *parser, struct cel_node *call)
{
    struct cel_node *arg = call->args[0];
    if (arg->kind == CEL_NODE_SELECT && !arg->is_test) {
        arg->is_test = true;
        return arg;
    }
    bool is_index = arg->kind == CEL_NODE_OPERATOR && arg->op == CEL_OP_INDEX;
    cel_parser_blame(parser, arg, CEL_SAY(HAS_WANTS_FIELD),
                     is_index ? CEL_SAY(HINT_KEY_IN_MAP)
                              : CEL_SAY(HINT_WRITE_CODE, STR("has(a.b)")));
    return call;
}

static bool is_bind(const struct cel_node *call)
{
    const struct cel_node *target = call->args[0];
    return call->n_args == 4 && str_is(call->name, "bind") && target->kind == CEL_NODE_NAME &&
           !target->absolute && str_is(target->name, "cel");
}

static struct cel_node *parse_bind(struct cel_parser *parser, struct cel_node *call)
{
    call->kind = CEL_NODE_BIND;
    call->variable = variable_of(parser, call->args[1], "cel.bind");
    return without(parser, call, 0, 2);
}

struct cel_node *cel_parser_macro(struct cel_parser *parser, struct cel_node *call)
{
    if (!call->is_member)
        return !call->absolute && call->n_args == 1 && str_is(call->name, "has")
                   ? parse_has(parser, call)
                   : call;
    if (is_bind(call))
        return parse_bind(parser, call);
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
        if (macros[i].args + 1 != call->n_args || !str_is(call->name, macros[i].name))
            continue;
        call->kind = CEL_NODE_MACRO;
        call->macro = macros[i].macro;
        call->variable = variable_of(parser, call->args[1], macros[i].name);
        if (macros[i].variables == 2) {
            call->variable2 = variable_of(parser, call->args[2], macros[i].name);
            if (call->variable2.at && str_eq(call->variable, call->variable2))
                cel_parser_blame(parser, call->args[2],
                                 CEL_SAY(MACRO_SAME_VARIABLES, str_of(macros[i].name)),
                                 CEL_SAY(HINT_OTHER_NAME));
        }
        return without(parser, call, 1, macros[i].variables);
    }
    return call;
}
