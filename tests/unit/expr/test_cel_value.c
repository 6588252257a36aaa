/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "expr/cel.h"
#include "expr/cel_type.h"
#include "expr/cel_value.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct cel_value text(const char *s)
{
    return cel_string(str_of(s));
}

static struct cel_value list_of(struct arena *arena, const struct cel_value *items, uint32_t count)
{
    const struct cel_list *list = cel_list_of(arena, items, count);
    ck_assert_ptr_nonnull(list);
    return (struct cel_value){ .kind = CEL_LIST, .list = list };
}

static struct cel_value map_of(struct arena *arena, const struct cel_entry *entries, uint32_t count)
{
    uint32_t bad;
    const struct cel_map *map = cel_map_of(arena, entries, count, &bad);
    ck_assert_ptr_nonnull(map);
    return (struct cel_value){ .kind = CEL_MAP, .map = map };
}

static void is_printed(const struct cel_value *value, const char *wanted)
{
    struct out out;
    out_init(&out, NULL, 64);
    cel_value_print(value, &out);
    out_char(&out, '\0');
    ck_assert_str_eq(out.at, wanted);
    out_deinit(&out);
}

/* xorshift64*: the same numbers in every run. */
static uint64_t random_bits(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

/* Numbers close to where kinds end and doubles lose digits. */
static struct cel_value random_number(uint64_t *state)
{
    static const double corners[] = { 0,
                                      1,
                                      9007199254740992.0,
                                      4611686018427387904.0,
                                      9223372036854775808.0,
                                      18446744073709551616.0 };
    uint64_t r = random_bits(state);
    double corner = corners[r % COUNT(corners)];
    int64_t step = (int64_t) (random_bits(state) % 7) - 3;
    switch (random_bits(state) % 3) {
    case 0: {
        __int128 i = (__int128) corner + step;
        i = r & 64 ? -i : i;
        return cel_int(i > INT64_MAX ? INT64_MAX : i < INT64_MIN ? INT64_MIN : (int64_t) i);
    }
    case 1: {
        __int128 u = (__int128) corner + step;
        return cel_uint(u < 0 ? 0 : u > UINT64_MAX ? UINT64_MAX : (uint64_t) u);
    }
    default: {
        double d = corner;
        for (; step > 0; step--)
            d = nextafter(d, INFINITY);
        for (; step < 0; step++)
            d = nextafter(d, -INFINITY);
        if (r & 128)
            d += 0.5;
        return cel_double(r & 64 ? -d : d);
    }
    }
}

/* long double holds each int, uint and double exactly. */
static long double exact(const struct cel_value *number)
{
    return number->kind == CEL_INT    ? (long double) number->integer
           : number->kind == CEL_UINT ? (long double) number->natural
                                      : (long double) number->real;
}

static int expected_order(const struct cel_value *a, const struct cel_value *b)
{
    long double x = exact(a), y = exact(b);
    /* The documented exception: 2^63 and 2^64 as doubles stand for the integers that round to them. */
    if (a->kind == CEL_INT && b->kind == CEL_DOUBLE && b->real == 0x1p63)
        x = (double) x;
    if (b->kind == CEL_INT && a->kind == CEL_DOUBLE && a->real == 0x1p63)
        y = (double) y;
    if (a->kind == CEL_UINT && b->kind == CEL_DOUBLE && b->real == 0x1p64)
        x = (double) x;
    if (b->kind == CEL_UINT && a->kind == CEL_DOUBLE && a->real == 0x1p64)
        y = (double) y;
    return (x > y) - (x < y);
}

START_TEST(orders_and_equates_numbers_of_all_kinds_by_their_exact_value)
{
    uint64_t state = 42;
    uint32_t wrong = 0; /* a million calls of check would take longer than all else */
    for (int i = 0; i < 1000000; i++) {
        struct cel_value a = random_number(&state), b = random_number(&state);
        int order = 9, wanted = expected_order(&a, &b);

        wrong += !cel_order(&a, &b, &order) || order != wanted;
        wrong += cel_equals(&a, &b) != (wanted == 0);
        wrong += wanted == 0 && cel_hash(&a) != cel_hash(&b);
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(compares_the_limits_of_int_and_uint_with_doubles_as_conformance_wants)
{
    struct cel_value most = cel_int(INT64_MAX), two_63 = cel_double(0x1p63);
    struct cel_value close = cel_int(9007199254740993), two_53 = cel_double(9007199254740992.0);
    int order;

    ck_assert(cel_equals(&most, &two_63));
    ck_assert(!cel_equals(&close, &two_53));
    ck_assert(cel_order(&close, &two_53, &order) && order == 1);
}
END_TEST

START_TEST(a_nan_equals_nothing_and_has_no_order)
{
    struct cel_value nan = cel_double(NAN), one = cel_int(1);
    int order;

    ck_assert(!cel_equals(&nan, &nan));
    ck_assert(!cel_equals(&nan, &one));
    ck_assert(!cel_order(&nan, &nan, &order));
    ck_assert(!cel_order(&one, &nan, &order));
}
END_TEST

START_TEST(values_of_different_kinds_are_different_and_have_no_order)
{
    const struct cel_value values[] = {
        cel_null(),         cel_bool(false),
        cel_int(0),         text(""),
        cel_bytes(STR("")), cel_timestamp(0, 0),
        cel_duration(0, 0), { .kind = CEL_TYPE, .type = cel_type_simple(CEL_TYPE_INT) },
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        for (size_t k = 0; k < COUNT(values); k++) {
            int order;
            ck_assert(cel_equals(&values[i], &values[k]) == (i == k));
            if (i != k)
                ck_assert(!cel_order(&values[i], &values[k], &order));
        }
    }
}
END_TEST

START_TEST(texts_bytes_bools_instants_and_spans_have_an_order)
{
    const struct cel_value rising[][3] = {
        { text(""), text("a"), text("\xcf\x84") },
        { text("Abc"), text("aBC"), text("aBCd") },
        { cel_bytes(STR("a")), cel_bytes(STR("a\0")), cel_bytes(STR("\xff")) },
        { cel_bool(false), cel_bool(true), cel_bool(true) },
        { cel_timestamp(-1, 999999999), cel_timestamp(0, 0), cel_timestamp(0, 1) },
        { cel_duration(-2, 5), cel_duration(-1, 0), cel_duration(0, 1) },
    };
    for (size_t i = 0; i < COUNT(rising); i++) {
        int order;
        ck_assert(cel_order(&rising[i][0], &rising[i][1], &order) && order == -1);
        ck_assert(cel_order(&rising[i][2], &rising[i][0], &order) && order == 1);
        ck_assert(cel_order(&rising[i][1], &rising[i][1], &order) && order == 0);
    }
}
END_TEST

START_TEST(lists_are_equal_when_their_elements_are)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct cel_value ints[] = { cel_int(1), cel_int(2) };
    const struct cel_value mixed[] = { cel_double(1), cel_uint(2) };
    const struct cel_value turned[] = { cel_int(2), cel_int(1) };
    struct cel_value a = list_of(arena, ints, 2), b = list_of(arena, mixed, 2);
    struct cel_value c = list_of(arena, turned, 2), d = list_of(arena, ints, 1);
    struct cel_value none = list_of(arena, NULL, 0), nothing = list_of(arena, NULL, 0);

    ck_assert(cel_equals(&a, &b));
    ck_assert_uint_eq(cel_hash(&a), cel_hash(&b));
    ck_assert(!cel_equals(&a, &c));
    ck_assert(!cel_equals(&a, &d));
    ck_assert(cel_equals(&none, &nothing));
}
END_TEST

START_TEST(maps_are_equal_whatever_the_order_of_their_entries)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct cel_entry entries[] = { { text("a"), cel_int(1) }, { cel_int(7), text("x") } };
    const struct cel_entry turned[] = { { cel_uint(7), text("x") }, { text("a"), cel_double(1) } };
    const struct cel_entry other[] = { { cel_uint(7), text("x") }, { text("a"), cel_double(2) } };
    struct cel_value a = map_of(arena, entries, 2), b = map_of(arena, turned, 2);
    struct cel_value c = map_of(arena, other, 2);

    ck_assert(cel_equals(&a, &b));
    ck_assert_uint_eq(cel_hash(&a), cel_hash(&b));
    ck_assert(!cel_equals(&a, &c));
}
END_TEST

START_TEST(a_map_finds_integer_keys_of_any_kind_but_only_exact_ones)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct cel_entry entries[] = {
        { cel_uint(1), text("one") },           { cel_int(-2), text("minus two") },
        { cel_bool(true), text("yes") },        { cel_int(9007199254740993), text("odd") },
        { cel_uint(UINT64_MAX), text("most") },
    };
    struct cel_value map = map_of(arena, entries, COUNT(entries)), found;
    const struct {
        struct cel_value key;
        const char *wanted;
    } cases[] = {
        { cel_int(1), "one" },
        { cel_double(1), "one" },
        { cel_double(-2), "minus two" },
        { cel_bool(true), "yes" },
        { cel_double(1.5), NULL },
        { cel_double(NAN), NULL },
        { cel_double(INFINITY), NULL },
        { cel_bool(false), NULL },
        { cel_double(9007199254740992.0), NULL },
        { cel_int(9007199254740993), "odd" },
        { cel_int(-1), NULL },
        { cel_double(0x1p64), NULL },
        { text("1"), NULL },
        { cel_null(), NULL },
        { cel_bytes(STR("")), NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool is_there = cel_map_find(&map, &cases[i].key, &found);
        ck_assert_msg(is_there == (cases[i].wanted != NULL), "case %zu", i);
        if (is_there)
            ck_assert(str_is(found.string, cases[i].wanted));
    }
}
END_TEST

START_TEST(a_big_map_finds_each_of_its_keys_and_no_other)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20, 1 << 24);
    enum { N = 3000 };
    static struct cel_entry entries[N];
    static char names[N][16];
    for (uint32_t i = 0; i < N; i++) {
        (void) snprintf(names[i], sizeof names[i], "key-%u", i);
        entries[i] =
            (struct cel_entry){ i % 2 ? text(names[i]) : cel_int((int64_t) i - N / 2), cel_int(i) };
    }
    struct cel_value map = map_of(arena, entries, N), found, absent = text("key-0");

    for (uint32_t i = 0; i < N; i++) {
        ck_assert(cel_map_find(&map, &entries[i].key, &found));
        ck_assert_int_eq(found.integer, i);
    }
    ck_assert(!cel_map_find(&map, &absent, &found));
}
END_TEST

