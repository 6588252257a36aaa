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
 * The truth: every accepted event, in order, once. append makes a whole batch durable
 * (fsynced) before it returns, or none of it. Positions rise, without being dense. Used from
 * one thread at a time; another thread reads through a reader of its own.
 */
struct logged_event {
    uint64_t position;
    struct str event_id, customer_id, type, payload; /* borrowed until the visitor returns */
    int64_t at_us;
};

enum append_result { APPEND_ACCEPTED, APPEND_DUPLICATE };

struct event_log {
    /*
     * ret_results and ret_positions (of accepted ones) have @n slots. A repeat of an
     * event_id of the same shop, in the log or earlier in the batch, is a duplicate.
     */
    enum err (*append)(struct event_log *log, const struct event *const *events, uint32_t n,
                       int64_t received_us, enum append_result *ret_results,
                       uint64_t *ret_positions, struct err_note *note);
    /* All events of one customer after @after, in log order; stops when visit answers other than OK. */
    enum err (*read_customer)(struct event_log *log, struct str shop, struct str customer_id,
                              uint64_t after, void *self,
                              enum err (*visit)(void *self, const struct logged_event *event),
                              struct err_note *note);
    /* All orders (order_placed) after @after, in log order. */
    enum err (*read_orders)(struct event_log *log, struct str shop, uint64_t after, void *self,
                            enum err (*visit)(void *self, const struct logged_event *event),
                            struct err_note *note);
    /* Position of the last event; 0 for an empty log. */
    enum err (*last_position)(struct event_log *log, uint64_t *ret_position, struct err_note *note);
    /*
     * A second log over the same data, for another thread: it sees what was committed before
     * it asks, and never waits for an append. Freed on its own, before @log.
     */
    enum err (*reader)(struct event_log *log, struct event_log **ret_reader, struct err_note *note);
    void (*free)(struct event_log *log);
};
