/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cel/cel_typed_json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>

#include "expr/cel_type.h"

struct reader {
    struct cel_env *env;
    struct arena *arena;
    const char *why;
};

static struct cel_value read_typed(struct reader *reader, const cJSON *json);

static struct cel_value refuse(struct reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return cel_null();
}

struct str cel_typed_base64(const char *text, struct arena *arena)
{
    size_t len = strlen(text), got = 0;
    unsigned char *bytes = arena_take_raw(arena, len + 1);
    if (!bytes || sodium_base642bin(bytes, len + 1, text, len, "\r\n", &got, NULL,
                                    sodium_base64_VARIANT_ORIGINAL) != 0)
        return (struct str){ 0 };
    return (struct str){ (const char *) bytes, got };
}

static const char *text_of(const cJSON *json, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
}

static struct cel_value read_number(struct reader *reader, const cJSON *json, enum cel_kind kind)
{
    const char *text = text_of(json, "value");
    char *end = NULL;
    struct cel_value value = cel_null();
    if (!text || !*text)
        return refuse(reader, "a number without \"value\", a text");
    errno = 0;
    if (kind == CEL_INT)
        value = cel_int(strtoll(text, &end, 10));
    else if (kind == CEL_UINT)
        value = cel_uint(strtoull(text, &end, 10));
    else
        value = cel_double(strtod(text, &end));
    bool over = errno == ERANGE && kind != CEL_DOUBLE;
    return *end || over ? refuse(reader, "a \"value\" that is no such number") : value;
}

static struct cel_value read_string(struct reader *reader, const cJSON *json, enum cel_kind kind)
{
    const char *coded = text_of(json, "base64"), *plain = text_of(json, "value");
    struct cel_value value = { .kind = kind };
    if (!coded && !plain)
        return refuse(reader, "a text or bytes without \"value\" or \"base64\"");
    value.string = coded ? cel_typed_base64(coded, reader->arena) : str_of(plain);
    return value.string.at ? value : refuse(reader, "a \"base64\" that is none");
}

static struct cel_value read_list(struct reader *reader, const cJSON *json)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, "values"), *each;
    uint32_t count = 0, n = (uint32_t) cJSON_GetArraySize(values);
    struct cel_value *items = arena_take_array(reader->arena, struct cel_value, n + 1);
    if (!items)
        return refuse(reader, "more than there is room for");
    cJSON_ArrayForEach(each, values) items[count++] = read_typed(reader, each);
    const struct cel_list *list = cel_list_of(reader->arena, items, count);
    return list ? (struct cel_value){ .kind = CEL_LIST, .list = list }
                : refuse(reader, "more than there is room for");
}

static struct cel_value read_map(struct reader *reader, const cJSON *json)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(json, "entries"), *each;
    uint32_t count = 0, bad, n = (uint32_t) cJSON_GetArraySize(values);
    struct cel_entry *entries = arena_take_array(reader->arena, struct cel_entry, n + 1);
    if (!entries)
        return refuse(reader, "more than there is room for");
    cJSON_ArrayForEach(each, values)
    {
        entries[count].key = read_typed(reader, cJSON_GetObjectItemCaseSensitive(each, "key"));
        entries[count++].value =
            read_typed(reader, cJSON_GetObjectItemCaseSensitive(each, "value"));
    }
    if (reader->why)
        return cel_null();
    const struct cel_map *map = cel_map_of(reader->arena, entries, count, &bad);
    return map ? (struct cel_value){ .kind = CEL_MAP, .map = map }
               : refuse(reader, "a map with a key twice, or of a kind that is no key");
}

/* A name no environment knows is good enough to be compared with. */
static struct cel_value read_type(struct reader *reader, const cJSON *json)
{
    const char *name = text_of(json, "value");
    struct cel_type *named = arena_take(reader->arena, sizeof *named);
    if (!name || !named)
        return refuse(reader, "a type without \"value\", its name");
    const struct cel_type *type = cel_env_type(reader->env, str_of(name), NULL);
    *named = (struct cel_type){ .kind = CEL_TYPE_OPAQUE, .name = str_of(name) };
    return (struct cel_value){ .kind = CEL_TYPE,
                               .type = type && str_is(type->name, name) ? type : named };
}

