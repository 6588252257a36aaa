/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rank: permitted offers -> the best few. Rules of higher priority come first. Those of one
 * priority compete, offer by offer, by what they are expected to earn (profit.c): drawn from what
 * is known of them, so that what is not known yet is tried (model/thompson.h). Within a rule the
 * offers stand by how good a choice the product is (what the pick says, the rule's own formula, or
 * its profit); then by rule id and product, so that equal requests get equal answers.
 *
 * A rule shows at most its own limit and what its caps have left, a group at most its maximum; a
 * product stands once in an answer, and of two rules' products of one kind the better; a rule whose
 * formula was not done in time is left out, and an offer that is not expected to earn anything, or
 * whose text lacks a value.
 */
#include "serve/decision.h"

#include <math.h>

#include "model/thompson.h"
#include "rules/facts_cel.h"
#include "shop/catalog.h"
#include "world/chances.h"

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

/*
 * By the rule's own formula, or by profit; what cannot be computed comes last
 * but for what is below 0. False when the time ran out on the way.
 */
static bool score(struct decision *d, uint32_t from, uint32_t to)
{
    const struct facts_expr *formula = d->pick.found[from].from->rule->score;
    for (uint32_t i = from; i < to; i++) {
        struct found *f = &d->pick.found[i];
        if (!f->allowed || f->scored)
            continue;
        f->scored = true;
        if (!formula) {
            profit_rate(d, f);
            f->score = f->profit;
            continue;
        }
        struct offer_facts offer = offer_facts_of(d, f);
        if (!facts_cel_score(formula, &d->facts, f->product, &offer, &f->score))
            f->score = 0;
        if (d->facts.late)
            return false;
    }
    return true;
}

static void leave_out(struct decision *d, uint32_t from, uint32_t to)
{
    d->pick.found[from].from->reason = RECEIPT_DEADLINE;
    for (uint32_t i = from; i < to; i++)
        d->pick.found[i].allowed = false;
}

/*
 * Two products of one kind from different rules: one of them will do. How many
 * of one rule or of one group may stand together is said by these themselves.
 */
static bool do_the_same(const struct found *a, const struct found *b)
{
    const struct rule *one = a->from->rule, *other = b->from->rule;
    if (one == other || !a->product || !b->product || a->product->kind != b->product->kind)
        return false;
    return !one->group.at || !str_eq(one->group, other->group);
}

