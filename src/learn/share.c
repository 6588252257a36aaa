/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file, though it has more than 400 lines: writing a round, owing what could
 * not be written, delivering it, and guarding what is spooled change the same sets
 * of marks, and each is right only as the others are.
 */
#include "learn/share.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/out.h"
#include "learn/marks.h"
#include "learn/round.h"
#include "learn/stamps.h"
#include "ports/event_log.h"
#include "ports/fleet.h"
#include "ports/shared_profiles.h"
#include "shop/customer.h"
#include "shop/event.h"
#include "shop/profile_bytes.h"

enum { SCRATCH_BYTES = 1 << 16, SCRATCH_LIMIT_BYTES = 1 << 28 };
enum {
    PUTS_MAX = 1000, /* floors that go out together */
    STEPS = 4,       /* so many times, between two rounds */
    GUARDED_EACH = 16,
};

/* Marks whose floors are put one part after the other; what is said meanwhile comes after them. */
struct delivery {
    struct marks *next, *now;
    uint32_t n_done; /* of now */
};

struct share {
    struct str shop;
    char *shop_text;
    struct shared_profiles *shared;
    struct shared_writer *writer;
    struct fleet *fleet;
    struct stamps *stamps;
    uint64_t spool_mark;
    struct arena *arena; /* of one round */

    struct delivery owed;    /* floors that the shared profiles do not have yet */
    struct marks *untold;    /* of these, what the other replicas were not told yet */
    struct delivery drained; /* customers whose provisional floors have to go */
    atomic_bool owes;
    _Atomic int64_t doubted_us;
    atomic_bool any_spooled; /* spooled is not empty */
    bool forgot;             /* a mark, for lack of memory */

    pthread_mutex_t lock;
    struct marks *spooled; /* written under lock: customers with events in the spool */
    bool forgot_spooled;   /* under lock: one of them, for lack of memory */
    char sentinel[32];     /* nobody's id; stands for all floors of the spool */
    uint32_t n_guarded;    /* of spooled, in this turn */
    uint32_t n_to_guard;   /* to be put at once, from there on and round */
    int64_t guarded_us;    /* the doubt after which all were put anew */

    struct metrics *metrics;
    struct metric_shard *shard;
    metric_id applied, floors, owed_now, told;
};

/* ── one customer's new value ────────────────────────────────────────────────────────────────── */

static enum err base_of(const struct round_by_customer *round,
                        const struct round_customer *customer, const struct shared_value *before,
                        struct profile **ret_profile)
{
    if (!before->body.at || before->position != round->outcomes[customer->first].previous)
        return ERR_INPUT; /* it does not stand where the events begin */
    return profile_parse(customer->customer_id, before->body, ret_profile);
}

static enum err apply_all(const struct round_by_customer *round,
                          const struct round_customer *customer, struct profile **profile)
{
    for (uint32_t i = customer->first; i != ROUND_NO_EVENT; i = round->next[i]) {
        struct profile *next = NULL;
        TRY(profile_apply(*profile, round->events[i], round->outcomes[i].position, &next));
        (void) profile_free(*profile);
        *profile = next;
    }
    return OK;
}

/* Whatever the place in the spool, one floor stands for it: shared_profiles.h. */
static uint64_t floor_of(const struct share *share, uint64_t position)
{
    return position < POSITION_PROVISIONAL ? position : share->spool_mark;
}

/* True when @ret_put is to be written: the profile with the round's events, or a floor. */
static bool value_of(struct share *share, const struct round_by_customer *round,
                     const struct round_customer *customer, const struct shared_value *before,
                     struct shared_put *ret_put)
{
    AUTO(profile_free) struct profile *profile = NULL;
    *ret_put = (struct shared_put){ .value = { .customer_id = customer->customer_id,
                                               .position = floor_of(share, customer->position) },
                                    .mode = SHARED_COMMIT };
    if (customer->position < POSITION_PROVISIONAL && before->position >= customer->position &&
        before->position > 0)
        return false; /* folded from the log meanwhile, or still to be */
    if (!customer->broken && customer->first != ROUND_NO_EVENT &&
        base_of(round, customer, before, &profile) == OK &&
        apply_all(round, customer, &profile) == OK) {
        struct out out;
        out_init(&out, share->arena, 512);
        profile_print(&out, profile);
        if (!out.failed) {
            ret_put->value.body = out_str(&out);
            ret_put->mode = SHARED_APPLY;
            ret_put->over = before->position;
        }
    }
    metric_add(share->shard, ret_put->value.body.at ? share->applied : share->floors, 1);
    return true;
}

