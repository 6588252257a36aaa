/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each word of the language is held against its CEL, and each mistake against its diag and place;
 * one file, because all of it shares one fixture.
 */
#include "rules/lowering.h"

#include <stdio.h>

#include "flow_doc.h"
#include "rules/facts.h"

enum { ROOM = 32, ATTRS = 16 };

struct fixture {
    struct arena *arena;
    struct diags diags;
    struct doc_file file, shared;
    struct lowering lowering;
    struct condition list[ROOM];
    int n;
    const struct doc_node *named; /* a mapping of named conditions */
    struct str attrs[ATTRS];
    uint32_t n_attrs;
};

static uint32_t find_attr(void *self, struct str name)
{
    struct fixture *f = self;
    uint32_t n = 0;
    while (n < f->n_attrs && !str_eq(f->attrs[n], name))
        n++;
    if (n == f->n_attrs)
        f->attrs[f->n_attrs++] = name;
    return n;
}

static const struct doc_node *find_named(void *self, struct str name,
                                         const struct doc_file **ret_file)
{
    struct fixture *f = self;
    const struct doc_node *node = f->named ? f->named->first : NULL;
    while (node && !str_eq(node->key, name))
        node = node->next;
    if (node)
        *ret_file = &f->shared;
    return node;
}

static void teardown(struct fixture **f)
{
    arena_free((*f)->arena);
    free(*f);
}
#define FIXTURE __attribute__((cleanup(teardown))) struct fixture *

static struct fixture *fixture_in(int decimals)
{
    static const char *const named_words[] = { "has-parcel", "small-cart", NULL };
    struct fixture *f = calloc(1, sizeof *f);

    f->arena = arena_new(1 << 16, 1 << 24);
    f->file.name = STR("camera.yaml");
    f->shared.name = STR("shared.yaml");
    diags_init(&f->diags, f->arena);
    f->lowering = (struct lowering){ .arena = f->arena,
                                     .diags = &f->diags,
                                     .file = &f->file,
                                     .decimals = decimals,
                                     .named = find_named,
                                     .named_words = named_words,
                                     .self = f,
                                     .attr = find_attr };
    return f;
}

static struct fixture *fixture(void)
{
    return fixture_in(0);
}

static void told(const struct fixture *f)
{
    for (uint32_t i = 0; i < f->diags.count; i++) {
        const struct diag *diag = &f->diags.list[i];
        fprintf(stderr, "%u:%u %s %.*s | %.*s\n", diag->place.line, diag->place.column,
                diag_code_name(diag->code), STR_ARG(diag->args[0]), STR_ARG(diag->guess));
    }
}

static int lower_as(struct fixture *f, bool audience, const char *text)
{
    f->n = lower_conditions(&f->lowering, flow_doc(f->arena, text), audience, f->list, ROOM);
    return f->n;
}

static void means_as(struct fixture *f, bool audience, const char *text, const char *cel)
{
    diags_init(&f->diags, f->arena);
    if (lower_as(f, audience, text) != 1)
        told(f);
    ck_assert_msg(f->n == 1, "%s: %d conditions", text, f->n);
    ck_assert_msg(str_is(f->list[0].text, cel), "%s\n  is %.*s", text, STR_ARG(f->list[0].text));
    ck_assert_uint_eq(f->diags.count, 0);
}

static void means(struct fixture *f, const char *text, const char *cel)
{
    means_as(f, false, text, cel);
}

static void audience_means(struct fixture *f, const char *text, const char *cel)
{
    means_as(f, true, text, cel);
}

/* Exactly one diag, at that column. */
static const struct diag *is_refused_as(struct fixture *f, bool audience, const char *text,
                                        enum diag_code code, uint32_t column)
{
    diags_init(&f->diags, f->arena);
    ck_assert_msg(lower_as(f, audience, text) == -1, "%s was taken", text);
    if (f->diags.count != 1 || f->diags.list[0].code != code ||
        f->diags.list[0].place.column != column)
        told(f);
    ck_assert_msg(f->diags.count == 1, "%s: %u diags", text, f->diags.count);
    ck_assert_msg(f->diags.list[0].code == code, "%s: %s", text,
                  diag_code_name(f->diags.list[0].code));
    ck_assert_msg(f->diags.list[0].place.column == column, "%s: column %u", text,
                  f->diags.list[0].place.column);
    return &f->diags.list[0];
}

static const struct diag *is_refused(struct fixture *f, const char *text, enum diag_code code,
                                     uint32_t column)
{
    return is_refused_as(f, false, text, code, column);
}

