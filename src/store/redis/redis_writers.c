/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_writers.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/redis/redis_hello.h"
#include "store/redis/redis_nodes.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"

enum { HOPS = 4 };

struct node {
    struct redis_url *url;
    struct redis_writer *writer;
};

/* A command, and where it goes next. */
struct step {
    uint32_t command;
    uint16_t node; /* REDIS_NO_NODE: nowhere */
    bool asking, done;
};

struct redis_writers {
    const struct redis_url *url;
    struct redis_settings settings;
    struct clock *clock;
    struct redis_health *health;
    struct redis_nodes *nodes;
    struct redis_writer *seed;
    struct redis_slots *slots; /* NULL: no cluster, or no map yet */
    uint64_t version;
    struct node *of; /* by the numbers of slots' nodes */
    struct step *steps;
    uint32_t *part; /* numbers of steps */
    uint32_t cap;   /* of both */
};

/* ── the map ── */

static void free_node(struct node *node)
{
    node->writer = redis_writer_free(node->writer);
    node->url = redis_url_free(node->url);
}

static bool make_node(struct redis_writers *writers, const struct redis_node *to, struct node *ret)
{
    ret->url = redis_url_at(writers->url, to->host, to->port);
    ret->writer =
        ret->url ? redis_writer_new(ret->url, &writers->settings, writers->clock, writers->health)
                 : NULL;
    if (ret->writer)
        redis_writer_aim(ret->writer, ret->url);
    return ret->writer;
}

static void drop_map(struct redis_writers *writers)
{
    for (uint32_t i = 0; writers->of && i < writers->slots->n_nodes; i++)
        free_node(&writers->of[i]);
    free(writers->of);
    redis_slots_release(writers->slots);
    writers->of = NULL;
    writers->slots = NULL;
}

static void take_map(struct redis_writers *writers)
{
    struct redis_slots *slots = redis_nodes_map(writers->nodes, &writers->version);
    struct node *of = slots ? calloc(slots->n_nodes, sizeof *of) : NULL;
    bool whole = of;
    for (uint32_t i = 0; whole && i < slots->n_nodes; i++) {
        const struct redis_node *to = &slots->nodes[i];
        uint16_t before =
            writers->slots ? redis_slots_node(writers->slots, to->host, to->port) : REDIS_NO_NODE;
        if (before == REDIS_NO_NODE) {
            whole = make_node(writers, to, &of[i]);
            continue;
        }
        of[i] = writers->of[before];
        writers->of[before] = (struct node){ 0 };
        if (redis_writer_hello(of[i].writer)->epoch < to->epoch)
            redis_writer_drop(of[i].writer);
    }
    drop_map(writers);
    writers->slots = slots;
    writers->of = of;
    if (!whole) {
        drop_map(writers);
        writers->version = 0;
        return;
    }
    redis_member_rest(redis_writer_member(writers->seed)); /* what it said is past */
    redis_health_tell(writers->health);
}

/* ── a part of a run: what goes to one node ── */

struct part {
    struct redis_writers *writers;
    const struct redis_run *run;
    const struct redis_url *url;
    uint32_t n;
    bool asking;   /* then ASKING stands before each */
    bool lost;     /* one of them is not carried out, and cannot be now, */
    char why[120]; /* as the node says */
};

/* NULL: it is an ASKING. */
static struct step *step_of(const struct part *part, uint32_t i)
{
    if (!part->asking)
        return &part->writers->steps[part->writers->part[i]];
    return i % 2 ? &part->writers->steps[part->writers->part[i / 2]] : NULL;
}

static void print_part(void *self, uint32_t i, struct redis_writer *writer, struct out *out)
{
    const struct part *part = self;
    const struct step *step = step_of(part, i);
    if (step)
        return part->run->print(part->run->self, step->command, writer, out);
    redis_print_head(out, 1);
    redis_print_word(out, STR("ASKING"));
}

static enum err take_part(void *self, uint32_t i, const redisReply *reply, struct err_note *note)
{
    const struct part *part = self;
    struct step *step = step_of(part, i);
    if (!step)
        return OK;
    step->done = true;
    return part->run->take(part->run->self, step->command, reply, note);
}

static bool refuse_part(void *self, uint32_t i, struct str error)
{
    struct part *part = self;
    struct redis_writers *writers = part->writers;
    struct step *step = step_of(part, i);
    struct redis_redirect to;
    if (!step)
        return false;
    bool elsewhere = redis_redirect_read(error, part->url->host, &to);
    if (!elsewhere && !str_starts_with(error, STR("TRYAGAIN")) &&
        !str_starts_with(error, STR("CLUSTERDOWN")))
        return false;
    if (!elsewhere || !to.is_ask)
        redis_nodes_doubt(writers->nodes);
    step->node = elsewhere ? redis_slots_node(writers->slots, to.host, to.port) : REDIS_NO_NODE;
    step->asking = elsewhere && to.is_ask;
    if (step->node == REDIS_NO_NODE && !part->lost) {
        part->lost = true;
        snprintf(part->why, sizeof part->why, "%.*s", STR_ARG(error));
    }
    return true;
}

