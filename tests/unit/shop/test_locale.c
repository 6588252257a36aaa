/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/locale.h"
#include "suite.h"

static void speaks(const char *tag, enum locale expected)
{
    enum locale other = expected == LOCALE_JA ? LOCALE_EN : LOCALE_JA;
    ck_assert_msg(locale_of(str_of(tag), other) == expected, "'%s'", tag);
}

static void is_foreign(const char *tag)
{
    ck_assert_msg(locale_of(str_of(tag), LOCALE_JA) == LOCALE_JA, "'%s'", tag);
    ck_assert_msg(locale_of(str_of(tag), LOCALE_EN) == LOCALE_EN, "'%s'", tag);
}

START_TEST(only_the_primary_language_of_a_tag_counts)
{
    speaks("ja", LOCALE_JA);
    speaks("ja-JP", LOCALE_JA);
    speaks("ja_JP.UTF-8", LOCALE_JA);
    speaks("JA-Jpan-JP", LOCALE_JA);
    speaks("en", LOCALE_EN);
    speaks("en-GB", LOCALE_EN);
    speaks("EN_us", LOCALE_EN);
    speaks("en.UTF-8", LOCALE_EN);
    speaks("en@euro", LOCALE_EN);
}
END_TEST

START_TEST(any_other_tag_gives_the_other_choice)
{
    is_foreign("fr-JA");
    is_foreign("jav");
    is_foreign("eng");
    is_foreign("j");
    is_foreign("");
    is_foreign("C");
    ck_assert_int_eq(locale_of((struct str){ 0 }, LOCALE_EN), LOCALE_EN);
}
END_TEST

START_TEST(a_locale_has_its_name)
{
    ck_assert_str_eq(locale_name(LOCALE_JA), "ja");
    ck_assert_str_eq(locale_name(LOCALE_EN), "en");
}
END_TEST

SUITE_MAIN("shop/locale", only_the_primary_language_of_a_tag_counts,
           any_other_tag_gives_the_other_choice, a_locale_has_its_name)
