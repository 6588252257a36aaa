/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/facts.h"

#include "small_shop.h"

static struct value load(struct small_shop *shop, uint32_t slot)
{
    return shop->facts.scope.load(&shop->facts.scope, slot);
}

static bool element(struct small_shop *shop, enum fact list, uint32_t index, int64_t *ret_weight)
{
    struct value value = load(shop, list);
    ck_assert_int_eq(value.kind, VALUE_LIST);
    return shop->facts.scope.element(&shop->facts.scope, value.list, index, ret_weight);
}

static void go_to(struct small_shop *shop, enum fact list, uint32_t index)
{
    int64_t weight;
    ck_assert(element(shop, list, index, &weight));
}

static void is_text(struct small_shop *shop, uint32_t slot, const char *text)
{
    struct value value = load(shop, slot);
    ck_assert_int_eq(value.kind, VALUE_STRING);
    ck_assert_msg(str_is(value.string, text), "%.*s", STR_ARG(value.string));
}

static void is_int(struct small_shop *shop, uint32_t slot, int64_t expected)
{
    struct value value = load(shop, slot);
    ck_assert_int_eq(value.kind, VALUE_INT);
    ck_assert_int_eq(value.integer, expected);
}

static void is_bool(struct small_shop *shop, uint32_t slot, bool expected)
{
    struct value value = load(shop, slot);
    ck_assert_int_eq(value.kind, VALUE_BOOL);
    ck_assert_int_eq(value.boolean, expected);
}

static void is_double(struct small_shop *shop, uint32_t slot, double expected)
{
    struct value value = load(shop, slot);
    ck_assert_int_eq(value.kind, VALUE_DOUBLE);
    ck_assert_double_eq(value.real, expected);
}

static void is_unknown(struct small_shop *shop, uint32_t slot)
{
    ck_assert_msg(load(shop, slot).kind == VALUE_UNKNOWN, "%s is known", fact_name(slot));
}

static bool has_word(struct small_shop *shop, enum fact slot, const char *word)
{
    struct value value = load(shop, slot);
    ck_assert_int_eq(value.kind, VALUE_LIST);
    return shop->facts.scope.has_word(&shop->facts.scope, value.list, str_of(word));
}

START_TEST(the_cart_is_known_from_the_request)
{
    SMALL_SHOP shop = small_shop_new();
    is_int(shop, FACT_CART_TOTAL, 204100);
    is_int(shop, FACT_CART_QUANTITY, 4);
    is_text(shop, FACT_CONTEXT_CHANNEL, "web");
    is_unknown(shop, FACT_CONTEXT_COUNTRY);
    is_unknown(shop, FACT_CONTEXT_LANGUAGE);
    is_unknown(shop, FACT_SESSION_DEVICE);
    ck_assert_int_eq(load(shop, FACT_NOW).kind, VALUE_TIMESTAMP);
    ck_assert_int_eq(load(shop, FACT_NOW).integer, SHOP_NOW);

    shop->facts.country = STR("JP");
    is_text(shop, FACT_CONTEXT_COUNTRY, "JP");
}
END_TEST

START_TEST(the_orders_total_is_known_only_when_told)
{
    SMALL_SHOP shop = small_shop_new();
    is_unknown(shop, FACT_ORDER_TOTAL);
    shop->facts.order_total_minor = 0;
    is_int(shop, FACT_ORDER_TOTAL, 0);
}
END_TEST

START_TEST(the_carts_items_are_its_lines_weighed_by_quantity)
{
    SMALL_SHOP shop = small_shop_new();
    int64_t weight;

    ck_assert(element(shop, FACT_CART_ITEMS, 1, &weight));
    ck_assert_int_eq(weight, 2);
    is_text(shop, FACT_ITEM_SKU, "CARD-64");
    is_int(shop, FACT_ITEM_QUANTITY, 2);
    is_int(shop, FACT_ITEM_UNIT_PRICE, 2800);
    is_int(shop, FACT_ITEM_LIST_PRICE, 3000);
    ck_assert(!element(shop, FACT_CART_ITEMS, 3, &weight));
}
END_TEST

