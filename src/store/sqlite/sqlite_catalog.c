/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/sqlite_catalog.h"

#include <stdio.h>
#include <stdlib.h>

#include "shop/catalog.h"
#include "store/product_lists.h"
#include "store/sqlite/sqlite_db.h"

struct sqlite_catalog {
    struct catalog_store store; /* first: a store is cast back to its adapter */
    sqlite3 *db;
    sqlite3_stmt *insert;
    char *shop; /* of the replacement under way, or NULL */
    struct product_lists *lists;
};

/* ── writing ─────────────────────────────────────────────────────────────────────────────── */

/* Runs @sql, whose only parameters are ?1 (shop) and ?2 (a text, or absent). */
static enum err run_for_shop(struct sqlite_catalog *self, const char *sql, struct str shop,
                             struct str text, struct err_note *note)
{
    sqlite3_stmt *stmt = NULL;
    TRY(sqlite_db_prepare(self->db, sql, &stmt, note));
    bool done = sqlite_bind_str(stmt, 1, shop) && (!text.at || sqlite_bind_str(stmt, 2, text)) &&
                sqlite3_step(stmt) == SQLITE_DONE;
    enum err err = done ? OK : sqlite_db_fail(self->db, "catalogue", note);
    sqlite3_finalize(stmt);
    return err;
}

static void rollback(struct catalog_store *store)
{
    struct sqlite_catalog *self = (struct sqlite_catalog *) store;
    sqlite_db_rollback(self->db);
    free(self->shop);
    self->shop = NULL;
}

static enum err clear(struct sqlite_catalog *self, struct str shop, struct str currency,
                      struct err_note *note)
{
    TRY(run_for_shop(self, "DELETE FROM products WHERE shop = ?1", shop, (struct str){ 0 }, note));
    return run_for_shop(self,
                        "INSERT INTO catalogs (shop, currency, version) VALUES (?1, ?2, 1) "
                        "ON CONFLICT (shop) DO UPDATE SET currency = ?2, version = version + 1",
                        shop, currency, note);
}

static enum err begin(struct catalog_store *store, struct str shop, struct str currency,
                      struct err_note *note)
{
    struct sqlite_catalog *self = (struct sqlite_catalog *) store;
    rollback(store);
    self->shop = str_dup(shop);
    if (!self->shop)
        return ERR_NOMEM;
    enum err err = sqlite_db_exec(self->db, "BEGIN IMMEDIATE", note);
    if (err == OK)
        err = clear(self, shop, currency, note);
    if (err != OK)
        rollback(store);
    return err;
}

static bool bind_known(sqlite3_stmt *stmt, int at, int64_t value, int64_t unknown)
{
    return (value == unknown ? sqlite3_bind_null(stmt, at) : sqlite3_bind_int64(stmt, at, value)) ==
           SQLITE_OK;
}

static bool bind_product(sqlite3_stmt *stmt, struct str shop, const struct product *product,
                         struct str tags, struct str attrs)
{
    return sqlite_bind_str(stmt, 1, shop) && sqlite_bind_str(stmt, 2, product->sku) &&
           sqlite_bind_str(stmt, 3, product->name[LOCALE_JA]) &&
           sqlite_bind_str(stmt, 4, product->name[LOCALE_EN]) &&
           sqlite_bind_str(stmt, 5, product->category) &&
           sqlite_bind_str(stmt, 6, product->subcategory) &&
           sqlite_bind_str(stmt, 7, product->brand) && sqlite_bind_str(stmt, 8, product->model) &&
           sqlite3_bind_int64(stmt, 9, product->price_minor) == SQLITE_OK &&
           bind_known(stmt, 10, product->cost_minor, COST_UNKNOWN) &&
           bind_known(stmt, 11, product->stock, STOCK_UNKNOWN) &&
           sqlite3_bind_double(stmt, 12, product->rating) == SQLITE_OK &&
           sqlite3_bind_int64(stmt, 13, product->reviews) == SQLITE_OK &&
           sqlite_bind_str(stmt, 14, tags) && sqlite_bind_str(stmt, 15, attrs);
}

static enum err put(struct catalog_store *store, const struct product *product,
                    struct err_note *note)
{
    struct sqlite_catalog *self = (struct sqlite_catalog *) store;
    struct str tags, attrs;
    TRY(product_lists_print(self->lists, product, &tags, &attrs));
    bool done = bind_product(self->insert, str_of(self->shop), product, tags, attrs) &&
                sqlite3_step(self->insert) == SQLITE_DONE;
    enum err err = done ? OK : sqlite_db_fail(self->db, "catalogue", note);
    sqlite3_reset(self->insert);
    return err;
}

