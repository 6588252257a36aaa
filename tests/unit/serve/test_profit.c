/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "model/outcomes.h"
#include "rules/rule.h"
#include "shop/event.h"
#include "shop/offer_token.h"
#include "suite.h"

#define PLAIN(id, priority, sku) \
    RULE(id, "cross_sell", priority, "offer: {pick: {skus: [" sku "]}}")
#define C1  "\"customer_id\": \"C1\", "
#define ONE "\"limit\": 1, "
#define MUCH \
    "policy: {floor: {expected_profit: 1000000000}}\n" /* a receipt then tells what is expected */

/* @shown offers of the rule, of which @accepted were accepted. */
static void tell(struct outcomes *outcomes, const char *rule, const char *sku, int shown,
                 int accepted)
{
    for (int i = 0; i < shown + accepted; i++) {
        char id[32];
        snprintf(id, sizeof id, "%s-%d", rule, i < shown ? i : i - shown);
        const struct outcome outcome = { .shown = i < shown,
                                         .accepted = i >= shown,
                                         .decision_id = str_of(id),
                                         .offer_id = str_of(id),
                                         .rule = str_of(rule),
                                         .kind = KIND_CROSS_SELL,
                                         .sku = str_of(sku),
                                         .relevance = -1,
                                         .at_us = INT64_C(1795257000000000) };
        ck_assert_int_eq(outcomes_add(outcomes, outcomes_position(outcomes) + 1, &outcome), OK);
    }
}

static const char *first_rule(struct small_world *small, const char *body)
{
    static char rule[64];
    cJSON *answer = decided(small, body);
    snprintf(rule, sizeof rule, "%s", text(answer, "offers/0/rule"));
    cJSON_Delete(answer);
    return rule;
}

/* ── what is expected ────────────────────────────────────────────────────────────────────── */

static long long expected(struct small_world *small, const char *body)
{
    cJSON *answer = decided(small, body);
    ck_assert_str_eq(text(answer, "considered/0/result"), "profit_too_low");
    ck_assert_str_eq(text(answer, "considered/0/key"), "expected_profit_minor");
    ck_assert_int_eq(number(answer, "considered/0/wanted"), 1000000000);
    long long seen = number(answer, "considered/0/seen");
    cJSON_Delete(answer);
    return seen;
}

#define LENS_SET                                                                          \
    RULE("set", "bundle", 1,                                                              \
         "offer: {pick: {relation: bought_together, of: trigger_item, where: {category: " \
         "lens}}, with: trigger_item, discount: {percent: 10%, of: offered}}")
#define LENS_SET_LOOKED_AT                                                                     \
    "  - {id: set, name: n, kind: bundle, status: active, owner: o, trigger: [product_view], " \
    "placement: [page], rank: {priority: 1}, " TEXTS                                           \
    ", offer: {pick: {skus: [LENS-1]}, with: trigger_item, discount: {amount: 1000, of: "      \
    "bundle}}}\n"

