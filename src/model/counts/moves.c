/* SPDX-License-Identifier: Apache-2.0 */
#include "model/moves.h"

#include <stdlib.h>
#include <string.h>

#include "model/counts/moves_parts.h"
#include "shop/event.h"

enum {
    FIRST_ROOM = 1024,
    FIRST_CHUNK_BYTES = 64 * 1024,
    MARK_DIGITS = 6,
};

/* ── SKUs ────────────────────────────────────────────────────────────────────────────────────── */

static void ids_deinit(struct ids *ids)
{
    (void) arena_free(ids->arena);
    (void) strmap_free(ids->numbers);
    free(ids->texts);
}

static enum err ids_init(struct ids *ids)
{
    *ids = (struct ids){ .arena = arena_new(FIRST_CHUNK_BYTES, SIZE_MAX),
                         .numbers = strmap_new(FIRST_ROOM) };
    return ids->arena && ids->numbers ? OK : ERR_NOMEM;
}

static enum err number_of(struct ids *ids, struct str text, uint32_t *ret_number)
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
    struct str mine = arena_copy(ids->arena, text);
    if (!mine.at)
        return ERR_NOMEM;
    TRY(strmap_put(ids->numbers, mine, ids->n));
    ids->texts[ids->n] = mine;
    *ret_number = ids->n++;
    return OK;
}
/* ── customers ───────────────────────────────────────────────────────────────────────────────── */

/* Room for @customers and a third more. */
static enum err chains_init(struct chains *chains, size_t customers)
{
    size_t n_slots = FIRST_ROOM;
    while (n_slots / 4 * 3 <= customers)
        n_slots *= 2;
    *chains =
        (struct chains){ .slots = calloc(n_slots, sizeof *chains->slots), .n_slots = n_slots };
    return chains->slots ? OK : ERR_NOMEM;
}

/* The customer's, or the free one where it belongs. */
static struct chain *chain_of(const struct chains *chains, uint64_t customer)
{
    size_t mask = chains->n_slots - 1, i = customer & mask;
    while (chains->slots[i].n > 0 && chains->slots[i].customer != customer)
        i = (i + 1) & mask;
    return &chains->slots[i];
}

static enum err reserve_one(struct chains *chains)
{
    struct chains more;
    if (chains->n + 1 <= chains->n_slots / 4 * 3)
        return OK;
    TRY(chains_init(&more, chains->n + 1));
    for (size_t i = 0; i < chains->n_slots; i++)
        if (chains->slots[i].n > 0)
            *chain_of(&more, chains->slots[i].customer) = chains->slots[i];
    more.n = chains->n;
    free(chains->slots);
    *chains = more;
    return OK;
}

/* ── the fold ────────────────────────────────────────────────────────────────────────────────── */

struct moves *moves_new(size_t max_purchases)
{
    AUTO(moves_free) struct moves *moves = calloc(1, sizeof *moves);
    if (!moves || ids_init(&moves->skus) != OK || chains_init(&moves->customers, 0) != OK)
        return NULL;
    moves->max_purchases = max_purchases;
    return MOVE(moves);
}

struct moves *moves_free(struct moves *moves)
{
    if (!moves)
        return NULL;
    ids_deinit(&moves->skus);
    free(moves->customers.slots);
    free(moves->purchases);
    free(moves);
    return NULL;
}

static bool has_bought(const struct moves *moves, const struct chain *chain, uint32_t sku)
{
    uint32_t i = chain->n > 0 ? chain->last : PURCHASE_NONE;
    while (i != PURCHASE_NONE && moves->purchases[i].sku != sku)
        i = moves->purchases[i].next;
    return i != PURCHASE_NONE;
}

