/* SPDX-License-Identifier: Apache-2.0 */
#include "model/odds/node.h"

#include <math.h>

#include "model/odds/outcomes_parts.h"
#include "suite.h"

static const struct node parent = { .mean = 0.1, .strength = 400, .relevance = 0.5 };

static struct tally shown(double n, double accepted, double recent, double recent_accepted)
{
    return (struct tally){ .shown = n,
                           .accepted = accepted,
                           .squares = n,
                           .recent_shown = recent,
                           .recent_accepted = recent_accepted };
}

START_TEST(a_prior_is_worth_no_more_than_its_parent)
{
    struct node sure = node_below(&parent, 1e9, -1, 0), usual = node_below(&parent, 100, -1, 0);
    ck_assert_double_eq_tol(sure.strength, 400, 0.01);
    ck_assert_double_eq_tol(usual.strength, 80, 1e-9);
    ck_assert_double_eq_tol(usual.mean, 0.1, 1e-12);
    ck_assert_double_eq_tol(usual.relevance, 0.5, 1e-12);
}
END_TEST

START_TEST(a_member_seen_where_it_fits_starts_higher)
{
    struct node node = node_below(&parent, 100, 0.8, 2);
    ck_assert_double_eq_tol(log(node.mean / (1 - node.mean)) - log(0.1 / 0.9), 0.6, 1e-9);
    ck_assert_double_eq_tol(node_mean_at(&node, 0.5, 2), 0.1, 1e-9);
    ck_assert_double_eq_tol(node_mean_at(&node, -1, 2), node.mean, 1e-12);
}
END_TEST

START_TEST(outcomes_move_the_belief_by_their_number)
{
    const struct evidence evidence = { .shown = 80, .accepted = 40 };
    struct node prior = node_below(&parent, 100, -1, 0), node = node_after(&prior, &evidence);
    ck_assert_double_eq_tol(node.mean, (8.0 + 40) / 160, 1e-9);
    ck_assert_double_eq_tol(node.strength, 160, 1e-9);
}
END_TEST

START_TEST(what_was_before_a_change_is_left_out)
{
    struct node prior = node_below(&parent, 25, -1, 0);
    struct tally changed = shown(5000, 420, 360, 2), same = shown(5000, 500, 360, 33);
    struct evidence of_changed = evidence_of(&changed, 1, &prior);
    struct evidence of_same = evidence_of(&same, 1, &prior);
    ck_assert_double_lt(of_changed.shown, 365);
    ck_assert_double_lt(of_changed.accepted, 3);
    ck_assert_double_gt(of_same.shown, 4900);
    ck_assert_double_gt(of_same.accepted, 490);
}
END_TEST

START_TEST(what_was_shown_seldom_is_all_one)
{
    struct tally tally = shown(300, 30, 290, 3);
    struct evidence evidence = evidence_of(&tally, 1, &parent);
    ck_assert_double_eq(evidence.shown, 300);
    ck_assert_double_eq(evidence.accepted, 30);
}
END_TEST

/* Members of @rates, a thousand shown of each; what the level's prior is found to be worth. */
static double strength_from(const double *rates, int n)
{
    struct strength_sum sum = strength_sum_of(50);
    for (int i = 0; i < n; i++) {
        const struct evidence evidence = { 1000, 1000 * rates[i], 1000, -1 };
        strength_sum_add(&sum, 0.1, &evidence, 1.0 / n);
    }
    return strength_of(&sum);
}

START_TEST(strength_is_what_the_spread_of_the_members_says)
{
    double alike[200], apart[200];
    struct strength_sum none = strength_sum_of(50);
    ck_assert_double_eq_tol(strength_of(&none), 50, 1e-6);
    for (int i = 0; i < 200; i++) {
        alike[i] = 0.1 + (i % 2 ? 0.0095 : -0.0095); /* what chance does to 1,000 */
        apart[i] = 0.1 + (i % 2 ? 0.0671 : -0.0671); /* a Beta of strength 19 */
    }
    ck_assert_double_gt(strength_from(alike, 200), 400);
    ck_assert_double_eq_tol(strength_from(apart, 200), 20, 2);
}
END_TEST

SUITE_MAIN("model/node", a_prior_is_worth_no_more_than_its_parent,
           a_member_seen_where_it_fits_starts_higher, outcomes_move_the_belief_by_their_number,
           what_was_before_a_change_is_left_out, what_was_shown_seldom_is_all_one,
           strength_is_what_the_spread_of_the_members_says)
