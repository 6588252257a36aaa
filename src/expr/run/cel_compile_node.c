/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL compile: nodes
 *
 * One node becomes the code of its parts and an instruction of its own; names become operands and
 * cost nothing. Registers are taken and released like a stack. Recursion is as deep as the tree,
 * which the parser bounds.
 */
#include "expr/run/cel_compiler.h"

static void reads(struct cel_compiler *c, uint32_t scope)
{
    if (scope < c->lowest)
        c->lowest = scope;
}

/* Names and constants, which are somewhere already. */
static bool find_operand(struct cel_compiler *c, const struct cel_node *node,
                         cel_operand *ret_operand)
{
    const struct cel_reference *reference = cel_reference_of(c, node);
    if (node->kind == CEL_NODE_CONST) {
        *ret_operand = cel_add_constant(c, node->constant);
        return true;
    }
    if (node->kind != CEL_NODE_NAME && (node->kind != CEL_NODE_SELECT || node->is_test))
        return false;
    switch (reference->kind) {
    case CEL_REFERENCE_VARIABLE:
        reads(c, 0);
        *ret_operand = cel_operand_of(CEL_VARIABLE, reference->index);
        return true;
    case CEL_REFERENCE_LOCAL:
        reads(c, c->local_scopes[reference->index]);
        *ret_operand = c->locals[reference->index];
        return true;
    case CEL_REFERENCE_TYPE:
        *ret_operand =
            cel_add_constant(c, (struct cel_value){ .kind = CEL_TYPE, .type = reference->type });
        return true;
    default:
        if (node->kind == CEL_NODE_SELECT)
            return false;
        *ret_operand = cel_add_error(c, node, "undeclared reference to", node->name);
        return true;
    }
}

const struct cel_member *cel_member_of(struct cel_compiler *c, const struct cel_node *node)
{
    struct cel_member *member = arena_take(c->keep, sizeof *member);
    if (!member) {
        c->failed = true;
        return NULL;
    }
    const struct cel_reference *reference = cel_reference_of(c, node);
    member->path = cel_path_of(c, node);
    if (reference->kind == CEL_REFERENCE_FIELD) {
        member->class = c->checked->types[node->args[0]->id]->class;
        member->field = reference->index;
        member->name = member->class->fields[member->field].name;
    } else {
        member->name = arena_copy(c->keep, node->name);
    }
    if (!member->name.at)
        c->failed = true;
    return member;
}

bool cel_is_field(const struct cel_compiler *c, const struct cel_node *node)
{
    return node->kind == CEL_NODE_SELECT && !node->is_test &&
           cel_reference_of(c, node)->kind == CEL_REFERENCE_FIELD;
}

static void compile_if(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    uint32_t unless = cel_compile_condition(c, node->args[0], dst, CEL_MODE_IF);
    cel_compile_into(c, node->args[1], dst);
    uint32_t end = cel_emit(c, node, (struct cel_instr){ .code = CEL_CODE_JUMP });
    cel_land(c, unless);
    cel_compile_into(c, node->args[2], dst);
    cel_land(c, end);
}

static void compile_operator(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    switch (node->op) {
    case CEL_OP_IF: compile_if(c, node, dst); return;
    case CEL_OP_OR:
    case CEL_OP_AND: cel_compile_logic(c, node, dst); return;
    default: break;
    }
    if (cel_compile_decision(c, node, dst, CEL_MODE_VALUE) != CEL_NOWHERE)
        return;
    struct cel_instr instr = { .dst = dst, .cost = 1 };
    instr.code = node->op == CEL_OP_INDEX ? CEL_CODE_INDEX
                 : node->op == CEL_OP_NEG ? CEL_CODE_NEG
                                          : CEL_CODE_ADD + (node->op - CEL_OP_ADD);
    instr.a = instr.b = cel_compile_operand(c, node->args[0]);
    if (node->n_args > 1)
        instr.b = cel_compile_operand(c, node->args[1]);
    cel_emit(c, node, instr);
}

static const struct cel_callee *callee_of(struct cel_compiler *c, const struct cel_node *node)
{
    const struct cel_reference *reference = cel_reference_of(c, node);
    struct cel_callee *callee = arena_take(
        c->keep, sizeof *callee + reference->n_overloads * sizeof(struct cel_overload *));
    if (!callee) {
        c->failed = true;
        return NULL;
    }
    callee->name =
        reference->n_overloads ? reference->overloads[0]->name : arena_copy(c->keep, node->name);
    callee->n_overloads = reference->n_overloads;
    for (uint32_t i = 0; i < reference->n_overloads; i++)
        callee->overloads[i] = reference->overloads[i];
    return callee;
}

