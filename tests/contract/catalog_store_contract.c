/* SPDX-License-Identifier: Apache-2.0 */
/* What ports/catalog_store.h promises, asked of the fake, the SQLite and the PostgreSQL store alike. */
#include <stdio.h>
#include <unistd.h>

#include "fake_catalog_store.h"
#include "ports/catalog_store.h"
#include "scratch_schema.h"
#include "shop/catalog.h"
#include "store/postgresql/pg_catalog.h"
#include "store/postgresql/pg_schema.h"
#include "store/sqlite/sqlite_catalog.h"
#include "suite.h"

enum { FAKE, SQLITE, POSTGRESQL, STORES };

static char directory[64];
static bool scratch_made;
static struct err_note note;

static void set_up(void)
{
    snprintf(directory, sizeof directory, "/tmp/offerd-contract-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    scratch_made = false;
}

static void remove_directory(void)
{
    static const char *const names[] = { "offerd.db", "offerd.db-wal", "offerd.db-shm" };
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void tear_down(void)
{
    remove_directory();
    if (scratch_made)
        scratch_drop();
}

/* The schema is made with the first store of a test. */
static enum err open_postgresql(struct catalog_store **ret_store)
{
    const struct pg_settings settings = { .url = scratch_url(), .read_ms = 20000 };
    if (!scratch_made)
        scratch_make();
    scratch_made = true;
    TRY(pg_schema_migrate(&settings, NULL, NULL, &note));
    return pg_catalog_new(&settings, ret_store, &note);
}

static struct catalog_store *open_store(int which)
{
    struct catalog_store *store = NULL;
    enum err err = which == FAKE     ? fake_catalog_store_new(&store)
                   : which == SQLITE ? sqlite_catalog_new(directory, &store, &note)
                                     : open_postgresql(&store);
    ck_assert_msg(err == OK, "%s", note.text);
    return store;
}

static struct product plain(const char *sku, int64_t price)
{
    return (struct product){ .sku = str_of(sku),
                             .name = { STR("品"), STR("thing") },
                             .price_minor = price,
                             .cost_minor = COST_UNKNOWN,
                             .stock = STOCK_UNKNOWN };
}

static void put(struct catalog_store *store, const char *sku, int64_t price)
{
    struct product product = plain(sku, price);
    ck_assert_msg(store->put(store, &product, &note) == OK, "%s", note.text);
}

static uint64_t version_of(struct catalog_store *store)
{
    uint64_t version = 99;
    ck_assert_int_eq(store->version(store, STR("main"), &version, &note), OK);
    return version;
}

static struct catalog *load(struct catalog_store *store)
{
    struct catalog *catalog = NULL;
    ck_assert_msg(store->load(store, STR("main"), &catalog, &note) == OK, "%s", note.text);
    return catalog;
}

START_TEST(a_catalogue_nobody_stored_is_empty)
{
    struct catalog_store *store = open_store(_i);
    ck_assert_uint_eq(version_of(store), 0);
    AUTO(catalog_unref) struct catalog *catalog = load(store);
    ck_assert_uint_eq(catalog_count(catalog), 0);
    store->free(store);
}
END_TEST

START_TEST(gives_back_a_product_with_everything_it_had)
{
    struct catalog_store *store = open_store(_i);
    const struct str tags[] = { STR("new"), STR("a \"b\"") };
    const struct attr attrs[] = { { STR("storage_gb"), STR("128"), 128, true },
                                  { STR("色"), STR("赤"), 0, false },
                                  { STR("weight"), STR("0.1"), 0.1, true } };
    const struct product camera = {
        .sku = STR("CAM-A7"),
        .name = { STR("カメラ"), STR("Camera") },
        .category = STR("cameras"),
        .subcategory = STR("mirrorless"),
        .brand = STR("HX"),
        .model = STR("A7"),
        .price_minor = 198000,
        .cost_minor = 120000,
        .stock = 0,
        .rating = 4.5,
        .reviews = 213,
        .tags = tags,
        .n_tags = 2,
        .attrs = attrs,
        .n_attrs = 3,
    };
    ck_assert_int_eq(store->begin(store, STR("main"), STR("JPY"), &note), OK);
    ck_assert_int_eq(store->put(store, &camera, &note), OK);
    put(store, "PLAIN", 5);
    ck_assert_int_eq(store->commit(store, &note), OK);

    AUTO(catalog_unref) struct catalog *catalog = load(store);

    ck_assert(str_is(catalog_currency(catalog), "JPY"));
    const struct product *back = catalog_product(catalog, catalog_find(catalog, STR("CAM-A7")));
    ck_assert(str_is(back->name[LOCALE_JA], "カメラ") && str_is(back->name[LOCALE_EN], "Camera"));
    ck_assert(str_is(back->category, "cameras") && str_is(back->subcategory, "mirrorless"));
    ck_assert(str_is(back->brand, "HX") && str_is(back->model, "A7"));
    ck_assert_int_eq(back->price_minor, 198000);
    ck_assert_int_eq(back->cost_minor, 120000);
    ck_assert_int_eq(back->stock, 0);
    ck_assert_double_eq(back->rating, 4.5);
    ck_assert_int_eq(back->reviews, 213);
    ck_assert(product_has_tag(back, STR("new")) && product_has_tag(back, STR("a \"b\"")));
    ck_assert_uint_eq(back->n_attrs, 3);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(str_eq(back->attrs[i].name, attrs[i].name) &&
                  str_eq(back->attrs[i].text, attrs[i].text));
        ck_assert_int_eq(back->attrs[i].is_number, attrs[i].is_number);
        ck_assert_double_eq(back->attrs[i].number, attrs[i].number);
    }
    const struct product *bare = catalog_product(catalog, catalog_find(catalog, STR("PLAIN")));
    ck_assert_int_eq(bare->cost_minor, COST_UNKNOWN);
    ck_assert_int_eq(bare->stock, STOCK_UNKNOWN);
    ck_assert_ptr_null(bare->brand.at);
    ck_assert_uint_eq(bare->n_attrs + bare->n_tags, 0);
    store->free(store);
}
END_TEST

START_TEST(a_replacement_is_seen_only_when_it_is_whole)
{
    struct catalog_store *store = open_store(_i);
    ck_assert_int_eq(store->begin(store, STR("main"), STR("JPY"), &note), OK);
    put(store, "OLD", 1);
    ck_assert_int_eq(store->commit(store, &note), OK);
    ck_assert_uint_eq(version_of(store), 1);

    ck_assert_int_eq(store->begin(store, STR("main"), STR("USD"), &note), OK);
    put(store, "NEW", 2);
    store->rollback(store);
    ck_assert_uint_eq(version_of(store), 1);
    struct catalog *catalog = load(store);
    ck_assert_uint_eq(catalog_find(catalog, STR("NEW")), PRODUCT_NONE);
    ck_assert_uint_ne(catalog_find(catalog, STR("OLD")), PRODUCT_NONE);
    ck_assert(str_is(catalog_currency(catalog), "JPY"));
    catalog_unref(catalog);

    ck_assert_int_eq(store->begin(store, STR("main"), STR("USD"), &note), OK);
    put(store, "NEW", 2);
    ck_assert_int_eq(store->commit(store, &note), OK);
    catalog = load(store);
    ck_assert_uint_eq(version_of(store), 2);
    ck_assert_uint_eq(catalog_count(catalog), 1);
    ck_assert_uint_ne(catalog_find(catalog, STR("NEW")), PRODUCT_NONE);
    ck_assert(str_is(catalog_currency(catalog), "USD"));
    catalog_unref(catalog);
    store->free(store);
}
END_TEST

START_TEST(of_two_products_with_one_sku_the_last_counts)
{
    struct catalog_store *store = open_store(_i);
    ck_assert_int_eq(store->begin(store, STR("main"), STR("JPY"), &note), OK);
    put(store, "A", 1);
    put(store, "B", 1);
    put(store, "A", 7);
    ck_assert_int_eq(store->commit(store, &note), OK);

    AUTO(catalog_unref) struct catalog *catalog = load(store);

    ck_assert_uint_eq(catalog_count(catalog), 2);
    ck_assert_int_eq(catalog_product(catalog, catalog_find(catalog, STR("A")))->price_minor, 7);
    store->free(store);
}
END_TEST

START_TEST(shows_a_reader_the_old_catalogue_until_the_commit)
{
    struct catalog_store *writer = open_store(_i), *reader = open_store(_i);
    ck_assert_int_eq(writer->begin(writer, STR("main"), STR("JPY"), &note), OK);
    put(writer, "A", 1);
    ck_assert_uint_eq(version_of(reader), 0);

    ck_assert_int_eq(writer->commit(writer, &note), OK);

    ck_assert_uint_eq(version_of(reader), 1);
    AUTO(catalog_unref) struct catalog *catalog = load(reader);
    ck_assert_uint_eq(catalog_count(catalog), 1);
    writer->free(writer);
    reader->free(reader);
}
END_TEST

START_TEST(keeps_many_products_in_the_order_they_were_put)
{
    enum { MANY = 5000 };
    struct catalog_store *store = open_store(_i);
    char sku[16];
    ck_assert_int_eq(store->begin(store, STR("main"), STR("JPY"), &note), OK);
    for (int i = 0; i < MANY; i++) {
        snprintf(sku, sizeof sku, "S%d", (i * 7919) % MANY);
        put(store, sku, i);
    }
    put(store, "S0", 77); /* again: now it is the last */
    ck_assert_msg(store->commit(store, &note) == OK, "%s", note.text);

    AUTO(catalog_unref) struct catalog *catalog = load(store);

    ck_assert_uint_eq(catalog_count(catalog), MANY);
    for (uint32_t i = 0; i + 1 < MANY; i++)
        ck_assert_int_eq(catalog_product(catalog, i)->price_minor, (int64_t) i + 1);
    ck_assert_int_eq(catalog_product(catalog, MANY - 1)->price_minor, 77);
    store->free(store);
}
END_TEST

START_TEST(shops_have_a_catalogue_each)
{
    struct catalog_store *store = open_store(_i);
    struct catalog *catalog = NULL;
    ck_assert_int_eq(store->begin(store, STR("main"), STR("JPY"), &note), OK);
    put(store, "A", 1);
    ck_assert_int_eq(store->commit(store, &note), OK);
    ck_assert_int_eq(store->begin(store, STR("other"), STR("USD"), &note), OK);
    put(store, "A", 2);
    put(store, "B", 3);
    ck_assert_int_eq(store->commit(store, &note), OK);

    ck_assert_int_eq(store->load(store, STR("main"), &catalog, &note), OK);
    ck_assert_uint_eq(catalog_count(catalog), 1);
    ck_assert(str_is(catalog_currency(catalog), "JPY"));
    ck_assert_int_eq(catalog_product(catalog, 0)->price_minor, 1);
    catalog_unref(catalog);
    ck_assert_int_eq(store->load(store, STR("other"), &catalog, &note), OK);
    ck_assert_uint_eq(catalog_count(catalog), 2);
    catalog_unref(catalog);
    ck_assert_uint_eq(version_of(store), 1);
    store->free(store);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const of_every_store[] = {
        a_catalogue_nobody_stored_is_empty,
        gives_back_a_product_with_everything_it_had,
        a_replacement_is_seen_only_when_it_is_whole,
        of_two_products_with_one_sku_the_last_counts,
    };
    const TTest *const of_every_stored_catalogue[] = {
        shows_a_reader_the_old_catalogue_until_the_commit,
        keeps_many_products_in_the_order_they_were_put,
        shops_have_a_catalogue_each,
    };
    const int stores = scratch_database() ? STORES : POSTGRESQL;
    Suite *suite = suite_create("contract/catalog_store");
    TCase *tests = tcase_create("contract/catalog_store");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    for (size_t i = 0; i < sizeof of_every_store / sizeof *of_every_store; i++)
        tcase_add_loop_test(tests, of_every_store[i], 0, stores);
    for (int i = 0; i < 3; i++)
        tcase_add_loop_test(tests, of_every_stored_catalogue[i], SQLITE, stores);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(contract());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
