/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * CEL names
 *
 * From a name to a small number, in an arena: what base/strmap is on the heap. An environment has
 * no end of its own, so nothing of it may need freeing. Names are borrowed. Written by one
 * thread, then read by any number.
 */
#define CEL_NAMES_NONE UINT32_MAX

struct cel_names {
    struct arena *arena;
    struct cel_name_slot *slots;
    uint32_t mask, count;
    size_t longest; /* bytes: a longer name is not here, so need not be put together */
};

/* False for lack of room. @expected: names, a guess. */
bool cel_names_init(struct cel_names *names, struct arena *arena, uint32_t expected);

/* Sets or replaces. False for lack of room. */
bool cel_names_put(struct cel_names *names, struct str name, uint32_t number);

/* CEL_NAMES_NONE when absent. */
uint32_t cel_names_get(const struct cel_names *names, struct str name);
