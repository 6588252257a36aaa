/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "expr/cel_env.h"
#include "expr/cel_fault.h"
#include "expr/cel_run.h"
#include "expr/cel_type.h"
#include "expr/cel_value.h"

/*
 * CEL
 *
 * The Common Expression Language (cel-spec, doc/langdef.md): text is parsed, checked against an
 * environment, compiled to a flat program with its names resolved and its constants folded, and
 * evaluated as often as wanted, by any number of threads, without malloc. The whole door:
 * environment (cel_env.h), compile, evaluate. README.md beside the sources shows all of it in one
 * page.
 */
struct cel_program;

struct cel_options {
    bool lenient; /* only syntax is a fault; types and names are errors when evaluated
                     (disable_check) */
    const struct cel_type *want; /* the type the result must have; NULL: any */
};

/*
 * NULL with faults, when the text is wrong, too big, too deep or its estimated cost too high. Text
 * and faults may go afterwards; the program lives in @arena and borrows the environment.
 */
const struct cel_program *cel_compile(const struct cel_env *env, struct str text,
                                      const struct cel_options *options, struct arena *arena,
                                      struct cel_faults *faults);

/* Parsed and checked only: its type, or NULL with faults. */
const struct cel_type *cel_check_text(const struct cel_env *env, struct str text,
                                      const struct cel_options *options, struct arena *arena,
                                      struct cel_faults *faults);

/*
 * @variables: one value for each variable of the environment, by slot; CEL_UNKNOWN for what is not
 * known. The result borrows from the program, the variables and the run's arena. Never fails but by
 * a CEL_ERROR.
 */
struct cel_value cel_eval(const struct cel_program *program, const struct cel_value *variables,
                          struct cel_run *run);

const struct cel_type *cel_program_type(const struct cel_program *program);

/* The worst case in steps, from the bounds that the environment declares; UINT64_MAX: not bounded.
 */
uint64_t cel_program_cost(const struct cel_program *program);

/* Line and column of an error's offset. */
void cel_program_place(const struct cel_program *program, uint32_t offset, uint32_t *ret_line,
                       uint32_t *ret_column);

/* The flat program, an instruction a line, for people. */
void cel_program_print(const struct cel_program *program, struct out *out);
