/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/metric.h"
#include "base/snapshot.h"
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
    struct metrics *metrics;
    struct snapshot_slot slot;
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

/* The answer, with a NUL, until the next call; NULL: it failed, see problem. Fails the test when it waits. */
const char *small_world_decide(struct small_world *small, const char *body);
