/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "eval/trial.h"

/*
 * Method
 *
 * A way to rank SKUs for a cart, made from the training part of a trial: the textbook's, and
 * offerd's own (eval/offerd_part.h), all behind one face so that all are measured alike. One
 * thread.
 *
 *     popularity    how many orders hold it, whatever stands in the cart
 *     conditional   sum over the cart of P(j | i) = n_ij / n_i
 *     cosine        sum over the cart of n_ij / sqrt(n_i n_j): item-to-item (Linden, Smith and
 *                   York 2003)
 *     cosine10      the same with shrinkage, n_ij / (sqrt(n_i n_j) + 10)
 *     sknn          S-kNN: the 300 nearest of the last 2,000 orders of each SKU vote (Jannach and
 *                   Ludewig 2017)
 *     vsknn         VS-kNN: what was added last counts more, rare SKUs count more; 200 nearest
 *                   (Ludewig and Jannach 2018)
 *     ease          ridge regression of each SKU on the others, in closed form (Steck 2019),
 *                   lambda 100
 *     ease-weighted the same, lambda 5; an order weighs by age (halved each 180 days) and size (n^-0.5)
 *
 * Pairs (conditional, cosine) are counted in orders of up to 60 SKUs.
 */
struct method {
    bool history; /* looks at what the customer bought before */
    /*
     * @scores: one for each SKU of the training, 0 as they come; the larger the better. ERR_NOMEM.
     */
    enum err (*score)(struct method *self, const struct trial_case *asked, float *scores);
    void (*free)(struct method *self);
};

struct method *method_free(struct method *method); /* NULL in, NULL out */
DEFINE_AUTO(struct method, method_free)

/* ERR_LIMIT with a note: the method cannot be had for so many SKUs. */
MUST_CHECK enum err method_popularity_new(const struct trial *trial, struct method **ret_method,
                                          struct err_note *note);
MUST_CHECK enum err method_conditional_new(const struct trial *trial, struct method **ret_method,
                                           struct err_note *note);
MUST_CHECK enum err method_cosine_new(const struct trial *trial, struct method **ret_method,
                                      struct err_note *note);
MUST_CHECK enum err method_cosine10_new(const struct trial *trial, struct method **ret_method,
                                        struct err_note *note);
MUST_CHECK enum err method_sknn_new(const struct trial *trial, struct method **ret_method,
                                    struct err_note *note);
MUST_CHECK enum err method_vsknn_new(const struct trial *trial, struct method **ret_method,
                                     struct err_note *note);
MUST_CHECK enum err method_ease_new(const struct trial *trial, struct method **ret_method,
                                    struct err_note *note);
MUST_CHECK enum err method_ease_weighted_new(const struct trial *trial, struct method **ret_method,
                                             struct err_note *note);
