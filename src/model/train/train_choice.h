/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "model/trained.h"

struct training;

/*
 * Train choice
 *
 * Which parameters do best on the inner split, and how well. One kind after the other
 * is varied, each time from the best so far; what is dearer than can be afforded is
 * not tried. With settings->fixed only the figures are measured. Too few cases to
 * tell good from lucky: the first guess stays. And how likely what it then finds is
 * wanted, learned on the same split: model/calibration.h.
 */
struct train_chosen {
    struct trained_parameters parameters;
    struct trained_figures figures;
    struct calibration calibration;
    bool calibrated; /* there was enough to learn it from */
};
MUST_CHECK enum err train_choose(struct training *training, struct train_chosen *ret_chosen);
