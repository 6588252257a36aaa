/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/journal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "learn/fold.h"
#include "learn/inbox.h"
#include "learn/journal_budgets.h"
#include "learn/journal_metrics.h"
#include "learn/payload.h"
#include "learn/share.h"
#include "ports/clock.h"
#include "ports/event_log.h"
#include "shop/catalog.h"
#include "world/world.h"

enum {
    SCRATCH_BYTES = 1 << 16,
    SCRATCH_LIMIT_BYTES = 1 << 26,
    TEND_US = 250000,
    TEND_SHARED_US = 20000
};

/* One round's events, flat; the arrays grow and stay. */
struct round {
    const struct event **events;
    struct append_outcome *outcomes;
    uint32_t n, cap;
};

struct journal {
    pthread_t thread;
    struct inbox *inbox;
    struct clock *clock;
    struct journal_metrics metrics;
    struct event_log *log;
    struct fold *fold;
    struct share *share; /* NULL: embedded */
    struct arena *arena; /* scratch of one round */
    uint32_t commit_events;
    struct round round;
    bool failing; /* the last commit failed: said once */
    _Atomic uint64_t orders;
    struct snapshot_slot *worlds; /* or NULL */
    struct snapshot_view view;
    const struct world *world; /* of this round or tending; or NULL */
    struct journal_budgets budgets;
    int64_t tended_us; /* mono */
    int64_t tend_us;   /* at least so often */
};

/* ── one round ───────────────────────────────────────────────────────────────────────────── */

static bool round_has_room(struct round *round, uint32_t n)
{
    if (n <= round->cap)
        return true;
    struct round grown = {
        .events = malloc(n * sizeof *grown.events),
        .outcomes = malloc(n * sizeof *grown.outcomes),
        .cap = n,
    };
    if (!grown.events || !grown.outcomes) {
        free(grown.events);
        free(grown.outcomes);
        return false;
    }
    free(round->events);
    free(round->outcomes);
    *round = grown;
    return true;
}

/* An event of the program's own gets its payload here. False when there is no room. */
static bool complete(struct journal *journal, struct event *event)
{
    event->shop = journal->fold->shop;
    journal_budgets_limit(journal->world, event);
    if (event->payload.at)
        return true;
    struct out out;
    out_init(&out, journal->arena, 256);
    payload_print(&out, event);
    event->payload = out_str(&out);
    return !out.failed;
}

static bool gather(struct journal *journal, const struct inbox_work *work)
{
    struct round *round = &journal->round;
    if (!round_has_room(round, work->n_events))
        return false;
    round->n = 0;
    arena_reset(journal->arena);
    for (struct event_batch *batch = work->batches; batch; batch = batch->next)
        for (uint32_t i = 0; i < batch->n_events; i++) {
            if (!complete(journal, &batch->events[i]))
                return false;
            round->events[round->n++] = &batch->events[i];
        }
    return true;
}

/* The log's answer: said once when it begins to fail and once when it works again. */
static void note_state(struct journal *journal, enum err err, const struct err_note *why)
{
    if (err != OK && !journal->failing)
        log_line(LOG_ERROR, "journal", "events cannot be stored and are answered with 503: \"%s\"",
                 why->text);
    if (err == OK && journal->failing)
        log_line(LOG_INFO, "journal", "events are stored again");
    journal->failing = err != OK;
}

static enum err commit(struct journal *journal, const struct inbox_work *work)
{
    struct round *round = &journal->round;
    struct err_note why = { "out of memory" };
    int64_t began_us = journal->clock->mono_us(journal->clock);
    enum err err = gather(journal, work) ? OK : ERR_NOMEM;
    if (err == OK && round->n > 0)
        err = journal->log->append(journal->log, round->events, round->n,
                                   journal->clock->wall_us(journal->clock), round->outcomes, &why);
    note_state(journal, err, &why);
    if (err != OK)
        journal_metrics_failed(&journal->metrics);
    else if (round->n > 0)
        journal_metrics_committed(&journal->metrics, round->n,
                                  journal->clock->mono_us(journal->clock) - began_us);
    return err;
}

/*
 * Catalogues lag behind, so an unknown SKU is no reason to
 * refuse an event; ops see how many there are.
 */
static uint32_t unknown_skus(const struct catalog *catalog, const struct event *event)
{
    uint32_t n = event->sku.at && catalog_find(catalog, event->sku) == PRODUCT_NONE;
    for (uint32_t i = 0; i < event->order.n_lines; i++)
        n += catalog_find(catalog, event->order.lines[i].sku) == PRODUCT_NONE;
    return n;
}

/* What follows from events that the log has answered for: profiles, orders, budgets. */
static void fold_answered(struct journal *journal, const struct event *const *events, uint32_t n,
                          const struct append_outcome *outcomes)
{
    uint64_t orders = 0;
    if (journal->share)
        share_committed(journal->share, events, n, outcomes);
    else
        fold_committed(journal->fold, events, n, outcomes);
    for (uint32_t i = 0; i < n; i++) {
        journal_budgets_settle(&journal->budgets, journal->world, events[i], &outcomes[i]);
        if (outcomes[i].result != APPEND_ACCEPTED)
            continue;
        orders += events[i]->type == EVENT_ORDER_PLACED;
        if (journal->world)
            journal_metrics_unknown_skus(&journal->metrics,
                                         unknown_skus(journal->world->catalog, events[i]));
    }
    atomic_fetch_add(&journal->orders, orders);
}

static void fold_round(struct journal *journal)
{
    fold_answered(journal, journal->round.events, journal->round.n, journal->round.outcomes);
}

/* ── between rounds ──────────────────────────────────────────────────────────────────────── */

