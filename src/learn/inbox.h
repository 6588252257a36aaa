/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "learn.h"
#include "ports/profile_store.h"

/*
 * Inbox
 *
 * What waits for the journal's thread: batches to commit and profiles to load. Any thread
 * puts in; only the journal's thread waits and takes out. Two bounds: of waiting events
 * (given) and of waiting loads (INBOX_MAX_LOADS).
 */
enum { INBOX_MAX_LOADS = 4096 };

struct inbox;

/* A wanted profile. The inbox's; the journal's thread gives it back with inbox_loaded. */
struct load {
    struct load *next;
    struct profile_waiter *waiter; /* NULL when it was forgotten; the inbox's business */
    struct str customer_id;        /* within the same block */
};

/* What is there to do. */
struct inbox_work {
    struct event_batch *batches; /* linked by next, in order of arrival */
    struct load *loads;          /* linked by next, in order of arrival */
    uint32_t n_events;           /* of batches */
    uint32_t n_waiting;          /* events that were queued, these included */
    bool stopping;               /* nothing comes after what is here now */
};

struct inbox *inbox_new(uint32_t max_events); /* NULL for lack of memory */
struct inbox *inbox_free(struct inbox *inbox);
DEFINE_AUTO(struct inbox, inbox_free)

/* ERR_LIMIT when it is full, ERR_UNAVAILABLE when it is stopping. */
MUST_CHECK enum err inbox_submit(struct inbox *inbox, struct event_batch *batch);

/* False when too many are waiting, or for lack of memory: then @waiter will not hear. */
bool inbox_want(struct inbox *inbox, struct str customer_id, struct profile_waiter *waiter);

/* After this the waiter is not told any more. */
void inbox_forget(struct inbox *inbox, struct profile_waiter *waiter);

/* Nothing more comes in; the journal's thread gets what is there, then `stopping`. */
void inbox_stop(struct inbox *inbox);

/* Journal: waits for work; takes whole batches, at least one if there is one, up to @max_events. */
void inbox_take(struct inbox *inbox, uint32_t max_events, struct inbox_work *ret_work);

/* Journal: tells the waiter, if it still waits, and ends @load. */
void inbox_loaded(struct inbox *inbox, struct load *load);
