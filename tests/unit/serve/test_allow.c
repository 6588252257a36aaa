/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "rules/rule.h"
#include "shop/event.h"
#include "suite.h"

static const char *only_result(struct small_world *small, const char *body, const char *rule)
{
    static char word[64];
    cJSON *answer = decided(small, body);
    (void) snprintf(word, sizeof word, "%s", result_of(answer, rule));
    ck_assert_int_eq(offers(answer), strcmp(word, "shown") == 0);
    cJSON_Delete(answer);
    return word;
}

START_TEST(never_offers_what_is_in_the_cart_or_gone)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" RULE("same", "cross_sell", 2, "offer: {pick: {skus: [CAM-1]}}")
                            RULE("gone", "cross_sell", 1, "offer: {pick: {skus: [LENS-0]}}"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(offers(answer), 0);
    ck_assert_str_eq(result_of(answer, "same"), "in_cart");
    ck_assert_str_eq(result_of(answer, "gone"), "out_of_stock");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(holds_the_floor_to_the_basis_point)
{
    /* LENS-1: price 50000, cost 30000: 40.00 % */
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" RULE(
        "lens", "cross_sell", 1, "offer: {pick: {skus: [LENS-1]}, floor: {margin: 40%}}"));
    ck_assert_str_eq(only_result(small, ADD("CAM-1", ""), "lens"), "shown");

    small_world_publish(
        small, "rules:\n" RULE("lens", "cross_sell", 1,
                               "offer: {pick: {skus: [LENS-1]}, floor: {margin: 40.01%}}"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_str_eq(result_of(answer, "lens"), "below_floor");
    ck_assert_int_eq(number(answer, "considered/0/seen"), 4000);
    ck_assert_int_eq(number(answer, "considered/0/wanted"), 4001);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(shows_nothing_with_a_floor_when_the_cost_is_unknown)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" RULE(
        "bag", "cross_sell", 1, "offer: {pick: {skus: [BAG-1]}, floor: {margin: 1%}}"));
    ck_assert_str_eq(only_result(small, ADD("CAM-1", ""), "bag"), "below_floor");
}
END_TEST

START_TEST(prices_a_bundle_and_never_sells_it_below_cost)
{
#define BUNDLE(percent)                                                                    \
    "rules:\n" RULE(                                                                       \
        "set", "bundle", 1,                                                                \
        "offer: {pick: {skus: [LENS-1]}, with: trigger_item, discount: {percent: " percent \
        ", of: bundle}}")
    AUTO(small_world_free) struct small_world *small = small_world_new(BUNDLE("10%"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));
    ck_assert_int_eq(number(answer, "offers/0/price/was"), 150000);
    ck_assert_int_eq(number(answer, "offers/0/price/now"), 135000);
    ck_assert_int_eq(number(answer, "offers/0/price/gap"), 35000);
    ck_assert_int_eq(number(answer, "offers/0/price/saving"), 15000);
    ck_assert_str_eq(text(answer, "offers/0/apply/add/0/sku"), "LENS-1");
    cJSON_Delete(answer);

    small_world_publish(small, BUNDLE("41%")); /* cost 90000 of 150000: 40 % off sells at cost */
    ck_assert_str_eq(only_result(small, ADD("CAM-1", ""), "set"), "below_floor");
}
END_TEST

START_TEST(stops_offering_free_shipping_once_it_is_reached)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("ship", "free_shipping", 1, "offer: {threshold: {cart_total: 100001}}"));
    ck_assert_str_eq(only_result(small, ADD("CAM-1", ""), "ship"), "shown");
    small_world_publish(small, "rules:\n" RULE("ship", "free_shipping", 1,
                                               "offer: {threshold: {cart_total: 100000}}"));
    ck_assert_str_eq(only_result(small, ADD("CAM-1", ""), "ship"), "threshold_reached");
}
END_TEST

/* What happened between this customer and one rule, an hour ago. */
static void remember(struct small_world *small, enum event_type type, const char *rule,
                     enum rule_kind kind, const char *group, uint64_t position)
{
    struct event event = { .event_id = STR("e"),
                           .type = type,
                           .customer_id = STR("C1"),
                           .at_us = small->wall_us - INT64_C(3600000000) };
    event.offer.rule = str_of(rule);
    event.offer.kind = (int) kind;
    event.offer.group = str_of(group);
    struct profile *next = NULL;
    ck_assert_int_eq(profile_apply(small->profile, &event, position, &next), OK);
    (void) profile_free(small->profile);
    small->profile = next;
}
#define C1 "\"customer_id\": \"C1\", "

START_TEST(counts_what_was_shown_against_the_cap)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" RULE("lens", "cross_sell", 1,
                                        "offer: {pick: {skus: [LENS-1]}}, limits: {per_customer: "
                                        "[{max: 2, per: 7d, count: shown}]}"));
    remember(small, EVENT_OFFER_SHOWN, "lens", KIND_CROSS_SELL, NULL, 1);
    ck_assert_str_eq(only_result(small, ADD("CAM-1", C1), "lens"), "shown");
    remember(small, EVENT_OFFER_SHOWN, "lens", KIND_CROSS_SELL, NULL, 2);
    ck_assert_str_eq(only_result(small, ADD("CAM-1", C1), "lens"), "cap_reached");
    small->wall_us += INT64_C(7) * 86400 * 1000000;
    ck_assert_str_eq(only_result(small, ADD("CAM-1", C1), "lens"), "shown");
}
END_TEST

