/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each id's events are read once, from front to back, into a tape: a log answers one question at a
 * time, and stopping it half-way is dear. A tape has a cursor, and that is what makes every event
 * count once: being named plays the named one's tape, from where it stands, up to the event that
 * named it. A circle comes back to a tape that stands behind that already.
 */
#include "learn/replay.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/out.h"
#include "learn.h"
#include "ports/event_log.h"
#include "shop/customer.h"
#include "shop/event.h"

/* Of payloads, read at a time: of one customer, and of each of several. */
enum { TAPE_BYTES = 1 << 23, AHEAD_BYTES = 1 << 20 };

struct taped {
    uint64_t position;
    int64_t at_us;
    size_t at, len; /* of its payload */
};

struct tape {
    struct tape *next;
    char *id;
    struct out payloads;
    struct taped *events;
    uint32_t n, cap, cursor;
    uint64_t read_to; /* position */
    size_t most_bytes;
    bool full, ended; /* there may be more; there is not */
};

struct replay {
    struct event_log *log;
    struct str shop;
    struct arena *arena;
    _Atomic uint64_t *unreadable;
    struct err_note *note;
    struct profile *profile;
    struct tape *tapes; /* the customer's own is the last */
    uint32_t n_absorbed;
};

/* ── tapes ───────────────────────────────────────────────────────────────────────────────── */

/* A new one, before the others; NULL for lack of memory. */
static struct tape *add_tape(struct tape **tapes, struct str id, size_t most_bytes)
{
    struct tape *tape = calloc(1, sizeof *tape);
    if (!tape)
        return NULL;
    tape->id = str_dup(id);
    tape->most_bytes = most_bytes;
    out_init(&tape->payloads, NULL, 1024);
    tape->next = *tapes;
    *tapes = tape;
    return tape->id ? tape : NULL;
}

static struct tape *find_tape(struct tape *tapes, struct str id)
{
    while (tapes && !str_is(id, tapes->id))
        tapes = tapes->next;
    return tapes;
}

/* NULL for lack of memory. */
static struct tape *tape_of(struct replay *replay, struct str id)
{
    struct tape *tape = find_tape(replay->tapes, id);
    return tape ? tape : add_tape(&replay->tapes, id, TAPE_BYTES);
}

static struct tape *tape_free(struct tape *tape)
{
    struct tape *next = tape->next;
    out_deinit(&tape->payloads);
    free(tape->events);
    free(tape->id);
    free(tape);
    return next;
}

static enum err put_on_tape(void *self, const struct logged_event *logged)
{
    struct tape *tape = self;
    if (tape->n == tape->cap) {
        uint32_t cap = tape->cap ? tape->cap * 2 : 64;
        struct taped *grown = reallocarray(tape->events, cap, sizeof *grown);
        if (!grown)
            return ERR_NOMEM;
        tape->events = grown;
        tape->cap = cap;
    }
    tape->events[tape->n++] =
        (struct taped){ logged->position, logged->at_us, tape->payloads.len, logged->payload.len };
    out_text(&tape->payloads, logged->payload);
    if (tape->payloads.failed)
        return ERR_NOMEM;
    tape->read_to = logged->position;
    tape->full = tape->payloads.len >= tape->most_bytes;
    return tape->full ? ERR_LIMIT : OK;
}

/* *ret_event is NULL at the end, else the event under the cursor. */
static enum err look_at(struct replay *replay, struct tape *tape, const struct taped **ret_event)
{
    if (tape->cursor == tape->n && !tape->ended) {
        /*
         * The customer's own events may now go on behind where the
         * others' ended when they were read.
         */
        for (struct tape *other = replay->tapes; other && !tape->next; other = other->next)
            other->ended = false;
        tape->n = tape->cursor = 0;
        tape->payloads.len = 0;
        tape->full = false;
        enum err err = replay->log->read_customer(replay->log, replay->shop, str_of(tape->id),
                                                  tape->read_to, tape, put_on_tape, replay->note);
        if (err != OK && !tape->full)
            return err;
        tape->ended = !tape->full;
    }
    *ret_event = tape->cursor < tape->n ? &tape->events[tape->cursor] : NULL;
    return OK;
}

/* ── playing them ────────────────────────────────────────────────────────────────────────── */

