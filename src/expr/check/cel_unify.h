/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "expr/check/cel_checked.h"

/*
 * CEL unification
 *
 * Which types go together, and what that says of types not known yet. An open type (unify_fresh)
 * stands for one that is still looked for: the elements of [], the T of an overload. Asking whether
 * a type may be assigned to another binds the open ones in both; when the answer is no, nothing was
 * bound. dyn goes with everything; where two bindings meet, the more general one stays.
 *
 * All work is counted: past @steps everything is assignable and unknown parts are dyn, so that
 * no expression, however it nests its types, takes long. The checker then reports @exhausted.
 */
struct cel_unify {
    struct arena *arena;
    uint64_t steps; /* left */
    bool exhausted; /* the steps ran out */
    bool no_room;   /* the arena is full */
    /* every binding made, the newest first: what an attempt that failed takes back */
    struct binding *trail;
    struct binding *spare;
};

void unify_init(struct cel_unify *u, struct arena *arena, uint64_t steps);

const struct cel_type *unify_fresh(struct cel_unify *u);
bool unify_is_open(const struct cel_type *type); /* also when it is bound by now */

bool unify_assignable(struct cel_unify *u, const struct cel_type *from, const struct cel_type *to);

/* All of them together, or nothing is bound. */
bool unify_assignable_all(struct cel_unify *u, const struct cel_type *const *from,
                          const struct cel_type *const *to, uint32_t n);

/* Bound open types replaced by what they stand for; @final: the others by dyn. */
const struct cel_type *unify_resolve(struct cel_unify *u, const struct cel_type *type, bool final);

/* Only the outermost: a list(T) stays one, a T that stands for a list becomes that. Never
 * allocates. */
const struct cel_type *unify_look(const struct cel_type *type);

/* Of two that go together: the one that admits more. */
const struct cel_type *unify_general(struct cel_unify *u, const struct cel_type *a,
                                     const struct cel_type *b);

/* Does @a admit whatever @b admits? dyn and an open type admit all. */
bool unify_covers(struct cel_unify *u, const struct cel_type *a, const struct cel_type *b);

/*
 * Types of one overload with fresh open types for its parameters (T, K): a struct for each call
 * that is tried. @closed: a parameter not met before is dyn.
 */
enum { UNIFY_MAX_NAMES = 8 };
struct cel_unify_names {
    struct str names[UNIFY_MAX_NAMES];
    const struct cel_type *types[UNIFY_MAX_NAMES];
    uint32_t count;
    bool closed;
};
const struct cel_type *unify_instance(struct cel_unify *u, struct cel_unify_names *names,
                                      const struct cel_type *type);

/* Never NULL: dyn for lack of room. */
const struct cel_type *unify_list(struct cel_unify *u, const struct cel_type *element);
const struct cel_type *unify_map(struct cel_unify *u, const struct cel_type *key,
                                 const struct cel_type *value);
const struct cel_type *unify_type(struct cel_unify *u, const struct cel_type *of);
