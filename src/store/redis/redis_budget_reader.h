/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>

#include "ports/budget_store.h"
#include "store/redis/redis_health.h"
#include "store/redis/redis_settings.h"

struct clock;
struct redis_nodes;
struct redis_url;

/*
 * Redis budget reader
 *
 * A worker's way to the budgets: a connection on its loop (redis_budget_line.h), in a cluster one
 * to each master, and one script a claim, as a rule's keys share a slot and two rules' need not. A
 * reservation that nobody waits for any more gives its hold back when it is answered. The functions
 * are the port's; what a reader is made from outlives it.
 */
struct redis_budget_reader;

struct redis_budget_source {
    const struct redis_url *url;
    struct redis_settings settings;
    struct clock *clock;
    struct redis_health health;
    struct redis_nodes *nodes; /* when it is a cluster */
    atomic_bool wanting;       /* a rule was met that Redis does not know */
};

struct redis_budget_reader *redis_budget_reader_new(struct redis_budget_source *source,
                                                    struct uv_loop_s *loop);
void redis_budget_reader_free(struct redis_budget_reader *reader);
enum budget_answer redis_budget_reserve(struct redis_budget_reader *reader,
                                        struct budget_claim *claims, uint32_t n, int64_t now_us,
                                        struct budget_waiter *waiter);
void redis_budget_forget(struct budget_waiter *waiter);
void redis_budget_give_back(struct redis_budget_reader *reader, const struct budget_claim *claim);
