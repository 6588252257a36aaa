/* SPDX-License-Identifier: Apache-2.0 */
#include "http/language.h"

#include "suite.h"

static enum locale of(const char *header)
{
    return language_of(str_of(header), LOCALE_EN);
}

START_TEST(takes_the_language_with_the_greatest_weight)
{
    ck_assert_int_eq(of("ja"), LOCALE_JA);
    ck_assert_int_eq(of("ja-JP,en;q=0.8"), LOCALE_JA);
    ck_assert_int_eq(of("en;q=0.7, ja;q=0.85"), LOCALE_JA);
    ck_assert_int_eq(of("en-GB , ja;q=0.999"), LOCALE_EN);
}
END_TEST

START_TEST(takes_the_first_of_equal_weights)
{
    ck_assert_int_eq(of("ja,en"), LOCALE_JA);
    ck_assert_int_eq(of("en,ja"), LOCALE_EN);
}
END_TEST

START_TEST(skips_languages_that_are_not_ours)
{
    ck_assert_int_eq(of("fr, de;q=0.9, ja;q=0.1"), LOCALE_JA);
    ck_assert_int_eq(of("fr"), LOCALE_EN);
    ck_assert_int_eq(language_of(STR("fr,*;q=0.5"), LOCALE_JA), LOCALE_JA);
}
END_TEST

START_TEST(weight_zero_means_not_wanted)
{
    ck_assert_int_eq(of("ja;q=0"), LOCALE_EN);
    ck_assert_int_eq(of("ja;q=0.000,en;q=0.1"), LOCALE_EN);
}
END_TEST

START_TEST(goes_on_with_the_default_when_the_header_is_damaged)
{
    static const char *const damaged[] = { "",       ",",        ";;;",         "ja;q=",
                                           "ja;q=2", "ja;q=1.5", "ja;q=0.1234", "ja;q=x",
                                           "ja;p=1", "ja;q=.5",  ";q=1",        "ja;q=1..0" };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        ck_assert_msg(of(damaged[i]) == LOCALE_EN, "taken: %s", damaged[i]);
    ck_assert_int_eq(language_of((struct str){ 0 }, LOCALE_JA), LOCALE_JA);
}
END_TEST

SUITE_MAIN("http/language", takes_the_language_with_the_greatest_weight,
           takes_the_first_of_equal_weights, skips_languages_that_are_not_ours,
           weight_zero_means_not_wanted, goes_on_with_the_default_when_the_header_is_damaged)
