/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "expr/cel_type.h"
#include "expr/library/cel_library.h"
#include "expr/values/cel_number.h"
#include "expr/values/cel_ops.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
    struct arena *arena;
    struct cel_run run;
};

static struct fixture fixture_new(void)
{
    struct fixture f = { .arena = arena_new(1 << 16, 1 << 22) };
    f.run = (struct cel_run){ .arena = f.arena, .limit = 1000000 };
    return f;
}

static void fixture_end(struct fixture *f)
{
    f->arena = arena_free(f->arena);
}

static struct cel_value text(const char *s)
{
    return cel_string(str_of(s));
}

/* The function whose signature begins like that: "int(string)". */
static cel_function function_of(const struct cel_definition *definitions, const char *head)
{
    for (; definitions->signature; definitions++)
        if (str_starts_with(str_of(definitions->signature), str_of(head)))
            return definitions->call;
    ck_abort_msg("no such definition: %s", head);
    return NULL;
}

static struct cel_value convert(struct fixture *f, const char *head, struct cel_value value)
{
    return function_of(cel_library_convert(), head)(&f->run, &value, 1);
}

static bool is(struct cel_value a, struct cel_value b)
{
    return a.kind == b.kind &&
           (cel_equals(&a, &b) || (a.kind == CEL_DOUBLE && isnan(a.real) && isnan(b.real)));
}

/* Wanted null: an error. */
struct conversion {
    const char *head;
    struct cel_value from, wanted;
};

static void all_convert(const struct conversion *cases, size_t count)
{
    struct fixture f = fixture_new();
    for (size_t i = 0; i < count; i++) {
        struct cel_value got = convert(&f, cases[i].head, cases[i].from);
        bool ok =
            cases[i].wanted.kind == CEL_NULL ? got.kind == CEL_ERROR : is(got, cases[i].wanted);
        ck_assert_msg(ok, "case %zu, %s", i, cases[i].head);
    }
    fixture_end(&f);
}

START_TEST(an_int_comes_of_numbers_in_range_texts_and_instants)
{
    const struct conversion cases[] = {
        { "int(int)", cel_int(-1), cel_int(-1) },
        { "int(uint)", cel_uint(INT64_MAX), cel_int(INT64_MAX) },
        { "int(uint)", cel_uint((uint64_t) INT64_MAX + 1), cel_null() },
        { "int(double)", cel_double(-123.456), cel_int(-123) },
        { "int(double)", cel_double(1.9), cel_int(1) },
        { "int(double)", cel_double(-3.5), cel_int(-3) },
        { "int(double)", cel_double(-0x1p63), cel_null() },
        { "int(double)", cel_double(0x1p63), cel_null() },
        { "int(double)", cel_double(9223372036854774784.0), cel_int(9223372036854774784) },
        { "int(double)", cel_double(NAN), cel_null() },
        { "int(double)", cel_double(INFINITY), cel_null() },
        { "int(string)", text("987"), cel_int(987) },
        { "int(string)", text("-0"), cel_int(0) },
        { "int(string)", text("+1"), cel_int(1) },
        { "int(string)", text("-9223372036854775808"), cel_int(INT64_MIN) },
        { "int(string)", text("9223372036854775808"), cel_null() },
        { "int(string)", text("99999999999999999999999999"), cel_null() },
        { "int(string)", text(""), cel_null() },
        { "int(string)", text("-"), cel_null() },
        { "int(string)", text("--1"), cel_null() },
        { "int(string)", text(" 1"), cel_null() },
        { "int(string)", text("1.0"), cel_null() },
        { "int(string)", text("0x10"), cel_null() },
        { "int(string)", text("1_000"), cel_null() },
        { "int(timestamp)", cel_timestamp(1000000000, 999999999), cel_int(1000000000) },
        { "int(timestamp)", cel_timestamp(-1, 500000000), cel_int(-1) },
        { "int(duration)", cel_duration(-2, 500000000), cel_int(-1500000000) },
    };
    all_convert(cases, COUNT(cases));
}
END_TEST

