/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/redis/redis_settings.h"
#include "store/redis/redis_slots.h"

struct clock;
struct redis_url;

/*
 * Redis nodes
 *
 * The nodes of a Redis Cluster, as all connections of one store see them: one map, learned by one
 * thread in the background. When somebody doubts the map (was sent elsewhere, or lost a node) it
 * waits for a moment that grows to a second while nothing changes, then asks one node after the
 * other until one that is well tells. While nobody doubts it asks once a second all the same: a
 * slot that went and came back is told by its node's epoch alone. There is no thread and no map
 * until the first meets a cluster. Any thread. The URL and the clock outlive it.
 */
struct redis_nodes;

struct redis_nodes *redis_nodes_new(const struct redis_url *url,
                                    const struct redis_settings *settings,
                                    struct clock *clock); /* NULL for lack of memory */
struct redis_nodes *redis_nodes_free(struct redis_nodes *nodes);

/* Somebody greeted a node of a cluster, was sent elsewhere, or cannot reach a node. */
void redis_nodes_doubt(struct redis_nodes *nodes);

/* Rises when the map changes; 0: there is none. No lock. */
uint64_t redis_nodes_version(const struct redis_nodes *nodes);
/*
 * There is no map, for a reason: true, with a sentence. Waits for nobody: false as well while the
 * reason is just being written.
 */
bool redis_nodes_complaint(struct redis_nodes *nodes, struct err_note *ret_why);
/* Waits for a map newer than @version, for at most @timeout_ms. */
void redis_nodes_wait(struct redis_nodes *nodes, uint64_t version, int timeout_ms);
/* The caller's, redis_slots_release; NULL: there is none. */
struct redis_slots *redis_nodes_map(struct redis_nodes *nodes, uint64_t *ret_version);
