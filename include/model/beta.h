/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/*
 * Beta
 *
 * A Beta distribution, what is known of a rate between 0 and 1, and draws from it. Draws take no
 * memory and always come to the same numbers from the same state. Pure values; any thread.
 */
struct beta {
    float alpha, beta; /* above 0 */
};

static inline double beta_mean(struct beta beta)
{
    return (double) beta.alpha / ((double) beta.alpha + (double) beta.beta);
}

/* The state of the draws of one decision, from its seed; any seed will do. */
void beta_seed(uint64_t seed, uint64_t ret_random[2]);

/* One draw (Thompson sampling); above 0 and below 1. *random moves on. */
double beta_draw(struct beta beta, uint64_t random[2]);
