/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"
#include "http/exchange_head.h"
#include "http/reply.h"
#include "http/routes.h"
#include "http/server.h"
#include "http/trace.h"
#include "shop/locale.h"

/*
 * Exchange
 *
 * One request and its answer. It is taken from its worker's pool when the head has been
 * read and goes back when libmicrohttpd has sent the answer or given up: until then its
 * arena holds the body, whatever the handler takes and the answer, which libmicrohttpd
 * sends from there. In steady state nothing is allocated for a request.
 *
 * All of it belongs to the worker's thread, except between exchange_hold and exchange_wake
 * (or during exchange_offload's work), when another thread may use the arena.
 */
struct decision;
struct event_batch;
struct exchange;
struct line;
struct outcome;
struct worker;

typedef void exchange_step(struct exchange *exchange);

struct exchange {
    struct worker *worker;
    struct exchange *next_free;
    struct arena *arena;

    struct MHD_Connection *connection;
    struct line *line;
    const char *method; /* libmicrohttpd's, until the request ends */
    struct exchange_head head;
    struct route_match match;
    struct trace trace;
    bool has_trace; /* trace is set */

    char *body_at;
    size_t body_len, body_room, body_max, dropped_bytes;
    struct str body; /* once it is complete */

    enum problem refusal; /* found in the head: what to answer after the body */
    const char *refusal_detail;
    struct str key_name; /* of the key it came with; absent when none was asked for */
    bool bad_key;        /* it came with one that nobody has */
    unsigned retry_after_s;

    exchange_step *step; /* what to call next */
    int64_t began_us;    /* the request was complete: clock's mono_us */
    bool complete, answered, failed;
    enum MHD_Result queued;
    unsigned status;
    size_t answer_bytes;

    /* waiting.h's own */
    struct exchange *before, *after; /* in the list of those that wait */
    int64_t deadline_us;
    bool suspended, held, timed, waited;
    bool due;    /* in the list of those that go on next */
    bool asleep; /* libmicrohttpd leaves it alone */
    struct exchange *next_woken;
    bool woken; /* under waiting's lock */

    /* the handler's own */
    struct decision *decision;
    struct event_batch *batch;
    struct out text; /* heap: an answer too large for an arena */
    uv_work_t work;
    exchange_step *offloaded;
    int work_status;
    bool force;
    char etag[HTTP_ETAG_BYTES + 2];
    exchange_step *own_step;
    struct outcome *outcome;
};

/* NULL for lack of memory. */
struct exchange *exchange_take(struct worker *worker);
void exchange_free_pool(struct worker *worker);

/* The head is there: finds the route and whatever can be refused already. */
void exchange_begin(struct exchange *exchange, struct MHD_Connection *connection,
                    const char *method, const char *path);

/* True when the refusal should be answered before the body: too long to read, or without an end. */
bool exchange_answers_early(const struct exchange *exchange);

/* A piece of the body. False: close the connection. */
bool exchange_append(struct exchange *exchange, const char *bytes, size_t len);

/* The request is complete, or a wait is over: runs the next step. MHD_NO: close. */
enum MHD_Result exchange_run(struct exchange *exchange);

/* libmicrohttpd is done with it: back into the pool. */
void exchange_end(struct exchange *exchange);

/* Suspends; @step is called after exchange_wake or at @deadline_us (mono_us, INT64_MAX: none). */
void exchange_wait(struct exchange *exchange, int64_t deadline_us, exchange_step *step);

/* The same without a deadline, while another thread holds the arena: must be woken. */
void exchange_hold(struct exchange *exchange, exchange_step *step);

/* From any thread, while it waits. Hands over only. */
void exchange_wake(struct exchange *exchange);

/* Suspends, runs @work on a thread of libuv's pool, then @step on the worker. */
void exchange_offload(struct exchange *exchange, exchange_step *work, exchange_step *step);

/* The reader's language, by Accept-Language. */
enum locale exchange_locale(const struct exchange *exchange);

/*
 * Logs a failure of ours with the request's id; of many in one
 * second only the first, with their number.
 */
void exchange_warn(struct exchange *exchange, const char *problem);

/* The trace id: the client's or one made now. */
struct str exchange_request_id(struct exchange *exchange);