START_TEST(an_item_of_the_catalogue_tells_all_its_facts)
{
    SMALL_SHOP shop = small_shop_new();
    go_to(shop, FACT_CART_ITEMS, 0);
    is_text(shop, FACT_ITEM_CATEGORY, "camera");
    is_text(shop, FACT_ITEM_SUBCATEGORY, "mirrorless");
    is_text(shop, FACT_ITEM_BRAND, "Kagemi");
    is_text(shop, FACT_ITEM_MODEL, "A7");
    is_bool(shop, FACT_ITEM_IN_STOCK, true);
    is_int(shop, FACT_ITEM_STOCK, 3);
    is_double(shop, FACT_ITEM_RATING, 4.5);
    is_int(shop, FACT_ITEM_MARGIN, 2424); /* of the cart's price: (198000 - 150000) / 198000 */
    is_unknown(shop, FACT_ITEM_AGE_DAYS);
    is_unknown(shop, FACT_ITEM_BOUGHT_AT);
    ck_assert(has_word(shop, FACT_ITEM_TAG, "popular"));
    ck_assert(!has_word(shop, FACT_ITEM_TAG, "pop"));
}
END_TEST

START_TEST(a_sku_that_the_catalogue_does_not_know_is_known_by_its_cart_line_only)
{
    SMALL_SHOP shop = small_shop_new();
    go_to(shop, FACT_CART_ITEMS, 2);
    is_text(shop, FACT_ITEM_SKU, "GONE-1");
    is_int(shop, FACT_ITEM_UNIT_PRICE, 500);
    is_int(shop, FACT_ITEM_QUANTITY, 1);
    for (enum fact fact = FACT_ITEM_CATEGORY; fact <= FACT_ITEM_BOUGHT_AT; fact++)
        if (fact != FACT_ITEM_UNIT_PRICE && fact != FACT_ITEM_QUANTITY)
            is_unknown(shop, fact);
    is_unknown(shop, FACT_ATTR_FIRST);
    is_unknown(shop, FACT_ATTR_TEXT_FIRST);
}
END_TEST

START_TEST(what_the_catalogue_leaves_open_is_unknown_and_open_stock_counts_as_in_stock)
{
    SMALL_SHOP shop = small_shop_new();
    facts_candidate(&shop->facts,
                    catalog_product(shop->catalog, catalog_find(shop->catalog, STR("BAG-1"))));
    is_unknown(shop, FACT_ITEM_CATEGORY);
    is_unknown(shop, FACT_ITEM_BRAND);
    is_unknown(shop, FACT_ITEM_STOCK);
    is_unknown(shop, FACT_ITEM_RATING);
    is_unknown(shop, FACT_ITEM_MARGIN); /* of a price of nothing */
    is_bool(shop, FACT_ITEM_IN_STOCK, true);
    ck_assert(!has_word(shop, FACT_ITEM_TAG, "popular"));
}
END_TEST

START_TEST(attributes_are_numbers_or_text_and_text_when_asked_for)
{
    SMALL_SHOP shop = small_shop_new();
    facts_candidate(&shop->facts,
                    catalog_product(shop->catalog, catalog_find(shop->catalog, STR("CAM-A7"))));
    is_double(shop, FACT_ATTR_FIRST + 0, 24.2);
    is_text(shop, FACT_ATTR_TEXT_FIRST + 0, "24.2");
    is_text(shop, FACT_ATTR_FIRST + 1, "HX");
    is_unknown(shop, FACT_ATTR_FIRST + 2);
    is_unknown(shop, FACT_ATTR_TEXT_FIRST + 2);
    facts_candidate(&shop->facts,
                    catalog_product(shop->catalog, catalog_find(shop->catalog, STR("LENS-50"))));
    is_double(shop, FACT_ATTR_FIRST + 1, 100);
    is_text(shop, FACT_ATTR_TEXT_FIRST + 1, "100");
}
END_TEST

