/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spooled_event_log.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "ports/clock.h"
#include "shop/event.h"
#include "store/drain_pause.h"
#include "store/spool_metrics.h"
#include "store/sqlite/spool.h"

enum {
    DRAIN_EVENTS = 500,
    DRAIN_US = 50000,
    DRAIN_LONGEST = 10,    /* times that, when events come quickly */
    DRAIN_BYTES = 4 << 20, /* of one append, about */
    FORGET_EVENTS = 5000,  /* in one tend, while there are others */
    SCRATCH_BYTES = 1 << 16,
    SCRATCH_LIMIT_BYTES = 1 << 25,
};

struct spooled_event_log {
    struct event_log log; /* first: a log is cast back to its adapter */
    struct event_log *main;
    struct spool *spool;
    struct clock *clock;
    struct arena *arena; /* of one drained chunk */
    struct spool_settings settings;
    uint64_t one_by_one; /* events that are drained alone: one of them was called wrong */
    uint64_t drained;    /* since the spool was empty last */
    uint64_t arrived;    /* since the last tend */
    bool failing;        /* draining fails, and it was said */
    bool not_forgetting; /* the main log's tend fails, and it was said */
    struct drain_pause pause;
    struct spool_metrics metrics;
};

static struct spooled_event_log *self_of(struct event_log *log)
{
    return (struct spooled_event_log *) log;
}

/* ── appending ───────────────────────────────────────────────────────────────────────────── */

static void show(struct spooled_event_log *self)
{
    metric_set(self->metrics.all, self->metrics.waiting, (int64_t) spool_count(self->spool));
    metric_set(self->metrics.all, self->metrics.bytes, spool_bytes(self->spool));
}

static enum err spool_events(struct spooled_event_log *self, const struct event *const *events,
                             uint32_t n, int64_t received_us, struct append_outcome *ret_outcomes,
                             struct err_note *note)
{
    uint64_t before = spool_count(self->spool);
    enum err err = spool_add(self->spool, events, n, received_us, ret_outcomes, note);
    uint64_t added = spool_count(self->spool) - before;
    if (err != OK)
        metric_add(self->metrics.shard, self->metrics.full, n);
    metric_add(self->metrics.shard, self->metrics.spooled, added);
    self->arrived += added;
    show(self);
    return err == ERR_LIMIT ? ERR_UNAVAILABLE : err;
}

/*
 * The main log's append. A log that is away says so at once, and may be asked as often as there
 * is time; one that takes an append and does not finish it keeps new events waiting meanwhile.
 */
static enum err append_to_main(struct spooled_event_log *self, const struct event *const *events,
                               uint32_t n, int64_t received_us, struct append_outcome *ret_outcomes,
                               struct err_note *note)
{
    int64_t began_us = self->clock->mono_us(self->clock);
    enum err err = self->main->append(self->main, events, n, received_us, ret_outcomes, note);
    int64_t now_us = self->clock->mono_us(self->clock);
    if (err == OK)
        drain_pause_end(&self->pause);
    if (err == ERR_UNAVAILABLE && now_us - began_us > self->settings.drain_us)
        drain_pause_begin(&self->pause, now_us, now_us - began_us);
    return err;
}

static enum err append(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, struct append_outcome *ret_outcomes,
                       struct err_note *note)
{
    struct spooled_event_log *self = self_of(log);
    struct err_note why = { "" };
    if (spool_count(self->spool) > 0)
        return spool_events(self, events, n, received_us, ret_outcomes, note);
    enum err err = append_to_main(self, events, n, received_us, ret_outcomes, &why);
    if (err != ERR_UNAVAILABLE)
        return err == OK ? OK : err_fail(note, err, "%s", why.text);
    TRY(spool_events(self, events, n, received_us, ret_outcomes, note));
    if (spool_count(self->spool) > 0)
        log_line(LOG_WARNING, "spool",
                 "the event log is away, events wait on this machine's disk: \"%s\"", why.text);
    return OK;
}

/* ── draining ────────────────────────────────────────────────────────────────────────────── */

struct settler {
    void *self;
    void (*settled)(void *self, const struct event *event, const struct append_outcome *outcome);
};

static void settle_one(struct spooled_event_log *self, const struct settler *settler,
                       const struct event *event, const struct append_outcome *outcome)
{
    bool refused = outcome->result == APPEND_REFUSED;
    metric_add(self->metrics.shard, refused ? self->metrics.refused : self->metrics.done, 1);
    if (refused)
        log_line(LOG_WARNING, "spool", "an accepted event was refused by the event log: \"%.*s\"",
                 STR_ARG(event->event_id));
    settler->settled(settler->self, event, outcome);
}

static void settle(struct spooled_event_log *self, const struct settler *settler,
                   const struct spool_chunk *chunk, const struct append_outcome *outcomes)
{
    spool_settle(self->spool, chunk, chunk->n);
    self->drained += chunk->n;
    self->one_by_one -= self->one_by_one > 0;
    for (uint32_t i = 0; i < chunk->n; i++)
        settle_one(self, settler, chunk->events[i], &outcomes[i]);
}

