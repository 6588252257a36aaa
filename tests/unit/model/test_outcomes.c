/* SPDX-License-Identifier: Apache-2.0 */
#include "model/outcomes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/odds/outcomes_parts.h"
#include "suite.h"

#define DAY_US INT64_C(86400000000)
static const int64_t MONDAY_US = INT64_C(1763942400000000);

enum told { SHOWN, ACCEPTED, DECLINED };

static struct outcome told_of(const char *offer, const char *rule, const char *sku, enum told told)
{
    return (struct outcome){
        .shown = told == SHOWN,
        .accepted = told == ACCEPTED,
        .declined = told == DECLINED,
        .decision_id = STR("d"),
        .offer_id = str_of(offer),
        .rule = str_of(rule),
        .kind = KIND_CROSS_SELL,
        .sku = str_of(sku),
        .relevance = 0.25f,
        .at_us = MONDAY_US,
    };
}

static void add(struct outcomes *outcomes, const struct outcome *outcome)
{
    ck_assert_int_eq(outcomes_add(outcomes, outcomes_position(outcomes) + 1, outcome), OK);
}

static void tell(struct outcomes *outcomes, const char *offer, const char *rule, const char *sku,
                 enum told told)
{
    struct outcome outcome = told_of(offer, rule, sku, told);
    add(outcomes, &outcome);
}

static struct outcome_counts of(const struct outcomes *outcomes, const char *rule, const char *sku)
{
    struct outcome_counts counts = { 0 };
    (void) outcomes_of(outcomes, str_of(rule), str_of(sku), &counts);
    return counts;
}

/* Outcomes that look random, the same in every run. */
static void tell_many(struct outcomes *outcomes, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t x = i * 2654435761u;
        char offer[16], rule[16], sku[16];
        snprintf(offer, sizeof offer, "o%u", (x >> 8) % 700);
        snprintf(rule, sizeof rule, "r%u", (x >> 12) % 7);
        snprintf(sku, sizeof sku, "s%u", (x >> 16) % 23);
        struct outcome outcome = told_of(offer, rule, sku, (enum told)((x >> 20) % 3));
        outcome.kind = (int) ((x >> 12) % 7);
        outcome.at_us += (int64_t) i * DAY_US / 10;
        outcome.relevance = (float) ((x >> 4) % 101) / 100.0f;
        add(outcomes, &outcome);
    }
}

static void save(const struct outcomes *outcomes, struct out *out)
{
    out_init(out, NULL, 64);
    ck_assert_int_eq(outcomes_save(outcomes, out), OK);
}

START_TEST(counts_of_the_product_its_rule_and_the_shop)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    tell(outcomes, "o1", "lens", "A", SHOWN);
    tell(outcomes, "o2", "lens", "B", SHOWN);
    tell(outcomes, "o2", "lens", "B", ACCEPTED);
    tell(outcomes, "o3", "gift", NULL, SHOWN);
    tell(outcomes, "o3", "gift", NULL, DECLINED);

    ck_assert_double_eq(of(outcomes, "lens", "A").shown, 1);
    ck_assert_double_eq(of(outcomes, "lens", "A").accepted, 0);
    ck_assert_double_eq(of(outcomes, "lens", "B").accepted, 1);
    ck_assert_double_eq(of(outcomes, "lens", NULL).shown, 2);
    ck_assert_double_eq(of(outcomes, "lens", NULL).accepted, 1);
    ck_assert_double_eq(of(outcomes, "gift", NULL).declined, 1);
    ck_assert_double_eq(of(outcomes, NULL, NULL).shown, 3);
    ck_assert_double_eq_tol(of(outcomes, NULL, NULL).relevance, 0.25, 1e-6);
}
END_TEST

START_TEST(knows_nothing_of_strangers)
{
    struct outcome_counts counts;
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    ck_assert(!outcomes_of(outcomes, (struct str){ 0 }, (struct str){ 0 }, &counts));
    tell(outcomes, "o1", "lens", "A", SHOWN);

    ck_assert(!outcomes_of(outcomes, STR("x"), (struct str){ 0 }, &counts));
    ck_assert(!outcomes_of(outcomes, STR("lens"), STR("B"), &counts));
}
END_TEST

START_TEST(an_offer_told_of_twice_counts_once)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    for (int i = 0; i < 3; i++) {
        tell(outcomes, "o1", "lens", "A", SHOWN);
        tell(outcomes, "o1", "lens", "A", ACCEPTED);
    }

    ck_assert_double_eq(of(outcomes, "lens", "A").shown, 1);
    ck_assert_double_eq(of(outcomes, "lens", "A").accepted, 1);
}
END_TEST

