/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct profile;
struct profile_waiter;
struct uv_loop_s;

/*
 * Profile store
 *
 * Where the read path finds out who is asking. It never blocks: a profile that is at hand
 * comes back at once; one that is not is fetched in the background and the waiter is told.
 *
 * A reader opens a section on its own thread around everything it does with borrowed
 * profiles (read_begin / read_end, cheap and lock-free); a profile found inside stays valid
 * until the section ends, one that had to be waited for until it is forgotten.
 */
enum profile_answer {
    PROFILE_HERE, /* *ret_profile is set; NULL for a stranger: no events of that customer */
    PROFILE_COMING, /* @waiter->ready will be called, on any thread, once; ask again after or before */
    PROFILE_LOST, /* cannot be had now: go on without, say so in degraded[] */
};

struct profile_waiter {
    void (*ready)(struct profile_waiter *waiter); /* must only hand over (uv_async_send) */
    void *asked; /* the store's; NULL: nothing was asked, or it was forgotten */
    void *found; /* the store's: what came for this waiter alone */
};

struct profile_store {
    /*
     * One per reading thread; NULL: no room. @loop: that thread's event loop, not running
     * yet, for a store that listens to sockets; NULL where there is none.
     */
    void *(*reader_new)(struct profile_store *store, struct uv_loop_s *loop);
    void (*reader_free)(struct profile_store *store, void *reader);
    void (*read_begin)(struct profile_store *store, void *reader);
    void (*read_end)(struct profile_store *store, void *reader);
    enum profile_answer (*find)(struct profile_store *store, void *reader, struct str customer_id,
                                struct profile_waiter *waiter, const struct profile **ret_profile);
    /*
     * The waiter is no longer interested: after this its ready is not called any more, and a
     * profile that came for it is let go of. On the reader's thread, also after ready: whenever
     * waiter->asked is set, at the end of what it waited for.
     */
    void (*forget)(struct profile_store *store, struct profile_waiter *waiter);
};
