/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "shop/event.h"
#include "suite.h"

START_TEST(shows_a_rule_only_for_its_trigger_and_placement)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" RULE("here", "cross_sell", 1, "offer: {pick: {skus: [BAG-1]}}"));
    cJSON *answer = decided(
        small,
        "{\"placement\": \"q\", \"trigger\": \"cart_view\", \"explain\": true, \"cart\": {}}");
    ck_assert_str_eq(result_of(answer, "here"), "(not considered)");
    cJSON_Delete(answer);
    answer = decided(
        small,
        "{\"placement\": \"page\", \"trigger\": \"checkout\", \"explain\": true, \"cart\": {}}");
    ck_assert_str_eq(result_of(answer, "here"), "(not considered)");
    cJSON_Delete(answer);
    answer = decided(
        small,
        "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"explain\": true, \"cart\": {}}");
    ck_assert_str_eq(result_of(answer, "here"), "shown");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(names_the_condition_that_failed_what_it_saw_and_where_it_stands)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("big", "cross_sell", 1,
                        "offer: {pick: {skus: [BAG-1]}}, when: {cart.total: {at_least: 200000}}"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_str_eq(result_of(answer, "big"), "condition_false");
    ck_assert_str_eq(text(answer, "considered/0/condition"), "cart.total >= 200000");
    ck_assert_str_eq(text(answer, "considered/0/seen"), "100000");
    ck_assert_str_eq(text(answer, "considered/0/at"), "test.yaml:6");
    cJSON_Delete(answer);
}
END_TEST

static void says(const cJSON *answer, int rule, const char *result, const char *seen)
{
    char path[64];
    (void) snprintf(path, sizeof path, "considered/%d/result", rule);
    ck_assert_str_eq(text(answer, path), result);
    (void) snprintf(path, sizeof path, "considered/%d/seen", rule);
    ck_assert_str_eq(text(answer, path), seen);
}

#define ASKS(id, priority, when) \
    RULE(id, "cross_sell", priority, "offer: {pick: {skus: [BAG-1]}}, when: {" when "}")
#define CART_OF(skus)                                                                       \
    "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"explain\": true, \"locale\": " \
    "\"en\", "                                                                              \
    "\"cart\": {\"currency\": \"JPY\", \"items\": [" skus "]}}"

