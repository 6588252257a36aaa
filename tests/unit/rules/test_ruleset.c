/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

#include "rule_text.h"
#include "shop/customer.h"
#include "suite.h"

/* A rule with everything in it, one thing a line, so that a test can change a line. */
static const char *const lines[] = {
    /* 1 */ "version: 1",
    "currency: JPY",
    "timezone: Asia/Tokyo",
    "locales: [ja, en]",
    "groups: {lenses: {max: 2, choose: priority}}",
    /* 6 */ "conditions: {big-cart: {cart.total: {at_least: 8000}}}",
    "attributes: {ram_gb: {ja: メモリ, en: Memory, unit: GB, better: more}}",
    "rules:",
    "- id: lens-set",
    "  name: レンズセット",
    /* 11 */ "  kind: bundle",
    "  status: active",
    "  owner: camera-team",
    "  trigger: [add_to_cart]",
    "  placement: [cart-drawer, cart-page]",
    /* 16 */ "  when: {use: [big-cart], cart.has: {category: camera}}",
    "  if_unknown: allow",
    "  schedule: {from: 2026-11-20, until: 2026-11-30, days: [mon, sun], hours: 22:00-02:00, "
    "except: [2026-11-23]}",
    "  offer:",
    "    pick: {relation: bought_together, of: trigger_item, where: {category: lens}, limit: 3, "
    "sort: margin}",
    /* 21 */ "    with: trigger_item",
    "    discount: {percent: 7.5%, of: bundle, max: 5000}",
    "    floor: {margin: 12%, price: 100}",
    "  limits:",
    "    per_customer: [{max: 2, per: 7d, count: shown}, {max: 100, per: lifetime, count: "
    "accepted}]",
    /* 26 */ "    after_decline: {silence: 14d, scope: group}",
    "    stop_after_declines: 3",
    "  rank: {priority: 80, exclusive_group: lenses}",
    "  message:",
    "    ja: {title: \"{saving}お得\", body: \"{trigger.name} に\", cta: はい, decline: いいえ}",
    /* 31 */ "    en: {title: \"Save {saving}\", cta: Add, decline: Not now}",
    "    reasons: [compatible, cheaper_together]",
    "    evidence: [{rating: {min_stars: 4, min_reviews: 30}}]",
};
enum { LINES = sizeof lines / sizeof *lines };

static char built[1 << 14];

/* The text with line @number (from 1) replaced; 0: none. NULL leaves it out. */
static struct str with_line(int number, const char *line)
{
    size_t len = 0;
    for (int i = 0; i < LINES; i++) {
        const char *text = i + 1 == number ? line : lines[i];
        if (text)
            len += (size_t) snprintf(built + len, sizeof built - len, "%s\n", text);
    }
    return (struct str){ built, len };
}

static void read_text(struct rule_text *text, struct str yaml)
{
    rule_text_begin(text);
    (void) rule_text_add(text, "shop.yaml", yaml);
    rule_text_read(text, 0);
}

static const struct rule *read_good(struct rule_text *text, int number, const char *line)
{
    read_text(text, with_line(number, line));
    ck_assert_msg(text->err == OK, "%s", rule_text_told(text));
    return ruleset_rule(text->ruleset, 0);
}

START_TEST(reads_everything_a_rule_says)
{
    struct rule_text text;
    const struct rule *rule = read_good(&text, 0, NULL);

    ck_assert(str_is(rule->id, "lens-set"));
    ck_assert(str_is(rule->name, "レンズセット"));
    ck_assert_int_eq(rule->kind, KIND_BUNDLE);
    ck_assert_int_eq(rule->status, STATUS_ACTIVE);
    ck_assert_uint_eq(rule->triggers, 1u << TRIGGER_ADD_TO_CART);
    ck_assert_uint_eq(rule->n_placements, 2);
    ck_assert_uint_eq(rule->n_conditions, 2);
    ck_assert(rule->unknown_allows);
    ck_assert_int_eq(rule->pick.relation, RELATION_BOUGHT_TOGETHER);
    ck_assert_int_eq(rule->pick.sort, SORT_MARGIN);
    ck_assert_uint_eq(rule->pick.limit, 3);
    ck_assert(str_is(rule->pick.where_text, "item.category == \"lens\""));
    ck_assert(rule->with_trigger_item);
    ck_assert_int_eq(rule->discount.percent_bp, 750);
    ck_assert_int_eq(rule->discount.max_minor, 5000);
    ck_assert_int_eq(rule->discount.of, DISCOUNT_OF_BUNDLE);
    ck_assert_int_eq(rule->floor_margin_bp, 1200);
    ck_assert_int_eq(rule->floor_price_minor, 100);
    ck_assert_int_eq(rule->priority, 80);
    ck_assert(str_is(rule->group, "lenses"));
    ck_assert_uint_eq(rule->group_max, 2);
    ck_assert_uint_eq(rule->reasons, 1u << REASON_COMPATIBLE | 1u << REASON_CHEAPER_TOGETHER);
    ck_assert_int_eq(rule->evidence_min_reviews, 30);
    ck_assert_ptr_nonnull(rule->texts[LOCALE_JA][TEXT_BODY]);
    ck_assert_ptr_null(rule->texts[LOCALE_EN][TEXT_BODY]);
    ck_assert(str_is(rule->file, "shop.yaml"));
    ck_assert_uint_eq(rule->line, 9);
    rule_text_free(&text);
}
END_TEST

