/* SPDX-License-Identifier: Apache-2.0 */
#include "store/drain_pause.h"

enum { FIRST_US = 50000, LONGEST_US = 1000000, TIMES_SPENT = 3 };

void drain_pause_init(struct drain_pause *pause, uint64_t seed)
{
    *pause = (struct drain_pause){ .chance = seed | 1 };
}

void drain_pause_begin(struct drain_pause *pause, int64_t now_us, int64_t spent_us)
{
    int64_t longest_us = TIMES_SPENT * spent_us > LONGEST_US ? TIMES_SPENT * spent_us : LONGEST_US;
    int64_t us = pause->last_us ? 2 * pause->last_us : FIRST_US;
    pause->last_us = us < longest_us ? us : longest_us;
    pause->chance ^= pause->chance << 13;
    pause->chance ^= pause->chance >> 7;
    pause->chance ^= pause->chance << 17;
    uint64_t half_us = (uint64_t) pause->last_us / 2;
    pause->until_us = now_us + (int64_t) (half_us + pause->chance % half_us);
}

void drain_pause_end(struct drain_pause *pause)
{
    pause->last_us = pause->until_us = 0;
}

bool drain_pause_is_over(const struct drain_pause *pause, int64_t now_us)
{
    return now_us >= pause->until_us;
}
