/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "expr/library/cel_library.h"
#include "expr/values/cel_ops.h"

/*
 * The math extension of CEL. greatest and least compare numbers of all three kinds by their value
 * and give back the argument itself, so a mixture yields the kind of the winner; of equals the
 * first wins; NaN has no place among numbers and is an error. Rounding and the tests of a double
 * take a double only. Bits of an int are those of its two's complement, and a shift to the right
 * fills with zeros also there.
 */
static bool is_number(const struct cel_value *value)
{
    return value->kind == CEL_INT || value->kind == CEL_UINT || value->kind == CEL_DOUBLE;
}

/* Whichever lies farther towards @direction (1: up, -1: down), or what went wrong. */
static struct cel_value farther(struct cel_run *run, const char *name, int direction,
                                struct cel_value best, const struct cel_value *next)
{
    int order;
    if (!cel_is_plain(next))
        return *next;
    if (!is_number(next))
        return cel_no_overload(run, name, next, 1);
    if (!cel_order(&best, next, &order))
        return cel_fail(run, "NaN values cannot be ordered");
    return order * direction < 0 ? *next : best;
}

static struct cel_value extreme(struct cel_run *run, const char *name, int direction,
                                const struct cel_value *args, uint32_t n_args)
{
    const struct cel_value *list = n_args == 1 && args[0].kind == CEL_LIST ? &args[0] : NULL;
    uint32_t count = list ? list->list->count : n_args;
    if (count == 0)
        return cel_fail(run, "%s: the list must not be empty", name);
    if (!cel_charge(run, count))
        return cel_stop(run);
    struct cel_value best = list ? cel_list_at(list, 0) : args[0];
    if (cel_is_plain(&best) && !is_number(&best))
        return cel_no_overload(run, name, &best, 1);
    for (uint32_t i = 1; i < count && cel_is_plain(&best); i++) {
        struct cel_value next = list ? cel_list_at(list, i) : args[i];
        best = farther(run, name, direction, best, &next);
    }
    return best;
}

static struct cel_value greatest(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    return extreme(run, "math.greatest", 1, args, n_args);
}

static struct cel_value least(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    return extreme(run, "math.least", -1, args, n_args);
}

/* The functions below are one line each; their table says which kinds they get. */
#define CEL_MATH(name, result)                                                      \
    static struct cel_value name(struct cel_run *run, const struct cel_value *args, \
                                 uint32_t n_args)                                   \
    {                                                                               \
        (void) run;                                                                 \
        (void) n_args;                                                              \
        return (result);                                                            \
    }

CEL_MATH(ceil_double, cel_double(ceil(args[0].real)))
CEL_MATH(floor_double, cel_double(floor(args[0].real)))
CEL_MATH(round_double, cel_double(round(args[0].real))) /* halves away from 0 */
CEL_MATH(trunc_double, cel_double(trunc(args[0].real)))
CEL_MATH(sqrt_double, cel_double(sqrt(args[0].real)))
CEL_MATH(sqrt_int, cel_double(sqrt((double) args[0].integer)))
CEL_MATH(sqrt_uint, cel_double(sqrt((double) args[0].natural)))
CEL_MATH(is_nan, cel_bool(isnan(args[0].real)))
CEL_MATH(is_inf, cel_bool(isinf(args[0].real)))
CEL_MATH(is_finite, cel_bool(isfinite(args[0].real)))
CEL_MATH(abs_double, cel_double(fabs(args[0].real)))
CEL_MATH(abs_uint, args[0])
CEL_MATH(sign_int, cel_int((args[0].integer > 0) - (args[0].integer < 0)))
CEL_MATH(sign_uint, cel_uint(args[0].natural > 0))
CEL_MATH(bit_and_int, cel_int(args[0].integer &args[1].integer))
CEL_MATH(bit_and_uint, cel_uint(args[0].natural &args[1].natural))
CEL_MATH(bit_or_int, cel_int(args[0].integer | args[1].integer))
CEL_MATH(bit_or_uint, cel_uint(args[0].natural | args[1].natural))
CEL_MATH(bit_xor_int, cel_int(args[0].integer ^ args[1].integer))
CEL_MATH(bit_xor_uint, cel_uint(args[0].natural ^ args[1].natural))
CEL_MATH(bit_not_int, cel_int(~args[0].integer))
CEL_MATH(bit_not_uint, cel_uint(~args[0].natural))

static struct cel_value abs_int(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    (void) n_args;
    if (args[0].integer == INT64_MIN)
        return cel_fail(run, "integer overflow");
    return cel_int(args[0].integer < 0 ? -args[0].integer : args[0].integer);
}

