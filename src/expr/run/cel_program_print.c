/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL program, printed
 *
 *        0  FIELD_COMPARE cart.total >= 5000 -> r0, else 3
 *
 * Registers are r0, r1 …; variables and constants are shown by name and value.
 */
#include "expr/check/cel_env_parts.h"
#include "expr/run/cel_program.h"

enum { SHOWN_BYTES = 60 };

const char *cel_code_name(enum cel_code code)
{
    static const char *const names[] = {
#define X(name) #name,
        CEL_CODES(X)
#undef X
    };
    return names[code];
}

static void print_constant(const struct cel_value *value, struct out *out)
{
    size_t before = out->len;
    if (value->kind == CEL_LIST && value->list->count > 8) {
        out_printf(out, "[%u elements]", value->list->count);
        return;
    }
    cel_value_print(value, out);
    if (out->len - before > SHOWN_BYTES) {
        out->len = before + SHOWN_BYTES;
        while (out->len > before && (out->at[out->len] & 0xc0) == 0x80)
            out->len--;
        out_text(out, STR("…"));
    }
}

static void print_operand(const struct cel_program *program, cel_operand operand, struct out *out)
{
    uint32_t index = cel_operand_index(operand);
    switch (cel_operand_where(operand)) {
    case CEL_REGISTER: out_printf(out, "r%u", index); break;
    case CEL_CONSTANT: print_constant(&program->constants[index], out); break;
    default:
        if (index < program->env->n_variables)
            out_text(out, program->env->variables[index].name);
    }
}

enum {
    HAS_A = 1,
    HAS_B = 2,
    HAS_DST = 4,
    HAS_N = 8,
    HAS_JUMP = 16,
    HAS_MODE = 32,
    HAS_MEMBER = 64
};

static unsigned parts_of(const struct cel_instr *instr)
{
    switch ((enum cel_code) instr->code) {
    case CEL_CODE_RETURN: return HAS_A;
    case CEL_CODE_STOP: return 0;
    case CEL_CODE_JUMP: return HAS_JUMP;
    case CEL_CODE_COMPARE:
    case CEL_CODE_IN:
    case CEL_CODE_IN_SET: return HAS_A | HAS_B | HAS_MODE;
    case CEL_CODE_FIELD_COMPARE:
    case CEL_CODE_FIELD_IN: return HAS_A | HAS_MEMBER | HAS_B | HAS_MODE;
    case CEL_CODE_TEST:
    case CEL_CODE_MATCHES:
    case CEL_CODE_NOT: return HAS_A | HAS_MODE;
    case CEL_CODE_HAS: return HAS_A | HAS_MEMBER | HAS_MODE;
    case CEL_CODE_FIELD:
    case CEL_CODE_SELECT: return HAS_A | HAS_MEMBER | HAS_DST;
    case CEL_CODE_CALL:
    case CEL_CODE_LIST_PUT: return HAS_A | HAS_N | HAS_DST;
    case CEL_CODE_LIST:
    case CEL_CODE_MAP: return HAS_N | HAS_DST;
    case CEL_CODE_MAP_PUT: return HAS_A | HAS_B | HAS_N | HAS_DST;
    case CEL_CODE_MAP_DONE:
    case CEL_CODE_LOOP_DONE: return HAS_DST;
    case CEL_CODE_LOOP: return HAS_A | HAS_DST | HAS_JUMP;
    case CEL_CODE_LOOP_IF:
    case CEL_CODE_LOOP_PUSH: return HAS_A | HAS_DST | HAS_JUMP;
    case CEL_CODE_NEXT: return HAS_JUMP;
    case CEL_CODE_NEXT_ALL:
    case CEL_CODE_NEXT_EXISTS:
    case CEL_CODE_NEXT_ONE: return HAS_A | HAS_DST | HAS_JUMP;
    case CEL_CODE_MOVE:
    case CEL_CODE_NEG: return HAS_A | HAS_DST;
    default: return HAS_A | HAS_B | HAS_DST;
    }
}

static void print_mode(const struct cel_program *program, const struct cel_instr *instr,
                       uint32_t line, struct out *out)
{
    static const char *const words[] = {
        "", ", else ", ", and else ", ", when true ", ", or when true ", ", else "
    };
    if (instr->mode != CEL_MODE_IF) {
        out_text(out, STR(" -> "));
        print_operand(program, instr->dst, out);
    }
    bool when_true = instr->mode == CEL_MODE_OR || instr->mode == CEL_MODE_OR_FIRST;
    int32_t jump = when_true ? instr->jump_true : instr->jump;
    if (instr->mode != CEL_MODE_VALUE)
        out_printf(out, "%s%u", words[instr->mode], line + (uint32_t) jump);
}

static void print_line(const struct cel_program *program, uint32_t line, struct out *out)
{
    const struct cel_instr *instr = &program->code[line];
    unsigned parts = parts_of(instr);
    out_printf(out, "%4u  %-13s", line, cel_code_name(instr->code));
    if (instr->code == CEL_CODE_CALL) {
        out_char(out, ' ');
        out_text(out, instr->callee->name);
    }
    if (parts & HAS_A) {
        out_char(out, ' ');
        print_operand(program, instr->a, out);
    }
    if (parts & HAS_MEMBER) {
        out_char(out, '.');
        out_text(out, instr->member->name);
    }
    if (parts & HAS_B) {
        static const char *const orders[] = { "", " <", " ==", " <=", " >", " !=", " >=" };
        out_text(out, str_of(orders[instr->mask]));
        out_char(out, ' ');
        print_operand(program, instr->b, out);
    }
    if (parts & HAS_N)
        out_printf(out, " #%u", instr->n);
    if (parts & HAS_DST) {
        out_text(out, STR(" -> "));
        print_operand(program, instr->dst, out);
    }
    if (parts & HAS_MODE)
        print_mode(program, instr, line, out);
    if (parts & HAS_JUMP)
        out_printf(out, ", to %u", line + (uint32_t) instr->jump);
    out_char(out, '\n');
}

void cel_program_print(const struct cel_program *program, struct out *out)
{
    for (uint32_t i = 0; i < program->n_code; i++)
        print_line(program, i, out);
}
