/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/out.h"
#include "base/str.h"

/*
 * Metrics
 *
 * Counters, gauges and histograms in Prometheus' text format. A metric is
 * registered once by name and labels and is a number from then on; each thread
 * counts in a shard of its own, without locks, and a scrape adds the shards up.
 * Registering takes a lock and the same name and labels give the same number, so
 * rules can be registered again at every reload and their counts go on.
 */
struct metrics;
struct metric_shard;

typedef uint32_t metric_id; /* METRIC_NONE when the table is full: counting it is harmless */
#define METRIC_NONE 0

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metrics *metrics_new(void);
struct metrics *metrics_free(struct metrics *metrics);
DEFINE_AUTO(struct metrics, metrics_free)

/*
 * @name without the labels ("offerd_offers_total"), @labels in Prometheus' form
 * without braces ("rule=\"free-shipping\"") or absent; both copied. A histogram has
 * fixed buckets from 1 us to 10 s and is given in microseconds, shown in seconds.
 */
metric_id metric_register(struct metrics *metrics, enum metric_kind kind, const char *name,
                          const char *help, struct str labels);

/*
 * The same for one of many, of which nobody knows how many there will be (one for each rule):
 * METRIC_NONE when only the room is left that is kept for all others. There is room for some 61,000.
 */
metric_id metric_register_many(struct metrics *metrics, enum metric_kind kind, const char *name,
                               const char *help, struct str labels);

/*
 * One for each thread that counts, up to 1,023; lives until metrics_free. NULL: no more, or no
 * memory. Half a megabyte of addresses each, of which those pages are memory that were counted in.
 */
struct metric_shard *metric_shard_new(struct metrics *metrics);

/*
 * The one of a thread that counts in several places: @owner is something of that thread's, its loop;
 * whoever brings the same gets the same. NULL: as metric_shard_new.
 */
struct metric_shard *metric_shard_of(struct metrics *metrics, const void *owner);

/* Nobody counts in it any more: its counts stay, and the next one goes on from them. NULL is welcome. */
void metric_shard_leave(struct metrics *metrics, struct metric_shard *shard);

void metric_add(struct metric_shard *shard, metric_id id, uint64_t more);
void metric_observe_us(struct metric_shard *shard, metric_id id, int64_t us);
void metric_set(struct metrics *metrics, metric_id id, int64_t value); /* gauges; any thread */

/* The sum over shards of a counter, or a histogram's count: for tests and reports. */
uint64_t metric_value(struct metrics *metrics, metric_id id);

/* Everything, in Prometheus' text format 0.0.4. */
void metrics_print(struct metrics *metrics, struct out *out);