START_TEST(a_scalar_is_equal_and_a_list_is_any_of)
{
    FIXTURE f = fixture();
    means(f, "{context.channel: web}", "context.channel == \"web\"");
    means(f, "{context.channel: [web]}", "context.channel == \"web\"");
    means(f, "{context.channel: [web, app]}", "context.channel in [\"web\", \"app\"]");
    means(f, "{cart.total: 5000}", "cart.total == 5000");
    means(f, "{cart.quantity: [1, 2]}", "cart.quantity in [1, 2]");
}
END_TEST

START_TEST(every_matcher_word_has_its_meaning)
{
    FIXTURE f = fixture();
    means(f, "{context.channel: {is: web}}", "context.channel == \"web\"");
    means(f, "{context.channel: {is_not: web}}", "context.channel != \"web\"");
    means(f, "{context.channel: {any_of: [web, app]}}", "context.channel in [\"web\", \"app\"]");
    means(f, "{context.channel: {none_of: [web, app]}}",
          "!(context.channel in [\"web\", \"app\"])");
    means(f, "{cart.total: {at_least: 8000}}", "cart.total >= 8000");
    means(f, "{cart.total: {at_most: 8000}}", "cart.total <= 8000");
    means(f, "{cart.total: {more_than: 8000}}", "cart.total > 8000");
    means(f, "{cart.total: {less_than: 8000}}", "cart.total < 8000");
    means(f, "{cart.total: {between: [3000, 7999]}}", "cart.total >= 3000 && cart.total <= 7999");
    means(f, "{context.country: {exists: true}}", "has(context.country)");
    means(f, "{context.country: {exists: false}}", "!has(context.country)");
    means(f, "{context.channel: {starts_with: web}}", "context.channel.startsWith(\"web\")");
    means(f, "{context.channel: {contains: eb}}", "context.channel.contains(\"eb\")");
    means(f, "{customer.last_order_at: {within: 7d}}",
          "now - customer.last_order_at <= duration(\"604800s\")");
    means(f, "{customer.last_order_at: {older_than: 36h}}",
          "now - customer.last_order_at > duration(\"129600s\")");
    means(f, "{cart.quantity: {at_least: 2, is_not: 5}}",
          "cart.quantity >= 2 && cart.quantity != 5");
}
END_TEST

START_TEST(item_blocks_ask_the_items_of_a_list)
{
    FIXTURE f = fixture();
    means(f, "{cart.has: {category: camera, unit_price: {at_least: 50000}}}",
          "cart.items.exists(i, i.category == \"camera\" && i.unit_price >= 50000)");
    means(f, "{cart.lacks: {category: lens}}", "!cart.items.exists(i, i.category == \"lens\")");
    means(f, "{trigger.item: {sku: {starts_with: PHN-}}}",
          "trigger.items.exists(i, i.sku.startsWith(\"PHN-\"))");
    means(f, "{cart.count: {where: {category: lens}, at_least: 2}}",
          "quantity(cart.items.filter(i, i.category == \"lens\")) >= 2");
    means(f, "{cart.count: {at_most: 3, where: {category: lens}, at_least: 1}}",
          "quantity(cart.items.filter(i, i.category == \"lens\")) <= 3 && "
          "quantity(cart.items.filter(i, i.category == \"lens\")) >= 1");
    means(f, "{owns: {category: camera}}", "customer.owned.exists(i, i.category == \"camera\")");
}
END_TEST

START_TEST(every_word_of_an_item_has_its_fact_and_type)
{
    FIXTURE f = fixture();
    means(f,
          "{cart.has: {sku: 85123, category: a, subcategory: b, brand: c, model: d, tag: e, "
          "unit_price: 1, list_price: 2, quantity: 3, in_stock: true, stock: 4, margin: 12.5%, "
          "rating: 4.5, age_days: 30}}",
          "cart.items.exists(i, i.sku == \"85123\" && i.category == \"a\" && i.subcategory == "
          "\"b\" && i.brand == \"c\" && i.model == \"d\" && \"e\" in i.tag && i.unit_price == 1 && "
          "i.list_price == 2 && i.quantity == 3 && i.in_stock && i.stock == 4 && i.margin == 1250 "
          "&& i.rating == 4.5 && i.age_days == 30)");
    means(f, "{cart.has: {in_stock: false}}", "cart.items.exists(i, !i.in_stock)");
    means(f, "{cart.has: {in_stock: {is_not: true}}}", "cart.items.exists(i, !i.in_stock)");
}
END_TEST

