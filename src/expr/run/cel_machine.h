/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <string.h>

#include "expr/check/cel_checked.h"
#include "expr/run/cel_program.h"
#include "expr/values/cel_ops.h"

/*
 * CEL machine
 *
 * One evaluation on its way: registers, loops, the run. Private to cel_eval*.c. cel_eval.c holds
 * the switch and the short ways that most evaluations take, in line; the rest stands in
 * cel_eval_slow.c and cel_eval_loop.c. A step returns the instruction that follows.
 */
struct cel_loop {
    struct cel_value range;
    uint32_t index, count;
    uint32_t made, room; /* elements, entries, or how many were true */
    union {
        struct cel_value *items;
        struct cel_entry *entries;
    };
};

struct cel_machine {
    char *base[3]; /* by CEL_REGISTER … */
    struct cel_loop *loops;
    struct cel_run *run;
    uint64_t limit;
    const struct cel_program *program;
    uint32_t stopped_at; /* offset */
};

typedef const struct cel_instr *cel_step;

#define CEL_LIKELY(x)   __builtin_expect(!!(x), 1)
#define CEL_UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline const struct cel_value *cel_read(const struct cel_machine *m, cel_operand operand)
{
    return (const struct cel_value *) (m->base[operand & 7] + (operand & ~7u));
}

static inline struct cel_value *cel_register(const struct cel_machine *m, cel_operand operand)
{
    return (struct cel_value *) (m->base[CEL_REGISTER] + operand);
}

static inline uint32_t cel_offset_of(const struct cel_machine *m, cel_step pc)
{
    return m->program->offsets[pc - m->program->code];
}

/*
 * Copies word by word. As one block it would be read in 16 bytes what was written just before in
 * two words, and wait for the store: that was a third of a short evaluation.
 */
static inline void cel_put(struct cel_value *to, const struct cel_value *from)
{
    uint64_t first, second, third;
    memcpy(&first, from, 8);
    memcpy(&second, (const char *) from + 8, 8);
    memcpy(&third, (const char *) from + 16, 8);
    __asm__("" : "+r"(first), "+r"(second), "+r"(third));
    memcpy(to, &first, 8);
    __asm__("" : "+r"(second));
    memcpy((char *) to + 8, &second, 8);
    __asm__("" : "+r"(third));
    memcpy((char *) to + 16, &third, 8);
}

static inline void cel_put_bool(struct cel_value *to, bool truth)
{
    to->kind = CEL_BOOL;
    to->boolean = truth;
}

/* Two texts of one length. Most are short: two words that overlap tell, without a call. */
static inline bool cel_same_text(const char *a, const char *b, size_t len)
{
    if (len >= 8) {
        uint64_t x[2], y[2];
        memcpy(&x[0], a, 8);
        memcpy(&y[0], b, 8);
        memcpy(&x[1], a + len - 8, 8);
        memcpy(&y[1], b + len - 8, 8);
        return x[0] == y[0] && x[1] == y[1] && (len <= 16 || memcmp(a, b, len) == 0);
    }
    if (len >= 4) {
        uint32_t x[2], y[2];
        memcpy(&x[0], a, 4);
        memcpy(&y[0], b, 4);
        memcpy(&x[1], a + len - 4, 4);
        memcpy(&y[1], b + len - 4, 4);
        return x[0] == y[0] && x[1] == y[1];
    }
    return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
}

/* What an instruction that decides does with its answer: see enum cel_mode. */
static inline cel_step cel_conclude(const struct cel_machine *m, cel_step pc, bool truth)
{
    bool keeps = truth ? pc->mode == CEL_MODE_AND : pc->mode == CEL_MODE_OR;
    if (!keeps)
        cel_put_bool(cel_register(m, pc->dst), truth);
    return pc + (truth ? pc->jump_true : pc->jump);
}

/* The whole evaluation ends here. */
cel_step cel_stop_at(struct cel_machine *m, cel_step pc);

/* @value, neither true nor false, as what an instruction that decides found. */
cel_step cel_conclude_other(struct cel_machine *m, cel_step pc, struct cel_value value);

/* Merges what is no bool into an accumulator of && || all exists: the first unknown, else the first
 * error. */
void cel_merge(struct cel_value *accumulator, const struct cel_value *value, bool neutral);

/* Of operands that are not all plain the one to hand on, with the name of what is not known. */
struct cel_value cel_hand_on(const struct cel_machine *m, cel_operand a, cel_operand b);
struct cel_value cel_named(const struct cel_machine *m, cel_operand operand);

/* After an operator or a function made *value: an error gets its place. Returns the next or the
 * end. */
cel_step cel_made(struct cel_machine *m, cel_step pc, struct cel_value *value);

/* The field of an object of another class, a map, an unknown … by name; into @to. */
cel_step cel_member_slow(struct cel_machine *m, cel_step pc, struct cel_value *to);
cel_step cel_compare_slow(struct cel_machine *m, cel_step pc);
cel_step cel_operate_slow(struct cel_machine *m, cel_step pc, enum cel_op op);
cel_step cel_field_compare_slow(struct cel_machine *m, cel_step pc);
cel_step cel_in_slow(struct cel_machine *m, cel_step pc);
cel_step cel_field_in_slow(struct cel_machine *m, cel_step pc);
cel_step cel_step_test_slow(struct cel_machine *m, cel_step pc, bool negate);
cel_step cel_step_has(struct cel_machine *m, cel_step pc);
cel_step cel_step_matches(struct cel_machine *m, cel_step pc);
cel_step cel_step_call(struct cel_machine *m, cel_step pc);
cel_step cel_step_list(struct cel_machine *m, cel_step pc);
cel_step cel_step_list_put(struct cel_machine *m, cel_step pc);
cel_step cel_step_map(struct cel_machine *m, cel_step pc);
cel_step cel_step_map_put(struct cel_machine *m, cel_step pc);
cel_step cel_step_map_done(struct cel_machine *m, cel_step pc);
/* dst = the map of @entries; keys that are none, or twice, are an error. */
cel_step cel_map_close(struct cel_machine *m, cel_step pc, const struct cel_entry *entries,
                       uint32_t count);

cel_step cel_step_loop(struct cel_machine *m, cel_step pc);
cel_step cel_loop_if_slow(struct cel_machine *m, cel_step pc);
cel_step cel_step_loop_push(struct cel_machine *m, cel_step pc);
cel_step cel_step_loop_done(struct cel_machine *m, cel_step pc);
/* Key and value of the loop's place into its variables. */
void cel_loop_load(struct cel_machine *m, cel_step pc, struct cel_loop *loop);
/* What no all, exists, exists_one expects. */
cel_step cel_next_other(struct cel_machine *m, cel_step pc, struct cel_value value, bool neutral);
