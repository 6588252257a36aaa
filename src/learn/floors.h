/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "ports/shared_profiles.h"

/*
 * Floors
 *
 * Puts floors for marks into the shared profiles. Whatever the place in the spool, one floor, the
 * spool's mark, stands for it (ports/shared_profiles.h). Plain data, borrows all; one thread.
 */
struct mark;

struct floors {
    struct shared_profiles *shared;
    struct shared_writer *writer;
    struct arena *arena; /* scratch: reset at each put */
    uint64_t spool_mark;
};

/* The floor's position for an event at @position of the log. */
uint64_t floors_at(const struct floors *floors, uint64_t position);

/* For @n of @all, in @mode. As shared_profiles.put; ERR_NOMEM. */
MUST_CHECK enum err floors_put(const struct floors *floors, const struct mark *all, uint32_t n,
                               enum shared_mode mode);
