/* SPDX-License-Identifier: Apache-2.0 */
#include "model/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float chance_on(const struct calibration_curve *curve, float score)
{
    const struct calibration_knot *knots = curve->knots;
    uint32_t low = 0, high = curve->n - 1;
    if (!(score > knots[0].score))
        return knots[0].chance;
    if (score >= knots[high].score)
        return knots[high].chance;
    while (high - low >
           1) { /* knots[low].score < score < knots[high].score, or equal to the first */
        uint32_t middle = (low + high) / 2;
        if (knots[middle].score <= score)
            low = middle;
        else
            high = middle;
    }
    float part = (score - knots[low].score) / (knots[high].score - knots[low].score);
    return knots[low].chance + part * (knots[high].chance - knots[low].chance);
}

float calibration_chance(const struct calibration *calibration, uint32_t n_cart, bool told,
                         float score)
{
    return chance_on(&calibration->curves[told][calibration_size(n_cart)], score);
}

/* ── how far it comes true ──────────────────────────────────────────────────────────────── */

static int by_chance(const void *left, const void *right)
{
    const struct calibration_claim *a = left, *b = right;
    if (a->chance != b->chance)
        return a->chance < b->chance ? -1 : 1;
    return (int) a->hit - (int) b->hit;
}

uint32_t calibration_parts(struct calibration_claim *claims, uint32_t n,
                           struct calibration_part parts[CALIBRATION_PARTS])
{
    uint32_t n_parts = 0, i = 0;
    qsort(claims, n, sizeof *claims, by_chance);
    memset(parts, 0, CALIBRATION_PARTS * sizeof *parts);
    for (uint32_t p = 0; p < CALIBRATION_PARTS && i < n; p++) {
        struct calibration_part *part = &parts[n_parts];
        uint32_t end = (uint32_t) ((uint64_t) n * (p + 1) / CALIBRATION_PARTS);
        for (; i < n && (i < end || (i > 0 && claims[i].chance == claims[i - 1].chance)); i++) {
            part->n++;
            part->said += (double) claims[i].chance;
            part->came_true += claims[i].hit;
        }
        n_parts += part->n > 0;
    }
    for (uint32_t p = 0; p < n_parts; p++) {
        parts[p].said /= parts[p].n;
        parts[p].came_true /= parts[p].n;
    }
    return n_parts;
}

double calibration_error(const struct calibration_part *parts, uint32_t n_parts)
{
    double sum = 0, n = 0;
    for (uint32_t p = 0; p < n_parts; p++) {
        sum += parts[p].n * fabs(parts[p].said - parts[p].came_true);
        n += parts[p].n;
    }
    return n > 0 ? sum / n : 0;
}

/* ── bytes from outside ─────────────────────────────────────────────────────────────────── */

static bool is_share(float value)
{
    return value >= 0 && value <= 1; /* not of NAN */
}

static bool curve_is_sound(const struct calibration_curve *curve)
{
    if (curve->n == 0 || curve->n > CALIBRATION_KNOTS)
        return false;
    for (uint32_t i = 0; i < curve->n; i++) {
        const struct calibration_knot *knot = &curve->knots[i];
        if (!isfinite(knot->score) || !is_share(knot->chance))
            return false;
        if (i > 0 && (knot->score <= knot[-1].score || knot->chance < knot[-1].chance))
            return false;
    }
    return true;
}

bool calibration_is_sound(const struct calibration *calibration)
{
    for (int told = 0; told < 2; told++)
        for (int size = 0; size < CALIBRATION_SIZES; size++)
            if (!curve_is_sound(&calibration->curves[told][size]))
                return false;
    return is_share(calibration->said) && is_share(calibration->came_true) &&
           is_share(calibration->error);
}
