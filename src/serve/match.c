/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match: cart and customer -> rules that apply. The ruleset's index gives the rules of this
 * trigger and placement, by falling priority; each is verified against the facts. For a receipt
 * whatever did not match keeps its reason.
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

/* The place of the next rule. Without a receipt, one that does not match leaves its place to the next. */
static struct considered *next_place(struct decision *d)
{
    struct considered *c = d->spare ? d->spare : arena_take_raw(d->arena, sizeof *c);
    if (!c)
        return NULL;
    uint32_t number = d->rules[d->n_considered++];
    *c = (struct considered){ .number = number,
                              .rule = ruleset_rule(d->world->rules, number),
                              .reason = RECEIPT_DEADLINE };
    d->spare = NULL;
    if (d->explain) {
        *(d->receipt ? &d->receipt_end->next : &d->receipt) = c;
        d->receipt_end = c;
    }
    return c;
}

static void begin(struct decision *d)
{
    if (d->world->same_money)
        d->rules = ruleset_candidates(d->world->rules, d->trigger, d->placement, &d->n_rules);
    gather_facts(d);
}

enum err match_run(struct decision *d)
{
    if (!d->facts.catalog)
        begin(d);
    uint32_t wanted = d->limit < DECISION_HANDFUL ? d->limit : DECISION_HANDFUL;
    uint32_t looked = 0;
    bool time_left = true;
    d->n_handful = 0;
    while (d->n_considered < d->n_rules && d->n_handful < wanted) {
        struct considered *c = next_place(d);
        if (!c)
            return decision_no_room(d);
        if (looked++ % 32 == 0)
            time_left = decision_has_time(d);
        if (time_left)
            verify(d, c);
        if (c->matched)
            d->handful[d->n_handful++] = c;
        else if (!d->explain)
            d->spare = c;
    }
    return OK;
}
