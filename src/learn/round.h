/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Round
 *
 * What one append answered, sorted by customer: each one's events in order, and whether they
 * can be applied one after the other to the profile before them.
 */
struct append_outcome;
struct event;

enum { ROUND_NO_EVENT = UINT32_MAX };

struct round_customer {
    struct str customer_id;
    uint32_t first, last; /* accepted events, linked by round.next; ROUND_NO_EVENT: only repeats */
    uint64_t position;    /* the highest */
    /* a repeat, an identification, a gap, or only spooled: not to be applied one by one */
    bool broken;
};

struct round_by_customer {
    const struct event *const *events;
    const struct append_outcome *outcomes;
    uint32_t n;
    uint32_t *next; /* the customer's event after this one */
    struct round_customer *customers;
    uint32_t n_customers;
};

/*
 * @events, @outcomes: borrowed; the rest in @arena. Events of
 * guests and what was not stored are left out.
 */
MUST_CHECK enum err round_sort(const struct event *const *events,
                               const struct append_outcome *outcomes, uint32_t n,
                               struct arena *arena, struct round_by_customer *ret_round);
