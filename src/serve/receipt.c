/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipt: `"explain": true`. Every rule of this trigger and placement with "shown", or why
 * not: the condition that failed, the value seen, the value wanted, and where it is written; or
 * the product, the rule, the count that stands in the way. Of a long list the first ones, those that
 * match, and how many there are more.
 */
#include "rules/receipt_words.h"
#include "rules/schedule.h"
#include "serve/decision.h"

static const struct str reason_words[RECEIPT_REASONS] = {
    [RECEIPT_SHOWN] = { "shown\"", 6 },
    [RECEIPT_SHADOW] = { "shadow\"", 7 },
    [RECEIPT_PAUSED] = { "paused\"", 7 },
    [RECEIPT_CONDITION] = { "condition_false\"", 16 },
    [RECEIPT_UNKNOWN] = { "condition_unknown\"", 18 },
    [RECEIPT_SCHEDULE] = { "off_schedule\"", 13 },
    [RECEIPT_NO_TRIGGER_ITEM] = { "no_trigger_item\"", 16 },
    [RECEIPT_NO_PRODUCT] = { "no_product\"", 11 },
    [RECEIPT_IN_CART] = { "in_cart\"", 8 },
    [RECEIPT_OUT_OF_STOCK] = { "out_of_stock\"", 13 },
    [RECEIPT_FLOOR] = { "below_floor\"", 12 },
    [RECEIPT_PROFIT] = { "profit_too_low\"", 15 },
    [RECEIPT_RELEVANCE] = { "relevance_too_low\"", 18 },
    [RECEIPT_THRESHOLD_REACHED] = { "threshold_reached\"", 18 },
    [RECEIPT_CAP] = { "cap_reached\"", 12 },
    [RECEIPT_POLICY] = { "policy_cap_reached\"", 19 },
    [RECEIPT_SILENT] = { "silent\"", 7 },
    [RECEIPT_STOPPED] = { "stopped_after_declines\"", 23 },
    [RECEIPT_PROFILE_MISSING] = { "profile_missing\"", 16 },
    [RECEIPT_GROUP] = { "group_full\"", 11 },
    [RECEIPT_SAME_PRODUCT] = { "same_product\"", 13 },
    [RECEIPT_SAME_KIND] = { "same_kind\"", 10 },
    [RECEIPT_TEXT_INCOMPLETE] = { "text_incomplete\"", 16 },
    [RECEIPT_NOT_AMONG_BEST] = { "not_among_best\"", 15 },
    [RECEIPT_ANSWER_FULL] = { "answer_full\"", 12 },
    [RECEIPT_DEADLINE] = { "deadline\"", 9 },
    [RECEIPT_BUDGET] = { "budget_used_up\"", 15 },
    [RECEIPT_BUDGET_MISSING] = { "budget_missing\"", 15 },
};

/* Those whose word says it all. */
static const uint32_t plain_reasons =
    1u << RECEIPT_SHOWN | 1u << RECEIPT_SHADOW | 1u << RECEIPT_PAUSED |
    1u << RECEIPT_NO_TRIGGER_ITEM | 1u << RECEIPT_NO_PRODUCT | 1u << RECEIPT_PROFILE_MISSING |
    1u << RECEIPT_TEXT_INCOMPLETE | 1u << RECEIPT_NOT_AMONG_BEST | 1u << RECEIPT_ANSWER_FULL |
    1u << RECEIPT_DEADLINE | 1u << RECEIPT_BUDGET_MISSING;

static char *put(char *to, struct str text)
{
    memcpy(to, text.at, text.len);
    return to + text.len;
}

/* There is room for all three, so that one of them may be a part of what @out holds. */
static void put_three(struct out *out, struct str a, struct str b, struct str c)
{
    char *end = put(put(put(out->at + out->len, a), b), c);
    out->len = (size_t) (end - out->at);
}

/* What does not depend on the request is ready; the value seen is put between. */
static void encode_condition(const struct considered *c, struct blame *blame)
{
    struct out *out = blame->out;
    const struct rule *rule = c->rule;
    uint32_t number = (uint32_t) (c->failed - rule->conditions);
    if (rule->words && c->reason == RECEIPT_CONDITION) { /* most often */
        const struct condition_words *words = &rule->words->conditions[number];
        const struct blame_text *shown = blame_shown(&c->hint);
        if (shown && out_reserve(out, words->asked.len + shown->len + words->wanted.len)) {
            put_three(out, words->asked, (struct str){ out->at + shown->at, shown->len },
                      words->wanted);
            return;
        }
        out_text(out, words->asked);
        blame_seen(blame, c->failed, MATCH_NO, &c->hint);
        out_text(out, words->wanted);
        return;
    }
    enum match_answer answer = c->reason == RECEIPT_UNKNOWN ? MATCH_UNKNOWN : MATCH_NO;
    receipt_write_asked(rule, number, answer, out);
    blame_seen(blame, c->failed, answer, &c->hint);
    receipt_write_wanted(rule, number, blame->decimals, blame->facts->attr_names, out);
}

static void encode_schedule(const struct decision *d, const struct rule *rule, struct out *out)
{
    out_text(out, STR(",\"key\":\"schedule\",\"seen\":\""));
    schedule_seen(&rule->schedule, d->now_us, out);
    out_text(out, STR("\",\"wanted\":\""));
    schedule_wanted(&rule->schedule, schedule_off(&rule->schedule, d->now_us), out);
    out_char(out, '"');
    receipt_write_place(rule->file, rule->schedule.line, out);
}

