/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One after the other off a tournament, each take waits for what the one before has written. Here
 * nothing waits and hardly anything branches: the score that is reached by a few more than are wanted
 * is found by halving (positive floats are ordered as their bits are), those that reach it are put side
 * by side, and each one's rank is how many are better.
 */
#include "model/best_first.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    LANES = 4,
    SPARE = 8, /* more than are wanted may reach the score that is looked for */
    FEW = BEST_AT_ONCE + SPARE,
    GATHERED = FEW * BEST_BLOCK,
    FIRST_STEP = 2 << 23, /* two powers of two below the best */
};

typedef float four __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t bits __attribute__((vector_size(LANES * sizeof(int32_t))));

struct gathered { /* padded with BEST_GONE to whole LANES */
    float scores[GATHERED + LANES];
    uint32_t places[GATHERED + LANES]; /* rising */
    uint32_t n;
};

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

/* Of @n, whole blocks. */
static float best_of(const float *values, uint32_t n)
{
    four all = { BEST_GONE, BEST_GONE, BEST_GONE, BEST_GONE };
    for (uint32_t i = 0; i < n; i += BEST_BLOCK) {
        const float *at = values + i;
        four left = larger(load(at), load(at + 4)), right = larger(load(at + 8), load(at + 12));
        all = larger(all, larger(left, right));
    }
    all = larger(all, __builtin_shufflevector(all, all, 2, 3, 0, 1));
    all = larger(all, __builtin_shufflevector(all, all, 1, 0, 3, 2));
    return all[0];
}

bool best_first_new(struct best_first *best, float *scores, uint32_t n, struct arena *arena)
{
    uint32_t room = best_first_room(n);
    best->scores = scores;
    best->n_blocks = room / BEST_BLOCK;
    best->n_taken = 0;
    uint32_t blocks_room = best_first_room(best->n_blocks);
    best->blocks = arena_take_raw(arena, (blocks_room + 1) * sizeof(float));
    if (!best->blocks)
        return false;
    for (uint32_t i = n; i < room; i++)
        scores[i] = BEST_GONE;
    for (uint32_t i = 0; i < best->n_blocks; i++)
        best->blocks[i] = best_of(scores + i * BEST_BLOCK, BEST_BLOCK);
    for (uint32_t i = best->n_blocks; i < blocks_room; i++)
        best->blocks[i] = BEST_GONE;
    return true;
}

static int64_t bits_of(float value)
{
    int32_t as_bits;
    memcpy(&as_bits, &value, sizeof as_bits);
    return as_bits;
}

static float of_bits(int64_t bits_of_it)
{
    int32_t as_bits = (int32_t) bits_of_it;
    float value;
    memcpy(&value, &as_bits, sizeof value);
    return value;
}

/* How many of @n, a multiple of LANES, are above. */
static uint32_t count_above(const float *values, uint32_t n, float above)
{
    const four bound = { above, above, above, above };
    bits count = { 0 };
    for (uint32_t i = 0; i < n; i += LANES)
        count -= (bits) (load(values + i) > bound); /* true is -1 */
    return (uint32_t) (count[0] + count[1] + count[2] + count[3]);
}

/*
 * What @wanted of the @n @values, the best of which is @top, are above, and at most SPARE more: 0 when there
 * are no more. Where more than SPARE are equal fewer than @wanted are above, and the next are equal to it.
 */
static float find_bound(const float *values, uint32_t n, uint32_t wanted, float top)
{
    int64_t high = bits_of(top), low = 0; /* above high there are too few */
    uint32_t above = 0;
    for (int64_t step = FIRST_STEP; above < wanted && high > 0; step *= 2) {
        low = high > step ? high - step : 0;
        above = count_above(values, n, of_bits(low));
        if (above < wanted)
            high = low;
    }
    while (above > wanted + SPARE && high - low > 1) { /* above low there are too many */
        int64_t middle = low + (high - low) / 2;
        uint32_t there = count_above(values, n, of_bits(middle));
        if (there < wanted) {
            high = middle;
        } else {
            low = middle;
            above = there;
        }
    }
    return of_bits(above > wanted + SPARE ? high : low);
}

static void pad(struct gathered *found)
{
    for (uint32_t i = found->n; i % LANES > 0; i++)
        found->scores[i] = BEST_GONE;
}

static void gather(const struct best_first *best, float above, struct gathered *found)
{
    uint32_t n = 0;
    for (uint32_t block = 0; block < best->n_blocks; block++) {
        if (!(best->blocks[block] > above))
            continue;
        for (uint32_t at = block * BEST_BLOCK; at < (block + 1) * BEST_BLOCK; at++) {
            found->scores[n] = best->scores[at];
            found->places[n] = at;
            n += best->scores[at] > above;
        }
    }
    found->n = n;
    pad(found);
}

