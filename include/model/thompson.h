/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "model/beta.h"

/*
 * Thompson
 *
 * Which of a few offers to show, when what is known of them is uncertain: the acceptance of each
 * is drawn once from what is known (model/odds.h) and the greatest expected profit wins, so that
 * an offer is tried about as often as it is likely to be the best (Thompson 1933; here with 0.7
 * of the spread). With each, how likely it was to come first: what later evaluation divides by.
 * No allocation; the same arms and seed give the same answer.
 */
enum { THOMPSON_ARMS = 16 }; /* the most that are drawn together */

struct thompson_arm {
    struct beta odds;
    double value; /* profit if it is accepted; may be below 0 */
};

struct thompson_choice {
    double draw;      /* the acceptance drawn */
    float propensity; /* of coming first among these arms: above 0, all together 1 */
};

/*
 * @n at most THOMPSON_ARMS (0 is fine). ret_choices[i] is of arms[i]; ret_order[k]
 * is the arm that comes at place k. Both have room for @n. Ties go to the lower arm.
 */
void thompson_choose(const struct thompson_arm *arms, uint32_t n, uint64_t seed,
                     struct thompson_choice *ret_choices, uint8_t *ret_order);
