/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_health.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "ports/shared_profiles.h"
#include "store/redis/redis_url.h"

enum { FIRST_WAIT_US = 50000, LONGEST_WAIT_US = 1000000 };
/* A connection that lasts is one; who tries, tries at least each second, and waits for it as well. */
enum { LASTING_US = 1000000, WRITERS_WORD_US = 2000000 };

static metric_id counter(struct metrics *metrics, const char *name, const char *help,
                         struct str labels)
{
    return metric_register(metrics, METRIC_COUNTER, name, help, labels);
}

static const struct {
    const char *labels, *name, *meanwhile;
} uses[] = {
    [REDIS_PROFILES] = { "use=\"profiles\"", "profiles", "they are folded from the log" },
    [REDIS_BUDGETS] = { "use=\"budgets\"", "budgets", "offers that have one are left out" },
};

static void register_profiles(struct redis_health *health)
{
    static const struct {
        enum shared_answer answer;
        const char *labels;
    } answers[] = { { SHARED_BODY, "answer=\"body\"" },
                    { SHARED_FLOOR, "answer=\"floor\"" },
                    { SHARED_ABSENT, "answer=\"absent\"" },
                    { SHARED_AWAY, "answer=\"away\"" } };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        health->answers[answers[i].answer] = counter(
            health->metrics, "offerd_redis_fetches_total",
            "Profiles that workers asked Redis for, by what it had.", str_of(answers[i].labels));
    health->doubts = counter(health->metrics, "offerd_redis_doubts_total",
                             "Times that a worker dropped all profiles it had read from Redis.",
                             (struct str){ 0 });
    health->taken = counter(health->metrics, "offerd_redis_puts_total",
                            "Profiles and floors written to Redis, by whether they were news.",
                            STR("outcome=\"taken\""));
    health->refused =
        counter(health->metrics, "offerd_redis_puts_total", "", STR("outcome=\"refused\""));
}

bool redis_health_init(struct redis_health *health, enum redis_use use, const struct redis_url *url,
                       struct metrics *metrics)
{
    struct str labels = str_of(uses[use].labels);
    *health = (struct redis_health){ .use = use,
                                     .metrics = metrics,
                                     .shown = str_dup(str_of(url->shown)) };
    if (health->shown)
        pthread_mutex_init(&health->lock, NULL);
    if (!metrics || !health->shown)
        return health->shown;
    health->up =
        metric_register(metrics, METRIC_GAUGE, "offerd_redis_up",
                        "1 while Redis answers on every connection of this process.", labels);
    health->reconnects = counter(metrics, "offerd_redis_reconnects_total",
                                 "Attempts to connect to Redis again.", labels);
    health->timeouts = counter(metrics, "offerd_redis_timeouts_total",
                               "Answers of Redis that did not come in time.", labels);
    if (use == REDIS_PROFILES)
        register_profiles(health);
    return health->shown;
}

void redis_health_deinit(struct redis_health *health)
{
    if (health->shown)
        pthread_mutex_destroy(&health->lock);
    free(health->shown);
    health->shown = NULL;
}

void redis_member_init(struct redis_member *member, struct redis_health *health, const void *loop)
{
    *member =
        (struct redis_member){ .health = health, .is_writer = !loop, .wait_us = FIRST_WAIT_US };
    if (health->metrics)
        member->shard = metric_shard_of(health->metrics, loop);
    if (getrandom(&member->chance, sizeof member->chance, GRND_NONBLOCK) < 0)
        member->chance = (uint64_t) (uintptr_t) member;
    member->chance |= 1;
}

void redis_member_count(struct redis_member *member, metric_id id, uint64_t more)
{
    if (member->shard)
        metric_add(member->shard, id, more);
}

/* The server is there, and is not or does not want to be spoken to: somebody must do something. */
static bool is_of_tls(const char *why)
{
    return strncmp(why, "TLS:", 4) == 0;
}

/* Under the lock: what the log and the gauge say of it now. */
static void say(struct redis_health *health, const char *why)
{
    bool up = health->links_down == 0 && health->writers_down == 0;
    if (health->metrics)
        metric_set(health->metrics, health->up, up);
    if (health->is_quiet)
        return;
    if (up && !health->said_up)
        log_line(LOG_INFO, "redis", "%s reached: '%s'", uses[health->use].name, health->shown);
    else if (!up && why)
        log_line(LOG_WARNING, "redis", "%s away: '%s' (%s); meanwhile %s", uses[health->use].name,
                 health->shown, why, uses[health->use].meanwhile);
    health->said_up = up;
    health->said_tls = !up && (health->said_tls || (why && is_of_tls(why)));
}

