/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions are written as rule files write them, lowered, and asked of a small shop. */
#include "flow_doc.h"
#include "rules/blame.h"
#include "rules/lowering.h"
#include "rules/receipt_words.h"
#include "rules/ruleset.h"
#include "small_shop.h"

enum { ROOM = 16 };

struct fixture {
    struct arena *arena;
    struct small_shop *shop;
    struct condition list[ROOM];
    struct rule rule;
};

static void teardown(struct fixture **f)
{
    small_shop_free_at(&(*f)->shop);
    arena_free((*f)->arena);
    free(*f);
}
#define FIXTURE __attribute__((cleanup(teardown))) struct fixture *

static struct fixture *fixture(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(1 << 16, 1 << 24);
    f->shop = small_shop_new();
    f->rule.schedule.always = true;
    return f;
}

static uint32_t find_attr(void *self, struct str name)
{
    struct fixture *f = self;
    for (uint32_t n = 0; n < 3; n++)
        if (str_eq(f->shop->attr_names[n], name))
            return n;
    ck_abort_msg("no such attribute");
    return 0;
}

static void write_rule(struct fixture *f, bool audience, const char *text)
{
    struct diags diags;
    struct doc_file file = { .name = STR("rules.yaml") };
    struct lowering lowering = {
        .arena = f->arena, .diags = &diags, .file = &file, .self = f, .attr = find_attr
    };
    diags_init(&diags, f->arena);
    int n = lower_conditions(&lowering, flow_doc(f->arena, text), audience, f->list, ROOM);
    ck_assert_msg(n > 0, "%s", text);
    f->rule.conditions = f->list;
    f->rule.n_conditions = (uint32_t) n;
}

static struct match_verdict ask(struct fixture *f)
{
    return rule_matches(&f->rule, &f->shop->facts, SHOP_NOW);
}

static void answers_as(struct fixture *f, bool audience, const char *text, enum match_answer answer)
{
    write_rule(f, audience, text);
    struct match_verdict verdict = ask(f);
    ck_assert_msg(verdict.answer == answer, "%s: %d", text, verdict.answer);
    ck_assert((verdict.failed == NULL) == (answer == MATCH_YES));
    ck_assert(rule_holds(&f->rule, &f->shop->facts, SHOP_NOW) == (answer == MATCH_YES));
}

static void answers(struct fixture *f, const char *text, enum match_answer answer)
{
    answers_as(f, false, text, answer);
}

/* What a request's receipt says of the first condition that failed. */
static struct str seen_of(struct fixture *f, struct blame *blame, struct out *out)
{
    struct blame_hint hint;
    blame_init(blame, &f->shop->facts, out);
    struct match_verdict verdict = blame_matches(blame, &f->rule, SHOP_NOW, &hint);
    struct match_verdict plain = ask(f);
    ck_assert(verdict.answer == plain.answer && verdict.failed == plain.failed);
    if (plain.failed)
        blame_seen(blame, plain.failed, plain.answer, &hint);
    return out_str(out);
}

/* The same without what blame_matches has seen on its way. */
static struct str seen_anew(struct fixture *f, struct blame *blame, struct out *out)
{
    const struct blame_hint none = { 0 };
    struct match_verdict verdict = ask(f);
    blame_init(blame, &f->shop->facts, out);
    if (verdict.failed)
        blame_seen(blame, verdict.failed, verdict.answer, &none);
    return out_str(out);
}

/* The first condition of @text, explained. */
static void explains(struct fixture *f, const char *text, const char *seen, const char *wanted)
{
    struct blame blame;
    struct out outs[3];
    for (int i = 0; i < 3; i++)
        out_init(&outs[i], f->arena, 8);
    write_rule(f, false, text);
    f->rule.n_conditions = 1;
    (void) seen_of(f, &blame, &outs[0]);
    (void) seen_anew(f, &blame, &outs[1]);
    blame_wanted(&f->list[0], blame.decimals, f->shop->facts.attr_names, &outs[2]);
    for (int i = 0; i < 3; i++)
        out_char(&outs[i], '\0');
    ck_assert_str_eq(outs[0].at, seen);
    ck_assert_str_eq(outs[1].at, seen);
    ck_assert_str_eq(outs[2].at, wanted);
}

