/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL evaluator
 *
 * One dense switch over the instructions; each case is a step of a few lines, in line. What usually
 * happens (numbers and strings of one kind, fields of the class that the checker knew, elements of
 * a list) is here; all else, the errors and unknowns among it, is in cel_eval_slow.c and
 * cel_eval_loop.c, so that the switch stays small. Steps are counted in the run by each
 * instruction; the limit is looked at where a program can turn round, in calls and at the end,
 * which is often enough: what lies between is no longer than the text.
 */
#include "expr/cel.h"

#include "expr/run/cel_machine.h"

enum {
    FEW_REGISTERS = 48, /* deeper expressions take theirs from the arena */
    FEW_LOOPS = 4,
    LONG_BYTES = 256, /* longer texts and lists are for the slow ways, which look at the limit
                         before they work */
    LONG_LIST = 64,
};

static const struct cel_instr stop_code = { .code = CEL_CODE_STOP };

cel_step cel_stop_at(struct cel_machine *m, cel_step pc)
{
    m->stopped_at = cel_offset_of(m, pc);
    return &stop_code;
}

/* The machine's own limit is behind when a function's work had the run's raised. */
static __attribute__((noinline)) bool is_the_end(struct cel_machine *m)
{
    if (!m->run->go_on || !cel_charge(m->run, 0))
        return true;
    m->limit = m->run->limit;
    return false;
}

static inline bool is_past_limit(struct cel_machine *m)
{
    return CEL_UNLIKELY(m->run->cost > m->limit) && is_the_end(m);
}

/* 0 less, 1 same, 2 more, as far as @mask asks; -1: it cannot be told here. */
static inline int order_fast(struct cel_run *run, enum cel_mask mask, const struct cel_value *a,
                             const struct cel_value *b)
{
    if (a->kind != b->kind)
        return -1;
    if (a->kind == CEL_INT)
        return (a->integer > b->integer) - (a->integer < b->integer) + 1;
    if (a->kind == CEL_DOUBLE && !__builtin_isunordered(a->real, b->real))
        return (a->real > b->real) - (a->real < b->real) + 1;
    if (mask != CEL_MASK_EQ && mask != CEL_MASK_NE)
        return -1;
    if (a->kind == CEL_STRING) {
        size_t len = a->string.len;
        if (len != b->string.len)
            return 0;
        if (len >= LONG_BYTES)
            return -1;
        run->cost += len / 16;
        return cel_same_text(a->string.at, b->string.at, len);
    }
    return a->kind == CEL_BOOL ? a->boolean == b->boolean : -1;
}

static inline cel_step step_move(struct cel_machine *m, cel_step pc)
{
    struct cel_value *dst = cel_register(m, pc->dst);
    cel_put(dst, cel_read(m, pc->a));
    if (CEL_UNLIKELY(dst->kind == CEL_UNKNOWN))
        *dst = cel_named(m, pc->a);
    return pc + 1;
}

static inline cel_step step_compare(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a);
    int order = order_fast(m->run, pc->mask, a, cel_read(m, pc->b));
    if (CEL_LIKELY(order >= 0))
        return cel_conclude(m, pc, pc->mask >> order & 1);
    return cel_compare_slow(m, pc);
}

/* Whether what @pc selects from is of the class that it expects, so that its field can be loaded by
 * number. */
static inline bool is_expected(const struct cel_value *object, const struct cel_member *member)
{
    return CEL_LIKELY(object->kind == CEL_OBJECT && object->object.class == member->class);
}

static inline cel_step step_field_compare(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *object = cel_read(m, pc->a);
    const struct cel_member *member = pc->member;
    if (!is_expected(object, member))
        return cel_field_compare_slow(m, pc);
    struct cel_value field = member->class->load(object, member->field);
    int order = order_fast(m->run, pc->mask, &field, cel_read(m, pc->b));
    if (CEL_LIKELY(order >= 0))
        return cel_conclude(m, pc, pc->mask >> order & 1);
    return cel_field_compare_slow(m, pc);
}

