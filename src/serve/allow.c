/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allow: possible offers -> permitted offers. Prices each, then refuses what is in the cart,
 * out of stock or below the floor; and asks once for each rule whether this customer's caps,
 * declines and silences permit it at all. When the profile could not be had, a rule with
 * limits, or one that a decline of another may silence, is not shown: nothing is exceeded and
 * nobody is pressed for want of knowing. But a rule whose author asks for nothing is: the day
 * that a decline of it is respected for is a default, and no word that it has to hold when
 * nothing can be known (docs/decisions/consent.md).
 */
#include "serve/decision.h"
#include "shop/catalog.h"
#include "shop/customer.h"
#include "shop/money.h"

static bool needs_memory(const struct decision *d, const struct considered *c)
{
    const struct rule *rule = c->rule;
    bool asks = rule->after_decline.present && !rule->after_decline.implied;
    return d->allow.policy_cap || d->request.world->may_be_silenced[c->number] || rule->n_caps ||
           asks || rule->after_accept.present || rule->stop_after_declines;
}

/* Would each cap on what is shown still allow the rule, had it been shown @times more? */
static bool would_allow(const struct decision *d, const struct rule *rule, uint32_t times)
{
    for (uint32_t i = 0; i < rule->n_caps; i++) {
        struct cap cap = rule->caps[i];
        if (cap.what != TOUCH_SHOWN)
            continue;
        struct rule one = { .id = rule->id, .schedule = rule->schedule, .caps = &cap, .n_caps = 1 };
        cap.max -= times;
        if (cap.max <= 0 ||
            caps_allow(&one, d->who.memory, session_mark(d->request.session_id), d->now_us)
                    .answer != CAPS_ALLOW)
            return false;
    }
    return true;
}

/* How many offers of an allowed rule one answer may hold. */
static uint32_t most_of(const struct decision *d, const struct rule *rule)
{
    uint32_t most = rule->pick.present ? rule->pick.limit : 1;
    if (most > d->request.limit)
        most = d->request.limit;
    if (d->request.customer_id.at)
        for (uint32_t n = 1; n < most; n++)
            if (!would_allow(d, rule, n))
                return n;
    return most;
}

/* Sets c->reason and c->matched = false when the customer's memory forbids the rule. */
static void ask_caps(struct decision *d, struct considered *c)
{
    c->caps_asked = true;
    if (d->who.profile_lost && needs_memory(d, c)) {
        c->reason = RECEIPT_PROFILE_MISSING;
        c->matched = false;
        return;
    }
    const struct silence_over *silence = silences_cover(d->allow.silences, c->rule);
    if (silence) {
        c->reason = RECEIPT_SILENT;
        c->because_of = silence->by;
        c->seen = d->now_us;
        c->wanted = silence->until_us;
        c->matched = false;
        return;
    }
    struct caps_verdict verdict = { .answer = CAPS_ALLOW };
    if (d->who.memory && d->who.memory->n_rules > 0)
        verdict =
            caps_allow(c->rule, d->who.memory, session_mark(d->request.session_id), d->now_us);
    if (verdict.answer == CAPS_ALLOW) {
        c->most = decision_is_full(d) ? 0 : most_of(d, c->rule);
        return;
    }
    c->reason = verdict.answer == CAPS_STOPPED ? RECEIPT_STOPPED : RECEIPT_CAP;
    c->cap = verdict.cap;
    c->seen = verdict.seen;
    c->wanted = verdict.wanted;
    c->matched = false;
}

static int64_t discount_of(const struct discount *discount, int64_t offered_minor,
                           int64_t partner_minor)
{
    int64_t base = discount->of == DISCOUNT_OF_BUNDLE         ? offered_minor + partner_minor
                   : discount->of == DISCOUNT_OF_TRIGGER_ITEM ? partner_minor
                                                              : offered_minor;
    int64_t off =
        discount->percent_bp ? money_share(base, discount->percent_bp) : discount->amount_minor;
    if (discount->max_minor && off > discount->max_minor)
        off = discount->max_minor;
    return off < base ? off : base;
}

/*
 * was: the things one by one; now: what the customer pays for them; gap: what the cart's
 * total rises by. A bundle holds one unit of the item in the cart and what was picked.
 */
static void price(const struct decision *d, struct found *f)
{
    const struct rule *rule = f->from->rule;
    if (!f->product) {
        f->was_minor = f->now_minor = rule->threshold_minor;
        f->gap_minor = rule->threshold_minor - d->request.cart.total_minor;
        return;
    }
    int64_t partner = rule->with_trigger_item && d->request.trigger_line
                          ? d->request.trigger_line->unit_price_minor
                          : 0;
    int64_t offered = f->product->price_minor * f->quantity;
    f->was_minor = offered + partner;
    f->now_minor = f->was_minor;
    if (rule->discount.present)
        f->now_minor -= discount_of(&rule->discount, offered, partner);
    f->gap_minor = f->now_minor - partner;
    if (rule_swaps(rule) && d->request.trigger_line)
        f->gap_minor -= d->request.trigger_line->unit_price_minor * f->quantity;
}

