/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language definition, "Evaluation" (logical operators, macros), "Type Values" and "Gradual
 * Type Checking".
 */
#include "langdef_cases.h"

static const struct cel_case logic[] = {
    { "false ? 'a' : 'b'", "\"b\"" },
    { "true ? 1/0 : 2", "error" },
    { "false ? 1/0 : 2", "2" },
    { "(2 < 5) ? 'yes' : 'no'", "\"yes\"" },
    { "('hello'.size() > 10) ? 1 / 0 : 42", "42" },
    { "1/0 > 0 ? 1 : 2", "error" },
    { "dyn(1) ? 1 : 2", "error" },
    { "dyn('true') ? 1 : 2", "error" },
    { "dyn(null) ? 1 : 2", "error" },
    { "dyn(true) && true", "true" },
    { "!false", "true" },
};

START_TEST(the_conditional_looks_at_one_branch)
{
    LANGDEF_HOLDS(logic);
}
END_TEST

static const struct cel_case loops[] = {
    { "[1,2,3].all(x, x > 0)", "true" },
    { "[1,2,0].all(x, x > 0)", "false" },
    { "['apple','banana','cherry'].all(fruit, fruit.size() > 3)", "true" },
    { "[3.14,2.71,1.61].all(num, num < 3.0)", "false" },
    { "{'a':1,'b':2,'c':3}.all(key, key != 'b')", "false" },
    { "[].all(x, 1/0 > 0)", "true" },
    { "[0,1].all(x, 1/x > 1)", "false" },
    { "[1,0].all(x, 1/x > 1)", "false" },
    { "[0,1].all(x, 1/x > 0)", "error" },
    { "[1].all(x, dyn(x))", "error" },
    { "[dyn(1), false].all(x, x)", "false" },
    { "[false, dyn(1)].all(x, x)", "false" },
    { "[true, dyn(1)].all(x, x)", "error" },
    { "[1,2,3].exists(i, i % 2 != 0)", "true" },
    { "[].exists(i, i > 0)", "false" },
    { "[0,-1,5].exists(num, num < 0)", "true" },
    { "{'x':'foo','y':'bar'}.exists(key, key.startsWith('z'))", "false" },
    { "[0,1].exists(x, 1/x > 0)", "true" },
    { "[1,0].exists(x, 1/x > 0)", "true" },
    { "[1,0].exists(x, 1/x > 1)", "error" },
    { "[dyn(1), true].exists(x, x)", "true" },
    { "[true, dyn(1)].exists(x, x)", "true" },
    { "[dyn(1), false].exists(x, x)", "error" },
    { "[1,2,2].exists_one(i, i < 2)", "true" },
    { "{'a':'hello','aa':'hellohello'}.exists_one(k, k.startsWith('a'))", "false" },
    { "[1,2,3,4].exists_one(num, num % 2 == 0)", "false" },
    { "[0,1].exists_one(x, 1/x > 0)", "error" },
    { "[1,1,0].exists_one(x, 1/x > 0)", "error" },
    { "[].exists_one(x, x == 1)", "false" },
    { "[1].exists_one(x, dyn(x))", "error" },
    { "[1,2,3].map(n, n * n)", "[1, 4, 9]" },
    { "{'one':1,'two':2}.map(k, k)", "[\"one\", \"two\"]" },
    { "[1,0].map(x, 1/x)", "error" },
    { "[1,2,3,4].map(num, num % 2 == 0, num * 2)", "[4, 8]" },
    { "[1,0].map(x, x > 0, 1/x)", "[1]" },
    { "[0].map(x, 1/x > 0, x)", "error" },
    { "[1].map(x, dyn(x), x)", "error" },
    { "[5,10,15].map(x, x/5)", "[1, 2, 3]" },
    { "[].map(x, 1/0)", "[]" },
    { "{'a':1}.map(k, k == 'a', k + '!')", "[\"a!\"]" },
    { "[1,2,3].filter(i, i % 2 > 0)", "[1, 3]" },
    { "[1].filter(i, i > 1)", "[]" },
    { "[1,0].filter(x, 1/x > 0)", "error" },
    { "{'one':1,'two':2}.filter(k, k == 'one')", "[\"one\"]" },
    { "['cat','dog','bird','fish'].filter(pet, pet.size() == 3)", "[\"cat\", \"dog\"]" },
    { "[{'a':10,'b':5,'c':20}].map(m, m.filter(key, m[key] > 10))", "[[\"c\"]]" },
    { "[1].filter(x, dyn(x))", "error" },
    { "{'a':1}.filter(k, false)", "[]" },
    { "[true, false].filter(x, x)", "[true]" },
    { "[1].map(x, [2].map(x, x))", "[[2]]" },
    { "[1].map(x, [2].map(y, x + y))", "[[3]]" },
    { "[{'b':1}].map(a, a.b)", "[1]" },
    { "[1,2].map(x, x).map(x, x + 1)", "[2, 3]" },
    { "[[1,2],[3]].map(x, x.map(y, y * 10))", "[[10, 20], [30]]" },
    { "[1].map(x, x) + [x]", "error" },
    { "[1].exists(x, .x == 1)", "error" },
    { "[1].map(size, size)", "[1]" },
    { "[1].map(int, int)", "[1]" },
    { "[[1]].map(size, size(size))", "[1]" },
    { "[1].map(x, has({'x': 1}.x))", "[true]" },
    { "{'a':1,'b':2}.all(k, k in ['a','b'])", "true" },
};

