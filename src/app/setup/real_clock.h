/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ports/clock.h"

/* The machine's clock, for the whole run. Any thread; never freed. */
struct clock *real_clock(void);
