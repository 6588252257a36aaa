/* SPDX-License-Identifier: Apache-2.0 */
#include "model/moves.h"

#include <stdlib.h>

#include "model/counts/moves_parts.h"
#include "shop/event.h"

enum {
    FIRST_ROOM = 1024,
    FIRST_CHUNK_BYTES = 64 * 1024,
    MARK_DIGITS = 6,
};

/* ── the fold ────────────────────────────────────────────────────────────────────────────────── */

struct moves *moves_new(size_t max_purchases)
{
    AUTO(moves_free) struct moves *moves = calloc(1, sizeof *moves);
    if (!moves)
        return NULL;
    moves->max_purchases = max_purchases;
    moves->arena = arena_new(FIRST_CHUNK_BYTES, SIZE_MAX);
    moves->customers.numbers = strmap_new(FIRST_ROOM);
    moves->skus.numbers = strmap_new(FIRST_ROOM);
    if (!moves->arena || !moves->customers.numbers || !moves->skus.numbers)
        return NULL;
    return MOVE(moves);
}

struct moves *moves_free(struct moves *moves)
{
    if (!moves)
        return NULL;
    (void) arena_free(moves->arena);
    (void) strmap_free(moves->customers.numbers);
    (void) strmap_free(moves->skus.numbers);
    free(moves->customers.texts);
    free(moves->skus.texts);
    free(moves->chains);
    free(moves->purchases);
    free(moves);
    return NULL;
}

static enum err number_of(struct moves *moves, struct ids *ids, struct str text,
                          uint32_t *ret_number)
{
    *ret_number = strmap_get(ids->numbers, text);
    if (*ret_number != STRMAP_NONE)
        return OK;
    if (ids->n == ids->room) {
        uint32_t room = ids->room ? 2 * ids->room : FIRST_ROOM;
        struct str *texts = realloc(ids->texts, room * sizeof *texts);
        if (!texts)
            return ERR_NOMEM;
        ids->texts = texts;
        ids->room = room;
    }
    struct str mine = arena_copy(moves->arena, text);
    if (!mine.at)
        return ERR_NOMEM;
    TRY(strmap_put(ids->numbers, mine, ids->n));
    ids->texts[ids->n] = mine;
    *ret_number = ids->n++;
    return OK;
}

static enum err number_of_customer(struct moves *moves, struct str id, uint32_t *ret_customer)
{
    if (moves->customers.n == moves->chains_room) {
        uint32_t room = moves->chains_room ? 2 * moves->chains_room : FIRST_ROOM;
        struct chain *chains = realloc(moves->chains, room * sizeof *chains);
        if (!chains)
            return ERR_NOMEM;
        moves->chains = chains;
        moves->chains_room = room;
    }
    uint32_t before = moves->customers.n;
    TRY(number_of(moves, &moves->customers, id, ret_customer));
    if (*ret_customer == before)
        moves->chains[before] = (struct chain){ PURCHASE_NONE, 0 };
    return OK;
}

static bool has_bought(const struct moves *moves, uint32_t customer, uint32_t sku)
{
    for (uint32_t i = moves->chains[customer].last; i != PURCHASE_NONE;
         i = moves->purchases[i].next)
        if (moves->purchases[i].sku == sku)
            return true;
    return false;
}

/* There is room. */
static void append(struct moves *moves, uint32_t customer, uint32_t sku, int64_t at_us,
                   uint32_t order)
{
    struct chain *chain = &moves->chains[customer];
    if (chain->n == MOVES_MOST_OF_ONE || has_bought(moves, customer, sku))
        return;
    moves->purchases[moves->n] = (struct purchase){ customer, sku, chain->last, order, at_us };
    chain->last = (uint32_t) moves->n++;
    chain->n++;
}

/* The newer half as a fold of its own, so that the ids that nobody needs any more go as well. */
static enum err forget_older_half(struct moves *moves)
{
    AUTO(moves_free) struct moves *kept = moves_new(moves->max_purchases);
    if (!kept || !(kept->purchases = malloc(moves->room * sizeof *kept->purchases)))
        return ERR_NOMEM;
    kept->room = moves->room;
    for (size_t i = moves->n / 2; i < moves->n; i++) {
        const struct purchase *purchase = &moves->purchases[i];
        uint32_t customer, sku;
        TRY(number_of_customer(kept, moves->customers.texts[purchase->customer], &customer));
        TRY(number_of(kept, &kept->skus, moves->skus.texts[purchase->sku], &sku));
        append(kept, customer, sku, purchase->at_us, purchase->order);
    }
    kept->position = moves->position;
    kept->orders = moves->orders;
    struct moves whole = *moves;
    *moves = *kept;
    *kept = whole;
    return OK;
}

static enum err make_room(struct moves *moves)
{
    if (moves->n + MOVES_MOST_OF_ONE > moves->max_purchases)
        TRY(forget_older_half(moves));
    if (moves->n + MOVES_MOST_OF_ONE <= moves->room)
        return OK;
    size_t room = moves->room ? 2 * moves->room : FIRST_ROOM;
    struct purchase *purchases = realloc(moves->purchases, room * sizeof *purchases);
    if (!purchases)
        return ERR_NOMEM;
    moves->purchases = purchases;
    moves->room = room;
    return OK;
}

static bool is_id(struct str text)
{
    return text.len > 0 && text.len <= ID_MAX_BYTES;
}

/* What a customer already has is found once more and left: adding an order again is no harm. */
static enum err add_purchases(struct moves *moves, int64_t at_us, struct str customer_id,
                              const struct str *skus, uint32_t n_skus)
{
    uint32_t customer, sku;
    TRY(make_room(moves));
    TRY(number_of_customer(moves, customer_id, &customer));
    for (uint32_t i = 0; i < n_skus; i++) {
        if (!is_id(skus[i]))
            continue;
        TRY(number_of(moves, &moves->skus, skus[i], &sku));
        append(moves, customer, sku, at_us, (uint32_t) moves->orders + 1);
    }
    return OK;
}

enum err moves_add(struct moves *moves, uint64_t position, int64_t at_us, struct str customer_id,
                   const struct str *skus, uint32_t n_skus)
{
    if (position <= moves->position)
        return OK;
    if (is_id(customer_id))
        TRY(add_purchases(moves, at_us, customer_id, skus, n_skus));
    moves->position = position;
    moves->orders++;
    return OK;
}

uint64_t moves_position(const struct moves *moves)
{
    return moves->position;
}

uint64_t moves_orders(const struct moves *moves)
{
    return moves->orders;
}

uint64_t moves_mark(const struct moves *moves)
{
    unsigned shift = 0;
    while (moves->orders >> (MARK_DIGITS + shift))
        shift++;
    return moves->orders >> shift << shift;
}
