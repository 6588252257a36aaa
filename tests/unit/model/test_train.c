/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train.h"

#include <math.h>
#include <stdlib.h>

#include "shop_orders.h"
#include "suite.h"

struct result {
    struct out file;
    struct trained *trained;
};

static enum err train_it(const struct baskets *baskets, const struct train_settings *settings,
                         struct result *result, struct err_note *note)
{
    out_init(&result->file, NULL, 0);
    result->trained = NULL;
    TRY(train(baskets, settings, &result->file, note));
    return trained_open(out_str(&result->file), NULL, NULL, &result->trained, note);
}

static void result_deinit(struct result *result)
{
    (void) trained_unref(result->trained);
    out_deinit(&result->file);
}

static float weight_between(const struct trained *trained, const char *from, const char *to)
{
    uint32_t a = trained_find(trained, str_of(from)), b = trained_find(trained, str_of(to)), n = 0;
    if (trained_row(trained, a))
        return trained_row(trained, a)[b];
    const struct trained_edge *edges = trained_edges(trained, a, &n);
    for (uint32_t i = 0; i < n; i++)
        if (edges[i].sku == b)
            return edges[i].weight;
    return 0;
}

START_TEST(what_is_bought_together_speaks_for_each_other)
{
    struct baskets_builder *builder = baskets_builder_new();
    for (int i = 0; i < 100; i++)
        shop_order(builder, i, "", i % 3 == 0 ? "tea cup" : i % 3 == 1 ? "pen ink" : "tea pen");
    struct baskets *baskets = shop_baskets(builder);
    struct result result;
    const struct train_settings settings = { .now_us = 5, .position = 99 };
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
    ck_assert(weight_between(result.trained, "cup", "tea") > .2F);
    ck_assert(weight_between(result.trained, "cup", "tea") >
              weight_between(result.trained, "cup", "ink") + .2F);
    const struct trained_facts *facts = trained_facts(result.trained);
    ck_assert_uint_eq(facts->n_orders, 100);
    ck_assert_uint_eq(facts->n_lines, 200);
    ck_assert_uint_eq(facts->position, 99);
    ck_assert_int_eq(facts->trained_us, 5);
    ck_assert_int_eq(facts->first_us, SHOP_START_US);
    ck_assert_int_eq(facts->last_us, SHOP_START_US + 99 * SHOP_DAY_US);
    result_deinit(&result);
    baskets_free(baskets);
}
END_TEST

START_TEST(the_same_orders_give_the_same_bytes_however_the_work_is_spread)
{
    struct baskets *baskets = shop_of(1200, 1060, 50, true, true);
    struct result one, other;
    const struct train_settings alone = { .now_us = 1 },
                                spread = { .now_us = 1, .parallel = shop_backwards };
    ck_assert_int_eq(train_it(baskets, &alone, &one, NULL), OK);
    ck_assert_int_eq(train_it(baskets, &spread, &other, NULL), OK);
    ck_assert_int_eq(trained_facts(one.trained)->form, TRAINED_LISTS);
    ck_assert_uint_eq(one.file.len, other.file.len);
    ck_assert_mem_eq(one.file.at, other.file.at, one.file.len);
    result_deinit(&one);
    result_deinit(&other);
    baskets_free(baskets);
}
END_TEST

/* Many families of 20, each pair of one seen a few times at most; a third of what is bought is of any family. */
static struct baskets *shop_of_rare_pairs(void)
{
    enum { FAMILIES = 30, OF_EACH = 20, ORDERS = 1000 };
    struct baskets_builder *builder = baskets_builder_new();
    uint64_t state = 7;
    for (int o = 0; o < ORDERS; o++) {
        char text[128];
        uint32_t family = shop_dice(&state, FAMILIES), len = 0, n = 3 + shop_dice(&state, 3);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t of = shop_dice(&state, 3) ? family : shop_dice(&state, FAMILIES),
                     one = shop_dice(&state, 1 + shop_dice(&state, OF_EACH));
            len += (uint32_t) snprintf(text + len, sizeof text - len, "%sS%u", k ? " " : "",
                                       of * OF_EACH + one);
        }
        shop_order(builder, o / 10, "", text);
    }
    return shop_baskets(builder);
}

START_TEST(counts_of_pairs_count_where_pairs_are_seldom_seen)
{
    struct baskets *baskets = shop_of_rare_pairs();
    struct result chosen, regression;
    const struct train_settings choose = { .now_us = 1 };
    ck_assert_int_eq(train_it(baskets, &choose, &chosen, NULL), OK);
    struct trained_parameters alone = trained_facts(chosen.trained)->parameters;
    ck_assert(alone.counts_share > 0);
    alone.counts_share = 0;
    alone.ridge = 10;
    const struct train_settings fixed = { .now_us = 1, .fixed = &alone };
    ck_assert_int_eq(train_it(baskets, &fixed, &regression, NULL), OK);
    ck_assert(trained_facts(chosen.trained)->figures.mrr20 >
              trained_facts(regression.trained)->figures.mrr20 + .005F);
    result_deinit(&regression);
    result_deinit(&chosen);
    baskets_free(baskets);
}
END_TEST

