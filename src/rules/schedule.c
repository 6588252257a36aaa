/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schedule
 *
 * Local time is an integer too: seconds since 1970-01-01 00:00 as the clock on the wall counts
 * them. A zone's offset turns an instant into it; the way back has no answer in a gap (the clock
 * was put forward) and two in an overlap (put back), and civil_instant_us settles which.
 */
#include "rules/schedule.h"

enum {
    MINUTE_S = 60,
    DAY_S = 86400,
    EPOCH_WEEKDAY = 3 /* 1970-01-01 was a Thursday; Monday is 0 */
};
#define SECOND_US INT64_C(1000000)

static const struct civil_zone utc = { .name = { "UTC", 3 } };

static int64_t div_down(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* How many transitions lie at or before @at_s. */
static uint32_t transitions_until(const struct civil_zone *zone, int64_t at_s)
{
    uint32_t low = 0, high = zone->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (zone->starts_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The offset that holds after the first @passed transitions. */
static int64_t offset_after(const struct civil_zone *zone, uint32_t passed)
{
    return passed == 0 ? zone->first_offset_s : zone->offsets_s[passed - 1];
}

int64_t civil_local_s(const struct civil_zone *zone, int64_t at_us)
{
    int64_t at_s = div_down(at_us, SECOND_US);
    return at_s + offset_after(zone, transitions_until(zone, at_s));
}

/* In whole seconds; an instant beyond what int64 microseconds hold is its bound. */
static int64_t to_us(int64_t at_s)
{
    int64_t us;
    if (__builtin_mul_overflow(at_s, SECOND_US, &us))
        return at_s < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

int64_t civil_instant_us(const struct civil_zone *zone, int64_t local_s)
{
    /* No offset reaches two days, so the first period that could hold it is this one. */
    uint32_t passed = transitions_until(zone, local_s - 2 * DAY_S);

    for (;; passed++) {
        int64_t at_s = local_s - offset_after(zone, passed);
        bool begun = passed == 0 || at_s >= zone->starts_s[passed - 1];
        bool ended = passed < zone->n && at_s >= zone->starts_s[passed];
        if (!begun) /* it fell between the period before and this one: a gap */
            return to_us(zone->starts_s[passed - 1]);
        if (!ended)
            return to_us(at_s);
    }
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool civil_days(int year, int month, int day, int64_t *ret_days)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };

    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    int length = before[month] - before[month - 1] + (month == 2 && is_leap(year));
    if (day > length)
        return false;

    int past = year - 1; /* whole years since 0001-01-01 */
    int64_t days = past * INT64_C(365) + past / 4 - past / 100 + past / 400;
    days += before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
    *ret_days = days - 719162; /* 1970-01-01 */
    return true;
}

/* Monday = 0. */
static int64_t weekday_of(int64_t days)
{
    int64_t weekday = (days + EPOCH_WEEKDAY) % 7;
    return weekday < 0 ? weekday + 7 : weekday;
}

static bool is_resting(const struct schedule *schedule, int64_t day)
{
    for (uint32_t i = 0; i < schedule->n_except; i++)
        if (schedule->except_days[i] == day)
            return true;
    return false;
}

enum schedule_part schedule_off(const struct schedule *schedule, int64_t now_us)
{
    if (schedule->always)
        return SCHEDULE_ON;
    if (now_us < schedule->from_us)
        return SCHEDULE_FROM;
    if (now_us >= schedule->until_us)
        return SCHEDULE_UNTIL;

    int64_t local_s = civil_local_s(schedule->zone ? schedule->zone : &utc, now_us);
    int64_t day = div_down(local_s, DAY_S);
    int64_t minute = (local_s - day * DAY_S) / MINUTE_S;
    int32_t opens = schedule->opens_minute, closes = schedule->closes_minute;

    if (opens >= 0 && closes > opens) {
        if (minute < opens || minute >= closes)
            return SCHEDULE_HOURS;
    } else if (opens >= 0 && minute < opens) {
        /* Hours over midnight: after it they still belong to the day they opened on. */
        if (minute >= closes)
            return SCHEDULE_HOURS;
        day--;
    }
    if (schedule->days && !(schedule->days & 1u << weekday_of(day)))
        return SCHEDULE_DAYS;
    return is_resting(schedule, day) ? SCHEDULE_EXCEPT : SCHEDULE_ON;
}

bool schedule_is_on(const struct schedule *schedule, int64_t now_us)
{
    return schedule_off(schedule, now_us) == SCHEDULE_ON;
}

/* The first day of the month that @day (since 1970) is in. */
static int64_t month_start(int64_t day)
{
    int year =
        1970 + (int) div_down(day, day < 0 ? 365 : 366); /* never too late, hardly too early */
    int64_t start = day, next;

    while (year < 9999 && civil_days(year + 1, 1, 1, &next) && next <= day)
        year++;
    for (int month = 1; month <= 12 && civil_days(year, month, 1, &next) && next <= day; month++)
        start = next;
    return start;
}

int64_t window_start_us(const struct cap *cap, const struct civil_zone *zone, int64_t now_us)
{
    if (!zone)
        zone = &utc;
    int64_t day = div_down(civil_local_s(zone, now_us), DAY_S);

    switch (cap->window) {
    case WINDOW_ROLLING:
        return now_us < INT64_MIN + cap->window_us ? INT64_MIN : now_us - cap->window_us;
    case WINDOW_DAY: break;
    case WINDOW_WEEK: day -= weekday_of(day); break;
    case WINDOW_MONTH: day = month_start(day); break;
    case WINDOW_SESSION:
    case WINDOW_LIFETIME: return INT64_MIN;
    }
    return civil_instant_us(zone, day * DAY_S);
}
