/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purchases stand in one array in the order of the log; each customer's hang together, the last
 * one first. Sealing walks each customer's chain and counts the pairs of one kind whose times
 * differ, in two pair tables: one for pairs whose later product has the larger number, one for the
 * others.
 */
#include "model/moves.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "model/pair_table.h"
#include "shop/catalog.h"
#include "shop/event.h"

enum {
    FIRST_ROOM = 1024,
    FIRST_CHUNK_BYTES = 64 * 1024,
    MARK_DIGITS = 6,
    MAX_PAIRS = 2000000, /* of each table, while sealing: past that the rarest are forgotten */
};
#define NONE UINT32_MAX

struct purchase {
    uint32_t customer, sku;
    uint32_t next;  /* the same customer's one before, or NONE */
    uint32_t order; /* 1 … */
    int64_t at_us;
};

struct chain { /* a customer's purchases */
    uint32_t last, n;
};

struct ids { /* texts as numbers */
    struct strmap *numbers;
    struct str *texts;
    uint32_t n, room;
};

struct moves {
    size_t max_purchases;
    struct arena *arena; /* texts */
    struct ids customers, skus;
    struct chain *chains; /* of each customer */
    uint32_t chains_room;
    struct purchase *purchases;
    size_t n, room;
    uint64_t position, orders;
};

struct move {
    uint32_t from, to, customers;
};

struct moved {
    struct snapshot snapshot; /* first */
    struct move *moves;       /* by from, to */
    uint32_t n;
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
        moves->chains[before] = (struct chain){ NONE, 0 };
    return OK;
}

static bool has_bought(const struct moves *moves, uint32_t customer, uint32_t sku)
{
    for (uint32_t i = moves->chains[customer].last; i != NONE; i = moves->purchases[i].next)
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

/* ── sealing ─────────────────────────────────────────────────────────────────────────────────── */

struct sealing {
    const struct moves *moves;
    const struct catalog *catalog;
    uint32_t *product_of; /* SKU -> product, or PRODUCT_NONE */
    uint64_t mark;
    struct pair_table up, down; /* to a larger number, to a smaller one */
};

static enum err find_products(struct sealing *sealing)
{
    const struct ids *skus = &sealing->moves->skus;
    sealing->product_of = malloc(((size_t) skus->n + 1) * sizeof *sealing->product_of);
    if (!sealing->product_of)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < skus->n; i++)
        sealing->product_of[i] = catalog_find(sealing->catalog, skus->texts[i]);
    return OK;
}

static uint32_t kind_of(const struct sealing *sealing, uint32_t product)
{
    return catalog_product(sealing->catalog, product)->kind;
}

static void count_both(struct sealing *sealing, const struct purchase *a, const struct purchase *b)
{
    uint32_t one = sealing->product_of[a->sku], other = sealing->product_of[b->sku];
    if (a->at_us == b->at_us || other == PRODUCT_NONE || one == other ||
        kind_of(sealing, one) != kind_of(sealing, other))
        return;
    uint32_t from = a->at_us < b->at_us ? one : other, to = from == one ? other : one;
    pair_table_add(from < to ? &sealing->up : &sealing->down, from, to, 0);
}

static enum err count_customer(struct sealing *sealing, uint32_t customer)
{
    const struct purchase *purchases = sealing->moves->purchases;
    uint32_t last = sealing->moves->chains[customer].last;
    size_t n = sealing->moves->chains[customer].n;
    TRY(pair_table_reserve(&sealing->up, n * n / 2));
    TRY(pair_table_reserve(&sealing->down, n * n / 2));
    for (uint32_t i = last; i != NONE; i = purchases[i].next) {
        if (purchases[i].order > sealing->mark ||
            sealing->product_of[purchases[i].sku] == PRODUCT_NONE)
            continue;
        for (uint32_t j = purchases[i].next; j != NONE; j = purchases[j].next)
            count_both(sealing, &purchases[i], &purchases[j]);
    }
    return OK;
}

/* Those that enough customers made; @moves NULL: only how many. */
static uint32_t gather(const struct pair_table *table, bool up, struct move *moves)
{
    uint32_t n = 0;
    for (size_t i = 0; i < pair_table_slots(table); i++) {
        const struct pair *pair = &table->slots[i];
        if (pair->high == 0 || pair->count < MOVES_FEWEST)
            continue;
        if (moves)
            moves[n] = (struct move){ up ? pair->low : pair->high, up ? pair->high : pair->low,
                                      pair->count };
        n++;
    }
    return n;
}

static int in_order(const void *left, const void *right)
{
    const struct move *a = left, *b = right;
    return a->from != b->from ? (a->from > b->from) - (a->from < b->from)
                              : (a->to > b->to) - (a->to < b->to);
}

static enum err count_and_keep(struct sealing *sealing, struct moved *moved)
{
    for (uint32_t i = 0; i < sealing->moves->customers.n; i++)
        TRY(count_customer(sealing, i));
    uint32_t n_up = gather(&sealing->up, true, NULL), n_down = gather(&sealing->down, false, NULL);
    moved->n = n_up + n_down;
    moved->moves = malloc(((size_t) moved->n + 1) * sizeof *moved->moves);
    if (!moved->moves)
        return ERR_NOMEM;
    (void) gather(&sealing->up, true, moved->moves);
    (void) gather(&sealing->down, false, moved->moves + n_up);
    qsort(moved->moves, moved->n, sizeof *moved->moves, in_order);
    return OK;
}

static void moved_free(struct snapshot *snapshot)
{
    struct moved *moved = (struct moved *) snapshot;
    free(moved->moves);
    free(moved);
}

static void sealing_deinit(struct sealing *sealing)
{
    pair_table_deinit(&sealing->up);
    pair_table_deinit(&sealing->down);
    free(sealing->product_of);
}

enum err moved_new(const struct moves *moves, const struct catalog *catalog,
                   struct moved **ret_moved)
{
    AUTO(moved_unref) struct moved *moved = calloc(1, sizeof *moved);
    struct sealing sealing = { .moves = moves, .catalog = catalog, .mark = moves_mark(moves) };
    if (!moved)
        return ERR_NOMEM;
    snapshot_init(&moved->snapshot, moved_free);
    enum err err = find_products(&sealing);
    if (err == OK)
        err = pair_table_init(&sealing.up, 0, MAX_PAIRS);
    if (err == OK)
        err = pair_table_init(&sealing.down, 0, MAX_PAIRS);
    if (err == OK)
        err = count_and_keep(&sealing, moved);
    sealing_deinit(&sealing);
    if (err == OK)
        *ret_moved = MOVE(moved);
    return err;
}

struct moved *moved_ref(struct moved *moved)
{
    if (moved)
        (void) snapshot_ref(&moved->snapshot);
    return moved;
}

struct moved *moved_unref(struct moved *moved)
{
    if (moved)
        (void) snapshot_unref(&moved->snapshot);
    return NULL;
}

/* ── asking ──────────────────────────────────────────────────────────────────────────────────── */

uint32_t moved_customers(const struct moved *moved, uint32_t from, uint32_t to)
{
    const struct move wanted = { from, to, 0 };
    const struct move *found =
        moved->n ? bsearch(&wanted, moved->moves, moved->n, sizeof wanted, in_order) : NULL;
    return found ? found->customers : 0;
}

uint32_t moved_pairs(const struct moved *moved)
{
    return moved->n;
}

bool moved_says_the_same(const struct moved *a, const struct moved *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->moves, b->moves, a->n * sizeof *a->moves) == 0);
}
