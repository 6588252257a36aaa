/* SPDX-License-Identifier: Apache-2.0 */
#include "files/csv_value.h"

#include <string.h>

#include "rules/schedule.h"
#include "shop/event.h"
#include "suite.h"

static const int64_t morning_s = INT64_C(1795252800); /* 2026-11-21T09:20:00Z */

static int64_t instant(const char *text, const struct civil_zone *zone)
{
    int64_t at_us = -1;
    ck_assert_msg(csv_read_instant(str_of(text), zone, &at_us), "'%s' was not read", text);
    return at_us;
}

START_TEST(reads_dates_as_shops_export_them)
{
    const char *same[] = { "2026-11-21T09:20:00",       "2026-11-21 09:20:00",
                           "2026-11-21T09:20",          "2026/11/21 09:20",
                           "2026-11-21T09:20:00Z",      "2026-11-21T09:20:00z",
                           "2026-11-21T18:20:00+09:00", "2026-11-21T18:20:00+0900",
                           "2026-11-21T04:20:00-05:00", "2026-11-21 09:20:00.000000000" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ck_assert_int_eq(instant(same[i], NULL), morning_s * 1000000);
    ck_assert_int_eq(instant("2026-11-21T09:20:00.25", NULL), morning_s * 1000000 + 250000);
    ck_assert_int_eq(instant("2026-11-21T09:20:00.1234567", NULL), morning_s * 1000000 + 123456);
    ck_assert_int_eq(instant("2026-11-21", NULL), (morning_s - 9 * 3600 - 1200) * 1000000);
    ck_assert_int_eq(instant("2024-02-29", NULL), INT64_C(1709164800) * 1000000);
}
END_TEST

START_TEST(a_written_zone_goes_before_the_given_one)
{
    const struct civil_zone tokyo = { .name = STR("Asia/Tokyo"), .first_offset_s = 9 * 3600 };
    ck_assert_int_eq(instant("2026-11-21T18:20:00", &tokyo), morning_s * 1000000);
    ck_assert_int_eq(instant("2026-11-21T09:20:00Z", &tokyo), morning_s * 1000000);
}
END_TEST

START_TEST(refuses_what_is_no_date)
{
    const char *bad[] = { "",
                          "today",
                          "2026",
                          "2026-11",
                          "2026-13-01",
                          "2026-02-30",
                          "2025-02-29",
                          "21.11.2026",
                          "11/21/2026",
                          "2026-11/21",
                          "2026-11-21T",
                          "2026-11-21T24:00:00",
                          "2026-11-21T09:60",
                          "2026-11-21T09:20:00.",
                          "2026-11-21T09:20:00+9",
                          "2026-11-21T09:20:00+99:00",
                          "2026-11-21T09:20:00 JST",
                          "2026-11-21x",
                          "２０２６-11-21" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t at_us;
        ck_assert_msg(!csv_read_instant(str_of(bad[i]), NULL, &at_us), "'%s' was read", bad[i]);
    }
}
END_TEST

START_TEST(tells_numbers_from_codes)
{
    static const struct {
        const char *text;
        double number;
    } good[] = { { "0", 0 }, { "128", 128 }, { "-1.5", -1.5 }, { "0.25", 0.25 }, { "24.0", 24 } };
    const char *bad[] = {
        "",     "-",     ".5",    "5.",
        "007",  "00",    "1,000", "1e3",
        "0x10", "12 mm", " 5",    "+5",
        "nan",  "inf",   "1.2.3", "123456789012345678901234567890123456789012345"
    };
    double number;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(csv_read_number(str_of(good[i].text), &number), "'%s'", good[i].text);
        ck_assert(number == good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!csv_read_number(str_of(bad[i]), &number), "'%s' was read", bad[i]);
}
END_TEST

START_TEST(amounts_are_read_rounded_or_doubted)
{
    const struct csv_money yen = { STR("JPY"), true }, pounds = { STR("GBP"), false };
    int64_t minor = 0;
    ck_assert_int_eq(csv_read_money(STR("19.99"), &pounds, &minor), CSV_MONEY_READ);
    ck_assert_int_eq(minor, 1999);
    ck_assert_int_eq(csv_read_money(STR("1.665"), &pounds, &minor), CSV_MONEY_ROUNDED);
    ck_assert_int_eq(minor, 167);
    ck_assert_int_eq(csv_read_money(STR("198.00"), &yen, &minor), CSV_MONEY_READ);
    ck_assert_int_eq(minor, 198);
    ck_assert_int_eq(csv_read_money(STR("198.5"), &yen, &minor), CSV_MONEY_OTHER_CURRENCY);
    ck_assert_int_eq(csv_read_money(STR("1,980"), &yen, &minor), CSV_MONEY_BAD);
    ck_assert_int_eq(csv_read_money(STR("¥1980"), &yen, &minor), CSV_MONEY_BAD);
}
END_TEST

START_TEST(an_id_has_bounds_and_no_control_characters)
{
    char longest[ID_MAX_BYTES + 1];
    memset(longest, 'x', sizeof longest);
    ck_assert_ptr_null(csv_read_id(STR("商品-1"), "empty", "bad"));
    ck_assert_ptr_null(csv_read_id((struct str){ longest, ID_MAX_BYTES }, "empty", "bad"));
    ck_assert_str_eq(csv_read_id((struct str){ longest, ID_MAX_BYTES + 1 }, "empty", "bad"), "bad");
    ck_assert_str_eq(csv_read_id(STR(""), "empty", "bad"), "empty");
    ck_assert_str_eq(csv_read_id(STR("a\tb"), "empty", "bad"), "bad");
}
END_TEST

SUITE_MAIN("files/csv_value", reads_dates_as_shops_export_them,
           a_written_zone_goes_before_the_given_one, refuses_what_is_no_date,
           tells_numbers_from_codes, amounts_are_read_rounded_or_doubted,
           an_id_has_bounds_and_no_control_characters)
