/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Beta is X / (X + Y) of two gammas. Gammas by Marsaglia and Tsang 2000, "A simple method for
 * generating gamma variables": the cube of a shifted normal, hardly ever refused; below 1 by their
 * boost, gamma(a) = gamma(a + 1) * U^(1 / a). Normals in pairs by the polar method (Marsaglia and
 * Bray 1964). The numbers come from xorshift128+ (Vigna 2014), seeded through splitmix64.
 */
#include "model/beta.h"

#include <math.h>

static const double LEAST = 1e-300, MOST = 1 - 1e-15;

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void beta_seed(uint64_t seed, uint64_t ret_random[2])
{
    ret_random[0] = splitmix(&seed);
    ret_random[1] = splitmix(&seed) | 1; /* never both 0 */
}

static uint64_t next(uint64_t random[2])
{
    uint64_t x = random[0], y = random[1];
    random[0] = y;
    x ^= x << 23;
    random[1] = x ^ y ^ x >> 18 ^ y >> 5;
    return random[1] + y;
}

/* Above 0 and below 1. */
static double uniform(uint64_t random[2])
{
    return ((double) (next(random) >> 12) + 0.5) * 0x1p-52;
}

struct normals { /* two for the price of one */
    double spare;
    int n;
};

static double normal(struct normals *normals, uint64_t random[2])
{
    if (normals->n) {
        normals->n = 0;
        return normals->spare;
    }
    double x, y, r;
    do {
        x = 2 * uniform(random) - 1;
        y = 2 * uniform(random) - 1;
        r = x * x + y * y;
    } while (r >= 1 || r == 0);
    double by = sqrt(-2 * log(r) / r);
    normals->spare = y * by;
    normals->n = 1;
    return x * by;
}

static double gamma_draw(double a, struct normals *normals, uint64_t random[2])
{
    double boost = a < 1 ? exp(log(uniform(random)) / a) : 1;
    double d = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = normal(normals, random), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        double u = uniform(random), xx = x * x;
        if (u < 1 - 0.0331 * xx * xx || log(u) < 0.5 * xx + d * (1 - v + log(v)))
            return boost * d * v;
    }
}

double beta_draw(struct beta beta, uint64_t random[2])
{
    struct normals normals = { 0 };
    double x = gamma_draw((double) beta.alpha, &normals, random);
    double y = gamma_draw((double) beta.beta, &normals, random);
    return fmin(fmax(x / (x + y), LEAST), MOST); /* 0 / 0: fmax takes the number */
}
