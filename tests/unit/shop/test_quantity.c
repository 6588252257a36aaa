/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/quantity.h"

#include <math.h>

#include "suite.h"

static struct quantity read(const char *name, const char *text)
{
    struct quantity quantity = { 0 };
    ck_assert_msg(quantity_read(str_of(name), str_of(text), &quantity), "'%s' is no amount", text);
    return quantity;
}

static void is(const char *name, const char *text, enum quantity_dimension dimension, double value)
{
    struct quantity quantity = read(name, text);
    ck_assert_msg(quantity.dimension == dimension, "'%s' is of dimension %d", text,
                  (int) quantity.dimension);
    ck_assert_msg(fabs(quantity.value - value) <= 1e-9 * fabs(value), "'%s' is %g", text,
                  quantity.value);
}

START_TEST(units_of_one_dimension_come_to_one_unit)
{
    const double giga = 1024.0 * 1024 * 1024;
    is("ssd", "256 GB", QUANTITY_BYTES, 256 * giga);
    is("ssd", "1TB", QUANTITY_BYTES, 1024 * giga);
    is("screen", "15.6インチ", QUANTITY_LENGTH, 15.6 * 25.4);
    is("screen", "15.6\"", QUANTITY_LENGTH, 15.6 * 25.4);
    is("screen", "55型", QUANTITY_LENGTH, 55 * 25.4);
    is("weight", "1.3kg", QUANTITY_MASS, 1300);
    is("weight", "2 lb", QUANTITY_MASS, 907.18474);
    is("volume", "0.7L", QUANTITY_VOLUME, 700);
    is("volume", "1,000 ml", QUANTITY_VOLUME, 1000);
    is("power", "65W", QUANTITY_POWER, 65);
    is("energy", "99.9Wh", QUANTITY_ENERGY, 99.9);
    is("battery", "5,200mAh", QUANTITY_CHARGE, 5200);
    is("cpu", "3.2GHz", QUANTITY_FREQUENCY, 3.2e9);
    is("camera", "24.2MP", QUANTITY_PIXELS, 24.2);
    is("camera", "2,010万画素", QUANTITY_PIXELS, 20.1);
    is("speed", "200MB/s", QUANTITY_RATE, 1.6e9);
    is("warranty", "3年", QUANTITY_MONTHS, 36);
    is("warranty", "18 months", QUANTITY_MONTHS, 18);
    is("warranty", "6ヶ月", QUANTITY_MONTHS, 6);
    is("pack", "12個入り", QUANTITY_COUNT, 12);
    is("pack", "100枚", QUANTITY_COUNT, 100);
    is("play", "90分", QUANTITY_HOURS, 1.5);
    is("room", "26㎡", QUANTITY_AREA, 26);
}
END_TEST

START_TEST(full_width_letters_count_as_plain_ones)
{
    is("ssd", "５１２ＧＢ", QUANTITY_BYTES, 512.0 * 1024 * 1024 * 1024);
    is("volume", "１，０００　ｍｌ", QUANTITY_VOLUME, 1000);
    is("screen", "１５．６インチ", QUANTITY_LENGTH, 15.6 * 25.4);
}
END_TEST

START_TEST(a_product_of_two_numbers_is_one_amount)
{
    is("ram", "2 x 16GB", QUANTITY_BYTES, 32.0 * 1024 * 1024 * 1024);
    is("ram", "2×16 GB", QUANTITY_BYTES, 32.0 * 1024 * 1024 * 1024);
    is("cans", "350ml×24", QUANTITY_VOLUME, 350 * 24.0);
    is("cans", "350ml x 24本", QUANTITY_VOLUME, 350 * 24.0);
}
END_TEST

START_TEST(a_bare_number_takes_the_unit_of_its_attribute)
{
    is("storage_gb", "128", QUANTITY_BYTES, 128.0 * 1024 * 1024 * 1024);
    is("容量(ml)", "500", QUANTITY_VOLUME, 500);
    is("Weight [kg]", "2", QUANTITY_MASS, 2000);
    is("room_m2", "20", QUANTITY_AREA, 20);
    is("cores", "6", QUANTITY_PLAIN, 6);
    is("storage_gb", "1TB", QUANTITY_BYTES, 1024.0 * 1024 * 1024 * 1024); /* its own is stronger */
}
END_TEST

