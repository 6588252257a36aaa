/* SPDX-License-Identifier: Apache-2.0 */
/* The zones are made by hand: one like New York's in 2026, Tokyo's, and one whose midnights vanish. */
#include <stdio.h>

#include "rules/schedule.h"
#include "suite.h"

#define SECOND INT64_C(1000000)
enum { HOUR_S = 3600, DAY_S = 86400 };

static int64_t local_s(int year, int month, int day, int hour, int minute, int second)
{
    int64_t days;
    ck_assert(civil_days(year, month, day, &days));
    return days * DAY_S + hour * HOUR_S + minute * 60 + second;
}

static int64_t utc_us(int year, int month, int day, int hour, int minute, int second)
{
    return local_s(year, month, day, hour, minute, second) * SECOND;
}

/* Clocks go from 02:00 to 03:00 on 8 March and from 02:00 back to 01:00 on 1 November 2026. */
static struct civil_zone new_york(void)
{
    static int64_t starts[2];
    static const int32_t offsets[] = { -4 * HOUR_S, -5 * HOUR_S };
    starts[0] = local_s(2026, 3, 8, 7, 0, 0);
    starts[1] = local_s(2026, 11, 1, 6, 0, 0);
    return (struct civil_zone){ STR("Test/New_York"), starts, offsets, 2, -5 * HOUR_S };
}

/* Clocks go from 00:00 to 01:00: the day of 5 April 2026 has no midnight. */
static struct civil_zone no_midnight(void)
{
    static int64_t starts[1];
    static const int32_t offsets[] = { 3 * HOUR_S };
    starts[0] = local_s(2026, 4, 4, 22, 0, 0);
    return (struct civil_zone){ STR("Test/No_Midnight"), starts, offsets, 1, 2 * HOUR_S };
}

static const struct civil_zone tokyo = { { "Asia/Tokyo", 10 }, NULL, NULL, 0, 9 * HOUR_S };

static struct schedule schedule_in(const struct civil_zone *zone)
{
    return (struct schedule){ .from_us = INT64_MIN,
                              .until_us = INT64_MAX,
                              .opens_minute = -1,
                              .closes_minute = -1,
                              .zone = zone };
}

START_TEST(days_are_counted_from_1970_and_only_for_dates_that_exist)
{
    static const struct {
        int year, month, day;
        int64_t days;
    } dates[] = { { 1970, 1, 1, 0 },        { 1969, 12, 31, -1 },    { 2000, 2, 29, 11016 },
                  { 2000, 3, 1, 11017 },    { 2026, 11, 21, 20778 }, { 1, 1, 1, -719162 },
                  { 9999, 12, 31, 2932896 } };
    static const int wrong[][3] = { { 2026, 2, 29 }, { 1900, 2, 29 }, { 2026, 4, 31 },
                                    { 2026, 13, 1 }, { 2026, 0, 1 },  { 2026, 1, 0 },
                                    { 2026, 1, 32 }, { 0, 1, 1 },     { 10000, 1, 1 } };
    int64_t days;

    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        ck_assert(civil_days(dates[i].year, dates[i].month, dates[i].day, &days));
        ck_assert_int_eq(days, dates[i].days);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert(!civil_days(wrong[i][0], wrong[i][1], wrong[i][2], &days));
    ck_assert(civil_days(2024, 2, 29, &days));
}
END_TEST

START_TEST(every_day_of_four_centuries_follows_the_one_before)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t expected, days;

    ck_assert(civil_days(1800, 1, 1, &expected));
    for (int year = 1800; year < 2200; year++)
        for (int month = 1; month <= 12; month++) {
            bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
            for (int day = 1; day <= lengths[month - 1] + (month == 2 && leap); day++) {
                ck_assert(civil_days(year, month, day, &days));
                ck_assert_int_eq(days, expected++);
            }
        }
}
END_TEST

