/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel.h"
#include "expr/cel_ast.h"

/*
 * CEL, checked
 *
 * Between the checker and the compiler: for each node, by its id, its type and what its name stands for.
 * With lenient checking types are best guesses and wrong ones no faults; names are resolved all the same.
 */
enum { CEL_MAX_ARGS = 4 };

struct cel_overload {
    struct str name; /* "startsWith", "math.greatest" */
    bool is_member;
    bool rest; /* the last parameter may be repeated */
    uint32_t n_params;
    const struct cel_type *params[CEL_MAX_ARGS];
    const struct cel_type *result;
    uint32_t kinds[CEL_MAX_ARGS]; /* cel_type_kinds of each parameter */
    cel_function call;            /* NULL: cannot be evaluated */
    uint32_t cost;
};

enum cel_reference_kind {
    CEL_REFERENCE_NONE,
    CEL_REFERENCE_VARIABLE, /* NAME or SELECT: variable @index, whole of a possibly qualified name */
    CEL_REFERENCE_LOCAL,    /* NAME: local @index, made by a MACRO or BIND */
    CEL_REFERENCE_TYPE,     /* NAME or SELECT: @type as a value */
    CEL_REFERENCE_FIELD,    /* SELECT: field @index of the class that args[0] is known to be */
    CEL_REFERENCE_CALL,     /* CALL: one of @overloads, by the kinds of the arguments */
    CEL_REFERENCE_LOCALS, /* MACRO, BIND: @index is its first variable's local, @index + 1 the second's */
};

struct cel_reference {
    enum cel_reference_kind kind;
    uint32_t index;
    const struct cel_type *type;
    const struct cel_overload *const
        *overloads; /* those that may fit, in the order of declaration */
    uint32_t n_overloads;
    bool
        qualified; /* CALL: is_member was written, but args[0] is the first part of the function's name: no argument */
};

struct cel_checked {
    const struct cel_ast *ast;
    const struct cel_type *const *types; /* by node id; never NULL */
    const struct cel_reference *references;
    uint32_t n_locals;
    const struct cel_type *type; /* of the whole; parameters that stayed open are dyn */
};

/* NULL with faults. Everything in @arena. */
const struct cel_checked *cel_check(const struct cel_env *env, const struct cel_ast *ast,
                                    const struct cel_options *options, struct arena *arena,
                                    struct cel_faults *faults);

/* The inside of an environment, for checker and evaluator. */
struct cel_variable {
    struct str name;
    const struct cel_type *type;
};

const struct cel_variable *cel_env_variable_of(const struct cel_env *env, struct str name,
                                               uint32_t *ret_slot);
/* All overloads of that name and of that many arguments (the receiver counts), members or not. */
uint32_t cel_env_overloads(const struct cel_env *env, struct str name, bool is_member,
                           uint32_t n_args, const struct cel_overload *const **ret_overloads);
const struct cel_class *cel_env_class_of(const struct cel_env *env, struct str name);
struct str cel_env_container_of(const struct cel_env *env);
const struct cel_limits *cel_env_limits_of(const struct cel_env *env); /* defaults put in */
const struct cel_zones *cel_env_zones_of(const struct cel_env *env);
