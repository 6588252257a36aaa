/* SPDX-License-Identifier: Apache-2.0 */
#include "http/rate_limit.h"

#include <pthread.h>

#include "suite.h"

static const int64_t start_us = INT64_C(1000000000);

static bool take(struct rate_limit *limit, uint32_t per_second, int64_t now_us)
{
    int64_t wait_us;
    return rate_limit_take(limit, per_second, now_us, &wait_us);
}

static unsigned take_all(struct rate_limit *limit, uint32_t per_second, int64_t now_us)
{
    unsigned n = 0;
    while (take(limit, per_second, now_us))
        n++;
    return n;
}

START_TEST(lets_in_a_second_s_worth_at_once_and_then_says_when_to_come)
{
    struct rate_limit limit = { 0 };
    int64_t wait_us = 0;

    ck_assert_uint_eq(take_all(&limit, 5, start_us), 5);

    ck_assert(!rate_limit_take(&limit, 5, start_us, &wait_us));
    ck_assert_int_eq(wait_us, 200000);
    ck_assert(!take(&limit, 5, start_us + wait_us - 1));
    ck_assert(take(&limit, 5, start_us + wait_us));
}
END_TEST

START_TEST(a_refusal_takes_nothing)
{
    struct rate_limit limit = { 0 };
    (void) take_all(&limit, 10, start_us);

    for (int i = 0; i < 1000; i++)
        ck_assert(!take(&limit, 10, start_us + 99999));

    ck_assert(take(&limit, 10, start_us + 100000));
}
END_TEST

START_TEST(who_was_away_for_long_has_no_more_than_one_second_s_worth)
{
    struct rate_limit limit = { 0 };
    (void) take_all(&limit, 7, start_us);

    ck_assert_uint_eq(take_all(&limit, 7, start_us + INT64_C(3600000000)), 7);
}
END_TEST

START_TEST(over_a_minute_it_is_the_rate_and_one_burst)
{
    static const uint32_t rates[] = { 1, 3, 7, 50, 999, 30000 };
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct rate_limit limit = { 0 };
        uint64_t n = 0;
        for (int64_t at_us = 0; at_us < 60000000; at_us += 500)
            n += take_all(&limit, rates[i], start_us + at_us);
        ck_assert_uint_le(n, UINT64_C(61) * rates[i]);
        ck_assert_uint_ge(n, UINT64_C(61) * rates[i] - rates[i] / 100 - 2);
    }
}
END_TEST

static struct rate_limit shared;
static atomic_uint taken;

static void *take_from_shared(void *of)
{
    (void) of;
    atomic_fetch_add(&taken, take_all(&shared, 100000, start_us));
    return NULL;
}

START_TEST(is_exact_when_several_threads_ask)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_from_shared, NULL), 0);
    for (int i = 0; i < 4; i++)
        (void) pthread_join(threads[i], NULL);

    ck_assert_uint_eq(atomic_load(&taken), 100000);
}
END_TEST

SUITE_MAIN("http/rate_limit", lets_in_a_second_s_worth_at_once_and_then_says_when_to_come,
           a_refusal_takes_nothing, who_was_away_for_long_has_no_more_than_one_second_s_worth,
           over_a_minute_it_is_the_rate_and_one_burst, is_exact_when_several_threads_ask)