/* What the first condition of @text wanted, in Japanese. */
static void wants_ja(struct fixture *f, const char *text, const char *wanted)
{
    struct out out;
    out_init(&out, f->arena, 8);
    write_rule(f, false, text);
    blame_wanted_in(&f->list[0], LOCALE_JA, 0, f->shop->facts.attr_names, &out);
    out_char(&out, '\0');
    ck_assert_str_eq(out.at, wanted);
}

START_TEST(conditions_about_the_cart_are_answered)
{
    FIXTURE f = fixture();
    answers(f, "{cart.total: {at_least: 204100}}", MATCH_YES);
    answers(f, "{cart.total: {more_than: 204100}}", MATCH_NO);
    answers(f, "{cart.has: {category: camera, unit_price: {at_least: 198000}}}", MATCH_YES);
    answers(f, "{cart.count: {where: {sku: {starts_with: CARD}}, at_least: 2}}", MATCH_YES);
    answers(f, "{cart.count: {where: {sku: {starts_with: CARD}}, at_least: 3}}", MATCH_NO);
    answers(f, "{cart.has: {attr.megapixels: {at_least: 24.2}}}", MATCH_YES);
    answers(f, "{cart.has: {tag: beginner}}", MATCH_YES);
    answers(f, "{context.channel: [app, web], cart.quantity: 4}", MATCH_YES);
}
END_TEST

START_TEST(an_item_that_the_catalogue_does_not_know_leaves_the_answer_open)
{
    FIXTURE f = fixture();
    answers(f, "{cart.lacks: {category: lens}}", MATCH_UNKNOWN); /* GONE-1 might be one */
    answers(f, "{cart.lacks: {category: camera}}", MATCH_NO);
    answers(f, "{cart.has: {category: lens}}", MATCH_UNKNOWN);
    answers(f, "{cart.count: {where: {category: camera}, at_least: 1}}", MATCH_UNKNOWN);
    f->shop->cart.n_lines = 2; /* without it */
    answers(f, "{cart.lacks: {category: lens}}", MATCH_YES);
    answers(f, "{cart.has: {category: lens}}", MATCH_NO);
    answers(f, "{cart.count: {where: {category: camera}, at_least: 1}}", MATCH_YES);
}
END_TEST

START_TEST(missing_is_unknown_and_never_fires_however_it_is_put)
{
    static const char *const put[] = {
        "{not_owns: {category: lens}}",
        "{owns: {category: lens}}",
        "{none: [{owns: {category: lens}}]}",
        "{country: {is_not: US}}",
        "{country: {none_of: [US, GB]}}",
        "{new_customer: true}",
        "{new_customer: false}",
        "{consent: personalization}",
        "{none: [{customer.consent: marketing}]}",
        "{bought_within: {where: {category: lens}, within: 30d}}",
        "{customer.last_order_at: {older_than: 30d}}",
        "{any: [{country: JP}, {customer.orders: 0}]}",
    };
    FIXTURE f = fixture();
    f->shop->facts.person = NULL;
    for (size_t i = 0; i < sizeof put / sizeof *put; i++)
        answers_as(f, true, put[i], MATCH_UNKNOWN);

    f->rule.unknown_allows = true; /* if_unknown: allow */
    for (size_t i = 0; i < sizeof put / sizeof *put; i++)
        answers_as(f, true, put[i], MATCH_YES);
}
END_TEST

START_TEST(what_is_known_of_the_person_is_answered)
{
    FIXTURE f = fixture();
    answers_as(f, true, "{owns: {category: lens}}", MATCH_YES);
    answers_as(f, true, "{not_owns: {category: lens}}", MATCH_NO);
    answers_as(f, true, "{bought_within: {where: {category: lens}, within: 10d}}", MATCH_YES);
    answers_as(f, true, "{bought_within: {where: {sku: LENS-50}, within: 9d}}", MATCH_NO);
    answers_as(f, true, "{consent: [personalization, profiling]}", MATCH_YES);
    answers_as(f, true, "{consent: [personalization, marketing]}", MATCH_NO);
    answers_as(f, true, "{customer.last_order_at: {within: 10d}}", MATCH_YES);
    answers_as(f, true, "{customer.last_order_at: {older_than: 10d}}", MATCH_NO);
    answers_as(f, true, "{customer.spend: {at_least: 90000}, new_customer: false}", MATCH_YES);
    answers_as(f, true, "{not_owns: {category: phone}}",
               MATCH_UNKNOWN); /* the bag has no category */
}
END_TEST

