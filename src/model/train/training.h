/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/train.h"
#include "model/train/crew.h"

struct gram;
struct weights;

/*
 * Training
 *
 * What train() and the choosing of parameters share: the orders in order of time, the inner split,
 * and how parameters become weights. Orders without a time are older than all others; where most
 * have none, there is no half-life, and the inner split is by a hash of the order's number.
 */
struct training {
    const struct baskets *baskets;
    const struct train_settings *settings;
    struct crew crew;
    /* numbers: first those that the inner training knows, then those it is asked about */
    uint32_t *orders;
    uint32_t n_orders, n_known;
    double n_pairs; /* of SKUs in one order, over all orders: G has at most so many cells */
    bool timed;
    uint64_t memory_bytes;
    uint32_t top;
    double done, all; /* of the work, estimated; for progress */
};

MUST_CHECK enum err training_init(struct training *training, const struct baskets *baskets,
                                  const struct train_settings *settings);
void training_deinit(struct training *training);

/* The work of what follows, estimated in operations: what is tried must not take for ever. */
double training_gram_cost(const struct training *training, uint32_t n_orders);
double training_solve_cost(const struct training *training,
                           const struct trained_parameters *parameters);
bool training_fits(const struct training *training, const struct trained_parameters *parameters);

/*
 * Of the first @n_orders of training->orders. *ret_popularity
 * (or NULL): decayed orders that held each SKU; to be freed.
 */
MUST_CHECK enum err training_gram(const struct training *training,
                                  const struct trained_parameters *parameters, uint32_t n_orders,
                                  struct gram **ret_gram, float **ret_popularity);
MUST_CHECK enum err training_solve(const struct training *training,
                                   const struct trained_parameters *parameters,
                                   const struct gram *gram, struct weights **ret_weights);
/*
 * Of counts in a mix, whose regression wants another one than counts
 * do; counts alone have parameters->ridge. In orders' weights.
 */
static const float TRAINING_COUNTS_RIDGE = 3;

/*
 * What training_solve does with a regression that is there
 * already; parameters->counts_share is above 0.
 */
MUST_CHECK enum err training_mix(const struct training *training,
                                 const struct trained_parameters *parameters,
                                 const struct gram *gram, const struct weights *regression,
                                 struct weights **ret_weights);

/* Tells the caller that @cost more is done. ERR_UNAVAILABLE: it wants to stop. */
MUST_CHECK enum err training_step(struct training *training, const char *what, double cost);