START_TEST(a_map_refuses_a_key_twice_and_a_kind_that_is_no_key)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct cel_entry twice[] = { { cel_int(0), cel_null() },
                                       { text("0"), cel_null() },
                                       { cel_uint(0), cel_null() } };
    const struct cel_entry no_key[] = { { text("a"), cel_null() }, { cel_double(1), cel_null() } };
    struct cel_entry many[12];
    for (int i = 0; i < 12; i++)
        many[i] = (struct cel_entry){ cel_int(i == 11 ? 4 : i), cel_null() };
    uint32_t bad;

    ck_assert_ptr_null(cel_map_of(arena, twice, 3, &bad));
    ck_assert_uint_eq(bad, 2);
    ck_assert_ptr_null(cel_map_of(arena, no_key, 2, &bad));
    ck_assert_uint_eq(bad, 1);
    ck_assert_ptr_null(cel_map_of(arena, many, 12, &bad));
    ck_assert_uint_eq(bad, 11);
}
END_TEST

START_TEST(a_map_without_room_says_so)
{
    AUTO(arena_free) struct arena *arena = arena_new(64, 256);
    struct cel_entry many[100];
    for (int i = 0; i < 100; i++)
        many[i] = (struct cel_entry){ cel_int(i), cel_null() };
    uint32_t bad = 0;

    ck_assert_ptr_null(cel_map_of(arena, many, 100, &bad));
    ck_assert_uint_eq(bad, 100);
}
END_TEST

