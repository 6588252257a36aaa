/* SPDX-License-Identifier: Apache-2.0 */
#include "base/snapshot.h"

#include <stddef.h>

void snapshot_init(struct snapshot *snapshot, void (*free)(struct snapshot *snapshot))
{
    atomic_init(&snapshot->refs, 1);
    snapshot->free = free;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    if (snapshot)
        (void) atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

struct snapshot *snapshot_unref(struct snapshot *snapshot)
{
    if (snapshot && atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) == 1)
        snapshot->free(snapshot);
    return NULL;
}

bool snapshot_is_last(const struct snapshot *snapshot)
{
    return atomic_load_explicit(&snapshot->refs, memory_order_acquire) == 1;
}

void snapshot_slot_init(struct snapshot_slot *slot)
{
    *slot = (struct snapshot_slot){ 0 };
    (void) pthread_mutex_init(&slot->lock, NULL);
}

void snapshot_slot_deinit(struct snapshot_slot *slot)
{
    slot->now = snapshot_unref(slot->now);
    (void) pthread_mutex_destroy(&slot->lock);
}

void snapshot_publish(struct snapshot_slot *slot, struct snapshot *next)
{
    (void) pthread_mutex_lock(&slot->lock);
    struct snapshot *before = slot->now;
    slot->now = next;
    (void) atomic_fetch_add_explicit(&slot->generation, 1, memory_order_release);
    (void) pthread_mutex_unlock(&slot->lock);
    (void) snapshot_unref(before);
}

struct snapshot *snapshot_look(struct snapshot_slot *slot, struct snapshot_view *view)
{
    if (view->seen &&
        view->generation == atomic_load_explicit(&slot->generation, memory_order_acquire))
        return view->seen;

    (void) pthread_mutex_lock(&slot->lock);
    struct snapshot *before = view->seen;
    view->seen = snapshot_ref(slot->now);
    view->generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
    (void) pthread_mutex_unlock(&slot->lock);
    (void) snapshot_unref(before);
    return view->seen;
}

void snapshot_view_deinit(struct snapshot_view *view)
{
    view->seen = snapshot_unref(view->seen);
}

struct snapshot *snapshot_now(struct snapshot_slot *slot)
{
    (void) pthread_mutex_lock(&slot->lock);
    struct snapshot *now = snapshot_ref(slot->now);
    (void) pthread_mutex_unlock(&slot->lock);
    return now;
}
