/* SPDX-License-Identifier: Apache-2.0 */
#include "http/reply.h"

#include <stdio.h>

#include "http/exchange.h"
#include "http/worker.h"

/* What a failure is to the outside. The only place that gives it a status. */
static const struct {
    unsigned status;
    const char *type, *title[LOCALES];
} problems[PROBLEMS] = {
    [PROBLEM_MALFORMED] = { 400,
                            "/problems/malformed",
                            { "リクエストの形式が正しくありません。",
                              "The request is malformed." } },
    [PROBLEM_NO_KEY] = { 401,
                         "/problems/no-key",
                         { "APIキーが必要です。", "An API key is required." } },
    [PROBLEM_SCOPE] = { 403,
                        "/problems/scope",
                        { "このAPIキーでは利用できません。",
                          "This API key may not be used for that." } },
    [PROBLEM_NOT_FOUND] = { 404,
                            "/problems/not-found",
                            { "見つかりません。", "There is nothing here." } },
    [PROBLEM_METHOD] = { 405,
                         "/problems/method-not-allowed",
                         { "このメソッドは使えません。", "This method is not allowed here." } },
    [PROBLEM_OVER] = { 409,
                       "/problems/offer-over",
                       { "このご案内の期限は過ぎました。", "This offer is over." } },
    [PROBLEM_USED_UP] = { 409,
                          "/problems/budget-used-up",
                          { "このご案内は予定の数に達しました。",
                            "All there were of this offer are taken." } },
    [PROBLEM_LENGTH_REQUIRED] = { 411,
                                  "/problems/length-required",
                                  { "本文が必要です。", "A body is required." } },
    [PROBLEM_TOO_LARGE] = { 413,
                            "/problems/too-large",
                            { "リクエストが大きすぎます。", "The request is too large." } },
    [PROBLEM_MEDIA_TYPE] = { 415,
                             "/problems/unsupported-media-type",
                             { "この形式の本文は受け付けられません。",
                               "Bodies of this type are not understood." } },
    [PROBLEM_UNACCEPTABLE] = { 422,
                               "/problems/unacceptable",
                               { "受け付けられない値があります。", "A value is not acceptable." } },
    [PROBLEM_RATE] = { 429,
                       "/problems/rate",
                       { "リクエストが多すぎます。少し待ってやり直してください。",
                         "Too many requests. Try again in a moment." } },
    [PROBLEM_BUSY] = { 503,
                       "/problems/busy",
                       { "混み合っています。少し待ってやり直してください。",
                         "Too much is waiting. Try again in a moment." } },
    [PROBLEM_UNAVAILABLE] = { 503,
                              "/problems/unavailable",
                              { "いま利用できません。少し待ってやり直してください。",
                                "Not available now. Try again in a moment." } },
    [PROBLEM_INTERNAL] = { 500,
                           "/problems/internal",
                           { "サーバー内部で問題が起きました。",
                             "Something is wrong on our side." } },
};

enum problem problem_of(enum err err, bool is_value)
{
    switch (err) {
    case ERR_INPUT: return is_value ? PROBLEM_UNACCEPTABLE : PROBLEM_MALFORMED;
    case ERR_LIMIT: return PROBLEM_TOO_LARGE;
    case ERR_UNAVAILABLE: return PROBLEM_UNAVAILABLE;
    case ERR_NOMEM: return PROBLEM_UNAVAILABLE;
    case ERR_CORRUPT:
    case OK: break;
    }
    return PROBLEM_INTERNAL;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    (void) MHD_add_response_header(response, name, value);
}

static void add_trace(struct exchange *exchange, struct MHD_Response *response)
{
    char text[TRACE_PARENT_BYTES + 1];
    trace_write(&exchange->trace, worker_random(exchange->worker), text);
    add_header(response, "traceparent", text);
}

static void add_retry_after(const struct exchange *exchange, struct MHD_Response *response)
{
    char seconds[16];
    (void) snprintf(seconds, sizeof seconds, "%u",
                    exchange->retry_after_s ? exchange->retry_after_s : 1);
    add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
}

/* Headers are few: each costs libmicrohttpd an allocation, and the client bytes. */
static void reply(struct exchange *exchange, enum problem problem, unsigned status,
                  const char *type, struct str body)
{
    if (exchange->answered)
        return;
    exchange->answered = true;
    exchange->status = status;
    exchange->answer_bytes = body.len;
    exchange->queued = MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *) (body.at ? body.at : ""), MHD_RESPMEM_PERSISTENT);
    if (!response)
        return;
    if (type)
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (exchange->has_trace && exchange->trace.sent)
        add_trace(exchange, response);
    if (exchange->etag[0])
        add_header(response, MHD_HTTP_HEADER_ETAG, exchange->etag);
    if (problem == PROBLEM_METHOD)
        add_header(response, MHD_HTTP_HEADER_ALLOW, exchange->match.allow);
    if (problem == PROBLEM_NO_KEY)
        add_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                   exchange->bad_key ? "Bearer realm=\"offerd\", error=\"invalid_token\""
                                     : "Bearer realm=\"offerd\"");
    if (status == 503 || problem == PROBLEM_RATE)
        add_retry_after(exchange, response);
    if (atomic_load_explicit(&exchange->worker->http->draining, memory_order_relaxed) ||
        exchange->refusal == PROBLEM_MALFORMED)
        add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    exchange->queued = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
}

void reply_json(struct exchange *exchange, unsigned status, struct str json)
{
    reply(exchange, PROBLEM_NONE, status, "application/json", json);
}

void reply_text(struct exchange *exchange, unsigned status, const char *type, struct str text)
{
    reply(exchange, PROBLEM_NONE, status, type, text);
}

void reply_problem_begin(struct exchange *exchange, enum problem problem, const char *detail,
                         struct str pointer, struct out *out)
{
    out_init(out, exchange->arena, 512);
    out_json_open(out, '{');
    out_json_key(out, STR("type"));
    out_json_str(out, str_of(problems[problem].type));
    out_json_key(out, STR("title"));
    out_json_str(out, str_of(problems[problem].title[exchange_locale(exchange)]));
    out_json_key(out, STR("status"));
    out_json_int(out, problems[problem].status);
    if (detail) {
        out_json_key(out, STR("detail"));
        out_json_str(out, str_of(detail));
    }
    if (pointer.at) {
        out_json_key(out, STR("pointer"));
        out_json_str(out, pointer);
    }
    out_json_key(out, STR("request_id"));
    out_json_str(out, exchange_request_id(exchange));
}

void reply_problem_end(struct exchange *exchange, enum problem problem, struct out *out)
{
    out_json_close(out, '}');
    /* The arena may be what ran out. */
    struct str body =
        out->failed ? STR("{\"type\":\"about:blank\",\"title\":\"Too large.\"}") : out_str(out);
    reply(exchange, problem, problems[problem].status, "application/problem+json", body);
}

void reply_problem(struct exchange *exchange, enum problem problem, const char *detail,
                   struct str pointer)
{
    struct out out;
    reply_problem_begin(exchange, problem, detail, pointer, &out);
    reply_problem_end(exchange, problem, &out);
}
