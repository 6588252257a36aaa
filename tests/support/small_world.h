/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/metric.h"
#include "base/snapshot.h"
#include "ports/budget_store.h"
#include "ports/clock.h"
#include "ports/profile_store.h"
#include "serve.h"
#include "shop/customer.h"

/*
 * Small world
 *
 * A whole shop in a test: rules from YAML text, a dozen products, a few orders, a clock that the test
 * sets and a profile store that says what the test wants. One decision at a time.
 */
struct small_world {
    struct clock clock;                /* first */
    int64_t wall_us, mono_us, tick_us; /* mono moves by tick_us at each look */
    struct profile_store profiles;
    struct profile *profile;    /* what find answers, with … */
    enum profile_answer answer; /* … this */
    struct profile_waiter *waiter;
    int finds, forgets;
    struct budget_store budgets;
    enum budget_answer budget_answer; /* what reserve answers … */
    int budget_late_from;             /* … from this question on BUDGET_COMING; 0: never … */
    int64_t budget_left;              /* … granting so many marks … */
    const char *budget_spent;         /* … but none of this rule; or NULL … */
    uint64_t held[16];                /* … these, and those it granted before */
    uint32_t n_held;
    struct budget_claim claimed; /* the last that was asked for … */
    uint32_t n_claimed;          /* … of so many at once */
    struct budget_waiter *budget_waiter;
    int reserves, budget_forgets, given_back;
    struct metrics *metrics;
    struct snapshot_slot slot;
    struct trained
        *trained; /* or NULL: the shop's, from the next publish on; let go with the shop */
    struct serve *serve;
    struct serve_worker *worker;
    struct arena *arena;
    struct decide_problem problem; /* of the last decision that failed */
};

/* @rules: the members of `rules:` and of whatever else, below the header lines; a first line `currency: …` is taken instead of JPY. Fails the test when they are bad. */
struct small_world *small_world_new(const char *rules);
struct small_world *small_world_free(struct small_world *small);
DEFINE_AUTO(struct small_world, small_world_free)

/* Replaces the rules; the catalogue and the model stay. */
void small_world_publish(struct small_world *small, const char *rules);

/* What is now known of offers, until the next publish. */
struct outcomes;
void small_world_learn(struct small_world *small, const struct outcomes *outcomes);

/* The answer, with a NUL, until the next call; NULL: it failed, see problem. Fails the test when it waits. */
const char *small_world_decide(struct small_world *small, const char *body);
