/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canaries: threads that want to wake every millisecond and write down when they could not, so that
 * a late answer is not laid to a server that the machine did not let run.
 *
 * The ordinary one has ordinary priority and any core: where it overslept for more than 4 ms,
 * nobody else would have run either. It is there only while all of us are ordinary; it would wait for
 * servers that are not. Beside it each core has one of its own, with a real-time
 * priority above everybody's: nothing that we or others run can hold it up, so where it overslept for
 * more than 1 ms the core itself stood still (a hypervisor that ran somebody else, an interrupt). Without the right to
 * real-time priority there are none of these, since an ordinary thread that is bound to a core would also
 * wait for a server that computes for too long, which is no excuse.
 */
#pragma once

#include <stdint.h>

struct hiccup {
    int64_t due_us, woke_us; /* CLOCK_MONOTONIC */
    int core;                /* that stood still; -1: the ordinary canary overslept */
};

/* Once a process. 0, or -1 with errno when not even the ordinary one can be started. */
int canaries_start(void);

/* Which, and how many, have been seen so far: at most 10,000. Any thread; the array stays. */
const struct hiccup *canaries_seen(unsigned *ret_n);
