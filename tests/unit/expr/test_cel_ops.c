/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/values/cel_ops.h"

#include <math.h>

#include "expr/cel_type.h"
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

static struct fixture *fixture_end(struct fixture *f)
{
    f->arena = arena_free(f->arena);
    return NULL;
}

static struct cel_value text(const char *s)
{
    return cel_string(str_of(s));
}

static struct cel_value list_of(struct fixture *f, const struct cel_value *items, uint32_t count)
{
    const struct cel_list *list = cel_list_of(f->arena, items, count);
    ck_assert_ptr_nonnull(list);
    return (struct cel_value){ .kind = CEL_LIST, .list = list };
}

static struct cel_value operate(struct fixture *f, enum cel_op op, struct cel_value a,
                                struct cel_value b)
{
    return cel_operate(&f->run, op, &a, &b);
}

static bool is(struct cel_value a, struct cel_value b)
{
    return a.kind == b.kind && cel_equals(&a, &b);
}

static bool fails(struct cel_value value, const char *with)
{
    return value.kind == CEL_ERROR && str_contains(value.string, str_of(with));
}

/* xorshift64*: the same numbers in every run; half of them small or close to a limit. */
static uint64_t random_bits(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    uint64_t r = *state * 0x2545f4914f6cdd1du;
    return r & 1 ? r >> (r >> 58)
                 : (r >> 8) % 5 + ((r & 2) ? (uint64_t) INT64_MAX - 2 : UINT64_MAX - 2);
}

static const enum cel_op arithmetic[] = { CEL_OP_ADD, CEL_OP_SUB, CEL_OP_MUL, CEL_OP_DIV,
                                          CEL_OP_MOD };

static __int128 reference(enum cel_op op, __int128 a, __int128 b)
{
    switch (op) {
    case CEL_OP_ADD: return a + b;
    case CEL_OP_SUB: return a - b;
    case CEL_OP_MUL: return a * b;
    case CEL_OP_DIV: return a / b;
    default: return a % b;
    }
}

START_TEST(ints_never_wrap)
{
    struct fixture f = fixture_new();
    uint64_t state = 7;
    uint32_t wrong = 0; /* a million calls of check would take longer than all else */
    for (int i = 0; i < 200000; i++) {
        int64_t a = (int64_t) random_bits(&state), b = (int64_t) random_bits(&state);
        enum cel_op op = arithmetic[i % 5];

        struct cel_value got = operate(&f, op, cel_int(a), cel_int(b));

        if (b == 0 && (op == CEL_OP_DIV || op == CEL_OP_MOD)) {
            wrong += !fails(got, "by zero");
            continue;
        }
        __int128 wanted = reference(op, a, b);
        bool over = wanted > INT64_MAX || wanted < INT64_MIN ||
                    (op == CEL_OP_MOD && a == INT64_MIN && b == -1);
        wrong += !(over ? fails(got, "int overflow") : is(got, cel_int((int64_t) wanted)));
    }
    ck_assert_uint_eq(wrong, 0);
    fixture_end(&f);
}
END_TEST

START_TEST(uints_never_wrap)
{
    struct fixture f = fixture_new();
    uint64_t state = 8;
    uint32_t wrong = 0;
    for (int i = 0; i < 200000; i++) {
        uint64_t a = random_bits(&state), b = random_bits(&state);
        enum cel_op op = arithmetic[i % 5];

        struct cel_value got = operate(&f, op, cel_uint(a), cel_uint(b));

        uint64_t wanted = 0;
        bool over = op == CEL_OP_ADD   ? __builtin_add_overflow(a, b, &wanted)
                    : op == CEL_OP_SUB ? __builtin_sub_overflow(a, b, &wanted)
                    : op == CEL_OP_MUL ? __builtin_mul_overflow(a, b, &wanted)
                                       : b == 0;
        if (!over && op >= CEL_OP_DIV)
            wanted = op == CEL_OP_DIV ? a / b : a % b;
        wrong += !(over ? got.kind == CEL_ERROR : is(got, cel_uint(wanted)));
    }
    ck_assert_uint_eq(wrong, 0);
    fixture_end(&f);
}
END_TEST

