/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/trial.h"

#include <math.h>

#include "eval/lot.h"
#include "some_orders.h"

static const struct trial_settings all_cases = { .most_cases = 1000 };

/* Ten orders: eight to learn from, the last two to be asked. */
static const struct written_order ten[] = {
    { "o9", "eve", 90, "A B C" }, { "o1", "eve", 10, "A B" }, { "o2", NULL, 20, "B C" },
    { "o3", "bob", 30, "C" },     { "o5", NULL, 40, "D A" },  { "o4", NULL, 40, "A" },
    { "o6", "eve", 60, "A D" },   { "o7", NULL, 70, "B D" },  { "o8", NULL, 80, "A C" },
    { "oX", "bob", 95, "B NEW" },
};

static struct trial *made(const struct baskets *orders, const struct str *ids,
                          const struct trial_settings *settings)
{
    struct trial *trial = NULL;
    struct err_note note = { "" };
    ck_assert_msg(trial_new(orders, ids, settings, &trial, &note) == OK, "%s", note.text);
    return trial;
}

static const struct trial_case *case_of(const struct trial *trial, const char *id)
{
    for (uint32_t i = 0; i < trial->n_cases; i++)
        if (str_is(trial->ids[trial->cases[i].order], id))
            return &trial->cases[i];
    return NULL;
}

START_TEST(the_last_fifth_by_time_is_asked_the_rest_is_learned)
{
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(ten, 10, ids);
    AUTO(trial_free) struct trial *trial = made(orders, ids, &all_cases);

    ck_assert(trial->by_time);
    ck_assert_uint_eq(trial->train->n_orders, 8);
    ck_assert_uint_eq(trial->n_test, 2);
    ck_assert_uint_eq(trial->n_cases, 2);
    ck_assert_ptr_nonnull(case_of(trial, "o9"));
    ck_assert_ptr_nonnull(case_of(trial, "oX"));
    ck_assert_float_eq(trial->popularity[baskets_find(trial->train, STR("A"))], 5);
}
END_TEST

START_TEST(orders_of_one_instant_stand_by_their_ids)
{
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(ten, 10, ids);
    AUTO(trial_free) struct trial *trial = made(orders, ids, &all_cases);

    ck_assert_uint_eq(trial->train->first[4] - trial->train->first[3], 1); /* o4 before o5 */
    ck_assert_uint_eq(trial->train->first[5] - trial->train->first[4], 2);
}
END_TEST

START_TEST(the_order_ids_lot_says_what_is_hidden)
{
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(ten, 10, ids);
    AUTO(trial_free) struct trial *trial = made(orders, ids, &all_cases);
    const struct trial_case *asked = case_of(trial, "o9");
    const char *const skus[] = { "A", "B", "C" };
    uint64_t hidden = lot_of(STR("o9")) % 3;

    ck_assert(str_is(orders->skus[asked->answer], skus[hidden]));
    ck_assert(str_is(trial->train->skus[asked->hidden], skus[hidden]));
    ck_assert_uint_eq(asked->n_cart, 2);
    ck_assert(str_is(trial->train->skus[asked->cart[0]], skus[hidden == 0]));
    ck_assert(str_is(trial->train->skus[asked->cart[1]], skus[hidden == 2 ? 1 : 2]));
}
END_TEST

START_TEST(in_cart_order_the_last_is_hidden)
{
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(ten, 10, ids);
    const struct trial_settings last = { .most_cases = 1000, .hide_last = true };
    AUTO(trial_free) struct trial *trial = made(orders, ids, &last);

    ck_assert(str_is(orders->skus[case_of(trial, "o9")->answer], "C"));
    ck_assert_uint_eq(case_of(trial, "oX")->hidden, BASKETS_NONE); /* NEW was never seen */
    ck_assert_uint_eq(trial->n_unseen, 1);
}
END_TEST

START_TEST(a_customer_has_bought_what_was_ordered_before_fading_with_time)
{
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(ten, 10, ids);
    AUTO(trial_free) struct trial *trial = made(orders, ids, &all_cases);
    const struct trial_case *eve = case_of(trial, "o9");

    ck_assert_uint_eq(eve->n_pasts, 3); /* A and D of o6, B of o1 */
    ck_assert(str_is(trial->train->skus[eve->pasts[0].sku], "A"));
    ck_assert_int_eq(eve->pasts[0].last_us, INT64_C(60) * DAY_OF_US * 1000000);
    ck_assert_float_eq_tol(eve->pasts[0].times, 1 + exp2f(-50 / 180.F), 1e-6);
    ck_assert_float_eq_tol(eve->pasts[1].times, 1, 1e-6);
    ck_assert_uint_eq(case_of(trial, "oX")->n_pasts, 1); /* bob: C */
    ck_assert_uint_eq(trial->n_returning, 2);
}
END_TEST

START_TEST(an_order_at_the_same_instant_was_not_before)
{
    static const struct written_order twins[] = {
        { "a", "eve", 1, "A B" }, { "b", "eve", 2, "A B" }, { "c", "eve", 3, "C A" },
        { "d", "eve", 4, "A B" }, { "e", "eve", 5, "A B" }, { "f", "eve", 6, "A B" },
        { "g", "eve", 7, "A B" }, { "h", "eve", 8, "A B" }, { "i", "eve", 9, "D A" },
        { "j", "eve", 9, "A B" },
    };
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(twins, 10, ids);
    AUTO(trial_free) struct trial *trial = made(orders, ids, &all_cases);

    ck_assert_uint_eq(case_of(trial, "j")->n_pasts, 3); /* A, B, C: not the D of its twin */
}
END_TEST

