/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/fold.h"

#include "learn/profiles.h"
#include "learn/replay.h"
#include "shop/event.h"

void fold_init(struct fold *fold, struct profiles *profiles, struct str shop)
{
    fold->profiles = profiles;
    fold->shop = shop;
    pthread_mutex_init(&fold->lock, NULL);
    atomic_init(&fold->unreadable, 0);
    atomic_init(&fold->cached, 0);
}

void fold_deinit(struct fold *fold)
{
    pthread_mutex_destroy(&fold->lock);
}

/* Frees what readers let go of, and ends a round of changes. */
static void unlock(struct fold *fold)
{
    profiles_advance(fold->profiles);
    atomic_store_explicit(&fold->cached, profiles_count(fold->profiles), memory_order_relaxed);
    pthread_mutex_unlock(&fold->lock);
}

static void fold_one(struct fold *fold, const struct event *event, uint64_t position)
{
    if (!event->customer_id.at)
        return;
    const struct profile *before = profiles_find(fold->profiles, event->customer_id);
    if (!before)
        return;
    if (event->type == EVENT_CUSTOMER_IDENTIFIED) { /* only the log has the other one's events */
        profiles_drop(fold->profiles, event->customer_id);
        return;
    }
    struct profile *next = NULL;
    enum err err = profile_apply(before, event, position, &next);
    if (err == OK)
        err = profiles_publish(fold->profiles, next);
    if (err != OK)
        profiles_drop(fold->profiles, event->customer_id);
}

void fold_committed(struct fold *fold, const struct event *const *events, uint32_t n,
                    const struct append_outcome *outcomes)
{
    pthread_mutex_lock(&fold->lock);
    for (uint32_t i = 0; i < n; i++)
        if (outcomes[i].result == APPEND_ACCEPTED)
            fold_one(fold, events[i], outcomes[i].position);
    unlock(fold);
}

void fold_forget(struct fold *fold)
{
    pthread_mutex_lock(&fold->lock);
    profiles_drop_all(fold->profiles);
    unlock(fold);
}

enum err fold_read(struct fold *fold, struct replay_ahead *ahead, struct event_log *log,
                   struct str customer_id, struct arena *arena, struct profile **ret_profile,
                   struct err_note *note)
{
    return replay_customer_of(ahead, log, fold->shop, customer_id, arena, &fold->unreadable,
                              ret_profile, note);
}

enum err fold_customer(struct fold *fold, struct event_log *log, struct str customer_id,
                       struct arena *arena, struct err_note *note)
{
    struct profile *profile = NULL;
    enum err err = OK;
    pthread_mutex_lock(&fold->lock);
    if (!profiles_find(fold->profiles, customer_id)) {
        err = fold_read(fold, NULL, log, customer_id, arena, &profile, note);
        if (err == OK)
            err = profiles_publish(fold->profiles, profile);
    }
    unlock(fold);
    return err;
}
