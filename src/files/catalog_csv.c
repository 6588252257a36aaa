/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header tells which column is which; a row becomes a struct product on the stack, borrowed
 * from the row, and goes into the builder, which copies. What is wrong with a row is said with
 * the first fault found in it.
 */
#include "files/catalog_csv.h"

#include <stdlib.h>

#include "files/csv_columns.h"
#include "files/orders_csv.h"
#include "shop/catalog.h"

enum column {
    COLUMN_SKU,
    COLUMN_PRICE,
    COLUMN_NAME,
    COLUMN_NAME_JA,
    COLUMN_NAME_EN,
    COLUMN_COST,
    COLUMN_CATEGORY,
    COLUMN_SUBCATEGORY,
    COLUMN_BRAND,
    COLUMN_MODEL,
    COLUMN_STOCK,
    COLUMN_RATING,
    COLUMN_REVIEWS,
    COLUMN_TAGS,
    COLUMNS
};

static const struct csv_meaning meanings[COLUMNS] = {
    [COLUMN_SKU] = { { "sku", "StockCode", "id" }, true },
    [COLUMN_PRICE] = { { "price", "list_price", "unit_price", "price_median" }, true },
    [COLUMN_NAME] = { { "name", "title", "description" } },
    [COLUMN_NAME_JA] = { { "name_ja" } },
    [COLUMN_NAME_EN] = { { "name_en" } },
    [COLUMN_COST] = { { "cost", "standard_cost" } },
    [COLUMN_CATEGORY] = { { "category" } },
    [COLUMN_SUBCATEGORY] = { { "subcategory" } },
    [COLUMN_BRAND] = { { "brand" } },
    [COLUMN_MODEL] = { { "model" } },
    [COLUMN_STOCK] = { { "stock" } },
    [COLUMN_RATING] = { { "rating" } },
    [COLUMN_REVIEWS] = { { "reviews" } },
    [COLUMN_TAGS] = { { "tags" } },
};

struct catalog_csv {
    const struct csv_money *money;
    const struct csv_progress *progress;
    struct csv_tally *tally;
    struct catalog_builder *builder;
    uint32_t columns[COLUMNS];
    uint32_t n_columns;
    uint32_t attr_columns[PRODUCT_MAX_ATTRS];
    char *attr_names[PRODUCT_MAX_ATTRS];
    uint32_t n_attrs;
};

/* ── header ─────────────────────────────────────────────────────────────────────────────── */

static bool has_meaning(const struct catalog_csv *self, uint32_t column)
{
    for (int i = 0; i < COLUMNS; i++)
        if (self->columns[i] == column)
            return true;
    return false;
}

bool catalog_csv_is_header(const struct csv_row *header)
{
    return csv_column_of(header, &meanings[COLUMN_SKU]) != CSV_NO_COLUMN &&
           csv_column_of(header, &meanings[COLUMN_PRICE]) != CSV_NO_COLUMN;
}

/* Orders have a SKU and a price in each line, too: they would pass for products. */
static enum err refuse_orders(const struct csv_row *header, struct err_note *note)
{
    struct str own[2];
    if (!orders_csv_is_header(header, own))
        return OK;
    return err_fail(note, ERR_INPUT,
                    "these are orders (the header has %.*s and %.*s), not a catalogue; "
                    "`offerd import --orders FILE` takes them",
                    STR_ARG(own[0]), STR_ARG(own[1]));
}

static enum err on_header(void *self_, const struct csv_row *header, struct err_note *note)
{
    struct catalog_csv *self = self_;
    TRY(refuse_orders(header, note));
    TRY(csv_columns_find(header, meanings, COLUMNS, self->columns, note));
    self->n_columns = header->n_fields;
    for (uint32_t i = 0; i < header->n_fields; i++) {
        if (has_meaning(self, i))
            continue;
        if (self->n_attrs == PRODUCT_MAX_ATTRS)
            return err_fail(
                note, ERR_INPUT,
                "the header has more than %d attribute columns ('%.*s' is one too many)",
                PRODUCT_MAX_ATTRS, STR_ARG(header->fields[i]));
        char *name = str_dup(header->fields[i]);
        if (!name)
            return ERR_NOMEM;
        self->attr_names[self->n_attrs] = name;
        self->attr_columns[self->n_attrs++] = i;
    }
    return OK;
}

