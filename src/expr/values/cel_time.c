/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instants and spans. Arithmetic is done in 128 bits of nanoseconds and looked at once, at the end:
 * nothing in between can overflow.
 */
#include "expr/values/cel_time.h"

#include <string.h>

#include "expr/values/cel_civil.h"

static const int64_t first_second = -62135596800, last_second = 253402300799;

static __int128 nanos_of(const struct cel_value *value)
{
    return (__int128) value->integer * CEL_SECOND_NANOS + value->nanos;
}

static int64_t whole_seconds(__int128 nanos)
{
    return (int64_t) (nanos / CEL_SECOND_NANOS - (nanos % CEL_SECOND_NANOS < 0));
}

static bool timestamp_of(__int128 nanos, struct cel_value *ret_timestamp)
{
    if (nanos < (__int128) first_second * CEL_SECOND_NANOS ||
        nanos >= (__int128) (last_second + 1) * CEL_SECOND_NANOS)
        return false;
    int64_t seconds = whole_seconds(nanos);
    *ret_timestamp =
        cel_timestamp(seconds, (uint32_t) (nanos - (__int128) seconds * CEL_SECOND_NANOS));
    return true;
}

static bool duration_of(__int128 nanos, struct cel_value *ret_duration)
{
    if (nanos < INT64_MIN || nanos > INT64_MAX)
        return false;
    *ret_duration = cel_duration_of_nanos((int64_t) nanos);
    return true;
}

bool cel_timestamp_of(int64_t seconds, int64_t nanos, struct cel_value *ret_timestamp)
{
    return timestamp_of((__int128) seconds * CEL_SECOND_NANOS + nanos, ret_timestamp);
}

struct cel_value cel_duration_of_nanos(int64_t nanos)
{
    int64_t seconds = whole_seconds(nanos);
    return cel_duration(seconds, (uint32_t) (nanos - (__int128) seconds * CEL_SECOND_NANOS));
}

bool cel_duration_nanos(const struct cel_value *duration, int64_t *ret_nanos)
{
    __int128 nanos = nanos_of(duration);
    if (nanos < INT64_MIN || nanos > INT64_MAX)
        return false;
    *ret_nanos = (int64_t) nanos;
    return true;
}

bool cel_time_add(const struct cel_value *a, const struct cel_value *b, struct cel_value *ret_sum)
{
    __int128 sum = nanos_of(a) + nanos_of(b);
    return a->kind == CEL_DURATION && b->kind == CEL_DURATION ? duration_of(sum, ret_sum)
                                                              : timestamp_of(sum, ret_sum);
}

bool cel_time_sub(const struct cel_value *a, const struct cel_value *b,
                  struct cel_value *ret_difference)
{
    __int128 difference = nanos_of(a) - nanos_of(b);
    return a->kind == b->kind ? duration_of(difference, ret_difference)
                              : timestamp_of(difference, ret_difference);
}

/* A text that is eaten from its front. */
struct scan {
    const char *at, *end;
};

static bool scan_char(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool scan_digit(struct scan *scan, int32_t *ret_digit)
{
    if (scan->at == scan->end || *scan->at < '0' || *scan->at > '9')
        return false;
    *ret_digit = *scan->at++ - '0';
    return true;
}

/* Exactly @count digits, at most @max. */
static bool scan_number(struct scan *scan, int count, int32_t max, int32_t *ret_number)
{
    int32_t number = 0, digit;
    for (int i = 0; i < count; i++) {
        if (!scan_digit(scan, &digit))
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return number <= max;
}

/* "+01:00" or "Z". */
static bool scan_offset(struct scan *scan, int32_t *ret_offset_s)
{
    int32_t hours, minutes;
    if (scan_char(scan, 'Z') || scan_char(scan, 'z')) {
        *ret_offset_s = 0;
        return true;
    }
    bool west = scan_char(scan, '-');
    if ((!west && !scan_char(scan, '+')) || !scan_number(scan, 2, 23, &hours) ||
        !scan_char(scan, ':') || !scan_number(scan, 2, 59, &minutes))
        return false;
    int32_t offset = hours * 3600 + minutes * 60;
    *ret_offset_s = west ? -offset : offset;
    return true;
}

bool cel_timestamp_parse(struct str text, struct cel_value *ret_timestamp)
{
    struct scan scan = { text.at, text.at + text.len };
    int32_t year, month, day, hour, minute, second, offset_s, digit;
    if (!scan_number(&scan, 4, 9999, &year) || !scan_char(&scan, '-') ||
        !scan_number(&scan, 2, 12, &month) || !scan_char(&scan, '-') ||
        !scan_number(&scan, 2, 31, &day) || (!scan_char(&scan, 'T') && !scan_char(&scan, 't')) ||
        !scan_number(&scan, 2, 23, &hour) || !scan_char(&scan, ':') ||
        !scan_number(&scan, 2, 59, &minute) || !scan_char(&scan, ':') ||
        !scan_number(&scan, 2, 59, &second))
        return false;
    int64_t nanos = 0;
    if (scan_char(&scan, '.')) {
        int32_t place = CEL_SECOND_NANOS / 10;
        if (scan.at == scan.end || *scan.at < '0' || *scan.at > '9')
            return false;
        for (; scan_digit(&scan, &digit); place /= 10)
            nanos += (int64_t) digit * place;
    }
    if (!scan_offset(&scan, &offset_s) || scan.at != scan.end || month < 1 || day < 1 ||
        day > cel_civil_month_days(year, month))
        return false;
    int64_t days = cel_civil_days(year, month, day);
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset_s;
    return cel_timestamp_of(seconds, nanos, ret_timestamp);
}

/* The longest that matches comes first. Both signs for micro: U+00B5 and the Greek letter. */
static const struct {
    const char *name;
    int64_t nanos;
} units[] = {
    { "ns", 1 },       { "us", 1000 },      { "\xc2\xb5s", 1000 }, { "\xce\xbcs", 1000 },
    { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 },  { "h", 3600000000000 },
};

static bool scan_unit(struct scan *scan, int64_t *ret_nanos)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t len = strlen(units[i].name);
        if ((size_t) (scan->end - scan->at) >= len && memcmp(scan->at, units[i].name, len) == 0) {
            scan->at += len;
            *ret_nanos = units[i].nanos;
            return true;
        }
    }
    return false;
}