START_TEST(reads_by_what_a_rule_ranks)
{
    struct rule_text text;
    const struct rule *rule =
        read_good(&text, 28, "  rank: {priority: 80, exclusive_group: lenses, by: profit}");
    ck_assert(rule->by_profit);
    rule_text_free(&text);
    rule = read_good(&text, 28, "  rank: {priority: 80, exclusive_group: lenses, by: pick}");
    ck_assert(!rule->by_profit);
    rule_text_free(&text);
}
END_TEST

START_TEST(reads_limits_and_silences)
{
    struct rule_text text;
    const struct rule *rule = read_good(&text, 0, NULL);

    ck_assert_uint_eq(rule->n_caps, 2);
    ck_assert_int_eq(rule->caps[0].window, WINDOW_ROLLING);
    ck_assert_int_eq(rule->caps[0].window_us, INT64_C(7) * 86400 * 1000000);
    ck_assert_int_eq(rule->caps[0].what, TOUCH_SHOWN);
    ck_assert_int_eq(rule->caps[1].window, WINDOW_LIFETIME);
    ck_assert_int_eq(rule->caps[1].max, 100);
    ck_assert_int_eq(rule->after_decline.scope, SCOPE_GROUP);
    ck_assert_int_eq(rule->after_decline.for_us, INT64_C(14) * 86400 * 1000000);
    ck_assert(!rule->after_accept.present);
    ck_assert_uint_eq(rule->stop_after_declines, 3);
    rule_text_free(&text);
}
END_TEST

START_TEST(a_schedule_includes_its_last_day_in_its_own_zone)
{
    struct rule_text text;
    const struct schedule *schedule = &read_good(&text, 0, NULL)->schedule;

    ck_assert_int_eq(schedule->from_us,
                     INT64_C(1763564400) * 1000000 + INT64_C(31536000) * 1000000);
    ck_assert_int_eq(schedule->until_us - schedule->from_us, INT64_C(11) * 86400 * 1000000);
    ck_assert_uint_eq(schedule->days, 1u | 1u << 6);
    ck_assert_int_eq(schedule->opens_minute, 22 * 60);
    ck_assert_int_eq(schedule->closes_minute, 2 * 60);
    ck_assert_uint_eq(schedule->n_except, 1);
    rule_text_free(&text);

    schedule =
        &read_good(&text, 18,
                   "  schedule: {timezone: UTC, from: 2026-11-20T10:00, until: 2026-11-20T10:30}")
             ->schedule;
    ck_assert_int_eq(schedule->until_us - schedule->from_us, INT64_C(1800) * 1000000);
    ck_assert(str_is(schedule->zone->name, "UTC"));
    rule_text_free(&text);
}
END_TEST

START_TEST(keeps_what_it_needs_when_files_and_diags_are_gone)
{
    struct rule_text text;
    (void) read_good(&text, 0, NULL);
    struct ruleset *rules = ruleset_ref(text.ruleset);
    rule_text_free(&text);
    memset(built, 'x', sizeof built);

    const struct rule *rule = ruleset_find(rules, STR("lens-set"));
    ck_assert(str_is(rule->placements[1], "cart-page"));
    ck_assert(str_is(rule->conditions[0].key, "cart.total"));
    ck_assert(str_is(ruleset_version(rules), "0123456789ab"));
    ck_assert(str_is(ruleset_currency(rules), "JPY"));
    ck_assert(str_is(ruleset_zone(rules)->name, "Asia/Tokyo"));
    ck_assert(str_is(ruleset_attr_label(rules, STR("ram_gb"))->unit[LOCALE_EN], "GB"));
    ck_assert_int_eq(ruleset_attr_label(rules, STR("ram_gb"))->better, 1);
    ck_assert_ptr_null(ruleset_attr_label(rules, STR("other")));
    ruleset_unref(rules);
}
END_TEST

