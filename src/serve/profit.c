/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profit: what showing an offer is expected to earn. The acceptance times what an accepted offer
 * brings: the margin of what is offered at its full price, less the discount, less the margin of
 * what it replaces; and less the discount once more for those who would have bought it at the full
 * price anyway: as many as the orders with the item that held it, the evidence of bought together.
 *
 *     p * (margin - discount - replaced) - min(p, bought anyway) * discount
 *
 * While p is a guess, comparing with it says nothing: then bought anyway is the share of
 * those who accept. In minor units. Where a cost is not known, the shop's usual margin share
 * stands in for it (world/chances.h). A customer who was shown a rule's offers and took none
 * is less likely to take the next: p is divided by 1 + n / 5. That chooses between offers, so it
 * asks for consent, as all that is known of a person does (docs/decisions/consent.md).
 */
#include <math.h>

#include "model/odds.h"
#include "serve/decision.h"
#include "shop/catalog.h"
#include "shop/customer.h"
#include "world/chances.h"

enum { HALVED_AFTER_SHOWN = 5 };

/* How much of the acceptance is left for this customer: 1 for whom it was not shown, or who did not consent. */
static double freshness(const struct decision *d, struct considered *c)
{
    if (c->freshness > 0)
        return c->freshness;
    const struct rule_memory *memory =
        d->who.person ? profile_rule(d->who.person, c->rule->id) : NULL;
    uint32_t shown = memory ? memory->totals[TOUCH_SHOWN] : 0;
    uint32_t taken = memory ? memory->totals[TOUCH_ACCEPTED] : 0;
    uint32_t in_vain = shown > taken ? shown - taken : 0;
    c->freshness = HALVED_AFTER_SHOWN / (HALVED_AFTER_SHOWN + (float) in_vain);
    return c->freshness;
}

/* *known turns false when the cost had to be guessed. */
static double margin(const struct decision *d, const struct product *product, int64_t price_minor,
                     int64_t quantity, bool *known)
{
    if (product && product->cost_minor != COST_UNKNOWN)
        return (double) (price_minor - product->cost_minor) * (double) quantity;
    *known = false;
    return d->request.world->chances->margin_share * (double) price_minor * (double) quantity;
}

/*
 * What an accepted one brings at its full price. A downsell
 * replaces what would be lost: nothing is taken off.
 */
static double full_gain(const struct decision *d, const struct found *f, bool *known)
{
    const struct rule *rule = f->from->rule;
    const struct cart_line *trigger = d->request.trigger_line;
    if (!f->product)
        return margin(d, NULL, f->gap_minor, 1, known);
    double gain = margin(d, f->product, f->product->price_minor, f->quantity, known);
    if (rule->with_trigger_item && decision_only_looks(d))
        gain += margin(d, d->facts.trigger, trigger->unit_price_minor, 1, known);
    if (rule->kind == KIND_UPSELL && trigger)
        gain -= margin(d, d->facts.trigger, trigger->unit_price_minor, f->quantity, known);
    return gain;
}

void profit_rate(const struct decision *d, struct found *f)
{
    const struct chances *chances = d->request.world->chances;
    const struct rule *rule = f->from->rule;
    uint32_t place = chances->places ? chances->places[f->from->number] : ODDS_NEW_RULE;
    struct str sku = f->product ? f->product->sku : (struct str){ 0 };
    f->odds = odds_of(chances->odds, place, rule->kind, sku, f->relevance);
    f->costs_known = true;

    double fresh = freshness(d, f->from), p = beta_mean(f->odds) * fresh;
    double anyway = f->base_orders ? (double) f->together_orders / (double) f->base_orders : 0;
    double discount = (double) (f->was_minor - f->now_minor);
    double in_any_case = chances->known ? fmin(1, anyway / p) : anyway; /* of those who accept */
    double accepted = full_gain(d, f, &f->costs_known) - discount - in_any_case * discount;
    f->profit = p * accepted;
    f->value = fresh * accepted;
    f->rated = true;
}

bool profit_is_enough(const struct decision *d, const struct found *f)
{
    int64_t floor_minor = ruleset_profit_floor(d->request.world->rules);
    if (floor_minor == 0 && !f->costs_known)
        return true;
    f->from->seen = llround(f->profit);
    f->from->wanted = floor_minor;
    return f->profit > 0 && f->profit >= (double) floor_minor;
}
