/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct uv_loop_s;

/*
 * Budget store
 *
 * How much of a rule's budget is left: acceptances, which the log counts and decides,
 * and holds: offers that were made and may yet be accepted. A hold ends by
 * acceptance, decline, or its time. Holds only keep us from promising what will be
 * gone; the log alone keeps a budget from being exceeded.
 *
 * Readers reserve and give back (a worker each, never blocking, no lock); the journal's thread
 * settles, releases and restores.
 */
struct budget_claim {
    struct str rule;
    uint64_t mark; /* of the offer: offer_token_mark; equal for equal offers to the same customer */
    int64_t redemptions; /* the budget: most acceptances and holds together */
    int64_t until_us;    /* wall clock: when the hold ends by itself */
    bool granted;        /* the answer … */
    bool is_new;         /* … and granted: nobody held the mark before */
    /* not granted: acceptances and holds there are; left as it was by a store that cannot say */
    int64_t taken;
};

enum budget_answer {
    BUDGET_ANSWERED, /* each claim's granted is set */
    BUDGET_COMING, /* @waiter->ready will be called once, on any thread; ask again with the same claims */
    BUDGET_LOST, /* cannot be known now: make no such offer, say so in degraded[] */
};

struct budget_waiter {
    void (*ready)(struct budget_waiter *waiter); /* must only hand over */
    void *found;                                 /* the store's; NULL at the beginning */
};

struct budget_store {
    void *(*reader_new)(struct budget_store *store,
                        struct uv_loop_s *loop); /* one per reading thread */
    void (*reader_free)(struct budget_store *store, void *reader);
    /*
     * A claim whose mark is held already is granted and its time is extended.
     * @waiter NULL: there is no time to wait; never BUDGET_COMING then, and
     * nothing is asked for that would come too late.
     */
    enum budget_answer (*reserve)(struct budget_store *store, void *reader,
                                  struct budget_claim *claims, uint32_t n, int64_t now_us,
                                  struct budget_waiter *waiter);
    void (*forget)(struct budget_store *store, struct budget_waiter *waiter);
    /*
     * Of a claim as it was granted, is_new: its offer is not shown, nobody needs the hold; unless
     * somebody was granted the same since. At once or soon; what cannot be given back ends with
     * its time. What was forgotten, or answered BUDGET_LOST, needs none.
     */
    void (*give_back)(struct budget_store *store, void *reader, const struct budget_claim *claim);

    /* The journal's thread; bounded in time. A failure is repaired by restore. */
    enum err (*settle)(struct budget_store *store, struct str rule, uint64_t mark, int64_t accepted,
                       struct err_note *note); /* accepted: the log's count now */
    enum err (*release)(struct budget_store *store, struct str rule, uint64_t mark,
                        struct err_note *note);
    /*
     * The log's count. A rule not restored yet answers BUDGET_LOST (0
     * acceptances is restored, too). A shared store's count only rises.
     */
    enum err (*restore)(struct budget_store *store, struct str rule, int64_t accepted,
                        struct err_note *note);
    /*
     * Restores fewer than the store believes, as nothing else does where replicas' words
     * may overtake one another: only if it still believes @believed. An acceptance may have come
     * since @accepted was read from the log: whoever lowers reads it again and restores that.
     * NULL: it cannot be asked.
     */
    enum err (*lower)(struct budget_store *store, struct str rule, int64_t believed,
                      int64_t accepted, struct err_note *note);
    /* What the store believes of it, for comparing with the log. NULL: it cannot be asked. */
    enum err (*read)(struct budget_store *store, struct str rule, int64_t *ret_accepted,
                     bool *ret_known, struct err_note *note);
    /* A reader met a rule that was not restored, since the last call: restore all. Any thread. */
    bool (*wants_restore)(struct budget_store *store);
    /* Ends holds whose time is over. The journal's thread, each 250 ms or sooner. */
    void (*tend)(struct budget_store *store, int64_t now_us);
    void (*free)(struct budget_store *store);
};