static enum err write_round(struct share *share, const struct round_by_customer *round,
                            struct err_note *note)
{
    uint32_t n = round->n_customers, n_puts = 0;
    struct str *ids = arena_take_array(share->arena, struct str, n);
    struct shared_value *before = arena_take_array(share->arena, struct shared_value, n);
    struct shared_put *puts = arena_take_array(share->arena, struct shared_put, n);
    bool *taken = arena_take_array(share->arena, bool, n);
    if (!ids || !before || !puts || !taken)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        ids[i] = round->customers[i].customer_id;
    TRY(share->shared->get(share->writer, ids, n, share->arena, before, note));
    for (uint32_t i = 0; i < n; i++)
        n_puts += value_of(share, round, &round->customers[i], &before[i], &puts[n_puts]);
    return n_puts ? share->shared->put(share->writer, puts, n_puts, taken, note) : OK;
}

/* ── what cannot be told now ─────────────────────────────────────────────────────────────────── */

static void set_owes(struct share *share, bool owes)
{
    if (owes != atomic_load(&share->owes))
        log_line(
            owes ? LOG_WARNING : LOG_INFO, "share",
            owes ? "the shared profiles cannot be told of events: they are not used until they know"
                 : "the shared profiles know everything again");
    atomic_store(&share->owes, owes);
}

static uint32_t delivery_count(const struct delivery *delivery)
{
    uint32_t n_next, n_now;
    (void) marks_all(delivery->next, &n_next);
    (void) marks_all(delivery->now, &n_now);
    return n_next + n_now - delivery->n_done;
}

static void keep_count(struct share *share)
{
    metric_set(share->metrics, share->owed_now, delivery_count(&share->owed));
}

/* For lack of memory the mark is lost; then nothing shared is used until the process ends. */
static void owe(struct share *share, struct marks *marks, struct str customer_id, uint64_t position)
{
    set_owes(share, true);
    if (marks_raise(marks, customer_id, position) == OK || share->forgot)
        return;
    log_line(LOG_ERROR, "share", "out of memory: profiles are folded from the log from now on");
    share->forgot = true;
}

static void remember_spooled(struct share *share, struct str customer_id, uint64_t position)
{
    (void) pthread_mutex_lock(&share->lock);
    atomic_store(&share->any_spooled, true);
    if (marks_raise(share->spooled, customer_id, position) != OK) {
        log_line(LOG_ERROR, "share", "out of memory: a spooled customer is not remembered");
        share->forgot_spooled = true;
    }
    (void) pthread_mutex_unlock(&share->lock);
}

void share_mark(struct share *share, struct str customer_id, uint64_t position)
{
    stamps_raise(share->stamps, str_hash(customer_id));
    owe(share, share->owed.next, customer_id, floor_of(share, position));
    if (position >= POSITION_PROVISIONAL)
        remember_spooled(share, customer_id, position);
}

static void owe_round(struct share *share, const struct event *const *events, uint32_t n,
                      const struct append_outcome *outcomes)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!events[i]->customer_id.at || outcomes[i].position == 0)
            continue;
        owe(share, share->owed.next, events[i]->customer_id, floor_of(share, outcomes[i].position));
        if (outcomes[i].position < POSITION_PROVISIONAL)
            owe(share, share->untold, events[i]->customer_id, outcomes[i].position);
    }
}

