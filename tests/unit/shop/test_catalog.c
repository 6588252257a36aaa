/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/catalog.h"

#include <stdio.h>
#include <string.h>

#include "shop/event.h"
#include "suite.h"

static struct product product_of(const char *sku, const char *category, const char *subcategory,
                                 int64_t price_minor)
{
    return (struct product){
        .sku = str_of(sku),
        .category = str_of(category),
        .subcategory = str_of(subcategory),
        .price_minor = price_minor,
        .cost_minor = COST_UNKNOWN,
        .stock = STOCK_UNKNOWN,
    };
}

static struct catalog *sealed(const struct product *products, size_t n)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    ck_assert_ptr_nonnull(builder);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(catalog_builder_add(builder, &products[i], NULL), OK);
    struct catalog *catalog = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

START_TEST(an_empty_catalogue_knows_nothing)
{
    AUTO(catalog_unref) struct catalog *catalog = sealed(NULL, 0);

    ck_assert_uint_eq(catalog_count(catalog), 0);
    ck_assert_uint_eq(catalog_find(catalog, STR("A")), PRODUCT_NONE);
    ck_assert(str_is(catalog_currency(catalog), "JPY"));
}
END_TEST

START_TEST(finds_every_product_by_its_sku)
{
    struct product products[500];
    char skus[500][16];
    for (int i = 0; i < 500; i++) {
        (void) snprintf(skus[i], sizeof skus[i], "S%d", i);
        products[i] = product_of(skus[i], "c", NULL, i);
    }
    AUTO(catalog_unref) struct catalog *catalog = sealed(products, 500);
    memset(skus, 'x', sizeof skus); /* the catalogue keeps copies */

    ck_assert_uint_eq(catalog_count(catalog), 500);
    for (uint32_t i = 0; i < 500; i++) {
        char sku[16];
        (void) snprintf(sku, sizeof sku, "S%u", i);
        ck_assert_uint_eq(catalog_find(catalog, str_of(sku)), i);
        ck_assert(str_is(catalog_product(catalog, i)->sku, sku));
    }
    ck_assert_uint_eq(catalog_find(catalog, STR("S500")), PRODUCT_NONE);
}
END_TEST

START_TEST(a_second_product_with_the_same_sku_replaces_the_first)
{
    const struct product products[] = { product_of("A", "x", NULL, 100),
                                        product_of("B", "x", NULL, 200),
                                        product_of("A", "y", NULL, 300) };
    AUTO(catalog_unref) struct catalog *catalog = sealed(products, 3);

    ck_assert_uint_eq(catalog_count(catalog), 2);
    const struct product *a = catalog_product(catalog, catalog_find(catalog, STR("A")));
    ck_assert_int_eq(a->price_minor, 300);
    ck_assert(str_is(a->category, "y"));
}
END_TEST

START_TEST(products_of_one_kind_come_by_price_then_sku)
{
    const struct product products[] = {
        product_of("L", "bikes", "road", 300),  product_of("Z", "bikes", "road", 100),
        product_of("T", "bikes", "tour", 150),  product_of("M2", "bikes", "road", 200),
        product_of("M1", "bikes", "road", 200), product_of("C", "bikesroad", NULL, 120),
    };
    AUTO(catalog_unref) struct catalog *catalog = sealed(products, 6);

    uint32_t n = 0;
    const uint32_t *same = catalog_same_kind(catalog, catalog_find(catalog, STR("M2")), &n);

    ck_assert_uint_eq(n, 4);
    const char *expected[] = { "Z", "M1", "M2", "L" };
    for (uint32_t i = 0; i < n; i++)
        ck_assert(str_is(catalog_product(catalog, same[i])->sku, expected[i]));
}
END_TEST

