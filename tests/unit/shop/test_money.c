/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/money.h"
#include "suite.h"

static void parses(const char *text, int decimals, bool round, int64_t expected)
{
    int64_t minor = -1;
    ck_assert_msg(money_parse(str_of(text), decimals, round, &minor), "'%s' was refused", text);
    ck_assert_msg(minor == expected, "'%s' is %lld", text, (long long) minor);
}

static void refuses(const char *text, int decimals, bool round)
{
    int64_t minor = -7;
    ck_assert_msg(!money_parse(str_of(text), decimals, round, &minor), "'%s' was taken", text);
    ck_assert_int_eq(minor, -7);
}

static void prints(int64_t minor, const char *currency, enum locale locale, const char *expected)
{
    struct out out;
    out_init(&out, NULL, 8);
    money_print(&out, minor, str_of(currency), locale);
    out_char(&out, '\0');
    ck_assert_str_eq(out.at, expected);
    out_deinit(&out);
}

START_TEST(knows_the_decimals_of_currencies)
{
    ck_assert_int_eq(money_decimals(STR("JPY")), 0);
    ck_assert_int_eq(money_decimals(STR("KRW")), 0);
    ck_assert_int_eq(money_decimals(STR("USD")), 2);
    ck_assert_int_eq(money_decimals(STR("EUR")), 2);
    ck_assert_int_eq(money_decimals(STR("AED")), 2);
    ck_assert_int_eq(money_decimals(STR("ZWG")), 2);
    ck_assert_int_eq(money_decimals(STR("KWD")), 3);
    ck_assert_int_eq(money_decimals(STR("TND")), 3);
    ck_assert_int_eq(money_decimals(STR("CLF")), 4);
}
END_TEST

START_TEST(knows_no_currency_that_does_not_exist)
{
    ck_assert_int_eq(money_decimals(STR("XXX")), -1);
    ck_assert_int_eq(money_decimals(STR("usd")), -1);
    ck_assert_int_eq(money_decimals(STR("US")), -1);
    ck_assert_int_eq(money_decimals(STR("USDX")), -1);
    ck_assert_int_eq(money_decimals(STR("SD ")), -1);
    ck_assert_int_eq(money_decimals((struct str){ 0 }), -1);
}
END_TEST

START_TEST(of_all_words_of_three_letters_so_many_are_currencies)
{
    int by_decimals[5] = { 0 };

    for (int n = 0; n < 26 * 26 * 26; n++) {
        char code[] = { (char) ('A' + n / 676), (char) ('A' + n / 26 % 26), (char) ('A' + n % 26) };
        int decimals = money_decimals((struct str){ code, 3 });
        if (decimals >= 0)
            by_decimals[decimals]++;
    }
    ck_assert_int_eq(by_decimals[0], 17);
    ck_assert_int_eq(by_decimals[2], 138);
    ck_assert_int_eq(by_decimals[3], 7);
    ck_assert_int_eq(by_decimals[4], 2);
}
END_TEST

START_TEST(reads_plain_decimal_numbers)
{
    parses("0", 0, false, 0);
    parses("198000", 0, false, 198000);
    parses("198000", 2, false, 19800000);
    parses("19.99", 2, false, 1999);
    parses("19.9", 2, false, 1990);
    parses("0.001", 3, false, 1);
    parses("007", 0, false, 7);
    parses("5.00", 0, false, 5);
    parses("1.500", 2, false, 150);
}
END_TEST

START_TEST(rounds_half_up_only_when_asked)
{
    parses("1912.1544", 2, true, 191215);
    parses("0.005", 2, true, 1);
    parses("0.0049999", 2, true, 0);
    parses("0.5", 0, true, 1);
    parses("0.499", 0, true, 0);
    parses("99.999", 2, true, 10000);
    refuses("1912.1544", 2, false);
    refuses("0.5", 0, false);
}
END_TEST

START_TEST(refuses_what_is_no_plain_number)
{
    static const char *const bad[] = { "",      ".",   "5.",  ".5",  "-5",    "+5",   "1e3",
                                       "1,000", "¥5",  " 5",  "5 ",  "1.2.3", "0x10", "five",
                                       "1_0",   "5円", "NaN", "inf", "1.x",   "1. 5" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refuses(bad[i], 2, true);
        refuses(bad[i], 0, false);
    }
}
END_TEST

START_TEST(takes_amounts_up_to_the_maximum_and_none_beyond)
{
    parses("1000000000000", 0, false, MONEY_MAX);
    parses("10000000000.00", 2, false, MONEY_MAX);
    refuses("1000000000001", 0, false);
    refuses("10000000000.01", 2, false);
    refuses("1000000000000.5", 0, true);
    refuses("10000000001", 2, false);
    refuses("99999999999999999999999999999999", 0, true);
    refuses("9223372036854775808", 0, true);
}
END_TEST

START_TEST(prints_amounts_as_people_write_them)
{
    prints(198000, "JPY", LOCALE_JA, "198,000円");
    prints(198000, "JPY", LOCALE_EN, "¥198,000");
    prints(1999, "USD", LOCALE_EN, "$19.99");
    prints(1999, "USD", LOCALE_JA, "$19.99");
    prints(1999, "CHF", LOCALE_EN, "19.99 CHF");
    prints(5, "EUR", LOCALE_EN, "€0.05");
    prints(100000000, "GBP", LOCALE_EN, "£1,000,000.00");
    prints(1234567, "KWD", LOCALE_EN, "1,234.567 KWD");
    prints(0, "JPY", LOCALE_JA, "0円");
    prints(999, "JPY", LOCALE_JA, "999円");
    prints(-500, "USD", LOCALE_EN, "-$5.00");
    prints(INT64_MIN, "JPY", LOCALE_JA, "-9,223,372,036,854,775,808円");
}
END_TEST

START_TEST(a_share_is_rounded_down_and_does_not_overflow)
{
    ck_assert_int_eq(money_share(8980, 1000), 898);
    ck_assert_int_eq(money_share(8985, 1000), 898);
    ck_assert_int_eq(money_share(1, 9999), 0);
    ck_assert_int_eq(money_share(-1, 1), -1);
    ck_assert_int_eq(money_share(0, 10000), 0);
    ck_assert_int_eq(money_share(MONEY_MAX, 10000), MONEY_MAX);
    ck_assert_int_eq(money_share(INT64_MAX, 10000), INT64_MAX);
    ck_assert_int_eq(money_share(INT64_MAX, INT32_MAX), INT64_MAX);
    ck_assert_int_eq(money_share(INT64_MAX, INT32_MIN), INT64_MIN);
}
END_TEST

SUITE_MAIN("shop/money", knows_the_decimals_of_currencies, knows_no_currency_that_does_not_exist,
           of_all_words_of_three_letters_so_many_are_currencies, reads_plain_decimal_numbers,
           rounds_half_up_only_when_asked, refuses_what_is_no_plain_number,
           takes_amounts_up_to_the_maximum_and_none_beyond, prints_amounts_as_people_write_them,
           a_share_is_rounded_down_and_does_not_overflow)
