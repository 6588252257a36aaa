/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Fold
 *
 * Committed events into the hot profiles. Only profiles that are at hand are folded on; the
 * others are folded from the log when somebody asks for them, so writing costs nothing for
 * customers nobody looks at. The journal's thread only, which also is the log's only writer:
 * so no event can come between reading the log and publishing the profile.
 */
struct event;
struct event_log;
struct profiles;

struct fold {
    struct profiles *profiles;
    struct event_log *log;
    struct str shop;
    struct arena *arena; /* scratch, reset for each event read from the log */
    uint64_t unreadable; /* events in the log that could not be read back, so far */
};

/* After the commit, in the order of positions. A profile that cannot be made is dropped: it is read again. */
void fold_event(struct fold *fold, const struct event *event, uint64_t position);

/*
 * The customer's profile from the log, unless it is at hand; a stranger's is empty. An event
 * that cannot be read back is passed over and counted.
 */
MUST_CHECK enum err fold_customer(struct fold *fold, struct str customer_id, struct err_note *note);
