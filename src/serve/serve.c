/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The read path. The table below is the order of things: each name is a file here, a label
 * in /metrics and a test. The loop around it is where stages are timed, and where a decision
 * that needs a profile or a budget from elsewhere stops and goes on later. The deadline is looked
 * at between rules, and within expressions each so many steps: an answer is called degraded by it
 * when a rule was left out, and only then.
 *
 * Rules come by falling priority, and no offer of a later rule outranks one of an earlier. So
 * the stages from match to reserve take a handful of rules at a time and stop when the answer is
 * full: most decisions never look at most rules. With `explain` every rule is looked at, of a long list
 * the first RECEIPT_MOST, handful by handful as without, so that the offers are the same.
 */
#include "serve.h"

#include <stdlib.h>
#include <string.h>

#include "ports/budget_store.h"
#include "serve/decision.h"
#include "shop/customer.h"

enum { SCRATCH_BYTES = 8 << 10, SCRATCH_LIMIT_BYTES = 1 << 20 };

/* Reading the clock waits for all that is under way: as dear as a small stage. */
enum { TIMED_EVERY_US = 1000 };

static const struct {
    const char *name;
    enum err (*run)(struct decision *d);
} path[SERVE_STAGES] = {
    { "decode", decode_run },   /* JSON body        -> cart, trigger, placement */
    { "profile", profile_run }, /* customer id      -> who is asking            */
    { "match", match_run },     /* cart + customer  -> rules that apply         */
    { "pick", pick_run },       /* rules            -> possible offers          */
    { "allow", allow_run },     /* possible offers  -> permitted offers         */
    { "rank", rank_run },       /* permitted offers -> best few                 */
    { "reserve", reserve_run }, /* best few         -> those that can be kept   */
    { "encode", encode_run },   /* those            -> JSON answer              */
};

enum { STAGE_MATCH = 2, STAGE_RANK = 5, STAGE_RESERVE = 6, STAGE_ENCODE = 7 }; /* in the table */

enum err serve_new(struct snapshot_slot *world, struct profile_store *profiles,
                   struct budget_store *budgets, struct clock *clock, struct metrics *metrics,
                   struct serve **ret_serve)
{
    AUTO(serve_free) struct serve *serve = calloc(1, sizeof *serve);
    if (!serve)
        return ERR_NOMEM;
    serve->worlds = world;
    serve->profiles = profiles;
    serve->budgets = budgets;
    serve->clock = clock;
    serve->metrics = metrics;
    for (int i = 0; i < SERVE_STAGES; i++) {
        char label[32] = "stage=\"";
        strcat(strcat(label, path[i].name), "\"");
        serve->stage_us[i] =
            metric_register(metrics, METRIC_HISTOGRAM, "offerd_stage_duration_seconds",
                            "Time spent in each stage of a decision: of at most a thousand "
                            "decisions a second and worker.",
                            str_of(label));
    }
    serve->decisions = metric_register(metrics, METRIC_COUNTER, "offerd_decisions_total",
                                       "Decisions answered.", STR(""));
    static const char *const silences[SILENCE_REASONS] = { "why=\"no_rule\"", "why=\"no_product\"",
                                                           "why=\"not_relevant\"",
                                                           "why=\"held_back\"" };
    for (int i = 0; i < SILENCE_REASONS; i++)
        serve->silent[i] =
            metric_register(metrics, METRIC_COUNTER, "offerd_decisions_silent_total",
                            "Decisions that offered nothing, by how far they came: no rule "
                            "applied, no product was found, what was found is too unlikely to be "
                            "wanted, or it was held back (caps, declines, stock, floors).",
                            str_of(silences[i]));
    const char *what = "Answers that had to do without something, by what was missing.";
    static const char *const missing[DEGRADED_KINDS] = { "missing=\"profile\"",
                                                         "missing=\"deadline\"",
                                                         "missing=\"budget\"" };
    for (int i = 0; i < DEGRADED_KINDS; i++)
        serve->degraded[i] = metric_register(metrics, METRIC_COUNTER, "offerd_degraded_total", what,
                                             str_of(missing[i]));
    serve->expressions_stopped = metric_register(
        metrics, METRIC_COUNTER, "offerd_rule_expressions_stopped_total",
        "Expressions of rules that ended in an error or at their limit: unknown, or a score of 0.",
        STR(""));
    *ret_serve = MOVE(serve);
    return OK;
}

