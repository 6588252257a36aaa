/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/marks.h"

#include <stdio.h>

#include "suite.h"

static struct str customer(char room[16], uint32_t number)
{
    int len = snprintf(room, 16, "c%u", number);
    return (struct str){ room, (size_t) len };
}

static void raise_all(struct marks *marks, uint32_t n, uint64_t position)
{
    char room[16];
    for (uint32_t i = 0; i < n; i++)
        ck_assert_int_eq(marks_raise(marks, customer(room, i), position), OK);
}

START_TEST(keeps_the_highest_position_of_each_in_the_order_they_were_first_said)
{
    AUTO(marks_free) struct marks *marks = marks_new();
    raise_all(marks, 1000, 7);
    ck_assert_int_eq(marks_raise(marks, STR("c3"), 5), OK);
    ck_assert_int_eq(marks_raise(marks, STR("c4"), 9), OK);

    uint32_t n;
    const struct mark *all = marks_all(marks, &n);
    ck_assert_uint_eq(n, 1000);
    ck_assert(str_is(all[999].customer_id, "c999"));
    ck_assert_uint_eq(marks_find(marks, STR("c3"))->position, 7);
    ck_assert_uint_eq(marks_find(marks, STR("c3"))->times, 2);
    ck_assert_uint_eq(marks_find(marks, STR("c4"))->position, 9);
    ck_assert_ptr_null(marks_find(marks, STR("c1000")));
}
END_TEST

START_TEST(cleared_it_knows_nobody_and_may_be_filled_again)
{
    AUTO(marks_free) struct marks *marks = marks_new();
    const uint32_t sizes[] = { 10, 20000, 0, 100 };
    for (int i = 0; i < 4; i++) {
        uint32_t n;
        raise_all(marks, sizes[i], 1);
        (void) marks_all(marks, &n);
        ck_assert_uint_eq(n, sizes[i]);
        marks_clear(marks);
        (void) marks_all(marks, &n);
        ck_assert_uint_eq(n, 0);
        ck_assert_ptr_null(marks_find(marks, STR("c1")));
    }
}
END_TEST

START_TEST(what_a_great_many_took_is_given_back_when_they_are_cleared)
{
    AUTO(marks_free) struct marks *marks = marks_new();
    raise_all(marks, 100000, 1);
    ck_assert_uint_gt(marks_bytes(marks), 100000 * 40);
    marks_clear(marks);
    ck_assert_uint_lt(marks_bytes(marks), 300000);
}
END_TEST

SUITE_MAIN("learn/marks", keeps_the_highest_position_of_each_in_the_order_they_were_first_said,
           cleared_it_knows_nobody_and_may_be_filled_again,
           what_a_great_many_took_is_given_back_when_they_are_cleared)
