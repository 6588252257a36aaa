/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encode: the best few -> the JSON answer, written straight into the arena. The fixed parts
 * are literals, as long as they can be; ids of rules, kinds and currencies are plain by their
 * grammar, SKUs are escaped here, and what the offer says came escaped from rank. took_us
 * stands last, so that it counts the writing too.
 */
#include <math.h>

#include "rules/words.h"
#include "serve/decision.h"
#include "shop/catalog.h"
#include "shop/offer_token.h"

enum {
    ANSWER_BYTES = 8192,
    RECEIPT_BYTES = 512,
    RECEIPTS = 64
}; /* of a usual answer; of one rule */

/* Xoroshiro128+ (Blackman, Vigna 2018): ids need to differ, not to be secret. */
static uint64_t next_random(struct serve_worker *worker)
{
    uint64_t a = worker->random[0], b = worker->random[1], sum = a + b;
    b ^= a;
    worker->random[0] = (a << 24 | a >> 40) ^ b ^ b << 16;
    worker->random[1] = b << 37 | b >> 27;
    return sum;
}

static char *hex(char *to, uint64_t value, int digits)
{
    for (int i = digits; i-- > 0;)
        *to++ = "0123456789abcdef"[value >> 4 * i & 15];
    return to;
}

/* UUID version 7 (RFC 9562): milliseconds first, so ids sort by time. */
static void make_decision_id(struct decision *d, char text[static 36])
{
    uint64_t ms = (uint64_t) (d->now_us / 1000), random = next_random(d->worker);
    char *p = hex(text, ms >> 16, 8);
    *p++ = '-';
    p = hex(p, ms, 4);
    *p++ = '-';
    p = hex(p, 0x7000 | (random & 0xfff), 4);
    *p++ = '-';
    p = hex(p, 0x8000 | (random >> 12 & 0x3fff), 4);
    *p++ = '-';
    p = hex(p, d->worker->id, 4);
    (void) hex(p, random >> 32, 8);
}

struct str decision_id(struct decision *d)
{
    if (d->encode.id[0] == '\0')
        make_decision_id(d, d->encode.id);
    return (struct str){ d->encode.id, sizeof d->encode.id };
}

static void int_member(struct out *out, struct str opening, int64_t value)
{
    out_text(out, opening);
    out_int(out, value);
}

/* The line that an upsell or a downsell stands in for, or NULL. */
static const struct cart_line *replaced(const struct decision *d, const struct found *f)
{
    return rule_swaps(f->from->rule) ? d->request.trigger_line : NULL;
}

bool decision_only_looks(const struct decision *d)
{
    if (!d->request.trigger_line || d->request.trigger == TRIGGER_ADD_TO_CART)
        return false;
    for (uint32_t i = 0; i < d->request.cart.n_lines; i++)
        if (d->request.trigger_line == &d->request.cart.lines[i])
            return false;
    return true;
}

/* What accepting takes out of the cart, or NULL. */
static const struct cart_line *removed(const struct decision *d, const struct found *f)
{
    return decision_only_looks(d) ? NULL : replaced(d, f);
}

/* The other half of a bundle when accepting has to put it into the cart as well, or NULL. */
static const struct cart_line *added_too(const struct decision *d, const struct found *f)
{
    return f->product && f->from->rule->with_trigger_item && decision_only_looks(d)
               ? d->request.trigger_line
               : NULL;
}

void decision_token(const struct decision *d, const struct found *f, struct offer_token *ret_token)
{
    const struct rule *rule = f->from->rule;
    const struct cart_line *line = removed(d, f), *too = added_too(d, f);
    ret_token->rule = rule->id;
    ret_token->variant = (struct str){ 0 };
    ret_token->group = rule->group;
    ret_token->customer_id = d->request.customer_id;
    ret_token->session_id = d->request.session_id;
    ret_token->kind = (int) rule->kind;
    ret_token->made_us = d->now_us;
    ret_token->replaces = line ? line->sku : (struct str){ 0 };
    ret_token->replaces_quantity = line ? line->quantity : 0;
    ret_token->n_items = 0;
    ret_token->relevance_bp = f->relevance > 0 ? (uint32_t) lrintf(f->relevance * 10000) : 0;
    ret_token->propensity_bp = f->propensity_bp;
    ret_token->redemptions = rule->budget.redemptions;
    if (f->product) {
        ret_token->items[0].sku = f->product->sku;
        ret_token->items[0].quantity = f->quantity;
        ret_token->n_items = 1;
    }
    if (too) {
        ret_token->items[1].sku = too->sku;
        ret_token->items[1].quantity = 1;
        ret_token->n_items = 2;
    }
}

static void encode_offer_id(struct decision *d, const struct found *f, struct str id,
                            struct out *out)
{
    struct offer_token token; /* large, and mostly not looked at */
    decision_token(d, f, &token);
    out_text(out, STR("{\"offer_id\":\""));
    offer_token_seal(&token, id, d->request.world->settings.token_key, out);
}

/* {"sku":"…","quantity":1} */
static void encode_line(struct out *out, struct str sku, int64_t quantity)
{
    out_text(out, STR("{\"sku\":\""));
    out_json_escaped(out, sku);
    int_member(out, STR("\",\"quantity\":"), quantity);
    out_char(out, '}');
}

