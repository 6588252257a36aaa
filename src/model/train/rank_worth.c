/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/rank_worth.h"

#include <math.h>

static double worth(uint32_t rank)
{
    return (rank <= 10 ? 1.0 : 0.0) + (rank <= 20 ? 2.0 / rank : 0.0);
}

double rank_worth_mean(const uint32_t *ranks, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += worth(ranks[i]);
    return n ? sum / n : 0;
}

struct rank_gain rank_worth_gain(const uint32_t *ranks, const uint32_t *than, uint32_t n)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        double gain = worth(ranks[i]) - worth(than[i]);
        sum += gain;
        squares += gain * gain;
    }
    double mean = n ? sum / n : 0, variance = n ? squares / n - mean * mean : 0;
    return (struct rank_gain){ mean, variance > 0 ? sqrt(variance / n) : 0 };
}

void rank_worth_figures(const uint32_t *ranks, uint32_t n, float *ret_hit10, float *ret_mrr20)
{
    double hit = 0, mrr = 0;
    for (uint32_t i = 0; i < n; i++) {
        hit += ranks[i] <= 10;
        mrr += ranks[i] <= 20 ? 1.0 / ranks[i] : 0;
    }
    *ret_hit10 = n ? (float) (hit / n) : 0;
    *ret_mrr20 = n ? (float) (mrr / n) : 0;
}
