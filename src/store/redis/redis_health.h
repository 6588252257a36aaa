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
 * A member is one link or writer and belongs to one thread at a time. The links of a worker count in
 * the shard of its loop, a writer in one of its own, which it leaves to others at its end. The
 * health outlives its members. Any thread.
 */
/* What for: a label of its metrics. */
enum redis_use { REDIS_PROFILES, REDIS_BUDGETS };

struct redis_health {
    enum redis_use use;
    struct metrics *metrics;
    char *shown;          /* the URL without its password */
    pthread_mutex_t lock; /* over the seven below and what its members say of themselves */
    struct redis_member *links;
    int links_down;
    _Atomic int writers_down; /* may be read without the lock */
    int64_t tried_us;         /* when one of these found it so last */
    unsigned comebacks;       /* a link came back: what writers had said before no longer counts */
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
    const struct redis_url *at; /* a link's: where it leads; NULL: nobody asks */
    struct redis_member *next;  /* of the health's links */
    unsigned comebacks;         /* the health's, when it went down */
    struct metric_shard *shard; /* may be NULL */
    enum redis_state state;
    int64_t began_us; /* when this connection was first of use; 0: none is, or it does not tell */
    bool is_doubtful; /* the one before was of no use within a second */
    int64_t wait_us, next_us; /* between attempts: jittered, 50 ms to 1 s; when the next is due */
    uint64_t chance;
};

/* @loop: a link's, or NULL: a writer. */
void redis_member_init(struct redis_member *member, struct redis_health *health, const void *loop);
void redis_member_deinit(struct redis_member *member);
/* It is not tried any more, or is not known: it counts as neither. */
void redis_member_rest(struct redis_member *member);
void redis_member_count(struct redis_member *member, metric_id id, uint64_t more);

/*
 * The node it was for is none any more: of a member that was deinited, what is said is said anew.
 */
void redis_health_tell(struct redis_health *health);

/*
 * Every link to @at is down (one at least; false when there is none): whoever has no connection
 * need not try to make one, as they try all the time and keep nobody waiting.
 */
bool redis_health_is_cut_off(struct redis_health *health, const struct redis_url *at);
/*
 * Now and then: what a writer has found counts only while it goes on trying, as nobody may write
 * for hours.
 */
void redis_health_look(struct redis_health *health, int64_t mono_us);

/* Its place, which outlives it; at once after redis_member_init. */
void redis_member_leads_to(struct redis_member *link, const struct redis_url *at);
/* A connection is there and of use: who says so is not believed when the one before did not last. */
void redis_member_begins(struct redis_member *member, int64_t mono_us);
/*
 * It works; the next attempt after a failure comes soon. Said as often as it is seen: after a
 * connection that lasted for less than a second it counts from a second after the beginning of this
 * one, so that who is let in and then refused neither says "up" each time nor comes at once.
 */
void redis_member_up(struct redis_member *member, int64_t mono_us);
/* It does not, for @why; sets when to try again. */
void redis_member_down(struct redis_member *member, const char *why, int64_t mono_us);
static inline bool redis_member_may_try(const struct redis_member *member, int64_t mono_us)
{
    return mono_us >= member->next_us;
}
