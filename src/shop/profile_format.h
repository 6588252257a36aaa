/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "shop/customer.h"

/*
 * Profile format: what profile_print.c writes and profile_parse.c reads
 *
 *   version  flags  position  sizes  first name  times, orders, spend, consent
 *   times of purchase  SKUs owned  rules with their touches  SKUs viewed  checksum
 *
 * Numbers are varints (7 bits a byte, low ones first), signed ones zigzag. All times are counted in the
 * largest unit that divides each of them (a minute, a second, a millisecond, a microsecond), as
 * distances from the last time the customer was seen or from the time before; what was
 * bought together shares its time in a table. How often a SKU was ordered is
 * written only when that is not once. A text says how much of it is as in the text before, so
 * sorted SKUs cost few bytes; this also shows that they are sorted without comparing them. What
 * a rule's touches tell (totals, last times, declines in a row) is written only where it
 * differs, after the oldest touches are gone. The checksum is over bytes and customer id.
 *
 * The sizes come first, so that parsing fills the block from front to back in one go.
 */
enum { FORMAT_VERSION = 2, CHECKSUM_BYTES = 4, VARINT_MAX = 10, SHARED_MAX = 255, ESCAPE = 15 };
enum { FLAG_UNIT = 3, FLAG_NAME = 4, FLAG_ORDER = 8, FLAG_FORGOT = 16, FLAGS = 31 };
enum { RULE_GROUP = 1, RULE_TOTALS = 2, RULE_TIMES = 4, RULE_DECLINES = 8, RULE_FLAGS = 15 };
enum { SESSION_NONE, SESSION_SAME, SESSION_OTHER, SESSIONS };
enum { TOUCH_SESSION = 4 }; /* a touch's first byte is what + session * this */

static const int64_t units_us[] = { 1, 1000, 1000000, 60000000 };

static inline uint32_t checksum(struct str customer_id, struct str body)
{
    return (uint32_t) (str_hash(body) ^ str_hash(customer_id) >> 32);
}

/* @a - @b, modulo 2^64, so that what is near on either side is a small number; and back again. */
static inline uint64_t distance(uint64_t a, uint64_t b)
{
    uint64_t d = a - b;
    return d << 1 ^ (0 - (d >> 63));
}

static inline uint64_t difference(uint64_t distance)
{
    return distance >> 1 ^ (0 - (distance & 1));
}

/* What its touches alone would make of a rule's memory. */
static inline void retell(const struct touch *touches, uint32_t n, struct rule_memory *told)
{
    memset(told, 0, sizeof *told);
    for (uint32_t i = 0; i < n; i++) {
        told->totals[touches[i].what]++;
        told->last_us[touches[i].what] = touches[i].at_us;
        if (touches[i].what == TOUCH_ACCEPTED)
            told->declines_in_a_row = 0;
        else if (touches[i].what == TOUCH_DECLINED)
            told->declines_in_a_row++;
    }
}
