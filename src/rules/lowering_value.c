/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/lowering_parts.h"

bool lower_text(struct lowering *lowering, const struct doc_node *node, struct value *ret)
{
    if (!lowering_is_scalar(lowering, node))
        return false;
    *ret = value_string(arena_copy(lowering->arena, node->text));
    return ret->kind == VALUE_STRING || lowering_too_big(lowering, node);
}

/* 4 stars are 4.0, 2.0 pieces are 2: constants of the fact's own kind compare in CEL as well. */
static void fit_number(const struct subject *subject, struct value *value)
{
    bool is_double = !subject->term && subject->slot == FACT_ITEM_RATING;
    if (value->kind == VALUE_INT && is_double)
        *value = value_double((double) value->integer);
    else if (value->kind == VALUE_DOUBLE && !is_double && value->real > -0x1p52 &&
             value->real < 0x1p52 && value->real == (double) (int64_t) value->real)
        *value = value_int((int64_t) value->real);
}

bool lower_any_number(struct lowering *lowering, const struct doc_node *node, struct value *ret)
{
    int64_t integer;
    double real;

    if (node->kind == DOC_SCALAR && !node->quoted && str_to_int64(node->text, &integer)) {
        *ret = value_int(integer);
        return true;
    }
    if (!lower_number(lowering, node, &real))
        return false;
    *ret = value_double(real);
    return true;
}

static bool lower_consent(struct lowering *lowering, const struct doc_node *node, struct value *ret)
{
    static const char *const consents[] = { "personalization", "marketing", "profiling", NULL };

    if (!lower_text(lowering, node, ret))
        return false;
    for (size_t i = 0; consents[i]; i++)
        if (str_is(node->text, consents[i]))
            return true;
    lowering_guess(lowering, node->place, DIAG_VALUE_CONSENT, node->text, consents);
    return false;
}

bool looks_like_number(const struct doc_node *node)
{
    struct diags ignored = { 0 };
    struct lowering silent = { .diags = &ignored };
    double number;

    return node->kind == DOC_SCALAR && !node->quoted && lower_number(&silent, node, &number);
}

bool lower_value(struct lowering *lowering, const struct subject *subject,
                 const struct doc_node *node, struct value *ret)
{
    int64_t integer;
    int32_t bp;
    bool boolean;

    switch (subject->type) {
    case TYPE_BOOL:
        if (!lower_bool(lowering, node, &boolean))
            return false;
        *ret = value_bool(boolean);
        return true;
    case TYPE_MONEY:
        if (!lower_money(lowering, node, &integer))
            return false;
        *ret = value_int(integer);
        return true;
    case TYPE_PERCENT:
        if (!lower_percent(lowering, node, &bp))
            return false;
        *ret = value_int(bp);
        return true;
    case TYPE_NUMBER:
        if (!lower_any_number(lowering, node, ret))
            return false;
        fit_number(subject, ret);
        return true;
    case TYPE_WORDS:
        if (subject->slot == FACT_CUSTOMER_CONSENT)
            return lower_consent(lowering, node, ret);
        return lower_text(lowering, node, ret);
    case TYPE_ATTR:
        if (looks_like_number(node))
            return lower_any_number(lowering, node, ret);
        return lower_text(lowering, node, ret);
    case TYPE_STRING: return lower_text(lowering, node, ret);
    case TYPE_TIME:
    case TYPE_LIST: break;
    }
    return false; /* no matcher that takes a value fits them */
}
