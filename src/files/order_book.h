/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "shop/event.h"

struct csv_tally;

/*
 * Order book
 *
 * Order lines gathered into orders, in memory: add every line, close, then take the orders by
 * time. About 40 bytes a line; SKUs and ids are kept once.
 */
enum {
    ORDER_BOOK_MAX_ID_BYTES = ID_MAX_BYTES - 7, /* so that "import:" fits before it */
    ORDER_BOOK_MAX_QUANTITY = 1000000,          /* of one line */
};

struct order_book_line {
    struct str order_id, customer_id, sku; /* customer_id empty: a guest */
    bool any_customer;                     /* the line is taken whomever it names */
    int64_t at_us, quantity, unit_price_minor;
    uint64_t file_line;
};

struct order_book;

struct order_book *order_book_new(void);
struct order_book *order_book_free(struct order_book *book);
DEFINE_AUTO(struct order_book, order_book_free)

/*
 * Copies. The order's customer and time are those of its first line; a line that names
 * another customer is not taken, then *ret_taken is false (unless @any_customer).
 */
MUST_CHECK enum err order_book_add(struct order_book *book, const struct order_book_line *line,
                                   bool *ret_taken);

/*
 * Merges the lines of an order that name one SKU (quantities added, the price their average)
 * and takes what exceeds the bounds of one event out again; both are moved in @tally from
 * accepted to merged and refused. No line may be added after.
 */
MUST_CHECK enum err order_book_close(struct order_book *book, struct csv_tally *tally);

uint32_t order_book_count(const struct order_book *book);

/*
 * The orders of a closed book by time (those of one instant in the order of the file), as
 * order_placed events without event_id, shop, currency and payload. Borrowed until the next
 * call.
 */
void order_book_event(struct order_book *book, uint32_t number, struct event *ret_event);