START_TEST(tells_each_rule_that_asks_for_an_item_what_the_cart_has_instead)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" ASKS("rule-a", 9, "cart.has: {category: boat}")
                            ASKS("rule-b", 8, "cart.has: {category: [bag, card]}")
                                ASKS("rule-c", 7, "cart.has: {category: camera, subcategory: dslr}")
                                    ASKS("rule-d", 6, "cart.lacks: {category: lens}")
                                        ASKS("rule-e", 5, "cart.has: {category: [boat, lens]}")
                                            ASKS("rule-f", 4, "cart.lacks: {category: boat}"));
    cJSON *answer = decided(small, CART_OF("{\"sku\": \"CAM-1\"}, {\"sku\": \"LENS-1\"}"));
    for (int rule = 0; rule < 2; rule++)
        says(answer, rule, "condition_false",
             "0 of 2: CAM-1 (category camera), LENS-1 (category lens)");
    says(answer, 2, "condition_false",
         "0 of 2: CAM-1 (subcategory mirrorless), LENS-1 (category lens)");
    says(answer, 3, "condition_false", "1 of 2: LENS-1 (category lens)");
    says(answer, 4, "shown", "(none)");
    says(answer, 5, "same_product", "(none)");
    cJSON_Delete(answer);

    /* Of one item nobody knows what it is: it may be a boat. That there is a lens is known all the same. */
    answer =
        decided(small, CART_OF("{\"sku\": \"GONE\", \"unit_price\": 1}, {\"sku\": \"LENS-1\"}"));
    says(answer, 0, "condition_unknown", "0 of 2: GONE (category unknown)");
    says(answer, 3, "condition_false", "1 of 2: LENS-1 (category lens)");
    says(answer, 4, "shown", "(none)");
    says(answer, 5, "condition_unknown", "0 of 2: GONE (category unknown)");
    cJSON_Delete(answer);

    answer = decided(small, CART_OF(""));
    says(answer, 0, "condition_false", "0 of 0");
    says(answer, 3, "shown", "(none)");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(tells_of_an_item_that_nobody_knows_what_decides)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" ASKS("boat", 9, "cart.has: {category: boat}")
            ASKS("dear-boat", 8, "cart.has: {category: boat, unit_price: {at_least: 5}}")
                ASKS("cheap-boat", 7, "cart.has: {category: boat, unit_price: {at_most: 9}}") ASKS(
                    "no-dear-boat", 6, "cart.lacks: {category: boat, unit_price: {at_least: 5}}")
                    ASKS("named-boat", 5, "cart.has: {category: boat, sku: {starts_with: BOAT}}"));
    cJSON *answer =
        decided(small, CART_OF("{\"sku\": \"CAM-1\"}, {\"sku\": \"GONE\", \"unit_price\": 1}"));
    says(answer, 0, "condition_unknown", "0 of 2: GONE (category unknown)");
    says(answer, 1, "condition_false", "0 of 2: CAM-1 (category camera), GONE (unit_price 1)");
    says(answer, 2, "condition_unknown", "0 of 2: GONE (category unknown)");
    says(answer, 3, "shown", "(none)");
    says(answer, 4, "condition_false", "0 of 2: CAM-1 (category camera), GONE");
    cJSON_Delete(answer);

    answer = decided(small, CART_OF("{\"sku\": \"LOST\", \"unit_price\": 9}, {\"sku\": \"CAM-1\"}, "
                                    "{\"sku\": \"GONE\", \"unit_price\": 1}"));
    says(answer, 0, "condition_unknown",
         "0 of 3: LOST (category unknown), GONE (category unknown)");
    says(answer, 1, "condition_unknown", "0 of 3: LOST (category unknown)");
    says(answer, 3, "condition_unknown", "0 of 3: LOST (category unknown)");
    cJSON_Delete(answer);

    /* Behind those that are shown it changes the answer, not what is told of the others. */
    answer =
        decided(small, CART_OF("{\"sku\": \"CAM-1\"}, {\"sku\": \"CAM-2\"}, {\"sku\": \"LENS-1\"}, "
                               "{\"sku\": \"LENS-2\"}, {\"sku\": \"GONE\", \"unit_price\": 1}"));
    const char *all =
        "0 of 5: CAM-1 (category camera), CAM-2 (category camera), LENS-1 (category lens), "
        "LENS-2 (category lens), …";
    says(answer, 0, "condition_unknown", "0 of 5: GONE (category unknown)");
    says(answer, 1, "condition_false", all);
    says(answer, 2, "condition_unknown", "0 of 5: GONE (category unknown)");
    says(answer, 3, "shown", "(none)");
    says(answer, 4, "condition_false", all);
    cJSON_Delete(answer);
}
END_TEST

static void buy(struct small_world *small, const char *sku, uint32_t consent)
{
    struct order_line line = { str_of(sku), 1, 50000 };
    struct event order = { .event_id = STR("e1"),
                           .type = EVENT_ORDER_PLACED,
                           .customer_id = STR("C1"),
                           .at_us = small->wall_us - 1 };
    order.order.id = STR("O1");
    order.order.currency = STR("JPY");
    order.order.lines = &line;
    order.order.n_lines = 1;
    struct event updated = { .event_id = STR("e2"),
                             .type = EVENT_CUSTOMER_UPDATED,
                             .customer_id = STR("C1"),
                             .at_us = small->wall_us };
    updated.customer.consent_given = consent;
    struct profile *one = NULL, *two = NULL;
    ck_assert_int_eq(profile_apply(NULL, &order, 1, &one), OK);
    ck_assert_int_eq(profile_apply(one, &updated, 2, &two), OK);
    (void) profile_free(one);
    (void) profile_free(small->profile);
    small->profile = two;
}

START_TEST(knows_what_a_customer_owns_only_with_consent)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("owner", "cross_sell", 2,
                        "offer: {pick: {skus: [BAG-1]}}, audience: {owns: {category: lens}}")
            RULE("stranger", "cross_sell", 1,
                 "offer: {pick: {skus: [CARD-64]}}, audience: {not_owns: {category: lens}}"));