void redis_health_tell(struct redis_health *health)
{
    pthread_mutex_lock(&health->lock);
    say(health, NULL);
    pthread_mutex_unlock(&health->lock);
}

/* ── who is down ── */

static bool is_same_place(const struct redis_url *a, const struct redis_url *b)
{
    if (a == b || !a->host || !b->host)
        return a == b || (!a->host && !b->host && strcmp(a->path, b->path) == 0);
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool redis_health_is_cut_off(struct redis_health *health, const struct redis_url *at)
{
    bool any_up = false, any_down = false;
    pthread_mutex_lock(&health->lock);
    for (const struct redis_member *link = health->links; link; link = link->next)
        if (is_same_place(link->at, at)) {
            any_up |= link->state == REDIS_UP || link->began_us != 0;
            any_down |= link->state == REDIS_DOWN;
        }
    pthread_mutex_unlock(&health->lock);
    return any_down && !any_up;
}

/* Under the lock: what writers had found no longer counts. */
static void forget_writers(struct redis_health *health)
{
    health->comebacks++;
    health->writers_down = 0;
}

void redis_health_look(struct redis_health *health, int64_t mono_us)
{
    if (health->writers_down == 0)
        return;
    pthread_mutex_lock(&health->lock);
    if (health->writers_down > 0 && mono_us - health->tried_us > WRITERS_WORD_US) {
        forget_writers(health);
        say(health, NULL);
    }
    pthread_mutex_unlock(&health->lock);
}

void redis_member_leads_to(struct redis_member *link, const struct redis_url *at)
{
    pthread_mutex_lock(&link->health->lock);
    link->at = at;
    link->next = link->health->links;
    link->health->links = link;
    pthread_mutex_unlock(&link->health->lock);
}

/* Under the lock. */
static void leave_links(struct redis_member *member)
{
    struct redis_member **at = &member->health->links;
    while (*at && *at != member)
        at = &(*at)->next;
    if (*at)
        *at = member->next;
}

/* Under the lock: @member no longer counts as down. */
static void leave_down(struct redis_member *member)
{
    struct redis_health *health = member->health;
    if (member->state != REDIS_DOWN)
        return;
    if (member->is_writer && member->comebacks == health->comebacks)
        health->writers_down--;
    if (member->is_writer || --health->links_down > 0)
        return;
    forget_writers(health);
}

void redis_member_rest(struct redis_member *member)
{
    pthread_mutex_lock(&member->health->lock);
    leave_down(member);
    member->state = REDIS_UNKNOWN;
    pthread_mutex_unlock(&member->health->lock);
}

void redis_member_deinit(struct redis_member *member)
{
    redis_member_rest(member);
    pthread_mutex_lock(&member->health->lock);
    leave_links(member);
    pthread_mutex_unlock(&member->health->lock);
    if (member->is_writer && member->health->metrics)
        metric_shard_leave(member->health->metrics, member->shard);
}

void redis_member_begins(struct redis_member *member, int64_t mono_us)
{
    pthread_mutex_lock(&member->health->lock);
    member->began_us = mono_us > 0 ? mono_us : 1;
    pthread_mutex_unlock(&member->health->lock);
}

void redis_member_up(struct redis_member *member, int64_t mono_us)
{
    if (member->state == REDIS_UP)
        return;
    if (member->is_doubtful && member->began_us && mono_us - member->began_us < LASTING_US)
        return;
    member->wait_us = FIRST_WAIT_US;
    member->next_us = 0;
    pthread_mutex_lock(&member->health->lock);
    leave_down(member);
    member->state = REDIS_UP;
    say(member->health, NULL);
    pthread_mutex_unlock(&member->health->lock);
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
    member->is_doubtful = member->began_us && mono_us - member->began_us < LASTING_US;
    member->next_us = mono_us + jittered(member);
    member->wait_us = member->wait_us * 2 < LONGEST_WAIT_US ? member->wait_us * 2 : LONGEST_WAIT_US;
    pthread_mutex_lock(&health->lock);
    member->began_us = 0;
    bool counts = member->state == REDIS_DOWN &&
                  (!member->is_writer || member->comebacks == health->comebacks);
    bool is_news = is_of_tls(why) && !health->said_tls;
    if (member->is_writer)
        health->tried_us = mono_us;
    if (!counts) {
        bool first = health->links_down == 0 && health->writers_down == 0;
        member->state = REDIS_DOWN;
        member->comebacks = health->comebacks;
        health->links_down += !member->is_writer;
        health->writers_down += member->is_writer;
        say(health, first || is_news ? why : NULL);
    } else if (is_news) {
        say(health, why);
    }
    pthread_mutex_unlock(&health->lock);
}
