/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "model/copurchase.h"
#include "model/model.h"
#include "model/model_parts.h"
#include "model/trained.h"
#include "shop/catalog.h"
#include "suite.h"

enum {
    PRODUCTS = 45,
    LINES = 6
}; /* so few that a row holds all that were ever bought with a product */

static const int64_t BEGIN_US = INT64_C(1700000000000000);

struct shop {
    struct catalog *catalog;
    struct copurchase *counts;
    uint64_t state, position;
};

static uint32_t draw(struct shop *shop, uint32_t n)
{
    shop->state = shop->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (shop->state >> 33) % n;
}

/* Products P0 to P44; orders also hold P45 and P46, which the catalogue does not know. */
static struct shop shop_new(void)
{
    struct shop shop = { .state = 11, .counts = copurchase_new() };
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        char sku[16];
        (void) snprintf(sku, sizeof sku, "P%u", i);
        struct product product = { .sku = str_of(sku),
                                   .price_minor = 100,
                                   .cost_minor = COST_UNKNOWN,
                                   .stock = STOCK_UNKNOWN };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    ck_assert_int_eq(catalog_builder_seal(builder, &shop.catalog), OK);
    return shop;
}

static void shop_deinit(struct shop *shop)
{
    (void) copurchase_free(shop->counts);
    (void) catalog_unref(shop->catalog);
}

/* All within one step of recency, so that time alone changes nothing. */
static void buy(struct shop *shop, uint32_t n_orders)
{
    for (uint32_t i = 0; i < n_orders; i++) {
        char texts[LINES][8];
        struct str skus[LINES];
        uint32_t n = 1 + draw(shop, LINES), some = draw(shop, PRODUCTS + 2);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t sku = (some + draw(shop, 12)) % (PRODUCTS + 2);
            (void) snprintf(texts[k], sizeof texts[k], "P%u", draw(shop, 9) ? sku : some);
            skus[k] = str_of(texts[k]);
        }
        ck_assert_int_eq(copurchase_add(shop->counts, ++shop->position, BEGIN_US, skus, n), OK);
    }
}

/* Three weeks ago, and one just now: the latest order tells what is recent. */
static void buy_before(struct shop *shop)
{
    static const int64_t THEN_US = INT64_C(1700000000000000) - INT64_C(21) * 86400 * 1000000;
    for (uint32_t i = 0; i < 3000; i++) {
        char a[8], b[8];
        (void) snprintf(a, sizeof a, "P%u", draw(shop, PRODUCTS));
        (void) snprintf(b, sizeof b, "P%u", draw(shop, PRODUCTS));
        const struct str skus[] = { str_of(a), str_of(b) };
        ck_assert_int_eq(copurchase_add(shop->counts, ++shop->position, THEN_US, skus, 2), OK);
    }
    buy(shop, 1);
}

static struct model *whole(const struct shop *shop, struct trained *trained)
{
    struct model *model = NULL;
    ck_assert_int_eq(model_new(shop->catalog, shop->counts, trained, &model), OK);
    return model;
}

/* @old is let go. */
static struct model *with_news(struct shop *shop, struct model *old)
{
    struct model *model = NULL;
    ck_assert_int_eq(model_with_news(old, shop->catalog, shop->counts, &model), OK);
    ck_assert_ptr_nonnull(model);
    copurchase_news_taken(shop->counts);
    (void) model_unref(old);
    return model;
}

static const struct companion *find(const struct row *row, uint32_t product)
{
    for (uint32_t i = 0; i < row->n + row->n_against; i++)
        if (row->at[i].product == product)
            return &row->at[i];
    return NULL;
}

static void same_figures(const struct model *a, const struct model *b)
{
    ck_assert_uint_eq(model_total_orders(a), model_total_orders(b));
    ck_assert_uint_eq(model_position(a), model_position(b));
    ck_assert_mem_eq(a->orders, b->orders, PRODUCTS * sizeof *a->orders);
    ck_assert_mem_eq(a->best_sellers, b->best_sellers, PRODUCTS * sizeof *a->best_sellers);
}

