/* SPDX-License-Identifier: Apache-2.0 */
#include "http/rate_limit.h"

enum { SECOND_NS = 1000000000 };

bool rate_limit_take(struct rate_limit *limit, uint32_t per_second, int64_t now_us,
                     int64_t *ret_wait_us)
{
    const int64_t now_ns = now_us * 1000;
    const int64_t each_ns =
        (SECOND_NS + per_second - 1) / per_second; /* never more than asked for */
    const int64_t ahead_ns = each_ns * (per_second - 1);
    int64_t full_at_ns = atomic_load_explicit(&limit->full_at_ns, memory_order_relaxed);
    for (;;) {
        int64_t from_ns = full_at_ns > now_ns ? full_at_ns : now_ns;
        if (from_ns - now_ns > ahead_ns) {
            *ret_wait_us = (from_ns - now_ns - ahead_ns + 999) / 1000;
            return false;
        }
        if (atomic_compare_exchange_weak_explicit(&limit->full_at_ns, &full_at_ns,
                                                  from_ns + each_ns, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
}