struct fault {
    int number; /* of the line that is replaced */
    const char *line;
    enum diag_code code;
    uint32_t at_line, column;
};

static void each_is_refused(const struct fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct rule_text text;
        read_text(&text, with_line(faults[i].number, faults[i].line));
        ck_assert_msg(text.err == ERR_INPUT, "taken: %s",
                      faults[i].line ? faults[i].line : "(left out)");
        ck_assert_ptr_null(text.ruleset);
        rule_text_expect(&text, faults[i].code, faults[i].at_line, faults[i].column);
        rule_text_free(&text);
    }
}

#define EACH_IS_REFUSED(...)                                        \
    do {                                                            \
        const struct fault faults_[] = { __VA_ARGS__ };             \
        each_is_refused(faults_, sizeof faults_ / sizeof *faults_); \
    } while (0)

START_TEST(checks_the_head_of_a_file)
{
    EACH_IS_REFUSED({ 1, "version: 2", DIAG_BAD_VERSION, 1, 10 },
                    { 1, NULL, DIAG_MISSING_KEY, 1, 1 },
                    { 2, "currency: YEN", DIAG_BAD_CURRENCY, 2, 11 },
                    { 3, "timezone: Asia/Tokio", DIAG_BAD_TIMEZONE, 3, 11 },
                    { 4, "locales: [ja, fr]", DIAG_UNKNOWN_WORD, 4, 15 },
                    { 4, "locales: ja", DIAG_NOT_LIST, 4, 10 },
                    { 4, "locals: [ja, en]", DIAG_MISSING_KEY, 1, 1 },
                    { 5, "group: {}", DIAG_UNKNOWN_KEY, 5, 1 });
}
END_TEST

START_TEST(checks_names_groups_and_attributes)
{
    EACH_IS_REFUSED(
        { 5, "groups: {lenses: {max: 0}}", DIAG_VALUE_INT, 5, 24 },
        { 5, "groups: {lenses: {max: 1, choose: best_score}}", DIAG_NOT_SUPPORTED, 5, 35 },
        { 5, "groups: {lense: {max: 1}}", DIAG_UNKNOWN_GROUP, 28, 41 },
        { 6, "conditions: {Big: {cart.total: 1}, big-cart: {cart.total: 1}}", DIAG_BAD_ID, 6, 14 },
        { 6, "conditions: {big-cart: {cart.totl: 1}}", DIAG_COND_WORD, 6, 25 },
        { 7, "attributes: {ram_gb: {ja: メモリ}}", DIAG_MISSING_KEY, 7, 22 },
        { 7, "attributes: {a: {ja: x, en: y, better: bigger}}", DIAG_UNKNOWN_WORD, 7, 40 });
}
END_TEST

START_TEST(checks_what_a_rule_is)
{
    EACH_IS_REFUSED({ 9, "- id: Lens_Set", DIAG_BAD_ID, 9, 7 },
                    { 11, "  kind: bundel", DIAG_UNKNOWN_WORD, 11, 9 },
                    { 12, "  status: live", DIAG_UNKNOWN_WORD, 12, 11 },
                    { 13, NULL, DIAG_MISSING_IN_RULE, 9, 3 },
                    { 14, "  trigger: [add_to_card]", DIAG_UNKNOWN_WORD, 14, 13 },
                    { 14, "  trigger: [checkout, checkout]", DIAG_DUPLICATE_VALUE, 14, 23 },
                    { 15, "  placement: []", DIAG_EMPTY_LIST, 15, 14 },
                    { 15, "  placement: [Cart]", DIAG_BAD_ID, 15, 15 },
                    { 17, "  if_unknow: allow", DIAG_UNKNOWN_KEY, 17, 3 },
                    { 10, "  name:", DIAG_EMPTY_VALUE, 10, 8 },
                    { 10, "  name: ~", DIAG_EMPTY_VALUE, 10, 9 });
}
END_TEST

START_TEST(checks_schedules)
{
    EACH_IS_REFUSED(
        { 18, "  schedule: {from: 2026-02-30}", DIAG_BAD_DATE, 18, 20 },
        { 18, "  schedule: {from: 20.11.2026}", DIAG_BAD_DATE, 18, 20 },
        { 18, "  schedule: {from: 2026-11-20, until: 2026-11-19}", DIAG_SCHEDULE_EMPTY, 18, 39 },
        { 18, "  schedule: {hours: 9-21}", DIAG_BAD_HOURS, 18, 21 },
        { 18, "  schedule: {hours: 09:00-25:00}", DIAG_BAD_HOURS, 18, 21 },
        { 18, "  schedule: {days: [mon, holiday]}", DIAG_NOT_SUPPORTED, 18, 26 },
        { 18, "  schedule: {days: [monday]}", DIAG_UNKNOWN_WORD, 18, 21 },
        { 18, "  schedule: {timezone: Mars/Base}", DIAG_BAD_TIMEZONE, 18, 24 });
}
END_TEST