START_TEST(expects_margin_less_discount_less_what_is_replaced)
{
    static const struct {
        const char *rules, *body;
        long long profit; /* three in a hundred of what an accepted one brings */
    } cases[] = {
        { MUCH "rules:\n" PLAIN("lens", 1, "LENS-1"), ADD("CAM-1", ""), 600 },
        { MUCH "rules:\n" RULE("better", "upsell", 1, "offer: {pick: {skus: [CAM-2]}}"),
          ADD("CAM-1", ""), 300 },
        /* its cost is not known: 3/7 of the price is what is usually left */
        { MUCH "rules:\n" PLAIN("bag", 1, "BAG-1"), ADD("CAM-1", ""), 103 },
        /* of the cart's cameras half went with it: half of the discount was not needed */
        { MUCH "rules:\n" LENS_SET, ADD("CAM-1", ""), 375 },
        /* the camera is not bought yet: both bring something */
        { MUCH "rules:\n" LENS_SET_LOOKED_AT,
          "{\"placement\": \"page\", \"trigger\": \"product_view\", \"item\": \"CAM-1\", "
          "\"explain\": true, \"cart\": {\"currency\": \"JPY\", \"items\": []}}",
          1770 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(small_world_free) struct small_world *small = small_world_new(cases[i].rules);
        long long seen = expected(small, cases[i].body);
        ck_assert_msg(seen == cases[i].profit, "case %zu: %lld", i, seen);
    }
}
END_TEST

#define LENS(discount)                                                                  \
    MUCH "rules:\n" RULE("lens", "cross_sell", 1,                                       \
                         "offer: {pick: {relation: bought_together, of: trigger_item, " \
                         "where: {category: lens}}" discount "}")

START_TEST(counts_a_discount_twice_for_all_when_more_buy_it_anyway_than_accept)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(LENS(""));
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    tell(outcomes, "lens", "LENS-1", 400, 12); /* far below the half that buys it anyway */
    small_world_learn(small, outcomes);
    long long full = expected(small, ADD("CAM-1", "")); /* of 20000 */
    small_world_publish(small, LENS(", discount: {percent: 10%, of: offered}"));
    small_world_learn(small, outcomes);
    long long reduced = expected(small, ADD("CAM-1", "")); /* of 20000 - 5000 - 5000 */
    ck_assert_msg(full > 300 && llabs(full - 2 * reduced) <= 1, "%lld, %lld", full, reduced);
}
END_TEST

START_TEST(does_not_show_what_earns_nothing_where_the_costs_are_known)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" RULE(
        "worse", "upsell", 2, "offer: {pick: {skus: [LENS-2]}}") PLAIN("bag", 1, "BAG-1"));
    cJSON *answer = decided(small, ADD("LENS-1", ""));
    ck_assert_str_eq(result_of(answer, "worse"), "profit_too_low");
    ck_assert_int_eq(number(answer, "considered/0/seen"), -450); /* 5000 in place of 20000 */
    ck_assert_int_eq(number(answer, "considered/0/wanted"), 0);
    ck_assert_str_eq(text(answer, "considered/0/sku"), "LENS-2");
    ck_assert_str_eq(result_of(answer, "bag"), "shown");
    cJSON_Delete(answer);
}
END_TEST

/* What happened an hour ago, between C1 and @rule if it is of an offer. */
static void remember(struct small_world *small, enum event_type type, const char *rule,
                     uint64_t position)
{
    struct event event = { .event_id = STR("e"),
                           .type = type,
                           .customer_id = STR("C1"),
                           .at_us = small->wall_us - INT64_C(3600000000) };
    event.offer.rule = str_of(rule);
    event.offer.kind = KIND_CROSS_SELL;
    event.customer.consent_given = type == EVENT_CUSTOMER_UPDATED ? CONSENT_PERSONALIZATION : 0;
    struct profile *next = NULL;
    ck_assert_int_eq(profile_apply(small->profile, &event, position, &next), OK);
    (void) profile_free(small->profile);
    small->profile = next;
}

START_TEST(expects_less_of_a_customer_who_has_seen_it_in_vain)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(MUCH "rules:\n" PLAIN("lens", 1, "LENS-1"));
    ck_assert_int_eq(expected(small, ADD("CAM-1", C1)), 600);
    remember(small, EVENT_CUSTOMER_UPDATED, NULL, 1);
    for (uint64_t i = 2; i <= 6; i++)
        remember(small, EVENT_OFFER_SHOWN, "lens", i);
    ck_assert_int_eq(expected(small, ADD("CAM-1", C1)), 300);
    for (uint64_t i = 7; i <= 11; i++)
        remember(small, EVENT_OFFER_ACCEPTED, "lens", i);
    ck_assert_int_eq(expected(small, ADD("CAM-1", C1)), 600);
}
END_TEST

