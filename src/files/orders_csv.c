/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row becomes an order_book_line, or is refused with the first thing that is wrong with it.
 * What a shop's export holds besides orders (returns, corrections, gifts) is named as such.
 */
#include "files/orders_csv.h"

#include <stdlib.h>
#include <string.h>

#include "files/catalog_csv.h"
#include "files/csv_columns.h"
#include "files/order_book.h"

enum column {
    COLUMN_ORDER,
    COLUMN_AT,
    COLUMN_SKU,
    COLUMN_QUANTITY,
    COLUMN_PRICE,
    COLUMN_CUSTOMER,
    COLUMN_LINE,
    COLUMNS
};

static const struct csv_meaning meanings[COLUMNS] = {
    [COLUMN_ORDER] = { { "order_id", "InvoiceNo", "invoice" }, true },
    [COLUMN_AT] = { { "ordered_at", "InvoiceDate" }, true },
    [COLUMN_SKU] = { { "sku", "StockCode" }, true },
    [COLUMN_QUANTITY] = { { "quantity" }, true },
    [COLUMN_PRICE] = { { "unit_price", "price" }, true },
    [COLUMN_CUSTOMER] = { { "customer_id" } },
    [COLUMN_LINE] = { { "line_no" } },
};

struct orders_csv {
    const struct orders_csv_settings *settings;
    struct csv_tally *tally;
    struct order_book *book;
    struct out *ignored;
    uint32_t columns[COLUMNS];
    uint32_t n_columns;
};

bool orders_csv_is_header(const struct csv_row *header, struct str ret_own[2])
{
    static const enum column own[] = { COLUMN_ORDER, COLUMN_CUSTOMER, COLUMN_AT, COLUMN_QUANTITY,
                                       COLUMN_LINE };
    int found = 0, certain = 0; /* the last two may be a product's as well */
    for (int i = 0; i < (int) (sizeof own / sizeof *own); i++) {
        uint32_t column = csv_column_of(header, &meanings[own[i]]);
        if (column == CSV_NO_COLUMN)
            continue;
        if (found < 2)
            ret_own[found] = header->fields[column];
        found++;
        certain += i < 3;
    }
    return certain > 0 && found > 1;
}

static enum err refuse_catalog(const struct csv_row *header, struct err_note *note)
{
    for (int i = COLUMN_ORDER; i <= COLUMN_AT; i++)
        if (csv_column_of(header, &meanings[i]) != CSV_NO_COLUMN)
            return OK;
    if (!catalog_csv_is_header(header))
        return OK;
    return err_fail(note, ERR_INPUT,
                    "this is a catalogue (the header has a SKU and a price, but no order_id and no "
                    "ordered_at), not orders; `offerd import --catalog FILE` takes it");
}

static enum err on_header(void *self_, const struct csv_row *header, struct err_note *note)
{
    struct orders_csv *self = self_;
    struct csv_meaning wanted[COLUMNS];
    TRY(refuse_catalog(header, note));
    memcpy(wanted, meanings, sizeof wanted);
    if (self->settings->baskets_only)
        wanted[COLUMN_AT].required = wanted[COLUMN_QUANTITY].required =
            wanted[COLUMN_PRICE].required = false;
    TRY(csv_columns_find(header, wanted, COLUMNS, self->columns, note));
    self->n_columns = header->n_fields;
    for (uint32_t i = 0; i < header->n_fields; i++) {
        bool known = false;
        for (int k = 0; k < COLUMNS; k++)
            known |= self->columns[k] == i;
        if (known)
            continue;
        if (self->ignored->len)
            out_text(self->ignored, STR(", "));
        out_text(self->ignored, header->fields[i]);
    }
    return OK;
}

static const char returned[] =
    "has a negative quantity: a cancellation or return, not an order line";

static const char *read_quantity(struct str text, int64_t *ret_quantity)
{
    if (!str_to_int64(text, ret_quantity))
        return "has a quantity that is not a whole number";
    if (*ret_quantity < 0)
        return returned;
    if (*ret_quantity == 0)
        return "has a quantity of zero";
    if (*ret_quantity > ORDER_BOOK_MAX_QUANTITY)
        return "has a quantity over 1,000,000";
    return NULL;
}

struct reading {
    struct order_book_line line;
    const char *reason; /* NULL: fine */
    struct str value;
    bool other_currency, rounded;
};

static const char *read_price(const struct csv_money *money, struct str text,
                              struct reading *reading)
{
    int64_t *ret_minor = &reading->line.unit_price_minor;
    struct str positive = text;
    if (str_starts_with(text, STR("-"))) {
        positive.at++;
        positive.len--;
    }
    switch (csv_read_money(positive, money, ret_minor)) {
    case CSV_MONEY_READ: break;
    case CSV_MONEY_ROUNDED: reading->rounded = true; break;
    case CSV_MONEY_BAD: return "has a unit price that is not an amount";
    case CSV_MONEY_OTHER_CURRENCY:
        reading->other_currency = true;
        return "has a unit price that is not an amount";
    }
    if (positive.len < text.len)
        return "has a negative unit price: a correction, not an order line";
    if (*ret_minor == 0)
        return "has a unit price of zero: a gift or a correction, not an order line";
    return NULL;
}