static enum err run_part(struct redis_writers *writers, const struct redis_run *run, uint16_t node,
                         bool asking, uint32_t n_steps, struct err_note *note)
{
    struct part part = { writers, run, .url = writers->of[node].url, .asking = asking };
    for (uint32_t i = 0; i < n_steps; i++)
        if (!writers->steps[i].done && writers->steps[i].node == node &&
            writers->steps[i].asking == asking)
            writers->part[part.n++] = i;
    const struct redis_run all = { &part,       asking ? 2 * part.n : part.n,
                                   print_part,  take_part,
                                   refuse_part, NULL };
    enum err err = redis_writer_run(writers->of[node].writer, &all, note);
    if (err == OK)
        return !part.lost ? OK
                          : err_fail(note, ERR_UNAVAILABLE, "Redis at '%s': it says '%s'",
                                     part.url->shown, part.why);
    /* What was not carried out there does not come again in this run. */
    for (uint32_t i = 0; i < part.n; i++)
        if (!writers->steps[writers->part[i]].done)
            writers->steps[writers->part[i]].node = REDIS_NO_NODE;
    redis_nodes_doubt(writers->nodes);
    return err;
}

/* ── a run ── */

static bool grow(struct redis_writers *writers, uint32_t n)
{
    if (n <= writers->cap)
        return true;
    struct step *steps = realloc(writers->steps, n * sizeof *steps);
    writers->steps = steps ? steps : writers->steps;
    uint32_t *part = realloc(writers->part, n * sizeof *part);
    writers->part = part ? part : writers->part;
    writers->cap = steps && part ? n : writers->cap;
    return steps && part;
}

static bool plan(struct redis_writers *writers, const struct redis_run *run)
{
    char text[1024];
    bool whole = true;
    for (uint32_t i = 0; i < run->n; i++) {
        struct out key = { .at = text, .cap = sizeof text };
        run->key(run->self, i, &key);
        uint16_t node = writers->slots->node_of[redis_slot_of(out_str(&key))];
        writers->steps[i] = (struct step){ .command = i, .node = node };
        whole &= node != REDIS_NO_NODE;
    }
    return whole;
}

/* The first step, in order, that still goes somewhere. */
static struct step *next_step(struct redis_writers *writers, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!writers->steps[i].done && writers->steps[i].node != REDIS_NO_NODE)
            return &writers->steps[i];
    return NULL;
}

static enum err run_in_cluster(struct redis_writers *writers, const struct redis_run *run,
                               struct err_note *note)
{
    const struct step *step;
    enum err err = OK;
    if (!grow(writers, run->n))
        return ERR_NOMEM;
    if (!plan(writers, run)) {
        redis_nodes_doubt(writers->nodes);
        err = err_fail(note, ERR_UNAVAILABLE, "a slot that no node of the cluster has");
    }
    for (uint32_t left = HOPS * writers->slots->n_nodes;
         left > 0 && (step = next_step(writers, run->n)); left--) {
        struct err_note own = { "" };
        enum err part = run_part(writers, run, step->node, step->asking, run->n, &own);
        if (part != OK && err == OK)
            err = err_fail(note, part, "%s", own.text);
    }
    if (err == OK && next_step(writers, run->n))
        err = err_fail(note, ERR_UNAVAILABLE, "the cluster's nodes send us round in circles");
    return err;
}

enum err redis_writers_run(struct redis_writers *writers, const struct redis_run *run,
                           struct err_note *note)
{
    struct err_note why = { "" };
    if (!writers->slots && redis_nodes_version(writers->nodes) == 0) {
        enum err err = redis_writer_run(writers->seed, run, note);
        bool met = redis_writer_met_cluster(writers->seed);
        if (err == OK || (!met && !redis_nodes_complaint(writers->nodes, &why)))
            return err;
        redis_nodes_doubt(writers->nodes);
        if (met)
            redis_nodes_wait(writers->nodes, 0, writers->settings.timeout_ms);
    }
    if (redis_nodes_version(writers->nodes) != writers->version)
        take_map(writers);
    if (!writers->slots && redis_nodes_complaint(writers->nodes, &why))
        return err_fail(note, ERR_UNAVAILABLE, "no map of its cluster: %s", why.text);
    if (!writers->slots)
        return err_fail(note, ERR_UNAVAILABLE, "Redis at '%s': no map of its cluster yet",
                        writers->health->shown);
    return run_in_cluster(writers, run, note);
}

/* ── beginning and end ── */

struct redis_writers *redis_writers_new(const struct redis_url *url,
                                        const struct redis_settings *settings, struct clock *clock,
                                        struct redis_health *health, struct redis_nodes *nodes)
{
    struct redis_writers *writers = calloc(1, sizeof *writers);
    if (!writers)
        return NULL;
    writers->url = url;
    writers->settings = *settings;
    writers->clock = clock;
    writers->health = health;
    writers->nodes = nodes;
    writers->seed = redis_writer_new(url, settings, clock, health);
    return writers->seed ? writers : redis_writers_free(writers);
}

struct redis_writers *redis_writers_free(struct redis_writers *writers)
{
    if (!writers)
        return NULL;
    drop_map(writers);
    redis_writer_free(writers->seed);
    free(writers->steps);
    free(writers->part);
    free(writers);
    return NULL;
}

struct redis_member *redis_writers_member(struct redis_writers *writers)
{
    return redis_writer_member(writers->seed);
}
