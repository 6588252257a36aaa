/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ports/budget_store.h"
#include "store/redis/redis_settings.h"

struct clock;
struct metrics;

/*
 * Redis budgets
 *
 * The budget store (ports/budget_store.h) that all replicas share, in a Redis: the holds of a rule in
 * a sorted set by when they end, and the log's count of acceptances beside them; one script a
 * reservation, so that all replicas together never hold more than is left. What was flushed is unknown
 * until it was restored. Readers answer BUDGET_COMING first and are told on their own loop; settle,
 * release, restore and read wait for one round trip, at most the settings' timeout. The clock and the
 * metrics (which may be NULL) outlive it; its readers must be freed before it.
 */
MUST_CHECK enum err redis_budgets_new(const struct redis_settings *settings, struct clock *clock,
                                      struct metrics *metrics, struct budget_store **ret,
                                      struct err_note *note);
