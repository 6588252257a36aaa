/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/out.h"
#include "files/csv_reader.h"
#include "files/csv_tally.h"
#include "files/csv_value.h"

struct civil_zone;
struct order_book;

/*
 * Orders file
 *
 * An order history as CSV, one order line a row, columns in any order:
 *
 *   order_id (InvoiceNo)   ordered_at (InvoiceDate)   sku (StockCode)   quantity (Quantity)
 *   unit_price (UnitPrice)                                                    must be there
 *   customer_id (CustomerID)   line_no                                        may be missing
 *
 * Other columns are ignored (*ret_ignored names them). Lines belong to the order whose
 * id they carry, wherever they stand; an order is placed at the time of its first line. A line
 * without a customer is a guest's. A return or a cancellation (quantity below zero) and a
 * line without a price are no order lines: refused, with that reason. A SKU that comes again
 * within an order is merged into one line: quantities added, the price their average.
 *
 * Who only wants to know what was bought together (@baskets_only) needs just order_id and
 * sku: a time may be missing or empty (0), prices and quantities are not looked at,
 * except that a negative quantity is no purchase; every line counts as one piece for
 * nothing, and belongs to the customer of its order's first.
 *
 * The whole history is held in memory (files/order_book.h).
 */
struct orders_csv_settings {
    struct csv_money money;        /* not with baskets_only */
    const struct civil_zone *zone; /* of times without a zone; NULL: UTC */
    bool baskets_only;
};

/*
 * *ret_book is closed, the caller's. ERR_INPUT as catalog_csv_read, and for a catalogue: neither
 * an order's id nor a time, but all that a catalogue must have (catalog_csv_is_header).
 */
MUST_CHECK enum err orders_csv_read(const char *path, const struct orders_csv_settings *settings,
                                    const struct csv_progress *progress, struct csv_tally *tally,
                                    struct out *ret_ignored, struct order_book **ret_book,
                                    struct err_note *note);

/* The same from memory. */
MUST_CHECK enum err orders_csv_read_bytes(struct str bytes,
                                          const struct orders_csv_settings *settings,
                                          struct csv_tally *tally, struct out *ret_ignored,
                                          struct order_book **ret_book, struct err_note *note);

/*
 * Whether @header is one of orders and of nothing else: it has order_id, customer_id or ordered_at,
 * which no product has, and besides another of these, quantity or line_no. ret_own: two of
 * them as they stand there, borrowed; of no use when the answer is false.
 */
bool orders_csv_is_header(const struct csv_row *header, struct str ret_own[2]);
