/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/out.h"
#include "base/str.h"
#include "rules/rule.h"

/*
 * Schedule
 *
 * Is a rule on at this instant, and where does a calendar window begin? Local time comes
 * from a civil_zone: the transitions of one tz database zone, read by files/tz_file.c when
 * rules are loaded, so that nothing here does I/O or calls localtime.
 */
struct civil_zone {
    struct str name;          /* "Asia/Tokyo" */
    const int64_t *starts_s;  /* transitions, ascending, seconds since 1970 */
    const int32_t *offsets_s; /* offset from UTC that holds from that transition on */
    uint32_t n;
    int32_t first_offset_s; /* before the first transition */
};

/* Local seconds since 1970-01-01 00:00 local time. */
int64_t civil_local_s(const struct civil_zone *zone, int64_t at_us);

/* The instant of a local time; in a gap the moment after it, in an overlap the first. */
int64_t civil_instant_us(const struct civil_zone *zone, int64_t local_s);

/* Days since 1970 of a civil date; false for a date that does not exist. */
bool civil_days(int year, int month, int day, int64_t *ret_days);

bool schedule_is_on(const struct schedule *schedule, int64_t now_us);

/* Which part of it says no; SCHEDULE_ON: none does. */
enum schedule_part {
    SCHEDULE_ON,
    SCHEDULE_FROM,
    SCHEDULE_UNTIL,
    SCHEDULE_HOURS,
    SCHEDULE_DAYS,
    SCHEDULE_EXCEPT
};
enum schedule_part schedule_off(const struct schedule *schedule, int64_t now_us);

/*
 * For receipts, escaped for JSON: "sun 2026-11-22 09:15
 * Asia/Tokyo", and what that part wants: "on fri, sat".
 */
void schedule_seen(const struct schedule *schedule, int64_t now_us, struct out *out);
void schedule_wanted(const struct schedule *schedule, enum schedule_part part, struct out *out);

/* When the window that @now_us is in began: calendar windows in @zone, weeks from Monday. */
int64_t window_start_us(const struct cap *cap, const struct civil_zone *zone, int64_t now_us);