/* Thousands of SKUs in pairs, each pair seen once or never; what is rare in a cart is there by chance. */
static struct baskets *shop_of_ones(void)
{
    struct baskets_builder *builder = baskets_builder_new();
    uint64_t state = 11;
    for (int o = 0; o < 6000; o++) {
        char text[160];
        uint32_t family = shop_dice(&state, 1 + shop_dice(&state, 150)), len = 0;
        for (uint32_t k = 0; k < 2 + shop_dice(&state, 2); k++)
            len += (uint32_t) snprintf(text + len, sizeof text - len, "S%u ",
                                       family * 10 + shop_dice(&state, 10));
        (void) snprintf(text + len, sizeof text - len, "S%u", 1500 + shop_dice(&state, 4500));
        shop_order(builder, o / 20, "", text);
    }
    return shop_baskets(builder);
}

START_TEST(where_rare_is_chance_pairs_count_alike_however_rare_they_are)
{
    struct baskets *baskets = shop_of_ones();
    struct result chosen, shares;
    const struct train_settings choose = { .now_us = 1 };
    ck_assert_int_eq(train_it(baskets, &choose, &chosen, NULL), OK);
    struct trained_parameters usual = trained_facts(chosen.trained)->parameters;
    ck_assert(usual.ridge >= 30);
    usual.counts_share = 1;
    usual.ridge = 3;
    const struct train_settings fixed = { .now_us = 1, .fixed = &usual };
    ck_assert_int_eq(train_it(baskets, &fixed, &shares, NULL), OK);
    ck_assert(trained_facts(chosen.trained)->figures.mrr20 >
              trained_facts(shares.trained)->figures.mrr20 + .005F);
    result_deinit(&shares);
    result_deinit(&chosen);
    baskets_free(baskets);
}
END_TEST

START_TEST(history_counts_where_customers_buy_the_same_again_and_not_elsewhere)
{
    for (int faithful = 0; faithful < 2; faithful++) {
        struct baskets *baskets = shop_of(4000, 300, 40, faithful, true);
        struct result result;
        const struct train_settings settings = { .now_us = 1 };
        ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
        const struct trained_facts *facts = trained_facts(result.trained);
        if (faithful) {
            ck_assert(facts->parameters.history_weight > 0);
            ck_assert(facts->figures.hit10_history > facts->figures.hit10 + .02F);
        } else
            ck_assert(facts->parameters.history_weight <= .05F);
        ck_assert(facts->figures.mrr20 > facts->figures.mrr20_popular);
        ck_assert_uint_gt(facts->figures.cases, 500);
        result_deinit(&result);
        baskets_free(baskets);
    }
}
END_TEST

START_TEST(fixed_parameters_are_taken_as_they_are)
{
    struct baskets *baskets = shop_of(1000, 60, 10, false, true);
    struct result result;
    const struct trained_parameters fixed = {
        .half_life_days = 33, .size_power = .25F, .ridge = 7, .support = 20, .history_weight = .15F
    };
    const struct train_settings settings = { .fixed = &fixed, .top = 9 };
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
    const struct trained_facts *facts = trained_facts(result.trained);
    ck_assert_mem_eq(&facts->parameters, &fixed, sizeof fixed);
    ck_assert_int_eq(facts->form, TRAINED_LISTS);
    ck_assert_uint_eq(facts->top, 9);
    ck_assert(facts->figures.hit10 > 0);
    result_deinit(&result);
    baskets_free(baskets);
}
END_TEST

START_TEST(orders_without_times_are_learned_from_without_fading)
{
    struct baskets *baskets = shop_of(1500, 80, 10, true, false);
    struct result result;
    const struct train_settings settings = { .now_us = 1 };
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
    const struct trained_facts *facts = trained_facts(result.trained);
    ck_assert(facts->parameters.half_life_days == 0);
    ck_assert(facts->parameters.history_weight == 0); /* nobody can say what was before */
    ck_assert_uint_gt(facts->figures.cases, 100);
    ck_assert_int_eq(facts->first_us, 0);
    result_deinit(&result);
    baskets_free(baskets);
}
END_TEST

