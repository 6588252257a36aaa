/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Rate limit
 *
 * So many requests a second, as many of them at once. The bucket is one number, the instant at
 * which it would be full again: a request moves it on by a share of a second, and is refused
 * when it lies too far ahead. One atomic, no lock, exact whatever threads ask; it starts full
 * (all zero). Counts in this process only.
 */
struct rate_limit {
    _Atomic int64_t full_at_ns;
};

enum { RATE_LIMIT_MAX = 1000000 }; /* requests a second */

/*
 * True: one request taken. Else nothing is taken and *ret_wait_us is when the next one would be.
 * @per_second is 1 up to RATE_LIMIT_MAX; @now_us of a clock that does not go back.
 */
bool rate_limit_take(struct rate_limit *limit, uint32_t per_second, int64_t now_us,
                     int64_t *ret_wait_us);