static struct cel_value read_instant(struct reader *reader, const cJSON *json, enum cel_kind kind)
{
    const char *text = text_of(json, "seconds");
    const cJSON *nanos = cJSON_GetObjectItemCaseSensitive(json, "nanos");
    int64_t seconds, fraction = cJSON_IsNumber(nanos) ? (int64_t) nanos->valuedouble : 0;
    if (!text || !str_to_int64(str_of(text), &seconds) || fraction <= -1000000000 ||
        fraction >= 1000000000)
        return refuse(reader, "a time without \"seconds\", a text, and \"nanos\"");
    if (fraction < 0) { /* as Protocol Buffers write negative durations */
        fraction += 1000000000;
        seconds--;
    }
    return (struct cel_value){ .kind = kind, .nanos = (uint32_t) fraction, .integer = seconds };
}

static struct cel_value read_typed(struct reader *reader, const cJSON *json)
{
    const char *type = text_of(json, "type");
    struct str name = str_of(type ? type : "");
    if (str_is(name, "null"))
        return cel_null();
    if (str_is(name, "bool"))
        return cel_bool(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "value")));
    if (str_is(name, "int"))
        return read_number(reader, json, CEL_INT);
    if (str_is(name, "uint"))
        return read_number(reader, json, CEL_UINT);
    if (str_is(name, "double"))
        return read_number(reader, json, CEL_DOUBLE);
    if (str_is(name, "string"))
        return read_string(reader, json, CEL_STRING);
    if (str_is(name, "bytes"))
        return read_string(reader, json, CEL_BYTES);
    if (str_is(name, "list"))
        return read_list(reader, json);
    if (str_is(name, "map"))
        return read_map(reader, json);
    if (str_is(name, "type"))
        return read_type(reader, json);
    if (str_is(name, "timestamp"))
        return read_instant(reader, json, CEL_TIMESTAMP);
    if (str_is(name, "duration"))
        return read_instant(reader, json, CEL_DURATION);
    return refuse(reader, "a value whose \"type\" this program does not know");
}

bool cel_typed_read(const struct cJSON *json, struct cel_env *env, struct arena *arena,
                    struct cel_value *ret_value, const char **ret_why)
{
    struct reader reader = { .env = env, .arena = arena };
    struct cel_value value = read_typed(&reader, json);
    *ret_why = reader.why;
    if (!reader.why)
        *ret_value = value;
    return !reader.why;
}

static bool same_list(const struct cel_value *a, const struct cel_value *b)
{
    bool same = a->list->count == b->list->count;
    for (uint32_t i = 0; same && i < a->list->count; i++) {
        struct cel_value x = cel_list_at(a, i), y = cel_list_at(b, i);
        same = cel_typed_same(&x, &y);
    }
    return same;
}

/* Keys are unique, so as many, and each of one in the other, is the same. */
static bool same_map(const struct cel_value *a, const struct cel_value *b)
{
    if (a->map->count != b->map->count || (a->map->count && (!a->map->entries || !b->map->entries)))
        return false;
    for (uint32_t i = 0; i < a->map->count; i++) {
        const struct cel_entry *wanted = &a->map->entries[i];
        bool found = false;
        for (uint32_t k = 0; !found && k < b->map->count; k++)
            found = cel_typed_same(&wanted->key, &b->map->entries[k].key) &&
                    cel_typed_same(&wanted->value, &b->map->entries[k].value);
        if (!found)
            return false;
    }
    return true;
}

bool cel_typed_same(const struct cel_value *a, const struct cel_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case CEL_NULL: return true;
    case CEL_BOOL: return a->boolean == b->boolean;
    case CEL_INT: return a->integer == b->integer;
    case CEL_UINT: return a->natural == b->natural;
    case CEL_DOUBLE: return isnan(a->real) ? isnan(b->real) : a->real == b->real;
    case CEL_STRING:
    case CEL_BYTES: return str_eq(a->string, b->string);
    case CEL_TIMESTAMP:
    case CEL_DURATION: return a->integer == b->integer && a->nanos == b->nanos;
    case CEL_TYPE: return str_eq(a->type->name, b->type->name);
    case CEL_LIST: return same_list(a, b);
    case CEL_MAP: return same_map(a, b);
    default: return false;
    }
}
