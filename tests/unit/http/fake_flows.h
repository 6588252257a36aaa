/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Fake flows
 *
 * The other side of serve.h and learn.h for tests of http/: they answer by what the body
 * says, so a test needs no shop.
 *
 *   POST /offers   {…}            the fixed answer
 *                  wait:ready     waits, woken by another thread at once
 *                  loop:twice     waits, woken by the worker's own loop 5 ms later, and waits once more
 *                  loop:bad       the same, and is refused then
 *                  stall          its worker stands still until fake_worker_release
 *                  wait:deadline  waits, never woken; answers 20 ms later
 *                  bad:input, bad:value, bad:limit
 *   POST /events   {…}            one accepted event, durable once the journal thread has it
 *                  hold           the same, when fake_journal_release is called
 *                  rejected       one event that is not acceptable
 *                  full           the queue is full
 *                  away           the log cannot be written
 *                  bad:input
 */
struct fake_flows {
    atomic_int decisions, waits, cancels, batches;
    atomic_bool hold; /* the journal keeps what it gets */
    atomic_bool stalled;
    struct str answer;
    char last_event[4096]; /* the text of the last body submitted */
};

/* The one there is. */
struct fake_flows *fake_flows(void);

void fake_worker_release(void);

void fake_journal_start(void); /* counters begin at 0 again */
void fake_journal_release(void);
void fake_journal_stop(void);
