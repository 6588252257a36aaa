/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct redisReply;

/*
 * Redis slots
 *
 * Which node of a Redis Cluster has which keys. A key lies in one of 16384 slots, by the CRC16
 * (XMODEM) of its hash tag: what stands between its first { and the first } after it, or all of it
 * when there is nothing. Each slot has one master. Pure, but for counting who holds a map.
 */
enum { REDIS_SLOTS = 16384, REDIS_NO_NODE = UINT16_MAX, REDIS_HOST_BYTES = 256 };

uint16_t redis_slot_of(struct str key);

struct redis_node {
    char host[REDIS_HOST_BYTES]; /* as announced */
    int port;
    uint64_t epoch; /* of its slots: rises with each failover, and when it takes slots over */
    char probe[32]; /* a key in one of its slots: "offerd:probe:{…}" */
};

struct redis_slots {
    atomic_uint holders;
    uint32_t n_nodes; /* masters that have slots */
    struct redis_node *nodes;
    uint16_t node_of[REDIS_SLOTS]; /* REDIS_NO_NODE: nobody's */
};

/*
 * From what CLUSTER SLOTS and CLUSTER NODES said, at one moment; @host: whom we asked, who may not
 * know its own address. Held once. ERR_UNAVAILABLE for what is no such answer.
 */
MUST_CHECK enum err redis_slots_read(const struct redisReply *slots, struct str nodes,
                                     const char *host, struct redis_slots **ret_slots,
                                     struct err_note *note);
struct redis_slots *redis_slots_hold(struct redis_slots *slots);
void redis_slots_release(struct redis_slots *slots); /* NULL in */

/* The number of a node; REDIS_NO_NODE when it is none of these. */
uint16_t redis_slots_node(const struct redis_slots *slots, const char *host, int port);

/*
 * A node answers that the key is elsewhere: "MOVED 3999 10.0.0.7:6381", or for this once "ASK …".
 */
struct redis_redirect {
    bool is_ask;
    uint16_t slot;
    char host[REDIS_HOST_BYTES];
    int port;
};

/* What a node says that is well itself: a redirection, or that nobody can answer now. */
bool redis_is_of_cluster(struct str error);

/* False when @error says something else. @host: who said it, which an empty address means. */
bool redis_redirect_read(struct str error, const char *host, struct redis_redirect *ret);