#define WHO ADD("CAM-1", "\"customer_id\": \"C1\", ")
    buy(small, "LENS-1", CONSENT_PERSONALIZATION);
    cJSON *answer = decided(small, WHO);
    ck_assert_str_eq(result_of(answer, "owner"), "shown");
    ck_assert_str_eq(result_of(answer, "stranger"), "condition_false");
    cJSON_Delete(answer);

    buy(small, "LENS-1", 0);
    answer = decided(small, WHO);
    ck_assert_str_eq(result_of(answer, "owner"), "condition_unknown");
    ck_assert_str_eq(result_of(answer, "stranger"), "condition_unknown");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(gives_the_same_answer_with_and_without_a_profile_that_did_not_consent)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("hello", "cross_sell", 2,
                        "offer: {pick: {relation: bought_together, of: cart, limit: 3}}"));
    struct small_world *other = small_world_new(
        "rules:\n" RULE("hello", "cross_sell", 2,
                        "offer: {pick: {relation: bought_together, of: cart, limit: 3}}"));
    buy(small, "LENS-1", CONSENT_MARKETING);
    char *with = strdup(small_world_decide(small, WHO));
    const char *without = small_world_decide(other, WHO);
    ck_assert_str_eq(with, without);
    free(with);
    (void) small_world_free(other);
}
END_TEST

START_TEST(offers_nothing_while_rules_and_catalogue_count_in_different_money)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("card", "cross_sell", 1, "offer: {pick: {skus: [CARD-64]}}"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(offers(answer), 1);
    cJSON_Delete(answer);
    small_world_publish(small, "currency: USD\nrules:\n" RULE("card", "cross_sell", 1,
                                                              "offer: {pick: {skus: [CARD-64]}}"));
    answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(offers(answer), 0);
    cJSON_Delete(answer);
}
END_TEST

/* ── a long list ── */

/* @n rules that want a boat, but rule @camera, which wants a camera, and rule 10, which is paused. */
static struct small_world *many_rules(int n, int camera)
{
    struct out rules;
    out_init(&rules, NULL, 1 << 16);
    out_text(&rules, STR("rules:\n"));
    for (int i = 0; i < n; i++)
        out_printf(&rules,
                   "  - {id: rule-%03d, name: n, kind: cross_sell, status: %s, owner: o, trigger: "
                   "[cart_view], placement: [page], rank: {priority: %d}, " TEXTS
                   ", offer: {pick: {skus: [BAG-1]}}, when: {cart.has: {category: %s}}}\n",
                   i, i == 10 ? "paused" : "active", 99 - i / 10, i == camera ? "camera" : "boat");
    out_char(&rules, '\0');
    struct small_world *small = small_world_new(rules.at);
    out_deinit(&rules);
    return small;
}

