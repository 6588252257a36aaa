/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_check_parts.h"

/*
 * The types follow cel-go's checker, so that an expression means here what it means there: lists
 * and maps of mixed elements are of dyn, operators and functions are resolved by unification, and
 * every overload that may fit the known types is kept for the evaluator. Two things are stricter or
 * sounder on purpose: a key of a map that can be none is a fault, and the common type of map(dyn,
 * int) and map(string, dyn) is map(dyn, dyn).
 */
enum {
    STEPS_PER_NODE = 300, /* an order of numbers, with its 13 overloads, is 30 */
    STEPS_AT_LEAST = 500000,
};

void check_fault(struct checker *c, const struct cel_node *node, struct cel_said what,
                 struct cel_said hint)
{
    if (c->lenient || c->unify.exhausted) /* nothing fits any more, and that is said once */
        return;
    uint32_t length =
        node->kind == CEL_NODE_OPERATOR && node->op != CEL_OP_IF && node->op != CEL_OP_INDEX
            ? (uint32_t) strlen(cel_op_text(node->op))
        : node->name.len ? (uint32_t) node->name.len
                         : 1;
    cel_fault_add(c->faults, node->offset, length, what, hint);
}

bool check_may_hint(const struct checker *c)
{
    return !c->lenient && c->faults->count < CEL_FAULTS_MAX;
}

struct str check_type_text(struct checker *c, const struct cel_type *type)
{
    struct out out;
    out_init(&out, c->arena, 32);
    cel_type_print(unify_resolve(&c->unify, type, true), &out);
    return out.failed ? STR("?") : out_str(&out);
}

struct cel_said check_did_you_mean(struct checker *c, struct str before, struct str name)
{
    if (!name.at)
        return CEL_SAY(NOTHING);
    struct out out;
    out_init(&out, c->arena, 64);
    out_text(&out, before);
    out_text(&out, name);
    return out.failed ? CEL_SAY(NOTHING) : CEL_SAY(HINT_DID_YOU_MEAN, out_str(&out));
}

void check_wants_bool(struct checker *c, const struct cel_node *node, struct cel_said what)
{
    const struct cel_type *type = c->types[node->id];
    if (unify_assignable(&c->unify, type, cel_type_simple(CEL_TYPE_BOOL)))
        return;
    what.args[what.args[0].at ? 1 : 0] = check_type_text(c, type);
    check_fault(c, node, what, CEL_SAY(NOTHING));
}

const struct cel_type *check_join(struct checker *c, const struct cel_type *previous,
                                  const struct cel_type *current)
{
    if (!previous)
        return current;
    if (!unify_assignable(&c->unify, previous, current))
        return check_dyn();
    return unify_general(&c->unify, previous, current);
}

static const struct cel_type *check_const(const struct cel_node *node)
{
    return cel_type_of(&node->constant);
}

static const struct cel_type *check_list(struct checker *c, const struct cel_node *node)
{
    const struct cel_type *element = NULL;
    for (uint32_t i = 0; i < node->n_args; i++)
        element = check_join(c, element, check_node(c, node->args[i]));
    return unify_list(&c->unify, element ? element : unify_fresh(&c->unify));
}

static void check_key(struct checker *c, const struct cel_node *node, const struct cel_type *type)
{
    const uint32_t keys = 1u << CEL_BOOL | 1u << CEL_INT | 1u << CEL_UINT | 1u << CEL_STRING;
    type = unify_look(type);
    if (!(cel_type_kinds(type) & keys))
        check_fault(c, node, CEL_SAY(KEY_TYPE, check_type_text(c, type)), CEL_SAY(NOTHING));
}

static const struct cel_type *check_map(struct checker *c, const struct cel_node *node)
{
    const struct cel_type *key = NULL, *value = NULL;
    for (uint32_t i = 0; i + 1 < node->n_args; i += 2) {
        const struct cel_type *type = check_node(c, node->args[i]);
        check_key(c, node->args[i], type);
        key = check_join(c, key, type);
        value = check_join(c, value, check_node(c, node->args[i + 1]));
    }
    if (!key) {
        key = unify_fresh(&c->unify);
        value = unify_fresh(&c->unify);
    }
    return unify_map(&c->unify, key, value);
}

