/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "base/str.h"
#include "rules/rule.h"

struct outcomes;

/*
 * Odds
 *
 * How likely an offer is to be accepted, sealed from the outcomes: immutable, shared by reference. Beta posteriors
 * in a hierarchy, shop -> kind -> rule -> product of the rule: each level starts from what the level above it
 * knows, and its own outcomes count more the more there are (empirical Bayes; Gelman et al., Bayesian Data Analysis, ch. 5).
 * How relevant pick found the product moves the odds too, by a slope learned from the outcomes (calibration).
 */
struct odds;
MUST_CHECK enum err odds_new(const struct outcomes *outcomes,
                             struct odds **ret_odds); /* NULL: nothing known yet */
struct odds *odds_ref(struct odds *odds);
struct odds *odds_unref(struct odds *odds); /* NULL in, NULL out */
DEFINE_AUTO(struct odds, odds_unref)

/* A Beta distribution: mean alpha / (alpha + beta). Never 0 or 1. */
struct beta {
    float alpha, beta;
};

/*
 * Of a rule, which may be new to the odds: then its kind's, then the shop's, then a careful first guess. A world looks its rules
 * up once; a decision asks with the place it was given.
 */
enum { ODDS_NEW_RULE = UINT32_MAX };
uint32_t odds_rule(const struct odds *odds, struct str rule); /* its place, or ODDS_NEW_RULE */

/* Read path: no allocation. @sku: of the offered product, absent for none; @relevance as in outcomes.h. */
struct beta odds_of(const struct odds *odds, uint32_t place, enum rule_kind kind, struct str sku,
                    float relevance);

/* One draw from it (Thompson sampling); *random is xorshift state of the decision's own, recorded as its seed. */
double beta_draw(struct beta beta, uint64_t random[2]);
static inline double beta_mean(struct beta beta)
{
    return (double) beta.alpha / ((double) beta.alpha + (double) beta.beta);
}