START_TEST(amounts_compare_only_when_the_words_around_them_are_the_same)
{
    ck_assert(read("cpu", "Kaede K5").form == read("cpu", "Kaede K7").form);
    ck_assert(read("cpu", "Kaede K5").form != read("cpu", "Momiji M7").form);
    ck_assert(read("weight", "約1.2kg").form == read("weight", "980g").form);
    ck_assert(read("lens", "F1.8").form == read("lens", "f2.8").form);
}
END_TEST

START_TEST(words_ranges_fractions_and_dates_are_no_amounts)
{
    static const char *const texts[] = {
        "",          "black",
        "18-50",     "1/2.3",
        "4-5.6",     "2024-05-29",
        "2024/5/1",  "2024年5月",
        "20240529",  "1TB + 512GB",
        "-5",        "1-4",
        "M3 / 16GB", "12345678901234567890",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct quantity quantity;
        ck_assert_msg(!quantity_read(STR("a"), str_of(texts[i]), &quantity), "'%s'", texts[i]);
    }
}
END_TEST

START_TEST(dates_are_told_from_numbers)
{
    ck_assert(quantity_is_date(STR("2024-05-29")));
    ck_assert(quantity_is_date(STR("2024-05-29T10:00:00Z")));
    ck_assert(quantity_is_date(STR("2024.5.1")));
    ck_assert(quantity_is_date(STR("20240529")));
    ck_assert(!quantity_is_date(STR("2024")));
    ck_assert(!quantity_is_date(STR("2000.5")));
    ck_assert(!quantity_is_date(STR("20249999")));
    ck_assert(!quantity_is_date(STR("3年")));
}
END_TEST

START_TEST(finds_the_amounts_in_a_product_name)
{
    struct quantity quantity;
    size_t at = 0;
    struct str name = STR("フミ Book 14 (K7 / ３２GB / 1TB) 5枚");
    ck_assert(quantity_next(name, &at, &quantity));
    ck_assert_int_eq(quantity.dimension, QUANTITY_BYTES);
    ck_assert(quantity.value == 32.0 * 1024 * 1024 * 1024);
    ck_assert(quantity_next(name, &at, &quantity));
    ck_assert(quantity.value == 1024.0 * 1024 * 1024 * 1024);
    ck_assert(quantity_next(name, &at, &quantity));
    ck_assert_int_eq(quantity.dimension, QUANTITY_COUNT);
    ck_assert(!quantity_next(name, &at, &quantity));

    static const char *const none[] = { "Zoom 24-105mm", "T14s", "C1 コンパクト", "F4-5.6" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        at = 0;
        ck_assert_msg(!quantity_next(str_of(none[i]), &at, &quantity), "%s", none[i]);
    }
}
END_TEST

/* Every prefix and every cut of mixed texts: nothing is read past the end (under sanitizers). */
START_TEST(any_bytes_may_come)
{
    static const char all[] = "１，０0x×12.3.4,567ｍ\xef\xbc\xe3\x80 GB㎡\xff\x00y年2024年-1/2";
    for (size_t from = 0; from < sizeof all; from++)
        for (size_t len = 0; from + len <= sizeof all; len++) {
            char *copy = malloc(len + 1);
            memcpy(copy, all + from, len);
            struct str text = { copy, len };
            struct quantity quantity;
            size_t at = 0;
            (void) quantity_read(text, text, &quantity);
            (void) quantity_is_date(text);
            while (quantity_next(text, &at, &quantity))
                ck_assert(at <= len);
            free(copy);
        }
}
END_TEST

SUITE_MAIN("shop/quantity", units_of_one_dimension_come_to_one_unit,
           full_width_letters_count_as_plain_ones, a_product_of_two_numbers_is_one_amount,
           a_bare_number_takes_the_unit_of_its_attribute,
           amounts_compare_only_when_the_words_around_them_are_the_same,
           words_ranges_fractions_and_dates_are_no_amounts, dates_are_told_from_numbers,
           finds_the_amounts_in_a_product_name, any_bytes_may_come)
