/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/library/cel_strings.h"
#include "expr/values/cel_rune.h"

/*
 * The part of the strings extension that makes texts. Each one counts first and takes exactly the
 * memory it fills then; parts of a text are borrowed from it. Limits count pieces: a negative one
 * is none, as in the documentation of the extension.
 */
static struct str part(struct str text, size_t from, size_t to)
{
    return (struct str){ to > from ? text.at + from : "", to - from };
}

static size_t put(char *made, size_t end, struct str text)
{
    if (text.len)
        memcpy(made + end, text.at, text.len);
    return end + text.len;
}

static struct cel_value ascii_case(struct cel_run *run, struct str text, char first, char last)
{
    size_t at = 0;
    if (!cel_charge_bytes(run, text.len))
        return cel_stop(run);
    while (at < text.len && (text.at[at] < first || text.at[at] > last))
        at++;
    if (at == text.len)
        return cel_string(text);
    char *made = cel_take(run, text.len, 1);
    if (!made)
        return cel_stop(run);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        made[i] = (char) (c >= first && c <= last ? c ^ 0x20 : c);
    }
    return cel_string((struct str){ made, text.len });
}

struct cel_value cel_strings_lower_ascii(struct cel_run *run, const struct cel_value *args,
                                         uint32_t n_args)
{
    (void) n_args;
    return ascii_case(run, args[0].string, 'A', 'Z');
}

struct cel_value cel_strings_upper_ascii(struct cel_run *run, const struct cel_value *args,
                                         uint32_t n_args)
{
    (void) n_args;
    return ascii_case(run, args[0].string, 'a', 'z');
}

struct cel_value cel_strings_reverse(struct cel_run *run, const struct cel_value *args,
                                     uint32_t n_args)
{
    struct str text = args[0].string;
    size_t bytes;
    (void) n_args;
    if (text.len < 2)
        return args[0];
    char *made = cel_charge_bytes(run, text.len) ? cel_take(run, text.len, 1) : NULL;
    if (!made)
        return cel_stop(run);
    for (size_t at = 0; at < text.len; at += bytes) {
        (void) cel_rune_at(text, at, &bytes);
        memcpy(made + text.len - at - bytes, text.at + at, bytes);
    }
    return cel_string((struct str){ made, text.len });
}

/* The letter behind the backslash, or 0. */
static char escape_of(uint32_t rune)
{
    static const char controls[] = "abtnvfr"; /* from U+0007 on */
    if (rune >= 7 && rune <= 13)
        return controls[rune - 7];
    return rune == '"' || rune == '\\' ? (char) rune : 0;
}

struct cel_value cel_strings_quote(struct cel_run *run, const struct cel_value *args,
                                   uint32_t n_args)
{
    struct str text = args[0].string;
    char piece[CEL_RUNE_BYTES];
    size_t bytes, len = 2, end = 0;
    (void) n_args;
    for (size_t at = 0; at < text.len; at += bytes) {
        uint32_t rune = cel_rune_at(text, at, &bytes);
        len += escape_of(rune) ? 2 : cel_rune_put(piece, rune);
    }
    char *made = cel_charge_bytes(run, text.len + len) ? cel_take(run, len, 1) : NULL;
    if (!made)
        return cel_stop(run);
    made[end++] = '"';
    for (size_t at = 0; at < text.len; at += bytes) {
        uint32_t rune = cel_rune_at(text, at, &bytes);
        char escape = escape_of(rune);
        size_t put = escape ? 2 : cel_rune_put(piece, rune);
        memcpy(made + end, escape ? (char[]){ '\\', escape } : piece, put);
        end += put;
    }
    made[end] = '"';
    return cel_string((struct str){ made, len });
}

/* The element, which must be a text; else *ret_wrong is what the call yields. */
static bool text_at(struct cel_run *run, const struct cel_value *list, uint32_t index,
                    struct str *ret_text, struct cel_value *ret_wrong)
{
    struct cel_value item = cel_list_at(list, index);
    if (item.kind == CEL_STRING) {
        *ret_text = item.string;
        return true;
    }
    *ret_wrong = cel_is_plain(&item) ? cel_fail(run,
                                                "no such overload: join of a list whose "
                                                "element %u is no string",
                                                (unsigned) index)
                                     : item;
    return false;
}

