/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel.h"
#include "expr/cel_ast.h"

/*
 * CEL, checked
 *
 * Between the checker and the compiler: for each node, by its id, its type and what its name stands
 * for.
 *
 * A type is a promise about the value, if there is one: its kind is among cel_type_kinds(type), or
 * it is null where the type is a timestamp, a duration, an object or opaque. It is no promise that
 * operands go together: a dyn one may still be of a kind that no overload takes.
 *
 * With lenient checking nothing that types or names have to say is a fault: an operation whose
 * types do not go together is dyn (or bool, for a comparison), and a name or function that does not
 * exist has the reference NONE. Both are errors when they are evaluated, which && || and ?: may
 * absorb.
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
    CEL_REFERENCE_NONE,     /* none is needed; or not declared, and checked leniently */
    CEL_REFERENCE_VARIABLE, /* NAME or SELECT: variable @index, whole of a possibly qualified name
                             */
    CEL_REFERENCE_LOCAL,    /* NAME: local @index, made by a MACRO or BIND */
    CEL_REFERENCE_TYPE,     /* NAME or SELECT: @type as a value */
    CEL_REFERENCE_FIELD,    /* SELECT: field @index of the class that args[0] is known to be */
    CEL_REFERENCE_CALL,     /* CALL: one of @overloads, by the kinds of the arguments */
    CEL_REFERENCE_LOCALS,   /* MACRO, BIND: @index is its first variable's local, @index + 1 the
                               second's */
};

struct cel_reference {
    enum cel_reference_kind kind;
    uint32_t index;
    const struct cel_type *type;
    /* Those that may fit, in the order of declaration: by kinds, the first that does is called. */
    const struct cel_overload *const *overloads;
    uint32_t n_overloads;
    bool qualified; /* CALL: is_member was written, but args[0] is the first part of the function's
                       name: no argument */
};

struct cel_checked {
    const struct cel_ast *ast;
    const struct cel_type *const *types; /* by node id; never NULL */
    const struct cel_reference *references;
    uint32_t n_locals;           /* two that are not in scope at the same time may share an index */
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
/* All overloads of that name, members or not, that can take so many arguments (the receiver
 * counts). */
uint32_t cel_env_overloads(const struct cel_env *env, struct str name, bool is_member,
                           uint32_t n_args, const struct cel_overload *const **ret_overloads);
const struct cel_class *cel_env_class_of(const struct cel_env *env, struct str name);
struct str cel_env_container_of(const struct cel_env *env);
const struct cel_limits *cel_env_limits_of(const struct cel_env *env); /* defaults put in */
const struct cel_zones *cel_env_zones_of(const struct cel_env *env);