static enum err commit(struct catalog_store *store, struct err_note *note)
{
    struct sqlite_catalog *self = (struct sqlite_catalog *) store;
    enum err err = sqlite_db_exec(self->db, "COMMIT", note);
    rollback(store); /* after a commit: only the name of the shop */
    return err;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────── */

static enum err read_head(struct sqlite_catalog *self, struct str shop, uint64_t *ret_version,
                          char ret_currency[8], struct err_note *note)
{
    sqlite3_stmt *stmt = NULL;
    TRY(sqlite_db_prepare(self->db, "SELECT version, currency FROM catalogs WHERE shop = ?1", &stmt,
                          note));
    int step = sqlite_bind_str(stmt, 1, shop) ? sqlite3_step(stmt) : SQLITE_ERROR;
    if (step == SQLITE_ROW) {
        *ret_version = (uint64_t) sqlite3_column_int64(stmt, 0);
        snprintf(ret_currency, 8, "%s", (const char *) sqlite3_column_text(stmt, 1));
    } else if (step == SQLITE_DONE) {
        *ret_version = 0;
        ret_currency[0] = '\0';
    }
    enum err err = step == SQLITE_ROW || step == SQLITE_DONE
                       ? OK
                       : sqlite_db_fail(self->db, "catalogue", note);
    sqlite3_finalize(stmt);
    return err;
}

static enum err version(struct catalog_store *store, struct str shop, uint64_t *ret_version,
                        struct err_note *note)
{
    char currency[8];
    return read_head((struct sqlite_catalog *) store, shop, ret_version, currency, note);
}

static int64_t column_known(sqlite3_stmt *stmt, int at, int64_t unknown)
{
    return sqlite3_column_type(stmt, at) == SQLITE_NULL ? unknown : sqlite3_column_int64(stmt, at);
}

static enum err read_product(sqlite3_stmt *stmt, struct product_lists *lists,
                             struct catalog_builder *builder, struct err_note *note)
{
    struct product product = {
        .sku = sqlite_column_str(stmt, 0),
        .name = { [LOCALE_JA] = sqlite_column_str(stmt, 1),
                  [LOCALE_EN] = sqlite_column_str(stmt, 2) },
        .category = sqlite_column_str(stmt, 3),
        .subcategory = sqlite_column_str(stmt, 4),
        .brand = sqlite_column_str(stmt, 5),
        .model = sqlite_column_str(stmt, 6),
        .price_minor = sqlite3_column_int64(stmt, 7),
        .cost_minor = column_known(stmt, 8, COST_UNKNOWN),
        .stock = column_known(stmt, 9, STOCK_UNKNOWN),
        .rating = sqlite3_column_double(stmt, 10),
        .reviews = sqlite3_column_int64(stmt, 11),
    };
    TRY(product_lists_read(lists, sqlite_column_str(stmt, 12), sqlite_column_str(stmt, 13),
                           &product, note));
    return catalog_builder_add(builder, &product, note);
}

static enum err read_products(struct sqlite_catalog *self, struct str shop,
                              struct catalog_builder *builder, struct err_note *note)
{
    sqlite3_stmt *stmt = NULL;
    enum err err = sqlite_db_prepare(
        self->db,
        "SELECT sku, name_ja, name_en, category, subcategory, brand, model, price_minor, "
        "cost_minor, stock, rating, reviews, tags, attributes "
        "FROM products WHERE shop = ?1 ORDER BY number",
        &stmt, note);
    if (err == OK && !sqlite_bind_str(stmt, 1, shop))
        err = sqlite_db_fail(self->db, "catalogue", note);
    int step = SQLITE_DONE;
    while (err == OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        err = read_product(stmt, self->lists, builder, note);
    }
    if (err == OK && step != SQLITE_DONE)
        err = sqlite_db_fail(self->db, "catalogue", note);
    sqlite3_finalize(stmt);
    return err;
}

static enum err load_in_transaction(struct sqlite_catalog *self, struct str shop,
                                    struct catalog **ret_catalog, struct err_note *note)
{
    uint64_t seen = 0;
    char currency[8];
    TRY(read_head(self, shop, &seen, currency, note));
    AUTO(catalog_builder_free)
    struct catalog_builder *builder = catalog_builder_new(str_of(currency));
    if (!builder)
        return ERR_NOMEM;
    TRY(read_products(self, shop, builder, note));
    return catalog_builder_seal(builder, ret_catalog);
}

static enum err load(struct catalog_store *store, struct str shop, struct catalog **ret_catalog,
                     struct err_note *note)
{
    struct sqlite_catalog *self = (struct sqlite_catalog *) store;
    TRY(sqlite_db_exec(self->db, "BEGIN", note)); /* one state of both tables */
    enum err err = load_in_transaction(self, shop, ret_catalog, note);
    sqlite_db_rollback(self->db);
    return err;
}

/* ── lifetime ────────────────────────────────────────────────────────────────────────────── */

static void close_store(struct catalog_store *store)
{
    struct sqlite_catalog *self = (struct sqlite_catalog *) store;
    if (!self)
        return;
    if (self->db)
        rollback(store);
    sqlite3_finalize(self->insert);
    sqlite_db_close(self->db);
    product_lists_free(self->lists);
    free(self);
}

enum err sqlite_catalog_new(const char *directory, struct catalog_store **ret_store,
                            struct err_note *note)
{
    struct sqlite_catalog *self = calloc(1, sizeof *self);
    if (!self)
        return ERR_NOMEM;
    self->store =
        (struct catalog_store){ begin, put, commit, rollback, version, load, close_store };
    self->lists = product_lists_new();
    enum err err = self->lists ? sqlite_db_open(directory, &self->db, note) : ERR_NOMEM;
    if (err == OK)
        err = sqlite_db_prepare(
            self->db,
            "INSERT OR REPLACE INTO products (shop, sku, name_ja, name_en, category, subcategory, "
            "brand, model, price_minor, cost_minor, stock, rating, reviews, tags, attributes) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            &self->insert, note);
    if (err != OK) {
        close_store(&self->store);
        return err;
    }
    *ret_store = &self->store;
    return OK;
}
