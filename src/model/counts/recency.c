/* SPDX-License-Identifier: Apache-2.0 */
#include "model/counts/recency.h"

#include <math.h>

enum { STEP_BITS = 10 };
_Static_assert(1 << STEP_BITS == RECENCY_STEPS, "steps are bits of a fraction");
static const int64_t STEP_US = RECENCY_HALF_LIFE_DAYS * INT64_C(86400000000) / RECENCY_STEPS;

/* 2^(steps / RECENCY_STEPS). */
static float power(int64_t steps)
{
    static const double roots[STEP_BITS] = {
        /* 2^(1/1024), 2^(1/512) … 2^(1/2) */
        0x1.002c605e2e8cfp+0, 0x1.0058c86da1c0ap+0, 0x1.00b1afa5abcbfp+0, 0x1.0163da9fb3335p+0,
        0x1.02c9a3e778061p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0,
        0x1.306fe0a31b715p+0, 0x1.6a09e667f3bcdp+0
    };
    double value = 1;
    for (int bit = 0; bit < STEP_BITS; bit++)
        if (steps >> bit & 1)
            value *= roots[bit];
    return ldexpf((float) value, (int) (steps >> STEP_BITS));
}

float recency_fade(float count, int exponent)
{
    static const float NOTHING = 0x1p-60F; /* far from where floats lose their digits */
    float faded = ldexpf(count, exponent);
    return faded < NOTHING ? 0 : faded;
}

bool recency_note(struct recency *recency, int64_t at_us, float *ret_weight, int *ret_exponent)
{
    *ret_exponent = 0;
    *ret_weight = 0;
    if (at_us < STEP_US)
        return false;
    int64_t step = at_us / STEP_US;
    if (recency->landmark == 0)
        recency->landmark = step;
    if (step > recency->latest)
        recency->latest = step;
    int64_t halvings = (step - recency->landmark) >> STEP_BITS;
    if (halvings > RECENCY_MAX_EXPONENT) {
        recency->landmark += halvings * RECENCY_STEPS;
        *ret_exponent = halvings > 1000 ? -1000 : (int) -halvings;
    }
    if (halvings >= -RECENCY_MAX_EXPONENT)
        *ret_weight = power(step - recency->landmark);
    return true;
}

bool recency_is_sound(const struct recency *recency)
{
    return recency->landmark >= 0 && recency->latest >= recency->landmark &&
           recency->latest <= INT64_MAX / STEP_US;
}

float recency_scale(const struct recency *recency)
{
    return recency->landmark == 0 ? 0 : 1 / power(recency->latest - recency->landmark);
}
