/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders are put in a row (by time, or as the file has them), the row is cut, the training part
 * becomes baskets of its own with its own numbers, and the cases of the rest are written in these
 * numbers.
 */
#include "eval/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/lot.h"
#include "shop/customer.h"

#define DAY_US (INT64_C(24) * 3600 * 1000000)
static const double TRAIN_SHARE = .8, TEST_SHARE = .2;

struct lot {
    uint64_t lot;
    uint32_t order, place; /* @place keeps the sort stable */
};

struct making {
    struct trial *trial;
    const struct trial_settings *settings;
    uint32_t n;
    uint32_t *row; /* orders, the training's first: n_train of them */
    uint32_t n_train;
    uint32_t *previous; /* of each order: the one before it of the same customer, or BASKETS_NONE */
    uint32_t *numbers;  /* SKU of all orders -> of the training */
    uint32_t *slots; /* SKU of the training -> its place in the pasts being made, or BASKETS_NONE */
    struct lot *lots; /* of the test's orders, lowest first */
    struct past *pasts;
    size_t n_pasts, pasts_room;
};

static uint32_t n_items(const struct baskets *baskets, uint32_t order)
{
    return (uint32_t) (baskets->first[order + 1] - baskets->first[order]);
}

/* ── the split ──────────────────────────────────────────────────────────────────────────── */

static int by_time_then_id(const void *left, const void *right, void *trial_)
{
    const struct trial *trial = trial_;
    uint32_t a = *(const uint32_t *) left, b = *(const uint32_t *) right;
    int64_t at_a = trial->orders->at_us[a], at_b = trial->orders->at_us[b];
    if (at_a != at_b)
        return at_a < at_b ? -1 : 1;
    return str_cmp(trial->ids[a], trial->ids[b]);
}

static int by_lot(const void *left, const void *right)
{
    const struct lot *a = left, *b = right;
    if (a->lot != b->lot)
        return a->lot < b->lot ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* The lots of some orders of the row, lowest first. */
static enum err draw(struct making *making, uint32_t begin, uint32_t end)
{
    uint32_t n = end - begin;
    making->lots = calloc((size_t) n + 1, sizeof *making->lots);
    if (!making->lots)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t order = making->row[begin + i];
        making->lots[i] = (struct lot){ lot_of(making->trial->ids[order]), order, i };
    }
    qsort(making->lots, n, sizeof *making->lots, by_lot);
    return OK;
}

static enum err split_by_time(struct making *making)
{
    qsort_r(making->row, making->n, sizeof *making->row, by_time_then_id, making->trial);
    making->n_train = (uint32_t) ((double) making->n * TRAIN_SHARE);
    making->trial->n_test = making->n - making->n_train;
    return draw(making, making->n_train, making->n);
}

/* What is left for training stays in the order of the file. */
static enum err split_by_lot(struct making *making)
{
    TRY(draw(making, 0, making->n));
    uint32_t n_test = (uint32_t) ((double) making->n * TEST_SHARE);
    bool *tested = calloc((size_t) making->n + 1, sizeof *tested);
    if (!tested)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n_test; i++)
        tested[making->lots[i].order] = true;
    for (uint32_t i = 0; i < making->n; i++)
        if (!tested[i])
            making->row[making->n_train++] = i;
    free(tested);
    making->trial->n_test = n_test;
    return OK;
}

static enum err split(struct making *making)
{
    struct trial *trial = making->trial;
    for (uint32_t i = 0; i < making->n; i++) {
        making->row[i] = i;
        trial->n_untimed += trial->orders->at_us[i] == 0;
    }
    trial->by_time = trial->n_untimed < making->n - trial->n_untimed;
    return trial->by_time ? split_by_time(making) : split_by_lot(making);
}

/* ── what is learned from ───────────────────────────────────────────────────────────────── */

/* Customers have numbers here; a number of fixed width names each as well as its id would. */
static struct str customer_text(const struct baskets *orders, uint32_t order, char text[4])
{
    uint32_t customer = orders->customers[order];
    if (customer == BASKETS_NONE)
        return (struct str){ 0 };
    memcpy(text, &customer, 4);
    return (struct str){ text, 4 };
}

static enum err add_order(struct making *making, struct baskets_builder *builder, uint32_t order,
                          struct str *skus)
{
    const struct baskets *all = making->trial->orders;
    char text[4];
    uint32_t n = n_items(all, order);
    for (uint32_t i = 0; i < n; i++)
        skus[i] = all->skus[all->items[all->first[order] + i]];
    return baskets_builder_add(builder, all->at_us[order], customer_text(all, order, text), skus, n,
                               NULL);
}

static enum err fill_train(struct making *making, struct str *skus)
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = baskets_builder_new();
    if (!builder)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < making->n_train; i++)
        TRY(add_order(making, builder, making->row[i], skus));
    return baskets_builder_seal(builder, &making->trial->train);
}

