/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/calibrating.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HITS_A_BIN = 8, ALL = 2 };

struct range {
    uint32_t begin, end;
};

/* By curve, then by score; the rest only so that it is an order. */
static int by_curve(const void *left, const void *right)
{
    const struct calibration_point *a = left, *b = right;
    if (a->told != b->told)
        return a->told ? 1 : -1;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    if (a->moment != b->moment)
        return a->moment < b->moment ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* ── one curve ──────────────────────────────────────────────────────────────────────────── */

struct bin {
    double n, hits, scores;
};

static bool counts(const struct calibration_point *point, uint32_t half)
{
    return half == ALL || point->moment % 2 == half;
}

/* While it does not rise, a bin is pooled with the one before. */
static uint32_t pooled(struct bin *bins, uint32_t n)
{
    while (n > 1 && bins[n - 2].hits * bins[n - 1].n >= bins[n - 1].hits * bins[n - 2].n) {
        bins[n - 2].n += bins[n - 1].n;
        bins[n - 2].hits += bins[n - 1].hits;
        bins[n - 2].scores += bins[n - 1].scores;
        n--;
    }
    return n;
}

/*
 * A bin is full with its part of the candidates and of the hits, half and
 * half: so there are some both among the many that hardly ever are, and among
 * the few that often are. Equal scores are never parted.
 */
static uint32_t make_bins(const struct calibration_point *points, struct range range, uint32_t half,
                          struct bin bins[CALIBRATION_KNOTS])
{
    double n_all = 0, hits_all = 0;
    for (uint32_t i = range.begin; i < range.end; i++)
        if (counts(&points[i], half)) {
            n_all++;
            hits_all += points[i].hit;
        }
    double most = fmin(CALIBRATION_KNOTS, floor(hits_all / HITS_A_BIN)), full = 0;
    uint32_t n = 0, wanted = most > 1 ? (uint32_t) most : 1;
    struct bin bin = { 0 };
    for (uint32_t i = range.begin; i < range.end; i++) {
        const struct calibration_point *point = &points[i];
        if (counts(point, half)) {
            bin.n++;
            bin.hits += point->hit;
            bin.scores += (double) point->score;
            full += .5 / n_all + (point->hit ? .5 / hits_all : 0);
        }
        bool last = i + 1 == range.end;
        if (bin.n > 0 && (last || (n + 1 < wanted && full * wanted >= n + 1 &&
                                   points[i + 1].score != point->score))) {
            bins[n++] = bin;
            bin = (struct bin){ 0 };
        }
    }
    return n;
}

/*
 * Of nothing a curve of no knots. Half a hit and half a miss
 * are imagined, so that nothing is impossible.
 */
static void fit(const struct calibration_point *points, struct range range, uint32_t half,
                struct calibration_curve *curve)
{
    struct bin bins[CALIBRATION_KNOTS], stack[CALIBRATION_KNOTS];
    uint32_t n = make_bins(points, range, half, bins), n_stack = 0;
    for (uint32_t i = 0; i < n; i++) {
        stack[n_stack++] = bins[i];
        n_stack = pooled(stack, n_stack);
    }
    memset(curve, 0, sizeof *curve);
    for (uint32_t i = 0; i < n_stack; i++) {
        struct calibration_knot knot = { (float) (stack[i].scores / stack[i].n),
                                         (float) ((stack[i].hits + .5) / (stack[i].n + 1)) };
        const struct calibration_knot *before = curve->n ? &curve->knots[curve->n - 1] : NULL;
        if (before && knot.score <= before->score)
            continue; /* rounded to the same */
        if (before && knot.chance < before->chance)
            knot.chance = before->chance;
        curve->knots[curve->n++] = knot;
    }
}

/* ── all curves ─────────────────────────────────────────────────────────────────────────── */

struct ranges {
    struct range of[2][CALIBRATION_SIZES];
    uint32_t moments[2][CALIBRATION_SIZES]; /* in each half and in all, at least */
};

static void find_ranges(const struct calibration_point *points, uint32_t n, struct ranges *ranges)
{
    uint32_t i = 0;
    for (int told = 0; told < 2; told++)
        for (uint8_t size = 0; size < CALIBRATION_SIZES; size++) {
            struct range *range = &ranges->of[told][size];
            ranges->moments[told][size] = 0;
            for (range->begin = i; i < n && points[i].told == told && points[i].size == size; i++)
                ranges->moments[told][size] += points[i].place == 0;
            range->end = i;
        }
}

/* Of a size or a telling that was hardly seen: as the next that was. False: none was. */
static bool fill_gaps(const struct ranges *ranges, struct calibration *calibration)
{
    for (int told = 0; told < 2; told++) {
        int known = -1;
        for (int size = 0; size < CALIBRATION_SIZES; size++) {
            struct calibration_curve *curves = calibration->curves[told];
            if (ranges->moments[told][size] < CALIBRATION_LEAST || curves[size].n == 0) {
                curves[size].n = 0;
                if (known >= 0)
                    curves[size] = curves[known];
                continue;
            }
            for (int gap = size; known < 0 && gap-- > 0;)
                curves[gap] = curves[size];
            known = size;
        }
        if (known < 0 && !told)
            return false;
        if (known < 0)
            memcpy(calibration->curves[1], calibration->curves[0], sizeof calibration->curves[0]);
    }
    return true;
}

static bool fit_all(const struct calibration_point *points, const struct ranges *ranges,
                    uint32_t half, struct calibration *calibration)
{
    for (int told = 0; told < 2; told++)
        for (int size = 0; size < CALIBRATION_SIZES; size++)
            fit(points, ranges->of[told][size], half, &calibration->curves[told][size]);
    return fill_gaps(ranges, calibration);
}

/* Each half said by what was learned on the other. */
static enum err look_back(const struct calibration_point *points, uint32_t n,
                          const struct ranges *ranges, struct calibration *calibration)
{
    struct calibration other[2];
    struct calibration_part parts[CALIBRATION_PARTS];
    struct calibration_claim *claims = malloc(((size_t) n + 1) * sizeof *claims);
    uint32_t n_claims = 0;
    if (!claims)
        return ERR_NOMEM;
    bool known = fit_all(points, ranges, 1, &other[0]) && fit_all(points, ranges, 0, &other[1]);
    for (uint32_t i = 0; known && i < n; i++) {
        const struct calibration_point *point = &points[i];
        static const uint32_t lines[CALIBRATION_SIZES] = { 1, 2, 4 };
        if (point->place < CALIBRATION_PLACES)
            claims[n_claims++] = (struct calibration_claim){
                calibration_chance(&other[point->moment % 2], lines[point->size], point->told,
                                   point->score),
                point->hit,
            };
    }
    uint32_t n_parts = calibration_parts(claims, n_claims, parts);
    calibration->error = (float) calibration_error(parts, n_parts);
    double said = 0, came_true = 0;
    for (uint32_t p = 0; p < n_parts; p++) {
        said += parts[p].said * parts[p].n / n_claims;
        came_true += parts[p].came_true * parts[p].n / n_claims;
    }
    calibration->said = (float) said;
    calibration->came_true = (float) came_true;
    free(claims);
    return OK;
}

enum err calibrate(struct calibration_point *points, uint32_t n,
                   struct calibration *ret_calibration, bool *ret_known)
{
    struct calibration calibration = { .candidates = n };
    struct ranges ranges;
    qsort(points, n, sizeof *points, by_curve);
    find_ranges(points, n, &ranges);
    for (int size = 0; size < CALIBRATION_SIZES; size++)
        calibration.moments += ranges.moments[0][size];
    *ret_known = fit_all(points, &ranges, ALL, &calibration);
    if (!*ret_known)
        return OK;
    TRY(look_back(points, n, &ranges, &calibration));
    *ret_calibration = calibration;
    return OK;
}