const struct cel_type *check_node(struct checker *c, const struct cel_node *node)
{
    const struct cel_type *type = check_dyn();
    switch (node->kind) {
    case CEL_NODE_CONST: type = check_const(node); break;
    case CEL_NODE_NAME: type = check_name(c, node); break;
    case CEL_NODE_SELECT: type = check_select(c, node); break;
    case CEL_NODE_CALL: type = check_call(c, node); break;
    case CEL_NODE_OPERATOR: type = check_operator(c, node); break;
    case CEL_NODE_LIST: type = check_list(c, node); break;
    case CEL_NODE_MAP: type = check_map(c, node); break;
    case CEL_NODE_STRUCT: type = check_struct(c, node); break;
    case CEL_NODE_MACRO: type = check_macro(c, node); break;
    case CEL_NODE_BIND: type = check_bind(c, node); break;
    }
    return c->types[node->id] = type;
}

static bool checker_init(struct checker *c)
{
    uint32_t n = c->ast->n_nodes;
    const struct cel_env *env = c->env;
    const size_t lengths[] = { env->variable_names.longest, env->class_names.longest,
                               env->family_names.longest,
                               cel_type_simple(CEL_TYPE_TIMESTAMP)->name.len };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        c->longest = lengths[i] > c->longest ? lengths[i] : c->longest;
    c->types = arena_take_array(c->arena, const struct cel_type *, n + 1);
    c->references = arena_take_array(c->arena, struct cel_reference, n + 1);
    c->qualified = arena_take_raw(c->arena, c->longest + 1);
    c->candidate = arena_take_raw(c->arena, c->longest + 1);
    if (!c->types || !c->references || !c->qualified || !c->candidate)
        return false;
    for (uint32_t i = 0; i < n; i++)
        c->types[i] = check_dyn();
    unify_init(&c->unify, c->arena, STEPS_AT_LEAST + (uint64_t) n * STEPS_PER_NODE);
    return true;
}

static void check_want(struct checker *c, const struct cel_type *want)
{
    const struct cel_node *root = c->ast->root;
    const struct cel_type *type = c->types[root->id];
    if (want && !unify_assignable(&c->unify, type, want))
        check_fault(c, root,
                    CEL_SAY(RESULT_TYPE, check_type_text(c, type), check_type_text(c, want)),
                    CEL_SAY(NOTHING));
}

static const struct cel_checked *no_room(struct cel_faults *faults)
{
    cel_fault_add(faults, 0, 0, CEL_SAY(NO_ROOM_TO_CHECK), CEL_SAY(NOTHING));
    return NULL;
}

const struct cel_checked *cel_check(const struct cel_env *env, const struct cel_ast *ast,
                                    const struct cel_options *options, struct arena *arena,
                                    struct cel_faults *faults)
{
    struct checker c = { .env = env,
                         .ast = ast,
                         .arena = arena,
                         .faults = faults,
                         .lenient = options && options->lenient };
    uint32_t faults_before = faults->count;
    struct cel_checked *checked = arena_take(arena, sizeof *checked);
    if (!checked || !checker_init(&c))
        return no_room(faults);
    check_node(&c, ast->root);
    check_want(&c, options ? options->want : NULL);
    for (uint32_t i = 0; i < ast->n_nodes && faults->count == faults_before; i++)
        c.types[i] = unify_resolve(&c.unify, c.types[i], true);
    if (c.unify.no_room)
        return no_room(faults);
    if (c.unify.exhausted)
        cel_fault_add(faults, ast->root->offset, 0, CEL_SAY(TYPES_TOO_LARGE), CEL_SAY(NOTHING));
    if (faults->count != faults_before)
        return NULL;
    *checked = (struct cel_checked){ .ast = ast,
                                     .types = c.types,
                                     .references = c.references,
                                     .n_locals = c.n_locals,
                                     .type = c.types[ast->root->id] };
    return checked;
}

const struct cel_type *cel_check_text(const struct cel_env *env, struct str text,
                                      const struct cel_options *options, struct arena *arena,
                                      struct cel_faults *faults)
{
    const struct cel_ast *ast = cel_parse(text, cel_env_limits_of(env), arena, faults);
    const struct cel_checked *checked = ast ? cel_check(env, ast, options, arena, faults) : NULL;
    return checked ? checked->type : NULL;
}
