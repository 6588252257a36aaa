/* SPDX-License-Identifier: Apache-2.0 */
#include "learning_shop.h"

#include <math.h>
#include <stdio.h>

#include "model/beta.h"

/* Rates come to about 4 % (0.5 to 20 %), profits to 150 to 4,000. */
static const double LEVEL = -3.4, OF_KINDS = 0.4, OF_RULES = 0.6, OF_PRODUCTS = 0.5, SUITS = 0.6;
static const double RELEVANCE_SEES = 1.2, RELEVANCE_NOISE = 0.8, RELEVANCE_LEVEL = -0.5;

static double uniform(uint64_t random[2])
{
    return beta_draw((struct beta){ 1, 1 }, random);
}

static double normal(uint64_t random[2])
{
    return sqrt(-2 * log(uniform(random))) * cos(2 * M_PI * uniform(random));
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void draw_taste(struct shop_taste *taste, const double *kind_levels, uint32_t rule,
                       uint64_t random[2])
{
    double level = LEVEL + kind_levels[rule % SHOP_KINDS] + OF_RULES * normal(random);
    for (uint32_t k = 0; k < SHOP_PRODUCTS; k++) {
        uint32_t offer = rule * SHOP_PRODUCTS + k;
        taste->level[offer] = level + OF_PRODUCTS * normal(random);
        for (uint32_t segment = 0; segment < SHOP_SEGMENTS; segment++)
            taste->suits[offer][segment] = SUITS * normal(random);
    }
}

void shop_init(struct shop *shop, uint64_t seed, bool blind)
{
    static const enum rule_kind kinds[SHOP_KINDS] = { KIND_CROSS_SELL, KIND_UPSELL, KIND_BUNDLE,
                                                      KIND_SERVICE_ADDON, KIND_SUBSCRIPTION };
    uint64_t random[2];
    double kind_levels[SHOP_KINDS], kind_profits[SHOP_KINDS];
    *shop = (struct shop){ .seed = seed, .blind = blind };
    beta_seed(seed, random);
    for (int i = 0; i < SHOP_KINDS; i++) {
        kind_levels[i] = OF_KINDS * normal(random);
        kind_profits[i] = log(700) + 0.5 * normal(random);
    }
    for (uint32_t rule = 0; rule < SHOP_RULES; rule++) {
        shop->kinds[rule] = kinds[rule % SHOP_KINDS];
        snprintf(shop->rules[rule], sizeof shop->rules[rule], "rule-%u", rule);
        draw_taste(&shop->tastes[0], kind_levels, rule, random);
    }
    shop->tastes[1] = shop->tastes[0];
    for (uint32_t rule = 0; rule < SHOP_RULES; rule += 2)
        draw_taste(&shop->tastes[1], kind_levels, rule, random);
    for (uint32_t offer = 0; offer < SHOP_OFFERS; offer++) {
        double profit = kind_profits[offer / SHOP_PRODUCTS % SHOP_KINDS] + 0.5 * normal(random);
        shop->profit[offer] = round(exp(profit));
        snprintf(shop->skus[offer], sizeof shop->skus[offer], "SKU-%u", offer);
    }
}

static double rate(const struct shop_taste *taste, uint32_t offer, uint32_t segment)
{
    return sigmoid(taste->level[offer] + taste->suits[offer][segment]);
}

void shop_moment(const struct shop *shop, uint32_t number, uint32_t of, struct shop_moment *ret)
{
    uint64_t random[2];
    beta_seed(shop->seed * UINT64_C(1000003) + number, random);
    const struct shop_taste *taste = &shop->tastes[number >= of / 2];
    uint32_t segment = (uint32_t) (uniform(random) * SHOP_SEGMENTS);
    uint32_t rules[SHOP_RULES];
    ret->taste = number >= of / 2;
    ret->delay = 1 + (uint32_t) fmin(-20 * log(uniform(random)), SHOP_DELAY_MAX - 1);
    for (uint32_t i = 0; i < SHOP_RULES; i++)
        rules[i] = i;
    for (uint32_t i = 0; i < SHOP_CANDIDATES;
         i++) { /* some of the rules match, each picks a product */
        uint32_t other = i + (uint32_t) (uniform(random) * (SHOP_RULES - i)), rule = rules[other];
        rules[other] = rules[i];
        uint32_t offer = rule * SHOP_PRODUCTS + (uint32_t) (uniform(random) * SHOP_PRODUCTS);
        double seen = shop->blind ? 0 : RELEVANCE_SEES * taste->suits[offer][segment];
        seen += RELEVANCE_LEVEL + RELEVANCE_NOISE * normal(random);
        ret->candidates[i] = (struct shop_candidate){ .offer = offer,
                                                      .relevance = (float) sigmoid(seen),
                                                      .rate = rate(taste, offer, segment),
                                                      .fate = uniform(random) };
    }
}

double shop_mean_profit(const struct shop *shop, uint32_t taste, uint32_t offer)
{
    double sum = 0;
    for (uint32_t segment = 0; segment < SHOP_SEGMENTS; segment++)
        sum += rate(&shop->tastes[taste], offer, segment);
    return sum / SHOP_SEGMENTS * shop->profit[offer];
}

double shop_informed_rate(const struct shop *shop, uint32_t taste, uint32_t offer, float relevance)
{
    double x = (double) relevance, seen = log(x / (1 - x)), sum = 0, weights = 0;
    for (uint32_t segment = 0; segment < SHOP_SEGMENTS; segment++) {
        double suits = shop->blind ? 0 : RELEVANCE_SEES * shop->tastes[taste].suits[offer][segment];
        double off = (seen - RELEVANCE_LEVEL - suits) / RELEVANCE_NOISE,
               weight = exp(-off * off / 2);
        sum += weight * rate(&shop->tastes[taste], offer, segment);
        weights += weight;
    }
    return sum / weights;
}
