/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipt: `"explain": true`. Every rule of this trigger and placement with "shown", or why
 * not: the condition that failed, the value seen, the value wanted, and where it is written; or
 * the product, the rule, the count that stands in the way.
 */
#include "serve/decision.h"

static const char *const reason_words[RECEIPT_REASONS] = {
    [RECEIPT_SHOWN] = "shown",
    [RECEIPT_SHADOW] = "shadow",
    [RECEIPT_PAUSED] = "paused",
    [RECEIPT_CONDITION] = "condition_false",
    [RECEIPT_UNKNOWN] = "condition_unknown",
    [RECEIPT_SCHEDULE] = "off_schedule",
    [RECEIPT_NO_TRIGGER_ITEM] = "no_trigger_item",
    [RECEIPT_NO_PRODUCT] = "no_product",
    [RECEIPT_IN_CART] = "in_cart",
    [RECEIPT_OUT_OF_STOCK] = "out_of_stock",
    [RECEIPT_FLOOR] = "below_floor",
    [RECEIPT_THRESHOLD_REACHED] = "threshold_reached",
    [RECEIPT_CAP] = "cap_reached",
    [RECEIPT_POLICY] = "policy_cap_reached",
    [RECEIPT_SILENT] = "silent",
    [RECEIPT_STOPPED] = "stopped_after_declines",
    [RECEIPT_PROFILE_MISSING] = "profile_missing",
    [RECEIPT_GROUP] = "group_full",
    [RECEIPT_SAME_PRODUCT] = "same_product",
    [RECEIPT_TEXT_INCOMPLETE] = "text_incomplete",
    [RECEIPT_NOT_AMONG_BEST] = "not_among_best",
    [RECEIPT_DEADLINE] = "deadline",
    [RECEIPT_BUDGET] = "budget_used_up",
    [RECEIPT_BUDGET_MISSING] = "budget_missing",
};

static void encode_condition(struct decision *d, const struct considered *c, struct out *out)
{
    struct out seen, wanted;
    out_init(&seen, d->arena, 64);
    out_init(&wanted, d->arena, 64);
    condition_explain(c->failed, &d->facts, &seen, &wanted);
    out_json_key(out, STR("condition"));
    out_json_str(out, c->failed->text);
    out_json_key(out, STR("key"));
    out_json_str(out, c->failed->key);
    out_json_key(out, STR("seen"));
    out_json_str(out, seen.len ? out_str(&seen) : (struct str){ 0 });
    out_json_key(out, STR("wanted"));
    out_json_str(out, wanted.len ? out_str(&wanted) : (struct str){ 0 });
}

static void encode_numbers(struct out *out, int64_t seen, int64_t wanted)
{
    out_json_key(out, STR("seen"));
    out_json_int(out, seen);
    out_json_key(out, STR("wanted"));
    out_json_int(out, wanted);
}

static void encode_product(const struct considered *c, struct out *out)
{
    out_json_key(out, STR("sku"));
    out_json_str(out, c->product->sku);
}

static void encode_because_of(const struct considered *c, struct out *out)
{
    out_json_key(out, STR("because_of"));
    out_json_str(out, c->because_of->id);
}

/* Without a cost there is no margin to hold against the floor. */
static void encode_floor(const struct considered *c, struct out *out)
{
    out_json_key(out, STR("key"));
    out_json_str(out, c->floor == SEEN_PRICE_MINOR ? STR("price_minor") : STR("margin_bp"));
    if (c->floor != SEEN_NO_COST) {
        encode_numbers(out, c->seen, c->wanted);
        return;
    }
    out_json_key(out, STR("seen"));
    out_json_null(out);
    out_json_key(out, STR("wanted"));
    out_json_int(out, c->wanted);
}

static void encode_instant(struct out *out, struct str key, int64_t at_us)
{
    out_json_key(out, key);
    out_char(out, '"');
    out_instant(out, at_us, false);
    out_char(out, '"');
    out->comma = true;
}

static void encode_place(struct out *out, struct str file, uint32_t line)
{
    out_json_key(out, STR("at"));
    out_char(out, '"');
    out_json_escaped(out, file);
    out_char(out, ':');
    out_int(out, line);
    out_char(out, '"');
    out->comma = true;
}

/* Why this rule shows nothing, in the words and numbers of its reason. */
static void encode_why(struct decision *d, const struct considered *c, struct out *out)
{
    switch (c->reason) {
    case RECEIPT_CONDITION:
    case RECEIPT_UNKNOWN:
        if (c->failed)
            encode_condition(d, c, out);
        break;
    case RECEIPT_SCHEDULE: encode_instant(out, STR("seen"), d->now_us); break;
    case RECEIPT_IN_CART: encode_product(c, out); break;
    case RECEIPT_OUT_OF_STOCK:
        encode_product(c, out);
        encode_numbers(out, c->seen, c->wanted);
        break;
    case RECEIPT_FLOOR:
        encode_product(c, out);
        encode_floor(c, out);
        break;
    case RECEIPT_THRESHOLD_REACHED:
    case RECEIPT_CAP:
    case RECEIPT_BUDGET:
    case RECEIPT_POLICY:
    case RECEIPT_STOPPED: encode_numbers(out, c->seen, c->wanted); break;
    case RECEIPT_SILENT:
        encode_because_of(c, out);
        encode_instant(out, STR("until"), c->wanted);
        break;
    case RECEIPT_GROUP:
        encode_because_of(c, out);
        encode_numbers(out, c->seen, c->wanted);
        break;
    case RECEIPT_SAME_PRODUCT:
        encode_product(c, out);
        encode_because_of(c, out);
        break;
    default: break; /* the word says it all */
    }
}

static void encode_rule(struct decision *d, const struct considered *c, struct out *out)
{
    out_json_open(out, '{');
    out_json_key(out, STR("rule"));
    out_json_str(out, c->rule->id);
    out_json_key(out, STR("result"));
    out_json_str(out, str_of(reason_words[c->reason]));
    encode_why(d, c, out);
    if ((c->reason == RECEIPT_CONDITION || c->reason == RECEIPT_UNKNOWN) && c->failed)
        encode_place(out, c->failed->file, c->failed->line);
    else if ((c->reason == RECEIPT_CAP || c->reason == RECEIPT_POLICY) && c->cap)
        encode_place(out, c->cap->file, c->cap->line);
    else
        encode_place(out, c->rule->file, c->rule->line);
    out_json_close(out, '}');
}

void receipt_encode(struct decision *d, struct out *out)
{
    out_json_open(out, '[');
    for (const struct considered *c = d->receipt; c; c = c->next)
        encode_rule(d, c, out);
    out_json_close(out, ']');
}
