/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pick: the next better one of the same kind, a step dearer, or the next cheaper one. Both are read
 * from the ladder that was made with the world (shop/ladder.h). Only when a rule's `where` or an
 * unusual price ratio leaves nothing of the steps kept there are others of the kind judged, a
 * bounded number of them.
 *
 * What is only dearer is no upgrade, unless the rule says so (`without_gain`) or customers do: they
 * clearly went that way, or order it clearly more often than what is in the cart. And where the rule does not say how much dearer, what is
 * better in all that the customer chose is offered at up to twice the price, before anything that is
 * nearer in price and of another line: a modest step comes first, a good one next.
 */
#include "model/model.h"
#include "serve/decision.h"
#include "serve/pick_parts.h"
#include "shop/catalog.h"
#include "shop/ladder.h"
#include "world/wheres.h"

enum { JUDGED_MAX = 128 };
#define RATIO_FAR 2.05 /* twice, and what it takes from 539.99 to 1079.99 */

struct climb { /* one rule's search for a step from one product */
    struct search *search;
    const struct world *world;
    const struct pick *pick;
    uint32_t base;
    bool up;
    int64_t paid_minor;    /* for it now */
    double orders;         /* it is in */
    double low, high, far; /* what the rule lets the other cost, and what costs far more */
};

/* The first of @kin (by price) that costs at least @price_minor. */
static uint32_t lower_bound(const struct catalog *catalog, const uint32_t *kin, uint32_t n,
                            double price_minor)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((double) catalog_product(catalog, kin[middle])->price_minor < price_minor)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t price_of(const struct climb *climb, uint32_t number)
{
    return catalog_product(climb->world->catalog, number)->price_minor;
}

/*
 * Is it within the rule's price ratio, and dearer (or cheaper) than what the customer pays
 * now?
 */
static bool is_within(const struct climb *climb, int64_t to)
{
    return (climb->up ? to > climb->paid_minor : to < climb->paid_minor) &&
           (double) to >= climb->low && (double) to <= climb->high;
}

/* Beyond the usual prices, but not too far, and better without a but. */
static bool is_far(const struct climb *climb, const struct ladder_step *step, int64_t to)
{
    return step->degree == LADDER_BETTER && climb->up && !climb->pick->price_ratio_written &&
           to > climb->paid_minor && (double) to > climb->high && (double) to <= climb->far;
}

/* Clearly more often than what is in the cart. */
static bool is_ordered_more(const struct climb *climb, uint32_t number)
{
    double there = model_orders(climb->world->model, number), here = climb->orders;
    return there > here && (there - here) * (there - here) >= LADDER_CLEARLY * (there + here);
}

/* Is there a reason to offer it? */
static bool is_sensible(const struct climb *climb, const struct ladder_step *step)
{
    if (step->degree < LADDER_DEARER || climb->pick->without_gain)
        return true;
    return step->degree == LADDER_DEARER &&
           (step->confirmed || is_ordered_more(climb, step->product));
}

/* False: enough. Of equals the one that is ordered more. */
static bool take(const struct climb *climb, const struct ladder_step *step, double score)
{
    double orders = model_orders(climb->world->model, step->product);
    return pick_take(climb->search, step->product, score * (1 + .01 * orders / (orders + 10)), 0,
                     0);
}

/* Of far ones none is before what is better at a usual price, all are before the rest. */
static bool take_if_sensible(const struct climb *climb, const struct ladder_step *step)
{
    double score = (double) step->score;
    int64_t to = price_of(climb, step->product);
    if (is_far(climb, step, to))
        return take(climb, step,
                    (double) LADDER_SCORE_FAR + .28 * (score - (double) LADDER_SCORE_BETTER));
    return !is_within(climb, to) || !is_sensible(climb, step) || take(climb, step, score);
}

/* The best degree that those which were not kept may have. */
static enum ladder_degree best_of_others(const struct climb *climb)
{
    const struct pick *pick = climb->pick;
    double low = climb->up ? LADDER_RATIO_LOW : 1 / LADDER_RATIO_HIGH;
    double high = climb->up ? LADDER_RATIO_HIGH : 1 / LADDER_RATIO_LOW;
    if (pick->price_ratio_low < low || pick->price_ratio_high > high)
        return LADDER_BETTER;
    return ladder_rest(climb->world->ladder, climb->base, climb->up);
}

static bool passes_where(const struct climb *climb, uint32_t number)
{
    bool takes;
    return !wheres_know(climb->world->wheres, climb->search->from->number, number, &takes) || takes;
}

/*
 * Others than the kept steps, evenly spread over the rule's prices. A judgement is the dear part: where no gain is to be
 * had, only those are judged that customers order more.
 */
static void judge_others(const struct climb *climb)
{
    const struct world *world = climb->world;
    enum ladder_degree best = best_of_others(climb);
    bool only_dearer = best >= LADDER_DEARER && !climb->pick->without_gain;
    if (best == LADDER_NO_STEP || (best == LADDER_UNLIKE && only_dearer))
        return;
    uint32_t n_kin;
    const uint32_t *kin = catalog_same_kind(world->catalog, climb->base, &n_kin);
    uint32_t begin = lower_bound(world->catalog, kin, n_kin, climb->low);
    uint32_t end = lower_bound(world->catalog, kin, n_kin, climb->high + 1e-6);
    uint32_t n = end > begin ? end - begin : 0, judged = n < JUDGED_MAX ? n : JUDGED_MAX;
    for (uint32_t i = 0; i < judged; i++) {
        struct ladder_step step;
        uint32_t number = kin[begin + (uint32_t) ((uint64_t) i * n / judged)];
        if (passes_where(climb, number) && (!only_dearer || is_ordered_more(climb, number)) &&
            is_within(climb, price_of(climb, number)) &&
            ladder_judge(world->ladder, climb->base, number, &step) &&
            !take_if_sensible(climb, &step))
            return;
    }
}

void pick_ladder(struct search *s, bool up)
{
    struct decision *d = s->d;
    if (!d->facts.trigger) {
        s->from->reason = RECEIPT_NO_TRIGGER_ITEM;
        return;
    }
    const struct pick *pick = &s->from->rule->pick;
    double price = (double) d->facts.trigger->price_minor;
    const struct climb climb = { .search = s,
                                 .world = d->request.world,
                                 .pick = pick,
                                 .base = d->request.trigger_line->product,
                                 .up = up,
                                 .paid_minor = d->request.trigger_line->unit_price_minor,
                                 .orders = model_orders(d->request.world->model,
                                                        d->request.trigger_line->product),
                                 .low = price * pick->price_ratio_low,
                                 .high = price * pick->price_ratio_high,
                                 .far = price * RATIO_FAR };
    uint32_t n;
    const struct ladder *ladder = d->request.world->ladder;
    const struct ladder_step *steps =
        up ? ladder_up(ladder, climb.base, &n) : ladder_down(ladder, climb.base, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!take_if_sensible(&climb, &steps[i]))
            return;
    if (s->found == 0)
        judge_others(&climb);
}
