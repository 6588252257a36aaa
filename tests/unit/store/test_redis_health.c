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
static char loops[64]; /* stand for those of workers */

static void begin(void)
{
    metrics = metrics_new();
    ck_assert(redis_health_init(&health, REDIS_PROFILES, &url, metrics));
    redis_member_init(&link_a, &health, loops);
    redis_member_init(&link_b, &health, loops + 1);
    redis_member_init(&writer, &health, NULL);
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
    redis_member_up(&link_a, 0);
    ck_assert(shows_up());
    redis_member_down(&link_b, "refused", 0);
    ck_assert(!shows_up());
    redis_member_down(&link_a, "refused", 0);
    redis_member_up(&link_b, 0);
    ck_assert(!shows_up());
    redis_member_up(&link_a, 0);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(a_writer_that_cannot_write_is_enough_to_be_down)
{
    begin();
    redis_member_up(&link_a, 0);
    redis_member_up(&writer, 0);
    redis_member_down(&writer, "OOM", 0);
    ck_assert(!shows_up());
    redis_member_up(&writer, 0);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(a_writer_that_was_not_used_since_does_not_hold_it_down)
{
    begin();
    redis_member_up(&link_a, 0);
    redis_member_down(&writer, "closed", 0);
    redis_member_down(&link_a, "closed", 0);
    redis_member_up(&link_a, 0);
    ck_assert(shows_up()); /* nobody has written meanwhile */

    redis_member_down(&writer, "still closed", 0);
    ck_assert(!shows_up());
    redis_member_up(&writer, 0);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(who_leaves_while_down_does_not_hold_it_down)
{
    begin();
    redis_member_up(&link_a, 0);
    redis_member_down(&link_b, "closed", 0);
    redis_member_deinit(&link_b);
    redis_member_up(&writer, 0);
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
    redis_member_up(&link_a, 5000000);
    redis_member_down(&link_a, "refused", 5000000);
    ck_assert_int_le(link_a.next_us - 5000000, 50000);
    end();
}
END_TEST

START_TEST(a_writer_that_tries_no_more_does_not_hold_it_down)
{
    begin();
    redis_member_up(&link_a, 0);
    redis_member_down(&writer, "no answer in time", 10000000);
    redis_health_look(&health, 12000000);
    ck_assert(!shows_up());
    redis_health_look(&health, 12000001);
    ck_assert(shows_up());

    redis_member_down(&writer, "no answer in time", 20000000); /* hours later, or soon */
    ck_assert(!shows_up());
    redis_member_down(&writer, "no answer in time", 21900000);
    redis_health_look(&health, 22500000);
    ck_assert(!shows_up()); /* it goes on trying */
    redis_member_up(&writer, 22600000);
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(a_link_that_is_down_is_down_however_long_ago_it_was_found)
{
    begin();
    redis_member_down(&link_a, "refused", 10000000);
    redis_member_down(&writer, "refused", 10000000);
    redis_health_look(&health, 90000000);
    ck_assert(!shows_up());
    redis_member_up(&link_a, 90000000);
    ck_assert(shows_up());
    end();
}
END_TEST

/* Let in, of use for a moment, then refused: NOPERM for our keys, OOM for what is written. */
START_TEST(who_is_of_use_for_a_moment_only_is_up_again_when_it_has_lasted)
{
    begin();
    redis_member_begins(&link_a, 10000000);
    redis_member_up(&link_a, 10000000); /* nothing is held against the first */
    ck_assert(shows_up());
    int64_t longest_us = 50000, now_us = 10020000;
    for (int i = 0; i < 5; i++) {
        redis_member_down(&link_a, "NOPERM", now_us);
        int64_t wait_us = link_a.next_us - now_us;
        ck_assert_int_ge(wait_us, longest_us / 2);
        ck_assert_int_le(wait_us, longest_us);
        now_us = link_a.next_us;
        redis_member_begins(&link_a, now_us);
        redis_member_up(&link_a, now_us + 999999);
        ck_assert(!shows_up());
        now_us += 20000;
        longest_us *= 2;
    }
    redis_member_up(&link_a, link_a.began_us + 1000000);
    ck_assert(shows_up());
    redis_member_down(&link_a, "closed", link_a.began_us + 2000000);
    ck_assert_int_le(link_a.next_us - now_us, 2050000); /* soon */
    redis_member_begins(&link_a, 20000000);
    redis_member_up(&link_a, 20000000); /* and believed at once */
    ck_assert(shows_up());
    end();
}
END_TEST

START_TEST(a_place_is_cut_off_while_every_link_to_it_is_down)
{
    char host[] = "10.0.0.1", same_host[] = "10.0.0.1", path[] = "/run/redis";
    const struct redis_url here = { .host = host, .port = 6379 },
                           same = { .host = same_host, .port = 6379 },
                           other = { .host = host, .port = 6380 }, socket = { .path = path };
    begin();
    ck_assert(!redis_health_is_cut_off(&health, &here)); /* nobody tells */
    redis_member_leads_to(&link_a, &here);
    redis_member_leads_to(&link_b, &same);
    ck_assert(!redis_health_is_cut_off(&health, &here)); /* not known yet */
    redis_member_up(&link_b, 0);
    redis_member_down(&link_a, "refused", 0);
    ck_assert(!redis_health_is_cut_off(&health, &here));
    redis_member_down(&link_b, "refused", 0);
    ck_assert(redis_health_is_cut_off(&health, &here));
    ck_assert(redis_health_is_cut_off(&health, &same));
    ck_assert(!redis_health_is_cut_off(&health, &other));
    ck_assert(!redis_health_is_cut_off(&health, &socket));
    redis_member_begins(&link_b, 1000); /* not believed yet, and yet there */
    ck_assert(!redis_health_is_cut_off(&health, &here));
    redis_member_down(&link_b, "refused", 2000);
    ck_assert(redis_health_is_cut_off(&health, &here));
    redis_member_deinit(&link_a);
    redis_member_up(&link_b, 0);
    ck_assert(!redis_health_is_cut_off(&health, &here));
    end();
}
END_TEST

/* What takes shards in a replica of that size, as nodes come and go. */
START_TEST(everybody_counts_in_a_replica_of_64_workers_and_a_cluster_of_6_masters)
{
    enum { WORKERS = 64, LINKS = WORKERS * 2 * 6, WRITERS = 4 * 6, THREADS = 16 };
    static struct redis_member links[LINKS], writers[WRITERS];
    begin();
    for (int i = 0; i < THREADS; i++)
        ck_assert_ptr_nonnull(metric_shard_new(metrics));
    for (int i = 0; i < WORKERS; i++)
        ck_assert_ptr_nonnull(metric_shard_of(metrics, &loops[i]));
    for (int life = 0; life < 50; life++) {
        for (int i = 0; i < LINKS + WRITERS; i++) {
            struct redis_member *member = i < LINKS ? &links[i] : &writers[i - LINKS];
            redis_member_init(member, &health, i < LINKS ? &loops[i % WORKERS] : NULL);
            redis_member_count(member, health.reconnects, 1);
        }
        for (int i = 0; i < LINKS + WRITERS; i++)
            redis_member_deinit(i < LINKS ? &links[i] : &writers[i - LINKS]);
    }
    ck_assert_uint_eq(metric_value(metrics, health.reconnects), 50 * (LINKS + WRITERS));
    end();
}
END_TEST

SUITE_MAIN("store/redis_health", it_is_up_when_nobody_says_it_is_down,
           a_writer_that_cannot_write_is_enough_to_be_down,
           a_writer_that_was_not_used_since_does_not_hold_it_down,
           who_leaves_while_down_does_not_hold_it_down,
           attempts_come_further_and_further_apart_up_to_a_second,
           a_writer_that_tries_no_more_does_not_hold_it_down,
           a_link_that_is_down_is_down_however_long_ago_it_was_found,
           who_is_of_use_for_a_moment_only_is_up_again_when_it_has_lasted,
           a_place_is_cut_off_while_every_link_to_it_is_down,
           everybody_counts_in_a_replica_of_64_workers_and_a_cluster_of_6_masters)
