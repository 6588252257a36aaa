/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language definition, "Syntax" (its grammar and sizes), "Aggregate Values" and what reads
 * them: indexing, `in`, "Field Selection".
 */
#include "langdef_cases.h"

static const struct cel_case precedence[] = {
    { "(1 + 2) * 3", "9" },
    { "10 - 4 - 3", "3" },
    { "100 / 10 / 5", "2" },
    { "100 / 10 * 5", "50" },
    { "7 % 4 * 2", "6" },
    { "2 * 7 % 4", "2" },
    { "-2 + 3", "1" },
    { "1 + 1 == 2", "true" },
    { "1 < 2 == true", "true" },
    { "2 in [1] == false", "true" },
    { "1 == 1 == true", "true" },
    { "3 > 2 > dyn(1)", "error" },
    { "1 == 2 == false", "true" },
    { "true || false && false", "true" },
    { "(true || false) && false", "false" },
    { "!false && false", "false" },
    { "!(false && false)", "true" },
    { "true ? 1 : false ? 2 : 3", "1" },
    { "false ? 1 : false ? 2 : 3", "3" },
    { "false ? 1 : true ? 2 : 3", "2" },
    { "true ? true ? 1 : 2 : 3", "fault" },
    { "true ? (true ? 1 : 2) : 3", "1" },
    { "false || true ? 1 : 2", "1" },
    { "true ? false || true : false", "true" },
    { "-[1][0]", "-1" },
    { "-{\"a\": 2}.a", "-2" },
    { "!{'a': true}.a", "false" },
    { "-1 .foo", "error" },
    { "[1,2,3][1]+1", "3" },
    { "[[1,2]][0][1]", "2" },
    { "{'a': {'b': [7]}}.a.b[0]", "7" },
    { "{'a': {'b': [7]}}['a'].b[0]", "7" },
    { "1 + (2", "fault" },
    { "1 + 2)", "fault" },
    { "1 2", "fault" },
    { "* 2", "fault" },
    { "1 +", "fault" },
    { "1 = 1", "fault" },
    { "1 & 1", "fault" },
    { "true | false", "fault" },
    { "~1", "fault" },
    { "1 ** 2", "fault" },
    { "1 ^ 2", "fault" },
    { "a := 1", "fault" },
    { "1;", "fault" },
    { "x -> 1", "fault" },
    { "[1,,2]", "fault" },
    { "{'a': 1,}", "{\"a\": 1}" },
    { "{'a'}", "fault" },
    { "{'a':}", "fault" },
    { "{'a': 1 'b': 2}", "fault" },
    { "size([1],)", "fault" },
    { "size(,)", "fault" },
    { "'a'.contains('a',)", "fault" },
    { "[[],]", "[[]]" },
    { "[1,2,,]", "fault" },
};

START_TEST(operators_bind_and_group_by_their_precedence)
{
    LANGDEF_HOLDS(precedence);
}
END_TEST

static const struct cel_case aggregates[] = {
    { "{1: 1, 1: 2}", "error" },
    { "{'a': 1, 'a': 2}", "error" },
    { "{1: 1, 1u: 2}", "error" },
    { "{true: 1, 'true': 2, 1: 3}.size()", "3" },
    { "{1.0: 2}", "error" },
    { "{null: 1}", "error" },
    { "{[1]: 1}", "error" },
    { "{b'a': 1}", "error" },
    { "{type(1): 1}", "error" },
    { "{duration('1s'): 1}", "error" },
    { "{'a': 1/0}", "error" },
    { "{1/0: 1}", "error" },
    { "[1/0]", "error" },
    { "{dyn(1.0): 1}", "error" },
    { "{'a' + 'b': 1, 'ab': 2}", "error" },
    { "{1: 1, -1: 2}.size()", "2" },
    { "{false: 1, 0: 2, 0.5 > 1.0: 3}", "error" },
    { "{-1: 1, dyn(18446744073709551615u): 2}.size()", "2" },
    { "[1, \"a\", null, [2.0], {1: true}]", "[1, \"a\", null, [2.0], {1: true}]" },
};

