/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixed_answer: the yardstick of `./dev bench`. Answers POST /offers with the
 * same bytes each time, from the same arrangement as offerd's server, and
 * decides nothing: what offerd costs more than this is the decision. It is one file, as it is read
 * beside src/http/worker.c.
 *
 * One thread, one libuv loop and one libmicrohttpd daemon a worker; all
 * daemons listen on the same port with SO_REUSEPORT. libmicrohttpd runs in
 * external epoll mode: its epoll descriptor is watched by the loop. While
 * MHD_get_timeout says 0 it has work at hand that no descriptor will announce,
 * so the loop must not sleep: see before_sleep(). With --redis each request is suspended until one
 * GET of its own has been answered (fixed_redis.h). Whoever changes src/http/worker.c in a way that
 * each request feels changes this file too, or the comparison is no longer one.
 */
#include "base/cleanup.h"
#include "fixed_redis.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { MOST_WORKERS = 64, MOST_BODY_BYTES = 256 * 1024, FIRST_BODY_BYTES = 4096 };
/* offerd's settings as they are when nobody says otherwise (http/daemon.c), and its tick (http/worker.c). */
enum { IDLE_SECONDS = 30, MOST_CONNECTIONS = 1000, MEMORY_BYTES = 2 * 16384, TICK_MS = 250 };

/* One request; kept in the worker's pool between requests. */
struct exchange {
    struct exchange *next_free;
    struct worker *worker;
    struct MHD_Connection *connection;
    bool asked, suspended, got; /* the value from Redis */
    char *body;
    size_t body_len;
    size_t body_room;
};

struct worker {
    pthread_t thread;
    bool running;
    uv_loop_t loop;
    uv_poll_t readable;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t awake;
    uv_timer_t tick;
    uv_async_t stop;
    struct MHD_Daemon *daemon;
    struct exchange *pool;
    struct fixed_redis *redis; /* NULL: none is asked */
    bool run_again;            /* a connection was resumed */
    const char *answer;
    size_t answer_len;
};

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "fixed_answer: %s: %s\n", what, detail);
    exit(1);
}

static struct exchange *exchange_take(struct worker *worker)
{
    struct exchange *exchange = worker->pool;
    if (exchange) {
        worker->pool = exchange->next_free;
        exchange->body_len = 0;
        exchange->asked = exchange->got = false;
        return exchange;
    }
    exchange = calloc(1, sizeof *exchange);
    if (exchange && (exchange->body = malloc(FIRST_BODY_BYTES))) {
        exchange->body_room = FIRST_BODY_BYTES;
        return exchange;
    }
    free(exchange);
    return NULL;
}

static bool exchange_append(struct exchange *exchange, const char *bytes, size_t n)
{
    size_t len = exchange->body_len + n;
    if (len > MOST_BODY_BYTES)
        return false;
    if (len > exchange->body_room) {
        char *body = realloc(exchange->body, MOST_BODY_BYTES);
        if (!body)
            return false;
        exchange->body = body;
        exchange->body_room = MOST_BODY_BYTES;
    }
    memcpy(exchange->body + exchange->body_len, bytes, n);
    exchange->body_len = len;
    return true;
}

