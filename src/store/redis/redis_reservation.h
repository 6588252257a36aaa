/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/out.h"
#include "ports/budget_store.h"

struct redis_budget_reader;

/*
 * Redis reservation
 *
 * What one reserve() asked for: a copy of its claims with what Redis says of each, from the
 * question until the answer was taken, or forgotten and come. It stands in its reader's list. Also
 * how the two keys of a rule look: "offerd:<life>:{<shop>/b/<rule>}:b:holds" and ":b:accepted".
 */
enum { REDIS_HELD_NEW = -1, REDIS_HELD_AGAIN = -2, REDIS_NOT_KNOWN = -3 };

struct redis_claim {
    struct str rule; /* in the reservation's block */
    uint64_t mark;
    int64_t redemptions, until_us, now_us;
    int64_t result; /* one of the above, or what is taken already */
    uint8_t hops;   /* how often it was sent elsewhere */
    bool again;     /* sent once more, after the script was loaded */
};

struct redis_reservation {
    struct redis_reservation *next, **before; /* before NULL: in no list */
    struct redis_budget_reader *reader;       /* NULL: it is gone */
    struct budget_waiter *waiter;             /* NULL: forgotten */
    uint32_t n, left;
    bool lost;
    struct redis_claim claims[];
};

/* NULL for lack of memory. */
struct redis_reservation *redis_reservation_new(const struct budget_claim *claims, uint32_t n,
                                                int64_t now_us, struct budget_waiter *waiter,
                                                struct redis_budget_reader *reader,
                                                struct redis_reservation **list);
void redis_reservation_free(struct redis_reservation *reservation); /* out of its list, too */

/* The keys, each as a word of a command. */
void redis_reservation_print_holds(struct out *out, const char *life, struct str shop,
                                   struct str rule);
void redis_reservation_print_count(struct out *out, const char *life, struct str shop,
                                   struct str rule);
/* A key in the slot of both, as it is; and the slot. */
void redis_reservation_print_key(struct out *out, struct str shop, struct str rule);
uint16_t redis_reservation_slot(struct str shop, struct str rule);
