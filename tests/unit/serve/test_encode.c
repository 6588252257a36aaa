/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"
#include "rules/rule.h"
#include "shop/offer_token.h"
#include "suite.h"

static const uint8_t key[OFFER_TOKEN_KEY_BYTES] = "0123456789abcde";

START_TEST(packs_the_offer_into_its_id)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" RULE(
        "step", "upsell", 9, "offer: {pick: {relation: upgrade_of, of: trigger_item}}"));
    cJSON *answer = decided(
        small, "{\"placement\": \"page\", \"trigger\": \"add_to_cart\", \"customer_id\": \"C1\", "
               "\"session_id\": \"S1\", \"item\": \"CAM-1\", \"cart\": {\"items\": "
               "[{\"sku\": \"CAM-1\", \"quantity\": 2}]}}");
    struct offer_token token;
    ck_assert_int_eq(offer_token_open(str_of(text(answer, "offers/0/offer_id")),
                                      str_of(text(answer, "decision_id")), key, small->arena,
                                      &token),
                     OK);
    ck_assert(str_is(token.rule, "step"));
    ck_assert(str_is(token.customer_id, "C1"));
    ck_assert(str_is(token.session_id, "S1"));
    ck_assert(str_is(token.replaces, "CAM-1"));
    ck_assert_int_eq(token.replaces_quantity, 2);
    ck_assert_int_eq(token.kind, KIND_UPSELL);
    ck_assert_uint_eq(token.n_items, 1);
    ck_assert(str_is(token.items[0].sku, "CAM-2"));
    ck_assert_int_eq(token.items[0].quantity, 2);
    ck_assert_int_eq(number(answer, "offers/0/price/gap"), 60000);
    cJSON_Delete(answer);
}
END_TEST

