/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversions between kinds: int() uint() double() string() bytes() bool() dyn() type(). A value
 * that the wanted kind does not hold is an error, never a near one; only doubles lose what is
 * behind the point, and integers past 2^53 become the nearest double. -2^63 and 2^63 themselves are
 * no ints when they come as doubles, as the language definition wants it.
 */
#include <math.h>

#include "expr/cel_type.h"
#include "expr/library/cel_library.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_ops.h"
#include "expr/values/cel_time.h"

enum { SHOWN_BYTES = 40 };

/* A text that does not read as @kind; it is shown when it is short. */
static struct cel_value unreadable(struct cel_run *run, const char *kind, struct str text)
{
    return text.len > SHOWN_BYTES || !str_is_utf8(text, NULL)
               ? cel_fail(run, "this string is no %s", kind)
               : cel_fail(run, "'%.*s' is no %s", STR_ARG(text), kind);
}

/* Reading a text to its end. */
static bool charge_text(struct cel_run *run, const struct cel_value *value)
{
    return (value->kind != CEL_STRING && value->kind != CEL_BYTES) ||
           cel_charge_bytes(run, value->string.len);
}

static struct cel_value to_int(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    int64_t integer;
    if (!charge_text(run, args))
        return cel_stop(run);
    switch (args->kind) {
    case CEL_INT: return *args;
    case CEL_UINT:
        return args->natural <= INT64_MAX ? cel_int((int64_t) args->natural)
                                          : cel_fail(run, "int out of range");
    case CEL_DOUBLE:
        return args->real > -9223372036854775808.0 && args->real < 9223372036854775808.0
                   ? cel_int((int64_t) args->real)
                   : cel_fail(run, "int out of range");
    case CEL_STRING:
        return cel_int_parse(args->string, &integer) ? cel_int(integer)
                                                     : unreadable(run, "int", args->string);
    case CEL_TIMESTAMP: return cel_int(args->integer);
    case CEL_DURATION:
        return cel_duration_nanos(args, &integer) ? cel_int(integer)
                                                  : cel_fail(run, "int out of range");
    default: return cel_no_overload(run, "int", args, n_args);
    }
}

static struct cel_value to_uint(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    uint64_t natural;
    if (!charge_text(run, args))
        return cel_stop(run);
    switch (args->kind) {
    case CEL_UINT: return *args;
    case CEL_INT:
        return args->integer >= 0 ? cel_uint((uint64_t) args->integer)
                                  : cel_fail(run, "uint out of range");
    case CEL_DOUBLE:
        return args->real >= 0 && args->real < 18446744073709551616.0
                   ? cel_uint((uint64_t) args->real)
                   : cel_fail(run, "uint out of range");
    case CEL_STRING:
        return cel_uint_parse(args->string, &natural) ? cel_uint(natural)
                                                      : unreadable(run, "uint", args->string);
    default: return cel_no_overload(run, "uint", args, n_args);
    }
}

static struct cel_value read_double(struct cel_run *run, struct str text)
{
    double real;
    char short_copy[64], *copy = short_copy;
    if (text.len >= sizeof short_copy)
        copy = cel_take(run, text.len + 1, 1);
    if (!copy)
        return cel_stop(run);
    return cel_double_parse(text, copy, &real) ? cel_double(real) : unreadable(run, "double", text);
}

static struct cel_value to_double(struct cel_run *run, const struct cel_value *args,
                                  uint32_t n_args)
{
    if (!charge_text(run, args))
        return cel_stop(run);
    switch (args->kind) {
    case CEL_DOUBLE: return *args;
    case CEL_INT: return cel_double((double) args->integer);
    case CEL_UINT: return cel_double((double) args->natural);
    case CEL_STRING: return read_double(run, args->string);
    default: return cel_no_overload(run, "double", args, n_args);
    }
}

