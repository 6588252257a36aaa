/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/calibration.h"

struct offerd_part;

/*
 * Reliability
 *
 * How far what offerd says of its offers comes true: at each moment of a trial the service
 * is asked what goes with the cart, it says of each product how likely it is wanted, and
 * the rest of the order tells. And what a floor under that would cost: carts that get no
 * offer, and hits (a product of the first CALIBRATION_PLACES that is in the rest of the
 * order) that are not offered. As the service does it: only what was ever bought together,
 * and what the customer buys again is not asked for its chance.
 */
enum { RELIABILITY_FLOORS = 6, RELIABILITY_WALK = 64 };

struct floor_figure {
    double floor, silent, hits_lost; /* shares of 1 */
};

struct reliability {
    bool history; /* the customers' purchases were told */
    uint32_t moments, candidates, hits;
    double said, came_true, error; /* error: as in struct calibration */
    struct calibration_part parts[CALIBRATION_PARTS];
    uint32_t n_parts;
    struct floor_figure floors[RELIABILITY_FLOORS];
};

/* As a guest; and, where it counts and somebody came back, with the customers' purchases. */
struct reliabilities {
    /* what the trainer saw of it; NULL: nothing. Borrowed from the part */
    const struct calibration *learned;
    uint32_t n; /* 0 without a part */
    struct reliability of[2];
};
MUST_CHECK enum err reliabilities_of(const struct offerd_part *part,
                                     struct reliabilities *ret_reliabilities);