struct cel_value cel_strings_join(struct cel_run *run, const struct cel_value *args,
                                  uint32_t n_args)
{
    const struct cel_value *list = &args[0];
    struct str between = n_args > 1 ? args[1].string : STR(""), text;
    struct cel_value wrong;
    uint32_t count = list->list->count;
    size_t len = count ? (count - 1) * between.len : 0, end = 0;
    if (!cel_charge(run, count))
        return cel_stop(run);
    for (uint32_t i = 0; i < count; i++) {
        if (!text_at(run, list, i, &text, &wrong))
            return wrong;
        len += text.len;
    }
    char *made = cel_charge_bytes(run, len) ? cel_take(run, len + 1, 1) : NULL;
    if (!made)
        return cel_stop(run);
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            end = put(made, end, between);
        if (!text_at(run, list, i, &text, &wrong))
            return wrong;
        end = put(made, end, text);
    }
    return cel_string((struct str){ made, end });
}

/*
 * Where the next cut of @text by @by is, at or behind @from: *ret_skip bytes are cut out there. By
 * the empty text every place between two characters is one; false when there is none any more.
 */
static bool next_cut(struct str text, struct str by, size_t from, size_t *ret_at, size_t *ret_skip)
{
    size_t bytes;
    *ret_skip = by.len;
    if (by.len == 0) {
        if (from >= text.len)
            return false;
        (void) cel_rune_at(text, from, &bytes);
        *ret_at = from + bytes;
        return *ret_at < text.len;
    }
    const char *found =
        from < text.len ? memmem(text.at + from, text.len - from, by.at, by.len) : NULL;
    *ret_at = found ? (size_t) (found - text.at) : text.len;
    return found != NULL;
}

static struct cel_value list_of(struct cel_run *run, const struct cel_value *items, uint32_t count)
{
    const struct cel_list *list = cel_list_of(run->arena, items, count);
    if (!list)
        return cel_stop(run);
    return (struct cel_value){ .kind = CEL_LIST, .list = list };
}

struct cel_value cel_strings_split(struct cel_run *run, const struct cel_value *args,
                                   uint32_t n_args)
{
    struct str text = args[0].string, by = args[1].string;
    int64_t limit = n_args > 2 && args[2].integer >= 0 ? args[2].integer : INT64_MAX;
    int64_t count = 1, n = 0;
    size_t from = 0, at, skip;
    if (!cel_charge_bytes(run, text.len + by.len))
        return cel_stop(run);
    if (limit == 0 || (limit != 1 && text.len == 0 && by.len == 0))
        return list_of(run, NULL, 0);
    while (count < limit && next_cut(text, by, from, &at, &skip)) {
        count++;
        from = at + skip;
    }
    struct cel_value *items = count <= UINT32_MAX && cel_charge(run, (uint64_t) count)
                                  ? cel_take(run, (size_t) count, sizeof *items)
                                  : NULL;
    if (!items)
        return cel_stop(run);
    for (from = 0; n < count - 1 && next_cut(text, by, from, &at, &skip); from = at + skip)
        items[n++] = cel_string(part(text, from, at));
    items[n++] = cel_string(part(text, from, text.len));
    return list_of(run, items, (uint32_t) n);
}

/*
 * Where the next replacement goes. Of the empty text one goes before every character and one behind
 * the last.
 */
static bool next_match(struct str text, struct str old, size_t from, bool first, size_t *ret_at)
{
    size_t skip;
    if (old.len == 0 && (first || from == text.len)) {
        *ret_at = 0;
        return first;
    }
    return next_cut(text, old, from, ret_at, &skip) || (old.len == 0 && *ret_at == text.len);
}

struct cel_value cel_strings_replace(struct cel_run *run, const struct cel_value *args,
                                     uint32_t n_args)
{
    struct str text = args[0].string, old = args[1].string, new = args[2].string;
    int64_t limit = n_args > 3 && args[3].integer >= 0 ? args[3].integer : INT64_MAX;
    int64_t count = 0;
    size_t from = 0, at, len, end = 0;
    if (!cel_charge_bytes(run, text.len + old.len))
        return cel_stop(run);
    for (; count < limit && next_match(text, old, from, count == 0, &at); from = at + old.len)
        count++;
    if (count == 0 || str_eq(old, new))
        return args[0];
    if (__builtin_mul_overflow((size_t) count, new.len, &len) ||
        __builtin_add_overflow(len, text.len - (size_t) count * old.len, &len))
        return cel_stop(run);
    char *made = cel_charge_bytes(run, len) ? cel_take(run, len + 1, 1) : NULL;
    if (!made)
        return cel_stop(run);
    from = 0;
    for (int64_t n = 0; n < count && next_match(text, old, from, n == 0, &at); n++) {
        end = put(made, end, part(text, from, at));
        end = put(made, end, new);
        from = at + old.len;
    }
    return cel_string((struct str){ made, put(made, end, part(text, from, text.len)) });
}
