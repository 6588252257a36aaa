/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/metric.h"
#include "learn.h"

/*
 * Journal
 *
 * The thread that makes events durable, then visible: takes what is in the inbox, commits it
 * as one, folds it into the profiles, tells the senders, in the order they came. When a commit
 * fails, nothing of it is stored or folded, and each of its batches ends with ERR_UNAVAILABLE:
 * the sender repeats it, and because of the event ids nothing counts twice.
 *
 * An acceptance goes to the log with what its rule's budget allows, by the rules live at that
 * moment; one that the log refuses is answered EVENT_REJECTED. Four times a second, with shared
 * profiles fifty times, events or none, it tends: the log (what it still has to settle), what the
 * shared profiles are owed, and the budgets.
 */
struct budget_store;
struct fold;
struct share;
struct inbox;
struct journal;

/*
 * @share NULL: embedded, committed events are folded on. Takes @log, on
 * failure too; borrows the rest until journal_stop. Starts the thread.
 */
MUST_CHECK enum err journal_start(const struct learn_settings *settings, struct event_log *log,
                                  struct inbox *inbox, struct fold *fold, struct share *share,
                                  struct budget_store *budgets, struct clock *clock,
                                  struct metrics *metrics, struct journal **ret_journal,
                                  struct err_note *note);

/* Commits what is in the inbox, ends the thread, closes the log. NULL in, NULL out. */
struct journal *journal_stop(struct journal *journal);

/* Brings the gauges up to date, also while a commit hangs. Any thread. */
void journal_before_metrics(struct journal *journal);

/* Orders committed since the start. Any thread. */
uint64_t journal_orders(const struct journal *journal);
