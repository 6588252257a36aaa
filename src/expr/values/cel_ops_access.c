/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexing, membership, fields, and the sentence for operands that do not go together. `in` is
 * where an expression spends its time, so texts and integers have loops of their own over lists
 * that are arrays.
 */
#include "expr/values/cel_access.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_ops.h"

enum { SHOWN_BYTES = 60 };

/* A key or name as part of a sentence: cut when long, as CEL. In the run's arena; absent when there
 * is no room. */
static struct str shown(struct cel_run *run, const struct cel_value *value)
{
    struct cel_value piece = *value;
    if (value->kind == CEL_STRING || value->kind == CEL_BYTES) {
        size_t len = value->string.len;
        if (len > SHOWN_BYTES) {
            len = SHOWN_BYTES;
            while (len > 0 && (value->string.at[len] & 0xc0) == 0x80)
                len--;
        }
        piece.string.len = len;
    } else if (value->kind > CEL_DURATION) {
        return cel_kind_name(value);
    }
    struct out out;
    out_init(&out, run->arena, SHOWN_BYTES + 20);
    cel_value_print(&piece, &out);
    return out.failed ? (struct str){ 0 } : out_str(&out);
}

static struct cel_value no_such_key(struct cel_run *run, const struct cel_value *key)
{
    struct str text = shown(run, key);
    return text.at ? cel_fail(run, "no such key: %.*s", STR_ARG(text)) : cel_stop(run);
}

struct cel_value cel_element_at(struct cel_run *run, const struct cel_value *list,
                                const struct cel_value *index)
{
    uint64_t i = 0;
    bool ok = true;
    switch (index->kind) {
    case CEL_INT:
        i = (uint64_t) index->integer;
        ok = index->integer >= 0;
        break;
    case CEL_UINT: i = index->natural; break;
    default: ok = cel_double_to_uint(index->real, &i); break;
    }
    if (ok && i < list->list->count)
        return cel_list_at(list, (uint32_t) i);
    struct str text = shown(run, index);
    return text.at ? cel_fail(run, "index out of range: %.*s, the list has %u elements",
                              STR_ARG(text), list->list->count)
                   : cel_stop(run);
}

/* Looking for a text means reading all of it. */
static bool charge_key(struct cel_run *run, const struct cel_value *key)
{
    return key->kind != CEL_STRING || key->string.len < 16 ||
           cel_charge_bytes(run, key->string.len);
}

struct cel_value cel_value_at(struct cel_run *run, const struct cel_value *map,
                              const struct cel_value *key)
{
    struct cel_value value;
    if (!charge_key(run, key))
        return cel_stop(run);
    return cel_map_find(map, key, &value) ? value : no_such_key(run, key);
}

/* Of an array: the index of the first item that is this text, or @count. *ret_hole: the first that
 * is not plain. */
static uint32_t find_text(struct str text, const struct cel_value *items, uint32_t count,
                          const struct cel_value **ret_hole)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].kind == CEL_STRING) {
            if (str_eq(items[i].string, text))
                return i;
        } else if (!cel_is_plain(&items[i]) && !*ret_hole) {
            *ret_hole = &items[i];
        }
    }
    return count;
}

/* The same of a number. */
static uint32_t find_number(const struct cel_value *number, const struct cel_value *items,
                            uint32_t count, const struct cel_value **ret_hole)
{
    for (uint32_t i = 0; i < count; i++) {
        int order;
        if (items[i].kind == CEL_INT && number->kind == CEL_INT) {
            if (items[i].integer == number->integer)
                return i;
        } else if (cel_is_number(items[i].kind)) {
            if (cel_number_order(number, &items[i], &order) && order == 0)
                return i;
        } else if (!cel_is_plain(&items[i]) && !*ret_hole) {
            *ret_hole = &items[i];
        }
    }
    return count;
}

static struct cel_value search(struct cel_run *run, const struct cel_value *value,
                               const struct cel_value *list)
{
    struct cel_value open = cel_null();
    for (uint32_t i = 0; i < list->list->count; i++) {
        struct cel_value element = cel_list_at(list, i);
        if (!cel_charge(run, 1))
            return cel_stop(run);
        struct cel_value same = cel_equality(run, value, &element);
        if (cel_is_true(&same) || run->stopped)
            return same;
        if (same.kind != CEL_BOOL && open.kind == CEL_NULL)
            open = same;
    }
    return open.kind == CEL_NULL ? cel_bool(false) : open;
}

struct cel_value cel_is_element(struct cel_run *run, const struct cel_value *value,
                                const struct cel_value *list)
{
    const struct cel_value *items = list->list->items, *hole = NULL;
    uint32_t count = list->list->count, at;
    uint64_t each = 1;
    if (items && value->kind == CEL_STRING) {
        at = find_text(value->string, items, count, &hole);
        each += value->string.len / 16;
    } else if (items && cel_is_number(value->kind)) {
        at = find_number(value, items, count, &hole);
    } else {
        return search(run, value, list);
    }
    if (!cel_charge(run, each * (at < count ? at + 1 : count)))
        return cel_stop(run);
    return at == count && hole ? *hole : cel_bool(at < count);
}

