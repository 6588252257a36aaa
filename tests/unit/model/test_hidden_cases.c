/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/hidden_cases.h"

#include <math.h>
#include <stdlib.h>

#include "model/completion.h"
#include "model/model.h"
#include "model/train/gram.h"
#include "model/train/weights.h"
#include "shop/catalog.h"
#include "shop_orders.h"
#include "suite.h"

static const float history[] = { 0, .5F };

/* The first @n_known orders are known, the others asked. */
static struct hidden_cases *cases_of(const struct baskets *baskets, uint32_t n_known, uint32_t most)
{
    static uint32_t orders[5000];
    struct hidden_cases *cases = NULL;
    for (uint32_t i = 0; i < baskets->n_orders; i++)
        orders[i] = i;
    const struct hidden_wishes wishes = { .baskets = baskets,
                                          .known = orders,
                                          .asked = orders + n_known,
                                          .n_known = n_known,
                                          .n_asked = baskets->n_orders - n_known,
                                          .most = most };
    ck_assert_int_eq(hidden_cases_new(&wishes, &cases), OK);
    return cases;
}

START_TEST(best_sellers_rank_by_how_many_known_orders_hold_them)
{
    struct baskets_builder *builder = baskets_builder_new();
    shop_order(builder, 1, "", "A B C D");
    shop_order(builder, 2, "", "A B C");
    shop_order(builder, 3, "", "A B");
    shop_order(builder, 4, "", "C D"); /* asked; A and B sell better than either */
    struct baskets *baskets = shop_baskets(builder);
    AUTO(hidden_cases_free) struct hidden_cases *cases = cases_of(baskets, 3, 1);
    uint32_t rank = 0;
    ck_assert_uint_eq(hidden_cases_count(cases), 1);
    ck_assert_int_eq(hidden_cases_rank(cases, NULL, history, 1, &shop_alone, &rank), OK);
    ck_assert_uint_eq(rank, 3); /* the cart's own is left out */
    baskets_free(baskets);
}
END_TEST

START_TEST(what_the_known_orders_never_saw_is_not_found)
{
    struct baskets_builder *builder = baskets_builder_new();
    shop_order(builder, 1, "", "A B");
    shop_order(builder, 2, "", "new newer");
    struct baskets *baskets = shop_baskets(builder);
    AUTO(hidden_cases_free) struct hidden_cases *cases = cases_of(baskets, 1, 1);
    uint32_t rank = 0;
    ck_assert_int_eq(hidden_cases_rank(cases, NULL, history, 1, &shop_alone, &rank), OK);
    ck_assert_uint_eq(rank, HIDDEN_NOT_FOUND);
    baskets_free(baskets);
}
END_TEST

START_TEST(an_order_of_one_is_no_case_and_large_ones_give_several)
{
    struct baskets_builder *builder = baskets_builder_new();
    shop_order(builder, 1, "", "A B");
    shop_order(builder, 2, "", "A");
    shop_order(builder, 3, "", "A B");
    shop_order(builder, 4, "", "A B C D E");
    struct baskets *baskets = shop_baskets(builder);
    AUTO(hidden_cases_free) struct hidden_cases *cases = cases_of(baskets, 1, 100);
    ck_assert_uint_eq(hidden_cases_count(cases), 4); /* one, and three of the large one */
    ck_assert_uint_eq(hidden_cases_orders(cases), 2);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t n, target = hidden_cases_target(cases, i);
        const uint32_t *cart = hidden_cases_cart(cases, i, &n);
        ck_assert_uint_ge(n, 1);
        for (uint32_t k = 0; k < n; k++)
            ck_assert_uint_ne(cart[k], target);
    }
    baskets_free(baskets);
}
END_TEST

