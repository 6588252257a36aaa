/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * Best first
 *
 * Many scores, of which only the first few are asked for, some dozens at a time. The best of each
 * 16 scores is known, so that most of many thousands are never looked at again; and few are sorted:
 * a score is looked for that a few more than so many reach. Of equals the first comes first.
 */
enum { BEST_BLOCK = 16, BEST_AT_ONCE = 64 };
#define BEST_GONE (-__builtin_inff())

struct best_first {
    float *scores, *blocks; /* both padded with BEST_GONE to whole blocks */
    uint32_t n_blocks;
    uint32_t taken[BEST_AT_ONCE], n_taken; /* the last; their blocks do not know it yet */
};

/* Room for so many floats is what best_first_new wants for @n scores. */
static inline uint32_t best_first_room(uint32_t n)
{
    return (n + BEST_BLOCK - 1) / BEST_BLOCK * BEST_BLOCK;
}

/*
 * @scores, no NAN and with room for best_first_room(@n), is
 * its own from now on. False: no room in @arena.
 */
bool best_first_new(struct best_first *best, float *scores, uint32_t n, struct arena *arena);

/*
 * Takes the best @most off, of which there are at most BEST_AT_ONCE: their places and scores, best
 * first, which then are BEST_GONE. Fewer when no more are above 0.
 */
uint32_t best_first_take(struct best_first *best, uint32_t most, uint32_t *ret_places,
                         float *ret_scores);
