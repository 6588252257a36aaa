/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reserve: the best few -> those that can be kept. Only for offers of rules with a budget, and only
 * for those about to be shown: each takes one of its rule's budget, held until it is
 * accepted, declined or over. One that gets none leaves the answer and its handful is
 * ranked again, so that another takes its place; what is held stays held, and is given back if
 * another has taken its place in the end. When the budgets cannot be known in time, those
 * offers are left out and the answer says so: what may be gone is not promised.
 */
#include "ports/budget_store.h"
#include "serve/decision.h"
#include "shop/customer.h"
#include "shop/offer_token.h"

struct reserve {
    struct budget_claim claims[DECISION_MAX_OFFERS];
    uint32_t of[DECISION_MAX_OFFERS]; /* claims[i] is for best[of[i]] */
    uint32_t n;
    struct budget_waiter waiter;
    struct decision *decision;
};

static void ready(struct budget_waiter *waiter)
{
    struct reserve *reserve =
        (struct reserve *) ((char *) waiter - offsetof(struct reserve, waiter));
    reserve->decision->who.wake(reserve->decision->who.owner);
}

static struct budget_claim claim_for(struct decision *d, const struct found *f)
{
    const struct rule *rule = f->from->rule;
    int64_t hold_us = d->request.world->settings.offer_lifetime_us;
    if (rule->budget.hold_us > 0 && rule->budget.hold_us < hold_us)
        hold_us = rule->budget.hold_us;
    struct offer_token token;
    decision_token(d, f, &token);
    return (struct budget_claim){ .rule = rule->id,
                                  .mark = offer_token_mark(&token, decision_id(d)),
                                  .redemptions = rule->budget.redemptions,
                                  .until_us = d->now_us + hold_us,
                                  .taken = rule->budget.redemptions };
}

/*
 * Asks for nothing that is held: an answer that comes too late would
 * lose it. False for lack of room.
 */
static bool gather(struct decision *d)
{
    if (!d->kept.reserve)
        d->kept.reserve = arena_take(d->arena, sizeof *d->kept.reserve);
    struct reserve *reserve = d->kept.reserve;
    if (!reserve)
        return false;
    reserve->decision = d;
    reserve->waiter.ready = ready;
    reserve->n = 0;
    for (uint32_t i = d->kept.n_kept; i < d->rank.n_best; i++) {
        const struct found *f = &d->rank.best[i];
        if (f->from->rule->budget.redemptions == 0 || f->held)
            continue;
        reserve->of[reserve->n] = i;
        reserve->claims[reserve->n++] = claim_for(d, f);
    }
    return true;
}

/* ── giving back ─────────────────────────────────────────────────────────────────────────── */

static void give_back(struct decision *d, struct found *f)
{
    struct budget_store *store = d->worker->serve->budgets;
    if (!f->held_new)
        return;
    struct budget_claim claim = claim_for(d, f);
    store->give_back(store, d->worker->budget_reader, &claim);
    f->held = f->held_new = false;
}

static bool is_same(const struct found *a, const struct found *b)
{
    return a->from == b->from && a->number == b->number;
}

/* Held in an earlier round, and then something better came forward. */
static void give_back_unshown(struct decision *d)
{
    for (uint32_t i = 0; i < d->pick.n_found; i++) {
        bool shown = false;
        for (uint32_t k = d->kept.n_kept; k < d->rank.n_best && !shown; k++)
            shown = is_same(&d->rank.best[k], &d->pick.found[i]);
        if (!shown)
            give_back(d, &d->pick.found[i]);
    }
}

/* Of this handful, and of those before. */
static void give_back_all(struct decision *d)
{
    for (uint32_t i = 0; i < d->pick.n_found; i++)
        give_back(d, &d->pick.found[i]);
    for (uint32_t i = 0; i < d->kept.n_kept; i++)
        give_back(d, &d->rank.best[i]);
}

/* ── waiting ─────────────────────────────────────────────────────────────────────────────── */

static void forget(struct decision *d)
{
    struct budget_store *store = d->worker->serve->budgets;
    store->forget(store, &d->kept.reserve->waiter);
    d->kept.reserving = false;
}

