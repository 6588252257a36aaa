/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "rules/term.h"
#include "suite.h"

static enum value_kind compared(enum term_op op, struct value a, struct value b, bool *ret)
{
    struct value value = value_compare(op, a, b);
    *ret = value.boolean;
    return value.kind;
}

static void is(enum term_op op, struct value a, struct value b, bool expected)
{
    bool result;
    ck_assert_int_eq(compared(op, a, b, &result), VALUE_BOOL);
    ck_assert_int_eq(result, expected);
}

/* All six comparisons of a and b; @order is -1, 0 or 1, or 2 when there is none. */
static void ordered(struct value a, struct value b, int order)
{
    is(TERM_EQ, a, b, order == 0);
    is(TERM_NE, a, b, order != 0);
    is(TERM_LT, a, b, order == -1);
    is(TERM_LE, a, b, order == -1 || order == 0);
    is(TERM_GT, a, b, order == 1);
    is(TERM_GE, a, b, order == 1 || order == 0);
}

static void both_ways(struct value a, struct value b, int order)
{
    ordered(a, b, order);
    ordered(b, a, order == 2 ? 2 : -order);
}

START_TEST(integers_doubles_strings_booleans_and_times_have_an_order)
{
    both_ways(value_int(1), value_int(2), -1);
    both_ways(value_int(INT64_MIN), value_int(INT64_MAX), -1);
    both_ways(value_int(7), value_int(7), 0);
    both_ways(value_double(1.5), value_double(1.25), 1);
    both_ways(value_double(0.0), value_double(-0.0), 0);
    both_ways(value_string(STR("camera")), value_string(STR("lens")), -1);
    both_ways(value_string(STR("len")), value_string(STR("lens")), -1);
    both_ways(value_string(STR("")), value_string(STR("")), 0);
    both_ways(value_bool(false), value_bool(true), -1);
    both_ways(value_timestamp(10), value_timestamp(11), -1);
    both_ways(value_duration(10), value_duration(10), 0);
}
END_TEST

START_TEST(an_integer_is_compared_with_a_double_exactly)
{
    const int64_t beyond = (INT64_C(1) << 53) + 1; /* no double holds it */

    both_ways(value_int(beyond), value_double(0x1p53), 1);
    both_ways(value_int(beyond), value_double(0x1p53 + 2), -1);
    both_ways(value_int(INT64_C(1) << 53), value_double(0x1p53), 0);
    both_ways(value_int(-beyond), value_double(-0x1p53), -1);
    both_ways(value_int(INT64_MAX), value_double(0x1p63), -1);
    both_ways(value_int(INT64_MIN), value_double(-0x1p63), 0);
    both_ways(value_int(INT64_MIN), value_double(nextafter(-0x1p63, -INFINITY)), 1);
    both_ways(value_int(4), value_double(4.5), -1);
    both_ways(value_int(-4), value_double(-4.5), 1);
    both_ways(value_int(0), value_double(-0.0), 0);
    both_ways(value_int(INT64_MAX), value_double(INFINITY), -1);
    both_ways(value_int(INT64_MIN), value_double(-INFINITY), 1);
}
END_TEST

START_TEST(what_is_not_a_number_is_unequal_to_everything_and_in_no_order)
{
    both_ways(value_double(NAN), value_double(1), 2);
    both_ways(value_double(NAN), value_int(1), 2);
    ordered(value_double(NAN), value_double(NAN), 2);
}
END_TEST

START_TEST(different_kinds_are_not_equal_and_have_no_order_and_unknown_stays_unknown)
{
    const struct value values[] = { value_unknown(),        value_bool(true),   value_int(1),
                                    value_string(STR("1")), value_timestamp(1), value_duration(1),
                                    value_list(1) };
    bool result;

    for (enum term_op op = TERM_EQ; op <= TERM_GE; op++)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
                bool known = i && j, equality = op == TERM_EQ || op == TERM_NE;
                bool comparable = known && (i == j ? values[i].kind != VALUE_LIST : equality);
                ck_assert_int_eq(compared(op, values[i], values[j], &result),
                                 comparable ? VALUE_BOOL : VALUE_UNKNOWN);
                if (comparable && i != j)
                    ck_assert(result == (op == TERM_NE));
            }
}
END_TEST

START_TEST(an_absent_string_is_unknown_and_an_empty_one_is_not)
{
    ck_assert_int_eq(value_string((struct str){ 0 }).kind, VALUE_UNKNOWN);
    ck_assert_int_eq(value_string(STR("")).kind, VALUE_STRING);
}
END_TEST

SUITE_MAIN("rules/value", integers_doubles_strings_booleans_and_times_have_an_order,
           an_integer_is_compared_with_a_double_exactly,
           what_is_not_a_number_is_unequal_to_everything_and_in_no_order,
           different_kinds_are_not_equal_and_have_no_order_and_unknown_stays_unknown,
           an_absent_string_is_unknown_and_an_empty_one_is_not)