START_TEST(tags_are_a_set_of_words)
{
    FIXTURE f = fixture();
    means(f, "{cart.has: {tag: [a, b]}}", "cart.items.exists(i, \"a\" in i.tag || \"b\" in i.tag)");
    means(f, "{cart.has: {tag: {all_of: [a, b]}}}",
          "cart.items.exists(i, \"a\" in i.tag && \"b\" in i.tag)");
    means(f, "{cart.has: {tag: {all_of: [a]}}}", "cart.items.exists(i, \"a\" in i.tag)");
    means(f, "{cart.has: {tag: {none_of: [a, b]}}}",
          "cart.items.exists(i, !(\"a\" in i.tag || \"b\" in i.tag))");
    means(f, "{cart.has: {tag: {is_not: a}}}", "cart.items.exists(i, !(\"a\" in i.tag))");
    means(f, "{cart.has: {tag: {contains: a}}}", "cart.items.exists(i, \"a\" in i.tag)");
}
END_TEST

START_TEST(attributes_are_numbers_or_text_by_what_they_are_compared_with)
{
    FIXTURE f = fixture();
    means(f, "{cart.has: {attr.storage_gb: {at_least: 128}}}",
          "cart.items.exists(i, i.attr.storage_gb >= 128)");
    ck_assert_uint_eq(f->list[0].term->children[1]->children[0]->slot, FACT_ATTR_FIRST);
    means(f, "{cart.has: {attr.fits: N1}}", "cart.items.exists(i, i.attr.fits == \"N1\")");
    ck_assert_uint_eq(f->list[0].term->children[1]->children[0]->slot, FACT_ATTR_FIRST + 1);
    means(f, "{cart.has: {attr.fits: \"100\"}}",
          "cart.items.exists(i, i.attr_text.fits == \"100\")");
    ck_assert_uint_eq(f->list[0].term->children[1]->children[0]->slot, FACT_ATTR_TEXT_FIRST + 1);
    means(f, "{cart.has: {attr.fits: {starts_with: N}}}",
          "cart.items.exists(i, i.attr_text.fits.startsWith(\"N\"))");
    means(f, "{cart.has: {attr.size: [38, 40]}}", "cart.items.exists(i, i.attr.size in [38, 40])");
    means(f, "{cart.has: {attr.size: [38, M]}}",
          "cart.items.exists(i, i.attr.size in [38, \"M\"])");
    means(f, "{cart.has: {attr.size: [\"38\", 40]}}",
          "cart.items.exists(i, i.attr_text.size in [\"38\", \"40\"])");
    means(f, "{cart.has: {attr.size: {exists: true}}}", "cart.items.exists(i, has(i.attr.size))");
    means(f, "{cart.has: {attr.画素数: {exists: false}}}",
          "cart.items.exists(i, !i.has_attr(\"画素数\"))");
    means(f, "{cart.has: {attr.画素数: 1.5}}", "cart.items.exists(i, i.attr[\"画素数\"] == 1.5)");
    means(f, "{cart.has: {attr.breakfast: {is_not: \"✓\"}}}",
          "cart.items.exists(i, i.attr.breakfast != \"✓\")");
    ck_assert_uint_eq(f->n_attrs, 5);
}
END_TEST

START_TEST(the_audience_has_its_words)
{
    FIXTURE f = fixture();
    audience_means(f, "{not_owns: {category: lens}}",
                   "!customer.owned.exists(i, i.category == \"lens\")");
    audience_means(f, "{bought_within: {where: {category: beans}, within: 30d}}",
                   "customer.owned.exists(i, i.category == \"beans\" && "
                   "now - i.bought_at <= duration(\"2592000s\"))");
    audience_means(f, "{new_customer: true}", "customer.new");
    audience_means(f, "{new_customer: false}", "!customer.new");
    audience_means(f, "{country: [JP, US]}", "context.country in [\"JP\", \"US\"]");
    audience_means(f, "{language: ja}", "context.language == \"ja\"");
    audience_means(f, "{consent: personalization}", "\"personalization\" in customer.consent");
    audience_means(f, "{consent: [personalization, marketing]}",
                   "\"personalization\" in customer.consent && \"marketing\" in customer.consent");
    audience_means(f, "{customer.orders: {at_least: 3}}", "customer.orders >= 3");
}
END_TEST

START_TEST(side_by_side_is_and_each_a_condition_with_its_line)
{
    FIXTURE f = fixture();
    ck_assert_int_eq(lower_as(f, false, "{cart.total: 1,\n cart.quantity: 2,\n\n order.total: 3}"),
                     3);
    ck_assert(str_is(f->list[2].key, "order.total"));
    ck_assert(str_is(f->list[2].text, "order.total == 3"));
    ck_assert(str_is(f->list[2].file, "camera.yaml"));
    ck_assert_uint_eq(f->list[0].line, 1);
    ck_assert_uint_eq(f->list[2].line, 4);
}
END_TEST

