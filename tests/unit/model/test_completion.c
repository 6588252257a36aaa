/* SPDX-License-Identifier: Apache-2.0 */
#include "model/completion.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/copurchase.h"
#include "model/model.h"
#include "model/trained.h"
#include "shop/catalog.h"
#include "shop/customer.h"
#include "suite.h"

enum { PRODUCTS = 50, SKUS = 42, ORDERS = 400 }; /* no more than a row holds */
static const int64_t DAY_US = INT64_C(86400000000);
static const int64_t START_US = INT64_C(1600000000000000);

static struct str sku_of(uint32_t i)
{
    static char texts[PRODUCTS][8];
    (void) snprintf(texts[i], sizeof texts[i], "P%02u", i);
    return str_of(texts[i]);
}

static uint32_t dice(uint64_t *state, uint32_t n)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t) (*state >> 40) % n;
}

static struct catalog *catalog_new(void)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        struct product product = {
            .sku = sku_of(i), .price_minor = 100, .cost_minor = COST_UNKNOWN, .stock = STOCK_UNKNOWN
        };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    struct catalog *catalog = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

/* Orders of three days; the last products are sold only in the second half. */
static struct copurchase *counts_new(void)
{
    struct copurchase *counts = copurchase_new();
    uint64_t state = 11;
    for (uint32_t o = 0; o < ORDERS; o++) {
        struct str skus[4];
        uint32_t n = o < ORDERS / 2 ? SKUS : PRODUCTS;
        for (uint32_t i = 0; i < 4; i++)
            skus[i] = sku_of(dice(&state, n));
        int64_t at_us = START_US + (int64_t) o * 3 * DAY_US / ORDERS;
        ck_assert_int_eq(copurchase_add(counts, o + 1, at_us, skus, 4), OK);
    }
    return counts;
}

static float weights[SKUS][SKUS];

/* A chance is half the score of one product, a quarter of it for more; a tenth more when habits were told. */
static struct calibration some_calibration(void)
{
    struct calibration calibration = { .moments = 99 };
    for (int told = 0; told < 2; told++)
        for (int size = 0; size < CALIBRATION_SIZES; size++)
            calibration.curves[told][size] = (struct calibration_curve){
                .n = 2,
                .knots = { { 0, told ? .1F : 0 }, { 1, (told ? .1F : 0) + (size ? .25F : .5F) } },
            };
    return calibration;
}

static struct trained *trained_new(enum trained_form form, struct out *file)
{
    const struct calibration calibration = some_calibration();
    static struct trained_edge edges[SKUS * SKUS];
    static uint64_t first[SKUS + 1];
    struct str skus[SKUS];
    float popularity[SKUS] = { 0 };
    uint64_t state = 5, n_edges = 0;
    for (uint32_t i = 0; i < SKUS; i++) {
        skus[i] = sku_of(SKUS - 1 - i); /* numbers of its own */
        first[i] = n_edges;
        for (uint32_t k = 0; k < SKUS; k++) {
            weights[i][k] = i == k ? 0 : ((float) dice(&state, 2000) - 700) / 1000;
            if (form == TRAINED_LISTS && dice(&state, 4) > 0)
                weights[i][k] = 0;
            if (weights[i][k] != 0)
                edges[n_edges++] = (struct trained_edge){ k, weights[i][k] };
        }
        for (uint64_t a = first[i]; a < n_edges; a++) /* strongest first */
            for (uint64_t b = a + 1; b < n_edges; b++)
                if (fabsf(edges[b].weight) > fabsf(edges[a].weight)) {
                    struct trained_edge moved = edges[a];
                    edges[a] = edges[b];
                    edges[b] = moved;
                }
    }
    first[SKUS] = n_edges;
    struct trained_parts parts = {
        .facts = { .form = form,
                   .n_skus = SKUS,
                   .top = SKUS,
                   .n_orders = ORDERS,
                   .parameters = { .half_life_days = 100,
                                   .ridge = 1,
                                   .history_weight = 0.25F,
                                   .recent_weight = 0.5F } },
        .skus = skus,
        .popularity = popularity,
        .weights = &weights[0][0],
        .first = first,
        .edges = edges,
        .calibration = &calibration,
    };
    struct trained *trained = NULL;
    struct err_note note = { "" };
    ck_assert_int_eq(trained_write(&parts, file), OK);
    ck_assert_msg(trained_open(out_str(file), NULL, NULL, &trained, &note) == OK, "%s", note.text);
    return trained;
}

