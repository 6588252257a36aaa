/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

#include <math.h>

static unsigned bucket_of(uint64_t value)
{
    if (value < 64)
        return (unsigned) value;

    unsigned exponent = 63U - (unsigned) __builtin_clzll(value);
    return (exponent - 5) * 64 + (unsigned) (value >> (exponent - 6)) - 64;
}

static uint64_t bucket_upper_edge(unsigned bucket)
{
    if (bucket < 64)
        return bucket;

    unsigned shift = bucket / 64 - 1;
    return ((uint64_t) (bucket % 64 + 65) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t value_ns)
{
    uint64_t value = value_ns > 0 ? (uint64_t) value_ns : 0;

    histogram->count++;
    histogram->bucket[bucket_of(value)]++;
    if (value > histogram->max_ns)
        histogram->max_ns = value;
}

uint64_t histogram_quantile_ns(const struct histogram *histogram, double fraction)
{
    uint64_t wanted = (uint64_t) ceil(fraction * (double) histogram->count);
    uint64_t seen = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->bucket[i];
        if (seen >= wanted && seen > 0) {
            uint64_t edge = bucket_upper_edge(i);
            return edge < histogram->max_ns ? edge : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}
