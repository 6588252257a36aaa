/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "model/trained.h"

struct training;

/*
 * Train choice
 *
 * Which parameters do best on the inner split, and how well. One kind after the other is varied, each time
 * from the best so far; what is dearer than can be afforded is not tried. With settings->fixed only the figures are
 * measured. Too few cases to tell good from lucky: the first guess stays.
 */
MUST_CHECK enum err train_choose(struct training *training,
                                 struct trained_parameters *ret_parameters,
                                 struct trained_figures *ret_figures);
