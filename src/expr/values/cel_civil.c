/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Years are counted from 1 March, so that the day that some years have is their last; eras are the
 * 400 years (146,097 days) after which the calendar repeats. 1 March of year 0 is 719,468 days
 * before 1970-01-01.
 */
#include "expr/values/cel_civil.h"

static const int32_t era_days = 146097, epoch_days = 719468, day_seconds = 86400;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t cel_civil_month_days(int32_t year, int32_t month)
{
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days of that year, which begins in March, before the month; @march_month 0 is March. */
static int32_t days_before(int32_t march_month)
{
    return (153 * march_month + 2) / 5;
}

int64_t cel_civil_days(int32_t year, int32_t month, int32_t day)
{
    int64_t march_year = month > 2 ? year : year - 1;
    int64_t era = floor_div(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t day_of_year = days_before(month > 2 ? month - 3 : month + 9) + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * era_days + day_of_era - epoch_days;
}

struct cel_civil cel_civil_of(int64_t seconds)
{
    int64_t days = floor_div(seconds, day_seconds);
    int32_t clock = (int32_t) (seconds - days * day_seconds);
    int64_t since = days + epoch_days;
    int64_t era = floor_div(since, era_days);
    int32_t day_of_era = (int32_t) (since - era * era_days);
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t march_month = (5 * day_of_year + 2) / 153;
    int32_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    int32_t year = (int32_t) (era * 400) + year_of_era + (month <= 2);
    return (struct cel_civil){
        .year = year,
        .month = month,
        .day = day_of_year - days_before(march_month) + 1,
        .weekday = (int32_t) (days + 4 - floor_div(days + 4, 7) * 7),
        .year_day = (int32_t) (days - cel_civil_days(year, 1, 1)),
        .hour = clock / 3600,
        .minute = clock / 60 % 60,
        .second = clock % 60,
    };
}
