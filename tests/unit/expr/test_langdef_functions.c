/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language definition, "Types and Conversions", the functions of strings and bytes, and "Date/Time
 * Functions". Zones by name are the host's: see test_cel_time.c.
 */
#include "langdef_cases.h"

static const struct cel_case instants[] = {
    { "timestamp('0001-01-01T00:00:00Z')", "timestamp(\"0001-01-01T00:00:00Z\")" },
    { "timestamp('9999-12-31T23:59:59.999999999Z')",
      "timestamp(\"9999-12-31T23:59:59.999999999Z\")" },
    { "timestamp('0000-12-31T23:59:59Z')", "error" },
    { "timestamp('0001-01-01T00:00:00+00:01')", "error" },
    { "timestamp('9999-12-31T23:59:59-00:01')", "error" },
    { "timestamp('0000-12-31T23:59:59-00:01')", "timestamp(\"0001-01-01T00:00:59Z\")" },
    { "timestamp('1972-01-01T10:00:20.021-05:00')", "timestamp(\"1972-01-01T15:00:20.021Z\")" },
    { "timestamp('2023-08-26T12:39:00-07:00')", "timestamp(\"2023-08-26T19:39:00Z\")" },
    { "timestamp('2023-02-29T00:00:00Z')", "error" },
    { "timestamp('2024-02-29T00:00:00Z')", "timestamp(\"2024-02-29T00:00:00Z\")" },
    { "timestamp('1900-02-29T00:00:00Z')", "error" },
    { "timestamp('2000-02-29T00:00:00Z')", "timestamp(\"2000-02-29T00:00:00Z\")" },
    { "timestamp('2023-04-31T00:00:00Z')", "error" },
    { "timestamp('2023-13-01T00:00:00Z')", "error" },
    { "timestamp('2023-00-01T00:00:00Z')", "error" },
    { "timestamp('2023-01-00T00:00:00Z')", "error" },
    { "timestamp('2023-01-01T24:00:00Z')", "error" },
    { "timestamp('2023-01-01T23:60:00Z')", "error" },
    { "timestamp('1990-12-31T23:59:60Z')", "error" }, /* no kind of value holds a leap second */
    { "timestamp('2023-01-01T23:59:61Z')", "error" },
    { "timestamp('2023-01-01')", "error" },
    { "timestamp('2023-01-01T00:00:00')", "error" },
    { "timestamp('2023-01-01T00:00Z')", "error" },
    { "timestamp('2023-01-01 00:00:00Z')", "error" },
    { "timestamp('2023-01-01T00:00:00+0000')", "error" },
    { "timestamp('2023-01-01T00:00:00+00')", "error" },
    { "timestamp('2023-01-01T00:00:00.Z')", "error" },
    { "timestamp(' 2023-01-01T00:00:00Z')", "error" },
    { "timestamp('2023-01-01T00:00:00Z ')", "error" },
    { "timestamp('2023-01-01T00:00:00,5Z')", "error" },
    { "timestamp('2023-01-01T00:00:00.123456789Z')",
      "timestamp(\"2023-01-01T00:00:00.123456789Z\")" },
    { "timestamp('2023-1-1T00:00:00Z')", "error" },
    { "timestamp('')", "error" },
    { "timestamp('2023-01-01t00:00:00z')", "timestamp(\"2023-01-01T00:00:00Z\")" },
    { "timestamp('2023-01-01T00:00:00-00:00')", "timestamp(\"2023-01-01T00:00:00Z\")" },
    { "timestamp('2023-01-01T00:00:00+24:00')", "error" },
    { "timestamp('2023-01-01T00:00:00+05:60')", "error" },
    { "timestamp('2023-01-01T00:00:00+23:59')", "timestamp(\"2022-12-31T00:01:00Z\")" },
    { "timestamp(timestamp('2020-01-01T00:00:00Z'))", "timestamp(\"2020-01-01T00:00:00Z\")" },
    { "timestamp(dyn(1.5))", "error" },
    { "timestamp(dyn(null))", "error" },
};

START_TEST(an_instant_is_written_as_RFC_3339_has_it)
{
    LANGDEF_HOLDS(instants);
}
END_TEST

