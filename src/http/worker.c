/* SPDX-License-Identifier: Apache-2.0 */
#include "http/worker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "http/exchange.h"
#include "http/turn.h"
#include "ports/clock.h"

enum { TICK_MS = 250, NAP_MS = 1, RUNS_FOR_NOTHING = 16 };

uint64_t worker_random(struct worker *worker)
{
    uint64_t z = worker->chance += 0x9e3779b97f4a7c15; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return z ? z : 1;
}

static void count(_Atomic unsigned *number, int more)
{
    atomic_store_explicit(number,
                          atomic_load_explicit(number, memory_order_relaxed) + (unsigned) more,
                          memory_order_relaxed);
}

/* ── what libmicrohttpd calls ── */

static void on_line(void *of, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode what)
{
    struct worker *worker = of;
    worker->moved = true;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = line_open(&worker->lines, connection, uv_now(&worker->loop));
        count(&worker->connections, 1);
    } else {
        line_close(&worker->lines, *socket_context);
        *socket_context = NULL;
        count(&worker->connections, -1);
    }
}

static struct line *line_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static enum MHD_Result begin(struct worker *worker, struct MHD_Connection *connection,
                             const char *url, const char *method, void **slot)
{
    struct exchange *exchange = exchange_take(worker);
    if (!(*slot = exchange))
        return MHD_NO;
    count(&worker->in_flight, 1);
    exchange->line = line_of(connection);
    line_enter(exchange->line, LINE_RECEIVING, uv_now(&worker->loop));
    exchange_begin(exchange, connection, method, url);
    return exchange_answers_early(exchange) ? exchange_run(exchange) : MHD_YES;
}

/*
 * Called once with the head alone, then with pieces of the body, then once more with none,
 * and again after each resume. An answer queued in the first call closes the connection, so
 * a refusal waits for the end of the body too, unless that would be too long.
 */
static enum MHD_Result on_request(void *of, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **slot)
{
    struct worker *worker = of;
    struct exchange *exchange = *slot;
    (void) version;
    worker->moved = true;

    if (!exchange)
        return begin(worker, connection, url, method, slot);
    if (*n > 0) {
        bool fits = exchange_append(exchange, bytes, *n);
        *n = 0;
        return fits ? MHD_YES : MHD_NO;
    }
    return exchange_run(exchange);
}

static void on_completed(void *of, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how)
{
    struct worker *worker = of;
    struct exchange *exchange = *slot;
    (void) connection;

    worker->moved = true;
    if (!exchange)
        return;
    *slot = NULL;
    count(&worker->in_flight, -1);
    if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        metric_add(worker->shard, worker->http->tally.aborted, 1);
    line_enter(exchange->line, LINE_QUIET, uv_now(&worker->loop));
    exchange_end(exchange);
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

static void before_sleep(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;
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

/* Accepts whoever has connected already, then listens no more. */
static void quiesce(struct worker *worker)
{
    run(worker);
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
    log_without_waiting();
    waiting_begin(&worker->waiting);
    (void) uv_run(&worker->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void no_panic_text(void *of, const char *file, unsigned line, const char *reason)
{
    (void) of;
    log_line(LOG_ERROR, "http", "libmicrohttpd gives up: %s (%s:%u)", reason ? reason : "?", file,
             line);
}

/* During the start libmicrohttpd's words are the reason why; later ones are about single clients. */
static void on_word(void *of, const char *fmt, va_list args)
{
    struct worker *worker = of;
    char text[200];
    if (worker->loop.data && !log_wants(LOG_DEBUG))
        return;
    int len = vsnprintf(text, sizeof text, fmt, args);
    len = len < (int) sizeof text ? len : (int) sizeof text - 1;
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (worker->loop.data)
        log_line(LOG_DEBUG, "http", "libmicrohttpd: %s", text);
    else if (!worker->why[0]) /* the first is the cause */
        (void) snprintf(worker->why, sizeof worker->why, "%s", text);
}

/* Turbo and TLS do not go together (0.9.75): who never shakes hands is then neither waited for nor let go. */
static enum err daemon_start(struct worker *worker, int listen_fd, struct err_note *note)
{
    const struct http_settings *settings = &worker->http->settings;
    const bool tls = settings->tls_cert != NULL;
    struct MHD_OptionItem secure[] = {
        { MHD_OPTION_HTTPS_PRIORITIES, 0,
          (char[]){ "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" } },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *) settings->tls_cert },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *) settings->tls_key },
        { MHD_OPTION_END, 0, NULL },
    };
    MHD_set_panic_func(no_panic_text, NULL);
    errno = 0;
    worker->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
            (tls ? MHD_USE_TLS | MHD_USE_ERROR_LOG : MHD_USE_TURBO),
        0, NULL, NULL, on_request, worker, MHD_OPTION_EXTERNAL_LOGGER, on_word, worker,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, worker,
        MHD_OPTION_NOTIFY_CONNECTION, on_line, worker, MHD_OPTION_CONNECTION_TIMEOUT,
        settings->idle_timeout_s, MHD_OPTION_CONNECTION_LIMIT, settings->max_connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->max_head_bytes, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, tls ? secure : secure + 3,
        MHD_OPTION_END);
    worker->lines.is_tls = tls;
    if (worker->daemon)
        return OK;
    (void) close(listen_fd);
    if (tls && worker->why[0])
        return err_fail(note, ERR_INPUT, "tls_cert and tls_key cannot be used: %s", worker->why);
    return err_fail(note, ERR_UNAVAILABLE, "worker %u: libmicrohttpd does not start: %s",
                    worker->id, strerror(errno));
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
    if (!(worker->shard = metric_shard_new(http->near.metrics)))
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
