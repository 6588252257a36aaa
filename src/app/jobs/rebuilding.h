/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Rebuilding
 *
 * Every profile and every budget's count once more, from the log alone: what everything hot
 * should be. Either compared, byte for byte, with what the shared stores hold, or put there;
 * without shared stores it only is made, and its digest tells two makings apart. May run beside
 * services that go on: what they change meanwhile is looked at again, and what is newer
 * than the log was when it was read is left alone. A count that is higher than the log's is lowered.
 */
struct budget_store;
struct event_log;
struct shared_profiles;

enum { REBUILT_NAMED = 10, REBUILT_NAME_BYTES = 132, REBUILT_DIGEST_BYTES = 32 };

struct rebuild_wishes { /* all borrowed */
    struct event_log *log;
    struct str shop;
    struct shared_profiles *shared; /* NULL: embedded */
    struct budget_store *budgets;   /* NULL: embedded */
    bool check;                     /* compare, change nothing */
    bool quiet;                     /* no progress on the terminal */
};

/*
 * A profile is missing where the store has none: it is folded
 * when it is asked for, so that is no fault.
 */
struct rebuilt_kind {
    uint64_t n;                         /* in the log */
    uint64_t equal, missing, different; /* compared */
    uint64_t written, newer;            /* put there; left alone */
};

struct rebuilt {
    struct rebuilt_kind profiles, budgets;
    uint64_t unreadable;                           /* events in the log */
    uint64_t bytes, median, p99, largest;          /* of all profiles; of one */
    uint8_t digest[REBUILT_DIGEST_BYTES];          /* SHA-256 of all ids, profiles and counts */
    char named[REBUILT_NAMED][REBUILT_NAME_BYTES]; /* the first that differ */
    uint32_t n_named;
    bool budgets_unknown; /* the store cannot tell its counts */
};

/* ERR_UNAVAILABLE when one of the stores is away; then *ret_rebuilt tells how far it came. */
MUST_CHECK enum err rebuild_run(const struct rebuild_wishes *wishes, struct rebuilt *ret_rebuilt,
                                struct err_note *note);
