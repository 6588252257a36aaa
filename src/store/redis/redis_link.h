/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ports/shared_profiles.h"
#include "store/redis/redis_health.h"
#include "store/redis/redis_settings.h"

struct clock;
struct redis_nodes;
struct redis_url;

/*
 * Redis link
 *
 * A worker's way to the shared profiles (struct shared_link of the port): a pair of connections on
 * its loop (redis_pair.h), or in a cluster one for each master: a fetch goes to the one that has
 * the customer's slot, and what is said of trust and doubt concerns that one's customers. The
 * functions are the port's, without the port. The clock, the URL, the health and the nodes outlive
 * the link.
 */
struct redis_link_place {
    const struct redis_url *url;
    const struct redis_settings *settings; /* copied */
    struct clock *clock;
    struct redis_health *health;
    struct redis_nodes *nodes;
};

MUST_CHECK enum err redis_link_new(const struct redis_link_place *place, struct uv_loop_s *loop,
                                   const struct shared_listener *listener,
                                   struct shared_link **ret_link);
void redis_link_free(struct shared_link *link);
bool redis_link_is_trusted(const struct shared_link *link, struct str customer_id, int64_t mono_us);
bool redis_link_fetch(struct shared_link *link, struct str customer_id, struct shared_fetch *fetch);
void redis_link_cancel(struct shared_link *link, struct shared_fetch *fetch);
