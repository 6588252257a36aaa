/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "expr/cel_type.h"
#include "expr/cel_value.h"

/*
 * CEL environment
 *
 * What an expression may name: variables, functions, classes, the container its names are looked up
 * in; and what it may cost. The standard definitions and the strings, math, bindings and
 * two-variable-comprehension extensions are in every environment. Built on one thread, then
 * immutable and shared by any number of compilations and evaluations; lives in its arena, which
 * must outlive all programs compiled against it.
 */
struct cel_env;
struct cel_run;

/*
 * A function: @args are plain (neither error nor unknown) and of the kinds that its signature
 * admits. What it makes it takes from the run (cel_run.h), and it charges for work that grows with
 * its arguments.
 */
typedef struct cel_value (*cel_function)(struct cel_run *run, const struct cel_value *args,
                                         uint32_t n_args);

/*
 * Time zones by name, so that nothing here does I/O: NULL for one that is not known. Called
 * whenever an expression asks for a zone, also while constants are folded: from any thread, and
 * it must not block. "UTC" and "+09:00" are not asked for.
 */
struct cel_zones {
    const void *(*find)(void *self, struct str name);
    /* Seconds to add to UTC at that instant. */
    int32_t (*offset_s)(const void *zone, int64_t utc_s);
    void *self;
};

struct cel_limits {          /* 0: the default */
    uint32_t text_bytes;     /* 100,000 */
    uint32_t depth;          /* of the syntax tree: 250 */
    uint32_t nested_macros;  /* 12 */
    uint64_t estimated_cost; /* no bound */
    uint64_t cost;           /* of one evaluation: 1,000,000 steps */
};

/* NULL for lack of room; it takes about 60 kB of the arena, and tens of microseconds. */
struct cel_env *cel_env_new(struct arena *arena);

/* "a.b": names are looked for as a.b.x, a.x, x, in that order. ERR_INPUT for what is no name; "" is
 * none. */
MUST_CHECK enum err cel_env_container(struct cel_env *env, struct str name);
void cel_env_zones(struct cel_env *env, struct cel_zones zones);
void cel_env_limits(struct cel_env *env, struct cel_limits limits);

/*
 * A class, before the types that name it. Borrowed; every field has its type. Its name is a value
 * too, of kind type, whose type is @class->type.
 */
MUST_CHECK enum err cel_env_class(struct cel_env *env, const struct cel_class *class,
                                  struct err_note *note);

/*
 * Type text against this environment; NULL with a note, which tells the place:
 *   dyn null bool int uint double string bytes timestamp duration type list map
 *   list(T) map(K, V) type(T)     with types in them
 *   wrapper(int)                  of a kind from bool to bytes: that, or null
 *   cart                          a class
 *   name(T, …), name()            opaque: nothing but functions and == knows it
 *   T, K1                         a parameter (a capital letter and digits), for functions only
 */
const struct cel_type *cel_env_type(struct cel_env *env, struct str text, struct err_note *note);

/* A variable, possibly of a qualified name ("com.example.x"). *ret_slot: its index in the array
 * given to cel_eval. */
MUST_CHECK enum err cel_env_variable(struct cel_env *env, struct str name,
                                     const struct cel_type *type, uint32_t *ret_slot,
                                     struct err_note *note);

/*
 * One overload: "quantity(list(item)) -> int", of a receiver "string.left(int) -> string", with a
 * qualified name "shop.rate(string) -> double", of any number "sum(double...) -> double" (at least
 * one), with parameters "first(list(T)) -> T". Where the name before the last dot is a type, it is
 * the receiver's. At most four arguments.
 * @call NULL: may be checked, not evaluated. @cost: steps of a call (at least 1). Overloads of one
 * name and arity must differ in the kinds of their arguments.
 */
MUST_CHECK enum err cel_env_function(struct cel_env *env, const char *signature, cel_function call,
                                     uint32_t cost, struct err_note *note);

uint32_t cel_env_variables(const struct cel_env *env); /* how many */
