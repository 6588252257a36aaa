/* SPDX-License-Identifier: Apache-2.0 */
#include "app/cel/cel_json.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_scan.h"
#include "expr/cel_type.h"

static struct cel_value read_value(struct json_scan *scan);

static struct cel_value read_number(struct json_scan *scan)
{
    char copy[64];
    int64_t integer;
    struct str text = json_skip(scan);
    if (scan->fault)
        return cel_null();
    if (str_to_int64(text, &integer))
        return cel_int(integer);
    if (text.len >= sizeof copy) {
        json_fault(scan, "the number has too many digits");
        return cel_null();
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    bool whole = strspn(copy, "0123456789") == text.len;
    if (whole && (text.len < 20 || (text.len == 20 && strcmp(copy, "18446744073709551615") <= 0)))
        return cel_uint(strtoull(copy, NULL, 10));
    return cel_double(strtod(copy, NULL));
}

/* Grows by doubling; NULL with a fault when the arena is full. */
static void *room_for(struct json_scan *scan, void *items, uint32_t count, size_t size)
{
    if (count & (count - 1) || (items && count < 8))
        return items;
    uint32_t room = count < 8 ? 8 : count * 2;
    void *grown = arena_take_n(scan->arena, room, size);
    if (!grown)
        json_fault(scan, "more than there is room for");
    else if (items)
        memcpy(grown, items, count * size);
    return grown;
}

static struct cel_value read_list(struct json_scan *scan)
{
    struct cel_value *items = NULL;
    uint32_t count = 0;
    for (json_array(scan); json_next_item(scan);) {
        items = room_for(scan, items, count, sizeof *items);
        if (!items)
            return cel_null();
        items[count++] = read_value(scan);
    }
    const struct cel_list *list = cel_list_of(scan->arena, items, count);
    if (!list)
        json_fault(scan, "more than there is room for");
    return (struct cel_value){ .kind = CEL_LIST, .list = list };
}

static struct cel_value read_map(struct json_scan *scan)
{
    struct cel_entry *entries = NULL;
    uint32_t count = 0, bad;
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);) {
        entries = room_for(scan, entries, count, sizeof *entries);
        if (!entries)
            return cel_null();
        struct cel_value value = read_value(scan);
        entries[count++] = (struct cel_entry){ cel_string(key), value };
    }
    const struct cel_map *map = cel_map_of(scan->arena, entries, count, &bad);
    if (!map)
        json_fault(scan, bad < count ? "a name stands twice" : "more than there is room for");
    return (struct cel_value){ .kind = CEL_MAP, .map = map };
}

static struct cel_value read_value(struct json_scan *scan)
{
    switch (json_peek(scan)) {
    case '{': return read_map(scan);
    case '[': return read_list(scan);
    case '"': return cel_string(json_string(scan, 0, SIZE_MAX));
    case '0': return read_number(scan);
    case 't':
    case 'f': return cel_bool(json_bool(scan));
    default: (void) json_null(scan); return cel_null();
    }
}

bool cel_json_read(struct str text, struct arena *arena, struct cel_value *ret_value,
                   const char **ret_why)
{
    struct json_scan scan;
    json_scan_init(&scan, text, arena);
    struct cel_value value = read_value(&scan);
    json_end(&scan);
    *ret_why = scan.fault;
    if (!scan.fault)
        *ret_value = value;
    return !scan.fault;
}

void cel_json_write_text(struct str text, struct out *out)
{
    size_t bad;
    struct out whole;
    if (!text.at || str_is_utf8(text, &bad)) {
        out_json_str(out, text.at ? text : STR(""));
        return;
    }
    out_init(&whole, NULL, text.len + 16);
    while (!str_is_utf8(text, &bad)) {
        out_text(&whole, (struct str){ text.at, bad });
        out_char(&whole, '?');
        text = (struct str){ text.at + bad + 1, text.len - bad - 1 };
    }
    out_text(&whole, text);
    out_json_str(out, out_str(&whole));
    out_deinit(&whole);
}