START_TEST(a_policy_says_what_an_offer_must_be_worth_and_whether_to_try)
{
    struct rule_text text;
    (void) read_good(&text, 4,
                     "locales: [ja, en]\npolicy: {floor: {expected_profit: 50}, explore: false}");
    ck_assert_int_eq(ruleset_profit_floor(text.ruleset), 50);
    ck_assert(!ruleset_explores(text.ruleset));
    rule_text_free(&text);

    (void) read_good(&text, 0, NULL);
    ck_assert_int_eq(ruleset_profit_floor(text.ruleset), 0);
    ck_assert_uint_eq(ruleset_relevance_floor_bp(text.ruleset, STR("home")), RELEVANCE_USUAL_BP);
    ck_assert(ruleset_explores(text.ruleset));
    rule_text_free(&text);

    (void) read_good(
        &text, 4,
        "locales: [ja, en]\npolicy: {floor: {relevance: 2.5%, relevance_at: {checkout: "
        "0%}}}");
    ck_assert_uint_eq(ruleset_relevance_floor_bp(text.ruleset, STR("home")), 250);
    ck_assert_uint_eq(ruleset_relevance_floor_bp(text.ruleset, STR("checkout")), 0);
    rule_text_free(&text);

    EACH_IS_REFUSED(
        { 4, "locales: [ja, en]\npolicy: {floor: {relevance: 101%}}", DIAG_VALUE_PERCENT, 5, 29 },
        { 4, "locales: [ja, en]\npolicy: {floor: {relevance_at: 3%}}", DIAG_NOT_MAPPING, 5, 32 });
    EACH_IS_REFUSED({ 4, "locales: [ja, en]\npolicy: {floor: {}}", DIAG_MISSING_KEY, 5, 17 },
                    { 4, "locales: [ja, en]\npolicy: {floor: {expected_profit: much}}",
                      DIAG_VALUE_MONEY, 5, 35 },
                    { 4, "locales: [ja, en]\npolicy: {explore: 1}", DIAG_UNKNOWN_WORD, 5, 19 });
}
END_TEST

START_TEST(a_ladder_goes_one_way_for_an_upsell_and_the_other_for_a_downsell)
{
    static const char *const good[] = { "kind: upsell, status: active, of: upgrade_of",
                                        "kind: downsell, status: active, of: downgrade_of" };
    static const char *const bad[] = { "kind: upsell, status: active, of: downgrade_of",
                                       "kind: downsell, status: active, of: upgrade_of" };
    for (size_t i = 0; i < 4; i++) {
        static char yaml[4096];
        struct rule_text text;
        const char *what = i < 2 ? good[i] : bad[i - 2], *of = strstr(what, ", of: ");
        (void) snprintf(yaml, sizeof yaml,
                        RULE_HEAD "rules:\n- {id: step, name: n, %.*s, owner: o, trigger: "
                                  "[add_to_cart], placement: [home], rank: {priority: 1},\n"
                                  "   offer: {pick: {relation: %s, of: trigger_item}}, message: "
                                  "{ja: {title: a, cta: b, decline: c}, en: {title: a, cta: b, "
                                  "decline: c}}}\n",
                        (int) (of - what), what, of + strlen(", of: "));
        read_text(&text, str_of(yaml));
        ck_assert_msg((text.err == OK) == (i < 2), "%s: %s", what, rule_text_told(&text));
        if (i >= 2)
            ck_assert_int_eq(text.diags.list[0].code, DIAG_NO_MEANING);
        rule_text_free(&text);
    }
}
END_TEST

