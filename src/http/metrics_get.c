/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics: written off the loop, for it is long and must not delay a decision. */
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/worker.h"

static unsigned sum(const struct http *http, size_t offset)
{
    unsigned total = 0;
    for (unsigned i = 0; i < http->n_workers; i++)
        total += atomic_load_explicit((_Atomic unsigned *) ((char *) &http->workers[i] + offset),
                                      memory_order_relaxed);
    return total;
}

static void write_metrics(struct exchange *exchange) /* a thread of the pool */
{
    const struct http *http = exchange->worker->http;
    struct metrics *metrics = http->near.metrics;
    metric_set(metrics, http->tally.connections, sum(http, offsetof(struct worker, connections)));
    metric_set(metrics, http->tally.in_flight, sum(http, offsetof(struct worker, in_flight)));
    metric_set(metrics, http->tally.waiting, sum(http, offsetof(struct worker, n_waiting)));
    if (http->near.before_metrics)
        http->near.before_metrics(http->near.self);
    out_init(&exchange->text, NULL, 64 * 1024);
    metrics_print(metrics, &exchange->text);
}

static void answer(struct exchange *exchange)
{
    if (exchange->text.failed)
        reply_problem(exchange, PROBLEM_UNAVAILABLE, NULL, (struct str){ 0 });
    else
        reply_text(exchange, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                   out_str(&exchange->text));
}

void metrics_get(struct exchange *exchange)
{
    exchange_offload(exchange, write_metrics, answer);
}
