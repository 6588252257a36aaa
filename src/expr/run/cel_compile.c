/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL compile: the door
 *
 * text → tree → checked tree → estimate of its cost → flat program. What only the way needs lies in
 * a scratch arena of the heap, so that a program in its arena is no larger than itself.
 */
#include "expr/cel.h"

#include "expr/run/cel_compiler.h"

enum {
    SCRATCH_FIRST_BYTES = 32 * 1024,
    SCRATCH_LIMIT_BYTES = 256 * 1024 * 1024,
    FOLD_STEPS = 10000, /* and one for each byte of the text */
};

static const struct cel_options no_options;

static const struct cel_checked *check_text(const struct cel_env *env, struct str text,
                                            const struct cel_options *options,
                                            struct arena *scratch, struct cel_faults *faults)
{
    const struct cel_ast *ast = cel_parse(text, cel_env_limits_of(env), scratch, faults);
    return ast ? cel_check(env, ast, options ? options : &no_options, scratch, faults) : NULL;
}

static const void *no_room(struct cel_faults *faults)
{
    cel_fault_add(faults, 0, 0, CEL_SAY(NO_ROOM_TO_COMPILE), CEL_SAY(NOTHING));
    return NULL;
}

/* A fault that names what costs so much. */
static void refuse(struct cel_faults *faults, const struct cel_node *culprit, uint64_t estimated,
                   uint64_t limit)
{
    struct str name = culprit->kind == CEL_NODE_MACRO      ? str_of(cel_macro_name(culprit->macro))
                      : culprit->kind == CEL_NODE_CALL     ? culprit->name
                      : culprit->kind == CEL_NODE_SELECT   ? culprit->name
                      : culprit->kind == CEL_NODE_OPERATOR ? str_of(cel_op_text(culprit->op))
                                                           : (struct str){ 0 };
    char steps[CEL_DIGITS], most[CEL_DIGITS];
    struct str up_to = cel_digits(estimated, steps), allowed = cel_digits(limit, most);
    struct cel_said what;
    if (estimated == UINT64_MAX)
        what = name.at ? CEL_SAY(COST_UNBOUNDED, name, allowed)
                       : CEL_SAY(COST_UNBOUNDED_HERE, allowed);
    else
        what = name.at ? CEL_SAY(COST_TOO_HIGH, name, up_to, allowed)
                       : CEL_SAY(COST_TOO_HIGH_HERE, up_to, allowed);
    cel_fault_add(faults, culprit->offset, 0, what, CEL_SAY(HINT_FEWER));
}

static bool compiler_init(struct cel_compiler *c, const struct cel_env *env,
                          const struct cel_checked *checked, struct arena *scratch,
                          struct arena *keep)
{
    uint32_t n_locals = checked->n_locals + 1;
    *c = (struct cel_compiler){
        .checked = checked,
        .env = env,
        .scratch = scratch,
        .keep = keep,
        .locals = arena_take_array(scratch, cel_operand, n_locals),
        .local_scopes = arena_take_array(scratch, uint32_t, n_locals),
        .local_paths = arena_take_array(scratch, struct str, n_locals),
        .lowest = CEL_NOWHERE,
        .fold_steps = FOLD_STEPS + checked->ast->text.len,
    };
    return c->locals && c->local_scopes && c->local_paths;
}

const struct cel_program *cel_compile(const struct cel_env *env, struct str text,
                                      const struct cel_options *options, struct arena *arena,
                                      struct cel_faults *faults)
{
    AUTO(arena_free) struct arena *scratch = arena_new(SCRATCH_FIRST_BYTES, SCRATCH_LIMIT_BYTES);
    if (!scratch)
        return no_room(faults);
    const struct cel_checked *checked = check_text(env, text, options, scratch, faults);
    if (!checked)
        return NULL;

    const struct cel_node *culprit = NULL;
    uint64_t limit = cel_env_limits_of(env)->estimated_cost;
    uint64_t estimated = cel_estimate(checked, limit, scratch, &culprit);
    if (limit && estimated > limit) {
        refuse(faults, culprit ? culprit : checked->ast->root, estimated, limit);
        return NULL;
    }

    struct cel_compiler c;
    if (!compiler_init(&c, env, checked, scratch, arena))
        return no_room(faults);
    cel_operand result = cel_compile_operand(&c, checked->ast->root);
    cel_emit(&c, checked->ast->root, (struct cel_instr){ .code = CEL_CODE_RETURN, .a = result });
    const struct cel_program *program = c.failed ? NULL : cel_keep(&c, estimated);
    return program ? program : no_room(faults);
}

const struct cel_type *cel_program_type(const struct cel_program *program)
{
    return program->type;
}

uint64_t cel_program_cost(const struct cel_program *program)
{
    return program->estimated;
}

void cel_program_place(const struct cel_program *program, uint32_t offset, uint32_t *ret_line,
                       uint32_t *ret_column)
{
    cel_place(program->text, offset, ret_line, ret_column);
}
