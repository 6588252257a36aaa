/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct event;

/*
 * Event log
 *
 * The truth: every accepted event, in order, once. append makes a whole batch durable (fsynced)
 * before it returns, or none of it. Positions rise, without being dense, and within a shop in the
 * order of the commits, whoever commits: who has read a shop up to one of its positions has missed
 * nothing of it before that. Between shops there is no such order. Used from
 * one thread at a time; another thread reads through a reader of its own.
 */
struct logged_event {
    uint64_t position;
    struct str event_id, customer_id, type, payload; /* borrowed until the visitor returns */
    int64_t at_us;
};

enum append_result {
    APPEND_ACCEPTED,
    APPEND_DUPLICATE,
    APPEND_REFUSED, /* an acceptance whose rule's budget (offer.budget_max) is used up: not stored */
    APPEND_LATER, /* an acceptance with a budget, while the log that decides is away: not stored; to be repeated */
};

struct append_outcome {
    enum append_result result;
    /* accepted: of the event; duplicate: where it stands already, 0 if unknown */
    uint64_t position;
    uint64_t
        previous; /* accepted: of the same customer's event before it; 0: the first, or a guest's;
                   * at a provisional position: provisional too, 0 when the one before is not in the spool */
    int64_t accepted; /* offer_accepted: the rule's acceptances, this one included */
};

/*
 * From here on positions are provisional: a place in the spool, not in the log. Such an
 * event is durable, but no reading of the log shows it before it was drained and got its position.
 */
#define POSITION_PROVISIONAL (UINT64_C(1) << 62)

enum { READ_TOGETHER_EACH = 1000 };

struct event_log {
    /*
     * ret_outcomes has @n slots. A repeat of an event_id of the same shop, in the log or
     * earlier in the batch, is a duplicate. Acceptances of a rule are counted whether it has
     * a budget or not; one with a budget is refused when the budget is used up.
     */
    enum err (*append)(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, struct append_outcome *ret_outcomes,
                       struct err_note *note);
    /*
     * All events of one customer after @after, in log order; stops
     * when visit answers other than OK.
     */
    enum err (*read_customer)(struct event_log *log, struct str shop, struct str customer_id,
                              uint64_t after, void *self,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note);
    /*
     * The same of several customers in one question: of each the first READ_TOGETHER_EACH events,
     * in log order. Who has as many may have more. NULL where one after the other is as good.
     */
    enum err (*read_together)(struct event_log *log, struct str shop,
                              const struct str *customer_ids, uint32_t n, void *self,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note);
    /* All orders (order_placed) after @after, in log order. */
    enum err (*read_orders)(struct event_log *log, struct str shop, uint64_t after, void *self,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note);
    /*
     * All that became of offers (offer_shown, offer_accepted,
     * offer_declined) after @after, in log order.
     */
    enum err (*read_outcomes)(struct event_log *log, struct str shop, uint64_t after, void *self,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note);
    /*
     * Every customer with events received at or after @since_us,
     * with the position of the last: no order.
     */
    enum err (*read_customers)(struct event_log *log, struct str shop, int64_t since_us, void *self,
                               enum err (*visit)(void *self, struct str customer_id,
                                                 uint64_t position),
                               struct err_note *note);
    /* How often each rule was accepted; rules that never were do not appear. */
    enum err (*read_budgets)(struct event_log *log, struct str shop, void *self,
                             enum err (*visit)(void *self, struct str rule, int64_t accepted),
                             struct err_note *note);
    /*
     * Work that waits for nobody (draining a spool): called by the journal after each round and
     * at least every 250 ms; bounded in time. NULL when there is none. OK also while there is
     * nowhere to drain to. @settled hears of each event that now has its place, or was there
     * already, in order. Its ids, type, shop, times, payload, offer.rule and anonymous_id are
     * set, the rest is in the payload. None is forgotten before a call of tend after the one that
     * heard of it: who dies in between hears of it again, as a duplicate. A failure stands, call
     * by call, until what failed was tried again.
     */
    enum err (*tend)(struct event_log *log, void *self,
                     void (*settled)(void *self, const struct event *event,
                                     const struct append_outcome *outcome),
                     struct err_note *note);
    /* How many events stand at provisional positions. NULL when there never are any. */
    uint64_t (*spooled)(struct event_log *log);
    /*
     * A provisional position that stands for this spool among those
     * of all replicas, the same after a restart. NULL as above.
     */
    uint64_t (*spool_mark)(struct event_log *log);
    /* Whose they are, each with the last one's provisional position. NULL as above. */
    enum err (*read_spooled)(struct event_log *log, struct str shop, void *self,
                             enum err (*visit)(void *self, struct str customer_id,
                                               uint64_t position),
                             struct err_note *note);
    /*
     * How far @shop has come: its last event stands there or before, and none that is still to be
     * committed will. 0 for an empty log.
     */
    enum err (*last_position)(struct event_log *log, struct str shop, uint64_t *ret_position,
                              struct err_note *note);
    /*
     * A second log over the same data, for another thread: it sees what was committed before
     * it asks, and never waits for an append. Freed on its own, before @log.
     */
    enum err (*reader)(struct event_log *log, struct event_log **ret_reader, struct err_note *note);
    void (*free)(struct event_log *log);
};
