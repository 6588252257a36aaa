/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Newton's method. The levels are nuisance: each is moved by its own Newton step in the same pass,
 * and the slope's gradient and curvature are taken after them (the Schur complement), so a pass
 * costs one exponential a point and a handful of passes is enough.
 */
#include "model/odds/slope.h"

#include <math.h>

enum { PASSES = 20 };
static const double LEVEL_STEP = 1, SLOPE_STEP = 2, CLOSE_ENOUGH = 1e-4;

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double within(double x, double most)
{
    return fmax(-most, fmin(x, most));
}

static double mean_relevance(const struct slope_stratum *stratum)
{
    double shown = 0, sum = 0;
    for (int i = 0; i < SLOPE_POINTS; i++) {
        shown += stratum->points[i].shown;
        sum += stratum->points[i].shown * stratum->points[i].relevance;
    }
    return shown > 0 ? sum / shown : 0;
}

static void start_level(struct slope_stratum *stratum)
{
    double shown = stratum->prior_strength, accepted = shown * stratum->prior_mean;
    for (int i = 0; i < SLOPE_POINTS; i++) {
        shown += stratum->points[i].shown;
        accepted += stratum->points[i].accepted;
    }
    double mean = fmin(fmax(accepted / shown, 1e-6), 1 - 1e-6);
    stratum->level = log(mean / (1 - mean));
}

/* Adds the stratum's part to the slope's gradient and curvature, and moves its level. */
static void pass(struct slope_stratum *stratum, double slope, double *gradient, double *curvature)
{
    double middle = mean_relevance(stratum), p = sigmoid(stratum->level);
    double level_gradient = stratum->prior_strength * (stratum->prior_mean - p);
    double level_curvature = stratum->prior_strength * p * (1 - p);
    double both = 0, of_slope = 0, slope_curvature = 0;
    for (int i = 0; i < SLOPE_POINTS; i++) {
        const struct slope_point *point = &stratum->points[i];
        if (point->shown <= 0)
            continue;
        double x = point->relevance - middle;
        p = sigmoid(stratum->level + slope * x);
        double missing = point->accepted - point->shown * p, spread = point->shown * p * (1 - p);
        level_gradient += missing;
        level_curvature += spread;
        of_slope += x * missing;
        both += x * spread;
        slope_curvature += x * x * spread;
    }
    level_curvature = fmax(level_curvature, 1e-9);
    *gradient += of_slope - both / level_curvature * level_gradient;
    *curvature += slope_curvature - both * both / level_curvature;
    stratum->level += within(level_gradient / level_curvature, LEVEL_STEP);
}

struct slope slope_fit(struct slope_stratum *strata, uint32_t n, struct slope prior)
{
    double trust = 1 / (prior.error * prior.error);
    struct slope slope = prior;
    for (uint32_t i = 0; i < n; i++)
        start_level(&strata[i]);
    for (int k = 0; k < PASSES; k++) {
        double gradient = trust * (prior.value - slope.value), curvature = trust;
        for (uint32_t i = 0; i < n; i++)
            pass(&strata[i], slope.value, &gradient, &curvature);
        double step = within(gradient / curvature, SLOPE_STEP);
        slope.value += step;
        slope.error = 1 / sqrt(curvature);
        if (fabs(step) < CLOSE_ENOUGH)
            break;
    }
    return slope;
}

double slope_careful(struct slope slope)
{
    double chance = slope.error * slope.error / (slope.value * slope.value);
    return chance < 1 ? slope.value * (1 - chance) : 0; /* also for 0 / 0 */
}
