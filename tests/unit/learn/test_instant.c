/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/instant.h"

#include "suite.h"

static int64_t read_or_fail(const char *text)
{
    int64_t us = -1;
    ck_assert_msg(instant_read(str_of(text), &us), "%s", text);
    return us;
}

START_TEST(reads_utc_and_zones_as_one_instant)
{
    int64_t us = INT64_C(1795255331000000);
    ck_assert_int_eq(read_or_fail("2026-11-21T10:02:11Z"), us);
    ck_assert_int_eq(read_or_fail("2026-11-21t10:02:11z"), us);
    ck_assert_int_eq(read_or_fail("2026-11-21 10:02:11+00:00"), us);
    ck_assert_int_eq(read_or_fail("2026-11-21T19:02:11+09:00"), us);
    ck_assert_int_eq(read_or_fail("2026-11-21T00:32:11-09:30"), us);
}
END_TEST

START_TEST(reads_fractions_down_to_the_microsecond)
{
    ck_assert_int_eq(read_or_fail("1970-01-01T00:00:00.5Z"), 500000);
    ck_assert_int_eq(read_or_fail("1970-01-01T00:00:00.123456Z"), 123456);
    ck_assert_int_eq(read_or_fail("1970-01-01T00:00:00.1234569999Z"), 123456);
}
END_TEST

START_TEST(knows_the_calendar)
{
    ck_assert_int_eq(read_or_fail("2024-02-29T00:00:00Z"), INT64_C(1709164800000000));
    ck_assert_int_eq(read_or_fail("2000-03-01T00:00:00Z"), INT64_C(951868800000000));
    ck_assert_int_eq(read_or_fail("1969-12-31T23:59:59Z"), -1000000);
    int64_t us;
    ck_assert(!instant_read(STR("2023-02-29T00:00:00Z"), &us));
    ck_assert(!instant_read(STR("1900-02-29T00:00:00Z"), &us));
    ck_assert(!instant_read(STR("2026-11-31T00:00:00Z"), &us));
}
END_TEST

START_TEST(refuses_everything_else)
{
    static const char *const bad[] = {
        "",
        "now",
        "2026-11-21",
        "2026-11-21T10:02:11",
        "2026-11-21T10:02Z",
        "2026-11-21T10:02:11.Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T10:60:11Z",
        "2026-11-21T10:02:61Z",
        "2026-13-21T10:02:11Z",
        "2026-00-21T10:02:11Z",
        "2026-11-00T10:02:11Z",
        "26-11-21T10:02:11Z",
        "2026-11-21T10:02:11+0900",
        "2026-11-21T10:02:11+24:00",
        "2026-11-21T10:02:11ZZ",
        " 2026-11-21T10:02:11Z",
        "2026-1-21T10:02:11Z",
        "1795255331",
        "２０２６-11-21T10:02:11Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t us;
        ck_assert_msg(!instant_read(str_of(bad[i]), &us), "%s", bad[i]);
    }
}
END_TEST

SUITE_MAIN("learn/instant", reads_utc_and_zones_as_one_instant,
           reads_fractions_down_to_the_microsecond, knows_the_calendar, refuses_everything_else)