START_TEST(keys_are_of_four_kinds_and_none_comes_twice)
{
    LANGDEF_HOLDS(aggregates);
}
END_TEST

static const struct cel_case indices[] = {
    { "[1,2,3][0]", "1" },
    { "[1,2,3][3]", "error" },
    { "[1,2,3][-1]", "error" },
    { "[1,2,3][dyn(1u)]", "2" },
    { "[1,2,3][dyn(1.0)]", "2" },
    { "[1,2,3][dyn(1.5)]", "error" },
    { "[1,2,3][dyn('0')]", "error" },
    { "[1][dyn(true)]", "error" },
    { "[1][dyn(null)]", "error" },
    { "dyn('abc')[0]", "error" },
    { "dyn(b'abc')[0]", "error" },
    { "dyn(1)[0]", "error" },
    { "[1][9223372036854775807]", "error" },
    { "[][0]", "error" },
    { "[1,2][dyn(0.0/0.0)]", "error" },
    { "[1,2][dyn(-0.0)]", "1" },
    { "{'a': 1}['b']", "error" },
    { "{'a': 1}.b", "error" },
    { "{1: 'x'}[dyn(1u)]", "\"x\"" },
    { "{1: 'x'}[dyn(1.0)]", "\"x\"" },
    { "{1u: 'x'}[dyn(1)]", "\"x\"" },
    { "{1u: 'x'}[dyn(1.0)]", "\"x\"" },
    { "{1: 'x'}[dyn(1.5)]", "error" },
    { "{1: 'x'}[dyn('1')]", "error" },
    { "{true: 'x'}[dyn(1)]", "error" },
    { "{'true': 'x'}[dyn(true)]", "error" },
    { "{1: 'x'}[dyn(null)]", "error" },
    { "{1: 'x'}[dyn([1])]", "error" },
    { "{-1: 'x'}[dyn(18446744073709551615u)]", "error" },
    { "{-1:'x'}[dyn(-1.0)]", "\"x\"" },
    { "{0:'x'}[dyn(-0.0)]", "\"x\"" },
    { "{18446744073709551615u:'x'}[dyn(18446744073709551616.0)]", "error" },
    { "{9223372036854775807:'x'}[dyn(9223372036854775808.0)]", "error" },
    { "{1: 1}.a", "error" },
    { "dyn(1).a", "error" },
    { "dyn([1]).a", "error" },
    { "dyn(null).a", "error" },
    { "dyn('a').a", "error" },
    { "{'a b': 1}['a b']", "1" },
};

START_TEST(an_index_is_a_place_or_a_key_whatever_kind_of_number_it_is)
{
    LANGDEF_HOLDS(indices);
}
END_TEST

static const struct cel_case memberships[] = {
    { "2 in [1,2,3]", "true" },
    { "'a' in ['b','c']", "false" },
    { "'key1' in {'key1': 1}", "true" },
    { "3 in {1: 'one', 2: 'two'}", "false" },
    { "dyn(1.0) in [1,2]", "true" },
    { "dyn(1u) in [1]", "true" },
    { "dyn(1) in [1.0]", "true" },
    { "dyn('1') in [1]", "false" },
    { "dyn(1) in {1u: 2}", "true" },
    { "dyn(1.0) in {1: 2}", "true" },
    { "dyn(1.5) in {1: 2}", "false" },
    { "dyn(true) in {1: 2}", "false" },
    { "dyn(null) in {'a': 1}", "false" },
    { "dyn(null) in [null]", "true" },
    { "[1] in [[1],[2]]", "true" },
    { "[1] in [dyn([1.0])]", "true" },
    { "dyn(0.0/0.0) in [0.0/0.0]", "false" },
    { "1 in dyn(1)", "error" },
    { "'a' in dyn('abc')", "error" },
    { "1 in dyn(null)", "error" },
    { "1 in []", "false" },
    { "1 in {}", "false" },
    { "1 in [1, 1/0]", "error" },
    { "{'a': 1} in [{'a': dyn(1.0)}]", "true" },
    { "int in [int, string]", "true" },
    { "b'a' in [b'a']", "true" },
    { "dyn(b'a') in ['a']", "false" },
    { "duration('1s') in [duration('1000ms')]", "true" },
    { "dyn([1]) in {'a': 1}", "false" },
};