START_TEST(any_none_and_all_make_or_and_not)
{
    FIXTURE f = fixture();
    means(f, "{any: [{cart.total: 1}, {cart.quantity: 2, order.total: 3}]}",
          "cart.total == 1 || cart.quantity == 2 && order.total == 3");
    means(f, "{none: [{cart.total: 1}, {cart.quantity: 2}]}",
          "!(cart.total == 1 || cart.quantity == 2)");
    means(f, "{none: [{cart.total: 1}]}", "!(cart.total == 1)");
    means(f, "{all: [{cart.total: 1}, {any: [{cart.quantity: 2}, {cart.quantity: 3}]}]}",
          "cart.total == 1 && (cart.quantity == 2 || cart.quantity == 3)");
}
END_TEST

START_TEST(use_puts_the_named_conditions_in_its_place_with_their_own_lines)
{
    FIXTURE f = fixture();
    f->named = flow_doc(f->arena, "{has-parcel: {cart.has: {category: a}},\n"
                                  " small-cart: {cart.total: {less_than: 5},\n cart.quantity: 1}}");
    ck_assert_int_eq(lower_as(f, false, "{order.total: 1, use: [has-parcel, small-cart]}"), 4);
    ck_assert(str_is(f->list[0].file, "camera.yaml"));
    ck_assert(str_is(f->list[3].file, "shared.yaml"));
    ck_assert(str_is(f->list[3].key, "cart.quantity"));
    ck_assert_uint_eq(f->list[3].line, 3);
    means(f, "{none: [{use: [small-cart]}]}", "!(cart.total < 5 && cart.quantity == 1)");
    means(f, "{any: [{use: small-cart}, {cart.total: 9}]}",
          "cart.total < 5 && cart.quantity == 1 || cart.total == 9");
}
END_TEST

START_TEST(use_of_what_is_not_there_twice_or_in_a_circle_is_refused)
{
    FIXTURE f = fixture();
    f->named = flow_doc(f->arena, "{a: {use: [b]}, b: {any: [{use: [a]}]}, c: {cart.total: 1}}");

    ck_assert(
        str_is(is_refused(f, "{use: [smal-cart]}", DIAG_USE_UNKNOWN, 8)->guess, "small-cart"));
    is_refused(f, "{use: [c, c]}", DIAG_USE_TWICE, 11);
    const struct diag *diag = is_refused(f, "{use: [a]}", DIAG_USE_CIRCLE, 34);
    ck_assert_ptr_eq(diag->file, &f->shared);
    ck_assert_ptr_eq(f->lowering.file, &f->file);
    f->named = flow_doc(f->arena, "{a: {use: b}, b: {use: d}, d: {use: a}, c: {cart.total: 1}}");
    ck_assert(str_is(is_refused(f, "{use: [a]}", DIAG_USE_CIRCLE, 37)->args[0], "a"));
    is_refused(f, "{use: []}", DIAG_COND_EMPTY, 7);
    is_refused(f, "{use: {a: b}}", DIAG_COND_LIST, 7);
    ck_assert_int_eq(lower_as(f, false, "{use: [c]}"), 1);
}
END_TEST

START_TEST(a_fault_in_a_named_condition_is_told_once)
{
    FIXTURE f = fixture();
    f->named = flow_doc(f->arena, "{bad: {cart.totl: 1}}");
    ck_assert_int_eq(lower_as(f, false, "{use: [bad]}"), -1);
    ck_assert_int_eq(lower_as(f, false, "{use: [bad]}"), -1);
    ck_assert_uint_eq(f->diags.count, 1);
}
END_TEST

START_TEST(an_unknown_word_is_refused_with_a_guess)
{
    FIXTURE f = fixture();
    ck_assert(str_is(is_refused(f, "{cart.totl: 1}", DIAG_COND_WORD, 2)->guess, "cart.total"));
    ck_assert(
        str_is(is_refused(f, "{cart.has: {catgory: a}}", DIAG_ITEM_WORD, 13)->guess, "category"));
    ck_assert(str_is(is_refused(f, "{cart.total: {atleast: 1}}", DIAG_MATCH_WORD, 15)->guess,
                     "at_least"));
    ck_assert(str_is(is_refused_as(f, true, "{consent: [marketng]}", DIAG_VALUE_CONSENT, 12)->guess,
                     "marketing"));
    ck_assert_ptr_null(is_refused(f, "{zzz: 1}", DIAG_COND_WORD, 2)->guess.at);
    is_refused(f, "{cart.has: {attr.: 1}}", DIAG_ITEM_WORD, 13);
    is_refused(f, "{item.category: lens}", DIAG_COND_ITEM, 2);
    is_refused_as(f, true, "{bought_within: {where: {sku: a}, within: 3d, max: 1}}", DIAG_COND_WORD,
                  47);
}
END_TEST

