/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/snapshot.h"
#include "http/server.h"

/*
 * HTTP bench
 *
 * A server on a free loopback port with the fake flows behind it, and a client that speaks
 * bytes, for tests of http/. One at a time. Every read gives up after five seconds, so a
 * test ends also when the server says nothing.
 */
struct http_bench {
    struct http *http;
    struct metrics *metrics;
    uint16_t port;
    struct snapshot_slot keys; /* of a guarded one */
};

/* @change may be NULL; it alters the settings before the start. */
void http_bench_start(struct http_bench *bench, void (*change)(struct http_settings *settings));

/* The same for who has one of the keys of @keys_text (http/api_keys.h), and other keys from then on. */
void http_bench_start_guarded(struct http_bench *bench, const char *keys_text,
                              void (*change)(struct http_settings *settings));
void http_bench_set_keys(struct http_bench *bench, const char *keys_text);

void http_bench_stop(struct http_bench *bench);

int client_connect(const struct http_bench *bench);
void client_send(int fd, const char *bytes, size_t len);
void client_say(int fd, const char *text);

/* A POST with JSON. */
void client_post(int fd, const char *path, const char *body);

/* One answer with its body, into @ret_answer, with a NUL; its status, or 0 when the connection was closed. */
int client_answer(int fd, char *ret_answer, size_t room);

/* True when the server closes within five seconds and says nothing more. */
bool client_sees_end(int fd);

/* The whole of it: connect, send, answer, close. */
int ask(const struct http_bench *bench, const char *method, const char *path, const char *headers,
        const char *body, char *ret_answer, size_t room);
