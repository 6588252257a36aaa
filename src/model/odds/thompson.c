/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ranking is one draw of each arm, from its odds with 0.7 of their spread: faded outcomes are
 * doubted more than they deserve, and drawing from the whole spread loses more in the time in
 * which a shop's offers live (Chapelle and Li 2011; measured in docs/decisions/learning.md).
 *
 * The propensities are not counted over further draws (sixty-four would leave an error of 0.06,
 * and zeros that cannot be divided by) but computed: each arm stands as POINTS profits of equal
 * weight, and comes first with the profit v as often as all others lie below v,
 *
 *     P(i first) = 1 / POINTS * sum over i's profits v of the product over j of P(j's profits < v).
 *
 * The profits are the gammas of beta.c without its refusals, at points that are spread evenly over
 * its normals and its uniform instead of drawn: no chance is in the propensities, and equal arms
 * get equal ones. All sorted together, one walk from the least to the greatest does it.
 */
#include "model/thompson.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { POINTS = 16 };
/* Odds are believed as if so many times the outcomes spoke for them: 0.7 of the spread. */
static const float SHARPER = 2;
static const float LEAST = 1e-4f; /* of a propensity, before they are made to add up to 1 */

/*
 * Normal quantiles at (k + 1/2) / POINTS; the same in the order of the multiples of 0.7549 (the R2
 * sequence); log2 of a uniform in the order of reversed bits (Hammersley).
 */
static const float first_normals[POINTS] = {
    -1.8627319f, -1.3180109f, -1.0099902f, -0.7764218f, -0.5791322f, -0.4022501f,
    -0.2372021f, -0.0784124f, 0.0784124f,  0.2372021f,  0.4022501f,  0.5791322f,
    0.7764218f,  1.0099902f,  1.3180109f,  1.8627319f,
};
static const float second_normals[POINTS] = {
    -0.5791322f, -1.8627319f, 0.7764218f,  0.0784124f,  -0.4022501f, -1.3180109f,
    1.0099902f,  0.2372021f,  -0.2372021f, -1.0099902f, 1.3180109f,  0.4022501f,
    -0.0784124f, -0.7764218f, 1.8627319f,  0.5791322f,
};
static const float logs[POINTS] = {
    -5.0000000f, -0.9125372f, -1.8300750f, -0.3561438f, -2.6780719f, -0.6076826f,
    -1.2995603f, -0.1420190f, -3.4150375f, -0.7520725f, -1.5405684f, -0.2451125f,
    -2.1926451f, -0.4764380f, -1.0931094f, -0.0458037f,
};

/* A profit that an arm may come to: the profit's bits, so turned that they sort, then the arm. */
typedef uint64_t possible;

static struct beta sharper(struct beta odds)
{
    return (struct beta){ odds.alpha * SHARPER, odds.beta * SHARPER };
}

static void gammas(double a, const float *normals, float *ret_values)
{
    double d = (a < 1 ? a + 1 : a) - 1.0 / 3;
    float c = (float) (1 / sqrt(9 * d));
    for (int k = 0; k < POINTS; k++) {
        float x = 1 + c * normals[k];
        x = x > 0.02f ? x : 0.02f;
        ret_values[k] = (float) d * x * x * x;
    }
}

