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

enum { JUDGED_MAX = 128 };
#define RATIO_FAR 2.05 /* twice, and what it takes from 539.99 to 1079.99 */

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

/*
 * Is the step within the rule's price ratio, and dearer (or cheaper) than what the customer pays
 * now?
 */
static bool is_within(const struct search *s, uint32_t number, bool up)
{
    const struct decision *d = s->d;
    const struct pick *pick = &s->from->rule->pick;
    int64_t to = catalog_product(d->world->catalog, number)->price_minor;
    int64_t paid = d->trigger_line->unit_price_minor;
    double from = (double) d->facts.trigger->price_minor;
    return (up ? to > paid : to < paid) && (double) to >= from * pick->price_ratio_low &&
           (double) to <= from * pick->price_ratio_high;
}

/* Beyond the usual prices, but not too far, and better without a but. */
static bool is_far(const struct search *s, const struct ladder_step *step, bool up)
{
    const struct pick *pick = &s->from->rule->pick;
    int64_t to = catalog_product(s->d->world->catalog, step->product)->price_minor;
    double from = (double) s->d->facts.trigger->price_minor;
    return up && !pick->price_ratio_written && step->degree == LADDER_BETTER &&
           to > s->d->trigger_line->unit_price_minor &&
           (double) to > from * pick->price_ratio_high && (double) to <= from * RATIO_FAR;
}

/* Is there a reason to offer it? */
static bool is_sensible(const struct search *s, uint32_t base, const struct ladder_step *step)
{
    const struct model *model = s->d->world->model;
    double there = model_orders(model, step->product), here = model_orders(model, base);
    if (step->degree < LADDER_DEARER || s->from->rule->pick.without_gain)
        return true;
    if (step->degree > LADDER_DEARER)
        return false;
    return step->confirmed ||
           (there > here && (there - here) * (there - here) >= LADDER_CLEARLY * (there + here));
}

/* False: enough. Of equals the one that is ordered more. */
static bool take(struct search *s, const struct ladder_step *step, double score)
{
    double orders = model_orders(s->d->world->model, step->product);
    return pick_take(s, step->product, score * (1 + .01 * orders / (orders + 10)), 0, 0);
}

/* Of far ones none is before what is better at a usual price, all are before the rest. */
static bool take_if_sensible(struct search *s, uint32_t base, const struct ladder_step *step,
                             bool up)
{
    double score = (double) step->score;
    if (is_far(s, step, up))
        return take(s, step,
                    (double) LADDER_SCORE_FAR + .28 * (score - (double) LADDER_SCORE_BETTER));
    return !is_within(s, step->product, up) || !is_sensible(s, base, step) || take(s, step, score);
}

/* Others than the kept steps, evenly spread over the rule's prices. */
static void judge_others(struct search *s, uint32_t base, bool up)
{
    const struct world *world = s->d->world;
    const struct pick *pick = &s->from->rule->pick;
    double price = (double) s->d->facts.trigger->price_minor;
    uint32_t n_kin;
    const uint32_t *kin = catalog_same_kind(world->catalog, base, &n_kin);
    uint32_t begin = lower_bound(world->catalog, kin, n_kin, price * pick->price_ratio_low);
    uint32_t end = lower_bound(world->catalog, kin, n_kin, price * pick->price_ratio_high + 1e-6);
    uint32_t n = end > begin ? end - begin : 0, judged = n < JUDGED_MAX ? n : JUDGED_MAX;
    for (uint32_t i = 0; i < judged; i++) {
        struct ladder_step step;
        uint32_t number = kin[begin + (uint32_t) ((uint64_t) i * n / judged)];
        if (is_within(s, number, up) && ladder_judge(world->ladder, base, number, &step) &&
            !take_if_sensible(s, base, &step, up))
            return;
    }
}

/* Have all sensible steps within the rule's ratio been kept? */
static bool is_complete(const struct pick *pick, uint32_t n_steps, bool up)
{
    double low = up ? LADDER_RATIO_LOW : 1 / LADDER_RATIO_HIGH;
    double high = up ? LADDER_RATIO_HIGH : 1 / LADDER_RATIO_LOW;
    return n_steps < LADDER_STEPS && pick->price_ratio_low >= low && pick->price_ratio_high <= high;
}

void pick_ladder(struct search *s, bool up)
{
    struct decision *d = s->d;
    if (!d->facts.trigger) {
        s->from->reason = RECEIPT_NO_TRIGGER_ITEM;
        return;
    }
    uint32_t n, base = d->trigger_line->product;
    const struct ladder *ladder = d->world->ladder;
    const struct ladder_step *steps =
        up ? ladder_up(ladder, base, &n) : ladder_down(ladder, base, &n);
    for (uint32_t i = 0; i < n; i++)
        if (!take_if_sensible(s, base, &steps[i], up))
            return;
    if (s->found == 0 && !is_complete(&s->from->rule->pick, n, up))
        judge_others(s, base, up);
}
