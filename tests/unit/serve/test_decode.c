/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "small_world.h"
#include "suite.h"

static const char no_rules[] =
    "attributes: {storage_gb: {ja: ストレージ, en: Storage, unit: GB, better: more}}\n";

static void refuses(struct small_world *small, const char *body, const char *pointer, bool is_value)
{
    ck_assert_msg(small_world_decide(small, body) == NULL, "accepted: %s", body);
    ck_assert_int_eq(small->problem.err, ERR_INPUT);
    ck_assert_msg(str_is(small->problem.pointer, pointer), "%s: at '%.*s' instead of '%s' (%s)",
                  body, STR_ARG(small->problem.pointer), pointer, small->problem.what);
    ck_assert_msg(small->problem.is_value == is_value, "%s: %s", body, small->problem.what);
}

START_TEST(answers_a_request_that_knows_only_what_it_must)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(no_rules);
    const char *answer = small_world_decide(
        small, "{\"placement\": \"cart\", \"trigger\": \"cart_view\", \"cart\": {\"items\": []}}");
    ck_assert_ptr_nonnull(answer);
    ck_assert_ptr_nonnull(strstr(answer, "\"offers\":[]"));
    ck_assert_ptr_nonnull(strstr(answer, "\"degraded\":[]"));
    ck_assert_ptr_nonnull(strstr(answer, "\"ruleset\":\"0123456789ab\""));
}
END_TEST

START_TEST(ignores_members_it_does_not_know)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(no_rules);
    ck_assert_ptr_nonnull(small_world_decide(
        small, "{\"x\": {\"placement\": 7}, \"placement\": \"cart\", \"trigger\": \"cart_view\", "
               "\"y\": [1, [2]],"
               " \"cart\": {\"items\": [{\"sku\": \"CAM-1\", \"z\": null}], \"w\": 1}}"));
}
END_TEST

START_TEST(points_at_what_is_wrong)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(no_rules);
#define HEAD "{\"placement\": \"page\", \"trigger\": \"cart_view\", "
    refuses(small, "", "", false);
    refuses(small, "[]", "", false);
    refuses(small, "{\"trigger\": \"cart_view\", \"cart\": {}}", "/placement", true);
    refuses(small, "{\"placement\": \"page\", \"cart\": {}}", "/trigger", true);
    refuses(small, "{\"placement\": \"page\", \"trigger\": \"sneeze\", \"cart\": {}}", "/trigger",
            true);
    refuses(small, "{\"placement\": \"page\", \"trigger\": \"cart_view\"}", "/cart", true);
    refuses(small, HEAD "\"cart\": []}", "/cart", false);
    refuses(small, HEAD "\"cart\": {\"items\": {}}}", "/cart/items", false);
    refuses(small, HEAD "\"cart\": {\"items\": [{\"sku\": \"A\"}, {}]}}", "/cart/items/1", true);
    refuses(small, HEAD "\"cart\": {\"items\": [{\"sku\": 5}]}}", "/cart/items/0/sku", false);
    refuses(small, HEAD "\"cart\": {\"items\": [{\"sku\": \"A\", \"quantity\": -1}]}}",
            "/cart/items/0/quantity", true);
    refuses(small, HEAD "\"cart\": {\"items\": [{\"sku\": \"A\", \"quantity\": 1.5}]}}",
            "/cart/items/0/quantity", true);
    refuses(small, HEAD "\"cart\": {\"items\": [{\"sku\": \"A\", \"unit_price\": 1e300}]}}",
            "/cart/items/0/unit_price", true);
    refuses(small, HEAD "\"cart\": {\"currency\": \"XXQ\"}}", "/cart/currency", true);
    refuses(small, HEAD "\"cart\": {\"currency\": \"USD\"}}", "/cart/currency", true);
    refuses(small, HEAD "\"cart\": {}, \"limit\": 0}", "/limit", true);
    refuses(small, HEAD "\"cart\": {}, \"budget_ms\": 1001}", "/budget_ms", true);
    refuses(small, HEAD "\"cart\": {}, \"customer_id\": \"\"}", "/customer_id", true);
    refuses(small, HEAD "\"cart\": {}} x", "", false);
    refuses(small, HEAD "\"cart\": {}", "/cart", false);
    refuses(small, HEAD "\"cart\": {}, \"session_id\": \"\xff\"}", "", false);
}
END_TEST

START_TEST(bounds_the_lines_of_a_cart)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(no_rules);
    static char body[32768];
    size_t n = (size_t) sprintf(body, HEAD "\"cart\": {\"items\": [");
    for (int i = 0; i < 501; i++)
        n += (size_t) sprintf(body + n, "%s{\"sku\": \"S-%d\"}", i ? "," : "", i);
    (void) sprintf(body + n, "]}}");
    refuses(small, body, "/cart/items/500", true);
}
END_TEST

START_TEST(refuses_a_cart_whose_total_no_shop_has)
{
    AUTO(small_world_free) struct small_world *small = small_world_new(no_rules);
    static char body[8192];
    size_t n = (size_t) sprintf(body, HEAD "\"cart\": {\"items\": [");
    for (int i = 0; i < 20; i++) /* each 10^18: together more than an int64 holds */
        n += (size_t) sprintf(body + n,
                              "%s{\"sku\": \"S\", \"quantity\": 1000000, \"unit_price\": "
                              "1000000000000}",
                              i ? "," : "");
    (void) sprintf(body + n, "]}}");
    refuses(small, body, "/cart/items", true);
    ck_assert_ptr_nonnull(small_world_decide(small, HEAD "\"cart\": {\"items\": [{\"sku\": \"S\", "
                                                         "\"quantity\": 1000, \"unit_price\": "
                                                         "1000000000000}]}}"));
    refuses(small,
            HEAD "\"cart\": {\"items\": [{\"sku\": \"S\", \"quantity\": 1000, \"unit_price\": "
                 "1000000000000}, {\"sku\": \"S\", \"unit_price\": 1}]}}",
            "/cart/items", true);
}
END_TEST

START_TEST(takes_the_catalogue_price_where_the_storefront_gives_none)
{
    AUTO(small_world_free)
    struct small_world *small = small_world_new(
        "rules:\n"
        "  - {id: gap, name: g, kind: free_shipping, status: active, owner: o, trigger: "
        "[cart_view],\n"
        "     placement: [page], offer: {threshold: {cart_total: 150000}}, rank: {priority: 1},\n"
        "     message: {ja: {title: \"あと{threshold.gap}\", cta: c, decline: d}, en: {title: "
        "\"{threshold.gap} to go\", cta: c, decline: d}}}\n");
    const char *answer =
        small_world_decide(small, HEAD "\"locale\": \"en-GB\", \"cart\": {\"items\": [{\"sku\": "
                                       "\"CAM-1\"}, {\"sku\": \"nobody knows\"}]}}");
    ck_assert_ptr_nonnull(answer);
    ck_assert_msg(strstr(answer, "\"title\":\"¥50,000 to go\"") != NULL, "%s", answer);
}
END_TEST

SUITE_MAIN("serve/decode", answers_a_request_that_knows_only_what_it_must,
           ignores_members_it_does_not_know, points_at_what_is_wrong, bounds_the_lines_of_a_cart,
           refuses_a_cart_whose_total_no_shop_has,
           takes_the_catalogue_price_where_the_storefront_gives_none)