START_TEST(respects_a_decline_for_everything_its_rule_says)
{
#define QUIET(scope)                                                                               \
    "groups: {grp: {max: 2}}\nrules:\n"                                                            \
    "  - {id: declined, name: n, kind: cross_sell, status: active, owner: o, trigger: "            \
    "[add_to_cart], placement: [page], "                                                           \
    "rank: {priority: 9, exclusive_group: grp}, " TEXTS                                            \
    ", offer: {pick: {skus: [LENS-2]}}, limits: {after_decline: {silence: 14d, scope: " scope      \
    "}}}\n"                                                                                        \
    "  - {id: in-group, name: n, kind: upsell, status: active, owner: o, trigger: [add_to_cart], " \
    "placement: [page], "                                                                          \
    "rank: {priority: 8, exclusive_group: grp}, " TEXTS                                            \
    ", offer: {pick: {skus: [BOAT-1]}}}\n" RULE("same-kind", "cross_sell", 7,                      \
                                                "offer: {pick: {skus: [LENS-1]}}")                 \
        RULE("other", "upsell", 6, "offer: {pick: {skus: [CAM-2]}}")
    static const struct {
        const char *rules;
        const char *results[4];
    } cases[] = {
        { QUIET("rule"), { "silent", "shown", "shown", "shown" } },
        { QUIET("group"), { "silent", "silent", "shown", "shown" } },
        { QUIET("kind"), { "silent", "shown", "silent", "shown" } },
        { QUIET("all"), { "silent", "silent", "silent", "silent" } },
    };
    static const char *const names[] = { "declined", "in-group", "same-kind", "other" };
    AUTO(small_world_free) struct small_world *small = small_world_new(cases[0].rules);
    remember(small, EVENT_OFFER_DECLINED, "declined", KIND_CROSS_SELL, "grp", 1);
    for (int i = 0; i < 4; i++) {
        small_world_publish(small, cases[i].rules);
        cJSON *answer = decided(small, ADD("CAM-1", C1));
        for (int k = 0; k < 4; k++)
            ck_assert_msg(strcmp(result_of(answer, names[k]), cases[i].results[k]) == 0,
                          "case %d: %s is %s", i, names[k], result_of(answer, names[k]));
        cJSON_Delete(answer);
    }
    small->wall_us += INT64_C(14) * 86400 * 1000000;
    cJSON *answer = decided(small, ADD("CAM-1", C1));
    ck_assert_str_eq(result_of(answer, "declined"), "shown");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(counts_all_rules_together_against_the_policy)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("policy: {per_customer: [{max: 3, per: day}]}\n"
                        "rules:\n" RULE("one", "cross_sell", 3, "offer: {pick: {skus: [LENS-1]}}")
                            RULE("two", "cross_sell", 2, "offer: {pick: {skus: [BAG-1]}}")
                                RULE("three", "cross_sell", 1, "offer: {pick: {skus: [CARD-64]}}"));
    cJSON *answer = decided(small, ADD("CAM-1", C1));
    ck_assert_int_eq(offers(answer), 3);
    cJSON_Delete(answer);

    remember(small, EVENT_OFFER_SHOWN, "one", KIND_CROSS_SELL, NULL, 1);
    remember(small, EVENT_OFFER_SHOWN, "gone-since", KIND_UPSELL, NULL, 2);
    answer = decided(small, ADD("CAM-1", C1));
    ck_assert_int_eq(offers(answer), 1);
    ck_assert_str_eq(result_of(answer, "one"), "shown");
    ck_assert_str_eq(result_of(answer, "two"), "policy_cap_reached");
    ck_assert_int_eq(number(answer, "considered/1/seen"), 3);
    ck_assert_int_eq(number(answer, "considered/1/wanted"), 3);
    ck_assert_str_eq(text(answer, "considered/1/at"), "test.yaml:5");
    cJSON_Delete(answer);

    remember(small, EVENT_OFFER_SHOWN, "three", KIND_CROSS_SELL, NULL, 3);
    answer = decided(small, ADD("CAM-1", C1));
    ck_assert_int_eq(offers(answer), 0);
    cJSON_Delete(answer);
    small->answer = PROFILE_LOST; /* what cannot be counted counts as used up */
    answer = decided(small, ADD("CAM-1", C1));
    ck_assert_int_eq(offers(answer), 0);
    ck_assert_str_eq(result_of(answer, "one"), "profile_missing");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(respects_a_decline_for_a_day_where_the_rule_says_nothing_of_it)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("plain", "cross_sell", 1, "offer: {pick: {skus: [LENS-1]}}"));
    remember(small, EVENT_OFFER_DECLINED, "plain", KIND_CROSS_SELL, NULL, 1);
    ck_assert_str_eq(only_result(small, ADD("CAM-1", C1), "plain"), "silent");
    small->wall_us += INT64_C(23) * 3600 * 1000000; /* it was declined an hour ago */
    ck_assert_str_eq(only_result(small, ADD("CAM-1", C1), "plain"), "shown");
}
END_TEST

