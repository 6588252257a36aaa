/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ports/profile_store.h"

/*
 * Wanted
 *
 * The profiles that decisions wait for, at most WANTED_MAX of them. Any thread asks and
 * forgets; only the loader's thread waits, takes and tells.
 */
enum { WANTED_MAX = 4096 };

struct wanted;

/* One profile to load. The queue's own; the loader gives it back with wanted_done. */
struct load {
    struct load *next;
    struct profile_waiter *waiter; /* NULL when it was forgotten; the queue's business */
    struct str customer_id;        /* within the same block */
};

struct wanted *wanted_new(void); /* NULL for lack of memory */
struct wanted *wanted_free(struct wanted *wanted);
DEFINE_AUTO(struct wanted, wanted_free)

/* False when too many are waiting, or for lack of memory: then @waiter will not hear. */
bool wanted_ask(struct wanted *wanted, struct str customer_id, struct profile_waiter *waiter);

/* After this the waiter is not told any more. */
void wanted_forget(struct wanted *wanted, struct profile_waiter *waiter);

/* Nothing more is taken in. */
void wanted_stop(struct wanted *wanted);

/* Loader: waits; all that is wanted, linked by next, in order. NULL when stopped and empty. */
struct load *wanted_take(struct wanted *wanted);

/*
 * Loader: nobody waits for @load any more. False says little: its waiter may forget it at any time.
 */
bool wanted_is_forgotten(struct wanted *wanted, const struct load *load);

/*
 * Loader: tells the waiter, if it still waits, and ends @load. Each one that
 * was taken, in order. @found becomes the waiter's (waiter->found); false:
 * nobody waits any more, it is still the caller's.
 */
bool wanted_done(struct wanted *wanted, struct load *load, void *found);
