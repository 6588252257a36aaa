/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door: ties the journal, the loader and the profiles together, and shows the profiles
 * through the port that the read path knows. On a hit that is a table look-up inside an
 * epoch section, without lock or memory; only a miss goes to the loader.
 */
#include "learn.h"

#include <stdlib.h>

#include "base/log.h"
#include "learn/budgets.h"
#include "learn/fold.h"
#include "learn/inbox.h"
#include "learn/journal.h"
#include "learn/loader.h"
#include "learn/profiles.h"
#include "learn/share.h"
#include "learn/stamps.h"
#include "learn/view.h"
#include "learn/wanted.h"
#include "ports/clock.h"
#include "ports/event_log.h"
#include "ports/profile_store.h"

enum { MAX_READERS = 64 };
#define RECENT_US INT64_C(120000000)

struct learn {
    struct profile_store store; /* first: a store is cast back to its learn */
    char *shop;
    struct profiles *profiles;
    struct fold fold;
    struct wanted *wanted;
    struct loader *loader;
    struct inbox *inbox;
    struct journal *journal;
    struct budget_store *budgets, *own_budgets; /* those it was given, or its own */

    /* with shared profiles */
    struct stamps *stamps;
    struct share *share;
    struct view *view;
};

/* ── the profile store ───────────────────────────────────────────────────────────────────── */

static void *reader_new(struct profile_store *store, struct uv_loop_s *loop)
{
    (void) loop;
    return epoch_reader_new(profiles_epoch(((struct learn *) store)->profiles));
}

static void reader_free(struct profile_store *store, void *reader)
{
    (void) store;
    epoch_reader_free(reader);
}

static void read_begin(struct profile_store *store, void *reader)
{
    epoch_enter(profiles_epoch(((struct learn *) store)->profiles), reader);
}

static void read_end(struct profile_store *store, void *reader)
{
    (void) store;
    epoch_leave(reader);
}

static void forget(struct profile_store *store, struct profile_waiter *waiter)
{
    wanted_forget(((struct learn *) store)->wanted, waiter);
    waiter->asked = NULL;
}

static enum profile_answer find(struct profile_store *store, void *reader, struct str customer_id,
                                struct profile_waiter *waiter, const struct profile **ret_profile)
{
    struct learn *learn = (struct learn *) store;
    (void) reader;
    if (waiter && waiter->asked)
        forget(store, waiter);
    const struct profile *profile = profiles_find(learn->profiles, customer_id);
    if (profile) {
        *ret_profile = profile->position > 0 ? profile : NULL;
        return PROFILE_HERE;
    }
    if (loader_is_losing(learn->loader) || !wanted_ask(learn->wanted, customer_id, waiter))
        return PROFILE_LOST;
    waiter->asked = learn;
    return PROFILE_COMING;
}

struct profile_store *learn_profiles(struct learn *learn)
{
    return learn->view ? view_store(learn->view) : &learn->store;
}

/* ── the write path ──────────────────────────────────────────────────────────────────────── */

static struct learn *learn_free(struct learn *learn)
{
    if (!learn)
        return NULL;
    loader_stop(learn->loader); /* its reader goes before the log */
    journal_stop(learn->journal);
    inbox_free(learn->inbox);
    wanted_free(learn->wanted);
    fold_deinit(&learn->fold);
    profiles_free(learn->profiles);
    view_free(learn->view);
    share_free(learn->share);
    free(learn->stamps);
    budgets_free(learn->own_budgets);
    free(learn->shop);
    free(learn);
    return NULL;
}
DEFINE_AUTO(struct learn, learn_free)

/* Budgets: a rule was met that is not known yet. The journal restores it. */
static void wake(void *self)
{
    inbox_wake(((struct learn *) self)->inbox);
}

/* Everything but the threads. NULL for lack of memory. */
static struct learn *learn_new(const struct learn_settings *settings)
{
    struct learn *learn = calloc(1, sizeof *learn);
    if (!learn)
        return NULL;
    learn->store =
        (struct profile_store){ reader_new, reader_free, read_begin, read_end, find, forget };
    learn->shop = str_dup(settings->shop);
    learn->profiles = profiles_new(settings->hot_profiles, MAX_READERS);
    learn->wanted = wanted_new();
    learn->inbox = inbox_new(settings->queue_events);
    learn->own_budgets = settings->budgets ? NULL : budgets_new(wake, learn);
    learn->budgets = settings->budgets ? settings->budgets : learn->own_budgets;
    fold_init(&learn->fold, learn->profiles, str_of(learn->shop));
    if (learn->shop && learn->budgets && learn->profiles && learn->wanted && learn->inbox)
        return learn;
    return learn_free(learn);
}

