/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"
#include "suite.h"

static struct histogram histogram;

START_TEST(an_empty_histogram_reads_zero)
{
    histogram = (struct histogram){ 0 };

    ck_assert_uint_eq(histogram_quantile_ns(&histogram, .99), 0);
}
END_TEST

START_TEST(a_quantile_is_at_most_1_6_percent_high_and_never_low)
{
    for (int64_t value = 1; value < INT64_MAX / 8; value = value * 5 / 4 + 1) {
        histogram = (struct histogram){ 0 };
        histogram_add(&histogram, value);
        histogram_add(&histogram, INT64_MAX);

        uint64_t median = histogram_quantile_ns(&histogram, .5);

        ck_assert_uint_ge(median, (uint64_t) value);
        ck_assert_uint_le(median, (uint64_t) value + (uint64_t) value / 62);
    }
}
END_TEST

START_TEST(quantiles_of_a_thousand_even_steps_stand_where_they_should)
{
    histogram = (struct histogram){ 0 };
    for (int64_t i = 1; i <= 1000; i++)
        histogram_add(&histogram, i * 1000);

    ck_assert_uint_ge(histogram_quantile_ns(&histogram, .5), 500000);
    ck_assert_uint_le(histogram_quantile_ns(&histogram, .5), 508000);
    ck_assert_uint_ge(histogram_quantile_ns(&histogram, .999), 999000);
    ck_assert_uint_eq(histogram_quantile_ns(&histogram, 1), 1000000);
    ck_assert_uint_eq(histogram.max_ns, 1000000);
}
END_TEST

START_TEST(a_negative_duration_counts_as_zero)
{
    histogram = (struct histogram){ 0 };
    histogram_add(&histogram, -5);

    ck_assert_uint_eq(histogram.count, 1);
    ck_assert_uint_eq(histogram_quantile_ns(&histogram, 1), 0);
}
END_TEST

SUITE_MAIN("bench/histogram", an_empty_histogram_reads_zero,
           a_quantile_is_at_most_1_6_percent_high_and_never_low,
           quantiles_of_a_thousand_even_steps_stand_where_they_should,
           a_negative_duration_counts_as_zero)