static void tell_others(struct share *share)
{
    uint32_t n;
    struct err_note why = { "" };
    const struct mark *all = marks_all(share->untold, &n);
    if (n == 0 || !share->fleet)
        return;
    arena_reset(share->arena);
    struct fleet_mark *marks = arena_take_array(share->arena, struct fleet_mark, n);
    if (!marks)
        return;
    for (uint32_t i = 0; i < n; i++)
        marks[i] = (struct fleet_mark){ all[i].customer_id, all[i].position };
    if (share->fleet->tell(share->fleet, share->shop, marks, n, &why) != OK)
        return; /* the database is away as well: again at the next tick */
    metric_add(share->shard, share->told, n);
    marks_clear(share->untold);
}

void share_committed(struct share *share, const struct event *const *events, uint32_t n,
                     const struct append_outcome *outcomes)
{
    struct round_by_customer round = { 0 };
    struct err_note why = { "" };
    arena_reset(share->arena);
    enum err err = round_sort(events, outcomes, n, share->arena, &round);
    for (uint32_t i = 0; i < n; i++)
        if (events[i]->customer_id.at && outcomes[i].position >= POSITION_PROVISIONAL)
            remember_spooled(share, events[i]->customer_id, outcomes[i].position);
    if (err == OK && round.n_customers > 0)
        err = write_round(share, &round, &why);
    if (err != OK) {
        owe_round(share, events, n, outcomes);
        keep_count(share);
        tell_others(share);
    }
    for (uint32_t i = 0; i < n; i++)
        if (events[i]->customer_id.at)
            stamps_raise(share->stamps, str_hash(events[i]->customer_id));
}

/* ── between rounds ──────────────────────────────────────────────────────────────────────────── */

static void heard(void *self, const struct fleet_mark *mark)
{
    share_mark(self, mark->customer_id, mark->position);
}

/* Floors for @n of @all, in @mode. */
static enum err put_floors(struct share *share, const struct mark *all, uint32_t n,
                           enum shared_mode mode)
{
    struct err_note why = { "" };
    arena_reset(share->arena);
    struct shared_put *puts = arena_take_array(share->arena, struct shared_put, n);
    bool *taken = arena_take_array(share->arena, bool, n);
    if (!puts || !taken)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        puts[i] = (struct shared_put){ .value = { .customer_id = all[i].customer_id,
                                                  .position = floor_of(share, all[i].position) },
                                       .mode = mode,
                                       .over = share->spool_mark };
    return share->shared->put(share->writer, puts, n, taken, &why);
}

/*
 * The rows that stand for what was delivered can go; if they cannot now, they are heard
 * and delivered again. Where a provisional floor was put, all of the customer's can:
 * whatever they say, it is folded after the floor has gone.
 */
static void settle_with_others(struct share *share, const struct mark *delivered, uint32_t n)
{
    struct err_note why = { "" };
    arena_reset(share->arena);
    struct fleet_mark *marks = arena_take_array(share->arena, struct fleet_mark, n);
    if (!marks || !share->fleet)
        return;
    for (uint32_t i = 0; i < n; i++)
        marks[i] = (struct fleet_mark){ delivered[i].customer_id,
                                        delivered[i].position < POSITION_PROVISIONAL
                                            ? delivered[i].position
                                            : POSITION_PROVISIONAL };
    (void) share->fleet->settle(share->fleet, share->shop, marks, n, &why);
}

/* There may be a million of them: as many as @steps allows, so that events do not wait for all. */
static enum err deliver(struct share *share, struct delivery *delivery, enum shared_mode mode,
                        int steps)
{
    for (; steps > 0 && delivery_count(delivery) > 0; steps--) {
        uint32_t n;
        const struct mark *all = marks_all(delivery->now, &n);
        if (n == 0) {
            struct marks *empty = delivery->now;
            delivery->now = delivery->next;
            delivery->next = empty;
            all = marks_all(delivery->now, &n);
        }
        uint32_t left = n - delivery->n_done, step = left < PUTS_MAX ? left : PUTS_MAX;
        const struct mark *some = all + delivery->n_done;
        TRY(put_floors(share, some, step, mode));
        if (mode == SHARED_COMMIT)
            settle_with_others(share, some, step);
        delivery->n_done += step;
        if (delivery->n_done < n)
            continue;
        marks_clear(delivery->now);
        delivery->n_done = 0;
    }
    return OK;
}

