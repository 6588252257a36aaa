/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/cel_type.h"

#include "expr/cel_value.h"

/*
 * The types that need no arena, and what can be asked of any type. Types are small trees: whoever
 * builds one keeps it shallow (CEL_TYPE_MAX_DEPTH of cel_type_text.h, and the checker), so the
 * walks here recurse.
 */
#define SIMPLE(kind_, text) [kind_] = { .kind = (kind_), .name = { text, sizeof(text) - 1 } }
#define NULLABLE(kind_, text) \
    [kind_] = { .kind = (kind_), .name = { text, sizeof(text) - 1 }, .nullable = true }

static const struct cel_type simple_types[CEL_TYPE_KINDS] = {
    SIMPLE(CEL_TYPE_DYN, "dyn"),
    SIMPLE(CEL_TYPE_NULL, "null_type"),
    SIMPLE(CEL_TYPE_BOOL, "bool"),
    SIMPLE(CEL_TYPE_INT, "int"),
    SIMPLE(CEL_TYPE_UINT, "uint"),
    SIMPLE(CEL_TYPE_DOUBLE, "double"),
    SIMPLE(CEL_TYPE_STRING, "string"),
    SIMPLE(CEL_TYPE_BYTES, "bytes"),
    SIMPLE(CEL_TYPE_TIMESTAMP, "google.protobuf.Timestamp"),
    SIMPLE(CEL_TYPE_DURATION, "google.protobuf.Duration"),
    SIMPLE(CEL_TYPE_TYPE, "type"),
    SIMPLE(CEL_TYPE_LIST, "list"),
    SIMPLE(CEL_TYPE_MAP, "map"),
    SIMPLE(CEL_TYPE_OBJECT, "object"),
    [CEL_TYPE_OPAQUE] = { .kind = CEL_TYPE_DYN, .name = { "dyn", 3 } },
    [CEL_TYPE_PARAM] = { .kind = CEL_TYPE_DYN, .name = { "dyn", 3 } },
};

static const struct cel_type nullable_types[CEL_TYPE_KINDS] = {
    NULLABLE(CEL_TYPE_BOOL, "bool"),     NULLABLE(CEL_TYPE_INT, "int"),
    NULLABLE(CEL_TYPE_UINT, "uint"),     NULLABLE(CEL_TYPE_DOUBLE, "double"),
    NULLABLE(CEL_TYPE_STRING, "string"), NULLABLE(CEL_TYPE_BYTES, "bytes"),
};

const struct cel_type *cel_type_simple(enum cel_type_kind kind)
{
    return &simple_types[kind < CEL_TYPE_KINDS ? kind : CEL_TYPE_DYN];
}

const struct cel_type *cel_type_nullable(enum cel_type_kind kind)
{
    bool is = kind < CEL_TYPE_KINDS && nullable_types[kind].nullable;
    return is ? &nullable_types[kind] : cel_type_simple(kind);
}

const struct cel_type *cel_type_param(const struct cel_type *type, uint32_t i)
{
    return i < type->n_params ? type->params[i] : &simple_types[CEL_TYPE_DYN];
}

/* How many parameters a type has, also when they were left out. */
static uint32_t params_of(const struct cel_type *type)
{
    return type->kind == CEL_TYPE_LIST ? 1 : type->kind == CEL_TYPE_MAP ? 2 : type->n_params;
}

bool cel_type_same(const struct cel_type *a, const struct cel_type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->nullable != b->nullable || params_of(a) != params_of(b))
        return false;
    bool is_named =
        a->kind == CEL_TYPE_OPAQUE || a->kind == CEL_TYPE_PARAM || a->kind == CEL_TYPE_OBJECT;
    if (is_named && (a->name.len == 0 || !str_eq(a->name, b->name)))
        return false; /* without a name: one the checker still looks for, which is itself alone */
    for (uint32_t i = 0; i < params_of(a); i++)
        if (!cel_type_same(cel_type_param(a, i), cel_type_param(b, i)))
            return false;
    return true;
}

const struct cel_type *cel_type_of(const struct cel_value *value)
{
    static const enum cel_type_kind kinds[CEL_KINDS] = {
        [CEL_ERROR] = CEL_TYPE_DYN,         [CEL_UNKNOWN] = CEL_TYPE_DYN,
        [CEL_NULL] = CEL_TYPE_NULL,         [CEL_BOOL] = CEL_TYPE_BOOL,
        [CEL_INT] = CEL_TYPE_INT,           [CEL_UINT] = CEL_TYPE_UINT,
        [CEL_DOUBLE] = CEL_TYPE_DOUBLE,     [CEL_STRING] = CEL_TYPE_STRING,
        [CEL_BYTES] = CEL_TYPE_BYTES,       [CEL_TIMESTAMP] = CEL_TYPE_TIMESTAMP,
        [CEL_DURATION] = CEL_TYPE_DURATION, [CEL_TYPE] = CEL_TYPE_TYPE,
        [CEL_LIST] = CEL_TYPE_LIST,         [CEL_MAP] = CEL_TYPE_MAP,
        [CEL_OBJECT] = CEL_TYPE_OBJECT,
    };
    if (value->kind == CEL_OBJECT && value->object.class && value->object.class->type)
        return value->object.class->type;
    return &simple_types[value->kind < CEL_KINDS ? kinds[value->kind] : CEL_TYPE_DYN];
}

static struct str text_of(const struct cel_type *type)
{
    switch (type->kind) {
    case CEL_TYPE_NULL: return STR("null");
    case CEL_TYPE_TIMESTAMP: return STR("timestamp");
    case CEL_TYPE_DURATION: return STR("duration");
    default: return type->name;
    }
}

void cel_type_print(const struct cel_type *type, struct out *out)
{
    if (type->nullable) {
        out_printf(out, "wrapper(%.*s)", STR_ARG(type->name));
        return;
    }
    out_text(out, text_of(type));
    uint32_t n = params_of(type);
    if (n == 0 && type->kind == CEL_TYPE_OPAQUE)
        out_text(out, STR("()"));
    for (uint32_t i = 0; i < n; i++) {
        out_text(out, i ? STR(", ") : STR("("));
        cel_type_print(cel_type_param(type, i), out);
    }
    if (n)
        out_char(out, ')');
}

uint32_t cel_type_kinds(const struct cel_type *type)
{
    static const enum cel_kind kinds[CEL_TYPE_KINDS] = {
        [CEL_TYPE_NULL] = CEL_NULL,         [CEL_TYPE_BOOL] = CEL_BOOL,
        [CEL_TYPE_INT] = CEL_INT,           [CEL_TYPE_UINT] = CEL_UINT,
        [CEL_TYPE_DOUBLE] = CEL_DOUBLE,     [CEL_TYPE_STRING] = CEL_STRING,
        [CEL_TYPE_BYTES] = CEL_BYTES,       [CEL_TYPE_TIMESTAMP] = CEL_TIMESTAMP,
        [CEL_TYPE_DURATION] = CEL_DURATION, [CEL_TYPE_TYPE] = CEL_TYPE,
        [CEL_TYPE_LIST] = CEL_LIST,         [CEL_TYPE_MAP] = CEL_MAP,
        [CEL_TYPE_OBJECT] = CEL_OBJECT,     [CEL_TYPE_OPAQUE] = CEL_OBJECT,
    };
    if (type->kind == CEL_TYPE_DYN || type->kind == CEL_TYPE_PARAM)
        return ((1u << CEL_KINDS) - 1) & ~(1u << CEL_ERROR | 1u << CEL_UNKNOWN);
    return 1u << kinds[type->kind] | (type->nullable ? 1u << CEL_NULL : 0);
}
