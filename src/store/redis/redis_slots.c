/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_slots.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 40, MAX_NODES = 1000 };

/* A nibble at a time: x^16 + x^12 + x^5 + 1, from zero, highest bit first. */
static uint16_t crc16(struct str bytes)
{
    static const uint16_t table[16] = { 0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
                                        0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
                                        0xc18c, 0xd1ad, 0xe1ce, 0xf1ef };
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = (uint8_t) bytes.at[i];
        crc = (uint16_t) (crc << 4 ^ table[crc >> 12 ^ byte >> 4]);
        crc = (uint16_t) (crc << 4 ^ table[crc >> 12 ^ (byte & 15)]);
    }
    return crc;
}

uint16_t redis_slot_of(struct str key)
{
    const char *open = key.len ? memchr(key.at, '{', key.len) : NULL;
    size_t rest = open ? (size_t) (key.at + key.len - open) - 1 : 0;
    const char *close = rest ? memchr(open + 1, '}', rest) : NULL;
    if (close && close > open + 1)
        key = (struct str){ open + 1, (size_t) (close - open) - 1 };
    return crc16(key) & (REDIS_SLOTS - 1);
}

/* ── the map ── */

static struct str text_of(const redisReply *reply)
{
    return (struct str){ reply->str, reply->type == REDIS_REPLY_STRING ? reply->len : 0 };
}

static void set_host(char host[REDIS_HOST_BYTES], struct str told, const char *asked)
{
    if (told.len == 0 || told.len >= REDIS_HOST_BYTES || str_is(told, "?"))
        told = str_of(asked);
    snprintf(host, REDIS_HOST_BYTES, "%.*s", STR_ARG(told));
}

/* The next word of *line, which then begins behind it. */
static struct str word_of(struct str *line)
{
    if (line->len == 0)
        return *line;
    const char *end = memchr(line->at, ' ', line->len);
    struct str word = { line->at, end ? (size_t) (end - line->at) : line->len };
    size_t used = end ? word.len + 1 : word.len;
    *line = (struct str){ line->at + used, line->len - used };
    return word;
}

/* "<id> <address> <flags> <master> <ping> <pong> <config epoch> …", a line each node. */
static uint64_t epoch_of(struct str nodes, struct str id)
{
    while (nodes.len) {
        const char *end = memchr(nodes.at, '\n', nodes.len);
        struct str line = { nodes.at, end ? (size_t) (end - nodes.at) : nodes.len }, word;
        size_t used = end ? line.len + 1 : line.len;
        nodes = (struct str){ nodes.at + used, nodes.len - used };
        int64_t epoch;
        if (!str_eq(word_of(&line), id))
            continue;
        for (int i = 0; i < 5; i++)
            (void) word_of(&line);
        word = word_of(&line);
        return str_to_int64(word, &epoch) && epoch > 0 ? (uint64_t) epoch : 0;
    }
    return 0;
}

/* [first, last, [host, port, id, …], replicas …] */
static bool read_range(struct redis_slots *slots, const redisReply *range, struct str nodes,
                       const char *host)
{
    if (range->type != REDIS_REPLY_ARRAY || range->elements < 3 ||
        range->element[0]->type != REDIS_REPLY_INTEGER ||
        range->element[1]->type != REDIS_REPLY_INTEGER)
        return false;
    long long first = range->element[0]->integer, last = range->element[1]->integer;
    const redisReply *master = range->element[2];
    if (first < 0 || first > last || last >= REDIS_SLOTS || master->type != REDIS_REPLY_ARRAY ||
        master->elements < 3 || master->element[1]->type != REDIS_REPLY_INTEGER ||
        master->element[1]->integer < 0 || master->element[1]->integer > 65535 ||
        text_of(master->element[2]).len != ID_BYTES)
        return false;
    struct redis_node *node = &slots->nodes[slots->n_nodes];
    set_host(node->host, text_of(master->element[0]), host);
    node->port = (int) master->element[1]->integer;
    node->epoch = epoch_of(nodes, text_of(master->element[2]));
    uint16_t number = redis_slots_node(slots, node->host, node->port);
    if (number == REDIS_NO_NODE)
        number = (uint16_t) slots->n_nodes++;
    for (long long slot = first; slot <= last; slot++)
        slots->node_of[slot] = number;
    return true;
}

