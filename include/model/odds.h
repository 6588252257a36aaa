/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "base/str.h"
#include "model/beta.h"
#include "rules/rule.h"

struct outcomes;

/*
 * Odds
 *
 * How likely an offer is to be accepted, sealed from the outcomes: immutable, shared by reference.
 * Beta posteriors in a hierarchy, shop -> kind -> rule -> product of the rule: each level starts
 * from what the level above it knows, and its own outcomes count more the more there are (empirical
 * Bayes; Gelman et al., Bayesian Data Analysis, ch. 5). How relevant pick found the product moves
 * the odds too, by a slope learned from the outcomes: 0 where acceptance does not depend on it.
 *
 * The careful first guess, where nothing is known yet: 3 in 100 are
 * accepted, and that is believed no more than 30 offers shown would be.
 */
struct odds;
MUST_CHECK enum err odds_new(const struct outcomes *outcomes,
                             struct odds **ret_odds); /* NULL: nothing known yet */
struct odds *odds_ref(struct odds *odds);
struct odds *odds_unref(struct odds *odds); /* NULL in, NULL out */
DEFINE_AUTO(struct odds, odds_unref)

/*
 * Of a rule, which may be new to the odds: then its kind's, then the shop's, then the first
 * guess. A world looks its rules up once; a decision asks with the place it was given.
 */
enum { ODDS_NEW_RULE = UINT32_MAX };
uint32_t odds_rule(const struct odds *odds, struct str rule); /* its place, or ODDS_NEW_RULE */

/*
 * Read path: no allocation. @sku: of the offered product, absent for
 * none; @relevance as in outcomes.h. @odds NULL: the first guess.
 */
struct beta odds_of(const struct odds *odds, uint32_t place, enum rule_kind kind, struct str sku,
                    float relevance);

/* For reports: what was learned of the shop as a whole. */
struct odds_facts {
    double shown, accepted; /* faded, see outcomes.h */
    double slope;           /* of the log-odds, from relevance 0 to 1 */
    double kinds_strength;  /* how many offers shown a kind's prior is worth … */
    double rules_strength, products_strength; /* … a rule's, a product's */
    uint32_t n_rules, n_products;
};
const struct odds_facts *odds_facts(const struct odds *odds);
