/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing goes through the purchases in their order, beside each the same customer's earlier ones,
 * and counts the pairs of one kind in pair tables: those whose later product has the larger
 * number, those whose later one has the smaller, those of one time.
 */
#include <stdlib.h>
#include <string.h>

#include "model/counts/moves_parts.h"
#include "model/counts/pair_table.h"
#include "shop/catalog.h"

enum { MAX_PAIRS = 2000000 }; /* of each table, while sealing: past that the rarest are forgotten */

struct move {
    uint32_t from, to, customers;
};

struct moved {
    struct snapshot snapshot; /* first */
    struct move *moves;       /* by from, to; then those of both at one time */
    uint32_t n, n_together;
};

/* ── sealing ─────────────────────────────────────────────────────────────────────────────────── */

struct sealing {
    const struct moves *moves;
    const struct catalog *catalog;
    uint32_t *product_of; /* SKU -> product, or PRODUCT_NONE */
    uint64_t mark;
    struct pair_table up, down, both; /* to a larger number, to a smaller one, at one time */
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
    if (other == PRODUCT_NONE || one == other || kind_of(sealing, one) != kind_of(sealing, other))
        return;
    if (a->at_us == b->at_us) {
        pair_table_add(&sealing->both, one, other, 0);
        return;
    }
    uint32_t from = a->at_us < b->at_us ? one : other, to = from == one ? other : one;
    pair_table_add(from < to ? &sealing->up : &sealing->down, from, to, 0);
}

/* With what the same customer had before it. */
static enum err count_purchase(struct sealing *sealing, const struct purchase *purchase)
{
    const struct purchase *purchases = sealing->moves->purchases;
    if (purchase->next == PURCHASE_NONE || sealing->product_of[purchase->sku] == PRODUCT_NONE)
        return OK;
    TRY(pair_table_reserve(&sealing->up, MOVES_MOST_OF_ONE));
    TRY(pair_table_reserve(&sealing->down, MOVES_MOST_OF_ONE));
    TRY(pair_table_reserve(&sealing->both, MOVES_MOST_OF_ONE));
    for (uint32_t i = purchase->next; i != PURCHASE_NONE; i = purchases[i].next)
        count_both(sealing, purchase, &purchases[i]);
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
    const struct moves *moves = sealing->moves;
    for (size_t i = 0; i < moves->n && moves->purchases[i].order <= sealing->mark; i++)
        TRY(count_purchase(sealing, &moves->purchases[i]));
    uint32_t n_up = gather(&sealing->up, true, NULL), n_down = gather(&sealing->down, false, NULL);
    moved->n = n_up + n_down;
    moved->n_together = gather(&sealing->both, true, NULL);
    moved->moves = malloc(((size_t) moved->n + moved->n_together + 1) * sizeof *moved->moves);
    if (!moved->moves)
        return ERR_NOMEM;
    (void) gather(&sealing->up, true, moved->moves);
    (void) gather(&sealing->down, false, moved->moves + n_up);
    (void) gather(&sealing->both, true, moved->moves + moved->n);
    qsort(moved->moves, moved->n, sizeof *moved->moves, in_order);
    qsort(moved->moves + moved->n, moved->n_together, sizeof *moved->moves, in_order);
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
    pair_table_deinit(&sealing->both);
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
        err = pair_table_init(&sealing.both, 0, MAX_PAIRS);
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

static uint32_t find(const struct move *moves, uint32_t n, uint32_t from, uint32_t to)
{
    const struct move wanted = { from, to, 0 };
    const struct move *found = n ? bsearch(&wanted, moves, n, sizeof wanted, in_order) : NULL;
    return found ? found->customers : 0;
}

uint32_t moved_customers(const struct moved *moved, uint32_t from, uint32_t to)
{
    return find(moved->moves, moved->n, from, to);
}

bool moved_any(const struct moved *moved, uint32_t from)
{
    uint32_t low = 0, high = moved->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (moved->moves[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < moved->n && moved->moves[low].from == from;
}

uint32_t moved_together(const struct moved *moved, uint32_t a, uint32_t b)
{
    return find(moved->moves + moved->n, moved->n_together, a < b ? a : b, a < b ? b : a);
}

bool moved_says_the_same(const struct moved *a, const struct moved *b)
{
    size_t n = (size_t) a->n + a->n_together;
    return a->n == b->n && a->n_together == b->n_together &&
           (n == 0 || memcmp(a->moves, b->moves, n * sizeof *a->moves) == 0);
}