struct serve *serve_free(struct serve *serve)
{
    free(serve);
    return NULL;
}

/* SplitMix64 (Steele, Lea, Flood 2014): spreads one seed over the two words of the generator. */
static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

enum err serve_worker_new(struct serve *serve, uint16_t id, uint64_t seed, struct uv_loop_s *loop,
                          struct metric_shard *shard, struct serve_worker **ret_worker)
{
    AUTO(serve_worker_free) struct serve_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return ERR_NOMEM;
    worker->serve = serve;
    worker->shard = shard;
    worker->id = id;
    worker->timed_next_us = INT64_MIN;
    worker->scratch = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES);
    if (!worker->scratch)
        return ERR_NOMEM;
    worker->random[0] = split_mix(&seed);
    worker->random[1] = split_mix(&seed);
    if (serve->profiles && !(worker->reader = serve->profiles->reader_new(serve->profiles, loop)))
        return ERR_NOMEM;
    if (serve->budgets &&
        !(worker->budget_reader = serve->budgets->reader_new(serve->budgets, loop)))
        return ERR_NOMEM;
    *ret_worker = MOVE(worker);
    return OK;
}

struct serve_worker *serve_worker_free(struct serve_worker *worker)
{
    if (!worker)
        return NULL;
    if (worker->reader)
        worker->serve->profiles->reader_free(worker->serve->profiles, worker->reader);
    if (worker->budget_reader)
        worker->serve->budgets->reader_free(worker->serve->budgets, worker->budget_reader);
    snapshot_view_deinit(&worker->view);
    arena_free(worker->scratch);
    free(worker);
    return NULL;
}

struct decision *decision_new(struct serve_worker *worker, struct arena *arena, struct str body,
                              void (*wake)(void *owner), void *owner)
{
    struct decision *d = arena_take_raw(arena, sizeof *d);
    if (!d)
        return NULL;
    memset(d, 0, offsetof(struct decision, facts.owned_products));
    d->worker = worker;
    d->arena = arena;
    d->body = body;
    d->facts.scratch = worker->scratch;
    d->who.wake = wake;
    d->who.owner = owner;
    d->started_us = worker->serve->clock->mono_us(worker->serve->clock);
    d->now_us = worker->serve->clock->wall_us(worker->serve->clock);
    return d;
}

void decision_explain(struct decision *d)
{
    d->request.always_explain = true;
}

enum err decision_no_room(struct decision *d)
{
    d->problem = (struct decide_problem){ .err = ERR_LIMIT,
                                          .what = "the request needs more memory than one may have",
                                          .pointer = STR("") };
    return ERR_LIMIT;
}

bool decision_has_time(struct decision *d)
{
    if (d->degraded & DEGRADED_DEADLINE)
        return false;
    struct clock *clock = d->worker->serve->clock;
    if (clock->mono_us(clock) < d->deadline_us)
        return true;
    d->degraded |= DEGRADED_DEADLINE;
    return false;
}

int64_t decision_deadline_us(const struct decision *d)
{
    return d->deadline_us;
}

void decision_cancel(struct decision *d)
{
    struct serve *serve = d->worker->serve;
    if (d->who.waiter.asked)
        serve->profiles->forget(serve->profiles, &d->who.waiter);
    reserve_cancel(d);
    d->who.waiting = false;
    if (d->request.world_held)
        (void) snapshot_unref((struct snapshot *) &d->request.world->snapshot);
    d->request.world_held = false;
}