static inline cel_step step_field(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *object = cel_read(m, pc->a);
    const struct cel_member *member = pc->member;
    struct cel_value *to = cel_register(m, pc->dst);
    if (!is_expected(object, member))
        return cel_member_slow(m, pc, to);
    struct cel_value field = member->class->load(object, member->field);
    cel_put(to, &field);
    return CEL_LIKELY(cel_is_plain(&field)) ? pc + 1 : cel_member_slow(m, pc, to);
}

static inline cel_step step_test(struct cel_machine *m, cel_step pc, bool negate)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (CEL_LIKELY(a->kind == CEL_BOOL))
        return cel_conclude(m, pc, a->boolean != negate);
    return cel_step_test_slow(m, pc, negate);
}

/* What a set may be asked for here. */
static inline bool is_scalar(const struct cel_value *value)
{
    if (value->kind == CEL_STRING || value->kind == CEL_BYTES)
        return value->string.len < LONG_BYTES;
    return value->kind > CEL_UNKNOWN && value->kind < CEL_TYPE;
}

/* 1 when @item is that text, 0 when not; -1: it is not plain. */
static inline int is_text(const struct cel_value *item, struct str text)
{
    if (CEL_UNLIKELY(item->kind != CEL_STRING))
        return cel_is_plain(item) ? 0 : -1;
    return item->string.len == text.len && cel_same_text(item->string.at, text.at, text.len);
}

/* 1 or 0; -1: it cannot be told here. */
static inline int find_fast(struct cel_run *run, const struct cel_value *a,
                            const struct cel_value *b)
{
    if (a->kind != CEL_STRING || a->string.len >= LONG_BYTES || b->kind != CEL_LIST ||
        b->list->count > LONG_LIST)
        return -1;
    struct str text = a->string;
    const struct cel_value *items = b->list->items;
    uint32_t i = 0, count = b->list->count;
    int found = 0;
    for (; items && i < count && found == 0; i++)
        found = is_text(&items[i], text);
    for (; !items && i < count && found == 0; i++) {
        struct cel_value element = b->list->at(b, i);
        found = is_text(&element, text);
    }
    run->cost += i; /* elements that were looked at; of texts this short the bytes do not count */
    return found;
}

static inline cel_step step_in(struct cel_machine *m, cel_step pc)
{
    int found = find_fast(m->run, cel_read(m, pc->a), cel_read(m, pc->b));
    return found >= 0 ? cel_conclude(m, pc, found) : cel_in_slow(m, pc);
}

static inline cel_step step_in_set(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a);
    return is_scalar(a) ? cel_conclude(m, pc, cel_set_has(pc->set, a)) : cel_in_slow(m, pc);
}

static inline cel_step step_field_in(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *object = cel_read(m, pc->a);
    const struct cel_member *member = pc->member;
    if (!is_expected(object, member))
        return cel_field_in_slow(m, pc);
    struct cel_value field = member->class->load(object, member->field);
    if (member->set && is_scalar(&field))
        return cel_conclude(m, pc, cel_set_has(member->set, &field));
    int found = find_fast(m->run, &field, cel_read(m, pc->b));
    return found >= 0 ? cel_conclude(m, pc, found) : cel_field_in_slow(m, pc);
}

static inline void list_at(const struct cel_value *list, uint32_t index, struct cel_value *to)
{
    if (list->list->items) {
        cel_put(to, &list->list->items[index]);
    } else {
        struct cel_value element = list->list->at(list, index);
        cel_put(to, &element);
    }
}