static const struct cel_case durations[] = {
    { "duration('1h30m')", "duration(\"5400s\")" },
    { "duration('0')", "duration(\"0s\")" },
    { "duration('-1.5h')", "duration(\"-5400s\")" },
    { "duration('-23.4s')", "duration(\"-23.4s\")" },
    { "duration('1h34us')", "duration(\"3600.000034s\")" },
    { "duration('1ms')", "duration(\"0.001s\")" },
    { "duration('1ns')", "duration(\"0.000000001s\")" },
    { "duration('1m1ms')", "duration(\"60.001s\")" },
    { "duration('')", "error" },
    { "duration('1')", "error" },
    { "duration('s')", "error" },
    { "duration('-')", "error" },
    { "duration('1d')", "error" },
    { "duration('1w')", "error" },
    { "duration('1 s')", "error" },
    { "duration('1s ')", "error" },
    { "duration('1S')", "error" },
    { "duration('1h-1m')", "error" },
    { "duration('--1s')", "error" },
    { "duration('.5s')", "duration(\"0.5s\")" },
    { "duration('1.s')", "duration(\"1s\")" },
    { "duration('.s')", "error" },
    { "duration('1.5')", "error" },
    { "duration('1m30s')", "duration(\"90s\")" },
    { "duration('90s90m')", "duration(\"5490s\")" },
    { "duration('-0')", "duration(\"0s\")" },
    { "duration('0s')", "duration(\"0s\")" },
    { "duration('1s1')", "error" },
    { "duration('1e3s')", "error" },
    { "duration('100d')", "error" },
    { "duration(duration('1s'))", "duration(\"1s\")" },
    { "duration('-1ns')", "duration(\"-0.000000001s\")" },
    { "duration('0.0000000001s')", "duration(\"0s\")" },
};

START_TEST(a_duration_is_a_row_of_numbers_with_units)
{
    LANGDEF_HOLDS(durations);
}
END_TEST

static const struct cel_case texts[] = {
    { "string(duration('1m1ms'))", "\"60.001s\"" },
    { "string(duration('0'))", "\"0s\"" },
    { "string(duration('-1.5s'))", "\"-1.5s\"" },
    { "string(duration('-0.5s'))", "\"-0.5s\"" },
    { "string(timestamp('2023-01-01T01:02:03.500+01:00'))", "\"2023-01-01T00:02:03.5Z\"" },
    { "string(timestamp('0001-01-01T00:00:00Z'))", "\"0001-01-01T00:00:00Z\"" },
    { "string(123)", "\"123\"" },
    { "string(-123)", "\"-123\"" },
    { "string(123u)", "\"123\"" },
    { "string(3.14)", "\"3.14\"" },
    { "string(b'hello')", "\"hello\"" },
    { "string(b'\\xf0\\x9f\\xa4\\xaa') == '🤪'", "true" },
    { "string(b'\\xff')", "error" },
    { "string(b'\\xed\\xa0\\x80')", "error" },
    { "string(b'\\xc0\\x80')", "error" },
    { "string(b'\\xf4\\x90\\x80\\x80')", "error" },
    { "string(true)", "\"true\"" },
    { "string(false)", "\"false\"" },
    { "string('a')", "\"a\"" },
    { "string(dyn(null))", "error" },
    { "string(dyn([1]))", "error" },
    { "string(dyn({}))", "error" },
    { "string(-9223372036854775808)", "\"-9223372036854775808\"" },
    { "string(18446744073709551615u)", "\"18446744073709551615\"" },
};

static const struct cel_case bools[] = {
    { "bool('true')", "true" },  { "bool('yes')", "error" },     { "bool('')", "error" },
    { "bool(dyn(1))", "error" }, { "bool(dyn(null))", "error" }, { "bool('tRuE')", "error" },
};

static const struct cel_case bytes[] = {
    { "bytes('hello')", "b\"hello\"" }, { "bytes('🤪') == b'\\xF0\\x9F\\xA4\\xAA'", "true" },
    { "bytes(b'a')", "b\"a\"" },        { "bytes(dyn(1))", "error" },
    { "bytes('ÿ').size()", "2" },
};

START_TEST(what_becomes_a_text_a_bool_or_bytes)
{
    LANGDEF_HOLDS(texts);
    LANGDEF_HOLDS(bools);
    LANGDEF_HOLDS(bytes);
}
END_TEST

static const struct cel_case doubles[] = {
    { "double(3.14)", "3.14" },
    { "double(10)", "10.0" },
    { "double('3.14')", "3.14" },
    { "double(10u)", "10.0" },
    { "double('a')", "error" },
    { "double('')", "error" },
    { "double(' 1')", "error" },
    { "double(dyn(true))", "error" },
    { "double('1e400')", "error" },
    { "double('-Infinity')", "double(\"-Infinity\")" },
    { "double('1e-400')", "0.0" },
    { "double('-1.5e3')", "-1500.0" },
    { "double(9223372036854775807) == 9223372036854775808.0", "true" },
};

