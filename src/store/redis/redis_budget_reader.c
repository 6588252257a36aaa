/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reservation lives from the first reserve() until it was taken by the second, or forgotten and
 * answered. Each of its claims is a script of its own, so in a cluster they may go to different
 * nodes: what was granted by one is given back when another's answer is lost.
 */
#include "store/redis/redis_budget_reader.h"

#include <stdlib.h>
#include <uv.h>

#include "store/redis/redis_budget_line.h"
#include "store/redis/redis_nodes.h"
#include "store/redis/redis_reservation.h"
#include "store/redis/redis_url.h"

enum { HOPS = 3 };

struct redis_budget_reader {
    struct redis_budget_source *source;
    uv_loop_t *loop;
    struct redis_slots *slots;        /* NULL: no cluster, or no map yet */
    uint64_t version;                 /* of slots */
    struct redis_budget_line **lines; /* by the numbers of slots' nodes; else the one */
    uint32_t n_lines;
    uint32_t open; /* lines that are not closed yet; the memory goes with the last */
    bool freed;
    struct redis_reservation *unanswered; /* and those not taken yet */
};

static struct redis_budget_line *line_of(const struct redis_budget_reader *reader, struct str rule)
{
    if (!reader->slots)
        return reader->lines[0];
    uint16_t slot = redis_reservation_slot(reader->source->settings.shop, rule);
    uint16_t node = reader->slots->node_of[slot];
    return node == REDIS_NO_NODE ? NULL : reader->lines[node];
}

static void give_back(struct redis_budget_reader *reader, struct str rule, uint64_t mark,
                      int64_t until_us)
{
    struct redis_budget_line *line = line_of(reader, rule);
    if (line)
        redis_budget_line_give_back(line, rule, mark, until_us);
}

/* What nobody will show is not kept from others. */
static void give_back_new(struct redis_budget_reader *reader,
                          const struct redis_reservation *reservation)
{
    for (uint32_t i = 0; reader && !reader->freed && i < reservation->n; i++) {
        const struct redis_claim *claim = &reservation->claims[i];
        if (claim->result == REDIS_HELD_NEW)
            give_back(reader, claim->rule, claim->mark, claim->until_us);
    }
}

/* ── what the lines say ── */

static void on_answered(void *self, struct redis_reservation *reservation)
{
    if (--reservation->left > 0)
        return;
    if (reservation->waiter)
        return reservation->waiter->ready(reservation->waiter);
    give_back_new(self, reservation);
    redis_reservation_free(reservation);
}

static bool on_refused(void *self, struct redis_budget_line *line,
                       struct redis_reservation *reservation, uint32_t number, struct str error)
{
    struct redis_budget_reader *reader = self;
    struct redis_claim *claim = &reservation->claims[number];
    struct redis_redirect to;
    const struct redis_url *url = redis_budget_line_url(line);
    bool elsewhere = redis_redirect_read(error, url->host, &to);
    if (reader->freed)
        return false;
    if (!elsewhere || !to.is_ask)
        redis_nodes_doubt(reader->source->nodes);
    if (!elsewhere || ++claim->hops > HOPS || !reader->slots)
        return false;
    uint16_t node = redis_slots_node(reader->slots, to.host, to.port);
    return node != REDIS_NO_NODE &&
           redis_budget_line_claim(reader->lines[node], reservation, number, to.is_ask);
}

static void doubt_nodes(void *self)
{
    redis_nodes_doubt(((struct redis_budget_reader *) self)->source->nodes);
}

static void on_closed(void *self)
{
    struct redis_budget_reader *reader = self;
    reader->open--;
    if (!reader->freed)
        return redis_health_tell(&reader->source->health);
    if (reader->open > 0)
        return;
    redis_slots_release(reader->slots);
    free(reader->lines);
    free(reader);
}

/* ── the map ── */

static void on_beat(void *self);

static struct redis_budget_line *new_line(struct redis_budget_reader *reader,
                                          struct redis_url *node)
{
    const struct redis_budget_line_user user = { reader,      on_answered, on_beat,  doubt_nodes,
                                                 doubt_nodes, on_refused,  on_closed };
    struct redis_budget_line *line =
        redis_budget_line_new(reader->source, node, reader->loop, &user);
    reader->open += line ? 1 : 0;
    return line;
}

/* The line there is for the node, or a new one; NULL for lack of memory. */
static struct redis_budget_line *line_for(struct redis_budget_reader *reader,
                                          const struct redis_node *to)
{
    uint16_t before =
        reader->slots ? redis_slots_node(reader->slots, to->host, to->port) : REDIS_NO_NODE;
    if (before != REDIS_NO_NODE)
        return reader->lines[before];
    struct redis_url *url = redis_url_at(reader->source->url, to->host, to->port);
    struct redis_budget_line *line = url ? new_line(reader, url) : NULL;
    if (!line)
        redis_url_free(url);
    return line;
}

static void free_lines_but(struct redis_budget_line **lines, uint32_t n,
                           struct redis_budget_line *const *but, uint32_t n_but)
{
    for (uint32_t i = 0; i < n; i++) {
        bool stays = false;
        for (uint32_t k = 0; k < n_but; k++)
            stays |= but[k] == lines[i];
        if (!stays)
            redis_budget_line_free(lines[i]);
    }
    free(lines);
}