START_TEST(a_uint_comes_of_numbers_in_range_and_texts)
{
    const struct conversion cases[] = {
        { "uint(uint)", cel_uint(1), cel_uint(1) },
        { "uint(int)", cel_int(1729), cel_uint(1729) },
        { "uint(int)", cel_int(-1), cel_null() },
        { "uint(double)", cel_double(25.5), cel_uint(25) },
        { "uint(double)", cel_double(-0.5), cel_null() },
        { "uint(double)", cel_double(-0.0), cel_uint(0) },
        { "uint(double)", cel_double(0x1p55), cel_uint(1ull << 55) },
        { "uint(double)", cel_double(0x1p64), cel_null() },
        { "uint(double)", cel_double(NAN), cel_null() },
        { "uint(string)", text("300"), cel_uint(300) },
        { "uint(string)", text("18446744073709551615"), cel_uint(UINT64_MAX) },
        { "uint(string)", text("18446744073709551616"), cel_null() },
        { "uint(string)", text("+1"), cel_null() },
        { "uint(string)", text("-1"), cel_null() },
        { "uint(string)", text(""), cel_null() },
        { "uint(string)", text("1u"), cel_null() },
    };
    all_convert(cases, COUNT(cases));
}
END_TEST

START_TEST(a_double_comes_of_numbers_and_of_many_spellings)
{
    const struct conversion cases[] = {
        { "double(double)", cel_double(5.5), cel_double(5.5) },
        { "double(int)", cel_int(-9007199254740992), cel_double(-9007199254740992.0) },
        { "double(uint)", cel_uint(UINT64_MAX), cel_double(0x1p64) },
        { "double(string)", text("0"), cel_double(0) },
        { "double(string)", text("-0.0"), cel_double(-0.0) },
        { "double(string)", text("123.456"), cel_double(123.456) },
        { "double(string)", text("6.02214e23"), cel_double(6.02214e23) },
        { "double(string)", text("-5.43E-21"), cel_double(-5.43e-21) },
        { "double(string)", text("+.5"), cel_double(0.5) },
        { "double(string)", text("5."), cel_double(5) },
        { "double(string)", text("0x1p-2"), cel_double(0.25) },
        { "double(string)", text("1_000.5"), cel_double(1000.5) },
        { "double(string)", text("NaN"), cel_double(NAN) },
        { "double(string)", text("nan"), cel_double(NAN) },
        { "double(string)", text("Infinity"), cel_double(INFINITY) },
        { "double(string)", text("-inf"), cel_double(-INFINITY) },
        { "double(string)", text("1e-400"), cel_double(0) },
        { "double(string)", text("1e400"), cel_null() },
        { "double(string)", text(""), cel_null() },
        { "double(string)", text("."), cel_null() },
        { "double(string)", text("-"), cel_null() },
        { "double(string)", text("1e"), cel_null() },
        { "double(string)", text("1e+"), cel_null() },
        { "double(string)", text("0x10"), cel_null() },
        { "double(string)", text("1__0"), cel_null() },
        { "double(string)", text("1e1_0"), cel_double(1e10) },
        { "double(string)", text("1e1__0"), cel_null() },
        { "double(string)", text("1e_1"), cel_null() },
        { "double(string)", text("1e1_"), cel_null() },
        { "double(string)",
          text("1000000000000000000000000000000000000000000000000000000000000000000000e-70"),
          cel_double(0.1) },
        { "double(string)", text("_1"), cel_null() },
        { "double(string)", text("1_"), cel_null() },
        { "double(string)", text(" 1"), cel_null() },
        { "double(string)", text("1 "), cel_null() },
        { "double(string)", text("1.2.3"), cel_null() },
        { "double(string)", text("+NaN"), cel_null() },
        { "double(string)", text("infinit"), cel_null() },
        { "double(string)", text("nan(1)"), cel_null() },
        { "double(string)",
          cel_string(STR("1\0"
                         "2")),
          cel_null() },
    };
    all_convert(cases, COUNT(cases));
}
END_TEST

