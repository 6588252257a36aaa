/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL evaluator
 *
 * One dense switch over the instructions; each case is a step of a few lines, in line. What usually happens (numbers
 * and strings of one kind, fields of the class that the checker knew, elements of a list) is here; all
 * else, the errors and unknowns among it, is in cel_eval_slow.c and cel_eval_loop.c, so that the switch stays small. Steps
 * are counted in the run by each instruction; the limit is looked at where a program can turn round, in
 * calls and at the end, which is often enough: what lies between is no longer than the text.
 */
#include "expr/cel.h"

#include "cel_machine.h"

enum {
    FEW_REGISTERS = 48, /* deeper expressions take theirs from the arena */
    FEW_LOOPS = 4,
};

static const struct cel_instr stop_code = { .code = CEL_CODE_STOP };

cel_step cel_stop_at(struct cel_machine *m, cel_step pc)
{
    m->stopped_at = cel_offset_of(m, pc);
    return &stop_code;
}

static inline bool is_past_limit(const struct cel_machine *m)
{
    return CEL_UNLIKELY(m->run->cost > m->limit);
}

/* True when it could be told here: *ret_truth. */
static inline bool compare_fast(struct cel_run *run, enum cel_op op, const struct cel_value *a,
                                const struct cel_value *b, bool *ret_truth)
{
    if (a->kind == CEL_INT && b->kind == CEL_INT) {
        int64_t x = a->integer, y = b->integer;
        *ret_truth = op == CEL_OP_EQ   ? x == y
                     : op == CEL_OP_NE ? x != y
                     : op == CEL_OP_LT ? x < y
                     : op == CEL_OP_LE ? x <= y
                     : op == CEL_OP_GT ? x > y
                                       : x >= y;
        return true;
    }
    if (op > CEL_OP_NE || a->kind != b->kind)
        return false;
    if (a->kind == CEL_STRING) {
        size_t len = a->string.len;
        bool same = len == b->string.len;
        if (same && len) {
            run->cost += len / 16;
            same = memcmp(a->string.at, b->string.at, len) == 0;
        }
        *ret_truth = same == (op == CEL_OP_EQ);
        return true;
    }
    if (a->kind != CEL_BOOL)
        return false;
    *ret_truth = (a->boolean == b->boolean) == (op == CEL_OP_EQ);
    return true;
}

static inline cel_step step_compare(struct cel_machine *m, cel_step pc, enum cel_op op)
{
    const struct cel_value *a = cel_read(m, pc->a);
    bool truth;
    if (CEL_LIKELY(compare_fast(m->run, op, a, cel_read(m, pc->b), &truth)))
        return cel_conclude(m, pc, truth);
    return cel_compare_slow(m, pc, a, op);
}

/* True when the field's value, plain, is in *to. */
static inline bool load_field(const struct cel_machine *m, cel_step pc, struct cel_value *to)
{
    const struct cel_value *object = cel_read(m, pc->a);
    const struct cel_member *member = pc->member;
    if (CEL_UNLIKELY(object->kind != CEL_OBJECT || object->object.class != member->class))
        return false;
    *to = member->class->load(object, member->field);
    return CEL_LIKELY(cel_is_plain(to));
}

static inline cel_step step_field_compare(struct cel_machine *m, cel_step pc, enum cel_op op)
{
    struct cel_value field;
    bool truth;
    if (CEL_UNLIKELY(!load_field(m, pc, &field)))
        cel_member_slow(m, pc, &field);
    if (CEL_LIKELY(compare_fast(m->run, op, &field, cel_read(m, pc->b), &truth)))
        return cel_conclude(m, pc, truth);
    return cel_compare_slow(m, pc, &field, op);
}

static inline cel_step step_field(struct cel_machine *m, cel_step pc)
{
    struct cel_value *to = cel_register(m, pc->dst);
    return CEL_LIKELY(load_field(m, pc, to)) ? pc + 1 : cel_member_slow(m, pc, to);
}

static inline cel_step step_test(struct cel_machine *m, cel_step pc, bool negate)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (CEL_LIKELY(a->kind == CEL_BOOL))
        return cel_conclude(m, pc, a->boolean != negate);
    return cel_step_test_slow(m, pc, negate);
}

static inline bool is_scalar(const struct cel_value *value)
{
    return value->kind > CEL_UNKNOWN && value->kind < CEL_TYPE;
}

static inline cel_step step_in_set(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (CEL_UNLIKELY(!is_scalar(a)))
        return cel_in_slow(m, pc);
    return cel_conclude(m, pc, cel_set_has(pc->set, a));
}

static inline cel_step step_field_in_set(struct cel_machine *m, cel_step pc)
{
    struct cel_value field;
    if (CEL_UNLIKELY(!load_field(m, pc, &field)))
        cel_member_slow(m, pc, &field);
    if (CEL_LIKELY(is_scalar(&field) && pc->member->set))
        return cel_conclude(m, pc, cel_set_has(pc->member->set, &field));
    if (!cel_is_plain(&field))
        return cel_conclude_other(m, pc, field);
    const struct cel_value *b = cel_read(m, pc->b);
    struct cel_value in = cel_operate(m->run, CEL_OP_IN, &field, b);
    return in.kind == CEL_BOOL ? cel_conclude(m, pc, in.boolean) : cel_conclude_other(m, pc, in);
}

