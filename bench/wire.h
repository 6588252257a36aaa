/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"
#include "histogram.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Wire
 *
 * The load generator's connections: HTTP/1.1 keep-alive, one request under way
 * on each, one thread, one epoll. It knows two ways to load a server:
 *
 *   closed  each connection sends its next request when the answer to its last
 *           one came. Shows what the server can do; latency is from the send.
 *   open    request number i is due at start + i / rate, whatever the server
 *           does. A free connection sends it; when none is free it waits its
 *           turn, and latency is measured from when it was due, so a server
 *           that stops for a while is charged for all who would have come.
 *
 * Answers must carry Content-Length. Everything is bounded: by requests, by
 * time, and after the end of the schedule by a short wait for stragglers.
 */
struct wire;

/* The bytes of one whole request, head and body; borrowed by the wire. */
struct wire_request {
    const char *at;
    size_t len;
};

/* How one run shall go. A rate of 0 means closed. */
struct wire_plan {
    double seconds;
    uint64_t requests;
    double rate_per_second;
};

/* What came of it. @unanswered were due or sent, but had no answer when the run was ended. */
struct wire_result {
    double elapsed_seconds;
    uint64_t answered;
    uint64_t not_200; /* nor 202 */
    uint64_t broken;  /* connections that the server closed on a request under way */
    uint64_t unanswered;
    uint64_t body_bytes;
    struct histogram latency;
};

/*
 * Connects @connections times to @server, which must be a loopback address
 * (ERR_INPUT otherwise). @requests are sent in turn, and outlive the wire.
 */
MUST_CHECK enum err wire_new(struct wire **ret_wire, const struct sockaddr_in *server,
                             unsigned connections, const struct wire_request *requests,
                             size_t n_requests, struct err_note *note);
struct wire *wire_free(struct wire *wire); /* NULL in, NULL out */
DEFINE_AUTO(struct wire, wire_free)

/* Runs to the end of @plan and overwrites @result. May be called again, for example after a warm-up. */
MUST_CHECK enum err wire_run(struct wire *wire, const struct wire_plan *plan,
                             struct wire_result *result, struct err_note *note);
