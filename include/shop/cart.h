/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/str.h"

/*
 * Cart
 *
 * What the customer holds, as the storefront tells it. Plain data in the request's
 * arena. Prices are the storefront's, which may differ from the catalogue's.
 */
enum { CART_MAX_LINES = 500, QUANTITY_MAX = 1000000 };
#define CART_TOTAL_MAX INT64_C(1000000000000000) /* 10^15 minor units: 500 lines could say more */

struct cart_line {
    struct str sku;
    int64_t quantity;         /* 1 up to QUANTITY_MAX */
    int64_t unit_price_minor; /* 0 up to MONEY_MAX */
    uint32_t product;         /* number in the catalogue, or PRODUCT_NONE */
};

struct cart {
    struct str currency;
    struct cart_line *lines;
    uint32_t n_lines;
    int64_t total_minor; /* sum of quantity x unit price, up to CART_TOTAL_MAX */
    int64_t quantity;    /* sum of quantities */
};
