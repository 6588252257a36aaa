/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/*
 * Slope
 *
 * How much the log-odds of acceptance rise from relevance 0 to relevance 1, when
 * everything else is the same: logistic regression with a level of its own for each
 * stratum (a rule), so that rules which are both more relevant and better liked do not
 * pass for an effect of relevance. Pure; no allocation.
 */
enum { SLOPE_POINTS = 8 };

struct slope_stratum {
    struct slope_point {
        double shown, accepted, relevance; /* how many; their mean relevance */
    } points[SLOPE_POINTS];                /* with shown 0: none */
    double prior_mean, prior_strength;     /* what is believed of its level beforehand */
    double level;                          /* scratch */
};

struct slope {
    double value, error; /* the most likely one; its standard error */
};

/* @prior: what is believed of the slope beforehand. Writes the strata's levels. */
struct slope slope_fit(struct slope_stratum *strata, uint32_t n, struct slope prior);

/*
 * Nearer to 0 by what chance explains, and 0 when chance
 * explains all of it (James and Stein's positive part).
 */
double slope_careful(struct slope slope);
