/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdio.h>

#include "expr/cel.h"
#include "suite.h"

/*
 * Cases of CEL text
 *
 * What an expression yields, as text: both stand side by side in a table. "error: …" may be only the
 * start of the sentence. Checked leniently, as types are not what these tests are about. There is one variable: a16,
 * sixteen letters a, for what must not be folded when it is compiled.
 */
struct cel_case {
    const char *text, *wanted;
};

static inline struct cel_value cel_case_value(struct arena *arena, struct str text,
                                              struct cel_run *run)
{
    const struct cel_value a16 = cel_string(STR("aaaaaaaaaaaaaaaa"));
    struct cel_faults faults;
    uint32_t slot;
    struct cel_env *env = cel_env_new(arena);
    ck_assert_ptr_nonnull(env);
    const struct cel_type *type = cel_type_simple(CEL_TYPE_STRING);
    ck_assert_int_eq(cel_env_variable(env, STR("a16"), type, &slot, NULL), OK);
    cel_faults_init(&faults, arena, text);
    const struct cel_program *program =
        cel_compile(env, text, &(struct cel_options){ .lenient = true }, arena, &faults);
    if (!program)
        return cel_error(faults.list[0].what[CEL_ENGLISH]);
    run->arena = arena;
    return cel_eval(program, &a16, run);
}

static inline void cel_case_holds(const struct cel_case *one)
{
    struct arena *arena = arena_new(64 << 10, 64 << 20);
    struct cel_run run = { 0 };
    struct out out;
    out_init(&out, NULL, 64);
    struct cel_value value = cel_case_value(arena, str_of(one->text), &run);
    cel_value_print(&value, &out);
    out_char(&out, '\0');
    size_t len = value.kind == CEL_ERROR ? strlen(one->wanted) : out.len;
    if (strncmp(out.at, one->wanted, len) != 0)
        ck_abort_msg("%s\n  yields %s\n  wanted %s", one->text, out.at, one->wanted);
    out_deinit(&out);
    arena_free(arena);
}

#define CEL_CASES_HOLD(cases)                                       \
    for (size_t i_ = 0; i_ < sizeof(cases) / sizeof *(cases); i_++) \
    cel_case_holds(&(cases)[i_])
