/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/instant.h"

struct cursor {
    const char *at, *end;
    bool failed;
};

static bool take(struct cursor *cursor, const char *any_of)
{
    if (cursor->at < cursor->end && *cursor->at != '\0' && strchr(any_of, *cursor->at)) {
        cursor->at++;
        return true;
    }
    return false;
}

static void expect(struct cursor *cursor, const char *any_of)
{
    if (!take(cursor, any_of))
        cursor->failed = true;
}

/* Exactly @digits digits, @low up to @high. */
static int64_t number(struct cursor *cursor, int digits, int64_t low, int64_t high)
{
    int64_t value = 0;
    for (int i = 0; i < digits; i++, cursor->at++) {
        if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9') {
            cursor->failed = true;
            return low;
        }
        value = value * 10 + (*cursor->at - '0');
    }
    if (value < low || value > high)
        cursor->failed = true;
    return value;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01, in the proleptic Gregorian calendar; years count from March. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int64_t fraction_us(struct cursor *cursor)
{
    int64_t us = 0, unit = 100000;
    if (!take(cursor, "."))
        return 0;
    const char *first = cursor->at;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
         cursor->at++, unit /= 10)
        us += (*cursor->at - '0') * unit;
    if (cursor->at == first)
        cursor->failed = true;
    return us;
}

static int64_t offset_minutes(struct cursor *cursor)
{
    if (take(cursor, "Zz"))
        return 0;
    bool west = cursor->at < cursor->end && *cursor->at == '-';
    expect(cursor, "+-");
    int64_t minutes = 60 * number(cursor, 2, 0, 23);
    expect(cursor, ":");
    minutes += number(cursor, 2, 0, 59);
    return west ? -minutes : minutes;
}

bool instant_read(struct str text, int64_t *ret_us)
{
    if (!text.at)
        return false;
    struct cursor cursor = { .at = text.at, .end = text.at + text.len };
    int64_t year = number(&cursor, 4, 0, 9999);
    expect(&cursor, "-");
    int64_t month = number(&cursor, 2, 1, 12);
    expect(&cursor, "-");
    int64_t day = number(&cursor, 2, 1, 31);
    expect(&cursor, "Tt ");
    int64_t hour = number(&cursor, 2, 0, 23);
    expect(&cursor, ":");
    int64_t minute = number(&cursor, 2, 0, 59);
    expect(&cursor, ":");
    int64_t second = number(&cursor, 2, 0, 60);
    int64_t us = fraction_us(&cursor);
    int64_t offset = offset_minutes(&cursor);
    if (cursor.failed || cursor.at != cursor.end || day > days_in_month(year, month))
        return false;

    int64_t seconds =
        days_since_1970(year, month, day) * 86400 + hour * 3600 + (minute - offset) * 60 + second;
    *ret_us = seconds * 1000000 + us;
    return true;
}