static struct cel_value host_find(const struct cel_value *map, const struct cel_value *key)
{
    (void) map;
    return str_is(key->string, "known")    ? cel_int(1)
           : str_is(key->string, "absent") ? cel_error((struct str){ 0 })
                                           : cel_unknown(key->string);
}

START_TEST(a_host_map_tells_what_is_known_unknown_and_not_there)
{
    const struct cel_map host = { .find = host_find };
    const struct cel_value map = { .kind = CEL_MAP, .map = &host };
    struct cel_value known = text("known"), absent = text("absent"), other = text("other"), found;

    ck_assert(cel_map_find(&map, &known, &found) && found.kind == CEL_INT);
    ck_assert(!cel_map_find(&map, &absent, &found));
    ck_assert(cel_map_find(&map, &other, &found) && found.kind == CEL_UNKNOWN);
    ck_assert(cel_equals(&map, &map));
}
END_TEST

START_TEST(prints_values_as_text_of_the_language)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 1 << 20);
    const struct cel_value items[] = { cel_int(1), text("a") };
    const struct cel_entry entries[] = { { text("k"), cel_null() },
                                         { cel_int(2), cel_bool(true) } };
    const struct {
        struct cel_value value;
        const char *wanted;
    } cases[] = {
        { cel_null(), "null" },
        { cel_bool(true), "true" },
        { cel_int(INT64_MIN), "-9223372036854775808" },
        { cel_uint(UINT64_MAX), "18446744073709551615u" },
        { cel_double(1), "1.0" },
        { cel_double(-0.0), "-0.0" },
        { cel_double(1e21), "1e+21" },
        { cel_double(0.1), "0.1" },
        { cel_double(NAN), "double(\"NaN\")" },
        { cel_double(-INFINITY), "double(\"-Infinity\")" },
        { text("a\"b\\\n\x01\xc3\xbf"), "\"a\\\"b\\\\\\n\\x01\xc3\xbf\"" },
        { cel_bytes(STR("\0a\xff")), "b\"\\x00a\\xff\"" },
        { cel_timestamp(1234567890, 500000000), "timestamp(\"2009-02-13T23:31:30.5Z\")" },
        { cel_duration(-2, 500000000), "duration(\"-1.5s\")" },
        { { .kind = CEL_TYPE, .type = cel_type_simple(CEL_TYPE_INT) }, "int" },
        { { .kind = CEL_TYPE, .type = cel_type_simple(CEL_TYPE_TIMESTAMP) },
          "google.protobuf.Timestamp" },
        { list_of(arena, items, 2), "[1, \"a\"]" },
        { list_of(arena, NULL, 0), "[]" },
        { map_of(arena, entries, 2), "{\"k\": null, 2: true}" },
        { cel_error(STR("divide by zero")), "error: divide by zero" },
        { cel_unknown(STR("customer.tier")), "unknown: customer.tier" },
        { cel_unknown((struct str){ 0 }), "unknown" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        is_printed(&cases[i].value, cases[i].wanted);
}
END_TEST

START_TEST(what_holds_itself_many_times_over_is_hashed_and_printed_in_bounds)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct cel_value value = list_of(arena, NULL, 0);
    for (int i = 0; i < 100; i++) {
        struct cel_value *twice = arena_take_array(arena, struct cel_value, 2);
        twice[0] = twice[1] = value;
        value = list_of(arena, twice, 2);
    }
    struct out out;
    out_init(&out, NULL, 64);

    (void) cel_hash(&value);
    cel_value_print(&value, &out);

    ck_assert(!out.failed && out.len < 1200000);
    out_deinit(&out);
}
END_TEST

