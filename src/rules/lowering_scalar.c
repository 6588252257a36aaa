/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering: scalars
 *
 * A scalar is text until somebody knows what it should be; here it becomes that or a diag that
 * says how to write it. Strict: what reads like two things is refused.
 */
#include <stdio.h>

#include "rules/lowering_parts.h"
#include "shop/money.h"

enum { PERCENT_MAX = 100, DURATION_MAX_DAYS = 36500 };
#define SECOND_US INT64_C(1000000)

/* What the node says, for a message: whatever stands in for a scalar that is none. */
static struct str text_of(const struct doc_node *node)
{
    return node->kind == DOC_SCALAR ? node->text : str_of(doc_kind_name(node));
}

static struct str name_of(const struct doc_node *node)
{
    return node->key.at ? node->key : text_of(node);
}

bool lowering_is_scalar(struct lowering *lowering, const struct doc_node *node)
{
    if (node->kind != DOC_SCALAR) {
        lowering_fault(lowering, node->place, DIAG_VALUE_SCALAR, name_of(node), nothing(),
                       nothing());
        return false;
    }
    bool is_null = !node->quoted &&
                   (node->text.len == 0 || str_is(node->text, "~") || str_is(node->text, "null") ||
                    str_is(node->text, "Null") || str_is(node->text, "NULL"));
    if (is_null || node->text.len == 0)
        lowering_fault(lowering, node->key.at ? node->key_place : node->place, DIAG_VALUE_MISSING,
                       name_of(node), nothing(), nothing());
    return !is_null && node->text.len > 0;
}

static bool fail(struct lowering *lowering, const struct doc_node *node, enum diag_code code,
                 struct str arg1, struct str arg2)
{
    lowering_fault(lowering, node->place, code, text_of(node), arg1, arg2);
    return false;
}

bool lower_bool(struct lowering *lowering, const struct doc_node *node, bool *ret_value)
{
    if (!lowering_is_scalar(lowering, node))
        return false;
    bool is_true = str_is(node->text, "true");
    if (node->quoted || (!is_true && !str_is(node->text, "false")))
        return fail(lowering, node, DIAG_VALUE_BOOL, nothing(), nothing());
    *ret_value = is_true;
    return true;
}

bool lower_money(struct lowering *lowering, const struct doc_node *node, int64_t *ret_minor)
{
    int64_t rounded;
    char digits[12];

    if (!lowering_is_scalar(lowering, node))
        return false;
    if (!node->quoted && money_parse(node->text, lowering->decimals, false, ret_minor))
        return true;
    if (!node->quoted && money_parse(node->text, lowering->decimals, true, &rounded)) {
        snprintf(digits, sizeof digits, "%d", lowering->decimals);
        return fail(lowering, node, DIAG_VALUE_MONEY_DECIMALS, str_of(digits), nothing());
    }
    return fail(lowering, node, DIAG_VALUE_MONEY,
                lowering->decimals > 0 ? STR("19.99") : STR("8000"), nothing());
}

/* A plain decimal number of at most @decimals decimals, as so many hundredths, thousandths … */
static bool parse_scaled(struct str text, int decimals, int64_t *ret_scaled)
{
    return money_parse(text, decimals, false, ret_scaled);
}

bool lower_percent(struct lowering *lowering, const struct doc_node *node, int32_t *ret_bp)
{
    int64_t bp;

    if (!lowering_is_scalar(lowering, node))
        return false;
    struct str text = node->text;
    if (!str_ends_with(text, STR("%"))) {
        bool is_number = parse_scaled(text, 2, &bp);
        return fail(lowering, node, is_number ? DIAG_VALUE_PERCENT_SIGN : DIAG_VALUE_PERCENT,
                    nothing(), nothing());
    }
    text.len--;
    if (!parse_scaled(text, 2, &bp) || bp > PERCENT_MAX * 100)
        return fail(lowering, node, DIAG_VALUE_PERCENT, nothing(), nothing());
    *ret_bp = (int32_t) bp;
    return true;
}

static int64_t unit_us(char letter)
{
    switch (letter) {
    case 's': return SECOND_US;
    case 'm': return 60 * SECOND_US;
    case 'h': return 3600 * SECOND_US;
    case 'd': return 86400 * SECOND_US;
    default: return 0;
    }
}

bool lower_duration(struct lowering *lowering, const struct doc_node *node, int64_t *ret_us)
{
    int64_t number;

    if (!lowering_is_scalar(lowering, node))
        return false;
    struct str text = node->text;
    int64_t unit = unit_us(text.at[--text.len]);
    if (unit == 0 || !str_to_int64(text, &number) || number < 1 || text.at[0] == '0' ||
        number > DURATION_MAX_DAYS * unit_us('d') / unit)
        return fail(lowering, node, DIAG_VALUE_DURATION, nothing(), nothing());
    *ret_us = number * unit;
    return true;
}

/* "-12.5": at most 15 digits, so that the double is the nearest to what was written. */
static bool parse_number(struct str text, double *ret_number)
{
    static const double powers[] = { 1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
    bool negative = text.len > 0 && text.at[0] == '-';
    int64_t digits = 0;
    int n = 0, decimals = -1;

    for (size_t i = negative; i < text.len; i++) {
        char c = text.at[i];
        if (c == '.' && decimals < 0 && i > negative && i + 1 < text.len) {
            decimals = 0;
            continue;
        }
        if (c < '0' || c > '9' || n == 15)
            return false;
        digits = digits * 10 + (c - '0');
        n++;
        decimals += decimals >= 0;
    }
    if (n == 0)
        return false;
    double number = (double) digits / powers[decimals > 0 ? decimals : 0];
    *ret_number = negative ? -number : number;
    return true;
}

bool lower_number(struct lowering *lowering, const struct doc_node *node, double *ret_number)
{
    if (!lowering_is_scalar(lowering, node))
        return false;
    if (node->quoted || !parse_number(node->text, ret_number))
        return fail(lowering, node, DIAG_VALUE_NUMBER, nothing(), nothing());
    return true;
}

bool lower_int(struct lowering *lowering, const struct doc_node *node, int64_t min, int64_t max,
               int64_t *ret_value)
{
    int64_t value;
    char low[24], high[24];

    if (!lowering_is_scalar(lowering, node))
        return false;
    if (node->quoted || !str_to_int64(node->text, &value) || value < min || value > max) {
        snprintf(low, sizeof low, "%lld", (long long) min);
        snprintf(high, sizeof high, "%lld", (long long) max);
        return fail(lowering, node, DIAG_VALUE_INT, str_of(low), str_of(high));
    }
    *ret_value = value;
    return true;
}
