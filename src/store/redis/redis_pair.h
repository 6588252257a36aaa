/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "ports/shared_profiles.h"
#include "store/redis/redis_settings.h"

struct clock;
struct redis_health;
struct redis_url;
struct redisReply;

/*
 * Redis pair
 *
 * A worker's two connections to one server: one that asks and one that hears of changes. Fetches,
 * trust and what is told are the port's (ports/shared_profiles.h), for the keys of this server. It
 * begins to connect at once and keeps connecting. One thread. The clock, the URL and the health
 * outlive it.
 */
struct redis_pair;

struct redis_pair_user {
    void *self;
    void (*changed)(void *self, struct str customer_id);
    void (*doubt)(void *self, struct redis_pair *pair);
    /* Each heartbeat, whatever its state. */
    void (*beat)(void *self, struct redis_pair *pair);
    /* It greeted a node of a cluster, and was not told that it is one: it is of no use any more. */
    void (*met_cluster)(void *self, struct redis_pair *pair);
    /*
     * In a cluster a fetch was answered by @error. NULL as fetch: a heartbeat was. Whoever takes
     * the fetch over, true, ends it.
     */
    bool (*refused)(void *self, struct redis_pair *pair, struct shared_fetch *fetch,
                    struct str customer_id, unsigned hops, struct str error);
    void (*closed)(void *self); /* its memory is gone; nothing is told after that */
};

/* Of a cluster's node. */
struct redis_pair_node {
    struct redis_url *url; /* taken over */
    char probe
        [32]; /* a key in one of its slots: who answers for it is not cut off from the others */
};

/* @node NULL: the server at @url. NULL for lack of memory (then the node's URL is the caller's). */
struct redis_pair *redis_pair_new(const struct redis_url *url, const struct redis_pair_node *node,
                                  const struct redis_settings *settings, struct clock *clock,
                                  struct redis_health *health, struct uv_loop_s *loop,
                                  const struct redis_pair_user *user);
void redis_pair_free(struct redis_pair *pair);

bool redis_pair_is_trusted(const struct redis_pair *pair, int64_t mono_us);
uint64_t
redis_pair_epoch(const struct redis_pair *pair); /* its node's; the highest while it is away */
const struct redis_url *redis_pair_url(const struct redis_pair *pair);

/*
 * @hops: how often it was sent elsewhere; the answer of one that was is never kept. @asking: the
 * slot is on its way to this node. False: away.
 */
bool redis_pair_fetch(struct redis_pair *pair, struct str customer_id, struct shared_fetch *fetch,
                      unsigned hops, bool asking);
void redis_pair_cancel(struct redis_pair *pair, struct shared_fetch *fetch);
/* Whatever is being answered was asked before the map changed: it is not kept. */
void redis_pair_doubt_answers(struct redis_pair *pair);
void redis_pair_probe(struct redis_pair *pair,
                      const char *probe); /* with another key from now on */
/* Connects anew: the node has taken slots over. */
void redis_pair_renew(struct redis_pair *pair);
/* Of one that met a cluster, whose map cannot be learned for @why: that is told, once. */
void redis_pair_complain(struct redis_pair *pair, const char *why);
