/* SPDX-License-Identifier: Apache-2.0 */
#include "http/submit.h"

#include "http/worker.h"
#include "learn.h"
#include "ports/clock.h"

static void on_durable(struct event_batch *batch) /* the journal's thread */
{
    exchange_wake(batch->owner);
}

static void after_commit(struct exchange *exchange)
{
    exchange_step *step = exchange->own_step;
    if (exchange->batch->outcome == OK) {
        step(exchange);
        return;
    }
    exchange_warn(exchange, "events not stored, the log failed");
    reply_problem(exchange, problem_of(exchange->batch->outcome, false), "nothing was stored",
                  (struct str){ 0 });
}

void submit_events(struct exchange *exchange, struct str body, exchange_step *step)
{
    const struct http *http = exchange->worker->http;
    const struct intake_limits limits = { .max_events = http->settings.max_events };
    struct clock *clock = http->near.clock;
    struct err_note note = { "" };
    struct str pointer = { 0 };
    enum err err = intake_read(body, http->near.token_key, clock->wall_us(clock), &limits,
                               exchange->arena, &exchange->batch, &pointer, &note);
    if (err != OK) {
        reply_problem(exchange, problem_of(err, false), note.text[0] ? note.text : NULL, pointer);
        return;
    }
    if (exchange->batch->n_events == 0) {
        metric_add(exchange->worker->shard, http->tally.rejected_events,
                   exchange->batch->n_results);
        step(exchange);
        return;
    }
    exchange->batch->done = on_durable;
    exchange->batch->owner = exchange;
    exchange->own_step = step;
    if (learn_submit(http->near.learn, exchange->batch) == OK) {
        exchange_hold(exchange, after_commit);
        return;
    }
    exchange_warn(exchange, "events refused, the journal's queue is full");
    reply_problem(exchange, PROBLEM_BUSY, "the journal's queue is full: nothing was stored",
                  (struct str){ 0 });
}
