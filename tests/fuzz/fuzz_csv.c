/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CSV file from anywhere: as a catalogue and as an order history. The first byte chooses the
 * size of the pieces in which the reader gets the rest, whose result may not depend on it.
 * Besides crashes this looks for rows that get lost: every one is accepted, merged or refused.
 */
#include <stdint.h>
#include <stdlib.h>

#include "files/catalog_csv.h"
#include "files/order_book.h"
#include "files/orders_csv.h"
#include "shop/catalog.h"
#include "shop/order_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct sum {
    uint64_t rows, hash;
};

static enum err add_row(void *self, const struct csv_row *row, struct err_note *note)
{
    struct sum *sum = self;
    (void) note;
    sum->rows++;
    sum->hash = sum->hash * 31 + row->line * 7 + str_hash(row->text) + (row->fault != NULL);
    for (uint32_t i = 0; i < row->n_fields && i < CSV_MAX_COLUMNS; i++)
        sum->hash = sum->hash * 31 + str_hash(row->fields[i]);
    return OK;
}

static void read_rows(struct str text, size_t piece)
{
    struct sum whole = { 0 }, pieces = { 0 };
    struct csv_visitor visitor = { &whole, add_row, add_row, NULL };
    enum err err = csv_read_bytes(text, SIZE_MAX, &visitor, NULL, NULL);
    visitor.self = &pieces;
    /* What the first piece decides (the BOM, the kind of line end) is left to the whole. */
    if (text.len > 0 && !memchr(text.at, '\r', text.len) && text.at[0] != '\xef') {
        must(csv_read_bytes(text, piece, &visitor, NULL, NULL) == err);
        must(whole.rows == pieces.rows && whole.hash == pieces.hash);
    }
}

static void check_tally(const struct csv_tally *tally)
{
    must(tally->read == tally->accepted + tally->merged + csv_tally_refused(tally));
}

static void read_catalog(struct str text)
{
    const struct csv_money money = { STR("USD"), false };
    struct csv_tally tally = { 0 };
    struct catalog *catalog = NULL;
    if (catalog_csv_read_bytes(text, &money, &tally, &catalog, NULL) != OK)
        return;
    check_tally(&tally);
    must(tally.accepted == catalog_count(catalog));
    (void) catalog_unref(catalog);
}

static void read_orders(struct str text)
{
    const struct orders_csv_settings settings = { { STR("USD"), false }, NULL };
    struct csv_tally tally = { 0 };
    struct order_book *book = NULL;
    struct out text_out;
    struct err_note note;
    out_init(&text_out, NULL, 64);
    if (orders_csv_read_bytes(text, &settings, &tally, &text_out, &book, &note) == OK) {
        uint64_t lines = 0;
        check_tally(&tally);
        for (uint32_t i = 0; i < order_book_count(book); i++) {
            struct event event;
            order_book_event(book, i, &event);
            must(event.order.n_lines > 0 && event.order.n_lines <= EVENT_MAX_LINES);
            lines += event.order.n_lines;
            text_out.len = 0;
            text_out.comma = false;
            order_payload_print(&text_out, &event);
            must(text_out.len <= EVENT_MAX_BYTES);
        }
        must(lines == tally.accepted);
    }
    out_deinit(&text_out);
    (void) order_book_free(book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str text = { (const char *) data + 1, size - 1 };
    read_rows(text, 1 + data[0] % 64);
    read_catalog(text);
    read_orders(text);
    return 0;
}
