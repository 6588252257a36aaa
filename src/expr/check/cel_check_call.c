/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_check_parts.h"
#include "expr/check/cel_guess.h"
#include "expr/check/cel_type_text.h"

/*
 * Calls. a.b.f(x) is the function a.b.f when there is one, else f of the receiver a.b; a local
 * named a is the receiver first, and hides a.b.f only where there is an f for it. All
 * overloads that the types admit are kept, in the order of declaration: a dyn argument may leave
 * several. The evaluator takes the first whose kinds fit, so nothing behind one that surely fits is
 * kept: math.greatest(1, 2) is an int although one for dyn is there.
 */
enum { SIGNATURES_SHOWN = 4 };

struct call {
    const struct cel_node *node;
    const struct cel_family *family; /* NULL: no such function */
    bool is_member;                  /* after a qualified name has taken the receiver away */
    const struct cel_type **args;    /* types; the receiver first */
    const struct cel_type **params;  /* room for those of an overload */
    uint32_t n_args;
};

static struct str signatures_of(struct checker *c, const struct cel_family *family)
{
    struct out out;
    out_init(&out, c->arena, 160);
    const struct cel_overload *shown[SIGNATURES_SHOWN];
    uint32_t n = 0;
    for (uint32_t g = 0; g < 2 * CEL_ARITIES; g++) {
        const struct cel_overload_group *group = &family->groups[g / CEL_ARITIES][g % CEL_ARITIES];
        for (uint32_t i = 0; i < group->count; i++) {
            uint32_t k = 0;
            while (k < n && k < SIGNATURES_SHOWN && shown[k] != group->list[i])
                k++;
            if (k < n && k < SIGNATURES_SHOWN)
                continue; /* one that takes any number is in many groups */
            if (n < SIGNATURES_SHOWN) {
                out_text(&out, n ? STR("; ") : STR(""));
                cel_signature_print(group->list[i], &out);
                shown[n] = group->list[i];
            } else if (n == SIGNATURES_SHOWN) {
                out_text(&out, STR("; …"));
            }
            n++;
        }
    }
    return out.failed ? (struct str){ NULL, 0 } : out_str(&out);
}

/* "string.startsWith(int)", "size(int)": the call as it was written, in types. */
static struct str call_text(struct checker *c, const struct call *call)
{
    struct out out;
    out_init(&out, c->arena, 64);
    uint32_t i = 0;
    if (call->is_member) {
        out_text(&out, check_type_text(c, call->args[i++]));
        out_char(&out, '.');
    }
    out_text(&out, call->family->name);
    out_char(&out, '(');
    for (uint32_t first = i; i < call->n_args; i++) {
        out_text(&out, i > first ? STR(", ") : STR(""));
        out_text(&out, check_type_text(c, call->args[i]));
    }
    out_char(&out, ')');
    return out.failed ? call->family->name : out_str(&out);
}

/* An overload of this family whose types go with the arguments' binds what is open in them. */
static const struct cel_type *try_overload(struct checker *c, struct call *call,
                                           const struct cel_overload *overload)
{
    struct cel_unify_names names = { .count = 0 };
    for (uint32_t i = 0; i < call->n_args; i++) {
        uint32_t p = i < overload->n_params ? i : overload->n_params - 1;
        call->params[i] = unify_instance(&c->unify, &names, overload->params[p]);
    }
    if (!unify_assignable_all(&c->unify, call->args, call->params, call->n_args))
        return NULL;
    names.closed = overload->call != NULL; /* a result that no argument tells of is any value */
    return unify_resolve(&c->unify, unify_instance(&c->unify, &names, overload->result), false);
}

/* After try_overload: whatever the arguments turn out to be, it fits. */
static bool is_sure(struct checker *c, const struct call *call)
{
    for (uint32_t i = 0; i < call->n_args; i++)
        if (!unify_covers(&c->unify, call->params[i], unify_look(call->args[i])))
            return false;
    return true;
}

static const struct cel_type *resolve(struct checker *c, struct call *call,
                                      const struct cel_overload *const *candidates, uint32_t n)
{
    struct cel_reference *reference = &c->references[call->node->id];
    const struct cel_overload **fits = arena_take_array(c->arena, const struct cel_overload *, n);
    const struct cel_type *type = NULL;
    uint32_t n_fits = 0;
    if (!fits) {
        c->unify.no_room = true;
        return check_dyn();
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct cel_type *result = try_overload(c, call, candidates[i]);
        if (!result)
            continue;
        fits[n_fits++] = candidates[i];
        type = !type || cel_type_same(type, result) ? result : check_dyn();
        if (is_sure(c, call))
            break;
    }
    if (n_fits == 0 && c->lenient) /* the evaluator will say so, if it gets there */
        *reference = (struct cel_reference){ .kind = CEL_REFERENCE_CALL,
                                             .overloads = candidates,
                                             .n_overloads = n };
    if (n_fits)
        *reference = (struct cel_reference){ .kind = CEL_REFERENCE_CALL,
                                             .overloads = fits,
                                             .n_overloads = n_fits };
    reference->qualified = call->node->is_member && !call->is_member;
    return type;
}

