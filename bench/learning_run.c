/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policies, and what each hears. Time stands still but for the decisions: they come evenly over the days, acceptances
 * some decisions later, and the odds are sealed anew before a decision when a second has gone and there is
 * news, as the keeper does.
 */
#include "learning_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/odds.h"
#include "model/outcomes.h"
#include "model/thompson.h"

enum { PENDING_MAX = 256, SECOND_US = 1000000 };
static const int64_t START_US = INT64_C(1763942400000000);

struct pending { /* an acceptance that will be heard of */
    uint32_t due, shown_at, offer;
    float relevance;
};

struct run { /* of one policy */
    const struct shop *shop;
    uint32_t number; /* of the decision */
    int64_t now_us, sealed_us;
    struct outcomes *outcomes;
    struct odds *odds;
    uint32_t places[SHOP_RULES];
    uint64_t position;
    bool news;
    struct pending pending[PENDING_MAX];
    uint32_t n_pending;
    double shown[SHOP_OFFERS], accepted[SHOP_OFFERS]; /* for the plain one */
    double ranks[SHOP_OFFERS];                        /* for the fixed one */
    double predicted[SHOP_CANDIDATES];                /* of the decision being made */
    double seal_s;
    uint64_t seals;
};

struct policy {
    const char *name;
    uint32_t (*choose)(struct run *run, const struct shop_moment *moment);
    bool learns; /* from what it hears */
    bool seals;  /* odds */
};

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "learning: %s\n", what);
    exit(1);
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* ── policies ── */

static uint64_t seed_of(const struct run *run)
{
    return run->shop->seed << 32 | run->number;
}

static struct beta odds_now(const struct run *run, const struct shop_candidate *candidate)
{
    uint32_t rule = candidate->offer / SHOP_PRODUCTS;
    return odds_of(run->odds, run->places[rule], run->shop->kinds[rule],
                   str_of(run->shop->skus[candidate->offer]), candidate->relevance);
}

static uint32_t choose_offerd(struct run *run, const struct shop_moment *moment)
{
    struct thompson_arm arms[SHOP_CANDIDATES];
    struct thompson_choice choices[SHOP_CANDIDATES];
    uint8_t order[SHOP_CANDIDATES];
    for (uint32_t i = 0; i < SHOP_CANDIDATES; i++) {
        arms[i].odds = odds_now(run, &moment->candidates[i]);
        arms[i].value = run->shop->profit[moment->candidates[i].offer];
        run->predicted[i] = beta_mean(arms[i].odds);
    }
    thompson_choose(arms, SHOP_CANDIDATES, seed_of(run), choices, order);
    return order[0];
}

/* The greatest of @scores. */
static uint32_t best_of(const double scores[SHOP_CANDIDATES])
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < SHOP_CANDIDATES; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

static uint32_t choose_greedy(struct run *run, const struct shop_moment *moment)
{
    double scores[SHOP_CANDIDATES];
    for (uint32_t i = 0; i < SHOP_CANDIDATES; i++) {
        run->predicted[i] = beta_mean(odds_now(run, &moment->candidates[i]));
        scores[i] = run->predicted[i] * run->shop->profit[moment->candidates[i].offer];
    }
    return best_of(scores);
}

static uint32_t choose_plain(struct run *run, const struct shop_moment *moment)
{
    double scores[SHOP_CANDIDATES];
    uint64_t random[2];
    beta_seed(seed_of(run), random);
    for (uint32_t i = 0; i < SHOP_CANDIDATES; i++) {
        uint32_t offer = moment->candidates[i].offer;
        struct beta beta = { (float) (1 + run->accepted[offer]),
                             (float) (1 + run->shown[offer] - run->accepted[offer]) };
        scores[i] = beta_draw(beta, random) * run->shop->profit[offer];
    }
    return best_of(scores);
}

static uint32_t choose_fixed(struct run *run, const struct shop_moment *moment)
{
    double scores[SHOP_CANDIDATES];
    for (uint32_t i = 0; i < SHOP_CANDIDATES; i++)
        scores[i] = run->ranks[moment->candidates[i].offer];
    return best_of(scores);
}

static uint32_t choose_random(struct run *run, const struct shop_moment *moment)
{
    uint64_t random[2];
    (void) moment;
    beta_seed(seed_of(run), random);
    return (uint32_t) (random[0] % SHOP_CANDIDATES);
}

static uint32_t choose_informed(struct run *run, const struct shop_moment *moment)
{
    double scores[SHOP_CANDIDATES];
    for (uint32_t i = 0; i < SHOP_CANDIDATES; i++) {
        const struct shop_candidate *c = &moment->candidates[i];
        scores[i] = run->shop->profit[c->offer] *
                    shop_informed_rate(run->shop, moment->taste, c->offer, c->relevance);
    }
    return best_of(scores);
}

