/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "suite.h"

START_TEST(puts_the_higher_priority_first_and_keeps_to_the_limit)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n" RULE("low", "cross_sell", 1, "offer: {pick: {skus: [CARD-64]}}")
                            RULE("high", "cross_sell", 9, "offer: {pick: {skus: [LENS-1]}}")
                                RULE("middle", "cross_sell", 5, "offer: {pick: {skus: [BAG-1]}}"));

    cJSON *answer = decided(small, ADD("CAM-1", "\"limit\": 2, "));

    ck_assert_int_eq(offers(answer), 2);
    ck_assert_str_eq(text(answer, "offers/0/rule"), "high");
    ck_assert_str_eq(text(answer, "offers/1/rule"), "middle");
    ck_assert_str_eq(result_of(answer, "low"), "not_among_best");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(shows_each_product_once)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("a-first", "cross_sell", 5, "offer: {pick: {skus: [CARD-64]}}")
            RULE("b-second", "cross_sell", 5, "offer: {pick: {skus: [CARD-64, BAG-1]}}"));

    cJSON *answer = decided(small, ADD("CAM-1", ""));

    ck_assert_int_eq(offers(answer), 2);
    ck_assert_str_eq(text(answer, "offers/0/items/0/sku"), "CARD-64");
    ck_assert_str_eq(text(answer, "offers/0/rule"), "a-first");
    ck_assert_str_eq(text(answer, "offers/1/items/0/sku"), "BAG-1");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(lets_no_group_have_more_than_its_share)
{
#define GROUPED(id, priority, sku)                                                                 \
    "  - {id: " id ", name: n, kind: cross_sell, status: active, owner: o, trigger: "              \
    "[add_to_cart], placement: [page], "                                                           \
    "rank: {priority: " #priority ", exclusive_group: grp}, " TEXTS ", offer: {pick: {skus: [" sku \
    "]}}}\n"
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("groups: {grp: {max: 1}}\nrules:\n" GROUPED("one", 3, "CARD-64") GROUPED(
            "two", 2, "CARD-128") RULE("free", "cross_sell", 1, "offer: {pick: {skus: [LENS-1]}}"));

    cJSON *answer = decided(small, ADD("CAM-1", ""));

    ck_assert_int_eq(offers(answer), 2);
    ck_assert_str_eq(result_of(answer, "two"), "group_full");
    ck_assert_str_eq(result_of(answer, "free"), "shown");
    cJSON_Delete(answer);
}
END_TEST

/*
 * The products that a rule names are judged one by one: the first that would be permitted is one too many. What would
 * have to be searched for is not looked for any more.
 */
