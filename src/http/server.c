/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each worker has a listening socket of its own on the shared port (SO_REUSEPORT) and the
 * kernel spreads connections over them. The same option would let a second server take half
 * of the connections without a word, so the port is first tried without it.
 */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "http/access_log.h"
#include "http/worker.h"

enum { BACKLOG = 1024 };

void http_settings_default(struct http_settings *ret_settings)
{
    *ret_settings = (struct http_settings){ .address = "127.0.0.1",
                                            .port = 8080,
                                            .workers = 1,
                                            .max_offers_bytes = 256 * 1024,
                                            .max_events_bytes = 1024 * 1024,
                                            .max_head_bytes = 16 * 1024,
                                            .max_connections = 4096,
                                            .idle_timeout_s = 30,
                                            .slow_request_s = 10,
                                            .drain_s = 15,
                                            .drain_idle_ms = 500,
                                            .max_events = 1000 };
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum err address_read(const char *text, union address *ret_address, struct err_note *note)
{
    *ret_address = (union address){ 0 };
    if (inet_pton(AF_INET, text, &ret_address->v4.sin_addr) == 1)
        ret_address->any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &ret_address->v6.sin6_addr) == 1)
        ret_address->any.sa_family = AF_INET6;
    else
        return err_fail(note, ERR_INPUT, "'%s' is not an IPv4 or IPv6 address", text);
    return OK;
}

/* The port stands at the same place in both families. */
_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
               "sin_port and sin6_port differ");

static socklen_t address_len(const union address *address)
{
    return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

static int bound_socket(const union address *address, bool shared)
{
    const int yes = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0) &&
        bind(fd, &address->any, address_len(address)) == 0)
        return fd;
    int wrong = errno;
    (void) close(fd);
    errno = wrong;
    return -1;
}

static enum err no_port(const struct http_settings *settings, uint16_t port, struct err_note *note)
{
    return err_fail(note, ERR_UNAVAILABLE, "cannot listen on %s port %u: %s", settings->address,
                    port, strerror(errno));
}

/* Learns the port when any will do. */
static enum err listen_for(const struct http_settings *settings, union address *address,
                           int *ret_fd, struct err_note *note)
{
    uint16_t port = ntohs(address->v4.sin_port);
    int fd = bound_socket(address, true);
    if (fd < 0)
        return no_port(settings, port, note);
    socklen_t len = sizeof *address;
    if (listen(fd, BACKLOG) != 0 || getsockname(fd, &address->any, &len) != 0) {
        enum err err = no_port(settings, port, note);
        (void) close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

static enum err workers_start(struct http *http, struct err_note *note)
{
    const struct http_settings *settings = &http->settings;
    union address address;
    TRY(address_read(settings->address, &address, note));
    address.v4.sin_port = htons(settings->port);
    if (settings->port) {
        int probe = bound_socket(&address, false);
        if (probe < 0)
            return no_port(settings, settings->port, note);
        (void) close(probe);
    }
    for (unsigned i = 0; i < settings->workers; i++) {
        int fd = -1;
        TRY(listen_for(settings, &address, &fd, note));
        enum err err = worker_start(&http->workers[i], http, i, fd, note);
        atomic_store(&http->n_workers, i + 1); /* one that failed is stopped with the others */
        TRY(err);
    }
    http->port = ntohs(address.v4.sin_port);
    return OK;
}

static void quiet_init(struct http *http)
{
    pthread_condattr_t monotonic;
    (void) pthread_mutex_init(&http->lock, NULL);
    (void) pthread_condattr_init(&monotonic);
    (void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void) pthread_cond_init(&http->quiet, &monotonic);
    (void) pthread_condattr_destroy(&monotonic);
}

static struct http *http_free(struct http *http)
{
    for (unsigned i = 0; i < http->n_workers; i++)
        worker_stop(&http->workers[i]);
    (void) pthread_cond_destroy(&http->quiet);
    (void) pthread_mutex_destroy(&http->lock);
    http->access_log = access_log_stop(http->access_log);
    free(http->workers);
    free(http);
    return NULL;
}

enum err http_start(const struct http_settings *settings, const struct http_neighbours *neighbours,
                    struct http **ret_http, struct err_note *note)
{
    if (settings->workers < 1 || settings->workers > HTTP_WORKERS_MAX)
        return err_fail(note, ERR_INPUT, "workers: %u is not 1 to %d", settings->workers,
                        HTTP_WORKERS_MAX);
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return ERR_NOMEM;
    http->settings = *settings;
    http->near = *neighbours;
    quiet_init(http);
    tally_register(&http->tally, neighbours->metrics);
    http->workers = calloc(settings->workers, sizeof *http->workers);
    enum err err = http->workers ? OK : ERR_NOMEM;
    if (err == OK && settings->access_log)
        err = access_log_start(settings->access_log, settings->workers, neighbours->metrics,
                               &http->access_log, note);
    if (err == OK)
        err = workers_start(http, note);
    http->settings.address = http->settings.access_log = NULL;
    http->settings.tls_cert = http->settings.tls_key = NULL;
    if (err == OK)
        *ret_http = http;
    else
        (void) http_free(http);
    return err;
}

void http_reopen_log(struct http *http)
{
    if (http->access_log)
        access_log_reopen(http->access_log);
}

uint16_t http_port(const struct http *http)
{
    return http->port;
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

void http_drain(struct http *http)
{
    (void) pthread_mutex_lock(&http->lock);
    bool first = !atomic_load(&http->draining);
    if (first) {
        http->drain_began_us = monotonic_us();
        atomic_store(&http->draining, true);
    }
    (void) pthread_mutex_unlock(&http->lock);
    for (unsigned i = 0; first && i < http->n_workers; i++)
        worker_notify(&http->workers[i]);
}

static bool all_quiet(struct http *http)
{
    for (unsigned i = 0; i < http->n_workers; i++)
        if (!atomic_load(&http->workers[i].is_quiet))
            return false;
    return true;
}

static bool wait_until(struct http *http, int64_t until_us)
{
    const struct timespec until = { .tv_sec = until_us / 1000000,
                                    .tv_nsec = until_us % 1000000 * 1000 };
    (void) pthread_mutex_lock(&http->lock);
    int wrong = 0;
    while (!all_quiet(http) && wrong == 0)
        wrong = pthread_cond_timedwait(&http->quiet, &http->lock, &until);
    bool quiet = all_quiet(http);
    (void) pthread_mutex_unlock(&http->lock);
    return quiet;
}

static int64_t drain_end_us(struct http *http)
{
    (void) pthread_mutex_lock(&http->lock);
    int64_t end_us = http->drain_began_us + http->settings.drain_s * INT64_C(1000000);
    (void) pthread_mutex_unlock(&http->lock);
    return end_us;
}

bool http_drained(struct http *http, int64_t wait_us)
{
    int64_t end_us = drain_end_us(http), until_us = monotonic_us() + wait_us;
    bool is_end = atomic_load(&http->draining) && end_us <= until_us;
    return wait_until(http, is_end ? end_us : until_us) || is_end;
}

struct http *http_stop(struct http *http)
{
    if (!http)
        return NULL;
    http_drain(http);
    if (!wait_until(http, drain_end_us(http)))
        log_line(LOG_WARNING, "http", "still busy after draining, cut off: \"%u s\"",
                 http->settings.drain_s);
    return http_free(http);
}
