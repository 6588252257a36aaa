/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange.h"

#include <stdlib.h>
#include <strings.h>

#include "base/log.h"
#include "http/access_log.h"
#include "http/guard.h"
#include "http/language.h"
#include "http/worker.h"
#include "ports/clock.h"

enum {
    ARENA_FIRST_BYTES = 64 * 1024,
    ARENA_SPARE_BYTES = 4 * 1024 * 1024, /* beside the largest body, twice (it grows by doubling) */
    POOL_MOST = 256,                     /* more at once are freed again */
    BODY_FIRST_BYTES = 4096,
    SMALL_BODY_BYTES = 16 * 1024,
    DROP_MOST_BYTES = 4 * 1024 * 1024, /* of a body that is refused, read all the same */
};

struct exchange *exchange_take(struct worker *worker)
{
    struct exchange *exchange = worker->pool;
    if (exchange) {
        worker->pool = exchange->next_free;
        worker->n_pool--;
        struct arena *arena = exchange->arena;
        *exchange = (struct exchange){ .worker = worker, .arena = arena };
        return exchange;
    }
    exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    exchange->worker = worker;
    exchange->arena = arena_new(ARENA_FIRST_BYTES,
                                4 * worker->http->settings.max_events_bytes + ARENA_SPARE_BYTES);
    if (!exchange->arena) {
        free(exchange);
        return NULL;
    }
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    (void) arena_free(exchange->arena);
    free(exchange);
}

void exchange_free_pool(struct worker *worker)
{
    for (struct exchange *exchange; (exchange = worker->pool);) {
        worker->pool = exchange->next_free;
        exchange_free(exchange);
    }
    worker->n_pool = 0;
}

static size_t body_limit(const struct exchange *exchange)
{
    const struct http_settings *settings = &exchange->worker->http->settings;
    switch (exchange->match.route ? exchange->match.route->body : ROUTE_BODY_NONE) {
    case ROUTE_BODY_OFFERS: return settings->max_offers_bytes;
    case ROUTE_BODY_EVENTS: return settings->max_events_bytes;
    case ROUTE_BODY_SMALL: return SMALL_BODY_BYTES;
    case ROUTE_BODY_NONE: break;
    }
    return 0;
}

/* Of a request that may come in: does its body look like one we want? */
static enum problem refuse_body(const struct exchange *exchange, const char **ret_detail)
{
    const struct exchange_head *head = &exchange->head;
    const struct route *route = exchange->match.route;
    if (route->body == ROUTE_BODY_NONE)
        return PROBLEM_NONE;
    bool wanted = route->body != ROUTE_BODY_SMALL;
    if (wanted && !head->transfer_encoding.at && !head->content_length.at)
        return PROBLEM_LENGTH_REQUIRED;
    int64_t len = -1;
    if (head->content_length.at && str_to_int64(head->content_length, &len) &&
        (uint64_t) len > body_limit(exchange)) {
        *ret_detail = route_body_bound(route);
        return PROBLEM_TOO_LARGE;
    }
    if (len == 0)
        return PROBLEM_NONE;
    if (head->content_encoding.at && strcasecmp(head->content_encoding.at, "identity") != 0) {
        *ret_detail = "no Content-Encoding is understood";
        return PROBLEM_MEDIA_TYPE;
    }
    if (head->content_type.at && !exchange_head_is_json(head)) {
        *ret_detail = "expected Content-Type application/json";
        return PROBLEM_MEDIA_TYPE;
    }
    return PROBLEM_NONE;
}

/* What the head alone tells; @ret_detail may stay NULL. */
static enum problem refuse(struct exchange *exchange, const char **ret_detail)
{
    *ret_detail = exchange_head_doubt(&exchange->head);
    if (*ret_detail)
        return PROBLEM_MALFORMED;
    if (!exchange->match.route)
        return exchange->match.allow ? PROBLEM_METHOD : PROBLEM_NOT_FOUND;
    enum problem problem = guard_check(exchange, ret_detail);
    return problem ? problem : refuse_body(exchange, ret_detail);
}

