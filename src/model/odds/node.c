/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The correlation of a level: with prior mean p and n outcomes
 * of weights w, the accepted weight s varies by
 *
 *     E (s - p n)^2 = p (1 - p) (sum of w^2 + correlation (n^2 - sum of w^2)),
 *
 * so each member gives an estimate, ((s - p n)^2 / (p (1 - p)) - squares) / (n^2 - squares), and a
 * Beta of that correlation has strength (1 - correlation) / correlation. Members whose outcomes
 * are most of their parent's have moved p towards themselves; they weigh less by that share.
 */
#include "model/odds/node.h"

#include <math.h>
#include <stdbool.h>

#include "model/odds/outcomes_parts.h"

static const double FARTHEST = 4;             /* relevance moves the log-odds by at most so much */
static const double LEAST_MEAN = 1e-5;        /* and 1 - that is the most */
static const double STILL_THE_SAME = 0.98;    /* the rate is, believed beforehand */
static const double ENOUGH = 50;              /* fewer shown before or after tell of no change */
static const double LEAST = 1e-3, MOST = 0.2; /* correlation: strength 999 to 4 */

static double bounded(double x, double least, double most)
{
    return fmax(least, fmin(x, most));
}

double node_mean_at(const struct node *node, double relevance, double slope)
{
    if (slope == 0 || relevance < 0 || node->relevance < 0)
        return node->mean;
    double odds = exp(bounded(slope * (relevance - node->relevance), -FARTHEST, FARTHEST));
    return node->mean * odds / (1 - node->mean + node->mean * odds);
}

struct node node_below(const struct node *parent, double strength, double relevance, double slope)
{
    return (struct node){
        .mean = bounded(node_mean_at(parent, relevance, slope), LEAST_MEAN, 1 - LEAST_MEAN),
        .strength = 1 / (1 / strength + 1 / parent->strength),
        .relevance = relevance >= 0 ? relevance : parent->relevance,
    };
}

static double log_beta(double a, double b)
{
    int sign;
    return lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
}

/*
 * How likely it is that what was before and what is recent have one rate:
 * the Beta-binomial likelihoods of one rate and of two, each of @prior.
 */
static double sameness(const struct evidence *before, const struct evidence *recent,
                       const struct node *prior)
{
    double a = prior->mean * prior->strength, b = prior->strength - a;
    double old_a = a + before->accepted, old_b = b + before->shown - before->accepted;
    double new_a = recent->accepted, new_b = recent->shown - recent->accepted;
    double one = log_beta(old_a + new_a, old_b + new_b) - log_beta(old_a, old_b);
    double two = log_beta(a + new_a, b + new_b) - log_beta(a, b);
    return 1 / (1 + (1 - STILL_THE_SAME) / STILL_THE_SAME * exp(two - one));
}

struct evidence evidence_of(const struct tally *tally, double now, const struct node *prior)
{
    struct evidence all = {
        .shown = tally->shown / now,
        .accepted = fmin(tally->accepted, tally->shown) / now,
        .squares = tally->squares / now / now,
        .relevance = tally->known > 0 ? tally->relevance / tally->known : -1,
    };
    struct evidence recent = { .shown = tally->recent_shown };
    recent.accepted = fmin(tally->recent_accepted, recent.shown);
    struct evidence before = { .shown = all.shown - recent.shown };
    before.accepted = bounded(all.accepted - recent.accepted, 0, fmax(before.shown, 0));
    if (before.shown < ENOUGH || recent.shown < ENOUGH)
        return all;
    double same = sameness(&before, &recent, prior), shown = all.shown;
    all.shown = recent.shown + same * before.shown;
    all.accepted = recent.accepted + same * before.accepted;
    all.squares *= all.shown / shown;
    return all;
}

struct node node_after(const struct node *prior, const struct evidence *evidence)
{
    double strength = prior->strength + evidence->shown;
    return (struct node){
        .mean = (prior->mean * prior->strength + evidence->accepted) / strength,
        .strength = strength,
        .relevance = prior->relevance,
    };
}

struct strength_sum strength_sum_of(double default_strength)
{
    double expected = 1 / (1 + default_strength);
    return (struct strength_sum){ .correlation = STRENGTH_DEFAULT_WORTH * expected,
                                  .weight = STRENGTH_DEFAULT_WORTH,
                                  .expected = expected };
}

void strength_sum_add(struct strength_sum *sum, double prior_mean, const struct evidence *evidence,
                      double share)
{
    double n = evidence->shown, pairs = n * n - evidence->squares;
    if (pairs < 1e-6)
        return;
    double off = evidence->accepted - prior_mean * n, chance = evidence->squares / pairs;
    double found = off * off / (prior_mean * (1 - prior_mean)) / pairs - chance;
    double says = sum->expected / (sum->expected + chance); /* 1: all that can be said */
    sum->correlation += says * says * found;
    sum->weight += says * says * (1 - bounded(share, 0, 1));
}

double strength_of(const struct strength_sum *sum)
{
    double correlation = bounded(sum->correlation / sum->weight, LEAST, MOST);
    return (1 - correlation) / correlation;
}
