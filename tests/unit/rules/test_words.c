/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/words.h"

#include "rules/rule.h"
#include "suite.h"

static void spells(const char *const *words, int value, const char *word)
{
    ck_assert_str_eq(words[value], word);
    ck_assert_int_eq(words_find(words, str_of(word)), value);
}

START_TEST(each_enumerator_has_the_word_of_the_rule_language)
{
    spells(words_kinds(), KIND_UPSELL, "upsell");
    spells(words_kinds(), KIND_BUNDLE, "bundle");
    spells(words_kinds(), KIND_FREE_SHIPPING, "free_shipping");
    spells(words_kinds(), KIND_SERVICE_ADDON, "service_addon");
    spells(words_kinds(), KIND_PLAN_UPGRADE, "plan_upgrade");
    spells(words_statuses(), STATUS_DRAFT, "draft");
    spells(words_statuses(), STATUS_ARCHIVED, "archived");
    spells(words_triggers(), TRIGGER_ADD_TO_CART, "add_to_cart");
    spells(words_triggers(), TRIGGER_CART_VIEW, "cart_view");
    spells(words_triggers(), TRIGGER_PRODUCT_VIEW, "product_view");
    spells(words_triggers(), TRIGGER_SURVEY_ANSWERED, "survey_answered");
    spells(words_triggers(), TRIGGER_LOGIN, "login");
    spells(words_relations(), RELATION_SKUS, "skus");
    spells(words_relations(), RELATION_SAME_BRAND, "same_brand");
    spells(words_reasons(), REASON_COMPATIBLE, "compatible");
    spells(words_reasons(), REASON_STOCK_LOW, "stock_low");
    spells(words_reasons(), REASON_BOUGHT_TOGETHER, "bought_together");
    spells(words_scopes(), SCOPE_RULE, "rule");
    spells(words_scopes(), SCOPE_ALL, "all");
    spells(words_sorts(), SORT_MODEL, "model");
    spells(words_sorts(), SORT_POPULARITY, "popularity");
}
END_TEST

START_TEST(a_word_that_is_not_there_is_not_found)
{
    ck_assert_int_eq(words_find(words_kinds(), STR("up_sell")), -1);
    ck_assert_int_eq(words_find(words_kinds(), STR("upsel")), -1);
    ck_assert_int_eq(words_find(words_kinds(), STR("")), -1);
    ck_assert_int_eq(words_find(words_kinds(), (struct str){ 0 }), -1);
}
END_TEST

SUITE_MAIN("rules/words", each_enumerator_has_the_word_of_the_rule_language,
           a_word_that_is_not_there_is_not_found)