/* ── a row ──────────────────────────────────────────────────────────────────────────────── */

struct fault {
    const char *reason; /* NULL: none */
    struct str value;
    bool other_currency;
    uint32_t rounded; /* amounts */
    bool oversold;
};

static struct str field(const struct catalog_csv *self, const struct csv_row *row,
                        enum column column)
{
    return csv_field(row, self->columns[column]);
}

static struct str either(struct str first, struct str second)
{
    return first.len ? first : second;
}

static void fail(struct fault *fault, const char *reason, struct str value)
{
    if (fault->reason)
        return;
    fault->reason = reason;
    fault->value = value;
}

static int64_t read_amount(const struct catalog_csv *self, struct str text, const char *bad,
                           struct fault *fault)
{
    int64_t minor = 0;
    switch (csv_read_money(text, self->money, &minor)) {
    case CSV_MONEY_READ: break;
    case CSV_MONEY_ROUNDED: fault->rounded++; break;
    case CSV_MONEY_BAD: fail(fault, bad, text); break;
    case CSV_MONEY_OTHER_CURRENCY:
        *fault = (struct fault){ .reason = bad, .value = text, .other_currency = true };
        break;
    }
    return minor;
}

static void read_numbers(const struct catalog_csv *self, const struct csv_row *row,
                         struct product *product, struct fault *fault)
{
    struct str price = field(self, row, COLUMN_PRICE), cost = field(self, row, COLUMN_COST);
    struct str stock = field(self, row, COLUMN_STOCK), rating = field(self, row, COLUMN_RATING);
    struct str reviews = field(self, row, COLUMN_REVIEWS);

    if (price.len == 0)
        fail(fault, "has no price", price);
    else
        product->price_minor = read_amount(self, price, "has a price that is not an amount", fault);
    product->cost_minor = COST_UNKNOWN;
    if (cost.len)
        product->cost_minor = read_amount(self, cost, "has a cost that is not an amount", fault);
    product->stock = STOCK_UNKNOWN;
    if (stock.len && !str_to_int64(stock, &product->stock))
        fail(fault, "has a stock that is not a whole number", stock);
    else if (stock.len && product->stock < 0) {
        product->stock = 0;
        fault->oversold = true;
    }
    if (rating.len &&
        (!csv_read_number(rating, &product->rating) || product->rating < 0 || product->rating > 5))
        fail(fault, "has a rating that is not a number from 0 to 5", rating);
    if (reviews.len && (!str_to_int64(reviews, &product->reviews) || product->reviews < 0))
        fail(fault, "has a number of reviews that is not a whole number", reviews);
}

/* Splits at '|'; empty ones are passed over. The number of tags, or one more than fit. */
static uint32_t read_tags(struct str text, struct str *tags)
{
    uint32_t n = 0;
    while (text.len) {
        const char *end = memchr(text.at, '|', text.len);
        struct str tag = { text.at, end ? (size_t) (end - text.at) : text.len };
        text.at += tag.len + (end != NULL);
        text.len -= tag.len + (end != NULL);
        while (tag.len && tag.at[0] == ' ') {
            tag.at++;
            tag.len--;
        }
        while (tag.len && tag.at[tag.len - 1] == ' ')
            tag.len--;
        if (tag.len == 0)
            continue;
        if (n == PRODUCT_MAX_TAGS)
            return PRODUCT_MAX_TAGS + 1;
        tags[n++] = tag;
    }
    return n;
}

static uint32_t read_attrs(const struct catalog_csv *self, const struct csv_row *row,
                           struct attr *attrs)
{
    for (uint32_t i = 0; i < self->n_attrs; i++) {
        struct str text = row->fields[self->attr_columns[i]];
        attrs[i] = (struct attr){ .name = str_of(self->attr_names[i]), .text = text };
        attrs[i].is_number = csv_read_number(text, &attrs[i].number);
    }
    return self->n_attrs;
}

static enum err refuse(struct catalog_csv *self, const struct csv_row *row, const char *reason,
                       struct str value)
{
    csv_tally_refuse(self->tally, row->line, reason, value, row->text);
    return OK;
}