START_TEST(a_candidate_costs_its_catalogue_price_and_has_no_quantity)
{
    SMALL_SHOP shop = small_shop_new();
    go_to(shop, FACT_CART_ITEMS, 1);
    facts_candidate(&shop->facts,
                    catalog_product(shop->catalog, catalog_find(shop->catalog, STR("LENS-50"))));
    is_int(shop, FACT_ITEM_UNIT_PRICE, 89800);
    is_unknown(shop, FACT_ITEM_QUANTITY);
    is_unknown(shop, FACT_ITEM_MARGIN);
    is_bool(shop, FACT_ITEM_IN_STOCK, false);
}
END_TEST

START_TEST(the_trigger_item_is_a_list_of_one_or_unknown)
{
    SMALL_SHOP shop = small_shop_new();
    int64_t weight;

    is_unknown(shop, FACT_TRIGGER_ITEMS);
    shop->facts.trigger_line = &shop->lines[1];
    shop->facts.trigger = catalog_product(shop->catalog, shop->lines[1].product);
    go_to(shop, FACT_TRIGGER_ITEMS, 0);
    is_text(shop, FACT_ITEM_SKU, "CARD-64");
    is_int(shop, FACT_ITEM_UNIT_PRICE, 2800);
    ck_assert(!element(shop, FACT_TRIGGER_ITEMS, 1, &weight));

    shop->facts.trigger_line = NULL; /* looked at, not in the cart */
    go_to(shop, FACT_TRIGGER_ITEMS, 0);
    is_int(shop, FACT_ITEM_UNIT_PRICE, 3000);
    is_unknown(shop, FACT_ITEM_QUANTITY);

    shop->facts.trigger_line = &shop->lines[2]; /* not in the catalogue */
    shop->facts.trigger = NULL;
    go_to(shop, FACT_TRIGGER_ITEMS, 0);
    is_text(shop, FACT_ITEM_SKU, "GONE-1");
    is_unknown(shop, FACT_ITEM_CATEGORY);
}
END_TEST

START_TEST(what_is_owned_comes_from_the_person)
{
    SMALL_SHOP shop = small_shop_new();
    int64_t weight;

    ck_assert(element(shop, FACT_OWNED_ITEMS, 1, &weight));
    ck_assert_int_eq(weight, 2);
    is_text(shop, FACT_ITEM_SKU, "LENS-50");
    is_text(shop, FACT_ITEM_CATEGORY, "lens");
    is_int(shop, FACT_ITEM_UNIT_PRICE, 89800);
    is_int(shop, FACT_ITEM_AGE_DAYS, 10);
    ck_assert_int_eq(load(shop, FACT_ITEM_BOUGHT_AT).integer, SHOP_NOW - 10 * SHOP_DAY);
    ck_assert(!element(shop, FACT_OWNED_ITEMS, 2, &weight));

    go_to(shop, FACT_CART_ITEMS, 0); /* a cart line has no age */
    is_unknown(shop, FACT_ITEM_AGE_DAYS);
}
END_TEST

/* Of another catalogue, of no catalogue, and right: each is left right. */
START_TEST(a_wrong_hint_of_what_is_owned_is_not_believed)
{
    SMALL_SHOP shop = small_shop_new();
    uint32_t camera = catalog_find(shop->facts.catalog, STR("CAM-A7"));
    uint32_t card = catalog_find(shop->facts.catalog, STR("CARD-64"));
    struct owned owned[] = { { STR("CAM-A7"), 1, SHOP_NOW }, { STR("GONE-1"), 1, SHOP_NOW } };
    const uint32_t wrong[] = { UINT32_MAX, card, camera, 1000000 };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint32_t hints[] = { wrong[i], wrong[i] };
        struct profile person = { .owned = owned, .n_owned = 2, .owned_hints = hints };
        shop->facts.person = &person;
        shop->facts.resolved = NULL;
        ck_assert_uint_eq(facts_owned_products(&shop->facts)[0], camera);
        ck_assert_uint_eq(facts_owned_products(&shop->facts)[1], PRODUCT_NONE);
        ck_assert_uint_eq(hints[0], camera);
        ck_assert_uint_eq(hints[1], PRODUCT_NONE);
    }
}
END_TEST