START_TEST(a_string_comes_of_all_that_has_a_text)
{
    const struct conversion cases[] = {
        { "string(string)", text("a"), text("a") },
        { "string(bool)", cel_bool(true), text("true") },
        { "string(int)", cel_int(INT64_MIN), text("-9223372036854775808") },
        { "string(uint)", cel_uint(UINT64_MAX), text("18446744073709551615") },
        { "string(double)", cel_double(123.456), text("123.456") },
        { "string(double)", cel_double(1), text("1") },
        { "string(double)", cel_double(100000), text("100000") },
        { "string(double)", cel_double(1e6), text("1e+06") },
        { "string(double)", cel_double(-1.25e-7), text("-1.25e-07") },
        { "string(double)", cel_double(0.0001), text("0.0001") },
        { "string(double)", cel_double(5e-324), text("5e-324") },
        { "string(double)", cel_double(0x1p-44), text("5.684341886080802e-14") },
        { "string(double)", cel_double(-0.0), text("-0") },
        { "string(double)", cel_double(NAN), text("NaN") },
        { "string(double)", cel_double(INFINITY), text("+Inf") },
        { "string(bytes)", cel_bytes(STR("\xc3\xbf")), text("\xc3\xbf") },
        { "string(bytes)", cel_bytes(STR("\0\xff")), cel_null() },
        { "string(timestamp)", cel_timestamp(1234567890, 0), text("2009-02-13T23:31:30Z") },
        { "string(duration)", cel_duration(1, 500000000), text("1.5s") },
        { "string(duration)", cel_duration(-1, 999999999), text("-0.000000001s") },
        { "string(duration)", cel_duration(60, 1000000), text("60.001s") },
        { "bytes(string)", text("\xc3\xbf"), cel_bytes(STR("\xc3\xbf")) },
        { "bytes(bytes)", cel_bytes(STR("a")), cel_bytes(STR("a")) },
    };
    all_convert(cases, COUNT(cases));
}
END_TEST

START_TEST(a_bool_comes_of_twelve_words)
{
    static const char *const yes[] = { "true", "True", "TRUE", "t", "T", "1" };
    static const char *const no[] = { "false", "False", "FALSE", "f", "F", "0" };
    static const char *const neither[] = { "TrUe", "", "yes", "01", "truee", " t" };
    struct fixture f = fixture_new();
    for (size_t i = 0; i < 6; i++) {
        ck_assert(is(convert(&f, "bool(string)", text(yes[i])), cel_bool(true)));
        ck_assert(is(convert(&f, "bool(string)", text(no[i])), cel_bool(false)));
        ck_assert_int_eq(convert(&f, "bool(string)", text(neither[i])).kind, CEL_ERROR);
    }
    fixture_end(&f);
}
END_TEST

START_TEST(a_type_is_told_of_every_kind)
{
    struct fixture f = fixture_new();
    struct cel_value of_int = convert(&f, "type(T)", cel_int(1));
    struct cel_value of_type = convert(&f, "type(T)", of_int);

    ck_assert_int_eq(of_int.kind, CEL_TYPE);
    ck_assert(str_is(of_int.type->name, "int"));
    ck_assert(str_is(of_type.type->name, "type"));
    ck_assert(is(convert(&f, "dyn(T)", cel_uint(3)), cel_uint(3)));
    fixture_end(&f);
}
END_TEST

START_TEST(kinds_that_do_not_convert_are_told)
{
    struct fixture f = fixture_new();
    struct cel_value error = convert(&f, "int(int)", cel_null());
    ck_assert(str_is(error.string, "no such overload: int(null)"));
    ck_assert_int_eq(convert(&f, "uint(int)", cel_bool(true)).kind, CEL_ERROR);
    ck_assert_int_eq(convert(&f, "double(int)", cel_bool(true)).kind, CEL_ERROR);
    ck_assert_int_eq(convert(&f, "string(int)", cel_null()).kind, CEL_ERROR);
    ck_assert_int_eq(convert(&f, "bytes(string)", cel_int(1)).kind, CEL_ERROR);
    ck_assert_int_eq(convert(&f, "bool(bool)", cel_int(1)).kind, CEL_ERROR);
    fixture_end(&f);
}
END_TEST

