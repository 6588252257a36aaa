/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/metric.h"
#include "base/out.h"
#include "base/str.h"
#include "shop/locale.h"

/*
 * HTTP server
 *
 * The outside of the service: workers that each own a libuv loop, a libmicrohttpd daemon
 * on the one shared port, and a view of what decides. It knows limits, timeouts, status
 * codes and draining, and nothing about shops.
 *
 * Every timeout and limit here is ours to keep: a client that sends too much, too slowly
 * or nothing at all is answered or cut off, and costs the others nothing.
 */
struct clock;
struct http;
struct learn;
struct serve;
struct snapshot_slot;

struct http_settings {
    const char *access_log; /* NULL: off; "-": standard output; else a file; borrowed as address */
    const char *tls_cert, *tls_key; /* PEM texts; NULL: no TLS; borrowed as address */
    const char *address;            /* "127.0.0.1", "0.0.0.0", "::1"; borrowed during http_start */
    uint16_t port;                  /* 0: any free one; see http_port */
    unsigned workers;               /* 1 up to HTTP_WORKERS_MAX */
    size_t max_offers_bytes;        /* body of POST /offers */
    size_t max_events_bytes;        /* body of POST /events */
    size_t max_head_bytes;          /* request line and headers, most of it may be cookies */
    unsigned max_connections;       /* of one worker; more of them wait to be accepted */
    unsigned idle_timeout_s;        /* a connection without a request */
    /* from the head of a request to the end of its body; the same to take an answer */
    unsigned slow_request_s;
    unsigned drain_s; /* http_stop: how long what is in flight may take to end */
    unsigned
        drain_idle_ms;   /* draining: how long a quiet connection stays open for a last request */
    uint32_t max_events; /* of one POST /events */
    uint64_t seed;       /* of decision ids and trace ids: random in production */
    int64_t offer_lifetime_us; /* after it an offer is not accepted; 0: it always is */
};
enum { HTTP_WORKERS_MAX = 64, HTTP_ETAG_BYTES = 72 };

/*
 * 127.0.0.1:8080, one worker, 256 KiB and 1 MiB bodies, 16 KiB
 * heads, 30 s idle, 10 s slow, 15 s drain.
 */
void http_settings_default(struct http_settings *ret_settings);

/* All borrowed until http_stop has returned. @self is handed to the functions. */
struct http_neighbours {
    struct serve *serve;
    struct learn *learn;
    struct metrics *metrics;
    struct clock *clock;
    const uint8_t *token_key;       /* OFFER_TOKEN_KEY_BYTES */
    struct snapshot_slot *api_keys; /* of struct api_keys; NULL: nobody is asked for one */
    void *self;

    /*
     * On a worker, must not block. One plain sentence in @ret_why:
     * why it is not ready, or of the live rules.
     */
    bool (*ready)(void *self, struct out *ret_why);

    /* Off the workers, may block. The answer's status (200, 422 …) and its JSON. */
    void (*reload)(void *self, enum locale locale, bool force, int *ret_status,
                   struct out *ret_json);

    /* Off the workers. What is live, as JSON; its etag without quotes, with a NUL. */
    void (*rules_text)(void *self, struct out *ret_json, char ret_etag[HTTP_ETAG_BYTES]);

    /* May be NULL. Off the workers, before each scrape: bring gauges up to date. */
    void (*before_metrics)(void *self);
};

/* ERR_UNAVAILABLE, with a note, when the port cannot be had. Copies both structs. */
MUST_CHECK enum err http_start(const struct http_settings *settings,
                               const struct http_neighbours *neighbours, struct http **ret_http,
                               struct err_note *note);

/* The access log's file was moved away: goes on in a new one. Any thread. */
void http_reopen_log(struct http *http);

uint16_t http_port(const struct http *http);

/*
 * Begins to drain and returns at once: no new connections, /readyz says 503, every answer
 * closes its connection, quiet connections are closed soon. Any thread; again is harmless.
 */
void http_drain(struct http *http);

/*
 * Waits up to @wait_us. True once nothing is in flight and every connection is
 * closed, or drain_s is over: http_stop then waits for nobody but the journal.
 */
bool http_drained(struct http *http, int64_t wait_us);

/*
 * Drains (up to drain_s since http_drain), then ends the workers. An event batch that the
 * journal holds is waited for however long that takes: learn must still be running.
 */
struct http *http_stop(struct http *http);
