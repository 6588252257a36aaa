/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "shop/event.h"

/*
 * Journal's budgets
 *
 * What the journal does for budgets. Before a commit: an acceptance is told how many its
 * rule's budget allows; the log refuses what is more. After it: the store of holds hears
 * what became of the offer. Between rounds: holds whose time is over end; and a rule
 * that the store does not know, because the rule or the store is new, or of which it may have
 * missed an acceptance, gets its acceptances from the log. The journal's thread only.
 */
struct append_outcome;
struct budget_store;
struct event_log;
struct world;

enum { JOURNAL_BUDGETS_DOUBTED = 256 };

struct journal_budgets {
    struct budget_store *store; /* NULL: only the log counts */
    struct str shop;
    const void *rules; /* those that were restored last; compared, never followed */
    bool failing;      /* a restoration failed, and it was said */
    /* Repeated acceptances: they are in the log, and may be nothing but holds in the store. */
    struct doubted {
        char rule[ID_MAX_BYTES];
        size_t len;
        uint64_t mark;
    } doubted[JOURNAL_BUDGETS_DOUBTED];
    uint32_t n_doubted; /* more are left to their time */
    int64_t restored_us;
};

/*
 * Sets event->offer.budget_max: what the rule says now; of a rule that is not in the world, any
 * more or yet, what it said when the offer was made. @world may be NULL: no rules.
 */
void journal_budgets_limit(const struct world *world, struct event *event);

/* An event with its offer's budget_max set as above, and what the log said. */
void journal_budgets_settle(struct journal_budgets *self, const struct world *world,
                            const struct event *event, const struct append_outcome *outcome);

void journal_budgets_tend(struct journal_budgets *self, struct event_log *log,
                          const struct world *world, int64_t now_us);
