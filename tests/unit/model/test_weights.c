/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/weights.h"

#include <math.h>
#include <stdlib.h>

#include "model/train/gram.h"
#include "model/train/weights_mix.h"
#include "shop_orders.h"
#include "suite.h"

enum { ORDERS = 4000, SKUS = 40 };
static const double RIDGE = 4;

static struct gram *gram_of(struct baskets **ret_baskets, uint32_t most)
{
    static uint32_t orders[ORDERS];
    static float ones[ORDERS];
    struct gram *gram = NULL;
    *ret_baskets = shop_of(ORDERS, SKUS, 0, false, true);
    for (uint32_t i = 0; i < ORDERS; i++) {
        orders[i] = i;
        ones[i] = 1;
    }
    const struct gram_wishes wishes = { *ret_baskets, orders, ones, ORDERS, most };
    ck_assert_int_eq(gram_new(&wishes, &shop_alone, &gram), OK);
    return gram;
}

/* The normal equations of one SKU: (G + ridge I) b = g over all others, so each row's remainder is nothing. */
static void check_column(const struct gram *gram, const struct weights *weights, uint32_t to)
{
    uint32_t n = gram->n_skus;
    for (uint32_t i = 0; i < n; i++) {
        if (i == to)
            continue;
        double left = (double) gram->cells[i * n + to];
        for (uint32_t j = 0; j < n; j++)
            if (j != to)
                left -=
                    ((double) gram->cells[i * n + j] + (i == j ? gram->diagonal[i] + RIDGE : 0)) *
                    (double) weights->dense[j * n + to];
        ck_assert_double_eq_tol(left, 0, 1e-3);
    }
}

START_TEST(as_a_whole_each_sku_is_the_regression_on_all_others)
{
    struct baskets *baskets;
    AUTO(gram_free) struct gram *gram = gram_of(&baskets, UINT32_MAX);
    AUTO(weights_free) struct weights *weights = NULL;
    ck_assert_int_eq(weights_whole(gram, RIDGE, 0, &shop_alone, &weights), OK);
    ck_assert_int_eq(weights->form, TRAINED_DENSE);
    for (uint32_t to = 0; to < gram->n_skus; to++) {
        ck_assert(weights->dense[to * gram->n_skus + to] == 0);
        check_column(gram, weights, to);
    }
    baskets_free(baskets);
}
END_TEST

static float in_list(const struct weights *weights, uint32_t from, uint32_t to)
{
    for (uint64_t k = weights->first[from]; k < weights->first[from + 1]; k++)
        if (weights->edges[k].sku == to)
            return weights->edges[k].weight;
    return 0;
}

START_TEST(among_all_the_nearest_solve_the_same_as_the_whole)
{
    struct baskets *baskets;
    AUTO(gram_free) struct gram *gram = gram_of(&baskets, UINT32_MAX);
    AUTO(weights_free) struct weights *whole = NULL;
    AUTO(weights_free) struct weights *near = NULL;
    ck_assert_int_eq(weights_whole(gram, RIDGE, 0, &shop_alone, &whole), OK);
    ck_assert_int_eq(weights_near(gram, RIDGE, SKUS, SKUS, &shop_alone, &near), OK);
    ck_assert_int_eq(near->form, TRAINED_LISTS);
    uint32_t n = gram->n_skus, compared = 0;
    for (uint32_t to = 0; to < n; to++) {
        if (gram->rows[to].n + 1 < n)
            continue; /* what it was never bought with is left out */
        for (uint32_t from = 0; from < n; from++)
            ck_assert_float_eq_tol(in_list(near, from, to), whole->dense[from * n + to], 1e-5F);
        compared++;
    }
    ck_assert_uint_gt(compared, 10);
    baskets_free(baskets);
}
END_TEST

