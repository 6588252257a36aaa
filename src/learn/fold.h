/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "ports/event_log.h"

/*
 * Fold
 *
 * Events of the log into the hot profiles. What was just committed is folded on only where the
 * profile is at hand; the others are folded from the log when somebody asks for them, so
 * writing costs nothing for customers nobody looks at.
 *
 * Two threads fold: the journal's after a commit, the loader's for a decision that waits. Both
 * do it under the fold's lock, the loader from reading the log until the profile is in the
 * table. So no event is lost between: one that was committed before the reading is in what was
 * read (folding it on is then harmless: its position is not newer), and one that was committed
 * after it finds the profile in the table. Readers of profiles take no part in this lock.
 */
struct event;
struct profile;
struct profiles;
struct replay_ahead;

struct fold {
    struct profiles *profiles;
    struct str shop;
    pthread_mutex_t lock;
    _Atomic uint64_t unreadable; /* events in the log that could not be read back, so far */
    _Atomic uint32_t cached;     /* profiles at hand */
};

void fold_init(struct fold *fold, struct profiles *profiles, struct str shop); /* borrows both */
void fold_deinit(struct fold *fold);

/*
 * What was committed, in the order of positions; duplicates are passed over. A profile that
 * cannot be made for lack of memory is dropped: it is read from the log again.
 */
void fold_committed(struct fold *fold, const struct event *const *events, uint32_t n,
                    const struct append_outcome *outcomes);

/*
 * Somebody else wrote to the log: no profile at hand can be
 * trusted, each is read again when asked for.
 */
void fold_forget(struct fold *fold);

/*
 * The customer's profile as @log has it, heap, the caller's; a stranger's is
 * empty. Takes no part in the table or the lock. @ahead: replay.h; NULL: none.
 */
MUST_CHECK enum err fold_read(struct fold *fold, struct replay_ahead *ahead, struct event_log *log,
                              struct str customer_id, struct arena *arena,
                              struct profile **ret_profile, struct err_note *note);

/*
 * The customer's profile from @log, unless it is at hand; a stranger's is empty. An event that
 * cannot be read back is passed over and counted. @arena is scratch.
 */
MUST_CHECK enum err fold_customer(struct fold *fold, struct event_log *log, struct str customer_id,
                                  struct arena *arena, struct err_note *note);
