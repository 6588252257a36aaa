/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL compile: nodes
 *
 * One node becomes the code of its parts and an instruction of its own; names become operands and cost nothing. Registers
 * are taken and released like a stack. Recursion is as deep as the tree, which the parser bounds.
 */
#include "cel_compiler.h"
#include "cel_regex.h"

static const struct cel_reference *reference_of(const struct cel_compiler *c,
                                                const struct cel_node *node)
{
    return &c->checked->references[node->id];
}

static void reads(struct cel_compiler *c, uint32_t scope)
{
    if (scope < c->lowest)
        c->lowest = scope;
}

static bool is_constant(cel_operand operand)
{
    return cel_operand_where(operand) == CEL_CONSTANT;
}

/* Names and constants, which are somewhere already. */
static bool find_operand(struct cel_compiler *c, const struct cel_node *node,
                         cel_operand *ret_operand)
{
    const struct cel_reference *reference = reference_of(c, node);
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
        if (reference->index < c->n_names && !c->names[reference->index].at)
            c->names[reference->index] = cel_path_of(c, node);
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

static const struct cel_member *member_of(struct cel_compiler *c, const struct cel_node *node)
{
    struct cel_member *member = arena_take(c->keep, sizeof *member);
    if (!member) {
        c->failed = true;
        return NULL;
    }
    const struct cel_reference *reference = reference_of(c, node);
    member->path = cel_path_of(c, node);
    member->name = arena_copy(c->keep, node->name);
    if (reference->kind == CEL_REFERENCE_FIELD) {
        member->class = c->checked->types[node->args[0]->id]->class;
        member->field = reference->index;
    }
    if (!member->name.at)
        c->failed = true;
    return member;
}

static bool is_field(const struct cel_compiler *c, const struct cel_node *node)
{
    return node->kind == CEL_NODE_SELECT && !node->is_test &&
           reference_of(c, node)->kind == CEL_REFERENCE_FIELD;
}

static enum cel_mask mask_of(enum cel_op op)
{
    switch (op) {
    case CEL_OP_EQ: return CEL_MASK_EQ;
    case CEL_OP_NE: return CEL_MASK_NE;
    case CEL_OP_LT: return CEL_MASK_LT;
    case CEL_OP_LE: return CEL_MASK_LE;
    case CEL_OP_GT: return CEL_MASK_GT;
    default: return CEL_MASK_GE;
    }
}

/* a < b is b > a: less and more change places. */
static enum cel_mask turned(enum cel_mask mask)
{
    return (mask & CEL_MASK_EQ) | (mask >> 2 & 1) | (mask << 2 & 4);
}

static uint32_t compile_compare(struct cel_compiler *c, const struct cel_node *node,
                                cel_operand dst, enum cel_mode mode)
{
    const struct cel_node *left = node->args[0];
    struct cel_instr instr = { .code = CEL_CODE_COMPARE, .mode = mode, .dst = dst, .cost = 1 };
    instr.mask = mask_of(node->op);
    if (!is_field(c, left)) {
        instr.a = cel_compile_operand(c, left);
        if (is_constant(instr.a) && is_field(c, node->args[1])) {
            instr.b = instr.a;
            left = node->args[1];
            instr.mask = turned(instr.mask);
        }
    }
    if (left != node->args[1])
        instr.b = cel_compile_operand(c, node->args[1]);
    if (is_field(c, left)) {
        instr.a = cel_compile_operand(c, left->args[0]);
        instr.member = member_of(c, left);
        instr.cost = 2;
        instr.code = CEL_CODE_FIELD_COMPARE;
    }
    return cel_emit(c, node, instr);
}

static bool is_constant_list(const struct cel_compiler *c, cel_operand operand)
{
    return is_constant(operand) && !c->failed &&
           c->constants[cel_operand_index(operand)].kind == CEL_LIST;
}

/* A long constant list is made a set when the program is kept. */
static uint32_t compile_in(struct cel_compiler *c, const struct cel_node *node, cel_operand dst,
                           enum cel_mode mode)
{
    struct cel_instr instr = { .code = CEL_CODE_IN, .mode = mode, .dst = dst, .cost = 1 };
    instr.b = cel_compile_operand(c, node->args[1]);
    if (is_constant_list(c, instr.b) && is_field(c, node->args[0])) {
        instr.code = CEL_CODE_FIELD_IN;
        instr.cost = 2;
        instr.a = cel_compile_operand(c, node->args[0]->args[0]);
        instr.member = member_of(c, node->args[0]);
    } else {
        instr.a = cel_compile_operand(c, node->args[0]);
    }
    return cel_emit(c, node, instr);
}

/* A pattern that is written there is compiled here, once. CEL_NOWHERE when it is wrong: then the call will tell. */
static uint32_t compile_matches(struct cel_compiler *c, const struct cel_node *node,
                                cel_operand dst, enum cel_mode mode)
{
    const struct cel_reference *reference = reference_of(c, node);
    if (reference->kind != CEL_REFERENCE_CALL || reference->n_overloads == 0 || node->n_args != 2 ||
        reference->qualified || node->args[1]->kind != CEL_NODE_CONST ||
        node->args[1]->constant.kind != CEL_STRING ||
        !cel_regex_is_matches(reference->overloads[0]->call))
        return CEL_NOWHERE;
    struct cel_regex_report report;
    struct cel_instr instr = { .code = CEL_CODE_MATCHES, .mode = mode, .dst = dst, .cost = 1 };
    instr.regex = cel_regex_compile(c->keep, node->args[1]->constant.string, &report);
    if (!instr.regex)
        return CEL_NOWHERE;
    instr.a = cel_compile_operand(c, node->args[0]);
    return cel_emit(c, node, instr);
}

/* What ends in a bool of its own making: one instruction that may jump. CEL_NOWHERE when @node is nothing of that kind. */
static uint32_t compile_decision(struct cel_compiler *c, const struct cel_node *node,
                                 cel_operand dst, enum cel_mode mode)
{
    if (node->kind == CEL_NODE_SELECT && node->is_test) {
        cel_operand a = cel_compile_operand(c, node->args[0]);
        return cel_emit(c, node,
                        (struct cel_instr){ .code = CEL_CODE_HAS,
                                            .mode = mode,
                                            .dst = dst,
                                            .a = a,
                                            .cost = 1,
                                            .member = member_of(c, node) });
    }
    if (node->kind == CEL_NODE_CALL)
        return compile_matches(c, node, dst, mode);
    if (node->kind != CEL_NODE_OPERATOR)
        return CEL_NOWHERE;
    if (node->op >= CEL_OP_EQ && node->op <= CEL_OP_GE)
        return compile_compare(c, node, dst, mode);
    if (node->op == CEL_OP_IN)
        return compile_in(c, node, dst, mode);
    if (node->op != CEL_OP_NOT)
        return CEL_NOWHERE;
    cel_operand a = cel_compile_operand(c, node->args[0]);
    return cel_emit(
        c, node,
        (struct cel_instr){ .code = CEL_CODE_NOT, .mode = mode, .dst = dst, .a = a, .cost = 1 });
}

uint32_t cel_compile_condition(struct cel_compiler *c, const struct cel_node *node, cel_operand dst,
                               enum cel_mode mode)
{
    uint32_t top = c->top, mark = c->n_code, constants_mark = c->n_constants, outer = c->lowest;
    c->lowest = CEL_NOWHERE;
    cel_operand a = cel_acquire(c);
    uint32_t at = compile_decision(c, node, dst, mode);
    bool is_decision = at != CEL_NOWHERE, closed = c->lowest > c->scope;
    if (outer < c->lowest || closed)
        c->lowest = outer;
    if (is_decision && closed && !c->failed) { /* a value first, which folds */
        c->code[at].mode = CEL_MODE_VALUE;
        c->code[at].dst = a;
        cel_fold(c, mark, constants_mark, a, &a);
    }
    if (!is_decision)
        a = cel_compile_node(c, node, a);
    if (!is_decision || closed)
        at = cel_emit(
            c, node, (struct cel_instr){ .code = CEL_CODE_TEST, .mode = mode, .dst = dst, .a = a });
    cel_release(c, top);
    return at;
}

/* The members of a chain of one operator; *last: the jump emitted before, whose own place holds the one before that. */
static void compile_chain(struct cel_compiler *c, const struct cel_node *node, enum cel_op op,
                          cel_operand dst, uint32_t *last)
{
    if (node->kind == CEL_NODE_OPERATOR && node->op == op) {
        compile_chain(c, node->args[0], op, dst, last);
        compile_chain(c, node->args[1], op, dst, last);
        return;
    }
    enum cel_mode first = op == CEL_OP_AND ? CEL_MODE_AND_FIRST : CEL_MODE_OR_FIRST;
    uint32_t at = cel_compile_condition(c, node, dst, *last == CEL_NOWHERE ? first : first + 1);
    if (c->failed)
        return;
    *cel_jump_of(&c->code[at]) = (int32_t) *last;
    *last = at;
}

static void compile_logic(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    uint32_t last = CEL_NOWHERE;
    compile_chain(c, node, node->op, dst, &last);
    while (!c->failed && last != CEL_NOWHERE) {
        uint32_t before = (uint32_t) *cel_jump_of(&c->code[last]);
        cel_land(c, last);
        last = before;
    }
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
    case CEL_OP_AND: compile_logic(c, node, dst); return;
    default: break;
    }
    if (compile_decision(c, node, dst, CEL_MODE_VALUE) != CEL_NOWHERE)
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
    const struct cel_reference *reference = reference_of(c, node);
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
    const struct cel_reference *reference = reference_of(c, node);
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
        compile_decision(c, node, dst, CEL_MODE_VALUE);
        return;
    }
    struct cel_instr instr = { .dst = dst, .cost = 1 };
    instr.code = is_field(c, node) ? CEL_CODE_FIELD : CEL_CODE_SELECT;
    instr.a = cel_compile_operand(c, node->args[0]);
    instr.member = member_of(c, node);
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
        if (reference_of(c, node)->kind == CEL_REFERENCE_NONE)
            return cel_add_error(c, node, "undeclared reference to", node->name);
        if (compile_decision(c, node, dst, CEL_MODE_VALUE) == CEL_NOWHERE)
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
    if (c->lowest > c->scope && !is_constant(made))
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
