/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/method.h"

#include <math.h>

#include "eval/figures.h"
#include "eval/offerd_part.h"
#include "eval/ranking.h"
#include "some_orders.h"

/*
 * Learned: A 4 orders, B 3, C 3, D 1; A with B 2, A with C 1, B with C 2, C with D 1. Asked: A
 * without B.
 */
static const struct written_order small[] = {
    { "1", NULL, 1, "A B" },   { "2", NULL, 2, "A B C" }, { "3", NULL, 3, "C D" },
    { "4", NULL, 4, "C B" },   { "5", NULL, 5, "A" },     { "6", NULL, 6, "A" },
    { "7", NULL, 7, "E F" },   { "8", NULL, 8, "F E" },   { "9", NULL, 9, "E" },
    { "10", NULL, 10, "A B" },
};

typedef enum err new_fn(const struct trial *, struct method **, struct err_note *);

struct shop {
    struct str ids[SOME_MOST];
    struct baskets *orders;
    struct trial *trial;
    float scores[16];
};

static void open_shop(struct shop *shop)
{
    const struct trial_settings settings = { .most_cases = 10, .hide_last = true };
    shop->orders = some_orders(small, 10, shop->ids);
    ck_assert_int_eq(trial_new(shop->orders, shop->ids, &settings, &shop->trial, NULL), OK);
    ck_assert_uint_eq(shop->trial->n_cases, 1);
}

static void close_shop(struct shop *shop)
{
    (void) trial_free(shop->trial);
    (void) baskets_free(shop->orders);
}

static void ask(struct shop *shop, new_fn *make)
{
    AUTO(method_free) struct method *method = NULL;
    ck_assert_int_eq(make(shop->trial, &method, NULL), OK);
    memset(shop->scores, 0, sizeof shop->scores);
    ck_assert_int_eq(method->score(method, &shop->trial->cases[0], shop->scores), OK);
}

static double said(const struct shop *shop, const char *sku)
{
    return (double) shop->scores[baskets_find(shop->trial->train, str_of(sku))];
}

START_TEST(each_formula_is_what_its_name_says)
{
    struct shop shop;
    open_shop(&shop);
    ask(&shop, method_popularity_new);
    ck_assert_double_eq(said(&shop, "B"), 3);
    ask(&shop, method_conditional_new);
    ck_assert_double_eq_tol(said(&shop, "B"), 2 / 4., 1e-6);
    ck_assert_double_eq_tol(said(&shop, "C"), 1 / 4., 1e-6);
    ck_assert_double_eq(said(&shop, "D"), 0);
    ask(&shop, method_cosine_new);
    ck_assert_double_eq_tol(said(&shop, "B"), 2 / sqrt(12), 1e-6);
    ask(&shop, method_cosine10_new);
    ck_assert_double_eq_tol(said(&shop, "B"), 2 / (sqrt(12) + 10), 1e-6);
    close_shop(&shop);
}
END_TEST

START_TEST(neighbours_vote_with_their_similarity)
{
    struct shop shop;
    open_shop(&shop);
    ask(&shop, method_sknn_new);
    ck_assert_double_eq_tol(said(&shop, "B"), 1 / sqrt(2) + 1 / sqrt(3), 1e-6);
    ck_assert_double_eq_tol(said(&shop, "C"), 1 / sqrt(3), 1e-6);
    ck_assert_double_eq(said(&shop, "E"), 0);
    ask(&shop, method_vsknn_new);
    ck_assert_double_eq_tol(said(&shop, "C"), log(8 / 3.) / sqrt(3), 1e-6);
    close_shop(&shop);
}
END_TEST

START_TEST(ease_speaks_for_what_is_bought_together_and_not_for_the_cart_itself)
{
    struct shop shop;
    open_shop(&shop);
    ask(&shop, method_ease_new);
    ck_assert_double_gt(said(&shop, "B"), said(&shop, "C"));
    ck_assert_double_gt(said(&shop, "C"), fabs(said(&shop, "E")));
    ck_assert_double_eq(said(&shop, "A"), 0);
    close_shop(&shop);
}
END_TEST

/* Two SKUs that are always together: B = n / (n + lambda), from the formula by hand. */
START_TEST(ease_of_two_skus_is_the_ridge_by_hand)
{
    static const struct written_order pairs[] = {
        { "1", NULL, 1, "A B" }, { "2", NULL, 1, "A B" }, { "3", NULL, 1, "A B" },
        { "4", NULL, 1, "A B" }, { "5", NULL, 2, "A B" },
    };
    struct str ids[SOME_MOST];
    const struct trial_settings settings = { .most_cases = 10, .hide_last = true };
    struct shop shop;
    shop.orders = some_orders(pairs, 5, ids);
    ck_assert_int_eq(trial_new(shop.orders, ids, &settings, &shop.trial, NULL), OK);
    ask(&shop, method_ease_new);
    ck_assert_double_eq_tol(said(&shop, "B"), 4 / 104., 1e-6);
    ask(&shop, method_ease_weighted_new);
    double n = 4 / sqrt(2);
    ck_assert_double_eq_tol(said(&shop, "B"), n / (n + 5), 1e-6);
    close_shop(&shop);
}
END_TEST

