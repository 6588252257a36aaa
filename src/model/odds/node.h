/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

struct tally;

/*
 * Node
 *
 * What is believed of the acceptance of one thing (a shop, a kind, a
 * rule, a product) and how its own outcomes move that. Pure values.
 */
struct node {
    double mean;
    double strength;  /* the belief is worth so many offers shown */
    double relevance; /* the mean is the mean at this relevance; below 0: of any */
};

struct evidence {
    double shown, accepted;
    double squares;   /* of the weights shown: how much the sums vary by chance */
    double relevance; /* mean; below 0: not known */
};

/* @node's mean moved to another relevance (below 0: not known, not moved). */
double node_mean_at(const struct node *node, double relevance, double slope);

/*
 * What is believed of a member of @parent before its outcomes are seen, at @relevance (below 0: the
 * parent's): worth @strength, but no more than what is known of the parent itself:
 * 1 / (1 / strength + 1 / the parent's).
 */
struct node node_below(const struct node *parent, double strength, double relevance, double slope);

/*
 * The outcomes that say something about today. @now: outcomes_weight_now. Of
 * what was shown often, the recent part counts whole, and what was before as far
 * as it is likely that the rate is still the same.
 */
struct evidence evidence_of(const struct tally *tally, double now, const struct node *prior);

struct node node_after(const struct node *prior, const struct evidence *evidence);

/*
 * How far the members of a level lie apart, told as the strength their prior deserves: the
 * intra-class correlation by the method of moments, each member weighing by how much it can say,
 * and a default worth STRENGTH_DEFAULT_WORTH members that say all.
 */
enum { STRENGTH_DEFAULT_WORTH = 4 };

struct strength_sum {
    double correlation, weight; /* sums */
    double expected;            /* the default's correlation */
};

struct strength_sum strength_sum_of(double default_strength);

/* @share: what part of the parent's outcomes are the member's own. */
void strength_sum_add(struct strength_sum *sum, double prior_mean, const struct evidence *evidence,
                      double share);
double strength_of(const struct strength_sum *sum);
