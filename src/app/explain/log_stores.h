/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "ports/budget_store.h"
#include "ports/profile_store.h"

struct event_log;

/*
 * Log stores
 *
 * What a decision asks of profiles and budgets, read straight from the event log at the moment it
 * is asked: for one decision at a time, on one thread, without a service. Nothing is written: a
 * budget is granted while the log has fewer acceptances than it allows, and holds of a running
 * service are not seen. Without a log nobody is known and every budget is whole.
 */
struct log_stores {
    struct profile_store profiles;
    struct budget_store budgets;
    struct event_log *log; /* borrowed; or NULL */
    struct str shop;
    struct arena *arena;    /* scratch */
    struct profile *found;  /* the last, until the next */
    struct err_note failed; /* why something could not be read; "" */
};

/* @log may be NULL. ERR_NOMEM. */
MUST_CHECK enum err log_stores_init(struct log_stores *stores, struct event_log *log,
                                    struct str shop);
void log_stores_deinit(struct log_stores *stores);