START_TEST(doubles_follow_ieee_754)
{
    struct fixture f = fixture_new();
    ck_assert(is(operate(&f, CEL_OP_DIV, cel_double(15.75), cel_double(0)), cel_double(INFINITY)));
    ck_assert(isnan(operate(&f, CEL_OP_DIV, cel_double(0), cel_double(0)).real));
    ck_assert(is(operate(&f, CEL_OP_MUL, cel_double(42.5), cel_double(0.2)), cel_double(8.5)));
    ck_assert(fails(operate(&f, CEL_OP_MOD, cel_double(1), cel_double(1)), "double % double"));
    fixture_end(&f);
}
END_TEST

START_TEST(negates_ints_and_doubles_only)
{
    struct fixture f = fixture_new();
    struct cel_value least = cel_int(INT64_MIN), one = cel_int(1), u = cel_uint(42);
    struct cel_value zero = cel_double(0), yes = cel_bool(true);
    ck_assert(fails(cel_operate(&f.run, CEL_OP_NEG, &least, NULL), "int overflow"));
    ck_assert(is(cel_operate(&f.run, CEL_OP_NEG, &one, NULL), cel_int(-1)));
    ck_assert(signbit(cel_operate(&f.run, CEL_OP_NEG, &zero, NULL).real));
    ck_assert(fails(cel_operate(&f.run, CEL_OP_NEG, &u, NULL), "no such overload: -uint"));
    ck_assert(is(cel_operate(&f.run, CEL_OP_NOT, &yes, NULL), cel_bool(false)));
    ck_assert(fails(cel_operate(&f.run, CEL_OP_NOT, &one, NULL), "no such overload: !int"));
    fixture_end(&f);
}
END_TEST

START_TEST(joins_texts_bytes_and_lists)
{
    struct fixture f = fixture_new();
    const struct cel_value items[] = { cel_int(1), cel_int(2), cel_int(3) };
    struct cel_value two = list_of(&f, items, 2), third = list_of(&f, items + 2, 1);
    struct cel_value all = list_of(&f, items, 3), none = list_of(&f, NULL, 0);

    ck_assert(is(operate(&f, CEL_OP_ADD, text("he"), text("llo")), text("hello")));
    ck_assert(is(operate(&f, CEL_OP_ADD, text(""), text("")), text("")));
    ck_assert(is(operate(&f, CEL_OP_ADD, cel_bytes(STR("\xff")), cel_bytes(STR("a"))),
                 cel_bytes(STR("\xff"
                               "a"))));
    ck_assert(is(operate(&f, CEL_OP_ADD, two, third), all));
    ck_assert(is(operate(&f, CEL_OP_ADD, none, two), two));
    ck_assert(is(operate(&f, CEL_OP_ADD, none, none), none));
    ck_assert(fails(operate(&f, CEL_OP_ADD, text("a"), cel_int(1)), "string + int"));
    ck_assert(fails(operate(&f, CEL_OP_SUB, text("a"), text("a")), "string - string"));
    fixture_end(&f);
}
END_TEST

START_TEST(adds_and_subtracts_instants_and_spans_within_their_range)
{
    struct fixture f = fixture_new();
    const struct cel_value first = cel_timestamp(-62135596800, 0);
    const struct cel_value last = cel_timestamp(253402300799, 999999999);
    const struct cel_value nano = cel_duration(0, 1), minus_nano = cel_duration(-1, 999999999);
    const struct {
        enum cel_op op;
        struct cel_value a, b, wanted; /* wanted: null for an error */
    } cases[] = {
        { CEL_OP_ADD, cel_timestamp(10, 999999999), nano, cel_timestamp(11, 0) },
        { CEL_OP_ADD, nano, cel_timestamp(10, 999999999), cel_timestamp(11, 0) },
        { CEL_OP_ADD, first, minus_nano, cel_null() },
        { CEL_OP_SUB, first, nano, cel_null() },
        { CEL_OP_ADD, last, nano, cel_null() },
        { CEL_OP_SUB, last, minus_nano, cel_null() },
        { CEL_OP_SUB, last, first, cel_null() },
        { CEL_OP_SUB, cel_timestamp(5, 0), cel_timestamp(7, 1), cel_duration(-3, 999999999) },
        { CEL_OP_ADD, cel_duration(600, 0), cel_duration(50, 0), cel_duration(650, 0) },
        { CEL_OP_SUB, nano, cel_duration(1, 0), cel_duration(-1, 1) },
        { CEL_OP_ADD, cel_duration(9000000000, 0), cel_duration(9000000000, 0), cel_null() },
        { CEL_OP_ADD, first, last, cel_null() },
        { CEL_OP_SUB, nano, first, cel_null() },
        { CEL_OP_MUL, nano, nano, cel_null() },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cel_value got = operate(&f, cases[i].op, cases[i].a, cases[i].b);
        bool ok =
            cases[i].wanted.kind == CEL_NULL ? got.kind == CEL_ERROR : is(got, cases[i].wanted);
        ck_assert_msg(ok, "case %zu", i);
    }
    fixture_end(&f);
}
END_TEST

