/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At each moment the best MOMENT_PLACES are candidates, as pick looks at so many; a customer
 * who is known is asked about twice, as a guest and with the purchases told. Each moment
 * writes to places of its own, so the work may be spread.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/baskets.h"
#include "model/best_first.h"
#include "model/train/calibrating.h"
#include "model/train/crew.h"
#include "model/train/hidden_parts.h"
#include "model/train/weights.h"

enum { MOMENT_PLACES = 64, CHUNK_BYTES = 64 * 1024 };
_Static_assert((int) MOMENT_PLACES <= (int) BEST_AT_ONCE, "all are taken at once");

struct asking {
    const struct hidden_cases *cases;
    const struct weights *weights;
    float history_weight;
    struct calibration_point *points; /* 2 * MOMENT_PLACES a moment … */
    uint32_t *counts;                 /* … of which so many */
};

struct desk {
    struct arena *arena;
    float *scores, *blend; /* with room for best first */
    bool *held;            /* by the order at hand */
};

static bool desk_init(struct desk *desk, uint32_t n_skus)
{
    size_t room = (size_t) best_first_room(n_skus) + 1;
    desk->arena = arena_new(CHUNK_BYTES, SIZE_MAX);
    desk->scores = malloc(room * sizeof *desk->scores);
    desk->blend = malloc(room * sizeof *desk->blend);
    desk->held = calloc(room, sizeof *desk->held);
    return desk->arena && desk->scores && desk->blend && desk->held;
}

static void desk_deinit(struct desk *desk)
{
    (void) arena_free(desk->arena);
    free(desk->scores);
    free(desk->blend);
    free(desk->held);
}

/* What the customer buys again counts where the cart speaks for it: completion.h. */
static void blend(const struct asking *asking, const struct hidden *hidden, bool told,
                  struct desk *desk)
{
    const struct hidden_cases *cases = asking->cases;
    float w = asking->history_weight;
    for (uint32_t sku = 0; sku < cases->baskets->n_skus; sku++)
        desk->blend[sku] = (1 - w) * desk->scores[sku];
    for (uint32_t i = 0; told && i < hidden->n_habits; i++) {
        const struct bought *bought = &cases->habits[hidden->first_habit + i];
        if (desk->blend[bought->sku] > 0)
            desk->blend[bought->sku] += w * bought->value;
    }
}

static enum err take(struct asking *asking, uint32_t number, bool told, struct desk *desk)
{
    const struct hidden *hidden = &asking->cases->list[number];
    struct best_first best;
    blend(asking, hidden, told, desk);
    arena_reset(desk->arena);
    if (!best_first_new(&best, desk->blend, asking->cases->baskets->n_skus, desk->arena))
        return ERR_NOMEM;
    uint32_t skus[MOMENT_PLACES];
    float scores[MOMENT_PLACES];
    uint32_t n = best_first_take(&best, MOMENT_PLACES, skus, scores);
    for (uint8_t place = 0; place < n; place++)
        asking->points[(size_t) number * 2 * MOMENT_PLACES + asking->counts[number]++] =
            (struct calibration_point){ .score = scores[place],
                                        .moment = number,
                                        .size = (uint8_t) calibration_size(hidden->n_cart),
                                        .place = place,
                                        .told = told,
                                        .hit = desk->held[skus[place]] };
    return OK;
}

static enum err ask_one(struct asking *asking, uint32_t number, struct desk *desk)
{
    const struct hidden_cases *cases = asking->cases;
    const struct baskets *baskets = cases->baskets;
    const struct hidden *hidden = &cases->list[number];
    uint64_t begin = baskets->first[hidden->order], end = baskets->first[hidden->order + 1];
    for (uint64_t i = begin; i < end; i++)
        desk->held[baskets->items[i]] = true;
    hidden_scores(cases, asking->weights, hidden, desk->scores);
    TRY(take(asking, number, false, desk));
    if (asking->history_weight > 0 && hidden->n_habits > 0)
        TRY(take(asking, number, true, desk));
    for (uint64_t i = begin; i < end; i++)
        desk->held[baskets->items[i]] = false;
    return OK;
}

static enum err ask_some(void *context, uint32_t begin, uint32_t end)
{
    struct asking *asking = context;
    struct desk desk = { 0 };
    enum err err = desk_init(&desk, asking->cases->baskets->n_skus) ? OK : ERR_NOMEM;
    for (uint32_t i = begin; err == OK && i < end; i++)
        err = ask_one(asking, i, &desk);
    desk_deinit(&desk);
    return err;
}

static uint32_t close_gaps(struct asking *asking)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < asking->cases->n; i++)
        for (uint32_t k = 0; k < asking->counts[i]; k++)
            asking->points[n++] = asking->points[(size_t) i * 2 * MOMENT_PLACES + k];
    return n;
}

enum err hidden_moments(const struct hidden_cases *cases, const struct weights *weights,
                        float history_weight, const struct crew *crew,
                        struct calibration *ret_calibration, bool *ret_known)
{
    struct asking asking = { .cases = cases, .weights = weights, .history_weight = history_weight };
    size_t room = (size_t) cases->n * 2 * MOMENT_PLACES + 1;
    asking.points = malloc(room * sizeof *asking.points);
    asking.counts = calloc((size_t) cases->n + 1, sizeof *asking.counts);
    enum err err = asking.points && asking.counts ? OK : ERR_NOMEM;
    if (err == OK)
        err = crew_run(crew, cases->n, &asking, ask_some);
    if (err == OK)
        err = calibrate(asking.points, close_gaps(&asking), ret_calibration, ret_known);
    free(asking.points);
    free(asking.counts);
    return err;
}
