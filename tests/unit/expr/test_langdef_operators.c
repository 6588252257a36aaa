/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language definition, "Equality", "Ordering", "Overflow" and "Arithmetic Operators".
 */
#include "langdef_cases.h"

static const struct cel_case equal[] = {
    { "'hello' == 'world'", "false" },
    { "bytes('hello') == b'hello'", "true" },
    { "duration('1h') == duration('60m')", "true" },
    { "dyn(3.0) == 3", "true" },
    { "dyn(1) == 1u", "true" },
    { "dyn('1') == 1", "false" },
    { "dyn('1') != 1", "true" },
    { "dyn(null) == 1", "false" },
    { "dyn(null) == null", "true" },
    { "dyn(null) != 1", "true" },
    { "dyn('a') == b'a'", "false" },
    { "dyn(true) == 1", "false" },
    { "dyn([1]) == {1: 1}", "false" },
    { "dyn([]) == {}", "false" },
    { "dyn(0) == ''", "false" },
    { "0.0/0.0 == 0.0/0.0", "false" },
    { "[0.0/0.0] == [0.0/0.0]", "false" },
    { "{'a': 0.0/0.0} == {'a': 0.0/0.0}", "false" },
    { "[[0.0/0.0]] != [[0.0/0.0]]", "true" },
    { "dyn(0.0/0.0) == 1", "false" },
    { "dyn(1) == 0.0/0.0", "false" },
    { "[0.0/0.0].all(x, x == x)", "false" },
    { "double('NaN') == double('NaN')", "false" },
    { "0.0 == -0.0", "true" },
    { "1.0/0.0 == 1.0/0.0", "true" },
    { "1.0/0.0 == -1.0/0.0", "false" },
    { "1.0/0.0 == double('Infinity')", "true" },
    { "[1,2] == [1,2]", "true" },
    { "[1,2] == [2,1]", "false" },
    { "[1] == [1,1]", "false" },
    { "[] == []", "true" },
    { "dyn([1]) == [1.0]", "true" },
    { "dyn([1, \"a\"]) == [1.0, \"a\"]", "true" },
    { "dyn([1]) == ['1']", "false" },
    { "{'a':1,'b':2} == {'b':2,'a':1}", "true" },
    { "{'a':1} == {'a':2}", "false" },
    { "{'a':1} == {'b':1}", "false" },
    { "{'a':1} == {'a':1,'b':2}", "false" },
    { "dyn({1: 2}) == {1u: 2.0}", "true" },
    { "dyn({1: 2}) == {'1': 2}", "false" },
    { "dyn({1:1}) == {true: 1}", "false" },
    { "[[1],[2]] == [[1],[2]]", "true" },
    { "{'a':[1]} == {'a':[1]}", "true" },
    { "[1/0] == [1]", "error" },
    { "9007199254740993 == dyn(9007199254740992.0)", "false" },
    { "9007199254740993 > dyn(9007199254740992.0)", "true" },
    { "dyn(18446744073709551615u) == 18446744073709551616.0", "true" },
    { "dyn(-1) == 18446744073709551615u", "false" },
    { "dyn(1) == 1.0000000000000002", "false" },
    { "1 != 2", "true" },
    { "\"a\" != \"a\"", "false" },
    { "3.0 != 3.1", "true" },
    { "null == null", "true" },
    { "null != null", "false" },
};

START_TEST(equality_is_of_values_whatever_their_kind)
{
    LANGDEF_HOLDS(equal);
}
END_TEST