START_TEST(words_of_the_language_that_come_later_are_refused_as_such)
{
    static const char *const words[] = { "segments",
                                         "loyalty",
                                         "rfm",
                                         "ltv",
                                         "plan",
                                         "churn_risk",
                                         "exclude",
                                         "quota.used_percent",
                                         "support.csat",
                                         "subscription.age_days",
                                         "customer.open_tickets" };
    FIXTURE f = fixture();
    char text[64];

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        snprintf(text, sizeof text, "{%s: gold}", words[i]);
        const struct diag *diag = is_refused_as(f, i % 2, text, DIAG_COND_NOT_YET, 2);
        ck_assert(str_is(diag->args[0], words[i]));
        ck_assert(str_contains(diag->args[1], STR("customer.orders")));
    }
    is_refused(f, "{cart.has: {digital: true}}", DIAG_COND_NOT_YET, 13);
}
END_TEST

START_TEST(in_a_rule_that_is_not_live_such_a_word_only_warns_and_is_unknown)
{
    FIXTURE f = fixture();
    f->lowering.idle = true;
    ck_assert_int_eq(lower_as(f, false, "{support.csat: 5, cart.has: {digital: true, sku: a}}"), 2);
    ck_assert_uint_eq(f->diags.warnings, 2);
    ck_assert_uint_eq(f->diags.errors, 0);
    ck_assert(str_is(f->list[0].text, "unknown"));
    ck_assert(str_is(f->list[1].text, "cart.items.exists(i, unknown && i.sku == \"a\")"));
}
END_TEST

START_TEST(a_word_in_the_wrong_block_is_sent_to_the_right_one)
{
    FIXTURE f = fixture();
    ck_assert(
        str_is(is_refused(f, "{new_customer: true}", DIAG_COND_ELSEWHERE, 2)->args[1], "audience"));
    ck_assert(
        str_is(is_refused_as(f, true, "{cart.total: 1}", DIAG_COND_ELSEWHERE, 2)->args[1], "when"));
}
END_TEST

START_TEST(a_matcher_that_does_not_fit_the_fact_is_refused)
{
    FIXTURE f = fixture();
    is_refused(f, "{context.channel: {at_least: 3}}", DIAG_MATCH_TYPE, 20);
    is_refused(f, "{cart.total: {starts_with: a}}", DIAG_MATCH_TYPE, 15);
    is_refused(f, "{cart.total: {all_of: [1]}}", DIAG_MATCH_TYPE, 15);
    is_refused(f, "{cart.has: {in_stock: [true, false]}}", DIAG_MATCH_TYPE, 23);
    is_refused(f, "{customer.last_order_at: 5}", DIAG_MATCH_TYPE, 26);
    is_refused(f, "{customer.last_order_at: {at_least: 5}}", DIAG_MATCH_TYPE, 27);
    is_refused(f, "{cart.total: {within: 5d}}", DIAG_MATCH_TYPE, 15);
    is_refused(f, "{cart.count: {where: {sku: a}, exists: true}}", DIAG_MATCH_TYPE, 32);
}
END_TEST

START_TEST(money_is_written_in_the_main_unit_with_no_more_decimals_than_the_currency)
{
    FIXTURE yen = fixture();
    FIXTURE dollars = fixture_in(2);
    means(yen, "{cart.total: 198000}", "cart.total == 198000");
    means(dollars, "{cart.total: 19.99}", "cart.total == 1999");
    means(dollars, "{cart.total: 20}", "cart.total == 2000");
    is_refused(yen, "{cart.total: 19.99}", DIAG_VALUE_MONEY_DECIMALS, 14);
    is_refused(dollars, "{cart.total: 19.999}", DIAG_VALUE_MONEY_DECIMALS, 14);
    is_refused(yen, "{cart.total: \"5000\"}", DIAG_VALUE_MONEY, 14);
    is_refused(yen, "{cart.total: ¥5000}", DIAG_VALUE_MONEY, 14);
    is_refused(yen, "{cart.total: -1}", DIAG_VALUE_MONEY, 14);
    is_refused(yen, "{cart.total: 10%}", DIAG_VALUE_MONEY, 14);
    is_refused(yen, "{cart.total: 1000000000001}", DIAG_VALUE_MONEY, 14);
}
END_TEST