/* The sum of completion.h and model.h, written down once more, the plain way. */
static float weight_of(const struct copurchase *counts, bool trained, uint32_t i, uint32_t j)
{
    uint32_t a = copurchase_find(counts, sku_of(i)), b = copurchase_find(counts, sku_of(j));
    struct copurchased both = copurchase_of(counts, a, b);
    float recent = copurchase_sku_recent(counts, a);
    float before = (float) copurchase_sku_orders(counts, a) - recent;
    float usual = recent * ((float) both.orders - both.recent) / (before + 10);
    float lately = fmaxf(both.recent - 2 - usual, 0) / (recent + 10);
    float known = (float) (both.orders / (sqrt((double) copurchase_sku_orders(counts, a) *
                                               copurchase_sku_orders(counts, b)) +
                                          10));
    if (trained && i < SKUS && j < SKUS)
        known = weights[SKUS - 1 - i][SKUS - 1 - j];
    return known + (trained ? 0.5F : MODEL_RECENT_WEIGHT) * lately;
}

struct setting {
    struct out file;
    struct catalog *catalog;
    struct copurchase *counts;
    struct trained *trained;
    struct model *model;
    struct arena *arena;
    bool lists;
};

static void setting_init(struct setting *s, const enum trained_form *form)
{
    out_init(&s->file, NULL, 0);
    s->catalog = catalog_new();
    s->counts = counts_new();
    s->trained = form ? trained_new(*form, &s->file) : NULL;
    s->lists = !form || *form == TRAINED_LISTS;
    s->arena = arena_new(64 * 1024, 4 * 1024 * 1024);
    ck_assert_int_eq(model_new(s->catalog, s->counts, s->trained, &s->model), OK);
}

static void setting_deinit(struct setting *s)
{
    (void) model_unref(s->model);
    (void) trained_unref(s->trained);
    (void) copurchase_free(s->counts);
    (void) catalog_unref(s->catalog);
    (void) arena_free(s->arena);
    out_deinit(&s->file);
}

static bool holds(const uint32_t *list, uint32_t n, uint32_t product)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == product)
            return true;
    return false;
}

static float habit_of(const struct completion_ask *ask, uint32_t product)
{
    for (uint32_t i = 0; i < ask->n_habits; i++)
        if (ask->habits[i].product == product)
            return ask->habits[i].times * exp2f(-(float) (ask->now_us - ask->habits[i].last_us) /
                                                (HABIT_HALF_LIFE_DAYS * 86400e6F));
    return 0;
}

