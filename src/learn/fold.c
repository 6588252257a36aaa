/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/fold.h"

#include "learn.h"
#include "learn/profiles.h"
#include "ports/event_log.h"

void fold_event(struct fold *fold, const struct event *event, uint64_t position)
{
    if (!event->customer_id.at)
        return;
    const struct profile *before = profiles_find(fold->profiles, event->customer_id);
    if (!before)
        return;
    struct profile *next = NULL;
    enum err err = profile_apply(before, event, position, &next);
    if (err == OK)
        err = profiles_publish(fold->profiles, next);
    if (err != OK)
        profiles_drop(fold->profiles, event->customer_id);
}

struct folding {
    struct fold *fold;
    struct profile *profile;
};

static enum err fold_logged(void *self, const struct logged_event *logged)
{
    struct folding *folding = self;
    struct event event;
    arena_reset(folding->fold->arena);
    if (intake_recall(logged->payload, folding->fold->arena, &event) != OK) {
        folding->fold->unreadable++;
        return OK;
    }
    event.at_us = logged->at_us; /* the payload's has milliseconds only */
    struct profile *next = NULL;
    TRY(profile_apply(folding->profile, &event, logged->position, &next));
    profile_free(folding->profile);
    folding->profile = next;
    return OK;
}

enum err fold_customer(struct fold *fold, struct str customer_id, struct err_note *note)
{
    if (profiles_find(fold->profiles, customer_id))
        return OK;
    struct folding folding = { .fold = fold, .profile = profile_new(customer_id) };
    enum err err = folding.profile ? OK : ERR_NOMEM;
    if (err == OK)
        err = fold->log->read_customer(fold->log, fold->shop, customer_id, 0, &folding, fold_logged,
                                       note);
    if (err != OK) {
        profile_free(folding.profile);
        return err;
    }
    return profiles_publish(fold->profiles, folding.profile);
}