START_TEST(checks_offers)
{
    EACH_IS_REFUSED(
        { 20, NULL, DIAG_MISSING_FOR_KIND, 20, 5 }, { 21, NULL, DIAG_MISSING_FOR_KIND, 20, 5 },
        { 20, "    pick: {relation: upgrade_of, of: trigger_item, price_ratio: [1.6, 1.1]}",
          DIAG_PRICE_RATIO, 20, 65 },
        { 20, "    pick: {relation: downgrade_of, of: trigger_item, price_ratio: [0.5, 1.1]}",
          DIAG_PRICE_RATIO_DOWN, 20, 67 },
        { 20, "    pick: {relation: downgrade_of, of: cart}", DIAG_NOT_SUPPORTED, 20, 36 },
        { 20, "    pick: {relation: similar, of: trigger_item, without_gain: true}",
          DIAG_NO_MEANING, 20, 49 },
        { 20, "    pick: {relation: upgrade_of, of: trigger_item, without_gain: often}",
          DIAG_VALUE_BOOL, 20, 66 },
        { 20, "    pick: {relation: compatible_with, of: cart}", DIAG_NOT_SUPPORTED, 20, 22 },
        { 20, "    pick: {relation: bought_togehter, of: cart}", DIAG_UNKNOWN_WORD, 20, 22 },
        { 20, "    pick: {relation: best_seller, of: cart}", DIAG_NO_MEANING, 20, 35 },
        { 20, "    pick: {skus: [A], relation: best_seller}", DIAG_PICK_HOW, 20, 11 },
        { 20, "    pick: {skus: [A, A]}", DIAG_DUPLICATE_VALUE, 20, 22 },
        { 20, "    pick: {skus: [A], limit: 31}", DIAG_VALUE_INT, 20, 30 },
        { 22, "    discount: {percent: 0%, of: bundle}", DIAG_PERCENT_RANGE, 22, 25 },
        { 22, "    discount: {percent: 5%, amount: 3, of: bundle}", DIAG_PERCENT_OR_AMOUNT, 22,
          15 },
        { 22, "    discount: {fixed_price: 5, of: bundle}", DIAG_NOT_SUPPORTED, 22, 16 },
        { 22, "    discount: {percent: 5%, of: cart}", DIAG_NOT_SUPPORTED, 22, 33 },
        { 22, "    discount: {percent: 5%}", DIAG_MISSING_IN_RULE, 22, 15 },
        { 23, "    floor: {margin: 12}", DIAG_VALUE_PERCENT_SIGN, 23, 21 },
        { 23, "    threshold: {cart_total: 8000}", DIAG_NO_MEANING, 23, 5 },
        { 23, "    ladder: []", DIAG_NOT_SUPPORTED, 23, 5 });
}
END_TEST

START_TEST(checks_limits_and_rank)
{
    EACH_IS_REFUSED(
        { 25, "    per_customer: [{max: 65, per: 7d}]", DIAG_CAP_TOO_LARGE, 25, 26 },
        { 25, "    per_customer: [{max: 2, per: 7x}]", DIAG_VALUE_DURATION, 25, 34 },
        { 25, "    per_customer: [{max: 2, per: weak}]", DIAG_UNKNOWN_WORD, 25, 34 },
        { 25, "    per_customer: [{max: 2}]", DIAG_MISSING_KEY, 25, 20 },
        { 26, "    after_decline: {scope: rule}", DIAG_MISSING_KEY, 26, 20 },
        { 28, "  rank: {priority: 80}", DIAG_SCOPE_WITHOUT_GROUP, 26, 42 },
        { 28, "  rank: {priority: 101, exclusive_group: lenses}", DIAG_VALUE_INT, 28, 20 },
        { 28, "  rank: {priority: 1, exclusive_group: lenses, score: x}", DIAG_EXPR, 28, 55 },
        { 28, "  rank: {priority: 1, exclusive_group: lenses, by: proft}", DIAG_UNKNOWN_WORD, 28,
          52 },
        { 28, "  rank: {priority: 1, exclusive_group: lenses, by: profit, score: \"1.0\"}",
          DIAG_NO_MEANING, 28, 48 });
}
END_TEST

START_TEST(checks_messages_down_to_the_placeholder)
{
    EACH_IS_REFUSED(
        { 31, NULL, DIAG_MISSING_LOCALE, 29, 3 },
        { 31, "    en: {title: \"Save {saving}\", cta: Add}", DIAG_MISSING_DECLINE, 31, 9 },
        { 31, "    en: {title: \"Save {saving}\", decline: Not now}", DIAG_MISSING_TEXT, 31, 9 },
        { 30, "    ja: {title: \"今なら{savng}お得\", cta: はい, decline: いいえ}",
          DIAG_UNKNOWN_PLACEHOLDER, 30, 22 },
        { 30, "    ja: {title: \"今なら{saving\", cta: はい, decline: いいえ}", DIAG_BRACE, 30,
          21 },
        { 30, "    ja: {title: \"{threshold.gap}\", cta: はい, decline: いいえ}",
          DIAG_PLACEHOLDER_NEVER, 30, 19 },
        { 30, "    ja: {title: \"{saving} {customer.first_name}\", cta: はい, decline: いいえ}",
          DIAG_PLACEHOLDER_UNKNOWN, 30, 28 },
        { 32, "    reasons: [compatibel]", DIAG_UNKNOWN_WORD, 32, 15 },
        { 32, "    reasons: [popular, price_drop]", DIAG_NOT_SUPPORTED, 32, 24 },
        { 32, "    disclose: [ad]", DIAG_NOT_SUPPORTED, 32, 5 },
        { 33, "    evidence: [{testimonial: \"review:1\", sponsored: false}]", DIAG_NOT_SUPPORTED,
          33, 17 },
        { 33, "    evidence: [{rating: {min_stars: 6, min_reviews: 1}}]", DIAG_NUMBER_RANGE, 33,
          37 });
}
END_TEST