void reserve_cancel(struct decision *d)
{
    if (d->kept.reserving)
        forget(d);
    if (d->kept.reserve && d->next_stage < SERVE_STAGES)
        give_back_all(d);
}

/* A profile that was at hand is borrowed for this section only: to wait, a copy is made of it. */
static bool keep_profile(struct decision *d)
{
    if (!d->who.memory || d->who.waiter.asked || d->kept.kept_profile)
        return true;
    d->kept.kept_profile = profile_copy(d->who.memory, d->arena);
    if (!d->kept.kept_profile)
        return false;
    d->who.memory = d->kept.kept_profile;
    d->who.person = d->who.person ? d->kept.kept_profile : NULL;
    d->facts.memory = d->who.memory;
    d->facts.person = d->who.person;
    d->facts.resolved = NULL;
    return true;
}

/*
 * Asks; may set d->who.waiting. Who has no time left does not ask for what has
 * to come from elsewhere: it would be held for an offer that is not shown.
 */
static enum budget_answer ask(struct decision *d)
{
    struct budget_store *store = d->worker->serve->budgets;
    struct reserve *reserve = d->kept.reserve;
    if (!store)
        return BUDGET_LOST;
    bool may_wait = decision_may_wait(d), was_asked = d->kept.reserving;
    enum budget_answer answer =
        store->reserve(store, d->worker->budget_reader, reserve->claims, reserve->n, d->now_us,
                       may_wait || was_asked ? &reserve->waiter : NULL);
    d->kept.reserving = answer == BUDGET_COMING;
    d->who.waiting = d->kept.reserving && may_wait && keep_profile(d);
    if (d->who.waiting)
        return BUDGET_COMING;
    d->deadline_us = d->started_us + d->request.budget_us; /* the whole of it again */
    if (!d->kept.reserving)
        return answer;
    forget(d);
    return BUDGET_LOST;
}

/* ── who got none ────────────────────────────────────────────────────────────────────────── */

/* The offer of best[@place], where it was found. */
static struct found *found_of(struct decision *d, uint32_t place)
{
    for (uint32_t i = 0; i < d->pick.n_found; i++)
        if (is_same(&d->pick.found[i], &d->rank.best[place]))
            return &d->pick.found[i];
    return NULL;
}

static void refuse(struct considered *c, const struct budget_claim *claim, bool lost)
{
    c->spent = true;
    c->reason = lost ? RECEIPT_BUDGET_MISSING : RECEIPT_BUDGET;
    c->seen = claim->taken;
    c->wanted = claim->redemptions;
}

/*
 * The handful as it was before rank, less the offers that got
 * none; of their rules, only what is held.
 */
static void rank_again(struct decision *d)
{
    for (uint32_t i = 0; i < d->pick.n_found; i++) {
        struct found *f = &d->pick.found[i];
        f->allowed = (f->allowed || f->ranked) && (!f->from->spent || f->held);
        f->ranked = false;
        if (f->allowed)
            f->from->reason = RECEIPT_NOT_AMONG_BEST;
    }
    d->rank.n_best = d->kept.n_kept;
    d->kept.again = true;
}

static void take_answer(struct decision *d, enum budget_answer answer)
{
    struct reserve *reserve = d->kept.reserve;
    bool lost = answer != BUDGET_ANSWERED, all = true;
    for (uint32_t i = 0; i < reserve->n; i++) {
        const struct budget_claim *claim = &reserve->claims[i];
        struct found *f = found_of(d, reserve->of[i]), *best = &d->rank.best[reserve->of[i]];
        best->held = f->held = !lost && claim->granted;
        best->held_new = f->held_new = f->held && claim->is_new;
        all &= f->held;
        if (!f->held)
            refuse(f->from, claim, lost);
    }
    if (lost)
        d->degraded |= DEGRADED_BUDGET;
    if (!all)
        rank_again(d);
    else
        give_back_unshown(d);
}

enum err reserve_run(struct decision *d)
{
    d->kept.again = false;
    if (!d->who.waiting && !gather(d))
        return decision_no_room(d);
    d->who.waiting = false;
    enum budget_answer answer = d->kept.reserve->n ? ask(d) : BUDGET_ANSWERED;
    if (!d->who.waiting)
        take_answer(d, answer);
    return OK;
}
