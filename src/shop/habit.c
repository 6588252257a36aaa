/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/habit.h"

#include "shop/customer.h"

enum { STEP_BITS = 10, HALVINGS_MAX = 32 };
static const int64_t STEP_US = HABIT_HALF_LIFE_DAYS * INT64_C(86400000000) >> STEP_BITS;

uint32_t habit_faded(uint32_t times_milli, int64_t later_us)
{
    /* 2^32 * 2^(-1/1024), 2^(-2/1024), 2^(-4/1024) … 2^(-1/2) */
    static const uint32_t roots[STEP_BITS] = { UINT32_C(4292061010), UINT32_C(4289156690),
                                               UINT32_C(4283353945), UINT32_C(4271771996),
                                               UINT32_C(4248701965), UINT32_C(4202935003),
                                               UINT32_C(4112874773), UINT32_C(3938502376),
                                               UINT32_C(3611622603), UINT32_C(3037000500) };
    int64_t steps = later_us > 0 ? later_us / STEP_US : 0, halvings = steps >> STEP_BITS;
    if (halvings >= HALVINGS_MAX)
        return 0;
    uint64_t value = times_milli;
    for (int bit = 0; bit < STEP_BITS; bit++)
        if (steps >> bit & 1)
            value = (value * roots[bit] + (UINT64_C(1) << 31)) >> 32;
    return (uint32_t) (value >> halvings);
}

static uint32_t add_capped(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

void habit_add(uint32_t *times_milli, int64_t *last_us, int64_t at_us)
{
    int64_t later_us;
    if (__builtin_sub_overflow(at_us, *last_us, &later_us))
        later_us = at_us > *last_us ? INT64_MAX : -INT64_MAX;
    if (later_us >= 0) {
        *times_milli = add_capped(habit_faded(*times_milli, later_us), HABIT_ONCE_MILLI);
        *last_us = at_us;
    } else
        *times_milli = add_capped(*times_milli, habit_faded(HABIT_ONCE_MILLI, -later_us));
}
