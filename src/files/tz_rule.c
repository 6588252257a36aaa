/* SPDX-License-Identifier: Apache-2.0 */
#include "files/tz_rule.h"

#include <stdbool.h>
#include <string.h>

#include "files/tz_file.h"
#include "rules/schedule.h"

/* When in a year: M3.2.0/2, J60, or 59. */
struct turn {
    char form; /* 'M', 'J' or '0' */
    int month, week, day;
    int32_t time_s;
};

struct scan {
    const char *at, *end;
    bool bad;
};

static char next_char(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : 0;
}

static bool take(struct scan *scan, char c)
{
    if (next_char(scan) != c)
        return false;
    scan->at++;
    return true;
}

static int take_number(struct scan *scan, int max)
{
    int n = 0, digits = 0;
    for (; next_char(scan) >= '0' && next_char(scan) <= '9' && digits < 4; digits++)
        n = n * 10 + (*scan->at++ - '0');
    scan->bad |= digits == 0 || n > max;
    return n;
}

/* "EST" or "<+0330>". */
static void skip_name(struct scan *scan)
{
    bool bracketed = take(scan, '<');
    const char *begin = scan->at;
    while (next_char(scan) &&
           (bracketed ? next_char(scan) != '>' : strchr("+-,0123456789", next_char(scan)) == NULL))
        scan->at++;
    scan->bad |= scan->at == begin || (bracketed && !take(scan, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t take_time(struct scan *scan)
{
    bool minus = take(scan, '-');
    if (!minus)
        (void) take(scan, '+');
    int32_t seconds = take_number(scan, 167) * 3600;
    if (take(scan, ':'))
        seconds += take_number(scan, 59) * 60;
    if (take(scan, ':'))
        seconds += take_number(scan, 59);
    return minus ? -seconds : seconds;
}

static struct turn take_turn(struct scan *scan)
{
    struct turn turn = { .form = '0', .time_s = 2 * 3600 };
    scan->bad |= !take(scan, ',');
    if (take(scan, 'M')) {
        turn.form = 'M';
        turn.month = take_number(scan, 12);
        scan->bad |= !take(scan, '.');
        turn.week = take_number(scan, 5);
        scan->bad |= !take(scan, '.');
        turn.day = take_number(scan, 6);
        scan->bad |= turn.month < 1 || turn.week < 1;
    } else {
        turn.form = take(scan, 'J') ? 'J' : '0';
        turn.day = take_number(scan, 365);
    }
    if (take(scan, '/'))
        turn.time_s = take_time(scan);
    return turn;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The local second of @year at which @turn stands. */
static int64_t turn_second(const struct turn *turn, int year)
{
    int64_t day = 0;
    if (turn->form == 'M') {
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int length = lengths[turn->month - 1] + (turn->month == 2 && is_leap(year));
        (void) civil_days(year, turn->month, 1, &day);
        int weekday = (int) (((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday; 0 is Sunday */
        int nth = (turn->day - weekday + 7) % 7 + (turn->week - 1) * 7;
        while (nth >= length)
            nth -= 7;
        day += nth;
    } else {
        (void) civil_days(year, 1, 1, &day);
        bool counts_leap_day = turn->form == '0' || (is_leap(year) && turn->day >= 60);
        day += turn->form == 'J' ? turn->day - 1 + counts_leap_day : turn->day;
    }
    return day * 86400 + turn->time_s;
}

uint32_t tz_rule_expand(struct str rest, int64_t *starts, int32_t *offsets, uint32_t n,
                        uint32_t room)
{
    if (rest.len < 2 || rest.at[0] != '\n')
        return 0;
    struct scan scan = { rest.at + 1, rest.at + rest.len, false };
    const char *feed = memchr(scan.at, '\n', rest.len - 1);
    if (feed)
        scan.end = feed;

    skip_name(&scan);
    int32_t standard = -take_time(&scan);
    if (scan.bad || scan.at == scan.end)
        return 0; /* no summer time: the last offset of the file goes on */
    skip_name(&scan);
    int32_t summer = next_char(&scan) == ',' ? standard + 3600 : -take_time(&scan);
    struct turn to_summer = take_turn(&scan), to_standard = take_turn(&scan);
    if (scan.bad || scan.at != scan.end)
        return 0;

    int64_t last = n ? starts[n - 1] : INT64_MIN;
    uint32_t added = 0;
    for (int year = 1970; year <= TZ_LAST_YEAR && n + added + 2 <= room; year++) {
        int64_t on = turn_second(&to_summer, year) - standard,
                off = turn_second(&to_standard, year) - summer;
        int64_t pair[2] = { on, off };
        int32_t to[2] = { summer, standard };
        int first = on > off; /* south of the equator the year begins in summer */
        for (int i = 0; i < 2; i++) {
            int which = i ^ first;
            if (pair[which] <= last)
                continue;
            starts[n + added] = pair[which];
            offsets[n + added++] = to[which];
        }
    }
    return added;
}
