/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/metric.h"
#include "base/out.h"
#include "base/str.h"
#include "shop/event.h"
#include "shop/offer_token.h"

/*
 * Learn: the write path's door. What happened becomes durable, then visible.
 *
 *  POST /events ─► intake ─► journal (one group commit) ─► fold (profile, counters) ─► 202
 *                                └─► tail ─► model ─► world_publish
 *
 * intake_read runs on the caller's thread; learn_submit hands the batch to the journal
 * thread and returns at once; when the batch is committed and folded into the profiles, the
 * batch's done is called on the journal thread. So an answered event is durable and visible
 * to the next decision of this process.
 */
struct budget_store;
struct clock;
struct event_log;
struct fleet;
struct learn;
struct profile_store;
struct shared_profiles;
struct snapshot_slot;

enum event_status { EVENT_ACCEPTED, EVENT_DUPLICATE, EVENT_REJECTED };

struct event_result {
    struct str event_id; /* absent when it could not be read */
    enum event_status status;
    const char *problem; /* EVENT_REJECTED: what was expected, static text */
    struct str pointer;  /* EVENT_REJECTED: JSON Pointer to the fault within the body */
    bool used_up;        /* EVENT_REJECTED: an acceptance, but its rule's budget is used up */
    bool later; /* EVENT_REJECTED: an acceptance that only the database can decide, which is away */
};

/*
 * One request's events. Lives in the caller's arena until done has been called. An event
 * made by the program itself (accept, decline) may come without a payload: the journal
 * writes it from the fields.
 */
struct event_batch {
    struct event *events;         /* the readable ones */
    struct event_result *results; /* one for each event sent, in order */
    uint32_t *result_of;          /* events[i] belongs to results[result_of[i]] */
    uint32_t n_events, n_results;
    bool single;      /* the body was one object, not an array */
    enum err outcome; /* set before done: OK, or ERR_UNAVAILABLE: nothing was stored */
    void (*done)(struct event_batch *batch); /* on the journal's thread: hand over only */
    void *owner;
    struct event_batch *next; /* the journal's queue */
};

struct intake_limits {
    uint32_t max_events; /* of one batch: 1,000 */
};

/*
 * Reads one event, an array of events or CloudEvents (structured mode, type "offerd.<event type>"
 * or the bare type, the event's own fields in data). Everything lives in @arena; @key opens
 * offer ids. ERR_INPUT with note and *ret_pointer when the body as a whole is not readable
 * (nothing is stored then); a bad event inside a good array only becomes a rejected result.
 */
MUST_CHECK enum err intake_read(struct str body, const uint8_t key[OFFER_TOKEN_KEY_BYTES],
                                int64_t now_us, const struct intake_limits *limits,
                                struct arena *arena, struct event_batch **ret_batch,
                                struct str *ret_pointer, struct err_note *note);

/*
 * An event as the log keeps it (logged_event.payload) back into its fields, in @arena. Fast:
 * a model reads every order this way. ERR_CORRUPT for what intake would not have written.
 */
MUST_CHECK enum err intake_recall(struct str payload, struct arena *arena, struct event *ret_event);

struct learn_settings {
    struct str shop;
    /* whose rules have budgets and whose catalogue tells unknown SKUs; NULL: neither */
    struct snapshot_slot *worlds;
    struct budget_store *budgets;   /* borrowed; NULL: learn makes one in the process */
    struct shared_profiles *shared; /* borrowed; NULL: embedded, profiles live in the process */
    struct fleet *fleet;            /* the same; the other replicas */
    uint32_t workers;               /* shared: they divide hot_profiles among them */
    uint32_t queue_events;          /* refuse (ERR_LIMIT) past so many waiting events: 100,000 */
    uint32_t commit_events;         /* most in one transaction: 2,000 */
    uint32_t hot_profiles;          /* kept in memory, with 4 KB each on average: 200,000 */
};

/*
 * Takes @log, on failure too. Starts the threads journal and loader.
 * *ret_learn also is the embedded profile store. Every event is kept under
 * settings->shop. Readers of profiles: at most 64.
 *
 * With shared profiles (settings->shared) a replica that starts tells them of what
 * was committed in the last minutes, and of what an earlier process left in the
 * spool: whoever committed it may have died before.
 */
MUST_CHECK enum err learn_start(const struct learn_settings *settings, struct event_log *log,
                                struct clock *clock, struct metrics *metrics,
                                struct learn **ret_learn, struct err_note *note);

/* Commits what is queued, then ends the thread. Every done has been called when it returns. */
struct learn *learn_stop(struct learn *learn);

/*
 * ERR_LIMIT when the queue is full, ERR_UNAVAILABLE when it is stopping (both 503, Retry-After):
 * done will not be called then. Any thread.
 */
MUST_CHECK enum err learn_submit(struct learn *learn, struct event_batch *batch);

/*
 * Embedded: in the process, folded from the log on a miss, on the loader's
 * thread. Else near, shared, or folded from the log. Borrowed from @learn.
 */
struct profile_store *learn_profiles(struct learn *learn);

/*
 * What is left of the rules' budgets: what the settings named,
 * or the process' own, borrowed from @learn.
 */
struct budget_store *learn_budgets(struct learn *learn);

/*
 * New rules are live: the journal's thread looks at once
 * whether their budgets are known. Any thread.
 */
void learn_rules_changed(struct learn *learn);

/* Before each scrape: brings gauges up to date. Any thread. */
void learn_before_metrics(struct learn *learn);

/*
 * How many orders were committed since the start: tells
 * others' orders in the log from ours. Any thread.
 */
uint64_t learn_orders(struct learn *learn);

/*
 * Another process (an import) has written to the log: the profiles at hand lack what it wrote, so
 * all are let go of and read again when they are asked for. Any thread.
 */
void learn_forget_profiles(struct learn *learn);
