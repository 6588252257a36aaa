/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_cases.h"

START_TEST(puts_values_where_the_clauses_stand)
{
    static const struct cel_case cases[] = {
        { "'no clauses'.format([])", "\"no clauses\"" },
        { "'%s'.format(['one'])", "\"one\"" },
        { "'a %s b %d c'.format(['x', 7])", "\"a x b 7 c\"" },
        { "'%% and %%'.format([])", "\"% and %\"" },
        { "'%%%s%%'.format(['text'])", "\"%text%\"" },
        { "'%s'.format(['left', 'over'])", "\"left\"" },
        { "'%d %d'.format([1])", "error: index 1 out of range" },
        { "'αβ%sγ'.format(['δ'])", "\"αβδγ\"" },
        { "''.format([])", "\"\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(shows_every_kind_as_a_string)
{
    static const struct cel_case cases[] = {
        { "'%s'.format([null])", "\"null\"" },
        { "'%s %s'.format([true, false])", "\"true false\"" },
        { "'%s %s'.format([-1, 18446744073709551615u])", "\"-1 18446744073709551615\"" },
        { "'%s'.format([b'xyz'])", "\"xyz\"" },
        { "'%s'.format([b'a\\xffb'])", "\"a\357\277\275b\"" },
        { "'%s'.format([b'\\xfe\\xffa\\x80'])", "\"\357\277\275a\357\277\275\"" },
        { "'%s'.format([b'\\xef\\xbf\\xbd\\xef\\xbf\\xbd\\xff'])",
          "\"\357\277\275\357\277\275\357\277\275\"" },
        { "'%s %s'.format([type('x'), type(type(1))])", "\"string type\"" },
        { "'%s'.format([timestamp('2023-02-03T23:31:20+00:00')])", "\"2023-02-03T23:31:20Z\"" },
        { "'%s'.format([timestamp('2023-02-03T23:31:20.5Z')])", "\"2023-02-03T23:31:20.5Z\"" },
        { "'%s %s'.format([duration('1h45m47s'), duration('-1.5s')])", "\"6347s -1.5s\"" },
        { "'%s'.format([['abc', 3.14, null, [9, 8], b'x']])", "\"[abc, 3.14, null, [9, 8], x]\"" },
        { "'%s'.format([{'b': 1, 'a': [true], 'c': {}}])", "\"{a: [true], b: 1, c: {}}\"" },
        { "'%s'.format([{2: 'x', 10u: 'y', true: 'z', 'k': 0}])",
          "\"{10: y, 2: x, k: 0, true: z}\"" },
        { "'%s'.format([[]])", "\"[]\"" },
        { "'%s'.format([dyn([6, 4.2, 'a string'])])", "\"[6, 4.2, a string]\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(shows_doubles_with_the_fewest_digits_and_no_exponent)
{
    static const struct cel_case cases[] = {
        { "'%s'.format([64.2])", "\"64.2\"" },
        { "'%s'.format([2.0])", "\"2\"" },
        { "'%s'.format([-0.0])", "\"-0\"" },
        { "'%s'.format([1e21])", "\"1000000000000000000000\"" },
        { "'%s'.format([1234567.0])", "\"1234567\"" },
        { "'%s'.format([12345678.9])", "\"12345678.9\"" },
        { "'%s'.format([1e-7])", "\"0.0000001\"" },
        { "'%s'.format([-1.25e-5])", "\"-0.0000125\"" },
        { "'%s'.format([0.1])", "\"0.1\"" },
        { "'%s'.format([0.3])", "\"0.3\"" },
        { "'%s'.format([1.7976931348623157e308]).size()", "309" },
        { "'%s'.format([5e-324]).size()", "326" },
        { "'%s'.format([[0.0/0.0, 1.0/0.0, -1.0/0.0]])", "\"[NaN, Infinity, -Infinity]\"" },
        { "'%d'.format([1.5])", "\"1.5\"" },
        { "'%d %d'.format([0.0/0.0, -1.0/0.0])", "\"NaN -Infinity\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(rounds_fixed_point_and_scientific_to_even)
{
    static const struct cel_case cases[] = {
        { "'%f'.format([2.71828])", "\"2.718280\"" },
        { "'%.3f'.format([1.2345])", "\"1.234\"" },
        { "'%.0f %.0f %.0f'.format([0.5, 1.5, 2.5])", "\"0 2 2\"" },
        { "'%.3f'.format([-123.4999])", "\"-123.500\"" },
        { "'%f %f'.format([2, 3u])", "\"2.000000 3.000000\"" },
        { "'%.20f'.format([0.1])", "\"0.10000000000000000555\"" },
        { "'%.2f'.format([1e20])", "\"100000000000000000000.00\"" },
        { "'%.6e'.format([1052.032911275])", "\"1.052033e+03\"" },
        { "'%e %e'.format([2, 3u])", "\"2.000000e+00 3.000000e+00\"" },
        { "'%.0e'.format([1e-300])", "\"1e-300\"" },
        { "'%e %f'.format([0.0/0.0, 1.0/0.0])", "\"NaN Infinity\"" },
        { "'%.1000f'.format([1.7976931348623157e308]).size()", "1310" },
        { "'%.1001f'.format([1.0])", "error: could not parse formatting clause" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(shows_integers_in_other_bases)
{
    static const struct cel_case cases[] = {
        { "'%b %b %b'.format([5, -5, 5u])", "\"101 -101 101\"" },
        { "'%b%b'.format([true, false])", "\"10\"" },
        { "'%b'.format([-9223372036854775808]).size()", "65" },
        { "'%o %o'.format([11, -8])", "\"13 -10\"" },
        { "'%o'.format([65535u])", "\"177777\"" },
        { "'%x %X'.format([30, 30u])", "\"1e 1E\"" },
        { "'%x'.format([-26])", "\"-1a\"" },
        { "'%x'.format(['Hello'])", "\"48656c6c6f\"" },
        { "'%X'.format([b'\\xff\\x00'])", "\"FF00\"" },
        { "'%x'.format([''])", "\"\"" },
        { "'%d'.format([-9223372036854775808])", "\"-9223372036854775808\"" },
        { "'%b'.format([0])", "\"0\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(refuses_clauses_that_are_malformed)
{
    static const struct cel_case cases[] = {
        { "'%a'.format([1])",
          "error: could not parse formatting clause: unrecognized formatting clause \"a\"" },
        { "'%'.format([1])", "error: could not parse formatting clause: unexpected end of string" },
        { "'%.'.format([1.0])", "error: could not parse formatting clause" },
        { "'%.f'.format([1.0])", "error: could not parse formatting clause" },
        { "'%.5'.format([1.0])", "error: could not parse formatting clause" },
        { "'%.99999999999999999999f'.format([1.0])", "error: could not parse formatting clause" },
        { "'%-5d'.format([1])", "error: could not parse formatting clause" },
        { "'% d'.format([1])", "error: could not parse formatting clause" },
        { "'%é'.format([1])", "error: could not parse formatting clause" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(refuses_kinds_that_a_clause_does_not_take)
{
    static const struct cel_case cases[] = {
        { "'%d'.format(['1'])", "error: error during formatting: decimal clause" },
        { "'%d'.format([null])", "error: error during formatting: decimal clause" },
        { "'%f'.format(['NaN'])", "error: error during formatting: fixed-point clause" },
        { "'%e'.format([null])", "error: error during formatting: scientific clause" },
        { "'%b'.format(['abc'])", "error: error during formatting: only ints, uints, and bools" },
        { "'%o'.format([true])", "error: error during formatting: octal clause" },
        { "'%x'.format([0.5])", "error: error during formatting: only ints, uints, bytes" },
        { "'%X'.format([[1]])", "error: error during formatting: only ints, uints, bytes" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(keys_of_a_large_map_come_in_order)
{
    struct arena *arena = arena_new(1 << 20, 64 << 20);
    struct cel_run run = { 0 };
    struct out text, wanted;
    out_init(&text, NULL, 64);
    out_init(&wanted, NULL, 64);
    out_text(&text, STR("'%s'.format([{"));
    for (int i = 0; i < 500; i++) {
        out_printf(&text, "%s'k%03d': %d", i ? ", " : "", i * 333 % 500, i * 333 % 500);
        out_printf(&wanted, "%sk%03d: %d", i ? ", " : "{", i, i);
    }
    out_text(&text, STR("}])"));
    out_char(&wanted, '}');

    struct cel_value value = cel_case_value(arena, out_str(&text), &run);

    ck_assert_int_eq(value.kind, CEL_STRING);
    ck_assert(str_eq(value.string, out_str(&wanted)));
    out_deinit(&text);
    out_deinit(&wanted);
    arena_free(arena);
}
END_TEST

START_TEST(what_is_printed_is_charged)
{
    struct arena *arena = arena_new(1 << 20, 64 << 20);
    const char *text =
        "cel.bind(b, a16.replace('a', a16).replace('a', a16), '%s%s%s%s'.format([b, b, b, b]))";
    struct cel_run enough = { .limit = 10000 }, scarce = { .limit = 1000 };

    ck_assert_int_eq(cel_case_value(arena, str_of(text), &enough).kind, CEL_STRING);
    ck_assert_int_gt(enough.cost, 4 * 4096 / 16);

    ck_assert_int_eq(cel_case_value(arena, str_of(text), &scarce).kind, CEL_ERROR);
    arena_free(arena);
}
END_TEST

SUITE_MAIN("expr/cel_format", puts_values_where_the_clauses_stand, shows_every_kind_as_a_string,
           shows_doubles_with_the_fewest_digits_and_no_exponent,
           rounds_fixed_point_and_scientific_to_even, shows_integers_in_other_bases,
           refuses_clauses_that_are_malformed, refuses_kinds_that_a_clause_does_not_take,
           keys_of_a_large_map_come_in_order, what_is_printed_is_charged)