START_TEST(without_consent_what_was_shown_in_vain_chooses_nothing)
{
    /* 600 against 60; sixty times in vain leave 46 of the 600. */
    static const char rules[] = "rules:\n" PLAIN("card", 5, "CARD-64") PLAIN("lens", 5, "LENS-1");
    AUTO(small_world_free) struct small_world *small = small_world_new(rules);
    AUTO(small_world_free) struct small_world *strangers = small_world_new(rules);
    for (uint64_t i = 1; i <= 60; i++)
        remember(small, EVENT_OFFER_SHOWN, "lens", i);
    const char *answer = small_world_decide(small, ADD("CAM-1", C1 ONE));
    ck_assert_str_eq(answer, small_world_decide(strangers, ADD("CAM-1", C1 ONE)));
    ck_assert_str_eq(first_rule(small, ADD("CAM-1", C1 ONE)), "lens");

    remember(small, EVENT_CUSTOMER_UPDATED, NULL, 61);
    ck_assert_str_eq(first_rule(small, ADD("CAM-1", C1 ONE)), "card");
}
END_TEST

/* ── who comes first ─────────────────────────────────────────────────────────────────────── */

#define TWO "rules:\n" PLAIN("a-card", 5, "CARD-64") PLAIN("b-lens", 5, "LENS-1")

START_TEST(of_equal_priority_what_is_expected_to_earn_more_comes_first)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(TWO);
    cJSON *answer = decided(small, ADD("CAM-1", ONE));
    ck_assert_str_eq(text(answer, "offers/0/rule"), "b-lens");
    ck_assert_double_eq(at(answer, "offers/0/propensity")->valuedouble, 1);
    ck_assert_str_eq(result_of(answer, "a-card"), "not_among_best");
    cJSON_Delete(answer);

    small_world_publish(small,
                        "rules:\n" PLAIN("a-card", 6, "CARD-64") PLAIN("b-lens", 5, "LENS-1"));
    ck_assert_str_eq(first_rule(small, ADD("CAM-1", ONE)), "a-card");
}
END_TEST

START_TEST(all_rules_of_one_priority_compete_with_an_index_and_without)
{
    /* Seventy of a priority above, of which one fires, and twelve that compete; the last is the best. */
    static char rules[65536];
    size_t n = (size_t) sprintf(rules, "rules:\n");
    for (int i = 0; i < 70; i++)
        n += (size_t) sprintf(
            rules + n,
            "  - {id: x%02d, name: n, kind: cross_sell, status: active, owner: o, "
            "trigger: [add_to_cart], placement: [page], rank: {priority: 7}, "
            "when: {cart.has: {sku: %s}}, " TEXTS ", offer: {pick: {skus: [BAG-1]}}}\n",
            i, i == 30 ? "CAM-1" : "BOAT-2");
    for (int i = 0; i < 12; i++)
        n += (size_t) sprintf(
            rules + n,
            "  - {id: y%02d, name: n, kind: cross_sell, status: active, owner: o, "
            "trigger: [add_to_cart], placement: [page], rank: {priority: 3}, " TEXTS
            ", offer: {pick: {skus: [%s]}}}\n",
            i, i == 11 ? "BOAT-1" : "CARD-64");
    AUTO(small_world_free) struct small_world *small = small_world_new(rules);
    cJSON *told = decided(small, ADD("CAM-1", "\"limit\": 2, "));
    cJSON *plain =
        decided(small, "{\"placement\": \"page\", \"trigger\": \"add_to_cart\", \"item\": "
                       "\"CAM-1\", \"limit\": 2, \"cart\": {\"currency\": \"JPY\", "
                       "\"items\": [{\"sku\": \"CAM-1\"}]}}");
    cJSON *const answers[] = { told, plain };
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(offers(answers[i]), 2);
        ck_assert_str_eq(text(answers[i], "offers/0/rule"), "x30");
        ck_assert_str_eq(text(answers[i], "offers/1/rule"), "y11");
        cJSON_Delete(answers[i]);
    }
}
END_TEST

