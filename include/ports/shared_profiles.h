/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct uv_loop_s;

/*
 * Shared profiles
 *
 * The folded profiles that all replicas share (Redis). Only a cache: whatever is missing is folded
 * from the log again. A value says how far it has come in the log; a *floor* is a value without a
 * body: "the customer's log reaches at least here, fold it before you trust anything".
 *
 * Two sides. A worker reads through a link on its own event loop, never waits, and is told when a
 * value that it has fetched is changed by anybody. The threads that fold (journal, loader) write
 * through a writer of their own, which blocks for at most the store's timeout.
 */
struct shared_value {
    struct str customer_id;
    uint64_t position;
    struct str body; /* shop/profile_bytes.h; absent: a floor */
    uint64_t token;  /* a floor's: whether it is still the same one (get; not told by a link) */
};

/* How a value is written; position decides, so repeating and reordering are harmless. */
enum shared_mode {
    SHARED_COMMIT, /* an event was committed: over whatever is older, or a floor of that position; or absent */
    SHARED_APPLY, /* the same, made from the body at @over: taken as it is only over that; over anything else
                     that is older, or nothing (flushed meanwhile), as a floor */
    SHARED_CLAIM, /* a fold begins: a floor at 0, only where nothing is */
    SHARED_FILL, /* a fold has ended: only over what is there and not newer (a body of that position stays);
                      nothing there, or a floor with another token: flushed meanwhile, not taken */
    SHARED_MEND, /* the same, over the body at @over, which cannot be read */
    SHARED_SETTLE, /* the spool was drained: a floor at the real position in place of the one at @over */
};

/*
 * A provisional floor (at POSITION_PROVISIONAL or above) stands for one replica's spool. Several
 * replicas' floors stand beside one another: COMMIT adds one, SETTLE takes away the one at @over;
 * only with the last of them the customer has a profile again.
 *
 * A floor that is made where none was, and one that a spool had a part in, gets a token of its
 * own; it keeps it while it is raised. So a fold whose floor was lost meanwhile cannot take
 * another fold's floor, which may be lower than the one that was lost. The token is the
 * caller's choice, never the same twice (random); 0: the store chooses. FILL names that of the
 * floor it saw; 0: whichever, for who knows that nothing was lost.
 */
struct shared_put {
    struct shared_value value;
    enum shared_mode mode;
    /* SHARED_SETTLE: the provisional floor that ends; APPLY, MEND: the body's position */
    uint64_t over;
};

/* ── reading, on a worker's loop ─────────────────────────────────────────────────────────── */

enum shared_answer {
    SHARED_BODY,
    SHARED_FLOOR,  /* position is set */
    SHARED_ABSENT, /* never seen, expired or flushed */
    SHARED_AWAY,   /* the store cannot be reached */
};

/* One value on its way; the caller's memory, until done was called or it was cancelled. */
struct shared_fetch {
    /* On the link's thread, from its loop, once. value->body is borrowed until it returns. */
    void (*done)(struct shared_fetch *fetch, enum shared_answer answer,
                 const struct shared_value *value);
    struct shared_fetch *next, **before; /* the link's */
    uint64_t number;                     /* the link's; 0: it is not under way */
    void *place;                         /* the link's */
};

/* What a link tells, on its thread. */
struct shared_listener {
    void *self;
    /*
     * Fetched over this link at some time, and written by anybody since: what is kept of it is old.
     */
    void (*changed)(void *self, struct str customer_id);
    /*
     * Changes may have been missed: whatever was fetched over this
     * link before is not to be trusted.
     */
    void (*doubt)(void *self);
    /*
     * The same of those customers only for whom @is_one(@part, id): a part of the store was lost.
     * NULL: doubt is told instead.
     */
    void (*doubt_some)(void *self, bool (*is_one)(const void *part, struct str customer_id),
                       const void *part);
};

struct shared_link;

struct shared_profiles {
    /*
     * Begins to connect and keeps connecting. @loop must not be
     * running yet or be this thread's own.
     */
    enum err (*link_new)(struct shared_profiles *shared, struct uv_loop_s *loop,
                         const struct shared_listener *listener, struct shared_link **ret_link);
    /*
     * Its fetches end with SHARED_AWAY. On the loop's thread, or when the loop's thread has ended;
     * the loop must be run once more (UV_RUN_NOWAIT, until nothing is alive) before it is closed.
     */
    void (*link_free)(struct shared_profiles *shared, struct shared_link *link);
    /*
     * Changes would be heard: what was fetched of the customer and not changed since is good at
     * @mono_us; of an absent customer: of anybody. No system call.
     */
    bool (*is_trusted)(const struct shared_link *link, struct str customer_id, int64_t mono_us);
    /* False: away, done will not be called. Many of one loop turn go out as one write. */
    bool (*fetch)(struct shared_link *link, struct str customer_id, struct shared_fetch *fetch);
    void (*cancel)(struct shared_link *link, struct shared_fetch *fetch); /* harmless after done */

    /* ── writing, one thread each writer ── */
    struct shared_writer *(*writer_new)(
        struct shared_profiles *shared); /* NULL for lack of memory */
    void (*writer_free)(struct shared_profiles *shared, struct shared_writer *writer);
    /*
     * Value by value of @ids, in order; one that is not there has position 0
     * and no body. In @arena. ERR_UNAVAILABLE when the store cannot be reached
     * in time: at once while it is known to be away.
     */
    enum err (*get)(struct shared_writer *writer, const struct str *ids, uint32_t n,
                    struct arena *arena, struct shared_value *ret_values, struct err_note *note);
    enum err (*put)(struct shared_writer *writer, const struct shared_put *puts, uint32_t n,
                    bool *ret_taken, struct err_note *note);
    void (*free)(struct shared_profiles *shared);
};
