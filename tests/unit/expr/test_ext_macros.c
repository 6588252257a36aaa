/* SPDX-License-Identifier: Apache-2.0 */
#include "cel_cases.h"

/*
 * Bindings and two-variable comprehensions by their documentation, sentence by sentence.
 */
START_TEST(a_binding_hides_what_is_outside_until_it_ends)
{
    static const struct cel_case cases[] = {
        { "cel.bind(a, 1, cel.bind(a, a + 1, a) + a)", "3" },
        { "cel.bind(a, cel.bind(a, 1, a + 1), a * 10)", "20" },
        { "cel.bind(a, 1, a) + cel.bind(a, 2, a)", "3" },
        { "cel.bind(e, 5, [1, 2].map(e, e))", "[1, 2]" },
        { "cel.bind(e, 5, [1, 2].map(x, e))", "[5, 5]" },
        { "cel.bind(e, [1, 2], e.map(e, e + 1))", "[2, 3]" },
        { "[1, 2].map(e, cel.bind(e, e * 2, e))", "[2, 4]" },
        { "cel.bind(i, 9, [5].all(i, v, i == 0 && v == 5) && i == 9)", "true" },
        { "cel.bind(a16, 1, a16)", "1" },
        { "cel.bind(a16, 1, a16) + a16.size()", "17" },
        { "cel.bind(a16, 1, .a16.size() + a16)", "17" },
        { "cel.bind(cel, 1, cel.bind(x, 2, cel + x))", "3" },
        { "cel.bind(size, 3, size + size([1]))", "4" },
        { "cel.bind(string, 'a', string + string(1))", "\"a1\"" },
        { "cel.bind(_, a16, _.size())", "16" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(a_binding_serves_within_macros_and_holds_any_value)
{
    static const struct cel_case cases[] = {
        { "cel.bind(n, a16.size(), [1, 2].map(x, cel.bind(d, x * 2, d + n)))", "[18, 20]" },
        { "[[1, 2], [3]].map(l, cel.bind(n, l.size(), l.map(e, e + n)))", "[[3, 4], [4]]" },
        { "{'a': 1}.all(k, v, cel.bind(s, k + string(v), s == 'a1'))", "true" },
        { "cel.bind(x, {'y': {'z': 7}}, has(x.y.z) && !has(x.q) && x.y.z == 7)", "true" },
        { "cel.bind(a, null, a == null)", "true" },
        { "cel.bind(a, int, a == type(1))", "true" },
        { "cel.bind(a, [], a + [1])", "[1]" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(an_error_that_is_bound_counts_only_where_it_is_used)
{
    static const struct cel_case cases[] = {
        { "cel.bind(x, 1 / (a16.size() - 16), 5)", "5" },
        { "cel.bind(x, 1 / (a16.size() - 16), x == 1 || true)", "true" },
        { "cel.bind(x, 1 / (a16.size() - 16), [1].exists(y, x == y || y == 1))", "true" },
        { "cel.bind(x, 1 / (a16.size() - 16), x)", "error: divide by zero" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(what_is_bound_has_a_plain_name)
{
    static const struct cel_case cases[] = {
        { "cel.bind(a.b, 1, 2)", "error: " },     { "cel.bind(.a, 1, 2)", "error: " },
        { "cel.bind('a', 1, 2)", "error: " },     { "cel.bind(1, 1, 2)", "error: " },
        { "cel.bind(a(), 1, 2)", "error: " },     { "cel.bind(true, 1, 2)", "error: " },
        { "cel.bind(in, 1, 2)", "error: " },      { "cel.bind(a, 1)", "error: " },
        { "cel.bind(a, 1, a, a)", "error: " },    { "other.bind(a, 1, a)", "error: " },
        { "[1].all(a.b, c, true)", "error: " },   { "[1].all(a, 'c', true)", "error: " },
        { "[1].all(i, i, true)", "error: " },     { "[1].all(_, _, true)", "error: " },
        { "[1].transformList(i, v)", "error: " }, { "[1].transformMap(i, v, 1, 2, 3)", "error: " },
        { "[1].map(i, v, v)", "error: " },        { "{1: 2}.filter(k, v, true)", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(predicates_of_two_variables_absorb_errors_as_and_and_or_do)
{
    static const struct cel_case cases[] = {
        { "[a16.size(), 2].exists(i, v, 1 / i == 1)", "true" },
        { "[1, 2].exists(i, v, 1 / i == 7)", "error: divide by zero" },
        { "[0, 1].all(i, v, 1 / v == 7)", "false" },
        { "[1, 0].all(i, v, 1 / v == 7)", "false" },
        { "[0, 1].all(i, v, 1 / v == 1)", "error: divide by zero" },
        { "{'a': 1, 'b': 0}.all(k, v, 1 / v == 7)", "false" },
        { "{'b': 0, 'a': 1}.all(k, v, 1 / v == 1)", "error: divide by zero" },
        { "{'b': 0, 'a': 1}.exists(k, v, 1 / v == 1)", "true" },
        { "[dyn(1), dyn(false)].all(i, v, v)", "false" },
        { "[dyn(1), dyn(true)].all(i, v, v)", "error: " },
        { "[dyn(1), dyn(true)].exists(i, v, v)", "true" },
        { "[].all(i, v, false) && {}.all(k, v, false)", "true" },
        { "[].exists(i, v, true) || {}.exists(k, v, true)", "false" },
        { "dyn('abc').all(i, v, true)", "error: " },
        { "dyn(null).exists(i, v, true)", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(exists_one_looks_at_all_of_them)
{
    static const struct cel_case cases[] = {
        { "[0, 1].existsOne(i, v, 1 / v == 1)", "error: divide by zero" },
        { "[1, 0].existsOne(i, v, 1 / v == 1)", "error: divide by zero" },
        { "[1, 1, 0].existsOne(i, v, 1 / v == 1)", "error: divide by zero" },
        { "{'b': 0, 'a': 1}.existsOne(k, v, 1 / v == 1)", "error: divide by zero" },
        { "[1, 1, 2].existsOne(i, v, i == 1 && v == 1)", "true" },
        { "{'i': 0, 'j': 1}.exists_one(k, v, k == 'z' || v == 1)", "true" },
        { "[0].existsOne(i, v, true)", "true" },
        { "[].existsOne(i, v, true) || {}.existsOne(k, v, true)", "false" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(lists_and_maps_are_transformed_into_lists)
{
    static const struct cel_case cases[] = {
        { "[1, 2, 3].transformList(i, v, i % 2 == 0, i * v + v)", "[1, 9]" },
        { "{'a': 'b', 'c': 'd'}.transformList(k, _, k)", "[\"a\", \"c\"]" },
        { "{'a': 'b', 'c': 'd'}.transformList(_, v, v != 'b', v)", "[\"d\"]" },
        { "[[1, 2], [3]].transformList(i, l, l.transformList(j, v, i * 10 + j + v))",
          "[[1, 3], [13]]" },
        { "[[1, 2], [3]].transformList(i, l, l.transformList(i, v, i))", "[[0, 1], [0]]" },
        { "[3, 4].map(v, [v].transformList(i, w, v + w + i))", "[[6], [8]]" },
        { "[a16, 'b'].transformList(i, v, v.size() + i)", "[16, 2]" },
        { "[1, 2].transformList(i, v, i > 0, v / i)", "[2]" },
        { "[1, 2].transformList(i, v, v / i)", "error: divide by zero" },
        { "[1, 2].transformList(i, v, v / i > 0, v)", "error: divide by zero" },
        { "{1: 2}.transformList(k, v, dyn('a'), v)", "error: " },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(keys_of_a_transformed_map_stay)
{
    static const struct cel_case cases[] = {
        { "[1, 2, 3].transformMap(i, v, i * v + v)", "{0: 1, 1: 4, 2: 9}" },
        { "['😀', a16].transformMap(i, v, v.size() + i)", "{0: 1, 1: 17}" },
        { "{2u: 'a', true: 'b'}.transformMap(k, v, v != 'b', v + '!')", "{2u: \"a!\"}" },
        { "{1: 2}.transformMap(k, v, v == 3, v)", "{}" },
        { "{1: 2}.transformMap(k, v, 1 / 0 == v, v)", "error: divide by zero" },
        { "{1: 2}.transformMap(k, v, 1 / 0)", "error: divide by zero" },
        { "{}.transformMap(k, v, 1 / 0)", "{}" },
        { "[1, 2].transformMap(i, v, [1, 2].exists(j, w, w == v && j == i))",
          "{0: true, 1: true}" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

START_TEST(entries_make_a_map_whose_keys_are_unique)
{
    static const struct cel_case cases[] = {
        { "['x', a16].transformMapEntry(i, v, {v.size(): i})", "{1: 0, 16: 1}" },
        { "{'😀': 'a'}.transformMapEntry(k, v, {v: k})", "{\"a\": \"😀\"}" },
        { "{true: 'a', 2u: 'b'}.transformMapEntry(k, v, {v: k})", "{\"a\": true, \"b\": 2u}" },
        { "[1, 2].transformMapEntry(i, v, {'a' + string(v): i, 'b' + string(v): v})",
          "{\"a1\": 0, \"b1\": 1, \"a2\": 1, \"b2\": 2}" },
        { "[1, 2].transformMapEntry(i, v, i == 0 ? {v: i} : {})", "{1: 0}" },
        { "[{'a': 1}, {'b': 2}].transformMapEntry(i, v, v)", "{\"a\": 1, \"b\": 2}" },
        { "[1, 2, 1].transformMapEntry(i, v, i < 2, {v: i})", "{1: 0, 2: 1}" },
        { "[1, 2, 1].transformMapEntry(i, v, {v: i})", "error: " },
        { "['x', 'y'].transformMapEntry(i, v, {a16: v})", "error: " },
        { "[dyn(1), dyn(1u)].transformMapEntry(i, v, {v: i})", "error: " },
        { "[1].transformMapEntry(i, v, {1: i, 1u: v})", "error: " },
        { "[1].transformMapEntry(i, v, {dyn(1.0): i})", "error: " },
        { "[1].transformMapEntry(i, v, {dyn(null): i})", "error: " },
        { "[1].transformMapEntry(i, v, dyn(v))", "error: " },
        { "{1: 2}.transformMapEntry(k, v, dyn([k]))", "error: " },
        { "{1: 2}.transformMapEntry(k, v, false, {v: k})", "{}" },
        { "[].transformMapEntry(i, v, {v: i})", "{}" },
    };
    CEL_CASES_HOLD(cases);
}
END_TEST

SUITE_MAIN("expr/ext_macros", a_binding_hides_what_is_outside_until_it_ends,
           a_binding_serves_within_macros_and_holds_any_value,
           an_error_that_is_bound_counts_only_where_it_is_used, what_is_bound_has_a_plain_name,
           predicates_of_two_variables_absorb_errors_as_and_and_or_do,
           exists_one_looks_at_all_of_them, lists_and_maps_are_transformed_into_lists,
           keys_of_a_transformed_map_stay, entries_make_a_map_whose_keys_are_unique)
