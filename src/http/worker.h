/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/snapshot.h"
#include "http/known_keys.h"
#include "http/line.h"
#include "http/server.h"
#include "http/tally.h"
#include "http/waiting.h"
#include "serve.h"

/*
 * Worker
 *
 * One thread with one libuv loop and one libmicrohttpd daemon in external epoll mode, whose
 * listening socket shares the port with those of the other workers. The daemon's epoll
 * descriptor is watched by the loop.
 *
 * The trap: while MHD_get_timeout says 0, or after a resume, libmicrohttpd has work that no
 * descriptor will announce. It must run before the loop sleeps, else a resumed request
 * waits for the next tick.
 *
 * The other trap: while a client is in the middle of its TLS handshake, libmicrohttpd (0.9.75)
 * says so all the time. When run after run brings nothing, there is a millisecond between them.
 */
struct exchange;

/* What the workers share. */
struct http {
    struct http_settings settings;
    struct http_neighbours near;
    struct tally tally;
    struct access_log *access_log; /* NULL: off */
    uint16_t port;
    atomic_bool draining;
    int64_t drain_began_us; /* under lock */
    pthread_mutex_t lock;
    pthread_cond_t quiet;       /* a worker has become quiet */
    _Atomic unsigned n_workers; /* started so far: the first ones answer while the others start */
    struct worker *workers;
};

struct worker {
    struct http *http;
    unsigned id;
    pthread_t thread;
    bool running;
    uv_loop_t loop;
    uv_poll_t readable;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t awake;
    uv_timer_t tick, nap;
    uv_async_t orders; /* drain, stop */
    atomic_bool stopping;
    bool quiesced, run_again, moved;
    unsigned runs_for_nothing;
    uint64_t quiesced_ms;
    uint64_t let_in; /* connections so far */
    struct waiting waiting;

    struct MHD_Daemon *daemon;
    char why[200]; /* it did not start */
    struct lines lines;
    struct exchange *pool;
    unsigned n_pool;
    uint64_t chance;    /* state of worker_random */
    uint64_t warned_ms; /* exchange_warn */
    unsigned unwarned;

    struct snapshot_view api_keys;
    struct known_keys known_keys;
    struct serve_worker *serve;
    struct metric_shard *shard;
    /* For other threads to read. */
    _Atomic unsigned connections, in_flight, n_waiting;
    atomic_bool is_quiet;
};

/* Takes @listen_fd. Begins to answer at once. */
MUST_CHECK enum err worker_start(struct worker *worker, struct http *http, unsigned id,
                                 int listen_fd, struct err_note *note);

/* Tells the worker to look at http->draining. Any thread. */
void worker_notify(struct worker *worker);

/* Ends the thread and whatever is under way, and lets go of everything. Not-started is welcome. */
void worker_stop(struct worker *worker);

uint64_t worker_random(struct worker *worker);
