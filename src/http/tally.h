/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/metric.h"
#include "http/routes.h"

/*
 * Tally
 *
 * The server's own metrics, registered once and counted in each worker's shard: requests
 * by operation and status class, their latency (from the complete request to the queued
 * answer), body bytes, what was cut off; and gauges, which a scrape sets from the workers'
 * numbers. Requests that match no route count as operation "none".
 */
enum { TALLY_CLASSES = 6 };

struct tally_operation {
    metric_id seconds, answers[TALLY_CLASSES]; /* by status / 100 */
};

struct tally {
    struct tally_operation operation[ROUTES_MAX + 1];   /* the last: none */
    metric_id body_bytes, cut, aborted;                 /* counters */
    metric_id refused_key, refused_scope, refused_rate; /* by the guard */
    /* histogram: turns of a worker's loop during which its clients waited for long */
    metric_id held_up;
    metric_id rejected_events; /* of requests without a good one, which no journal sees */
    metric_id connections, in_flight, waiting; /* gauges */
};

void tally_register(struct tally *tally, struct metrics *metrics);

/* The operation of a route; @route may be NULL. */
const struct tally_operation *tally_of(const struct tally *tally, const struct route *route);
