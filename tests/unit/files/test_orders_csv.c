/* SPDX-License-Identifier: Apache-2.0 */
#include "files/orders_csv.h"

#include <stdio.h>

#include "files/order_book.h"
#include "rules/schedule.h"
#include "suite.h"

#define HEADER "order_id,customer_id,ordered_at,line_no,sku,quantity,unit_price\n"

static const struct orders_csv_settings yen = { { { "JPY", 3 }, true }, NULL };
static const struct orders_csv_settings pounds = { { { "GBP", 3 }, false }, NULL };

struct told {
    struct csv_tally tally;
    char text[2000];
    struct out ignored;
};

static void on_refusal(void *self, const struct csv_refusal *refusal)
{
    struct told *told = self;
    size_t len = strlen(told->text);
    (void) snprintf(told->text + len, sizeof told->text - len, "%s%llu: %s (%.*s)", len ? "; " : "",
                    (unsigned long long) refusal->line, refusal->reason, STR_ARG(refusal->value));
}

static struct order_book *read(const char *text, const struct orders_csv_settings *settings,
                               struct told *told)
{
    struct order_book *book = NULL;
    struct err_note note = { "" };
    *told = (struct told){ .tally = { .self = told, .on_refusal = on_refusal } };
    out_init(&told->ignored, NULL, 64);
    enum err err =
        orders_csv_read_bytes(str_of(text), settings, &told->tally, &told->ignored, &book, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    ck_assert_uint_eq(told->tally.read,
                      told->tally.accepted + told->tally.merged + csv_tally_refused(&told->tally));
    return book;
}

/* "A-1 C1 1000000: X*2@500 Y*1@70" */
static const char *shown(struct order_book *book, uint32_t number)
{
    static char text[1000];
    struct event event;
    order_book_event(book, number, &event);
    int len = snprintf(text, sizeof text, "%.*s %.*s:", STR_ARG(event.order.id),
                       STR_ARG(event.customer_id));
    for (uint32_t i = 0; i < event.order.n_lines; i++)
        len +=
            snprintf(text + len, sizeof text - (size_t) len, " %.*s*%lld@%lld",
                     STR_ARG(event.order.lines[i].sku), (long long) event.order.lines[i].quantity,
                     (long long) event.order.lines[i].unit_price_minor);
    return text;
}

static int64_t at_of(struct order_book *book, uint32_t number)
{
    struct event event;
    order_book_event(book, number, &event);
    return event.at_us;
}

START_TEST(lines_of_one_id_are_one_order_wherever_they_stand)
{
    struct told told;
    AUTO(order_book_free)
    struct order_book *book = read(HEADER "A,C1,2026-01-02,1,X,2,500\n"
                                          "B,C2,2026-01-03,1,X,1,500\n"
                                          "A,C1,2026-01-02,2,Y,1,70\n"
                                          "B,C2,2026-01-03,2,Z,3,9\n",
                                   &yen, &told);

    ck_assert_uint_eq(order_book_count(book), 2);
    ck_assert_str_eq(shown(book, 0), "A C1: X*2@500 Y*1@70");
    ck_assert_str_eq(shown(book, 1), "B C2: X*1@500 Z*3@9");
    ck_assert_uint_eq(told.tally.accepted, 4);
    out_deinit(&told.ignored);
}
END_TEST

START_TEST(orders_come_by_time_then_as_in_the_file)
{
    struct told told;
    AUTO(order_book_free)
    struct order_book *book = read(HEADER "LATE,,2026-01-03T10:00:00,1,X,1,1\n"
                                          "SAME1,,2026-01-02,1,X,1,1\n"
                                          "SAME2,,2026-01-02T00:00:00,1,X,1,1\n"
                                          "EARLY,,2026-01-01,1,X,1,1\n",
                                   &yen, &told);

    const char *expected[] = { "EARLY : X*1@1", "SAME1 : X*1@1", "SAME2 : X*1@1", "LATE : X*1@1" };
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_str_eq(shown(book, i), expected[i]);
    out_deinit(&told.ignored);
}
END_TEST

START_TEST(without_a_customer_it_is_a_guests_order)
{
    struct told told;
    AUTO(order_book_free)
    struct order_book *book =
        read("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,Country\n"
             "536365,85123A,\"HOLDER, WHITE\",6,2010-12-01 08:26:00,2.55,United Kingdom\n",
             &pounds, &told);
    struct event event;
    order_book_event(book, 0, &event);

    ck_assert_ptr_null(event.customer_id.at);
    ck_assert_int_eq(event.type, EVENT_ORDER_PLACED);
    ck_assert_int_eq(event.order.lines[0].unit_price_minor, 255);
    ck_assert_int_eq(event.at_us, INT64_C(1291191960) * 1000000);
    ck_assert(str_is(out_str(&told.ignored), "Description, Country"));
    out_deinit(&told.ignored);
}
END_TEST

START_TEST(a_sku_that_comes_again_is_merged_at_the_average_price)
{
    struct told told;
    AUTO(order_book_free)
    struct order_book *book = read(HEADER "A,C,2026-01-01,1,X,1,100\n"
                                          "A,C,2026-01-01,2,Y,1,7\n"
                                          "A,C,2026-01-01,3,X,2,50\n"
                                          "A,C,2026-01-01,4,X,1,51\n",
                                   &yen, &told);

    ck_assert_str_eq(shown(book, 0), "A C: X*4@63 Y*1@7"); /* 251 / 4 = 62.75 */
    ck_assert_uint_eq(told.tally.accepted, 2);
    ck_assert_uint_eq(told.tally.merged, 2);
    out_deinit(&told.ignored);
}
END_TEST

START_TEST(returns_corrections_and_nonsense_are_refused_by_name)
{
    struct told told;
    AUTO(order_book_free)
    struct order_book *book = read(HEADER "C1,C,2026-01-01,1,X,-1,5\n"
                                          "A,C,2026-01-01,1,X,0,5\n"
                                          "A,C,2026-01-01,1,X,1.5,5\n"
                                          "A,C,2026-01-01,1,X,1000001,5\n"
                                          "A,C,2026-01-01,1,X,1,0\n"
                                          "A,C,2026-01-01,1,X,1,-5\n"
                                          "A,C,2026-01-01,1,X,1,free\n"
                                          "A,C,01/02/2026,1,X,1,5\n"
                                          "A,C,2026-02-30,1,X,1,5\n"
                                          ",C,2026-01-01,1,X,1,5\n"
                                          "A,C,2026-01-01,1,,1,5\n"
                                          "A,C,2026-01-01,1,X,1\n"
                                          "A,C,2026-01-01,1,X,1,5\n"
                                          "A,D,2026-01-01,2,Y,1,5\n",
                                   &yen, &told);

    ck_assert_str_eq(shown(book, 0), "A C: X*1@5");
    ck_assert_uint_eq(order_book_count(book), 1);
    ck_assert_uint_eq(csv_tally_refused(&told.tally), 13);
    const char *expected[] = {
        "2: has a negative quantity: a cancellation or return, not an order line (-1)",
        "3: has a quantity of zero (0)",
        "4: has a quantity that is not a whole number (1.5)",
        "5: has a quantity over 1,000,000 (1000001)",
        "6: has a unit price of zero: a gift or a correction, not an order line (0)",
        "7: has a negative unit price: a correction, not an order line (-5)",
        "8: has a unit price that is not an amount (free)",
        "9: has a date that is not like 2026-11-21T10:30:00 or 2026-11-21 (01/02/2026)",
        "10: has a date that is not like 2026-11-21T10:30:00 or 2026-11-21 (2026-02-30)",
        "11: has no order id ()",
        "12: has no SKU ()",
        "13: has fewer fields than the header ()",
        "15: names another customer than the lines of its order before it (D)",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        ck_assert_msg(strstr(told.text, expected[i]), "'%s' is not in '%s'", expected[i],
                      told.text);
    out_deinit(&told.ignored);
}
END_TEST

START_TEST(an_order_keeps_no_more_lines_than_an_event_may_have)
{
    struct out text;
    struct told told;
    out_init(&text, NULL, 1 << 20);
    out_text(&text, STR(HEADER));
    for (int i = 0; i < EVENT_MAX_LINES + 5; i++)
        out_printf(&text, "A,C,2026-01-01,%d,S%d,1,5\n", i, i);
    out_text(&text, STR("A,C,2026-01-01,9999,S0,1,5\n"));
    out_char(&text, '\0');
    AUTO(order_book_free) struct order_book *book = read(text.at, &yen, &told);
    struct event event;
    order_book_event(book, 0, &event);

    ck_assert_uint_eq(event.order.n_lines, EVENT_MAX_LINES);
    ck_assert_int_eq(event.order.lines[0].quantity, 2);
    ck_assert_uint_eq(told.tally.merged, 1);
    ck_assert_uint_eq(csv_tally_refused(&told.tally), 5);
    ck_assert_ptr_nonnull(strstr(told.text, "2002: belongs to an order with too many lines (A)"));
    out_deinit(&text);
    out_deinit(&told.ignored);
}
END_TEST

START_TEST(times_without_a_zone_are_of_the_given_zone)
{
    const struct civil_zone tokyo = { .name = STR("Asia/Tokyo"), .first_offset_s = 9 * 3600 };
    const struct orders_csv_settings settings = { yen.money, &tokyo };
    struct told told;
    AUTO(order_book_free)
    struct order_book *book = read(HEADER "A,,2026-01-02 09:00,1,X,1,1\n"
                                          "B,,2026-01-02T00:00:01.250Z,1,X,1,1\n"
                                          "C,,2026-01-02T02:00:02+02:00,1,X,1,1\n"
                                          "D,,2026/01/03,1,X,1,1\n",
                                   &settings, &told);

    const int64_t midnight_us = INT64_C(1767312000) * 1000000; /* 2026-01-02T00:00:00Z */
    ck_assert_int_eq(at_of(book, 0), midnight_us);
    ck_assert_int_eq(at_of(book, 1), midnight_us + 1250000);
    ck_assert_int_eq(at_of(book, 2), midnight_us + 2000000);
    ck_assert_int_eq(at_of(book, 3), midnight_us + INT64_C(15) * 3600 * 1000000);
    out_deinit(&told.ignored);
}
END_TEST

static void expect_error(const char *text, const struct orders_csv_settings *settings,
                         const char *expected)
{
    struct csv_tally tally = { 0 };
    struct order_book *book = NULL;
    struct out ignored = { 0 };
    struct err_note note = { "" };
    enum err err = orders_csv_read_bytes(str_of(text), settings, &tally, &ignored, &book, &note);
    ck_assert_int_eq(err, ERR_INPUT);
    ck_assert_msg(strstr(note.text, expected), "'%s' does not say '%s'", note.text, expected);
    ck_assert_ptr_null(book);
    out_deinit(&ignored);
}

START_TEST(decimals_show_that_the_assumed_currency_is_another)
{
    expect_error(HEADER "A,C,2026-01-01,1,X,1,2.55\n", &yen, "--currency");
}
END_TEST

START_TEST(a_catalogue_is_told_where_it_belongs)
{
    static const struct orders_csv_settings baskets = { .baskets_only = true };
    expect_error("sku,name,price\nA,Camera,100\n", &yen, "this is a catalogue");
    expect_error("id,title,list_price\nA,Camera,100\n", &baskets,
                 "`offerd import --catalog FILE` takes it");
    expect_error("sku,quantity,unit_price,ordered_at\nA,1,100,\n", &yen, "no column 'order_id'");
    expect_error("sku,name\nA,Camera\n", &yen, "no column 'order_id'");
}
END_TEST

START_TEST(for_baskets_an_order_id_and_a_sku_are_enough)
{
    static const struct orders_csv_settings baskets = { .baskets_only = true };
    struct told told;
    AUTO(order_book_free)
    struct order_book *book = read("order_id,sku\nB,X\nA,Y\nB,Z\nB,X\n", &baskets, &told);

    ck_assert_uint_eq(order_book_count(book), 2);
    ck_assert_str_eq(shown(book, 0), "B : X*2@0 Z*1@0");
    ck_assert_str_eq(shown(book, 1), "A : Y*1@0");
    ck_assert_int_eq(at_of(book, 0), 0);
    out_deinit(&told.ignored);
}
END_TEST

START_TEST(for_baskets_amounts_do_not_matter_but_returns_and_bad_dates_do)
{
    static const struct orders_csv_settings baskets = { .baskets_only = true };
    struct told told;
    AUTO(order_book_free)
    struct order_book *book = read(HEADER "A,C1,2026-01-02,1,X,0.5,gift\n"
                                          "A,C2,,2,Y,0,1.999\n"
                                          "A,C1,2026-01-02,3,Z,-1,5\n"
                                          "B,C1,yesterday,1,X,1,5\n",
                                   &baskets, &told);

    ck_assert_uint_eq(order_book_count(book), 1);
    ck_assert_str_eq(shown(book, 0), "A C1: X*1@0 Y*1@0");
    ck_assert_str_eq(
        told.text, "4: has a negative quantity: a cancellation or return, not an order line (-1); "
                   "5: has a date that is not like 2026-11-21T10:30:00 or 2026-11-21 (yesterday)");
    out_deinit(&told.ignored);
}
END_TEST

SUITE_MAIN("files/orders_csv", lines_of_one_id_are_one_order_wherever_they_stand,
           orders_come_by_time_then_as_in_the_file, without_a_customer_it_is_a_guests_order,
           a_sku_that_comes_again_is_merged_at_the_average_price,
           returns_corrections_and_nonsense_are_refused_by_name,
           an_order_keeps_no_more_lines_than_an_event_may_have,
           times_without_a_zone_are_of_the_given_zone,
           decimals_show_that_the_assumed_currency_is_another, a_catalogue_is_told_where_it_belongs,
           for_baskets_an_order_id_and_a_sku_are_enough,
           for_baskets_amounts_do_not_matter_but_returns_and_bad_dates_do)