START_TEST(a_percentage_needs_its_sign_and_its_bounds)
{
    FIXTURE f = fixture();
    means(f, "{cart.has: {margin: {at_least: 12%}}}", "cart.items.exists(i, i.margin >= 1200)");
    means(f, "{cart.has: {margin: {at_least: \"7.25%\"}}}",
          "cart.items.exists(i, i.margin >= 725)");
    means(f, "{cart.has: {margin: {at_most: 100%}}}", "cart.items.exists(i, i.margin <= 10000)");
    is_refused(f, "{cart.has: {margin: 12}}", DIAG_VALUE_PERCENT_SIGN, 21);
    is_refused(f, "{cart.has: {margin: 0.12}}", DIAG_VALUE_PERCENT_SIGN, 21);
    is_refused(f, "{cart.has: {margin: 100.01%}}", DIAG_VALUE_PERCENT, 21);
    is_refused(f, "{cart.has: {margin: 1.234%}}", DIAG_VALUE_PERCENT, 21);
    is_refused(f, "{cart.has: {margin: %}}", DIAG_VALUE_PERCENT, 21);
    is_refused(f, "{cart.has: {margin: high}}", DIAG_VALUE_PERCENT, 21);
}
END_TEST

START_TEST(numbers_are_plain_and_unquoted)
{
    FIXTURE f = fixture();
    means(f, "{cart.has: {rating: {at_least: 4}}}", "cart.items.exists(i, i.rating >= 4.0)");
    means(f, "{cart.quantity: 2.0}", "cart.quantity == 2");
    means(f, "{cart.quantity: [2.5, 3]}", "dyn(cart.quantity) in [2.5, 3]");
    means(f, "{cart.has: {rating: {at_least: -0.5}}}", "cart.items.exists(i, i.rating >= -0.5)");
    static const char *const bad[] = { "\"4\"", "4.",    ".4",
                                       "4e2",   "1_000", "four",
                                       "-",     "4.5.6", "1234567890.1234567" };
    char text[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{cart.quantity: %s}", bad[i]);
        is_refused(f, text, DIAG_VALUE_NUMBER, 17);
    }
}
END_TEST

START_TEST(booleans_are_true_and_false_only)
{
    FIXTURE f = fixture();
    static const char *const bad[] = { "yes", "no", "on", "True", "1", "\"true\"" };
    char text[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{new_customer: %s}", bad[i]);
        is_refused_as(f, true, text, DIAG_VALUE_BOOL, 16);
    }
    is_refused(f, "{cart.total: {exists: 1}}", DIAG_VALUE_BOOL, 23);
}
END_TEST

START_TEST(durations_are_a_whole_number_and_a_unit)
{
    FIXTURE f = fixture();
    static const char *const bad[] = {
        "7", "d", "0d", "07d", "7w", "36mo", "-7d", "1.5h", "7 d", "36501d", "99999999999999999999s"
    };
    char text[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{customer.last_order_at: {within: %s}}", bad[i]);
        is_refused(f, text, DIAG_VALUE_DURATION, 35);
    }
    means(f, "{customer.last_order_at: {within: 36500d}}",
          "now - customer.last_order_at <= duration(\"3153600000s\")");
    means(f, "{customer.last_order_at: {within: 90s}}",
          "now - customer.last_order_at <= duration(\"90s\")");
}
END_TEST

START_TEST(a_value_that_is_missing_or_of_the_wrong_shape_is_refused)
{
    FIXTURE f = fixture();
    is_refused(f, "{cart.total: }", DIAG_VALUE_MISSING, 2);
    is_refused(f, "{cart.total: ~}", DIAG_VALUE_MISSING, 2);
    is_refused(f, "{context.channel: null}", DIAG_VALUE_MISSING, 2);
    is_refused(f, "{context.channel: \"\"}", DIAG_VALUE_MISSING, 2);
    is_refused(f, "{context.channel: [web, ~]}", DIAG_VALUE_MISSING, 25);
    is_refused(f, "{context.channel: {is: [web]}}", DIAG_VALUE_SCALAR, 24);
    is_refused(f, "{context.channel: {any_of: web}}", DIAG_COND_LIST, 28);
    is_refused(f, "{cart.total: {at_least: {is: 3}}}", DIAG_VALUE_SCALAR, 25);
    is_refused(f, "{cart.has: camera}", DIAG_COND_MAPPING, 12);
    is_refused(f, "{any: {cart.total: 1}}", DIAG_COND_LIST, 7);
    is_refused(f, "{any: [cart.total]}", DIAG_COND_MAPPING, 8);
    is_refused(f, "[{cart.total: 1}]", DIAG_COND_MAPPING, 1);
    is_refused(f, "cart", DIAG_COND_MAPPING, 1);
}
END_TEST