START_TEST(compares_what_has_an_order_and_refuses_the_rest)
{
    struct fixture f = fixture_new();
    ck_assert(is(operate(&f, CEL_OP_LT, cel_int(1), cel_double(1.5)), cel_bool(true)));
    ck_assert(is(operate(&f, CEL_OP_GE, text("t"), text("\xcf\x84")), cel_bool(false)));
    ck_assert(is(operate(&f, CEL_OP_LE, cel_uint(UINT64_MAX), cel_int(-1)), cel_bool(false)));
    ck_assert(is(operate(&f, CEL_OP_GT, cel_bool(true), cel_bool(false)), cel_bool(true)));
    for (int i = -1; i <= 1; i++) {
        ck_assert(is(operate(&f, CEL_OP_LT, cel_int(i), cel_int(0)), cel_bool(i < 0)));
        ck_assert(is(operate(&f, CEL_OP_LE, cel_int(i), cel_int(0)), cel_bool(i <= 0)));
        ck_assert(is(operate(&f, CEL_OP_GT, cel_int(i), cel_int(0)), cel_bool(i > 0)));
        ck_assert(is(operate(&f, CEL_OP_GE, cel_int(i), cel_int(0)), cel_bool(i >= 0)));
    }
    ck_assert(fails(operate(&f, CEL_OP_LT, cel_null(), cel_null()), "null < null"));
    ck_assert(fails(operate(&f, CEL_OP_GT, text("foo"), cel_int(1024)), "string > int"));
    for (enum cel_op op = CEL_OP_LT; op <= CEL_OP_GE;
         op++) { /* NaN is on neither side of anything */
        ck_assert(is(operate(&f, op, cel_double(NAN), cel_int(1)), cel_bool(false)));
        ck_assert(is(operate(&f, op, cel_uint(1), cel_double(NAN)), cel_bool(false)));
        ck_assert(is(operate(&f, op, cel_double(NAN), cel_double(NAN)), cel_bool(false)));
    }
    fixture_end(&f);
}
END_TEST

START_TEST(equality_of_lists_stays_open_only_where_nothing_differs)
{
    struct fixture f = fixture_new();
    const struct cel_value hole[] = { cel_unknown(STR("x")), cel_int(2) };
    const struct cel_value full[] = { cel_int(1), cel_int(2) };
    const struct cel_value other[] = { cel_int(1), cel_int(3) };
    struct cel_value a = list_of(&f, hole, 2), b = list_of(&f, full, 2), c = list_of(&f, other, 2);

    struct cel_value open = operate(&f, CEL_OP_EQ, a, b);

    ck_assert_int_eq(open.kind, CEL_UNKNOWN);
    ck_assert(str_is(open.string, "x"));
    ck_assert_int_eq(operate(&f, CEL_OP_NE, a, b).kind, CEL_UNKNOWN);
    ck_assert(is(operate(&f, CEL_OP_EQ, a, c), cel_bool(false)));
    ck_assert(is(operate(&f, CEL_OP_NE, c, a), cel_bool(true)));
    fixture_end(&f);
}
END_TEST

