/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/cel_env.h"

#include "expr/check/cel_env_parts.h"
#include "expr/check/cel_type_text.h"
#include "expr/library/cel_library.h"

/*
 * Declarations are kept in arrays by number, with a hash table from name to number beside each.
 * Overloads are put into a group for every number of arguments they may be called with, so that the
 * checker gets the candidates of a call with one look and nothing is made when an expression is
 * checked: an environment can be read by any number of threads.
 *
 * The library's functions are declared through cel_env_function like the host's: a wrong signature
 * in its tables is a mistake of ours, and makes cel_env_new fail.
 */
static const struct cel_limits default_limits = {
    .text_bytes = 100000,
    .depth = 250,
    .nested_macros = 12,
    .estimated_cost = UINT64_MAX,
    .cost = 1000000,
};

/* An array in the arena that doubles; the old one stays behind. */
static void *grown(struct arena *arena, const void *list, uint32_t count, uint32_t *room,
                   size_t size_bytes)
{
    uint32_t more = *room ? *room * 2 : 4;
    void *bigger = arena_take_n(arena, more, size_bytes);
    if (!bigger)
        return NULL;
    if (count)
        memcpy(bigger, list, count * size_bytes);
    *room = more;
    return bigger;
}

#define MAKE_ROOM(env, list, count, room)                                                          \
    ((count) < (room) || ({                                                                        \
         __typeof__(list) bigger_ = grown((env)->arena, (list), (count), &(room), sizeof *(list)); \
         if (bigger_)                                                                              \
             (list) = bigger_;                                                                     \
         bigger_ != NULL;                                                                          \
     }))

static bool declare_library(struct cel_env *env)
{
    const struct cel_definition *(*const tables[])(void) = {
        cel_library_standard, cel_library_convert, cel_library_time, cel_library_regex,
        cel_library_strings,  cel_library_format,  cel_library_math,
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct cel_definition *d = tables[i](); d && d->signature; d++)
            if (cel_env_function(env, d->signature, d->call, d->cost, NULL) != OK)
                return false;
    return true;
}

struct cel_env *cel_env_new(struct arena *arena)
{
    struct cel_env *env = arena_take(arena, sizeof *env);
    if (!env)
        return NULL;
    *env = (struct cel_env){ .arena = arena, .container = STR(""), .limits = default_limits };
    bool ok = cel_names_init(&env->variable_names, arena, 32) &&
              cel_names_init(&env->class_names, arena, 16) &&
              cel_names_init(&env->family_names, arena, 128) && declare_library(env);
    return ok ? env : NULL;
}

enum err cel_env_container(struct cel_env *env, struct str name)
{
    if (name.len && !cel_is_name(name, true))
        return ERR_INPUT;
    struct str kept = name.len ? arena_copy(env->arena, name) : STR("");
    if (!kept.at)
        return ERR_LIMIT;
    env->container = kept;
    return OK;
}

void cel_env_zones(struct cel_env *env, struct cel_zones zones)
{
    env->zones = zones;
}

void cel_env_limits(struct cel_env *env, struct cel_limits limits)
{
    const struct cel_limits *d = &default_limits;
    env->limits = (struct cel_limits){
        .text_bytes = limits.text_bytes ? limits.text_bytes : d->text_bytes,
        .depth = limits.depth ? limits.depth : d->depth,
        .nested_macros = limits.nested_macros ? limits.nested_macros : d->nested_macros,
        .estimated_cost = limits.estimated_cost ? limits.estimated_cost : d->estimated_cost,
        .cost = limits.cost ? limits.cost : d->cost,
    };
}

static enum err no_room(struct err_note *note, struct str name)
{
    return err_fail(note, ERR_LIMIT, "no room to declare '%.*s'", STR_ARG(name));
}

enum err cel_env_class(struct cel_env *env, const struct cel_class *class, struct err_note *note)
{
    if (!cel_is_name(class->name, true))
        return err_fail(note, ERR_INPUT, "class '%.*s': this is no name", STR_ARG(class->name));
    if (cel_env_type_value(env, class->name))
        return err_fail(note, ERR_INPUT, "class '%.*s': there is a type of that name already",
                        STR_ARG(class->name));
    for (uint32_t i = 0; i < class->n_fields; i++) {
        const struct cel_field *field = &class->fields[i];
        if (!field->type)
            return err_fail(note, ERR_INPUT, "class '%.*s': field '%.*s' has no type",
                            STR_ARG(class->name), STR_ARG(field->name));
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(field->name, class->fields[k].name))
                return err_fail(note, ERR_INPUT, "class '%.*s': field '%.*s' is there twice",
                                STR_ARG(class->name), STR_ARG(field->name));
    }
    if (!MAKE_ROOM(env, env->classes, env->n_classes, env->room_classes) ||
        !cel_names_put(&env->class_names, class->name, env->n_classes))
        return no_room(note, class->name);
    env->classes[env->n_classes++] = class;
    return OK;
}

const struct cel_type *cel_env_type(struct cel_env *env, struct str text, struct err_note *note)
{
    const struct cel_type *type = NULL;
    return cel_type_read(env, env->arena, text, &type, note) == OK ? type : NULL;
}

static bool has_parameters(const struct cel_type *type)
{
    if (type->kind == CEL_TYPE_PARAM)
        return true;
    for (uint32_t i = 0; i < type->n_params; i++)
        if (has_parameters(type->params[i]))
            return true;
    return false;
}

