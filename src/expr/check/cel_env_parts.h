/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/check/cel_checked.h"
#include "expr/check/cel_names.h"

/*
 * CEL environment, its parts
 *
 * For cel_env.c, which fills them, and for the checker, which looks through the names for the one
 * that was meant.
 */
enum { CEL_ARITIES = CEL_MAX_ARGS + 2 }; /* 0 … CEL_MAX_ARGS arguments, and more */

struct cel_overload_group {
    const struct cel_overload **list; /* in the order of declaration */
    uint32_t count, room;
};

/* All overloads of a name. */
struct cel_family {
    struct str name;
    struct cel_overload_group groups[2]
                                    [CEL_ARITIES]; /* [is_member][arguments, with the receiver] */
};

struct cel_env {
    struct arena *arena;
    struct str container; /* "a.b", or empty */
    struct cel_limits limits;
    struct cel_zones zones;
    struct cel_variable *variables; /* by slot */
    uint32_t n_variables, room_variables;
    const struct cel_class **classes;
    uint32_t n_classes, room_classes;
    struct cel_family *families; /* in the order of their first declaration */
    uint32_t n_families, room_families;
    struct cel_names variable_names, class_names, family_names; /* numbers: places in the arrays */
};

/* NULL when no function has that name. */
const struct cel_family *cel_env_family_of(const struct cel_env *env, struct str name);

/* What a name of a type stands for as a value: "int", "google.protobuf.Timestamp", a class. NULL:
 * nothing. */
const struct cel_type *cel_env_type_value(const struct cel_env *env, struct str name);