START_TEST(local_time_follows_the_offset_of_the_moment)
{
    struct civil_zone zone = new_york();

    ck_assert_int_eq(civil_local_s(&zone, utc_us(2026, 3, 8, 6, 59, 59)),
                     local_s(2026, 3, 8, 1, 59, 59));
    ck_assert_int_eq(civil_local_s(&zone, utc_us(2026, 3, 8, 7, 0, 0)),
                     local_s(2026, 3, 8, 3, 0, 0));
    ck_assert_int_eq(civil_local_s(&zone, utc_us(2026, 11, 1, 5, 59, 59)),
                     local_s(2026, 11, 1, 1, 59, 59));
    ck_assert_int_eq(civil_local_s(&zone, utc_us(2026, 11, 1, 6, 0, 0)),
                     local_s(2026, 11, 1, 1, 0, 0));
    ck_assert_int_eq(civil_local_s(&tokyo, utc_us(2026, 11, 20, 15, 0, 0)),
                     local_s(2026, 11, 21, 0, 0, 0));
    ck_assert_int_eq(civil_local_s(&tokyo, -1), 9 * HOUR_S - 1);
}
END_TEST

START_TEST(a_local_time_that_the_clocks_skipped_is_the_moment_after_the_gap)
{
    struct civil_zone zone = new_york();
    int64_t after = utc_us(2026, 3, 8, 7, 0, 0);

    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 3, 8, 1, 59, 59)), after - SECOND);
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 3, 8, 2, 0, 0)), after);
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 3, 8, 2, 30, 0)), after);
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 3, 8, 3, 0, 0)), after);
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 3, 8, 3, 0, 1)), after + SECOND);
}
END_TEST

START_TEST(a_local_time_that_comes_twice_is_the_first_of_the_two)
{
    struct civil_zone zone = new_york();

    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 11, 1, 0, 59, 59)),
                     utc_us(2026, 11, 1, 4, 59, 59));
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 11, 1, 1, 0, 0)),
                     utc_us(2026, 11, 1, 5, 0, 0));
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 11, 1, 1, 59, 59)),
                     utc_us(2026, 11, 1, 5, 59, 59));
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 11, 1, 2, 0, 0)),
                     utc_us(2026, 11, 1, 7, 0, 0));
}
END_TEST

START_TEST(an_instant_survives_the_way_to_local_time_and_back_but_for_the_second_hour)
{
    struct civil_zone zone = new_york();
    int64_t twice_from = utc_us(2026, 11, 1, 6, 0, 0), twice_to = utc_us(2026, 11, 1, 7, 0, 0);

    for (int64_t at = utc_us(2026, 3, 7, 0, 0, 0); at < utc_us(2026, 11, 3, 0, 0, 0);
         at += 997 * SECOND) {
        int64_t back = civil_instant_us(&zone, civil_local_s(&zone, at));
        int64_t first = at >= twice_from && at < twice_to ? at - HOUR_S * SECOND : at;
        ck_assert_int_eq(back, first);
    }
}
END_TEST

START_TEST(an_instant_survives_the_way_there_and_back_east_of_greenwich_too)
{
    struct civil_zone zone = no_midnight();

    for (int64_t at = utc_us(2026, 4, 3, 0, 0, 0); at < utc_us(2026, 4, 7, 0, 0, 0);
         at += 599 * SECOND)
        ck_assert_int_eq(civil_instant_us(&zone, civil_local_s(&zone, at)), at);
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 4, 4, 23, 30, 0)),
                     utc_us(2026, 4, 4, 21, 30, 0));
    ck_assert_int_eq(civil_instant_us(&zone, local_s(2026, 4, 5, 0, 30, 0)),
                     utc_us(2026, 4, 4, 22, 0, 0));
}
END_TEST

START_TEST(a_rule_without_a_schedule_is_always_on)
{
    struct schedule schedule = { .always = true };
    ck_assert(schedule_is_on(&schedule, 0));
    ck_assert(schedule_is_on(&schedule, INT64_MAX));
}
END_TEST