START_TEST(a_known_no_is_a_no_even_when_unknown_is_allowed)
{
    FIXTURE f = fixture();
    f->rule.unknown_allows = true;
    answers(f, "{context.country: JP, cart.total: 1}", MATCH_NO);
    ck_assert(str_is(ask(f).failed->key, "cart.total"));
}
END_TEST

START_TEST(the_first_condition_that_is_not_true_is_named)
{
    FIXTURE f = fixture();
    write_rule(f, false, "{cart.total: 204100,\n context.country: JP,\n cart.quantity: 9}");
    struct match_verdict verdict = ask(f);
    ck_assert_int_eq(verdict.answer, MATCH_UNKNOWN);
    ck_assert_ptr_eq(verdict.failed, &f->list[1]);
    ck_assert_uint_eq(verdict.failed->line, 2);
}
END_TEST

static uint32_t n_asked; /* for elements of a list */

static bool count_elements(struct term_scope *scope, uint32_t list, uint32_t index,
                           int64_t *ret_weight)
{
    (void) scope, (void) list, (void) index, (void) ret_weight;
    n_asked++;
    return false;
}

START_TEST(what_the_customer_owns_is_asked_last_when_nobody_asks_what_failed)
{
    FIXTURE f = fixture();
    struct condition list[2];
    write_rule(f, true, "{owns: {category: camera}}");
    list[0] = f->list[0];
    write_rule(f, false, "{cart.total: 1}");
    list[1] = f->list[0];
    ck_assert(list[0].is_dear && !list[1].is_dear);
    f->rule.conditions = list;
    f->rule.n_conditions = 2;
    f->shop->facts.scope.element = count_elements;

    n_asked = 0;
    ck_assert(!rule_holds(&f->rule, &f->shop->facts, SHOP_NOW));
    ck_assert_uint_eq(n_asked, 0);
    ck_assert_ptr_eq(ask(f).failed, &list[0]);
    ck_assert_uint_gt(n_asked, 0);
}
END_TEST

START_TEST(the_schedule_is_looked_at_after_the_conditions)
{
    FIXTURE f = fixture();
    write_rule(f, false, "{cart.total: 204100}");
    f->rule.schedule = (struct schedule){
        .from_us = SHOP_NOW + 1, .until_us = INT64_MAX, .opens_minute = -1, .closes_minute = -1
    };
    struct match_verdict verdict = ask(f);
    ck_assert_int_eq(verdict.answer, MATCH_OFF_SCHEDULE);
    ck_assert_ptr_null(verdict.failed);
    ck_assert_int_eq(rule_matches(&f->rule, &f->shop->facts, SHOP_NOW + 1).answer, MATCH_YES);
    ck_assert(!rule_holds(&f->rule, &f->shop->facts, SHOP_NOW));
    ck_assert(rule_holds(&f->rule, &f->shop->facts, SHOP_NOW + 1));
    f->shop->cart.total_minor = 1;
    ck_assert_int_eq(ask(f).answer, MATCH_NO);
}
END_TEST

START_TEST(a_rule_without_conditions_matches)
{
    FIXTURE f = fixture();
    ck_assert_int_eq(ask(f).answer, MATCH_YES);
}
END_TEST

