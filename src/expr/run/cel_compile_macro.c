/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL compile: macros
 *
 *     LOOP       range, first element; none: to LOOP_DONE
 *     …          the filter
 *     LOOP_IF    false: to NEXT
 *     …          the predicate or the transform
 *     LOOP_PUSH  one more of what is made
 *     NEXT       to the line behind LOOP; all, exists and exists_one have forms of their own
 *     LOOP_DONE  the result; not for all and exists, whose accumulator is the result
 *
 * cel.bind is no loop: its value stands in a register, or stays where it is.
 */
#include "expr/run/cel_compiler.h"

/* Makes local @index stand at @where. */
static void open_local(struct cel_compiler *c, uint32_t index, cel_operand where, uint32_t scope,
                       struct str path)
{
    if (index >= c->checked->n_locals) {
        c->failed = true;
        return;
    }
    c->locals[index] = where;
    c->local_scopes[index] = scope;
    c->local_paths[index] = path;
}

static struct str elements_path(struct cel_compiler *c, const struct cel_node *range)
{
    struct str path = cel_path_of(c, range);
    if (!path.at)
        return path;
    struct out text;
    out_init(&text, c->scratch, path.len + 2);
    out_text(&text, path);
    out_text(&text, STR("[]"));
    return text.failed ? (struct str){ 0 } : out_str(&text);
}

static enum cel_code next_code(enum cel_macro macro)
{
    switch (macro) {
    case CEL_MACRO_ALL: return CEL_CODE_NEXT_ALL;
    case CEL_MACRO_EXISTS: return CEL_CODE_NEXT_EXISTS;
    case CEL_MACRO_EXISTS_ONE: return CEL_CODE_NEXT_ONE;
    default: return CEL_CODE_NEXT;
    }
}

/* What stands between LOOP and NEXT of a macro that collects; *ret_if: its filter, or CEL_NOWHERE.
 * The push is the last. */
static void compile_collect(struct cel_compiler *c, const struct cel_node *node,
                            struct cel_instr push, uint32_t *ret_if)
{
    bool filters = node->macro == CEL_MACRO_FILTER || node->n_args == 3;
    *ret_if = CEL_NOWHERE;
    if (filters) {
        struct cel_instr test = push;
        test.code = CEL_CODE_LOOP_IF;
        test.cost = 0;
        test.a = cel_compile_operand(c, node->args[1]);
        *ret_if = cel_emit(c, node->args[1], test);
    }
    push.a = node->macro == CEL_MACRO_FILTER ? push.b
                                             : cel_compile_operand(c, node->args[node->n_args - 1]);
    cel_emit(c, node, push);
}

static void land_collect(struct cel_compiler *c, uint32_t test, uint32_t push, uint32_t next)
{
    cel_land(c, push);
    if (test == CEL_NOWHERE || c->failed)
        return;
    cel_land(c, test);
    c->code[test].n = next - test;
}

static cel_operand open_loop(struct cel_compiler *c, const struct cel_node *node)
{
    uint32_t index = c->checked->references[node->id].index;
    struct str path = elements_path(c, node->args[0]);
    c->scope++;
    c->loops++;
    if (c->loops > c->n_loops)
        c->n_loops = c->loops;
    cel_operand first = cel_acquire(c);
    open_local(c, index, first, c->scope, node->variable2.at ? (struct str){ 0 } : path);
    if (node->variable2.at)
        open_local(c, index + 1, cel_acquire(c), c->scope, path);
    return first;
}

void cel_compile_macro(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    uint32_t top = c->top;
    struct cel_instr instr = { .code = CEL_CODE_LOOP, .dst = dst, .n = c->loops };
    instr.mode = (uint8_t) node->macro | (node->variable2.at ? CEL_LOOP_TWO : 0);
    instr.a = cel_compile_operand(c, node->args[0]);
    cel_release(c, top); /* the loop keeps its range itself */
    instr.b = open_loop(c, node);
    uint32_t loop = cel_emit(c, node, instr);

    bool collects = next_code(node->macro) == CEL_CODE_NEXT;
    uint32_t test = CEL_NOWHERE;
    instr.cost = 1;
    if (collects) {
        instr.code = CEL_CODE_LOOP_PUSH;
        compile_collect(c, node, instr, &test);
    } else {
        instr.a = cel_compile_operand(c, node->args[1]);
    }
    uint32_t push = c->n_code - 1;
    instr.code = next_code(node->macro);
    uint32_t next = cel_emit(c, node, instr);
    if (c->failed)
        return;
    c->code[next].jump = (int32_t) (loop + 1) - (int32_t) next;
    cel_land(c, loop);
    if (collects || node->macro == CEL_MACRO_EXISTS_ONE) {
        instr.code = CEL_CODE_LOOP_DONE;
        instr.cost = 0;
        cel_emit(c, node, instr);
    }
    if (collects)
        land_collect(c, test, push, next);
    c->scope--;
    c->loops--;
}

cel_operand cel_compile_bind(struct cel_compiler *c, const struct cel_node *node, cel_operand dst)
{
    uint32_t outer = c->lowest;
    c->lowest = CEL_NOWHERE;
    c->scope++;
    cel_operand own = cel_acquire(c);
    cel_operand where = cel_compile_node(c, node->args[0], own);
    uint32_t scope = where == own ? c->scope : c->lowest;
    c->lowest = outer < c->lowest ? outer : c->lowest;
    open_local(c, c->checked->references[node->id].index, where, scope,
               cel_path_of(c, node->args[0]));
    cel_compile_into(c, node->args[1], dst);
    c->scope--;
    return dst;
}
