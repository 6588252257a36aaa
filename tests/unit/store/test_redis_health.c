/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_health.h"

#include "base/out.h"
#include "store/redis/redis_url.h"
#include "suite.h"

static struct metrics *metrics;
static char place[] = "h:6379/0";
static struct redis_url url = { .shown = place };
static struct redis_health health;
static struct redis_member link_a, link_b, writer;

static void begin(void)
{
    metrics = metrics_new();
    ck_assert(redis_health_init(&health, REDIS_PROFILES, &url, metrics));
    redis_member_init(&link_a, &health, false);
    redis_member_init(&link_b, &health, false);
    redis_member_init(&writer, &health, true);
}

static void end(void)
{
    redis_member_deinit(&link_a);
    redis_member_deinit(&link_b);
    redis_member_deinit(&writer);
    redis_health_deinit(&health);
    metrics_free(metrics);
}

static bool shows_up(void)
{
    struct out out;
    out_init(&out, NULL, 1 << 16);
    metrics_print(metrics, &out);
    bool up = str_contains(out_str(&out), STR("offerd_redis_up{use=\"profiles\"} 1"));
    bool down = str_contains(out_str(&out), STR("offerd_redis_up{use=\"profiles\"} 0"));
    out_deinit(&out);
    ck_assert_int_ne(up, down);
    return up;
}

START_TEST(it_is_up_when_nobody_says_it_is_down)
{
    begin();
    ck_assert(!shows_up());
    redis_member_up(&link_a);
    ck_assert(shows_up());
    redis_member_down(&link_b, "refused", 0);
    ck_assert(!shows_up());
    redis_member_down(&link_a, "refused", 0);
    redis_member_up(&link_b);
    ck_assert(!shows_up());
    redis_member_up(&link_a);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(a_writer_that_cannot_write_is_enough_to_be_down)
{
    begin();
    redis_member_up(&link_a);
    redis_member_up(&writer);
    redis_member_down(&writer, "OOM", 0);
    ck_assert(!shows_up());
    redis_member_up(&writer);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(a_writer_that_was_not_used_since_does_not_hold_it_down)
{
    begin();
    redis_member_up(&link_a);
    redis_member_down(&writer, "closed", 0);
    redis_member_down(&link_a, "closed", 0);
    redis_member_up(&link_a);
    ck_assert(shows_up()); /* nobody has written meanwhile */

    redis_member_down(&writer, "still closed", 0);
    ck_assert(!shows_up());
    redis_member_up(&writer);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(who_leaves_while_down_does_not_hold_it_down)
{
    begin();
    redis_member_up(&link_a);
    redis_member_down(&link_b, "closed", 0);
    redis_member_deinit(&link_b);
    redis_member_up(&writer);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(attempts_come_further_and_further_apart_up_to_a_second)
{
    begin();
    static const int64_t longest_us[] = { 50000, 100000, 200000, 400000, 800000, 1000000, 1000000 };
    for (int i = 0; i < 7; i++) {
        redis_member_down(&link_a, "refused", 5000000);
        int64_t wait_us = link_a.next_us - 5000000;
        ck_assert_int_ge(wait_us, longest_us[i] / 2);
        ck_assert_int_le(wait_us, longest_us[i]);
        ck_assert(!redis_member_may_try(&link_a, link_a.next_us - 1));
        ck_assert(redis_member_may_try(&link_a, link_a.next_us));
    }
    redis_member_up(&link_a);
    redis_member_down(&link_a, "refused", 5000000);
    ck_assert_int_le(link_a.next_us - 5000000, 50000);
    end();
}
END_TEST

SUITE_MAIN("store/redis_health", it_is_up_when_nobody_says_it_is_down,
           a_writer_that_cannot_write_is_enough_to_be_down,
           a_writer_that_was_not_used_since_does_not_hold_it_down,
           who_leaves_while_down_does_not_hold_it_down,
           attempts_come_further_and_further_apart_up_to_a_second)