void exchange_begin(struct exchange *exchange, struct MHD_Connection *connection,
                    const char *method, const char *path)
{
    exchange->connection = connection;
    exchange->method = method;
    exchange_head_read(&exchange->head, connection);
    exchange->has_trace =
        exchange->head.traceparent.at && trace_read(exchange->head.traceparent, &exchange->trace);
    exchange->match = route_find(method, path);
    exchange->refusal = refuse(exchange, &exchange->refusal_detail);
    exchange->body_max = body_limit(exchange);
    exchange->step = exchange->match.route ? exchange->match.route->handle : NULL;
}

bool exchange_answers_early(const struct exchange *exchange)
{
    int64_t len;
    if (!exchange->refusal)
        return false;
    /* In the head only its framing is malformed: of such a body the end is not waited for. */
    return exchange->head.expect.at || exchange->refusal == PROBLEM_MALFORMED ||
           (exchange->head.content_length.at &&
            (!str_to_int64(exchange->head.content_length, &len) || len > DROP_MOST_BYTES));
}

/* Memory follows the bytes that came, not those that were announced. */
static bool make_room(struct exchange *exchange, size_t more)
{
    size_t need = exchange->body_len + more;
    if (need <= exchange->body_room)
        return true;
    size_t room = exchange->body_room ? exchange->body_room * 2 : BODY_FIRST_BYTES;
    while (room < need)
        room *= 2;
    char *at = arena_grow(exchange->arena, exchange->body_at, exchange->body_room, room);
    if (!at)
        return false;
    exchange->body_at = at;
    exchange->body_room = room;
    return true;
}

bool exchange_append(struct exchange *exchange, const char *bytes, size_t len)
{
    if (!exchange->refusal && exchange->match.route->body == ROUTE_BODY_NONE)
        return (exchange->dropped_bytes += len) <= SMALL_BODY_BYTES;
    if (!exchange->refusal &&
        (len > exchange->body_max - exchange->body_len || !make_room(exchange, len))) {
        exchange->refusal = PROBLEM_TOO_LARGE;
        exchange->refusal_detail = route_body_bound(exchange->match.route);
    }
    if (exchange->refusal)
        return (exchange->dropped_bytes += len) <= DROP_MOST_BYTES;
    memcpy(exchange->body_at + exchange->body_len, bytes, len);
    exchange->body_len += len;
    return true;
}

static void exchange_complete(struct exchange *exchange)
{
    struct clock *clock = exchange->worker->http->near.clock;
    exchange->complete = true;
    exchange->began_us = clock->mono_us(clock);
    exchange->body = (struct str){ exchange->body_at ? exchange->body_at : "", exchange->body_len };
    metric_add(exchange->worker->shard, exchange->worker->http->tally.body_bytes,
               exchange->body_len + exchange->dropped_bytes);
    line_enter(exchange->line, LINE_WORKING, uv_now(&exchange->worker->loop));
}

/* A line for the access log; @status 0 when there will be no answer. */
static void exchange_log(struct exchange *exchange, unsigned status, int64_t took_us)
{
    struct worker *worker = exchange->worker;
    struct clock *clock = worker->http->near.clock;
    struct access_line *line = access_log_line(worker->http->access_log, worker->id, worker->shard);
    if (!line)
        return;
    *line = (struct access_line){
        .at_us = clock->wall_us(clock) - took_us,
        .took_us = took_us,
        .bytes = strcmp(exchange->method, "HEAD") == 0 || !status ? 0 : exchange->answer_bytes,
        .path = exchange->match.route ? exchange->match.route->path : NULL,
        .status = (uint16_t) status
    };
    line->method_len = (uint8_t) strnlen(exchange->method, sizeof line->method);
    memcpy(line->method, exchange->method, line->method_len);
    line->key_len = (uint8_t) exchange->key_name.len;
    if (line->key_len)
        memcpy(line->key, exchange->key_name.at, line->key_len);
    memcpy(line->trace_id, exchange_request_id(exchange).at, sizeof line->trace_id);
    access_log_done(worker->http->access_log, worker->id);
}

static void exchange_count(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    struct clock *clock = worker->http->near.clock;
    int64_t took_us = clock->mono_us(clock) - exchange->began_us;
    const struct tally_operation *operation = tally_of(&worker->http->tally, exchange->match.route);
    metric_observe_us(worker->shard, operation->seconds, took_us);
    metric_add(worker->shard, operation->answers[exchange->status / 100 % TALLY_CLASSES], 1);
    line_enter(exchange->line, LINE_SENDING, uv_now(&worker->loop));
    if (worker->http->access_log)
        exchange_log(exchange, exchange->status, took_us);
    if (log_wants(LOG_DEBUG))
        log_request(LOG_DEBUG, "http", exchange_request_id(exchange), "answered: %s %u in %lld us",
                    exchange->match.route ? exchange->match.route->operation : "none",
                    exchange->status, (long long) took_us);
}