/* The same companions with the same counts; @exact: also with the same scores, and so in the same places. */
static void same_rows(const struct model *a, const struct model *b, bool exact)
{
    for (uint32_t x = 0; x < PRODUCTS; x++) {
        const struct row *of_a = &a->rows[x], *of_b = &b->rows[x];
        ck_assert_uint_eq(of_a->n, of_b->n);
        ck_assert_uint_eq(of_a->n_against, of_b->n_against);
        for (uint32_t i = 0; i < of_a->n + of_a->n_against; i++) {
            const struct companion *one = &of_a->at[i], *other = find(of_b, one->product);
            ck_assert_ptr_nonnull(other);
            if (i < of_a->n)
                ck_assert_uint_eq(one->orders, other->orders);
            ck_assert(!exact || (one->score == other->score && other == &of_b->at[i]));
        }
    }
    ck_assert_uint_eq(a->n_surges, b->n_surges);
    for (uint32_t i = 0; i < a->n_surges; i++)
        ck_assert(a->surges[i].from == b->surges[i].from && a->surges[i].to == b->surges[i].to &&
                  (!exact || a->surges[i].share == b->surges[i].share));
}

START_TEST(counts_are_those_of_a_model_made_of_all_and_so_are_scores_of_what_was_bought)
{
    struct shop shop = shop_new();
    buy_before(&shop);
    struct model *model = whole(&shop, NULL);
    copurchase_news_taken(shop.counts);
    for (int turn = 0; turn < 40; turn++) {
        uint32_t before[PRODUCTS];
        memcpy(before, model->orders, sizeof before);
        buy(&shop, 1 + draw(&shop, 12));
        model = with_news(&shop, model);
        AUTO(model_unref) struct model *all = whole(&shop, NULL);
        same_figures(model, all);
        same_rows(model, all, false);
        for (uint32_t x = 0; x < PRODUCTS; x++)
            for (uint32_t i = 0; model->orders[x] != before[x] && i < all->rows[x].n; i++) {
                ck_assert_uint_eq(model->rows[x].at[i].product, all->rows[x].at[i].product);
                ck_assert(model->rows[x].at[i].score == all->rows[x].at[i].score);
            }
    }
    (void) model_unref(model);
    shop_deinit(&shop);
}
END_TEST

/* Lists of ten for each of the products, of which a few speak against. */
static struct trained *trained_of(struct shop *shop, struct out *file)
{
    enum { EDGES = 10 };
    static char texts[PRODUCTS][8];
    static struct str skus[PRODUCTS];
    static float popularity[PRODUCTS];
    static uint64_t first[PRODUCTS + 1];
    static struct trained_edge edges[PRODUCTS * EDGES];
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        (void) snprintf(texts[i], sizeof texts[i], "P%u", PRODUCTS - 1 - i);
        skus[i] = str_of(texts[i]);
        first[i + 1] = (i + 1) * EDGES;
        for (uint32_t k = 0; k < EDGES; k++)
            edges[i * EDGES + k] = (struct trained_edge){
                .sku = (i + 1 + k * 4) % PRODUCTS,
                .weight = (float) (EDGES - k) / 20 * (draw(shop, 5) ? 1 : -1),
            };
    }
    const struct trained_parts parts = {
        .facts = { .form = TRAINED_LISTS, .n_skus = PRODUCTS, .top = EDGES },
        .skus = skus,
        .popularity = popularity,
        .first = first,
        .edges = edges,
    };
    struct trained *trained = NULL;
    out_init(file, NULL, 0);
    ck_assert_int_eq(trained_write(&parts, file), OK);
    ck_assert_int_eq(trained_open(out_str(file), NULL, NULL, &trained, NULL), OK);
    return trained;
}

