/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rank: permitted offers -> the best few. By the rule's priority, then by how good a choice
 * the product is (what the pick says, or the rule's own formula), then by rule id and SKU, so that
 * equal requests get equal answers. A rule shows at most its own limit and what its caps have left, a
 * group at most its maximum, a product stands once in an answer; an offer whose text lacks a value is
 * left out rather than shown half said.
 */
#include "serve/decision.h"

#include <math.h>

#include "rules/facts_cel.h"
#include "shop/catalog.h"

static struct offer_facts offer_facts_of(const struct decision *d, const struct found *f)
{
    int64_t cost = found_cost(d, f);
    return (struct offer_facts){
        .price = (double) f->now_minor,
        .was = (double) f->was_minor,
        .saving = (double) (f->was_minor - f->now_minor),
        .price_gap = (double) f->gap_minor,
        .margin = cost == COST_UNKNOWN ? NAN : (double) (f->now_minor - cost),
        .quantity = (double) f->quantity,
        .relevance = f->score,
        .propensity = f->base_orders ? (double) f->together_orders / (double) f->base_orders : NAN,
    };
}

/* By the rule's own formula; what cannot be computed comes last but for what is below 0. */
static void score(struct decision *d, uint32_t from, uint32_t to)
{
    const struct facts_expr *formula = d->found[from].from->rule->score;
    for (uint32_t i = from; i < to; i++) {
        struct found *f = &d->found[i];
        if (!f->allowed || f->scored)
            continue;
        struct offer_facts offer = offer_facts_of(d, f);
        f->scored = true;
        if (!facts_cel_score(formula, &d->facts, f->product, &offer, &f->score))
            f->score = 0;
    }
}

/* Why @f may not join the answer so far; RECEIPT_SHOWN when it may. */
static enum receipt_reason clash(const struct decision *d, const struct found *f)
{
    uint32_t of_rule = 0, of_group = 0;
    const struct rule *rule = f->from->rule;
    for (uint32_t i = 0; i < d->n_best; i++) {
        const struct found *chosen = &d->best[i];
        if (f->product && chosen->number == f->number) {
            f->from->because_of = chosen->from->rule;
            f->from->product = f->product;
            return RECEIPT_SAME_PRODUCT;
        }
        of_rule += chosen->from == f->from;
        if (!rule->group.at || !str_eq(chosen->from->rule->group, rule->group))
            continue;
        of_group++;
        f->from->because_of = chosen->from->rule;
    }
    if (rule->group.at && of_group >= rule->group_max) {
        f->from->seen = of_group;
        f->from->wanted = rule->group_max;
        return RECEIPT_GROUP;
    }
    return of_rule < f->from->most ? RECEIPT_SHOWN : RECEIPT_NOT_AMONG_BEST;
}

/* The caps over all rules are used up by what this answer holds already. */
static bool policy_is_full(const struct decision *d, struct considered *rule)
{
    if (d->n_best < d->policy_left)
        return false;
    rule->cap = d->policy_cap;
    rule->seen = d->policy_cap->max - d->policy_left + d->n_best;
    rule->wanted = d->policy_cap->max;
    return true;
}

/* The best permitted offer of the run found[from..to), or NULL: by score, then by number. */
static struct found *take_best(struct decision *d, uint32_t from, uint32_t to)
{
    struct found *best = NULL;
    for (uint32_t i = from; i < to; i++) {
        struct found *f = &d->found[i];
        if (f->allowed && (!best || f->score > best->score ||
                           (f->score == best->score && f->number < best->number)))
            best = f;
    }
    if (best) {
        best->allowed = false;
        best->ranked = true;
    }
    return best;
}

/* Lets the offers of one rule join the answer, best first. */
static void join(struct decision *d, uint32_t from, uint32_t to)
{
    struct considered *rule = d->found[from].from;
    struct found *f;
    while (d->n_best < d->limit && (f = take_best(d, from, to))) {
        enum receipt_reason reason = rule->rule->status == STATUS_SHADOW ? RECEIPT_SHADOW
                                     : policy_is_full(d, rule)           ? RECEIPT_POLICY
                                                                         : clash(d, f);
        if (reason == RECEIPT_SHOWN && !wording_of(d, f, &d->wordings[d->n_best]))
            reason = RECEIPT_TEXT_INCOMPLETE;
        if (rule->reason != RECEIPT_SHOWN)
            rule->reason = reason;
        if (reason == RECEIPT_SHOWN) {
            d->best[d->n_best++] = *f;
            d->budgeted |= rule->rule->budget.redemptions > 0;
        } else if (reason != RECEIPT_SAME_PRODUCT && reason != RECEIPT_TEXT_INCOMPLETE)
            return; /* the rest of this rule would fare the same */
    }
    if (rule->reason != RECEIPT_SHOWN && take_best(d, from, to))
        rule->reason = RECEIPT_NOT_AMONG_BEST;
}

/* What was found stands rule by rule, and the rules by falling priority, then id: see ruleset_candidates. */
enum err rank_run(struct decision *d)
{
    for (uint32_t from = 0, to; from < d->n_found; from = to) {
        for (to = from + 1; to < d->n_found && d->found[to].from == d->found[from].from;)
            to++;
        if (d->found[from].from->rule->score)
            score(d, from, to);
        join(d, from, to);
    }
    return OK;
}
