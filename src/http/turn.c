/* SPDX-License-Identifier: Apache-2.0 */
#include "http/turn.h"

void turn_note(const uv_loop_t *loop, struct metric_shard *shard, metric_id held_up)
{
    int64_t us = (int64_t) (uv_hrtime() / 1000) - (int64_t) uv_now(loop) * 1000;
    if (us >= HELD_UP_US)
        metric_observe_us(shard, held_up, us);
}
