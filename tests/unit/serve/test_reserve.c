/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "shop/event.h"
#include "suite.h"

#define SCARCE(id, priority, sku)                                     \
    RULE(id, "cross_sell", priority,                                  \
         "budget: {redemptions: 5, hold: 10m}, offer: {pick: {skus: " \
         "[" sku "]}}")
#define RULE_OF_GROUP(id, priority, rest)                                             \
    "  - {id: " id ", name: n, kind: cross_sell, status: active, owner: o, trigger: " \
    "[add_to_cart], placement: [page], rank: {priority: " #priority                   \
    ", exclusive_group: cards}, " TEXTS ", " rest "}\n"
#define PLAIN(id, priority, sku) \
    RULE(id, "cross_sell", priority, "offer: {pick: {skus: [" sku "]}}")

START_TEST(asks_for_nothing_when_no_rule_has_a_budget)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" PLAIN("free", 5, "CARD-64"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(offers(answer), 1);
    ck_assert_int_eq(small->reserves, 0);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(holds_one_of_the_budget_for_each_offer_shown_as_long_as_the_rule_says)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" SCARCE("scarce", 5, "CARD-64"));
    cJSON *answer = decided(small, ADD("CAM-1", "\"customer_id\": \"C1\", "));
    ck_assert_int_eq(offers(answer), 1);
    ck_assert_uint_eq(small->n_held, 1);
    ck_assert(str_is(small->claimed.rule, "scarce"));
    ck_assert_int_eq(small->claimed.redemptions, 5);
    ck_assert_int_eq(small->claimed.until_us, small->wall_us + 600000000);
    cJSON_Delete(answer);

    /* the same again is the same hold */
    cJSON_Delete(decided(small, ADD("CAM-1", "\"customer_id\": \"C1\", ")));
    ck_assert_uint_eq(small->n_held, 1);
    cJSON_Delete(decided(small, ADD("CAM-1", "\"customer_id\": \"C2\", ")));
    ck_assert_uint_eq(small->n_held, 2);
}
END_TEST

START_TEST(holds_no_longer_than_the_offer_stands)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("long", "cross_sell", 5,
                        "budget: {redemptions: 5, hold: 7d}, offer: {pick: {skus: [BAG-1]}}")
            RULE("usual", "cross_sell", 4,
                 "budget: {redemptions: 5}, offer: {pick: {skus: [CARD-64]}}"));
    cJSON_Delete(decided(small, ADD("CAM-1", "\"limit\": 1, ")));
    ck_assert(str_is(small->claimed.rule, "long"));
    ck_assert_int_eq(small->claimed.until_us, small->wall_us + INT64_C(1800000000));
    cJSON_Delete(decided(small, ADD("CAM-1", "\"limit\": 2, ")));
    ck_assert(str_is(small->claimed.rule, "usual"));
    ck_assert_int_eq(small->claimed.until_us, small->wall_us + INT64_C(1800000000));
}
END_TEST

START_TEST(another_offer_takes_the_place_of_one_whose_budget_is_used_up)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" SCARCE("scarce", 9, "CARD-64") PLAIN(
        "next", 5, "CARD-128") PLAIN("last", 1, "CARD-256"));
    small->budget_left = 0;
    cJSON *answer = decided(small, ADD("CAM-1", "\"limit\": 1, "));
    ck_assert_int_eq(offers(answer), 1);
    ck_assert_str_eq(text(answer, "offers/0/rule"), "next");
    ck_assert_int_eq(cJSON_GetArraySize(at(answer, "degraded")), 0);
    ck_assert_str_eq(result_of(answer, "scarce"), "budget_used_up");
    ck_assert_int_eq(number(answer, "considered/0/seen"), 5);
    ck_assert_int_eq(number(answer, "considered/0/wanted"), 5);
    ck_assert_str_eq(result_of(answer, "last"), "not_among_best");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(what_stood_back_behind_a_refused_offer_comes_forward)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" SCARCE("scarce", 9, "CARD-64") PLAIN(
        "same", 5, "CARD-64") PLAIN("other", 3, "BAG-1"));
    cJSON *answer = decided(small, ADD("CAM-1", "\"limit\": 3, "));
    ck_assert_int_eq(offers(answer), 2);
    ck_assert_str_eq(result_of(answer, "same"), "same_product");
    cJSON_Delete(answer);

    small->n_held = 0;
    small->budget_left = 0;
    answer = decided(small, ADD("CAM-1", "\"limit\": 3, "));
    ck_assert_int_eq(offers(answer), 2);
    ck_assert_str_eq(text(answer, "offers/0/rule"), "same");
    ck_assert_str_eq(text(answer, "offers/1/rule"), "other");
    ck_assert_str_eq(result_of(answer, "scarce"), "budget_used_up");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(a_rule_shows_as_many_offers_as_its_budget_has_left)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("scarce", "cross_sell", 9,
                        "budget: {redemptions: 2}, offer: {pick: {skus: [CARD-64, CARD-128, "
                        "CARD-256], limit: 3}}") PLAIN("other", 3, "BAG-1"));
    small->budget_left = 2;
    cJSON *answer = decided(small, ADD("CAM-1", "\"limit\": 4, "));
    ck_assert_int_eq(offers(answer), 3);
    ck_assert_str_eq(text(answer, "offers/0/rule"), "scarce");
    ck_assert_str_eq(text(answer, "offers/1/rule"), "scarce");
    ck_assert_str_eq(text(answer, "offers/2/rule"), "other");
    ck_assert_str_eq(result_of(answer, "scarce"), "shown");
    ck_assert_uint_eq(small->n_held, 2);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(a_budget_nobody_knows_is_not_promised_and_the_answer_says_so)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" SCARCE("scarce", 9, "CARD-64") PLAIN("next", 5, "CARD-128"));
    small->budget_answer = BUDGET_LOST;
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(offers(answer), 1);
    ck_assert_str_eq(text(answer, "degraded/0"), "budget");
    ck_assert_str_eq(result_of(answer, "scarce"), "budget_missing");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(a_shadow_rule_holds_nothing)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n"
        "  - {id: ghost, name: n, kind: cross_sell, status: shadow, owner: o, trigger: "
        "[add_to_cart], placement: [page], rank: {priority: 5}, " TEXTS
        ", budget: {redemptions: 5}, offer: {pick: {skus: [CARD-64]}}}\n");
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_str_eq(result_of(answer, "ghost"), "shadow");
    ck_assert_int_eq(small->reserves, 0);
    cJSON_Delete(answer);
}
END_TEST

