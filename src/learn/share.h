/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metric.h"
#include "base/str.h"

/*
 * Share
 *
 * The journal's side of the shared profiles: what was committed becomes visible to every
 * replica before it is acknowledged.
 *
 * A committed event is applied to the shared profile only if that profile stands exactly
 * at the event's predecessor (append_outcome.previous); then the result is what a fold of
 * the log would give. Otherwise a floor is left, and whoever asks next folds the log.
 *
 * What cannot be told to the shared profiles is *owed*: told through the database to all replicas
 * (ports/fleet.h), and until it is delivered no replica that owes uses a shared or near profile,
 * it folds the log instead. What is only in the spool has a provisional position: such a
 * customer's profile cannot be known anywhere until the spool is drained.
 *
 * The journal's thread, unless it says otherwise.
 */
struct append_outcome;
struct event;
struct fleet;
struct share;
struct shared_profiles;
struct stamps;

struct share_settings {
    struct str shop;
    struct shared_profiles *shared;
    struct fleet *fleet; /* NULL: nobody else to tell */
    struct stamps *stamps;
    uint64_t spool_mark; /* event_log.spool_mark, or 0 */
};

/* Borrows all but the shop's text. */
MUST_CHECK enum err share_new(const struct share_settings *settings, struct metrics *metrics,
                              struct share **ret_share);
struct share *share_free(struct share *share);
DEFINE_AUTO(struct share, share_free)

/* What one append has answered, in order. */
void share_committed(struct share *share, const struct event *const *events, uint32_t n,
                     const struct append_outcome *outcomes);

/* The customer's log has come to @position, and the shared profile may not know. */
void share_mark(struct share *share, struct str customer_id, uint64_t position);

/* A spooled event has its place in the log now. */
void share_settled(struct share *share, const struct event *event,
                   const struct append_outcome *outcome);

/* Delivers what is owed, hears what others owe. @spooled: how many events wait in the spool. */
void share_tend(struct share *share, uint64_t spooled);

/*
 * Provisional floors have to go and did not yet: what settled them must
 * not be forgotten, or nobody would know whose they are after a restart.
 */
bool share_is_settling(const struct share *share);

/*
 * The shared profiles were lost, or may have been, at
 * @mono_us; and when that was last, 0: never. Any thread.
 */
void share_note_doubt(struct share *share, int64_t mono_us);
int64_t share_doubted_us(struct share *share);

/* Something is owed: shared and near profiles may lack events. Any thread. */
bool share_owes(struct share *share);

/*
 * Events of this customer wait in the spool: no profile of theirs is whole,
 * whoever folded it. Any thread; takes no lock while the spool is empty.
 */
bool share_is_spooled(struct share *share, struct str customer_id);
