/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "expr/library/cel_format_value.h"
#include "expr/library/cel_library.h"

/*
 * string.format(list): "%s is %.2f".format([x, y]). A clause is '%', a precision of %f and %e if
 * wanted (".3", at most 1000 digits), and a letter; "%%" is a percent sign. Clauses take the
 * elements one after the other; elements left over are no error, missing ones are. What a letter
 * prints:
 *
 *   %s  every kind (cel_format_value.h)              %d  int, uint, double, without exponent
 *   %f  int, uint, double; fixed point               %e  the same; mantissa and exponent
 *   %b  int, uint, bool; binary                      %o  int, uint; octal
 *   %x  int, uint; hexadecimal; string, bytes: two digits a byte     %X  the same in capitals
 *
 * Digits of a double are exact and halves of the exact value go to even, as snprintf does it in the
 * C locale.
 */
enum { FORMAT_DEFAULT_PRECISION = 6, FORMAT_MAX_PRECISION = 1000 };

struct clause {
    char letter;
    int precision;
    char quoted[6]; /* the letter, for an error */
};

static bool as_double(const struct cel_value *value, double *ret_real)
{
    *ret_real = value->kind == CEL_INT    ? (double) value->integer
                : value->kind == CEL_UINT ? (double) value->natural
                                          : value->real;
    return value->kind == CEL_INT || value->kind == CEL_UINT || value->kind == CEL_DOUBLE;
}

/* NULL: printed; else what the clause can be used on. */
static const char *put_float(struct out *out, const struct clause *clause,
                             const struct cel_value *value)
{
    char text[1400]; /* 309 digits, the point, 1000 digits */
    double real;
    if (!as_double(value, &real))
        return clause->letter == 'f'
                   ? "fixed-point clause can only be used on ints, uints, and doubles"
                   : "scientific clause can only be used on ints, uints, and doubles";
    if (!isfinite(real)) {
        cel_format_double(out, real);
        return NULL;
    }
    int len = clause->letter == 'f' ? snprintf(text, sizeof text, "%.*f", clause->precision, real)
                                    : snprintf(text, sizeof text, "%.*e", clause->precision, real);
    out_bytes(out, text, (size_t) len);
    return NULL;
}

static const char *put_decimal(struct out *out, const struct cel_value *value)
{
    if (value->kind == CEL_INT)
        out_int(out, value->integer);
    else if (value->kind == CEL_UINT)
        out_printf(out, "%" PRIu64, value->natural);
    else if (value->kind == CEL_DOUBLE)
        cel_format_double(out, value->real);
    else
        return "decimal clause can only be used on ints, uints, and doubles";
    return NULL;
}

/* An int or uint by @bits a digit; false for other kinds. */
static bool put_digits(struct out *out, const struct cel_value *value, unsigned bits,
                       const char *digits)
{
    char text[64];
    size_t at = sizeof text;
    if (value->kind != CEL_INT && value->kind != CEL_UINT)
        return false;
    bool negative = value->kind == CEL_INT && value->integer < 0;
    uint64_t rest = value->kind == CEL_UINT ? value->natural
                    : negative              ? 0 - (uint64_t) value->integer
                                            : (uint64_t) value->integer;
    do
        text[--at] = digits[rest & ((1u << bits) - 1)];
    while ((rest >>= bits) != 0);
    if (negative)
        out_char(out, '-');
    out_bytes(out, text + at, sizeof text - at);
    return true;
}

static const char *put_hex(struct out *out, const struct cel_value *value, const char *digits)
{
    if (put_digits(out, value, 4, digits))
        return NULL;
    if (value->kind != CEL_STRING && value->kind != CEL_BYTES)
        return "only ints, uints, bytes, and strings can be formatted as hex";
    struct str text = value->string;
    if (!out_reserve(out, 2 * text.len))
        return NULL;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char) text.at[i];
        out->at[out->len++] = digits[byte >> 4];
        out->at[out->len++] = digits[byte & 15];
    }
    return NULL;
}