/* Few strings in a short list are compared one by one. */
static inline cel_step step_in(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a), *b = cel_read(m, pc->b);
    if (a->kind != CEL_STRING || b->kind != CEL_LIST || !b->list->items)
        return cel_in_slow(m, pc);
    const struct cel_list *list = b->list;
    m->run->cost += list->count;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct cel_value *item = &list->items[i];
        if (CEL_UNLIKELY(!cel_is_plain(item)))
            return cel_in_slow(m, pc);
        if (item->kind == CEL_STRING && str_eq(item->string, a->string))
            return cel_conclude(m, pc, true);
    }
    return cel_conclude(m, pc, false);
}

static inline cel_step step_index(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a), *b = cel_read(m, pc->b);
    if (a->kind != CEL_LIST || b->kind != CEL_INT || (uint64_t) b->integer >= a->list->count)
        return cel_operate_slow(m, pc, CEL_OP_INDEX);
    struct cel_value *to = cel_register(m, pc->dst);
    *to = cel_list_at(a, (uint32_t) b->integer);
    return CEL_LIKELY(cel_is_plain(to)) ? pc + 1 : cel_made(m, pc, to);
}

static inline cel_step step_arithmetic(struct cel_machine *m, cel_step pc, enum cel_op op)
{
    const struct cel_value *a = cel_read(m, pc->a), *b = cel_read(m, pc->b);
    if (a->kind == CEL_INT && b->kind == CEL_INT) {
        int64_t made = 0;
        bool bad = op == CEL_OP_ADD   ? __builtin_add_overflow(a->integer, b->integer, &made)
                   : op == CEL_OP_SUB ? __builtin_sub_overflow(a->integer, b->integer, &made)
                   : op == CEL_OP_MUL ? __builtin_mul_overflow(a->integer, b->integer, &made)
                                      : b->integer <= 0;
        if (CEL_LIKELY(!bad)) {
            if (op == CEL_OP_DIV)
                made = a->integer / b->integer;
            if (op == CEL_OP_MOD)
                made = a->integer % b->integer;
            *cel_register(m, pc->dst) = cel_int(made);
            return pc + 1;
        }
    }
    return cel_operate_slow(m, pc, op);
}

/* The next element, or on behind the loop. */
static inline cel_step step_next(struct cel_machine *m, cel_step pc)
{
    struct cel_loop *loop = &m->loops[pc->n];
    if (++loop->index >= loop->count)
        return pc + 1;
    if (is_past_limit(m))
        return cel_stop_at(m, pc);
    if (CEL_LIKELY(loop->range.kind == CEL_LIST && !(pc->mode & CEL_LOOP_TWO)))
        *cel_register(m, pc->b) = cel_list_at(&loop->range, loop->index);
    else
        cel_loop_load(m, pc, loop);
    return pc + pc->jump;
}

/* all (neutral: true) and exists (neutral: false): the other truth decides. */
static inline cel_step step_next_truth(struct cel_machine *m, cel_step pc, bool neutral)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (CEL_UNLIKELY(a->kind != CEL_BOOL)) {
        if (cel_next_other(m, pc, *a, neutral) != pc)
            return &stop_code;
    } else if (a->boolean != neutral) {
        *cel_register(m, pc->dst) = *a;
        return pc + 1;
    }
    return step_next(m, pc);
}

static inline cel_step step_next_one(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (CEL_UNLIKELY(a->kind != CEL_BOOL))
        return cel_next_other(m, pc, *a, true);
    m->loops[pc->n].made += a->boolean;
    return step_next(m, pc);
}

static struct cel_value finish(struct cel_machine *m, cel_step pc)
{
    if (pc->code == CEL_CODE_STOP || is_past_limit(m)) {
        struct cel_value stopped = cel_stop(m->run);
        stopped.offset = pc->code == CEL_CODE_STOP ? m->stopped_at : 0;
        return stopped;
    }
    const struct cel_value *result = cel_read(m, pc->a);
    return result->kind == CEL_UNKNOWN ? cel_named(m, pc->a) : *result;
}

