/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_check_parts.h"

/*
 * Their last overloads take dyn (cel_math.c), since each argument may be a number of another kind:
 * what comes in there is looked at here. Overloads that a host has added say themselves what they
 * take.
 */
static bool may_be_number(const struct cel_type *type)
{
    const uint32_t numbers = 1u << CEL_INT | 1u << CEL_UINT | 1u << CEL_DOUBLE;
    return cel_type_kinds(unify_look(type)) & numbers;
}

static void wants_number(struct checker *c, const struct cel_node *node, struct str function)
{
    const struct cel_type *type = c->types[node->id];
    if (!may_be_number(type))
        check_fault(c, node, CEL_SAY(WANTS_NUMBERS, function, check_type_text(c, type)),
                    CEL_SAY(NOTHING));
}

/* Of a list that is written out, each element has a type of its own. */
static void wants_list_of_numbers(struct checker *c, const struct cel_node *node,
                                  struct str function)
{
    const struct cel_type *type = unify_look(c->types[node->id]);
    if (node->kind == CEL_NODE_LIST) {
        for (uint32_t i = 0; i < node->n_args; i++)
            wants_number(c, node->args[i], function);
        if (node->n_args == 0)
            check_fault(c, node, CEL_SAY(WANTS_A_NUMBER, function), CEL_SAY(NOTHING));
    } else if (type->kind == CEL_TYPE_LIST && !may_be_number(cel_type_param(type, 0))) {
        check_fault(c, node, CEL_SAY(WANTS_NUMBERS, function, check_type_text(c, type)),
                    CEL_SAY(NOTHING));
    }
}

void check_numbers(struct checker *c, const struct cel_node *node, uint32_t first)
{
    const struct cel_reference *reference = &c->references[node->id];
    if (c->lenient || reference->kind != CEL_REFERENCE_CALL)
        return;
    const struct cel_overload *overload = reference->overloads[0];
    if (!str_is(overload->name, "math.greatest") && !str_is(overload->name, "math.least"))
        return;
    for (uint32_t i = first; i < node->n_args; i++) {
        uint32_t p = i - first < overload->n_params ? i - first : overload->n_params - 1;
        const struct cel_type *param = overload->params[p];
        if (param->kind == CEL_TYPE_DYN)
            wants_number(c, node->args[i], overload->name);
        else if (param->kind == CEL_TYPE_LIST && cel_type_param(param, 0)->kind == CEL_TYPE_PARAM)
            wants_list_of_numbers(c, node->args[i], overload->name);
    }
}
