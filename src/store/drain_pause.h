/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Drain pause
 *
 * How long a spool leaves its main log alone that takes appends and does not finish them (commits
 * that wait for a standby, a lock that somebody holds): from 50 ms, doubling up to a second or to
 * three times what the append took, whichever is more. So an outage of that kind costs a second at
 * its beginning, and about a quarter of the time in the end. Between half of a pause and all of
 * it, so that a fleet does not come back in step. Times are monotonic. One thread.
 */
struct drain_pause {
    int64_t last_us, until_us; /* last_us: of the pause before, unjittered; 0: there was none */
    uint64_t chance;
};

void drain_pause_init(struct drain_pause *pause, uint64_t seed);
void drain_pause_begin(struct drain_pause *pause, int64_t now_us, int64_t spent_us);
void drain_pause_end(struct drain_pause *pause); /* an append has succeeded */
bool drain_pause_is_over(const struct drain_pause *pause, int64_t now_us);