static inline cel_step step_index(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a), *b = cel_read(m, pc->b);
    if (a->kind != CEL_LIST || b->kind != CEL_INT || (uint64_t) b->integer >= a->list->count)
        return cel_operate_slow(m, pc, CEL_OP_INDEX);
    struct cel_value *to = cel_register(m, pc->dst);
    list_at(a, (uint32_t) b->integer, to);
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
            struct cel_value *dst = cel_register(m, pc->dst);
            dst->kind = CEL_INT;
            dst->integer = made;
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
        list_at(&loop->range, loop->index, cel_register(m, pc->b));
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
        cel_put(cel_register(m, pc->dst), a);
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

static inline cel_step step_loop_if(struct cel_machine *m, cel_step pc)
{
    const struct cel_value *a = cel_read(m, pc->a);
    if (CEL_LIKELY(a->kind == CEL_BOOL))
        return a->boolean ? pc + 1 : pc + (int32_t) pc->n;
    return cel_loop_if_slow(m, pc);
}

static struct cel_value finish(struct cel_machine *m, cel_step pc)
{
    if (pc->code == CEL_CODE_STOP || is_past_limit(m)) {
        struct cel_value stopped = cel_stop(m->run);
        stopped.offset = pc->code == CEL_CODE_STOP ? m->stopped_at : 0;
        return stopped;
    }
    struct cel_value result;
    cel_put(&result, cel_read(m, pc->a));
    return CEL_UNLIKELY(result.kind == CEL_UNKNOWN) ? cel_named(m, pc->a) : result;
}

/* All eighty lines of it: one table. */
static inline struct cel_value run_code(struct cel_machine *m, struct cel_run *run, cel_step pc)
{
    for (;;) {
        run->cost += pc->cost;
        switch ((enum cel_code) pc->code) {
        case CEL_CODE_RETURN:
        case CEL_CODE_STOP: return finish(m, pc);
        case CEL_CODE_MOVE: pc = step_move(m, pc); break;
        case CEL_CODE_JUMP: pc += pc->jump; break;
        case CEL_CODE_COMPARE: pc = step_compare(m, pc); break;
        case CEL_CODE_FIELD_COMPARE: pc = step_field_compare(m, pc); break;
        case CEL_CODE_TEST: pc = step_test(m, pc, false); break;
        case CEL_CODE_NOT: pc = step_test(m, pc, true); break;
        case CEL_CODE_IN: pc = step_in(m, pc); break;
        case CEL_CODE_IN_SET: pc = step_in_set(m, pc); break;
        case CEL_CODE_FIELD_IN: pc = step_field_in(m, pc); break;
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
        case CEL_CODE_LOOP_IF: pc = step_loop_if(m, pc); break;
        case CEL_CODE_LOOP_PUSH: pc = cel_step_loop_push(m, pc); break;
        case CEL_CODE_NEXT: pc = step_next(m, pc); break;
        case CEL_CODE_NEXT_ALL: pc = step_next_truth(m, pc, true); break;
        case CEL_CODE_NEXT_EXISTS: pc = step_next_truth(m, pc, false); break;
        case CEL_CODE_NEXT_ONE: pc = step_next_one(m, pc); break;
        case CEL_CODE_LOOP_DONE: pc = cel_step_loop_done(m, pc); break;
        default: __builtin_unreachable();
        }
    }
}

/* The frame of a program that is deeper than most. */
static __attribute__((noinline)) bool take_frame(struct cel_machine *m)
{
    m->base[CEL_REGISTER] = cel_take(m->run, m->program->n_registers, sizeof(struct cel_value));
    m->loops = cel_take(m->run, m->program->n_loops, sizeof *m->loops);
    return m->base[CEL_REGISTER] && m->loops;
}

struct cel_value cel_eval(const struct cel_program *program, const struct cel_value *variables,
                          struct cel_run *run)
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
    if (CEL_UNLIKELY(run->stopped))
        return cel_stop(run);
    if (CEL_UNLIKELY(program->n_registers > FEW_REGISTERS || program->n_loops > FEW_LOOPS) &&
        !take_frame(&m))
        return cel_stop(run);
    return run_code(&m, run, program->code);
}
