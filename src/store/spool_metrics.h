/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/metric.h"

/*
 * Spool metrics
 *
 * What /metrics tells of a spool and of the event log behind it. One thread writes.
 */
struct spool_metrics {
    struct metrics *all; /* borrowed */
    struct metric_shard *shard;
    metric_id waiting, bytes;
    metric_id spooled, done, refused, full;
    metric_id not_forgetting;
};

bool spool_metrics_init(struct spool_metrics *self, struct metrics *metrics); /* false: no memory */
