/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/check/cel_unify.h"

/*
 * CEL unification: parts
 *
 * What its two files share: binding (cel_unify.c) and which of two types is the more general
 * (cel_unify_general.c).
 */
enum { UNIFY_DEPTH = 64 };

static inline const struct cel_type *unify_dyn(void)
{
    return cel_type_simple(CEL_TYPE_DYN);
}

/* A look at a part more; false: no steps are left. */
bool unify_step(struct cel_unify *u);

/* How many parameters a type has, also when they were left out. */
uint32_t unify_params_of(const struct cel_type *type);

/* Whether null is one of its values: of wrapper(…), and of what a host may leave out. */
bool unify_admits_null(const struct cel_type *type);
