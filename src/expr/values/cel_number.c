/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing: an integer and a double are compared by the double's whole part, which is an integer
 * exactly, then by what is left. Printing: 15, 16 or 17 digits are tried, the first that read back
 * the same are the shortest; numbers below the normal range have fewer, so there all lengths are
 * tried. snprintf and strtod follow the locale's decimal point, which is that of the C locale: no
 * part of the program sets LC_NUMERIC.
 */
#include "expr/values/cel_number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double two_63 = 9223372036854775808.0;
static const double two_64 = 18446744073709551616.0;

static int order_of_doubles(double a, double b)
{
    return (a > b) - (a < b);
}

static int order_int_double(int64_t i, double d)
{
    if (d >= two_63)
        return d == two_63 ? order_of_doubles((double) i, d) : -1;
    if (d < -two_63)
        return 1;
    int64_t whole = (int64_t) d;
    if (i != whole)
        return i < whole ? -1 : 1;
    return order_of_doubles((double) whole, d);
}

static int order_uint_double(uint64_t u, double d)
{
    if (d >= two_64)
        return d == two_64 ? order_of_doubles((double) u, d) : -1;
    if (d < 0)
        return 1;
    uint64_t whole = (uint64_t) d;
    if (u != whole)
        return u < whole ? -1 : 1;
    return order_of_doubles((double) whole, d);
}

static int order_int_uint(int64_t i, uint64_t u)
{
    return i < 0 ? -1 : ((uint64_t) i > u) - ((uint64_t) i < u);
}

/* @a is not a double, or both are. */
static int order_up(const struct cel_value *a, const struct cel_value *b)
{
    if (a->kind == CEL_INT) {
        if (b->kind == CEL_INT)
            return (a->integer > b->integer) - (a->integer < b->integer);
        return b->kind == CEL_UINT ? order_int_uint(a->integer, b->natural)
                                   : order_int_double(a->integer, b->real);
    }
    if (a->kind == CEL_UINT) {
        if (b->kind == CEL_UINT)
            return (a->natural > b->natural) - (a->natural < b->natural);
        return b->kind == CEL_INT ? -order_int_uint(b->integer, a->natural)
                                  : order_uint_double(a->natural, b->real);
    }
    return order_of_doubles(a->real, b->real);
}

bool cel_number_order(const struct cel_value *a, const struct cel_value *b, int *ret_order)
{
    if ((a->kind == CEL_DOUBLE && isnan(a->real)) || (b->kind == CEL_DOUBLE && isnan(b->real)))
        return false;
    bool turn = a->kind == CEL_DOUBLE && b->kind != CEL_DOUBLE;
    *ret_order = turn ? -order_up(b, a) : order_up(a, b);
    return true;
}

bool cel_double_to_int(double d, int64_t *ret_value)
{
    if (!(d >= -two_63 && d < two_63) || d != (double) (int64_t) d)
        return false;
    *ret_value = (int64_t) d;
    return true;
}

bool cel_double_to_uint(double d, uint64_t *ret_value)
{
    if (!(d >= 0 && d < two_64) || d != (double) (uint64_t) d)
        return false;
    *ret_value = (uint64_t) d;
    return true;
}

/* Digits without point, the first not zero, and the exponent of the first. */
struct digits {
    char at[20];
    int count, exponent;
};

/* "d.ddde+xx" taken apart, zeros at the end left out. */
static struct digits digits_of(const char *text)
{
    struct digits digits = { .count = 0 };
    for (; *text != 'e'; text++)
        if (*text != '.')
            digits.at[digits.count++] = *text;
    digits.exponent = atoi(text + 1);
    while (digits.count > 1 && digits.at[digits.count - 1] == '0')
        digits.count--;
    return digits;
}

static bool reads_back(const struct digits *digits, double d)
{
    char text[40];
    (void) snprintf(text, sizeof text, "%.*se%d", digits->count, digits->at,
                    digits->exponent - (digits->count - 1));
    return strtod(text, NULL) == d;
}

/* The next decimal of that many digits. */
static void step_up(struct digits *digits, int count)
{
    while (digits->count < count)
        digits->at[digits->count++] = '0';
    int i = count - 1;
    while (i >= 0 && digits->at[i] == '9')
        digits->at[i--] = '0';
    if (i >= 0) {
        digits->at[i]++;
    } else {
        digits->at[0] = '1';
        digits->exponent++;
    }
}

/*
 * @d is finite and above zero. Below a power of two doubles stand twice as close as above it, so
 * there the decimal nearest to it may be out of its reach while the next one up is not.
 */
static struct digits shortest(double d)
{
    int exponent;
    bool power_of_two = frexp(d, &exponent) == 0.5;
    struct digits digits = { .count = 0 };
    for (int count = d < DBL_MIN ? 1 : 15; count <= 17; count++) {
        char text[40];
        (void) snprintf(text, sizeof text, "%.*e", count - 1, d);
        digits = digits_of(text);
        if (count == 17 || reads_back(&digits, d))
            break;
        if (power_of_two) {
            step_up(&digits, count);
            if (reads_back(&digits, d))
                break;
        }
    }
    while (digits.count > 1 && digits.at[digits.count - 1] == '0')
        digits.count--;
    return digits;
}

static char *put(char *to, const char *at, int count)
{
    memcpy(to, at, (size_t) count);
    return to + count;
}

static char *put_zeros(char *to, int count)
{
    memset(to, '0', (size_t) count);
    return to + count;
}

