/* SPDX-License-Identifier: Apache-2.0 */
#include "base/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_bytes.h"

void out_init(struct out *out, struct arena *arena, size_t first_bytes)
{
    *out = (struct out){ .arena = arena };
    if (!arena || !first_bytes) {
        (void) out_reserve(out, first_bytes);
        return;
    }
    out->at = arena_take_raw(arena, first_bytes);
    out->cap = out->at ? first_bytes : 0;
    out->failed = !out->at;
}

void out_deinit(struct out *out)
{
    if (!out->arena)
        free(out->at);
    *out = (struct out){ 0 };
}

/* Having failed, it holds no room at all, so that every writer comes here and goes away again. */
static bool fail(struct out *out)
{
    out->failed = true;
    out->cap = out->len;
    return false;
}

bool out_grow(struct out *out, size_t more_bytes)
{
    if (out->failed)
        return false;
    size_t cap = out->cap ? out->cap : 64;
    while (cap - out->len < more_bytes) {
        if (cap > SIZE_MAX / 2)
            return fail(out);
        cap *= 2;
    }
    void *at = out->arena ? arena_grow(out->arena, out->at, out->cap, cap) : realloc(out->at, cap);
    if (!at)
        return fail(out);
    out->at = at;
    out->cap = cap;
    return true;
}

/* Numbers are printed two digits at a time: half the divisions, and no copy of a buffer. */
static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

static void put_two(char *to, unsigned value)
{
    memcpy(to, two_digits + (size_t) 2 * value, 2);
}

/* Up to 9999, which most numbers of an answer are: without a loop. Answers how many digits. */
static size_t put_small(char *to, unsigned value)
{
    unsigned high = value / 100, low = value % 100;
    size_t n = 0;
    if (high >= 10) {
        put_two(to, high);
        n = 2;
    } else if (high > 0) {
        to[n++] = (char) ('0' + high);
    } else if (low < 10) {
        to[0] = (char) ('0' + low);
        return 1;
    }
    put_two(to + n, low);
    return n + 2;
}

void out_int(struct out *out, int64_t value)
{
    enum { SMALL_DIGITS = 4, SMALL = 10000 };
    if (value >= 0 && value < SMALL && out_reserve(out, SMALL_DIGITS)) {
        out->len += put_small(out->at + out->len, (unsigned) value);
        return;
    }
    char digits[24], *end = digits + sizeof digits, *p = end;
    uint64_t left = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
    for (; left >= 100; left /= 100)
        put_two(p -= 2, (unsigned) (left % 100));
    if (left >= 10)
        put_two(p -= 2, (unsigned) left);
    else
        *--p = (char) ('0' + left);
    if (value < 0)
        *--p = '-';
    out_bytes(out, p, (size_t) (end - p));
}

void out_share(struct out *out, uint32_t share_bp)
{
    uint32_t rest = share_bp % 10000, digit = 1000;
    out_int(out, share_bp / 10000);
    if (rest == 0)
        return;
    for (out_char(out, '.'); rest > 0; rest %= digit, digit /= 10)
        out_char(out, (char) ('0' + rest / digit));
}

void out_printf(struct out *out, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int need = vsnprintf(NULL, 0, fmt, ap);
    if (need >= 0 && out_reserve(out, (size_t) need + 1)) {
        (void) vsnprintf(out->at + out->len, (size_t) need + 1, fmt, again);
        out->len += (size_t) need;
    }
    va_end(again);
    va_end(ap);
}

static void comma(struct out *out)
{
    if (out->comma)
        out_char(out, ',');
    out->comma = true;
}

void out_json_open(struct out *out, char bracket)
{
    comma(out);
    out_char(out, bracket);
    out->comma = false;
}

void out_json_close(struct out *out, char bracket)
{
    out_char(out, bracket);
    out->comma = true;
}

