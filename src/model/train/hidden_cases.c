/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/hidden_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/baskets.h"
#include "model/train/crew.h"
#include "model/train/hidden_parts.h"
#include "model/train/weights.h"

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

/* The @round-th moment of an order: a run of its SKUs is in the cart, from a drawn one on. */
static void interrupt(const struct baskets *baskets, uint32_t order, uint32_t round,
                      struct hidden *hidden)
{
    const uint32_t *items = baskets->items + baskets->first[order];
    uint64_t n = order_size(baskets, order), drawn = scrambled(order + (uint64_t) round * 0x10001);
    *hidden = (struct hidden){ .target = BASKETS_NONE, .order = order };
    hidden->n_cart = 1 + (uint32_t) (drawn / n % (n < HIDDEN_CART ? n : HIDDEN_CART));
    for (uint32_t i = 0; i < hidden->n_cart; i++)
        hidden->cart[i] = items[(drawn + i) % n];
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
 * One case of each order, lowest hash first; where that gives fewer than asked for, a second and
 * a third SKU of the same orders is hidden: more cases, less chance in what is chosen by them.
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
    uint32_t n = 0, least = wishes->moments ? 1 : 2;
    for (uint32_t i = 0; i < wishes->n_asked; i++)
        if (order_size(wishes->baskets, wishes->asked[i]) >= least)
            orders[n++] =
                (struct candidate){ scrambled(~(uint64_t) wishes->asked[i]), wishes->asked[i] };
    qsort(orders, n, sizeof *orders, by_hash);
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < n && cases->n < wishes->most; i++)
            if (wishes->moments)
                interrupt(wishes->baskets, orders[i].order, round, &cases->list[cases->n++]);
            else if (order_size(wishes->baskets, orders[i].order) >= 2 + round)
                hide(wishes->baskets, orders[i].order, round, &cases->list[cases->n++]);
    cases->n_orders = n < cases->n ? n : cases->n;
    free(orders);
    return OK;
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
    TRY(hidden_habits(cases, wishes));
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

static void add_cart(const struct weights *weights, const struct hidden *hidden, float *scores)
{
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

void hidden_scores(const struct hidden_cases *cases, const struct weights *weights,
                   const struct hidden *hidden, float *scores)
{
    memset(scores, 0, cases->baskets->n_skus * sizeof *scores);
    if (weights)
        add_cart(weights, hidden, scores);
    leave_out(cases, hidden, scores);
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
    hidden_scores(cases, known ? ranking->weights : NULL, hidden, scores);
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
