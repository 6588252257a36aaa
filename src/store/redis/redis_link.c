/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without a cluster a link is its one pair. The first pair that greets a node of a cluster is left,
 * and as soon as there is a map there is a pair for each of its masters.
 *
 * What is kept near belongs to the master of its slot: when one of that master's connections is
 * lost, or the slot gets another master, it is dropped. So the pair that is asked whether a
 * customer's profile may be trusted is always the one that hears of its changes. An answer that
 * came by a detour (MOVED, ASK) came from a node that the map does not name for it: it serves its
 * decision and is told as changed at once.
 */
#include "store/redis/redis_link.h"

#include <stdlib.h>
#include <uv.h>

#include "store/redis/redis_nodes.h"
#include "store/redis/redis_pair.h"
#include "store/redis/redis_url.h"
#include "store/redis/redis_value.h"

enum { HOPS = 3, KEY_BYTES = 1024 };

struct shared_link {
    struct redis_link_place place;
    struct redis_settings settings;
    struct uv_loop_s *loop;
    struct shared_listener listener;
    struct redis_slots *slots; /* NULL: no cluster, or no map yet */
    uint64_t version;          /* of slots */
    struct redis_pair **pairs; /* by the numbers of slots' nodes; else the one */
    uint32_t n_pairs;
    uint32_t open; /* pairs that are not closed yet; the link's memory goes with the last */
    bool freed;
};

/* ── a customer's node ── */

static uint16_t slot_of(const struct shared_link *link, struct str customer_id)
{
    char text[KEY_BYTES];
    struct out key = { .at = text, .cap = sizeof text };
    struct str shop = link->settings.shop;
    if (shop.len + customer_id.len > sizeof text / 2)
        return 0; /* no customer has such an id: it is not fetched either */
    redis_value_prefix(&key, "cluster0", shop);
    out_text(&key, customer_id);
    out_char(&key, '}');
    return redis_slot_of(out_str(&key));
}

/*
 * What only a cluster needs stands in functions of its own: without one a link costs what its pair
 * does.
 */
#define IN_CLUSTER __attribute__((noinline))

static IN_CLUSTER struct redis_pair *pair_of(const struct shared_link *link, struct str customer_id)
{
    uint16_t node = link->slots->node_of[slot_of(link, customer_id)];
    return node == REDIS_NO_NODE ? NULL : link->pairs[node];
}

/* ── what concerns a part of the customers ── */

struct part {
    const struct shared_link *link;
    bool slots[REDIS_SLOTS];
};

static bool is_in_part(const void *self, struct str customer_id)
{
    const struct part *part = self;
    return part->slots[slot_of(part->link, customer_id)];
}

static void doubt_part(struct shared_link *link, const struct part *part)
{
    if (link->listener.doubt_some)
        link->listener.doubt_some(link->listener.self, is_in_part, part);
    else
        link->listener.doubt(link->listener.self);
}

static void on_doubt(void *self, struct redis_pair *pair)
{
    struct shared_link *link = self;
    if (link->freed)
        return;
    if (!link->slots)
        return link->listener.doubt(link->listener.self);
    struct part part = { .link = link };
    for (int slot = 0; slot < REDIS_SLOTS; slot++) {
        uint16_t node = link->slots->node_of[slot];
        part.slots[slot] = node != REDIS_NO_NODE && link->pairs[node] == pair;
    }
    doubt_part(link, &part);
    redis_nodes_doubt(link->place.nodes);
}

static void on_changed(void *self, struct str customer_id)
{
    struct shared_link *link = self;
    if (!link->freed)
        link->listener.changed(link->listener.self, customer_id);
}

/* ── the map ── */

static void on_closed(void *self)
{
    struct shared_link *link = self;
    link->open--;
    if (!link->freed)
        return redis_health_tell(link->place.health);
    if (link->open > 0)
        return;
    redis_slots_release(link->slots);
    free(link->pairs);
    free(link);
}