START_TEST(from_is_inside_and_until_is_not)
{
    struct schedule schedule = schedule_in(&tokyo);
    schedule.from_us = 1000;
    schedule.until_us = 2000;

    ck_assert(!schedule_is_on(&schedule, 999));
    ck_assert(schedule_is_on(&schedule, 1000));
    ck_assert(schedule_is_on(&schedule, 1999));
    ck_assert(!schedule_is_on(&schedule, 2000));
}
END_TEST

START_TEST(weekdays_are_those_of_the_rules_zone)
{
    struct schedule schedule = schedule_in(&tokyo);
    schedule.days = 1u << 5; /* Saturday: 21 November 2026 in Tokyo begins on Friday 15:00 UTC */

    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 20, 14, 59, 59)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 20, 15, 0, 0)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 21, 14, 59, 59)));
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 21, 15, 0, 0)));
}
END_TEST

START_TEST(each_weekday_bit_is_its_own_day)
{
    struct schedule schedule = schedule_in(NULL);
    for (int day = 0; day < 7; day++) /* 2 March 2026 is a Monday */
        for (int bit = 0; bit < 7; bit++) {
            schedule.days = 1u << bit;
            ck_assert_int_eq(schedule_is_on(&schedule, utc_us(2026, 3, 2 + day, 12, 0, 0)),
                             day == bit);
        }
    schedule.days = 1u << 2;
    ck_assert(schedule_is_on(&schedule, utc_us(1969, 12, 31, 12, 0, 0))); /* a Wednesday */
}
END_TEST

START_TEST(hours_open_at_the_first_minute_and_close_before_the_last)
{
    struct schedule schedule = schedule_in(&tokyo);
    schedule.opens_minute = 9 * 60;
    schedule.closes_minute = 21 * 60;

    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 20, 23, 59, 59)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 21, 0, 0, 0)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 21, 11, 59, 59)));
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 21, 12, 0, 0)));
}
END_TEST

START_TEST(hours_over_midnight_belong_to_the_day_they_opened_on)
{
    struct schedule schedule = schedule_in(&tokyo);
    schedule.opens_minute = 22 * 60;
    schedule.closes_minute = 2 * 60;
    schedule.days = 1u << 4; /* Friday 20 November 22:00 to Saturday 02:00, Tokyo */

    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 20, 12, 59, 59)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 20, 13, 0, 0)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 20, 16, 59, 59)));
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 20, 17, 0, 0)));
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 19, 16, 0, 0))); /* Friday 01:00 */
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 21, 13, 0, 0))); /* Saturday 22:00 */
}
END_TEST

START_TEST(a_rule_rests_on_excepted_dates_in_its_zone)
{
    static const int32_t except[] = { 20000, 20778 }; /* 21 November 2026 */
    struct schedule schedule = schedule_in(&tokyo);
    schedule.except_days = except;
    schedule.n_except = 2;

    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 20, 14, 59, 59)));
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 20, 15, 0, 0)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 21, 15, 0, 0)));
}
END_TEST

static void says(const struct schedule *schedule, int64_t now_us, const char *seen,
                 const char *wanted)
{
    char at[160];
    struct out out;
    out_init(&out, NULL, 64);
    schedule_seen(schedule, now_us, &out);
    (void) snprintf(at, sizeof at, "%.*s", STR_ARG(out_str(&out)));
    ck_assert_str_eq(at, seen);
    out.len = 0;
    schedule_wanted(schedule, schedule_off(schedule, now_us), &out);
    (void) snprintf(at, sizeof at, "%.*s", STR_ARG(out_str(&out)));
    ck_assert_str_eq(at, wanted);
    out_deinit(&out);
}

