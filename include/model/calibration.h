/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Calibration
 *
 * A completion's score -> how likely the product is in the rest of the order. A score
 * puts products in order; what it is worth differs from shop to shop, with how much is in
 * the cart already, and with whether the customer's purchases were told. So there is a
 * curve for each of these: a few knots, rising, straight in between, learned on orders
 * that the weights had not seen (model/train/calibrating.h).
 *
 * Plain data, part of a trained's file (model/trained.h). Reading takes a few ns and no memory.
 */
enum {
    CALIBRATION_KNOTS = 24,
    CALIBRATION_SIZES = 3,
    CALIBRATION_PLACES = 10,
    CALIBRATION_PARTS = 10,
};

struct calibration_knot {
    float score, chance;
};

struct calibration_curve {
    uint32_t n; /* knots */
    struct calibration_knot knots[CALIBRATION_KNOTS];
};

struct calibration {
    uint32_t moments,
        candidates; /* carts on their way that it was learned on; what they were offered */
    /* Of the first CALIBRATION_PLACES each, when learned on one half and looked at on the other: */
    float said, came_true; /* mean chance; share that was in the rest of the order */
    float error;           /* mean distance of the two, in ten parts by what was said */
    /* [the customer's purchases were told][size] */
    struct calibration_curve curves[2][CALIBRATION_SIZES];
};

/* One product, two or three, more. */
static inline uint32_t calibration_size(uint32_t n_cart)
{
    return n_cart >= 4 ? 2 : n_cart >= 2;
}

/* 0 to 1. */
float calibration_chance(const struct calibration *calibration, uint32_t n_cart, bool told,
                         float score);

/* ── how far such chances come true: eval's, and what is written down when it is learned ── */

struct calibration_claim {
    float chance;
    bool hit;
};

struct calibration_part { /* of about as many claims each, by what was said */
    double n, said, came_true;
};

/* Sorts @claims. How many parts there are: fewer where many say the same. */
uint32_t calibration_parts(struct calibration_claim *claims, uint32_t n,
                           struct calibration_part parts[CALIBRATION_PARTS]);
double calibration_error(const struct calibration_part *parts, uint32_t n_parts);

/* Of bytes from outside: every curve has knots, rising, each a chance. */
bool calibration_is_sound(const struct calibration *calibration);