START_TEST(does_not_tell_what_only_follows_from_another_fault)
{
    static const struct {
        int number;
        const char *line;
    } causes[] = {
        { 11, "  kind: bundel" }, { 11, "  kind: coupon" }, { 20, "    ladder: []" }, { 20, NULL }
    };
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        struct rule_text text;
        read_text(&text, with_line(causes[i].number, causes[i].line));
        ck_assert_msg(text.diags.errors == 1, "%s", rule_text_told(&text));
        rule_text_free(&text);
    }
}
END_TEST

START_TEST(reads_a_budget)
{
    struct rule_text text;
    const struct rule *rule = read_good(&text, 0, NULL);
    ck_assert_int_eq(rule->budget.redemptions, 0);
    rule_text_free(&text);

    rule = read_good(&text, 17, "  budget: {redemptions: 500}");
    ck_assert_int_eq(rule->budget.redemptions, 500);
    ck_assert_int_eq(rule->budget.hold_us, 0);
    rule_text_free(&text);

    rule = read_good(&text, 17, "  budget: {redemptions: 1, hold: 10m}");
    ck_assert_int_eq(rule->budget.redemptions, 1);
    ck_assert_int_eq(rule->budget.hold_us, 600000000);
    rule_text_free(&text);
}
END_TEST

START_TEST(checks_budgets)
{
    EACH_IS_REFUSED({ 17, "  budget: 500", DIAG_NOT_MAPPING, 17, 11 },
                    { 17, "  budget: {hold: 30m}", DIAG_MISSING_KEY, 17, 11 },
                    { 17, "  budget: {redemptions: 0}", DIAG_VALUE_INT, 17, 25 },
                    { 17, "  budget: {redemptions: 5.5}", DIAG_VALUE_INT, 17, 25 },
                    { 17, "  budget: {redemptions: 1000000001}", DIAG_VALUE_INT, 17, 25 },
                    { 17, "  budget: {redemptions: 5, hold: 30}", DIAG_VALUE_DURATION, 17, 34 },
                    { 17, "  budget: {redemptions: 5, holds: 30m}", DIAG_UNKNOWN_KEY, 17, 28 });
}
END_TEST

START_TEST(refuses_what_it_would_not_do)
{
    EACH_IS_REFUSED(
        { 17, "  budget: {redemptions: 5, when_exhausted: stop}", DIAG_NOT_SUPPORTED, 17, 28 },
        { 17, "  budget: {redemptions: 5, pacing: even}", DIAG_NOT_SUPPORTED, 17, 28 },
        { 17, "  experiment: {id: abc}", DIAG_NOT_SUPPORTED, 17, 3 },
        { 17, "  stacking: {class: product}", DIAG_NOT_SUPPORTED, 17, 3 },
        { 17, "  fallback: other-rule", DIAG_NOT_SUPPORTED, 17, 3 },
        { 11, "  kind: coupon", DIAG_NOT_SUPPORTED, 11, 9 });
}
END_TEST

START_TEST(forgives_a_draft_what_is_not_there_yet)
{
    static char yaml[4096];
    struct rule_text text;
    (void) snprintf(yaml, sizeof yaml,
                    RULE_HEAD "rules:\n- {id: later-on, name: n, kind: coupon, status: draft, "
                              "owner: o, trigger: [login],\n"
                              "   placement: [home], when: {quota.used_percent: {at_least: 80}}, "
                              "budget: {redemptions: 5}, offer: {plan: {to: "
                              "lite}}, rank: {priority: 1}, message: {}}\n");
    read_text(&text, str_of(yaml));

    ck_assert_msg(text.err == OK, "%s", rule_text_told(&text));
    ck_assert_uint_eq(text.diags.warnings, 2); /* kind, condition */
    ck_assert_int_eq(ruleset_rule(text.ruleset, 0)->kind, KIND_COUPON);
    uint32_t n;
    (void) ruleset_candidates(text.ruleset, TRIGGER_LOGIN, STR("home"), &n);
    ck_assert_uint_eq(n, 0);
    rule_text_free(&text);
}
END_TEST