int64_t found_cost(const struct decision *d, const struct found *f)
{
    if (!f->product || f->product->cost_minor == COST_UNKNOWN)
        return COST_UNKNOWN;
    int64_t cost = f->product->cost_minor * f->quantity;
    if (!f->from->rule->with_trigger_item || !d->request.trigger_line)
        return cost;
    const struct product *partner = d->facts.trigger;
    return partner && partner->cost_minor != COST_UNKNOWN ? cost + partner->cost_minor
                                                          : COST_UNKNOWN;
}

/* A discount never sells below cost, even where no floor is written. Missing is unknown: no cost, no floor held. */
static bool above_floor(const struct decision *d, const struct found *f)
{
    struct considered *c = f->from;
    const struct rule *rule = c->rule;
    int32_t floor_bp = rule->floor_margin_bp;
    c->floor = SEEN_PRICE_MINOR;
    c->seen = f->now_minor;
    c->wanted = rule->floor_price_minor;
    if (rule->floor_price_minor && f->now_minor < rule->floor_price_minor)
        return false;
    int64_t cost = found_cost(d, f);
    c->floor = cost == COST_UNKNOWN ? SEEN_NO_COST : SEEN_MARGIN_BP;
    c->wanted = floor_bp;
    if (cost == COST_UNKNOWN)
        return floor_bp < 0;
    if (floor_bp < 0 && rule->discount.present)
        floor_bp = 0;
    if (floor_bp < 0)
        return true;
    __int128 gain_bp = (__int128) (f->now_minor - cost) * 10000;
    if (f->now_minor > 0 && gain_bp >= (__int128) floor_bp * f->now_minor)
        return true;
    __int128 margin_bp = f->now_minor > 0 ? gain_bp / f->now_minor : INT64_MIN;
    c->seen = margin_bp > INT64_MIN ? (int64_t) margin_bp : INT64_MIN;
    c->wanted = floor_bp;
    return false;
}

static bool in_cart(const struct decision *d, const struct found *f)
{
    for (uint32_t i = 0; i < d->request.cart.n_lines; i++)
        if (d->request.cart.lines[i].product == f->number)
            return true;
    return d->request.trigger_line && d->request.trigger_line->product == f->number;
}

static enum receipt_reason refuse(const struct decision *d, const struct found *f)
{
    const struct rule *rule = f->from->rule;
    if (rule->threshold_minor && d->request.cart.total_minor >= rule->threshold_minor) {
        f->from->seen = d->request.cart.total_minor;
        f->from->wanted = rule->threshold_minor;
        return RECEIPT_THRESHOLD_REACHED;
    }
    if (!f->product)
        return RECEIPT_SHOWN;
    if (in_cart(d, f))
        return RECEIPT_IN_CART;
    if (f->product->stock != STOCK_UNKNOWN && f->product->stock < f->quantity) {
        f->from->seen = f->product->stock;
        f->from->wanted = f->quantity;
        return RECEIPT_OUT_OF_STOCK;
    }
    if ((rule->with_trigger_item || rule_swaps(rule)) && !d->request.trigger_line)
        return RECEIPT_NO_TRIGGER_ITEM;
    return above_floor(d, f) ? RECEIPT_SHOWN : RECEIPT_FLOOR;
}

/* What the caps over all rules leave for this answer; a guest has no memory, so nothing is used up. */
static void gather_policy(struct decision *d)
{
    uint32_t n;
    const struct cap *caps = ruleset_policy(d->request.world->rules, &n);
    d->allow.policy_left = INT64_MAX;
    for (uint32_t i = 0; i < n && d->request.customer_id.at; i++) {
        int64_t left =
            caps[i].max - caps_used(&caps[i], ruleset_zone(d->request.world->rules), d->who.memory,
                                    session_mark(d->request.session_id), d->now_us);
        if (left >= d->allow.policy_left)
            continue;
        d->allow.policy_left = left > 0 ? left : 0;
        d->allow.policy_cap = &caps[i];
    }
}

static enum err gather_memory(struct decision *d)
{
    d->allow.silences = arena_take_raw(d->arena, sizeof *d->allow.silences);
    if (!d->allow.silences)
        return decision_no_room(d);
    silences_gather(d->request.world->rules, d->who.memory, d->now_us, d->allow.silences);
    gather_policy(d);
    return OK;
}

bool allow_rule(struct decision *d, struct considered *rule)
{
    if (!rule->caps_asked)
        ask_caps(d, rule);
    return rule->matched;
}

enum err allow_run(struct decision *d)
{
    if (!d->allow.silences)
        TRY(gather_memory(d));
    for (uint32_t i = 0; i < d->pick.n_found; i++) {
        struct found *f = &d->pick.found[i];
        if (!f->from->caps_asked)
            ask_caps(d, f->from);
        if (!f->from->matched)
            continue;
        price(d, f);
        enum receipt_reason reason = refuse(d, f);
        f->allowed = reason == RECEIPT_SHOWN;
        if (f->allowed)
            continue;
        f->from->reason = reason;
        f->from->product = f->product;
    }
    return OK;
}
