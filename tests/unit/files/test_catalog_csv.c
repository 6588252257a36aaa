/* SPDX-License-Identifier: Apache-2.0 */
#include "files/catalog_csv.h"

#include <stdio.h>

#include "base/out.h"
#include "shop/catalog.h"
#include "suite.h"

static const struct csv_money yen = { { "JPY", 3 }, true };
static const struct csv_money dollars = { { "USD", 3 }, false };

/* "3: has no price (…)" of every refused line. */
struct told {
    struct csv_tally tally;
    char text[2000];
};

static void on_refusal(void *self, const struct csv_refusal *refusal)
{
    struct told *told = self;
    size_t len = strlen(told->text);
    (void) snprintf(told->text + len, sizeof told->text - len, "%s%llu: %s (%.*s)", len ? "; " : "",
                    (unsigned long long) refusal->line, refusal->reason, STR_ARG(refusal->value));
}

static struct catalog *read(const char *text, const struct csv_money *money, struct told *told)
{
    struct catalog *catalog = NULL;
    struct err_note note = { "" };
    *told = (struct told){ .tally = { .self = told, .on_refusal = on_refusal } };
    enum err err = catalog_csv_read_bytes(str_of(text), money, &told->tally, &catalog, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    ck_assert_uint_eq(told->tally.read,
                      told->tally.accepted + told->tally.merged + csv_tally_refused(&told->tally));
    return catalog;
}

static void expect_error(const char *text, const struct csv_money *money, const char *expected)
{
    struct catalog *catalog = NULL;
    struct csv_tally tally = { 0 };
    struct err_note note = { "" };
    ck_assert_int_eq(catalog_csv_read_bytes(str_of(text), money, &tally, &catalog, &note),
                     ERR_INPUT);
    ck_assert_msg(strstr(note.text, expected), "'%s' does not say '%s'", note.text, expected);
    ck_assert_ptr_null(catalog);
}

START_TEST(reads_what_it_knows_and_makes_attributes_of_the_rest)
{
    struct told told;
    AUTO(catalog_unref)
    struct catalog *catalog = read(
        "sku,name,name_en,category,subcategory,brand,model,price,cost,stock,rating,reviews,tags,"
        "storage_gb,color,code\n"
        "P-1,電話,Phone,phone,smart,Kagemi,N1,79800,52000,12,4.5,213,popular | "
        "gift||,128,black,007\n",
        &yen, &told);
    const struct product *product = catalog_product(catalog, 0);

    ck_assert(str_is(product->sku, "P-1"));
    ck_assert(str_is(product->name[LOCALE_JA], "電話"));
    ck_assert(str_is(product->name[LOCALE_EN], "Phone"));
    ck_assert(str_is(product->category, "phone"));
    ck_assert(str_is(product->subcategory, "smart"));
    ck_assert(str_is(product->brand, "Kagemi"));
    ck_assert(str_is(product->model, "N1"));
    ck_assert_int_eq(product->price_minor, 79800);
    ck_assert_int_eq(product->cost_minor, 52000);
    ck_assert_int_eq(product->stock, 12);
    ck_assert(product->rating == 4.5);
    ck_assert_int_eq(product->reviews, 213);
    ck_assert_uint_eq(product->n_tags, 2);
    ck_assert(product_has_tag(product, STR("popular")));
    ck_assert(product_has_tag(product, STR("gift")));
    ck_assert_uint_eq(product->n_attrs, 3);
    ck_assert(product_attr(product, STR("storage_gb"))->is_number);
    ck_assert(product_attr(product, STR("storage_gb"))->number == 128);
    ck_assert(!product_attr(product, STR("color"))->is_number);
    ck_assert(!product_attr(product, STR("code"))->is_number);
}
END_TEST

START_TEST(what_is_empty_is_unknown)
{
    struct told told;
    AUTO(catalog_unref)
    struct catalog *catalog =
        read("sku,name,price,cost,stock,brand,color\nA,,100,,,,\n", &yen, &told);
    const struct product *product = catalog_product(catalog, 0);

    ck_assert(str_is(product->name[LOCALE_EN], "A"));
    ck_assert_int_eq(product->cost_minor, COST_UNKNOWN);
    ck_assert_int_eq(product->stock, STOCK_UNKNOWN);
    ck_assert_ptr_null(product->brand.at);
    ck_assert_uint_eq(product->n_attrs, 0);
}
END_TEST

START_TEST(columns_go_by_other_names_and_any_order)
{
    struct told told;
    AUTO(catalog_unref)
    struct catalog *catalog =
        read("Description,List Price,StockCode\nGlobe,0.85,10002\n", &dollars, &told);

    ck_assert_uint_eq(catalog_find(catalog, STR("10002")), 0);
    ck_assert_int_eq(catalog_product(catalog, 0)->price_minor, 85);
    ck_assert(str_is(catalog_product(catalog, 0)->name[LOCALE_EN], "Globe"));
}
END_TEST

START_TEST(the_better_name_has_the_meaning_and_the_other_is_an_attribute)
{
    struct told told;
    AUTO(catalog_unref)
    struct catalog *catalog =
        read("list_price,price,sku,name,description\n9,5,A,Bike,Steel\n", &dollars, &told);
    const struct product *product = catalog_product(catalog, 0);

    ck_assert_int_eq(product->price_minor, 500);
    ck_assert(str_is(product->name[LOCALE_EN], "Bike"));
    ck_assert(product_attr(product, STR("list_price"))->number == 9);
    ck_assert(str_is(product_attr(product, STR("description"))->text, "Steel"));
}
END_TEST

START_TEST(oversold_stock_counts_as_none_and_is_counted)
{
    struct told told;
    AUTO(catalog_unref)
    struct catalog *catalog =
        read("sku,price,stock\nA,1,0\nB,1,-3\nC,-1,-3\nD,1,-9\n", &yen, &told);
    ck_assert_int_eq(catalog_product(catalog, catalog_find(catalog, STR("B")))->stock, 0);
    ck_assert_uint_eq(told.tally.oversold, 2); /* C is refused for its price */
    ck_assert_uint_eq(told.tally.first_oversold, 3);
    ck_assert_uint_eq(told.tally.accepted, 3);
}
END_TEST

START_TEST(every_refused_line_is_named_with_its_reason)
{
    struct told told;
    AUTO(catalog_unref)
    struct catalog *catalog = read("sku,price,stock,rating,reviews\n"
                                   ",5,,,\n"
                                   "B,,,,\n"
                                   "C,\"1,000\",,,\n"
                                   "D,-5,,,\n"
                                   "E,5,many,,\n"
                                   "F,5,,6,\n"
                                   "G,5,,,-1\n"
                                   "H,5\n"
                                   "I,5,,,,,\n"
                                   "J\"x,5,,,\n"
                                   "K,5,,,\n",
                                   &yen, &told);

    ck_assert_uint_eq(catalog_count(catalog), 1);
    ck_assert_str_eq(told.text, "2: has no SKU (); 3: has no price (); "
                                "4: has a price that is not an amount (1,000); "
                                "5: has a price that is not an amount (-5); "
                                "6: has a stock that is not a whole number (many); "
                                "7: has a rating that is not a number from 0 to 5 (6); "
                                "8: has a number of reviews that is not a whole number (-1); "
                                "9: has fewer fields than the header (); "
                                "10: has more fields than the header (); "
                                "11: has a quote where none may stand ()");
    ck_assert_uint_eq(told.tally.read, 11);
}
END_TEST

START_TEST(the_last_line_of_a_sku_wins_and_the_others_are_counted)
{
    struct told told;
    AUTO(catalog_unref)
    struct catalog *catalog = read("sku,price\nA,1\nB,2\nA,3\nA,4\n", &yen, &told);

    ck_assert_int_eq(catalog_product(catalog, catalog_find(catalog, STR("A")))->price_minor, 4);
    ck_assert_uint_eq(told.tally.accepted, 2);
    ck_assert_uint_eq(told.tally.merged, 2);
}
END_TEST

START_TEST(decimals_show_that_the_assumed_currency_is_another)
{
    expect_error("sku,price\nA,100\nB,19.99\n", &yen, "line 3: the amount 19.99");
    expect_error("sku,price\nA,19.99\n", &yen, "--currency");
}
END_TEST

START_TEST(decimals_that_say_nothing_are_fine_in_yen)
{
    struct told told;
    AUTO(catalog_unref) struct catalog *catalog = read("sku,price\nA,198000.00\n", &yen, &told);
    ck_assert_int_eq(catalog_product(catalog, 0)->price_minor, 198000);
    ck_assert_uint_eq(told.tally.rounded, 0);
}
END_TEST

START_TEST(surplus_decimals_of_a_named_currency_are_rounded_and_counted)
{
    struct told told;
    AUTO(catalog_unref) struct catalog *catalog = read("sku,price\nA,1.665\n", &dollars, &told);
    ck_assert_int_eq(catalog_product(catalog, 0)->price_minor, 167);
    ck_assert_uint_eq(told.tally.rounded, 1);
}
END_TEST

START_TEST(a_bad_header_says_what_was_expected)
{
    expect_error("name,price\n", &yen, "no column 'sku' (or StockCode, id); it has name,price");
    expect_error("sku,name\n", &yen, "no column 'price'");
    expect_error("sku,price,SKU\n", &yen, "names 'SKU' twice, as columns 1 and 3");
    expect_error("sku,,price\n", &yen, "column 2 of the header has no name");
    expect_error("sku;price\n", &yen, "separated by commas");
}
END_TEST

START_TEST(a_header_of_orders_is_told_where_it_belongs)
{
    expect_error("order_id,customer_id,ordered_at,line_no,sku,quantity,unit_price\nO,C,,,A,1,5\n",
                 &yen,
                 "these are orders (the header has order_id and customer_id), not a catalogue; "
                 "`offerd import --orders FILE` takes them");
    expect_error("StockCode,Description,Quantity,Invoice Date,UnitPrice\nA,x,1,,5\n", &yen,
                 "has Invoice Date and Quantity");
    expect_error("order_id,sku,customer_id\nO,A,C\n", &yen, "these are orders");
}
END_TEST

START_TEST(one_word_of_an_order_is_an_attribute_of_a_product)
{
    static const char *const catalogs[] = { "sku,price,quantity,line_no\nA,1,6,2\n",
                                            "sku,price,order_id\nA,1,6\n",
                                            "sku,price,customer_id,orders\nA,1,x,71\n" };
    for (size_t i = 0; i < sizeof catalogs / sizeof *catalogs; i++) {
        struct told told;
        AUTO(catalog_unref) struct catalog *catalog = read(catalogs[i], &yen, &told);
        ck_assert_uint_eq(catalog_count(catalog), 1);
        ck_assert_uint_ge(catalog_product(catalog, 0)->n_attrs, 1);
    }
}
END_TEST

START_TEST(more_attribute_columns_than_are_kept_are_refused)
{
    struct out text;
    out_init(&text, NULL, 1000);
    out_text(&text, STR("sku,price"));
    for (int i = 0; i <= PRODUCT_MAX_ATTRS; i++)
        out_printf(&text, ",x%d", i);
    out_char(&text, '\0');
    expect_error(text.at, &yen, "('x64' is one too many)");
    out_deinit(&text);
}
END_TEST

SUITE_MAIN("files/catalog_csv", reads_what_it_knows_and_makes_attributes_of_the_rest,
           what_is_empty_is_unknown, columns_go_by_other_names_and_any_order,
           the_better_name_has_the_meaning_and_the_other_is_an_attribute,
           oversold_stock_counts_as_none_and_is_counted,
           every_refused_line_is_named_with_its_reason,
           the_last_line_of_a_sku_wins_and_the_others_are_counted,
           decimals_show_that_the_assumed_currency_is_another,
           decimals_that_say_nothing_are_fine_in_yen,
           surplus_decimals_of_a_named_currency_are_rounded_and_counted,
           a_bad_header_says_what_was_expected, a_header_of_orders_is_told_where_it_belongs,
           one_word_of_an_order_is_an_attribute_of_a_product,
           more_attribute_columns_than_are_kept_are_refused)
