/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/metric.h"
#include "learn.h"

/*
 * Journal metrics
 *
 * What ops see of the write path: how much waits, how large and how slow commits are, what
 * came in and what became of it. The journal's thread only, but for the queue.
 */
struct journal_metrics {
    struct metrics *metrics;
    struct metric_shard *shard;
    metric_id waiting, commits, commit_events, commit_time, failures, unknown_skus;
    metric_id events[EVENT_TYPES][2], rejected; /* by type; accepted, duplicate */
    metric_id refused;                          /* acceptances whose budget was used up */
};

/* False for lack of memory. Borrows @metrics. */
bool journal_metrics_init(struct journal_metrics *self, struct metrics *metrics);

/* Any thread. */
void journal_metrics_queue(struct journal_metrics *self, uint32_t waiting_events);
void journal_metrics_committed(struct journal_metrics *self, uint32_t events, int64_t took_us);
void journal_metrics_failed(struct journal_metrics *self);
void journal_metrics_event(struct journal_metrics *self, enum event_type type,
                           enum event_status status);
void journal_metrics_rejected(struct journal_metrics *self, uint32_t events);
void journal_metrics_unknown_skus(struct journal_metrics *self, uint32_t skus);
