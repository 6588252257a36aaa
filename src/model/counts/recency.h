/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Recency
 *
 * Counts that fade by half every RECENCY_HALF_LIFE_DAYS of order time, without touching each of
 * them all the time (forward decay: Cormode et al. 2009): a later order weighs more, 2^((its time
 * - landmark) / half-life), and who reads divides by the weight of the latest one. Now and then
 * the landmark moves on and all counts are scaled down by a power of two.
 *
 * The same orders in the same order give the same bits on every machine: time counts
 * in steps of a 1024th of a half-life, and the arithmetic is of single
 * multiplications and additions that IEEE 754 rounds one way only.
 */
enum { RECENCY_HALF_LIFE_DAYS = 7, RECENCY_STEPS = 1024, RECENCY_MAX_EXPONENT = 40 };
#define RECENCY_MOST 1e30F /* no count is as large: so many orders there are not */

struct recency {
    int64_t landmark, latest; /* in steps; 0: no order with a time yet */
};

/*
 * Notes an order. False for one of no known time (@at_us not positive): it weighs
 * nothing. *ret_exponent other than 0: the landmark has moved, the caller scales its
 * counts with recency_fade before it adds *ret_weight to any.
 */
bool recency_note(struct recency *recency, int64_t at_us, float *ret_weight, int *ret_exponent);

/* One from outside. */
bool recency_is_sound(const struct recency *recency);

/* What a count is times this, as of the latest order. */
float recency_scale(const struct recency *recency);

/* @count times 2^@exponent; what is next to nothing becomes 0. */
float recency_fade(float count, int exponent);