static enum err make_train(struct making *making, struct err_note *note)
{
    struct trial *trial = making->trial;
    const struct baskets *all = trial->orders;
    uint32_t longest = 0;
    for (uint32_t i = 0; i < making->n; i++)
        longest = n_items(all, i) > longest ? n_items(all, i) : longest;
    struct str *skus = calloc((size_t) longest + 1, sizeof *skus);
    enum err err = skus ? fill_train(making, skus) : ERR_NOMEM;
    free(skus);
    TRY(err);
    if (trial->train->n_skus < 2)
        return err_fail(
            note, ERR_INPUT,
            "nothing to learn from: of %u orders the first 80 %% hold %u different SKUs", making->n,
            trial->train->n_skus);

    making->numbers = calloc((size_t) all->n_skus + 1, sizeof *making->numbers);
    making->slots = calloc((size_t) trial->train->n_skus + 1, sizeof *making->slots);
    trial->popularity = calloc((size_t) trial->train->n_skus + 1, sizeof *trial->popularity);
    if (!making->numbers || !making->slots || !trial->popularity)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < all->n_skus; i++)
        making->numbers[i] = baskets_find(trial->train, all->skus[i]);
    for (uint32_t i = 0; i < trial->train->n_skus; i++)
        making->slots[i] = BASKETS_NONE;
    for (uint64_t i = 0; i < trial->train->first[trial->train->n_orders]; i++)
        trial->popularity[trial->train->items[i]]++;
    return OK;
}

/* ── what a customer bought before ──────────────────────────────────────────────────────── */

static enum err chain_customers(struct making *making)
{
    const struct baskets *all = making->trial->orders;
    uint32_t *latest = malloc(((size_t) all->n_customers + 1) * sizeof *latest);
    if (!latest)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < all->n_customers; i++)
        latest[i] = BASKETS_NONE;
    for (uint32_t i = 0; i < making->n; i++) {
        uint32_t order = making->row[i], customer = all->customers[order];
        making->previous[order] = customer == BASKETS_NONE ? BASKETS_NONE : latest[customer];
        if (customer != BASKETS_NONE)
            latest[customer] = order;
    }
    free(latest);
    return OK;
}

static enum err room_for_pasts(struct making *making)
{
    if (making->pasts_room - making->n_pasts >= TRIAL_PASTS)
        return OK;
    size_t room = making->pasts_room ? making->pasts_room * 2 : (size_t) 16 * TRIAL_PASTS;
    struct past *pasts = realloc(making->pasts, room * sizeof *pasts);
    if (!pasts)
        return ERR_NOMEM;
    making->pasts = pasts;
    making->pasts_room = room;
    return OK;
}

/* One earlier order, the newest come first: a SKU's first mention is its last purchase. */
static void remember(struct making *making, struct trial_case *asked, struct past *pasts,
                     uint32_t order)
{
    const struct baskets *all = making->trial->orders;
    int64_t at_us = all->at_us[order];
    for (uint64_t i = all->first[order]; i < all->first[order + 1]; i++) {
        uint32_t sku = making->numbers[all->items[i]];
        if (sku == BASKETS_NONE)
            continue;
        if (making->slots[sku] != BASKETS_NONE) {
            struct past *past = &pasts[making->slots[sku]];
            double days = (double) (past->last_us - at_us) / DAY_US;
            past->times += (float) exp2(-days / HABIT_HALF_LIFE_DAYS);
        } else if (asked->n_pasts < TRIAL_PASTS) {
            making->slots[sku] = asked->n_pasts;
            pasts[asked->n_pasts++] = (struct past){ sku, 1, at_us };
        }
    }
}

static enum err find_pasts(struct making *making, struct trial_case *asked)
{
    const struct baskets *all = making->trial->orders;
    TRY(room_for_pasts(making));
    struct past *pasts = making->pasts + making->n_pasts;
    uint32_t order = making->previous[asked->order], walked = 0;
    for (; order != BASKETS_NONE && walked < TRIAL_PAST_ORDERS; order = making->previous[order]) {
        walked++;
        if (all->at_us[order] > 0 && all->at_us[order] < asked->at_us)
            remember(making, asked, pasts, order);
    }
    for (uint32_t i = 0; i < asked->n_pasts; i++)
        making->slots[pasts[i].sku] = BASKETS_NONE;
    making->n_pasts += asked->n_pasts;
    return OK;
}

/* ── cases ──────────────────────────────────────────────────────────────────────────────── */

static void fill_case(struct making *making, struct trial_case *asked, const struct lot *lot)
{
    const struct baskets *all = making->trial->orders;
    const uint32_t *items = all->items + all->first[lot->order];
    uint32_t n = n_items(all, lot->order);
    uint32_t hidden = making->settings->hide_last ? n - 1 : (uint32_t) (lot->lot % n);
    asked->order = lot->order;
    asked->at_us = all->at_us[lot->order];
    asked->answer = items[hidden];
    asked->hidden = making->numbers[asked->answer];
    for (uint32_t i = 0; i < n && asked->n_shown < TRIAL_CART; i++)
        if (i != hidden)
            asked->shown[asked->n_shown++] = items[i];
    for (uint32_t i = 0; i < asked->n_shown; i++)
        if (making->numbers[asked->shown[i]] != BASKETS_NONE)
            asked->cart[asked->n_cart++] = making->numbers[asked->shown[i]];
}