static void on_met_cluster(void *self, struct redis_pair *pair)
{
    (void) pair;
    redis_nodes_doubt(((struct shared_link *) self)->place.nodes);
}

static bool on_refused(void *self, struct redis_pair *pair, struct shared_fetch *fetch,
                       struct str customer_id, unsigned hops, struct str error);
static void on_beat(void *self, struct redis_pair *pair);

static struct redis_pair *new_pair(struct shared_link *link, const struct redis_pair_node *node)
{
    const struct redis_pair_user user = { link,           on_changed, on_doubt, on_beat,
                                          on_met_cluster, on_refused, on_closed };
    const struct redis_link_place *place = &link->place;
    struct redis_pair *pair = redis_pair_new(place->url, node, &link->settings, place->clock,
                                             place->health, link->loop, &user);
    link->open += pair ? 1 : 0;
    return pair;
}

/* The pair there is for the node, or a new one; NULL for lack of memory. */
static struct redis_pair *pair_for(struct shared_link *link, const struct redis_slots *slots,
                                   uint16_t number)
{
    const struct redis_node *to = &slots->nodes[number];
    struct redis_pair_node node = { 0 };
    uint16_t before =
        link->slots ? redis_slots_node(link->slots, to->host, to->port) : REDIS_NO_NODE;
    if (before != REDIS_NO_NODE) {
        redis_pair_probe(link->pairs[before], to->probe);
        return link->pairs[before];
    }
    memcpy(node.probe, to->probe, sizeof node.probe);
    node.url = redis_url_at(link->place.url, to->host, to->port);
    struct redis_pair *pair = node.url ? new_pair(link, &node) : NULL;
    if (!pair)
        redis_url_free(node.url);
    return pair;
}

static bool is_among(const struct redis_pair *pair, struct redis_pair *const *pairs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (pairs[i] == pair)
            return true;
    return false;
}

static void free_pairs_but(struct redis_pair **pairs, uint32_t n, struct redis_pair *const *but,
                           uint32_t n_but)
{
    for (uint32_t i = 0; i < n; i++)
        if (!is_among(pairs[i], but, n_but))
            redis_pair_free(pairs[i]);
    free(pairs);
}

/* Slots that have another master than before. */
static bool find_moved(const struct shared_link *link, const struct redis_slots *slots,
                       struct redis_pair *const *pairs, struct part *ret_part)
{
    bool any = false;
    for (int slot = 0; link->slots && slot < REDIS_SLOTS; slot++) {
        uint16_t from = link->slots->node_of[slot], to = slots->node_of[slot];
        const struct redis_pair *before = from == REDIS_NO_NODE ? NULL : link->pairs[from];
        const struct redis_pair *after = to == REDIS_NO_NODE ? NULL : pairs[to];
        any |= ret_part->slots[slot] = before != after;
    }
    return any;
}

static void take_map(struct shared_link *link, struct redis_slots *slots)
{
    struct part moved = { .link = link };
    struct redis_pair **pairs = calloc(slots->n_nodes, sizeof *pairs), **old = link->pairs;
    bool whole = pairs;
    for (uint32_t i = 0; whole && i < slots->n_nodes; i++) {
        pairs[i] = pair_for(link, slots, (uint16_t) i);
        whole = pairs[i];
    }
    if (!whole) { /* at the next beat */
        link->version = 0;
        free_pairs_but(pairs, pairs ? slots->n_nodes : 0, old, link->n_pairs);
        return redis_slots_release(slots);
    }
    bool any = find_moved(link, slots, pairs, &moved);
    uint32_t n_old = link->n_pairs;
    redis_slots_release(link->slots);
    link->slots = slots;
    link->pairs = pairs;
    link->n_pairs = slots->n_nodes;
    for (uint32_t i = 0; i < n_old; i++)
        redis_pair_doubt_answers(old[i]);
    if (any)
        doubt_part(link, &moved);
    free_pairs_but(old, n_old, pairs, link->n_pairs);
    for (uint32_t i = 0; i < link->n_pairs; i++)
        if (redis_pair_epoch(pairs[i]) < slots->nodes[i].epoch)
            redis_pair_renew(pairs[i]);
}