static void take_map(struct redis_budget_reader *reader, struct redis_slots *slots)
{
    struct redis_budget_line **lines = calloc(slots->n_nodes, sizeof *lines), **old = reader->lines;
    uint32_t n_old = reader->n_lines;
    bool whole = lines;
    for (uint32_t i = 0; whole && i < slots->n_nodes; i++) {
        lines[i] = line_for(reader, &slots->nodes[i]);
        whole = lines[i];
    }
    if (!whole) { /* at the next beat */
        reader->version = 0;
        free_lines_but(lines, lines ? slots->n_nodes : 0, old, n_old);
        return redis_slots_release(slots);
    }
    redis_slots_release(reader->slots);
    reader->slots = slots;
    reader->lines = lines;
    reader->n_lines = slots->n_nodes;
    free_lines_but(old, n_old, lines, reader->n_lines);
    for (uint32_t i = 0; i < reader->n_lines; i++)
        redis_budget_line_renew(lines[i], slots->nodes[i].epoch);
}

static void on_beat(void *self)
{
    struct redis_budget_reader *reader = self;
    struct redis_nodes *nodes = reader->source->nodes;
    struct err_note why;
    if (reader->freed)
        return;
    if (!reader->slots && redis_nodes_complaint(nodes, &why))
        redis_budget_line_complain(reader->lines[0], why.text);
    if (redis_nodes_version(nodes) == reader->version)
        return;
    struct redis_slots *slots = redis_nodes_map(nodes, &reader->version);
    if (slots)
        take_map(reader, slots);
}

/* ── the port ── */

struct redis_budget_reader *redis_budget_reader_new(struct redis_budget_source *source,
                                                    struct uv_loop_s *loop)
{
    struct redis_budget_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->source = source;
    reader->loop = loop;
    reader->n_lines = 1;
    reader->lines = calloc(1, sizeof(struct redis_budget_line *));
    if (reader->lines)
        reader->lines[0] = new_line(reader, NULL);
    if (reader->lines && reader->lines[0])
        return reader;
    free(reader->lines);
    free(reader);
    return NULL;
}

void redis_budget_reader_free(struct redis_budget_reader *reader)
{
    if (!reader || reader->freed)
        return;
    reader->freed = true;
    for (uint32_t i = 0; i < reader->n_lines; i++)
        redis_budget_line_free(reader->lines[i]);
    for (struct redis_reservation *next, *r = MOVE(reader->unanswered); r; r = next) {
        next = r->next;
        r->next = NULL;
        r->before = NULL;
        r->reader = NULL;
    }
}

/* Every answer is there: what they say together. */
static enum budget_answer hand_over(struct redis_budget_reader *reader,
                                    struct redis_reservation *reservation,
                                    struct budget_claim *claims, uint32_t n)
{
    bool lost = reservation->lost || reservation->n != n;
    for (uint32_t i = 0; i < n && !lost; i++) {
        int64_t result = reservation->claims[i].result;
        claims[i].granted = result < 0;
        claims[i].is_new = result == REDIS_HELD_NEW;
        if (result >= 0)
            claims[i].taken = result;
    }
    if (lost)
        give_back_new(reader, reservation);
    redis_reservation_free(reservation);
    return lost ? BUDGET_LOST : BUDGET_ANSWERED;
}

enum budget_answer redis_budget_reserve(struct redis_budget_reader *reader,
                                        struct budget_claim *claims, uint32_t n, int64_t now_us,
                                        struct budget_waiter *waiter)
{
    if (n == 0 || !waiter)
        return n == 0 ? BUDGET_ANSWERED : BUDGET_LOST;
    struct redis_reservation *reservation = waiter->found;
    if (reservation && reservation->left > 0)
        return BUDGET_COMING;
    if (reservation) {
        waiter->found = NULL;
        return hand_over(reader, reservation, claims, n);
    }
    reservation = redis_reservation_new(claims, n, now_us, waiter, reader, &reader->unanswered);
    if (!reservation)
        return BUDGET_LOST;
    for (uint32_t i = 0; i < n; i++) {
        struct redis_budget_line *line = line_of(reader, claims[i].rule);
        if (line && redis_budget_line_claim(line, reservation, i, false))
            continue;
        /* What was sent is answered; what was not counts as lost. */
        reservation->lost = true;
        reservation->left -= n - i;
        break;
    }
    waiter->found = reservation;
    if (reservation->left > 0)
        return BUDGET_COMING;
    redis_budget_forget(waiter);
    return BUDGET_LOST;
}

void redis_budget_forget(struct budget_waiter *waiter)
{
    struct redis_reservation *reservation = waiter->found;
    waiter->found = NULL;
    if (!reservation)
        return;
    reservation->waiter = NULL;
    if (reservation->left > 0)
        return;
    give_back_new(reservation->reader, reservation);
    redis_reservation_free(reservation);
}

void redis_budget_give_back(struct redis_budget_reader *reader, const struct budget_claim *claim)
{
    if (!reader->freed)
        give_back(reader, claim->rule, claim->mark, claim->until_us);
}
