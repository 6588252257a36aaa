/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

struct arena;
struct event;

/*
 * Customer
 *
 * The profile is what we know of one customer: a fold over that customer's events, in log order.
 * profile_apply is the only code that changes one; it is pure, deterministic and
 * makes a new profile, so a published profile never changes under a reader. Bounded:
 * the newest PROFILE_MAX_… of each list are kept.
 *
 * The memory (what was shown, accepted, declined) only ever takes offers away and is
 * always honoured. Everything else is used only with the customer's consent to
 * personalization: see serve/profile.c.
 */
enum {
    PROFILE_MAX_OWNED = 512, /* SKUs */
    PROFILE_MAX_VIEWED = 32, /* SKUs */
    /*
     * Rules remembered; the least recently touched goes: of those that were neither accepted nor
     * declined, until the others are more than their share. So an answer outlives what was only
     * shown, and what is shown today is counted however much was answered.
     */
    PROFILE_MAX_RULES = 256,
    PROFILE_MAX_ANSWERED = 192,
    PROFILE_MAX_TOUCHES = 64, /* of one rule: bounds what a cap can count in a window */
    HABIT_HALF_LIFE_DAYS = 180,
};

enum touch_what { TOUCH_SHOWN, TOUCH_CLICKED, TOUCH_ACCEPTED, TOUCH_DECLINED, TOUCHES };

struct touch {
    int64_t at_us;
    uint32_t session; /* low half of the session id's hash; 0 = no session given */
    uint8_t what;     /* enum touch_what */
    uint8_t none[3];  /* 0: equal touches are equal bytes */
};

struct rule_memory {
    struct str rule, group; /* group absent when the rule had none */
    int kind;               /* enum rule_kind */
    uint32_t totals[TOUCHES];
    uint32_t declines_in_a_row;  /* an acceptance ends it for those before it, told late or not */
    int64_t last_us[TOUCHES];    /* 0 = never */
    const struct touch *touches; /* oldest first */
    uint32_t n_touches;
};

struct owned {
    struct str sku;
    int64_t quantity;
    int64_t last_us;      /* last bought */
    uint32_t times_milli; /* orders with it, faded (shop/habit.h), as of last_us */
    uint32_t
        orders; /* with it; 0: not known exactly, because it may have been forgotten in between */
};

struct profile {
    struct str customer_id;
    struct str first_name; /* or absent */
    uint64_t position;     /* log position of the last event folded in; 0 = none */
    int64_t first_seen_us, last_seen_us;
    int64_t orders, spend_minor, last_order_us;
    uint32_t consent;                /* bits: enum consent */
    bool forgot;                     /* some that were owned are past PROFILE_MAX_OWNED */
    const struct owned *owned;       /* by SKU, for binary search */
    const struct str *viewed;        /* newest first */
    const struct rule_memory *rules; /* by rule id, for binary search */
    uint32_t n_owned, n_viewed, n_rules;
    /*
     * Of each that is owned: its number in the catalogue that it was last looked up in, or whatever. The one
     * thing in a profile that its readers change, relaxed and on any thread: who takes a hint looks whether
     * it is right. NULL: there are none.
     */
    uint32_t *owned_hints;
};

static inline uint32_t profile_hint(const struct profile *profile, uint32_t i)
{
    return profile->owned_hints ? __atomic_load_n(&profile->owned_hints[i], __ATOMIC_RELAXED)
                                : UINT32_MAX;
}

static inline void profile_set_hint(const struct profile *profile, uint32_t i, uint32_t product)
{
    if (profile->owned_hints)
        __atomic_store_n(&profile->owned_hints[i], product, __ATOMIC_RELAXED);
}

/*
 * *ret_profile = @before with @event folded in; heap, one block, the caller's. @before
 * NULL: a stranger. An event at or before before->position changes nothing (a replay is
 * harmless): then *ret_profile is an equal copy.
 */
MUST_CHECK enum err profile_apply(const struct profile *before, const struct event *event,
                                  uint64_t position, struct profile **ret_profile);

/*
 * *ret_profile = @before with @event folded in as if it were the customer's own: it is of somebody
 * who turned out to be the same one. @before has been identified, so it has a position; that stays. What was
 * said of a person (customer_updated: name, consent) is not taken over.
 */
MUST_CHECK enum err profile_absorb(const struct profile *before, const struct event *event,
                                   struct profile **ret_profile);
struct profile *profile_free(struct profile *profile);
DEFINE_AUTO(struct profile, profile_free)

/* An equal one in @arena, which frees it; NULL: no room. */
struct profile *profile_copy(const struct profile *profile, struct arena *arena);

/* An empty profile: a customer with no events yet. NULL for lack of memory. */
struct profile *profile_new(struct str customer_id);

/* NULL when never bought / never touched. */
const struct owned *profile_owned(const struct profile *profile, struct str sku);
const struct rule_memory *profile_rule(const struct profile *profile, struct str rule_id);
size_t profile_bytes(const struct profile *profile); /* heap */

/*
 * A guest is remembered by the session: "session:<session id>" stands in for the customer, so that
 * caps and declines hold for the rest of the visit. It never has a person's profile.
 */
#define SESSION_CUSTOMER "session:"
static inline bool customer_is_session(struct str customer_id)
{
    return str_starts_with(customer_id, STR(SESSION_CUSTOMER));
}

/* The session's mark in a touch: 0 for an absent id. */
uint32_t session_mark(struct str session_id);
