/* SPDX-License-Identifier: Apache-2.0 */
#include "model/baskets.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

static uint32_t add(struct baskets_builder *builder, int64_t at_us, const char *customer,
                    const char *skus)
{
    struct str list[64];
    uint32_t n = 0, order = 0;
    for (const char *p = skus; *p;) {
        size_t len = strcspn(p, " ");
        list[n++] = (struct str){ p, len };
        p += len + (p[len] == ' ');
    }
    ck_assert_int_eq(baskets_builder_add(builder, at_us, str_of(customer), list, n, &order), OK);
    return order;
}

static struct baskets *sealed(struct baskets_builder *builder)
{
    struct baskets *baskets = NULL;
    ck_assert_int_eq(baskets_builder_seal(builder, &baskets), OK);
    return baskets;
}

/* "A C": what order @o holds, by name. */
static const char *held(const struct baskets *baskets, uint32_t o)
{
    static char text[256];
    text[0] = '\0';
    for (uint64_t i = baskets->first[o]; i < baskets->first[o + 1]; i++) {
        struct str sku = baskets->skus[baskets->items[i]];
        size_t len = strlen(text);
        (void) snprintf(text + len, sizeof text - len, "%s%.*s", len ? " " : "", STR_ARG(sku));
    }
    return text;
}

START_TEST(keeps_orders_and_their_skus_in_the_order_of_first_mention)
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    ck_assert_uint_eq(add(builder, 20, "eve", "B A B C A"), 0);
    ck_assert_uint_eq(add(builder, 10, "bob", "C B"), 1);
    AUTO(baskets_free) struct baskets *baskets = sealed(builder);

    ck_assert_uint_eq(baskets->n_orders, 2);
    ck_assert_uint_eq(baskets->n_skus, 3);
    ck_assert_str_eq(held(baskets, 0), "B A C");
    ck_assert_str_eq(held(baskets, 1), "C B");
    ck_assert_int_eq(baskets->at_us[0], 20);
    ck_assert_int_eq(baskets->at_us[1], 10);
}
END_TEST

START_TEST(numbers_customers_and_knows_guests)
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    (void) add(builder, 1, "eve", "A");
    (void) add(builder, 2, "", "A");
    (void) add(builder, 3, NULL, "A");
    (void) add(builder, 4, "bob", "A");
    (void) add(builder, 5, "eve", "A");
    AUTO(baskets_free) struct baskets *baskets = sealed(builder);

    ck_assert_uint_eq(baskets->n_customers, 2);
    ck_assert_uint_eq(baskets->customers[0], baskets->customers[4]);
    ck_assert_uint_ne(baskets->customers[0], baskets->customers[3]);
    ck_assert_uint_eq(baskets->customers[1], BASKETS_NONE);
    ck_assert_uint_eq(baskets->customers[2], BASKETS_NONE);
}
END_TEST

START_TEST(finds_a_sku_by_its_text)
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    (void) add(builder, 1, "", "A B");
    AUTO(baskets_free) struct baskets *baskets = sealed(builder);

    ck_assert_uint_eq(baskets_find(baskets, STR("B")), 1);
    ck_assert_uint_eq(baskets_find(baskets, STR("b")), BASKETS_NONE);
}
END_TEST

START_TEST(seals_nothing_at_all_and_orders_without_skus)
{
    AUTO(baskets_builder_free) struct baskets_builder *none = baskets_builder_new();
    AUTO(baskets_free) struct baskets *empty = sealed(none);
    ck_assert_uint_eq(empty->n_orders, 0);
    ck_assert_uint_eq(empty->first[0], 0);
    ck_assert_uint_eq(baskets_find(empty, STR("A")), BASKETS_NONE);

    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    (void) add(builder, 1, "", "");
    (void) add(builder, 1, "", "A");
    AUTO(baskets_free) struct baskets *baskets = sealed(builder);
    ck_assert_str_eq(held(baskets, 0), "");
    ck_assert_str_eq(held(baskets, 1), "A");
}
END_TEST

START_TEST(holds_more_than_its_first_room)
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    for (int i = 0; i < 5000; i++) {
        char skus[40], customer[16];
        (void) snprintf(skus, sizeof skus, "S%d S%d S%d", i, i + 1, i);
        (void) snprintf(customer, sizeof customer, "C%d", i / 2);
        ck_assert_uint_eq(add(builder, i, customer, skus), (uint32_t) i);
    }
    AUTO(baskets_free) struct baskets *baskets = sealed(builder);

    ck_assert_uint_eq(baskets->n_skus, 5001);
    ck_assert_uint_eq(baskets->n_customers, 2500);
    ck_assert_uint_eq(baskets->first[5000], 10000);
    ck_assert_str_eq(held(baskets, 4999), "S4999 S5000");
    ck_assert_uint_eq(baskets->customers[4999], 2499);
    ck_assert_uint_eq(baskets_find(baskets, STR("S4321")), 4321);
}
END_TEST

SUITE_MAIN("model/baskets", keeps_orders_and_their_skus_in_the_order_of_first_mention,
           numbers_customers_and_knows_guests, finds_a_sku_by_its_text,
           seals_nothing_at_all_and_orders_without_skus, holds_more_than_its_first_room)