START_TEST(one_order_years_ahead_does_not_make_all_others_old)
{
    struct baskets_builder *builder = baskets_builder_new();
    for (int i = 0; i < 1500; i++)
        shop_order(builder, i / 10, "", i % 2 ? "tea cup" : "pen ink");
    shop_order(builder, 365 * 70, "", "tea pen");
    struct baskets *baskets = shop_baskets(builder);
    struct result result;
    const struct trained_parameters fixed = { .half_life_days = 90, .ridge = 3 };
    const struct train_settings settings = { .fixed = &fixed };
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
    ck_assert(weight_between(result.trained, "cup", "tea") > .5F);
    ck_assert(trained_popularity(result.trained, trained_find(result.trained, STR("cup"))) > 100);
    result_deinit(&result);
    baskets_free(baskets);
}
END_TEST

START_TEST(nothing_to_learn_from_is_told)
{
    for (int what = 0; what < 2; what++) {
        struct baskets_builder *builder = baskets_builder_new();
        if (what)
            shop_order(builder, 1, "C1", "A");
        struct baskets *baskets = shop_baskets(builder);
        struct out out;
        struct err_note note = { "" };
        const struct train_settings settings = { .now_us = 1 };
        out_init(&out, NULL, 0);
        ck_assert_int_eq(train(baskets, &settings, &out, &note), ERR_INPUT);
        ck_assert_str_ne(note.text, "");
        ck_assert_uint_eq(out.len, 0);
        out_deinit(&out);
        baskets_free(baskets);
    }
}
END_TEST

START_TEST(a_shop_of_two_orders_trains)
{
    struct baskets_builder *builder = baskets_builder_new();
    shop_order(builder, 1, "C1", "A B");
    shop_order(builder, 1, "C1", "A");
    struct baskets *baskets = shop_baskets(builder);
    struct result result;
    const struct train_settings settings = { .now_us = 1 };
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
    ck_assert(weight_between(result.trained, "A", "B") > 0);
    ck_assert(trained_facts(result.trained)->parameters.history_weight == 0);
    result_deinit(&result);
    baskets_free(baskets);
}
END_TEST

START_TEST(one_giant_order_among_small_ones_is_no_trouble)
{
    struct baskets_builder *builder = baskets_builder_new();
    static char text[590 * 5];
    for (uint32_t i = 0, len = 0; i < 590; i++)
        len += (uint32_t) snprintf(text + len, sizeof text - len, "%s%u", i ? " " : "", i);
    for (int i = 0; i < 300; i++)
        shop_order(builder, i, "", i == 150 ? text : i % 2 ? "1 2" : "3 4 5");
    struct baskets *baskets = shop_baskets(builder);
    struct result result;
    const struct train_settings settings = { .now_us = 1 };
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
    ck_assert(weight_between(result.trained, "1", "2") > weight_between(result.trained, "1", "3"));
    result_deinit(&result);
    baskets_free(baskets);
}
END_TEST

START_TEST(too_little_memory_is_told)
{
    struct baskets *baskets = shop_of(1500, 1500, 0, false, true);
    struct out out;
    const struct train_settings settings = { .memory_bytes = 100000 };
    out_init(&out, NULL, 0);
    ck_assert_int_eq(train(baskets, &settings, &out, NULL), ERR_LIMIT);
    out_deinit(&out);
    baskets_free(baskets);
}
END_TEST

struct watch {
    double last;
    int calls, stop_at;
};

static bool watching(void *self, const char *what, double part)
{
    struct watch *watch = self;
    ck_assert_ptr_nonnull(what);
    ck_assert(part >= watch->last && part <= 1);
    watch->last = part;
    return ++watch->calls != watch->stop_at;
}

START_TEST(progress_rises_to_one_and_may_stop_it)
{
    struct baskets *baskets = shop_of(800, 60, 0, false, true);
    struct watch watch = { 0 }, stopper = { .stop_at = 2 };
    struct train_settings settings = { .progress = watching, .self = &watch };
    struct result result;
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), OK);
    ck_assert_int_gt(watch.calls, 3);
    ck_assert(watch.last == 1);
    result_deinit(&result);

    settings.self = &stopper;
    ck_assert_int_eq(train_it(baskets, &settings, &result, NULL), ERR_UNAVAILABLE);
    ck_assert_int_eq(stopper.calls, 2);
    result_deinit(&result);
    baskets_free(baskets);
}
END_TEST

SUITE_MAIN("model/train", what_is_bought_together_speaks_for_each_other,
           the_same_orders_give_the_same_bytes_however_the_work_is_spread,
           counts_of_pairs_count_where_pairs_are_seldom_seen,
           where_rare_is_chance_pairs_count_alike_however_rare_they_are,
           history_counts_where_customers_buy_the_same_again_and_not_elsewhere,
           fixed_parameters_are_taken_as_they_are,
           orders_without_times_are_learned_from_without_fading,
           one_order_years_ahead_does_not_make_all_others_old, nothing_to_learn_from_is_told,
           a_shop_of_two_orders_trains, one_giant_order_among_small_ones_is_no_trouble,
           too_little_memory_is_told, progress_rises_to_one_and_may_stop_it)