/* Without it the rest would wait for ever. Of several together, first find out which one it is. */
static enum err wrong_event(struct spooled_event_log *self, const struct settler *settler,
                            const struct spool_chunk *chunk, const struct err_note *why,
                            struct err_note *note)
{
    const struct append_outcome refused = { .result = APPEND_REFUSED };
    if (chunk->n > 1) {
        self->one_by_one = chunk->n;
        return OK;
    }
    TRY(spool_set_aside(self->spool, chunk->places[0], why->text, note));
    log_line(LOG_ERROR, "spool",
             "the event log calls an accepted event wrong, it is set aside: \"%.*s\": %s",
             STR_ARG(chunk->events[0]->event_id), why->text);
    settle(self, settler, chunk, &refused);
    return OK;
}

static enum err drain_chunk(struct spooled_event_log *self, const struct settler *settler,
                            struct err_note *note)
{
    struct spool_chunk chunk;
    struct err_note why = { "out of memory" };
    arena_reset(self->arena);
    TRY(spool_read(self->spool, self->one_by_one ? 1 : self->settings.drain_events, DRAIN_BYTES,
                   self->arena, &chunk, note));
    if (chunk.n == 0)
        return err_fail(note, ERR_CORRUPT, "spool: its events are not there");
    struct append_outcome *outcomes = arena_take_n(self->arena, chunk.n, sizeof *outcomes);
    if (!outcomes)
        return ERR_NOMEM;
    enum err err = append_to_main(self, chunk.events, chunk.n, self->clock->wall_us(self->clock),
                                  outcomes, &why);
    if (err == ERR_INPUT)
        return wrong_event(self, settler, &chunk, &why, note);
    if (err != OK)
        return err_fail(note, err, "%s", why.text);
    settle(self, settler, &chunk, outcomes);
    return OK;
}

/*
 * Some chunks: new events wait for as long as this takes. When more came since the last time
 * than that, up to twice as much as came, so that the spool gets empty under any load that
 * the main log could carry.
 */
static enum err drain(struct spooled_event_log *self, const struct settler *settler,
                      struct err_note *note)
{
    struct clock *clock = self->clock;
    int64_t began_us = clock->mono_us(clock), spent_us = 0;
    uint64_t enough = self->drained + 2 * self->arrived;
    enum err err = OK;
    if (!drain_pause_is_over(&self->pause, began_us))
        return OK;
    self->arrived = 0;
    while (err == OK && spool_count(self->spool) > 0 &&
           (spent_us < self->settings.drain_us ||
            (self->drained < enough && spent_us < DRAIN_LONGEST * self->settings.drain_us))) {
        err = drain_chunk(self, settler, note);
        spent_us = clock->mono_us(clock) - began_us;
    }
    return err;
}

/* Said once when it begins to fail for another reason than that the log is away, and at the end. */
static void note_state(struct spooled_event_log *self, bool failing, const char *why)
{
    if (failing && !self->failing)
        log_line(LOG_ERROR, "spool", "the spool cannot be emptied: \"%s\"", why);
    self->failing = failing;
    if (spool_count(self->spool) > 0 || self->drained == 0)
        return;
    log_line(LOG_INFO, "spool", "the event log is back and has all that was spooled: %llu events",
             (unsigned long long) self->drained);
    self->drained = 0;
}

/*
 * The caller carries on what was settled, perhaps only when all is: so it is not forgotten before
 * the call after that, unless room is needed.
 */
static enum err forget(struct spooled_event_log *self, struct err_note *note)
{
    if (spool_count(self->spool) > 0 && spool_bytes(self->spool) < self->settings.max_bytes / 2)
        return OK;
    return spool_forget(self->spool, FORGET_EVENTS, note);
}

static enum err tend_spool(struct spooled_event_log *self, const struct settler *settler,
                           struct err_note *note)
{
    struct err_note why = { "out of memory" }, why_not_forgotten = why;
    enum err forgotten = forget(self, &why_not_forgotten);
    enum err err = drain(self, settler, &why);
    if (err == ERR_UNAVAILABLE)
        err = OK;
    note_state(self, err != OK || forgotten != OK, err != OK ? why.text : why_not_forgotten.text);
    show(self);
    return err == OK ? OK : err_fail(note, err, "%s", why.text);
}

/* The main log's own work is forgetting. Said once when it begins to fail, and at the end. */
static enum err tend_main(struct spooled_event_log *self, const struct settler *settler,
                          struct err_note *note)
{
    struct err_note why = { "out of memory" };
    enum err err = self->main->tend(self->main, settler->self, settler->settled, &why);
    if (err != OK && !self->not_forgetting)
        log_line(LOG_ERROR, "log", "events that are too old cannot be forgotten: \"%s\"", why.text);
    if (err == OK && self->not_forgetting)
        log_line(LOG_INFO, "log", "events that are too old are forgotten again");
    self->not_forgetting = err != OK;
    metric_set(self->metrics.all, self->metrics.not_forgetting, err != OK);
    return err == OK ? OK : err_fail(note, err, "%s", why.text);
}

