/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "rules/rule.h"

/*
 * Learning shop
 *
 * A made-up shop whose true acceptance rates are known: SHOP_RULES rules of five kinds, each with a few products, of
 * different profits. How likely an offer is to be accepted depends on its kind, rule and product, and on how well
 * the product suits the customer's segment, which nobody is told; the relevance that pick would find is a noisy
 * picture of that. In the middle the taste changes: half of the rules get other rates. The same seed makes
 * the same shop and the same customers.
 */
enum {
    SHOP_KINDS = 5,
    SHOP_RULES = 12,
    SHOP_PRODUCTS = 4, /* of each rule */
    SHOP_OFFERS = SHOP_RULES * SHOP_PRODUCTS,
    SHOP_SEGMENTS = 4,
    SHOP_CANDIDATES = 8, /* rules that match at one decision */
};

struct shop_taste {
    double level[SHOP_OFFERS]; /* log-odds of acceptance; see shop_rate */
    double suits[SHOP_OFFERS][SHOP_SEGMENTS];
};

struct shop {
    uint64_t seed;
    bool blind;                  /* relevance says nothing */
    struct shop_taste tastes[2]; /* before and after the middle */
    double profit[SHOP_OFFERS];
    enum rule_kind kinds[SHOP_RULES];
    char rules[SHOP_RULES][16], skus[SHOP_OFFERS][16];
};

struct shop_candidate {
    uint32_t offer;
    float relevance;
    double rate; /* true, of this customer */
    double fate; /* it is accepted if this is below the rate */
};

struct shop_moment { /* one decision to be made */
    uint32_t taste;
    struct shop_candidate candidates[SHOP_CANDIDATES];
    uint32_t delay; /* an acceptance is heard of so many decisions later: 1 to SHOP_DELAY_MAX */
};
enum { SHOP_DELAY_MAX = 60 };

void shop_init(struct shop *shop, uint64_t seed, bool blind);
void shop_moment(const struct shop *shop, uint32_t number, uint32_t of, struct shop_moment *ret);

/* Expected profit over all customers; and over those who are found as relevant. */
double shop_mean_profit(const struct shop *shop, uint32_t taste, uint32_t offer);
double shop_informed_rate(const struct shop *shop, uint32_t taste, uint32_t offer, float relevance);
