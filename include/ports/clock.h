/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/*
 * Clock
 *
 * Time comes from outside, so a test can set it. wall_us: UTC, microseconds since 1970, for
 * what is written down and compared with calendars. mono_us: never goes back, for budgets
 * and durations. Any thread.
 */
struct clock {
    int64_t (*wall_us)(struct clock *clock);
    int64_t (*mono_us)(struct clock *clock);
};
