/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/check/cel_unify_parts.h"

/*
 * An open type is a struct open, whose first part is the cel_type that everyone else sees. Types shared by many
 * (cel.bind(a, {x: x}, cel.bind(b, {a: a}, …))) are trees of exponential size when they are walked, so every walk counts
 * its steps and has a greatest depth: two types that deep do not go together, and what a result has below is dyn.
 */
enum {
    RESOLVE_PARTS = 1000, /* of one type */
    PART_STEPS = 8,       /* a part that is made is room, which costs more than a look */
};

struct open {
    struct cel_type type;
    const struct cel_type *bound; /* NULL: not yet */
};

struct binding {
    struct binding *older;
    struct open *open;
    const struct cel_type *was;
};

void unify_init(struct cel_unify *u, struct arena *arena, uint64_t steps)
{
    *u = (struct cel_unify){ .arena = arena, .steps = steps };
}

static bool steps(struct cel_unify *u, uint64_t n)
{
    u->exhausted = u->exhausted || u->steps < n;
    u->steps = u->exhausted ? 0 : u->steps - n;
    return !u->exhausted;
}

bool unify_step(struct cel_unify *u)
{
    return steps(u, 1);
}

static void *take(struct cel_unify *u, size_t size_bytes)
{
    void *at = arena_take(u->arena, size_bytes);
    if (!at)
        u->no_room = true;
    return at;
}

const struct cel_type *unify_fresh(struct cel_unify *u)
{
    struct open *open = take(u, sizeof *open);
    if (!open)
        return unify_dyn();
    open->type = (struct cel_type){ .kind = CEL_TYPE_PARAM };
    return &open->type;
}

bool unify_is_open(const struct cel_type *type)
{
    return type->kind == CEL_TYPE_PARAM;
}

static struct open *open_of(const struct cel_type *type)
{
    return (struct open *) (uintptr_t) type;
}

const struct cel_type *unify_look(const struct cel_type *type)
{
    while (unify_is_open(type) && open_of(type)->bound)
        type = open_of(type)->bound;
    return type;
}

static void bind(struct cel_unify *u, const struct cel_type *open, const struct cel_type *to)
{
    struct binding *binding = u->spare ? u->spare : take(u, sizeof *binding);
    if (!binding)
        return;
    if (u->spare)
        u->spare = u->spare->older;
    *binding = (struct binding){ u->trail, open_of(open), open_of(open)->bound };
    u->trail = binding;
    open_of(open)->bound = to;
}

/* Takes back every binding newer than @mark. */
static void undo(struct cel_unify *u, struct binding *mark)
{
    while (u->trail != mark) {
        struct binding *newest = u->trail;
        newest->open->bound = newest->was;
        u->trail = newest->older;
        newest->older = u->spare;
        u->spare = newest;
    }
}

/* Bindings that stay need not be remembered. */
static void keep(struct cel_unify *u)
{
    while (u->trail) {
        struct binding *newest = u->trail;
        u->trail = newest->older;
        newest->older = u->spare;
        u->spare = newest;
    }
}

enum occurrence { ABSENT, PRESENT, TOO_DEEP };

/* Is @open a part of @within? Where it is too deep to see, nobody knows. */
static enum occurrence occurs(struct cel_unify *u, const struct cel_type *open,
                              const struct cel_type *within, uint32_t depth)
{
    while (within != open && unify_is_open(within) && open_of(within)->bound)
        within = open_of(within)->bound;
    if (within == open)
        return PRESENT;
    if (depth > UNIFY_DEPTH || !unify_step(u))
        return TOO_DEEP;
    enum occurrence found = ABSENT;
    for (uint32_t i = 0; i < within->n_params && found == ABSENT; i++)
        found = occurs(u, open, within->params[i], depth + 1);
    return found;
}

static bool assignable(struct cel_unify *u, const struct cel_type *from, const struct cel_type *to,
                       uint32_t depth);

enum fit { FITS, NO_FIT, NOT_BOUND };

/*
 * Open types bound to open types make chains: the last of it, which is not bound or bound to something else. The chain
 * is made shorter on the way, lest long lists of empty lists take the square of their length.
 */
static const struct cel_type *last_open(struct cel_unify *u, const struct cel_type *open)
{
    const struct cel_type *last = open, *next;
    while ((next = open_of(last)->bound) && unify_is_open(next))
        last = next;
    while (open != last && (next = open_of(open)->bound) != last) {
        bind(u, open, last);
        open = next;
    }
    return last;
}

/* Whether @type may be what @open stands for; when it stands for something already, for the more general of both. */
static enum fit substitute(struct cel_unify *u, const struct cel_type *type,
                           const struct cel_type *open, uint32_t depth)
{
    open = last_open(u, open);
    type = unify_is_open(type) ? last_open(u, type) : type;
    if (type == open)
        return FITS;
    const struct cel_type *bound = open_of(open)->bound;
    if (!bound) {
        enum occurrence found = occurs(u, open, type, depth);
        if (found != PRESENT)
            bind(u, open, found == ABSENT ? type : unify_dyn());
        return found == PRESENT ? NOT_BOUND : FITS;
    }
    if (type == bound)
        return FITS;
    if (!assignable(u, type, bound, depth + 1))
        return NO_FIT;
    const struct cel_type *general = unify_general(u, type, bound);
    enum occurrence found = general == bound ? PRESENT : occurs(u, open, general, depth);
    if (found != PRESENT)
        bind(u, open, found == ABSENT ? general : unify_dyn());
    return FITS;
}

/*
 * What dyn is assigned to may be anything in its parts as well: any + [1] is a list of dyn. (cel-go leaves the parts
 * open, and has them become what is met next.)
 */