START_TEST(macros_combine_what_their_predicates_yield)
{
    LANGDEF_HOLDS(loops);
}
END_TEST

static const struct cel_case types[] = {
    { "type('a')", "string" },
    { "type(1) == string", "false" },
    { "type(type(1)) == type(string)", "true" },
    { "type([1]) == list", "true" },
    { "type({}) == map", "true" },
    { "type(1u) == uint", "true" },
    { "type(1.0) == double", "true" },
    { "type(b'') == bytes", "true" },
    { "type(true) == bool", "true" },
    { "type(int) == type", "true" },
    { "type(type) == type", "true" },
    { "type(timestamp('2020-01-01T00:00:00Z')) == google.protobuf.Timestamp", "true" },
    { "type(duration('1s')) == google.protobuf.Duration", "true" },
    { "type(dyn(1)) == int", "true" },
    { "type(dyn([1])) == type([\"a\"])", "true" },
    { "int == int", "true" },
    { "int == uint", "false" },
    { "int != uint", "true" },
    { "dyn(int) == 1", "false" },
    { "dyn(int) == 'int'", "false" },
    { "type([1,2].map(x, x)) == list", "true" },
    { "int < uint", "error" },
    { "type(list)", "type" },
    { "type(1/0)", "error" },
    { "[int, string]", "[int, string]" },
};

START_TEST(every_value_has_a_type_which_is_a_value)
{
    LANGDEF_HOLDS(types);
}
END_TEST

/* Whatever has no value, or none that is a bool. */
START_TEST(and_and_or_ignore_errors_on_the_side_that_does_not_decide)
{
    static const char *const bad[] = { "1/0 > 0", "dyn(1)", "dyn('')", "dyn(null)",
                                       "{}.a",    "[][0]",  "nowhere" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        langdef_filled("true || %s", bad[i], "true");
        langdef_filled("%s || true", bad[i], "true");
        langdef_filled("false && %s", bad[i], "false");
        langdef_filled("%s && false", bad[i], "false");
        langdef_filled("false || %s", bad[i], "error");
        langdef_filled("%s || false", bad[i], "error");
        langdef_filled("true && %s", bad[i], "error");
        langdef_filled("%s && true", bad[i], "error");
        langdef_filled("%s || %s", bad[i], "error");
        langdef_filled("%s && %s", bad[i], "error");
        langdef_filled("!(%s)", bad[i], "error");
        langdef_filled("[true, false].all(x, x || %s)", bad[i], "error");
        langdef_filled("[true, false].all(x, x && %s)", bad[i], "false");
    }
}
END_TEST

