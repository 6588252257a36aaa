/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <uv.h>

#include "base/metric.h"

/*
 * Turn
 *
 * How long a worker's loop was busy before it looked at its sockets again: for so long everybody
 * on that worker waited. Seldom is it more than a millisecond, so only turns of HELD_UP_US and
 * more are counted, in the histogram @held_up; what is not there is not late by our doing.
 */
enum { HELD_UP_US = 2000 };

/*
 * At the end of the loop's prepare and check callbacks, on its thread: libuv
 * reads the clock when a turn begins and when poll returns (in whole
 * milliseconds), and nobody between may have called uv_update_time.
 */
void turn_note(const uv_loop_t *loop, struct metric_shard *shard, metric_id held_up);
