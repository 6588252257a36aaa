/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis_health.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"
#include "ports/shared_profiles.h"
#include "store/redis_url.h"

enum { FIRST_WAIT_US = 50000, LONGEST_WAIT_US = 1000000 };

static metric_id counter(struct metrics *metrics, const char *name, const char *help,
                         struct str labels)
{
    return metric_register(metrics, METRIC_COUNTER, name, help, labels);
}

bool redis_health_init(struct redis_health *health, const struct redis_url *url,
                       struct metrics *metrics)
{
    static const struct {
        enum shared_answer answer;
        const char *labels;
    } answers[] = { { SHARED_BODY, "answer=\"body\"" },
                    { SHARED_FLOOR, "answer=\"floor\"" },
                    { SHARED_ABSENT, "answer=\"absent\"" },
                    { SHARED_AWAY, "answer=\"away\"" } };
    *health = (struct redis_health){ .metrics = metrics, .shown = str_dup(str_of(url->shown)) };
    if (!metrics)
        return health->shown;
    health->up = metric_register(metrics, METRIC_GAUGE, "offerd_redis_up",
                                 "1 while Redis answers on every connection of this process.",
                                 (struct str){ 0 });
    health->reconnects = counter(metrics, "offerd_redis_reconnects_total",
                                 "Attempts to connect to Redis again.", (struct str){ 0 });
    health->timeouts = counter(metrics, "offerd_redis_timeouts_total",
                               "Answers of Redis that did not come in time.", (struct str){ 0 });
    health->doubts = counter(metrics, "offerd_redis_doubts_total",
                             "Times that a worker dropped all profiles it had read from Redis.",
                             (struct str){ 0 });
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        health->answers[answers[i].answer] = counter(
            metrics, "offerd_redis_fetches_total",
            "Profiles that workers asked Redis for, by what it had.", str_of(answers[i].labels));
    health->taken = counter(metrics, "offerd_redis_puts_total",
                            "Profiles and floors written to Redis, by whether they were news.",
                            STR("outcome=\"taken\""));
    health->refused = counter(metrics, "offerd_redis_puts_total", "", STR("outcome=\"refused\""));
    return health->shown;
}

void redis_health_deinit(struct redis_health *health)
{
    free(health->shown);
    health->shown = NULL;
}

void redis_member_init(struct redis_member *member, struct redis_health *health)
{
    *member = (struct redis_member){ .health = health, .wait_us = FIRST_WAIT_US };
    if (health->metrics)
        member->shard = metric_shard_new(health->metrics);
    if (getrandom(&member->chance, sizeof member->chance, GRND_NONBLOCK) < 0)
        member->chance = (uint64_t) (uintptr_t) member;
    member->chance |= 1;
}

void redis_member_count(struct redis_member *member, metric_id id, uint64_t more)
{
    if (member->shard)
        metric_add(member->shard, id, more);
}

static void show(struct redis_health *health, bool up)
{
    if (health->metrics)
        metric_set(health->metrics, health->up, up);
}

static bool leave_down(struct redis_member *member)
{
    return member->state == REDIS_DOWN && atomic_fetch_sub(&member->health->down, 1) == 1;
}

void redis_member_deinit(struct redis_member *member)
{
    (void) leave_down(member);
    member->state = REDIS_UNKNOWN;
}

void redis_member_up(struct redis_member *member)
{
    member->wait_us = FIRST_WAIT_US;
    member->next_us = 0;
    if (member->state == REDIS_UP)
        return;
    bool all = leave_down(member);
    member->state = REDIS_UP;
    if (!atomic_exchange(&member->health->reached, true) || all)
        log_line(LOG_INFO, "redis", "reached: '%s'", member->health->shown);
    if (atomic_load(&member->health->down) == 0)
        show(member->health, true);
}

/* Somewhere in the upper half of the time to wait, so that a fleet does not come all at once. */
static int64_t jittered(struct redis_member *member)
{
    member->chance ^= member->chance << 13;
    member->chance ^= member->chance >> 7;
    member->chance ^= member->chance << 17;
    return member->wait_us / 2 + (int64_t) (member->chance % (uint64_t) (member->wait_us / 2));
}

void redis_member_down(struct redis_member *member, const char *why, int64_t mono_us)
{
    struct redis_health *health = member->health;
    member->next_us = mono_us + jittered(member);
    member->wait_us = member->wait_us * 2 < LONGEST_WAIT_US ? member->wait_us * 2 : LONGEST_WAIT_US;
    if (member->state == REDIS_DOWN)
        return;
    member->state = REDIS_DOWN;
    if (atomic_fetch_add(&health->down, 1) == 0)
        log_line(LOG_WARNING, "redis", "away: '%s' (%s); what it keeps is worked out from the log",
                 health->shown, why);
    show(health, false);
}