struct str cel_double_text(double d, char buffer[CEL_DOUBLE_TEXT_BYTES])
{
    if (isnan(d))
        return STR("NaN");
    if (isinf(d))
        return d > 0 ? STR("+Inf") : STR("-Inf");
    char *to = buffer;
    if (signbit(d))
        *to++ = '-';
    if (d == 0) {
        *to++ = '0';
        return (struct str){ buffer, (size_t) (to - buffer) };
    }
    struct digits digits = shortest(fabs(d));
    if (digits.exponent < -4 || digits.exponent > 5) {
        *to++ = digits.at[0];
        if (digits.count > 1) {
            *to++ = '.';
            to = put(to, digits.at + 1, digits.count - 1);
        }
        to += snprintf(to, 8, "e%+03d", digits.exponent);
    } else if (digits.exponent < 0) {
        to = put(to, "0.", 2);
        to = put_zeros(to, -digits.exponent - 1);
        to = put(to, digits.at, digits.count);
    } else {
        int whole = digits.exponent + 1;
        int given = whole < digits.count ? whole : digits.count;
        to = put(to, digits.at, given);
        to = put_zeros(to, whole - given);
        if (digits.count > whole) {
            *to++ = '.';
            to = put(to, digits.at + whole, digits.count - whole);
        }
    }
    return (struct str){ buffer, (size_t) (to - buffer) };
}

void cel_double_print(double d, struct out *out)
{
    char buffer[CEL_DOUBLE_TEXT_BYTES];
    if (!isfinite(d)) {
        const char *name = isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity";
        out_printf(out, "double(\"%s\")", name);
        return;
    }
    struct str text = cel_double_text(d, buffer);
    out_text(out, text);
    if (!memchr(text.at, '.', text.len) && !memchr(text.at, 'e', text.len))
        out_text(out, STR(".0"));
}

static bool is_digit(char c, bool hex)
{
    return (c >= '0' && c <= '9') || (hex && ((c | 32) >= 'a' && (c | 32) <= 'f'));
}

/* "inf", "infinity", "nan"; a NaN has no sign. */
static bool parse_special(struct str text, double *ret_value)
{
    bool negative = text.len && text.at[0] == '-';
    bool sign = negative || (text.len && text.at[0] == '+');
    const char *name = text.at + sign;
    size_t len = text.len - sign;
    if ((len == 3 && strncasecmp(name, "inf", 3) == 0) ||
        (len == 8 && strncasecmp(name, "infinity", 8) == 0)) {
        *ret_value = negative ? -(double) INFINITY : (double) INFINITY;
        return true;
    }
    if (sign || len != 3 || strncasecmp(name, "nan", 3) != 0)
        return false;
    *ret_value = (double) NAN;
    return true;
}

/* Digits with at most one point, and underscores only between two digits; copied without those. */
static bool copy_mantissa(const char **at, const char *end, bool hex, char **to)
{
    bool point = false, digit = false;
    const char *p = *at;
    for (; p < end; p++) {
        if (is_digit(*p, hex)) {
            digit = true;
        } else if (*p == '_') {
            bool after = p > *at ? is_digit(p[-1], hex) : hex;
            if (!after || p + 1 == end || !is_digit(p[1], hex))
                return false;
            continue;
        } else if (*p == '.' && !point) {
            point = true;
        } else {
            break;
        }
        *(*to)++ = *p;
    }
    *at = p;
    return digit;
}

/* Digits, with underscores between two of them. */
static bool copy_exponent(const char **at, const char *end, char **to)
{
    const char *p = *at;
    for (; p < end; p++) {
        bool between = *p == '_' && p > *at && p[-1] != '_' && p + 1 < end && is_digit(p[1], false);
        if (is_digit(*p, false))
            *(*to)++ = *p;
        else if (!between)
            break;
    }
    bool some = p > *at;
    *at = p;
    return some;
}

bool cel_double_parse(struct str text, char *copy, double *ret_value)
{
    if (text.len == 0)
        return false;
    if (parse_special(text, ret_value))
        return true;
    const char *p = text.at, *end = text.at + text.len;
    char *to = copy;
    if (*p == '+' || *p == '-')
        *to++ = *p++;
    bool hex = end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x';
    if (hex) {
        to = put(to, p, 2);
        p += 2;
    }
    if (!copy_mantissa(&p, end, hex, &to))
        return false;
    if (p < end && (*p | 32) == (hex ? 'p' : 'e')) {
        *to++ = *p++;
        if (p < end && (*p == '+' || *p == '-'))
            *to++ = *p++;
        if (!copy_exponent(&p, end, &to))
            return false;
    } else if (hex) {
        return false;
    }
    *to = '\0';
    double value = strtod(copy, NULL);
    if (p != end || isinf(value))
        return false;
    *ret_value = value;
    return true;
}

bool cel_uint_parse(struct str text, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i], false) || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t) (text.at[i] - '0'), &value))
            return false;
    }
    if (text.len == 0)
        return false;
    *ret_value = value;
    return true;
}

bool cel_int_parse(struct str text, int64_t *ret_value)
{
    bool negative = text.len && text.at[0] == '-';
    bool sign = negative || (text.len && text.at[0] == '+');
    uint64_t value;
    if (!cel_uint_parse((struct str){ text.at + sign, text.len - sign }, &value) ||
        value > (uint64_t) INT64_MAX + negative)
        return false;
    *ret_value = negative ? (int64_t) (0 - value) : (int64_t) value;
    return true;
}
