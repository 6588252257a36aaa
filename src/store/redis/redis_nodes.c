/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_nodes.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "store/redis/redis_health.h"
#include "store/redis/redis_hello.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"
#include "store/redis/redis_writer.h"

enum { FIRST_WAIT_MS = 16, LONGEST_WAIT_MS = 1000 };

struct redis_nodes {
    const struct redis_url *url;
    struct redis_health health; /* the learner's own, and quiet: whoever needs a node tells of it */
    struct redis_writer *learner; /* the thread's, and so is: */
    struct redis_url *at;         /* the node it speaks to; NULL: the URL's */
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t told, learned;
    bool runs, doubted;
    struct redis_slots *slots;
    struct err_note why; /* nobody could tell, when it was tried last */
    _Atomic uint64_t version;
    atomic_bool has_failed; /* since the last map; then why is set */
    atomic_bool ends;
};

/* ── one node's answer ── */

enum { ASK_INFO, ASK_NODES, ASK_SLOTS, ASKS };

struct answer {
    const char *host;
    char *nodes; /* what CLUSTER NODES said */
    struct redis_slots *map;
};

static void print_ask(void *self, uint32_t i, struct redis_writer *writer, struct out *out)
{
    static const struct {
        struct str word;
    } words[ASKS] = { { STR("INFO") }, { STR("NODES") }, { STR("SLOTS") } };
    (void) self;
    (void) writer;
    redis_print_head(out, 2);
    redis_print_word(out, STR("CLUSTER"));
    redis_print_word(out, words[i].word);
}

static enum err take_ask(void *self, uint32_t i, const redisReply *reply, struct err_note *note)
{
    struct answer *answer = self;
    struct str text = { reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0 };
    if (i == ASK_INFO && !str_contains(text, STR("cluster_state:ok")))
        return err_fail(note, ERR_UNAVAILABLE, "its cluster is not well");
    if (i == ASK_NODES) {
        free(answer->nodes); /* of a try that was cut short */
        answer->nodes = str_dup(text);
        return answer->nodes ? OK : ERR_NOMEM;
    }
    return i == ASK_SLOTS
               ? redis_slots_read(reply, str_of(answer->nodes), answer->host, &answer->map, note)
               : OK;
}

static void keep_why(struct redis_nodes *nodes, const struct err_note *why)
{
    pthread_mutex_lock(&nodes->lock);
    nodes->why = *why;
    nodes->has_failed = true;
    pthread_mutex_unlock(&nodes->lock);
}

/*
 * The map as the node the learner speaks to sees it; NULL when it cannot tell, or is not with most
 * of the others.
 */
static struct redis_slots *ask(struct redis_nodes *nodes)
{
    const struct redis_url *url = nodes->at ? nodes->at : nodes->url;
    struct answer answer = { .host = url->host ? url->host : "127.0.0.1" };
    const struct redis_run run = { &answer, ASKS, print_ask, take_ask, NULL, NULL };
    struct err_note note = { "no memory" };
    bool is_tried = !redis_writer_is_away(nodes->learner); /* else it has said why before */
    enum err err = redis_writer_run(nodes->learner, &run, &note);
    free(answer.nodes);
    if (err == OK)
        return answer.map;
    if (is_tried)
        keep_why(nodes, &note);
    redis_slots_release(answer.map);
    return NULL;
}

static void aim(struct redis_nodes *nodes, struct redis_url *at)
{
    struct redis_url *before = nodes->at;
    nodes->at = at;
    redis_writer_aim(nodes->learner, at ? at : nodes->url);
    redis_url_free(before);
}

/* ── all of them ── */

/* Whoever tells first, beginning anywhere: one that is cut off must not be asked for ever. */
static struct redis_slots *ask_all(struct redis_nodes *nodes, const struct redis_slots *known,
                                   uint32_t turn)
{
    struct redis_slots *found = NULL;
    uint32_t n = known ? known->n_nodes : 0;
    for (uint32_t i = 0; i < n && !found && !nodes->ends; i++) {
        const struct redis_node *node = &known->nodes[(turn + i) % n];
        struct redis_url *url = redis_url_at(nodes->url, node->host, node->port);
        if (!url)
            return NULL;
        aim(nodes, url);
        found = ask(nodes);
    }
    if (found || nodes->ends)
        return found;
    aim(nodes, NULL);
    return ask(nodes);
}

static bool is_same(const struct redis_slots *a, const struct redis_slots *b)
{
    if (!a || a->n_nodes != b->n_nodes || memcmp(a->node_of, b->node_of, sizeof a->node_of) != 0)
        return false;
    for (uint32_t i = 0; i < a->n_nodes; i++)
        if (a->nodes[i].port != b->nodes[i].port || a->nodes[i].epoch != b->nodes[i].epoch ||
            strcmp(a->nodes[i].host, b->nodes[i].host) != 0)
            return false;
    return true;
}

/* Under the lock, which is left meanwhile. True when the map has changed. */
static bool learn(struct redis_nodes *nodes, uint32_t turn)
{
    bool calm = nodes->slots && !nodes->doubted;
    struct redis_slots *known = nodes->slots ? redis_slots_hold(nodes->slots) : NULL;
    nodes->doubted = false;
    pthread_mutex_unlock(&nodes->lock);
    struct redis_slots *found = calm ? ask(nodes) : ask_all(nodes, known, turn);
    bool changed = found && !is_same(known, found);
    pthread_mutex_lock(&nodes->lock);
    if (!found)
        nodes->doubted = true;
    else
        nodes->has_failed = false;
    redis_slots_release(known);
    if (!changed) {
        redis_slots_release(found);
        return false;
    }
    redis_slots_release(nodes->slots);
    nodes->slots = found;
    nodes->version++;
    pthread_cond_broadcast(&nodes->learned);
    return true;
}