/* xorshift64*: the same numbers in every run. */
static uint64_t random_bits(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

START_TEST(every_double_reads_back_from_its_text_and_none_is_longer_than_it_must)
{
    uint64_t state = 3;
    uint32_t wrong = 0, too_long = 0;
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = i < 2046 ? (uint64_t) (i + 1) << 52 : random_bits(&state);
        char buffer[CEL_DOUBLE_TEXT_BYTES], copy[CEL_DOUBLE_TEXT_BYTES + 1], shorter[40];
        double d, back = 0;
        memcpy(&d, &bits, sizeof d);
        if (!isfinite(d))
            continue;

        struct str shown = cel_double_text(d, buffer);

        wrong += !cel_double_parse(shown, copy, &back) || back != d;
        int digits = 0;
        for (size_t k = 0; k < shown.len && shown.at[k] != 'e'; k++)
            digits += shown.at[k] >= '0' && shown.at[k] <= '9';
        if (digits > 6 && shown.at[0] != '0' && shown.at[1] != '0') {
            (void) snprintf(shorter, sizeof shorter, "%.*e", digits - 2, d);
            too_long += strtod(shorter, NULL) == d;
        }
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(too_long, 0);
}
END_TEST

START_TEST(sizes_are_counted_in_code_points_bytes_elements_and_entries)
{
    struct fixture f = fixture_new();
    cel_function size = function_of(cel_library_standard(), "size(string)");
    const struct cel_value items[] = { cel_int(1), cel_int(2) };
    const struct cel_entry entries[] = { { cel_int(1), cel_int(2) } };
    uint32_t bad;
    const struct {
        struct cel_value value;
        int64_t wanted;
    } cases[] = {
        { text(""), 0 },
        { text("\xcf\x80\xce\xad\xce\xbd\xcf\x84\xce\xb5"), 5 },
        { text("abcdefgh\xf0\x9f\x90\xb1\xf0\x9f\x98\x80!"), 11 },
        { cel_bytes(STR("\xcf\x80\0")), 3 },
        { { .kind = CEL_LIST, .list = cel_list_of(f.arena, items, 2) }, 2 },
        { { .kind = CEL_MAP, .map = cel_map_of(f.arena, entries, 1, &bad) }, 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert(is(size(&f.run, &cases[i].value, 1), cel_int(cases[i].wanted)));
    fixture_end(&f);
}
END_TEST

START_TEST(texts_are_searched_at_both_ends_and_within)
{
    struct fixture f = fixture_new();
    const struct {
        const char *head, *text, *part;
        bool wanted;
    } cases[] = {
        { "string.contains", "hello", "", true },
        { "string.contains",
          "Stra\xc3\x9f"
          "e",
          "a\xc3\x9f", true },
        { "string.contains", "", "a", false },
        { "string.startsWith", "foobar", "foo", true },
        { "string.startsWith", "", "foo", false },
        { "string.endsWith", "foobar", "bar", true },
        { "string.endsWith", "foobar", "foo", false },
        { "string.endsWith", "", "", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct cel_value args[] = { text(cases[i].text), text(cases[i].part) };
        cel_function call = function_of(cel_library_standard(), cases[i].head);
        ck_assert(is(call(&f.run, args, 2), cel_bool(cases[i].wanted)));
    }
    fixture_end(&f);
}
END_TEST

SUITE_MAIN("expr/cel_convert", an_int_comes_of_numbers_in_range_texts_and_instants,
           a_uint_comes_of_numbers_in_range_and_texts,
           a_double_comes_of_numbers_and_of_many_spellings, a_string_comes_of_all_that_has_a_text,
           a_bool_comes_of_twelve_words, a_type_is_told_of_every_kind,
           kinds_that_do_not_convert_are_told,
           every_double_reads_back_from_its_text_and_none_is_longer_than_it_must,
           sizes_are_counted_in_code_points_bytes_elements_and_entries,
           texts_are_searched_at_both_ends_and_within)
