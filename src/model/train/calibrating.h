/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/calibration.h"

/*
 * Calibrating
 *
 * Candidates of carts on their way, each with its score and whether it was in the rest of
 * the order -> calibration. Isotonic regression: the candidates of a curve in order of
 * their score, in bins of about as much to tell, of which neighbours that do not rise are
 * pooled (pool adjacent violators: Ayer et al. 1955). Pure.
 */
struct calibration_point {
    float score;
    uint32_t moment; /* which cart on its way: even ones are one half, odd ones the other */
    uint8_t size, place;
    bool told, hit;
};

enum { CALIBRATION_LEAST = 50 }; /* moments; with fewer, what a curve says is chance */

/* Sorts @points. False in *ret_known: too few moments to tell. ERR_NOMEM. */
MUST_CHECK enum err calibrate(struct calibration_point *points, uint32_t n,
                              struct calibration *ret_calibration, bool *ret_known);