START_TEST(owned_products_are_looked_up_again_for_another_person)
{
    SMALL_SHOP shop = small_shop_new();
    struct owned one = { STR("CAM-A7"), 1, SHOP_NOW };
    struct profile other = { .owned = &one, .n_owned = 1 };

    go_to(shop, FACT_OWNED_ITEMS, 0);
    shop->facts.person = &other;
    go_to(shop, FACT_OWNED_ITEMS, 0);
    is_text(shop, FACT_ITEM_CATEGORY, "camera");
}
END_TEST

START_TEST(the_person_is_known_with_consent)
{
    SMALL_SHOP shop = small_shop_new();
    is_int(shop, FACT_CUSTOMER_ORDERS, 2);
    is_int(shop, FACT_CUSTOMER_SPEND, 90000);
    is_bool(shop, FACT_CUSTOMER_NEW, false);
    is_int(shop, FACT_CUSTOMER_TENURE_DAYS, 400);
    ck_assert_int_eq(load(shop, FACT_CUSTOMER_LAST_ORDER_AT).integer, SHOP_NOW - 10 * SHOP_DAY);
    ck_assert(has_word(shop, FACT_CUSTOMER_CONSENT, "personalization"));
    ck_assert(!has_word(shop, FACT_CUSTOMER_CONSENT, "marketing"));
    ck_assert(!has_word(shop, FACT_CUSTOMER_CONSENT, "nonsense"));
}
END_TEST

START_TEST(a_customer_who_never_ordered_is_new_and_has_no_last_order)
{
    SMALL_SHOP shop = small_shop_new();
    shop->profile.orders = 0;
    shop->profile.last_order_us = 0;
    is_bool(shop, FACT_CUSTOMER_NEW, true);
    is_unknown(shop, FACT_CUSTOMER_LAST_ORDER_AT);
}
END_TEST

START_TEST(without_consent_nothing_of_the_person_is_known)
{
    SMALL_SHOP shop = small_shop_new();
    shop->facts.person = NULL; /* the memory is still there, for caps */
    is_unknown(shop, FACT_OWNED_ITEMS);
    for (enum fact fact = FACT_CUSTOMER_ORDERS; fact <= FACT_CUSTOMER_CONSENT; fact++)
        is_unknown(shop, fact);
}
END_TEST

START_TEST(every_fact_is_found_by_its_name_and_has_a_type)
{
    enum fact fact;
    for (uint32_t slot = 0; slot < FACTS; slot++) {
        ck_assert(fact_of(str_of(fact_name(slot)), &fact));
        ck_assert_uint_eq(fact, slot);
        ck_assert_int_le(fact_type(slot), TYPE_LIST);
    }
    ck_assert(!fact_of(STR("cart"), &fact));
    ck_assert(!fact_of(STR(""), &fact));
    ck_assert_int_eq(fact_type(FACT_CART_TOTAL), TYPE_MONEY);
    ck_assert_int_eq(fact_type(FACT_ATTR_FIRST + 3), TYPE_ATTR);
    ck_assert_int_eq(fact_type(FACT_ATTR_TEXT_FIRST + 3), TYPE_STRING);
}
END_TEST

SUITE_MAIN("rules/facts", the_cart_is_known_from_the_request,
           the_orders_total_is_known_only_when_told,
           the_carts_items_are_its_lines_weighed_by_quantity,
           an_item_of_the_catalogue_tells_all_its_facts,
           a_sku_that_the_catalogue_does_not_know_is_known_by_its_cart_line_only,
           what_the_catalogue_leaves_open_is_unknown_and_open_stock_counts_as_in_stock,
           attributes_are_numbers_or_text_and_text_when_asked_for,
           a_candidate_costs_its_catalogue_price_and_has_no_quantity,
           the_trigger_item_is_a_list_of_one_or_unknown, what_is_owned_comes_from_the_person,
           a_wrong_hint_of_what_is_owned_is_not_believed,
           owned_products_are_looked_up_again_for_another_person, the_person_is_known_with_consent,
           a_customer_who_never_ordered_is_new_and_has_no_last_order,
           without_consent_nothing_of_the_person_is_known,
           every_fact_is_found_by_its_name_and_has_a_type)