START_TEST(guesses_the_word_that_was_meant)
{
    struct rule_text text;
    read_text(&text, with_line(14, "  trigger: [add_to_card]"));
    ck_assert(str_is(text.diags.list[0].guess, "add_to_cart"));
    rule_text_free(&text);
    read_text(&text, with_line(17, "  shedule: {}"));
    ck_assert(str_is(text.diags.list[0].guess, "schedule"));
    rule_text_free(&text);
}
END_TEST

START_TEST(finds_every_fault_in_one_reading)
{
    struct rule_text text;
    read_text(&text,
              STR(RULE_HEAD
                  "rules:\n- {id: x}\n- nonsense\n- {id: abc, kind: bundel, status: active}\n"));
    ck_assert_uint_gt(text.diags.errors, 15);
    rule_text_free(&text);
}
END_TEST

START_TEST(names_both_places_of_an_id_used_twice)
{
    static char other[1 << 14];
    struct rule_text text;
    memcpy(other, with_line(0, NULL).at, sizeof other);
    rule_text_begin(&text);
    (void) rule_text_add(&text, "a.yaml", str_of(other));
    (void) rule_text_add(&text, "b.yaml", str_of(other));
    rule_text_read(&text, 0);

    ck_assert_int_eq(text.err, ERR_INPUT);
    bool found = false;
    for (uint32_t i = 0; i < text.diags.count; i++) {
        const struct diag *diag = &text.diags.list[i];
        found |= diag->code == DIAG_DUPLICATE_ID && str_is(diag->file->name, "b.yaml") &&
                 diag->place.line == 9 && str_is(diag->args[1], "a.yaml:9");
    }
    ck_assert_msg(found, "%s", rule_text_told(&text));
    rule_text_free(&text);
}
END_TEST

START_TEST(files_must_agree_on_currency_zone_and_languages)
{
    struct rule_text text;
    rule_text_begin(&text);
    (void) rule_text_add(&text, "a.yaml", STR(RULE_HEAD));
    (void) rule_text_add(&text, "b.yaml", STR("currency: USD\nlocales: [en]\ntimezone: UTC\n"));
    rule_text_read(&text, 0);

    ck_assert_uint_eq(text.diags.errors, 3);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(text.diags.list[i].code, DIAG_HEADER_DIFFERS);
    ck_assert(str_is(text.diags.list[0].args[2], "JPY, a.yaml:2"));
    rule_text_free(&text);
}
END_TEST

START_TEST(shares_conditions_and_groups_over_files)
{
    struct rule_text text;
    static char rules[1 << 14];
    memcpy(rules, with_line(6, "#").at, sizeof rules);
    rule_text_begin(&text);
    (void) rule_text_add(&text, "a.yaml", str_of(rules));
    (void) rule_text_add(&text, "b.yaml",
                         STR("conditions: {big-cart: {cart.total: {at_least: 8000}}}\n"));
    rule_text_read(&text, 0);
    ck_assert_msg(text.err == OK, "%s", rule_text_told(&text));
    ck_assert(str_is(ruleset_rule(text.ruleset, 0)->conditions[0].file, "b.yaml"));
    rule_text_free(&text);
}
END_TEST

START_TEST(warns_of_a_schedule_that_is_over_only_when_told_the_time)
{
    struct rule_text text;
    rule_text_begin(&text);
    (void) rule_text_add(&text, "a.yaml", with_line(0, NULL));
    rule_text_read(&text, INT64_C(1800000000) * 1000000); /* January 2027 */
    ck_assert_int_eq(text.err, OK);
    ck_assert_uint_eq(text.diags.warnings, 1);
    rule_text_expect(&text, DIAG_SCHEDULE_OVER, 18, 39);
    rule_text_free(&text);
}
END_TEST

/* @n rules of rising priority in pairs, spread over placements. */
static void write_rules(struct out *yaml, int n)
{
    out_text(yaml, STR(RULE_HEAD "rules:\n"));
    for (int i = 0; i < n; i++)
        out_printf(yaml,
                   "- {id: rule-%04d, name: n, kind: cross_sell, status: %s, owner: o, trigger: "
                   "[cart_view, checkout],\n"
                   "   placement: [cart-page, slot-%d], when: {cart.total: {at_least: %d}}, offer: "
                   "{pick: {skus: [A]}},\n"
                   "   rank: {priority: %d}, message: {ja: {title: t, cta: c, decline: d}, en: "
                   "{title: t, cta: c, decline: d}}}\n",
                   i,
                   i % 10 == 9   ? "archived"
                   : i % 10 == 8 ? "paused"
                                 : "active",
                   i % 7, i, i / 2 % 100);
}