START_TEST(empty_blocks_and_lists_are_refused)
{
    FIXTURE f = fixture();
    is_refused(f, "{}", DIAG_COND_EMPTY, 1);
    is_refused(f, "{cart.has: {}}", DIAG_COND_EMPTY, 12);
    is_refused(f, "{any: []}", DIAG_COND_EMPTY, 7);
    is_refused(f, "{none: [{}]}", DIAG_COND_EMPTY, 9);
    is_refused(f, "{context.channel: []}", DIAG_COND_EMPTY, 19);
    is_refused(f, "{context.channel: {none_of: []}}", DIAG_COND_EMPTY, 29);
    is_refused(f, "{cart.total: {}}", DIAG_COND_EMPTY, 14);
}
END_TEST

START_TEST(a_range_that_nothing_is_in_is_refused)
{
    FIXTURE f = fixture();
    is_refused(f, "{cart.total: {between: [5, 4]}}", DIAG_MATCH_RANGE, 14);
    is_refused(f, "{cart.total: {at_least: 5, at_most: 4}}", DIAG_MATCH_RANGE, 14);
    is_refused(f, "{cart.total: {more_than: 5, at_most: 5}}", DIAG_MATCH_RANGE, 14);
    is_refused(f, "{cart.has: {attr.gb: {at_least: 2.5, less_than: 2}}}", DIAG_MATCH_RANGE, 22);
    is_refused(f, "{cart.total: {between: [5]}}", DIAG_MATCH_BETWEEN, 24);
    is_refused(f, "{cart.total: {between: 5}}", DIAG_MATCH_BETWEEN, 24);
    is_refused(f, "{cart.total: {between: [1, 2, 3]}}", DIAG_MATCH_BETWEEN, 24);
    means(f, "{cart.total: {between: [5, 5]}}", "cart.total >= 5 && cart.total <= 5");
}
END_TEST

START_TEST(counts_and_purchases_need_their_parts)
{
    FIXTURE f = fixture();
    is_refused(f, "{cart.count: {at_least: 1}}", DIAG_COND_WHERE, 2);
    is_refused(f, "{cart.count: {where: {sku: a}}}", DIAG_COND_COUNT, 2);
    is_refused(f, "{cart.count: {where: {sku: a}, at_least: x}}", DIAG_VALUE_NUMBER, 42);
    is_refused(f, "{bought_within: {where: {sku: a}}}", DIAG_COND_WITHIN, 2);
    is_refused(f, "{bought_within: {within: 3d}}", DIAG_COND_WHERE, 2);
}
END_TEST

START_TEST(all_faults_of_a_block_are_told_at_once)
{
    FIXTURE f = fixture();
    ck_assert_int_eq(
        lower_as(
            f, false,
            "{cart.total: a, cart.has: {sku: [], brnd: b}, any: [{zz: 1}, {cart.quantity: x}]}"),
        -1);
    ck_assert_uint_eq(f->diags.count, 5);
}
END_TEST

START_TEST(a_condition_too_large_too_deep_or_too_many_is_refused)
{
    FIXTURE f = fixture();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    fputs("{context.channel: [a", out);
    for (int i = 0; i < 2500; i++)
        fprintf(out, ", a%d", i);
    fputs("]}", out);
    fclose(out);
    is_refused(f, text, DIAG_COND_TOO_BIG, 19);
    free(text);

    out = open_memstream(&text, &size);
    for (int i = 0; i < 40; i++)
        fputs("{none: [", out);
    fputs("{cart.total: 1}", out);
    for (int i = 0; i < 40; i++)
        fputs("]}", out);
    fclose(out);
    diags_init(&f->diags, f->arena);
    ck_assert_int_eq(lower_as(f, false, text), -1);
    ck_assert_uint_eq(f->diags.count, 1);
    ck_assert_int_eq(f->diags.list[0].code, DIAG_COND_TOO_BIG);
    free(text);

    diags_init(&f->diags, f->arena);
    const struct doc_node *two = flow_doc(f->arena, "{cart.total: 1, cart.quantity: 2}");
    ck_assert_int_eq(lower_conditions(&f->lowering, two, false, f->list, 1), -1);
    ck_assert_int_eq(f->diags.list[0].code, DIAG_COND_TOO_BIG);
}
END_TEST

