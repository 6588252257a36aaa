/* SPDX-License-Identifier: Apache-2.0 */
/* Only 22 different ranks tell cases apart (1 to 20, later, never), so a resample counts ranks, not figures. */
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

static void resample(const uint8_t *places, uint32_t n, uint64_t seed,
                     double (*samples)[FIGURES_RESAMPLES])
{
    for (int s = 0; s < FIGURES_RESAMPLES; s++) {
        uint32_t counts[PLACES] = { 0 };
        double figures[FIGURES];
        for (uint32_t i = 0; i < n; i++)
            counts[places[(uint32_t) ((next_random(&seed) >> 32) * n >> 32)]]++;
        figures_of_counts(counts, n, figures);
        for (int f = 0; f < FIGURES; f++)
            samples[f][s] = figures[f];
    }
}

enum err figures_of(const uint32_t *ranks, uint32_t n, uint64_t seed, struct figures *ret_figures)
{
    uint8_t *places = malloc((size_t) n + 1);
    double(*samples)[FIGURES_RESAMPLES] = malloc(FIGURES * sizeof *samples);
    if (!places || !samples) {
        free(places);
        free(samples);
        return ERR_NOMEM;
    }
    uint32_t counts[PLACES] = { 0 };
    double figures[FIGURES];
    for (uint32_t i = 0; i < n; i++)
        counts[places[i] = ranks[i] <= RANK_COUNTS ? (uint8_t) ranks[i] : 0]++;
    figures_of_counts(counts, n, figures);
    resample(places, n, seed, samples);
    for (int f = 0; f < FIGURES; f++) {
        qsort(samples[f], FIGURES_RESAMPLES, sizeof **samples, by_value);
        ret_figures->of[f] =
            (struct figure_value){ figures[f], samples[f][FIGURES_RESAMPLES / 40],
                                   samples[f][FIGURES_RESAMPLES - 1 - FIGURES_RESAMPLES / 40] };
    }
    free(places);
    free(samples);
    return OK;
}
