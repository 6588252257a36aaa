/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ports/shared_profiles.h"
#include "store/redis/redis_health.h"
#include "store/redis/redis_settings.h"

struct clock;
struct redis_url;

/*
 * Redis link
 *
 * A worker's way to the shared profiles (struct shared_link of the port): two connections on its loop,
 * one that asks and one that hears of changes. The functions are the port's, without the port. The
 * clock, the URL and the health outlive the link.
 */
MUST_CHECK enum err redis_link_new(const struct redis_url *url,
                                   const struct redis_settings *settings, struct clock *clock,
                                   struct redis_health *health, struct uv_loop_s *loop,
                                   const struct shared_listener *listener,
                                   struct shared_link **ret_link);
void redis_link_free(struct shared_link *link);
bool redis_link_is_trusted(const struct shared_link *link, int64_t mono_us);
bool redis_link_fetch(struct shared_link *link, struct str customer_id, struct shared_fetch *fetch);
void redis_link_cancel(struct shared_link *link, struct shared_fetch *fetch);
