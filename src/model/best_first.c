/* SPDX-License-Identifier: Apache-2.0 */
#include "model/best_first.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef float four __attribute__((vector_size(16)));
typedef int32_t bits __attribute__((vector_size(16)));

static four load(const float *at)
{
    four value;
    memcpy(&value, at, sizeof value);
    return value;
}

static four larger(four a, four b)
{
#ifdef __SSE2__
    return _mm_max_ps(a, b);
#else
    const bits first = a > b;
    return (four) (((bits) a & first) | ((bits) b & ~first));
#endif
}

static float best_of_block(const float *at)
{
    four all = larger(larger(load(at), load(at + 4)), larger(load(at + 8), load(at + 12)));
    all = larger(all, __builtin_shufflevector(all, all, 2, 3, 0, 1));
    all = larger(all, __builtin_shufflevector(all, all, 1, 0, 3, 2));
    return all[0];
}

/* Where @score stands in the block at @at, which holds it. */
static uint32_t place_of(const float *at, float score)
{
#ifdef __SSE2__
    const four wanted = { score, score, score, score };
    __m128i left =
        _mm_packs_epi32((__m128i) (load(at) == wanted), (__m128i) (load(at + 4) == wanted));
    __m128i right =
        _mm_packs_epi32((__m128i) (load(at + 8) == wanted), (__m128i) (load(at + 12) == wanted));
    int found = _mm_movemask_epi8(_mm_packs_epi16(left, right)); /* a bit each */
    return (uint32_t) __builtin_ctz((unsigned) found | 1U << BEST_BLOCK);
#else
    uint32_t i = 0;
    while (at[i] != score)
        i++;
    return i;
#endif
}

bool best_first_new(struct best_first *best, float *scores, uint32_t n, struct arena *arena)
{
    uint32_t room = best_first_room(n);
    best->scores = scores;
    best->n_blocks = room / BEST_BLOCK;
    uint32_t blocks_room = best_first_room(best->n_blocks);
    best->n_supers = blocks_room / BEST_BLOCK;
    best->blocks = arena_take_raw(arena, (blocks_room + best->n_supers + 1) * sizeof(float));
    if (!best->blocks)
        return false;
    best->supers = best->blocks + blocks_room;
    for (uint32_t i = n; i < room; i++)
        scores[i] = BEST_GONE;
    for (uint32_t i = 0; i < best->n_blocks; i++)
        best->blocks[i] = best_of_block(scores + i * BEST_BLOCK);
    for (uint32_t i = best->n_blocks; i < blocks_room; i++)
        best->blocks[i] = BEST_GONE;
    for (uint32_t i = 0; i < best->n_supers; i++)
        best->supers[i] = best_of_block(best->blocks + i * BEST_BLOCK);
    return true;
}

uint32_t best_first_take_some(struct best_first *best, uint32_t most, uint32_t *ret_places,
                              float *ret_scores)
{
    for (uint32_t n = 0; n < most; n++) {
        float score = 0;
        uint32_t super = 0;
        for (uint32_t i = 0; i < best->n_supers; i++)
            if (best->supers[i] > score) {
                score = best->supers[i];
                super = i;
            }
        if (score <= 0)
            return n;
        float *blocks = best->blocks + super * BEST_BLOCK;
        uint32_t block = super * BEST_BLOCK + place_of(blocks, score);
        float *scores = best->scores + block * BEST_BLOCK;
        uint32_t place = place_of(scores, score);
        scores[place] = BEST_GONE;
        best->blocks[block] = best_of_block(scores);
        best->supers[super] = best_of_block(blocks);
        ret_places[n] = block * BEST_BLOCK + place;
        ret_scores[n] = score;
    }
    return most;
}