START_TEST(speaks_the_language_that_was_asked_for)
{
    AUTO(small_world_free)
    struct small_world *small =
        small_world_new("rules:\n  - {id: talk, name: n, kind: cross_sell, status: active, owner: "
                        "o, trigger: [cart_view], placement: [page], "
                        "rank: {priority: 1}, offer: {pick: {skus: [BAG-1]}}, message: "
                        "{ja: {title: \"{customer.first_name ?? お客様}へ: {offer.name} {price}\", "
                        "cta: 見る, decline: 閉じる}, "
                        "en: {title: \"{offer.name} for {price}\", body: \"say \\\"no\\\"\", cta: "
                        "View, decline: Close}}}\n");
    cJSON *answer = decided(small, "{\"placement\": \"page\", \"trigger\": \"cart_view\", "
                                   "\"locale\": \"ja-JP\", \"cart\": {}}");
    ck_assert_str_eq(text(answer, "offers/0/message/title"), "お客様へ: Bag \"One\" 8,000円");
    ck_assert(cJSON_IsNull(at(answer, "offers/0/message/body")));
    cJSON_Delete(answer);
    answer = decided(
        small,
        "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"locale\": \"en\", \"cart\": {}}");
    ck_assert_str_eq(text(answer, "offers/0/message/title"), "Bag \"One\" for ¥8,000");
    ck_assert_str_eq(text(answer, "offers/0/message/body"), "say \"no\"");
    ck_assert_str_eq(text(answer, "offers/0/message/decline"), "Close");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(changes_the_cart_as_it_is_when_the_item_was_only_looked_at)
{
#define LOOKED_AT(id, kind, offer)                                                  \
    "  - {id: " id ", name: n, kind: " kind ", status: active, owner: o, trigger: " \
    "[product_view], placement: [page], rank: {priority: 1}, " TEXTS ", offer: {" offer "}}\n"
    AUTO(small_world_free)
    struct small_world *small = small_world_new("rules:\n" LOOKED_AT(
        "set", "bundle",
        "pick: {skus: [LENS-1]}, with: trigger_item, discount: {percent: 10%, of: bundle}"));
    static const char viewed[] = "{\"placement\": \"page\", \"trigger\": \"product_view\", "
                                 "\"item\": \"CAM-1\", \"cart\": {}}";
    static const char in_cart[] =
        "{\"placement\": \"page\", \"trigger\": \"product_view\", \"item\": "
        "\"CAM-1\", \"cart\": {\"items\": [{\"sku\": \"CAM-1\"}]}}";
    cJSON *answer = decided(small, viewed);
    ck_assert_int_eq(cJSON_GetArraySize(at(answer, "offers/0/apply/add")), 2);
    ck_assert_str_eq(text(answer, "offers/0/apply/add/1/sku"), "CAM-1");
    cJSON_Delete(answer);
    answer = decided(small, in_cart);
    ck_assert_int_eq(cJSON_GetArraySize(at(answer, "offers/0/apply/add")), 1);
    cJSON_Delete(answer);

    small_world_publish(small, "rules:\n" LOOKED_AT("up-1", "upsell", "pick: {skus: [CAM-2]}"));
    answer = decided(small, viewed);
    ck_assert_str_eq(text(answer, "offers/0/replaces/sku"), "CAM-1");
    ck_assert_int_eq(cJSON_GetArraySize(at(answer, "offers/0/apply/remove")), 0);
    cJSON_Delete(answer);
    answer = decided(small, in_cart);
    ck_assert_str_eq(text(answer, "offers/0/apply/remove/0/sku"), "CAM-1");
    cJSON_Delete(answer);
}
END_TEST

START_TEST(says_that_stock_is_low_only_when_it_is)
{
#define SCARCE(sku)                                                                        \
    "rules:\n  - {id: few, name: n, kind: cross_sell, status: active, owner: o, trigger: " \
    "[cart_view], placement: [page], "                                                     \
    "rank: {priority: 1}, offer: {pick: {skus: [" sku                                      \
    "]}}, message: {ja: {title: t, cta: c, decline: d}, "                                  \
    "en: {title: t, cta: c, decline: d}, reasons: [stock_low]}}\n"
    static const char body[] =
        "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"locale\": \"en\", \"cart\": {}}";
    AUTO(small_world_free)
    struct small_world *small = small_world_new(SCARCE("LENS-1")); /* 3 left */
    cJSON *answer = decided(small, body);
    ck_assert_int_eq(number(answer, "offers/0/scarcity/left"), 3);
    ck_assert_str_eq(text(answer, "offers/0/reasons/0/text"), "Only 3 left");
    cJSON_Delete(answer);
    answer = decided(small, "{\"placement\": \"page\", \"trigger\": \"cart_view\", \"locale\": "
                            "\"ja\", \"cart\": {}}");
    ck_assert_str_eq(text(answer, "offers/0/reasons/0/text"), "残りわずかです(あと3)");
    cJSON_Delete(answer);

    small_world_publish(small, SCARCE("BAG-1")); /* 9 left */
    answer = decided(small, body);
    ck_assert(cJSON_IsNull(at(answer, "offers/0/scarcity")));
    ck_assert_int_eq(cJSON_GetArraySize(at(answer, "offers/0/reasons")), 0);
    cJSON_Delete(answer);

    small_world_publish(small, SCARCE("CARD-64")); /* the shop does not say */
    answer = decided(small, body);
    ck_assert(cJSON_IsNull(at(answer, "offers/0/scarcity")));
    cJSON_Delete(answer);
}
END_TEST

START_TEST(says_no_discount_that_the_price_does_not_show)
{
#define CUT(discount, base)                                                              \
    "rules:\n  - {id: set, name: n, kind: bundle, status: active, owner: o, trigger: "   \
    "[add_to_cart], placement: [page], rank: {priority: 1}, offer: {pick: {skus: [" base \
    "]}, with: trigger_item, discount: {" discount                                       \
    "}}, message: {ja: {title: x, cta: c, decline: "                                     \
    "d}, en: {title: \"{offer.discount} off\", cta: c, decline: d}}}\n"
    static const struct {
        const char *rules, *title;
    } cases[] = {
        { CUT("percent: 12.5%, of: bundle", "LENS-1"), "12.5% off" },
        { CUT("percent: 12.5%, of: bundle, max: 1000", "LENS-1"), "¥1,000 off" },
        { CUT("percent: 1%, of: bundle, max: 1501", "LENS-1"), "1% off" },
        { CUT("amount: 900, of: bundle", "LENS-1"), "¥900 off" },
        { CUT("amount: 9000, of: offered", "BAG-1"), "¥8,000 off" }, /* costs 8000 */
    };
    AUTO(small_world_free) struct small_world *small = small_world_new(cases[0].rules);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        small_world_publish(small, cases[i].rules);
        cJSON *answer = decided(small, ADD("CAM-1", ""));
        ck_assert_str_eq(text(answer, "offers/0/message/title"), cases[i].title);
        cJSON_Delete(answer);
    }
    /* One yen's one percent is nothing: no offer says so. */
    small_world_publish(small, CUT("percent: 0.01%, of: trigger_item", "LENS-1"));
    cJSON *answer = decided(
        small,
        "{\"placement\": \"page\", \"trigger\": \"add_to_cart\", \"explain\": true, \"locale\": "
        "\"en\", \"cart\": {\"items\": [{\"sku\": \"NOBODY\", \"unit_price\": 1}]}}");
    ck_assert_str_eq(result_of(answer, "set"), "text_incomplete");
    cJSON_Delete(answer);
}
END_TEST

SUITE_MAIN("serve/encode", packs_the_offer_into_its_id, speaks_the_language_that_was_asked_for,
           changes_the_cart_as_it_is_when_the_item_was_only_looked_at,
           says_that_stock_is_low_only_when_it_is, says_no_discount_that_the_price_does_not_show)