/* Every product's score is as expected, best first, and its evidence is what the counts say. */
static void check(struct setting *s, const struct completion_ask *ask)
{
    static float expected[PRODUCTS];
    uint32_t n_expected = 0;
    float w = s->trained ? 0.25F : ask->habits_alone ? 1e-6F : 0;
    for (uint32_t j = 0; j < PRODUCTS; j++) {
        float sum = 0, v = habit_of(ask, j);
        for (uint32_t i = 0; i < ask->n_cart; i++)
            if (!holds(ask->cart, i, ask->cart[i]))
                sum += weight_of(s->counts, s->trained, ask->cart[i], j);
        expected[j] = (1 - w) * sum;
        if (sum > 0 || ask->habits_alone)
            expected[j] += w * v / (v + 1);
        if (holds(ask->cart, ask->n_cart, j) || expected[j] < 1e-8F)
            expected[j] = 0;
        n_expected += expected[j] > 0;
    }

    arena_reset(s->arena);
    struct completion *completion = completion_new(ask, s->arena);
    const struct complete *found;
    float before = INFINITY;
    uint32_t n = 0;
    for (; (found = completion_at(completion, n)); n++) {
        ck_assert_float_eq_tol(found->score, expected[found->product], 1e-5F);
        ck_assert_float_eq_tol(found->habit, habit_of(ask, found->product), 1e-5F);
        ck_assert(found->score <= before);
        before = found->score;
        uint32_t most = 0, both = 0;
        for (uint32_t i = 0; i < ask->n_cart; i++) {
            if (s->lists && weight_of(s->counts, s->trained, ask->cart[i], found->product) <= 0)
                continue; /* not in that one's list */
            both = copurchase_pair(s->counts, sku_of(ask->cart[i]), sku_of(found->product));
            most = both > most ? both : most;
        }
        ck_assert_uint_eq(found->orders, most);
        ck_assert_int_eq(found->because == PRODUCT_NONE, most == 0);
        if (most == 0)
            continue;
        ck_assert(holds(ask->cart, ask->n_cart, found->because));
        ck_assert_uint_eq(
            copurchase_pair(s->counts, sku_of(found->because), sku_of(found->product)), most);
        ck_assert_uint_eq(found->base_orders, copurchase_single(s->counts, sku_of(found->because)));
        expected[found->product] = 0;
    }
    ck_assert_uint_eq(n, n_expected);
    struct completion *again =
        completion_new(ask, s->arena); /* products first, then all, in another order */
    uint32_t n_products;
    const uint32_t *products = completion_products(again, COMPLETION_MOST, &n_products);
    ck_assert_uint_eq(n_products, n);
    for (uint32_t i = n; i-- > 0;) {
        const struct complete *one = completion_at(completion, i), *other = completion_at(again, i);
        ck_assert_uint_eq(products[i], one->product);
        ck_assert_int_eq(memcmp(one, other, sizeof *one), 0);
    }
    ck_assert_ptr_eq(completion_at(completion, 0) ? completion_at(completion, n) : NULL, NULL);
}

static void check_many(const enum trained_form *form)
{
    struct setting s;
    setting_init(&s, form);
    uint64_t state = 77;
    for (int turn = 0; turn < 200; turn++) {
        uint32_t cart[5];
        struct habit habits[6];
        for (uint32_t i = 0; i < 5; i++)
            cart[i] = dice(&state, PRODUCTS);
        for (uint32_t i = 0; i < 6; i++)
            habits[i] =
                (struct habit){ .product = i * 8 + dice(&state, 8),
                                .times = (float) (1 + dice(&state, 5)),
                                .last_us = START_US - (int64_t) dice(&state, 300) * DAY_US };
        struct completion_ask ask = { .model = s.model,
                                      .cart = cart,
                                      .n_cart = dice(&state, 6),
                                      .habits = habits,
                                      .n_habits = dice(&state, 7),
                                      .now_us = START_US + DAY_US,
                                      .habits_alone = dice(&state, 2) };
        check(&s, &ask);
    }
    setting_deinit(&s);
}

START_TEST(without_a_trained_it_agrees_with_the_plain_sum)
{
    check_many(NULL);
}
END_TEST

START_TEST(of_a_dense_trained_it_agrees_with_the_plain_sum)
{
    enum trained_form form = TRAINED_DENSE;
    check_many(&form);
}
END_TEST

START_TEST(of_a_trained_of_lists_it_agrees_with_the_plain_sum)
{
    enum trained_form form = TRAINED_LISTS;
    check_many(&form);
}
END_TEST

START_TEST(a_pair_bought_together_lately_comes_first_whatever_was_trained)
{
    for (int form = -1; form <= TRAINED_LISTS; form++) {
        enum trained_form trained = form < 0 ? TRAINED_DENSE : (enum trained_form) form;
        struct setting s;
        setting_init(&s, form < 0 ? NULL : &trained);
        struct str both[] = { sku_of(3), sku_of(40) };
        s.model = model_unref(s.model);
        for (uint32_t i = 1; i <= 60; i++)
            ck_assert_int_eq(copurchase_add(s.counts, ORDERS + i, START_US + 90 * DAY_US, both, 2),
                             OK);
        ck_assert_int_eq(model_new(s.catalog, s.counts, s.trained, &s.model), OK);

        const uint32_t cart[] = { 3 };
        float before = weight_of(s.counts, s.trained, 3, 40);
        struct completion *completion = completion_new(
            &(struct completion_ask){ .model = s.model, .cart = cart, .n_cart = 1 }, s.arena);
        uint32_t i = 0;
        while (completion_at(completion, i)->product != 40)
            i++;
        ck_assert_uint_eq(completion_at(completion, i)->orders,
                          copurchase_pair(s.counts, both[0], both[1]));
        ck_assert_float_eq_tol(completion_at(completion, i)->score, before * (form < 0 ? 1 : 0.75F),
                               1e-5F);
        ck_assert(form >= 0 || i == 0);
        setting_deinit(&s);
    }
}
END_TEST