static struct timespec in_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += ms % 1000 * 1000000L;
    at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static void *run(void *arg)
{
    struct redis_nodes *nodes = arg;
    int wait_ms = 0;
    uint32_t chance = 1;
    if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) < 0)
        chance = (uint32_t) (uintptr_t) nodes;
    pthread_mutex_lock(&nodes->lock);
    while (!nodes->ends) {
        chance = chance * 1664525 + 1013904223;
        bool calm = !nodes->doubted;
        if (calm)
            wait_ms = LONGEST_WAIT_MS;
        /*
         * Somewhere in the upper half of the time to wait, so that a fleet does not ask all at
         * once.
         */
        int half = (wait_ms + 1) / 2;
        struct timespec then = in_ms(half + (half ? (int) ((chance >> 16) % (unsigned) half) : 0));
        while (!nodes->ends && (!calm || !nodes->doubted) &&
               pthread_cond_timedwait(&nodes->told, &nodes->lock, &then) == 0)
            ;
        if (calm && nodes->doubted) {
            wait_ms = FIRST_WAIT_MS;
            continue;
        }
        if (!nodes->ends && (learn(nodes, chance >> 8) || wait_ms == 0))
            wait_ms = FIRST_WAIT_MS;
        else
            wait_ms = wait_ms * 2 < LONGEST_WAIT_MS ? wait_ms * 2 : LONGEST_WAIT_MS;
    }
    pthread_mutex_unlock(&nodes->lock);
    return NULL;
}

/* ── the users ── */

void redis_nodes_doubt(struct redis_nodes *nodes)
{
    pthread_mutex_lock(&nodes->lock);
    if (!nodes->doubted) {
        nodes->doubted = true;
        pthread_cond_signal(&nodes->told);
    }
    if (!nodes->runs)
        nodes->runs = pthread_create(&nodes->thread, NULL, run, nodes) == 0;
    pthread_mutex_unlock(&nodes->lock);
}

uint64_t redis_nodes_version(const struct redis_nodes *nodes)
{
    return atomic_load_explicit(&nodes->version, memory_order_relaxed);
}

bool redis_nodes_complaint(struct redis_nodes *nodes, struct err_note *ret_why)
{
    if (!nodes->has_failed || nodes->version > 0 || pthread_mutex_trylock(&nodes->lock) != 0)
        return false;
    *ret_why = nodes->why;
    pthread_mutex_unlock(&nodes->lock);
    return true;
}

void redis_nodes_wait(struct redis_nodes *nodes, uint64_t version, int timeout_ms)
{
    struct timespec end = in_ms(timeout_ms);
    pthread_mutex_lock(&nodes->lock);
    while (nodes->version <= version &&
           pthread_cond_timedwait(&nodes->learned, &nodes->lock, &end) == 0)
        ;
    pthread_mutex_unlock(&nodes->lock);
}

struct redis_slots *redis_nodes_map(struct redis_nodes *nodes, uint64_t *ret_version)
{
    pthread_mutex_lock(&nodes->lock);
    struct redis_slots *slots = nodes->slots ? redis_slots_hold(nodes->slots) : NULL;
    *ret_version = nodes->version;
    pthread_mutex_unlock(&nodes->lock);
    return slots;
}

struct redis_nodes *redis_nodes_new(const struct redis_url *url,
                                    const struct redis_settings *settings, struct clock *clock)
{
    struct redis_nodes *nodes = calloc(1, sizeof *nodes);
    pthread_condattr_t monotonic;
    if (!nodes || !redis_health_init(&nodes->health, REDIS_PROFILES, url, NULL)) {
        free(nodes);
        return NULL;
    }
    nodes->url = url;
    nodes->health.is_quiet = true;
    (void) pthread_condattr_init(&monotonic);
    (void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void) pthread_cond_init(&nodes->told, &monotonic);
    (void) pthread_cond_init(&nodes->learned, &monotonic);
    (void) pthread_condattr_destroy(&monotonic);
    (void) pthread_mutex_init(&nodes->lock, NULL);
    nodes->learner = redis_writer_new(url, settings, clock, &nodes->health);
    return nodes->learner ? nodes : redis_nodes_free(nodes);
}

struct redis_nodes *redis_nodes_free(struct redis_nodes *nodes)
{
    if (!nodes)
        return NULL;
    pthread_mutex_lock(&nodes->lock);
    nodes->ends = true;
    bool runs = nodes->runs;
    pthread_cond_signal(&nodes->told);
    pthread_mutex_unlock(&nodes->lock);
    if (runs)
        pthread_join(nodes->thread, NULL);
    redis_writer_free(nodes->learner);
    redis_url_free(nodes->at);
    redis_health_deinit(&nodes->health);
    redis_slots_release(nodes->slots);
    pthread_cond_destroy(&nodes->told);
    pthread_cond_destroy(&nodes->learned);
    pthread_mutex_destroy(&nodes->lock);
    free(nodes);
    return NULL;
}