/* @depth levels of lists and maps at most; no NaN, which equals nothing. */
static struct cel_value random_value(struct arena *arena, uint64_t *state, int depth)
{
    uint64_t r = random_bits(state);
    switch (random_bits(state) % (depth > 0 ? 12 : 10)) {
    case 0: return cel_null();
    case 1: return cel_bool(r & 1);
    case 2:
    case 3:
    case 4: return random_number(state);
    case 5: {
        double d;
        memcpy(&d, &r, sizeof d);
        return cel_double(isnan(d) ? 0 : d);
    }
    case 6:
    case 7: {
        char *at = arena_take(arena, 12);
        for (int i = 0; i < 12; i++)
            at[i] = (char) (random_bits(state) >> 20 & (r & 64 ? 0x7f : 0xff));
        struct str bytes = { at, random_bits(state) % 12 };
        return str_is_utf8(bytes, NULL) && r & 128 ? cel_string(bytes) : cel_bytes(bytes);
    }
    case 8: return cel_timestamp((int64_t) (r % 315537897600) - 62135596800, (uint32_t) (r >> 35));
    case 9: return cel_duration((int64_t) r >> 31, (uint32_t) (r % 1000000000));
    case 10: {
        uint32_t count = (uint32_t) (r % 5);
        struct cel_value *items = arena_take_array(arena, struct cel_value, 5);
        for (uint32_t i = 0; i < count; i++)
            items[i] = random_value(arena, state, depth - 1);
        return list_of(arena, items, count);
    }
    default: {
        uint32_t count = (uint32_t) (r % 20);
        struct cel_entry *entries = arena_take_array(arena, struct cel_entry, 20);
        for (uint32_t i = 0; i < count; i++)
            entries[i] = (struct cel_entry){ r & 32 ? cel_uint(i) : cel_int(-(int64_t) i),
                                             random_value(arena, state, depth - 1) };
        return map_of(arena, entries, count);
    }
    }
}

