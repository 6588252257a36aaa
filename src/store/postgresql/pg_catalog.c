/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgresql/pg_catalog.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "shop/catalog.h"
#include "store/postgresql/pg_queries.inc"
#include "store/product_lists.h"

enum { PIECE_BYTES = 1 << 17, COLUMNS = 15 };

struct pg_catalog {
    struct catalog_store store; /* first: a store is cast back to its adapter */
    struct pg_settings settings;
    struct pg_db *db;
    struct pg_params params;
    struct product_lists *lists;
    struct out piece; /* of the COPY under way */
    char *shop, *currency;
    int64_t number;
};

/* ── writing ─────────────────────────────────────────────────────────────────────────────── */

/* A statement whose $1 is the shop and $2, if any, the currency; only its success matters. */
static enum err run(struct pg_catalog *self, const char *sql, bool with_currency,
                    struct err_note *note)
{
    PGresult *result = NULL;
    pg_params_reset(&self->params);
    pg_add_text(&self->params, str_of(self->shop));
    if (with_currency)
        pg_add_text(&self->params, str_of(self->currency));
    TRY(pg_db_ask(self->db, sql, &self->params, self->settings.bulk_ms, &result, note));
    PQclear(result);
    return OK;
}

static void forget(struct pg_catalog *self)
{
    free(self->shop);
    free(self->currency);
    self->shop = self->currency = NULL;
    self->piece.len = 0;
}

static void rollback(struct catalog_store *store)
{
    struct pg_catalog *self = (struct pg_catalog *) store;
    pg_db_leave(self->db);
    forget(self);
}

static enum err begin_copy(struct pg_catalog *self, struct err_note *note)
{
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* no flags, no extension */
    const int bound_ms = self->settings.bulk_ms;
    TRY(pg_db_begin(self->db, "BEGIN", bound_ms, note));
    TRY(run(self, SQL_LOCK_CATALOG, false, note));
    TRY(pg_db_exec(self->db, SQL_MAKE_NEW_PRODUCTS, bound_ms, note));
    TRY(pg_db_copy_begin(self->db, SQL_COPY_NEW_PRODUCTS, bound_ms, note));
    out_bytes(&self->piece, head, sizeof head);
    return OK;
}

static enum err begin(struct catalog_store *store, struct str shop, struct str currency,
                      struct err_note *note)
{
    struct pg_catalog *self = (struct pg_catalog *) store;
    rollback(store);
    self->shop = str_dup(shop);
    self->currency = str_dup(currency);
    self->number = 0;
    enum err err = self->shop && self->currency ? begin_copy(self, note) : ERR_NOMEM;
    if (err != OK)
        rollback(store);
    return err;
}

static void put_int16(struct out *out, uint16_t value)
{
    value = htobe16(value);
    out_bytes(out, &value, sizeof value);
}

static void put_known(struct out *out, int64_t value, int64_t unknown)
{
    if (value == unknown)
        pg_element(out, (struct str){ 0 });
    else
        pg_element_int(out, value);
}

/* One row, in the order of copy_new_products.sql. */
static void put_row(struct out *out, int64_t number, const struct product *product, struct str tags,
                    struct str attrs)
{
    int64_t rating;
    memcpy(&rating, &product->rating, sizeof rating);
    put_int16(out, COLUMNS);
    pg_element_int(out, number);
    pg_element(out, product->sku);
    pg_element(out, product->name[LOCALE_JA]);
    pg_element(out, product->name[LOCALE_EN]);
    pg_element(out, product->category);
    pg_element(out, product->subcategory);
    pg_element(out, product->brand);
    pg_element(out, product->model);
    pg_element_int(out, product->price_minor);
    put_known(out, product->cost_minor, COST_UNKNOWN);
    put_known(out, product->stock, STOCK_UNKNOWN);
    pg_element_int(out, rating);
    pg_element_int(out, product->reviews);
    pg_element(out, tags);
    pg_element(out, attrs);
}

static enum err put(struct catalog_store *store, const struct product *product,
                    struct err_note *note)
{
    struct pg_catalog *self = (struct pg_catalog *) store;
    struct str tags, attrs;
    TRY(product_lists_print(self->lists, product, &tags, &attrs));
    put_row(&self->piece, ++self->number, product, tags, attrs);
    if (self->piece.failed)
        return ERR_NOMEM;
    if (self->piece.len < PIECE_BYTES)
        return OK;
    enum err err = pg_db_copy_put(self->db, out_str(&self->piece), self->settings.bulk_ms, note);
    self->piece.len = 0;
    return err;
}

static enum err replace(struct pg_catalog *self, struct err_note *note)
{
    const int bound_ms = self->settings.bulk_ms;
    put_int16(&self->piece, UINT16_MAX); /* the end */
    TRY(pg_db_copy_put(self->db, out_str(&self->piece), bound_ms, note));
    TRY(pg_db_copy_end(self->db, bound_ms, note));
    TRY(pg_db_exec(self->db, SQL_DROP_REPEATED_PRODUCTS, bound_ms, note));
    TRY(run(self, SQL_DELETE_PRODUCTS, false, note));
    TRY(run(self, SQL_TAKE_NEW_PRODUCTS, false, note));
    TRY(run(self, SQL_RAISE_CATALOG, true, note));
    return pg_db_commit(self->db, bound_ms, note);
}