/* Is the answer full, or is no rule left? */
static bool is_settled(const struct decision *d)
{
    bool full = decision_is_full(d) || d->rank.n_best >= d->allow.policy_left;
    bool told = !d->request.explain || (d->match.cursor && d->match.n_told >= RECEIPT_MOST);
    return d->match.n_considered == d->match.n_rules || (full && told);
}

/* Most answers hold nothing of a rule with a budget: then there is nothing to reserve. */
static int stage_after(struct decision *d, int stage)
{
    if (stage == STAGE_RANK && d->rank.budgeted)
        return STAGE_RESERVE;
    if (stage != STAGE_RANK && stage != STAGE_RESERVE)
        return stage + 1;
    if (d->kept.again)
        return STAGE_RANK;
    d->kept.n_kept = d->rank.n_best;
    d->rank.budgeted = false;
    return is_settled(d) ? STAGE_ENCODE : STAGE_MATCH;
}

/* From next_stage to the end, to a fault, or to where a profile is awaited. */
static enum err run_stages(struct decision *d)
{
    struct clock *clock = d->worker->serve->clock;
    int64_t before = d->timed ? clock->mono_us(clock) : 0;
    while (d->next_stage < SERVE_STAGES) {
        int stage = d->next_stage;
        enum err err = path[stage].run(d);
        if (d->timed) {
            int64_t after = clock->mono_us(clock);
            d->stage_us[stage] += after - before;
            before = after;
        }
        if (err != OK || d->who.waiting)
            return err;
        d->next_stage = stage_after(d, stage);
    }
    return OK;
}

static void count(struct decision *d)
{
    struct serve *serve = d->worker->serve;
    struct metric_shard *shard = d->worker->shard;
    metric_add(shard, serve->decisions, 1);
    for (int i = 0; d->timed && i < SERVE_STAGES; i++)
        if (i != STAGE_RESERVE || d->kept.reserve)
            metric_observe_us(shard, serve->stage_us[i], d->stage_us[i]);
    if (d->rank.n_best == 0)
        metric_add(shard, serve->silent[d->rank.silence], 1);
    for (uint32_t i = 0; i < d->rank.n_best; i++)
        metric_add(shard, d->rank.best[i].from->rule->shown, 1);
    if (d->facts.stopped)
        metric_add(shard, serve->expressions_stopped, d->facts.stopped);
    for (int bit = 0; d->degraded && bit < DEGRADED_KINDS; bit++)
        if (d->degraded & 1u << bit)
            metric_add(shard, serve->degraded[bit], 1);
}

static void begin(struct decision *d)
{
    struct serve_worker *worker = d->worker;
    d->request.world = (const struct world *) snapshot_look(worker->serve->worlds, &worker->view);
    d->timed = d->started_us >= worker->timed_next_us;
    if (d->timed)
        worker->timed_next_us = d->started_us + TIMED_EVERY_US;
}

enum decide_state decide_run(struct decision *d, struct str *ret_answer,
                             struct decide_problem *ret_problem)
{
    struct serve *serve = d->worker->serve;
    if (!d->request.world)
        begin(d);

    if (d->worker->reader)
        serve->profiles->read_begin(serve->profiles, d->worker->reader);
    enum err err = run_stages(d);
    if (d->worker->reader)
        serve->profiles->read_end(serve->profiles, d->worker->reader);

    if (err == OK && d->who.waiting) {
        if (!d->request.world_held)
            (void) snapshot_ref((struct snapshot *) &d->request.world->snapshot);
        d->request.world_held = true;
        return DECIDE_WAIT;
    }
    if (err == OK)
        count(d);
    decision_cancel(d);
    if (err != OK) {
        if (d->problem.err == OK)
            (void) decision_no_room(d);
        *ret_problem = d->problem;
        return DECIDE_FAILED;
    }
    *ret_answer = d->encode.answer;
    return DECIDE_DONE;
}
