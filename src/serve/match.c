/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match: cart and customer -> rules that apply. The ruleset's index gives the rules of this
 * trigger and placement, by falling priority; each is verified against the facts. What did
 * not match keeps its reason, so that a receipt costs nothing here.
 */
#include "serve/decision.h"
#include "shop/catalog.h"

static void gather_facts(struct decision *d)
{
    struct facts *f = &d->facts;
    facts_init(f);
    f->catalog = d->world->catalog;
    f->cart = &d->cart;
    f->memory = d->memory;
    f->person = d->person;
    f->trigger_line = d->trigger_line;
    if (d->trigger_line && d->trigger_line->product != PRODUCT_NONE)
        f->trigger = catalog_product(d->world->catalog, d->trigger_line->product);
    f->attr_names = ruleset_attr_names(d->world->rules);
    f->now_us = d->now_us;
    f->channel = d->channel;
    f->country = d->country;
    f->device = d->device;
    f->language = str_of(locale_name(d->locale));
    f->order_total_minor = d->order_total_minor;
}

static void verify(struct decision *d, struct considered *c)
{
    static const enum receipt_reason reasons[] = { [MATCH_YES] = RECEIPT_NO_PRODUCT,
                                                   [MATCH_NO] = RECEIPT_CONDITION,
                                                   [MATCH_UNKNOWN] = RECEIPT_UNKNOWN,
                                                   [MATCH_OFF_SCHEDULE] = RECEIPT_SCHEDULE };
    if (c->rule->status == STATUS_PAUSED) {
        c->reason = RECEIPT_PAUSED;
        return;
    }
    struct match_verdict verdict = rule_matches(c->rule, &d->facts, d->now_us);
    c->reason = reasons[verdict.answer];
    c->failed = verdict.failed;
    c->matched = verdict.answer == MATCH_YES;
}

enum err match_run(struct decision *d)
{
    uint32_t n;
    const uint32_t *numbers = ruleset_candidates(d->world->rules, d->trigger, d->placement, &n);
    d->considered = arena_take_array(d->arena, struct considered, n);
    if (n && !d->considered)
        return decision_no_room(d);
    d->n_considered = n;
    gather_facts(d);

    for (uint32_t i = 0; i < n; i++) {
        struct considered *c = &d->considered[i];
        c->number = numbers[i];
        c->rule = ruleset_rule(d->world->rules, numbers[i]);
        c->reason = RECEIPT_DEADLINE;
        if (i % 32 == 31 ? decision_has_time(d) : !(d->degraded & DEGRADED_DEADLINE)) {
            verify(d, c);
            d->n_matched += c->matched;
        }
    }
    return OK;
}