static struct str near_function(struct checker *c, struct str name)
{
    struct cel_guess guess = cel_guess_begin(name);
    for (uint32_t i = 0; i < c->env->n_families; i++)
        cel_guess_try(&guess, c->env->families[i].name);
    return guess.best;
}

static void unknown_function(struct checker *c, const struct cel_node *node, struct str name)
{
    struct str near = check_may_hint(c) ? near_function(c, name) : (struct str){ NULL, 0 };
    check_fault(c, node, CEL_SAY(UNDECLARED_FUNCTION, name),
                check_did_you_mean(c, (struct str){ NULL, 0 }, near));
}

/* Looks for the function of a call, and takes a receiver away that is only the first part of its
 * name. */
static void find_function(struct checker *c, struct call *call)
{
    const struct cel_node *node = call->node;
    const struct str none = { NULL, 0 };
    struct str name;
    bool absolute = node->absolute;
    if (node->is_member && check_qualified(c, node->args[0], &name, &absolute)) {
        call->family = check_find_family(c, name, node->name, absolute);
        call->is_member = !call->family;
    }
    if (!call->family)
        call->family = check_find_family(c, node->name, none, !node->is_member && node->absolute);
    if (!call->family && node->is_member) {
        const struct local *locals = c->locals;
        c->locals = NULL;
        if (check_qualified(c, node->args[0], &name, &absolute))
            call->family = check_find_family(c, name, node->name, absolute);
        c->locals = locals;
        call->is_member = !call->family;
    }
}

/*
 * "maths.abs(1)", when nothing is called maths: a function was meant rather than a receiver, unless
 * there is a function abs of receivers and none that is named nearly so.
 */
static bool is_stray(struct checker *c, const struct call *call, struct str *ret_name)
{
    struct str name;
    bool absolute;
    if (c->lenient || !call->is_member || check_is_known(c, call->node->args[0]) ||
        !check_qualified(c, call->node->args[0], &name, &absolute))
        return false;
    struct out out;
    out_init(&out, c->arena, 64);
    out_printf(&out, "%.*s.%.*s", STR_ARG(name), STR_ARG(call->node->name));
    *ret_name = out_str(&out);
    return !out.failed && (!call->family || near_function(c, *ret_name).at);
}

static bool call_init(struct checker *c, struct call *call)
{
    uint32_t n = call->node->n_args + 1;
    call->args = arena_take_array(c->arena, const struct cel_type *, n);
    call->params = arena_take_array(c->arena, const struct cel_type *, n);
    c->unify.no_room = c->unify.no_room || !call->args || !call->params;
    return call->args && call->params;
}

/* Types of all arguments: of the receiver too, unless it is the first part of the function's name.
 */
static void check_args(struct checker *c, struct call *call)
{
    const struct cel_node *outer = c->chain;
    c->chain = NULL;
    for (uint32_t i = call->node->is_member && !call->is_member; i < call->node->n_args; i++)
        call->args[call->n_args++] = check_node(c, call->node->args[i]);
    c->chain = outer;
}

const struct cel_type *check_call(struct checker *c, const struct cel_node *node)
{
    struct call call = { .node = node, .is_member = node->is_member };
    struct str name = node->name;
    if (!call_init(c, &call))
        return check_dyn();
    find_function(c, &call);
    bool stray = is_stray(c, &call, &name);
    if (stray)
        call.is_member = false; /* so that its receiver is no second fault */
    check_args(c, &call);
    if (stray || !call.family) {
        unknown_function(c, node, name);
        return check_dyn();
    }
    const struct cel_overload *const *candidates = NULL;
    uint32_t n =
        cel_env_overloads(c->env, call.family->name, call.is_member, call.n_args, &candidates);
    const struct cel_type *type = n ? resolve(c, &call, candidates, n) : NULL;
    if (type) {
        check_numbers(c, node, node->is_member && !call.is_member);
        return type;
    }
    bool shown = check_may_hint(c);
    struct str text = shown ? call_text(c, &call) : node->name;
    struct str known = shown ? signatures_of(c, call.family) : (struct str){ NULL, 0 };
    check_fault(c, node, CEL_SAY(NO_OVERLOAD, text),
                known.at ? CEL_SAY(HINT_OVERLOADS, known) : CEL_SAY(NOTHING));
    return check_dyn();
}