/* ── ranking ────────────────────────────────────────────────────────────────────────────── */

static enum err same_for_all(struct method *method, const struct trial_case *asked, float *scores)
{
    (void) method, (void) asked, (void) scores;
    return OK;
}

static void nothing(struct method *method)
{
    (void) method;
}

START_TEST(equal_scores_rank_by_popularity_without_the_cart)
{
    struct shop shop;
    open_shop(&shop);
    struct method flat = { .score = same_for_all, .free = nothing };
    uint32_t rank = 0;
    ck_assert_int_eq(ranking_run(shop.trial, &flat, NULL, &rank), OK);
    ck_assert_uint_eq(rank,
                      1); /* B 3 and C 3 share the first place; A, more popular, is in the cart */
    close_shop(&shop);
}
END_TEST

static bool stop(void *self, uint32_t done, uint32_t all)
{
    (void) self, (void) done, (void) all;
    return false;
}

START_TEST(whoever_watches_may_end_it)
{
    struct shop shop;
    open_shop(&shop);
    struct method flat = { .score = same_for_all, .free = nothing };
    const struct ranking_watch watch = { .go_on = stop };
    uint32_t rank = 0;
    ck_assert_int_eq(ranking_run(shop.trial, &flat, &watch, &rank), ERR_UNAVAILABLE);
    close_shop(&shop);
}
END_TEST

/* ── offerd ─────────────────────────────────────────────────────────────────────────────── */

/* 400 orders of four pairs; customers come back for their own pair. */
static struct baskets *paired_shop(struct str ids[400], char texts[400][8])
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    static const char *const names[] = { "A", "B", "C", "D", "E", "F", "G", "H" };
    struct baskets *baskets = NULL;
    for (int i = 0; i < 400; i++) {
        struct str skus[] = { str_of(names[i % 4 * 2]), str_of(names[i % 4 * 2 + 1]),
                              str_of(names[i / 4 % 8]) };
        char customer[8];
        (void) snprintf(texts[i], 8, "o%03d", i);
        (void) snprintf(customer, sizeof customer, "c%d", i % 20);
        ids[i] = str_of(texts[i]);
        ck_assert_int_eq(baskets_builder_add(builder, (i + 1) * INT64_C(3600000000),
                                             str_of(customer), skus, 3, NULL),
                         OK);
    }
    ck_assert_int_eq(baskets_builder_seal(builder, &baskets), OK);
    return baskets;
}

START_TEST(offerd_finds_the_other_half_of_a_pair_and_ranks_every_sku)
{
    struct str ids[400];
    static char texts[400][8];
    AUTO(baskets_free) struct baskets *orders = paired_shop(ids, texts);
    const struct trial_settings settings = { .most_cases = 80, .hide_last = false };
    const struct offerd_settings ours = { .catalog = NULL };
    AUTO(trial_free) struct trial *trial = NULL;
    AUTO(offerd_part_free) struct offerd_part *part = NULL;
    AUTO(method_free) struct method *method = NULL;
    ck_assert_int_eq(trial_new(orders, ids, &settings, &trial, NULL), OK);
    struct err_note note = { "" };
    ck_assert_msg(offerd_part_new(trial, &ours, &part, &note) == OK, "%s", note.text);
    ck_assert_int_eq(method_offerd_new(part, true, &method), OK);
    ck_assert(method->history);

    uint32_t ranks[80];
    ck_assert_int_eq(ranking_run(trial, method, NULL, ranks), OK);
    struct figures figures;
    ck_assert_int_eq(figures_of(ranks, trial->n_cases, 1, &figures), OK);
    ck_assert_double_gt(figures.of[HR_1].value, .4); /* chance: 1 in 6 */
    ck_assert_double_eq(figures.of[HR_10].value, 1); /* eight SKUs: none is further down */
}
END_TEST

SUITE_MAIN("eval/method", each_formula_is_what_its_name_says, neighbours_vote_with_their_similarity,
           ease_speaks_for_what_is_bought_together_and_not_for_the_cart_itself,
           ease_of_two_skus_is_the_ridge_by_hand, equal_scores_rank_by_popularity_without_the_cart,
           whoever_watches_may_end_it, offerd_finds_the_other_half_of_a_pair_and_ranks_every_sku)
