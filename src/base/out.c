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
    (void) out_reserve(out, first_bytes);
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

void out_int(struct out *out, int64_t value)
{
    char digits[24], *end = digits + sizeof digits, *p = end;
    uint64_t left = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
    do {
        *--p = (char) ('0' + left % 10);
        left /= 10;
    } while (left);
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

void out_json_escaped(struct out *out, struct str piece)
{
    const char *from = piece.at, *end = piece.at + piece.len;
    while (from < end) {
        const char *stop = json_plain_end(from, end);
        out_bytes(out, from, (size_t) (stop - from));
        if (stop == end)
            return;
        escape(out, (unsigned char) *stop);
        from = stop + 1;
    }
}

static void quoted(struct out *out, struct str text)
{
    out_char(out, '"');
    if (text.len)
        out_json_escaped(out, text);
    out_char(out, '"');
}

void out_json_key(struct out *out, struct str key)
{
    comma(out);
    if (!out_reserve(out, key.len + 3))
        return;
    out_char(out, '"');
    out_text(out, key);
    out_bytes(out, "\":", 2);
    out->comma = false;
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

static void two_digits(char *at, int value)
{
    at[0] = (char) ('0' + value / 10 % 10);
    at[1] = (char) ('0' + value % 10);
}

/* Days since 1970-01-01 to a civil date: Howard Hinnant, "chrono-compatible low-level date algorithms". */
static void civil(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_day = (int) (doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (int) (mp < 10 ? mp + 3 : mp - 9);
    *ret_year = yoe + era * 400 + (*ret_month <= 2);
}

void out_instant(struct out *out, int64_t at_us, bool millis)
{
    int64_t seconds = at_us / 1000000, left_us = at_us % 1000000;
    if (left_us < 0) {
        seconds--;
        left_us += 1000000;
    }
    int64_t days = seconds / 86400, second = seconds % 86400, year;
    if (second < 0) {
        days--;
        second += 86400;
    }
    int month, day;
    civil(days, &year, &month, &day);
    char text[] = "0000-00-00T00:00:00.000Z";
    two_digits(text, (int) (year / 100));
    two_digits(text + 2, (int) (year % 100));
    two_digits(text + 5, month);
    two_digits(text + 8, day);
    two_digits(text + 11, (int) (second / 3600));
    two_digits(text + 14, (int) (second / 60 % 60));
    two_digits(text + 17, (int) (second % 60));
    text[20] = (char) ('0' + left_us / 100000);
    two_digits(text + 21, (int) (left_us / 1000));
    if (!millis)
        text[19] = 'Z';
    out_bytes(out, text, millis ? 24 : 20);
}