START_TEST(lists_candidates_by_priority_then_id)
{
    struct rule_text text;
    struct out yaml;
    out_init(&yaml, NULL, 1 << 16);
    write_rules(&yaml, 100);
    read_text(&text, out_str(&yaml));
    ck_assert_msg(text.err == OK, "%s", rule_text_told(&text));

    uint32_t n;
    const uint32_t *list = ruleset_candidates(text.ruleset, TRIGGER_CHECKOUT, STR("cart-page"), &n);
    ck_assert_uint_eq(n, 90); /* paused ones too: a receipt tells of them; archived ones never */
    for (uint32_t i = 1; i < n; i++) {
        const struct rule *a = ruleset_rule(text.ruleset, list[i - 1]),
                          *b = ruleset_rule(text.ruleset, list[i]);
        ck_assert(a->priority > b->priority ||
                  (a->priority == b->priority && str_cmp(a->id, b->id) < 0));
        ck_assert_int_ne(b->status, STATUS_ARCHIVED);
    }
    (void) ruleset_candidates(text.ruleset, TRIGGER_LOGIN, STR("cart-page"), &n);
    ck_assert_uint_eq(n, 0);
    ck_assert_ptr_null(ruleset_candidates(text.ruleset, TRIGGER_CHECKOUT, STR("nowhere"), &n));
    rule_text_free(&text);
    out_deinit(&yaml);
}
END_TEST

START_TEST(each_placement_and_trigger_has_exactly_its_rules)
{
    struct rule_text text;
    struct out yaml;
    out_init(&yaml, NULL, 1 << 16);
    write_rules(&yaml, 70);
    read_text(&text, out_str(&yaml));

    for (int slot = 0; slot < 7; slot++) {
        char name[16];
        uint32_t n, expected = 0;
        (void) snprintf(name, sizeof name, "slot-%d", slot);
        const uint32_t *list =
            ruleset_candidates(text.ruleset, TRIGGER_CART_VIEW, str_of(name), &n);
        for (int i = slot; i < 70; i += 7)
            expected += i % 10 != 9;
        ck_assert_uint_eq(n, expected);
        for (uint32_t i = 0; i < n; i++)
            ck_assert_uint_eq(list[i] % 7, (uint32_t) slot);
    }
    rule_text_free(&text);
    out_deinit(&yaml);
}
END_TEST

START_TEST(is_empty_before_the_first_rule)
{
    struct ruleset *rules = ruleset_empty();
    uint32_t n;
    ck_assert_uint_eq(ruleset_count(rules), 0);
    ck_assert_ptr_null(ruleset_find(rules, STR("x")));
    ck_assert_ptr_null(ruleset_candidates(rules, TRIGGER_LOGIN, STR("home"), &n));
    ck_assert(str_is(ruleset_zone(rules)->name, "UTC"));
    ck_assert(!ruleset_has_attr_labels(rules));
    ruleset_unref(rules);
}
END_TEST

SUITE_MAIN("rules/ruleset", reads_everything_a_rule_says, reads_by_what_a_rule_ranks,
           a_policy_says_what_an_offer_must_be_worth_and_whether_to_try, reads_limits_and_silences,
           a_schedule_includes_its_last_day_in_its_own_zone,
           keeps_what_it_needs_when_files_and_diags_are_gone, checks_the_head_of_a_file,
           checks_names_groups_and_attributes, checks_what_a_rule_is, checks_schedules,
           a_ladder_goes_one_way_for_an_upsell_and_the_other_for_a_downsell, checks_offers,
           checks_limits_and_rank, reads_a_budget, checks_budgets,
           checks_messages_down_to_the_placeholder,
           does_not_tell_what_only_follows_from_another_fault, refuses_what_it_would_not_do,
           forgives_a_draft_what_is_not_there_yet, guesses_the_word_that_was_meant,
           finds_every_fault_in_one_reading, names_both_places_of_an_id_used_twice,
           files_must_agree_on_currency_zone_and_languages, shares_conditions_and_groups_over_files,
           warns_of_a_schedule_that_is_over_only_when_told_the_time,
           lists_candidates_by_priority_then_id, each_placement_and_trigger_has_exactly_its_rules,
           is_empty_before_the_first_rule)
