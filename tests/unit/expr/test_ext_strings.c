/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_cases.h"

/*
 * The strings extension by its documentation, sentence by sentence: what the cases of
 * test_cel_strings.c and test_cel_format.c leave out.
 */
START_TEST(an_index_right_behind_the_end_is_inside_and_one_further_is_not)
{
    static const struct cel_case cases[] = {
        { "'abc'.charAt(3)", "\"\"" },
        { "'abc'.charAt(4)", "error: index out of range: 4" },
        { "'abc'.substring(3)", "\"\"" },
        { "'abc'.substring(3, 3)", "\"\"" },
        { "'abc'.substring(4, 4)", "error: index out of range: 4" },
        { "'abc'.substring(0, 4)", "error: index out of range: 4" },
        { "'abc'.indexOf('c', 3)", "-1" },
        { "'abc'.indexOf('c', 4)", "error: index out of range: 4" },
        { "'abc'.lastIndexOf('c', 3)", "2" },
        { "'abc'.lastIndexOf('c', 4)", "error: index out of range: 4" },
        { "'abc'.lastIndexOf('abcd', 3)", "-1" },
        { "''.charAt(1)", "error: index out of range: 1" },
        { "''.indexOf('a', 0)", "-1" },
        { "''.indexOf('a', 1)", "error: index out of range: 1" },
        { "''.lastIndexOf('a', 0)", "-1" },
        { "''.lastIndexOf('a', 1)", "error: index out of range: 1" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(extreme_and_negative_indices_are_errors)
{
    static const struct cel_case cases[] = {
        { "'abc'.charAt(-9223372036854775808)", "error: index out of range: -92233720368547758" },
        { "'abc'.substring(-1, -1)", "error: index out of range: -1" },
        { "'abc'.substring(0, -1)", "error: invalid substring range. start: 0, end: -1" },
        { "'abc'.substring(0, 9223372036854775807)", "error: index out of range: 9223372036854" },
        { "'abc'.substring(-9223372036854775808, 9223372036854775807)",
          "error: index out of range: -9223372036854775808" },
        { "'abc'.indexOf('a', 9223372036854775807)", "error: index out of range: 922337203685" },
        { "''.indexOf('a', -1)", "error: index out of range: -1" },
        { "''.lastIndexOf('a', -1)", "error: index out of range: -1" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(the_empty_text_is_found_where_the_search_starts)
{
    static const struct cel_case cases[] = {
        { "'😀a'.indexOf('')", "0" },        { "'😀a'.indexOf('', 2)", "2" },
        { "'😀a'.lastIndexOf('')", "2" },    { "'😀a'.lastIndexOf('', 0)", "0" },
        { "'😀a'.lastIndexOf('', 2)", "2" }, { "''.indexOf('', 0)", "0" },
        { "''.lastIndexOf('', 0)", "0" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(characters_outside_the_first_plane_count_as_one)
{
    static const struct cel_case cases[] = {
        { "'😀a😀b'.charAt(2)", "\"😀\"" },
        { "'😀a😀b'.charAt(4)", "\"\"" },
        { "'😀a😀b'.charAt(5)", "error: index out of range: 5" },
        { "'😀a😀b'.indexOf('b')", "3" },
        { "'😀a😀b'.indexOf('😀', 1)", "2" },
        { "'😀a😀b'.lastIndexOf('😀')", "2" },
        { "'😀a😀b'.lastIndexOf('😀', 1)", "0" },
        { "'😀a😀b'.substring(1, 3)", "\"a😀\"" },
        { "'😀a😀b'.substring(4)", "\"\"" },
        { "'😀a😀b'.substring(5)", "error: index out of range: 5" },
        { "'😀a😀'.replace('😀', 'x', 1)", "\"xa😀\"" },
        { "'😀a😀'.replace('', '-')", "\"-😀-a-😀-\"" },
        { "'😀a😀'.replace('', '-', 3)", "\"-😀-a-😀\"" },
        { "'😀a😀'.split('')", "[\"😀\", \"a\", \"😀\"]" },
        { "'😀a😀'.split('', 2)", "[\"😀\", \"a😀\"]" },
        { "'😀a😀'.split('😀')", "[\"\", \"a\", \"\"]" },
        { "['a', 'b'].join('😀')", "\"a😀b\"" },
        { "'😀ab'.reverse()", "\"ba😀\"" },
        { "'e\\u0301a'.reverse() == 'a\\u0301e'", "true" },
        { "'ÿ😀z'.upperAscii()", "\"ÿ😀Z\"" },
        { "' 😀 '.trim()", "\"😀\"" },
        { "'%x'.format(['😀'])", "\"f09f9880\"" },
        { "'😀%s%d'.format(['😀', 1])", "\"😀😀1\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(limits_of_replace_and_split_hold_at_their_ends)
{
    static const struct cel_case cases[] = {
        { "'aaaa'.replace('aa', 'a', -9223372036854775808)", "\"aa\"" },
        { "'aaaa'.replace('aa', 'a', 9223372036854775807)", "\"aa\"" },
        { "'aaa'.replace('a', 'aa', 2)", "\"aaaaa\"" },
        { "'abc'.replace('', '', 5)", "\"abc\"" },
        { "''.replace('', 'x', 1)", "\"x\"" },
        { "'a,b,c'.split(',', 3)", "[\"a\", \"b\", \"c\"]" },
        { "'a,b,c'.split(',', 4)", "[\"a\", \"b\", \"c\"]" },
        { "'a,b,c'.split(',', -9223372036854775808)", "[\"a\", \"b\", \"c\"]" },
        { "'abc'.split('', 1)", "[\"abc\"]" },
        { "'abc'.split('', 9)", "[\"a\", \"b\", \"c\"]" },
        { "',a,'.split(',')", "[\"\", \"a\", \"\"]" },
        { "''.split(',', 1)", "[\"\"]" },
        { "''.split(',', 0)", "[]" },
        { "''.split('', 1)", "[\"\"]" },
        { "''.split('', 2)", "[]" },
        { "''.split('', 0)", "[]" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

/* Each character that has Unicode's property White_Space, and neighbours that have it not. */
START_TEST(trims_each_white_space_and_nothing_like_it)
{
    static const struct cel_case cases[] = {
        { "['\\t', '\\n', '\\v', '\\f', '\\r', ' ', '\\u0085', '\\u00a0', '\\u1680', '\\u2000', "
          "'\\u2001', '\\u2002', '\\u2003', '\\u2004', '\\u2005', '\\u2006', '\\u2007', '\\u2008', "
          "'\\u2009', '\\u200a', '\\u2028', '\\u2029', '\\u202f', '\\u205f', '\\u3000']"
          ".filter(s, (s + s + 'x' + s + 'y' + s).trim() != 'x' + s + 'y')",
          "[]" },
        { "['\\u0000', '\\u0008', '\\u000e', '\\u001c', '\\u001f', '\\u0084', '\\u0086', "
          "'\\u180e', "
          "'\\u1fff', '\\u200b', '\\u200c', '\\u200d', '\\u202a', '\\u2060', '\\u2800', '\\u3164', "
          "'\\ufeff'].filter(s, (s + 'x' + s).trim() != s + 'x' + s)",
          "[]" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(other_characters_are_quoted_as_they_are)
{
    static const struct cel_case cases[] = {
        { "strings.quote('\\u0000\\u007f\\u001b\\u2028') == '\"\\u0000\\u007f\\u001b\\u2028\"'",
          "true" },
        { "strings.quote('?\\'`/') == '\"?\\'`/\"'", "true" },
        { "strings.quote(dyn(b'a'))", "error: " },
        { "'a'.strings.quote()", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(durations_are_shown_as_the_double_of_their_seconds)
{
    static const struct cel_case cases[] = {
        { "'%s'.format([duration('0s')])", "\"0s\"" },
        { "'%s'.format([duration('-0.5s')])", "\"-0.5s\"" },
        { "'%s'.format([duration('1ns')])", "\"0.000000001s\"" },
        { "'%s'.format([duration('-100000.123456789s')])", "\"-100000.123456789s\"" },
        { "'%s'.format([duration('9007199254.123456789s')])", "\"9007199254.123457s\"" },
        { "'%s'.format([{1: duration('9007199254.123456789s')}])", "\"{1: 9007199254.123457s}\"" },
        { "'%s'.format([duration('9223372036s')])", "\"9223372036s\"" },
        { "'%s'.format([[duration('90s'), timestamp('2009-02-13T23:31:30+02:00')]])",
          "\"[90s, 2009-02-13T21:31:30Z]\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(lists_maps_and_bytes_are_shown_by_the_rules_of_their_parts)
{
    static const struct cel_case cases[] = {
        { "'%s'.format([{true: 1, false: 2}])", "\"{false: 2, true: 1}\"" },
        { "'%s'.format([{2: 'b', 10: 'c', 1: 'a', -1: 'd'}])", "\"{-1: d, 1: a, 10: c, 2: b}\"" },
        { "'%s'.format([{'😀': 1, '\\uffff': 3, 'z': 2, '': 4}]) == "
          "'{: 4, z: 2, \\uffff: 3, 😀: 1}'",
          "true" },
        { "'%s'.format([{'b': {'d': 1, 'c': [1.0, {'z': null}]}, 'a': b'q'}])",
          "\"{a: q, b: {c: [1, {z: null}], d: 1}}\"" },
        { "'%s'.format([['', 'x, y', '\"']]) == '[, x, y, \"]'", "true" },
        { "'%s'.format([[b'\\xff', b'\\xfe']]) == '[\\ufffd, \\ufffd]'", "true" },
        { "'%s'.format([b'\\xed\\xa0\\x80']) == '\\ufffd'", "true" },
        { "'%s'.format([b'\\xc0\\x80']) == '\\ufffd'", "true" },
        { "'%s'.format([b'\\xf0\\x9f\\x98a\\xf0\\x9f\\x98\\x80']) == '\\ufffda😀'", "true" },
        { "'%s'.format([b''])", "\"\"" },
        { "'%s %s'.format([type([1]), type(null)])", "\"list null_type\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(numbers_of_the_ends_are_formatted)
{
    static const struct cel_case cases[] = {
        { "'%x %X'.format([-9223372036854775808, 18446744073709551615u])",
          "\"-8000000000000000 FFFFFFFFFFFFFFFF\"" },
        { "'%o'.format([-9223372036854775808])", "\"-1000000000000000000000\"" },
        { "'%o %x %b'.format([0u, 0, 0u])", "\"0 0 0\"" },
        { "'%f'.format([9007199254740993])", "\"9007199254740992.000000\"" },
        { "'%.1f %.1f %.1f'.format([0.25, 0.75, -0.25])", "\"0.2 0.8 -0.2\"" },
        { "'%.0e %.0e'.format([15.0, 25.0])", "\"2e+01 2e+01\"" },
        { "'%e'.format([1e100])", "\"1.000000e+100\"" },
        { "'%.2e %.2f'.format([0.0/0.0, -1.0/0.0])", "\"NaN -Infinity\"" },
        { "'%.03f'.format([1])", "\"1.000\"" },
        { "'%.2s %.2d %.2x'.format(['text', 7, 10u])", "\"text 7 a\"" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(refuses_clauses_and_arguments_that_there_are_not)
{
    static const struct cel_case cases[] = {
        { "'%s%'.format([1, 2])", "error: could not parse formatting clause" },
        { "'%.3%'.format([1.0])", "error: could not parse formatting clause" },
        { "'%.+3f'.format([1.0])", "error: could not parse formatting clause" },
        { "'%3f'.format([1.0])", "error: could not parse formatting clause" },
        { "'%*d'.format([1, 2])", "error: could not parse formatting clause" },
        { "'%D'.format([1])", "error: could not parse formatting clause" },
        { "'%E'.format([1.0])", "error: could not parse formatting clause" },
        { "'%s'.format([])", "error: index 0 out of range" },
        { "'%%%s'.format([])", "error: index 0 out of range" },
        { "'%%d'.format([1])", "\"%d\"" },
        { "'%s'.format(['%s'])", "\"%s\"" },
        { "'%s'.format([1/0])", "error: divide by zero" },
        { "'%d'.format([duration('1s')])", "error: error during formatting: decimal clause" },
        { "'%f'.format([true])", "error: error during formatting: fixed-point clause" },
        { "'%e'.format([b'a'])", "error: error during formatting: scientific clause" },
        { "'%o'.format([1.0])", "error: error during formatting: octal clause" },
        { "'%b'.format([1.0])", "error: error during formatting: only ints, uints, and bools" },
        { "'%x'.format([true])", "error: error during formatting: only ints, uints, bytes" },
        { "'%a'.format([1]) == '' || true", "true" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

SUITE_MAIN("expr/ext_strings", an_index_right_behind_the_end_is_inside_and_one_further_is_not,
           extreme_and_negative_indices_are_errors, the_empty_text_is_found_where_the_search_starts,
           characters_outside_the_first_plane_count_as_one,
           limits_of_replace_and_split_hold_at_their_ends,
           trims_each_white_space_and_nothing_like_it, other_characters_are_quoted_as_they_are,
           durations_are_shown_as_the_double_of_their_seconds,
           lists_maps_and_bytes_are_shown_by_the_rules_of_their_parts,
           numbers_of_the_ends_are_formatted, refuses_clauses_and_arguments_that_there_are_not)
