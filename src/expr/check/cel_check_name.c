/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_check_parts.h"
#include "expr/check/cel_guess.h"

/*
 * Names. In the container "a.b" the name x.y stands for a.b.x.y, a.x.y or x.y, whichever is
 * declared first in that order; .x.y only for x.y. Of a chain x.y.z the longest part that is
 * declared as a whole wins, the rest are selections. What a macro or cel.bind made shadows all of
 * this, by its first part.
 */
struct candidates { /* "com.example." + name, "com." + name, name */
    struct checker *c;
    struct str prefix, name, last;
    bool done;
};

static struct candidates candidates_of(struct checker *c, struct str name, struct str last,
                                       bool absolute)
{
    struct str prefix = absolute ? STR("") : cel_env_container_of(c->env);
    return (struct candidates){ .c = c, .prefix = prefix, .name = name, .last = last };
}

static size_t append(char *at, size_t len, struct str part)
{
    if (len)
        at[len++] = '.';
    memcpy(at + len, part.at, part.len);
    return len + part.len;
}

/* False when there is no further; those longer than every declared name are left out. */
static bool next_candidate(struct candidates *them, struct str *ret_name)
{
    while (!them->done) {
        struct str prefix = them->prefix;
        them->done = prefix.len == 0;
        const char *dot = prefix.len ? memrchr(prefix.at, '.', prefix.len) : NULL;
        them->prefix.len = dot ? (size_t) (dot - prefix.at) : 0;
        size_t len = (prefix.len ? prefix.len + 1 : 0) + them->name.len +
                     (them->last.at ? them->last.len + 1 : 0);
        if (len > them->c->longest)
            continue;
        char *at = them->c->candidate;
        size_t used = prefix.len ? append(at, 0, prefix) : 0;
        used = append(at, used, them->name);
        if (them->last.at)
            used = append(at, used, them->last);
        *ret_name = (struct str){ at, used };
        return true;
    }
    return false;
}

const struct local *check_find_local(const struct checker *c, struct str name)
{
    for (const struct local *local = c->locals; local; local = local->outer)
        if (str_eq(local->name, name))
            return local;
    return NULL;
}

const struct cel_family *check_find_family(struct checker *c, struct str name, struct str last,
                                           bool absolute)
{
    struct candidates them = candidates_of(c, name, last, absolute);
    struct str candidate;
    while (next_candidate(&them, &candidate)) {
        const struct cel_family *family = cel_env_family_of(c->env, candidate);
        if (family)
            return family;
    }
    return NULL;
}

/* A variable or the name of a type. */
static bool find_value(struct checker *c, struct str name, bool absolute,
                       struct cel_reference *ret_reference, const struct cel_type **ret_type)
{
    struct candidates them = candidates_of(c, name, (struct str){ NULL, 0 }, absolute);
    struct str candidate;
    while (next_candidate(&them, &candidate)) {
        uint32_t slot = 0;
        const struct cel_variable *variable = cel_env_variable_of(c->env, candidate, &slot);
        const struct cel_type *type = variable ? NULL : cel_env_type_value(c->env, candidate);
        if (!variable && !type)
            continue;
        *ret_reference = (struct cel_reference){
            .kind = variable ? CEL_REFERENCE_VARIABLE : CEL_REFERENCE_TYPE,
            .index = slot,
            .type = type,
        };
        *ret_type = variable ? variable->type : unify_type(&c->unify, type);
        return true;
    }
    return false;
}

bool check_qualified(struct checker *c, const struct cel_node *node, struct str *ret_name,
                     bool *ret_absolute)
{
    size_t len = 0;
    const struct cel_node *root = node;
    for (; root->kind == CEL_NODE_SELECT && !root->is_test; root = root->args[0])
        len += root->name.len + 1;
    len += root->name.len;
    if (root->kind != CEL_NODE_NAME || len > c->longest)
        return false;
    if (!root->absolute && check_find_local(c, root->name))
        return false;
    size_t at = len;
    for (const struct cel_node *part = node;; part = part->args[0]) {
        at -= part->name.len;
        memcpy(c->qualified + at, part->name.at, part->name.len);
        if (part == root)
            break;
        c->qualified[--at] = '.';
    }
    *ret_name = (struct str){ c->qualified, len };
    *ret_absolute = root->absolute;
    return true;
}

bool check_is_known(struct checker *c, const struct cel_node *node)
{
    struct str name;
    bool absolute;
    struct cel_reference reference;
    const struct cel_type *type;
    for (;; node = node->args[0]) {
        if (check_qualified(c, node, &name, &absolute) &&
            find_value(c, name, absolute, &reference, &type))
            return true;
        if (node->kind != CEL_NODE_SELECT || node->is_test)
            return node->kind != CEL_NODE_NAME || check_find_local(c, node->name);
    }
}