START_TEST(explains_a_rule_that_comes_when_the_answer_is_full)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" RULE("r-1", "cross_sell", 9, "offer: {pick: {skus: [LENS-1]}}")
            RULE("r-2", "cross_sell", 8, "offer: {pick: {skus: [CAM-1, BAG-1, CARD-64]}}")
                RULE("r-3", "cross_sell", 7, "offer: {pick: {skus: [LENS-0, CAM-1]}}")
                    RULE("r-4", "cross_sell", 6, "offer: {pick: {skus: [CAM-1, LENS-0]}}")
                        RULE("r-5", "cross_sell", 5,
                             "offer: {pick: {skus: [BAG-1, CARD-64]}, floor: {price: 600000}}")
                            RULE("r-6", "upsell", 4,
                                 "offer: {pick: {relation: upgrade_of, of: trigger_item, where: "
                                 "{category: nothing}}}")
                                RULE("r-7", "free_shipping", 3,
                                     "offer: {threshold: {cart_total: 100001}}")
                                    RULE("r-8", "free_shipping", 2,
                                         "offer: {threshold: {cart_total: 100000}}"));

    cJSON *answer = decided(small, ADD("CAM-1", "\"limit\": 1, "));

    ck_assert_int_eq(offers(answer), 1);
    ck_assert_str_eq(result_of(answer, "r-1"), "shown");
    ck_assert_str_eq(result_of(answer, "r-2"), "not_among_best");
    ck_assert_str_eq(result_of(answer, "r-3"), "in_cart");
    ck_assert_str_eq(text(answer, "considered/2/sku"), "CAM-1");
    ck_assert_str_eq(result_of(answer, "r-4"), "out_of_stock");
    ck_assert_str_eq(text(answer, "considered/3/sku"), "LENS-0");
    ck_assert_str_eq(result_of(answer, "r-5"), "below_floor");
    ck_assert_str_eq(text(answer, "considered/4/sku"), "CARD-64");
    ck_assert_int_eq(number(answer, "considered/4/wanted"), 600000);
    ck_assert_str_eq(result_of(answer, "r-6"), "answer_full");
    ck_assert_str_eq(result_of(answer, "r-7"), "not_among_best");
    ck_assert_str_eq(result_of(answer, "r-8"), "threshold_reached");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(explains_which_rule_and_which_product_stand_in_the_way)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "groups: {grp: {max: 1}}\nrules:\n" GROUPED("r-1", 9, "CARD-64")
            GROUPED("r-2", 8, "CARD-128")
                RULE("r-3", "cross_sell", 7, "offer: {pick: {skus: [CARD-64]}}")
                    RULE("r-4", "cross_sell", 6, "offer: {pick: {skus: [CAM-1]}}")
                        RULE("r-5", "cross_sell", 5, "offer: {pick: {skus: [LENS-0]}}")
                            RULE("r-6", "cross_sell", 4,
                                 "offer: {pick: {skus: [LENS-1]}, floor: {price: 60000}}")
                                RULE("r-7", "cross_sell", 3,
                                     "offer: {pick: {skus: [BAG-1]}, floor: {margin: 1%}}"));

    cJSON *answer = decided(small, ADD("CAM-1", ""));

    ck_assert_str_eq(result_of(answer, "r-2"), "group_full");
    ck_assert_str_eq(text(answer, "considered/1/because_of"), "r-1");
    ck_assert_int_eq(number(answer, "considered/1/seen"), 1);
    ck_assert_int_eq(number(answer, "considered/1/wanted"), 1);
    ck_assert_str_eq(result_of(answer, "r-3"), "same_product");
    ck_assert_str_eq(text(answer, "considered/2/because_of"), "r-1");
    ck_assert_str_eq(text(answer, "considered/2/sku"), "CARD-64");
    ck_assert_str_eq(text(answer, "considered/3/sku"), "CAM-1");
    ck_assert_str_eq(text(answer, "considered/4/sku"), "LENS-0");
    ck_assert_int_eq(number(answer, "considered/4/seen"), 0);
    ck_assert_int_eq(number(answer, "considered/4/wanted"), 1);
    ck_assert_str_eq(text(answer, "considered/5/key"), "price_minor");
    ck_assert_int_eq(number(answer, "considered/5/seen"), 50000);
    ck_assert_int_eq(number(answer, "considered/5/wanted"), 60000);
    ck_assert_str_eq(text(answer, "considered/6/key"), "margin_bp");
    ck_assert(cJSON_IsNull(at(answer, "considered/6/seen"))); /* its cost is not known */
    cJSON_Delete(answer);
}
END_TEST

/* Cards by what is earned on them: 2000, 2500, 3500. */
#define SCORED(id, score)                                                                 \
    "  - {id: " id ", name: n, kind: cross_sell, status: active, owner: o, trigger: "     \
    "[add_to_cart], placement: [page], rank: {priority: 1, score: \"" score "\"}, " TEXTS \
    ", offer: {pick: {skus: [CARD-64, CARD-128, CARD-256], limit: 3}}}\n"

static void ranks(const char *rule, const char *first, const char *second, const char *third)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(rule);
    cJSON *answer = decided(small, ADD("CAM-1", ""));

    ck_assert_int_eq(offers(answer), 3);
    ck_assert_str_eq(text(answer, "offers/0/items/0/sku"), first);
    ck_assert_str_eq(text(answer, "offers/1/items/0/sku"), second);
    ck_assert_str_eq(text(answer, "offers/2/items/0/sku"), third);
    cJSON_Delete(answer);
}

START_TEST(orders_the_offers_of_a_rule_by_its_formula)
{
    ranks("rules:\n" SCORED("scored", "offer.margin"), "CARD-256", "CARD-128", "CARD-64");
    ranks("rules:\n" SCORED("scored", "-offer.margin"), "CARD-64", "CARD-128", "CARD-256");
    ranks("rules:\n" SCORED("scored", "item.sku == 'CARD-128' ? 2.0 : offer.price / 6000.0"),
          "CARD-128", "CARD-256", "CARD-64");
    ranks("rules:\n" SCORED("scored", "offer.relevance"), "CARD-64", "CARD-128", "CARD-256");
}
END_TEST

