/* SPDX-License-Identifier: Apache-2.0 */
/* What the customers of hidden cases had bought before. */
#include <math.h>
#include <stdlib.h>

#include "model/baskets.h"
#include "model/train/hidden_parts.h"
#include "shop/customer.h"

/* The orders of each customer, oldest first. */
struct history {
    uint64_t *first;
    uint32_t *orders;
    uint32_t *place; /* of each order among its customer's */
};

static void history_deinit(struct history *history)
{
    free(history->first);
    free(history->orders);
    free(history->place);
}

static uint32_t nth_order(const struct hidden_wishes *wishes, uint32_t i)
{
    return i < wishes->n_known ? wishes->known[i] : wishes->asked[i - wishes->n_known];
}

static enum err history_init(struct history *history, const struct hidden_wishes *wishes)
{
    const struct baskets *baskets = wishes->baskets;
    uint32_t n_orders = wishes->n_known + wishes->n_asked;
    history->first = calloc((size_t) baskets->n_customers + 2, sizeof *history->first);
    history->orders = malloc(((size_t) n_orders + 1) * sizeof *history->orders);
    history->place = calloc((size_t) baskets->n_orders + 1, sizeof *history->place);
    if (!history->first || !history->orders || !history->place)
        return ERR_NOMEM;
    uint64_t *next = history->first + 1;
    for (uint32_t i = 0; i < n_orders; i++) {
        uint32_t customer = baskets->customers[nth_order(wishes, i)];
        if (customer != BASKETS_NONE)
            next[customer + 1]++;
    }
    for (uint32_t i = 0; i < baskets->n_customers; i++)
        next[i + 1] += next[i];
    for (uint32_t i = 0; i < n_orders; i++) {
        uint32_t order = nth_order(wishes, i), customer = baskets->customers[order];
        if (customer != BASKETS_NONE)
            history->orders[next[customer]++] = order;
    }
    for (uint32_t customer = 0; customer < baskets->n_customers; customer++)
        for (uint64_t at = history->first[customer]; at < history->first[customer + 1]; at++)
            history->place[history->orders[at]] = (uint32_t) (at - history->first[customer]);
    return OK;
}

/* One count of times for each SKU; which are in use. */
struct tally {
    double *times;
    uint32_t *skus, n;
};

static double faded(int64_t then_us, int64_t now_us)
{
    static const double US_PER_DAY = 86400e6;
    return exp2(-(double) (now_us - then_us) / US_PER_DAY / HABIT_HALF_LIFE_DAYS);
}

static enum err keep_habits(struct hidden_cases *cases, struct hidden *hidden, struct tally *tally)
{
    if (cases->n_habits + tally->n > cases->habits_room) {
        uint64_t room = 2 * cases->habits_room + tally->n + 1024;
        struct bought *habits = realloc(cases->habits, room * sizeof *habits);
        if (!habits)
            return ERR_NOMEM;
        cases->habits = habits;
        cases->habits_room = room;
    }
    hidden->first_habit = cases->n_habits;
    hidden->n_habits = tally->n;
    for (uint32_t i = 0; i < tally->n; i++) {
        double v = tally->times[tally->skus[i]];
        cases->habits[cases->n_habits++] = (struct bought){ tally->skus[i], (float) (v / (v + 1)) };
        tally->times[tally->skus[i]] = 0;
    }
    tally->n = 0;
    return OK;
}

/* Newest order first, until HIDDEN_HABITS different SKUs are known. */
static void add_up(const struct baskets *baskets, const struct history *history, uint32_t order,
                   struct tally *tally)
{
    uint32_t customer = baskets->customers[order];
    for (uint32_t place = history->place[order]; place-- > 0;) {
        uint32_t earlier = history->orders[history->first[customer] + place];
        if (baskets->at_us[earlier] <= 0 || baskets->at_us[earlier] >= baskets->at_us[order])
            continue; /* nobody can say that it was before */
        double times = faded(baskets->at_us[earlier], baskets->at_us[order]);
        for (uint64_t i = baskets->first[earlier]; i < baskets->first[earlier + 1]; i++) {
            uint32_t sku = baskets->items[i];
            if (tally->times[sku] == 0) {
                if (tally->n == HIDDEN_HABITS)
                    continue;
                tally->skus[tally->n++] = sku;
            }
            tally->times[sku] += times;
        }
    }
}

enum err hidden_habits(struct hidden_cases *cases, const struct hidden_wishes *wishes)
{
    struct history history = { 0 };
    struct tally tally = { .times =
                               calloc((size_t) wishes->baskets->n_skus + 1, sizeof *tally.times),
                           .skus = malloc(HIDDEN_HABITS * sizeof *tally.skus) };
    enum err err = tally.times && tally.skus ? history_init(&history, wishes) : ERR_NOMEM;
    for (uint32_t i = 0; err == OK && i < cases->n; i++) {
        struct hidden *hidden = &cases->list[i];
        if (wishes->baskets->customers[hidden->order] == BASKETS_NONE)
            continue;
        add_up(wishes->baskets, &history, hidden->order, &tally);
        err = keep_habits(cases, hidden, &tally);
    }
    history_deinit(&history);
    free(tally.times);
    free(tally.skus);
    return err;
}
