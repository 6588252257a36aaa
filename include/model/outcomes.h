/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/out.h"
#include "base/str.h"

/*
 * Outcomes
 *
 * What became of offers, counted: a fold over offer_shown, offer_accepted and offer_declined in log
 * order, on one thread (the keeper's). Every replica folds the same log, so all come to the same
 * counts. Old outcomes fade (half-life OUTCOMES_HALF_LIFE_DAYS of event time); beside that each
 * count has a part that fades with what was shown since (half-life OUTCOMES_RECENT_SHOWN), so that
 * a taste that has changed is noticed however busy the shop is.
 *
 * An offer counts once as shown, once as accepted, once as declined, however often it is told; one
 * that was accepted or declined without a word that it was shown counts as shown. Its acceptance
 * weighs what its showing weighs. For that the last OUTCOMES_OPEN_OFFERS offers are remembered.
 *
 * Bounded: at most OUTCOMES_MAX_CELLS rules and products of rules; then the quarter that was least
 * recently touched goes. All of it takes less than 80 MB.
 */
enum {
    OUTCOMES_HALF_LIFE_DAYS = 30,
    OUTCOMES_RECENT_SHOWN = 250,
    OUTCOMES_MAX_CELLS = 200000,
    OUTCOMES_OPEN_OFFERS = 131072,
};

struct outcome {                      /* one event, what the fold needs of it */
    bool shown, accepted, declined;   /* one of them */
    struct str decision_id, offer_id; /* tell whether the same offer was counted as shown */
    struct str rule;
    int kind;        /* enum rule_kind */
    struct str sku;  /* of the first item offered; or absent */
    float relevance; /* 0 to 1: what pick said when it was offered; below 0: not known */
    int64_t at_us;
};

struct outcomes;
struct outcomes *outcomes_new(void);
struct outcomes *outcomes_free(struct outcomes *outcomes);
DEFINE_AUTO(struct outcomes, outcomes_free)

/*
 * @position: one at or before the last is ignored. So is an outcome of no rule
 * or of an unknown kind; its position counts. ERR_NOMEM counts nothing of it.
 */
MUST_CHECK enum err outcomes_add(struct outcomes *outcomes, uint64_t position,
                                 const struct outcome *outcome);
uint64_t outcomes_position(const struct outcomes *outcomes);

/*
 * There is no outcome after the last and up to @position:
 * whoever goes on reading need not look there.
 */
void outcomes_pass(struct outcomes *outcomes, uint64_t position);

/* How many outcomes, faded to the newest event: 1.0 is one of just now. */
struct outcome_counts {
    double shown, accepted, declined;
    double relevance;                     /* mean of those shown where it was known; else below 0 */
    double recent_shown, recent_accepted; /* faded by what was shown since, not by time */
};

/*
 * Of a rule, or (@sku not absent) of one product of it; @rule absent: of the shop. False: none yet.
 */
bool outcomes_of(const struct outcomes *outcomes, struct str rule, struct str sku,
                 struct outcome_counts *ret_counts);

/*
 * The whole state as bytes, with version and checksum, and back; ERR_CORRUPT for anything damaged.
 */
MUST_CHECK enum err outcomes_save(const struct outcomes *outcomes, struct out *out);
MUST_CHECK enum err outcomes_load(struct str bytes, struct outcomes **ret_outcomes,
                                  struct err_note *note);
