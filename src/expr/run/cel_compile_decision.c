/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL compile: decisions
 *
 * What is true or false by its own making (comparisons, `in`, has, !, a pattern that is written
 * there) is one instruction, which stores its answer, merges it into a chain of && or ||, or jumps.
 * Everything else that stands where a condition is wanted is computed first and tested after.
 */
#include "expr/regex/cel_regex.h"
#include "expr/run/cel_compiler.h"

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
    if (!cel_is_field(c, left)) {
        instr.a = cel_compile_operand(c, left);
        if (cel_is_constant(instr.a) && cel_is_field(c, node->args[1])) {
            instr.b = instr.a;
            left = node->args[1];
            instr.mask = turned(instr.mask);
        }
    }
    if (left != node->args[1])
        instr.b = cel_compile_operand(c, node->args[1]);
    if (cel_is_field(c, left)) {
        instr.a = cel_compile_operand(c, left->args[0]);
        instr.member = cel_member_of(c, left);
        instr.cost = 2;
        instr.code = CEL_CODE_FIELD_COMPARE;
    }
    return cel_emit(c, node, instr);
}

static bool is_constant_list(const struct cel_compiler *c, cel_operand operand)
{
    return cel_is_constant(operand) && !c->failed &&
           c->constants[cel_operand_index(operand)].kind == CEL_LIST;
}

/* A long constant list is made a set when the program is kept. */
static uint32_t compile_in(struct cel_compiler *c, const struct cel_node *node, cel_operand dst,
                           enum cel_mode mode)
{
    struct cel_instr instr = { .code = CEL_CODE_IN, .mode = mode, .dst = dst, .cost = 1 };
    instr.b = cel_compile_operand(c, node->args[1]);
    if (is_constant_list(c, instr.b) && cel_is_field(c, node->args[0])) {
        instr.code = CEL_CODE_FIELD_IN;
        instr.cost = 2;
        instr.a = cel_compile_operand(c, node->args[0]->args[0]);
        instr.member = cel_member_of(c, node->args[0]);
    } else {
        instr.a = cel_compile_operand(c, node->args[0]);
    }
    return cel_emit(c, node, instr);
}

/* A pattern that is written there is compiled here, once. CEL_NOWHERE when it is wrong: then the
 * call will tell. */
static uint32_t compile_matches(struct cel_compiler *c, const struct cel_node *node,
                                cel_operand dst, enum cel_mode mode)
{
    const struct cel_reference *reference = cel_reference_of(c, node);
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

/* What ends in a bool of its own making: one instruction that may jump. CEL_NOWHERE when @node is
 * nothing of that kind. */
uint32_t cel_compile_decision(struct cel_compiler *c, const struct cel_node *node, cel_operand dst,
                              enum cel_mode mode)
{
    if (node->kind == CEL_NODE_SELECT && node->is_test) {
        cel_operand a = cel_compile_operand(c, node->args[0]);
        return cel_emit(c, node,
                        (struct cel_instr){ .code = CEL_CODE_HAS,
                                            .mode = mode,
                                            .dst = dst,
                                            .a = a,
                                            .cost = 1,
                                            .member = cel_member_of(c, node) });
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
    uint32_t at = cel_compile_decision(c, node, dst, mode);
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

/* The members of a chain of one operator; *last: the jump emitted before, whose own place holds the
 * one before that. */
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

void cel_compile_logic(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    uint32_t last = CEL_NOWHERE;
    compile_chain(c, node, node->op, dst, &last);
    while (!c->failed && last != CEL_NOWHERE) {
        uint32_t before = (uint32_t) *cel_jump_of(&c->code[last]);
        cel_land(c, last);
        last = before;
    }
}
