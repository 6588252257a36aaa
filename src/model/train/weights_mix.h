/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct crew;
struct gram;
struct weights;

/*
 * Weights mix
 *
 * A regression (weights.h), and what plain counts say: of the orders that held one SKU, the share
 * that held the other, G(i, j) / (G(j, j) + ridge). Where a pair was seen a few times only, a
 * regression takes chance for taste; counts do not, but they count twice what two lines of a cart
 * both say. (1 - share) parts of the one and @share of the other, after the counts are brought to
 * the size of the regression's. @share 1: the counts as they are, and @regression may be NULL. @top
 * 0: all of them, TRAINED_DENSE, as the regression must be then; else the strongest of each SKU.
 */
MUST_CHECK enum err weights_mix(const struct gram *gram, const struct weights *regression,
                                double ridge, double share, uint32_t top, const struct crew *crew,
                                struct weights **ret_weights);
