/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"

#include <stdio.h>

#include "suite.h"

START_TEST(adds_up_the_shards_and_prints_prometheus_text)
{
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    metric_id offers =
        metric_register(metrics, METRIC_COUNTER, "offers_total", "Offers.", STR("rule=\"a\""));
    metric_id queue = metric_register(metrics, METRIC_GAUGE, "queue", "Waiting.", STR(""));
    struct metric_shard *one = metric_shard_new(metrics), *two = metric_shard_new(metrics);
    metric_add(one, offers, 2);
    metric_add(two, offers, 3);
    metric_set(metrics, queue, 7);

    struct out out;
    out_init(&out, NULL, 256);
    metrics_print(metrics, &out);

    ck_assert_uint_eq(metric_value(metrics, offers), 5);
    ck_assert(str_is(out_str(&out), "# HELP offers_total Offers.\n# TYPE offers_total counter\n"
                                    "offers_total{rule=\"a\"} 5\n"
                                    "# HELP queue Waiting.\n# TYPE queue gauge\nqueue 7\n"));
    out_deinit(&out);
}
END_TEST

START_TEST(gives_the_same_number_for_the_same_name_and_labels)
{
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    metric_id a = metric_register(metrics, METRIC_COUNTER, "c", "C.", STR("k=\"1\""));
    metric_id b = metric_register(metrics, METRIC_COUNTER, "c", "C.", STR("k=\"2\""));
    ck_assert_uint_ne(a, b);
    ck_assert_uint_eq(a, metric_register(metrics, METRIC_COUNTER, "c", "C.", STR("k=\"1\"")));
}
END_TEST

START_TEST(gives_ten_thousand_rules_their_numbers_again)
{
    enum { RULES = 10000 };
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    metric_id first[RULES][2];
    for (int again = 0; again < 2; again++)
        for (int i = 0; i < RULES; i++)
            for (int n = 0; n < 2; n++) {
                char labels[32];
                (void) snprintf(labels, sizeof labels, "rule=\"r%d\"", i);
                metric_id id = metric_register(metrics, METRIC_COUNTER, n ? "shown" : "taken", "N.",
                                               str_of(labels));
                metric_id fresh = (metric_id) (1 + 2 * i + n); /* slot 0 is METRIC_NONE */
                if (!again)
                    ck_assert_uint_eq(first[i][n] = id, fresh);
                ck_assert_uint_eq(id, first[i][n]);
            }
}
END_TEST

START_TEST(sorts_durations_into_cumulative_buckets)
{
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    metric_id took = metric_register(metrics, METRIC_HISTOGRAM, "took_seconds", "T.", STR(""));
    struct metric_shard *shard = metric_shard_new(metrics);
    metric_observe_us(shard, took, 1);
    metric_observe_us(shard, took, 3);
    metric_observe_us(shard, took, 60000000); /* beyond the last bound: only in +Inf */

    struct out out;
    out_init(&out, NULL, 4096);
    metrics_print(metrics, &out);
    out_char(&out, '\0');

    ck_assert_ptr_nonnull(strstr(out.at, "took_seconds_bucket{le=\"1e-06\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(out.at, "took_seconds_bucket{le=\"5e-06\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(out.at, "took_seconds_bucket{le=\"10\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(out.at, "took_seconds_bucket{le=\"+Inf\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(out.at, "took_seconds_sum 60.000004\n"));
    ck_assert_ptr_nonnull(strstr(out.at, "took_seconds_count 3\n"));
    out_deinit(&out);
}
END_TEST

START_TEST(swallows_counts_for_a_metric_that_found_no_room)
{
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    struct metric_shard *shard = metric_shard_new(metrics);
    metric_add(shard, METRIC_NONE, 1);
    metric_observe_us(shard, METRIC_NONE, 1);
    ck_assert_uint_eq(metric_value(metrics, METRIC_NONE), 0);
}
END_TEST

START_TEST(keeps_room_beside_the_many)
{
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    char label[32];
    int n = 0;
    do
        (void) snprintf(label, sizeof label, "rule=\"%d\"", n++);
    while (metric_register_many(metrics, METRIC_COUNTER, "n_total", "N.", str_of(label)));
    ck_assert_int_gt(n, 60000);

    for (int i = 0; i < 150; i++) {
        (void) snprintf(label, sizeof label, "operation=\"%d\"", i);
        ck_assert_uint_ne(metric_register(metrics, METRIC_HISTOGRAM, "took", "T.", str_of(label)),
                          METRIC_NONE);
    }
    ck_assert_uint_ne(/* one that is known already */
                      metric_register_many(metrics, METRIC_COUNTER, "n_total", "N.",
                                           STR("rule=\"7\"")),
                      METRIC_NONE);
}
END_TEST

START_TEST(gives_an_owner_its_shard_again_and_one_that_was_left_to_the_next)
{
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    metric_id id = metric_register(metrics, METRIC_COUNTER, "n_total", "N.", STR(""));
    int one, two;
    struct metric_shard *mine = metric_shard_new(metrics);
    ck_assert_ptr_eq(metric_shard_of(metrics, &one), metric_shard_of(metrics, &one));
    ck_assert_ptr_ne(metric_shard_of(metrics, &one), metric_shard_of(metrics, &two));
    ck_assert_ptr_ne(metric_shard_of(metrics, &one), mine);
    ck_assert_ptr_ne(metric_shard_new(metrics), mine);
    metric_add(mine, id, 3);

    metric_shard_leave(metrics, mine);
    metric_shard_leave(metrics, NULL);

    ck_assert_ptr_eq(metric_shard_new(metrics), mine);
    ck_assert_ptr_ne(metric_shard_new(metrics), mine);
    metric_add(mine, id, 4);
    ck_assert_uint_eq(metric_value(metrics, id), 7);
}
END_TEST

START_TEST(has_a_shard_for_every_thread_a_service_may_have)
{
    AUTO(metrics_free) struct metrics *metrics = metrics_new();
    metric_id id = metric_register(metrics, METRIC_COUNTER, "n_total", "N.", STR(""));
    for (int i = 0; i < 64 + 8; i++) { /* workers, and those beside them */
        struct metric_shard *shard = metric_shard_new(metrics);
        ck_assert_ptr_nonnull(shard);
        metric_add(shard, id, 1);
    }
    ck_assert_uint_eq(metric_value(metrics, id), 72);
}
END_TEST

SUITE_MAIN("base/metric", adds_up_the_shards_and_prints_prometheus_text,
           gives_the_same_number_for_the_same_name_and_labels,
           gives_ten_thousand_rules_their_numbers_again, sorts_durations_into_cumulative_buckets,
           swallows_counts_for_a_metric_that_found_no_room, keeps_room_beside_the_many,
           gives_an_owner_its_shard_again_and_one_that_was_left_to_the_next,
           has_a_shard_for_every_thread_a_service_may_have)
