/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/metric.h"

struct redis_url;

/*
 * Redis health
 *
 * What all connections of this process that serve one use know together of their Redis: whether it
 * can be reached, said in the log once at each change and in offerd_redis_up, and what was counted.
 * A member is one link or writer; it counts in a shard of its own and belongs to one thread at a
 * time. The health outlives its members. Any thread.
 */
/* What for: a label of its metrics. */
enum redis_use { REDIS_PROFILES, REDIS_BUDGETS };

struct redis_health {
    enum redis_use use;
    struct metrics *metrics;
    char *shown;          /* the URL without its password */
    pthread_mutex_t lock; /* over the five below, which change when a state does */
    int links_down, writers_down;
    unsigned comebacks; /* a link came back: what writers had said before no longer counts */
    bool said_up;
    bool said_tls; /* in this outage: that began, as a rule, with a mere end of the connection */
    bool is_quiet; /* nothing is said in the log */
    metric_id up, reconnects, timeouts, doubts, taken, refused;
    metric_id answers[4]; /* by enum shared_answer */
};

MUST_CHECK bool redis_health_init(struct redis_health *health, enum redis_use use,
                                  const struct redis_url *url, struct metrics *metrics);
void redis_health_deinit(struct redis_health *health);

enum redis_state { REDIS_UNKNOWN, REDIS_UP, REDIS_DOWN };

struct redis_member {
    struct redis_health *health;
    bool is_writer;             /* it says nothing while nobody writes */
    unsigned comebacks;         /* the health's, when it went down */
    struct metric_shard *shard; /* may be NULL */
    enum redis_state state;
    int64_t wait_us, next_us; /* between attempts: jittered, 50 ms to 1 s; when the next is due */
    uint64_t chance;
};

void redis_member_init(struct redis_member *member, struct redis_health *health, bool is_writer);
void redis_member_deinit(struct redis_member *member);
void redis_member_count(struct redis_member *member, metric_id id, uint64_t more);

/*
 * The node it was for is none any more: of a member that was deinited, what is said is said anew.
 */
void redis_health_tell(struct redis_health *health);

/* It works; the next attempt after a failure comes soon. */
void redis_member_up(struct redis_member *member);
/* It does not, for @why; sets when to try again. */
void redis_member_down(struct redis_member *member, const char *why, int64_t mono_us);
static inline bool redis_member_may_try(const struct redis_member *member, int64_t mono_us)
{
    return mono_us >= member->next_us;
}
