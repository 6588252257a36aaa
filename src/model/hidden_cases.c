/* SPDX-License-Identifier: Apache-2.0 */
#include "model/hidden_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/baskets.h"
#include "model/crew.h"
#include "model/weights.h"
#include "shop/customer.h"

struct hidden {
    uint32_t cart[HIDDEN_CART], n_cart, target;
    uint32_t order;
    uint64_t first_habit;
    uint32_t n_habits;
};

struct bought { /* what the customer bought before */
    uint32_t sku;
    float value; /* v / (v + 1) */
};

struct hidden_cases {
    const struct baskets *baskets;
    struct hidden *list;
    uint32_t n, n_orders;
    struct bought *habits;
    uint64_t n_habits, habits_room;
    uint32_t *popularity; /* orders among the known that hold a SKU */
};

struct hidden_cases *hidden_cases_free(struct hidden_cases *cases)
{
    if (!cases)
        return NULL;
    free(cases->list);
    free(cases->habits);
    free(cases->popularity);
    free(cases);
    return NULL;
}

uint32_t hidden_cases_count(const struct hidden_cases *cases)
{
    return cases->n;
}

uint32_t hidden_cases_orders(const struct hidden_cases *cases)
{
    return cases->n_orders;
}

uint32_t hidden_cases_with_history(const struct hidden_cases *cases)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < cases->n; i++)
        n += cases->list[i].n_habits > 0;
    return n;
}

uint32_t hidden_cases_target(const struct hidden_cases *cases, uint32_t number)
{
    return cases->list[number].target;
}

const uint32_t *hidden_cases_cart(const struct hidden_cases *cases, uint32_t number,
                                  uint32_t *ret_n)
{
    *ret_n = cases->list[number].n_cart;
    return cases->list[number].cart;
}

/* ── making ─────────────────────────────────────────────────────────────────────────────── */

static uint64_t scrambled(uint64_t x) /* the finisher of splitmix64 */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t order_size(const struct baskets *baskets, uint32_t order)
{
    return baskets->first[order + 1] - baskets->first[order];
}

/* The @round-th SKU to hide of an order: another one each round. */
static void hide(const struct baskets *baskets, uint32_t order, uint32_t round,
                 struct hidden *hidden)
{
    const uint32_t *items = baskets->items + baskets->first[order];
    uint64_t n = order_size(baskets, order), at = (scrambled(order) + round) % n;
    *hidden = (struct hidden){ .target = items[at], .order = order };
    for (uint64_t i = 0; i < n && hidden->n_cart < HIDDEN_CART; i++)
        if (i != at)
            hidden->cart[hidden->n_cart++] = items[i];
}

struct candidate {
    uint64_t hash;
    uint32_t order;
};

static int by_hash(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/*
 * One case of each order, lowest hash first; where that gives fewer than asked for, a second and a third SKU of
 * the same orders is hidden: more cases, less chance in what is chosen by them.
 */
static enum err make_cases(struct hidden_cases *cases, const struct hidden_wishes *wishes)
{
    enum { ROUNDS = 3 };
    struct candidate *orders = malloc(((size_t) wishes->n_asked + 1) * sizeof *orders);
    cases->list = malloc(((size_t) wishes->most + 1) * sizeof *cases->list);
    if (!orders || !cases->list) {
        free(orders);
        return ERR_NOMEM;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < wishes->n_asked; i++)
        if (order_size(wishes->baskets, wishes->asked[i]) >= 2)
            orders[n++] =
                (struct candidate){ scrambled(~(uint64_t) wishes->asked[i]), wishes->asked[i] };
    qsort(orders, n, sizeof *orders, by_hash);
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < n && cases->n < wishes->most; i++)
            if (order_size(wishes->baskets, orders[i].order) >= 2 + round)
                hide(wishes->baskets, orders[i].order, round, &cases->list[cases->n++]);
    cases->n_orders = n < cases->n ? n : cases->n;
    free(orders);
    return OK;
}

/* ── what the customers had bought before ───────────────────────────────────────────────── */

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

static enum err make_habits(struct hidden_cases *cases, const struct hidden_wishes *wishes)
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