static void escape(struct out *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char *short_form = c == '"'    ? "\\\""
                             : c == '\\' ? "\\\\"
                             : c == '\n' ? "\\n"
                             : c == '\r' ? "\\r"
                             : c == '\t' ? "\\t"
                                         : NULL;
    if (short_form)
        out_bytes(out, short_form, 2);
    else
        out_bytes(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
}

/* With escapes, or with more room to be found. */
static __attribute__((noinline)) void escape_slowly(struct out *out, const char *from, size_t len)
{
    for (const char *end = from + len; from < end;) {
        const char *stop = json_plain_end(from, end);
        out_bytes(out, from, (size_t) (stop - from));
        if (stop == end)
            return;
        escape(out, (unsigned char) *stop);
        from = stop + 1;
    }
}

void out_json_escaped(struct out *out, struct str piece)
{
    size_t plain = 0;
    if (__builtin_expect(piece.len <= out->cap - out->len, 1)) {
        plain = json_copy_plain(out->at + out->len, piece.at, piece.len);
        out->len += plain;
    }
    if (plain < piece.len)
        escape_slowly(out, piece.at + plain, piece.len - plain);
}

static void quoted(struct out *out, struct str text)
{
    out_char(out, '"');
    if (text.len)
        out_json_escaped(out, text);
    out_char(out, '"');
}

void out_json_str(struct out *out, struct str value)
{
    if (!value.at) {
        out_json_null(out);
        return;
    }
    comma(out);
    quoted(out, value);
}

void out_json_int(struct out *out, int64_t value)
{
    comma(out);
    out_int(out, value);
}

void out_json_bool(struct out *out, bool value)
{
    comma(out);
    out_text(out, value ? STR("true") : STR("false"));
}

void out_json_null(struct out *out)
{
    comma(out);
    out_text(out, STR("null"));
}

void out_json_raw(struct out *out, struct str json)
{
    comma(out);
    out_text(out, json);
}

/*
 * Days since 1970-01-01 to a civil date: Howard Hinnant, "chrono-compatible low-level date
 * algorithms", counted from so many eras of 400 years ago that no instant lies before: unsigned
 * 32-bit divisions by constants are multiplications.
 */
static void civil(int32_t days, int *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    enum { ERAS = 731, ERA_DAYS = 146097, DAYS_TO_1970 = 719468 };
    uint32_t since = (uint32_t) (days + DAYS_TO_1970 + ERAS * ERA_DAYS);
    uint32_t era = since / ERA_DAYS, doe = since % ERA_DAYS;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    *ret_day = doy - (153 * mp + 2) / 5 + 1;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    *ret_year = (int) (yoe + era * 400 + (*ret_month <= 2)) - ERAS * 400;
}

void out_instant(struct out *out, int64_t at_us, bool millis)
{
    enum { DAY_MS = 86400000 };
    int64_t at_ms = at_us / 1000 - (at_us % 1000 < 0);
    int32_t days = (int32_t) (at_ms / DAY_MS), left_ms = (int32_t) (at_ms % DAY_MS);
    if (left_ms < 0) {
        days--;
        left_ms += DAY_MS;
    }
    uint32_t ms = (uint32_t) left_ms, second = ms / 1000;
    unsigned month, day;
    int year;
    civil(days, &year, &month, &day);
    unsigned four = (unsigned) (year < 0 ? -year : year) % 10000; /* the form has no more digits */

    char text[] = "0000-00-00T00:00:00.000Z";
    put_two(text, four / 100);
    put_two(text + 2, four % 100);
    put_two(text + 5, month);
    put_two(text + 8, day);
    put_two(text + 11, second / 3600);
    put_two(text + 14, second / 60 % 60);
    put_two(text + 17, second % 60);
    text[20] = (char) ('0' + ms % 1000 / 100);
    put_two(text + 21, ms % 100);
    if (!millis)
        text[19] = 'Z';
    out_bytes(out, text, millis ? 24 : 20);
}
