/* SPDX-License-Identifier: Apache-2.0 */
/* CEL in rule files: `expr` among conditions, and rank.score. */
#include <stdio.h>

#include "rule_text.h"
#include "rules/facts_cel.h"
#include "small_shop.h"

#define RULE_WITH(when, more, rank)                                                        \
    "version: 1\ncurrency: JPY\ntimezone: Asia/Tokyo\nlocales: [en]\n"                     \
    "conditions:\n  rich: {expr: \"cart.total > 100000\"}\n"                               \
    "rules:\n- id: one\n  name: n\n  kind: cross_sell\n  status: active\n  owner: o\n"     \
    "  trigger: [cart_view]\n  placement: [page]\n" more /* line 15 when @more is empty */ \
    "  when: " when "\n  rank: " rank "\n"                                                 \
    "  offer: {pick: {skus: [A]}}\n"                                                       \
    "  message: {en: {title: t, cta: c, decline: d}}\n"

static void read_text(struct rule_text *text, const char *yaml)
{
    rule_text_begin(text);
    (void) rule_text_add(text, "shop.yaml", str_of(yaml));
    rule_text_read(text, 0);
}

static const struct rule *read_good(struct rule_text *text, const char *yaml)
{
    read_text(text, yaml);
    ck_assert_msg(text->err == OK, "%s", rule_text_told(text));
    return ruleset_rule(text->ruleset, 0);
}

static enum match_answer answer_of(const char *yaml, bool with_person)
{
    struct rule_text text;
    AUTO(arena_free) struct arena *scratch = arena_new(1 << 12, 1 << 16);
    SMALL_SHOP shop = small_shop_new();
    const struct rule *rule = read_good(&text, yaml);
    shop->facts.scratch = scratch;
    shop->facts.attr_names = ruleset_attr_names(text.ruleset);
    if (!with_person)
        shop->facts.person = NULL;
    enum match_answer answer = rule_matches(rule, &shop->facts, SHOP_NOW).answer;
    rule_text_free(&text);
    return answer;
}

START_TEST(an_expr_is_a_condition_among_others)
{
    ck_assert_int_eq(
        answer_of(RULE_WITH("{expr: \"cart.total == 204100\"}", "", "{priority: 1}"), true),
        MATCH_YES);
    ck_assert_int_eq(
        answer_of(RULE_WITH("{cart.quantity: 4, expr: \"cart.total < 1\"}", "", "{priority: 1}"),
                  true),
        MATCH_NO);
    ck_assert_int_eq(answer_of(RULE_WITH("{any: [{cart.quantity: 9}, {expr: \"cart.items.exists(i, "
                                         "i.attr.megapixels > 24)\"}]}",
                                         "", "{priority: 1}"),
                               true),
                     MATCH_YES);
    ck_assert_int_eq(answer_of(RULE_WITH("{none: [{expr: \"cart.total > 0 ? true : false\"}]}", "",
                                         "{priority: 1}"),
                               true),
                     MATCH_NO);
    ck_assert_int_eq(answer_of(RULE_WITH("{use: [rich]}", "", "{priority: 1}"), true), MATCH_YES);
    ck_assert_int_eq(
        answer_of(RULE_WITH("{cart.quantity: 4}",
                            "  audience: {expr: \"customer.orders * 2 == 4\"}\n", "{priority: 1}"),
                  true),
        MATCH_YES);
}
END_TEST

START_TEST(what_it_does_not_know_does_not_fire_unless_the_rule_says_so)
{
#define ASKS "{expr: \"customer.spend / customer.orders > 100\"}"
    ck_assert_int_eq(answer_of(RULE_WITH(ASKS, "", "{priority: 1}"), true), MATCH_YES);
    ck_assert_int_eq(answer_of(RULE_WITH(ASKS, "", "{priority: 1}"), false), MATCH_UNKNOWN);
    ck_assert_int_eq(answer_of(RULE_WITH(ASKS, "  if_unknown: allow\n", "{priority: 1}"), false),
                     MATCH_YES);
    ck_assert_int_eq(
        answer_of(RULE_WITH("{expr: \"1 / (cart.quantity - 4) == 0\"}", "", "{priority: 1}"), true),
        MATCH_UNKNOWN);
}
END_TEST

START_TEST(a_condition_keeps_its_text_and_its_program)
{
    struct rule_text text;
    const struct rule *rule =
        read_good(&text, RULE_WITH("{none: [{expr: \"true || false // why\"}], expr: \"now > "
                                   "timestamp('2026-01-01T00:00:00Z')\", cart.quantity: 1}",
                                   "", "{priority: 1, score: \"propensity * offer.margin\"}"));
    ck_assert_uint_eq(rule->n_conditions, 3);
    ck_assert(str_is(rule->conditions[0].text, "!(true || false // why\n)"));
    ck_assert_ptr_null(rule->conditions[0].program);
    ck_assert(str_is(rule->conditions[1].text, "now > timestamp('2026-01-01T00:00:00Z')"));
    ck_assert_ptr_nonnull(rule->conditions[1].program);
    ck_assert(str_is(rule->conditions[1].key, "expr"));
    ck_assert_ptr_null(rule->conditions[2].program);
    ck_assert_ptr_nonnull(rule->score);
    ck_assert(str_is(rule->score_text, "propensity * offer.margin"));
    rule_text_free(&text);
}
END_TEST