START_TEST(a_rule_may_order_its_own_offers_by_profit)
{
#define CARDS(by)                                                                   \
    "rules:\n  - {id: cards, name: n, kind: cross_sell, status: active, owner: o, " \
    "trigger: [add_to_cart], placement: [page], rank: {priority: 1" by "}, " TEXTS  \
    ", offer: {pick: {skus: [CARD-64, CARD-128, CARD-256], limit: 3}}}\n"
    AUTO(small_world_free) struct small_world *small = small_world_new(CARDS(""));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_str_eq(text(answer, "offers/0/items/0/sku"), "CARD-64");
    cJSON_Delete(answer);
    small_world_publish(small, CARDS(", by: profit"));
    answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(offers(answer), 3);
    ck_assert_str_eq(text(answer, "offers/0/items/0/sku"), "CARD-256");
    ck_assert_str_eq(text(answer, "offers/2/items/0/sku"), "CARD-64");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(of_two_rules_products_of_one_kind_the_better_stays)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" PLAIN("a-small", 5, "CARD-64") PLAIN("b-large", 5, "CARD-256"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(offers(answer), 1);
    ck_assert_str_eq(text(answer, "offers/0/rule"), "b-large");
    ck_assert_str_eq(result_of(answer, "a-small"), "same_kind");
    ck_assert_str_eq(text(answer, "considered/0/because_of"), "b-large");
    ck_assert_str_eq(text(answer, "considered/0/sku"), "CARD-64");
    cJSON_Delete(answer);
}
END_TEST

/* ── learning ────────────────────────────────────────────────────────────────────────────── */

START_TEST(outcomes_decide_once_there_are_enough)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(TWO);
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    tell(outcomes, "a-card", "CARD-64", 40, 1);
    small_world_learn(small, outcomes);
    for (int i = 0; i < 50; i++) { /* nothing is tried yet */
        cJSON *answer = decided(small, ADD("CAM-1", ONE));
        ck_assert_str_eq(text(answer, "offers/0/rule"), "b-lens");
        ck_assert_double_eq(at(answer, "offers/0/propensity")->valuedouble, 1);
        cJSON_Delete(answer);
    }
    AUTO(outcomes_free) struct outcomes *more = outcomes_new();
    tell(more, "a-card", "CARD-64", 300, 240);
    tell(more, "b-lens", "LENS-1", 300, 0);
    small_world_learn(small, more);
    int cards = 0;
    for (int i = 0; i < 100; i++)
        cards += strcmp(first_rule(small, ADD("CAM-1", ONE)), "a-card") == 0;
    ck_assert_msg(cards > 90, "%d", cards);
}
END_TEST

#define UNSURE(policy)                                                                    \
    policy "rules:\n" PLAIN("a-card", 5, "CARD-256") PLAIN("b-lens", 5, "LENS-0, LENS-1") \
        PLAIN("c-bag", 5, "BAG-1")

static void make_unsure(struct small_world *small)
{
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    tell(outcomes, "a-card", "CARD-256", 60, 12);
    tell(outcomes, "b-lens", "LENS-1", 60, 2);
    tell(outcomes, "c-bag", "BAG-1", 60, 14);
    small_world_learn(small, outcomes);
}

START_TEST(the_propensities_are_how_often_each_comes_first)
{
    static const char *const names[] = { "a-card", "b-lens", "c-bag" };
    enum { TURNS = 4000 };
    double weights[3] = { 0 }, squares[3] = { 0 };
    int times[3] = { 0 };
    AUTO(small_world_free) struct small_world *small = small_world_new(UNSURE(""));
    make_unsure(small);
    for (int i = 0; i < TURNS; i++) {
        cJSON *answer = decided(small, ADD("CAM-1", ONE));
        double propensity = at(answer, "offers/0/propensity")->valuedouble;
        ck_assert(propensity > 0 && propensity <= 1);
        for (int k = 0; k < 3; k++)
            if (strcmp(text(answer, "offers/0/rule"), names[k]) == 0) {
                times[k]++;
                weights[k] += 1 / propensity;
                squares[k] = propensity;
            }
        cJSON_Delete(answer);
    }
    double sum = 0;
    for (int k = 0; k < 3; k++) { /* weighted by the inverse, each stands for all turns */
        ck_assert_msg(times[k] > 40, "%s: %d", names[k], times[k]);
        ck_assert_msg(weights[k] > .8 * TURNS && weights[k] < 1.2 * TURNS, "%s: %f", names[k],
                      weights[k]);
        sum += squares[k];
    }
    ck_assert_msg(sum > .95 && sum < 1.05, "%f", sum);
}
END_TEST

