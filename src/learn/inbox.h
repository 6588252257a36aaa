/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "learn.h"

/*
 * Inbox
 *
 * The batches that wait for the journal's thread, bounded by their events. Any thread puts
 * in; only the journal's waits and takes out.
 */
struct inbox;

/* What is there to commit. */
struct inbox_work {
    struct event_batch *batches; /* linked by next, in order of arrival */
    uint32_t n_events;           /* of batches */
    bool stopping;               /* nothing comes after what is here now */
};

struct inbox *inbox_new(uint32_t max_events); /* NULL for lack of memory */
struct inbox *inbox_free(struct inbox *inbox);
DEFINE_AUTO(struct inbox, inbox_free)

/* ERR_LIMIT when it is full, ERR_UNAVAILABLE when it is stopping. */
MUST_CHECK enum err inbox_submit(struct inbox *inbox, struct event_batch *batch);

/* Events that have no answer yet: queued, or taken and not followed by another taking. Any thread. */
uint32_t inbox_waiting(struct inbox *inbox);

/* Nothing more comes in; the journal's thread gets what is there, then `stopping`. */
void inbox_stop(struct inbox *inbox);

/* Ends a wait of the journal's thread, or its next one, without work. Any thread. */
void inbox_wake(struct inbox *inbox);

/*
 * Journal: waits for work, at most so long; takes whole batches, at least one if there is one, up
 * to @max_events. Nothing came in time, or it was woken: no batches.
 */
void inbox_take(struct inbox *inbox, uint32_t max_events, int64_t wait_us,
                struct inbox_work *ret_work);