START_TEST(named_conditions_that_multiply_are_bounded)
{
    FIXTURE f = fixture();
    f->named = flow_doc(
        f->arena,
        "{a: {any: [{use: [b]}, {use: [b]}, {use: [b]}, {use: [b]}, {use: [b]}]},"
        " b: {any: [{use: [c]}, {use: [c]}, {use: [c]}, {use: [c]}, {use: [c]}]},"
        " c: {any: [{use: [d]}, {use: [d]}, {use: [d]}, {use: [d]}, {use: [d]}]},"
        " d: {any: [{use: [e]}, {use: [e]}, {use: [e]}, {use: [e]}, {use: [e]}]},"
        " e: {any: [{use: [g]}, {use: [g]}, {use: [g]}, {use: [g]}, {use: [g]}]},"
        " g: {any: [{cart.total: 1}, {cart.total: 2}, {cart.total: 3}, {cart.total: 4}]}}");
    ck_assert_int_eq(lower_as(f, false, "{use: [a]}"), -1);
    ck_assert_int_eq(f->diags.list[0].code, DIAG_COND_TOO_BIG);
}
END_TEST

START_TEST(the_where_of_a_pick_asks_a_candidate)
{
    FIXTURE f = fixture();
    const struct doc_node *good = flow_doc(f->arena, "{category: lens, in_stock: true}");
    const struct doc_node *bad = flow_doc(f->arena, "{category: lens, quantity: 2, age_days: 3}");

    ck_assert_ptr_nonnull(lower_item(&f->lowering, good));
    ck_assert_ptr_null(lower_item(&f->lowering, bad));
    ck_assert_uint_eq(f->diags.count, 2);
    ck_assert_int_eq(f->diags.list[0].code, DIAG_ITEM_NOT_CANDIDATE);
    ck_assert_uint_eq(f->diags.list[1].place.column, 31);
}
END_TEST

START_TEST(whole_numbers_have_bounds)
{
    FIXTURE f = fixture();
    int64_t value = -1;
    ck_assert(lower_int(&f->lowering, flow_doc(f->arena, "7"), 1, 10, &value));
    ck_assert_int_eq(value, 7);
    static const char *const bad[] = { "0", "11", "7.0", "\"7\"", "x", "[7]", "" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        diags_init(&f->diags, f->arena);
        ck_assert(!lower_int(&f->lowering, flow_doc(f->arena, bad[i]), 1, 10, &value));
        ck_assert_uint_eq(f->diags.count, 1);
    }
    ck_assert_int_eq(value, 7);
}
END_TEST

START_TEST(every_sentence_exists_in_both_languages_and_uses_its_arguments)
{
    FIXTURE f = fixture();
    struct str help;
    is_refused(f, "{cart.totl: 1}", DIAG_COND_WORD, 2);

    struct str ja = diag_message(&f->diags.list[0], LOCALE_JA, f->arena, &help);
    ck_assert(str_contains(ja, STR("「cart.totl」")));
    ck_assert(str_contains(help, STR("cart.total")));
    struct str en = diag_message(&f->diags.list[0], LOCALE_EN, f->arena, &help);
    ck_assert(str_contains(en, STR("\"cart.totl\"")));
    ck_assert(str_contains(help, STR("trigger.item")));
}
END_TEST

SUITE_MAIN("rules/lowering", a_scalar_is_equal_and_a_list_is_any_of,
           every_matcher_word_has_its_meaning, item_blocks_ask_the_items_of_a_list,
           every_word_of_an_item_has_its_fact_and_type, tags_are_a_set_of_words,
           attributes_are_numbers_or_text_by_what_they_are_compared_with,
           the_audience_has_its_words, side_by_side_is_and_each_a_condition_with_its_line,
           any_none_and_all_make_or_and_not,
           use_puts_the_named_conditions_in_its_place_with_their_own_lines,
           use_of_what_is_not_there_twice_or_in_a_circle_is_refused,
           a_fault_in_a_named_condition_is_told_once, an_unknown_word_is_refused_with_a_guess,
           words_of_the_language_that_come_later_are_refused_as_such,
           in_a_rule_that_is_not_live_such_a_word_only_warns_and_is_unknown,
           a_word_in_the_wrong_block_is_sent_to_the_right_one,
           a_matcher_that_does_not_fit_the_fact_is_refused,
           money_is_written_in_the_main_unit_with_no_more_decimals_than_the_currency,
           a_percentage_needs_its_sign_and_its_bounds, numbers_are_plain_and_unquoted,
           booleans_are_true_and_false_only, durations_are_a_whole_number_and_a_unit,
           a_value_that_is_missing_or_of_the_wrong_shape_is_refused,
           empty_blocks_and_lists_are_refused, a_range_that_nothing_is_in_is_refused,
           counts_and_purchases_need_their_parts, all_faults_of_a_block_are_told_at_once,
           a_condition_too_large_too_deep_or_too_many_is_refused,
           named_conditions_that_multiply_are_bounded, the_where_of_a_pick_asks_a_candidate,
           whole_numbers_have_bounds,
           every_sentence_exists_in_both_languages_and_uses_its_arguments)
