/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <uv.h>

#include "store/redis/redis_conn.h"
#include "store/redis/redis_health.h"
#include "store/redis/redis_pair.h"
#include "store/redis/redis_pending.h"

/*
 * Redis pair parts
 *
 * What redis_pair.c (its life: connecting, trust, what is heard) and redis_pair_fetch.c (what is
 * fetched over it) share. One thread, the loop's.
 */
enum pair_state { PAIR_LEFT, PAIR_DOWN, PAIR_RESOLVING, PAIR_CONNECTING, PAIR_TRACKING, PAIR_UP };

/* What the listener waits for after its hello. */
enum ear_step { EAR_HELLO, EAR_CLIENT_ID, EAR_SUBSCRIBED, EAR_READY };

struct redis_pair {
    const struct redis_url *url;
    struct redis_pair_node node; /* url NULL: the server is no cluster's */
    struct redis_settings settings;
    struct clock *clock;
    struct redis_pair_user user;
    struct redis_member member;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_prepare_t prepare;
    struct redis_resolve *resolve; /* while PAIR_RESOLVING, unless it was found at once */
    int handles;                   /* not closed yet; the pair's memory goes with the last */
    bool freed;
    enum pair_state state;
    unsigned attempts;
    struct redis_conn *data, *ear;
    enum ear_step ear_step;
    long long ear_id;
    struct redis_pending pending;      /* on data */
    int data_quiet, ear_quiet;         /* heartbeats since a connection was last heard */
    int64_t data_good_us, ear_good_us; /* when what was answered last had left */
    int64_t trusted_until_us;
    struct out prefix; /* of keys in this life */
};

/*
 * The oldest question, a fetch, was answered with @reply, or in a cluster with @error: the key is
 * elsewhere, or nobody may answer for it now. Its caller may ask again meanwhile, or free the pair.
 */
void redis_pair_hand_over(struct redis_pair *pair, const struct redisReply *reply);
void redis_pair_hand_back(struct redis_pair *pair, struct str error);

/* The callers' fetches end as AWAY; a callback may ask again, and is told that we are away. */
void redis_pair_end_fetches(struct redis_pair *pair);