START_TEST(a_schedule_that_is_off_says_the_local_time_and_which_part_says_no)
{
    static const int32_t except[] = { 20778 }; /* 21 November 2026, a Saturday */
    struct schedule schedule = schedule_in(&tokyo);
    schedule.from_us = utc_us(2026, 11, 19, 15, 0, 0);
    schedule.until_us = utc_us(2026, 11, 30, 15, 0, 0);
    schedule.opens_minute = 9 * 60;
    schedule.closes_minute = 2 * 60 + 5;
    schedule.days = 1u << 4 | 1u << 5;
    schedule.except_days = except;
    schedule.n_except = 1;

    says(&schedule, utc_us(2026, 11, 19, 14, 59, 0), "thu 2026-11-19 23:59 Asia/Tokyo",
         "from 2026-11-20");
    says(&schedule, utc_us(2026, 11, 30, 15, 0, 0), "tue 2026-12-01 00:00 Asia/Tokyo",
         "until 2026-11-30");
    says(&schedule, utc_us(2026, 11, 20, 17, 5, 0), "sat 2026-11-21 02:05 Asia/Tokyo",
         "between 09:00 and 02:05");
    says(&schedule, utc_us(2026, 11, 25, 3, 0, 0), "wed 2026-11-25 12:00 Asia/Tokyo",
         "on fri, sat");
    says(&schedule, utc_us(2026, 11, 21, 3, 0, 0), "sat 2026-11-21 12:00 Asia/Tokyo",
         "a day that is not in `except`");
    says(&schedule, utc_us(2026, 11, 20, 3, 0, 0), "fri 2026-11-20 12:00 Asia/Tokyo", "");
    schedule.from_us = utc_us(2026, 11, 20, 1, 30, 0);
    schedule.until_us = utc_us(2026, 11, 20, 3, 0, 0);
    says(&schedule, utc_us(2026, 11, 20, 1, 0, 0), "fri 2026-11-20 10:00 Asia/Tokyo",
         "from 2026-11-20 10:30");
    says(&schedule, utc_us(2026, 11, 20, 3, 0, 0), "fri 2026-11-20 12:00 Asia/Tokyo",
         "until 2026-11-20 12:00");
}
END_TEST

START_TEST(hours_follow_the_clock_on_the_wall_when_it_is_put_forward_and_back)
{
    struct civil_zone zone = new_york();
    struct schedule schedule = schedule_in(&zone);
    schedule.opens_minute = 90; /* 01:30 to 03:00 */
    schedule.closes_minute = 180;

    /* Put forward: 01:30 to 02:00 is all there is. */
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 3, 8, 6, 59, 59)));
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 3, 8, 7, 0, 0)));
    /* Put back: 01:30 comes twice, and 01:00 of the second time is off again. */
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 1, 5, 30, 0)));
    ck_assert(!schedule_is_on(&schedule, utc_us(2026, 11, 1, 6, 0, 0)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 1, 6, 30, 0)));
    ck_assert(schedule_is_on(&schedule, utc_us(2026, 11, 1, 7, 59, 59)));
}
END_TEST

static int64_t start_of(enum window_kind window, const struct civil_zone *zone, int64_t now_us)
{
    struct cap cap = { .window = window, .window_us = 7 * DAY_S * SECOND };
    return window_start_us(&cap, zone, now_us);
}

START_TEST(calendar_windows_begin_at_local_midnight_of_the_day_monday_or_first)
{
    int64_t now = utc_us(2026, 11, 20, 15, 30, 0); /* Saturday 21 November 00:30 in Tokyo */

    ck_assert_int_eq(start_of(WINDOW_DAY, &tokyo, now), utc_us(2026, 11, 20, 15, 0, 0));
    ck_assert_int_eq(start_of(WINDOW_WEEK, &tokyo, now), utc_us(2026, 11, 15, 15, 0, 0));
    ck_assert_int_eq(start_of(WINDOW_MONTH, &tokyo, now), utc_us(2026, 10, 31, 15, 0, 0));
    ck_assert_int_eq(start_of(WINDOW_DAY, NULL, now), utc_us(2026, 11, 20, 0, 0, 0));
    ck_assert_int_eq(start_of(WINDOW_MONTH, NULL, utc_us(1969, 2, 3, 1, 0, 0)),
                     utc_us(1969, 2, 1, 0, 0, 0));
}
END_TEST