/* Of many that stood in the same few blocks only the best. */
static void thin(struct gathered *found, float above)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < found->n; i++) {
        float score = found->scores[i];
        found->scores[n] = score;
        found->places[n] = found->places[i];
        n += score > above;
    }
    found->n = n;
    pad(found);
}

/* For each how many are better. Four at a time: a count for each in each lane. */
static void rank(const struct gathered *found, uint32_t *ret_better)
{
    for (uint32_t i = 0; i < found->n; i += LANES) {
        const four own = load(found->scores + i);
        const four a = __builtin_shufflevector(own, own, 0, 0, 0, 0);
        const four b = __builtin_shufflevector(own, own, 1, 1, 1, 1);
        const four c = __builtin_shufflevector(own, own, 2, 2, 2, 2);
        const four d = __builtin_shufflevector(own, own, 3, 3, 3, 3);
        bits of_a = { 0 }, of_b = { 0 }, of_c = { 0 }, of_d = { 0 };
        for (uint32_t k = 0; k < found->n; k += LANES) {
            const four other = load(found->scores + k);
            of_a -= (bits) (other > a);
            of_b -= (bits) (other > b);
            of_c -= (bits) (other > c);
            of_d -= (bits) (other > d);
        }
        const bits ab = __builtin_shufflevector(of_a, of_b, 0, 4, 1, 5) +
                        __builtin_shufflevector(of_a, of_b, 2, 6, 3, 7);
        const bits cd = __builtin_shufflevector(of_c, of_d, 0, 4, 1, 5) +
                        __builtin_shufflevector(of_c, of_d, 2, 6, 3, 7);
        const bits all = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) +
                         __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
        memcpy(ret_better + i, &all, sizeof all);
    }
}

/* In the order of their scores; of equals, which have the same rank, the first comes first. */
static uint32_t sort(const struct gathered *found, uint32_t most, uint32_t *ret_places,
                     float *ret_scores)
{
    uint32_t better[FEW + LANES], of_rank[FEW] = { 0 }; /* place in found + 1, or 0 */
    rank(found, better);
    for (uint32_t i = 0; i < found->n; i++) {
        uint32_t at = better[i];
        while (of_rank[at])
            at++;
        of_rank[at] = i + 1;
    }
    uint32_t n = found->n < most ? found->n : most;
    for (uint32_t i = 0; i < n; i++) {
        ret_places[i] = found->places[of_rank[i] - 1];
        ret_scores[i] = found->scores[of_rank[i] - 1];
    }
    return n;
}

/* From @n on those that are equal to @score, in the order of their places. */
static uint32_t add_equals(const struct best_first *best, float score, uint32_t n, uint32_t most,
                           uint32_t *ret_places, float *ret_scores)
{
    const uint32_t end = best->n_blocks * BEST_BLOCK;
    for (uint32_t at = 0; n < most && at < end; at++)
        if (best->scores[at] == score) {
            ret_places[n] = at;
            ret_scores[n++] = score;
        }
    return n;
}

static void know_what_was_taken(struct best_first *best)
{
    for (uint32_t i = 0; i < best->n_taken; i++) {
        uint32_t block = best->taken[i] / BEST_BLOCK;
        best->blocks[block] = best_of(best->scores + block * BEST_BLOCK, BEST_BLOCK);
    }
    best->n_taken = 0;
}

static void take_off(struct best_first *best, const uint32_t *places, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        best->scores[places[i]] = BEST_GONE;
        best->taken[i] = places[i];
    }
    best->n_taken = n;
}

uint32_t best_first_take(struct best_first *best, uint32_t most, uint32_t *ret_places,
                         float *ret_scores)
{
    struct gathered found;
    const uint32_t n_scores = best->n_blocks * BEST_BLOCK;
    know_what_was_taken(best);
    const float top = best_of(best->blocks, best_first_room(best->n_blocks));
    if (!(top > 0))
        return 0;
    float bound = n_scores <= GATHERED
                      ? find_bound(best->scores, n_scores, most, top)
                      : find_bound(best->blocks, best_first_room(best->n_blocks), most, top);
    gather(best, bound, &found);
    if (found.n > most + SPARE) {
        bound = find_bound(found.scores, (found.n + LANES - 1) / LANES * LANES, most, top);
        thin(&found, bound);
    }
    uint32_t n = sort(&found, most, ret_places, ret_scores);
    if (bound > 0)
        n = add_equals(best, bound, n, most, ret_places, ret_scores);
    take_off(best, ret_places, n);
    return n;
}
