/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include <math.h>
#include <stdio.h>

#include "model/copurchase.h"
#include "shop/catalog.h"
#include "suite.h"

static struct catalog *catalog_of(uint32_t n)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    for (uint32_t i = 0; i < n; i++) {
        char sku[16];
        (void) snprintf(sku, sizeof sku, "P%u", i);
        struct product product = { .sku = str_of(sku),
                                   .price_minor = 100,
                                   .cost_minor = COST_UNKNOWN,
                                   .stock = STOCK_UNKNOWN,
                                   .reviews = i % 7 };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    struct catalog *catalog = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

static void add(struct copurchase *counts, uint64_t position, uint32_t n, const char *const *skus)
{
    struct str list[8];
    for (uint32_t i = 0; i < n; i++)
        list[i] = str_of(skus[i]);
    ck_assert_int_eq(copurchase_add(counts, position, 0, list, n), OK);
}

static struct model *model_of(const struct catalog *catalog, const struct copurchase *counts)
{
    struct model *model = NULL;
    ck_assert_int_eq(model_new(catalog, counts, NULL, &model), OK);
    return model;
}

START_TEST(what_was_never_bought_has_no_companions)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(3);
    AUTO(model_unref) struct model *model = model_of(catalog, NULL);

    uint32_t n = 9;
    (void) model_companions(model, 2, &n);
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(model_orders(model, 2), 0);
    ck_assert_uint_eq(model_total_orders(model), 0);
}
END_TEST

START_TEST(without_orders_reviews_make_the_best_seller)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(10);
    AUTO(model_unref) struct model *model = model_of(catalog, NULL);

    uint32_t n = 0;
    const uint32_t *best = model_best_sellers(model, &n);
    ck_assert_uint_eq(n, 10);
    ck_assert_uint_eq(best[0], 6);
    ck_assert_uint_eq(best[1], 5);
    ck_assert_uint_eq(best[9], 7); /* reviews 0: P0, then P7 */
}
END_TEST

START_TEST(the_score_is_cosine_with_shrinkage)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(4);
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    for (uint64_t i = 1; i <= 9; i++)
        add(counts, i, 2, (const char *[]){ "P0", "P1" });
    for (uint64_t i = 10; i <= 16; i++)
        add(counts, i, 1, (const char *[]){ "P1" });
    AUTO(model_unref) struct model *model = model_of(catalog, counts);

    uint32_t n = 0;
    const struct companion *best = model_companions(model, 0, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(best->product, 1);
    ck_assert_uint_eq(best->orders, 9);
    ck_assert_double_eq_tol(best->score, 9.0 / (sqrt(9.0 * 16.0) + 10.0), 1e-6);
    ck_assert_uint_eq(model_orders(model, 1), 16);
    ck_assert_uint_eq(model_total_orders(model), 16);
    ck_assert_uint_eq(model_position(model), 16);
}
END_TEST

START_TEST(best_companion_first_and_ties_by_product_number)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(5);
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 1, 3, (const char *[]){ "P0", "P4", "P2" });
    add(counts, 2, 3, (const char *[]){ "P0", "P3", "P1" });
    add(counts, 3, 2, (const char *[]){ "P0", "P3" });
    AUTO(model_unref) struct model *model = model_of(catalog, counts);

    uint32_t n = 0;
    const struct companion *best = model_companions(model, 0, &n);
    ck_assert_uint_eq(n, 4);
    const uint32_t expected[] = { 3, 1, 2, 4 };
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_eq(best[i].product, expected[i]);
}
END_TEST

START_TEST(what_the_catalogue_does_not_know_is_left_out)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(2);
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 1, 3, (const char *[]){ "GONE", "P1", "P0" });
    add(counts, 2, 2, (const char *[]){ "GONE", "P1" });
    AUTO(model_unref) struct model *model = model_of(catalog, counts);

    uint32_t n = 0;
    const struct companion *best = model_companions(model, 1, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(best->product, 0);
}
END_TEST

START_TEST(most_ordered_first_and_all_products_are_listed)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(4);
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    add(counts, 1, 2, (const char *[]){ "P3", "P2" });
    add(counts, 2, 1, (const char *[]){ "P3" });
    AUTO(model_unref) struct model *model = model_of(catalog, counts);

    uint32_t n = 0;
    const uint32_t *best = model_best_sellers(model, &n);
    const uint32_t expected[] = { 3, 2, 0, 1 };
    ck_assert_uint_eq(n, 4);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_eq(best[i], expected[i]);
}
END_TEST

/* Against the plain way: score all companions of one product, sort, take the first. */
START_TEST(keeps_the_best_fifty_of_many_companions)
{
    enum { PRODUCTS = 200, ORDERS = 4000 };
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(PRODUCTS);
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    uint64_t state = 3;
    for (uint32_t i = 1; i <= ORDERS; i++) {
        char texts[6][8];
        const char *skus[6];
        for (int k = 0; k < 6; k++) {
            state = state * UINT64_C(6364136223846793005) + 1;
            uint32_t number = (uint32_t) (state >> 40) % PRODUCTS;
            (void) snprintf(texts[k], sizeof texts[k], "P%u", number * number / PRODUCTS % 1000);
            skus[k] = texts[k];
        }
        add(counts, i, 6, skus);
    }
    AUTO(model_unref) struct model *model = model_of(catalog, counts);

    for (uint32_t product = 0; product < PRODUCTS; product++) {
        uint32_t n = 0, better = 0, n_all = 0;
        const struct companion *best = model_companions(model, product, &n);
        struct str sku = catalog_product(catalog, product)->sku;
        for (uint32_t i = 1; i < n; i++)
            ck_assert(best[i - 1].score > best[i].score || (best[i - 1].score == best[i].score &&
                                                            best[i - 1].product < best[i].product));
        for (uint32_t other = 0; other < PRODUCTS; other++) {
            uint32_t both = copurchase_pair(counts, sku, catalog_product(catalog, other)->sku);
            n_all += both > 0;
            double norm = sqrt((double) model_orders(model, product) * model_orders(model, other));
            float score = (float) (both / (norm + 10));
            better += both > 0 && n == MODEL_TOP &&
                      (score > best[n - 1].score ||
                       (score == best[n - 1].score && other < best[n - 1].product));
        }
        ck_assert_uint_eq(n, n_all < MODEL_TOP ? n_all : MODEL_TOP);
        if (n == MODEL_TOP)
            ck_assert_uint_eq(better, MODEL_TOP - 1);
    }
}
END_TEST

SUITE_MAIN("model/model", what_was_never_bought_has_no_companions,
           without_orders_reviews_make_the_best_seller, the_score_is_cosine_with_shrinkage,
           best_companion_first_and_ties_by_product_number,
           what_the_catalogue_does_not_know_is_left_out,
           most_ordered_first_and_all_products_are_listed, keeps_the_best_fifty_of_many_companions)