START_TEST(a_plain_comparison_explains_the_value_seen_and_wanted)
{
    FIXTURE f = fixture();
    explains(f, "{cart.total: {at_least: 300000}}", "204100", ">= 300000");
    explains(f, "{cart.total: {between: [1, 2]}}", "204100", ">= 1 and <= 2");
    explains(f, "{context.channel: app}", "web", "app");
    explains(f, "{context.channel: {is_not: web}}", "web", "not web");
    explains(f, "{context.channel: [app, kiosk]}", "web", "one of app, kiosk");
    explains(f, "{context.channel: {none_of: [app, web]}}", "web", "none of app, web");
    explains(f, "{context.channel: {starts_with: a}}", "web", "starts with a");
    explains(f, "{context.country: JP}", "unknown", "JP");
    explains(f, "{context.country: {exists: true}}", "unknown", "known");
    explains(f, "{customer.new: true}", "false", "true");
    explains(f, "{customer.last_order_at: {within: 36h}}", "10d", "<= 1d 12h");
    explains(f, "{customer.consent: [personalization, marketing]}", "personalization, profiling",
             "personalization and marketing");
    explains(f, "{none: [{cart.total: {at_least: 5}}]}", "204100", "< 5");
    explains(f, "{none: [{cart.total: 204100}, {cart.total: 6}]}", "204100",
             "not 204100 and not 6");
    f->shop->profile.orders = 0;
    explains(f, "{customer.new: false}", "true", "false");
}
END_TEST

START_TEST(money_is_explained_in_the_main_unit)
{
    FIXTURE f = fixture();
    f->shop->cart.currency = STR("USD");
    f->shop->cart.total_minor = 1999;
    explains(f, "{cart.total: {at_least: 2500}}", "19.99", ">= 25.00");
}
END_TEST

START_TEST(an_item_block_shows_of_each_item_what_decides)
{
    FIXTURE f = fixture();
    explains(f, "{cart.has: {unit_price: {more_than: 200000}, category: lens}}",
             "0 of 3: CAM-A7 (unit_price 198000), CARD-64 (unit_price 2800), "
             "GONE-1 (unit_price 500)",
             "an item with unit_price > 200000, category lens");
    explains(f, "{cart.has: {category: camera, unit_price: {more_than: 200000}}}",
             "0 of 3: CAM-A7 (unit_price 198000), CARD-64 (category memory-card), "
             "GONE-1 (unit_price 500)",
             "an item with category camera, unit_price > 200000");
    explains(f, "{cart.has: {sku: {starts_with: B}}}", "0 of 3: CAM-A7, CARD-64, GONE-1",
             "an item with sku starts with B");
    explains(f, "{trigger.item: {sku: A}}", "unknown", "an item with sku A");
}
END_TEST

START_TEST(items_that_do_not_decide_are_left_out)
{
    FIXTURE f = fixture();
    explains(f, "{cart.lacks: {tag: popular}}", "1 of 3: CAM-A7 (tag popular, beginner)",
             "no item with tag popular");
    explains(f, "{cart.lacks: {category: memory-card, unit_price: {at_least: 1}}}",
             "1 of 3: CARD-64 (category memory-card, unit_price 2800)",
             "no item with category memory-card, unit_price >= 1");
    explains(f, "{cart.lacks: {category: lens}}", "0 of 3: GONE-1 (category unknown)",
             "no item with category lens");
    explains(f, "{cart.has: {category: lens, unit_price: {at_least: 100}}}",
             "0 of 3: GONE-1 (category unknown)", "an item with category lens, unit_price >= 100");
    explains(f, "{cart.has: {tag: [new, sale], attr.mount: {none_of: [HX, EX]}, in_stock: false}}",
             "0 of 3: GONE-1 (tag unknown)",
             "an item with tag new or sale, attr.mount none of HX, EX, in_stock false");
}
END_TEST

START_TEST(a_count_shows_itself_and_every_item)
{
    FIXTURE f = fixture();
    explains(f, "{cart.count: {where: {attr.megapixels: {at_least: 30}}, at_least: 2}}",
             "unknown; 0 of 3: CAM-A7 (attr.megapixels 24.2), CARD-64 (attr.megapixels unknown), "
             "GONE-1 (attr.megapixels unknown)",
             ">= 2 items with attr.megapixels >= 30");
    explains(f, "{cart.count: {where: {sku: {starts_with: CARD}}, between: [3, 5]}}",
             "2; 1 of 3: CAM-A7, CARD-64, GONE-1", ">= 3 and <= 5 items with sku starts with CARD");
}
END_TEST