/* C7 bought D before; so did C8, at the same moment and later. Everything else sells better. */
START_TEST(only_what_was_bought_before_counts_as_history)
{
    for (int when = 0; when < 3; when++) {
        struct baskets_builder *builder = baskets_builder_new();
        for (int i = 0; i < 5; i++)
            shop_order(builder, i, "", "A B C");
        shop_order(builder, 1, "", "D");
        shop_order(builder, when == 0 ? 2 : 9 + when, "C7", "D");
        shop_order(builder, 10, "C7", "A D");
        struct baskets *baskets = shop_baskets(builder);
        AUTO(hidden_cases_free) struct hidden_cases *cases = cases_of(baskets, 7, 2);
        uint32_t ranks[4];
        for (uint32_t i = 0; i < hidden_cases_count(cases); i++)
            if (hidden_cases_target(cases, i) == baskets_find(baskets, STR("D"))) {
                ck_assert_int_eq(hidden_cases_rank(cases, NULL, history, 2, &shop_alone, ranks),
                                 OK);
                ck_assert_uint_eq(ranks[i], 3);
                ck_assert_uint_eq(ranks[hidden_cases_count(cases) + i], when == 0 ? 1 : 3);
            }
        ck_assert_uint_eq(hidden_cases_with_history(cases),
                          when == 0 ? hidden_cases_count(cases) : 0);
        baskets_free(baskets);
    }
}
END_TEST

START_TEST(another_customers_purchases_are_no_history)
{
    struct baskets_builder *builder = baskets_builder_new();
    shop_order(builder, 1, "C1", "D E");
    shop_order(builder, 2, "C2", "A B");
    shop_order(builder, 3, "C1", "D");
    shop_order(builder, 4, "", "D E");
    shop_order(builder, 5, "C3", "D");
    shop_order(builder, 9, "C2", "D E");
    struct baskets *baskets = shop_baskets(builder);
    AUTO(hidden_cases_free) struct hidden_cases *cases = cases_of(baskets, 5, 1);
    uint32_t ranks[2];
    ck_assert_int_eq(hidden_cases_rank(cases, NULL, history, 2, &shop_alone, ranks), OK);
    ck_assert_uint_eq(hidden_cases_with_history(cases), 1);
    ck_assert_uint_eq(ranks[0], 1);
    ck_assert_uint_eq(ranks[1], 3); /* A and B, which C2 bought */
    baskets_free(baskets);
}
END_TEST

START_TEST(customers_who_come_back_for_the_same_are_found_out)
{
    struct baskets *baskets = shop_of(600, 60, 25, true, true);
    AUTO(hidden_cases_free) struct hidden_cases *cases = cases_of(baskets, 480, 1000);
    uint32_t n = hidden_cases_count(cases), better = 0;
    uint32_t *ranks = malloc(2 * n * sizeof *ranks);
    ck_assert_int_eq(hidden_cases_rank(cases, NULL, history, 2, &shop_reversed, ranks), OK);
    for (uint32_t i = 0; i < n; i++)
        better += ranks[n + i] < ranks[i];
    ck_assert_uint_gt(hidden_cases_with_history(cases), n / 2);
    ck_assert_uint_gt(better, n / 10); /* they are faithful */
    free(ranks);
    baskets_free(baskets);
}
END_TEST

/* ── the same as completion.h ───────────────────────────────────────────────────────────── */