enum MHD_Result exchange_run(struct exchange *exchange)
{
    if (exchange->answered)
        return exchange->queued;
    if (!exchange->complete) {
        exchange_complete(exchange);
        if (exchange->refusal)
            reply_problem(exchange, exchange->refusal, exchange->refusal_detail, (struct str){ 0 });
    }
    if (!exchange->answered && !exchange->waited && atomic_load(&exchange->worker->stopping))
        reply_problem(exchange, PROBLEM_UNAVAILABLE, NULL, (struct str){ 0 });
    if (!exchange->answered)
        exchange->step(exchange);
    if (exchange->suspended)
        return MHD_YES;
    if (!exchange->answered) /* a handler must do one or the other */
        reply_problem(exchange, PROBLEM_INTERNAL, NULL, (struct str){ 0 });
    exchange_count(exchange);
    return exchange->queued;
}

void exchange_end(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    const bool is_cut = exchange->line && exchange->line->cut; /* 408 was said, or over TLS meant */
    if (worker->http->access_log && !exchange->answered)
        exchange_log(exchange, is_cut ? MHD_HTTP_REQUEST_TIMEOUT : 0, 0);
    if (exchange->decision)
        decision_cancel(exchange->decision);
    if (exchange->waited)
        waiting_forget(&worker->waiting, exchange);
    if (!exchange->text.arena)
        out_deinit(&exchange->text);
    if (worker->n_pool >= POOL_MOST) {
        exchange_free(exchange);
        return;
    }
    arena_reset(exchange->arena);
    exchange->next_free = worker->pool;
    worker->pool = exchange;
    worker->n_pool++;
}

void exchange_wait(struct exchange *exchange, int64_t deadline_us, exchange_step *step)
{
    if (atomic_load(&exchange->worker->stopping)) {
        reply_problem(exchange, PROBLEM_UNAVAILABLE, NULL, (struct str){ 0 });
        return;
    }
    exchange->step = step;
    exchange->waited = true;
    waiting_add(&exchange->worker->waiting, exchange, deadline_us, false);
}

void exchange_hold(struct exchange *exchange, exchange_step *step)
{
    exchange->step = step;
    exchange->waited = true;
    waiting_add(&exchange->worker->waiting, exchange, INT64_MAX, true);
}

void exchange_wake(struct exchange *exchange)
{
    waiting_wake(&exchange->worker->waiting, exchange);
}

static void on_work(uv_work_t *work)
{
    struct exchange *exchange = work->data;
    exchange->offloaded(exchange);
}

static void on_worked(uv_work_t *work, int status)
{
    struct exchange *exchange = work->data;
    (void) status;
    waiting_resume(&exchange->worker->waiting, exchange);
}

void exchange_offload(struct exchange *exchange, exchange_step *work, exchange_step *step)
{
    exchange->offloaded = work;
    exchange->work.data = exchange;
    exchange_hold(exchange, step);
    (void) uv_queue_work(&exchange->worker->loop, &exchange->work, on_work, on_worked);
}

enum locale exchange_locale(const struct exchange *exchange)
{
    return language_of(exchange->head.accept_language, LOCALE_EN);
}

void exchange_warn(struct exchange *exchange, const char *problem)
{
    struct worker *worker = exchange->worker;
    uint64_t now_ms = uv_now(&worker->loop);
    worker->unwarned++;
    if (worker->warned_ms && now_ms - worker->warned_ms < 1000)
        return;
    log_request(LOG_WARNING, "http", exchange_request_id(exchange),
                "%s: %u since the last such line", problem, worker->unwarned);
    worker->warned_ms = now_ms;
    worker->unwarned = 0;
}

struct str exchange_request_id(struct exchange *exchange)
{
    if (!exchange->has_trace) {
        uint64_t high = worker_random(exchange->worker);
        exchange->trace = trace_make(high, worker_random(exchange->worker));
        exchange->has_trace = true;
    }
    return (struct str){ exchange->trace.id, TRACE_ID_BYTES };
}