static struct cel_value sign_double(struct cel_run *run, const struct cel_value *args,
                                    uint32_t n_args)
{
    double x = args[0].real;
    (void) run;
    (void) n_args;
    return isnan(x) ? args[0] : cel_double((x > 0) - (x < 0));
}

/* An int or a uint, by args[1] bits; 64 and more leave nothing. */
static struct cel_value shift(struct cel_run *run, const struct cel_value *args, const char *name,
                              bool left)
{
    bool is_int = args[0].kind == CEL_INT;
    uint64_t bits = is_int ? (uint64_t) args[0].integer : args[0].natural;
    int64_t by = args[1].integer;
    if (by < 0)
        return cel_fail(run, "%s() negative offset: %" PRId64, name, by);
    bits = by > 63 ? 0 : left ? bits << by : bits >> by;
    return is_int ? cel_int((int64_t) bits) : cel_uint(bits);
}

static struct cel_value shift_left(struct cel_run *run, const struct cel_value *args,
                                   uint32_t n_args)
{
    (void) n_args;
    return shift(run, args, "math.bitShiftLeft", true);
}

static struct cel_value shift_right(struct cel_run *run, const struct cel_value *args,
                                    uint32_t n_args)
{
    (void) n_args;
    return shift(run, args, "math.bitShiftRight", false);
}

const struct cel_definition *cel_library_math(void)
{
    static const struct cel_definition table[] = {
        { "math.greatest(int...) -> int", greatest, 1 },
        { "math.greatest(uint...) -> uint", greatest, 1 },
        { "math.greatest(double...) -> double", greatest, 1 },
        { "math.greatest(list(T)) -> T", greatest, 1 },
        { "math.greatest(int, dyn...) -> dyn", greatest, 1 },
        { "math.greatest(uint, dyn...) -> dyn", greatest, 1 },
        { "math.greatest(double, dyn...) -> dyn", greatest, 1 },
        { "math.least(int...) -> int", least, 1 },
        { "math.least(uint...) -> uint", least, 1 },
        { "math.least(double...) -> double", least, 1 },
        { "math.least(list(T)) -> T", least, 1 },
        { "math.least(int, dyn...) -> dyn", least, 1 },
        { "math.least(uint, dyn...) -> dyn", least, 1 },
        { "math.least(double, dyn...) -> dyn", least, 1 },
        { "math.ceil(double) -> double", ceil_double, 1 },
        { "math.floor(double) -> double", floor_double, 1 },
        { "math.round(double) -> double", round_double, 1 },
        { "math.trunc(double) -> double", trunc_double, 1 },
        { "math.sqrt(double) -> double", sqrt_double, 1 },
        { "math.sqrt(int) -> double", sqrt_int, 1 },
        { "math.sqrt(uint) -> double", sqrt_uint, 1 },
        { "math.isNaN(double) -> bool", is_nan, 1 },
        { "math.isInf(double) -> bool", is_inf, 1 },
        { "math.isFinite(double) -> bool", is_finite, 1 },
        { "math.abs(int) -> int", abs_int, 1 },
        { "math.abs(uint) -> uint", abs_uint, 1 },
        { "math.abs(double) -> double", abs_double, 1 },
        { "math.sign(int) -> int", sign_int, 1 },
        { "math.sign(uint) -> uint", sign_uint, 1 },
        { "math.sign(double) -> double", sign_double, 1 },
        { "math.bitAnd(int, int) -> int", bit_and_int, 1 },
        { "math.bitAnd(uint, uint) -> uint", bit_and_uint, 1 },
        { "math.bitOr(int, int) -> int", bit_or_int, 1 },
        { "math.bitOr(uint, uint) -> uint", bit_or_uint, 1 },
        { "math.bitXor(int, int) -> int", bit_xor_int, 1 },
        { "math.bitXor(uint, uint) -> uint", bit_xor_uint, 1 },
        { "math.bitNot(int) -> int", bit_not_int, 1 },
        { "math.bitNot(uint) -> uint", bit_not_uint, 1 },
        { "math.bitShiftLeft(int, int) -> int", shift_left, 1 },
        { "math.bitShiftLeft(uint, int) -> uint", shift_left, 1 },
        { "math.bitShiftRight(int, int) -> int", shift_right, 1 },
        { "math.bitShiftRight(uint, int) -> uint", shift_right, 1 },
        { 0 },
    };
    return table;
}