static enum MHD_Result answer(struct worker *worker, struct MHD_Connection *connection,
                              unsigned status)
{
    bool ok = status == MHD_HTTP_OK;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        ok ? worker->answer_len : 0, (void *) worker->answer, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static void on_got(void *of)
{
    struct exchange *exchange = of;
    exchange->got = true;
    if (exchange->suspended) {
        exchange->suspended = false;
        MHD_resume_connection(exchange->connection);
        exchange->worker->run_again = true;
    }
}

/* False: the value has not come yet, and the connection waits for it. */
static bool has_value(struct exchange *exchange, struct worker *worker,
                      struct MHD_Connection *connection)
{
    if (!worker->redis || exchange->got)
        return true;
    if (!exchange->asked) {
        exchange->asked = exchange->suspended = true;
        exchange->worker = worker;
        exchange->connection = connection;
        MHD_suspend_connection(connection);
        fixed_redis_get(worker->redis, on_got, exchange);
    }
    return false;
}

/*
 * libmicrohttpd calls this once with the head alone, then with pieces of the
 * body, then once more with none. An answer queued in the first call would
 * make it close the connection, so even a refusal waits for the last.
 */
static enum MHD_Result on_request(void *of, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **slot)
{
    struct worker *worker = of;
    struct exchange *exchange = *slot;
    (void) version;

    if (!exchange) {
        *slot = exchange_take(worker);
        return *slot ? MHD_YES : MHD_NO;
    }
    if (*n > 0) {
        if (!exchange_append(exchange, bytes, *n))
            return MHD_NO;
        *n = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/offers") != 0)
        return answer(worker, connection, MHD_HTTP_NOT_FOUND);
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return answer(worker, connection, MHD_HTTP_METHOD_NOT_ALLOWED);
    if (!has_value(exchange, worker, connection))
        return MHD_YES;
    return answer(worker, connection, MHD_HTTP_OK);
}

static void on_completed(void *of, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how)
{
    struct worker *worker = of;
    struct exchange *exchange = *slot;
    (void) connection;
    (void) how;

    if (exchange) {
        exchange->next_free = worker->pool;
        worker->pool = exchange;
        *slot = NULL;
    }
}

static bool has_work_at_hand(struct worker *worker)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    return worker->run_again ||
           (MHD_get_timeout(worker->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0);
}

static void run(struct worker *worker)
{
    worker->run_again = false;
    MHD_run(worker->daemon);
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

/*
 * Runs just before the loop would sleep. One more MHD_run is nearly always
 * enough; when work is left all the same, an active idle handle makes the loop
 * poll without waiting, and after_poll() goes on.
 */
static void before_sleep(uv_prepare_t *handle)
{
    struct worker *worker = handle->data;

    if (has_work_at_hand(worker))
        run(worker);
    if (has_work_at_hand(worker))
        uv_idle_start(&worker->awake, stay_awake);
    else
        uv_idle_stop(&worker->awake);
}

static void after_poll(uv_check_t *handle)
{
    struct worker *worker = handle->data;
    if (has_work_at_hand(worker))
        run(worker);
}

/* Lets libmicrohttpd end connections that have been idle too long. */
static void on_tick(uv_timer_t *handle)
{
    run(handle->data);
}

static void on_stop(uv_async_t *handle)
{
    struct worker *worker = handle->data;
    uv_stop(&worker->loop);
}

static void *worker_main(void *of)
{
    struct worker *worker = of;
    pthread_setname_np(pthread_self(), "fixed-answer");
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void worker_listen(struct worker *worker, struct sockaddr_in *address)
{
    worker->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, worker,
        MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, worker, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned) IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT, (unsigned) MOST_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (!worker->daemon)
        die("listen", strerror(errno));
}

static void worker_start(struct worker *worker, const char *redis, const char *keys_file)
{
    const union MHD_DaemonInfo *epoll =
        MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    uv_loop_init(&worker->loop);
    uv_poll_init(&worker->loop, &worker->readable, epoll->epoll_fd);
    uv_prepare_init(&worker->loop, &worker->prepare);
    uv_check_init(&worker->loop, &worker->check);
    uv_idle_init(&worker->loop, &worker->awake);
    uv_timer_init(&worker->loop, &worker->tick);
    uv_async_init(&worker->loop, &worker->stop, on_stop);
    worker->readable.data = worker->prepare.data = worker->check.data = worker;
    worker->tick.data = worker->stop.data = worker;

    uv_poll_start(&worker->readable, UV_READABLE, on_readable);
    uv_prepare_start(&worker->prepare, before_sleep);
    uv_check_start(&worker->check, after_poll);
    uv_timer_start(&worker->tick, on_tick, TICK_MS, TICK_MS);
    if (redis)
        worker->redis = fixed_redis_new(&worker->loop, redis, keys_file);
    if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
        die("thread", "cannot be started");
    worker->running = true;
}

static void worker_end(struct worker *worker)
{
    if (worker->running) {
        uv_async_send(&worker->stop);
        pthread_join(worker->thread, NULL);
    }
    worker->redis = fixed_redis_free(worker->redis);
    if (worker->daemon)
        MHD_stop_daemon(worker->daemon);
    for (struct exchange *exchange; (exchange = worker->pool);) {
        worker->pool = exchange->next_free;
        free(exchange->body);
        free(exchange);
    }
}

static char *answer_make(const char *file_path, size_t bytes, size_t *ret_len)
{
    char *text = malloc(MOST_BODY_BYTES + 1);
    if (!text)
        die("answer", "out of memory");
    if (!file_path) {
        memset(text, ' ', bytes);
        memcpy(text, "{\"offers\": []}", bytes < 14 ? bytes : 14);
        *ret_len = bytes;
        return text;
    }
    FILE *file = fopen(file_path, "re");
    if (!file)
        die(file_path, strerror(errno));
    *ret_len = fread(text, 1, MOST_BODY_BYTES + 1, file);
    if (ferror(file) || *ret_len == 0 || *ret_len > MOST_BODY_BYTES)
        die(file_path, "empty, longer than 256 KiB, or cannot be read");
    fclose(file);
    return text;
}

static void wrong_usage(void)
{
    fputs("usage: fixed_answer (--body-file F | --body-bytes N) [--listen 127.0.0.1:PORT] "
          "[--workers N]\n                    [--redis 127.0.0.1:PORT|SOCKET --redis-keys F]\n",
          stderr);
    exit(2);
}

struct settings {
    struct sockaddr_in address;
    unsigned workers;
    const char *body_file, *redis, *redis_keys;
    size_t body_bytes;
};

static void settings_read(struct settings *settings, int argc, char **argv)
{
    static const struct option options[] = {
        { "listen", required_argument, NULL, 'l' },
        { "workers", required_argument, NULL, 'w' },
        { "body-file", required_argument, NULL, 'f' },
        { "body-bytes", required_argument, NULL, 'b' },
        { "redis", required_argument, NULL, 'r' },
        { "redis-keys", required_argument, NULL, 'k' },
        { 0 },
    };
    char host[32] = "127.0.0.1";
    unsigned port = 0;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'l' && sscanf(optarg, "%31[0-9.]:%u", host, &port) != 2)
            wrong_usage();
        else if (option == 'w')
            settings->workers = (unsigned) strtoul(optarg, NULL, 10);
        else if (option == 'f')
            settings->body_file = optarg;
        else if (option == 'b')
            settings->body_bytes = strtoul(optarg, NULL, 10);
        else if (option == 'r')
            settings->redis = optarg;
        else if (option == 'k')
            settings->redis_keys = optarg;
        else if (option == '?')
            wrong_usage();
    }
    settings->address.sin_family = AF_INET;
    settings->address.sin_port = htons((uint16_t) port);
    if (port > 65535 || inet_pton(AF_INET, host, &settings->address.sin_addr) != 1 ||
        settings->workers < 1 || settings->workers > MOST_WORKERS ||
        settings->body_bytes > MOST_BODY_BYTES ||
        (settings->body_bytes == 0) == (settings->body_file == NULL) ||
        (settings->redis == NULL) != (settings->redis_keys == NULL))
        wrong_usage();
}

/* Port 0 lets the system choose: the first worker learns it, the others join there. */
static void workers_start(struct worker *workers, struct settings *settings,
                          const char *answer_text, size_t answer_len)
{
    for (unsigned i = 0; i < settings->workers; i++) {
        workers[i].answer = answer_text;
        workers[i].answer_len = answer_len;
        worker_listen(&workers[i], &settings->address);
        settings->address.sin_port =
            htons(MHD_get_daemon_info(workers[i].daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
        worker_start(&workers[i], settings->redis, settings->redis_keys);
    }
}

int main(int argc, char **argv)
{
    struct settings settings = { .workers = 1 };
    static struct worker workers[MOST_WORKERS];
    size_t answer_len;

    settings_read(&settings, argc, argv);
    char *answer_text = answer_make(settings.body_file, settings.body_bytes, &answer_len);

    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ending, NULL);
    signal(SIGPIPE, SIG_IGN);

    workers_start(workers, &settings, answer_text, answer_len);
    printf("fixed_answer: %zu bytes on port %u\n", answer_len, ntohs(settings.address.sin_port));
    fflush(stdout);

    int which;
    sigwait(&ending, &which);
    for (unsigned i = 0; i < settings.workers; i++)
        worker_end(&workers[i]);
    free(answer_text);
    return 0;
}
