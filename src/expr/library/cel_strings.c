/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/library/cel_strings.h"

#include <inttypes.h>

#include "expr/library/cel_library.h"
#include "expr/values/cel_rune.h"

/*
 * The strings extension of CEL: its table, and the functions that find a place in a text or give
 * back a part of it, which is borrowed. Every index is a count of code points from 0. An index that
 * is negative or behind the end is an error; the place right behind the last character is inside:
 * a search that starts there finds nothing, and one that goes back from there sees all. Looking for
 * the empty text finds it where the search starts, and that is the index as it is given.
 */
static bool charge_texts(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < n_args; i++)
        if (args[i].kind == CEL_STRING)
            bytes += args[i].string.len;
    return cel_charge_bytes(run, bytes);
}

static struct cel_value out_of_range(struct cel_run *run, int64_t index)
{
    return cel_fail(run, "index out of range: %" PRId64, index);
}

static struct str part(struct str text, size_t from, size_t to)
{
    return (struct str){ to > from ? text.at + from : "", to - from };
}

/* The byte where character @index starts; true also for the place behind the last one. */
static bool place_of(struct str text, int64_t index, size_t *ret_at)
{
    size_t at = 0, bytes;
    if (index < 0)
        return false;
    for (; index > 0 && at < text.len; index--, at += bytes)
        (void) cel_rune_at(text, at, &bytes);
    *ret_at = at;
    return index == 0;
}

static struct cel_value char_at(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    struct str text = args[0].string;
    size_t at, bytes = 0;
    if (!charge_texts(run, args, n_args))
        return cel_stop(run);
    if (!place_of(text, args[1].integer, &at))
        return out_of_range(run, args[1].integer);
    if (at < text.len)
        (void) cel_rune_at(text, at, &bytes);
    return cel_string(part(text, at, at + bytes));
}

static struct cel_value substring(struct cel_run *run, const struct cel_value *args,
                                  uint32_t n_args)
{
    struct str text = args[0].string;
    int64_t start = args[1].integer;
    size_t from, length = text.len;
    if (!charge_texts(run, args, n_args))
        return cel_stop(run);
    if (n_args > 2 && start > args[2].integer)
        return cel_fail(run, "invalid substring range. start: %" PRId64 ", end: %" PRId64, start,
                        args[2].integer);
    if (!place_of(text, start, &from))
        return out_of_range(run, start);
    struct str tail = part(text, from, text.len);
    if (n_args > 2 && !place_of(tail, args[2].integer - start, &length))
        return out_of_range(run, args[2].integer);
    return cel_string(n_args > 2 ? part(tail, 0, length) : tail);
}

static struct cel_value index_of(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    struct str text = args[0].string, wanted = args[1].string;
    int64_t start = n_args > 2 ? args[2].integer : 0;
    size_t from;
    if (!charge_texts(run, args, n_args))
        return cel_stop(run);
    if (wanted.len == 0)
        return cel_int(start);
    if (!place_of(text, start, &from))
        return out_of_range(run, start);
    struct str tail = part(text, from, text.len);
    const char *found = tail.len ? memmem(tail.at, tail.len, wanted.at, wanted.len) : NULL;
    if (!found)
        return cel_int(-1);
    return cel_int(start + (int64_t) cel_rune_count(part(tail, 0, (size_t) (found - tail.at))));
}

/* The last place at or before byte @last where @wanted stands; -1 for none, -2 when the run is
 * stopped. */
static int64_t find_backwards(struct cel_run *run, struct str text, struct str wanted, size_t last)
{
    size_t work = 0;
    if (wanted.len > text.len)
        return -1;
    if (last > text.len - wanted.len)
        last = text.len - wanted.len;
    for (size_t at = last + 1; at-- > 0;) {
        size_t same = 0;
        while (same < wanted.len && text.at[at + same] == wanted.at[same])
            same++;
        if (same == wanted.len)
            return (int64_t) at;
        work += same + 1;
        if (work >= 4096) {
            if (!cel_charge_bytes(run, work))
                return -2;
            work = 0;
        }
    }
    return -1;
}

static struct cel_value last_index_of(struct cel_run *run, const struct cel_value *args,
                                      uint32_t n_args)
{
    struct str text = args[0].string, wanted = args[1].string;
    size_t last = text.len;
    if (!charge_texts(run, args, n_args))
        return cel_stop(run);
    if (wanted.len == 0)
        return cel_int(n_args > 2 ? args[2].integer : (int64_t) cel_rune_count(text));
    if (n_args > 2 && !place_of(text, args[2].integer, &last))
        return out_of_range(run, args[2].integer);
    int64_t at = find_backwards(run, text, wanted, last);
    if (at == -2)
        return cel_stop(run);
    return cel_int(at < 0 ? -1 : (int64_t) cel_rune_count(part(text, 0, (size_t) at)));
}

/* White space as Unicode has it: the zero-width characters and U+180E are none. */
static bool is_space(uint32_t rune)
{
    if (rune < 0x80)
        return rune == ' ' || (rune >= '\t' && rune <= '\r');
    return rune == 0x85 || rune == 0xA0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

static struct cel_value trim(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    struct str text = args[0].string;
    size_t from = 0, to, bytes, solid = 0;
    if (!charge_texts(run, args, n_args))
        return cel_stop(run);
    while (from < text.len && is_space(cel_rune_at(text, from, &bytes)))
        from += bytes;
    for (to = from; to < text.len; to += bytes)
        if (!is_space(cel_rune_at(text, to, &bytes)))
            solid = to + bytes;
    return cel_string(part(text, from, solid > from ? solid : from));
}

const struct cel_definition *cel_library_strings(void)
{
    static const struct cel_definition table[] = {
        { "string.charAt(int) -> string", char_at, 1 },
        { "string.indexOf(string) -> int", index_of, 1 },
        { "string.indexOf(string, int) -> int", index_of, 1 },
        { "list(string).join() -> string", cel_strings_join, 1 },
        { "list(string).join(string) -> string", cel_strings_join, 1 },
        { "string.lastIndexOf(string) -> int", last_index_of, 1 },
        { "string.lastIndexOf(string, int) -> int", last_index_of, 1 },
        { "string.lowerAscii() -> string", cel_strings_lower_ascii, 1 },
        { "strings.quote(string) -> string", cel_strings_quote, 1 },
        { "string.replace(string, string) -> string", cel_strings_replace, 1 },
        { "string.replace(string, string, int) -> string", cel_strings_replace, 1 },
        { "string.reverse() -> string", cel_strings_reverse, 1 },
        { "string.split(string) -> list(string)", cel_strings_split, 1 },
        { "string.split(string, int) -> list(string)", cel_strings_split, 1 },
        { "string.substring(int) -> string", substring, 1 },
        { "string.substring(int, int) -> string", substring, 1 },
        { "string.trim() -> string", trim, 1 },
        { "string.upperAscii() -> string", cel_strings_upper_ascii, 1 },
        { 0 },
    };
    return table;
}
