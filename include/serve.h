/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json_scan.h"
#include "base/metric.h"
#include "base/str.h"

/*
 * Serve: the read path's door. Answers one question: what may we offer for this cart, now?
 *
 *  decode ─► profile ─► match ─► pick ─► allow ─► rank ─► reserve ─► encode
 *
 * A decision runs on the thread that asked, takes memory from its arena only and never waits: when
 * the profile or a budget has to be fetched, decide_run answers DECIDE_WAIT, and the owner runs it
 * again when that is there or the deadline has come, whichever is first.
 */
struct budget_store;
struct clock;
struct profile_store;
struct snapshot_slot;
struct serve; /* shared by all threads */
struct uv_loop_s;
struct serve_worker; /* one per thread: its view of the world, its metrics, its reader */

/* @budgets may be NULL: a rule with a budget is then never shown. */
MUST_CHECK enum err serve_new(struct snapshot_slot *world, struct profile_store *profiles,
                              struct budget_store *budgets, struct clock *clock,
                              struct metrics *metrics, struct serve **ret_serve);
struct serve *serve_free(struct serve *serve);
DEFINE_AUTO(struct serve, serve_free)

/*
 * @id makes decision ids of several workers differ; @seed is random in
 * production, fixed in tests. @loop: the thread's event loop, which has to
 * outlive the worker; NULL where profiles do not come from sockets.
 */
MUST_CHECK enum err serve_worker_new(struct serve *serve, uint16_t id, uint64_t seed,
                                     struct uv_loop_s *loop, struct metric_shard *shard,
                                     struct serve_worker **ret_worker);
struct serve_worker *serve_worker_free(struct serve_worker *worker);
DEFINE_AUTO(struct serve_worker, serve_worker_free)

enum decide_state { DECIDE_DONE, DECIDE_WAIT, DECIDE_FAILED };

/* One decision on its way. Begin it zeroed; the first group is the owner's to fill. */
struct decision;

struct decide_problem {
    enum err err;       /* ERR_INPUT: 400 or 422; ERR_LIMIT: 413 */
    bool is_value;      /* ERR_INPUT: well-formed, but not acceptable: 422 */
    const char *what;   /* a sentence: static, or in the arena */
    struct str pointer; /* JSON Pointer to the fault; in the arena */
};

/*
 * In @arena, which must outlive it. @wake is called (any thread) when a waiting decision can go on.
 */
struct decision *decision_new(struct serve_worker *worker, struct arena *arena, struct str body,
                              void (*wake)(void *owner), void *owner);

/* As if the body said "explain": true, whatever it says. Before the first run. */
void decision_explain(struct decision *decision);

/* Runs as far as it can. DONE: *ret_answer is the JSON answer. FAILED: *ret_problem. */
enum decide_state decide_run(struct decision *decision, struct str *ret_answer,
                             struct decide_problem *ret_problem);

/* While it waits: when it must be run again at the latest (clock's mono_us). */
int64_t decision_deadline_us(const struct decision *decision);

/* The client has gone: no wake will come any more. Also called by decide_run at its end. */
void decision_cancel(struct decision *decision);

enum { SERVE_STAGES = 8 };
