/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct shared_fetch;

/*
 * Redis pending
 *
 * The questions of one connection that are not answered yet, oldest first, as Redis answers in
 * order. A question is a fetch (NULL once it was cancelled) or a heartbeat. One thread.
 */
enum { REDIS_PENDING_ID_BYTES = 190 };

struct redis_question {
    struct shared_fetch *fetch;
    uint64_t hash;   /* of the customer's id */
    int64_t sent_us; /* a heartbeat's */
    bool is_heartbeat;
    bool is_asking; /* a heartbeat's: it is what goes before a fetch of a slot on its way */
    uint8_t hops;   /* a fetch's: how often it was sent elsewhere */
    bool changed;   /* somebody wrote the value since it was asked for */
    uint8_t id_len;
    char id[REDIS_PENDING_ID_BYTES];
};

struct redis_pending {
    struct redis_question *ring;
    uint64_t first, end; /* numbers of the oldest, and of the next */
    uint32_t cap;        /* a power of two */
};

/* A new last one, zeroed but for the id; NULL for lack of memory. */
struct redis_question *redis_pending_add(struct redis_pending *pending);
/* The oldest, out of the ring: good until the next is added. NULL when there is none. */
struct redis_question *redis_pending_pop(struct redis_pending *pending);
/* By number; NULL when it was answered. */
struct redis_question *redis_pending_at(struct redis_pending *pending, uint64_t number);
/* The customer's value was written. */
void redis_pending_mark(struct redis_pending *pending, struct str customer_id);
void redis_pending_deinit(struct redis_pending *pending);

static inline bool redis_pending_is_empty(const struct redis_pending *pending)
{
    return pending->first == pending->end;
}