static struct catalog *catalog_of(const struct baskets *baskets)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct catalog *catalog = NULL;
    for (uint32_t i = 0; i < baskets->n_skus; i++) {
        struct product product = { .sku = baskets->skus[i],
                                   .price_minor = 100,
                                   .cost_minor = COST_UNKNOWN,
                                   .stock = STOCK_UNKNOWN };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

static struct weights *weights_of(const struct baskets *baskets, uint32_t n_known, bool dense)
{
    static uint32_t orders[5000];
    static float ones[5000];
    AUTO(gram_free) struct gram *gram = NULL;
    struct weights *weights = NULL;
    for (uint32_t i = 0; i < n_known; i++) {
        orders[i] = i;
        ones[i] = 1;
    }
    const struct gram_wishes wishes = { baskets, orders, ones, n_known, UINT32_MAX };
    ck_assert_int_eq(gram_new(&wishes, &shop_alone, &gram), OK);
    ck_assert_int_eq(dense ? weights_whole(gram, 2, 0, &shop_alone, &weights)
                           : weights_near(gram, 2, 30, 50, &shop_alone, &weights),
                     OK);
    return weights;
}

static struct model *model_of(const struct baskets *baskets, const struct catalog *catalog,
                              const struct weights *weights, struct out *file)
{
    float *popularity = calloc(baskets->n_skus, sizeof *popularity);
    const struct trained_parts parts = {
        .facts = { .form = weights->form, .n_skus = baskets->n_skus, .top = 50 },
        .skus = baskets->skus,
        .popularity = popularity,
        .weights = weights->dense,
        .first = weights->first,
        .edges = weights->edges,
    };
    AUTO(trained_unref) struct trained *trained = NULL;
    struct model *model = NULL;
    out_init(file, NULL, 0);
    ck_assert_int_eq(trained_write(&parts, file), OK);
    ck_assert_int_eq(trained_open(out_str(file), NULL, NULL, &trained, NULL), OK);
    ck_assert_int_eq(model_new(catalog, NULL, trained, &model), OK);
    free(popularity);
    return model;
}

/* Where completion has the hidden one; 0: not among those that the cart speaks for. */
static uint32_t rank_in_completion(const struct model *model, const struct catalog *catalog,
                                   const struct baskets *baskets, const struct hidden_cases *cases,
                                   uint32_t number)
{
    AUTO(arena_free) struct arena *arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    uint32_t cart[HIDDEN_CART], n, rank = 0;
    const uint32_t *skus = hidden_cases_cart(cases, number, &n);
    for (uint32_t i = 0; i < n; i++)
        cart[i] = catalog_find(catalog, baskets->skus[skus[i]]);
    const struct completion_ask ask = { .model = model, .cart = cart, .n_cart = n };
    struct completion *completion = completion_new(&ask, arena);
    uint32_t wanted = catalog_find(catalog, baskets->skus[hidden_cases_target(cases, number)]);
    const struct complete *at;
    for (uint32_t i = 0; (at = completion_at(completion, i)) && at->score > 0; i++)
        if (at->product == wanted)
            rank = i + 1;
    return rank;
}

START_TEST(a_cart_is_scored_as_completion_scores_it)
{
    for (int dense = 0; dense < 2; dense++) {
        struct baskets *baskets = shop_of(3000, 90, 0, false, true);
        struct catalog *catalog = catalog_of(baskets);
        AUTO(hidden_cases_free) struct hidden_cases *cases = cases_of(baskets, 2800, 1000);
        AUTO(weights_free) struct weights *weights = weights_of(baskets, 2800, dense);
        struct out file;
        if (!dense) /* a list of the model holds only what speaks for something */
            for (uint64_t k = 0; k < weights->first[weights->n_skus]; k++)
                weights->edges[k].weight = fabsf(weights->edges[k].weight);
        struct model *model = model_of(baskets, catalog, weights, &file);
        uint32_t n = hidden_cases_count(cases), compared = 0;
        uint32_t *ranks = malloc(n * sizeof *ranks);
        ck_assert_int_eq(hidden_cases_rank(cases, weights, history, 1, &shop_alone, ranks), OK);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t rank = rank_in_completion(model, catalog, baskets, cases, i);
            if (rank == 0)
                continue;
            ck_assert_uint_eq(rank, ranks[i]);
            compared++;
        }
        ck_assert_uint_gt(compared, n / 2);
        free(ranks);
        (void) model_unref(model);
        (void) catalog_unref(catalog);
        out_deinit(&file);
        baskets_free(baskets);
    }
}
END_TEST

SUITE_MAIN("model/hidden_cases", best_sellers_rank_by_how_many_known_orders_hold_them,
           what_the_known_orders_never_saw_is_not_found,
           an_order_of_one_is_no_case_and_large_ones_give_several,
           only_what_was_bought_before_counts_as_history,
           another_customers_purchases_are_no_history,
           customers_who_come_back_for_the_same_are_found_out,
           a_cart_is_scored_as_completion_scores_it)
