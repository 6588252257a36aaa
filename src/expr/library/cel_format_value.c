/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/library/cel_format_value.h"

#include <inttypes.h>
#include <math.h>

#include "expr/cel_type.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_rune.h"
#include "expr/values/cel_time.h"

/* Values as text. Lists and maps call each other; how deep is bounded here, whatever a host may
 * hand in. */
enum { FORMAT_MAX_DEPTH = 200 };

void cel_format_double(struct out *out, double real)
{
    char buffer[CEL_DOUBLE_TEXT_BYTES], digits[CEL_DOUBLE_TEXT_BYTES];
    if (isnan(real) || isinf(real)) {
        out_text(out, isnan(real) ? STR("NaN") : real < 0 ? STR("-Infinity") : STR("Infinity"));
        return;
    }
    struct str text = cel_double_text(real, buffer); /* "-1.25e-07", "0.5", "300" */
    size_t i = 0;
    int n = 0, point = 0; /* digits, and how many of them stand before the point */
    bool before = true;
    for (; i < text.len && text.at[i] != 'e'; i++) {
        if (text.at[i] == '-')
            out_char(out, '-');
        else if (text.at[i] == '.')
            before = false;
        else
            digits[n++] = text.at[i], point += before;
    }
    int exponent = 0;
    for (size_t e = i + 2; e < text.len; e++)
        exponent = exponent * 10 + text.at[e] - '0';
    point += i + 1 < text.len && text.at[i + 1] == '-' ? -exponent : exponent;
    if (point <= 0)
        out_text(out, STR("0."));
    for (int zero = point; zero < 0; zero++)
        out_char(out, '0');
    for (int d = 0; d < n || d < point; d++) {
        if (d == point && d > 0)
            out_char(out, '.');
        out_char(out, d < n ? digits[d] : '0');
    }
}

/* Bytes become a text: each stretch of them that is no UTF-8 shows as one U+FFFD. */
static void put_bytes(struct out *out, struct str bytes)
{
    char piece[CEL_RUNE_BYTES];
    size_t width;
    bool broken = false, after_broken = false;
    if (str_is_utf8(bytes, NULL)) {
        out_text(out, bytes);
        return;
    }
    for (size_t at = 0; at < bytes.len; at += width) {
        uint32_t rune = cel_rune_at(bytes, at, &width);
        broken = rune == 0xfffd && width == 1;
        if (!broken || !after_broken)
            out_bytes(out, piece, cel_rune_put(piece, rune));
        after_broken = broken;
    }
}

static struct cel_value put_value(struct cel_run *run, struct out *out,
                                  const struct cel_value *value, uint32_t depth);

static struct cel_value put_list(struct cel_run *run, struct out *out,
                                 const struct cel_value *value, uint32_t depth)
{
    if (!cel_charge(run, value->list->count))
        return cel_stop(run);
    out_char(out, '[');
    for (uint32_t i = 0; i < value->list->count; i++) {
        struct cel_value item = cel_list_at(value, i);
        if (i)
            out_text(out, STR(", "));
        struct cel_value done = put_value(run, out, &item, depth);
        if (!cel_is_plain(&done))
            return done;
    }
    out_char(out, ']');
    return cel_null();
}

struct shown_entry {
    struct str key;
    const struct cel_value *value;
};

/* By key, from the bottom up and stable; without malloc, which qsort may use. The result is in
 * @from or in @to. */