START_TEST(without_a_subcategory_the_category_is_the_kind)
{
    const struct product products[] = { product_of("A", "mugs", NULL, 100),
                                        product_of("B", "mugs", "", 200),
                                        product_of("C", "mugs", "large", 300) };
    AUTO(catalog_unref) struct catalog *catalog = sealed(products, 3);

    uint32_t n = 0;
    (void) catalog_same_kind(catalog, 0, &n);
    ck_assert_uint_eq(n, 2);
    (void) catalog_same_kind(catalog, 2, &n);
    ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(a_product_without_any_category_is_a_kind_of_its_own)
{
    const struct product products[] = { product_of("A", NULL, NULL, 100),
                                        product_of("B", NULL, NULL, 200) };
    AUTO(catalog_unref) struct catalog *catalog = sealed(products, 2);

    uint32_t n = 0;
    const uint32_t *same = catalog_same_kind(catalog, 1, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(same[0], 1);
    ck_assert_uint_ne(catalog_product(catalog, 0)->kind, catalog_product(catalog, 1)->kind);
}
END_TEST

START_TEST(a_missing_name_falls_back_to_the_other_language_then_to_the_sku)
{
    struct product japanese = product_of("A", NULL, NULL, 1),
                   english = product_of("B", NULL, NULL, 1);
    japanese.name[LOCALE_JA] = STR("カメラ");
    english.name[LOCALE_EN] = STR("camera");
    const struct product products[] = { japanese, english, product_of("C", NULL, NULL, 1) };
    AUTO(catalog_unref) struct catalog *catalog = sealed(products, 3);

    ck_assert(str_is(catalog_product(catalog, 0)->name[LOCALE_EN], "カメラ"));
    ck_assert(str_is(catalog_product(catalog, 1)->name[LOCALE_JA], "camera"));
    ck_assert(str_is(catalog_product(catalog, 2)->name[LOCALE_EN], "C"));
}
END_TEST

START_TEST(keeps_tags_and_the_attributes_that_say_something)
{
    struct product phone = product_of("P", "phone", NULL, 1);
    const struct str tags[] = { STR("gift"), STR("popular") };
    const struct attr attrs[] = {
        { .name = STR("storage_gb"), .text = STR("128"), .number = 128, .is_number = true },
        { .name = STR("color"), .text = STR("") },
        { .name = STR("material"), .text = STR("glass") },
    };
    phone.tags = tags;
    phone.n_tags = 2;
    phone.attrs = attrs;
    phone.n_attrs = 3;
    AUTO(catalog_unref) struct catalog *catalog = sealed(&phone, 1);
    const struct product *kept = catalog_product(catalog, 0);

    ck_assert(product_has_tag(kept, STR("popular")));
    ck_assert(!product_has_tag(kept, STR("pop")));
    ck_assert_uint_eq(kept->n_attrs, 2);
    ck_assert(product_attr(kept, STR("storage_gb"))->number == 128);
    ck_assert(str_is(product_attr(kept, STR("material"))->text, "glass"));
    ck_assert_ptr_null(product_attr(kept, STR("color")));
}
END_TEST

/* One more text than the builder looks up, then the first and the last once more. */
START_TEST(texts_that_products_share_are_kept_once_and_are_right_however_many_there_are)
{
    enum { KINDS = 65536 + 100 };
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    char sku[16], category[16];
    for (unsigned i = 0; i < KINDS + 2; i++) {
        (void) snprintf(sku, sizeof sku, "S%u", i);
        (void) snprintf(category, sizeof category, "c%u",
                        i < KINDS ? i : (i - KINDS) * (KINDS - 1));
        const struct product product = product_of(sku, category, NULL, 1);
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    struct catalog *made = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &made), OK);
    AUTO(catalog_unref) struct catalog *catalog = made;

    for (unsigned i = 0; i < KINDS; i++) {
        (void) snprintf(category, sizeof category, "c%u", i);
        ck_assert(str_is(catalog_product(catalog, i)->category, category));
    }
    const struct product *again = catalog_product(catalog, KINDS);
    ck_assert_ptr_eq(again->category.at, catalog_product(catalog, 0)->category.at);
    ck_assert_uint_eq(again->kind, catalog_product(catalog, 0)->kind);
    again = catalog_product(catalog, KINDS + 1);
    ck_assert(str_is(again->category, "c65635"));
    ck_assert_uint_eq(again->kind, catalog_product(catalog, KINDS - 1)->kind);
}
END_TEST

START_TEST(each_text_of_a_product_has_its_mark_and_one_that_is_unknown_has_none)
{
    struct product given = product_of("CAM-A7", "camera", NULL, 100);
    given.brand = STR("Aperta");
    given.model = STR("A7");
    const struct str texts[PRODUCT_TEXTS] = {
        [TEXT_CATEGORY] = given.category, [TEXT_BRAND] = given.brand, [TEXT_MODEL] = given.model
    };
    memset(given.marks, 1, sizeof given.marks); /* the catalogue makes its own */
    AUTO(catalog_unref) struct catalog *catalog = sealed(&given, 1);
    const struct product *product = catalog_product(catalog, 0);

    for (uint32_t i = 0; i < PRODUCT_TEXTS; i++) {
        ck_assert(str_eq(product_text(product, i), texts[i]));
        ck_assert_uint_eq(product->marks[i], texts[i].at ? text_mark(texts[i]) : TEXT_MARKS);
    }
    ck_assert_ptr_null(product_text(product, TEXT_SUBCATEGORY).at);
    ck_assert_uint_ne(text_mark(STR("camera")), text_mark(STR("lens")));
    ck_assert_uint_lt(text_mark(STR("")), TEXT_MARKS);
}
END_TEST

START_TEST(margin_is_rounded_down_and_unknown_without_cost)
{
    struct product product = product_of("A", NULL, NULL, 300);
    int64_t bp = 77;
    ck_assert(!product_margin_bp(&product, 300, &bp));
    product.cost_minor = 200;

    ck_assert(product_margin_bp(&product, 300, &bp));
    ck_assert_int_eq(bp, 3333);
    ck_assert(product_margin_bp(&product, 180, &bp)); /* -11.11 % */
    ck_assert_int_eq(bp, -1112);
    ck_assert(!product_margin_bp(&product, 0, &bp));
}
END_TEST

START_TEST(unknown_stock_counts_as_in_stock)
{
    struct product product = product_of("A", NULL, NULL, 1);
    ck_assert(product_in_stock(&product));
    product.stock = 0;
    ck_assert(!product_in_stock(&product));
    product.stock = 1;
    ck_assert(product_in_stock(&product));
}
END_TEST

START_TEST(refuses_a_product_that_cannot_be_sold)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct err_note note = { "" };
    struct product product = product_of("", NULL, NULL, 1);
    ck_assert_int_eq(catalog_builder_add(builder, &product, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "SKU"));

    product = product_of("A", NULL, NULL, -1);
    ck_assert_int_eq(catalog_builder_add(builder, &product, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "price"));

    product = product_of("A", NULL, NULL, 1);
    product.n_attrs = PRODUCT_MAX_ATTRS + 1;
    ck_assert_int_eq(catalog_builder_add(builder, &product, &note), ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(note.text, "attributes"));

    char longer[ID_MAX_BYTES + 2];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    product = product_of(longer, NULL, NULL, 1);
    ck_assert_int_eq(catalog_builder_add(builder, &product, &note), ERR_INPUT);
}
END_TEST

