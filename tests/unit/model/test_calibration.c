/* SPDX-License-Identifier: Apache-2.0 */
#include "model/calibration.h"

#include <math.h>
#include <stdlib.h>

#include "model/train/calibrating.h"
#include "suite.h"

enum { MOMENTS = 4000, PLACES = 20 };
static struct calibration_point points[MOMENTS * PLACES];

static double dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (double) (*state >> 40) / (1 << 24);
}

/* What is true in the made-up shop: a score means less the more is in the cart, and less for a guest. */
static double truth(float score, uint32_t size, bool told)
{
    return (double) (score * score) / (1 + size) * (told ? 1 : .5);
}

static uint32_t make_points(uint32_t n_moments, uint32_t sizes, bool told_too)
{
    uint64_t state = 4;
    uint32_t n = 0;
    for (uint32_t m = 0; m < n_moments; m++)
        for (uint8_t place = 0; place < PLACES; place++) {
            struct calibration_point point = { .score = (float) dice(&state),
                                               .moment = m,
                                               .size = (uint8_t) (m / 2 % sizes),
                                               .place = place,
                                               .told = told_too && m / 8 % 2 };
            point.hit = dice(&state) < truth(point.score, point.size, point.told);
            points[n++] = point;
        }
    return n;
}

static struct calibration learned(uint32_t n_moments, uint32_t sizes, bool told_too)
{
    struct calibration calibration;
    bool known = false;
    uint32_t n = make_points(n_moments, sizes, told_too);
    ck_assert_int_eq(calibrate(points, n, &calibration, &known), OK);
    ck_assert(known);
    ck_assert(calibration_is_sound(&calibration));
    return calibration;
}

START_TEST(what_it_says_is_what_is_true_of_each_size_and_telling)
{
    static const uint32_t lines[] = { 1, 3, 9 };
    const struct calibration calibration = learned(MOMENTS, 3, true);
    ck_assert_uint_eq(calibration.candidates, MOMENTS * PLACES);
    for (uint32_t size = 0; size < 3; size++)
        for (int told = 0; told < 2; told++)
            for (float score = .1F; score < .95F; score += .05F)
                ck_assert_double_eq_tol(
                    (double) calibration_chance(&calibration, lines[size], told, score),
                    truth(score, size, told), .06);
}
END_TEST

START_TEST(it_never_falls_and_stays_a_chance_beyond_what_was_seen)
{
    const struct calibration calibration = learned(MOMENTS, 3, true);
    for (uint32_t n_cart = 0; n_cart < 12; n_cart++) {
        float before = 0;
        for (float score = -1; score < 3; score += .01F) {
            float chance = calibration_chance(&calibration, n_cart, false, score);
            ck_assert(chance >= before && chance <= 1);
            before = chance;
        }
        ck_assert(calibration_chance(&calibration, n_cart, false, (float) NAN) > 0);
    }
}
END_TEST

START_TEST(its_error_is_small_where_halves_agree_and_the_rates_are_told)
{
    const struct calibration calibration = learned(MOMENTS, 3, true);
    uint32_t hits = 0, n = make_points(MOMENTS, 3, true), first = 0;
    for (uint32_t i = 0; i < n; i++)
        if (points[i].place < CALIBRATION_PLACES) {
            hits += points[i].hit;
            first++;
        }
    ck_assert_double_eq_tol((double) calibration.came_true, (double) hits / first, 1e-6);
    ck_assert_double_eq_tol((double) calibration.said, (double) calibration.came_true, .01);
    ck_assert_float_lt(calibration.error, .02F);
}
END_TEST

START_TEST(a_size_that_was_never_seen_is_as_the_next_and_a_guest_as_anybody)
{
    const struct calibration calibration = learned(MOMENTS, 1, false);
    for (float score = 0; score < 1; score += .1F)
        for (uint32_t n_cart = 1; n_cart < 6; n_cart++)
            for (int told = 0; told < 2; told++)
                ck_assert_float_eq(calibration_chance(&calibration, n_cart, told, score),
                                   calibration_chance(&calibration, 1, false, score));
}
END_TEST

START_TEST(of_too_few_moments_nothing_is_learned)
{
    struct calibration calibration;
    bool known = true;
    ck_assert_int_eq(calibrate(points, make_points(20, 1, false), &calibration, &known), OK);
    ck_assert(!known);
    ck_assert_int_eq(calibrate(points, 0, &calibration, &known), OK);
    ck_assert(!known);
}
END_TEST

START_TEST(where_nothing_ever_was_taken_hardly_anything_is_likely)
{
    struct calibration calibration;
    bool known = false;
    uint32_t n = make_points(200, 3, false);
    for (uint32_t i = 0; i < n; i++)
        points[i].hit = false;
    ck_assert_int_eq(calibrate(points, n, &calibration, &known), OK);
    ck_assert(known);
    float chance = calibration_chance(&calibration, 1, false, 1);
    ck_assert(chance > 0 && chance < .001F);
}
END_TEST

START_TEST(parts_hold_about_as_many_and_never_part_what_says_the_same)
{
    struct calibration_claim claims[1000];
    struct calibration_part parts[CALIBRATION_PARTS];
    uint64_t state = 9;
    for (uint32_t i = 0; i < 1000; i++) {
        float chance = i < 300 ? .25F : (float) dice(&state);
        claims[i] = (struct calibration_claim){ chance, i % 2 };
    }
    uint32_t n_parts = calibration_parts(claims, 1000, parts);
    double n = 0, before = -1;
    ck_assert_uint_ge(n_parts, 7);
    for (uint32_t p = 0; p < n_parts; p++) {
        ck_assert(parts[p].said > before && parts[p].n > 0);
        before = parts[p].said;
        n += parts[p].n;
    }
    ck_assert_double_eq(n, 1000);
    const struct calibration_part two[] = { { 30, .1, .2 }, { 10, .5, .4 } };
    ck_assert_double_eq_tol(calibration_error(two, 2), .1, 1e-12);
    ck_assert_double_eq(calibration_error(two, 0), 0);
}
END_TEST

START_TEST(curves_that_make_no_sense_are_not_sound)
{
    const struct calibration good = learned(MOMENTS, 3, true);
    ck_assert_uint_gt(good.curves[1][2].n, 2);
    for (int what = 0; what < 7; what++) {
        struct calibration bad = good;
        struct calibration_curve *curve = &bad.curves[1][2];
        switch (what) {
        case 0: curve->n = 0; break;
        case 1: curve->n = CALIBRATION_KNOTS + 1; break;
        case 2: curve->knots[1].score = curve->knots[0].score; break;
        case 3: curve->knots[0].chance = 1; break;
        case 4: curve->knots[0].chance = (float) NAN; break;
        case 5: curve->knots[curve->n - 1].chance = 1.5F; break;
        default: bad.error = -1; break;
        }
        ck_assert_msg(!calibration_is_sound(&bad), "%d", what);
    }
}
END_TEST

SUITE_MAIN("model/calibration", what_it_says_is_what_is_true_of_each_size_and_telling,
           it_never_falls_and_stays_a_chance_beyond_what_was_seen,
           its_error_is_small_where_halves_agree_and_the_rates_are_told,
           a_size_that_was_never_seen_is_as_the_next_and_a_guest_as_anybody,
           of_too_few_moments_nothing_is_learned,
           where_nothing_ever_was_taken_hardly_anything_is_likely,
           parts_hold_about_as_many_and_never_part_what_says_the_same,
           curves_that_make_no_sense_are_not_sound)