enum err cel_env_variable(struct cel_env *env, struct str name, const struct cel_type *type,
                          uint32_t *ret_slot, struct err_note *note)
{
    if (!cel_is_name(name, true))
        return err_fail(note, ERR_INPUT, "variable '%.*s': this is no name", STR_ARG(name));
    if (!type || has_parameters(type))
        return err_fail(note, ERR_INPUT, "variable '%.*s': its type is open", STR_ARG(name));
    if (cel_names_get(&env->variable_names, name) != CEL_NAMES_NONE)
        return err_fail(note, ERR_INPUT, "variable '%.*s' is declared twice", STR_ARG(name));
    struct str kept = arena_copy(env->arena, name);
    if (!kept.at || !MAKE_ROOM(env, env->variables, env->n_variables, env->room_variables) ||
        !cel_names_put(&env->variable_names, kept, env->n_variables))
        return no_room(note, name);
    env->variables[env->n_variables] = (struct cel_variable){ .name = kept, .type = type };
    if (ret_slot)
        *ret_slot = env->n_variables;
    env->n_variables++;
    return OK;
}

/*
 * Two overloads that a call cannot be told apart by: the same types, or the same kinds (list(int)
 * and list(string)) when they do not come to the same in the end.
 */
static bool collide(const struct cel_overload *a, const struct cel_overload *b)
{
    bool same_kinds = a->n_params == b->n_params, same_types = same_kinds;
    for (uint32_t i = 0; i < a->n_params && same_kinds; i++) {
        same_kinds = a->kinds[i] == b->kinds[i];
        same_types = same_types && cel_type_same(a->params[i], b->params[i]);
    }
    return same_kinds && (same_types || (a->call != b->call && a->call && b->call));
}

static struct cel_family *family_for(struct cel_env *env, struct str name)
{
    uint32_t n = cel_names_get(&env->family_names, name);
    if (n != CEL_NAMES_NONE)
        return &env->families[n];
    if (!MAKE_ROOM(env, env->families, env->n_families, env->room_families) ||
        !cel_names_put(&env->family_names, name, env->n_families))
        return NULL;
    env->families[env->n_families].name = name;
    return &env->families[env->n_families++];
}

static uint32_t arity(uint32_t n_args)
{
    return n_args < CEL_ARITIES ? n_args : CEL_ARITIES - 1;
}

enum err cel_env_function(struct cel_env *env, const char *signature, cel_function call,
                          uint32_t cost, struct err_note *note)
{
    struct cel_overload read;
    TRY(cel_signature_read(env, env->arena, str_of(signature), &read, note));
    read.call = call;
    read.cost = cost ? cost : 1;
    struct cel_family *family = family_for(env, read.name);
    struct cel_overload *kept = arena_take(env->arena, sizeof *kept);
    if (!family || !kept)
        return no_room(note, read.name);
    *kept = read;
    uint32_t last = read.rest ? CEL_ARITIES - 1 : read.n_params;
    for (uint32_t n = read.n_params; n <= last; n++) {
        const struct cel_overload_group *group = &family->groups[read.is_member][n];
        for (uint32_t i = 0; i < group->count; i++)
            if (collide(group->list[i], kept))
                return err_fail(note, ERR_INPUT,
                                "function '%s': another of that name takes the same", signature);
    }
    for (uint32_t n = read.n_params; n <= last; n++) {
        struct cel_overload_group *group = &family->groups[read.is_member][n];
        if (!MAKE_ROOM(env, group->list, group->count, group->room))
            return no_room(note, read.name);
        group->list[group->count++] = kept;
    }
    return OK;
}

uint32_t cel_env_variables(const struct cel_env *env)
{
    return env->n_variables;
}

const struct cel_variable *cel_env_variable_of(const struct cel_env *env, struct str name,
                                               uint32_t *ret_slot)
{
    uint32_t n = cel_names_get(&env->variable_names, name);
    if (n == CEL_NAMES_NONE)
        return NULL;
    if (ret_slot)
        *ret_slot = n;
    return &env->variables[n];
}

const struct cel_family *cel_env_family_of(const struct cel_env *env, struct str name)
{
    uint32_t n = cel_names_get(&env->family_names, name);
    return n == CEL_NAMES_NONE ? NULL : &env->families[n];
}

uint32_t cel_env_overloads(const struct cel_env *env, struct str name, bool is_member,
                           uint32_t n_args, const struct cel_overload *const **ret_overloads)
{
    const struct cel_family *family = cel_env_family_of(env, name);
    if (!family)
        return 0;
    const struct cel_overload_group *group = &family->groups[is_member][arity(n_args)];
    if (group->count)
        *ret_overloads = group->list;
    return group->count;
}

const struct cel_class *cel_env_class_of(const struct cel_env *env, struct str name)
{
    uint32_t n = cel_names_get(&env->class_names, name);
    return n == CEL_NAMES_NONE ? NULL : env->classes[n];
}

const struct cel_type *cel_env_type_value(const struct cel_env *env, struct str name)
{
    const struct cel_class *class = cel_env_class_of(env, name);
    if (class)
        return class->type ? class->type : cel_type_simple(CEL_TYPE_OBJECT);
    static const enum cel_type_kind kinds[] = {
        CEL_TYPE_NULL,     CEL_TYPE_BOOL,   CEL_TYPE_INT,   CEL_TYPE_UINT,
        CEL_TYPE_DOUBLE,   CEL_TYPE_STRING, CEL_TYPE_BYTES, CEL_TYPE_TIMESTAMP,
        CEL_TYPE_DURATION, CEL_TYPE_TYPE,   CEL_TYPE_LIST,  CEL_TYPE_MAP,
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_eq(cel_type_simple(kinds[i])->name, name))
            return cel_type_simple(kinds[i]);
    return NULL;
}

struct str cel_env_container_of(const struct cel_env *env)
{
    return env->container;
}

const struct cel_limits *cel_env_limits_of(const struct cel_env *env)
{
    return &env->limits;
}

const struct cel_zones *cel_env_zones_of(const struct cel_env *env)
{
    return &env->zones;
}