START_TEST(in_asks_for_an_equal_element_or_key)
{
    LANGDEF_HOLDS(memberships);
}
END_TEST

static const struct cel_case presences[] = {
    { "has({'a': 1}.a)", "true" },
    { "has({'a': 1}.b)", "false" },
    { "has({'a': null}.a)", "true" },
    { "has({'a': {'b': 1}}.a.b)", "true" },
    { "has({'a': {'b': 1}}.b.b)", "error" },
    { "has({}.a.b)", "error" },
    { "has({'a': 1})", "fault" },
    { "has({'a': 1}['a'])", "fault" },
    { "has(1)", "fault" },
    { "has(dyn(1).a)", "error" },
    { "has(dyn([1]).a)", "error" },
    { "has(dyn('a').a)", "error" },
    { "has(dyn(null).a)", "error" },
    { "has({}.a, {}.b)", "error" },
    { "has({1: 2}.a)", "false" },
    { "has({'a': 1}.a) || 1/0 > 0", "true" },
    { "has({'a': 1/0}.b)", "error" },
    { "has(({'a':1}).a)", "true" },
    { "has({'a': 1}.a.b)", "error" },
    { "[{'a':1},{}].filter(m, has(m.a)).size()", "1" },
    { "has(has({}.a))", "fault" },
};

START_TEST(has_asks_a_map_for_a_key_by_name)
{
    LANGDEF_HOLDS(presences);
}
END_TEST

/* @n times @one, then @middle, then @n times @other. */
static const char *around(const char *one, const char *middle, const char *other, int n)
{
    static char text[2000];
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t) snprintf(text + len, sizeof text - len, "%s", one);
    len += (size_t) snprintf(text + len, sizeof text - len, "%s", middle);
    for (int i = 0; i < n; i++)
        len += (size_t) snprintf(text + len, sizeof text - len, "%s", other);
    ck_assert_uint_lt(len, sizeof text);
    return text;
}

/* The definition asks for 32, 24 or 12 of them. */
START_TEST(every_implementation_takes_at_least_so_much)
{
    langdef_yields(around("", "true", " || false", 31), "true");
    langdef_yields(around("", "true", " && true", 31), "true");
    langdef_yields(around("false ? 0 : ", "1", "", 24), "1");
    langdef_yields(around("", "1", " + 1", 24), "25");
    langdef_yields(around("", "1", " - 1", 24), "-23");
    langdef_yields(around("", "1", " / 1", 24), "1");
    langdef_yields(around("", "1 == 1", " == true", 24), "true");
    langdef_yields(around("int(", "1", ")", 12), "1");
    langdef_yields(
        around(
            "",
            "{'a': {'a': {'a': {'a': {'a': {'a': {'a': {'a': {'a': {'a': {'a': {'a': 1}}}}}}}}}}}}",
            ".a", 12),
        "1");
    langdef_yields(around("[", "1", "]", 12), "[[[[[[[[[[[[1]]]]]]]]]]]]");
    langdef_yields(around("!", "true", "", 32), "true");
    langdef_yields(around("-", "1", "", 32), "1");
    langdef_yields(around("(", "1", ")", 32), "1");
}
END_TEST

SUITE_MAIN("expr/langdef_grammar", operators_bind_and_group_by_their_precedence,
           keys_are_of_four_kinds_and_none_comes_twice,
           an_index_is_a_place_or_a_key_whatever_kind_of_number_it_is,
           in_asks_for_an_equal_element_or_key, has_asks_a_map_for_a_key_by_name,
           every_implementation_takes_at_least_so_much)
