/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "model/odds/open_offers.h"
#include "model/outcomes.h"
#include "rules/rule.h"

/*
 * Outcomes from the inside: for its own files (fold, bytes)
 * and for odds, which are sealed from them.
 *
 * Weights are decayed forward: an outcome at time t weighs 2^((t - landmark) / half-life) when it
 * is counted and is never touched again; what is read is divided by the weight of the newest.
 * (Cormode, Shkapenyuk, Srivastava, Xu 2009, "Forward decay".)
 */
enum { OUTCOME_BANDS = 8, OUTCOME_NO_BANDS = -1, OUTCOMES_HALVINGS_MAX = 60 };

struct tally {
    double shown, accepted, declined; /* sums of weights */
    double squares;                   /* of the weights shown: how much the sums vary by chance */
    double known, relevance;          /* weights with a known relevance; weights times it */
    double recent_shown, recent_accepted;
};

struct band { /* of relevance */
    double shown, accepted, relevance;
};

struct outcome_cell { /* a rule (sku absent) or a product of it */
    struct str rule, sku;
    struct tally tally;
    uint64_t touched; /* log position */
    int32_t kind;
    int32_t bands; /* of a rule: its place in outcomes.bands */
};

struct outcomes {
    struct arena *arena; /* the keys' texts: rule, or rule NUL sku */
    struct strmap *ids;
    struct outcome_cell *cells;
    uint32_t n_cells, room, max_cells;
    struct band (*bands)[OUTCOME_BANDS];
    uint32_t n_bands, bands_room;
    struct tally shop, kinds[RULE_KINDS];
    struct open_offers open;
    uint64_t position;
    int64_t landmark_us, newest_us; /* 0: nothing counted yet */
};

struct outcomes *outcomes_new_bounded(uint32_t max_cells, uint32_t max_open); /* for tests */

/* A new cell without counts. For the fold and for loading. */
MUST_CHECK enum err outcomes_add_cell(struct outcomes *outcomes, struct str rule, struct str sku,
                                      int kind, uint32_t *ret_cell);
uint32_t outcomes_find(const struct outcomes *outcomes, struct str rule,
                       struct str sku); /* or STRMAP_NONE */

/*
 * Half-lives from one instant to another: at most
 * OUTCOMES_HALVINGS_MAX from the landmark to the newest.
 */
double outcomes_halvings(int64_t from_us, int64_t to_us);

/* What a sum of weights is divided by. */
double outcomes_weight_now(const struct outcomes *outcomes);
uint32_t outcomes_band(float relevance); /* of one that is known */
