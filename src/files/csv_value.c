/* SPDX-License-Identifier: Apache-2.0 */
#include "files/csv_value.h"

#include <stdlib.h>

#include "rules/schedule.h"
#include "shop/event.h"
#include "shop/money.h"

const char *csv_read_id(struct str text, const char *empty, const char *bad)
{
    if (text.len == 0)
        return empty;
    if (text.len > ID_MAX_BYTES)
        return bad;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char) text.at[i] < 0x20 || text.at[i] == 0x7f)
            return bad;
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(struct str text, size_t from)
{
    size_t i = from;
    while (i < text.len && is_digit(text.at[i]))
        i++;
    return i - from;
}

bool csv_read_number(struct str text, double *ret_number)
{
    char copy[40];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    size_t at = text.at[0] == '-';
    size_t whole = digits(text, at);
    if (whole == 0 || (whole > 1 && text.at[at] == '0'))
        return false;
    at += whole;
    if (at < text.len) {
        size_t fraction = text.at[at] == '.' ? digits(text, at + 1) : 0;
        if (fraction == 0 || at + 1 + fraction != text.len)
            return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *ret_number = strtod(copy, NULL);
    return true;
}

enum csv_money_answer csv_read_money(struct str text, const struct csv_money *money,
                                     int64_t *ret_minor)
{
    int decimals = money_decimals(money->currency);
    if (money_parse(text, decimals, false, ret_minor))
        return CSV_MONEY_READ;
    if (!money_parse(text, decimals, true, ret_minor))
        return CSV_MONEY_BAD;
    return money->assumed ? CSV_MONEY_OTHER_CURRENCY : CSV_MONEY_ROUNDED;
}

enum err csv_money_fail(struct str text, const struct csv_money *money, uint64_t line,
                        struct err_note *note)
{
    return err_fail(note, ERR_INPUT,
                    "line %llu: the amount %.*s has more decimals than %.*s, the currency that is "
                    "assumed; name the shop's own: --currency EUR",
                    (unsigned long long) line, STR_ARG(text), STR_ARG(money->currency));
}

/* ── instants ───────────────────────────────────────────────────────────────────────────── */

struct cursor {
    struct str rest;
    bool bad;
};

static int number(struct cursor *cursor, size_t width)
{
    int value = 0;
    if (digits(cursor->rest, 0) < width) {
        cursor->bad = true;
        return 0;
    }
    for (size_t i = 0; i < width; i++)
        value = value * 10 + (cursor->rest.at[i] - '0');
    cursor->rest.at += width;
    cursor->rest.len -= width;
    return value;
}

static bool skip(struct cursor *cursor, char c)
{
    if (cursor->rest.len == 0 || cursor->rest.at[0] != c)
        return false;
    cursor->rest.at++;
    cursor->rest.len--;
    return true;
}

static void want(struct cursor *cursor, char c)
{
    cursor->bad |= !skip(cursor, c);
}

static int64_t read_days(struct cursor *cursor)
{
    int year = number(cursor, 4);
    char between = cursor->rest.len && cursor->rest.at[0] == '/' ? '/' : '-';
    want(cursor, between);
    int month = number(cursor, 2);
    want(cursor, between);
    int day = number(cursor, 2);
    int64_t days = 0;
    cursor->bad |= !civil_days(year, month, day, &days);
    return days;
}

/* Microseconds into the day. */
static int64_t read_time(struct cursor *cursor)
{
    int hour = number(cursor, 2), second = 0, micros = 0;
    want(cursor, ':');
    int minute = number(cursor, 2);
    if (skip(cursor, ':')) {
        second = number(cursor, 2);
        if (skip(cursor, '.')) {
            size_t n = digits(cursor->rest, 0), kept = n < 6 ? n : 6;
            cursor->bad |= n == 0;
            micros = number(cursor, kept);
            for (size_t i = kept; i < 6; i++)
                micros *= 10;
            cursor->rest.at += n - kept;
            cursor->rest.len -= n - kept;
        }
    }
    cursor->bad |= hour > 23 || minute > 59 || second > 59;
    return ((hour * 60 + minute) * INT64_C(60) + second) * 1000000 + micros;
}

/* True with the offset from UTC in seconds when the text goes on with a zone. */
static bool read_offset(struct cursor *cursor, int64_t *ret_s)
{
    if (skip(cursor, 'Z') || skip(cursor, 'z')) {
        *ret_s = 0;
        return true;
    }
    bool west = skip(cursor, '-');
    if (!west && !skip(cursor, '+'))
        return false;
    int hours = number(cursor, 2);
    (void) skip(cursor, ':');
    int minutes = number(cursor, 2);
    cursor->bad |= hours > 14 || minutes > 59;
    *ret_s = (west ? -1 : 1) * (hours * 60 + minutes) * INT64_C(60);
    return true;
}

bool csv_read_instant(struct str text, const struct civil_zone *zone, int64_t *ret_us)
{
    struct cursor cursor = { .rest = text };
    int64_t day_s = read_days(&cursor) * 86400, time_us = 0, offset_s = 0;
    bool has_zone = false;
    if (cursor.rest.len && !cursor.bad) {
        cursor.bad = !skip(&cursor, 'T') && !skip(&cursor, ' ');
        time_us = read_time(&cursor);
        has_zone = read_offset(&cursor, &offset_s);
    }
    if (cursor.bad || cursor.rest.len)
        return false;
    int64_t local_s = day_s + time_us / 1000000, micros = time_us % 1000000;
    if (has_zone || !zone)
        *ret_us = (local_s - offset_s) * 1000000 + micros;
    else
        *ret_us = civil_instant_us(zone, local_s) + micros;
    return true;
}