START_TEST(ranks_what_no_formula_can_tell_as_0_and_counts_it)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n" SCORED("scored", "item.sku == 'CARD-256' ? propensity : -offer.price"));
    cJSON *answer = decided(small, ADD("CAM-1", ""));

    ck_assert_str_eq(text(answer, "offers/0/items/0/sku"), "CARD-256");
    ck_assert_str_eq(text(answer, "offers/1/items/0/sku"), "CARD-64");
    metric_id stopped = metric_register(small->metrics, METRIC_COUNTER,
                                        "offerd_rule_expressions_stopped_total", "", STR(""));
    ck_assert_uint_eq(metric_value(small->metrics, stopped), 1);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(evaluates_a_shadow_rule_and_does_not_show_it)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n  - {id: shadow, name: n, kind: cross_sell, status: shadow, "
                        "owner: o, trigger: [add_to_cart], placement: [page], "
                        "rank: {priority: 1}, " TEXTS ", offer: {pick: {skus: [CARD-64]}}}\n"
                        "  - {id: paused, name: n, kind: cross_sell, status: paused, owner: o, "
                        "trigger: [add_to_cart], placement: [page], "
                        "rank: {priority: 1}, " TEXTS ", offer: {pick: {skus: [CARD-64]}}}\n");

    cJSON *answer = decided(small, ADD("CAM-1", ""));

    ck_assert_int_eq(offers(answer), 0);
    ck_assert_str_eq(result_of(answer, "shadow"), "shadow");
    ck_assert_str_eq(result_of(answer, "paused"), "paused");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(leaves_out_an_offer_whose_text_would_be_half_said)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n  - {id: half, name: n, kind: upsell, status: active, owner: o, trigger: "
        "[add_to_cart], placement: [page], "
        "rank: {priority: 1}, offer: {pick: {relation: upgrade_of, of: trigger_item}}, message: "
        "{ja: {title: \"{offer.spec_gain}\", cta: c, decline: d}, en: {title: "
        "\"{offer.spec_gain}\", cta: c, decline: d}}}\n");

    cJSON *answer = decided(small, ADD("CAM-1", "")); /* cameras here have no attribute to gain */

    ck_assert_int_eq(offers(answer), 0);
    ck_assert_str_eq(result_of(answer, "half"), "text_incomplete");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(shows_a_rule_that_many_refused_ones_stand_before)
{
    /* Forty rules find nine products each and may offer none of them. */
    static char rules[40960];
    size_t n = (size_t) sprintf(rules, "rules:\n");
    for (int i = 0; i < 40; i++)
        n += (size_t) sprintf(
            rules + n,
            "  - {id: r%02d, name: n, kind: cross_sell, status: active, owner: o, "
            "trigger: [add_to_cart], placement: [page], rank: {priority: 9}, " TEXTS
            ", offer: {pick: {skus: [CAM-2, CAM-3, LENS-1, LENS-2, LENS-0, CARD-64, "
            "CARD-128, CARD-256, BAG-1]}, floor: {margin: 99%%}}}\n",
            i);
    (void) sprintf(rules + n, "%s",
                   RULE("last", "cross_sell", 1, "offer: {pick: {skus: [CARD-64]}}"));
    AUTO(small_world_free) struct small_world *small = small_world_new(rules);

    cJSON *answer = decided(small, ADD("CAM-1", ""));

    ck_assert_str_eq(result_of(answer, "last"), "shown");
    ck_assert_str_eq(result_of(answer, "r39"), "below_floor");
    cJSON_Delete(answer);
    ck_assert_ptr_nonnull(strstr(small_world_decide(small, "{\"placement\": \"page\", \"trigger\": "
                                                           "\"add_to_cart\", \"cart\": {\"items\": "
                                                           "[{\"sku\": \"CAM-1\"}]}}"),
                                 "\"rule\":\"last\""));
}
END_TEST

SUITE_MAIN("serve/rank", puts_the_higher_priority_first_and_keeps_to_the_limit,
           shows_each_product_once, lets_no_group_have_more_than_its_share,
           explains_a_rule_that_comes_when_the_answer_is_full,
           explains_which_rule_and_which_product_stand_in_the_way,
           orders_the_offers_of_a_rule_by_its_formula,
           ranks_what_no_formula_can_tell_as_0_and_counts_it,
           evaluates_a_shadow_rule_and_does_not_show_it,
           leaves_out_an_offer_whose_text_would_be_half_said,
           shows_a_rule_that_many_refused_ones_stand_before)
