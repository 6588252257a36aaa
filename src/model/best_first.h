/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * Best first
 *
 * Many scores, of which only the first few are asked for: a tournament. The best of each 16
 * scores, and of each 16 of those, is known, so that taking one off costs some 50 comparisons,
 * however many there are. Of equals the first comes first.
 */
enum { BEST_BLOCK = 16, BEST_SUPER = BEST_BLOCK * BEST_BLOCK };
#define BEST_GONE (-__builtin_inff())

struct best_first {
    float *scores, *blocks, *supers;
    uint32_t n_blocks, n_supers;
};

/* Room for so many floats is what best_first_new wants behind the last score. */
static inline uint32_t best_first_room(uint32_t n)
{
    return (n + BEST_BLOCK - 1) / BEST_BLOCK * BEST_BLOCK;
}

/*
 * @scores, with room for best_first_room(@n), is the
 * tournament's from now on. False: no room in @arena.
 */
bool best_first_new(struct best_first *best, float *scores, uint32_t n, struct arena *arena);

/*
 * Takes the best @most off: their places and scores, best first,
 * which then are BEST_GONE. Fewer when no more are above 0.
 */
uint32_t best_first_take_some(struct best_first *best, uint32_t most, uint32_t *ret_places,
                              float *ret_scores);

static inline bool best_first_take(struct best_first *best, uint32_t *ret_place, float *ret_score)
{
    return best_first_take_some(best, 1, ret_place, ret_score) == 1;
}