/* ── waiting ─────────────────────────────────────────────────────────────────────────────── */

static void woken(void *owner)
{
    *(int *) owner += 1;
}

#define BODY ADD("CAM-1", "\"customer_id\": \"C1\", ")
#define SHOP "rules:\n" SCARCE("scarce", 9, "CARD-64") PLAIN("next", 5, "CARD-128")

START_TEST(waits_for_a_budget_and_goes_on_when_it_comes)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    small->budget_answer = BUDGET_COMING;
    struct decision *decision = decision_new(small->worker, small->arena, STR(BODY), woken, &wakes);

    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    ck_assert_int_gt(decision_deadline_us(decision), small->mono_us);
    small->budget_waiter->ready(small->budget_waiter);
    ck_assert_int_eq(wakes, 1);
    small->budget_answer = BUDGET_ANSWERED;
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);
    ck_assert(str_contains(answer, STR("\"rule\":\"scarce\"")));
    ck_assert(str_contains(answer, STR("\"degraded\":[]")));
}
END_TEST

START_TEST(at_the_deadline_it_goes_on_without_and_nobody_may_wake_it)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    small->budget_answer = BUDGET_COMING;
    struct decision *decision = decision_new(small->worker, small->arena, STR(BODY), woken, &wakes);

    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    small->mono_us = decision_deadline_us(decision);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);
    ck_assert(str_contains(answer, STR("\"degraded\":[\"budget\"]")));
    ck_assert(str_contains(answer, STR("\"rule\":\"next\"")));
    ck_assert(!str_contains(answer, STR("\"rule\":\"scarce\",\"kind\"")));
    ck_assert_int_eq(small->budget_forgets, 1);
}
END_TEST

START_TEST(without_time_to_wait_it_asks_for_nothing_that_has_to_come)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    small->budget_answer = BUDGET_LOST;
    struct decision *decision = decision_new(
        small->worker, small->arena,
        STR(ADD("CAM-1", "\"customer_id\": \"C1\", \"budget_ms\": 1, ")), woken, &wakes);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);
    ck_assert_int_eq(small->reserves, 1);
    ck_assert_ptr_null(small->budget_waiter);
    ck_assert(str_contains(answer, STR("\"degraded\":[\"budget\"]")));
}
END_TEST

START_TEST(a_client_that_leaves_while_it_waits_is_forgotten)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(SHOP);
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    small->budget_answer = BUDGET_COMING;
    struct decision *decision = decision_new(small->worker, small->arena, STR(BODY), woken, &wakes);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    decision_cancel(decision);
    ck_assert_int_eq(small->budget_forgets, 1);
}
END_TEST

/*
 * "first" is held in the first round, and "gone" has none left; in the second "comes" comes
 * forward in its place, which stood back behind it.
 */
#define TWO_ROUNDS \
    "rules:\n" SCARCE("gone", 9, "BAG-1") SCARCE("first", 7, "CARD-64") SCARCE("comes", 5, "BAG-1")

START_TEST(what_is_held_is_not_asked_for_again_and_outlives_an_answer_that_comes_too_late)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(TWO_ROUNDS);
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    small->budget_spent = "gone";
    small->budget_late_from = 2;
    struct decision *decision = decision_new(small->worker, small->arena, STR(BODY), woken, &wakes);

    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    ck_assert(str_is(small->claimed.rule, "comes"));
    ck_assert_uint_eq(small->n_claimed, 1);
    small->mono_us = decision_deadline_us(decision);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);

    ck_assert(str_contains(answer, STR("\"degraded\":[\"budget\"]")));
    ck_assert(str_contains(answer, STR("\"rule\":\"first\",\"kind\"")));
    ck_assert_uint_eq(small->n_held, 1);
    ck_assert_int_eq(small->given_back, 0);
}
END_TEST

