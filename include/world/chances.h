/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"

struct catalog;
struct odds;
struct ruleset;

/*
 * Chances
 *
 * What the world knows for rating an offer: how likely offers are accepted, with the place of
 * each rule in it, and what is usually earned where the catalogue does not say. Made for one
 * ruleset and one catalogue; immutable, shared by reference. Open for reading: the read path's.
 */
enum { CHANCES_LEAST_SHOWN = 50 }; /* offers shown before the odds are more than a guess */

struct chances {
    struct snapshot snapshot; /* first */
    struct odds *odds;        /* or NULL: nothing known yet */
    const uint32_t *places;   /* by rule number, in odds; NULL without odds */
    bool known;               /* the odds are more than a guess */
    bool explores;            /* they are, and the policy permits to try what is uncertain */
    double margin_share;      /* of a price: the median where the cost is known; 1 where none is */
};

/* @odds may be NULL; takes a reference of its own. O(rules + products). */
MUST_CHECK enum err chances_new(const struct ruleset *rules, const struct catalog *catalog,
                                struct odds *odds, struct chances **ret_chances);

/* The same but for the odds. O(rules). */
MUST_CHECK enum err chances_with(const struct chances *old, const struct ruleset *rules,
                                 struct odds *odds, struct chances **ret_chances);
struct chances *chances_ref(struct chances *chances);
struct chances *chances_unref(struct chances *chances); /* NULL in, NULL out */
DEFINE_AUTO(struct chances, chances_unref)
