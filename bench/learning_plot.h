/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "learning_run.h"

/*
 * Learning plot
 *
 * Two pictures of a run as SVG: regret over the decisions, and how often offers were accepted that were predicted so.
 */
enum { DECILES = 10 };

struct calibration { /* of offers shown, in ten parts of equal size by what was predicted */
    double predicted[DECILES], observed[DECILES], rate[DECILES];
    double error;      /* mean of |predicted - observed| */
    double true_error; /* mean of |predicted - rate| */
};

/* Sorts @predictions. */
void calibration_of(struct prediction *predictions, uint32_t n, struct calibration *ret);

/* False when the file cannot be written. */
bool plot_regret(const char *path, const struct learning_run *runs, uint32_t decisions);
bool plot_calibration(const char *path, const struct calibration *calibration);
