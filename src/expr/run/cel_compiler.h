/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/check/cel_checked.h"
#include "expr/run/cel_program.h"

/*
 * CEL compiler
 *
 * A checked tree on its way to a flat program. Private to cel_compile*.c and cel_fold.c. Code,
 * constants and everything else grow in a scratch arena that ends with the compilation; what stays
 * is copied at its end (cel_compile_keep.c), save for names behind dots and callees, which are put
 * where they stay at once.
 *
 * Each node is folded as soon as its code stands: code that depends on nothing outside is run, and
 * its result takes its place. So constants grow from the leaves and no pass over the tree is needed
 * before.
 */
struct cel_compiler {
    const struct cel_checked *checked;
    const struct cel_env *env;
    struct arena *scratch, *keep;

    struct cel_instr *code;
    uint32_t *offsets; /* beside code */
    uint32_t n_code, code_room;
    struct cel_value *constants;
    uint32_t n_constants, constants_room;

    cel_operand *locals; /* where each local stands */
    uint32_t *local_scopes;
    struct str *local_paths;
    uint32_t top, n_registers; /* registers in use, at most */
    uint32_t loops, n_loops;   /* loops that are open, at most */
    uint32_t scope;            /* macros and binds that are open */
    uint32_t lowest;           /* scope of the outermost thing that the code reads: 0 a variable */

    uint64_t fold_steps; /* what folding may still cost */
    bool failed;         /* no room */
};

#define CEL_NOWHERE UINT32_MAX

enum { CEL_SET_FROM = 9 }; /* elements of a constant list that `in` hashes */

/* Its number; jumps to it and from it are counted from there. */
uint32_t cel_emit(struct cel_compiler *c, const struct cel_node *node, struct cel_instr instr);
/* Where it keeps its jump. */
int32_t *cel_jump_of(struct cel_instr *instr);
/* The jump of @at goes to the next instruction to be emitted. */
void cel_land(struct cel_compiler *c, uint32_t at);
cel_operand cel_add_constant(struct cel_compiler *c, struct cel_value value);
cel_operand cel_add_error(struct cel_compiler *c, const struct cel_node *node, const char *what,
                          struct str name);
/* A register that is free until the next cel_release of one below it. */
cel_operand cel_acquire(struct cel_compiler *c);
static inline bool cel_is_constant(cel_operand operand)
{
    return cel_operand_where(operand) == CEL_CONSTANT;
}

static inline const struct cel_reference *cel_reference_of(const struct cel_compiler *c,
                                                           const struct cel_node *node)
{
    return &c->checked->references[node->id];
}

static inline void cel_release(struct cel_compiler *c, uint32_t top)
{
    c->top = top;
}

/* The value of @node: @dst, or wherever it is already. */
cel_operand cel_compile_node(struct cel_compiler *c, const struct cel_node *node, cel_operand dst);
/* The value of @node, in a register that it acquires when one is needed. */
cel_operand cel_compile_operand(struct cel_compiler *c, const struct cel_node *node);
/* … in @dst for certain. */
void cel_compile_into(struct cel_compiler *c, const struct cel_node *node, cel_operand dst);
/* Code that decides by @node, as @mode says; the number of the instruction whose jump is to land.
 */
uint32_t cel_compile_condition(struct cel_compiler *c, const struct cel_node *node, cel_operand dst,
                               enum cel_mode mode);
/*
 * The same for what ends in a bool of its own making, in one instruction; CEL_NOWHERE, and nothing
 * is emitted, when @node is nothing of that kind.
 */
uint32_t cel_compile_decision(struct cel_compiler *c, const struct cel_node *node, cel_operand dst,
                              enum cel_mode mode);
void cel_compile_logic(struct cel_compiler *c, const struct cel_node *node, cel_operand dst);
void cel_compile_macro(struct cel_compiler *c, const struct cel_node *node, cel_operand dst);
cel_operand cel_compile_bind(struct cel_compiler *c, const struct cel_node *node, cel_operand dst);

/* A SELECT of a field whose class is known. */
bool cel_is_field(const struct cel_compiler *c, const struct cel_node *node);
const struct cel_member *cel_member_of(struct cel_compiler *c, const struct cel_node *node);

/* "cart.items[].price", or absent for what has no name. In the arena that stays. */
struct str cel_path_of(struct cel_compiler *c, const struct cel_node *node);

/* The code from @mark reads nothing outside: run it. True: it is gone, and *ret_operand has what it
 * made. */
bool cel_fold(struct cel_compiler *c, uint32_t mark, uint32_t constants_mark, cel_operand from,
              cel_operand *ret_operand);
/* The same for the same arguments, whenever called. */
bool cel_is_pure(const struct cel_reference *reference);

/* The program, with all that it needs, in the arena that stays; NULL for lack of room. */
const struct cel_program *cel_keep(struct cel_compiler *c, uint64_t estimated);
const struct cel_type *cel_keep_type(struct arena *arena, const struct cel_type *type);

/* Steps at most, UINT64_MAX when not bounded; *ret_culprit: the smallest part that alone passes
 * @limit, if any. */
uint64_t cel_estimate(const struct cel_checked *checked, uint64_t limit, struct arena *scratch,
                      const struct cel_node **ret_culprit);
