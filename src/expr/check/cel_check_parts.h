/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/check/cel_checked.h"
#include "expr/check/cel_env_parts.h"
#include "expr/check/cel_unify.h"

/*
 * CEL check, what its parts share
 *
 *   cel_check.c           the door; constants, lists, maps; faults
 *   cel_check_name.c      names, qualified names, fields
 *   cel_check_call.c      functions
 *   cel_check_numbers.c   what math.greatest and math.least take
 *   cel_check_operator.c  operators
 *   cel_check_macro.c     comprehensions and cel.bind
 *
 * Recursive over the tree, whose depth the parser bounds. Each check_… sets the type of its node
 * and, when the node names something, its reference; a node that was at fault is dyn, so that one
 * mistake is told once.
 */
struct local { /* lives on the C stack while its scope is checked */
    const struct local *outer;
    struct str name;
    const struct cel_type *type;
    uint32_t index;
};

struct checker {
    const struct cel_env *env;
    const struct cel_ast *ast;
    struct arena *arena;
    struct cel_faults *faults;
    bool lenient;
    struct cel_unify unify;
    const struct cel_type **types;    /* by node id */
    struct cel_reference *references; /* the same */
    const struct local *locals;       /* the innermost */
    uint32_t n_alive, n_locals;       /* locals in scope now; the most there were */
    /* a.b.c: the outermost selection, while its inner parts are checked */
    const struct cel_node *chain;
    char *qualified, *candidate; /* room for names of @longest bytes */
    size_t longest;
};

/* Sets and returns the type of @node; bound open types in it may still be there. */
const struct cel_type *check_node(struct checker *c, const struct cel_node *node);

const struct cel_type *check_name(struct checker *c, const struct cel_node *node);
const struct cel_type *check_select(struct checker *c, const struct cel_node *node);
const struct cel_type *check_struct(struct checker *c, const struct cel_node *node);
const struct cel_type *check_call(struct checker *c, const struct cel_node *node);
const struct cel_type *check_operator(struct checker *c, const struct cel_node *node);
const struct cel_type *check_macro(struct checker *c, const struct cel_node *node);
const struct cel_type *check_bind(struct checker *c, const struct cel_node *node);

/*
 * What no signature says: math.greatest and math.least take numbers of any kinds, or one list of
 * them that is not []. Of a call of any function that went to one of its overloads; the arguments
 * of it are those of @node from @first on.
 */
void check_numbers(struct checker *c, const struct cel_node *node, uint32_t first);

const struct local *check_find_local(const struct checker *c, struct str name);

/*
 * "a.b.c" of a NAME or a chain of selections, in the checker's room until asked again. False when
 * @node is something else, or the name longer than any that is declared, or its first part a local.
 */
bool check_qualified(struct checker *c, const struct cel_node *node, struct str *ret_name,
                     bool *ret_absolute);

/* False for a chain of names none of whose beginnings stands for a value; true for all else. */
bool check_is_known(struct checker *c, const struct cel_node *node);

/* By the container's rules: the longest first. @last is put behind @name with a dot, unless absent.
 */
const struct cel_family *check_find_family(struct checker *c, struct str name, struct str last,
                                           bool absolute);

/* The type of both, or dyn. @previous NULL: the first. */
const struct cel_type *check_join(struct checker *c, const struct cel_type *previous,
                                  const struct cel_type *current);

/*
 * A fault unless it is a bool. @what: one of the messages that
 * say so; its last argument is the type.
 */
void check_wants_bool(struct checker *c, const struct cel_node *node, struct cel_said what);

/* Nothing when checking leniently. */
void check_fault(struct checker *c, const struct cel_node *node, struct cel_said what,
                 struct cel_said hint);
bool check_may_hint(const struct checker *c); /* is a fault of now worth a hint: will it be kept? */

/* "list(int)", with what stays open as dyn; in the checker's arena. */
struct str check_type_text(struct checker *c, const struct cel_type *type);
/* "did you mean '…'?"; CEL_SAYS_NOTHING for an absent @name. */
struct cel_said check_did_you_mean(struct checker *c, struct str before, struct str name);

static inline const struct cel_type *check_dyn(void)
{
    return cel_type_simple(CEL_TYPE_DYN);
}