enum err hidden_cases_new(const struct hidden_wishes *wishes, struct hidden_cases **ret_cases)
{
    const struct baskets *baskets = wishes->baskets;
    AUTO(hidden_cases_free) struct hidden_cases *cases = calloc(1, sizeof *cases);
    if (!cases)
        return ERR_NOMEM;
    cases->baskets = baskets;
    cases->popularity = calloc((size_t) baskets->n_skus + 1, sizeof *cases->popularity);
    if (!cases->popularity)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < wishes->n_known; i++)
        for (uint64_t k = baskets->first[wishes->known[i]];
             k < baskets->first[wishes->known[i] + 1]; k++)
            cases->popularity[baskets->items[k]]++;
    TRY(make_cases(cases, wishes));
    TRY(make_habits(cases, wishes));
    *ret_cases = MOVE(cases);
    return OK;
}

/* ── ranking ────────────────────────────────────────────────────────────────────────────── */

struct ranking {
    const struct hidden_cases *cases;
    const struct weights *weights;
    const float *history_weights;
    uint32_t n_history_weights;
    uint32_t *ranks;
};

static void score_cart(const struct weights *weights, const struct hidden *hidden, float *scores)
{
    memset(scores, 0, weights->n_skus * sizeof *scores);
    for (uint32_t i = 0; i < hidden->n_cart; i++) {
        uint32_t from = hidden->cart[i];
        if (weights->form == TRAINED_DENSE) {
            const float *row = weights->dense + (size_t) from * weights->n_skus;
            for (uint32_t to = 0; to < weights->n_skus; to++)
                scores[to] += row[to];
        } else
            for (uint64_t k = weights->first[from]; k < weights->first[from + 1]; k++)
                scores[weights->edges[k].sku] += weights->edges[k].weight;
    }
}

/* The cart's SKUs and those that nobody knows: behind all others. */
static void leave_out(const struct hidden_cases *cases, const struct hidden *hidden, float *scores)
{
    for (uint32_t i = 0; i < hidden->n_cart; i++)
        scores[hidden->cart[i]] = -INFINITY;
    for (uint32_t sku = 0; sku < cases->baskets->n_skus; sku++)
        if (cases->popularity[sku] == 0)
            scores[sku] = -INFINITY;
}

static uint32_t rank_of(const struct hidden_cases *cases, uint32_t target, const float *scores)
{
    float score = scores[target];
    uint32_t rank = 1, popularity = cases->popularity[target];
    for (uint32_t sku = 0; sku < cases->baskets->n_skus; sku++)
        rank +=
            scores[sku] > score || (scores[sku] == score && cases->popularity[sku] > popularity);
    return rank;
}

static void rank_case(const struct ranking *ranking, uint32_t number, float *scores, float *blend)
{
    const struct hidden_cases *cases = ranking->cases;
    const struct hidden *hidden = &cases->list[number];
    uint32_t n_skus = cases->baskets->n_skus;
    bool known = cases->popularity[hidden->target] > 0;
    if (known && ranking->weights)
        score_cart(ranking->weights, hidden, scores);
    else
        memset(scores, 0, n_skus * sizeof *scores);
    leave_out(cases, hidden, scores);
    for (uint32_t w = 0; w < ranking->n_history_weights; w++) {
        uint32_t *rank = &ranking->ranks[(size_t) w * cases->n + number];
        float weight = ranking->history_weights[w];
        if (!known)
            *rank = HIDDEN_NOT_FOUND;
        else if (w > 0 && (weight == 0 || hidden->n_habits == 0))
            *rank = ranking->ranks[number]; /* the first history weight is 0 */
        else if (weight == 0)
            *rank = rank_of(cases, hidden->target, scores);
        else {
            for (uint32_t sku = 0; sku < n_skus; sku++)
                blend[sku] = (1 - weight) * scores[sku];
            for (uint32_t i = 0; i < hidden->n_habits; i++) {
                const struct bought *bought = &cases->habits[hidden->first_habit + i];
                blend[bought->sku] += weight * bought->value;
            }
            *rank = rank_of(cases, hidden->target, blend);
        }
    }
}

static enum err rank_cases(void *context, uint32_t begin, uint32_t end)
{
    const struct ranking *ranking = context;
    size_t n_skus = ranking->cases->baskets->n_skus;
    float *scores = malloc((2 * n_skus + 1) * sizeof *scores);
    if (!scores)
        return ERR_NOMEM;
    for (uint32_t i = begin; i < end; i++)
        rank_case(ranking, i, scores, scores + n_skus);
    free(scores);
    return OK;
}

enum err hidden_cases_rank(const struct hidden_cases *cases, const struct weights *weights,
                           const float *history_weights, uint32_t n_history_weights,
                           const struct crew *crew, uint32_t *ranks)
{
    struct ranking ranking = { cases, weights, history_weights, n_history_weights, ranks };
    return crew_run(crew, cases->n, &ranking, rank_cases);
}