START_TEST(what_is_printed_is_an_expression_that_yields_the_same)
{
    uint64_t state = 99;
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20, 1 << 26);
    AUTO(arena_free) struct arena *mine = arena_new(1 << 20, 1 << 26);
    const struct cel_env *env = cel_env_new(mine);
    for (int i = 0; i < 2000; i++) {
        arena_reset(arena);
        struct cel_value value = random_value(arena, &state, 3);
        struct cel_options options = { .lenient = true };
        struct out out, again;
        struct cel_faults faults;
        out_init(&out, arena, 256);
        cel_value_print(&value, &out);

        cel_faults_init(&faults, arena, out_str(&out));
        const struct cel_program *program =
            cel_compile(env, out_str(&out), &options, arena, &faults);
        ck_assert_msg(program != NULL, "%.*s", STR_ARG(out_str(&out)));
        struct cel_run run = { .arena = arena };
        struct cel_value read = cel_eval(program, NULL, &run);

        ck_assert_msg(read.kind == value.kind && cel_equals(&value, &read), "%.*s",
                      STR_ARG(out_str(&out)));
        ck_assert_uint_eq(cel_hash(&value), cel_hash(&read));
        out_init(&again, arena, 256);
        cel_value_print(&read, &again);
        ck_assert(str_eq(out_str(&out), out_str(&again)));
    }
}
END_TEST

SUITE_MAIN("expr/cel_value", orders_and_equates_numbers_of_all_kinds_by_their_exact_value,
           compares_the_limits_of_int_and_uint_with_doubles_as_conformance_wants,
           a_nan_equals_nothing_and_has_no_order,
           values_of_different_kinds_are_different_and_have_no_order,
           texts_bytes_bools_instants_and_spans_have_an_order,
           lists_are_equal_when_their_elements_are,
           maps_are_equal_whatever_the_order_of_their_entries,
           a_map_finds_integer_keys_of_any_kind_but_only_exact_ones,
           a_big_map_finds_each_of_its_keys_and_no_other,
           a_map_refuses_a_key_twice_and_a_kind_that_is_no_key, a_map_without_room_says_so,
           a_host_map_tells_what_is_known_unknown_and_not_there,
           prints_values_as_text_of_the_language,
           what_holds_itself_many_times_over_is_hashed_and_printed_in_bounds,
           what_is_printed_is_an_expression_that_yields_the_same)