START_TEST(a_macro_goes_over_a_list_or_map_with_a_simple_name)
{
    static const char *const macros[] = { "all", "exists", "exists_one", "map", "filter" };
    static const char *const ranges[] = { "dyn(1)", "dyn('abc')", "dyn(null)", "dyn(b'a')",
                                          "[1/0]" };
    static const char *const names[] = { "1", "x.y", ".x", "'x'", "x()", "[x]", "-x" };
    char text[100];

    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
        for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
            snprintf(text, sizeof text, "%s.%s(x, true)", ranges[k], macros[i]);
            langdef_yields(text, "error");
        }
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            snprintf(text, sizeof text, "[1].%s(%s, true)", macros[i], names[k]);
            langdef_yields(text, "fault");
        }
    }
}
END_TEST

static const struct cel_case static_types[] = {
    { "1", "int" },
    { "type(1)", "type(int)" },
    { "type([1])", "type(list(int))" },
    { "type(type(1))", "type(type(int))" },
    { "type(dyn(1))", "type(dyn)" },
    { "dyn([1, 3.14, 'foo'])", "dyn" },
    { "[1, 3.14, 'foo']", "list(dyn)" },
    { "{'a': 1, 'b': 'c'}", "map(string, dyn)" },
    { "type(1u) == int", "bool" },
    { "type([1]) == list", "bool" },
    { "type({}) != int", "bool" },
    { "[int] == [string]", "bool" },
    { "int in [string]", "bool" },
    { "[type([]), int]", "list(type(dyn))" },
    { "[int, type([])]", "list(type(dyn))" },
    { "[int, string]", "list(type(dyn))" },
    { "[int, string, int]", "list(type(dyn))" },
    { "[int, int]", "list(type(int))" },
    { "[type([1]), type([2])]", "list(type(list(int)))" },
    { "[type([1]), list]", "list(type(dyn))" },
    { "[type(type(1)), type]", "list(type(dyn))" },
    { "[type([]), type({})]", "list(type(dyn))" },
    { "{1: int, 2: string}", "map(int, type(dyn))" },
    { "true ? int : string", "type(dyn)" },
    { "true ? string : string", "type(string)" },
    { "true ? [int] : [string]", "list(type(dyn))" },
    { "[int] + [string]", "list(type(dyn))" },
    { "[[int], [string]]", "list(list(type(dyn)))" },
    { "[].map(x, type(x)) + [int]", "list(type(dyn))" },
    { "[int, 1]", "list(dyn)" },
    { "type(1) == 1", "fault" },
    { "1 == 1.0", "fault" },
    { "1 == 'a'", "fault" },
    { "dyn(1) == 1.0", "bool" },
    { "1 + 1u", "fault" },
    { "1 + 1.0", "fault" },
    { "uint(1) + 1u", "uint" },
    { "dyn(1) + 1u", "uint" },
    { "1 in ['a']", "fault" },
    { "'a' < 1", "fault" },
    { "true ? 1 : 'a'", "fault" },
    { "[1][1u]", "fault" },
    { "{1: 2}[1u]", "fault" },
    { "null == 1", "fault" },
    { "size(1)", "fault" },
    { "!1", "fault" },
    { "-1u", "fault" },
    { "1 && true", "fault" },
    { "[1].all(x, x)", "fault" },
    { "1.all(x, true)", "fault" },
};

START_TEST(types_are_deduced_and_those_of_types_are_compatible)
{
    LANGDEF_TYPES_HOLD(static_types);
}
END_TEST

SUITE_MAIN("expr/langdef_evaluation", the_conditional_looks_at_one_branch,
           macros_combine_what_their_predicates_yield, every_value_has_a_type_which_is_a_value,
           and_and_or_ignore_errors_on_the_side_that_does_not_decide,
           a_macro_goes_over_a_list_or_map_with_a_simple_name,
           types_are_deduced_and_those_of_types_are_compatible)