static void widen(struct cel_unify *u, const struct cel_type *type, uint32_t depth)
{
    if (depth > UNIFY_DEPTH || !unify_step(u))
        return;
    if (unify_is_open(type)) {
        const struct cel_type *last = last_open(u, type);
        if (!open_of(last)->bound || open_of(last)->bound->kind != CEL_TYPE_DYN)
            bind(u, last, unify_dyn());
        return;
    }
    for (uint32_t i = 0; i < type->n_params; i++)
        widen(u, type->params[i], depth + 1);
}

static bool assignable(struct cel_unify *u, const struct cel_type *from, const struct cel_type *to,
                       uint32_t depth)
{
    if (from == to || !unify_step(u))
        return true;
    if (depth > UNIFY_DEPTH)
        return false;
    if (unify_is_open(to)) {
        enum fit fit = substitute(u, from, to, depth);
        if (fit != NOT_BOUND)
            return fit == FITS;
    }
    if (unify_look(from)->kind == CEL_TYPE_DYN)
        widen(u, to, depth);
    if (unify_is_open(from))
        return substitute(u, to, from, depth) == FITS;
    if (from->kind == CEL_TYPE_DYN || to->kind == CEL_TYPE_DYN)
        return true;
    if (from->kind == CEL_TYPE_NULL)
        return unify_admits_null(to);
    if (to->kind == CEL_TYPE_NULL)
        return unify_admits_null(from);
    if (from->kind != to->kind)
        return false;
    if (from->kind == CEL_TYPE_TYPE) /* a type is a type, whatever it is the type of */
        return true;
    if (from->kind == CEL_TYPE_OBJECT || from->kind == CEL_TYPE_OPAQUE)
        if (!str_eq(from->name, to->name) || from->n_params != to->n_params)
            return false;
    for (uint32_t i = 0; i < unify_params_of(from); i++)
        if (!assignable(u, cel_type_param(from, i), cel_type_param(to, i), depth + 1))
            return false;
    return true;
}

bool unify_assignable(struct cel_unify *u, const struct cel_type *from, const struct cel_type *to)
{
    return unify_assignable_all(u, &from, &to, 1);
}

bool unify_assignable_all(struct cel_unify *u, const struct cel_type *const *from,
                          const struct cel_type *const *to, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!assignable(u, from[i], to[i], 0)) {
            undo(u, NULL);
            return false;
        }
    keep(u);
    return true;
}

static const struct cel_type *with_params(struct cel_unify *u, const struct cel_type *like,
                                          const struct cel_type *const *params)
{
    struct cel_type *type = steps(u, PART_STEPS) ? take(u, sizeof *type) : NULL;
    if (!type)
        return unify_dyn();
    *type = *like;
    for (uint32_t i = 0; i < like->n_params; i++)
        type->params[i] = params[i];
    return type;
}

static const struct cel_type *resolve(struct cel_unify *u, const struct cel_type *type, bool final,
                                      uint32_t depth, uint32_t *parts)
{
    if (unify_is_open(type))
        type = unify_look(last_open(u, type));
    if (unify_is_open(type))
        return final ? unify_dyn() : type;
    if (depth > UNIFY_DEPTH || *parts == 0 || !unify_step(u))
        return unify_dyn();
    --*parts;
    const struct cel_type *params[CEL_TYPE_MAX_PARAMS] = { NULL };
    bool changed = false;
    for (uint32_t i = 0; i < type->n_params; i++) {
        params[i] = resolve(u, type->params[i], final, depth + 1, parts);
        changed = changed || params[i] != type->params[i];
    }
    return changed ? with_params(u, type, params) : type;
}

const struct cel_type *unify_resolve(struct cel_unify *u, const struct cel_type *type, bool final)
{
    uint32_t parts = RESOLVE_PARTS;
    const struct cel_type *resolved = resolve(u, type, final, 0, &parts);
    keep(u);
    return resolved;
}

static const struct cel_type *named(struct cel_unify *u, struct cel_unify_names *names,
                                    struct str name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (str_eq(names->names[i], name))
            return names->types[i];
    if (names->closed || names->count == UNIFY_MAX_NAMES)
        return unify_dyn();
    names->names[names->count] = name;
    return names->types[names->count++] = unify_fresh(u);
}

const struct cel_type *unify_instance(struct cel_unify *u, struct cel_unify_names *names,
                                      const struct cel_type *type)
{
    if (type->kind == CEL_TYPE_PARAM)
        return named(u, names, type->name);
    const struct cel_type *params[CEL_TYPE_MAX_PARAMS] = { NULL };
    bool changed = false;
    for (uint32_t i = 0; i < type->n_params; i++) {
        params[i] = unify_instance(u, names, type->params[i]);
        changed = changed || params[i] != type->params[i];
    }
    return changed ? with_params(u, type, params) : type;
}

const struct cel_type *unify_list(struct cel_unify *u, const struct cel_type *element)
{
    struct cel_type list = *cel_type_simple(CEL_TYPE_LIST);
    list.n_params = 1;
    return with_params(u, &list, &element);
}

const struct cel_type *unify_map(struct cel_unify *u, const struct cel_type *key,
                                 const struct cel_type *value)
{
    struct cel_type map = *cel_type_simple(CEL_TYPE_MAP);
    map.n_params = 2;
    return with_params(u, &map, (const struct cel_type *const[]){ key, value });
}

const struct cel_type *unify_type(struct cel_unify *u, const struct cel_type *of)
{
    struct cel_type type = *cel_type_simple(CEL_TYPE_TYPE);
    type.n_params = 1;
    return with_params(u, &type, &of);
}