static enum err tend(struct event_log *log, void *caller,
                     void (*settled)(void *self, const struct event *event,
                                     const struct append_outcome *outcome),
                     struct err_note *note)
{
    struct spooled_event_log *self = self_of(log);
    const struct settler settler = { caller, settled };
    if (spool_is_used(self->spool))
        TRY(tend_spool(self, &settler, note));
    return self->main->tend ? tend_main(self, &settler, note) : OK;
}

/* ── reading: the main log's ─────────────────────────────────────────────────────────────── */

static enum err read_customer(struct event_log *log, struct str shop, struct str customer_id,
                              uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct event_log *main_log = self_of(log)->main;
    return main_log->read_customer(main_log, shop, customer_id, after, visitor, visit, note);
}

static enum err read_orders(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note)
{
    struct event_log *main_log = self_of(log)->main;
    return main_log->read_orders(main_log, shop, after, visitor, visit, note);
}

static enum err read_outcomes(struct event_log *log, struct str shop, uint64_t after, void *visitor,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note)
{
    struct event_log *main_log = self_of(log)->main;
    return main_log->read_outcomes(main_log, shop, after, visitor, visit, note);
}

static enum err
read_customers(struct event_log *log, struct str shop, int64_t since_us, void *visitor,
               enum err (*visit)(void *self, struct str customer_id, uint64_t position),
               struct err_note *note)
{
    struct event_log *main_log = self_of(log)->main;
    return main_log->read_customers(main_log, shop, since_us, visitor, visit, note);
}

static enum err read_budgets(struct event_log *log, struct str shop, void *visitor,
                             enum err (*visit)(void *self, struct str rule, int64_t accepted),
                             struct err_note *note)
{
    struct event_log *main_log = self_of(log)->main;
    return main_log->read_budgets(main_log, shop, visitor, visit, note);
}

static enum err last_position(struct event_log *log, struct str shop, uint64_t *ret_position,
                              struct err_note *note)
{
    struct event_log *main_log = self_of(log)->main;
    return main_log->last_position(main_log, shop, ret_position, note);
}

static enum err reader(struct event_log *log, struct event_log **ret_reader, struct err_note *note)
{
    struct event_log *main_log = self_of(log)->main;
    return main_log->reader(main_log, ret_reader, note);
}

/* ── what is in the spool ────────────────────────────────────────────────────────────────── */

static uint64_t spooled(struct event_log *log)
{
    return spool_count(self_of(log)->spool);
}

static uint64_t mark(struct event_log *log)
{
    return spool_mark(self_of(log)->spool);
}

static enum err read_spooled(struct event_log *log, struct str shop, void *visitor,
                             enum err (*visit)(void *self, struct str customer_id,
                                               uint64_t position),
                             struct err_note *note)
{
    return spool_customers(self_of(log)->spool, shop, visitor, visit, note);
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static struct spooled_event_log *spooled_event_log_free(struct spooled_event_log *self)
{
    if (!self)
        return NULL;
    self->main->free(self->main);
    spool_free(self->spool);
    arena_free(self->arena);
    free(self);
    return NULL;
}
DEFINE_AUTO(struct spooled_event_log, spooled_event_log_free)

static void close_log(struct event_log *log)
{
    spooled_event_log_free(self_of(log));
}

enum err spooled_event_log_new(struct event_log *main_log, const char *directory,
                               const struct spool_settings *settings, struct clock *clock,
                               struct metrics *metrics, struct event_log **ret_log,
                               struct err_note *note)
{
    AUTO(spooled_event_log_free) struct spooled_event_log *self = calloc(1, sizeof *self);
    if (!self) {
        main_log->free(main_log);
        return ERR_NOMEM;
    }
    self->main = main_log;
    self->clock = clock;
    self->settings = *settings;
    if (settings->drain_events == 0)
        self->settings.drain_events = DRAIN_EVENTS;
    if (settings->drain_us == 0)
        self->settings.drain_us = DRAIN_US;
    self->log = (struct event_log){ .append = append,
                                    .read_customer = read_customer,
                                    .read_orders = read_orders,
                                    .read_outcomes = read_outcomes,
                                    .read_customers = read_customers,
                                    .read_budgets = read_budgets,
                                    .tend = tend,
                                    .spooled = spooled,
                                    .read_spooled = read_spooled,
                                    .spool_mark = mark,
                                    .last_position = last_position,
                                    .reader = reader,
                                    .free = close_log };
    self->arena = arena_new(SCRATCH_BYTES, SCRATCH_LIMIT_BYTES);
    if (!self->arena || !spool_metrics_init(&self->metrics, metrics))
        return ERR_NOMEM;
    TRY(spool_new(directory, settings->max_bytes, &self->spool, note));
    if (spool_count(self->spool) > 0)
        log_line(LOG_INFO, "spool", "events of an earlier run wait for the event log: %llu",
                 (unsigned long long) spool_count(self->spool));
    drain_pause_init(&self->pause, (uint64_t) clock->mono_us(clock) ^ (uintptr_t) self);
    show(self);
    *ret_log = &MOVE(self)->log;
    return OK;
}