/* Sixteen thousand tries for a node of one slot; few for most. */
static void find_probes(struct redis_slots *slots)
{
    char key[sizeof slots->nodes->probe];
    uint32_t left = slots->n_nodes;
    for (unsigned i = 0; left > 0 && i < 64 * REDIS_SLOTS; i++) {
        snprintf(key, sizeof key, "offerd:probe:{%u}", i);
        uint16_t number = slots->node_of[redis_slot_of(str_of(key))];
        if (number == REDIS_NO_NODE || slots->nodes[number].probe[0])
            continue;
        memcpy(slots->nodes[number].probe, key, sizeof key);
        left--;
    }
}

enum err redis_slots_read(const redisReply *slots, struct str nodes, const char *host,
                          struct redis_slots **ret_slots, struct err_note *note)
{
    bool is_one =
        slots->type == REDIS_REPLY_ARRAY && slots->elements > 0 && slots->elements <= REDIS_SLOTS;
    struct redis_slots *map = calloc(1, sizeof *map);
    if (map && is_one)
        map->nodes = calloc(slots->elements, sizeof *map->nodes);
    if (!map || (is_one && !map->nodes)) {
        redis_slots_release(map);
        return ERR_NOMEM;
    }
    map->holders = 1;
    for (int i = 0; i < REDIS_SLOTS; i++)
        map->node_of[i] = REDIS_NO_NODE;
    for (size_t i = 0; is_one && i < slots->elements; i++)
        is_one = map->n_nodes < MAX_NODES && read_range(map, slots->element[i], nodes, host);
    if (!is_one) {
        redis_slots_release(map);
        return err_fail(note, ERR_UNAVAILABLE, "CLUSTER SLOTS names no master of any slot");
    }
    find_probes(map);
    *ret_slots = map;
    return OK;
}

struct redis_slots *redis_slots_hold(struct redis_slots *slots)
{
    atomic_fetch_add(&slots->holders, 1);
    return slots;
}

void redis_slots_release(struct redis_slots *slots)
{
    if (!slots || (slots->holders > 0 && atomic_fetch_sub(&slots->holders, 1) > 1))
        return;
    free(slots->nodes);
    free(slots);
}

uint16_t redis_slots_node(const struct redis_slots *slots, const char *host, int port)
{
    for (uint32_t i = 0; i < slots->n_nodes; i++)
        if (slots->nodes[i].port == port && strcmp(slots->nodes[i].host, host) == 0)
            return (uint16_t) i;
    return REDIS_NO_NODE;
}

/* ── redirections ── */

bool redis_redirect_read(struct str error, const char *host, struct redis_redirect *ret)
{
    struct str kind = word_of(&error), slot = word_of(&error), place = word_of(&error);
    const char *colon = place.len ? memrchr(place.at, ':', place.len) : NULL;
    int64_t number, port;
    ret->is_ask = str_is(kind, "ASK");
    if ((!ret->is_ask && !str_is(kind, "MOVED")) || !colon)
        return false;
    struct str name = { place.at, (size_t) (colon - place.at) };
    struct str tail = { colon + 1, place.len - name.len - 1 };
    if (!str_to_int64(slot, &number) || number < 0 || number >= REDIS_SLOTS ||
        !str_to_int64(tail, &port) || port < 1 || port > 65535)
        return false;
    ret->slot = (uint16_t) number;
    ret->port = (int) port;
    set_host(ret->host, name, host);
    return true;
}

bool redis_is_of_cluster(struct str error)
{
    struct str kind = word_of(&error);
    return str_is(kind, "MOVED") || str_is(kind, "ASK") || str_is(kind, "TRYAGAIN") ||
           str_is(kind, "CLUSTERDOWN");
}
