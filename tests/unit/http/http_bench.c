/* SPDX-License-Identifier: Apache-2.0 */
#include "http_bench.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fake_flows.h"
#include "http/api_keys.h"
#include "ports/clock.h"

static int64_t of_clock(clockid_t id)
{
    struct timespec now;
    (void) clock_gettime(id, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int64_t wall_us(struct clock *clock)
{
    (void) clock;
    return of_clock(CLOCK_REALTIME);
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return of_clock(CLOCK_MONOTONIC);
}

static bool ready(void *self, struct out *ret_why)
{
    (void) self;
    (void) ret_why;
    return true;
}

static void reload(void *self, enum locale locale, bool force, int *ret_status,
                   struct out *ret_json)
{
    (void) self;
    *ret_status = force ? 200 : 422;
    out_printf(ret_json, "{\"locale\":\"%s\"}", locale_name(locale));
}

static void rules_text(void *self, struct out *ret_json, char ret_etag[HTTP_ETAG_BYTES])
{
    (void) self;
    (void) snprintf(ret_etag, HTTP_ETAG_BYTES, "4f1c09ab77d2");
    out_text(ret_json, STR("{\"rules\":[]}"));
}

static void start(struct http_bench *bench, struct snapshot_slot *keys,
                  void (*change)(struct http_settings *settings))
{
    static struct clock clock = { wall_us, mono_us };
    static const uint8_t key[16] = { 1, 2, 3 };
    struct http_settings settings;
    struct err_note note = { "" };
    (void) signal(SIGPIPE, SIG_IGN);
    http_settings_default(&settings);
    settings.port = 0;
    settings.drain_idle_ms = 50;
    if (change)
        change(&settings);
    bench->metrics = metrics_new();
    const struct http_neighbours near = { .metrics = bench->metrics,
                                          .clock = &clock,
                                          .token_key = key,
                                          .api_keys = keys,
                                          .ready = ready,
                                          .reload = reload,
                                          .rules_text = rules_text };
    fake_journal_start();
    ck_assert_msg(http_start(&settings, &near, &bench->http, &note) == OK, "%s", note.text);
    bench->port = http_port(bench->http);
}

void http_bench_start(struct http_bench *bench, void (*change)(struct http_settings *settings))
{
    snapshot_slot_init(&bench->keys);
    start(bench, NULL, change);
}

void http_bench_start_guarded(struct http_bench *bench, const char *keys_text,
                              void (*change)(struct http_settings *settings))
{
    snapshot_slot_init(&bench->keys);
    http_bench_set_keys(bench, keys_text);
    start(bench, &bench->keys, change);
}

void http_bench_set_keys(struct http_bench *bench, const char *keys_text)
{
    struct err_note note = { "" };
    struct api_keys *keys;
    ck_assert_msg(api_keys_read(str_of(keys_text), NULL, &keys, &note) == OK, "%s", note.text);
    snapshot_publish(&bench->keys, &keys->snapshot);
}

void http_bench_stop(struct http_bench *bench)
{
    fake_journal_release();
    bench->http = http_stop(bench->http);
    fake_journal_stop();
    bench->metrics = metrics_free(bench->metrics);
    snapshot_slot_deinit(&bench->keys);
}

int client_connect(const struct http_bench *bench)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(bench->port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = 5 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *) &to, sizeof to), 0);
    return fd;
}

void client_send(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server has had enough: its answer tells */
        bytes += sent;
        len -= (size_t) sent;
    }
}

void client_say(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

void client_post(int fd, const char *path, const char *body)
{
    char head[512];
    int len = snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       path, strlen(body));
    client_send(fd, head, (size_t) len);
    client_say(fd, body);
}

static size_t body_length(const char *head)
{
    const char *line = strcasestr(head, "\r\nContent-Length:");
    return line ? strtoul(line + 17, NULL, 10) : 0;
}

int client_answer(int fd, char *ret_answer, size_t room)
{
    size_t used = 0, whole = 0;
    for (*ret_answer = '\0'; used + 1 < room && (whole == 0 || used < whole);) {
        /* Up to the end of the head byte by byte, so that a next answer is left alone. */
        /* A process that was stopped meanwhile is interrupted, as the socket has a time limit. */
        ssize_t got = TEMP_FAILURE_RETRY(recv(fd, ret_answer + used, whole ? whole - used : 1, 0));
        if (got <= 0)
            return 0;
        used += (size_t) got;
        ret_answer[used] = '\0';
        if (whole == 0 && used >= 4 && strcmp(ret_answer + used - 4, "\r\n\r\n") == 0)
            whole = used + body_length(ret_answer);
    }
    int status = 0;
    (void) sscanf(ret_answer, "HTTP/1.1 %d", &status);
    return status;
}

bool client_sees_end(int fd)
{
    char more;
    return TEMP_FAILURE_RETRY(recv(fd, &more, 1, 0)) == 0;
}

int ask(const struct http_bench *bench, const char *method, const char *path, const char *headers,
        const char *body, char *ret_answer, size_t room)
{
    char head[2048];
    int fd = client_connect(bench);
    int len = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, path,
                       headers);
    client_send(fd, head, (size_t) len);
    if (body) {
        len = snprintf(head, sizeof head, "Content-Length: %zu\r\n", strlen(body));
        client_send(fd, head, (size_t) len);
    }
    client_say(fd, "\r\n");
    if (body)
        client_say(fd, body);
    int status = client_answer(fd, ret_answer, room);
    (void) close(fd);
    return status;
}
