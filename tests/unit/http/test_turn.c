/* SPDX-License-Identifier: Apache-2.0 */
#include "http/turn.h"

#include "suite.h"

static struct metrics *metrics;

/* A loop that last read the clock @ms ago. */
static uint64_t turns_counted_after(int64_t ms)
{
    metrics = metrics_new();
    metric_id held_up =
        metric_register(metrics, METRIC_HISTOGRAM, "held_up", "", (struct str){ 0 });
    uv_loop_t loop = { .time = (uint64_t) ((int64_t) (uv_hrtime() / 1000000) - ms) };
    turn_note(&loop, metric_shard_new(metrics), held_up);
    uint64_t counted = metric_value(metrics, held_up);
    metrics = metrics_free(metrics);
    return counted;
}

START_TEST(a_turn_that_held_everybody_up_is_counted)
{
    ck_assert_uint_eq(turns_counted_after(5), 1);
}
END_TEST

START_TEST(a_short_turn_is_not_worth_a_count)
{
    /* As if it began in a second: however slow this machine is just now, that is no long turn. */
    ck_assert_uint_eq(turns_counted_after(-1000), 0);
}
END_TEST

SUITE_MAIN("http/turn", a_turn_that_held_everybody_up_is_counted, a_short_turn_is_not_worth_a_count)