START_TEST(lives_until_the_last_reference_goes)
{
    const struct product product = product_of("A", NULL, NULL, 1);
    struct catalog *catalog = sealed(&product, 1);
    struct catalog *again = catalog_ref(catalog);
    catalog = catalog_unref(catalog);

    ck_assert_ptr_null(catalog);
    ck_assert_uint_eq(catalog_find(again, STR("A")), 0);
    (void) catalog_unref(again);
}
END_TEST

SUITE_MAIN("shop/catalog", an_empty_catalogue_knows_nothing, finds_every_product_by_its_sku,
           a_second_product_with_the_same_sku_replaces_the_first,
           products_of_one_kind_come_by_price_then_sku,
           without_a_subcategory_the_category_is_the_kind,
           a_product_without_any_category_is_a_kind_of_its_own,
           a_missing_name_falls_back_to_the_other_language_then_to_the_sku,
           keeps_tags_and_the_attributes_that_say_something,
           texts_that_products_share_are_kept_once_and_are_right_however_many_there_are,
           each_text_of_a_product_has_its_mark_and_one_that_is_unknown_has_none,
           margin_is_rounded_down_and_unknown_without_cost, unknown_stock_counts_as_in_stock,
           refuses_a_product_that_cannot_be_sold, lives_until_the_last_reference_goes)
