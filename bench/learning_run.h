/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "learning_shop.h"

/*
 * Learning run
 *
 * One policy through all decisions of one shop. What it loses against the oracle, who knows every rate of
 * every customer, is its regret.
 */
enum policy_number {
    POLICY_OFFERD, /* outcomes -> odds -> thompson, as the service does */
    POLICY_GREEDY, /* the same odds, but always the best mean */
    POLICY_PLAIN, /* Thompson sampling of one Beta(1, 1) an offer: nothing shared, nothing forgotten */
    POLICY_FIXED,  /* offers by their true mean profit over the whole run: the best list there is */
    POLICY_RANDOM, /* any of the candidates */
    POLICY_INFORMED, /* knows the true rate at each relevance: who sees what offerd sees cannot do better */
    POLICIES
};
const char *policy_name(enum policy_number policy);

enum { CURVE_POINTS = 100 };

struct prediction { /* of the offer that was shown */
    double predicted, rate;
    bool accepted;
};

struct learning_run {
    double profit, possible;        /* expected; what the oracle would have made */
    double lost[CURVE_POINTS];      /* regret after each part of the decisions */
    double seal_us, slope;          /* odds: how long to seal; the slope learned last */
    struct prediction *predictions; /* the caller's, one a decision; filled by those with odds */
};

void learning_run(const struct shop *shop, enum policy_number policy, uint32_t decisions,
                  double days, struct learning_run *ret_run);
