/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/journal_budgets.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ports/budget_store.h"
#include "ports/event_log.h"
#include "rules/ruleset.h"
#include "shop/event.h"
#include "world/world.h"

enum { DOUBT_US = 1000000 };

/*
 * An offer that was made under a budget is accepted under one, also here where the rule is not
 * known any more, or does not have it yet: rule files reach replicas one after the other.
 */
static int64_t budget_of(const struct world *world, const struct event *event)
{
    const struct rule *rule = world ? ruleset_find(world->rules, event->offer.rule) : NULL;
    int64_t says_now = rule ? rule->budget.redemptions : 0;
    return says_now > 0 ? says_now : event->offer.redemptions;
}

void journal_budgets_limit(const struct world *world, struct event *event)
{
    if (event->type == EVENT_OFFER_ACCEPTED || event->type == EVENT_OFFER_DECLINED)
        event->offer.budget_max = budget_of(world, event);
}

/*
 * Was it made under a budget, or has its rule one by now? What is drained from
 * a spool knows only its rule.
 */
static bool has_budget(const struct world *world, const struct event *event)
{
    return event->offer.rule.at && (event->offer.redemptions > 0 || event->offer.budget_max > 0 ||
                                    budget_of(world, event) > 0);
}

/* The hold of its offer ends when the counts are restored. */
static void doubt(struct journal_budgets *self, const struct event *event)
{
    struct str rule = event->offer.rule;
    if (self->n_doubted == JOURNAL_BUDGETS_DOUBTED || rule.len > ID_MAX_BYTES)
        return;
    struct doubted *doubted = &self->doubted[self->n_doubted++];
    memcpy(doubted->rule, rule.at, rule.len);
    doubted->len = rule.len;
    doubted->mark = event->offer.mark;
}

/*
 * The log has so many of the rule at least. A store that could not be told is
 * told the count again by a restoration.
 */
static void settle(struct journal_budgets *self, const struct event *event, int64_t accepted)
{
    struct budget_store *store = self->store;
    struct err_note why;
    if (store->settle(store, event->offer.rule, event->offer.mark, accepted, &why) == OK)
        return;
    self->rules = NULL;
    doubt(self, event);
}

/*
 * A refusal says that the log has all the budget allows: a store that believed otherwise,
 * and made the offer, now knows. A repeat says that the first was stored, but maybe not
 * that the store has heard of it: the answer may have been lost on its way to us. Its hold ends
 * when the counts are restored: until then it stands for the acceptance, after that it
 * would count twice.
 */
static void settle_acceptance(struct journal_budgets *self, const struct event *event,
                              const struct append_outcome *outcome)
{
    if (outcome->result == APPEND_REFUSED)
        settle(self, event, event->offer.budget_max);
    else if (outcome->result == APPEND_ACCEPTED && outcome->accepted > 0)
        settle(self, event, outcome->accepted);
    else if (outcome->result == APPEND_DUPLICATE)
        doubt(self, event);
}

void journal_budgets_settle(struct journal_budgets *self, const struct world *world,
                            const struct event *event, const struct append_outcome *outcome)
{
    struct budget_store *store = self->store;
    struct err_note why;
    bool accepts = event->type == EVENT_OFFER_ACCEPTED;
    bool declines = event->type == EVENT_OFFER_DECLINED && outcome->result == APPEND_ACCEPTED;
    if (!store || !(accepts || declines) || !has_budget(world, event))
        return;
    if (accepts)
        settle_acceptance(self, event, outcome);
    else
        (void) store->release(store, event->offer.rule, event->offer.mark, &why);
}

/* ── restoring ───────────────────────────────────────────────────────────────────────────── */

struct counts {
    const struct ruleset *rules;
    struct {
        const struct rule *rule;
        int64_t accepted;
    } * of; /* the rules that have a budget */
    uint32_t n;
};

/* False for lack of memory. */
static bool find_budgets(const struct ruleset *rules, struct counts *counts)
{
    *counts = (struct counts){ .rules = rules };
    counts->of = calloc(ruleset_count(rules) + 1, sizeof *counts->of);
    for (uint32_t i = 0; counts->of && i < ruleset_count(rules); i++)
        if (ruleset_rule(rules, i)->budget.redemptions > 0)
            counts->of[counts->n++].rule = ruleset_rule(rules, i);
    return counts->of;
}

static enum err count_rule(void *self, struct str rule, int64_t accepted)
{
    struct counts *counts = self;
    for (uint32_t i = 0; i < counts->n; i++)
        if (str_eq(counts->of[i].rule->id, rule))
            counts->of[i].accepted = accepted;
    return OK;
}

static enum err restore_counts(struct journal_budgets *self, struct event_log *log,
                               struct counts *counts, struct err_note *note)
{
    struct budget_store *store = self->store;
    if (counts->n == 0)
        return OK;
    TRY(log->read_budgets(log, self->shop, counts, count_rule, note));
    for (uint32_t i = 0; i < counts->n; i++)
        TRY(store->restore(store, counts->of[i].rule->id, counts->of[i].accepted, note));
    return OK;
}

static void end_doubts(struct journal_budgets *self)
{
    struct budget_store *store = self->store;
    struct err_note why;
    for (uint32_t i = 0; i < self->n_doubted; i++) {
        const struct doubted *doubted = &self->doubted[i];
        struct str rule = { doubted->rule, doubted->len };
        (void) store->release(store, rule, doubted->mark, &why);
    }
    self->n_doubted = 0;
}

static void restore(struct journal_budgets *self, struct event_log *log,
                    const struct ruleset *rules)
{
    struct err_note why = { "out of memory" };
    struct counts counts;
    enum err err =
        find_budgets(rules, &counts) ? restore_counts(self, log, &counts, &why) : ERR_NOMEM;
    free(counts.of);
    if (err != OK && !self->failing)
        log_line(LOG_WARNING, "journal",
                 "budgets cannot be restored, rules with one are not shown: \"%s\"", why.text);
    if (err == OK && self->failing)
        log_line(LOG_INFO, "journal", "budgets are restored again");
    self->failing = err != OK;
    self->rules = err == OK ? rules : NULL;
    if (err == OK)
        end_doubts(self);
}

/* Soon, but not so often that who repeats himself keeps us from everything else. */
static bool doubts(const struct journal_budgets *self, int64_t now_us)
{
    return self->n_doubted > 0 &&
           (now_us < self->restored_us || now_us - self->restored_us >= DOUBT_US);
}

void journal_budgets_tend(struct journal_budgets *self, struct event_log *log,
                          const struct world *world, int64_t now_us)
{
    struct budget_store *store = self->store;
    if (!store)
        return;
    bool wanted = store->wants_restore(store);
    if (world && (wanted || self->rules != world->rules || doubts(self, now_us))) {
        self->restored_us = now_us;
        restore(self, log, world->rules);
    }
    store->tend(store, now_us);
}
