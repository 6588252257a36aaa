/* SPDX-License-Identifier: Apache-2.0 */
#include "model/moves.h"

#include <stdio.h>
#include <string.h>

#include "shop/catalog.h"
#include "suite.h"

static struct catalog *stock(void)
{
    static const struct {
        const char *sku, *kind;
    } shelf[] = { { "A", "tubes" }, { "B", "tubes" }, { "C", "tubes" }, { "X", "bikes" } };
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("USD"));
    for (int i = 0; i < 4; i++) {
        struct product product = { .sku = str_of(shelf[i].sku),
                                   .category = STR("all"),
                                   .subcategory = str_of(shelf[i].kind),
                                   .price_minor = 100 + i };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    struct catalog *catalog = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

/* @skus: one letter each. */
static void order(struct moves *moves, int64_t at_us, const char *customer, const char *skus)
{
    struct str list[16];
    uint32_t n = 0;
    for (; skus[n]; n++)
        list[n] = (struct str){ skus + n, 1 };
    ck_assert_int_eq(moves_add(moves, moves_position(moves) + 1, at_us, str_of(customer), list, n),
                     OK);
}

/* Customers @first up to @end each order @skus at @at_us. */
static void orders(struct moves *moves, int64_t at_us, int first, int end, const char *skus)
{
    for (int i = first; i < end; i++) {
        char id[12];
        (void) snprintf(id, sizeof id, "c%d", i);
        order(moves, at_us, id, skus);
    }
}

static uint32_t sealed(const struct moves *moves, const char *from, const char *to)
{
    AUTO(catalog_unref) struct catalog *catalog = stock();
    AUTO(moved_unref) struct moved *moved = NULL;
    ck_assert_int_eq(moved_new(moves, catalog, &moved), OK);
    return moved_customers(moved, catalog_find(catalog, str_of(from)),
                           catalog_find(catalog, str_of(to)));
}

START_TEST(counts_customers_who_bought_one_and_later_the_other)
{
    AUTO(moves_free) struct moves *moves = moves_new(1000);
    orders(moves, 10, 0, 6, "A");
    orders(moves, 20, 0, 6, "BX");
    orders(moves, 30, 0, 6, "AB"); /* again: no other move */

    ck_assert_uint_eq(sealed(moves, "A", "B"), 6);
    ck_assert_uint_eq(sealed(moves, "B", "A"), 0);
    ck_assert_uint_eq(sealed(moves, "A", "X"), 0); /* of another kind */
}
END_TEST

START_TEST(an_order_that_held_both_or_a_guest_is_no_move)
{
    AUTO(moves_free) struct moves *moves = moves_new(1000);
    AUTO(catalog_unref) struct catalog *catalog = stock();
    AUTO(moved_unref) struct moved *moved = NULL;
    orders(moves, 10, 0, 8, "AB");
    ck_assert_int_eq(moved_new(moves, catalog, &moved), OK);
    ck_assert_uint_eq(moved_together(moved, 0, 1), 8);
    ck_assert_uint_eq(moved_together(moved, 1, 0), 8);
    ck_assert_uint_eq(moved_together(moved, 0, 2), 0);
    for (int i = 0; i < 8; i++) {
        order(moves, 20, "", "A");
        order(moves, 30, "", "C");
    }

    ck_assert_uint_eq(sealed(moves, "A", "B"), 0);
    ck_assert_uint_eq(sealed(moves, "A", "C"), 0);
}
END_TEST

START_TEST(the_times_of_the_orders_count_not_the_order_of_the_log)
{
    AUTO(moves_free) struct moves *moves = moves_new(1000);
    orders(moves, 20, 0, 7, "C");
    orders(moves, 10, 0, 7, "B");

    ck_assert_uint_eq(sealed(moves, "B", "C"), 7);
    ck_assert_uint_eq(sealed(moves, "C", "B"), 0);
}
END_TEST

START_TEST(what_fewer_than_five_did_is_told_to_nobody)
{
    AUTO(moves_free) struct moves *moves = moves_new(1000);
    orders(moves, 10, 0, 5, "A");
    orders(moves, 20, 0, 4, "B");
    orders(moves, 20, 0, 5, "C");

    ck_assert_uint_eq(sealed(moves, "A", "B"), 0);
    ck_assert_uint_eq(sealed(moves, "A", "C"), 5);
}
END_TEST

START_TEST(a_repeated_position_is_one_order)
{
    AUTO(moves_free) struct moves *moves = moves_new(1000);
    struct str sku = STR("A");
    ck_assert_int_eq(moves_add(moves, 7, 10, STR("c"), &sku, 1), OK);
    ck_assert_int_eq(moves_add(moves, 7, 10, STR("c"), &sku, 1), OK);
    ck_assert_int_eq(moves_add(moves, 3, 10, STR("c"), &sku, 1), OK);

    ck_assert_uint_eq(moves_orders(moves), 1);
    ck_assert_uint_eq(moves_position(moves), 7);
}
END_TEST

START_TEST(between_two_marks_it_says_the_same)
{
    AUTO(moves_free) struct moves *moves = moves_new(10000);
    orders(moves, 10, 0, 500, "A");
    orders(moves, 20, 0, 500, "B");
    ck_assert_uint_eq(moves_mark(moves), 992); /* of 1,000: six binary digits of it */
    ck_assert_uint_eq(sealed(moves, "A", "B"), 492);
    orders(moves, 30, 0, 7, "C");
    ck_assert_uint_eq(sealed(moves, "A", "C"), 0);
    orders(moves, 30, 7, 24, "C");
    ck_assert_uint_eq(moves_mark(moves), 1024);
    ck_assert_uint_eq(sealed(moves, "A", "C"), 24);
    ck_assert_uint_eq(sealed(moves, "A", "B"), 500);
}
END_TEST

START_TEST(a_dealer_is_a_customer_with_64_products_and_no_more)
{
    AUTO(moves_free) struct moves *moves = moves_new(10000);
    for (int c = 0; c < 6; c++)
        for (int i = 0; i < 100; i++) {
            char customer[8], sku[8];
            (void) snprintf(customer, sizeof customer, "d%d", c);
            (void) snprintf(sku, sizeof sku, i == 70 ? "B" : i == 0 ? "A" : "other%d", i);
            struct str text = str_of(sku);
            ck_assert_int_eq(
                moves_add(moves, moves_position(moves) + 1, i, str_of(customer), &text, 1), OK);
        }
    ck_assert_uint_eq(sealed(moves, "A", "B"), 0);
}
END_TEST

START_TEST(past_its_bound_the_older_half_is_forgotten)
{
    AUTO(moves_free) struct moves *moves = moves_new(400);
    orders(moves, 10, 0, 10, "A");
    orders(moves, 20, 0, 10, "B");
    orders(moves, 30, 1000, 1500, "C"); /* others */
    ck_assert_uint_eq(sealed(moves, "A", "B"), 0);
    orders(moves, 40, 1490, 1500, "B");
    orders(moves, 50, 2000, 2032, "X"); /* up to the next mark */
    ck_assert_uint_eq(sealed(moves, "C", "B"), 10);
    ck_assert_uint_eq(moves_orders(moves), 562);
}
END_TEST

/* @n of them, who each buy one of 1,000 products, once. The most that it took meanwhile. */
static size_t most_bytes(struct moves *moves, uint32_t n)
{
    size_t most = 0;
    for (uint32_t i = 0; i < n; i++) {
        char customer[40], sku[8];
        (void) snprintf(customer, sizeof customer, "0190f3c2-6c1e-7cc0-98c4-%012u", i);
        (void) snprintf(sku, sizeof sku, "s%u", i % 1000);
        struct str text = str_of(sku);
        ck_assert_int_eq(moves_add(moves, i + 1, 10, str_of(customer), &text, 1), OK);
        if (i % 1024 == 0 && moves_bytes(moves) > most)
            most = moves_bytes(moves);
    }
    return most;
}

START_TEST(customers_come_by_without_end_and_its_memory_stays_under_its_bound)
{
    AUTO(moves_free) struct moves *moves = moves_new(MOVES_MAX_PURCHASES / 128);
    ck_assert_uint_le(most_bytes(moves, 250000), MOVES_MOST_BYTES / 128);
}
END_TEST

START_TEST(what_a_dealer_buys_beyond_64_products_takes_no_memory)
{
    AUTO(moves_free) struct moves *moves = moves_new(10000);
    size_t before = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        char sku[16];
        (void) snprintf(sku, sizeof sku, "sku-%u", i);
        struct str text = str_of(sku);
        ck_assert_int_eq(moves_add(moves, i + 1, i, STR("dealer"), &text, 1), OK);
        if (i == 100)
            before = moves_bytes(moves);
    }
    ck_assert_uint_eq(moves_bytes(moves), before);
}
END_TEST

SUITE_MAIN("model/moves", counts_customers_who_bought_one_and_later_the_other,
           an_order_that_held_both_or_a_guest_is_no_move,
           the_times_of_the_orders_count_not_the_order_of_the_log,
           what_fewer_than_five_did_is_told_to_nobody, a_repeated_position_is_one_order,
           between_two_marks_it_says_the_same, a_dealer_is_a_customer_with_64_products_and_no_more,
           past_its_bound_the_older_half_is_forgotten,
           customers_come_by_without_end_and_its_memory_stays_under_its_bound,
           what_a_dealer_buys_beyond_64_products_takes_no_memory)