START_TEST(a_long_list_is_cut)
{
    FIXTURE f = fixture();
    struct cart_line lines[6];
    for (int i = 0; i < 6; i++)
        lines[i] = f->shop->lines[0];
    f->shop->cart.lines = lines;
    f->shop->cart.n_lines = 6;
    explains(
        f, "{cart.has: {category: lens}}",
        "0 of 6: CAM-A7 (category camera), CAM-A7 (category camera), CAM-A7 (category camera), "
        "CAM-A7 (category camera), …",
        "an item with category lens");
    f->shop->cart.n_lines = 0;
    explains(f, "{cart.has: {category: lens}}", "0 of 0", "an item with category lens");
}
END_TEST

START_TEST(a_block_shows_what_each_part_that_decides_saw)
{
    FIXTURE f = fixture();
    explains(f, "{any: [{cart.total: 1}, {cart.quantity: 1}]}",
             "cart.total 204100; cart.quantity 4", "cart.total 1 or cart.quantity 1");
    explains(f, "{all: [{cart.total: 204100}, {cart.quantity: 1}, {context.channel: app}]}",
             "cart.quantity 4", "cart.total 204100 and cart.quantity 1 and context.channel app");
    explains(f, "{none: [{cart.total: 1}, {cart.quantity: 4}]}", "cart.quantity 4",
             "cart.total not 1 and cart.quantity not 4");
    explains(f, "{all: [{context.country: JP}, {cart.quantity: 4}]}", "context.country unknown",
             "context.country JP and cart.quantity 4");
    explains(f, "{any: [{context.country: JP}, {cart.quantity: 1}]}", "context.country unknown",
             "context.country JP or cart.quantity 1");
    explains(f, "{any: [{all: [{cart.total: 1}, {cart.quantity: 4}]}, {context.channel: app}]}",
             "cart.total 204100; context.channel web",
             "(cart.total 1 and cart.quantity 4) or context.channel app");
}
END_TEST

START_TEST(parts_that_saw_the_same_say_it_once)
{
    FIXTURE f = fixture();
    f->shop->cart.n_lines = 1;
    explains(f,
             "{any: [{cart.has: {category: lens}}, {cart.has: {category: phone}}, "
             "{cart.has: {in_stock: false}}, {cart.has: {category: laptop}}]}",
             "cart.items 0 of 1: CAM-A7 (category camera); "
             "cart.items 0 of 1: CAM-A7 (in_stock true)",
             "an item with category lens in cart.items or an item with category phone in "
             "cart.items or an item with in_stock false in cart.items or an item with category "
             "laptop in cart.items");
    explains(f,
             "{all: [{cart.count: {where: {category: lens}, at_least: 1}}, "
             "{cart.count: {where: {category: camera}, at_least: 1}}]}",
             "cart.items 0; 0 of 1: CAM-A7 (category camera)",
             ">= 1 items with category lens in cart.items and >= 1 items with category camera in "
             "cart.items");
}
END_TEST

START_TEST(what_nothing_may_be_is_told_the_same_from_the_gathered_texts_as_from_the_items)
{
    enum { LINES = 80 };
    static const char *const rules[] = {
        "{cart.lacks: {category: camera}}",
        "{cart.lacks: {category: [camera, lens]}}",
        "{cart.lacks: {brand: Lumora}}",
        "{cart.has: {category: camera}}",
        "{cart.lacks: {category: memory-card}}",
        "{cart.has: {category: [lens, memory-card]}}",
        "{cart.lacks: {subcategory: mirrorless}}",
        "{cart.has: {category: camera, unit_price: {at_least: 1000000}}}",
        "{cart.lacks: {category: camera, subcategory: mirrorless}}",
        "{cart.has: {category: [camera, memory-card], brand: Nobody}}",
        "{cart.has: {category: camera, margin: {at_least: 99%}}}",
    };
    FIXTURE f = fixture();
    struct blame *blame = calloc(1, sizeof *blame);
    struct cart_line lines[LINES];
    for (int i = 0; i < LINES; i++) /* the camera first, as the sixth, as the 71st, as the last */
        lines[i] = f->shop->lines[i == 0 || i == 5 || i == 70 || i == 79 ? 0 : 1];
    lines[4].product = lines[75].product = PRODUCT_NONE; /* may be anything */
    f->shop->cart.lines = lines;
    for (uint32_t from = 0; from <= 6; from++) {
        for (uint32_t n = 0; from + n <= LINES; n++) {
            f->shop->cart.lines = lines + from;
            f->shop->cart.n_lines = n;
            for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
                struct out outs[2];
                for (int k = 0; k < 2; k++)
                    out_init(&outs[k], NULL, 64);
                write_rule(f, false, rules[i]);
                ck_assert(receipt_words_prepare(&f->rule, 1, 0, f->shop->attr_names, f->arena) ==
                          OK);
                struct str seen = seen_of(f, blame, &outs[0]);
                ck_assert(str_eq(seen, seen_anew(f, blame, &outs[1])));
                for (int k = 0; k < 2; k++)
                    out_deinit(&outs[k]);
                f->rule.words = NULL;
            }
        }
    }
    free(blame);
}
END_TEST

