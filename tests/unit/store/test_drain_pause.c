/* SPDX-License-Identifier: Apache-2.0 */
#include "store/drain_pause.h"

#include "suite.h"

#define SECOND INT64_C(1000000)

/* How long the pause is that begins after @spent_us. */
static int64_t begin(struct drain_pause *pause, int64_t spent_us)
{
    drain_pause_begin(pause, 5 * SECOND, spent_us);
    return pause->until_us - 5 * SECOND;
}

static void expect_about(int64_t us, int64_t expected_us)
{
    ck_assert_int_ge(us, expected_us / 2);
    ck_assert_int_le(us, expected_us);
}

START_TEST(there_is_none_before_the_first)
{
    struct drain_pause pause;
    drain_pause_init(&pause, 0);
    ck_assert(drain_pause_is_over(&pause, 0));
}
END_TEST

START_TEST(each_is_twice_the_one_before_up_to_a_second_or_three_times_what_was_spent)
{
    struct drain_pause pause;
    drain_pause_init(&pause, 7);
    for (int64_t us = 50000; us <= 800000; us *= 2)
        expect_about(begin(&pause, 100000), us);
    for (int i = 0; i < 5; i++)
        expect_about(begin(&pause, 100000), SECOND);
    expect_about(begin(&pause, SECOND), 2 * SECOND);
    for (int i = 0; i < 5; i++)
        expect_about(begin(&pause, SECOND), 3 * SECOND);
}
END_TEST

START_TEST(it_is_over_when_its_time_has_come_or_an_append_has_succeeded)
{
    struct drain_pause pause;
    drain_pause_init(&pause, 7);
    int64_t us = begin(&pause, SECOND);
    ck_assert(!drain_pause_is_over(&pause, 5 * SECOND + us - 1));
    ck_assert(drain_pause_is_over(&pause, 5 * SECOND + us));
    begin(&pause, SECOND);

    drain_pause_end(&pause);

    ck_assert(drain_pause_is_over(&pause, 5 * SECOND));
    expect_about(begin(&pause, SECOND), 50000);
}
END_TEST

START_TEST(two_replicas_do_not_come_back_in_step)
{
    struct drain_pause one, other;
    drain_pause_init(&one, 1);
    drain_pause_init(&other, 99);
    ck_assert_int_ne(begin(&one, SECOND), begin(&other, SECOND));
}
END_TEST

SUITE_MAIN("store/drain_pause", there_is_none_before_the_first,
           each_is_twice_the_one_before_up_to_a_second_or_three_times_what_was_spent,
           it_is_over_when_its_time_has_come_or_an_append_has_succeeded,
           two_replicas_do_not_come_back_in_step)