START_TEST(membership_is_true_when_one_is_equal_else_unknown_when_one_is)
{
    struct fixture f = fixture_new();
    const struct cel_value items[] = { cel_int(1), cel_unknown(STR("x")), text("b"),
                                       cel_double(3) };
    struct cel_value list = list_of(&f, items, 4), firm = list_of(&f, items + 2, 2);
    struct cel_value nested_items[] = { firm };
    struct cel_value nested = list_of(&f, nested_items, 1);

    ck_assert(is(operate(&f, CEL_OP_IN, cel_uint(3), list), cel_bool(true)));
    ck_assert(is(operate(&f, CEL_OP_IN, text("b"), list), cel_bool(true)));
    ck_assert_int_eq(operate(&f, CEL_OP_IN, text("c"), list).kind, CEL_UNKNOWN);
    ck_assert_int_eq(operate(&f, CEL_OP_IN, cel_int(4), list).kind, CEL_UNKNOWN);
    ck_assert_int_eq(operate(&f, CEL_OP_IN, cel_null(), list).kind, CEL_UNKNOWN);
    ck_assert(is(operate(&f, CEL_OP_IN, text("c"), firm), cel_bool(false)));
    ck_assert(is(operate(&f, CEL_OP_IN, cel_double(NAN), firm), cel_bool(false)));
    ck_assert(is(operate(&f, CEL_OP_IN, firm, nested), cel_bool(true)));
    ck_assert(fails(operate(&f, CEL_OP_IN, cel_int(1), cel_int(1)), "int in int"));
    fixture_end(&f);
}
END_TEST

static struct cel_value host_at(const struct cel_value *list, uint32_t index)
{
    return cel_int(list->part + index);
}

START_TEST(lists_of_the_host_are_asked_by_index)
{
    struct fixture f = fixture_new();
    const struct cel_list host = { .count = 3, .at = host_at };
    const struct cel_value list = { .kind = CEL_LIST, .part = 10, .list = &host };

    struct cel_value joined = operate(&f, CEL_OP_ADD, list, list);

    ck_assert(is(operate(&f, CEL_OP_IN, cel_int(12), list), cel_bool(true)));
    ck_assert(is(operate(&f, CEL_OP_IN, cel_int(13), list), cel_bool(false)));
    ck_assert(is(operate(&f, CEL_OP_INDEX, list, cel_int(2)), cel_int(12)));
    ck_assert(is(operate(&f, CEL_OP_INDEX, joined, cel_int(5)), cel_int(12)));
    fixture_end(&f);
}
END_TEST

START_TEST(an_index_is_any_number_that_is_an_integer_within_the_list)
{
    struct fixture f = fixture_new();
    const struct cel_value items[] = { cel_int(7), cel_int(8) };
    struct cel_value list = list_of(&f, items, 2);

    ck_assert(is(operate(&f, CEL_OP_INDEX, list, cel_int(0)), cel_int(7)));
    ck_assert(is(operate(&f, CEL_OP_INDEX, list, cel_uint(1)), cel_int(8)));
    ck_assert(is(operate(&f, CEL_OP_INDEX, list, cel_double(1)), cel_int(8)));
    ck_assert(fails(operate(&f, CEL_OP_INDEX, list, cel_int(2)), "index out of range: 2"));
    ck_assert(fails(operate(&f, CEL_OP_INDEX, list, cel_int(-1)), "index out of range: -1"));
    ck_assert(fails(operate(&f, CEL_OP_INDEX, list, cel_int(1ll << 32)), "out of range"));
    ck_assert(fails(operate(&f, CEL_OP_INDEX, list, cel_double(0.1)), "out of range"));
    ck_assert(fails(operate(&f, CEL_OP_INDEX, list, cel_double(NAN)), "out of range"));
    ck_assert(fails(operate(&f, CEL_OP_INDEX, list, text("")), "list[string]"));
    fixture_end(&f);
}
END_TEST

START_TEST(a_map_is_indexed_selected_and_asked_for_keys)
{
    struct fixture f = fixture_new();
    const struct cel_entry entries[] = { { text("a"), cel_null() }, { cel_int(1), cel_int(5) } };
    uint32_t bad;
    struct cel_value map = { .kind = CEL_MAP, .map = cel_map_of(f.arena, entries, 2, &bad) };

    ck_assert(is(operate(&f, CEL_OP_INDEX, map, cel_double(1)), cel_int(5)));
    ck_assert(is(cel_select(&f.run, &map, STR("a")), cel_null()));
    ck_assert(is(cel_has(&f.run, &map, STR("a")), cel_bool(true)));
    ck_assert(is(cel_has(&f.run, &map, STR("b")), cel_bool(false)));
    ck_assert(fails(cel_select(&f.run, &map, STR("b")), "no such key: \"b\""));
    ck_assert(fails(operate(&f, CEL_OP_INDEX, map, cel_bytes(STR(""))), "no such key"));
    ck_assert(is(operate(&f, CEL_OP_IN, cel_uint(1), map), cel_bool(true)));
    ck_assert(is(operate(&f, CEL_OP_IN, cel_double(3.1), map), cel_bool(false)));
    ck_assert(fails(cel_select(&f.run, &entries[1].value, STR("b")), "no such field"));
    fixture_end(&f);
}
END_TEST

