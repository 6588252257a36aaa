/* SPDX-License-Identifier: Apache-2.0 */
#include "http/daemon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "http/exchange.h"
#include "http/worker.h"

/*
 * libmicrohttpd (0.9.75) keeps in a connection's memory the head, a copy of its cookies, 64 bytes
 * for each header and each cookie, and the answer's head.
 */
enum { MEMORY_HEADS = 2 };

/* ── what it calls ── */

static void count(_Atomic unsigned *number, int more)
{
    atomic_store_explicit(number,
                          atomic_load_explicit(number, memory_order_relaxed) + (unsigned) more,
                          memory_order_relaxed);
}

static void on_line(void *of, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode what)
{
    struct worker *worker = of;
    worker->moved = true;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = line_open(&worker->lines, connection, uv_now(&worker->loop));
        count(&worker->connections, 1);
        worker->let_in++;
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
 * a refusal waits for the end of the body too, unless that would be too long or is in doubt.
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

/* ── how it is set up ── */

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
enum err daemon_start(struct worker *worker, int listen_fd, struct err_note *note)
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
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_HEADS * settings->max_head_bytes,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
        tls ? secure : secure + 3, MHD_OPTION_END);
    worker->lines.is_tls = tls;
    if (worker->daemon)
        return OK;
    (void) close(listen_fd);
    if (tls && worker->why[0])
        return err_fail(note, ERR_INPUT, "tls_cert and tls_key cannot be used: %s", worker->why);
    return err_fail(note, ERR_UNAVAILABLE, "worker %u: libmicrohttpd does not start: %s",
                    worker->id, strerror(errno));
}