static struct shown_entry *sort_entries(struct shown_entry *from, struct shown_entry *to,
                                        uint32_t count)
{
    for (uint64_t width = 1; width < count; width *= 2) {
        for (uint64_t start = 0; start < count; start += 2 * width) {
            uint64_t left = start, middle = start + width < count ? start + width : count;
            uint64_t right = middle, end = middle + width < count ? middle + width : count;
            for (uint64_t i = start; i < end; i++)
                to[i] =
                    left < middle && (right == end || str_cmp(from[left].key, from[right].key) <= 0)
                        ? from[left++]
                        : from[right++];
        }
        struct shown_entry *sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/* The entries with their keys as text, sorted; NULL: *ret_failed is what the call yields. */
static const struct shown_entry *sorted_entries(struct cel_run *run, const struct cel_map *map,
                                                struct cel_value *ret_failed)
{
    struct shown_entry *entries = cel_take(run, 2 * (size_t) map->count, sizeof *entries);
    struct out keys;
    size_t end = 0;
    *ret_failed = cel_null();
    out_init(&keys, run->arena, 16 * (size_t) map->count);
    for (uint32_t i = 0; entries && i < map->count; i++) {
        *ret_failed = put_value(run, &keys, &map->entries[i].key, 1);
        if (!cel_is_plain(ret_failed))
            return NULL;
        entries[i] = (struct shown_entry){ { NULL, keys.len }, &map->entries[i].value };
    }
    uint64_t steps = map->count;
    for (uint32_t n = map->count; n > 1; n /= 2)
        steps += map->count / 4;
    if (!entries || keys.failed || !cel_charge_bytes(run, keys.len) || !cel_charge(run, steps)) {
        *ret_failed = cel_stop(run);
        return NULL;
    }
    for (uint32_t i = 0; i < map->count; i++) {
        size_t next = entries[i].key.len;
        entries[i].key = (struct str){ keys.at + end, next - end };
        end = next;
    }
    return sort_entries(entries, entries + map->count, map->count);
}

static struct cel_value put_map(struct cel_run *run, struct out *out, const struct cel_value *value,
                                uint32_t depth)
{
    const struct cel_map *map = value->map;
    struct cel_value failed;
    if (!map->entries && (map->count || map->find))
        return cel_fail(run, "error during formatting: this map cannot be walked through");
    if (map->count == 0) {
        out_text(out, STR("{}"));
        return cel_null();
    }
    const struct shown_entry *entries = sorted_entries(run, map, &failed);
    if (!entries)
        return failed;
    out_char(out, '{');
    for (uint32_t i = 0; i < map->count; i++) {
        if (i)
            out_text(out, STR(", "));
        out_text(out, entries[i].key);
        out_text(out, STR(": "));
        failed = put_value(run, out, entries[i].value, depth);
        if (!cel_is_plain(&failed))
            return failed;
    }
    out_char(out, '}');
    return cel_null();
}

/*
 * Seconds as a double prints them, so nanoseconds may be lost from 104 days on. Of 15 digits a
 * double loses none.
 */
static void put_duration(struct out *out, const struct cel_value *value)
{
    char copy[CEL_DOUBLE_TEXT_BYTES];
    double seconds;
    size_t start = out->len;
    cel_duration_print(value, out);
    struct str text = { out->at + start, out->len - start };
    if (out->failed || text.len <= 15 || text.len > sizeof copy)
        return;
    text.len--; /* the s */
    if (!cel_double_parse(text, copy, &seconds))
        return;
    out->len = start;
    cel_format_double(out, seconds);
    out_char(out, 's');
}

static void put_simple(struct out *out, const struct cel_value *value)
{
    switch (value->kind) {
    case CEL_NULL: out_text(out, STR("null")); break;
    case CEL_BOOL: out_text(out, value->boolean ? STR("true") : STR("false")); break;
    case CEL_INT: out_int(out, value->integer); break;
    case CEL_UINT: out_printf(out, "%" PRIu64, value->natural); break;
    case CEL_DOUBLE: cel_format_double(out, value->real); break;
    case CEL_STRING: out_text(out, value->string); break;
    case CEL_BYTES: put_bytes(out, value->string); break;
    case CEL_TIMESTAMP: cel_timestamp_print(value, out); break;
    case CEL_DURATION: put_duration(out, value); break;
    case CEL_TYPE: out_text(out, value->type->name); break;
    default: break;
    }
}

static struct cel_value put_value(struct cel_run *run, struct out *out,
                                  const struct cel_value *value, uint32_t depth)
{
    if (!cel_is_plain(value))
        return *value;
    if (depth > FORMAT_MAX_DEPTH)
        return cel_fail(run, "error during formatting: lists and maps are nested too deep");
    if (out->failed)
        return cel_stop(run);
    if (value->kind == CEL_LIST)
        return put_list(run, out, value, depth + 1);
    if (value->kind == CEL_MAP)
        return put_map(run, out, value, depth + 1);
    if (value->kind == CEL_OBJECT)
        return cel_fail(run,
                        "error during formatting: string clause can only be used on strings, "
                        "bools, bytes, ints, doubles, maps, lists, types, durations, and "
                        "timestamps, was given %.*s",
                        STR_ARG(cel_type_of(value)->name));
    put_simple(out, value);
    return cel_null();
}

struct cel_value cel_format_value(struct cel_run *run, struct out *out,
                                  const struct cel_value *value)
{
    return put_value(run, out, value, 0);
}