static enum err on_row(void *self_, const struct csv_row *row, struct err_note *note)
{
    struct catalog_csv *self = self_;
    self->tally->read++;
    if (row->fault)
        return refuse(self, row, row->fault, (struct str){ 0 });
    if (row->n_fields != self->n_columns)
        return refuse(self, row,
                      row->n_fields < self->n_columns ? "has fewer fields than the header"
                                                      : "has more fields than the header",
                      (struct str){ 0 });

    struct str name = field(self, row, COLUMN_NAME);
    struct str tags[PRODUCT_MAX_TAGS];
    struct attr attrs[PRODUCT_MAX_ATTRS];
    struct product product = {
        .sku = field(self, row, COLUMN_SKU),
        .name = { [LOCALE_JA] = either(field(self, row, COLUMN_NAME_JA), name),
                  [LOCALE_EN] = either(field(self, row, COLUMN_NAME_EN), name) },
        .category = field(self, row, COLUMN_CATEGORY),
        .subcategory = field(self, row, COLUMN_SUBCATEGORY),
        .brand = field(self, row, COLUMN_BRAND),
        .model = field(self, row, COLUMN_MODEL),
        .tags = tags,
        .n_tags = read_tags(field(self, row, COLUMN_TAGS), tags),
        .attrs = attrs,
        .n_attrs = read_attrs(self, row, attrs),
    };
    struct fault fault = { .reason = csv_read_id(product.sku, "has no SKU",
                                                 "has a SKU that is too "
                                                 "long or holds control characters"),
                           .value = product.sku };
    read_numbers(self, row, &product, &fault);
    if (product.n_tags > PRODUCT_MAX_TAGS)
        fail(&fault, "has more tags than are kept (32)", (struct str){ 0 });
    if (fault.other_currency)
        return csv_money_fail(fault.value, self->money, row->line, note);
    if (fault.reason)
        return refuse(self, row, fault.reason, fault.value);
    TRY(catalog_builder_add(self->builder, &product, note));
    self->tally->rounded += fault.rounded;
    if (fault.oversold && self->tally->oversold++ == 0)
        self->tally->first_oversold = row->line;
    self->tally->accepted++;
    return OK;
}

/* ── the file ───────────────────────────────────────────────────────────────────────────── */

static enum err read_with(struct catalog_csv *self, const char *path, struct str bytes,
                          struct catalog **ret_catalog, struct err_note *note)
{
    const struct csv_visitor visitor = {
        .self = self, .header = on_header, .row = on_row, .progress = self->progress
    };
    if (path)
        TRY(csv_read_file(path, &visitor, &self->tally->file, note));
    else
        TRY(csv_read_bytes(bytes, SIZE_MAX, &visitor, &self->tally->file, note));
    TRY(catalog_builder_seal(self->builder, ret_catalog));
    uint64_t products = catalog_count(*ret_catalog);
    self->tally->merged = self->tally->accepted - products;
    self->tally->accepted = products;
    return OK;
}

static enum err read_any(const char *path, struct str bytes, const struct csv_money *money,
                         const struct csv_progress *progress, struct csv_tally *tally,
                         struct catalog **ret_catalog, struct err_note *note)
{
    AUTO(catalog_builder_free)
    struct catalog_builder *builder = catalog_builder_new(money->currency);
    struct catalog_csv *self = calloc(1, sizeof *self);
    if (!builder || !self) {
        free(self);
        return ERR_NOMEM;
    }
    self->money = money;
    self->progress = progress;
    self->tally = tally;
    self->builder = builder;
    enum err err = read_with(self, path, bytes, ret_catalog, note);
    for (uint32_t i = 0; i < self->n_attrs; i++)
        free(self->attr_names[i]);
    free(self);
    return err;
}

enum err catalog_csv_read(const char *path, const struct csv_money *money,
                          const struct csv_progress *progress, struct csv_tally *tally,
                          struct catalog **ret_catalog, struct err_note *note)
{
    return read_any(path, (struct str){ 0 }, money, progress, tally, ret_catalog, note);
}

enum err catalog_csv_read_bytes(struct str bytes, const struct csv_money *money,
                                struct csv_tally *tally, struct catalog **ret_catalog,
                                struct err_note *note)
{
    return read_any(NULL, bytes, money, NULL, tally, ret_catalog, note);
}