static const char *put_clause(struct out *out, const struct clause *clause,
                              const struct cel_value *value)
{
    static const char low[] = "0123456789abcdef", high[] = "0123456789ABCDEF";
    switch (clause->letter) {
    case 'd': return put_decimal(out, value);
    case 'b':
        if (value->kind == CEL_BOOL)
            out_char(out, value->boolean ? '1' : '0');
        else if (!put_digits(out, value, 1, low))
            return "only ints, uints, and bools can be formatted as binary";
        return NULL;
    case 'o':
        return put_digits(out, value, 3, low) ? NULL
                                              : "octal clause can only be used on ints and uints";
    case 'x': return put_hex(out, value, low);
    case 'X': return put_hex(out, value, high);
    default: return put_float(out, clause, value);
    }
}

/* Reads what follows the '%' at @at, which moves behind it; a sentence when it is malformed. */
static const char *read_clause(struct str text, size_t *at, struct clause *ret)
{
    size_t i = *at;
    *ret = (struct clause){ .precision = FORMAT_DEFAULT_PRECISION };
    if (i < text.len && text.at[i] == '.') {
        size_t first = ++i;
        for (ret->precision = 0; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
            if (ret->precision <= FORMAT_MAX_PRECISION)
                ret->precision = ret->precision * 10 + text.at[i] - '0';
        if (i == text.len)
            return "could not find end of precision specifier";
        if (i == first)
            return "a precision needs digits";
        if (ret->precision > FORMAT_MAX_PRECISION)
            return "precision exceeds the maximum of 1000";
    }
    if (i == text.len)
        return "unexpected end of string";
    ret->letter = text.at[i++];
    *at = i;
    if (ret->letter > ' ' && ret->letter < 0x7F)
        memcpy(ret->quoted, (char[]){ ' ', '"', ret->letter, '"' }, 4);
    return ret->letter && strchr("sdfebxXo", ret->letter) ? NULL : "unrecognized formatting clause";
}

/* One clause with one value; a plain value means that all is well. */
static struct cel_value format_one(struct cel_run *run, struct out *out,
                                   const struct clause *clause, const struct cel_value *value)
{
    size_t before = out->len;
    if (!cel_is_plain(value))
        return *value;
    if (clause->letter == 's') {
        struct cel_value failed = cel_format_value(run, out, value);
        if (!cel_is_plain(&failed))
            return failed;
    } else {
        const char *wrong = put_clause(out, clause, value);
        if (wrong)
            return cel_fail(run, "error during formatting: %s, was given %.*s", wrong,
                            STR_ARG(cel_type_of(value)->name));
    }
    if (out->failed || !cel_charge_bytes(run, out->len - before))
        return cel_stop(run);
    return cel_null();
}

static struct cel_value format(struct cel_run *run, const struct cel_value *args, uint32_t n_args)
{
    struct str text = args[0].string;
    const struct cel_value *list = &args[1];
    struct clause clause;
    struct out out;
    uint32_t next = 0;
    size_t at = 0;
    (void) n_args;
    if (!cel_charge_bytes(run, text.len))
        return cel_stop(run);
    out_init(&out, run->arena, text.len + 16 * (size_t) list->list->count);
    while (at < text.len) {
        const char *percent = memchr(text.at + at, '%', text.len - at);
        size_t plain = percent ? (size_t) (percent - text.at) : text.len;
        out_bytes(&out, text.at + at, plain - at);
        at = plain + 1;
        if (!percent)
            break;
        if (at < text.len && text.at[at] == '%') {
            out_char(&out, '%');
            at++;
            continue;
        }
        if (next >= list->list->count)
            return cel_fail(run, "index %u out of range", (unsigned) next);
        const char *wrong = read_clause(text, &at, &clause);
        if (wrong)
            return cel_fail(run, "could not parse formatting clause: %s%s", wrong, clause.quoted);
        struct cel_value value = cel_list_at(list, next++);
        struct cel_value done = format_one(run, &out, &clause, &value);
        if (!cel_is_plain(&done))
            return done;
    }
    return out.failed ? cel_stop(run) : cel_string(out_str(&out));
}

const struct cel_definition *cel_library_format(void)
{
    static const struct cel_definition table[] = {
        { "string.format(list(dyn)) -> string", format, 1 },
        { 0 },
    };
    return table;
}
