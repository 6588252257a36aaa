/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /offers: a decision. It waits only for a profile or a
 * budget that is not at hand, up to its budget_ms.
 */
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/worker.h"

static void on_found(void *owner) /* any thread */
{
    exchange_wake(owner);
}

static void go_on(struct exchange *exchange)
{
    struct str answer;
    struct decide_problem problem;
    switch (decide_run(exchange->decision, &answer, &problem)) {
    case DECIDE_WAIT:
        exchange_wait(exchange, decision_deadline_us(exchange->decision), go_on);
        return;
    case DECIDE_DONE:
        exchange->decision = NULL;
        reply_json(exchange, MHD_HTTP_OK, answer);
        return;
    case DECIDE_FAILED:
        exchange->decision = NULL;
        reply_problem(exchange, problem_of(problem.err, problem.is_value), problem.what,
                      problem.pointer);
        return;
    }
}

void offers_post(struct exchange *exchange)
{
    exchange->decision =
        decision_new(exchange->worker->serve, exchange->arena, exchange->body, on_found, exchange);
    if (exchange->decision)
        go_on(exchange);
    else
        reply_problem(exchange, PROBLEM_TOO_LARGE, NULL, (struct str){ 0 });
}