START_TEST(what_is_wanted_is_told_in_japanese_too)
{
    FIXTURE f = fixture();
    wants_ja(f, "{cart.total: {at_least: 300000}}", "300000 以上");
    wants_ja(f, "{cart.total: {between: [1, 2]}}", "1 以上 かつ 2 以下");
    wants_ja(f, "{none: [{cart.total: {at_least: 5}}]}", "5 未満");
    wants_ja(f, "{context.channel: {is_not: web}}", "web 以外");
    wants_ja(f, "{context.channel: [app, kiosk]}", "app, kiosk のどれか");
    wants_ja(f, "{context.channel: {none_of: [app, web]}}", "app, web のどれでもない");
    wants_ja(f, "{none: [{context.channel: {starts_with: a}}]}", "a で始まらない");
    wants_ja(f, "{context.country: {exists: true}}", "分かっている");
    wants_ja(f, "{customer.new: false}", "false");
    wants_ja(f, "{cart.has: {category: lens, unit_price: {more_than: 200}}}",
             "「category が lens、unit_price が 200 超」の商品がある");
    wants_ja(f, "{cart.lacks: {category: lens}}", "「category が lens」の商品がない");
    wants_ja(f, "{cart.count: {where: {category: lens}, at_least: 2}}",
             "「category が lens」の商品が 2 以上");
    wants_ja(
        f, "{any: [{cart.lacks: {category: lens}}, {all: [{cart.total: 1}, {cart.quantity: 4}]}]}",
        "cart.items に「category が lens」の商品がない または (cart.total が 1 かつ "
        "cart.quantity が 4)");
}
END_TEST

START_TEST(what_is_shown_is_escaped_for_json)
{
    FIXTURE f = fixture();
    f->shop->facts.channel = STR("we\"b");
    explains(f, "{context.channel: a\"b}", "we\\\"b", "a\\\"b");
}
END_TEST

SUITE_MAIN("rules/matching", conditions_about_the_cart_are_answered,
           an_item_that_the_catalogue_does_not_know_leaves_the_answer_open,
           missing_is_unknown_and_never_fires_however_it_is_put,
           what_is_known_of_the_person_is_answered, a_known_no_is_a_no_even_when_unknown_is_allowed,
           the_first_condition_that_is_not_true_is_named,
           what_the_customer_owns_is_asked_last_when_nobody_asks_what_failed,
           the_schedule_is_looked_at_after_the_conditions, a_rule_without_conditions_matches,
           a_plain_comparison_explains_the_value_seen_and_wanted,
           money_is_explained_in_the_main_unit, an_item_block_shows_of_each_item_what_decides,
           items_that_do_not_decide_are_left_out, a_count_shows_itself_and_every_item,
           a_long_list_is_cut, a_block_shows_what_each_part_that_decides_saw,
           parts_that_saw_the_same_say_it_once,
           what_nothing_may_be_is_told_the_same_from_the_gathered_texts_as_from_the_items,
           what_is_wanted_is_told_in_japanese_too, what_is_shown_is_escaped_for_json)