static const struct policy policies[] = {
    { "offerd", choose_offerd, true, true },         { "greedy", choose_greedy, true, true },
    { "plain thompson", choose_plain, true, false }, { "best fixed", choose_fixed, false, false },
    { "random", choose_random, false, false },       { "informed", choose_informed, false, false },
};
_Static_assert(sizeof policies / sizeof *policies == POLICIES, "a figure for each policy");

const char *policy_name(enum policy_number policy)
{
    return policies[policy].name;
}

/* ── what a policy hears ── */

static void tell(struct run *run, const struct pending *told, bool accepted)
{
    char id[16];
    snprintf(id, sizeof id, "%u", told->shown_at);
    uint32_t rule = told->offer / SHOP_PRODUCTS;
    const struct outcome outcome = { .shown = !accepted,
                                     .accepted = accepted,
                                     .decision_id = STR("d"),
                                     .offer_id = str_of(id),
                                     .rule = str_of(run->shop->rules[rule]),
                                     .kind = (int) run->shop->kinds[rule],
                                     .sku = str_of(run->shop->skus[told->offer]),
                                     .relevance = told->relevance,
                                     .at_us = run->now_us };
    must(outcomes_add(run->outcomes, ++run->position, &outcome) == OK, "no memory");
    run->news = true;
    *(accepted ? &run->accepted[told->offer] : &run->shown[told->offer]) += 1;
}

static void hear(struct run *run)
{
    for (uint32_t i = 0; i < run->n_pending;) {
        if (run->pending[i].due > run->number) {
            i++;
            continue;
        }
        tell(run, &run->pending[i], true);
        run->pending[i] = run->pending[--run->n_pending];
    }
}

/* What the keeper does each second. */
static void seal(struct run *run)
{
    if (!run->news || run->now_us - run->sealed_us < SECOND_US)
        return;
    double before = cpu_s();
    run->odds = odds_unref(run->odds);
    must(odds_new(run->outcomes, &run->odds) == OK, "no memory");
    for (uint32_t rule = 0; rule < SHOP_RULES; rule++)
        run->places[rule] = odds_rule(run->odds, str_of(run->shop->rules[rule]));
    run->seal_s += cpu_s() - before;
    run->seals++;
    run->sealed_us = run->now_us;
    run->news = false;
}

/* ── a run ── */

static void fix_ranks(struct run *run)
{
    for (uint32_t offer = 0; offer < SHOP_OFFERS; offer++)
        run->ranks[offer] =
            shop_mean_profit(run->shop, 0, offer) + shop_mean_profit(run->shop, 1, offer);
}

static double best_possible(const struct shop *shop, const struct shop_moment *moment)
{
    double best = 0;
    for (uint32_t i = 0; i < SHOP_CANDIDATES; i++)
        best = fmax(best, moment->candidates[i].rate * shop->profit[moment->candidates[i].offer]);
    return best;
}

/* One decision and its consequences; what it is expected to earn. */
static double decide(struct run *run, const struct policy *policy, const struct shop_moment *moment,
                     struct learning_run *ret_run)
{
    uint32_t chosen = policy->choose(run, moment);
    const struct shop_candidate *c = &moment->candidates[chosen];
    const struct pending offer = { run->number + moment->delay, run->number, c->offer,
                                   c->relevance };
    bool accepted = c->fate < c->rate;
    if (policy->seals)
        ret_run->predictions[run->number] =
            (struct prediction){ run->predicted[chosen], c->rate, accepted };
    if (policy->learns)
        tell(run, &offer, false);
    if (policy->learns && accepted) {
        must(run->n_pending < PENDING_MAX, "too many acceptances to be heard of");
        run->pending[run->n_pending++] = offer;
    }
    return c->rate * run->shop->profit[c->offer];
}

void learning_run(const struct shop *shop, enum policy_number number, uint32_t decisions,
                  double days, struct learning_run *ret_run)
{
    const struct policy *policy = &policies[number];
    struct run run = { .shop = shop };
    must((run.outcomes = outcomes_new()) != NULL, "no memory");
    fix_ranks(&run);
    memset(run.places, 0xff, sizeof run.places);
    double lost = 0;
    ret_run->profit = ret_run->possible = 0;
    for (uint32_t i = 0; i < decisions; i++) {
        struct shop_moment moment;
        shop_moment(shop, i, decisions, &moment);
        run.number = i;
        run.now_us = START_US + (int64_t) (days * 86400e6 * i / decisions);
        if (policy->learns)
            hear(&run);
        if (policy->seals)
            seal(&run);
        double best = best_possible(shop, &moment);
        double earned = decide(&run, policy, &moment, ret_run);
        ret_run->profit += earned;
        ret_run->possible += best;
        lost += best - earned;
        ret_run->lost[(uint64_t) i * CURVE_POINTS / decisions] = lost;
    }
    if (run.odds)
        ret_run->slope = odds_facts(run.odds)->slope;
    ret_run->seal_us = run.seals ? run.seal_s / (double) run.seals * 1e6 : 0;
    (void) odds_unref(run.odds);
    (void) outcomes_free(run.outcomes);
}
