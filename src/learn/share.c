/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A committed round writes its values (round_values.h). Between rounds what is owed and what has
 * left the spool is put as floors (delivery.h), and those that stand for the spool are kept there
 * (spool_guard.h): so many each time that events never wait for all of them.
 */
#include "learn/share.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "learn/delivery.h"
#include "learn/floors.h"
#include "learn/marks.h"
#include "learn/round.h"
#include "learn/round_values.h"
#include "learn/spool_guard.h"
#include "learn/spooled_customers.h"
#include "learn/stamps.h"
#include "ports/event_log.h"
#include "ports/fleet.h"
#include "ports/shared_profiles.h"
#include "shop/event.h"

enum { SCRATCH_BYTES = 1 << 16, SCRATCH_LIMIT_BYTES = 1 << 28 };
enum {
    PUTS_MAX = 1000, /* floors that go out together */
    STEPS = 4,       /* so many times, between two rounds */
};

struct share {
    struct str shop;
    char *shop_text;
    struct shared_profiles *shared;
    struct shared_writer *writer;
    struct fleet *fleet;
    struct stamps *stamps;
    struct arena *arena; /* of one round */
    struct floors floors;

    struct delivery *owed;    /* floors that the shared profiles do not have yet */
    struct marks *untold;     /* of these, what the other replicas were not told yet */
    struct delivery *drained; /* customers whose provisional floors have to go */
    atomic_bool owes;
    bool said_owes; /* the log's last word of it */
    _Atomic int64_t doubted_us;
    bool forgot; /* a mark, for lack of memory */

    struct spooled_customers *spooled;
    struct spool_guard guard;

    struct metrics *metrics;
    struct metric_shard *shard;
    metric_id wrote_profile, wrote_floor, owed_now, told;
};

/* ── what was committed ──────────────────────────────────────────────────────────────────────── */

static enum err write_round(struct share *share, const struct round_by_customer *round,
                            struct err_note *note)
{
    uint32_t n = round->n_customers;
    struct round_values values;
    struct str *ids = arena_take_array(share->arena, struct str, n);
    struct shared_value *before = arena_take_array(share->arena, struct shared_value, n);
    bool *taken = arena_take_array(share->arena, bool, n);
    if (!ids || !before || !taken)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        ids[i] = round->customers[i].customer_id;
    TRY(share->shared->get(share->writer, ids, n, share->arena, before, note));
    TRY(round_values_make(round, before, &share->floors, &values));
    metric_add(share->shard, share->wrote_profile, values.n_applied);
    metric_add(share->shard, share->wrote_floor, values.n - values.n_applied);
    return values.n ? share->shared->put(share->writer, values.puts, values.n, taken, note) : OK;
}

/* ── what cannot be told now ─────────────────────────────────────────────────────────────────── */

/*
 * Where it is known whether it lasts: what another replica owes is heard and as a rule delivered in
 * one turn, many turns a second while that one is cut off, and of those nobody need hear.
 */
static void say_what_is_owed(struct share *share)
{
    bool owes = atomic_load(&share->owes);
    if (owes != share->said_owes)
        log_line(
            owes ? LOG_WARNING : LOG_INFO, "share",
            owes ? "the shared profiles cannot be told of events: they are not used until they know"
                 : "the shared profiles know everything again");
    share->said_owes = owes;
}

static void keep_count(struct share *share)
{
    metric_set(share->metrics, share->owed_now, delivery_count(share->owed));
}

/* For lack of memory a mark is lost; then nothing shared is used until the process ends. */
static void owe(struct share *share, enum err kept)
{
    atomic_store(&share->owes, true);
    if (kept == OK || share->forgot)
        return;
    log_line(LOG_ERROR, "share", "out of memory: profiles are folded from the log from now on");
    share->forgot = true;
}

static void remember_spooled(struct share *share, struct str customer_id, uint64_t position)
{
    if (spooled_customers_raise(share->spooled, customer_id, position) != OK)
        log_line(LOG_ERROR, "share", "out of memory: a spooled customer is not remembered");
}

void share_mark(struct share *share, struct str customer_id, uint64_t position)
{
    stamps_raise(share->stamps, str_hash(customer_id));
    owe(share, delivery_raise(share->owed, customer_id, floors_at(&share->floors, position)));
    if (position >= POSITION_PROVISIONAL)
        remember_spooled(share, customer_id, position);
}