/* *ret_named is in the arena or on the tape; absent when nobody is named. */
static enum err fold(struct replay *replay, const struct tape *tape, const struct taped *taped,
                     bool own, struct str *ret_named)
{
    struct event event;
    struct profile *next = NULL;
    arena_reset(replay->arena);
    *ret_named = (struct str){ 0 };
    if (intake_recall((struct str){ tape->payloads.at + taped->at, taped->len }, replay->arena,
                      &event) != OK) {
        atomic_fetch_add(replay->unreadable, 1);
        return OK;
    }
    event.at_us = taped->at_us; /* the payload's has milliseconds only */
    TRY(own ? profile_apply(replay->profile, &event, taped->position, &next)
            : profile_absorb(replay->profile, &event, &next));
    (void) profile_free(replay->profile);
    replay->profile = next;
    replay->n_absorbed += !own;
    if (event.type == EVENT_CUSTOMER_IDENTIFIED)
        *ret_named = event.anonymous_id;
    return OK;
}

/* What is on the tape before @before and has not been played yet. @depth 0: the customer's own. */
static enum err play(struct replay *replay, struct tape *tape, uint64_t before, int depth)
{
    for (;;) {
        const struct taped *taped;
        struct str named;
        TRY(look_at(replay, tape, &taped));
        if (!taped || taped->position >= before)
            return OK;
        if (depth > 0 && replay->n_absorbed == REPLAY_MAX_ABSORBED)
            return OK;
        uint64_t position = taped->position;
        tape->cursor++;
        TRY(fold(replay, tape, taped, depth == 0, &named));
        if (!named.at || depth == REPLAY_MAX_DEPTH)
            continue;
        struct tape *other = tape_of(replay, named);
        if (!other)
            return ERR_NOMEM;
        TRY(play(replay, other, position, depth + 1));
    }
}

/* ── reading ahead ───────────────────────────────────────────────────────────────────────── */

struct replay_ahead {
    struct tape *tapes;
};

static enum err put_ahead(void *self, const struct logged_event *logged)
{
    struct replay_ahead *ahead = self;
    struct tape *tape = find_tape(ahead->tapes, logged->customer_id);
    if (!tape || tape->full)
        return OK;
    enum err err = put_on_tape(tape, logged);
    return tape->full ? OK : err;
}

struct replay_ahead *replay_ahead_free(struct replay_ahead *ahead)
{
    if (!ahead)
        return NULL;
    while (ahead->tapes)
        ahead->tapes = tape_free(ahead->tapes);
    free(ahead);
    return NULL;
}

enum err replay_read_ahead(struct event_log *log, struct str shop, const struct str *customer_ids,
                           uint32_t n, struct replay_ahead **ret_ahead, struct err_note *note)
{
    AUTO(replay_ahead_free) struct replay_ahead *ahead = NULL;
    if (n > 0 && log->read_together) {
        if (!(ahead = calloc(1, sizeof *ahead)))
            return ERR_NOMEM;
        for (uint32_t i = 0; i < n; i++)
            if (!find_tape(ahead->tapes, customer_ids[i]) &&
                !add_tape(&ahead->tapes, customer_ids[i], AHEAD_BYTES))
                return ERR_NOMEM;
        TRY(log->read_together(log, shop, customer_ids, n, ahead, put_ahead, note));
    }
    *ret_ahead = MOVE(ahead);
    return OK;
}

/* Out of @ahead, as the only one of *@tapes. */
static struct tape *take_tape(struct replay_ahead *ahead, struct str id, struct tape **tapes)
{
    struct tape **link = &ahead->tapes;
    while (*link && !str_is(id, (*link)->id))
        link = &(*link)->next;
    struct tape *tape = *link;
    if (!tape)
        return NULL;
    *link = tape->next;
    tape->next = NULL;
    tape->ended = !tape->full && tape->n < READ_TOGETHER_EACH;
    tape->most_bytes = TAPE_BYTES;
    *tapes = tape;
    return tape;
}

enum err replay_customer_of(struct replay_ahead *ahead, struct event_log *log, struct str shop,
                            struct str customer_id, struct arena *arena,
                            _Atomic uint64_t *unreadable, struct profile **ret_profile,
                            struct err_note *note)
{
    struct replay replay = { .log = log,
                             .shop = shop,
                             .arena = arena,
                             .unreadable = unreadable,
                             .note = note,
                             .profile = profile_new(customer_id) };
    struct tape *own = ahead ? take_tape(ahead, customer_id, &replay.tapes) : NULL;
    if (!own)
        own = tape_of(&replay, customer_id);
    enum err err = replay.profile && own ? play(&replay, own, UINT64_MAX, 0) : ERR_NOMEM;
    while (replay.tapes)
        replay.tapes = tape_free(replay.tapes);
    if (err == OK)
        *ret_profile = replay.profile;
    else
        (void) profile_free(replay.profile);
    return err;
}

enum err replay_customer(struct event_log *log, struct str shop, struct str customer_id,
                         struct arena *arena, _Atomic uint64_t *unreadable,
                         struct profile **ret_profile, struct err_note *note)
{
    return replay_customer_of(NULL, log, shop, customer_id, arena, unreadable, ret_profile, note);
}
