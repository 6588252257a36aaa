/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only 22 different ranks tell cases apart (1 to 20, later, never), so a resample counts ranks, not
 * figures.
 */
#include "eval/figures.h"

#include <stdlib.h>

enum { PLACES = RANK_COUNTS + 1 }; /* 0: later or never */

static const uint32_t depths[] = { [HR_1] = 1, [HR_5] = 5, [HR_10] = 10, [HR_20] = 20 };
static const char *const names[FIGURES] = { "hr@1", "hr@5", "hr@10", "hr@20", "mrr@20" };

const char *figure_name(enum figure figure)
{
    return names[figure];
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void figures_of_counts(const uint32_t counts[PLACES], uint32_t n, double figures[FIGURES])
{
    for (int f = 0; f < FIGURES; f++)
        figures[f] = 0;
    for (uint32_t place = 1; place < PLACES; place++) {
        for (int f = HR_1; f <= HR_20; f++)
            if (place <= depths[f])
                figures[f] += counts[place];
        figures[MRR_20] += (double) counts[place] / place;
    }
    for (int f = 0; f < FIGURES; f++)
        figures[f] /= n;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *) left, b = *(const double *) right;
    return a < b ? -1 : a > b;
}

/* The cases of one draw, counted by place. */
static void draw(const uint8_t *places, uint32_t n, uint64_t *state, uint32_t counts[PLACES])
{
    for (uint32_t i = 0; i < n; i++)
        counts[places[(uint32_t) ((next_random(state) >> 32) * n >> 32)]]++;
}

typedef double samples[FIGURES][FIGURES_RESAMPLES];

struct sampling {
    samples of;
    uint8_t *places, *others; /* of each case; others: NULL when there is nothing to compare with */
};

static void put_sample(struct sampling *sampling, int s, const uint32_t counts[PLACES],
                       const uint32_t less[PLACES], uint32_t n)
{
    double figures[FIGURES], minus[FIGURES];
    figures_of_counts(counts, n, figures);
    figures_of_counts(less, n, minus);
    for (int f = 0; f < FIGURES; f++)
        sampling->of[f][s] = figures[f] - minus[f];
}

/* The same seed draws the same cases, whoever's places are looked at. */
static void resample(struct sampling *sampling, uint32_t n, uint64_t seed)
{
    uint64_t state = seed, again = seed;
    for (int s = 0; s < FIGURES_RESAMPLES; s++) {
        uint32_t counts[PLACES] = { 0 }, less[PLACES] = { 0 };
        draw(sampling->places, n, &state, counts);
        if (sampling->others)
            draw(sampling->others, n, &again, less);
        put_sample(sampling, s, counts, less, n);
    }
}

static void take_places(const uint32_t *ranks, uint32_t n, uint8_t *places, uint32_t counts[PLACES])
{
    for (uint32_t i = 0; i < n; i++)
        counts[places[i] = ranks[i] <= RANK_COUNTS ? (uint8_t) ranks[i] : 0]++;
}

static void sample(struct sampling *sampling, const uint32_t *ranks, const uint32_t *others,
                   uint32_t n, uint64_t seed, struct figures *ret_figures)
{
    static const int TAIL = FIGURES_RESAMPLES / 40; /* 2.5 % */
    uint32_t counts[PLACES] = { 0 }, less[PLACES] = { 0 };
    take_places(ranks, n, sampling->places, counts);
    if (others)
        take_places(others, n, sampling->others, less);
    put_sample(sampling, 0, counts, less, n);
    for (int f = 0; f < FIGURES; f++)
        ret_figures->of[f].value = sampling->of[f][0];
    resample(sampling, n, seed);
    for (int f = 0; f < FIGURES; f++) {
        qsort(sampling->of[f], FIGURES_RESAMPLES, sizeof *sampling->of[f], by_value);
        ret_figures->of[f].low = sampling->of[f][TAIL];
        ret_figures->of[f].high = sampling->of[f][FIGURES_RESAMPLES - 1 - TAIL];
    }
}

enum err figures_between(const uint32_t *ranks, const uint32_t *others, uint32_t n, uint64_t seed,
                         struct figures *ret_figures)
{
    struct sampling *sampling = calloc(1, sizeof *sampling);
    if (!sampling)
        return ERR_NOMEM;
    sampling->places = malloc((size_t) n + 1);
    sampling->others = others ? malloc((size_t) n + 1) : NULL;
    enum err err = sampling->places && (!others || sampling->others) ? OK : ERR_NOMEM;
    if (err == OK)
        sample(sampling, ranks, others, n, seed, ret_figures);
    free(sampling->places);
    free(sampling->others);
    free(sampling);
    return err;
}

enum err figures_of(const uint32_t *ranks, uint32_t n, uint64_t seed, struct figures *ret_figures)
{
    return figures_between(ranks, NULL, n, seed, ret_figures);
}
