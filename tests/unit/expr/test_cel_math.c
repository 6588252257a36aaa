/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_cases.h"

START_TEST(greatest_and_least_compare_numbers_of_all_kinds)
{
    static const struct cel_case cases[] = {
        { "math.greatest(5)", "5" },
        { "math.greatest(1, 2, 3)", "3" },
        { "math.greatest(1, 1.0)", "1" },
        { "math.greatest(1.0, 1)", "1.0" },
        { "math.greatest(5u, -7)", "5u" },
        { "math.greatest(5.4, 10, 3u, -5.0, 9223372036854775807)", "9223372036854775807" },
        { "math.greatest(18446744073709551615u, 1u, 5.5)", "18446744073709551615u" },
        { "math.greatest([5.4, 10u, 3u, -5.0, 3.5])", "10u" },
        { "math.greatest([dyn(5.4), dyn(10.5)])", "10.5" },
        { "math.greatest(1.0, 1.0/0.0)", "double(\"Infinity\")" },
        { "math.least(-9223372036854775808, 1)", "-9223372036854775808" },
        { "math.least(1u, -1.5, 7)", "-1.5" },
        { "math.least(1, 1u, 1.0)", "1" },
        { "math.least([3, 2, 1])", "1" },
        { "math.least(-1.797693e308, -1) == -1.797693e308", "true" },
        { "math.least(dyn(1), dyn(2u))", "1" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(greatest_and_least_refuse_what_is_no_number)
{
    static const struct cel_case cases[] = {
        { "math.greatest(dyn('a'))", "error: " },
        { "math.greatest(1, dyn('a'))", "error: " },
        { "math.least(dyn(true), 1, 2)", "error: " },
        { "math.least([dyn(1), dyn('a')])", "error: " },
        { "math.greatest([dyn('a')])", "error: " },
        { "math.greatest(dyn([]))", "error: " },
        { "math.least(dyn([]))", "error: " },
        { "math.greatest(1.0, 0.0/0.0)", "error: NaN values cannot be ordered" },
        { "math.greatest()", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(rounds_doubles)
{
    static const struct cel_case cases[] = {
        { "math.ceil(1.2)", "2.0" },
        { "math.ceil(-1.2)", "-1.0" },
        { "math.floor(1.2)", "1.0" },
        { "math.floor(-1.2)", "-2.0" },
        { "math.round(1.2)", "1.0" },
        { "math.round(1.5)", "2.0" },
        { "math.round(2.5)", "3.0" },
        { "math.round(-1.5)", "-2.0" },
        { "math.round(-1.2)", "-1.0" },
        { "math.trunc(-1.3)", "-1.0" },
        { "math.trunc(1.9)", "1.0" },
        { "math.isNaN(math.round(0.0/0.0))", "true" },
        { "math.isNaN(math.ceil(0.0/0.0))", "true" },
        { "math.floor(1.0/0.0) == 1.0/0.0", "true" },
        { "math.ceil(dyn(1))", "error: " },
        { "math.round(dyn(1u))", "error: " },
        { "math.round(0.49999999999999994)", "0.0" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(tells_signs_and_absolute_values)
{
    static const struct cel_case cases[] = {
        { "math.abs(1u)", "1u" },
        { "math.abs(-11)", "11" },
        { "math.abs(-1.5)", "1.5" },
        { "math.abs(-9223372036854775808)", "error: integer overflow" },
        { "math.abs(-9223372036854775807)", "9223372036854775807" },
        { "math.isNaN(math.abs(0.0/0.0))", "true" },
        { "math.sign(-42)", "-1" },
        { "math.sign(0)", "0" },
        { "math.sign(100u)", "1u" },
        { "math.sign(0u)", "0u" },
        { "math.sign(-0.5)", "-1.0" },
        { "math.sign(1.0/0.0)", "1.0" },
        { "math.sign(-0.0) == 0.0", "true" },
        { "math.isNaN(math.sign(0.0/0.0))", "true" },
        { "math.abs(dyn(''))", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(tests_doubles_and_takes_roots)
{
    static const struct cel_case cases[] = {
        { "math.isNaN(0.0/0.0)", "true" },
        { "math.isNaN(1.0/0.0)", "false" },
        { "math.isInf(-1.0/0.0)", "true" },
        { "math.isInf(1.5)", "false" },
        { "math.isFinite(1.5)", "true" },
        { "math.isFinite(0.0/0.0)", "false" },
        { "math.isFinite(-1.0/0.0)", "false" },
        { "math.isFinite(dyn(1u))", "error: " },
        { "math.sqrt(49.0)", "7.0" },
        { "math.sqrt(49)", "7.0" },
        { "math.sqrt(0u)", "0.0" },
        { "math.isNaN(math.sqrt(-1))", "true" },
        { "math.sqrt(2.0)", "1.4142135623730951" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(combines_bits)
{
    static const struct cel_case cases[] = {
        { "math.bitAnd(1, -1)", "1" },
        { "math.bitAnd(-3, -5)", "-7" },
        { "math.bitAnd(1u, 3u)", "1u" },
        { "math.bitOr(-2, -4)", "-2" },
        { "math.bitOr(1u, 4u)", "5u" },
        { "math.bitXor(4, -2)", "-6" },
        { "math.bitXor(3u, 5u)", "6u" },
        { "math.bitNot(1)", "-2" },
        { "math.bitNot(0u)", "18446744073709551615u" },
        { "math.bitAnd(2u, dyn(''))", "error: " },
        { "math.bitOr(1, dyn(1u))", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(shifts_bits_and_fills_with_zeros)
{
    static const struct cel_case cases[] = {
        { "math.bitShiftLeft(1, 2)", "4" },
        { "math.bitShiftLeft(-1, 1)", "-2" },
        { "math.bitShiftLeft(1, 63)", "-9223372036854775808" },
        { "math.bitShiftLeft(-1, 64)", "0" },
        { "math.bitShiftLeft(-1, 200)", "0" },
        { "math.bitShiftLeft(1u, 200)", "0u" },
        { "math.bitShiftLeft(1u, -1)", "error: math.bitShiftLeft() negative offset: -1" },
        { "math.bitShiftRight(1024, 2)", "256" },
        { "math.bitShiftRight(-1024, 3)", "2305843009213693824" },
        { "math.bitShiftRight(-1024, 64)", "0" },
        { "math.bitShiftRight(1024u, 2)", "256u" },
        { "math.bitShiftRight(1u, -1)", "error: math.bitShiftRight() negative offset: -1" },
        { "math.bitShiftLeft(dyn(4.3), 1)", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

SUITE_MAIN("expr/cel_math", greatest_and_least_compare_numbers_of_all_kinds,
           greatest_and_least_refuse_what_is_no_number, rounds_doubles,
           tells_signs_and_absolute_values, tests_doubles_and_takes_roots, combines_bits,
           shifts_bits_and_fills_with_zeros)
