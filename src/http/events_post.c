/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /events: durable, then visible, then answered. One result for each event sent. When
 * not a single one could be taken it is a 422 with the same results.
 */
#include "http/exchange.h"
#include "http/handlers.h"
#include "http/submit.h"
#include "http/worker.h"
#include "learn.h"

static const char *const status_words[] = {
    [EVENT_ACCEPTED] = "accepted", [EVENT_DUPLICATE] = "duplicate", [EVENT_REJECTED] = "rejected"
};

static void write_result(struct out *out, const struct event_result *result)
{
    out_json_open(out, '{');
    out_json_key(out, STR("event_id"));
    out_json_str(out, result->event_id);
    out_json_key(out, STR("status"));
    out_json_str(out, str_of(status_words[result->status]));
    if (result->status == EVENT_REJECTED) {
        out_json_key(out, STR("problem"));
        out_json_open(out, '{');
        out_json_key(out, STR("detail"));
        out_json_str(out, str_of(result->problem ? result->problem : "not acceptable"));
        out_json_key(out, STR("pointer"));
        out_json_str(out, result->pointer.at ? result->pointer : STR(""));
        out_json_close(out, '}');
    }
    out_json_close(out, '}');
}

static void write_results(struct out *out, const struct event_batch *batch)
{
    out_json_key(out, STR("results"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < batch->n_results; i++)
        write_result(out, &batch->results[i]);
    out_json_close(out, ']');
}

static void answer(struct exchange *exchange)
{
    const struct event_batch *batch = exchange->batch;
    struct out out;
    if (batch->n_events == 0 && batch->n_results > 0) {
        const struct event_result *first = &batch->results[0];
        reply_problem_begin(exchange, PROBLEM_UNACCEPTABLE, first->problem, first->pointer, &out);
        write_results(&out, batch);
        reply_problem_end(exchange, PROBLEM_UNACCEPTABLE, &out);
        return;
    }
    out_init(&out, exchange->arena, 64 + 96 * (size_t) batch->n_results);
    out_json_open(&out, '{');
    write_results(&out, batch);
    out_json_close(&out, '}');
    if (out.failed)
        reply_problem(exchange, PROBLEM_TOO_LARGE, NULL, (struct str){ 0 });
    else
        reply_json(exchange, MHD_HTTP_ACCEPTED, out_str(&out));
}

void events_post(struct exchange *exchange)
{
    submit_events(exchange, exchange->body, answer);
}