/* "2.5s": a piece of a duration. Adds to *nanos; what does not fit makes it fail. */
static bool scan_piece(struct scan *scan, __int128 *nanos)
{
    __int128 number = 0, part = 0, scale = 1;
    int64_t unit;
    int32_t digit, n_digits = 0;
    for (; scan_digit(scan, &digit); n_digits++)
        if ((number = number * 10 + digit) > UINT64_MAX)
            return false;
    if (scan_char(scan, '.')) {
        for (; scan_digit(scan, &digit); n_digits++) {
            if (scale < 1000000000000000000) { /* an hour's ninth digit of nanoseconds, and more */
                part = part * 10 + digit;
                scale *= 10;
            }
        }
    }
    if (n_digits == 0 || !scan_unit(scan, &unit))
        return false;
    *nanos += number * unit + part * unit / scale;
    return *nanos <= (__int128) INT64_MAX + 1;
}

bool cel_duration_parse(struct str text, struct cel_value *ret_duration)
{
    struct scan scan = { text.at, text.at + text.len };
    bool negative = scan_char(&scan, '-');
    if (!negative)
        (void) scan_char(&scan, '+');
    __int128 nanos = 0;
    bool zero = scan.end - scan.at == 1 && *scan.at == '0';
    if (!zero) {
        do {
            if (!scan_piece(&scan, &nanos))
                return false;
        } while (scan.at < scan.end);
    }
    return duration_of(negative ? -nanos : nanos, ret_duration);
}

/* ".5", ".000000001", or nothing. */
static void print_fraction(uint32_t nanos, struct out *out)
{
    char digits[10] = ".";
    int count = 0;
    for (uint32_t place = CEL_SECOND_NANOS / 10; nanos; place /= 10) {
        digits[++count] = (char) ('0' + nanos / place);
        nanos %= place;
    }
    if (count)
        out_bytes(out, digits, (size_t) count + 1);
}

void cel_timestamp_print(const struct cel_value *timestamp, struct out *out)
{
    struct cel_civil c = cel_civil_of(timestamp->integer);
    out_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
               c.second);
    print_fraction(timestamp->nanos, out);
    out_char(out, 'Z');
}

void cel_duration_print(const struct cel_value *duration, struct out *out)
{
    int64_t seconds = duration->integer;
    uint32_t nanos = duration->nanos;
    if (seconds < 0 && nanos) {
        seconds++;
        nanos = CEL_SECOND_NANOS - nanos;
        if (seconds == 0)
            out_char(out, '-');
    }
    out_int(out, seconds);
    print_fraction(nanos, out);
    out_char(out, 's');
}

bool cel_zone_parse(struct str text, int32_t *ret_offset_s)
{
    if (text.len == 0 || str_is(text, "UTC")) {
        *ret_offset_s = 0;
        return true;
    }
    struct scan scan = { text.at, text.at + text.len };
    int32_t hours, minutes;
    bool west = scan_char(&scan, '-');
    if (!west)
        (void) scan_char(&scan, '+');
    if (!scan_number(&scan, 2, 23, &hours) || !scan_char(&scan, ':') ||
        !scan_number(&scan, 2, 59, &minutes) || scan.at != scan.end)
        return false;
    int32_t offset = hours * 3600 + minutes * 60;
    *ret_offset_s = west ? -offset : offset;
    return true;
}