static void compile_call(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    const struct cel_reference *reference = cel_reference_of(c, node);
    uint32_t skip = reference->qualified ? 1 : 0;
    struct cel_instr instr = { .code = CEL_CODE_CALL, .dst = dst, .n = node->n_args - skip };
    instr.a = cel_operand_of(CEL_REGISTER, c->top);
    for (uint32_t i = skip; i < node->n_args; i++)
        cel_compile_into(c, node->args[i], cel_acquire(c));
    if (instr.n == 0)
        instr.a = dst;
    instr.callee = callee_of(c, node);
    if (!cel_is_pure(reference))
        reads(c, 0);
    cel_emit(c, node, instr);
}

static void compile_list(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    cel_emit(c, node,
             (struct cel_instr){ .code = CEL_CODE_LIST, .dst = dst, .n = node->n_args, .cost = 1 });
    for (uint32_t i = 0; i < node->n_args; i++) {
        uint32_t top = c->top;
        cel_operand a = cel_compile_operand(c, node->args[i]);
        cel_emit(c, node->args[i],
                 (struct cel_instr){ .code = CEL_CODE_LIST_PUT, .dst = dst, .a = a, .n = i });
        cel_release(c, top);
    }
}

static void compile_map(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    uint32_t n = node->n_args / 2;
    cel_emit(c, node, (struct cel_instr){ .code = CEL_CODE_MAP, .dst = dst, .n = n, .cost = 1 });
    for (uint32_t i = 0; i < n; i++) {
        uint32_t top = c->top;
        struct cel_instr put = { .code = CEL_CODE_MAP_PUT, .dst = dst, .n = i };
        put.a = cel_compile_operand(c, node->args[2 * i]);
        put.b = cel_compile_operand(c, node->args[2 * i + 1]);
        cel_emit(c, node->args[2 * i], put);
        cel_release(c, top);
    }
    cel_emit(c, node, (struct cel_instr){ .code = CEL_CODE_MAP_DONE, .dst = dst });
}

static void compile_select(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    if (node->is_test) {
        cel_compile_decision(c, node, dst, CEL_MODE_VALUE);
        return;
    }
    struct cel_instr instr = { .dst = dst, .cost = 1 };
    instr.code = cel_is_field(c, node) ? CEL_CODE_FIELD : CEL_CODE_SELECT;
    instr.a = cel_compile_operand(c, node->args[0]);
    instr.member = cel_member_of(c, node);
    cel_emit(c, node, instr);
}

/* Code for what is more than a name; where its value is. */
static cel_operand compile_code(struct cel_compiler *c, const struct cel_node *node,
                                cel_operand dst)
{
    switch (node->kind) {
    case CEL_NODE_SELECT: compile_select(c, node, dst); return dst;
    case CEL_NODE_OPERATOR: compile_operator(c, node, dst); return dst;
    case CEL_NODE_LIST: compile_list(c, node, dst); return dst;
    case CEL_NODE_MAP: compile_map(c, node, dst); return dst;
    case CEL_NODE_MACRO: cel_compile_macro(c, node, dst); return dst;
    case CEL_NODE_BIND: return cel_compile_bind(c, node, dst);
    case CEL_NODE_CALL:
        if (cel_reference_of(c, node)->kind == CEL_REFERENCE_NONE)
            return cel_add_error(c, node, "undeclared reference to", node->name);
        if (cel_compile_decision(c, node, dst, CEL_MODE_VALUE) == CEL_NOWHERE)
            compile_call(c, node, dst);
        return dst;
    default: return cel_add_error(c, node, "no values are made of the type", node->name);
    }
}

cel_operand cel_compile_node(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    cel_operand made;
    if (c->failed)
        return dst;
    if (find_operand(c, node, &made))
        return made;
    uint32_t top = c->top, mark = c->n_code, constants_mark = c->n_constants, outer = c->lowest;
    c->lowest = CEL_NOWHERE;
    made = compile_code(c, node, dst);
    cel_release(c, top);
    if (c->lowest > c->scope && !cel_is_constant(made))
        cel_fold(c, mark, constants_mark, made, &made);
    if (outer < c->lowest || c->lowest > c->scope)
        c->lowest = outer;
    return made;
}

cel_operand cel_compile_operand(struct cel_compiler *c, const struct cel_node *node)
{
    uint32_t top = c->top;
    cel_operand dst = cel_acquire(c);
    cel_operand made = cel_compile_node(c, node, dst);
    if (made != dst)
        cel_release(c, top);
    return made;
}

void cel_compile_into(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    cel_operand made = cel_compile_node(c, node, dst);
    if (made != dst)
        cel_emit(c, node, (struct cel_instr){ .code = CEL_CODE_MOVE, .dst = dst, .a = made });
}
