/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"
#include "shop/locale.h"

/*
 * Money
 *
 * int64 in minor units of one currency: yen for JPY (no decimals), cents for USD.
 * Decimals after ISO 4217. Amounts beyond MONEY_MAX are refused at every door, and carts
 * beyond CART_TOTAL_MAX, so sums cannot overflow.
 */
#define MONEY_MAX INT64_C(1000000000000) /* of one price; 10^12 minor units */

/* Decimals of an ISO 4217 code: 0 for JPY, 2 for USD, 3 for KWD; -1 for an unknown code. */
int money_decimals(struct str currency);

/*
 * "19.99" with 2 decimals -> 1999. False for anything but a plain decimal number (no sign,
 * no exponent, a digit on both sides of the point) of at most MONEY_MAX; more digits than the
 * currency has are rounded half up when @round, else refused unless they are zeros.
 */
bool money_parse(struct str text, int decimals, bool round, int64_t *ret_minor);

/* For people: "198,000円", "¥198,000", "$19.99", "19.99 CHF". */
void money_print(struct out *out, int64_t minor, struct str currency, enum locale locale);

/* Basis points of an amount, rounded down: a discount never goes below what was promised. */
int64_t money_share(int64_t minor, int32_t basis_points);
