/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/trained.h"

struct gram;
struct hidden_cases;
struct training;
struct weights;

/*
 * Inner splits
 *
 * Orders held back to choose parameters by, and at which ranks weights that have not seen them
 * find what is hidden there. The first split holds back the newest fifth. Where that makes few
 * cases, as in a small shop, good cannot be told from lucky: there are a second and a third then,
 * of the fifths before it, each asked of weights from what was older still.
 *
 * A parameter is measured on all of them: one regression or count for each
 * split. Kept from one measurement to the next: the co-occurrence matrices,
 * for as long as half-life and size power stay.
 */
enum { INNER_SPLITS = 3 };

struct inner_weights { /* of each split, or NULL */
    struct weights *of[INNER_SPLITS];
};
void inner_weights_wipe(struct inner_weights *weights);

struct inner_split {
    uint32_t n_known; /* of training->orders */
    struct hidden_cases *cases;
    struct gram *gram;
};

struct inner_splits {
    struct training *training;
    struct inner_split splits[INNER_SPLITS];
    uint32_t n_splits, n_cases; /* of all splits; the first split's come first */
    bool has_grams;
    struct trained_parameters grams_for;
};

/* At most @most cases in all. After an error there is something to deinit still. */
MUST_CHECK enum err inner_splits_init(struct inner_splits *inner, struct training *training,
                                      uint32_t most);
void inner_splits_deinit(struct inner_splits *inner);

/* The work of each, estimated in operations. */
double inner_grams_cost(const struct inner_splits *inner,
                        const struct trained_parameters *parameters); /* 0: they are there */
double inner_solve_cost(const struct inner_splits *inner,
                        const struct trained_parameters *parameters);
double inner_rank_cost(const struct inner_splits *inner); /* for one history weight */

MUST_CHECK enum err inner_solve(struct inner_splits *inner,
                                const struct trained_parameters *parameters,
                                struct inner_weights *ret_weights);
/* As training_mix does; @regression NULL: counts alone. */
MUST_CHECK enum err inner_mix(struct inner_splits *inner,
                              const struct trained_parameters *parameters,
                              const struct inner_weights *regression,
                              struct inner_weights *ret_weights);
/*
 * @ranks[w * n_cases + case]: hidden_cases_rank, on all splits. @weights NULL: best sellers only.
 */
MUST_CHECK enum err inner_rank(const struct inner_splits *inner,
                               const struct inner_weights *weights, const float *history_weights,
                               uint32_t n_history_weights, uint32_t *ranks);
