/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

struct event_log;
struct profile;
struct replay_ahead;

/*
 * Replay
 *
 * A customer's profile from the log alone: the customer's own events in order, and where one of
 * them says who the customer was until then (customer_identified), what is in the log of that one
 * before this event, as if the customer had done it. The one identified may have been
 * identified as well, and so on, REPLAY_MAX_DEPTH deep.
 *
 * Every event counts once: of each id only what is newer than the part that has been replayed
 * already is read, whichever way leads to it, so saying it again, chains and circles add
 * nothing twice. Consent and name stay the customer's own. Looks only at events before the
 * last one it met, so the same log gives the same profile.
 */
enum {
    REPLAY_MAX_DEPTH = 8,
    /*
     * Of others, into one profile: an id that half a shop shares
     * by mistake must not stop the other half.
     */
    REPLAY_MAX_ABSORBED = 10000,
};

/*
 * Heap, the caller's; a stranger's is empty. What cannot be read back is passed over and counted in
 * @unreadable. @arena is scratch. Reads one customer at a time: never from inside a visit of @log.
 */
MUST_CHECK enum err replay_customer(struct event_log *log, struct str shop, struct str customer_id,
                                    struct arena *arena, _Atomic uint64_t *unreadable,
                                    struct profile **ret_profile, struct err_note *note);

/*
 * The events of several customers, read in one question before each is replayed. *ret_ahead
 * is NULL when the log has no such question, or for none; what it lacks (a long customer's
 * later events, one named twice) is read when it is needed.
 */
MUST_CHECK enum err replay_read_ahead(struct event_log *log, struct str shop,
                                      const struct str *customer_ids, uint32_t n,
                                      struct replay_ahead **ret_ahead, struct err_note *note);
struct replay_ahead *replay_ahead_free(struct replay_ahead *ahead); /* NULL in, NULL out */
DEFINE_AUTO(struct replay_ahead, replay_ahead_free)

/* As replay_customer, with the customer's events from @ahead, once; NULL: none were read. */
MUST_CHECK enum err replay_customer_of(struct replay_ahead *ahead, struct event_log *log,
                                       struct str shop, struct str customer_id, struct arena *arena,
                                       _Atomic uint64_t *unreadable, struct profile **ret_profile,
                                       struct err_note *note);