START_TEST(lists_hold_the_strongest_first_and_no_more_than_asked)
{
    struct baskets *baskets;
    AUTO(gram_free) struct gram *gram = gram_of(&baskets, UINT32_MAX);
    AUTO(weights_free) struct weights *all = NULL;
    AUTO(weights_free) struct weights *cut = NULL;
    AUTO(weights_free) struct weights *whole = NULL;
    ck_assert_int_eq(weights_near(gram, RIDGE, 20, SKUS, &shop_alone, &all), OK);
    ck_assert_int_eq(weights_near(gram, RIDGE, 20, 7, &shop_alone, &cut), OK);
    ck_assert_int_eq(weights_whole(gram, RIDGE, 7, &shop_alone, &whole), OK);
    for (uint32_t sku = 0; sku < gram->n_skus; sku++) {
        uint64_t a = all->first[sku], b = cut->first[sku], n = all->first[sku + 1] - a;
        ck_assert_uint_eq(cut->first[sku + 1] - b, n < 7 ? n : 7);
        for (uint64_t k = 7; k < n; k++) /* also what speaks against, when it does so strongly */
            ck_assert(fabsf(all->edges[a + k].weight) <= fabsf(cut->edges[b + 6].weight));
        ck_assert_uint_eq(whole->first[sku + 1] - whole->first[sku], 7);
        for (uint64_t k = 0; k < cut->first[sku + 1] - b; k++) {
            ck_assert_uint_eq(cut->edges[b + k].sku, all->edges[a + k].sku);
            ck_assert(k == 0 ||
                      fabsf(cut->edges[b + k - 1].weight) >= fabsf(cut->edges[b + k].weight));
        }
    }
    baskets_free(baskets);
}
END_TEST

START_TEST(rows_and_cells_give_the_same_weights)
{
    struct baskets *baskets;
    AUTO(gram_free) struct gram *gram = gram_of(&baskets, UINT32_MAX);
    AUTO(weights_free) struct weights *by_cells = NULL;
    AUTO(weights_free) struct weights *by_rows = NULL;
    ck_assert_int_eq(weights_near(gram, RIDGE, 30, 64, &shop_alone, &by_cells), OK);
    free(gram->cells); /* as in a large catalogue */
    gram->cells = NULL;
    ck_assert_int_eq(weights_near(gram, RIDGE, 30, 64, &shop_reversed, &by_rows), OK);
    ck_assert_mem_eq(by_cells->first, by_rows->first, (gram->n_skus + 1) * sizeof(uint64_t));
    ck_assert_mem_eq(by_cells->edges, by_rows->edges,
                     by_cells->first[gram->n_skus] * sizeof(struct trained_edge));
    baskets_free(baskets);
}
END_TEST

START_TEST(rows_that_were_cut_short_still_give_numbers)
{
    struct baskets *baskets;
    AUTO(gram_free) struct gram *gram = gram_of(&baskets, 6);
    AUTO(weights_free) struct weights *weights = NULL;
    free(gram->cells);
    gram->cells = NULL;
    ck_assert_int_eq(weights_near(gram, RIDGE, 30, 64, &shop_alone, &weights), OK);
    ck_assert_uint_gt(weights->first[gram->n_skus], gram->n_skus);
    for (uint64_t k = 0; k < weights->first[gram->n_skus]; k++)
        ck_assert(isfinite(weights->edges[k].weight));
    baskets_free(baskets);
}
END_TEST

START_TEST(what_is_bought_instead_of_a_best_seller_speaks_against_it)
{
    struct baskets_builder *builder = baskets_builder_new();
    for (int i = 0; i < 200; i++) /* whoever buys a helmet buys one bike, never both */
        shop_order(builder, i, "", i % 2 ? "helmet red-bike" : "helmet blue-bike");
    struct baskets *baskets = shop_baskets(builder);
    uint32_t orders[200];
    float ones[200];
    for (uint32_t i = 0; i < 200; i++) {
        orders[i] = i;
        ones[i] = 1;
    }
    AUTO(gram_free) struct gram *gram = NULL;
    AUTO(weights_free) struct weights *weights = NULL;
    const struct gram_wishes wishes = { baskets, orders, ones, 200, UINT32_MAX };
    ck_assert_int_eq(gram_new(&wishes, &shop_alone, &gram), OK);
    ck_assert_int_eq(weights_near(gram, RIDGE, 1, 64, &shop_alone, &weights), OK);
    uint32_t red = baskets_find(baskets, STR("red-bike")),
             blue = baskets_find(baskets, STR("blue-bike")),
             helmet = baskets_find(baskets, STR("helmet"));
    ck_assert(in_list(weights, red, blue) < -.3F);
    ck_assert(in_list(weights, helmet, blue) > .3F);
    baskets_free(baskets);
}
END_TEST