START_TEST(what_was_accepted_without_a_word_was_shown_once)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    tell(outcomes, "o1", "lens", "A", ACCEPTED);
    tell(outcomes, "o1", "lens", "A", SHOWN); /* the word comes late */
    tell(outcomes, "o2", "lens", "A", DECLINED);

    ck_assert_double_eq(of(outcomes, "lens", "A").shown, 2);
    ck_assert_double_eq(of(outcomes, "lens", "A").accepted, 1);
    ck_assert_double_eq(of(outcomes, "lens", "A").declined, 1);
}
END_TEST

START_TEST(a_position_counts_once)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    struct outcome first = told_of("o1", "lens", "A", SHOWN);
    struct outcome second = told_of("o2", "lens", "A", SHOWN);
    ck_assert_int_eq(outcomes_add(outcomes, 5, &first), OK);
    ck_assert_int_eq(outcomes_add(outcomes, 5, &second), OK);
    ck_assert_int_eq(outcomes_add(outcomes, 3, &second), OK);

    ck_assert_double_eq(of(outcomes, "lens", NULL).shown, 1);
    ck_assert_uint_eq(outcomes_position(outcomes), 5);
}
END_TEST

START_TEST(what_was_looked_through_is_not_looked_at_again)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    struct outcome first = told_of("o1", "lens", "A", SHOWN);
    outcomes_pass(outcomes, 100);
    outcomes_pass(outcomes, 7);
    ck_assert_uint_eq(outcomes_position(outcomes), 100);
    ck_assert_int_eq(outcomes_add(outcomes, 101, &first), OK);
    ck_assert_double_eq(of(outcomes, "lens", NULL).shown, 1);
}
END_TEST

START_TEST(an_outcome_fades_by_half_in_a_half_life)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    struct outcome outcome = told_of("o1", "old", "A", SHOWN);
    add(outcomes, &outcome);
    outcome = told_of("o2", "new", "A", SHOWN);
    outcome.at_us += OUTCOMES_HALF_LIFE_DAYS * DAY_US;
    add(outcomes, &outcome);

    ck_assert_double_eq_tol(of(outcomes, "old", NULL).shown, 0.5, 1e-9);
    ck_assert_double_eq_tol(of(outcomes, "new", NULL).shown, 1, 1e-9);
    ck_assert_double_eq_tol(of(outcomes, NULL, NULL).shown, 1.5, 1e-9);
}
END_TEST

START_TEST(a_late_acceptance_weighs_what_its_showing_weighs)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    struct outcome outcome = told_of("o1", "lens", "A", SHOWN);
    add(outcomes, &outcome);
    outcome = told_of("o1", "lens", "A", ACCEPTED);
    outcome.at_us += 2 * OUTCOMES_HALF_LIFE_DAYS * DAY_US;
    add(outcomes, &outcome);

    struct outcome_counts counts = of(outcomes, "lens", "A");
    ck_assert_double_eq_tol(counts.shown, 0.25, 1e-9);
    ck_assert_double_eq_tol(counts.accepted, 0.25, 1e-9);
}
END_TEST

START_TEST(weights_stay_right_over_a_hundred_half_lives)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    for (int i = 0; i <= 100; i++) {
        char offer[8];
        snprintf(offer, sizeof offer, "o%d", i);
        struct outcome outcome = told_of(offer, "lens", "A", SHOWN);
        outcome.at_us += i * OUTCOMES_HALF_LIFE_DAYS * DAY_US;
        add(outcomes, &outcome);
    }

    ck_assert_double_eq_tol(of(outcomes, "lens", "A").shown, 2, 1e-9);
    ck_assert_double_eq_tol(of(outcomes, NULL, NULL).shown, 2, 1e-9);
}
END_TEST

START_TEST(the_recent_part_fades_by_what_was_shown)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    for (int i = 0; i < 10 * OUTCOMES_RECENT_SHOWN; i++) {
        char offer[8];
        snprintf(offer, sizeof offer, "o%d", i);
        tell(outcomes, offer, "lens", "A", SHOWN);
    }

    struct outcome_counts counts = of(outcomes, "lens", "A");
    ck_assert_double_eq(counts.shown, 10 * OUTCOMES_RECENT_SHOWN);
    ck_assert_double_eq_tol(counts.recent_shown, OUTCOMES_RECENT_SHOWN / log(2), 2);
}
END_TEST

START_TEST(nonsense_is_passed_over)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    struct outcome outcome = told_of("o1", "", "A", SHOWN);
    add(outcomes, &outcome);
    outcome = told_of("o2", "lens", "A", SHOWN);
    outcome.kind = RULE_KINDS;
    add(outcomes, &outcome);
    outcome = told_of("o3", "lens", "A", SHOWN);
    outcome.shown = false;
    add(outcomes, &outcome);

    ck_assert_double_eq(of(outcomes, NULL, NULL).shown, 0);
    ck_assert_uint_eq(outcomes_position(outcomes), 3);
}
END_TEST

