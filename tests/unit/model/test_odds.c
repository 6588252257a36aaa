/* SPDX-License-Identifier: Apache-2.0 */
#include "model/odds.h"

#include <math.h>
#include <stdio.h>

#include "model/outcomes.h"
#include "suite.h"

static const int64_t MONDAY_US = INT64_C(1763942400000000);
static const int64_t DAY_US = INT64_C(86400000000);
static const struct str NONE = { 0 };

struct story { /* told to outcomes, event by event */
    struct outcomes *outcomes;
    uint64_t position;
    uint64_t state;
    int64_t at_us;
};

static struct story story_new(void)
{
    struct story story = { .outcomes = outcomes_new(), .state = 11, .at_us = MONDAY_US };
    ck_assert_ptr_nonnull(story.outcomes);
    return story;
}

static double chance(struct story *story)
{
    story->state = story->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double) (story->state >> 11) * 0x1p-53;
}

static void show(struct story *story, const char *rule, const char *sku, float relevance,
                 bool accepted)
{
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long) story->position);
    struct outcome outcome = { .shown = true,
                               .decision_id = STR("d"),
                               .offer_id = str_of(id),
                               .rule = str_of(rule),
                               .kind = KIND_CROSS_SELL,
                               .sku = str_of(sku),
                               .relevance = relevance,
                               .at_us = story->at_us };
    ck_assert_int_eq(outcomes_add(story->outcomes, ++story->position, &outcome), OK);
    outcome.shown = false;
    outcome.accepted = true;
    if (accepted)
        ck_assert_int_eq(outcomes_add(story->outcomes, ++story->position, &outcome), OK);
}

/* @n offers, every @every-th accepted. */
static void show_many(struct story *story, const char *rule, const char *sku, int n, int every)
{
    for (int i = 0; i < n; i++)
        show(story, rule, sku, -1, i % every == every - 1);
}

static struct odds *seal(struct story *story)
{
    struct odds *odds = NULL;
    ck_assert_int_eq(odds_new(story->outcomes, &odds), OK);
    return odds;
}

static double mean_of(const struct odds *odds, const char *rule, const char *sku, float relevance)
{
    return beta_mean(
        odds_of(odds, odds_rule(odds, str_of(rule)), KIND_CROSS_SELL, str_of(sku), relevance));
}

static double strength_of(const struct odds *odds, const char *rule, const char *sku)
{
    struct beta beta =
        odds_of(odds, odds_rule(odds, str_of(rule)), KIND_CROSS_SELL, str_of(sku), -1);
    return (double) beta.alpha + (double) beta.beta;
}

START_TEST(without_outcomes_the_first_guess_is_careful)
{
    AUTO(odds_unref) struct odds *odds = NULL;
    ck_assert_int_eq(odds_new(NULL, &odds), OK);

    ck_assert_uint_eq(odds_rule(odds, STR("lens")), ODDS_NEW_RULE);
    ck_assert_double_eq_tol(mean_of(odds, "lens", "A", 0.5f), 0.03, 1e-6);
    ck_assert_double_lt(strength_of(odds, "lens", "A"), 30);
    ck_assert_double_eq_tol(mean_of(NULL, "lens", "A", 0.5f), 0.03, 1e-6);
}
END_TEST