static const struct cel_case ints[] = {
    { "int(123)", "123" },
    { "int(3.14)", "3" },
    { "int('123')", "123" },
    { "int(-3.99)", "-3" },
    { "int(123u)", "123" },
    { "int(timestamp('1970-01-01T00:00:01.999Z'))", "1" },
    { "int(timestamp('1969-12-31T23:59:59.5Z'))", "-1" },
    { "int(9223372036854775807.0)", "error" },
    { "int(9223372036854774784.0)", "9223372036854774784" },
    { "int(-9223372036854774784.0)", "-9223372036854774784" },
    { "int(0.0/0.0)", "error" },
    { "int(1.0/0.0)", "error" },
    { "int(18446744073709551615u)", "error" },
    { "int(9223372036854775808u)", "error" },
    { "int('9223372036854775808')", "error" },
    { "int('-9223372036854775808')", "-9223372036854775808" },
    { "int('1.5')", "error" },
    { "int('')", "error" },
    { "int('0x1F')", "error" },
    { "int(' 1')", "error" },
    { "int(dyn(true))", "error" },
    { "int(dyn(null))", "error" },
    { "int('-0')", "0" },
    { "int(1e19)", "error" },
    { "int(-0.9)", "0" },
};

static const struct cel_case uints[] = {
    { "uint(123)", "123u" },
    { "uint(3.14)", "3u" },
    { "uint('123')", "123u" },
    { "uint(-1.0)", "error" },
    { "uint(18446744073709551615.0)", "error" },
    { "uint(18446744073709549568.0)", "18446744073709549568u" },
    { "uint('-1')", "error" },
    { "uint('18446744073709551616')", "error" },
    { "uint('18446744073709551615')", "18446744073709551615u" },
    { "uint(0.0/0.0)", "error" },
    { "uint(-0.0)", "0u" },
    { "uint(0.99)", "0u" },
    { "uint(dyn(true))", "error" },
    { "uint(-0.5)", "error" },
    { "uint(dyn(timestamp('1970-01-01T00:00:01Z')))", "error" },
};

START_TEST(what_becomes_a_number)
{
    LANGDEF_HOLDS(doubles);
    LANGDEF_HOLDS(ints);
    LANGDEF_HOLDS(uints);
}
END_TEST

static const struct cel_case sizes[] = {
    { "'hello'.size()", "5" },
    { "size('world!')", "6" },
    { "\"fiance\\u0301\".size()", "7" },
    { "size(string(b'\\xF0\\x9F\\xA4\\xAA'))", "1" },
    { "b'hello'.size()", "5" },
    { "size(b'world!')", "6" },
    { "size(b'\\xF0\\x9F\\xA4\\xAA')", "4" },
    { "['hello','world'].size()", "2" },
    { "size(['first','second','third'])", "3" },
    { "{'hello':'world'}.size()", "1" },
    { "size({1: true, 2: false})", "2" },
    { "size(dyn(1))", "error" },
    { "size(dyn(null))", "error" },
    { "size()", "error" },
    { "size('a','b')", "error" },
    { "'a'.size('b')", "error" },
    { "dyn(1).size()", "error" },
    { "size('')", "0" },
    { "size('\\U0001F603é')", "2" },
    { "dyn(123)", "123" },
    { "dyn(\"hello\")", "\"hello\"" },
    { "type(123)", "int" },
};

START_TEST(size_counts_code_points_bytes_elements_and_entries)
{
    LANGDEF_HOLDS(sizes);
}
END_TEST

static const struct cel_case searches[] = {
    { "\"hello world\".contains(\"world\")", "true" },
    { "\"foobar\".contains(\"baz\")", "false" },
    { "\"\".contains(\"\")", "true" },
    { "\"a\".contains(\"\")", "true" },
    { "\"\".contains(\"a\")", "false" },
    { "\"hello world\".endsWith(\"world\")", "true" },
    { "\"foobar\".endsWith(\"bar\")", "true" },
    { "\"hello world\".startsWith(\"hello\")", "true" },
    { "\"a\".startsWith(\"ab\")", "false" },
    { "\"a\".endsWith(\"ba\")", "false" },
    { "\"\".startsWith(\"\")", "true" },
    { "\"\".endsWith(\"\")", "true" },
    { "contains(\"a\",\"a\")", "error" },
    { "startsWith(\"a\",\"a\")", "error" },
    { "\"a\".contains(dyn(1))", "error" },
    { "dyn(b'a').contains('a')", "error" },
    { "dyn(1).startsWith(\"1\")", "error" },
    { "\"\\u00e9a\".contains(\"a\")", "true" },
    { "matches(\"foobar\", \"foo.*\")", "true" },
    { "\"foobar\".matches(\"foo.*\")", "true" },
    { "\"foobar\".matches(\"oba\")", "true" },
    { "\"foobar\".matches(\"^oba$\")", "false" },
    { "\"\".matches(\"\")", "true" },
    { "\"a\".matches(\"(\")", "error" },
    { "\"a\".matches(dyn(1))", "error" },
    { "matches(dyn(1), \"1\")", "error" },
    { "\"foobar\".matches(\"^foobar$\")", "true" },
};