static void write_bytes(struct str bytes, struct out *out)
{
    size_t room = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(room);
    if (text)
        sodium_bin2base64(text, room, (const unsigned char *) bytes.at, bytes.len,
                          sodium_base64_VARIANT_ORIGINAL);
    out_json_str(out, str_of(text));
    free(text);
}

static void write_double(double real, struct out *out)
{
    char text[40];
    if (!isfinite(real)) {
        out_json_str(out, isnan(real) ? STR("NaN") : real > 0 ? STR("Infinity") : STR("-Infinity"));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void) snprintf(text, sizeof text, "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            break;
    }
    out_json_raw(out, str_of(text));
}

static void write_whole(int64_t negative, uint64_t natural, struct out *out)
{
    char text[32];
    bool large = negative <= -(INT64_C(1) << 53) || natural >= UINT64_C(1) << 53;
    if (negative < 0)
        (void) snprintf(text, sizeof text, "%lld", (long long) negative);
    else
        (void) snprintf(text, sizeof text, "%llu", (unsigned long long) natural);
    if (large)
        out_json_str(out, str_of(text));
    else
        out_json_raw(out, str_of(text));
}

/*
 * What JSON has no word for: {"type": "int"}; the text that CEL prints, without its call if @inner.
 */
static void write_printed(const struct cel_value *value, const char *name, struct out *out)
{
    struct out text;
    out_init(&text, NULL, 64);
    cel_value_print(value, &text);
    if (name) {
        out_json_open(out, '{');
        out_json_key(out, str_of(name));
        cel_json_write_text(out_str(&text), out);
        out_json_close(out, '}');
    } else { /* timestamp("…"), duration("…") */
        struct str whole = out_str(&text);
        const char *from = memchr(whole.at, '"', whole.len);
        const char *to = memrchr(whole.at, '"', whole.len);
        bool quoted = from && to > from;
        out_json_str(out, quoted ? (struct str){ from + 1, (size_t) (to - from - 1) } : whole);
    }
    out_deinit(&text);
}

static void write_map(const struct cel_value *value, struct out *out)
{
    struct out name;
    out_init(&name, NULL, 64);
    out_json_open(out, '{');
    for (uint32_t i = 0; value->map->entries && i < value->map->count; i++) {
        const struct cel_entry *entry = &value->map->entries[i];
        struct out escaped;
        out_init(&escaped, NULL, 64);
        name.len = 0;
        if (entry->key.kind != CEL_STRING)
            cel_value_print(&entry->key, &name);
        out_json_escaped(&escaped,
                         entry->key.kind == CEL_STRING ? entry->key.string : out_str(&name));
        out_json_key(out, out_str(&escaped));
        out_deinit(&escaped);
        cel_json_write(&entry->value, out);
    }
    out_json_close(out, '}');
    out_deinit(&name);
}

void cel_json_write(const struct cel_value *value, struct out *out)
{
    switch (value->kind) {
    case CEL_NULL: out_json_null(out); break;
    case CEL_BOOL: out_json_bool(out, value->boolean); break;
    case CEL_INT:
        write_whole(value->integer, value->integer < 0 ? 0 : (uint64_t) value->integer, out);
        break;
    case CEL_UINT: write_whole(0, value->natural, out); break;
    case CEL_DOUBLE: write_double(value->real, out); break;
    case CEL_STRING: cel_json_write_text(value->string, out); break;
    case CEL_BYTES: write_bytes(value->string, out); break;
    case CEL_TIMESTAMP:
    case CEL_DURATION: write_printed(value, NULL, out); break;
    case CEL_LIST:
        out_json_open(out, '[');
        for (uint32_t i = 0; i < value->list->count; i++) {
            struct cel_value item = cel_list_at(value, i);
            cel_json_write(&item, out);
        }
        out_json_close(out, ']');
        break;
    case CEL_MAP: write_map(value, out); break;
    case CEL_TYPE: write_printed(value, "type", out); break;
    case CEL_ERROR: write_printed(value, "error", out); break;
    case CEL_UNKNOWN: write_printed(value, "unknown", out); break;
    default: write_printed(value, "object", out); break;
    }
}