static void fill_moment(struct making *making, struct trial_case *moment, const struct lot *lot)
{
    const struct baskets *all = making->trial->orders;
    const uint32_t *items = all->items + all->first[lot->order];
    uint32_t n = n_items(all, lot->order);
    moment->order = lot->order;
    moment->at_us = all->at_us[lot->order];
    moment->hidden = BASKETS_NONE;
    moment->n_shown = 1 + (uint32_t) (lot->lot / n % (n < TRIAL_CART ? n : TRIAL_CART));
    for (uint32_t i = 0; i < moment->n_shown; i++) {
        uint32_t sku = moment->shown[i] = items[(lot->lot + i) % n];
        if (making->numbers[sku] != BASKETS_NONE)
            moment->cart[moment->n_cart++] = making->numbers[sku];
    }
}

static enum err make_moments(struct making *making)
{
    struct trial *trial = making->trial;
    uint32_t most = making->settings->most_cases;
    for (uint32_t i = 0; i < trial->n_test && trial->n_moments < most; i++) {
        if (n_items(trial->orders, making->lots[i].order) == 0)
            continue;
        struct trial_case *moment = &trial->moments[trial->n_moments++];
        fill_moment(making, moment, &making->lots[i]);
        if (trial->by_time)
            TRY(find_pasts(making, moment));
    }
    return OK;
}

/* What was found of all, one behind the other: the cases', then the moments'. */
static void hand_out_pasts(struct trial *trial)
{
    const struct past *pasts = trial->pasts;
    for (uint32_t i = 0; i < trial->n_cases + trial->n_moments; i++) {
        struct trial_case *asked =
            i < trial->n_cases ? &trial->cases[i] : &trial->moments[i - trial->n_cases];
        asked->pasts = pasts;
        if (pasts)
            pasts += asked->n_pasts;
    }
}

static enum err make_cases(struct making *making, struct err_note *note)
{
    struct trial *trial = making->trial;
    uint32_t most = making->settings->most_cases;
    size_t room = (size_t) (trial->n_test < most ? trial->n_test : most) + 1;
    trial->cases = calloc(room, sizeof *trial->cases);
    trial->moments = calloc(room, sizeof *trial->moments);
    if (!trial->cases || !trial->moments)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < trial->n_test; i++) {
        if (n_items(trial->orders, making->lots[i].order) < 2)
            continue;
        trial->n_askable++;
        if (trial->n_cases == most)
            continue;
        struct trial_case *asked = &trial->cases[trial->n_cases++];
        fill_case(making, asked, &making->lots[i]);
        if (trial->by_time)
            TRY(find_pasts(making, asked));
        trial->n_unseen += asked->hidden == BASKETS_NONE;
        trial->n_returning += asked->n_pasts > 0;
    }
    TRY(make_moments(making));
    trial->pasts = MOVE(making->pasts);
    hand_out_pasts(trial);
    if (trial->n_cases == 0)
        return err_fail(
            note, ERR_INPUT,
            "nothing to ask: none of the %u orders of the test holds two or more different "
            "SKUs",
            trial->n_test);
    return OK;
}

static enum err make(struct making *making, struct err_note *note)
{
    struct trial *trial = making->trial;
    making->row = malloc(((size_t) making->n + 1) * sizeof *making->row);
    making->previous = malloc(((size_t) making->n + 1) * sizeof *making->previous);
    if (!making->row || !making->previous)
        return ERR_NOMEM;
    TRY(split(making));
    TRY(make_train(making, note));
    if (trial->by_time)
        TRY(chain_customers(making));
    return make_cases(making, note);
}

enum err trial_new(const struct baskets *orders, const struct str *ids,
                   const struct trial_settings *settings, struct trial **ret_trial,
                   struct err_note *note)
{
    AUTO(trial_free) struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return ERR_NOMEM;
    trial->orders = orders;
    trial->ids = ids;
    struct making making = { .trial = trial, .settings = settings, .n = orders->n_orders };
    enum err err = make(&making, note);
    free(making.row);
    free(making.previous);
    free(making.numbers);
    free(making.slots);
    free(making.lots);
    free(making.pasts);
    TRY(err);
    *ret_trial = MOVE(trial);
    return OK;
}

struct trial *trial_free(struct trial *trial)
{
    if (!trial)
        return NULL;
    (void) baskets_free(trial->train);
    free(trial->cases);
    free(trial->moments);
    free(trial->pasts);
    free(trial->popularity);
    free(trial);
    return NULL;
}
