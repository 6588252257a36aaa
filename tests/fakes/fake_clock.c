/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_clock.h"

static int64_t wall_us(struct clock *clock)
{
    return atomic_load(&((struct fake_clock *) clock)->wall_us);
}

static int64_t mono_us(struct clock *clock)
{
    return atomic_load(&((struct fake_clock *) clock)->mono_us);
}

void fake_clock_init(struct fake_clock *fake, int64_t now_us)
{
    fake->clock = (struct clock){ wall_us, mono_us };
    atomic_init(&fake->wall_us, now_us);
    atomic_init(&fake->mono_us, 1000000);
}

void fake_clock_advance(struct fake_clock *fake, int64_t us)
{
    atomic_fetch_add(&fake->wall_us, us);
    atomic_fetch_add(&fake->mono_us, us);
}
