/* SPDX-License-Identifier: Apache-2.0 */
#include "model/best_first.h"

#include <string.h>
#ifdef __SSE2__
#include <xmmintrin.h>
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
    const bits first = a > b;
    return (four) (((bits) a & first) | ((bits) b & ~first));
}

static float best_of_block(const float *at)
{
    four a = larger(load(at), load(at + 4)), b = larger(load(at + 8), load(at + 12));
    four all = larger(a, b);
    float left = all[0] > all[1] ? all[0] : all[1], right = all[2] > all[3] ? all[2] : all[3];
    return left > right ? left : right;
}

/* Where @score stands in the block at @at, which holds it. */
static uint32_t place_of(const float *at, float score)
{
#ifdef __SSE2__
    const __m128 wanted = _mm_set1_ps(score);
    int found = _mm_movemask_ps(_mm_cmpeq_ps(_mm_loadu_ps(at), wanted));
    found |= _mm_movemask_ps(_mm_cmpeq_ps(_mm_loadu_ps(at + 4), wanted)) << 4;
    found |= _mm_movemask_ps(_mm_cmpeq_ps(_mm_loadu_ps(at + 8), wanted)) << 8;
    found |= _mm_movemask_ps(_mm_cmpeq_ps(_mm_loadu_ps(at + 12), wanted)) << 12;
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

bool best_first_take(struct best_first *best, uint32_t *ret_place, float *ret_score)
{
    float score = 0;
    uint32_t super = 0;
    for (uint32_t i = 0; i < best->n_supers; i++)
        if (best->supers[i] > score) {
            score = best->supers[i];
            super = i;
        }
    if (score <= 0)
        return false;
    uint32_t block = super * BEST_BLOCK + place_of(best->blocks + super * BEST_BLOCK, score);
    uint32_t place = block * BEST_BLOCK + place_of(best->scores + block * BEST_BLOCK, score);
    best->scores[place] = BEST_GONE;
    best->blocks[block] = best_of_block(best->scores + block * BEST_BLOCK);
    best->supers[super] = best_of_block(best->blocks + super * BEST_BLOCK);
    *ret_place = place;
    *ret_score = score;
    return true;
}
