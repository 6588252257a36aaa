/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_cases.h"

START_TEST(finds_characters_by_code_points)
{
    static const struct cel_case cases[] = {
        { "'tacocat'.charAt(3)", "\"o\"" },
        { "'tacocat'.charAt(7)", "\"\"" },
        { "'©αT'.charAt(1)", "\"α\"" },
        { "''.charAt(0)", "\"\"" },
        { "'tacocat'.charAt(30)", "error: index out of range: 30" },
        { "'tacocat'.charAt(-1)", "error: index out of range: -1" },
        { "'tacocat'.charAt(9223372036854775807)",
          "error: index out of range: 9223372036854775807" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(finds_the_first_place_of_a_text)
{
    static const struct cel_case cases[] = {
        { "'tacocat'.indexOf('')", "0" },
        { "'tacocat'.indexOf('ac')", "1" },
        { "'tacocat'.indexOf('none')", "-1" },
        { "'tacocat'.indexOf('', 3)", "3" },
        { "'tacocat'.indexOf('a', 3)", "5" },
        { "'tacocat'.indexOf('at', 3)", "5" },
        { "'ta©o©αT'.indexOf('©')", "2" },
        { "'ta©o©αT'.indexOf('©', 3)", "4" },
        { "'ta©o©αT'.indexOf('©αT', 3)", "4" },
        { "'ta©o©αT'.indexOf('©α', 5)", "-1" },
        { "'ijk'.indexOf('k')", "2" },
        { "'hello wello'.indexOf('hello wello')", "0" },
        { "'hello wello'.indexOf('ello', 6)", "7" },
        { "'hello'.indexOf('hello!')", "-1" },
        { "''.indexOf('')", "0" },
        { "''.indexOf('a')", "-1" },
        { "'tacocat'.indexOf('a', 30)", "error: index out of range: 30" },
        { "'tacocat'.indexOf('a', 7)", "-1" },
        { "'tacocat'.indexOf('a', -1)", "error: index out of range: -1" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(finds_the_last_place_of_a_text)
{
    static const struct cel_case cases[] = {
        { "'tacocat'.lastIndexOf('')", "7" },
        { "'tacocat'.lastIndexOf('at')", "5" },
        { "'tacocat'.lastIndexOf('none')", "-1" },
        { "'tacocat'.lastIndexOf('', 3)", "3" },
        { "'tacocat'.lastIndexOf('a', 3)", "1" },
        { "'ta©o©αT'.lastIndexOf('©')", "4" },
        { "'ta©o©αT'.lastIndexOf('©', 3)", "2" },
        { "'ta©o©αT'.lastIndexOf('©α', 4)", "4" },
        { "'hello wello'.lastIndexOf('ello', 6)", "1" },
        { "'hello wello'.lastIndexOf('elbo room!!')", "-1" },
        { "'hello wello'.lastIndexOf('hello wello')", "0" },
        { "'bananananana'.lastIndexOf('nana', 7)", "6" },
        { "'hello wello'.lastIndexOf('hello wello', 5)", "0" },
        { "''.lastIndexOf('')", "0" },
        { "''.lastIndexOf('a')", "-1" },
        { "'a'.lastIndexOf('abc')", "-1" },
        { "'tacocat'.lastIndexOf('a', -1)", "error: index out of range: -1" },
        { "'tacocat'.lastIndexOf('a', 30)", "error: index out of range: 30" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(cuts_parts_out)
{
    static const struct cel_case cases[] = {
        { "'tacocat'.substring(4)", "\"cat\"" },
        { "'tacocat'.substring(7)", "\"\"" },
        { "'tacocat'.substring(0, 4)", "\"taco\"" },
        { "'tacocat'.substring(4, 4)", "\"\"" },
        { "'ta©o©αT'.substring(2, 6)", "\"©o©α\"" },
        { "'ta©o©αT'.substring(7, 7)", "\"\"" },
        { "''.substring(0)", "\"\"" },
        { "'tacocat'.substring(40)", "error: index out of range: 40" },
        { "'tacocat'.substring(-1)", "error: index out of range: -1" },
        { "'tacocat'.substring(-2, -1)", "error: index out of range: -2" },
        { "'tacocat'.substring(1, 50)", "error: index out of range: 50" },
        { "'tacocat'.substring(49, 50)", "error: index out of range: 49" },
        { "'tacocat'.substring(4, 3)", "error: invalid substring range. start: 4, end: 3" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(trims_white_space_of_unicode)
{
    static const struct cel_case cases[] = {
        { "' \\f\\n\\r\\t\\vtext  '.trim()", "\"text\"" },
        { "'\\u0085\\u00a0\\u1680text\\u3000'.trim()", "\"text\"" },
        { "'\\u2000\\u200a\\u2028\\u2029\\u202f\\u205ftext'.trim()", "\"text\"" },
        { "'\\u200btext\\ufeff'.trim() == '\\u200btext\\ufeff'", "true" },
        { "'\\u180etext\\u2060'.trim().size()", "6" },
        { "' a b '.trim()", "\"a b\"" },
        { "' \\t '.trim()", "\"\"" },
        { "''.trim()", "\"\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(changes_the_case_of_ascii_only)
{
    static const struct cel_case cases[] = {
        { "'TacoCat'.lowerAscii()", "\"tacocat\"" },
        { "'TacoCÆt Xii@[`{'.lowerAscii()", "\"tacocÆt xii@[`{\"" },
        { "'tacoCat'.upperAscii()", "\"TACOCAT\"" },
        { "'tacoCαt xii@[`{'.upperAscii()", "\"TACOCαT XII@[`{\"" },
        { "''.upperAscii()", "\"\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(replaces_up_to_a_limit)
{
    static const struct cel_case cases[] = {
        { "'hello hello'.replace('he', 'we')", "\"wello wello\"" },
        { "'hello hello'.replace('he', 'we', -1)", "\"wello wello\"" },
        { "'hello hello'.replace('he', 'we', 1)", "\"wello hello\"" },
        { "'hello hello'.replace('he', 'we', 0)", "\"hello hello\"" },
        { "'banana'.replace('a', '')", "\"bnn\"" },
        { "'banana'.replace('na', 'x', 9)", "\"baxx\"" },
        { "'aaa'.replace('aa', 'b')", "\"ba\"" },
        { "''.replace('a', 'b')", "\"\"" },
        { "'a©b'.replace('', '-')", "\"-a-©-b-\"" },
        { "'a©b'.replace('', '-', 2)", "\"-a-©b\"" },
        { "'a©b'.replace('', '-', 4)", "\"-a-©-b-\"" },
        { "''.replace('', '-')", "\"-\"" },
        { "''.replace('', '-', 0)", "\"\"" },
        { "'abc'.replace('abc', '')", "\"\"" },
        { "'αβγ'.replace('β', 'bb')", "\"αbbγ\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(splits_up_to_a_limit_and_joins_again)
{
    static const struct cel_case cases[] = {
        { "'a,b,,c'.split(',')", "[\"a\", \"b\", \"\", \"c\"]" },
        { "'hello hello hello'.split(' ', 0)", "[]" },
        { "'hello hello hello'.split(' ', 1)", "[\"hello hello hello\"]" },
        { "'hello hello hello'.split(' ', 2)", "[\"hello\", \"hello hello\"]" },
        { "'hello hello hello'.split(' ', -1)", "[\"hello\", \"hello\", \"hello\"]" },
        { "'a©b'.split('')", "[\"a\", \"©\", \"b\"]" },
        { "'a©b'.split('', 2)", "[\"a\", \"©b\"]" },
        { "''.split('')", "[]" },
        { "''.split(',')", "[\"\"]" },
        { "'aa'.split('a')", "[\"\", \"\", \"\"]" },
        { "'abc'.split('abcd')", "[\"abc\"]" },
        { "['x', 'y'].join()", "\"xy\"" },
        { "['x', 'y', ''].join('-')", "\"x-y-\"" },
        { "[].join()", "\"\"" },
        { "[].join('-')", "\"\"" },
        { "[''].join('-')", "\"\"" },
        { "'a,b'.split(',').join('αβ')", "\"aαβb\"" },
        { "['x', 1].join()", "error: no such overload" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(reverses_by_code_points)
{
    static const struct cel_case cases[] = {
        { "'gums'.reverse()", "\"smug\"" },
        { "'Ta©oCαt'.reverse()", "\"tαCo©aT\"" },
        { "'☺'.reverse()", "\"☺\"" },
        { "''.reverse()", "\"\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(quotes_so_that_the_text_can_be_printed)
{
    static const struct cel_case cases[] = {
        { "strings.quote('first\\nsecond') == '\"first\\\\nsecond\"'", "true" },
        { "strings.quote('\\a\\b\\t\\n\\v\\f\\r') == '\"\\\\a\\\\b\\\\t\\\\n\\\\v\\\\f\\\\r\"'",
          "true" },
        { "strings.quote('a \"b\" \\\\') == '\"a \\\\\"b\\\\\" \\\\\\\\\"'", "true" },
        { "strings.quote('завтра 🐱') == '\"завтра 🐱\"'", "true" },
        { "strings.quote('')", "\"\\\"\\\"\"" },
        { "strings.quote(\"it's\") == \"\\\"it's\\\"\"", "true" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(refuses_other_kinds)
{
    static const struct cel_case cases[] = {
        { "42.charAt(2)", "error: " },
        { "'hello'.charAt(true)", "error: " },
        { "24.indexOf('2')", "error: " },
        { "'42'.indexOf('4', '0')", "error: " },
        { "'42'.replace(2, '1', 1)", "error: " },
        { "'42'.split(2)", "error: " },
        { "'tacocat'.substring(0, false)", "error: " },
        { "dyn(1).trim()", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

static struct cel_value run_with(const char *text, uint64_t limit, struct arena *arena)
{
    struct cel_run run = { .limit = limit };
    return cel_case_value(arena, str_of(text), &run);
}

START_TEST(large_texts_cost_and_end_at_the_limit)
{
    struct arena *arena = arena_new(1 << 20, 256 << 20);
    /* 2^20 letters by doubling: more than a million bytes written, so more than 65,536 steps. */
    const char *doubled = "cel.bind(a, a16.replace('a', a16), "
                          "cel.bind(b, a.replace('a', a), b.replace('a', a16).size()))";

    struct cel_value value = run_with(doubled, 200000, arena);
    ck_assert_int_eq(value.kind, CEL_INT);
    ck_assert_int_eq(value.integer, 1048576);

    value = run_with(doubled, 50000, arena);
    ck_assert_int_eq(value.kind, CEL_ERROR);
    arena_free(arena);
}
END_TEST

START_TEST(searching_backwards_charges_for_what_it_compares)
{
    struct arena *arena = arena_new(1 << 20, 256 << 20);
    const char *text = "cel.bind(a, a16.replace('a', a16), "
                       "cel.bind(b, a.replace('a', a), b.lastIndexOf('b' + b.substring(32768))))";

    ck_assert_int_eq(run_with(text, 200000, arena).kind, CEL_INT);

    text = "cel.bind(a, a16.replace('a', a16), "
           "cel.bind(b, a.replace('a', a), b.lastIndexOf(b.substring(32768) + 'b')))";
    ck_assert_int_eq(run_with(text, 200000, arena).kind, CEL_ERROR);
    arena_free(arena);
}
END_TEST

SUITE_MAIN("expr/cel_strings", finds_characters_by_code_points, finds_the_first_place_of_a_text,
           finds_the_last_place_of_a_text, cuts_parts_out, trims_white_space_of_unicode,
           changes_the_case_of_ascii_only, replaces_up_to_a_limit,
           splits_up_to_a_limit_and_joins_again, reverses_by_code_points,
           quotes_so_that_the_text_can_be_printed, refuses_other_kinds,
           large_texts_cost_and_end_at_the_limit, searching_backwards_charges_for_what_it_compares)