/* ── sharing with other replicas ─────────────────────────────────────────────────────────── */

static enum err mark(void *self, struct str customer_id, uint64_t position)
{
    share_mark(self, customer_id, position);
    return OK;
}

/*
 * Whoever committed these may have died before the shared profiles knew. When the database is away
 * they cannot be asked for; then those who acknowledged them are alive, or have told the fleet.
 */
static enum err mark_recent(struct learn *learn, struct event_log *log, struct clock *clock,
                            struct err_note *note)
{
    struct str shop = str_of(learn->shop);
    int64_t since_us = clock->wall_us(clock) - RECENT_US;
    struct err_note why = { "out of memory" };
    enum err err = log->read_customers(log, shop, since_us, learn->share, mark, &why);
    if (err == ERR_UNAVAILABLE)
        log_line(LOG_WARNING, "learn",
                 "whose events came last is not known, their shared profiles are trusted: \"%s\"",
                 why.text);
    else if (err != OK)
        return err_fail(note, err, "%s", why.text);
    return log->read_spooled ? log->read_spooled(log, shop, learn->share, mark, note) : OK;
}

static enum err start_sharing(struct learn *learn, const struct learn_settings *settings,
                              struct event_log *log, struct clock *clock, struct metrics *metrics,
                              struct err_note *note)
{
    learn->stamps = calloc(1, sizeof *learn->stamps);
    if (!learn->stamps)
        return ERR_NOMEM;
    const struct share_settings share = { .shop = settings->shop,
                                          .shared = settings->shared,
                                          .fleet = settings->fleet,
                                          .stamps = learn->stamps,
                                          .spool_mark =
                                              log->spool_mark ? log->spool_mark(log) : 0 };
    TRY(share_new(&share, metrics, &learn->share));
    return mark_recent(learn, log, clock, note);
}

static enum err open_view(struct learn *learn, const struct learn_settings *settings,
                          struct clock *clock, struct metrics *metrics)
{
    uint32_t workers = settings->workers ? settings->workers : 1;
    const struct view_settings view = { .shared = settings->shared,
                                        .share = learn->share,
                                        .stamps = learn->stamps,
                                        .wanted = learn->wanted,
                                        .loader = learn->loader,
                                        .clock = clock,
                                        .near_profiles = settings->hot_profiles / workers + 1 };
    return view_new(&view, metrics, &learn->view);
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static enum err start_loader(struct learn *learn, const struct learn_settings *settings,
                             struct event_log *log, struct clock *clock, struct metrics *metrics,
                             struct err_note *note)
{
    struct event_log *reader = NULL;
    const struct loader_sharing sharing = { settings->shared, learn->share };
    TRY(log->reader(log, &reader, note));
    return loader_start(reader, &learn->fold, learn->wanted, &sharing, clock, metrics,
                        &learn->loader, note);
}

enum err learn_start(const struct learn_settings *settings, struct event_log *log,
                     struct clock *clock, struct metrics *metrics, struct learn **ret_learn,
                     struct err_note *note)
{
    AUTO(learn_free) struct learn *learn = learn_new(settings);
    enum err err = learn ? OK : ERR_NOMEM;
    if (err == OK && settings->shared)
        err = start_sharing(learn, settings, log, clock, metrics, note);
    if (err == OK)
        err = start_loader(learn, settings, log, clock, metrics, note);
    if (err == OK && settings->shared)
        err = open_view(learn, settings, clock, metrics);
    if (err != OK) {
        log->free(log);
        return err;
    }
    TRY(journal_start(settings, log, learn->inbox, &learn->fold, learn->share, learn->budgets,
                      clock, metrics, &learn->journal, note));
    *ret_learn = MOVE(learn);
    return OK;
}

struct learn *learn_stop(struct learn *learn)
{
    return learn_free(learn);
}

enum err learn_submit(struct learn *learn, struct event_batch *batch)
{
    return inbox_submit(learn->inbox, batch);
}

void learn_forget_profiles(struct learn *learn)
{
    fold_forget(&learn->fold);
}

struct budget_store *learn_budgets(struct learn *learn)
{
    return learn->budgets;
}

void learn_rules_changed(struct learn *learn)
{
    inbox_wake(learn->inbox);
}

void learn_before_metrics(struct learn *learn)
{
    journal_before_metrics(learn->journal);
}

uint64_t learn_orders(struct learn *learn)
{
    return journal_orders(learn->journal);
}