static void faults_at(const char *yaml, enum diag_code code, uint32_t line, uint32_t column)
{
    struct rule_text text;
    read_text(&text, yaml);
    ck_assert_int_eq(text.err, ERR_INPUT);
    rule_text_expect(&text, code, line, column);
    rule_text_free(&text);
}

START_TEST(a_fault_is_shown_under_its_word_in_the_file)
{
    faults_at(RULE_WITH("{expr: \"cart.total > 1 && cart.totl < 2\"}", "", "{priority: 1}"),
              DIAG_EXPR_HINT, 15, 40);
    faults_at(RULE_WITH("{expr: cart.total > 'a'}", "", "{priority: 1}"), DIAG_EXPR, 15, 27);
    faults_at(RULE_WITH("\n    expr: >-\n      cart.total > 1 &&\n      ordr.total > 2", "",
                        "{priority: 1}"),
              DIAG_EXPR_HINT, 18, 7);
    faults_at(RULE_WITH("{expr: cart.total}", "", "{priority: 1}"), DIAG_EXPR, 15, 21);
    faults_at(RULE_WITH("{expr: \"true &&\"}", "", "{priority: 1}"), DIAG_EXPR, 15, 23);
    faults_at(RULE_WITH("{expr: ''}", "", "{priority: 1}"), DIAG_VALUE_MISSING, 15, 10);
    faults_at(RULE_WITH("{expr: [a]}", "", "{priority: 1}"), DIAG_VALUE_SCALAR, 15, 16);
    faults_at(RULE_WITH("{cart.quantity: 1}", "", "{priority: 1, score: item.sku}"), DIAG_EXPR, 16,
              30);
    faults_at(RULE_WITH("{cart.quantity: 1}", "", "{priority: 1, score: propensity * 2}"),
              DIAG_EXPR_HINT, 16, 41);
}
END_TEST

START_TEST(bounds_are_told_when_the_file_is_loaded)
{
    char yaml[8000], expr[EXPR_MAX_BYTES + 200];
    memset(expr, ' ', sizeof expr);
    (void) snprintf(expr + EXPR_MAX_BYTES, 30, "true");
    (void) snprintf(yaml, sizeof yaml, RULE_WITH("{expr: \"true || %s\"}", "", "{priority: 1}"),
                    expr);
    struct rule_text text;
    read_text(&text, yaml);
    ck_assert_int_eq(text.err, ERR_INPUT);
    ck_assert_msg(strstr(rule_text_told(&text), "2048") != NULL, "%s", rule_text_told(&text));
    rule_text_free(&text);
    faults_at(RULE_WITH("{expr: \"cart.items.all(a, cart.items.all(b, a.sku == b.sku))\"}", "",
                        "{priority: 1}"),
              DIAG_EXPR_HINT, 15, 28);
}
END_TEST

START_TEST(in_a_draft_it_only_warns)
{
    struct rule_text text;
    char yaml[2000], *at;
    (void) snprintf(yaml, sizeof yaml, "%s",
                    RULE_WITH("{expr: \"quota.left > 1\", cart.quantity: 1}", "", "{priority: 1}"));
    at = strstr(yaml, "status: active");
    memcpy(at, "status: draft ", 14);
    read_text(&text, yaml);
    ck_assert_int_eq(text.err, OK);
    ck_assert_uint_eq(text.diags.warnings, 1);
    rule_text_expect(&text, DIAG_EXPR_DRAFT, 15, 17);
    rule_text_free(&text);
}
END_TEST

START_TEST(a_zone_is_found_while_reading_and_kept_for_evaluating)
{
    ck_assert_int_eq(
        answer_of(RULE_WITH("{expr: \"now.getHours('Asia/Tokyo') == 19\"}", "", "{priority: 1}"),
                  true),
        MATCH_YES);
    /* A name that is made while evaluating: known when the rules named it. */
    ck_assert_int_eq(answer_of(RULE_WITH("{expr: \"now.getHours(cart.quantity == 4 ? 'UTC' : "
                                         "context.country) == 10\"}",
                                         "", "{priority: 1}"),
                               true),
                     MATCH_YES);
    faults_at(RULE_WITH("{expr: \"now.getHours('Mars/Base') == 19\"}", "", "{priority: 1}"),
              DIAG_EXPR_HINT, 15, 31);
}
END_TEST

SUITE_MAIN("rules/rule_expr", an_expr_is_a_condition_among_others,
           what_it_does_not_know_does_not_fire_unless_the_rule_says_so,
           a_condition_keeps_its_text_and_its_program, a_fault_is_shown_under_its_word_in_the_file,
           bounds_are_told_when_the_file_is_loaded, in_a_draft_it_only_warns,
           a_zone_is_found_while_reading_and_kept_for_evaluating)