static void on_beat(void *self, struct redis_pair *pair)
{
    struct shared_link *link = self;
    struct err_note why;
    if (link->freed)
        return;
    if (!link->slots && redis_nodes_complaint(link->place.nodes, &why))
        redis_pair_complain(pair, why.text);
    if (redis_nodes_version(link->place.nodes) == link->version)
        return;
    struct redis_slots *slots = redis_nodes_map(link->place.nodes, &link->version);
    if (slots)
        take_map(link, slots);
}

/* ── elsewhere ── */

static bool on_refused(void *self, struct redis_pair *pair, struct shared_fetch *fetch,
                       struct str customer_id, unsigned hops, struct str error)
{
    struct shared_link *link = self;
    struct redis_redirect to;
    const struct redis_url *url = redis_pair_url(pair);
    bool elsewhere = redis_redirect_read(error, url->host, &to);
    if (link->freed)
        return false;
    if (!elsewhere || !to.is_ask)
        redis_nodes_doubt(link->place.nodes);
    if (!fetch || !elsewhere || hops >= HOPS || !link->slots)
        return false;
    uint16_t node = redis_slots_node(link->slots, to.host, to.port);
    fetch->place = node == REDIS_NO_NODE ? NULL : link->pairs[node];
    return fetch->place && redis_pair_fetch(fetch->place, customer_id, fetch, hops + 1, to.is_ask);
}

/* ── the port ── */

enum err redis_link_new(const struct redis_link_place *place, struct uv_loop_s *loop,
                        const struct shared_listener *listener, struct shared_link **ret_link)
{
    struct shared_link *link = calloc(1, sizeof *link);
    if (!link)
        return ERR_NOMEM;
    link->place = *place;
    link->settings = *place->settings;
    link->place.settings = &link->settings;
    link->loop = loop;
    link->listener = *listener;
    link->n_pairs = 1;
    link->pairs = calloc(1, sizeof(struct redis_pair *));
    if (link->pairs)
        link->pairs[0] = new_pair(link, NULL);
    if (!link->pairs || !link->pairs[0]) {
        free(link->pairs);
        free(link);
        return ERR_NOMEM;
    }
    *ret_link = link;
    return OK;
}

void redis_link_free(struct shared_link *link)
{
    if (!link || link->freed)
        return;
    link->freed = true;
    for (uint32_t i = 0; i < link->n_pairs; i++)
        redis_pair_free(link->pairs[i]);
}

static IN_CLUSTER bool is_trusted_in_cluster(const struct shared_link *link, struct str customer_id,
                                             int64_t mono_us)
{
    if (customer_id.at) {
        const struct redis_pair *pair = pair_of(link, customer_id);
        return pair && redis_pair_is_trusted(pair, mono_us);
    }
    for (uint32_t i = 0; i < link->n_pairs; i++)
        if (!redis_pair_is_trusted(link->pairs[i], mono_us))
            return false;
    return true;
}

bool redis_link_is_trusted(const struct shared_link *link, struct str customer_id, int64_t mono_us)
{
    if (link->slots)
        return is_trusted_in_cluster(link, customer_id, mono_us);
    return redis_pair_is_trusted(link->pairs[0], mono_us);
}

bool redis_link_fetch(struct shared_link *link, struct str customer_id, struct shared_fetch *fetch)
{
    struct redis_pair *pair = link->slots ? pair_of(link, customer_id) : link->pairs[0];
    fetch->place = pair;
    return pair && redis_pair_fetch(pair, customer_id, fetch, 0, false);
}

void redis_link_cancel(struct shared_link *link, struct shared_fetch *fetch)
{
    (void) link;
    if (fetch->place && fetch->number)
        redis_pair_cancel(fetch->place, fetch);
    fetch->number = 0;
}
