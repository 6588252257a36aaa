/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear probing, at most half full. What is forgotten is taken out of the table by moving the
 * entries behind it forward (Knuth, volume 3, 6.4, algorithm R), so there are no tombstones.
 */
#include "model/odds/open_offers.h"

#include <stdlib.h>

enum { FIRST_ROOM = 256 };

void open_offers_init(struct open_offers *open, uint32_t max)
{
    *open = (struct open_offers){ .max = max };
}

void open_offers_deinit(struct open_offers *open)
{
    free(open->ring);
    free(open->table);
    *open = (struct open_offers){ .max = open->max };
}

static uint32_t mask_of(const struct open_offers *open)
{
    return open->room * 2 - 1;
}

/* Where @key stands in the table, or would. */
static uint32_t slot_of(const struct open_offers *open, uint64_t key)
{
    uint32_t mask = mask_of(open), slot = (uint32_t) key & mask;
    while (open->table[slot] && open->ring[open->table[slot] - 1].key != key)
        slot = (slot + 1) & mask;
    return slot;
}

static uint32_t place_at(const struct open_offers *open, uint32_t i)
{
    return (open->next + open->room - open->n + i) % open->room;
}

const struct open_offer *open_offers_at(const struct open_offers *open, uint32_t i)
{
    return &open->ring[place_at(open, i)];
}

enum err open_offers_reserve(struct open_offers *open)
{
    if (open->n < open->room || open->room == open->max)
        return OK;
    uint32_t room = open->room ? open->room * 2 : FIRST_ROOM;
    struct open_offers next = { .max = open->max, .room = room < open->max ? room : open->max };
    next.ring = malloc(next.room * sizeof *next.ring);
    next.table = calloc((size_t) next.room * 2, sizeof *next.table);
    if (!next.ring || !next.table) {
        open_offers_deinit(&next);
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < open->n; i++)
        (void) open_offers_add(&next, open_offers_at(open, i));
    open_offers_deinit(open);
    *open = next;
    return OK;
}

struct open_offer *open_offers_find(const struct open_offers *open, uint64_t key)
{
    uint32_t place = open->room ? open->table[slot_of(open, key)] : 0;
    return place ? &open->ring[place - 1] : NULL;
}

static void forget_oldest(struct open_offers *open)
{
    uint32_t mask = mask_of(open), hole = slot_of(open, open_offers_at(open, 0)->key);
    for (uint32_t at = (hole + 1) & mask; open->table[at]; at = (at + 1) & mask) {
        uint32_t home = (uint32_t) open->ring[open->table[at] - 1].key & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue; /* it stands between its home and here already */
        open->table[hole] = open->table[at];
        hole = at;
    }
    open->table[hole] = 0;
    open->n--;
}

struct open_offer *open_offers_add(struct open_offers *open, const struct open_offer *offer)
{
    if (open->n == open->room)
        forget_oldest(open);
    uint32_t place = open->next;
    open->ring[place] = *offer;
    open->table[slot_of(open, offer->key)] = place + 1;
    open->next = (place + 1) % open->room;
    open->n++;
    return &open->ring[place];
}