START_TEST(counts_alone_are_the_share_of_orders_that_held_both)
{
    struct baskets *baskets;
    AUTO(gram_free) struct gram *gram = gram_of(&baskets, UINT32_MAX);
    AUTO(weights_free) struct weights *all = NULL;
    AUTO(weights_free) struct weights *lists = NULL;
    ck_assert_int_eq(weights_mix(gram, NULL, RIDGE, 1, 0, &shop_alone, &all), OK);
    ck_assert_int_eq(weights_mix(gram, NULL, RIDGE, 1, 5, &shop_alone, &lists), OK);
    ck_assert_int_eq(all->form, TRAINED_DENSE);
    for (uint32_t from = 0; from < SKUS; from++) {
        for (uint32_t to = 0; to < SKUS; to++)
            ck_assert_double_eq_tol(
                (double) all->dense[from * SKUS + to],
                (double) gram->cells[from * SKUS + to] / (gram->diagonal[from] + RIDGE), 1e-6);
        ck_assert_uint_eq(lists->first[from + 1] - lists->first[from], 5);
        for (uint64_t k = lists->first[from]; k < lists->first[from + 1]; k++) {
            ck_assert(lists->edges[k].weight == all->dense[from * SKUS + lists->edges[k].sku]);
            ck_assert(k == lists->first[from] ||
                      lists->edges[k].weight <= lists->edges[k - 1].weight);
        }
    }
    baskets_free(baskets);
}
END_TEST

START_TEST(a_mix_lies_between_the_regression_and_counts_of_its_size)
{
    struct baskets *baskets;
    AUTO(gram_free) struct gram *gram = gram_of(&baskets, UINT32_MAX);
    AUTO(weights_free) struct weights *regression = NULL;
    AUTO(weights_free) struct weights *lists = NULL;
    AUTO(weights_free) struct weights *half = NULL;
    AUTO(weights_free) struct weights *half_lists = NULL;
    ck_assert_int_eq(weights_whole(gram, RIDGE, 0, &shop_alone, &regression), OK);
    ck_assert_int_eq(weights_whole(gram, RIDGE, SKUS, &shop_alone, &lists), OK);
    ck_assert_int_eq(weights_mix(gram, regression, RIDGE, .5, 0, &shop_alone, &half), OK);
    ck_assert_int_eq(weights_mix(gram, lists, RIDGE, .5, SKUS, &shop_alone, &half_lists), OK);
    double size = 0; /* of counts, the same for all */
    for (uint32_t from = 0; from < SKUS; from++)
        for (uint32_t to = 0; to < SKUS; to++) {
            size_t at = (size_t) from * SKUS + to;
            double counts = (double) gram->cells[at] / (gram->diagonal[from] + RIDGE);
            if (counts < .01)
                continue;
            double of_counts =
                ((double) half->dense[at] - .5 * (double) regression->dense[at]) / counts;
            size = size > 0 ? size : of_counts;
            ck_assert_double_eq_tol(of_counts, size, 1e-4);
            ck_assert_double_eq_tol((double) in_list(half_lists, from, to),
                                    (double) half->dense[at], 1e-5);
        }
    ck_assert(size > 0 && size < .5); /* a regression's weights are smaller */
    baskets_free(baskets);
}
END_TEST

SUITE_MAIN("model/weights", as_a_whole_each_sku_is_the_regression_on_all_others,
           among_all_the_nearest_solve_the_same_as_the_whole,
           lists_hold_the_strongest_first_and_no_more_than_asked,
           rows_and_cells_give_the_same_weights, rows_that_were_cut_short_still_give_numbers,
           what_is_bought_instead_of_a_best_seller_speaks_against_it,
           counts_alone_are_the_share_of_orders_that_held_both,
           a_mix_lies_between_the_regression_and_counts_of_its_size)
