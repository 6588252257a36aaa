/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/inner_splits.h"

#include <stdlib.h>
#include <string.h>

#include "model/baskets.h"
#include "model/train/gram.h"
#include "model/train/hidden_cases.h"
#include "model/train/training.h"
#include "model/train/weights.h"

enum {
    ENOUGH_CASES = 3000,
    SPLIT_SKUS =
        4096, /* up to so many there is more than one split: its matrices take memory, too */
};

void inner_weights_wipe(struct inner_weights *weights)
{
    for (uint32_t s = 0; s < INNER_SPLITS; s++)
        weights->of[s] = weights_free(weights->of[s]);
}

/* ── making ─────────────────────────────────────────────────────────────────────────────── */

static enum err add_split(struct inner_splits *inner, uint32_t n_known, uint32_t end, uint32_t most)
{
    const struct training *training = inner->training;
    struct inner_split *split = &inner->splits[inner->n_splits++];
    const struct hidden_wishes wishes = { .baskets = training->baskets,
                                          .known = training->orders,
                                          .n_known = n_known,
                                          .asked = training->orders + n_known,
                                          .n_asked = end - n_known,
                                          .most = most };
    split->n_known = n_known;
    TRY(hidden_cases_new(&wishes, &split->cases));
    inner->n_cases += hidden_cases_count(split->cases);
    return OK;
}

enum err inner_splits_init(struct inner_splits *inner, struct training *training, uint32_t most)
{
    *inner = (struct inner_splits){ .training = training };
    TRY(add_split(inner, training->n_known, training->n_orders, most));
    uint32_t held_back = training->n_orders - training->n_known, end = training->n_known;
    while (inner->n_splits < INNER_SPLITS && inner->n_cases < ENOUGH_CASES &&
           training->baskets->n_skus <= SPLIT_SKUS && end >= 2 * held_back && held_back > 0) {
        TRY(add_split(inner, end - held_back, end, most - inner->n_cases));
        end -= held_back;
    }
    return OK;
}

void inner_splits_deinit(struct inner_splits *inner)
{
    for (uint32_t s = 0; s < inner->n_splits; s++) {
        (void) hidden_cases_free(inner->splits[s].cases);
        (void) gram_free(inner->splits[s].gram);
    }
}

/* ── what it takes ──────────────────────────────────────────────────────────────────────── */

static bool has_grams_for(const struct inner_splits *inner,
                          const struct trained_parameters *parameters)
{
    return inner->has_grams && inner->grams_for.half_life_days == parameters->half_life_days &&
           inner->grams_for.size_power == parameters->size_power;
}

double inner_grams_cost(const struct inner_splits *inner,
                        const struct trained_parameters *parameters)
{
    double cost = 0;
    for (uint32_t s = 0; s < inner->n_splits && !has_grams_for(inner, parameters); s++)
        cost += training_gram_cost(inner->training, inner->splits[s].n_known);
    return cost;
}

double inner_solve_cost(const struct inner_splits *inner,
                        const struct trained_parameters *parameters)
{
    return inner->n_splits * training_solve_cost(inner->training, parameters);
}

double inner_rank_cost(const struct inner_splits *inner)
{
    return 2 * (double) inner->n_cases * inner->training->baskets->n_skus;
}

/* ── weights ────────────────────────────────────────────────────────────────────────────── */

static enum err make_grams(struct inner_splits *inner, const struct trained_parameters *parameters)
{
    if (has_grams_for(inner, parameters))
        return OK;
    inner->has_grams = false;
    for (uint32_t s = 0; s < inner->n_splits; s++) {
        struct inner_split *split = &inner->splits[s];
        split->gram = gram_free(split->gram);
        TRY(training_gram(inner->training, parameters, split->n_known, &split->gram, NULL));
    }
    inner->grams_for = *parameters;
    inner->has_grams = true;
    return OK;
}

enum err inner_solve(struct inner_splits *inner, const struct trained_parameters *parameters,
                     struct inner_weights *ret_weights)
{
    struct inner_weights weights = { 0 };
    enum err err = make_grams(inner, parameters);
    for (uint32_t s = 0; s < inner->n_splits && err == OK; s++)
        err = training_solve(inner->training, parameters, inner->splits[s].gram, &weights.of[s]);
    if (err == OK)
        *ret_weights = weights;
    else
        inner_weights_wipe(&weights);
    return err;
}

enum err inner_mix(struct inner_splits *inner, const struct trained_parameters *parameters,
                   const struct inner_weights *regression, struct inner_weights *ret_weights)
{
    struct inner_weights weights = { 0 };
    enum err err = make_grams(inner, parameters);
    for (uint32_t s = 0; s < inner->n_splits && err == OK; s++)
        err = training_mix(inner->training, parameters, inner->splits[s].gram,
                           regression ? regression->of[s] : NULL, &weights.of[s]);
    if (err == OK)
        *ret_weights = weights;
    else
        inner_weights_wipe(&weights);
    return err;
}

/* ── ranking ────────────────────────────────────────────────────────────────────────────── */

enum err inner_rank(const struct inner_splits *inner, const struct inner_weights *weights,
                    const float *history_weights, uint32_t n_history_weights, uint32_t *ranks)
{
    uint32_t begin = 0;
    uint32_t *mine = malloc(((size_t) inner->n_cases * n_history_weights + 1) * sizeof *mine);
    enum err err = mine ? OK : ERR_NOMEM;
    for (uint32_t s = 0; s < inner->n_splits && err == OK; s++) {
        const struct hidden_cases *cases = inner->splits[s].cases;
        uint32_t n = hidden_cases_count(cases);
        err = hidden_cases_rank(cases, weights ? weights->of[s] : NULL, history_weights,
                                n_history_weights, &inner->training->crew, mine);
        for (uint32_t w = 0; w < n_history_weights && err == OK; w++)
            memcpy(ranks + (size_t) w * inner->n_cases + begin, mine + (size_t) w * n,
                   n * sizeof *mine);
        begin += n;
    }
    free(mine);
    return err;
}