static void judge(struct reading *reading, const char *reason, struct str value)
{
    if (reading->reason || !reason)
        return;
    reading->reason = reason;
    reading->value = value;
}

static void read_amounts(struct orders_csv *self, const struct csv_row *row,
                         struct reading *reading)
{
    struct str quantity = csv_field(row, self->columns[COLUMN_QUANTITY]);
    struct str price = csv_field(row, self->columns[COLUMN_PRICE]);
    if (self->settings->baskets_only) {
        reading->line.quantity = 1;
        reading->line.any_customer = true;
        judge(reading, str_starts_with(quantity, STR("-")) ? returned : NULL, quantity);
        return;
    }
    judge(reading, read_quantity(quantity, &reading->line.quantity), quantity);
    judge(reading, read_price(&self->settings->money, price, reading), price);
}

static void read_fields(struct orders_csv *self, const struct csv_row *row, struct reading *reading)
{
    const uint32_t *columns = self->columns;
    struct str at = csv_field(row, columns[COLUMN_AT]);
    bool needs_time = at.len || !self->settings->baskets_only;
    reading->line.order_id = csv_field(row, columns[COLUMN_ORDER]);
    reading->line.customer_id = csv_field(row, columns[COLUMN_CUSTOMER]);
    reading->line.sku = csv_field(row, columns[COLUMN_SKU]);

    judge(reading,
          csv_read_id(reading->line.order_id, "has no order id",
                      "has an order id that is too long or holds control characters"),
          reading->line.order_id);
    if (reading->line.order_id.len > ORDER_BOOK_MAX_ID_BYTES)
        judge(reading, "has an order id that is too long or holds control characters",
              reading->line.order_id);
    judge(reading,
          csv_read_id(reading->line.sku, "has no SKU",
                      "has a SKU that is too long or holds control characters"),
          reading->line.sku);
    if (reading->line.customer_id.len)
        judge(reading,
              csv_read_id(reading->line.customer_id, NULL,
                          "has a customer id that is too long or holds control characters"),
              reading->line.customer_id);
    if (needs_time && (!csv_read_instant(at, self->settings->zone, &reading->line.at_us) ||
                       reading->line.at_us <= 0))
        judge(reading, "has a date that is not like 2026-11-21T10:30:00 or 2026-11-21", at);
    read_amounts(self, row, reading);
}

static enum err on_row(void *self_, const struct csv_row *row, struct err_note *note)
{
    struct orders_csv *self = self_;
    struct reading reading = { .line.file_line = row->line, .reason = row->fault };
    self->tally->read++;
    if (!row->fault && row->n_fields != self->n_columns)
        judge(&reading,
              row->n_fields < self->n_columns ? "has fewer fields than the header"
                                              : "has more fields than the header",
              (struct str){ 0 });
    if (!reading.reason)
        read_fields(self, row, &reading);
    if (reading.other_currency)
        return csv_money_fail(csv_field(row, self->columns[COLUMN_PRICE]), &self->settings->money,
                              row->line, note);
    if (!reading.reason) {
        bool taken = false;
        TRY(order_book_add(self->book, &reading.line, &taken));
        if (!taken)
            judge(&reading, "names another customer than the lines of its order before it",
                  reading.line.customer_id);
    }
    if (reading.reason)
        csv_tally_refuse(self->tally, row->line, reading.reason, reading.value, row->text);
    else
        self->tally->accepted++;
    self->tally->rounded += reading.rounded && !reading.reason;
    return OK;
}

/* ── the file ───────────────────────────────────────────────────────────────────────────── */

static enum err read_any(const char *path, struct str bytes,
                         const struct orders_csv_settings *settings,
                         const struct csv_progress *progress, struct csv_tally *tally,
                         struct out *ret_ignored, struct order_book **ret_book,
                         struct err_note *note)
{
    AUTO(order_book_free) struct order_book *book = order_book_new();
    if (!book)
        return ERR_NOMEM;
    struct orders_csv self = {
        .settings = settings, .tally = tally, .book = book, .ignored = ret_ignored
    };
    const struct csv_visitor visitor = {
        .self = &self, .header = on_header, .row = on_row, .progress = progress
    };
    if (path)
        TRY(csv_read_file(path, &visitor, &tally->file, note));
    else
        TRY(csv_read_bytes(bytes, SIZE_MAX, &visitor, &tally->file, note));
    TRY(order_book_close(book, tally));
    *ret_book = MOVE(book);
    return OK;
}

enum err orders_csv_read(const char *path, const struct orders_csv_settings *settings,
                         const struct csv_progress *progress, struct csv_tally *tally,
                         struct out *ret_ignored, struct order_book **ret_book,
                         struct err_note *note)
{
    return read_any(path, (struct str){ 0 }, settings, progress, tally, ret_ignored, ret_book,
                    note);
}

enum err orders_csv_read_bytes(struct str bytes, const struct orders_csv_settings *settings,
                               struct csv_tally *tally, struct out *ret_ignored,
                               struct order_book **ret_book, struct err_note *note)
{
    return read_any(NULL, bytes, settings, NULL, tally, ret_ignored, ret_book, note);
}