START_TEST(a_month_begins_on_its_first_in_every_month_of_two_centuries)
{
    int64_t first, days;

    for (int year = 1900; year < 2100; year++)
        for (int month = 1; month <= 12; month++) {
            ck_assert(civil_days(year, month, 1, &first));
            for (int day = 1; day <= 31; day++)
                if (civil_days(year, month, day, &days))
                    ck_assert_int_eq(start_of(WINDOW_MONTH, NULL, (days * DAY_S + 5) * SECOND),
                                     first * DAY_S * SECOND);
        }
}
END_TEST

START_TEST(a_day_whose_midnight_vanished_begins_after_the_gap)
{
    struct civil_zone zone = no_midnight();
    ck_assert_int_eq(start_of(WINDOW_DAY, &zone, utc_us(2026, 4, 5, 10, 0, 0)),
                     utc_us(2026, 4, 4, 22, 0, 0));
}
END_TEST

START_TEST(a_day_on_which_the_clocks_change_has_23_or_25_hours)
{
    struct civil_zone zone = new_york();
    int64_t hour = HOUR_S * SECOND;

    ck_assert_int_eq(start_of(WINDOW_DAY, &zone, utc_us(2026, 3, 9, 12, 0, 0)) -
                         start_of(WINDOW_DAY, &zone, utc_us(2026, 3, 8, 12, 0, 0)),
                     23 * hour);
    ck_assert_int_eq(start_of(WINDOW_DAY, &zone, utc_us(2026, 11, 2, 12, 0, 0)) -
                         start_of(WINDOW_DAY, &zone, utc_us(2026, 11, 1, 12, 0, 0)),
                     25 * hour);
}
END_TEST

START_TEST(a_rolling_window_goes_back_its_length_and_others_have_no_beginning)
{
    int64_t now = utc_us(2026, 11, 21, 0, 0, 0);

    ck_assert_int_eq(start_of(WINDOW_ROLLING, NULL, now), now - 7 * DAY_S * SECOND);
    ck_assert_int_eq(start_of(WINDOW_ROLLING, NULL, INT64_MIN + 5), INT64_MIN);
    ck_assert_int_eq(start_of(WINDOW_SESSION, NULL, now), INT64_MIN);
    ck_assert_int_eq(start_of(WINDOW_LIFETIME, NULL, now), INT64_MIN);
}
END_TEST

SUITE_MAIN("rules/schedule", days_are_counted_from_1970_and_only_for_dates_that_exist,
           every_day_of_four_centuries_follows_the_one_before,
           local_time_follows_the_offset_of_the_moment,
           a_local_time_that_the_clocks_skipped_is_the_moment_after_the_gap,
           a_local_time_that_comes_twice_is_the_first_of_the_two,
           an_instant_survives_the_way_to_local_time_and_back_but_for_the_second_hour,
           an_instant_survives_the_way_there_and_back_east_of_greenwich_too,
           a_rule_without_a_schedule_is_always_on, from_is_inside_and_until_is_not,
           weekdays_are_those_of_the_rules_zone, each_weekday_bit_is_its_own_day,
           hours_open_at_the_first_minute_and_close_before_the_last,
           hours_over_midnight_belong_to_the_day_they_opened_on,
           a_rule_rests_on_excepted_dates_in_its_zone,
           a_schedule_that_is_off_says_the_local_time_and_which_part_says_no,
           hours_follow_the_clock_on_the_wall_when_it_is_put_forward_and_back,
           calendar_windows_begin_at_local_midnight_of_the_day_monday_or_first,
           a_month_begins_on_its_first_in_every_month_of_two_centuries,
           a_day_whose_midnight_vanished_begins_after_the_gap,
           a_day_on_which_the_clocks_change_has_23_or_25_hours,
           a_rolling_window_goes_back_its_length_and_others_have_no_beginning)
