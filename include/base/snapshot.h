/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Snapshot
 *
 * One current version of something immutable, replaced as a whole. A thread looks
 * through a view of its own: looking takes the lock only when something was
 * published since it last looked; otherwise it costs one atomic load.
 *
 * The published thing embeds a struct snapshot as its first member, born with one
 * reference (snapshot_init). A view holds one reference; whoever keeps a version
 * for longer (a request that waits) takes another with snapshot_ref.
 */
struct snapshot {
    atomic_int refs;
    void (*free)(struct snapshot *snapshot);
};

struct snapshot_slot {
    pthread_mutex_t lock;
    struct snapshot *now;
    _Atomic uint64_t generation;
};

struct snapshot_view {
    struct snapshot *seen;
    uint64_t generation;
};

void snapshot_init(struct snapshot *snapshot, void (*free)(struct snapshot *snapshot));
struct snapshot *snapshot_ref(struct snapshot *snapshot);
struct snapshot *snapshot_unref(struct snapshot *snapshot); /* NULL in, NULL out */

/* Is the caller's reference, of a version that is published no more, the only one left? */
bool snapshot_is_last(const struct snapshot *snapshot);

void snapshot_slot_init(struct snapshot_slot *slot);
void snapshot_slot_deinit(struct snapshot_slot *slot);

/* Takes @next: the slot's reference is now its own. The one before is let go. */
void snapshot_publish(struct snapshot_slot *slot, struct snapshot *next);

/* Borrowed until this view looks again. NULL before the first publication. */
struct snapshot *snapshot_look(struct snapshot_slot *slot, struct snapshot_view *view);
void snapshot_view_deinit(struct snapshot_view *view);

/* A reference of one's own to the current version, or NULL. */
struct snapshot *snapshot_now(struct snapshot_slot *slot);