static const struct cel_case ordered[] = {
    { "true <= true", "true" },
    { "1 < 2", "true" },
    { "1u < 2u", "true" },
    { "1.0 < 2.0", "true" },
    { "'a' <= 'b'", "true" },
    { "b'a' < b'b'", "true" },
    { "b'\\xff' > b'\\x00a'", "true" },
    { "b'' < b'\\x00'", "true" },
    { "duration('2h') < duration('3h')", "true" },
    { "duration('2h') + duration('1h1m') >= duration('3h')", "true" },
    { "timestamp('2023-08-25T12:00:00Z') <= timestamp('2023-08-26T12:00:00Z')", "true" },
    { "-1 < dyn(1u)", "true" },
    { "1 >= dyn(18446744073709551615u)", "false" },
    { "dyn(1) < 1.5", "true" },
    { "dyn(2u) > 1.5", "true" },
    { "dyn(-1) < 0u", "true" },
    { "dyn(-0.5) < 0u", "true" },
    { "dyn(1e30) > 1", "true" },
    { "dyn(-1e30) < 1u", "true" },
    { "dyn(1.0/0.0) > 9223372036854775807", "true" },
    { "dyn(-1.0/0.0) < 0u", "true" },
    { "dyn('a') < 1", "error" },
    { "dyn(null) < 1", "error" },
    { "[1] < [2]", "error" },
    { "{} < {}", "error" },
    { "dyn('a') < b'b'", "error" },
    { "dyn(true) < 1", "error" },
    { "dyn(timestamp('2020-01-01T00:00:00Z')) < duration('1s')", "error" },
    { "type(1) < type(1)", "error" },
    { "0.0 < -0.0", "false" },
    { "0.0 <= -0.0", "true" },
};

START_TEST(order_is_of_one_kind_or_of_numbers)
{
    LANGDEF_HOLDS(ordered);
}
END_TEST

static const struct cel_case unordered[] = {
    { "0.0 / 0.0 < 1.0", "false" },       { "dyn(1) < 0.0 / 0.0", "false" },
    { "0.0 / 0.0 < 0.0 / 0.0", "false" }, { "0.0 / 0.0 <= 1.0", "false" },
    { "dyn(1) <= 0.0 / 0.0", "false" },   { "0.0 / 0.0 <= 0.0 / 0.0", "false" },
    { "0.0 / 0.0 > 1.0", "false" },       { "dyn(1) > 0.0 / 0.0", "false" },
    { "0.0 / 0.0 > 0.0 / 0.0", "false" }, { "0.0 / 0.0 >= 1.0", "false" },
    { "dyn(1) >= 0.0 / 0.0", "false" },   { "0.0 / 0.0 >= 0.0 / 0.0", "false" },
    { "!(0.0 / 0.0 < 1.0)", "true" },     { "[1.0, 0.0 / 0.0].filter(x, x < 2.0)", "[1.0]" },
};

START_TEST(nan_is_on_no_side_of_anything)
{
    LANGDEF_HOLDS(unordered);
}
END_TEST

static const struct cel_case sums[] = {
    { "3.14 + 1.59", "4.73" },
    { "\"Hello, \" + \"world!\"", "\"Hello, world!\"" },
    { "[1] + [2, 3]", "[1, 2, 3]" },
    { "b'a' + b'b'", "b\"ab\"" },
    { "duration('1m') + duration('1s') == duration('1m1s')", "true" },
    { "timestamp('2023-01-01T00:00:00Z') + duration('24h') == timestamp('2023-01-02T00:00:00Z')",
      "true" },
    { "duration('24h') + timestamp('2023-01-01T00:00:00Z') == timestamp('2023-01-02T00:00:00Z')",
      "true" },
    { "5 - 3", "2" },
    { "10.5 - 2.0", "8.5" },
    { "duration('1m') - duration('1s') == duration('59s')", "true" },
    { "timestamp('2023-01-10T12:00:00Z') - timestamp('2023-01-10T00:00:00Z') == duration('12h')",
      "true" },
    { "timestamp('2023-01-10T12:00:00Z') - duration('12h')",
      "timestamp(\"2023-01-10T00:00:00Z\")" },
    { "duration('1s') - timestamp('2023-01-10T12:00:00Z')", "error" },
    { "timestamp('2023-01-10T12:00:00Z') + timestamp('2023-01-10T12:00:00Z')", "error" },
    { "10 / 2", "5" },
    { "7.0 / 2.0", "3.5" },
    { "3 % 2", "1" },
    { "6u % 3u", "0u" },
    { "3.5 * 40.0", "140.0" },
    { "13u * 3u", "39u" },
    { "7 / 2", "3" },
    { "-7 / 2", "-3" },
    { "7 / -2", "-3" },
    { "-7 % 2", "-1" },
    { "7 % -2", "1" },
    { "-7 % -2", "-1" },
    { "7u / 2u", "3u" },
    { "1 % 0", "error" },
    { "1u / 0u", "error" },
    { "1u % 0u", "error" },
    { "1.0 / 0.0", "double(\"Infinity\")" },
    { "-1.0 / 0.0", "double(\"-Infinity\")" },
    { "1.0 / -0.0", "double(\"-Infinity\")" },
    { "0.0 / 0.0", "double(\"NaN\")" },
    { "1.0 % 1.0", "error" },
    { "0 / 5", "0" },
    { "0 / 0", "error" },
    { "-9223372036854775808 - 1", "error" },
    { "9223372036854775807 * 2", "error" },
    { "-9223372036854775808 * -1", "error" },
    { "-9223372036854775808 / -1", "error" },
    { "0u - 1u", "error" },
    { "18446744073709551615u * 2u", "error" },
    { "-(-9223372036854775807)", "9223372036854775807" },
    { "9223372036854775807 - -1", "error" },
    { "4294967296 * 2147483648", "error" },
    { "4294967296 * -2147483648", "-9223372036854775808" },
    { "4294967296u * 4294967296u", "error" },
    { "1e308 * 10.0", "double(\"Infinity\")" },
    { "1e308 + 1e308", "double(\"Infinity\")" },
    { "-(1u)", "error" },
    { "-dyn('a')", "error" },
    { "-dyn(true)", "error" },
    { "-duration('1s')", "error" },
    { "'a' - 'a'", "error" },
    { "'a' * 2", "error" },
    { "[1] - [1]", "error" },
    { "duration('1s') * 2", "error" },
    { "dyn(duration('2s')) / 2", "error" },
    { "[1] + ['a']", "[1, \"a\"]" },
    { "\"\" + \"\"", "\"\"" },
};