START_TEST(texts_are_searched)
{
    LANGDEF_HOLDS(searches);
}
END_TEST

static const struct cel_case parts[] = {
    { "timestamp('2023-12-25T00:00:00Z').getDate()", "25" },
    { "timestamp('2023-12-25T00:00:00Z').getDayOfMonth()", "24" },
    { "timestamp('2023-12-25T12:00:00Z').getDayOfWeek()", "1" },
    { "timestamp('2023-12-25T12:00:00Z').getDayOfYear()", "358" },
    { "timestamp('2023-12-25T12:00:00Z').getFullYear()", "2023" },
    { "timestamp('2023-12-25T12:00:00Z').getHours()", "12" },
    { "duration('3h').getHours()", "3" },
    { "timestamp('2023-12-25T12:00:00.500Z').getMilliseconds()", "500" },
    { "duration('1.234s').getMilliseconds()", "234" },
    { "timestamp('2023-12-25T12:30:00Z').getMinutes()", "30" },
    { "duration('1h30m').getMinutes()", "90" },
    { "timestamp('2023-12-25T12:00:00Z').getMonth()", "11" },
    { "timestamp('2023-12-25T12:30:30Z').getSeconds()", "30" },
    { "duration('1m30s').getSeconds()", "90" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('+02:00')", "2" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('-08:00')", "16" },
    { "timestamp('2023-12-25T00:00:00Z').getDate('-08:00')", "24" },
    { "timestamp('2023-12-25T00:00:00Z').getMinutes('+05:30')", "30" },
    { "timestamp('2023-12-25T00:00:00Z').getMinutes('-00:01')", "59" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('UTC')", "0" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('Nope/Where')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('+2:00')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('+02')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('+0200')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('+02:00 ')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('')", "0" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('02:00')", "2" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('+24:00')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('+02:60')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('Z')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('../../etc/passwd')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours('europe/paris')", "error" },
    { "timestamp('2023-12-25T00:00:00Z').getHours(dyn(1))", "error" },
    { "getHours(timestamp('2023-12-25T00:00:00Z'))", "error" },
    { "duration('1h').getHours('UTC')", "error" },
    { "duration('1h').getDate()", "error" },
    { "dyn('a').getHours()", "error" },
    { "timestamp('2023-01-01T00:00:00Z').getDayOfYear('-01:00')", "364" },
    { "timestamp('2024-12-31T23:59:59Z').getDayOfYear()", "365" },
    { "timestamp('2023-01-01T00:00:00Z').getFullYear('-00:01')", "2022" },
    { "timestamp('2023-01-01T00:00:00Z').getMonth('-00:01')", "11" },
    { "timestamp('2023-12-24T00:00:00Z').getDayOfWeek()", "0" },
    { "timestamp('2023-12-24T00:00:00Z').getDayOfWeek('-01:00')", "6" },
    { "timestamp('1969-12-31T23:59:59.999Z').getMilliseconds()", "999" },
    { "timestamp('1969-12-31T23:59:59.999Z').getSeconds()", "59" },
    { "timestamp('1969-12-31T23:59:59.999Z').getFullYear()", "1969" },
    { "timestamp('0001-01-01T00:00:00Z').getFullYear('-01:00')", "0" },
    { "timestamp('9999-12-31T23:59:59Z').getFullYear('+01:00')", "10000" },
    { "duration('-1h30m').getHours()", "-1" },
    { "duration('-90s').getMinutes()", "-1" },
    { "duration('-1.5s').getSeconds()", "-1" },
    { "duration('-1.234s').getMilliseconds()", "-234" },
    { "duration('3730s').getHours()", "1" },
    { "duration('3730s').getMinutes()", "62" },
    { "duration('3730s').getSeconds()", "3730" },
    { "duration('999ms').getSeconds()", "0" },
    { "timestamp('1500-01-01T00:00:00Z').getDayOfWeek()", "1" },
    { "timestamp('2023-12-25T12:00:00.999999999Z').getMilliseconds('+01:00')", "999" },
};

START_TEST(parts_of_instants_and_durations)
{
    LANGDEF_HOLDS(parts);
}
END_TEST

SUITE_MAIN("expr/langdef_functions", an_instant_is_written_as_RFC_3339_has_it,
           a_duration_is_a_row_of_numbers_with_units, what_becomes_a_text_a_bool_or_bytes,
           what_becomes_a_number, size_counts_code_points_bytes_elements_and_entries,
           texts_are_searched, parts_of_instants_and_durations)
