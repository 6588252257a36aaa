/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders lie one behind the other in one array of SKU numbers. SKUs and customers are numbered in
 * order of appearance; which SKUs an order has already named is told by the number of the last
 * order that did, so adding is linear. Everything that may fail happens before an order is counted.
 */
#include "model/baskets.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/strmap.h"

enum { CHUNK_BYTES = 256 * 1024, FIRST_ROOM = 1024 };

struct sealed {
    struct baskets baskets; /* first, so that one is the other */
    struct arena *arena;    /* texts of SKUs */
    struct strmap *sku_numbers;
    uint64_t *first;
    uint32_t *items, *customers;
    int64_t *at_us;
    struct str *skus;
};

struct baskets_builder {
    struct sealed *sealed; /* NULL once taken */
    struct arena *customer_texts;
    struct strmap *customer_numbers;
    uint32_t *last_order; /* of each SKU, 1 + the order that named it last */
    uint64_t n_items, items_room;
    uint32_t orders_room, skus_room;
};

struct baskets *baskets_free(struct baskets *baskets)
{
    struct sealed *sealed = (struct sealed *) baskets;
    if (!sealed)
        return NULL;
    (void) arena_free(sealed->arena);
    (void) strmap_free(sealed->sku_numbers);
    free(sealed->first);
    free(sealed->items);
    free(sealed->customers);
    free(sealed->at_us);
    free(sealed->skus);
    free(sealed);
    return NULL;
}

struct baskets_builder *baskets_builder_new(void)
{
    AUTO(baskets_builder_free) struct baskets_builder *builder = calloc(1, sizeof *builder);
    if (!builder)
        return NULL;
    builder->sealed = calloc(1, sizeof *builder->sealed);
    builder->customer_texts = arena_new(CHUNK_BYTES, SIZE_MAX);
    builder->customer_numbers = strmap_new(FIRST_ROOM);
    if (!builder->sealed || !builder->customer_texts || !builder->customer_numbers)
        return NULL;
    builder->sealed->arena = arena_new(CHUNK_BYTES, SIZE_MAX);
    builder->sealed->sku_numbers = strmap_new(FIRST_ROOM);
    if (!builder->sealed->arena || !builder->sealed->sku_numbers)
        return NULL;
    return MOVE(builder);
}

struct baskets_builder *baskets_builder_free(struct baskets_builder *builder)
{
    if (!builder)
        return NULL;
    if (builder->sealed)
        (void) baskets_free(&builder->sealed->baskets);
    (void) arena_free(builder->customer_texts);
    (void) strmap_free(builder->customer_numbers);
    free(builder->last_order);
    free(builder);
    return NULL;
}

/* ── adding ─────────────────────────────────────────────────────────────────────────────── */

static enum err resize(void **array, size_t n, size_t size)
{
    void *moved = realloc(*array, n * size);
    if (!moved)
        return ERR_NOMEM;
    *array = moved;
    return OK;
}

static enum err room_for_order(struct baskets_builder *builder, uint32_t n_skus)
{
    struct sealed *to = builder->sealed;
    if (to->baskets.n_orders + 1 >= builder->orders_room) { /* first[] has one more */
        if (builder->orders_room > UINT32_MAX / 4)
            return ERR_NOMEM;
        uint32_t room = builder->orders_room ? builder->orders_room * 2 : FIRST_ROOM;
        TRY(resize((void **) &to->first, room, sizeof *to->first));
        TRY(resize((void **) &to->at_us, room, sizeof *to->at_us));
        TRY(resize((void **) &to->customers, room, sizeof *to->customers));
        to->first[0] = 0;
        builder->orders_room = room;
    }
    uint64_t need = builder->n_items + n_skus;
    if (need > builder->items_room) {
        uint64_t room = builder->items_room ? builder->items_room * 2 : FIRST_ROOM;
        if (room < need)
            room = need;
        TRY(resize((void **) &to->items, room, sizeof *to->items));
        builder->items_room = room;
    }
    return OK;
}

