/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CEL compile: what is kept
 *
 * A program in one arena, of its exact size: code, the constants that the code still names with all
 * that hangs on them, sets for `in`, the text for lines and columns. Constants are as deep as the
 * text's nesting.
 */
#include "expr/run/cel_compiler.h"
#include "expr/run/cel_machine.h"

#include <string.h>

static bool keep_value(struct arena *arena, struct cel_value *value);

static bool keep_list(struct arena *arena, struct cel_value *value)
{
    uint32_t count = value->list->count;
    struct cel_value *items = arena_take_array(arena, struct cel_value, count ? count : 1);
    if (!items)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        items[i] = cel_list_at(value, i);
        if (!keep_value(arena, &items[i]))
            return false;
    }
    return (value->list = cel_list_of(arena, items, count)) != NULL;
}

static bool keep_map(struct arena *arena, struct cel_value *value)
{
    uint32_t count = value->map->count, bad;
    struct cel_entry *entries = arena_take_array(arena, struct cel_entry, count ? count : 1);
    if (!entries)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = value->map->entries[i];
        if (!keep_value(arena, &entries[i].key) || !keep_value(arena, &entries[i].value))
            return false;
    }
    return (value->map = cel_map_of(arena, entries, count, &bad)) != NULL;
}

static bool keep_value(struct arena *arena, struct cel_value *value)
{
    switch (value->kind) {
    case CEL_STRING:
    case CEL_BYTES:
    case CEL_ERROR:
    case CEL_UNKNOWN: return (value->string = arena_copy(arena, value->string)).at != NULL;
    case CEL_LIST: return keep_list(arena, value);
    case CEL_MAP: return keep_map(arena, value);
    case CEL_TYPE: return (value->type = cel_keep_type(arena, value->type)) != NULL;
    default: return true;
    }
}

const struct cel_type *cel_keep_type(struct arena *arena, const struct cel_type *type)
{
    if (type->kind <= CEL_TYPE_MAP && type == cel_type_simple(type->kind))
        return type;
    struct cel_type *copy = arena_take(arena, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *type;
    copy->name = arena_copy(arena, type->name);
    if (!copy->name.at)
        return NULL;
    for (uint32_t i = 0; i < type->n_params; i++)
        if (!(copy->params[i] = cel_keep_type(arena, type->params[i])))
            return NULL;
    return copy;
}

/* Alike for equals; most sets are of strings. */
static uint32_t hash_of(const struct cel_value *value)
{
    return (uint32_t) (value->kind == CEL_STRING ? str_hash(value->string) : cel_hash(value));
}

static const struct cel_set *set_of(struct arena *arena, const struct cel_list *list)
{
    uint32_t size = list->count < CEL_SET_FROM ? 0 : 16;
    while (size && size < list->count * 2)
        size *= 2;
    struct cel_set *set = arena_take(arena, sizeof *set + size * sizeof(uint32_t));
    if (!set)
        return NULL;
    set->mask = size ? size - 1 : 0;
    set->list = list;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct cel_value *item = &list->items[i];
        if (item->kind == CEL_STRING)
            set->texts |= UINT64_C(1) << cel_text_bit(item->string);
        uint32_t slot = hash_of(item) & set->mask;
        while (size && set->slots[slot])
            slot = (slot + 1) & set->mask;
        if (size)
            set->slots[slot] = i + 1;
    }
    return set;
}

static bool same(const struct cel_value *a, const struct cel_value *b)
{
    if (a->kind != CEL_STRING || b->kind != CEL_STRING)
        return cel_equals(a, b);
    return a->string.len == b->string.len &&
           cel_same_text(a->string.at, b->string.at, a->string.len);
}

bool cel_set_find(const struct cel_set *set, const struct cel_value *value)
{
    const struct cel_value *items = set->list->items;
    if (set->mask == 0) {
        for (uint32_t i = 0; i < set->list->count; i++)
            if (same(&items[i], value))
                return true;
        return false;
    }
    uint32_t slot = hash_of(value) & set->mask;
    for (; set->slots[slot]; slot = (slot + 1) & set->mask)
        if (same(&items[set->slots[slot] - 1], value))
            return true;
    return false;
}

/* `in` over a constant list asks a set. */
static bool keep_set(struct cel_compiler *c, struct cel_instr *instr,
                     const struct cel_value *constants)
{
    bool is_field = instr->code == CEL_CODE_FIELD_IN;
    if (!is_field && (instr->code != CEL_CODE_IN || cel_operand_where(instr->b) != CEL_CONSTANT))
        return true;
    const struct cel_value *list = &constants[cel_operand_index(instr->b)];
    if (list->kind != CEL_LIST || list->list->count == 0)
        return true;
    const struct cel_set *set = set_of(c->keep, list->list);
    if (is_field) {
        ((struct cel_member *) instr->member)->set = set;
    } else {
        instr->code = CEL_CODE_IN_SET;
        instr->set = set;
    }
    return set != NULL;
}

static void *keep_array(struct arena *arena, const void *from, size_t bytes)
{
    void *copy = arena_take_raw(arena, bytes ? bytes : 1);
    if (copy && bytes)
        memcpy(copy, from, bytes);
    return copy;
}

const struct cel_program *cel_keep(struct cel_compiler *c, uint64_t estimated)
{
    struct cel_program *program = arena_take(c->keep, sizeof *program);
    struct cel_instr *code = keep_array(c->keep, c->code, c->n_code * sizeof *code);
    uint32_t *offsets = keep_array(c->keep, c->offsets, c->n_code * sizeof *offsets);
    struct cel_value *constants =
        keep_array(c->keep, c->constants, c->n_constants * sizeof *constants);
    if (!program || !code || !offsets || !constants)
        return NULL;
    for (uint32_t i = 0; i < c->n_constants; i++)
        if (!keep_value(c->keep, &constants[i]))
            return NULL;
    for (uint32_t i = 0; i < c->n_code; i++)
        if (!keep_set(c, &code[i], constants))
            return NULL;
    *program = (struct cel_program){
        .code = code,
        .constants = constants,
        .offsets = offsets,
        .n_code = c->n_code,
        .n_constants = c->n_constants,
        .n_registers = c->n_registers ? c->n_registers : 1,
        .n_loops = c->n_loops,
        .limit = cel_env_limits_of(c->env)->cost,
        .estimated = estimated,
        .env = c->env,
        .type = cel_keep_type(c->keep, c->checked->type),
        .text = arena_copy(c->keep, c->checked->ast->text),
    };
    return program->type && program->text.at ? program : NULL;
}