/* There is room. @chain: the customer's slot, which may be free yet. */
static void append(struct moves *moves, struct chain *chain, uint64_t customer,
                   struct purchase purchase)
{
    if (has_bought(moves, chain, purchase.sku))
        return;
    if (chain->n == 0) {
        *chain = (struct chain){ .customer = customer, .last = PURCHASE_NONE };
        moves->customers.n++;
    }
    purchase.next = chain->last;
    moves->purchases[moves->n] = purchase;
    chain->last = (uint32_t) moves->n++;
    chain->n++;
}

/* ── forgetting ──────────────────────────────────────────────────────────────────────────────── */

/* Of those who bought something from purchase @first on. */
static enum err chains_from(const struct moves *moves, size_t first, struct chains *ret_chains)
{
    size_t n = 0;
    for (size_t i = 0; i < moves->customers.n_slots; i++)
        n += moves->customers.slots[i].n > 0 && moves->customers.slots[i].last >= first;
    TRY(chains_init(ret_chains, n));
    ret_chains->n = n;
    for (size_t i = 0; i < moves->customers.n_slots; i++) {
        const struct chain *before = &moves->customers.slots[i];
        if (before->n == 0 || before->last < first)
            continue;
        struct chain *chain = chain_of(ret_chains, before->customer);
        *chain = (struct chain){ before->customer, before->last - (uint32_t) first, 0 };
        for (uint32_t at = before->last; at != PURCHASE_NONE && at >= first;
             at = moves->purchases[at].next)
            chain->n++;
    }
    return OK;
}

/* The newer half stays, without the ids that nobody needs any more. */
static enum err forget_older_half(struct moves *moves)
{
    AUTO(moves_free) struct moves *old = calloc(1, sizeof *old);
    uint32_t half = (uint32_t) (moves->n / 2), sku;
    if (!old)
        return ERR_NOMEM;
    TRY(ids_init(&old->skus));
    for (size_t i = half; i < moves->n; i++)
        TRY(number_of(&old->skus, moves->skus.texts[moves->purchases[i].sku], &sku));
    TRY(chains_from(moves, half, &old->customers));

    /* From here on nothing fails. */
    for (size_t i = half; i < moves->n; i++) {
        struct purchase purchase = moves->purchases[i];
        purchase.sku = strmap_get(old->skus.numbers, moves->skus.texts[purchase.sku]);
        if (purchase.next != PURCHASE_NONE)
            purchase.next = purchase.next < half ? PURCHASE_NONE : purchase.next - half;
        moves->purchases[i - half] = purchase;
    }
    struct moves whole = *moves;
    moves->n -= half;
    moves->skus = old->skus, old->skus = whole.skus;
    moves->customers = old->customers, old->customers = whole.customers;
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

/* ── adding ──────────────────────────────────────────────────────────────────────────────────── */

static bool is_id(struct str text)
{
    return text.len > 0 && text.len <= ID_MAX_BYTES;
}

/* What a customer already has is found once more and left: adding an order again is no harm. */
static enum err add_purchases(struct moves *moves, int64_t at_us, struct str customer_id,
                              const struct str *skus, uint32_t n_skus)
{
    uint64_t customer = str_hash(customer_id);
    TRY(make_room(moves));
    TRY(reserve_one(&moves->customers));
    struct chain *chain = chain_of(&moves->customers, customer);
    for (uint32_t i = 0; i < n_skus && chain->n < MOVES_MOST_OF_ONE; i++) {
        struct purchase purchase = { .order = (uint32_t) moves->orders + 1, .at_us = at_us };
        if (!is_id(skus[i]))
            continue;
        TRY(number_of(&moves->skus, skus[i], &purchase.sku));
        append(moves, chain, customer, purchase);
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

size_t moves_bytes(const struct moves *moves)
{
    const struct ids *skus = &moves->skus;
    return sizeof *moves + moves->room * sizeof *moves->purchases +
           moves->customers.n_slots * sizeof *moves->customers.slots +
           skus->room * sizeof *skus->texts + arena_used(skus->arena) + strmap_bytes(skus->numbers);
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