static struct cel_value load(const struct cel_value *object, uint32_t field)
{
    (void) object;
    return field == 0 ? cel_int(3) : cel_unknown(STR("cart.coupon"));
}

START_TEST(fields_of_an_object_may_be_unknown)
{
    struct fixture f = fixture_new();
    const struct cel_field fields[] = { { .name = STR("count") }, { .name = STR("coupon") } };
    const struct cel_class class = { STR("cart"), fields, 2, load };
    const struct cel_value cart = { .kind = CEL_OBJECT, .object = { &class, NULL } };

    ck_assert(is(cel_select(&f.run, &cart, STR("count")), cel_int(3)));
    ck_assert_int_eq(cel_select(&f.run, &cart, STR("coupon")).kind, CEL_UNKNOWN);
    ck_assert(is(cel_has(&f.run, &cart, STR("count")), cel_bool(true)));
    ck_assert(is(cel_has(&f.run, &cart, STR("coupon")), cel_bool(false)));
    ck_assert(fails(cel_has(&f.run, &cart, STR("total")), "no such field: \"total\" of cart"));
    ck_assert(fails(operate(&f, CEL_OP_ADD, cart, cel_int(1)), "cart + int"));
    fixture_end(&f);
}
END_TEST

START_TEST(work_that_grows_is_charged_for_and_ends_at_the_limit)
{
    struct fixture f = fixture_new();
    static char long_text[32000];
    struct cel_value big = cel_string((struct str){ long_text, sizeof long_text });

    struct cel_value joined = operate(&f, CEL_OP_ADD, big, big);
    ck_assert(joined.kind == CEL_STRING && f.run.cost == 4000);

    f.run.limit = 5000;
    joined = operate(&f, CEL_OP_ADD, big, big);
    ck_assert(fails(joined, "costs more than its limit"));
    ck_assert(f.run.stopped);
    fixture_end(&f);
}
END_TEST

START_TEST(comparing_what_holds_itself_many_times_over_ends_at_the_limit)
{
    struct fixture f = fixture_new();
    struct cel_value a = list_of(&f, NULL, 0), b = a;
    for (int i = 0; i < 100; i++) {
        struct cel_value *items = arena_take_array(f.arena, struct cel_value, 4);
        items[0] = items[1] = a;
        items[2] = items[3] = b;
        a = list_of(&f, items, 2);
        b = list_of(&f, items + 2, 2);
    }

    ck_assert(fails(operate(&f, CEL_OP_EQ, a, b), "limit"));
    ck_assert(f.run.stopped);
    fixture_end(&f);
}
END_TEST

START_TEST(a_full_arena_stops_the_run)
{
    AUTO(arena_free) struct arena *arena = arena_new(64, 1024);
    struct cel_run run = { .arena = arena };
    static char bytes[2000];
    struct cel_value big = cel_string((struct str){ bytes, sizeof bytes });

    struct cel_value joined = cel_operate(&run, CEL_OP_ADD, &big, &big);

    ck_assert(fails(joined, "no room"));
    ck_assert(run.stopped);
    ck_assert_ptr_null(cel_take(&run, SIZE_MAX, 2));
}
END_TEST

START_TEST(a_long_sentence_is_cut_between_characters)
{
    struct fixture f = fixture_new();
    char name[400];
    for (size_t i = 0; i < sizeof name; i += 2) {
        name[i] = '\xc3';
        name[i + 1] = '\xbf';
    }
    for (int shift = 0; shift < 2; shift++) {
        struct cel_value error = cel_fail(&f.run, "%.*s%.*s", shift, "x", (int) sizeof name, name);
        ck_assert(error.string.len > 200 && error.string.len <= 240);
        ck_assert(str_is_utf8(error.string, NULL));
    }
    struct cel_value a = cel_string((struct str){ name, sizeof name });
    struct cel_value map = { .kind = CEL_MAP, .map = &(struct cel_map){ 0 } };
    struct cel_value error = operate(&f, CEL_OP_INDEX, map, a);
    ck_assert(error.kind == CEL_ERROR && str_is_utf8(error.string, NULL));
    fixture_end(&f);
}
END_TEST

