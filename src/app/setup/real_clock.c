/* SPDX-License-Identifier: Apache-2.0 */
#include "app/setup/real_clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    (void) clock_gettime(id, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t wall_us(struct clock *clock)
{
    (void) clock;
    return read_us(CLOCK_REALTIME);
}

static int64_t mono_us(struct clock *clock)
{
    (void) clock;
    return read_us(CLOCK_MONOTONIC);
}

struct clock *real_clock(void)
{
    static struct clock clock = { wall_us, mono_us };
    return &clock;
}
