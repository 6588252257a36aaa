/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/*
 * Histogram
 *
 * Durations in nanoseconds, counted in log-linear buckets: exact below 64 ns,
 * above that 64 buckets for each power of two, so a percentile reads at most
 * 1.6 % too high and never too low. Plain data, fixed size, never allocates;
 * zeroed memory is an empty histogram. One thread at a time.
 */
enum { HISTOGRAM_BUCKETS = 64 * 59 };

struct histogram {
    uint64_t count;
    uint64_t max_ns;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* A negative duration counts as 0. */
void histogram_add(struct histogram *histogram, int64_t value_ns);

/* The upper edge of the bucket that holds the @fraction (0 to 1) quantile; 0 when empty. */
uint64_t histogram_quantile_ns(const struct histogram *histogram, double fraction);
