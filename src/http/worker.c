/* SPDX-License-Identifier: Apache-2.0 */
#include "http/worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "http/daemon.h"
#include "http/exchange.h"
#include "http/turn.h"
#include "ports/clock.h"

enum { TICK_MS = 250, NAP_MS = 1, RUNS_FOR_NOTHING = 16 };
enum { LAST_RUNS = 256 }; /* a full backlog (server.c), eleven a run, and who comes meanwhile */

uint64_t worker_random(struct worker *worker)
{
    uint64_t z = worker->chance += 0x9e3779b97f4a7c15; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return z ? z : 1;
}

/* ── the loop ── */

static bool has_work_at_hand(struct worker *worker)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    return worker->run_again ||
           (MHD_get_timeout(worker->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0);
}

static void run(struct worker *worker)
{
    waiting_go_on(&worker->waiting);
    worker->run_again = worker->waiting.due_first;
    worker->moved = false;
    (void) MHD_run(worker->daemon);
    worker->runs_for_nothing = worker->moved ? 0 : worker->runs_for_nothing + 1;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void) status;
    (void) events;
    run(handle->data);
}

static void stay_awake(uv_idle_t *handle)
{
    (void) handle;
}

/* A large answer may take many runs too: the first ones are free, and a nap is short. */
static bool should_nap(const struct worker *worker)
{
    return worker->lines.is_tls && !worker->run_again &&
           worker->runs_for_nothing >= RUNS_FOR_NOTHING;
}

static void on_nap_over(uv_timer_t *handle)
{
    run(handle->data);
}

/*
 * libuv calls the newest of these first, and those that send what was asked of Redis are newer. What is
 * asked here shall leave with what was asked before, not a turn later: fewer and fuller packets.
 */
static void come_first_again(uv_prepare_t *handle, uv_prepare_cb call)
{
    (void) uv_prepare_stop(handle);
    (void) uv_prepare_start(handle, call);
}

static void before_sleep(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;
    come_first_again(handle, before_sleep);
    if (has_work_at_hand(worker) && !should_nap(worker))
        run(worker);
    if (!has_work_at_hand(worker)) {
        (void) uv_idle_stop(&worker->awake);
    } else if (should_nap(worker)) {
        (void) uv_idle_stop(&worker->awake);
        (void) uv_timer_start(&worker->nap, on_nap_over, NAP_MS, 0);
    } else {
        (void) uv_idle_start(&worker->awake, stay_awake);
    }
    turn_note(&worker->loop, worker->shard, worker->http->tally.held_up);
}

static void after_poll(uv_check_t *handle)
{
    struct worker *worker = handle->data;
    if (has_work_at_hand(worker) && !should_nap(worker))
        run(worker);
    turn_note(&worker->loop, worker->shard, worker->http->tally.held_up);
}

static void on_resumed(void *of)
{
    struct worker *worker = of;
    worker->run_again = true;
}

/* ── draining and ending ── */

/*
 * Accepts whoever has connected already, then listens no more. One run of libmicrohttpd lets only
 * some in (0.9.75: eleven); whoever is not in when the socket closes is reset.
 */
static void quiesce(struct worker *worker)
{
    uint64_t before;
    unsigned runs = 0;
    do {
        before = worker->let_in;
        run(worker);
    } while (worker->let_in != before && ++runs < LAST_RUNS);
    worker->quiesced = true;
    worker->quiesced_ms = uv_now(&worker->loop);
    MHD_socket fd = MHD_quiesce_daemon(worker->daemon);
    if (fd != MHD_INVALID_SOCKET)
        (void) close(fd);
}

static void tell_when_quiet(struct worker *worker)
{
    bool quiet = worker->quiesced && atomic_load(&worker->connections) == 0 &&
                 atomic_load(&worker->in_flight) == 0;
    if (!quiet || atomic_load(&worker->is_quiet))
        return;
    (void) pthread_mutex_lock(&worker->http->lock);
    atomic_store(&worker->is_quiet, true);
    (void) pthread_cond_broadcast(&worker->http->quiet);
    (void) pthread_mutex_unlock(&worker->http->lock);
}

static void on_tick(uv_timer_t *handle)
{
    struct worker *worker = handle->data;
    uint64_t most_quiet_ms = UINT64_MAX;
    uint64_t grace_ms = worker->http->settings.drain_idle_ms;
    if (worker->quiesced && uv_now(&worker->loop) - worker->quiesced_ms >= grace_ms)
        most_quiet_ms = grace_ms;
    unsigned cut = lines_sweep(&worker->lines, uv_now(&worker->loop), most_quiet_ms);
    if (cut && !worker->quiesced)
        metric_add(worker->shard, worker->http->tally.cut, cut);
    atomic_store_explicit(&worker->n_waiting, worker->waiting.n, memory_order_relaxed);
    run(worker);
    tell_when_quiet(worker);
    /* Whoever holds an exchange's arena is waited for. */
    if (atomic_load(&worker->stopping) && worker->waiting.n_held == 0)
        uv_stop(&worker->loop);
}