/* An event that was accepted before, provisionally: the log has answered for it now. */
static void settled(void *self, const struct event *event, const struct append_outcome *outcome)
{
    struct journal *journal = self;
    if (journal->share)
        share_settled(journal->share, event, outcome);
    else
        fold_committed(journal->fold, &event, 1, outcome);
    journal_budgets_settle(&journal->budgets, journal->world, event, outcome);
}

/* What waits for nobody: each tend_us at the latest, whether events come or not. */
static void journal_tend(struct journal *journal)
{
    struct event_log *log = journal->log;
    struct err_note why;
    uint64_t spooled = log->spooled ? log->spooled(log) : 0;
    bool keeps = journal->share && spooled == 0 && share_is_settling(journal->share);
    if (log->tend && !keeps)
        (void) log->tend(log, journal, settled, &why);
    if (journal->share)
        share_tend(journal->share, log->spooled ? log->spooled(log) : 0);
    journal_budgets_tend(&journal->budgets, log, journal->world,
                         journal->clock->wall_us(journal->clock));
    journal->tended_us = journal->clock->mono_us(journal->clock);
}

/* ── answers ─────────────────────────────────────────────────────────────────────────────── */

static enum event_status answer_for(struct event_result *result, enum append_result outcome)
{
    static const enum event_status statuses[] = { [APPEND_ACCEPTED] = EVENT_ACCEPTED,
                                                  [APPEND_DUPLICATE] = EVENT_DUPLICATE,
                                                  [APPEND_REFUSED] = EVENT_REJECTED,
                                                  [APPEND_LATER] = EVENT_REJECTED };
    result->status = statuses[outcome];
    if (outcome == APPEND_REFUSED) {
        result->problem = "the rule's budget is used up";
        result->used_up = true;
    }
    if (outcome == APPEND_LATER) {
        result->problem =
            "whether the rule's budget has one left cannot be known now: send it again";
        result->later = true;
    }
    return result->status;
}

/* Gives each batch its outcome and results; counts them. */
static void fill_in(struct journal *journal, const struct inbox_work *work, enum err err)
{
    uint32_t n = 0;
    for (struct event_batch *batch = work->batches; batch; batch = batch->next) {
        batch->outcome = err == OK ? OK : ERR_UNAVAILABLE;
        if (err != OK)
            continue;
        journal_metrics_rejected(&journal->metrics, batch->n_results - batch->n_events);
        for (uint32_t i = 0; i < batch->n_events; i++, n++) {
            enum event_status status =
                answer_for(&batch->results[batch->result_of[i]], journal->round.outcomes[n].result);
            journal_metrics_event(&journal->metrics, batch->events[i].type, status);
        }
    }
}

/* A batch may be gone as soon as its done is called: what comes next is read before. */
static void tell_senders(struct event_batch *batch)
{
    while (batch) {
        struct event_batch *next = batch->next;
        batch->done(batch);
        batch = next;
    }
}

static void run_round(struct journal *journal, const struct inbox_work *work)
{
    enum err err = commit(journal, work);
    if (err == OK)
        fold_round(journal);
    fill_in(journal, work, err);
    tell_senders(work->batches);
}

static bool is_due(const struct journal *journal)
{
    return journal->clock->mono_us(journal->clock) - journal->tended_us >= journal->tend_us;
}

static void *run(void *self)
{
    struct journal *journal = self;
    struct inbox_work work;
    pthread_setname_np(pthread_self(), "journal");
    do {
        inbox_take(journal->inbox, journal->commit_events, journal->tend_us, &work);
        if (journal->worlds)
            journal->world = (const struct world *) snapshot_look(journal->worlds, &journal->view);
        if (work.batches)
            run_round(journal, &work);
        if (!work.batches || is_due(journal))
            journal_tend(journal);
    } while (!work.stopping);
    return NULL;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static struct journal *journal_free(struct journal *journal)
{
    if (!journal)
        return NULL;
    journal->log->free(journal->log);
    snapshot_view_deinit(&journal->view);
    arena_free(journal->arena);
    free(journal->round.events);
    free(journal->round.outcomes);
    free(journal);
    return NULL;
}
DEFINE_AUTO(struct journal, journal_free)

enum err journal_start(const struct learn_settings *settings, struct event_log *log,
                       struct inbox *inbox, struct fold *fold, struct share *share,
                       struct budget_store *budgets, struct clock *clock, struct metrics *metrics,
                       struct journal **ret_journal, struct err_note *note)
{
    AUTO(journal_free) struct journal *journal = calloc(1, sizeof *journal);
    if (!journal) {
        log->free(log);
        return ERR_NOMEM;
    }
    journal->log = log;
    journal->inbox = inbox;
    journal->fold = fold;
    journal->share = share;
    journal->tend_us = share ? TEND_SHARED_US : TEND_US;
    journal->clock = clock;
    journal->commit_events = settings->commit_events;
    journal->worlds = settings->worlds;
    journal->budgets = (struct journal_budgets){ .store = budgets, .shop = fold->shop };
    journal->arena = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES);
    if (!journal->arena || !journal_metrics_init(&journal->metrics, metrics))
        return ERR_NOMEM;
    if (pthread_create(&journal->thread, NULL, run, journal) != 0)
        return err_fail(note, ERR_UNAVAILABLE, "journal: the thread cannot be started");
    *ret_journal = MOVE(journal);
    return OK;
}

struct journal *journal_stop(struct journal *journal)
{
    if (!journal)
        return NULL;
    inbox_stop(journal->inbox);
    pthread_join(journal->thread, NULL);
    return journal_free(journal);
}

void journal_before_metrics(struct journal *journal)
{
    journal_metrics_queue(&journal->metrics, inbox_waiting(journal->inbox));
}

uint64_t journal_orders(const struct journal *journal)
{
    return atomic_load_explicit(&journal->orders, memory_order_relaxed);
}