static void encode_items(struct decision *d, uint32_t i, struct out *out)
{
    const struct found *f = &d->rank.best[i];
    struct str name = d->wordings[i].values.values[PLACE_OFFER_NAME];
    out_text(out, STR(",\"items\":["));
    if (f->product) {
        out_text(out, STR("{\"sku\":\""));
        out_json_escaped(out, f->product->sku);
        out_text(out, name.at ? STR("\",\"name\":\"") : STR("\",\"name\":null"));
        out_text(out, name);
        int_member(out, name.at ? STR("\",\"quantity\":") : STR(",\"quantity\":"), f->quantity);
        int_member(out, STR(",\"unit_price\":"), f->product->price_minor);
        out_char(out, '}');
    }
    const struct cart_line *line = replaced(d, f);
    if (line) {
        out_text(out, STR("],\"replaces\":"));
        encode_line(out, line->sku, line->quantity);
    } else {
        out_text(out, STR("],\"replaces\":null"));
    }
}

static void encode_price(struct decision *d, const struct found *f, struct out *out)
{
    out_text(out, STR(",\"price\":{\"currency\":\""));
    out_text(out, d->request.cart.currency);
    int_member(out, STR("\",\"now\":"), f->now_minor);
    int_member(out, STR(",\"was\":"), f->was_minor);
    int_member(out, STR(",\"gap\":"), f->gap_minor);
    int_member(out, STR(",\"saving\":"), f->was_minor - f->now_minor);
}

/* The exact change to the cart that accepting means. */
static void encode_apply(struct decision *d, const struct found *f, struct out *out)
{
    out_text(out, STR(",\"apply\":{\"add\":["));
    if (f->product)
        encode_line(out, f->product->sku, f->quantity);
    const struct cart_line *line = removed(d, f), *too = added_too(d, f);
    if (too) {
        out_char(out, ',');
        encode_line(out, too->sku, 1);
    }
    out_text(out, STR("],\"remove\":["));
    if (line)
        encode_line(out, line->sku, line->quantity);
}

static void encode_offer(struct decision *d, uint32_t i, struct str id, struct str expires_at,
                         struct out *out)
{
    const struct found *f = &d->rank.best[i];
    const struct rule *rule = f->from->rule;
    encode_offer_id(d, f, id, out);
    out_text(out, STR("\",\"rule\":\""));
    out_text(out, rule->id);
    out_text(out, STR("\",\"kind\":\""));
    out_text(out, str_of(words_kinds()[rule->kind]));
    out_text(out, STR("\",\"variant\":null,\"propensity\":"));
    out_share(out, f->propensity_bp);
    encode_items(d, i, out);
    encode_price(d, f, out);
    out_text(out, STR("},\"message\":"));
    wording_encode(&d->wordings[i], out);

    out_text(out, STR(",\"reasons\":"));
    reasons_encode(d, f, out);
    out_text(out, STR(",\"compare\":"));
    out->comma = false;
    compare_encode(d, rule_swaps(rule) ? d->facts.trigger : NULL, f->product, out);
    if (reasons_stock_is_low(f)) {
        int_member(out, STR(",\"scarcity\":{\"left\":"), f->product->stock);
        out_char(out, '}');
    } else {
        out_text(out, STR(",\"scarcity\":null"));
    }
    encode_apply(d, f, out);
    out_text(out, STR("],\"coupon\":null},\"expires_at\":\""));
    out_text(out, expires_at);
    out_text(out, STR("\"}"));
}

static void encode_degraded(struct decision *d, struct out *out)
{
    static const struct {
        uint32_t bit;
        struct str word;
    } words[DEGRADED_KINDS] = { { DEGRADED_PROFILE, { "\"profile\"", 9 } },
                                { DEGRADED_DEADLINE, { "\"deadline\"", 10 } },
                                { DEGRADED_BUDGET, { "\"budget\"", 8 } } };
    bool first = true;
    out_text(out, STR("\",\"degraded\":["));
    for (int i = 0; d->degraded && i < DEGRADED_KINDS; i++) {
        if (!(d->degraded & words[i].bit))
            continue;
        if (!first)
            out_char(out, ',');
        out_text(out, words[i].word);
        first = false;
    }
    out_char(out, ']');
}

enum err encode_run(struct decision *d)
{
    struct out out;
    size_t receipts =
        d->request.explain ? d->match.n_told < RECEIPTS ? d->match.n_told : RECEIPTS : 0;
    out_init(&out, d->arena, ANSWER_BYTES + receipts * RECEIPT_BYTES);

    struct str id = decision_id(d);
    struct out expires_at; /* the same for every offer */
    out_init(&expires_at, d->arena, 32);
    out_instant(&expires_at, d->now_us + d->request.world->settings.offer_lifetime_us, false);

    out_text(&out, STR("{\"decision_id\":\""));
    out_text(&out, id);
    out_text(&out, STR("\",\"ruleset\":\""));
    out_text(&out, ruleset_version(d->request.world->rules));
    encode_degraded(d, &out);
    out_text(&out, STR(",\"offers\":["));
    for (uint32_t i = 0; i < d->rank.n_best; i++) {
        if (i)
            out_char(&out, ',');
        encode_offer(d, i, id, out_str(&expires_at), &out);
    }
    out_char(&out, ']');
    if (d->request.explain) {
        out_text(&out, STR(",\"considered\":"));
        out.comma = false;
        receipt_encode(d, &out);
    }
    struct clock *clock = d->worker->serve->clock;
    int_member(&out, STR(",\"took_us\":"), clock->mono_us(clock) - d->started_us);
    out_char(&out, '}');

    if (out.failed || expires_at.failed)
        return decision_no_room(d);
    d->encode.answer = out_str(&out);
    return OK;
}