static possible possible_of(float profit, uint32_t arm)
{
    uint32_t bits;
    profit += 0; /* no -0 */
    memcpy(&bits, &profit, sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31;
    return (uint64_t) bits << 32 | arm;
}

static void spread_out(const struct thompson_arm *arm, uint32_t number, possible *ret_profits)
{
    float x[POINTS], y[POINTS];
    struct beta odds = sharper(arm->odds);
    gammas((double) odds.alpha, first_normals, x);
    gammas((double) odds.beta, second_normals, y);
    if (odds.alpha < 1)
        for (int k = 0; k < POINTS; k++)
            x[k] *= exp2f(logs[k] / odds.alpha);
    if (odds.beta < 1)
        for (int k = 0; k < POINTS; k++)
            y[k] *= exp2f(logs[POINTS - 1 - k] / odds.beta);
    for (int k = 0; k < POINTS; k++)
        ret_profits[k] = possible_of((float) arm->value * (x[k] / (x[k] + y[k] + 1e-30f)), number);
}

/* Without branches, for which of two comes first is a toss-up here. */
static void merge(const possible *a, const possible *a_end, const possible *b,
                  const possible *b_end, possible *to)
{
    while (a < a_end && b < b_end) {
        bool second = *b < *a;
        *to++ = second ? *b : *a;
        a += !second;
        b += second;
    }
    while (a < a_end)
        *to++ = *a++;
    while (b < b_end)
        *to++ = *b++;
}

/* Sorts @n by way of @other, which has as much room; where they stand in the end. */
static possible *sorted(possible *list, possible *other, size_t n)
{
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t i = 0; i < n; i += 2 * run) {
            size_t middle = i + run < n ? i + run : n, end = i + 2 * run < n ? i + 2 * run : n;
            merge(list + i, list + middle, list + middle, list + end, other + i);
        }
        possible *swap = list;
        list = other;
        other = swap;
    }
    return list;
}

/* How many of each arm's profits, counted in halves, lie below where we are. */
struct standing {
    uint32_t below[THOMPSON_ARMS];
    uint32_t none;  /* arms of which none does */
    double product; /* of all others' below / (2 * POINTS) */
};

static void raise(struct standing *standing, uint32_t arm)
{
    uint32_t below = standing->below[arm]++;
    standing->none -= below == 0;
    standing->product *= below ? (below + 1.0) / below : 0.5 / POINTS;
}

/* How likely all arms but @arm lie below. */
static double others_below(const struct standing *standing, uint32_t arm)
{
    uint32_t below = standing->below[arm];
    if (standing->none > (below == 0))
        return 0;
    return below ? standing->product * 2 * POINTS / below : standing->product;
}

/*
 * From the least possible profit to the greatest. Of what is
 * equal one half counts as below the other.
 */
static void estimate(const struct thompson_arm *arms, uint32_t n,
                     struct thompson_choice *ret_choices)
{
    possible list[THOMPSON_ARMS * POINTS], other[THOMPSON_ARMS * POINTS];
    struct standing standing = { .none = n, .product = 1 };
    float sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        spread_out(&arms[i], i, list + i * POINTS);
        ret_choices[i].propensity = LEAST;
    }
    const possible *at = sorted(list, other, (size_t) n * POINTS), *end = at + (size_t) n * POINTS;
    while (at < end) {
        const possible *equal = at;
        for (; equal < end && *equal >> 32 == *at >> 32; equal++)
            raise(&standing, (uint32_t) *equal);
        for (const possible *p = at; p < equal; p++)
            ret_choices[(uint32_t) *p].propensity +=
                (float) (others_below(&standing, (uint32_t) *p) / POINTS);
        for (; at < equal; at++)
            raise(&standing, (uint32_t) *at);
    }
    for (uint32_t i = 0; i < n; i++)
        sum += ret_choices[i].propensity;
    for (uint32_t i = 0; i < n; i++)
        ret_choices[i].propensity /= sum;
}

void thompson_choose(const struct thompson_arm *arms, uint32_t n, uint64_t seed,
                     struct thompson_choice *ret_choices, uint8_t *ret_order)
{
    uint64_t random[2];
    beta_seed(seed, random);
    for (uint32_t i = 0; i < n; i++) {
        ret_choices[i].draw = beta_draw(sharper(arms[i].odds), random);
        double profit = ret_choices[i].draw * arms[i].value;
        uint32_t place = i;
        for (; place > 0; place--) {
            uint8_t before = ret_order[place - 1];
            if (ret_choices[before].draw * arms[before].value >= profit)
                break;
            ret_order[place] = before;
        }
        ret_order[place] = (uint8_t) i;
    }
    estimate(arms, n, ret_choices);
}