struct cel_value cel_is_key_of(struct cel_run *run, const struct cel_value *key,
                               const struct cel_value *map)
{
    struct cel_value value;
    if (!charge_key(run, key))
        return cel_stop(run);
    if (!cel_map_find(map, key, &value))
        return cel_bool(false);
    return map->map->find && !cel_is_plain(&value) ? value : cel_bool(true);
}

/* *ret_field: the field of that name; false: none. */
static bool find_field(const struct cel_class *class, struct str name, uint32_t *ret_field)
{
    for (uint32_t i = 0; i < class->n_fields; i++) {
        if (str_eq(class->fields[i].name, name)) {
            *ret_field = i;
            return true;
        }
    }
    return false;
}

static struct cel_value no_such_field(struct cel_run *run, const struct cel_value *a,
                                      struct str name)
{
    struct cel_value text = cel_string(name);
    struct str field = shown(run, &text);
    if (!field.at)
        return cel_stop(run);
    return cel_fail(run, "no such field: %.*s of %.*s", STR_ARG(field), STR_ARG(cel_kind_name(a)));
}

struct cel_value cel_select(struct cel_run *run, const struct cel_value *a, struct str name)
{
    struct cel_value key = cel_string(name);
    uint32_t field;
    if (a->kind == CEL_MAP)
        return cel_value_at(run, a, &key);
    if (a->kind == CEL_OBJECT && find_field(a->object.class, name, &field))
        return a->object.class->load(a, field);
    return no_such_field(run, a, name);
}

struct cel_value cel_has(struct cel_run *run, const struct cel_value *a, struct str name)
{
    struct cel_value key = cel_string(name), value;
    uint32_t field;
    if (a->kind == CEL_MAP) {
        if (!cel_map_find(a, &key, &value))
            return cel_bool(false);
        /* What was put into a map by an expression is there, whatever it is. */
        return a->map->find && value.kind == CEL_ERROR ? value
                                                       : cel_bool(value.kind != CEL_UNKNOWN);
    }
    if (a->kind != CEL_OBJECT || !find_field(a->object.class, name, &field))
        return no_such_field(run, a, name);
    value = a->object.class->load(a, field);
    return value.kind == CEL_ERROR ? value : cel_bool(value.kind != CEL_UNKNOWN);
}

struct str cel_kind_name(const struct cel_value *value)
{
    static const char *const names[CEL_KINDS] = {
        [CEL_ERROR] = "error",         [CEL_UNKNOWN] = "unknown",   [CEL_NULL] = "null",
        [CEL_BOOL] = "bool",           [CEL_INT] = "int",           [CEL_UINT] = "uint",
        [CEL_DOUBLE] = "double",       [CEL_STRING] = "string",     [CEL_BYTES] = "bytes",
        [CEL_TIMESTAMP] = "timestamp", [CEL_DURATION] = "duration", [CEL_TYPE] = "type",
        [CEL_LIST] = "list",           [CEL_MAP] = "map",           [CEL_OBJECT] = "object",
    };
    return value->kind == CEL_OBJECT ? value->object.class->name : str_of(names[value->kind]);
}

/* "a + b", "-a", "list[string]", or "name(a, b)". */
static void print_call(const char *what, const struct cel_value *args, uint32_t n_args,
                       struct out *out)
{
    struct str name = str_of(what);
    bool word = (what[0] | 32) >= 'a' && (what[0] | 32) <= 'z' && !str_is(name, "in");
    if (str_is(name, "[]") && n_args == 2) {
        out_text(out, cel_kind_name(&args[0]));
        out_printf(out, "[%.*s]", STR_ARG(cel_kind_name(&args[1])));
    } else if (!word && what[0] != '_' && n_args == 2) {
        out_text(out, cel_kind_name(&args[0]));
        out_printf(out, " %s ", what);
        out_text(out, cel_kind_name(&args[1]));
    } else if (!word && what[0] != '_' && n_args == 1) {
        out_text(out, name);
        out_text(out, cel_kind_name(&args[0]));
    } else {
        out_printf(out, "%s(", what);
        for (uint32_t i = 0; i < n_args; i++) {
            out_text(out, i > 0 ? STR(", ") : STR(""));
            out_text(out, cel_kind_name(&args[i]));
        }
        out_char(out, ')');
    }
}

struct cel_value cel_no_overload(struct cel_run *run, const char *what,
                                 const struct cel_value *args, uint32_t n_args)
{
    struct out out;
    out_init(&out, run->arena, 64);
    out_text(&out, STR("no such overload: "));
    print_call(what, args, n_args, &out);
    return out.failed ? cel_stop(run) : cel_error(out_str(&out));
}