START_TEST(the_least_recently_touched_go_when_there_are_too_many)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new_bounded(40, 64);
    char sku[8], offer[8];
    for (int i = 0; i < 200; i++) {
        snprintf(sku, sizeof sku, "s%d", i);
        snprintf(offer, sizeof offer, "o%d", i);
        tell(outcomes, offer, "lens", sku, SHOWN);
        if (i % 5 == 0) {
            snprintf(offer, sizeof offer, "p%d", i);
            tell(outcomes, offer, "lens", "often", SHOWN);
        }
    }

    ck_assert_uint_le(outcomes->n_cells, 40);
    ck_assert_uint_ge(outcomes->n_cells, 25);
    ck_assert_double_eq(of(outcomes, "lens", NULL).shown, 240);
    ck_assert_double_eq(of(outcomes, "lens", "often").shown, 40);
    ck_assert_double_eq(of(outcomes, "lens", "s199").shown, 1);
    ck_assert_double_eq(of(outcomes, "lens", "s0").shown, 0);
}
END_TEST

START_TEST(only_the_last_offers_are_remembered)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new_bounded(100, 1024);
    char offer[8];
    for (int i = 0; i < 3000; i++) {
        snprintf(offer, sizeof offer, "o%d", i);
        tell(outcomes, offer, "lens", "A", SHOWN);
    }
    for (int i = 0; i < 1024; i++) {
        snprintf(offer, sizeof offer, "o%d", 3000 - 1024 + i);
        tell(outcomes, offer, "lens", "A", SHOWN);
    }

    ck_assert_uint_eq(outcomes->open.n, 1024);
    ck_assert_double_eq(of(outcomes, "lens", "A").shown, 3000);
    tell(outcomes, "o0", "lens", "A", SHOWN);
    ck_assert_double_eq(of(outcomes, "lens", "A").shown, 3001);
}
END_TEST

START_TEST(saved_and_loaded_goes_on_to_the_same_bytes)
{
    AUTO(outcomes_free) struct outcomes *whole = outcomes_new();
    AUTO(outcomes_free) struct outcomes *half = outcomes_new();
    AUTO(outcomes_free) struct outcomes *loaded = NULL;
    tell_many(whole, 0, 5000);
    tell_many(half, 0, 2500);
    struct out bytes, of_whole, of_loaded;
    save(half, &bytes);

    ck_assert_int_eq(outcomes_load(out_str(&bytes), &loaded, NULL), OK);
    ck_assert_uint_eq(outcomes_position(loaded), 2500);
    tell_many(loaded, 2500, 5000);
    save(whole, &of_whole);
    save(loaded, &of_loaded);
    ck_assert(str_eq(out_str(&of_whole), out_str(&of_loaded)));

    out_deinit(&bytes);
    out_deinit(&of_whole);
    out_deinit(&of_loaded);
}
END_TEST

START_TEST(damaged_bytes_are_refused)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    AUTO(outcomes_free) struct outcomes *loaded = NULL;
    tell_many(outcomes, 0, 300);
    struct out bytes;
    save(outcomes, &bytes);

    for (size_t i = 0; i < bytes.len; i += 7) {
        bytes.at[i] ^= 4;
        ck_assert_int_eq(outcomes_load(out_str(&bytes), &loaded, NULL), ERR_CORRUPT);
        bytes.at[i] ^= 4;
    }
    for (size_t len = 0; len < bytes.len; len += 11)
        ck_assert_int_eq(outcomes_load((struct str){ bytes.at, len }, &loaded, NULL), ERR_CORRUPT);
    ck_assert_ptr_null(loaded);
    out_deinit(&bytes);
}
END_TEST

SUITE_MAIN("model/outcomes", counts_of_the_product_its_rule_and_the_shop,
           knows_nothing_of_strangers, an_offer_told_of_twice_counts_once,
           what_was_accepted_without_a_word_was_shown_once, a_position_counts_once,
           what_was_looked_through_is_not_looked_at_again, an_outcome_fades_by_half_in_a_half_life,
           a_late_acceptance_weighs_what_its_showing_weighs,
           weights_stay_right_over_a_hundred_half_lives, the_recent_part_fades_by_what_was_shown,
           nonsense_is_passed_over, the_least_recently_touched_go_when_there_are_too_many,
           only_the_last_offers_are_remembered, saved_and_loaded_goes_on_to_the_same_bytes,
           damaged_bytes_are_refused)