START_TEST(a_long_cart_counts_with_its_last_lines_but_none_of_it_comes_back)
{
    struct setting s;
    setting_init(&s, NULL);
    uint32_t cart[PRODUCTS - 5];
    for (uint32_t i = 0; i < PRODUCTS - 5; i++)
        cart[i] = i;
    struct completion_ask whole = { .model = s.model, .cart = cart, .n_cart = PRODUCTS - 5 };
    struct completion_ask last = { .model = s.model,
                                   .cart = cart + (PRODUCTS - 5 - COMPLETION_LINES),
                                   .n_cart = COMPLETION_LINES };
    struct completion *of_whole = completion_new(&whole, s.arena);
    struct completion *of_last = completion_new(&last, s.arena);
    const struct complete *found;
    uint32_t n = 0;
    for (uint32_t i = 0; (found = completion_at(of_last, i)); i++) {
        if (found->product < PRODUCTS - 5)
            continue;
        ck_assert_uint_eq(completion_at(of_whole, n)->product, found->product);
        ck_assert_float_eq(completion_at(of_whole, n)->score, found->score);
        n++;
    }
    ck_assert_uint_gt(n, 0);
    ck_assert_ptr_null(completion_at(of_whole, n));
    setting_deinit(&s);
}
END_TEST

static float plain_share(const struct complete *found)
{
    return (float) found->orders / (float) (found->base_orders + COMPLETION_DOUBT);
}

START_TEST(how_likely_it_is_wanted_is_what_the_trained_learned_or_else_the_share_of_orders)
{
    for (int form = -1; form <= TRAINED_LISTS; form++) {
        enum trained_form trained = form < 0 ? TRAINED_DENSE : (enum trained_form) form;
        struct setting s;
        setting_init(&s, form < 0 ? NULL : &trained);
        uint32_t seen = 0, unknown = 0;
        for (uint32_t n_cart = 1; n_cart < 4; n_cart++)
            for (uint32_t told = 0; told < 2; told++) {
                const uint32_t cart[] = { 3, 7, SKUS + 1 }; /* the last is not the trained's */
                const struct habit habit = { .product = 5, .times = 2, .last_us = START_US };
                const struct completion_ask ask = { .model = s.model,
                                                    .cart = cart,
                                                    .n_cart = n_cart,
                                                    .habits = &habit,
                                                    .n_habits = told,
                                                    .now_us = START_US };
                struct completion *completion = completion_new(&ask, s.arena);
                const struct complete *found;
                for (uint32_t i = 0; (found = completion_at(completion, i)); i++) {
                    float expected = plain_share(found);
                    bool known = found->product < SKUS &&
                                 (found->because == PRODUCT_NONE || found->because < SKUS);
                    if (form >= 0 && known)
                        expected =
                            (told ? .1F : 0) + fminf(found->score, 1) * (n_cart == 1 ? .5F : .25F);
                    ck_assert_float_eq_tol(completion_chance(completion, found), expected, 1e-6F);
                    seen += known;
                    unknown += !known;
                }
            }
        ck_assert(seen > 20 && unknown > 5);
        setting_deinit(&s);
    }
}
END_TEST

SUITE_MAIN("model/completion", without_a_trained_it_agrees_with_the_plain_sum,
           of_a_dense_trained_it_agrees_with_the_plain_sum,
           of_a_trained_of_lists_it_agrees_with_the_plain_sum,
           a_pair_bought_together_lately_comes_first_whatever_was_trained,
           a_long_cart_counts_with_its_last_lines_but_none_of_it_comes_back,
           how_likely_it_is_wanted_is_what_the_trained_learned_or_else_the_share_of_orders)