static void on_orders(uv_async_t *handle)
{
    struct worker *worker = handle->data;
    if (atomic_load(&worker->http->draining) && !worker->quiesced)
        quiesce(worker);
    (void) uv_timer_start(&worker->tick, on_tick, 0, 20);
}

void worker_notify(struct worker *worker)
{
    if (worker->running)
        (void) uv_async_send(&worker->orders);
}

/* ── building and tearing down ── */

static void *worker_main(void *of)
{
    struct worker *worker = of;
    char name[16];
    (void) snprintf(name, sizeof name, "worker-%u", worker->id);
    (void) pthread_setname_np(pthread_self(), name);
    waiting_begin(&worker->waiting);
    (void) uv_run(&worker->loop, UV_RUN_DEFAULT);
    return NULL;
}

static int handles_start(struct worker *worker)
{
    uv_loop_t *loop = &worker->loop;
    int wrong = waiting_init(&worker->waiting, loop, worker->http->near.clock, on_resumed, worker);
    const union MHD_DaemonInfo *epoll =
        MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (wrong == 0)
        wrong = uv_poll_init(loop, &worker->readable, epoll->epoll_fd);
    if (wrong == 0)
        wrong = uv_async_init(loop, &worker->orders, on_orders);
    if (wrong)
        return wrong;
    (void) uv_prepare_init(loop, &worker->prepare);
    (void) uv_check_init(loop, &worker->check);
    (void) uv_idle_init(loop, &worker->awake);
    (void) uv_timer_init(loop, &worker->tick);
    (void) uv_timer_init(loop, &worker->nap);
    worker->readable.data = worker->prepare.data = worker->check.data = worker;
    worker->tick.data = worker->nap.data = worker->orders.data = worker;
    (void) uv_poll_start(&worker->readable, UV_READABLE, on_readable);
    (void) uv_prepare_start(&worker->prepare, before_sleep);
    (void) uv_check_start(&worker->check, after_poll);
    (void) uv_timer_start(&worker->tick, on_tick, TICK_MS, TICK_MS);
    return 0;
}

static void close_handle(uv_handle_t *handle, void *of)
{
    (void) of;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

enum err worker_start(struct worker *worker, struct http *http, unsigned id, int listen_fd,
                      struct err_note *note)
{
    *worker = (struct worker){ .http = http, .id = id, .chance = http->settings.seed + id };
    lines_init(&worker->lines, http->settings.idle_timeout_s, http->settings.slow_request_s);
    known_keys_init(&worker->known_keys);
    TRY(daemon_start(worker, listen_fd, note));
    if (!(worker->shard = metric_shard_of(http->near.metrics, &worker->loop)))
        return err_fail(note, ERR_NOMEM, "worker %u: no room for its metrics", id);

    int wrong = uv_loop_init(&worker->loop);
    if (wrong == 0) {
        worker->loop.data = worker; /* it is there to be closed */
        wrong = handles_start(worker);
    }
    if (wrong)
        return err_fail(note, ERR_UNAVAILABLE, "worker %u: no event loop: %s", id,
                        uv_strerror(wrong));
    TRY(serve_worker_new(http->near.serve, (uint16_t) id, worker_random(worker), &worker->loop,
                         worker->shard, &worker->serve));
    wrong = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (wrong)
        return err_fail(note, ERR_UNAVAILABLE, "worker %u: no thread: %s", id, strerror(wrong));
    worker->running = true;
    return OK;
}

void worker_stop(struct worker *worker)
{
    if (worker->running) {
        atomic_store(&worker->stopping, true);
        worker_notify(worker);
        (void) pthread_join(worker->thread, NULL);
        worker->running = false;
    }
    if (worker->loop.data)
        waiting_resume_all(&worker->waiting); /* libmicrohttpd cannot end while one is suspended */
    if (worker->daemon) {
        (void) MHD_run(worker->daemon);
        MHD_stop_daemon(worker->daemon);
    }
    worker->serve = serve_worker_free(worker->serve); /* it may have handles on the loop */
    if (worker->loop.data) {
        uv_walk(&worker->loop, close_handle, NULL);
        (void) uv_run(&worker->loop, UV_RUN_DEFAULT);
        (void) uv_loop_close(&worker->loop);
        waiting_deinit(&worker->waiting);
    }
    exchange_free_pool(worker);
    lines_deinit(&worker->lines);
    snapshot_view_deinit(&worker->api_keys);
}
