/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cel_cases.h"

/*
 * Cases of the language definition
 *
 * What the definition says of an expression, beside the expression: the value, as CEL; "fault", when it is
 * none (told before anything is evaluated, types apart); "error", when it has no value.
 */
static inline void langdef_yields(const char *text, const char *wanted)
{
    struct arena *arena = arena_new(64 << 10, 64 << 20);
    struct cel_env *env = cel_env_new(arena);
    struct cel_run run = { .arena = arena };
    struct cel_faults faults;
    struct out out;
    out_init(&out, NULL, 64);
    cel_faults_init(&faults, arena, str_of(text));
    const struct cel_program *program =
        cel_compile(env, str_of(text), &(struct cel_options){ .lenient = true }, arena, &faults);
    struct cel_value value = program ? cel_eval(program, NULL, &run) : cel_null();
    if (!program)
        out_text(&out, STR("fault"));
    else if (value.kind == CEL_ERROR)
        out_text(&out, STR("error"));
    else
        cel_value_print(&value, &out);
    out_char(&out, '\0');
    if (strcmp(out.at, wanted) != 0)
        ck_abort_msg("%s\n  yields %s\n  wanted %s", text, out.at, wanted);
    out_deinit(&out);
    arena_free(arena);
}

/* @with in every place of @pattern, at most two. */
static inline void langdef_filled(const char *pattern, const char *with, const char *wanted)
{
    char text[200];
    const char *from = pattern, *place;
    size_t len = 0;
    for (; (place = strstr(from, "%s")); from = place + 2)
        len += (size_t) snprintf(text + len, sizeof text - len, "%.*s%s", (int) (place - from),
                                 from, with);
    len += (size_t) snprintf(text + len, sizeof text - len, "%s", from);
    ck_assert_uint_lt(len, sizeof text);
    langdef_yields(text, wanted);
}

/* The type that the checker deduces, or "fault". */
static inline void langdef_type(const char *text, const char *wanted)
{
    struct arena *arena = arena_new(64 << 10, 64 << 20);
    struct cel_env *env = cel_env_new(arena);
    struct cel_faults faults;
    struct out out;
    out_init(&out, NULL, 64);
    cel_faults_init(&faults, arena, str_of(text));
    const struct cel_type *type = cel_check_text(env, str_of(text), NULL, arena, &faults);
    if (type)
        cel_type_print(type, &out);
    else
        out_text(&out, STR("fault"));
    out_char(&out, '\0');
    if (strcmp(out.at, wanted) != 0)
        ck_abort_msg("%s\n  is of type %s\n  wanted %s", text, out.at, wanted);
    out_deinit(&out);
    arena_free(arena);
}

#define LANGDEF_HOLDS(cases)                                        \
    for (size_t i_ = 0; i_ < sizeof(cases) / sizeof *(cases); i_++) \
    langdef_yields((cases)[i_].text, (cases)[i_].wanted)

#define LANGDEF_TYPES_HOLD(cases)                                   \
    for (size_t i_ = 0; i_ < sizeof(cases) / sizeof *(cases); i_++) \
    langdef_type((cases)[i_].text, (cases)[i_].wanted)
