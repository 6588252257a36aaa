/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/reliability.h"

#include <stdlib.h>

#include "base/arena.h"
#include "eval/offerd_part.h"
#include "eval/trial.h"
#include "model/completion.h"

enum { CHUNK_BYTES = 256 * 1024 };
static const double floors[RELIABILITY_FLOORS] = { .005, .01, .02, .05, .1, .2 };

struct looking {
    const struct offerd_part *part;
    struct reliability *result;
    struct arena *arena;
    struct calibration_claim *claims; /* of all moments, n of them */
    uint32_t n;
    bool *held; /* SKU of the training: by the order at hand */
    uint32_t silent[RELIABILITY_FLOORS], lost[RELIABILITY_FLOORS];
};

static void mark(const struct trial *trial, uint32_t order, bool *held, bool value)
{
    const struct baskets *all = trial->orders;
    for (uint64_t i = all->first[order]; i < all->first[order + 1]; i++) {
        uint32_t sku = baskets_find(trial->train, all->skus[all->items[i]]);
        if (sku != BASKETS_NONE)
            held[sku] = value;
    }
}

static float best_of(const struct complete *found, float chance, float best)
{
    if (found->habit > 0)
        return 1;
    return chance > best ? chance : best;
}

static void look_at(struct looking *look, struct completion *completion)
{
    const struct complete *found;
    uint32_t n_told = 0;
    float best = -1;
    for (uint32_t i = 0; i < RELIABILITY_WALK && (found = completion_at(completion, i)); i++) {
        if (found->orders == 0)
            continue;
        float chance = completion_chance(completion, found);
        best = best_of(found, chance, best);
        if (n_told++ >= CALIBRATION_PLACES)
            continue;
        bool hit = look->held[offerd_part_sku(look->part, found->product)];
        look->claims[look->n++] = (struct calibration_claim){ chance, hit };
        look->result->hits += hit;
        for (int f = 0; f < RELIABILITY_FLOORS; f++)
            look->lost[f] += hit && found->habit <= 0 && (double) chance < floors[f];
    }
    for (int f = 0; f < RELIABILITY_FLOORS; f++)
        look->silent[f] += (double) best < floors[f];
}

static enum err look_at_all(struct looking *look, bool history)
{
    const struct trial *trial = offerd_part_trial(look->part);
    for (uint32_t i = 0; i < trial->n_moments; i++) {
        const struct trial_case *moment = &trial->moments[i];
        if (history && moment->n_pasts == 0)
            continue;
        arena_reset(look->arena);
        struct completion *completion =
            offerd_part_complete(look->part, moment, history, false, look->arena);
        if (!completion)
            return ERR_NOMEM;
        look->result->moments++;
        mark(trial, moment->order, look->held, true);
        look_at(look, completion);
        mark(trial, moment->order, look->held, false);
    }
    return OK;
}

static void sum_up(struct looking *look)
{
    struct reliability *result = look->result;
    result->candidates = look->n;
    result->n_parts = calibration_parts(look->claims, look->n, result->parts);
    result->error = calibration_error(result->parts, result->n_parts);
    for (uint32_t i = 0; i < look->n; i++)
        result->said += (double) look->claims[i].chance / look->n;
    result->came_true = look->n ? (double) result->hits / look->n : 0;
    for (int f = 0; f < RELIABILITY_FLOORS; f++)
        result->floors[f] = (struct floor_figure){
            .floor = floors[f],
            .silent = result->moments ? (double) look->silent[f] / result->moments : 0,
            .hits_lost = result->hits ? (double) look->lost[f] / result->hits : 0,
        };
}

static enum err look(const struct offerd_part *part, bool history,
                     struct reliability *ret_reliability)
{
    const struct trial *trial = offerd_part_trial(part);
    struct reliability result = { .history = history };
    struct looking looking = { .part = part, .result = &result };
    looking.arena = arena_new(CHUNK_BYTES, SIZE_MAX);
    looking.claims =
        malloc(((size_t) trial->n_moments * CALIBRATION_PLACES + 1) * sizeof *looking.claims);
    looking.held = calloc((size_t) trial->train->n_skus + 1, sizeof *looking.held);
    enum err err = looking.arena && looking.claims && looking.held ? look_at_all(&looking, history)
                                                                   : ERR_NOMEM;
    if (err == OK) {
        sum_up(&looking);
        *ret_reliability = result;
    }
    (void) arena_free(looking.arena);
    free(looking.claims);
    free(looking.held);
    return err;
}

enum err reliabilities_of(const struct offerd_part *part, struct reliabilities *ret_reliabilities)
{
    struct reliabilities all = { .n = part ? 1 : 0 };
    *ret_reliabilities = all;
    if (!part)
        return OK;
    all.learned = offerd_part_calibration(part);
    TRY(look(part, false, &all.of[0]));
    if (offerd_part_trial(part)->n_returning > 0 &&
        offerd_part_facts(part)->parameters.history_weight > 0)
        TRY(look(part, true, &all.of[all.n++]));
    *ret_reliabilities = all;
    return OK;
}
