/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * CEL civil
 *
 * Days and clocks of the proleptic Gregorian calendar, as arithmetic: no time zone, no leap second,
 * no libc. Good for each year that is 1 to 9999 or one beside.
 */
struct cel_civil {
    int32_t year;
    int32_t month, day;           /* from 1 */
    int32_t weekday;              /* 0 is Sunday */
    int32_t year_day;             /* from 0 */
    int32_t hour, minute, second; /* of that day */
};

/* Days from 1970-01-01. */
int64_t cel_civil_days(int32_t year, int32_t month, int32_t day);

int32_t cel_civil_month_days(int32_t year, int32_t month);

/* @seconds since 1970-01-01T00:00:00. */
struct cel_civil cel_civil_of(int64_t seconds);