static void encode_numbers(struct out *out, int64_t seen, int64_t wanted)
{
    out_text(out, STR(",\"seen\":"));
    out_int(out, seen);
    out_text(out, STR(",\"wanted\":"));
    out_int(out, wanted);
}

static void encode_text(struct out *out, struct str opening, struct str text)
{
    out_text(out, opening);
    out_json_escaped(out, text);
    out_char(out, '"');
}

static void encode_product(const struct considered *c, struct out *out)
{
    encode_text(out, STR(",\"sku\":\""), c->product->sku);
}

static void encode_because_of(const struct considered *c, struct out *out)
{
    encode_text(out, STR(",\"because_of\":\""), c->because_of->id);
}

/* Without a cost there is no margin to hold against the floor. */
static void encode_floor(const struct considered *c, struct out *out)
{
    out_text(out, c->floor == SEEN_PRICE_MINOR ? STR(",\"key\":\"price_minor\"")
                                               : STR(",\"key\":\"margin_bp\""));
    if (c->floor != SEEN_NO_COST) {
        encode_numbers(out, c->seen, c->wanted);
        return;
    }
    out_text(out, STR(",\"seen\":null,\"wanted\":"));
    out_int(out, c->wanted);
}

static void encode_until(struct out *out, int64_t at_us)
{
    out_text(out, STR(",\"until\":\""));
    out_instant(out, at_us, false);
    out_char(out, '"');
}

/* Why this rule shows nothing, in the words and numbers of its reason. */
static void encode_why(const struct considered *c, struct out *out)
{
    switch (c->reason) {
    case RECEIPT_IN_CART: encode_product(c, out); break;
    case RECEIPT_OUT_OF_STOCK:
        encode_product(c, out);
        encode_numbers(out, c->seen, c->wanted);
        break;
    case RECEIPT_FLOOR:
        encode_product(c, out);
        encode_floor(c, out);
        break;
    case RECEIPT_PROFIT:
        encode_product(c, out);
        out_text(out, STR(",\"key\":\"expected_profit_minor\""));
        encode_numbers(out, c->seen, c->wanted);
        break;
    case RECEIPT_RELEVANCE:
        encode_product(c, out);
        out_text(out, STR(",\"key\":\"relevance_bp\""));
        encode_numbers(out, c->seen, c->wanted);
        break;
    case RECEIPT_THRESHOLD_REACHED:
    case RECEIPT_CAP:
    case RECEIPT_BUDGET:
    case RECEIPT_POLICY:
    case RECEIPT_STOPPED: encode_numbers(out, c->seen, c->wanted); break;
    case RECEIPT_SILENT:
        encode_because_of(c, out);
        encode_until(out, c->wanted);
        break;
    case RECEIPT_GROUP:
        encode_because_of(c, out);
        encode_numbers(out, c->seen, c->wanted);
        break;
    case RECEIPT_SAME_PRODUCT:
    case RECEIPT_SAME_KIND:
        encode_product(c, out);
        encode_because_of(c, out);
        break;
    default: break; /* plain_reasons */
    }
}

static void encode_rule(struct decision *d, const struct considered *c, struct out *out)
{
    const struct receipt_words *words = c->rule->words;
    if (c->failed) {
        encode_condition(c, d->match.blame);
        return;
    }
    struct str reason = reason_words[c->reason];
    if (words && plain_reasons >> c->reason & 1 &&
        out_reserve(out, words->opening.len + reason.len + words->closing.len)) {
        put_three(out, words->opening, reason, words->closing);
        return;
    }
    receipt_write_opening(c->rule, out);
    out_text(out, reason);
    if (c->reason == RECEIPT_SCHEDULE) {
        encode_schedule(d, c->rule, out);
        return;
    }
    encode_why(c, out);
    if ((c->reason == RECEIPT_CAP || c->reason == RECEIPT_POLICY) && c->cap)
        receipt_write_place(c->cap->file, c->cap->line, out);
    else
        receipt_write_closing(c->rule, out);
}

/* Those of a long list that are not told one by one. */
static void encode_more(const struct decision *d, struct out *out)
{
    out_text(out, STR(",{\"result\":\"more\",\"rules\":"));
    out_int(out, d->match.n_rules - d->match.n_told);
    out_char(out, '}');
}

/*
 * To show what a block saw its parts are asked again, expressions among them. Nothing is left out of
 * the answer when that takes too long, so it is not called degraded: parts are not shown.
 */
static bool has_time_to_tell(void *decision)
{
    const struct decision *d = decision;
    struct clock *clock = d->worker->serve->clock;
    return clock->mono_us(clock) < d->deadline_us;
}

/* Everything in it begins with a comma, the first of which is then the bracket. */
void receipt_encode(struct decision *d, struct out *out)
{
    const size_t begin = out->len;
    if (d->match.blame)
        d->match.blame->out = out;
    d->facts.has_time = has_time_to_tell;
    for (const struct considered *c = d->match.told; c; c = c->next_told)
        encode_rule(d, c, out);
    if (d->match.n_told < d->match.n_rules)
        encode_more(d, out);
    if (out->len == begin)
        out_char(out, '[');
    else
        out->at[begin] = '[';
    out_char(out, ']');
    out->comma = true;
}
