/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A billionth of the popularity, 0 to 1, is added to each score: enough to part what is equal, too
 * little to move what differs.
 */
#include "eval/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/figures.h"

static const float TIE = 1e-9F;

static void most_popular(const struct trial *trial, float *parts)
{
    float most = 0;
    for (uint32_t s = 0; s < trial->train->n_skus; s++)
        most = trial->popularity[s] > most ? trial->popularity[s] : most;
    for (uint32_t s = 0; s < trial->train->n_skus; s++)
        parts[s] = TIE * trial->popularity[s] / most;
}

static uint32_t rank_of(const struct trial_case *asked, float *scores, const float *parts,
                        uint32_t n)
{
    uint32_t higher = 0;
    for (uint32_t i = 0; i < asked->n_cart; i++)
        scores[asked->cart[i]] = -INFINITY;
    double mine = (double) scores[asked->hidden] + (double) parts[asked->hidden];
    for (uint32_t s = 0; s < n; s++)
        higher += (double) scores[s] + (double) parts[s] > mine;
    return higher + 1;
}

static enum err ask_all(const struct trial *trial, struct method *method,
                        const struct ranking_watch *watch, float *scores, const float *parts,
                        uint32_t *ranks)
{
    uint32_t n = trial->train->n_skus;
    for (uint32_t c = 0; c < trial->n_cases; c++) {
        const struct trial_case *asked = &trial->cases[c];
        ranks[c] = RANK_NEVER;
        if (asked->hidden != BASKETS_NONE) {
            memset(scores, 0, n * sizeof *scores);
            TRY(method->score(method, asked, scores));
            ranks[c] = rank_of(asked, scores, parts, n);
        }
        if (watch && !watch->go_on(watch->self, c + 1, trial->n_cases))
            return ERR_UNAVAILABLE;
    }
    return OK;
}

enum err ranking_run(const struct trial *trial, struct method *method,
                     const struct ranking_watch *watch, uint32_t *ret_ranks)
{
    uint32_t n = trial->train->n_skus;
    float *scores = malloc(((size_t) n + 1) * sizeof *scores);
    float *parts = malloc(((size_t) n + 1) * sizeof *parts);
    enum err err = ERR_NOMEM;
    if (scores && parts) {
        most_popular(trial, parts);
        err = ask_all(trial, method, watch, scores, parts, ret_ranks);
    }
    free(scores);
    free(parts);
    return err;
}
