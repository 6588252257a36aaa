/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ports/shared_profiles.h"
#include "store/redis/redis_settings.h"

struct clock;
struct metrics;

/*
 * Redis profiles
 *
 * The shared profiles (ports/shared_profiles.h) in a Redis. It need not be there yet: links and writers
 * connect when they can. ERR_INPUT, with the reason, for a URL that is none. The clock and the
 * metrics (which may be NULL) outlive it; its links and writers must be freed before it.
 */
MUST_CHECK enum err redis_profiles_new(const struct redis_settings *settings, struct clock *clock,
                                       struct metrics *metrics, struct shared_profiles **ret,
                                       struct err_note *note);