static struct cel_said hint_for_name(struct checker *c, const struct cel_node *node)
{
    if (!check_may_hint(c))
        return CEL_SAY(NOTHING);
    struct str whole = node->name;
    bool absolute;
    if (c->chain)
        check_qualified(c, c->chain, &whole, &absolute);
    /* a.b.c is one wrong name, or a.b is, or a: the longest that is near to something. */
    while (whole.len) {
        struct cel_guess guess = cel_guess_begin(whole);
        for (uint32_t i = 0; i < c->env->n_variables; i++)
            cel_guess_try(&guess, c->env->variables[i].name);
        for (const struct local *local = c->locals; local; local = local->outer)
            cel_guess_try(&guess, local->name);
        if (guess.best.at)
            return check_did_you_mean(c, (struct str){ NULL, 0 }, guess.best);
        const char *dot = memrchr(whole.at, '.', whole.len);
        whole.len = dot ? (size_t) (dot - whole.at) : 0;
    }
    if (cel_env_family_of(c->env, node->name))
        return CEL_SAY(HINT_CALL_IT);
    return CEL_SAY(NOTHING);
}

const struct cel_type *check_name(struct checker *c, const struct cel_node *node)
{
    const struct local *local = node->absolute ? NULL : check_find_local(c, node->name);
    struct cel_reference *reference = &c->references[node->id];
    const struct cel_type *type = check_dyn();
    if (local) {
        *reference = (struct cel_reference){ .kind = CEL_REFERENCE_LOCAL, .index = local->index };
        return local->type;
    }
    if (find_value(c, node->name, node->absolute, reference, &type))
        return type;
    check_fault(c, node, CEL_SAY(UNDECLARED_NAME, node->name), hint_for_name(c, node));
    return check_dyn();
}

static const struct cel_type *check_field(struct checker *c, const struct cel_node *node,
                                          const struct cel_class *class)
{
    for (uint32_t i = 0; i < class->n_fields; i++)
        if (str_eq(class->fields[i].name, node->name)) {
            c->references[node->id] =
                (struct cel_reference){ .kind = CEL_REFERENCE_FIELD, .index = i };
            return class->fields[i].type;
        }
    struct cel_said hint = CEL_SAY(NOTHING);
    if (check_may_hint(c)) {
        struct cel_guess guess = cel_guess_begin(node->name);
        for (uint32_t i = 0; i < class->n_fields; i++)
            cel_guess_try(&guess, class->fields[i].name);
        const struct cel_node *of = node->args[0];
        char before[80] = "";
        if (of->kind == CEL_NODE_NAME && of->name.len + 2 < sizeof before) {
            memcpy(before, of->name.at, of->name.len);
            before[of->name.len] = '.';
        }
        hint = check_did_you_mean(c, str_of(before), guess.best);
    }
    check_fault(c, node, CEL_SAY(NO_FIELD, class->name, node->name), hint);
    return check_dyn();
}

static const struct cel_type *check_selection(struct checker *c, const struct cel_node *node,
                                              const struct cel_type *of)
{
    of = unify_look(of);
    if (of->kind == CEL_TYPE_MAP)
        return cel_type_param(of, 1);
    if (of->kind == CEL_TYPE_OBJECT && of->class)
        return check_field(c, node, of->class);
    if (of->kind == CEL_TYPE_OBJECT)
        return check_dyn();
    /* Of an open type anything may be selected; it cannot be something else afterwards. */
    if (!unify_assignable(&c->unify, check_dyn(), of) ||
        (of->kind != CEL_TYPE_DYN && !unify_is_open(of)))
        check_fault(c, node, CEL_SAY(NO_FIELDS, check_type_text(c, of), node->name),
                    CEL_SAY(NOTHING));
    return check_dyn();
}

const struct cel_type *check_select(struct checker *c, const struct cel_node *node)
{
    struct str name;
    bool absolute;
    const struct cel_type *type = NULL;
    if (!node->is_test && check_qualified(c, node, &name, &absolute) &&
        find_value(c, name, absolute, &c->references[node->id], &type))
        return type;

    const struct cel_node *of = node->args[0], *outer = c->chain;
    bool goes_on = of->kind == CEL_NODE_NAME || (of->kind == CEL_NODE_SELECT && !of->is_test);
    c->chain = !goes_on || node->is_test ? NULL : outer ? outer : node;
    const struct cel_type *of_type = check_node(c, of);
    c->chain = outer;
    type = check_selection(c, node, of_type);
    return node->is_test ? cel_type_simple(CEL_TYPE_BOOL) : type;
}

const struct cel_type *check_struct(struct checker *c, const struct cel_node *node)
{
    for (uint32_t i = 0; i < node->n_args; i++)
        check_node(c, node->args[i]);
    struct candidates them = candidates_of(c, node->name, (struct str){ NULL, 0 }, node->absolute);
    struct str candidate;
    while (next_candidate(&them, &candidate))
        if (cel_env_type_value(c->env, candidate)) {
            check_fault(c, node, CEL_SAY(CANNOT_BE_MADE, candidate), CEL_SAY(HINT_FROM_HOST));
            return check_dyn();
        }
    check_fault(c, node, CEL_SAY(UNDECLARED_TYPE, node->name), CEL_SAY(NOTHING));
    return check_dyn();
}
