/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log is read by one statement at a time, so reading stops at an event that names another id, that id
 * is replayed, and reading goes on behind the event.
 *
 * Why it ends: replaying an id first raises how far it has been replayed, to the position of the event that
 * named it. A circle comes back with a lower position, where nothing is left.
 */
#include "learn/replay.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"
#include "ports/event_log.h"
#include "shop/customer.h"
#include "shop/event.h"

/* Somebody the customer has been, and how far that one's events have been taken. */
struct former {
    char *id;
    uint64_t before;
};

struct replay {
    struct event_log *log;
    struct str shop;
    struct arena *arena;
    _Atomic uint64_t *unreadable;
    struct err_note *note;
    struct profile *profile;
    struct former *formers;
    uint32_t n_formers, n_absorbed;
};

/* One reading, until its end or until an event names another id. */
struct stretch {
    struct replay *replay;
    uint64_t before; /* the end, for another's events; the customer's own have none: UINT64_MAX */
    uint64_t named_at;
    size_t named_len; /* 0: nobody was named */
    char named[ID_MAX_BYTES];
    bool stopped;
};

static enum err stop(struct stretch *stretch)
{
    stretch->stopped = true;
    return ERR_LIMIT;
}

static enum err fold(struct replay *replay, const struct event *event, uint64_t position, bool own)
{
    struct profile *next = NULL;
    TRY(own ? profile_apply(replay->profile, event, position, &next)
            : profile_absorb(replay->profile, event, &next));
    (void) profile_free(replay->profile);
    replay->profile = next;
    replay->n_absorbed += !own;
    return OK;
}

static enum err visit(void *self, const struct logged_event *logged)
{
    struct stretch *stretch = self;
    struct replay *replay = stretch->replay;
    bool own = stretch->before == UINT64_MAX;
    if (logged->position >= stretch->before || (!own && replay->n_absorbed == REPLAY_MAX_ABSORBED))
        return stop(stretch);
    struct event event;
    arena_reset(replay->arena);
    if (intake_recall(logged->payload, replay->arena, &event) != OK) {
        atomic_fetch_add(replay->unreadable, 1);
        return OK;
    }
    event.at_us = logged->at_us; /* the payload's has milliseconds only */
    TRY(fold(replay, &event, logged->position, own));
    struct str named = event.anonymous_id;
    if (event.type != EVENT_CUSTOMER_IDENTIFIED || named.len == 0 || named.len > ID_MAX_BYTES)
        return OK;
    memcpy(stretch->named, named.at, named.len);
    stretch->named_len = named.len;
    stretch->named_at = logged->position;
    return stop(stretch);
}

/* NULL for lack of memory. */
static struct former *former_of(struct replay *replay, struct str id)
{
    for (uint32_t i = 0; i < replay->n_formers; i++)
        if (str_is(id, replay->formers[i].id))
            return &replay->formers[i];
    uint32_t n = replay->n_formers;
    struct former *grown = reallocarray(replay->formers, n + 1, sizeof *grown);
    if (!grown)
        return NULL;
    replay->formers = grown;
    grown[n] = (struct former){ .id = str_dup(id) };
    if (!grown[n].id)
        return NULL;
    replay->n_formers++;
    return &grown[n];
}

static enum err replay_events(struct replay *replay, struct str id, uint64_t after, uint64_t before,
                              int depth);

static enum err replay_former(struct replay *replay, struct str id, uint64_t before, int depth)
{
    if (depth > REPLAY_MAX_DEPTH || str_eq(id, replay->profile->customer_id))
        return OK;
    struct former *former = former_of(replay, id);
    if (!former)
        return ERR_NOMEM;
    uint64_t after = former->before; /* where it was named last: an event of somebody else */
    if (after >= before)
        return OK;
    former->before = before;
    return replay_events(replay, id, after, before, depth);
}

static enum err replay_events(struct replay *replay, struct str id, uint64_t after, uint64_t before,
                              int depth)
{
    for (;;) {
        struct stretch stretch = { .replay = replay, .before = before };
        enum err err = replay->log->read_customer(replay->log, replay->shop, id, after, &stretch,
                                                  visit, replay->note);
        if (err != OK && !stretch.stopped)
            return err;
        if (stretch.named_len == 0)
            return OK;
        after = stretch.named_at;
        TRY(replay_former(replay, (struct str){ stretch.named, stretch.named_len }, after,
                          depth + 1));
    }
}

enum err replay_customer(struct event_log *log, struct str shop, struct str customer_id,
                         struct arena *arena, _Atomic uint64_t *unreadable,
                         struct profile **ret_profile, struct err_note *note)
{
    struct replay replay = { .log = log,
                             .shop = shop,
                             .arena = arena,
                             .unreadable = unreadable,
                             .note = note,
                             .profile = profile_new(customer_id) };
    if (!replay.profile)
        return ERR_NOMEM;
    enum err err = replay_events(&replay, customer_id, 0, UINT64_MAX, 0);
    for (uint32_t i = 0; i < replay.n_formers; i++)
        free(replay.formers[i].id);
    free(replay.formers);
    if (err == OK)
        *ret_profile = replay.profile;
    else
        (void) profile_free(replay.profile);
    return err;
}