static void deliver_owed(struct share *share)
{
    (void) deliver(share, &share->owed, SHARED_COMMIT, STEPS);
    if (delivery_count(&share->owed) == 0 && !share->forgot) {
        marks_clear(share->untold);
        set_owes(share, false);
    }
    keep_count(share);
}

/*
 * The floors that stand for the spool may be lost with the shared profiles, and then a fold of the
 * log is taken for whole. So one floor of nobody's is looked at; when it is gone, or a worker
 * doubted what it had (a part of the store may be lost that the one was not in), all are put anew.
 * Also a few at each look in turn, that a store which is full lets go of others first. A doubt
 * during a turn makes it a whole one from where it is: were it begun anew, frequent doubts would
 * keep it from the last ones for ever.
 */
static void guard_spooled(struct share *share)
{
    uint32_t n;
    struct err_note why = { "" };
    const struct mark *all = marks_all(share->spooled, &n);
    const struct mark sentinel = { .customer_id = str_of(share->sentinel),
                                   .position = POSITION_PROVISIONAL };
    struct shared_value value = { 0 };
    arena_reset(share->arena);
    if (n == 0 || share->shared->get(share->writer, &sentinel.customer_id, 1, share->arena, &value,
                                     &why) != OK)
        return;
    int64_t doubted_us = share_doubted_us(share);
    if (value.position < POSITION_PROVISIONAL || doubted_us != share->guarded_us) {
        if (put_floors(share, &sentinel, 1, SHARED_COMMIT) != OK)
            return;
        share->guarded_us = doubted_us;
        share->n_to_guard = n;
    }
    for (int steps = share->n_to_guard ? STEPS : 1; steps > 0; steps--) {
        if (share->n_guarded >= n)
            share->n_guarded = 0;
        uint32_t step = share->n_to_guard ? PUTS_MAX : GUARDED_EACH;
        if (step > n - share->n_guarded)
            step = n - share->n_guarded;
        if (put_floors(share, all + share->n_guarded, step, SHARED_COMMIT) != OK)
            return;
        share->n_guarded += step;
        if (share->n_to_guard <= step) {
            share->n_to_guard = 0;
            return;
        }
        share->n_to_guard -= step;
    }
}

void share_settled(struct share *share, const struct event *event,
                   const struct append_outcome *outcome)
{
    if (!event->customer_id.at)
        return;
    stamps_raise(share->stamps, str_hash(event->customer_id));
    if (share_owes(share) &&
        outcome->position > 0) { /* its provisional floor may never have got there */
        owe(share, share->owed.next, event->customer_id, outcome->position);
        owe(share, share->untold, event->customer_id, outcome->position);
    }
    if (marks_raise(share->drained.next, event->customer_id, outcome->position) != OK)
        log_line(LOG_ERROR, "share", "out of memory: a profile may be missing for a day");
}

/* The log has everything now: it can be folded, and the provisional floors make way. */
static void end_of_spool(struct share *share)
{
    uint32_t n_spooled;
    (void) pthread_mutex_lock(&share->lock);
    enum err err = OK;
    const struct mark *spooled = marks_all(share->spooled, &n_spooled);
    for (uint32_t i = 0; i < n_spooled && err == OK; i++)
        err = marks_raise(share->drained.next, spooled[i].customer_id, 0);
    if (err == OK)
        marks_clear(share->spooled);
    share->forgot_spooled &= err != OK;
    atomic_store(&share->any_spooled, err != OK);
    (void) pthread_mutex_unlock(&share->lock);
}

void share_tend(struct share *share, uint64_t spooled)
{
    bool catalog_changed;
    struct err_note why = { "" };
    if (share->fleet)
        (void) share->fleet->hear(share->fleet, share->shop, share, heard, &catalog_changed, &why);
    tell_others(share);
    deliver_owed(share);
    if (spooled > 0)
        return guard_spooled(share);
    end_of_spool(share);
    if (delivery_count(&share->owed) == 0)
        (void) deliver(share, &share->drained, SHARED_SETTLE, STEPS);
}