START_TEST(tells_the_kinds_that_do_not_go_together)
{
    struct fixture f = fixture_new();
    const struct cel_value args[] = { cel_int(1), text("a"), cel_timestamp(0, 0) };
    ck_assert(
        str_is(cel_no_overload(&f.run, "+", args, 2).string, "no such overload: int + string"));
    ck_assert(str_is(cel_no_overload(&f.run, "f", args, 3).string,
                     "no such overload: f(int, string, timestamp)"));
    ck_assert(
        str_is(cel_no_overload(&f.run, "_?_:_", args, 1).string, "no such overload: _?_:_(int)"));
    fixture_end(&f);
}
END_TEST

/* One of each kind, and what each operator is defined for: pairs of their letters. */
START_TEST(operators_are_defined_for_these_kinds_and_no_others)
{
    struct fixture f = fixture_new();
    static const char letters[] = "nbiudsytDTlm";
    uint32_t bad;
    const struct cel_entry entry = { cel_int(1), cel_int(1) };
    const struct cel_value one = cel_int(1);
    const struct cel_value values[] = {
        cel_null(),           cel_bool(true),
        cel_int(1),           cel_uint(1),
        cel_double(1),        text("a"),
        cel_bytes(STR("a")),  cel_timestamp(1, 0),
        cel_duration(1, 0),   { .kind = CEL_TYPE, .type = cel_type_simple(CEL_TYPE_INT) },
        list_of(&f, &one, 1), { .kind = CEL_MAP, .map = cel_map_of(f.arena, &entry, 1, &bad) },
    };
    static const struct {
        enum cel_op op;
        const char *pairs;
    } defined[] = {
        { CEL_OP_ADD, "ii uu dd ss yy tD Dt DD ll" },
        { CEL_OP_SUB, "ii uu dd tt tD DD" },
        { CEL_OP_MUL, "ii uu dd" },
        { CEL_OP_DIV, "ii uu dd" },
        { CEL_OP_MOD, "ii uu" },
        { CEL_OP_LT, "bb ii uu dd iu ui id di ud du ss yy tt DD" },
        { CEL_OP_LE, "bb ii uu dd iu ui id di ud du ss yy tt DD" },
        { CEL_OP_GT, "bb ii uu dd iu ui id di ud du ss yy tt DD" },
        { CEL_OP_GE, "bb ii uu dd iu ui id di ud du ss yy tt DD" },
    };
    for (size_t i = 0; i < COUNT(defined); i++) {
        for (size_t a = 0; a < COUNT(values); a++) {
            for (size_t b = 0; b < COUNT(values); b++) {
                const char pair[] = { letters[a], letters[b], '\0' };
                struct cel_value got = operate(&f, defined[i].op, values[a], values[b]);
                bool refused = fails(got, "no such overload");
                ck_assert_msg(refused == (strstr(defined[i].pairs, pair) == NULL),
                              "operator %d of %s", (int) defined[i].op, pair);
            }
        }
    }
    fixture_end(&f);
}
END_TEST

SUITE_MAIN("expr/cel_ops", ints_never_wrap, uints_never_wrap, doubles_follow_ieee_754,
           negates_ints_and_doubles_only, joins_texts_bytes_and_lists,
           adds_and_subtracts_instants_and_spans_within_their_range,
           compares_what_has_an_order_and_refuses_the_rest,
           equality_of_lists_stays_open_only_where_nothing_differs,
           membership_is_true_when_one_is_equal_else_unknown_when_one_is,
           lists_of_the_host_are_asked_by_index,
           an_index_is_any_number_that_is_an_integer_within_the_list,
           a_map_is_indexed_selected_and_asked_for_keys, fields_of_an_object_may_be_unknown,
           work_that_grows_is_charged_for_and_ends_at_the_limit,
           comparing_what_holds_itself_many_times_over_ends_at_the_limit,
           a_full_arena_stops_the_run, a_long_sentence_is_cut_between_characters,
           tells_the_kinds_that_do_not_go_together,
           operators_are_defined_for_these_kinds_and_no_others)