START_TEST(many_outcomes_speak_for_themselves)
{
    struct story story = story_new();
    show_many(&story, "lens", "A", 20000, 5);
    show_many(&story, "lens", "B", 20000, 50);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_double_eq_tol(mean_of(odds, "lens", "A", -1), 0.2, 0.003);
    ck_assert_double_eq_tol(mean_of(odds, "lens", "B", -1), 0.02, 0.003);
    ck_assert_double_gt(strength_of(odds, "lens", "A"), 19000);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(few_outcomes_lean_on_the_rule)
{
    struct story story = story_new();
    show_many(&story, "good", "A", 3000, 10);
    show_many(&story, "good", "new", 5, 6);
    show_many(&story, "bad", "A", 3000, 100);
    show_many(&story, "bad", "new", 5, 6);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    double good = mean_of(odds, "good", "new", -1), bad = mean_of(odds, "bad", "new", -1);
    ck_assert_double_gt(good, 4 * bad);
    ck_assert_double_lt(good, mean_of(odds, "good", "A", -1));
    ck_assert_double_lt(strength_of(odds, "good", "new"), 1200);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(what_is_new_starts_from_the_level_above_and_is_uncertain)
{
    struct story story = story_new();
    show_many(&story, "one", "A", 2000, 10);
    show_many(&story, "two", "A", 2000, 8);
    show_many(&story, "three", "A", 2000, 12);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    double product = mean_of(odds, "two", "never", -1), rule = mean_of(odds, "never", "A", -1);
    ck_assert_double_eq_tol(product, mean_of(odds, "two", NULL, -1), 1e-6);
    ck_assert_double_eq_tol(rule, 0.1, 0.02);
    ck_assert_double_lt(strength_of(odds, "two", "never"), strength_of(odds, "two", NULL));
    ck_assert_double_lt(strength_of(odds, "never", "A"), 200);
    struct beta other = odds_of(odds, ODDS_NEW_RULE, KIND_COUPON, NONE, -1);
    ck_assert_double_gt(beta_mean(other), 0.03); /* another kind: the shop's word */
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(how_much_a_level_says_is_learned_from_how_alike_its_members_are)
{
    struct story alike = story_new(), apart = story_new();
    for (int i = 0; i < 40; i++) {
        char rule[16];
        snprintf(rule, sizeof rule, "r%d", i);
        for (int k = 0; k < 1000; k++) {
            show(&alike, rule, NULL, -1, chance(&alike) < 0.1);
            show(&apart, rule, NULL, -1, chance(&apart) < (i % 2 ? 0.18 : 0.02));
        }
    }
    AUTO(odds_unref) struct odds *of_alike = seal(&alike);
    AUTO(odds_unref) struct odds *of_apart = seal(&apart);

    ck_assert_double_gt(odds_facts(of_alike)->rules_strength, 100);
    ck_assert_double_lt(odds_facts(of_apart)->rules_strength, 25);
    outcomes_free(alike.outcomes);
    outcomes_free(apart.outcomes);
}
END_TEST

/* @slope: by how much relevance 1 is liked better than relevance 0, in log-odds. */
static void show_by_relevance(struct story *story, double slope, int n)
{
    for (int i = 0; i < n; i++) {
        char rule[16], sku[16];
        float relevance = (float) chance(story);
        uint32_t which = (uint32_t) (chance(story) * 12);
        snprintf(rule, sizeof rule, "r%u", which / 4);
        snprintf(sku, sizeof sku, "s%u", which);
        double log_odds = -3 + 0.3 * (which / 4) + slope * (double) relevance;
        show(story, rule, sku, relevance, chance(story) < 1 / (1 + exp(-log_odds)));
    }
}

START_TEST(the_slope_of_relevance_is_learned)
{
    struct story story = story_new();
    show_by_relevance(&story, 2, 30000);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_double_eq_tol(odds_facts(odds)->slope, 2, 0.25);
    ck_assert_double_eq_tol(mean_of(odds, "r1", "s5", 0), 1 / (1 + exp(2.7)), 0.015);
    ck_assert_double_eq_tol(mean_of(odds, "r1", "s5", 1), 1 / (1 + exp(0.7)), 0.05);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(a_shop_where_relevance_says_nothing_learns_no_slope)
{
    struct story story = story_new();
    show_by_relevance(&story, 0, 30000);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_double_eq_tol(odds_facts(odds)->slope, 0, 0.15);
    double apart = mean_of(odds, "r1", "s5", 1) / mean_of(odds, "r1", "s5", 0);
    ck_assert_double_eq_tol(apart, 1, 0.2);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(better_liked_rules_that_are_also_more_relevant_make_no_slope)
{
    struct story story = story_new();
    for (int i = 0; i < 30000; i++) {
        bool good = i % 2;
        float relevance = (float) (0.3 * chance(&story) + (good ? 0.6 : 0.1));
        show(&story, good ? "good" : "bad", NULL, relevance, chance(&story) < (good ? 0.2 : 0.03));
    }
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_double_eq_tol(odds_facts(odds)->slope, 0, 0.4);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(a_taste_that_changed_is_noticed)
{
    struct story story = story_new();
    show_many(&story, "lens", "A", 20000, 10);
    show_many(&story, "gift", "B", 20000, 50);
    show_many(&story, "lens", "A", 1200, 100);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_double_lt(mean_of(odds, "lens", "A", -1), 0.04);
    ck_assert_double_eq_tol(mean_of(odds, "gift", "B", -1), 0.02, 0.003);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(a_run_of_bad_luck_is_no_change)
{
    struct story story = story_new();
    show_many(&story, "lens", "A", 20000, 25);
    for (int i = 0; i < 700; i++)
        show(&story, "lens", "A", -1, i % 32 == 0);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_double_eq_tol(mean_of(odds, "lens", "A", -1), 0.04, 0.003);
    ck_assert_double_gt(strength_of(odds, "lens", "A"), 15000);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(old_outcomes_count_less)
{
    struct story story = story_new();
    show_many(&story, "lens", "A", 400, 10);
    story.at_us += 3 * OUTCOMES_HALF_LIFE_DAYS * DAY_US;
    show_many(&story, "other", "A", 1, 2);
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_double_lt(strength_of(odds, "lens", "A"), 200);
    ck_assert_double_gt(strength_of(odds, "lens", "A"), 50);
    outcomes_free(story.outcomes);
}
END_TEST

START_TEST(many_rules_and_products_are_told_apart)
{
    struct story story = story_new();
    char rule[16], sku[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(rule, sizeof rule, "r%d", i % 100);
        snprintf(sku, sizeof sku, "s%d", i % 300);
        show_many(&story, rule, sku, 4, i % 300 < 150 ? 2 : 5);
    }
    AUTO(odds_unref) struct odds *odds = seal(&story);

    ck_assert_uint_eq(odds_facts(odds)->n_rules, 100);
    ck_assert_uint_eq(odds_facts(odds)->n_products, 300);
    for (int i = 0; i < 300; i++) {
        snprintf(rule, sizeof rule, "r%d", i % 100);
        snprintf(sku, sizeof sku, "s%d", i);
        double mean = mean_of(odds, rule, sku, -1);
        ck_assert(i < 150 ? mean > 0.3 : mean < 0.15);
    }
    outcomes_free(story.outcomes);
}
END_TEST

SUITE_MAIN("model/odds", without_outcomes_the_first_guess_is_careful,
           many_outcomes_speak_for_themselves, few_outcomes_lean_on_the_rule,
           what_is_new_starts_from_the_level_above_and_is_uncertain,
           how_much_a_level_says_is_learned_from_how_alike_its_members_are,
           the_slope_of_relevance_is_learned, a_shop_where_relevance_says_nothing_learns_no_slope,
           better_liked_rules_that_are_also_more_relevant_make_no_slope,
           a_taste_that_changed_is_noticed, a_run_of_bad_luck_is_no_change, old_outcomes_count_less,
           many_rules_and_products_are_told_apart)
