/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/snapshot.h"
#include "base/str.h"

struct catalog;

/*
 * Moves
 *
 * What people bought later instead of, or after, another product of the same kind: for the ladder
 * (shop/ladder.h), as evidence that a step is one that people take. Two things:
 *
 * - struct moves, a fold over orders in log order, each once, on one thread: who bought what, and
 *   when first. Only customers with an id; of one customer the first MOVES_MOST_OF_ONE different
 *   SKUs, for who buys more is a dealer. Bounded: past max_purchases the older half is
 *   forgotten. With MOVES_MAX_PURCHASES, the setting's default, each another customer's, it takes MOVES_MOST_BYTES at
 *   most, besides the texts of SKUs. It is never written down: the orders are in the log.
 * - struct moved, sealed from it for one catalogue: for two products of one kind, how many
 *   customers bought @from and, in an order of a later time, @to; and how many both at one time. Statistics of fewer than
 *   MOVES_FEWEST customers are nobody's business: they are not in it. Immutable, shared by
 *   reference between threads.
 *
 * A sealed one is as of a mark: the orders rounded down to six binary digits. So every replica
 * that has read the same log says the same, however often each looks, and a ladder need not be
 * made again for every order.
 */
enum {
    MOVES_FEWEST = 5,
    MOVES_MOST_OF_ONE = 64,
    MOVES_MAX_PURCHASES = 3000000,
    MOVES_MOST_BYTES = 176 << 20,
};

struct moves;

struct moves *moves_new(size_t max_purchases); /* at least 2 * MOVES_MOST_OF_ONE */
struct moves *moves_free(struct moves *moves); /* NULL in, NULL out */
DEFINE_AUTO(struct moves, moves_free)

/*
 * One order; one at or before the last position is ignored. Absent or empty
 * @customer_id: a guest, who moves nowhere, but the order counts for the mark.
 * ERR_NOMEM: the position stays, and the order can be added again.
 */
MUST_CHECK enum err moves_add(struct moves *moves, uint64_t position, int64_t at_us,
                              struct str customer_id, const struct str *skus, uint32_t n_skus);

uint64_t moves_position(const struct moves *moves);
uint64_t moves_orders(const struct moves *moves);
size_t moves_bytes(const struct moves *moves);  /* of memory it takes */
uint64_t moves_mark(const struct moves *moves); /* the orders that a sealed one would tell of */

struct moved;

MUST_CHECK enum err moved_new(const struct moves *moves, const struct catalog *catalog,
                              struct moved **ret_moved);
struct moved *moved_ref(struct moved *moved);   /* NULL in, NULL out */
struct moved *moved_unref(struct moved *moved); /* NULL in, NULL out */
DEFINE_AUTO(struct moved, moved_unref)

/*
 * Customers; 0: fewer than MOVES_FEWEST. Products are numbers of the catalogue it was sealed for.
 */
uint32_t moved_customers(const struct moved *moved, uint32_t from, uint32_t to);
bool moved_any(const struct moved *moved, uint32_t from);                   /* to anything */
uint32_t moved_together(const struct moved *moved, uint32_t a, uint32_t b); /* in either order */
bool moved_says_the_same(const struct moved *a, const struct moved *b);