START_TEST(tells_of_a_long_list_the_first_those_that_match_and_how_many_there_are_more)
{
    AUTO(small_world_free) struct small_world *small = many_rules(300, 250);
    cJSON *answer = decided(small, CART_OF("{\"sku\": \"CAM-1\"}"));
    const cJSON *told = at(answer, "considered"), *last = cJSON_GetArrayItem(told, 201);

    ck_assert_int_eq(offers(answer), 1);
    ck_assert_int_eq(cJSON_GetArraySize(told), 202);
    ck_assert_str_eq(text(told, "10/result"), "paused");
    for (int rule = 0; rule < 200; rule++) {
        char id[16];
        (void) snprintf(id, sizeof id, "rule-%03d", rule);
        ck_assert_str_eq(text(cJSON_GetArrayItem(told, rule), "rule"), id);
        if (rule != 10)
            says(answer, rule, "condition_false", "0 of 1: CAM-1 (category camera)");
    }
    ck_assert_str_eq(text(told, "200/rule"), "rule-250");
    ck_assert_str_eq(text(told, "200/result"), "shown");
    ck_assert_str_eq(text(last, "result"), "more");
    ck_assert_int_eq(number(last, "rules"), 99);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(tells_all_of_a_list_that_is_not_too_long)
{
    AUTO(small_world_free) struct small_world *small = many_rules(200, 3);
    cJSON *answer = decided(small, CART_OF("{\"sku\": \"CAM-1\"}"));

    ck_assert_int_eq(cJSON_GetArraySize(at(answer, "considered")), 200);
    ck_assert_str_eq(text(answer, "considered/3/result"), "shown");
    ck_assert_str_eq(text(answer, "considered/199/rule"), "rule-199");
    ck_assert_str_eq(text(answer, "considered/199/result"), "condition_false");
    cJSON_Delete(answer);
}
END_TEST

/* Rules that ask for one of a few categories, total or nothing, in an order that the answer depends on. */
static struct small_world *mixed_rules(int n, uint32_t *state)
{
    static const char *const skus[] = { "BAG-1", "CARD-64", "LENS-1", "LENS-2", "BOAT-1" };
    static const char *const asks[] = { "cart.has: {category: boat}",
                                        "cart.has: {category: camera}",
                                        "cart.lacks: {category: lens}",
                                        "cart.total: {at_least: 150000}",
                                        "cart.has: {category: card, unit_price: {at_least: 1}}" };
    struct out rules;
    out_init(&rules, NULL, 1 << 16);
    out_text(&rules, STR("rules:\n"));
    for (int i = 0; i < n; i++) {
        *state = *state * 1664525 + 1013904223;
        uint32_t dice = *state >> 8;
        out_printf(
            &rules,
            "  - {id: rule-%03d, name: n, kind: cross_sell, status: active, owner: o, trigger: "
            "[cart_view], placement: [page], rank: {priority: %u}, " TEXTS
            ", offer: {pick: {skus: [%s]}}, when: {%s}}\n",
            i, dice % 60, skus[dice / 64 % 5], asks[dice / 512 % 100 < 96 ? 0 : dice / 4096 % 5]);
    }
    out_char(&rules, '\0');
    struct small_world *small = small_world_new(rules.at);
    out_deinit(&rules);
    return small;
}

static void same_offers(const cJSON *plain, const cJSON *explained)
{
    int n_told = cJSON_GetArraySize(at(explained, "considered")), shown = 0;
    ck_assert_int_eq(offers(plain), offers(explained));
    for (int i = 0; i < offers(plain); i++) {
        char rule[32], sku[48];
        (void) snprintf(rule, sizeof rule, "offers/%d/rule", i);
        (void) snprintf(sku, sizeof sku, "offers/%d/items/0/sku", i);
        ck_assert_str_eq(text(plain, rule), text(explained, rule));
        ck_assert_str_eq(text(plain, sku), text(explained, sku));
        ck_assert_str_eq(result_of(explained, text(plain, rule)), "shown");
    }
    const cJSON *entry;
    cJSON_ArrayForEach(entry, at(explained, "considered")) shown +=
        strcmp(text(entry, "result"), "shown") == 0;
    ck_assert_int_eq(shown, offers(plain));
    ck_assert_msg(n_told <= 260, "%d told", n_told);
}

START_TEST(a_receipt_of_a_long_list_changes_no_offer_and_counts_every_rule)
{
    static const char *const carts[] = {
        "", "{\"sku\": \"CAM-1\"}", "{\"sku\": \"CAM-1\"}, {\"sku\": \"LENS-1\"}",
        "{\"sku\": \"GONE\", \"unit_price\": 1}, {\"sku\": \"CAM-2\"}", "{\"sku\": \"BOAT-1\"}"
    };
    uint32_t state = 7;
    for (int round = 0; round < 12; round++) {
        int n = 64 + round * 40;
        AUTO(small_world_free) struct small_world *small = mixed_rules(n, &state);
        for (size_t i = 0; i < sizeof carts / sizeof *carts; i++) {
            char body[512];
            cJSON *answers[2];
            for (int explain = 0; explain < 2; explain++) {
                (void) snprintf(
                    body, sizeof body,
                    "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"explain\": %s, "
                    "\"cart\": {\"currency\": \"JPY\", \"items\": [%s]}}",
                    explain ? "true" : "false", carts[i]);
                answers[explain] = decided(small, body);
            }
            same_offers(answers[0], answers[1]);
            const cJSON *told = at(answers[1], "considered");
            int n_told = cJSON_GetArraySize(told);
            const cJSON *last = cJSON_GetArrayItem(told, n_told - 1);
            bool more = strcmp(text(last, "result"), "more") == 0;
            ck_assert_int_eq(more ? n_told - 1 + number(last, "rules") : n_told, n);
            cJSON_Delete(answers[0]);
            cJSON_Delete(answers[1]);
        }
    }
}
END_TEST

SUITE_MAIN("serve/match",
           tells_of_a_long_list_the_first_those_that_match_and_how_many_there_are_more,
           tells_all_of_a_list_that_is_not_too_long,
           a_receipt_of_a_long_list_changes_no_offer_and_counts_every_rule,
           shows_a_rule_only_for_its_trigger_and_placement,
           names_the_condition_that_failed_what_it_saw_and_where_it_stands,
           tells_each_rule_that_asks_for_an_item_what_the_cart_has_instead,
           tells_of_an_item_that_nobody_knows_what_decides,
           knows_what_a_customer_owns_only_with_consent,
           gives_the_same_answer_with_and_without_a_profile_that_did_not_consent,
           offers_nothing_while_rules_and_catalogue_count_in_different_money)