START_TEST(arithmetic_yields_what_its_kind_holds_or_an_error)
{
    LANGDEF_HOLDS(sums);
}
END_TEST

static const struct cel_case spans[] = {
    { "duration('9223372036s')", "duration(\"9223372036s\")" },
    { "duration('9223372037s')", "error" },
    { "duration('-9223372036s')", "duration(\"-9223372036s\")" },
    { "duration('-9223372037s')", "error" },
    { "duration('9223372036.854775807s')", "duration(\"9223372036.854775807s\")" },
    { "duration('9223372036.854775808s')", "error" },
    { "duration('-9223372036.854775808s')", "duration(\"-9223372036.854775808s\")" },
    { "duration('-9223372036.854775809s')", "error" },
    { "duration('9223372036s') + duration('1s')", "error" },
    { "duration('-9223372036s') - duration('1s')", "error" },
    { "timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error" },
    { "timestamp('9999-12-31T23:59:59.999999999Z') + duration('1ns')", "error" },
    { "timestamp('0001-01-01T00:00:00Z') - duration('1ns')", "error" },
    { "timestamp('9999-12-31T23:59:59Z') + duration('999999999ns')",
      "timestamp(\"9999-12-31T23:59:59.999999999Z\")" },
    { "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')", "error" },
    { "timestamp('2200-01-01T00:00:00Z') - timestamp('1970-01-01T00:00:00Z')",
      "duration(\"7258118400s\")" },
};

START_TEST(time_ends_with_its_range)
{
    LANGDEF_HOLDS(spans);
}
END_TEST

/* Two kinds have no arithmetic between them. */
START_TEST(arithmetic_is_of_one_kind)
{
    static const char *const pairs[][2] = {
        { "1", "1u" },      { "1", "1.0" }, { "1u", "1.0" },   { "'a'", "1" }, { "null", "null" },
        { "true", "true" }, { "{}", "{}" }, { "'a'", "b'a'" }, { "[1]", "1" },
    };
    char text[60];

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (const char *op = "+-*/%"; *op; op++) {
            snprintf(text, sizeof text, "dyn(%s) %c dyn(%s)", pairs[i][0], *op, pairs[i][1]);
            langdef_yields(text, "error");
        }
}
END_TEST

SUITE_MAIN("expr/langdef_operators", equality_is_of_values_whatever_their_kind,
           order_is_of_one_kind_or_of_numbers, nan_is_on_no_side_of_anything,
           arithmetic_yields_what_its_kind_holds_or_an_error, time_ends_with_its_range,
           arithmetic_is_of_one_kind)