START_TEST(shows_no_rule_with_limits_when_the_profile_cannot_be_had)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" RULE(
            "capped", "cross_sell", 2,
            "offer: {pick: {skus: [LENS-1]}}, limits: {per_customer: [{max: 2, per: 7d}]}")
                            RULE("free", "cross_sell", 1, "offer: {pick: {skus: [BAG-1]}}"));
    small->answer = PROFILE_LOST;
    cJSON *answer = decided(small, ADD("CAM-1", C1));
    ck_assert_str_eq(result_of(answer, "capped"), "profile_missing");
    ck_assert_str_eq(result_of(answer, "free"), "shown");
    ck_assert_str_eq(text(answer, "degraded/0"), "profile");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(respects_what_a_lost_profile_may_have_declined)
{
    /* "quiet" has no limits of its own; a decline of its neighbour would silence it. */
    static const char *const rules[] = { QUIET("all"), QUIET("kind"), QUIET("group"),
                                         QUIET("rule") };
    static const char *const results[][3] = {
        { "profile_missing", "profile_missing", "profile_missing" },
        { "shown", "profile_missing", "shown" },
        { "profile_missing", "shown", "shown" },
        { "shown", "shown", "shown" },
    };
    static const char *const names[] = { "in-group", "same-kind", "other" };
    AUTO(small_world_free) struct small_world *small = small_world_new(rules[0]);
    small->answer = PROFILE_LOST;
    for (int i = 0; i < 4; i++) {
        small_world_publish(small, rules[i]);
        cJSON *answer = decided(small, ADD("CAM-1", C1));
        ck_assert_str_eq(result_of(answer, "declined"), "profile_missing");
        for (int k = 0; k < 3; k++)
            ck_assert_msg(strcmp(result_of(answer, names[k]), results[i][k]) == 0,
                          "case %d: %s is %s", i, names[k], result_of(answer, names[k]));
        cJSON_Delete(answer);
    }
}
END_TEST

START_TEST(shows_no_more_in_one_answer_than_the_cap_has_left)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("card", "cross_sell", 1,
                        "offer: {pick: {skus: [CARD-64, CARD-128, CARD-256], limit: 3}}, limits: "
                        "{per_customer: [{max: 2, per: 7d, count: shown}]}"));
    cJSON *answer = decided(small, ADD("CAM-1", C1));
    ck_assert_int_eq(offers(answer), 2);
    cJSON_Delete(answer);
    remember(small, EVENT_OFFER_SHOWN, "card", KIND_CROSS_SELL, NULL, 1);
    answer = decided(small, ADD("CAM-1", C1));
    ck_assert_int_eq(offers(answer), 1);
    cJSON_Delete(answer);
    answer = decided(small, ADD("CAM-1", "")); /* nobody's cap */
    ck_assert_int_eq(offers(answer), 3);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(weighs_the_margin_of_the_largest_quantity)
{
    /* A million boats: 7 x 10^17 JPY, ten thousandfold more than an int64 holds; margin 42.85 %. */
    static const char body[] =
        "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"item\": \"BOAT-1\", \"explain\": "
        "true, "
        "\"cart\": {\"items\": [{\"sku\": \"BOAT-1\", \"quantity\": 1000000, \"unit_price\": 1}]}}";
#define STEP(margin)         \
    "rules:\n" RULE(         \
        "step", "upsell", 1, \
        "offer: {pick: {relation: upgrade_of, of: trigger_item}, floor: {margin: " margin "}}")
    AUTO(small_world_free) struct small_world *small = small_world_new(STEP("42.85%"));
    ck_assert_str_eq(only_result(small, body, "step"), "shown");
    small_world_publish(small, STEP("42.86%"));
    ck_assert_str_eq(only_result(small, body, "step"), "below_floor");
}
END_TEST

SUITE_MAIN("serve/allow", never_offers_what_is_in_the_cart_or_gone,
           holds_the_floor_to_the_basis_point, shows_nothing_with_a_floor_when_the_cost_is_unknown,
           prices_a_bundle_and_never_sells_it_below_cost,
           stops_offering_free_shipping_once_it_is_reached, counts_what_was_shown_against_the_cap,
           respects_a_decline_for_everything_its_rule_says,
           counts_all_rules_together_against_the_policy,
           respects_a_decline_for_a_day_where_the_rule_says_nothing_of_it,
           shows_no_rule_with_limits_when_the_profile_cannot_be_had,
           respects_what_a_lost_profile_may_have_declined,
           shows_no_more_in_one_answer_than_the_cap_has_left,
           weighs_the_margin_of_the_largest_quantity)
