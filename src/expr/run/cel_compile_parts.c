/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL compile: parts
 *
 * Code, constants and registers, which grow in the scratch arena; and paths, by which an unknown is
 * named.
 */
#include "expr/run/cel_compiler.h"

#include <string.h>

/* Room for one more element of an array that doubles. */
static bool one_more(struct cel_compiler *c, void **array, uint32_t count, uint32_t room,
                     uint32_t new_room, size_t size_bytes)
{
    if (count < room)
        return true;
    void *grown = arena_grow(c->scratch, *array, room * size_bytes, new_room * size_bytes);
    if (!grown) {
        c->failed = true;
        return false;
    }
    *array = grown;
    return true;
}

static bool decides(enum cel_code code)
{
    return code == CEL_CODE_COMPARE || code == CEL_CODE_FIELD_COMPARE || code == CEL_CODE_TEST ||
           code == CEL_CODE_NOT || code == CEL_CODE_IN || code == CEL_CODE_FIELD_IN ||
           code == CEL_CODE_MATCHES || code == CEL_CODE_HAS;
}

uint32_t cel_emit(struct cel_compiler *c, const struct cel_node *node, struct cel_instr instr)
{
    uint32_t room = c->code_room ? c->code_room * 2 : 32;
    if (c->failed ||
        !one_more(c, (void **) &c->code, c->n_code, c->code_room, room, sizeof instr) ||
        !one_more(c, (void **) &c->offsets, c->n_code, c->code_room, room, sizeof(uint32_t)))
        return CEL_NOWHERE;
    if (c->n_code == c->code_room)
        c->code_room = room;
    if (decides(instr.code))
        instr.jump = instr.jump_true = 1;
    c->code[c->n_code] = instr;
    c->offsets[c->n_code] = node->offset;
    return c->n_code++;
}

void cel_land(struct cel_compiler *c, uint32_t at)
{
    if (!c->failed)
        *cel_jump_of(&c->code[at]) = (int32_t) (c->n_code - at);
}

int32_t *cel_jump_of(struct cel_instr *instr)
{
    bool when_true =
        decides(instr->code) && (instr->mode == CEL_MODE_OR || instr->mode == CEL_MODE_OR_FIRST);
    return when_true ? &instr->jump_true : &instr->jump;
}

cel_operand cel_add_constant(struct cel_compiler *c, struct cel_value value)
{
    uint32_t room = c->constants_room ? c->constants_room * 2 : 16;
    if (c->failed || !one_more(c, (void **) &c->constants, c->n_constants, c->constants_room, room,
                               sizeof value))
        return cel_operand_of(CEL_CONSTANT, 0);
    if (c->n_constants == c->constants_room)
        c->constants_room = room;
    c->constants[c->n_constants] = value;
    return cel_operand_of(CEL_CONSTANT, c->n_constants++);
}

cel_operand cel_add_error(struct cel_compiler *c, const struct cel_node *node, const char *what,
                          struct str name)
{
    struct out text;
    out_init(&text, c->scratch, 64);
    out_printf(&text, "%s '%.*s'", what, STR_ARG(name));
    struct cel_value error = cel_error(out_str(&text));
    error.offset = node->offset;
    c->failed |= text.failed;
    return cel_add_constant(c, error);
}

cel_operand cel_acquire(struct cel_compiler *c)
{
    uint32_t index = c->top++;
    if (c->top > c->n_registers)
        c->n_registers = c->top;
    return cel_operand_of(CEL_REGISTER, index);
}

static bool write_path(const struct cel_compiler *c, const struct cel_node *node, struct out *out)
{
    const struct cel_reference *reference = &c->checked->references[node->id];
    if (node->kind == CEL_NODE_NAME) {
        struct str local = { 0 };
        if (reference->kind == CEL_REFERENCE_LOCAL)
            local = c->local_paths[reference->index];
        out_text(out, local.at ? local : node->name);
        return true;
    }
    bool is_index = node->kind == CEL_NODE_OPERATOR && node->op == CEL_OP_INDEX;
    if (!is_index && node->kind != CEL_NODE_SELECT)
        return false;
    if (write_path(c, node->args[0], out))
        out_char(out, is_index ? '[' : '.');
    else if (is_index)
        return false;
    if (!is_index)
        out_text(out, node->name);
    else if (node->args[1]->kind == CEL_NODE_CONST)
        cel_value_print(&node->args[1]->constant, out);
    if (is_index)
        out_char(out, ']');
    return true;
}

struct str cel_path_of(struct cel_compiler *c, const struct cel_node *node)
{
    struct out text;
    out_init(&text, c->scratch, 64);
    if (!write_path(c, node, &text) || text.failed)
        return (struct str){ 0 };
    return arena_copy(c->keep, out_str(&text));
}