START_TEST(without_times_the_lowest_lots_are_asked)
{
    struct written_order untimed[10];
    struct str ids[SOME_MOST];
    memcpy(untimed, ten, sizeof untimed);
    for (int i = 0; i < 10; i++)
        untimed[i].days = 0;
    AUTO(baskets_free) struct baskets *orders = some_orders(untimed, 10, ids);
    AUTO(trial_free) struct trial *trial = made(orders, ids, &all_cases);

    ck_assert(!trial->by_time);
    ck_assert_uint_eq(trial->train->n_orders, 8);
    for (uint32_t i = 0; i < trial->n_cases; i++) {
        uint64_t lot = lot_of(ids[trial->cases[i].order]);
        uint32_t lower = 0;
        for (int k = 0; k < 10; k++)
            lower += lot_of(ids[k]) < lot;
        ck_assert_uint_lt(lower, 2);
        ck_assert_uint_eq(trial->cases[i].n_pasts, 0);
    }
}
END_TEST

START_TEST(fewer_cases_are_the_ones_with_the_lowest_lots)
{
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(ten, 10, ids);
    const struct trial_settings one = { .most_cases = 1 };
    AUTO(trial_free) struct trial *trial = made(orders, ids, &one);

    ck_assert_uint_eq(trial->n_cases, 1);
    ck_assert_uint_eq(trial->n_askable, 2);
    ck_assert(
        str_is(ids[trial->cases[0].order], lot_of(STR("o9")) < lot_of(STR("oX")) ? "o9" : "oX"));
}
END_TEST

START_TEST(of_each_test_order_a_cart_on_its_way_is_a_moment)
{
    struct str ids[SOME_MOST];
    AUTO(baskets_free) struct baskets *orders = some_orders(ten, 10, ids);
    AUTO(trial_free) struct trial *trial = made(orders, ids, &all_cases);
    ck_assert_uint_eq(trial->n_moments, 2);
    for (uint32_t m = 0; m < 2; m++) {
        const struct trial_case *moment = &trial->moments[m];
        bool eves = str_is(trial->ids[moment->order], "o9");
        uint64_t lot = lot_of(ids[moment->order]), n = eves ? 3 : 2;
        const uint32_t *items = orders->items + orders->first[moment->order];
        ck_assert_uint_eq(moment->n_shown, 1 + lot / n % n);
        for (uint32_t i = 0; i < moment->n_shown; i++)
            ck_assert_uint_eq(moment->shown[i], items[(lot + i) % n]);
        ck_assert_uint_eq(moment->hidden, BASKETS_NONE);
        ck_assert_uint_eq(moment->n_pasts, eves ? 3 : 1); /* A, B, D; C */
        ck_assert(moment->at_us == orders->at_us[moment->order]);
    }

    static const struct written_order ones[] = {
        { "a", NULL, 1, "A B" },  { "b", NULL, 2, "A B" }, { "c", NULL, 3, "A B" },
        { "d", NULL, 4, "A B" },  { "e", NULL, 5, "A B" }, { "f", NULL, 6, "A B" },
        { "g", NULL, 7, "A B" },  { "h", NULL, 8, "A B" }, { "i", NULL, 9, "A" },
        { "j", NULL, 10, "A B" },
    };
    AUTO(baskets_free) struct baskets *some = some_orders(ones, 10, ids);
    AUTO(trial_free) struct trial *other = made(some, ids, &all_cases);
    ck_assert_uint_eq(other->n_cases, 1);
    ck_assert_uint_eq(other->n_moments, 2); /* also where nothing more was taken */
}
END_TEST

START_TEST(says_when_there_is_nothing_to_learn_or_to_ask)
{
    static const struct written_order lonely[] = {
        { "a", NULL, 1, "A" }, { "b", NULL, 2, "B" }, { "c", NULL, 3, "A" },
        { "d", NULL, 4, "B" }, { "e", NULL, 5, "A" },
    };
    struct str ids[SOME_MOST];
    struct err_note note = { "" };
    struct trial *trial = NULL;
    AUTO(baskets_free) struct baskets *orders = some_orders(lonely, 5, ids);
    ck_assert_int_eq(trial_new(orders, ids, &all_cases, &trial, &note), ERR_INPUT);
    ck_assert_str_eq(note.text,
                     "nothing to ask: none of the 1 orders of the test holds two or more "
                     "different SKUs");

    AUTO(baskets_free) struct baskets *one = some_orders(ten, 1, ids);
    ck_assert_int_eq(trial_new(one, ids, &all_cases, &trial, &note), ERR_INPUT);
    ck_assert_str_eq(note.text,
                     "nothing to learn from: of 1 orders the first 80 % hold 0 different SKUs");
    ck_assert_ptr_null(trial);
}
END_TEST

SUITE_MAIN("eval/trial", the_last_fifth_by_time_is_asked_the_rest_is_learned,
           orders_of_one_instant_stand_by_their_ids, the_order_ids_lot_says_what_is_hidden,
           in_cart_order_the_last_is_hidden,
           a_customer_has_bought_what_was_ordered_before_fading_with_time,
           an_order_at_the_same_instant_was_not_before, without_times_the_lowest_lots_are_asked,
           fewer_cases_are_the_ones_with_the_lowest_lots,
           of_each_test_order_a_cart_on_its_way_is_a_moment,
           says_when_there_is_nothing_to_learn_or_to_ask)