static enum err commit(struct catalog_store *store, struct err_note *note)
{
    struct pg_catalog *self = (struct pg_catalog *) store;
    enum err err = replace(self, note);
    if (err != OK)
        rollback(store);
    forget(self);
    return err;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────── */

static enum err read_head(struct pg_catalog *self, struct str shop, uint64_t *ret_version,
                          char ret_currency[8], struct err_note *note)
{
    PGresult *result = NULL;
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    TRY(pg_db_run(self->db, "read_catalog", &self->params, self->settings.read_ms, &result, note));
    bool there = PQntuples(result) > 0;
    *ret_version = there ? (uint64_t) pg_int_at(result, 0, 0) : 0;
    snprintf(ret_currency, 8, "%.*s", STR_ARG(there ? pg_str_at(result, 0, 1) : STR("")));
    PQclear(result);
    return OK;
}

static enum err version(struct catalog_store *store, struct str shop, uint64_t *ret_version,
                        struct err_note *note)
{
    char currency[8];
    return read_head((struct pg_catalog *) store, shop, ret_version, currency, note);
}

static int64_t known_at(const PGresult *row, int column, int64_t unknown)
{
    return PQgetisnull(row, 0, column) ? unknown : pg_int_at(row, 0, column);
}

/* What a reading carries from row to row. */
struct loading {
    struct product_lists *lists;
    struct catalog_builder *builder;
    struct err_note *note;
};

static enum err visit_product(void *self, const PGresult *row)
{
    struct loading *loading = self;
    struct product product = {
        .sku = pg_str_at(row, 0, 0),
        .name = { [LOCALE_JA] = pg_str_at(row, 0, 1), [LOCALE_EN] = pg_str_at(row, 0, 2) },
        .category = pg_str_at(row, 0, 3),
        .subcategory = pg_str_at(row, 0, 4),
        .brand = pg_str_at(row, 0, 5),
        .model = pg_str_at(row, 0, 6),
        .price_minor = pg_int_at(row, 0, 7),
        .cost_minor = known_at(row, 8, COST_UNKNOWN),
        .stock = known_at(row, 9, STOCK_UNKNOWN),
        .rating = pg_double_at(row, 0, 10),
        .reviews = pg_int_at(row, 0, 11),
    };
    TRY(product_lists_read(loading->lists, pg_str_at(row, 0, 12), pg_str_at(row, 0, 13), &product,
                           loading->note));
    return catalog_builder_add(loading->builder, &product, loading->note);
}

static enum err load_in_transaction(struct pg_catalog *self, struct str shop,
                                    struct catalog **ret_catalog, struct err_note *note)
{
    char currency[8];
    uint64_t version_now;
    TRY(read_head(self, shop, &version_now, currency, note));
    AUTO(catalog_builder_free)
    struct catalog_builder *builder = catalog_builder_new(str_of(currency));
    if (!builder)
        return ERR_NOMEM;
    struct loading loading = { self->lists, builder, note };
    pg_params_reset(&self->params);
    pg_add_text(&self->params, shop);
    TRY(pg_db_each(self->db, "read_products", &self->params, 10 * self->settings.read_ms, &loading,
                   visit_product, note));
    return catalog_builder_seal(builder, ret_catalog);
}

static enum err load(struct catalog_store *store, struct str shop, struct catalog **ret_catalog,
                     struct err_note *note)
{
    struct pg_catalog *self = (struct pg_catalog *) store;
    struct catalog *catalog = NULL;
    TRY(pg_db_begin(self->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                    self->settings.read_ms, note)); /* one state of both tables */
    enum err err = load_in_transaction(self, shop, &catalog, note);
    if (err == OK)
        *ret_catalog = catalog; /* read stays read, whatever becomes of the connection */
    if (err != OK || pg_db_commit(self->db, self->settings.read_ms, NULL) != OK)
        pg_db_leave(self->db);
    return err;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static void close_store(struct catalog_store *store)
{
    struct pg_catalog *self = (struct pg_catalog *) store;
    if (!self)
        return;
    forget(self);
    pg_db_free(self->db);
    pg_params_deinit(&self->params);
    pg_settings_deinit(&self->settings);
    product_lists_free(self->lists);
    out_deinit(&self->piece);
    free(self);
}

static enum err open_db(struct pg_catalog *self, const struct pg_settings *settings,
                        struct err_note *note)
{
    static const struct pg_statement statements[] = {
        { "read_catalog", SQL_READ_CATALOG },
        { "read_products", SQL_READ_PRODUCTS },
    };
    TRY(pg_settings_copy(settings, &self->settings));
    /* A COPY is one statement, as long as whoever reads the file takes for it. */
    const struct pg_db_use use = { .statements = statements,
                                   .n_statements = sizeof statements / sizeof *statements,
                                   .statement_ms = 10 * self->settings.bulk_ms };
    return pg_db_new(&self->settings, &use, &self->db, note);
}

enum err pg_catalog_new(const struct pg_settings *settings, struct catalog_store **ret_store,
                        struct err_note *note)
{
    struct pg_catalog *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->store =
        (struct catalog_store){ begin, put, commit, rollback, version, load, close_store };
    pg_params_init(&self->params);
    out_init(&self->piece, NULL, 0);
    self->lists = product_lists_new();
    enum err err = self->lists ? open_db(self, settings, note) : ERR_NOMEM;
    if (err != OK) {
        close_store(&self->store);
        return err;
    }
    *ret_store = &self->store;
    return OK;
}