START_TEST(a_client_that_leaves_in_the_second_round_gives_back_what_the_first_has_held)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(TWO_ROUNDS);
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    small->budget_spent = "gone";
    small->budget_late_from = 2;
    struct decision *decision = decision_new(small->worker, small->arena, STR(BODY), woken, &wakes);

    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    ck_assert_uint_eq(small->n_held, 1);
    decision_cancel(decision);
    ck_assert_uint_eq(small->n_held, 0);
}
END_TEST

/* "better" stood back behind "gone", whose product it shows; then it comes before "worse" of its group. */
START_TEST(what_is_held_and_not_shown_in_the_end_is_given_back_unless_it_was_held_before)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("groups: {cards: {max: 1}}\nrules:\n" SCARCE("gone", 9, "CARD-64")
                            RULE_OF_GROUP("better", 7, "offer: {pick: {skus: [CARD-64]}}")
                                RULE_OF_GROUP("worse", 5,
                                              "budget: {redemptions: 5}, offer: {pick: {skus: "
                                              "[BAG-1]}}"));
    small->budget_spent = "gone";
    cJSON *answer = decided(small, ADD("CAM-1", "\"customer_id\": \"C1\", \"limit\": 3, "));
    ck_assert_int_eq(offers(answer), 1);
    ck_assert_str_eq(text(answer, "offers/0/rule"), "better");
    ck_assert_int_eq(small->reserves, 1);
    ck_assert_int_eq(small->given_back, 1);
    ck_assert_uint_eq(small->n_held, 0);
    cJSON_Delete(answer);

    small->held[small->n_held++] =
        small->claimed.mark; /* another page of the customer's shows it */
    cJSON_Delete(decided(small, ADD("CAM-1", "\"customer_id\": \"C1\", \"limit\": 3, ")));
    ck_assert_uint_eq(small->n_held, 1);
    ck_assert_int_eq(small->given_back, 1);
}
END_TEST

/* A profile at hand is borrowed only until decide_run returns: here it goes away meanwhile. */
START_TEST(what_it_knew_of_the_customer_it_still_knows_after_the_wait)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" SCARCE("scarce", 9, "CARD-64") RULE(
        "capped", "cross_sell", 5,
        "limits: {per_customer: [{max: 1, per: lifetime, count: shown}]}, offer: {pick: "
        "{skus: [CARD-128]}}"));
    struct event shown = { .type = EVENT_OFFER_SHOWN,
                           .customer_id = STR("C1"),
                           .at_us = small->wall_us - 1000000,
                           .offer.rule = STR("capped") };
    ck_assert_int_eq(profile_apply(NULL, &shown, 1, &small->profile), OK);
    struct str answer;
    struct decide_problem problem;
    int wakes = 0;
    small->budget_answer = BUDGET_COMING;
    struct decision *decision = decision_new(small->worker, small->arena,
                                             STR(ADD("CAM-1", "\"customer_id\": \"C1\", "
                                                              "\"limit\": 1, ")),
                                             woken, &wakes);
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_WAIT);
    small->profile->n_rules = 0; /* what was freed may still look as it did */
    small->profile = profile_free(small->profile);
    small->budget_answer = BUDGET_ANSWERED;
    small->budget_left = 0; /* so that the next rule is looked at */
    ck_assert_int_eq(decide_run(decision, &answer, &problem), DECIDE_DONE);
    ck_assert(str_contains(answer, STR("cap_reached")));
    ck_assert(str_contains(answer, STR("\"offers\":[]")));
}
END_TEST

SUITE_MAIN("serve/reserve", asks_for_nothing_when_no_rule_has_a_budget,
           holds_one_of_the_budget_for_each_offer_shown_as_long_as_the_rule_says,
           holds_no_longer_than_the_offer_stands,
           another_offer_takes_the_place_of_one_whose_budget_is_used_up,
           what_stood_back_behind_a_refused_offer_comes_forward,
           a_rule_shows_as_many_offers_as_its_budget_has_left,
           a_budget_nobody_knows_is_not_promised_and_the_answer_says_so,
           a_shadow_rule_holds_nothing, waits_for_a_budget_and_goes_on_when_it_comes,
           at_the_deadline_it_goes_on_without_and_nobody_may_wake_it,
           without_time_to_wait_it_asks_for_nothing_that_has_to_come,
           a_client_that_leaves_while_it_waits_is_forgotten,
           what_is_held_is_not_asked_for_again_and_outlives_an_answer_that_comes_too_late,
           a_client_that_leaves_in_the_second_round_gives_back_what_the_first_has_held,
           what_is_held_and_not_shown_in_the_end_is_given_back_unless_it_was_held_before,
           what_it_knew_of_the_customer_it_still_knows_after_the_wait)