START_TEST(with_what_was_trained_it_is_to_the_bit_the_model_made_of_all)
{
    struct shop shop = shop_new();
    struct out file;
    AUTO(trained_unref) struct trained *trained = trained_of(&shop, &file);
    buy_before(&shop);
    struct model *model = whole(&shop, trained);
    copurchase_news_taken(shop.counts);
    uint32_t most_surges = 0, most_against = 0;
    for (int turn = 0; turn < 60; turn++) {
        buy(&shop, 1 + draw(&shop, 12));
        model = with_news(&shop, model);
        AUTO(model_unref) struct model *all = whole(&shop, trained);
        same_figures(model, all);
        same_rows(model, all, true);
        most_surges = all->n_surges > most_surges ? all->n_surges : most_surges;
        for (uint32_t x = 0; x < PRODUCTS; x++)
            most_against += all->rows[x].n_against;
    }
    ck_assert_uint_gt(most_surges, 20);
    ck_assert_uint_gt(most_against, 100);
    (void) model_unref(model);
    out_deinit(&file);
    shop_deinit(&shop);
}
END_TEST

START_TEST(the_one_before_stays_as_it_was_and_rows_without_news_are_shared)
{
    struct shop shop = shop_new();
    buy_before(&shop);
    AUTO(model_unref) struct model *old = whole(&shop, NULL);
    AUTO(model_unref) struct model *same = whole(&shop, NULL), *next = NULL;
    copurchase_news_taken(shop.counts);
    const struct str skus[] = { STR("P3"), STR("P5") };
    ck_assert_int_eq(copurchase_add(shop.counts, ++shop.position, BEGIN_US, skus, 2), OK);
    ck_assert_int_eq(model_with_news(old, shop.catalog, shop.counts, &next), OK);
    ck_assert_ptr_nonnull(next);
    same_figures(old, same);
    same_rows(old, same, true);
    for (uint32_t x = 0; x < PRODUCTS; x++)
        ck_assert((next->rows[x].at == old->rows[x].at) == (x != 3 && x != 5));
    old = model_unref(old);
    ck_assert_uint_eq(find(&next->rows[3], 5)->orders,
                      copurchase_pair(shop.counts, STR("P3"), STR("P5")));
    shop_deinit(&shop);
}
END_TEST

static bool refused(const struct shop *shop, const struct model *old)
{
    struct model *model = (struct model *) old;
    ck_assert_int_eq(model_with_news(old, shop->catalog, shop->counts, &model), OK);
    return model == NULL;
}

START_TEST(what_is_not_the_models_own_news_is_refused)
{
    struct shop shop = shop_new();
    AUTO(model_unref) struct model *empty = whole(&shop, NULL);
    buy_before(&shop);
    ck_assert(refused(&shop, empty)); /* its best sellers are by reviews */
    AUTO(model_unref) struct model *model = whole(&shop, NULL);
    ck_assert(refused(&shop, model)); /* it knows them already */
    copurchase_news_taken(shop.counts);
    buy(&shop, 3);
    copurchase_news_taken(shop.counts);
    buy(&shop, 3);
    ck_assert(refused(&shop, model)); /* three orders are missing */

    AUTO(model_unref) struct model *later = whole(&shop, NULL);
    copurchase_news_taken(shop.counts);
    buy(&shop, COPURCHASE_NEWS_SKUS);
    ck_assert(refused(&shop, later)); /* more than is kept */
    shop_deinit(&shop);
}
END_TEST

START_TEST(after_so_many_times_it_is_made_of_all_again)
{
    struct shop shop = shop_new();
    buy_before(&shop);
    struct model *model = whole(&shop, NULL);
    copurchase_news_taken(shop.counts);
    for (int i = 1; i < MODEL_BLOCKS; i++) {
        buy(&shop, 1);
        model = with_news(&shop, model);
    }
    buy(&shop, 1);
    ck_assert(refused(&shop, model));
    (void) model_unref(model);
    shop_deinit(&shop);
}
END_TEST

SUITE_MAIN("model/model_news",
           counts_are_those_of_a_model_made_of_all_and_so_are_scores_of_what_was_bought,
           with_what_was_trained_it_is_to_the_bit_the_model_made_of_all,
           the_one_before_stays_as_it_was_and_rows_without_news_are_shared,
           what_is_not_the_models_own_news_is_refused, after_so_many_times_it_is_made_of_all_again)
