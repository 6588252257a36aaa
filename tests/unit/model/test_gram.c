/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/gram.h"

#include <math.h>
#include <stdlib.h>

#include "shop_orders.h"
#include "suite.h"

enum { ORDERS = 300, SKUS = 90 };

struct made {
    struct baskets *baskets;
    uint32_t orders[ORDERS];
    float weights[ORDERS];
};

static struct gram_wishes wishes_of(struct made *made, uint32_t most)
{
    made->baskets = shop_of(ORDERS, SKUS, 0, false, true);
    for (uint32_t i = 0; i < ORDERS; i++) {
        made->orders[i] = ORDERS - 1 - i;
        made->weights[i] = .5F + (float) (i % 7) / 8; /* sums are exact */
    }
    return (struct gram_wishes){ made->baskets, made->orders, made->weights, ORDERS, most };
}

static bool holds(const struct baskets *baskets, uint32_t order, uint32_t sku)
{
    for (uint64_t i = baskets->first[order]; i < baskets->first[order + 1]; i++)
        if (baskets->items[i] == sku)
            return true;
    return false;
}

static double plain(const struct made *made, uint32_t a, uint32_t b)
{
    double sum = 0;
    for (uint32_t i = 0; i < ORDERS; i++)
        if (holds(made->baskets, made->orders[i], a) && holds(made->baskets, made->orders[i], b))
            sum += (double) made->weights[i];
    return sum;
}

START_TEST(each_pair_is_what_its_orders_weigh)
{
    struct made made;
    struct gram_wishes wishes = wishes_of(&made, UINT32_MAX);
    AUTO(gram_free) struct gram *gram = NULL;
    ck_assert_int_eq(gram_new(&wishes, &shop_alone, &gram), OK);
    uint32_t n = made.baskets->n_skus;
    ck_assert_uint_gt(n, 60);
    for (uint32_t a = 0; a < n; a++) {
        const struct gram_row *row = &gram->rows[a];
        ck_assert_double_eq(gram->diagonal[a], plain(&made, a, a));
        for (uint32_t b = 0, at = 0; b < n; b++) {
            double expected = a == b ? 0 : plain(&made, a, b);
            ck_assert_double_eq((double) gram->cells[a * n + b], expected);
            if (expected > 0) {
                ck_assert_uint_eq(row->skus[at], b);
                ck_assert_double_eq((double) row->weights[at++], expected);
            }
            if (b + 1 == n)
                ck_assert_uint_eq(row->n, at);
        }
    }
    baskets_free(made.baskets);
}
END_TEST

START_TEST(of_a_long_row_the_nearest_are_kept)
{
    struct made made, again;
    struct gram_wishes wishes = wishes_of(&made, UINT32_MAX), short_ = wishes_of(&again, 5);
    AUTO(gram_free) struct gram *whole = NULL;
    AUTO(gram_free) struct gram *cut = NULL;
    ck_assert_int_eq(gram_new(&wishes, &shop_alone, &whole), OK);
    ck_assert_int_eq(gram_new(&short_, &shop_alone, &cut), OK);
    struct gram_near near[SKUS], same[SKUS];
    for (uint32_t sku = 0; sku < whole->n_skus; sku++) {
        uint32_t n = gram_nearest(whole, sku, 5, near);
        ck_assert_uint_eq(cut->rows[sku].n, n);
        ck_assert_uint_eq(gram_nearest(cut, sku, SKUS, same), n);
        for (uint32_t i = 0; i < n; i++) {
            ck_assert_uint_eq(near[i].sku, same[i].sku);
            ck_assert(i == 0 || near[i - 1].cosine >= near[i].cosine);
            ck_assert(i == 0 || cut->rows[sku].skus[i - 1] < cut->rows[sku].skus[i]);
        }
    }
    baskets_free(made.baskets);
    baskets_free(again.baskets);
}
END_TEST

START_TEST(nearest_is_by_cosine_with_the_smaller_number_first)
{
    struct baskets_builder *builder = baskets_builder_new();
    shop_order(builder, 1, "", "A B C");
    shop_order(builder, 1, "", "A B");
    shop_order(builder, 1, "", "C D");
    shop_order(builder, 1, "", "A E");
    shop_order(builder, 1, "", "A F");
    struct baskets *baskets = shop_baskets(builder);
    const uint32_t orders[] = { 0, 1, 2, 3, 4 };
    const float weights[] = { 1, 1, 1, 1, 1 };
    AUTO(gram_free) struct gram *gram = NULL;
    const struct gram_wishes wishes = { baskets, orders, weights, 5, UINT32_MAX };
    ck_assert_int_eq(gram_new(&wishes, &shop_alone, &gram), OK);

    struct gram_near near[8];
    ck_assert_uint_eq(gram_nearest(gram, 0, 8, near), 4);
    ck_assert_uint_eq(near[0].sku, 1); /* B: 2 / sqrt(8) */
    ck_assert_uint_eq(near[1].sku, 4); /* E and F: 1 / 2 */
    ck_assert_uint_eq(near[2].sku, 5);
    ck_assert_uint_eq(near[3].sku, 2);
    baskets_free(baskets);
}
END_TEST

START_TEST(of_a_giant_order_only_its_beginning_counts)
{
    struct baskets_builder *builder = baskets_builder_new();
    static char text[600 * 5];
    for (uint32_t i = 0, len = 0; i < GRAM_BASKET + 100; i++)
        len += (uint32_t) snprintf(text + len, sizeof text - len, "%s%u", i ? " " : "", i);
    shop_order(builder, 1, "", text);
    struct baskets *baskets = shop_baskets(builder);
    const uint32_t order = 0;
    const float weight = 1;
    AUTO(gram_free) struct gram *gram = NULL;
    const struct gram_wishes wishes = { baskets, &order, &weight, 1, UINT32_MAX };
    ck_assert_int_eq(gram_new(&wishes, &shop_alone, &gram), OK);
    ck_assert_uint_eq(gram->rows[0].n, GRAM_BASKET - 1);
    ck_assert_uint_eq(gram->rows[GRAM_BASKET].n, 0);
    ck_assert_double_eq(gram_cost(&wishes), (double) GRAM_BASKET * GRAM_BASKET);
    baskets_free(baskets);
}
END_TEST

SUITE_MAIN("model/gram", each_pair_is_what_its_orders_weigh, of_a_long_row_the_nearest_are_kept,
           nearest_is_by_cosine_with_the_smaller_number_first,
           of_a_giant_order_only_its_beginning_counts)
