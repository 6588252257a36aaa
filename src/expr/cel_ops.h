/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel_ast.h"
#include "expr/cel_run.h"

/*
 * CEL operators
 *
 * What the operators yield for evaluated operands: overflow, division by zero, no such key, index
 * out of range, kinds that do not go together are errors. Operands are plain, save for EQ and NE … which get
 * plain ones too: the evaluator hands on errors and unknowns before it asks. Not here: && || ?:.
 */
struct cel_value cel_operate(struct cel_run *run, enum cel_op op, const struct cel_value *a,
                             const struct cel_value *b); /* @b NULL for NOT and NEG */

/* a.name of a map or an object (by the field's name); an error for everything else. */
struct cel_value cel_select(struct cel_run *run, const struct cel_value *a, struct str name);

/* has(a.name): false for what is not known; an error when @a is neither map nor object. */
struct cel_value cel_has(struct cel_run *run, const struct cel_value *a, struct str name);

/* "int + string": the kinds of the operands, for "no such overload". */
struct cel_value cel_no_overload(struct cel_run *run, const char *what,
                                 const struct cel_value *args, uint32_t n_args);
