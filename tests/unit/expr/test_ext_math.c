/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_cases.h"

/*
 * The math extension by its documentation: what the cases of test_cel_math.c leave out.
 */
static const char *fault_of(const char *text)
{
    static char said[256];
    struct arena *arena = arena_new(64 << 10, 64 << 20);
    struct cel_faults faults;
    struct cel_env *env = cel_env_new(arena);
    ck_assert_ptr_nonnull(env);
    const struct cel_type *dyn = cel_type_simple(CEL_TYPE_DYN);
    ck_assert_int_eq(cel_env_variable(env, STR("any"), dyn, NULL, NULL), OK);
    const struct cel_type *nullable = cel_type_nullable(CEL_TYPE_INT);
    ck_assert_int_eq(cel_env_variable(env, STR("maybe"), nullable, NULL, NULL), OK);
    cel_faults_init(&faults, arena, str_of(text));
    const struct cel_program *program = cel_compile(env, str_of(text), NULL, arena, &faults);
    struct str what = program ? STR("") : faults.list[0].what[CEL_ENGLISH];
    snprintf(said, sizeof said, "%.*s", STR_ARG(what));
    arena_free(arena);
    return said;
}

START_TEST(what_is_no_number_is_a_fault_before_anything_runs)
{
    static const struct cel_case cases[] = {
        { "math.greatest(1, 'a')",
          "'math.greatest' wants numbers, or one list of them, not string" },
        { "math.greatest(1, 2, 3, null)", "'math.greatest' wants numbers, or one list of them" },
        { "math.least(any, 'a')", "'math.least' wants numbers, or one list of them, not string" },
        { "math.least(1, [2])", "'math.least' wants numbers, or one list of them, not list(int)" },
        { "math.least(1, 'a'.charAt(0))", "'math.least' wants numbers, or one list of them" },
        { "math.greatest(['a'])",
          "'math.greatest' wants numbers, or one list of them, not string" },
        { "math.greatest([1, 2.0, 'a'])", "'math.greatest' wants numbers, or one list of them" },
        { "math.least(['a'].map(x, x))",
          "'math.least' wants numbers, or one list of them, not list(string)" },
        { "math.least([[1]])", "'math.least' wants numbers, or one list of them, not list(int)" },
        { "math.greatest([])", "'math.greatest' wants one number at least" },
        { "math.greatest('a')", "no such overload: math.greatest(string)" },
        { "math.least([1], [2])", "no such overload: math.least(list(int), list(int))" },
        { "math.greatest()", "no such overload: math.greatest()" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *said = fault_of(cases[i].text);
        ck_assert_msg(strncmp(said, cases[i].wanted, strlen(cases[i].wanted)) == 0, "%s: %s",
                      cases[i].text, said);
    }
}
END_TEST

START_TEST(what_may_turn_out_to_be_numbers_is_no_fault)
{
    static const char *const texts[] = {
        "math.greatest(any)",          "math.greatest(1, any, 2.5)", "math.greatest(any, 1)",
        "math.least([any, 1u])",       "math.least(maybe, 2.5)",     "math.least([maybe])",
        "math.least([].map(x, x))",    "math.least(any.b, 1)",       "math.greatest([1, 2u, 3.5])",
        "math.greatest([1].map(x, x))"
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(fault_of(texts[i])[0] == '\0', "%s: %s", texts[i], fault_of(texts[i]));
}
END_TEST

START_TEST(numbers_are_compared_exactly_and_the_first_of_equals_wins)
{
    static const struct cel_case cases[] = {
        { "math.greatest(9223372036854775807, 9223372036854775808u, 9223372036854775808.0)",
          "9223372036854775808u" },
        { "math.greatest(9007199254740993, 9007199254740992.0)", "9007199254740993" },
        { "math.least(-1, 0u)", "-1" },
        { "math.greatest(1.0/0.0, 18446744073709551615u)", "double(\"Infinity\")" },
        { "math.greatest(1u, 1, 1.0)", "1u" },
        { "math.greatest(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)", "10" },
        { "math.greatest(dyn([1, 2.5, 2u]))", "2.5" },
        { "math.least([0.0/0.0, 1.0])", "error: NaN values cannot be ordered" },
        { "math.greatest([[1]])", "error: " },
        { "math.greatest([1].filter(x, x > 1))", "error: " },
        { "math.greatest(1, 1/0)", "error: divide by zero" },
        { "math.greatest(1, dyn('a')) == 1 || true", "true" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(rounding_keeps_signs_and_what_has_no_fraction)
{
    static const struct cel_case cases[] = {
        { "math.round(0.5)", "1.0" },
        { "math.round(-0.5)", "-1.0" },
        { "math.round(-0.4)", "-0.0" },
        { "math.round(4503599627370495.5) == 4503599627370496.0", "true" },
        { "math.round(4503599627370497.0) == 4503599627370497.0", "true" },
        { "math.round(-1.0/0.0)", "double(\"-Infinity\")" },
        { "math.ceil(-0.5)", "-0.0" },
        { "math.trunc(-0.9)", "-0.0" },
        { "math.trunc(-1.0/0.0)", "double(\"-Infinity\")" },
        { "math.isNaN(math.trunc(0.0/0.0))", "true" },
        { "math.abs(-0.0)", "0.0" },
        { "math.abs(-1.0/0.0)", "double(\"Infinity\")" },
        { "math.abs(18446744073709551615u)", "18446744073709551615u" },
        { "math.sign(-9223372036854775808)", "-1" },
        { "math.sign(18446744073709551615u)", "1u" },
        { "math.sign(-5e-324)", "-1.0" },
        { "math.isInf(0.0/0.0)", "false" },
        { "math.sqrt(18446744073709551615u) == 4294967296.0", "true" },
        { "math.sqrt(81)", "9.0" },
        { "math.sqrt(985.25)", "31.388692231439016" },
        { "math.isNaN(math.sqrt(-15))", "true" },
        { "math.sqrt(dyn('4'))", "error: " },
        { "math.trunc(dyn(1))", "error: " },
        { "math.isInf(dyn(1))", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(bits_at_the_ends)
{
    static const struct cel_case cases[] = {
        { "math.bitNot(-9223372036854775808)", "9223372036854775807" },
        { "math.bitNot(18446744073709551615u)", "0u" },
        { "math.bitAnd(-9223372036854775808, -1)", "-9223372036854775808" },
        { "math.bitXor(-1, 9223372036854775807)", "-9223372036854775808" },
        { "math.bitShiftLeft(3, 63)", "-9223372036854775808" },
        { "math.bitShiftLeft(1u, 63)", "9223372036854775808u" },
        { "math.bitShiftLeft(-1, 0)", "-1" },
        { "math.bitShiftLeft(1, 9223372036854775807)", "0" },
        { "math.bitShiftLeft(1, -9223372036854775808)", "error: math.bitShiftLeft() negative" },
        { "math.bitShiftLeft(1, dyn(1u))", "error: " },
        { "math.bitShiftRight(-1, 1)", "9223372036854775807" },
        { "math.bitShiftRight(-1, 63)", "1" },
        { "math.bitShiftRight(-1, 0)", "-1" },
        { "math.bitShiftRight(-1, 64)", "0" },
        { "math.bitShiftRight(18446744073709551615u, 63)", "1u" },
        { "math.bitShiftRight(1, -1)", "error: math.bitShiftRight() negative offset: -1" },
        { "math.bitOr(1, dyn(2.0))", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(a_variable_of_a_macro_may_be_named_as_the_functions_are)
{
    static const struct cel_case cases[] = {
        { "[1, 5].map(math, math.greatest(math, 3))", "[3, 5]" },
        { "[-3].map(math, math.abs(math))", "[3]" },
        { "cel.bind(math, 1, cel.bind(math, 2, math.least(math, 3)))", "2" },
        { "cel.bind(math, {'abs': 1}, math.abs + math.abs(-3))", "4" },
        { "cel.bind(strings, 'a', strings.quote(strings)) == '\"a\"'", "true" },
        { "cel.bind(strings, ['a', 'b'], strings.join('-'))", "\"a-b\"" },
        { "cel.bind(math, {'a': [1]}, math.a.size())", "1" },
        { "cel.bind(other, 1, other.abs(1))", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

SUITE_MAIN("expr/ext_math", what_is_no_number_is_a_fault_before_anything_runs,
           what_may_turn_out_to_be_numbers_is_no_fault,
           numbers_are_compared_exactly_and_the_first_of_equals_wins,
           rounding_keeps_signs_and_what_has_no_fraction, bits_at_the_ends,
           a_variable_of_a_macro_may_be_named_as_the_functions_are)
