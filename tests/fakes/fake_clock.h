/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>

#include "ports/clock.h"

/*
 * Fake clock
 *
 * Stands still until a test moves it. Embed it; pass &fake.clock. Any thread.
 */
struct fake_clock {
    struct clock clock;
    _Atomic int64_t wall_us, mono_us;
};

void fake_clock_init(struct fake_clock *fake, int64_t wall_us);

/* Both of its times move on. */
void fake_clock_advance(struct fake_clock *fake, int64_t us);