/* With what of the answer so far @f clashes; RECEIPT_SHOWN: with nothing. */
static enum receipt_reason clash(const struct decision *d, const struct found *f)
{
    uint32_t of_rule = 0, of_group = 0;
    const struct rule *rule = f->from->rule;
    for (uint32_t i = 0; i < d->rank.n_best; i++) {
        const struct found *chosen = &d->rank.best[i];
        if (f->product && chosen->number == f->number) {
            f->from->because_of = chosen->from->rule;
            f->from->product = f->product;
            return RECEIPT_SAME_PRODUCT;
        }
        if (do_the_same(f, chosen)) {
            f->from->because_of = chosen->from->rule;
            f->from->product = f->product;
            return RECEIPT_SAME_KIND;
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
    if (d->rank.n_best < d->allow.policy_left)
        return false;
    rule->cap = d->allow.policy_cap;
    rule->seen = d->allow.policy_cap->max - d->allow.policy_left + d->rank.n_best;
    rule->wanted = d->allow.policy_cap->max;
    return true;
}

/* The best permitted offer of a rule's, or NULL: by score, then by number. */
static struct found *best_of(struct decision *d, uint32_t from, uint32_t to)
{
    struct found *best = NULL;
    for (uint32_t i = from; i < to; i++) {
        struct found *f = &d->pick.found[i];
        if (f->allowed && (!best || f->score > best->score ||
                           (f->score == best->score && f->number < best->number)))
            best = f;
    }
    return best;
}

/* A rule that competes with others of its priority. */
struct contender {
    struct considered *rule;
    uint32_t from, to;  /* its possible offers */
    struct found *head; /* its best that may join; NULL: it has no more to show */
};

static void take(struct contender *contender, struct found *f)
{
    f->allowed = false;
    f->ranked = true;
    contender->head = NULL;
}

static void refuse(struct contender *contender, enum receipt_reason reason)
{
    if (contender->rule->reason != RECEIPT_SHOWN)
        contender->rule->reason = reason;
}

/* Why @f may not join the answer so far; RECEIPT_SHOWN when it may. */
static enum receipt_reason refusal(struct decision *d, struct found *f)
{
    if (f->from->rule->status == STATUS_SHADOW)
        return RECEIPT_SHADOW;
    if (policy_is_full(d, f->from))
        return RECEIPT_POLICY;
    enum receipt_reason reason = clash(d, f);
    if (reason != RECEIPT_SHOWN)
        return reason;
    if (!f->rated)
        profit_rate(d, f);
    if (profit_is_enough(d, f))
        return RECEIPT_SHOWN;
    f->from->product = f->product;
    return RECEIPT_PROFIT;
}

/* Goes on to the contender's best offer that may join. */
static void advance(struct decision *d, struct contender *contender)
{
    while (contender->head || (contender->head = best_of(d, contender->from, contender->to))) {
        enum receipt_reason reason = refusal(d, contender->head);
        if (reason == RECEIPT_SHOWN)
            return;
        refuse(contender, reason);
        take(contender, contender->head);
        if (reason != RECEIPT_SAME_PRODUCT && reason != RECEIPT_SAME_KIND &&
            reason != RECEIPT_PROFIT) {
            contender->from = contender->to; /* the rest of this rule would fare the same */
            return;
        }
    }
}

/*
 * One of them, each as likely as its propensity. Not the one whose own draw
 * was the greatest, which comes to the same but for an error in the
 * propensity: so what is told of the choice is true of it.
 */
static uint32_t draw(const struct thompson_choice *choices, uint32_t n, uint64_t seed)
{
    uint64_t random[2];
    beta_seed(seed, random);
    double left = (double) (random[0] >> 11) * 0x1p-53;
    for (uint32_t i = 0; i + 1 < n; i++)
        if ((left -= (double) choices[i].propensity) < 0)
            return i;
    return n - 1;
}

_Static_assert((int) DECISION_HANDFUL <= THOMPSON_ARMS, "a tier is drawn together");

/*
 * Whose head comes next, and how likely that was. By a draw
 * when enough is known to try; see thompson.h.
 */
static struct contender *choose(struct decision *d, struct contender *const *open, uint32_t n)
{
    struct thompson_arm arms[DECISION_HANDFUL];
    struct thompson_choice choices[DECISION_HANDFUL];
    uint8_t order[DECISION_HANDFUL];
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++)
        if (open[i]->head->profit > open[best]->head->profit)
            best = i;
    open[best]->head->propensity_bp = 10000;
    if (n == 1 || !d->request.world->chances->explores)
        return open[best];

    for (uint32_t i = 0; i < n; i++)
        arms[i] = (struct thompson_arm){ open[i]->head->odds, open[i]->head->value };
    uint64_t seed = str_hash(decision_id(d)) + d->rank.n_best;
    thompson_choose(arms, n, seed, choices, order);
    best = draw(choices, n, seed);
    uint32_t share_bp = (uint32_t) lrintf(choices[best].propensity * 10000);
    open[best]->head->propensity_bp = share_bp ? share_bp : 1;
    return open[best];
}

/* Lets the rules of one priority fill the answer, offer by offer. */
static void compete(struct decision *d, struct contender *tier, uint32_t n)
{
    while (d->rank.n_best < d->request.limit) {
        struct contender *open[DECISION_HANDFUL];
        uint32_t n_open = 0;
        for (uint32_t i = 0; i < n; i++) {
            advance(d, &tier[i]);
            if (tier[i].head)
                open[n_open++] = &tier[i];
        }
        if (n_open == 0)
            return;
        struct contender *winner = choose(d, open, n_open);
        struct found *f = winner->head;
        take(winner, f);
        if (!wording_of(d, f, &d->wordings[d->rank.n_best])) {
            refuse(winner, RECEIPT_TEXT_INCOMPLETE);
            continue;
        }
        winner->rule->reason = RECEIPT_SHOWN;
        d->rank.best[d->rank.n_best++] = *f;
        d->rank.budgeted |= winner->rule->rule->budget.redemptions > 0;
    }
    for (uint32_t i = 0; i < n; i++)
        if (tier[i].rule->reason != RECEIPT_SHOWN &&
            (tier[i].head || best_of(d, tier[i].from, tier[i].to)))
            refuse(&tier[i], RECEIPT_NOT_AMONG_BEST);
}

/*
 * What was found stands rule by rule, and the rules by falling
 * priority, then id: see ruleset_candidates.
 */
enum err rank_run(struct decision *d)
{
    struct contender tier[DECISION_HANDFUL];
    uint32_t n = 0;
    for (uint32_t from = 0, to; from < d->pick.n_found; from = to) {
        struct considered *rule = d->pick.found[from].from;
        for (to = from + 1; to < d->pick.n_found && d->pick.found[to].from == rule;)
            to++;
        if ((rule->rule->score || rule->rule->by_profit) && !score(d, from, to))
            leave_out(d, from, to);
        tier[n++] = (struct contender){ rule, from, to, NULL };
        if (to < d->pick.n_found && d->pick.found[to].from->rule->priority == rule->rule->priority)
            continue;
        compete(d, tier, n);
        n = 0;
    }
    return OK;
}