START_TEST(a_policy_that_does_not_explore_answers_alike_each_time)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(UNSURE("policy: {explore: false}\n"));
    make_unsure(small);
    char first[64];
    snprintf(first, sizeof first, "%s", first_rule(small, ADD("CAM-1", ONE)));
    for (int i = 0; i < 200; i++) {
        cJSON *answer = decided(small, ADD("CAM-1", ONE));
        ck_assert_str_eq(text(answer, "offers/0/rule"), first);
        ck_assert_double_eq(at(answer, "offers/0/propensity")->valuedouble, 1);
        cJSON_Delete(answer);
    }
}
END_TEST

START_TEST(the_same_random_state_gives_the_same_bytes)
{
    AUTO(small_world_free)
    struct small_world *one = small_world_new(UNSURE("")), *two = small_world_new(UNSURE(""));
    make_unsure(one);
    make_unsure(two);
    int lenses = 0;
    for (int i = 0; i < 200; i++) {
        const char *answer = small_world_decide(one, ADD("CAM-1", ONE));
        ck_assert_str_eq(answer, small_world_decide(two, ADD("CAM-1", ONE)));
        lenses += strstr(answer, "{\"rule\":\"b-lens\",\"result\":\"shown\"") != NULL;
    }
    ck_assert_msg(lenses > 0 && lenses < 200, "%d", lenses);
}
END_TEST

START_TEST(an_offers_id_carries_its_propensity_and_relevance)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("lens", "cross_sell", 5,
                        "offer: {pick: {relation: bought_together, of: trigger_item, where: "
                        "{category: lens}}}") PLAIN("a-card", 5, "CARD-256"));
    AUTO(outcomes_free) struct outcomes *outcomes = outcomes_new();
    tell(outcomes, "a-card", "CARD-256", 60, 12);
    tell(outcomes, "lens", "LENS-1", 60, 2);
    small_world_learn(small, outcomes);
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    for (int i = 0; i < 2; i++) {
        char path[64];
        struct offer_token token;
        snprintf(path, sizeof path, "offers/%d/offer_id", i);
        struct str id = str_of(text(answer, path));
        ck_assert_int_eq(offer_token_open(id, str_of(text(answer, "decision_id")),
                                          (const uint8_t *) "0123456789abcde", small->arena,
                                          &token),
                         OK);
        snprintf(path, sizeof path, "offers/%d/propensity", i);
        ck_assert_uint_eq(token.propensity_bp,
                          (uint32_t) (at(answer, path)->valuedouble * 10000 + .5));
        ck_assert_int_eq(token.relevance_bp > 0, str_is(token.rule, "lens"));
    }
    cJSON_Delete(answer);
}
END_TEST

SUITE_MAIN("serve/profit", expects_margin_less_discount_less_what_is_replaced,
           counts_a_discount_twice_for_all_when_more_buy_it_anyway_than_accept,
           does_not_show_what_earns_nothing_where_the_costs_are_known,
           expects_less_of_a_customer_who_has_seen_it_in_vain,
           without_consent_what_was_shown_in_vain_chooses_nothing,
           of_equal_priority_what_is_expected_to_earn_more_comes_first,
           all_rules_of_one_priority_compete_with_an_index_and_without,
           a_rule_may_order_its_own_offers_by_profit,
           of_two_rules_products_of_one_kind_the_better_stays,
           outcomes_decide_once_there_are_enough, the_propensities_are_how_often_each_comes_first,
           a_policy_that_does_not_explore_answers_alike_each_time,
           the_same_random_state_gives_the_same_bytes,
           an_offers_id_carries_its_propensity_and_relevance)
