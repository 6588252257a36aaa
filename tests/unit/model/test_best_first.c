/* SPDX-License-Identifier: Apache-2.0 */
#include "model/best_first.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/beta.h"
#include "suite.h"

enum { MOST_SCORES = 20000 };

struct scored {
    float score;
    uint32_t place;
};

static int by_score(const void *left, const void *right)
{
    const struct scored *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

/* All @scores above 0, best first, as a plain sort has them. */
static uint32_t sorted_plainly(const float *scores, uint32_t n, struct scored *ret)
{
    uint32_t n_above = 0;
    for (uint32_t i = 0; i < n; i++)
        if (scores[i] > 0)
            ret[n_above++] = (struct scored){ scores[i], i };
    qsort(ret, n_above, sizeof *ret, by_score);
    return n_above;
}

/* Takes all, @most at a time, and compares each one with what a plain sort has there. */
static void check_all(const float *scores, uint32_t n, uint32_t most)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16, 1 << 22);
    struct scored *expected = arena_take_raw(arena, (n + 1) * sizeof *expected);
    float *own = arena_take_raw(arena, (best_first_room(n) + 1) * sizeof *own);
    uint32_t n_expected = sorted_plainly(scores, n, expected), taken = 0;
    uint32_t places[BEST_AT_ONCE];
    float values[BEST_AT_ONCE];
    struct best_first best;
    memcpy(own, scores, n * sizeof *own);
    ck_assert(best_first_new(&best, own, n, arena));
    while (taken < n_expected) {
        uint32_t left = n_expected - taken;
        uint32_t found = best_first_take(&best, most, places, values);
        ck_assert_uint_eq(found, left < most ? left : most);
        for (uint32_t i = 0; i < found; i++, taken++) {
            ck_assert_uint_eq(places[i], expected[taken].place);
            ck_assert(values[i] == expected[taken].score);
            ck_assert(own[places[i]] == BEST_GONE);
        }
    }
    ck_assert_uint_eq(best_first_take(&best, most, places, values), 0);
}

static void check_some(const float *scores, uint32_t n)
{
    static const uint32_t at_once[] = { 1, 3, 16, 50, BEST_AT_ONCE };
    for (size_t i = 0; i < sizeof at_once / sizeof *at_once; i++)
        check_all(scores, n, at_once[i]);
}

/* 0 to 1, the same each time. */
static float random_share(uint64_t random[2])
{
    return (float) beta_draw((struct beta){ 1, 1 }, random);
}

static const uint32_t sizes[] = { 0, 1, 2, 15, 16, 17, 63, 64, 65, 80, 81, 175, 1280, 1281, 3800 };
enum { N_SIZES = sizeof sizes / sizeof *sizes };

START_TEST(all_come_best_first_however_many_are_taken_at_once)
{
    static float scores[MOST_SCORES];
    uint64_t random[2];
    beta_seed(1, random);
    for (int size = 0; size < N_SIZES; size++) {
        for (uint32_t i = 0; i < sizes[size]; i++)
            scores[i] = random_share(random);
        check_some(scores, sizes[size]);
    }
    for (uint32_t i = 0; i < MOST_SCORES; i++)
        scores[i] = random_share(random);
    check_all(scores, MOST_SCORES, BEST_AT_ONCE);
}
END_TEST

/* As a shop has them: a few far ahead, most close to nothing, over many powers of two. */
START_TEST(a_long_tail_is_no_trouble)
{
    static float scores[MOST_SCORES];
    uint64_t random[2];
    beta_seed(2, random);
    for (int size = 0; size < N_SIZES; size++) {
        for (uint32_t i = 0; i < sizes[size]; i++)
            scores[i] = powf(random_share(random), 40);
        check_some(scores, sizes[size]);
    }
}
END_TEST

START_TEST(of_equals_the_first_comes_first)
{
    static float scores[MOST_SCORES];
    uint64_t random[2];
    beta_seed(3, random);
    for (int values = 1; values <= 4; values++)
        for (int size = 0; size < N_SIZES; size++) {
            for (uint32_t i = 0; i < sizes[size]; i++)
                scores[i] = (float) (1 + (int) (random_share(random) * (float) values)) / 8;
            check_some(scores, sizes[size]);
        }
}
END_TEST

/* Few better ones before a crowd of equals: what is missing is taken from the crowd, in its order. */
START_TEST(a_few_before_a_crowd_of_equals)
{
    static float scores[MOST_SCORES];
    uint64_t random[2];
    beta_seed(4, random);
    for (int size = 0; size < N_SIZES; size++) {
        for (uint32_t i = 0; i < sizes[size]; i++)
            scores[i] = random_share(random) < .01F ? 1 + random_share(random) : .5F;
        check_some(scores, sizes[size]);
    }
}
END_TEST

/* The best of a large shop may stand side by side: many of one block. */
START_TEST(the_best_may_stand_side_by_side)
{
    static float scores[MOST_SCORES];
    uint64_t random[2];
    beta_seed(5, random);
    for (uint32_t i = 0; i < MOST_SCORES; i++)
        scores[i] = random_share(random) + (i / 1200 == 3);
    check_all(scores, MOST_SCORES, BEST_AT_ONCE);
    check_all(scores, MOST_SCORES, 16);
}
END_TEST

START_TEST(what_is_not_above_zero_never_comes)
{
    const float scores[] = { 0, -1, BEST_GONE, 1e-45F, -0.F, 3e38F, INFINITY, -INFINITY, 1e-38F };
    check_some(scores, sizeof scores / sizeof *scores);
    static float many[MOST_SCORES];
    uint64_t random[2];
    beta_seed(6, random);
    for (int size = 0; size < N_SIZES; size++) {
        for (uint32_t i = 0; i < sizes[size]; i++)
            many[i] = random_share(random) - .9F;
        check_some(many, sizes[size]);
    }
}
END_TEST

START_TEST(without_room_it_says_so)
{
    AUTO(arena_free) struct arena *arena = arena_new(64, 64);
    static float scores[MOST_SCORES];
    struct best_first best;
    ck_assert(!best_first_new(&best, scores, MOST_SCORES, arena));
}
END_TEST

SUITE_MAIN("model/best_first", all_come_best_first_however_many_are_taken_at_once,
           a_long_tail_is_no_trouble, of_equals_the_first_comes_first,
           a_few_before_a_crowd_of_equals, the_best_may_stand_side_by_side,
           what_is_not_above_zero_never_comes, without_room_it_says_so)