static enum err number_sku(struct baskets_builder *builder, struct str sku, uint32_t *ret_number)
{
    struct sealed *to = builder->sealed;
    uint32_t number = strmap_get(to->sku_numbers, sku);
    if (number != STRMAP_NONE) {
        *ret_number = number;
        return OK;
    }
    number = to->baskets.n_skus;
    if (number == builder->skus_room) {
        if (builder->skus_room > UINT32_MAX / 4)
            return ERR_NOMEM;
        uint32_t room = builder->skus_room ? builder->skus_room * 2 : FIRST_ROOM;
        TRY(resize((void **) &to->skus, room, sizeof *to->skus));
        TRY(resize((void **) &builder->last_order, room, sizeof *builder->last_order));
        builder->skus_room = room;
    }
    struct str mine = arena_copy(to->arena, sku);
    if (!mine.at)
        return ERR_NOMEM;
    TRY(strmap_put(to->sku_numbers, mine, number));
    to->skus[number] = mine;
    builder->last_order[number] = 0;
    to->baskets.n_skus++;
    *ret_number = number;
    return OK;
}

static enum err number_customer(struct baskets_builder *builder, struct str id,
                                uint32_t *ret_number)
{
    *ret_number = BASKETS_NONE;
    if (id.len == 0)
        return OK;
    uint32_t number = strmap_get(builder->customer_numbers, id);
    if (number == STRMAP_NONE) {
        struct str mine = arena_copy(builder->customer_texts, id);
        if (!mine.at)
            return ERR_NOMEM;
        number = builder->sealed->baskets.n_customers;
        TRY(strmap_put(builder->customer_numbers, mine, number));
        builder->sealed->baskets.n_customers++;
    }
    *ret_number = number;
    return OK;
}

enum err baskets_builder_add(struct baskets_builder *builder, int64_t at_us, struct str customer_id,
                             const struct str *skus, uint32_t n_skus, uint32_t *ret_order)
{
    struct sealed *to = builder->sealed;
    uint32_t customer = BASKETS_NONE;
    TRY(room_for_order(builder, n_skus));
    TRY(number_customer(builder, customer_id, &customer));
    uint32_t *items = to->items ? to->items + builder->n_items : NULL; /* NULL: no SKU at all yet */
    for (uint32_t i = 0; i < n_skus; i++)
        TRY(number_sku(builder, skus[i], &items[i]));

    /* From here on nothing fails. */
    uint32_t order = to->baskets.n_orders++, n = 0;
    for (uint32_t i = 0; i < n_skus; i++) {
        uint32_t sku = items[i];
        if (builder->last_order[sku] == order + 1)
            continue;
        builder->last_order[sku] = order + 1;
        items[n++] = sku;
    }
    builder->n_items += n;
    to->at_us[order] = at_us;
    to->customers[order] = customer;
    to->first[order + 1] = builder->n_items;
    if (ret_order)
        *ret_order = order;
    return OK;
}

/* ── sealing ────────────────────────────────────────────────────────────────────────────── */

/* Gives back what doubling took too much; that it cannot be given back does no harm. */
static void shrink(void **array, size_t n, size_t size)
{
    void *smaller = n ? realloc(*array, n * size) : NULL;
    if (smaller)
        *array = smaller;
}

enum err baskets_builder_seal(struct baskets_builder *builder, struct baskets **ret_baskets)
{
    TRY(room_for_order(builder, 0)); /* so that first[] is there without any order, too */
    struct sealed *sealed = builder->sealed;
    uint32_t n = sealed->baskets.n_orders;
    shrink((void **) &sealed->first, (size_t) n + 1, sizeof *sealed->first);
    shrink((void **) &sealed->at_us, n, sizeof *sealed->at_us);
    shrink((void **) &sealed->customers, n, sizeof *sealed->customers);
    shrink((void **) &sealed->items, builder->n_items, sizeof *sealed->items);
    shrink((void **) &sealed->skus, sealed->baskets.n_skus, sizeof *sealed->skus);
    sealed->baskets.first = sealed->first;
    sealed->baskets.items = sealed->items;
    sealed->baskets.at_us = sealed->at_us;
    sealed->baskets.customers = sealed->customers;
    sealed->baskets.skus = sealed->skus;
    *ret_baskets = &MOVE(builder->sealed)->baskets;
    return OK;
}

uint32_t baskets_find(const struct baskets *baskets, struct str sku)
{
    uint32_t number = strmap_get(((const struct sealed *) baskets)->sku_numbers, sku);
    return number == STRMAP_NONE ? BASKETS_NONE : number;
}