static void owe_round(struct share *share, const struct event *const *events, uint32_t n,
                      const struct append_outcome *outcomes)
{
    for (uint32_t i = 0; i < n; i++) {
        struct str customer_id = events[i]->customer_id;
        uint64_t position = outcomes[i].position;
        if (!customer_id.at || position == 0)
            continue;
        owe(share, delivery_raise(share->owed, customer_id, floors_at(&share->floors, position)));
        if (position < POSITION_PROVISIONAL)
            owe(share, marks_raise(share->untold, customer_id, position));
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
        say_what_is_owed(share);
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
    for (; steps > 0; steps--) {
        uint32_t n;
        const struct mark *some = delivery_part(delivery, PUTS_MAX, &n);
        if (n == 0)
            return OK;
        TRY(floors_put(&share->floors, some, n, mode));
        if (mode == SHARED_COMMIT)
            settle_with_others(share, some, n);
        delivery_done(delivery, n);
    }
    return OK;
}

static void deliver_owed(struct share *share)
{
    (void) deliver(share, share->owed, SHARED_COMMIT, STEPS);
    if (delivery_count(share->owed) == 0 && !share->forgot) {
        marks_clear(share->untold);
        atomic_store(&share->owes, false);
    }
    say_what_is_owed(share);
    keep_count(share);
}

void share_settled(struct share *share, const struct event *event,
                   const struct append_outcome *outcome)
{
    if (!event->customer_id.at)
        return;
    stamps_raise(share->stamps, str_hash(event->customer_id));
    if (share_owes(share) &&
        outcome->position > 0) { /* its provisional floor may never have got there */
        owe(share, delivery_raise(share->owed, event->customer_id, outcome->position));
        owe(share, marks_raise(share->untold, event->customer_id, outcome->position));
    }
    if (delivery_raise(share->drained, event->customer_id, outcome->position) != OK)
        log_line(LOG_ERROR, "share", "out of memory: a profile may be missing for a day");
}

/* The log has everything now: it can be folded, and the provisional floors make way. */
static void end_of_spool(struct share *share)
{
    uint32_t n;
    enum err err = OK;
    const struct mark *spooled = spooled_customers_all(share->spooled, &n);
    for (uint32_t i = 0; i < n && err == OK; i++)
        err = delivery_raise(share->drained, spooled[i].customer_id, 0);
    if (err == OK)
        spooled_customers_clear(share->spooled);
}

void share_tend(struct share *share, uint64_t spooled)
{
    bool catalog_changed;
    struct err_note why = { "" };
    if (share->fleet)
        (void) share->fleet->hear(share->fleet, share->shop, share, heard, &catalog_changed, &why);
    tell_others(share);
    deliver_owed(share);
    if (spooled > 0) {
        uint32_t n;
        const struct mark *all = spooled_customers_all(share->spooled, &n);
        return spool_guard_look(&share->guard, all, n, STEPS, PUTS_MAX);
    }
    end_of_spool(share);
    if (delivery_count(share->owed) == 0)
        (void) deliver(share, share->drained, SHARED_SETTLE, STEPS);
}

bool share_is_settling(const struct share *share)
{
    return delivery_count(share->drained) > 0;
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
    return spooled_customers_has(share->spooled, customer_id);
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
    share->wrote_profile = metric_register(metrics, METRIC_COUNTER, "offerd_shared_writes_total",
                                           help, STR("what=\"profile\""));
    share->wrote_floor = metric_register(metrics, METRIC_COUNTER, "offerd_shared_writes_total",
                                         help, STR("what=\"floor\""));
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
    share->shop_text = str_dup(settings->shop);
    share->shared = settings->shared;
    share->fleet = settings->fleet;
    share->stamps = settings->stamps;
    share->arena = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES);
    share->owed = delivery_new();
    share->untold = marks_new();
    share->drained = delivery_new();
    share->spooled = spooled_customers_new();
    share->writer = share->shared->writer_new(share->shared);
    if (!share->shop_text || !share->arena || !share->owed || !share->untold || !share->drained ||
        !share->spooled || !share->writer || !register_metrics(share, metrics))
        return ERR_NOMEM;
    share->floors = (struct floors){
        .shared = share->shared,
        .writer = share->writer,
        .arena = share->arena,
        .spool_mark = settings->spool_mark ? settings->spool_mark : POSITION_PROVISIONAL,
    };
    spool_guard_init(&share->guard, &share->floors, &share->doubted_us);
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
    (void) delivery_free(share->owed);
    (void) marks_free(share->untold);
    (void) delivery_free(share->drained);
    (void) spooled_customers_free(share->spooled);
    arena_free(share->arena);
    free(share->shop_text);
    free(share);
    return NULL;
}
