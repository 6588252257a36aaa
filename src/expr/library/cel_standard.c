/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size() of what has one, and the searches of the standard definitions. A string's size is its code
 * points, counted by their first bytes; searching is linear in both texts.
 */
#include "expr/library/cel_library.h"
#include "expr/values/cel_ops.h"

/* Bytes that do not begin a code point are 10xxxxxx: eight at a time, their two bits folded into
 * one. */
static int64_t count_code_points(struct str text)
{
    size_t rest = 0, i = 0;
    for (; i + 8 <= text.len; i += 8) {
        uint64_t eight;
        __builtin_memcpy(&eight, text.at + i, sizeof eight);
        rest += (size_t) __builtin_popcountll((eight >> 7) & ~(eight >> 6) & 0x0101010101010101u);
    }
    for (; i < text.len; i++)
        rest += (text.at[i] & 0xc0) == 0x80;
    return (int64_t) (text.len - rest);
}

static struct cel_value size_of(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    switch (args->kind) {
    case CEL_STRING:
        return cel_charge_bytes(run, args->string.len) ? cel_int(count_code_points(args->string))
                                                       : cel_stop(run);
    case CEL_BYTES: return cel_int((int64_t) args->string.len);
    case CEL_LIST: return cel_int(args->list->count);
    case CEL_MAP:
        return args->map->find ? cel_fail(run, "this map cannot be counted")
                               : cel_int(args->map->count);
    default: return cel_no_overload(run, "size", args, n_args);
    }
}

static struct cel_value contains(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    (void) n_args;
    return cel_charge_bytes(run, args[0].string.len)
               ? cel_bool(str_contains(args[0].string, args[1].string))
               : cel_stop(run);
}

static struct cel_value starts_with(struct cel_run *run, const struct cel_value *args,
                                    uint32_t n_args)
{
    (void) n_args;
    return cel_charge_bytes(run, args[1].string.len)
               ? cel_bool(str_starts_with(args[0].string, args[1].string))
               : cel_stop(run);
}

static struct cel_value ends_with(struct cel_run *run, const struct cel_value *args,
                                  uint32_t n_args)
{
    (void) n_args;
    return cel_charge_bytes(run, args[1].string.len)
               ? cel_bool(str_ends_with(args[0].string, args[1].string))
               : cel_stop(run);
}

const struct cel_definition *cel_library_standard(void)
{
    static const struct cel_definition definitions[] = {
        { "size(string) -> int", size_of, 1 },
        { "size(bytes) -> int", size_of, 1 },
        { "size(list(T)) -> int", size_of, 1 },
        { "size(map(K, V)) -> int", size_of, 1 },
        { "string.size() -> int", size_of, 1 },
        { "bytes.size() -> int", size_of, 1 },
        { "list(T).size() -> int", size_of, 1 },
        { "map(K, V).size() -> int", size_of, 1 },
        { "string.contains(string) -> bool", contains, 1 },
        { "string.startsWith(string) -> bool", starts_with, 1 },
        { "string.endsWith(string) -> bool", ends_with, 1 },
        { NULL, NULL, 0 },
    };
    return definitions;
}
