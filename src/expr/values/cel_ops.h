/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel_ast.h"
#include "expr/cel_run.h"

/*
 * CEL operators
 *
 * What the operators yield for evaluated operands: overflow, division by zero, no such key, index
 * out of range, kinds that do not go together are errors, but not for == and !=: there other kinds
 * are merely different. Operands are plain: the evaluator hands on errors and unknowns before it
 * asks. What they hold need not be: == is false when any two elements are different, else unknown
 * when an element is; `in` is true when any element is equal, else unknown when one is. Work that
 * grows with the operands is charged for here, the step of the operator itself by the evaluator.
 * Not here: && || ?:.
 */
struct cel_value cel_operate(struct cel_run *run, enum cel_op op, const struct cel_value *a,
                             const struct cel_value *b); /* @b NULL for NOT and NEG */

/* ==, as above: CEL_BOOL, or the unknown or error among the elements that leaves it open. @run
 * NULL: not charged. */
struct cel_value cel_equality(struct cel_run *run, const struct cel_value *a,
                              const struct cel_value *b);

/* a.name of a map or an object (by the field's name); an error for everything else. */
struct cel_value cel_select(struct cel_run *run, const struct cel_value *a, struct str name);

/* has(a.name): false for what is not known; an error when @a is neither map nor object. */
struct cel_value cel_has(struct cel_run *run, const struct cel_value *a, struct str name);

/* "int", "timestamp", the name of an object's class. */
struct str cel_kind_name(const struct cel_value *value);

/* "no such overload: int + string", or "… size(int)" when @what is the name of a function. */
struct cel_value cel_no_overload(struct cel_run *run, const char *what,
                                 const struct cel_value *args, uint32_t n_args);