static void print_plain(const struct cel_value *value, struct out *out)
{
    char buffer[CEL_DOUBLE_TEXT_BYTES];
    switch (value->kind) {
    case CEL_BOOL: out_text(out, value->boolean ? STR("true") : STR("false")); break;
    case CEL_INT: out_int(out, value->integer); break;
    case CEL_UINT: out_printf(out, "%llu", (unsigned long long) value->natural); break;
    case CEL_DOUBLE: out_text(out, cel_double_text(value->real, buffer)); break;
    case CEL_TIMESTAMP: cel_timestamp_print(value, out); break;
    default: cel_duration_print(value, out); break;
    }
}

static struct cel_value to_string(struct cel_run *run, const struct cel_value *args,
                                  uint32_t n_args)
{
    struct out out;
    switch (args->kind) {
    case CEL_STRING: return *args;
    case CEL_BYTES:
        if (!charge_text(run, args))
            return cel_stop(run);
        return str_is_utf8(args->string, NULL) ? cel_string(args->string)
                                               : cel_fail(run, "these bytes are no UTF-8");
    case CEL_BOOL:
    case CEL_INT:
    case CEL_UINT:
    case CEL_DOUBLE:
    case CEL_TIMESTAMP:
    case CEL_DURATION:
        out_init(&out, run->arena, 40);
        print_plain(args, &out);
        return out.failed ? cel_stop(run) : cel_string(out_str(&out));
    default: return cel_no_overload(run, "string", args, n_args);
    }
}

static struct cel_value to_bytes(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    if (args->kind != CEL_STRING && args->kind != CEL_BYTES)
        return cel_no_overload(run, "bytes", args, n_args);
    return cel_bytes(args->string);
}

static struct cel_value to_bool(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    static const char *const words[] = { "false", "true", "False", "True", "FALSE", "TRUE",
                                         "f",     "t",    "F",     "T",    "0",     "1" };
    if (args->kind == CEL_BOOL)
        return *args;
    if (args->kind != CEL_STRING)
        return cel_no_overload(run, "bool", args, n_args);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(args->string, words[i]))
            return cel_bool(i % 2 != 0);
    return unreadable(run, "bool", args->string);
}

static struct cel_value to_dyn(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    (void) run;
    (void) n_args;
    return *args;
}

static struct cel_value to_type(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    (void) run;
    (void) n_args;
    return (struct cel_value){ .kind = CEL_TYPE, .type = cel_type_of(args) };
}

const struct cel_definition *cel_library_convert(void)
{
    static const struct cel_definition definitions[] = {
        { "int(int) -> int", to_int, 1 },
        { "int(uint) -> int", to_int, 1 },
        { "int(double) -> int", to_int, 1 },
        { "int(string) -> int", to_int, 1 },
        { "int(timestamp) -> int", to_int, 1 },
        { "int(duration) -> int", to_int, 1 }, /* nanoseconds; not in the language definition */
        { "uint(uint) -> uint", to_uint, 1 },
        { "uint(int) -> uint", to_uint, 1 },
        { "uint(double) -> uint", to_uint, 1 },
        { "uint(string) -> uint", to_uint, 1 },
        { "double(double) -> double", to_double, 1 },
        { "double(int) -> double", to_double, 1 },
        { "double(uint) -> double", to_double, 1 },
        { "double(string) -> double", to_double, 1 },
        { "string(string) -> string", to_string, 1 },
        { "string(bool) -> string", to_string, 1 },
        { "string(int) -> string", to_string, 1 },
        { "string(uint) -> string", to_string, 1 },
        { "string(double) -> string", to_string, 1 },
        { "string(bytes) -> string", to_string, 1 },
        { "string(timestamp) -> string", to_string, 1 },
        { "string(duration) -> string", to_string, 1 },
        { "bytes(bytes) -> bytes", to_bytes, 1 },
        { "bytes(string) -> bytes", to_bytes, 1 },
        { "bool(bool) -> bool", to_bool, 1 },
        { "bool(string) -> bool", to_bool, 1 },
        { "dyn(T) -> dyn", to_dyn, 1 },
        { "type(T) -> type(T)", to_type, 1 },
        { NULL, NULL, 0 },
    };
    return definitions;
}
