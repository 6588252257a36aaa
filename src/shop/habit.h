/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/*
 * Habit
 *
 * How many orders held a SKU, each halved every HABIT_HALF_LIFE_DAYS (shop/customer.h), in
 * thousandths, as of the last of them. Whole numbers all the way, so every machine comes to the
 * same: time counts in steps of a 1024th of the half-life.
 */
enum { HABIT_ONCE_MILLI = 1000 };

/* @times_milli, so much later. */
uint32_t habit_faded(uint32_t times_milli, int64_t later_us);

/* One more order, at @at_us, which may also be before *last_us. */
void habit_add(uint32_t *times_milli, int64_t *last_us, int64_t at_us);
