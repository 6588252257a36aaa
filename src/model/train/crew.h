/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"

/*
 * Crew
 *
 * The caller's threads, borrowed (struct train_settings). Work is cut into CREW_PIECES pieces
 * or fewer, each with an answer of its own; how they are spread changes nothing in the result.
 */
enum { CREW_PIECES = 128 };

struct crew {
    void (*parallel)(void *self, uint32_t n, void (*work)(void *context, uint32_t i),
                     void *context);
    void *self;
};

/* Calls @work for [begin, end) pieces of 0 .. @n. The first piece's error, by number. */
MUST_CHECK enum err crew_run(const struct crew *crew, uint32_t n, void *context,
                             enum err (*work)(void *context, uint32_t begin, uint32_t end));