bool share_is_settling(const struct share *share)
{
    return delivery_count(&share->drained) > 0;
}

void share_note_doubt(struct share *share, int64_t mono_us)
{
    atomic_store_explicit(&share->doubted_us, mono_us > 0 ? mono_us : 1, memory_order_release);
}

int64_t share_doubted_us(struct share *share)
{
    return atomic_load_explicit(&share->doubted_us, memory_order_acquire);
}

bool share_owes(struct share *share)
{
    return atomic_load_explicit(&share->owes, memory_order_relaxed);
}

bool share_is_spooled(struct share *share, struct str customer_id)
{
    if (!atomic_load_explicit(&share->any_spooled, memory_order_acquire))
        return false;
    (void) pthread_mutex_lock(&share->lock);
    bool spooled = share->forgot_spooled || marks_find(share->spooled, customer_id);
    (void) pthread_mutex_unlock(&share->lock);
    return spooled;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────────── */

static bool register_metrics(struct share *share, struct metrics *metrics)
{
    const char *help =
        "Shared profiles written after a commit: with the events applied, or a floor.";
    share->metrics = metrics;
    share->shard = metric_shard_new(metrics);
    if (!share->shard)
        return false;
    share->applied = metric_register(metrics, METRIC_COUNTER, "offerd_shared_writes_total", help,
                                     STR("what=\"profile\""));
    share->floors = metric_register(metrics, METRIC_COUNTER, "offerd_shared_writes_total", help,
                                    STR("what=\"floor\""));
    share->owed_now =
        metric_register(metrics, METRIC_GAUGE, "offerd_shared_owed_customers",
                        "Customers whose events the shared profiles do not know of yet.", STR(""));
    share->told =
        metric_register(metrics, METRIC_COUNTER, "offerd_shared_told_total",
                        "Customers that other replicas were told of by the database.", STR(""));
    return true;
}

enum err share_new(const struct share_settings *settings, struct metrics *metrics,
                   struct share **ret_share)
{
    AUTO(share_free) struct share *share = calloc(1, sizeof *share);
    if (!share)
        return ERR_NOMEM;
    (void) pthread_mutex_init(&share->lock, NULL);
    share->shop_text = str_dup(settings->shop);
    share->shared = settings->shared;
    share->fleet = settings->fleet;
    share->stamps = settings->stamps;
    share->spool_mark = settings->spool_mark ? settings->spool_mark : POSITION_PROVISIONAL;
    share->arena = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES);
    share->owed = (struct delivery){ marks_new(), marks_new(), 0 };
    share->untold = marks_new();
    share->drained = (struct delivery){ marks_new(), marks_new(), 0 };
    share->spooled = marks_new();
    share->writer = share->shared->writer_new(share->shared);
    if (!share->shop_text || !share->arena || !share->owed.next || !share->owed.now ||
        !share->untold || !share->drained.next || !share->drained.now || !share->spooled ||
        !share->writer || !register_metrics(share, metrics))
        return ERR_NOMEM;
    (void) snprintf(share->sentinel, sizeof share->sentinel, "\x01spool-%016llx",
                    (unsigned long long) share->spool_mark);
    share->shop = str_of(share->shop_text);
    *ret_share = MOVE(share);
    return OK;
}

struct share *share_free(struct share *share)
{
    if (!share)
        return NULL;
    if (share->writer)
        share->shared->writer_free(share->shared, share->writer);
    (void) marks_free(share->owed.next);
    (void) marks_free(share->owed.now);
    (void) marks_free(share->untold);
    (void) marks_free(share->drained.next);
    (void) marks_free(share->drained.now);
    (void) marks_free(share->spooled);
    arena_free(share->arena);
    (void) pthread_mutex_destroy(&share->lock);
    free(share->shop_text);
    free(share);
    return NULL;
}
