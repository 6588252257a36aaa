/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "store/redis/redis_writer.h"

struct redis_nodes;

/*
 * Redis writers
 *
 * One writer (redis_writer.h); in a cluster one for each master, and each command of a run goes to
 * the one that has the slot of its key, or where that one sends it (MOVED, ASK). The commands of a
 * node go out together. When a node is away the others' commands are carried out all the same, and
 * the run is ERR_UNAVAILABLE. One thread at a time; what it is made from outlives it.
 */
struct redis_writers;

struct redis_writers *redis_writers_new(const struct redis_url *url,
                                        const struct redis_settings *settings, struct clock *clock,
                                        struct redis_health *health,
                                        struct redis_nodes *nodes); /* NULL for lack of memory */
struct redis_writers *redis_writers_free(struct redis_writers *writers);
MUST_CHECK enum err redis_writers_run(struct redis_writers *writers, const struct redis_run *run,
                                      struct err_note *note);
struct redis_member *redis_writers_member(struct redis_writers *writers);