/* All eighty lines of it: one table. */
static struct cel_value run_code(struct cel_machine *m, cel_step pc)
{
    for (;;) {
        m->run->cost += pc->cost;
        switch ((enum cel_code) pc->code) {
        case CEL_CODE_RETURN:
        case CEL_CODE_STOP: return finish(m, pc);
        case CEL_CODE_MOVE:
            *cel_register(m, pc->dst) = *cel_read(m, pc->a);
            pc++;
            break;
        case CEL_CODE_JUMP: pc += pc->jump; break;
        case CEL_CODE_EQ: pc = step_compare(m, pc, CEL_OP_EQ); break;
        case CEL_CODE_NE: pc = step_compare(m, pc, CEL_OP_NE); break;
        case CEL_CODE_LT: pc = step_compare(m, pc, CEL_OP_LT); break;
        case CEL_CODE_LE: pc = step_compare(m, pc, CEL_OP_LE); break;
        case CEL_CODE_GT: pc = step_compare(m, pc, CEL_OP_GT); break;
        case CEL_CODE_GE: pc = step_compare(m, pc, CEL_OP_GE); break;
        case CEL_CODE_FIELD_EQ: pc = step_field_compare(m, pc, CEL_OP_EQ); break;
        case CEL_CODE_FIELD_NE: pc = step_field_compare(m, pc, CEL_OP_NE); break;
        case CEL_CODE_FIELD_LT: pc = step_field_compare(m, pc, CEL_OP_LT); break;
        case CEL_CODE_FIELD_LE: pc = step_field_compare(m, pc, CEL_OP_LE); break;
        case CEL_CODE_FIELD_GT: pc = step_field_compare(m, pc, CEL_OP_GT); break;
        case CEL_CODE_FIELD_GE: pc = step_field_compare(m, pc, CEL_OP_GE); break;
        case CEL_CODE_TEST: pc = step_test(m, pc, false); break;
        case CEL_CODE_NOT: pc = step_test(m, pc, true); break;
        case CEL_CODE_IN: pc = step_in(m, pc); break;
        case CEL_CODE_IN_SET: pc = step_in_set(m, pc); break;
        case CEL_CODE_FIELD_IN_SET: pc = step_field_in_set(m, pc); break;
        case CEL_CODE_MATCHES: pc = cel_step_matches(m, pc); break;
        case CEL_CODE_HAS: pc = cel_step_has(m, pc); break;
        case CEL_CODE_FIELD: pc = step_field(m, pc); break;
        case CEL_CODE_SELECT: pc = cel_member_slow(m, pc, cel_register(m, pc->dst)); break;
        case CEL_CODE_INDEX: pc = step_index(m, pc); break;
        case CEL_CODE_ADD: pc = step_arithmetic(m, pc, CEL_OP_ADD); break;
        case CEL_CODE_SUB: pc = step_arithmetic(m, pc, CEL_OP_SUB); break;
        case CEL_CODE_MUL: pc = step_arithmetic(m, pc, CEL_OP_MUL); break;
        case CEL_CODE_DIV: pc = step_arithmetic(m, pc, CEL_OP_DIV); break;
        case CEL_CODE_MOD: pc = step_arithmetic(m, pc, CEL_OP_MOD); break;
        case CEL_CODE_NEG: pc = cel_operate_slow(m, pc, CEL_OP_NEG); break;
        case CEL_CODE_CALL: pc = cel_step_call(m, pc); break;
        case CEL_CODE_LIST: pc = cel_step_list(m, pc); break;
        case CEL_CODE_LIST_PUT: pc = cel_step_list_put(m, pc); break;
        case CEL_CODE_MAP: pc = cel_step_map(m, pc); break;
        case CEL_CODE_MAP_PUT: pc = cel_step_map_put(m, pc); break;
        case CEL_CODE_MAP_DONE: pc = cel_step_map_done(m, pc); break;
        case CEL_CODE_LOOP: pc = cel_step_loop(m, pc); break;
        case CEL_CODE_LOOP_IF: pc = cel_step_loop_if(m, pc); break;
        case CEL_CODE_LOOP_PUSH: pc = cel_step_loop_push(m, pc); break;
        case CEL_CODE_NEXT: pc = step_next(m, pc); break;
        case CEL_CODE_NEXT_ALL: pc = step_next_truth(m, pc, true); break;
        case CEL_CODE_NEXT_EXISTS: pc = step_next_truth(m, pc, false); break;
        case CEL_CODE_NEXT_ONE: pc = step_next_one(m, pc); break;
        case CEL_CODE_LOOP_DONE: pc = cel_step_loop_done(m, pc); break;
        }
    }
}

/* The frame of a program that is deeper than most. */
static __attribute__((noinline)) struct cel_value run_large(struct cel_machine *m)
{
    const struct cel_program *program = m->program;
    m->base[CEL_REGISTER] = cel_take(m->run, program->n_registers, sizeof(struct cel_value));
    m->loops = cel_take(m->run, program->n_loops, sizeof *m->loops);
    if (!m->base[CEL_REGISTER] || !m->loops)
        return cel_stop(m->run);
    return run_code(m, program->code);
}

struct cel_value cel_run_program(const struct cel_program *program,
                                 const struct cel_value *variables, struct cel_run *run)
{
    struct cel_value registers[FEW_REGISTERS];
    struct cel_loop loops[FEW_LOOPS];
    struct cel_machine m = {
        .base = { (char *) registers, (char *) program->constants, (char *) variables },
        .loops = loops,
        .run = run,
        .limit = run->limit ? run->limit : program->limit,
        .program = program,
    };
    run->env = program->env;
    if (run->stopped)
        return cel_stop(run);
    if (program->n_registers > FEW_REGISTERS || program->n_loops > FEW_LOOPS)
        return run_large(&m);
    return run_code(&m, program->code);
}

struct cel_value cel_eval(const struct cel_program *program, const struct cel_value *variables,
                          struct cel_run *run)
{
    return cel_run_program(program, variables, run);
}
