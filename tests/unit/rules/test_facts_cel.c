/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/facts_cel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "small_shop.h"

struct fixture {
    struct arena *arena, *scratch;
    struct small_shop *shop;
    const struct facts_cel *conditions, *scores;
};

/* A zone nine hours ahead, and no other. */
static const void *find_zone(void *self, struct str name)
{
    return str_is(name, "Asia/Tokyo") ? self : NULL;
}

static int32_t zone_offset_s(const void *zone, int64_t utc_s)
{
    (void) zone;
    (void) utc_s;
    return 9 * 3600;
}

static struct fixture fixture(void)
{
    static int tokyo;
    const struct cel_zones zones = { find_zone, zone_offset_s, &tokyo };
    struct fixture f = { .arena = arena_new(1 << 18, 1 << 24),
                         .scratch = arena_new(1 << 12, 1 << 18),
                         .shop = small_shop_new() };
    f.conditions = facts_cel_of_conditions(f.arena, zones);
    f.scores = facts_cel_of_scores(f.arena, zones);
    f.shop->facts.scratch = f.scratch;
    f.shop->facts.trigger_line = &f.shop->lines[0];
    f.shop->facts.trigger = catalog_product(f.shop->catalog, f.shop->lines[0].product);
    return f;
}

static void teardown(struct fixture *f)
{
    small_shop_free_at(&f->shop);
    arena_free(f->arena);
    arena_free(f->scratch);
}
#define FIXTURE __attribute__((cleanup(teardown))) struct fixture

static enum truth truth_of(struct fixture *f, const char *text)
{
    struct cel_faults faults;
    cel_faults_init(&faults, f->arena, str_of(text));
    const struct facts_expr *expr =
        facts_cel_compile(f->conditions, str_of(text), f->arena, &faults);
    ck_assert_msg(expr != NULL, "%s: %.*s", text, STR_ARG(faults.list[0].what[CEL_ENGLISH]));
    return facts_cel_test(expr, &f->shop->facts);
}

static void each_is(struct fixture *f, enum truth wanted, const char *const *texts)
{
    for (; *texts; texts++)
        ck_assert_msg(truth_of(f, *texts) == wanted, "%s is not %d", *texts, wanted);
}

static void is_refused(struct fixture *f, const struct facts_cel *cel, const char *text,
                       const char *why)
{
    struct cel_faults faults;
    cel_faults_init(&faults, f->arena, str_of(text));
    ck_assert_msg(!facts_cel_compile(cel, str_of(text), f->arena, &faults), "%s", text);
    ck_assert_msg(str_contains(faults.list[0].what[CEL_ENGLISH], str_of(why)), "%s: %.*s", text,
                  STR_ARG(faults.list[0].what[CEL_ENGLISH]));
}

START_TEST(every_word_of_the_vocabulary_can_be_asked_in_cel)
{
    FIXTURE f = fixture();
    char text[128];
    for (enum fact fact = 0; fact < FACTS; fact++) {
        const char *name = fact_name(fact);
        if (strncmp(name, "item.", 5) == 0)
            snprintf(text, sizeof text, "cart.items.exists(i, has(i.%s)) || true", name + 5);
        else if (strchr(name, '.'))
            snprintf(text, sizeof text, "has(%s) || true", name);
        else
            snprintf(text, sizeof text, "%s == %s", name, name);
        ck_assert_msg(truth_of(&f, text) == TRUTH_YES, "%s", text);
    }
}
END_TEST

START_TEST(lists_of_items_are_walked_where_they_are_also_one_within_another)
{
    FIXTURE f = fixture();
    static const char *const yes[] = {
        "size(cart.items) == 3 && cart.items[1].sku == 'CARD-64' && cart.items[0].unit_price == "
        "198000",
        "cart.items.exists(i, trigger.items.exists(j, j.sku == i.sku && i.category == 'camera'))",
        "cart.items.exists(i, i.tag.all(t, t != 'x') && i.brand == 'Kagemi')",
        "cart.items.map(i, i.sku) == ['CAM-A7', 'CARD-64', 'GONE-1']",
        "quantity(cart.items) == 4 && quantity(cart.items.filter(i, i.sku == 'CARD-64')) == 2",
        "quantity([]) == 0 && quantity(trigger.items) == 1",
        "'popular' in cart.items[0].tag && cart.items[0].tag.exists(t, t.startsWith('beg'))",
        "size(cart.items[1].tag) == 0",
        "'profiling' in customer.consent && !('marketing' in customer.consent)",
        "customer.owned.exists(o, now - o.bought_at < duration('264h') && o.quantity == 2)",
        NULL
    };
    each_is(&f, TRUTH_YES, yes);
}
END_TEST

START_TEST(attributes_are_a_map_of_numbers_and_texts_and_one_of_texts)
{
    FIXTURE f = fixture();
    static const char *const yes[] = {
        "cart.items.exists(i, i.attr.megapixels > 24 && i.attr_text.megapixels == '24.2')",
        "cart.items[0].attr['mount'] == 'HX' && has(cart.items[0].attr.mount)",
        "!has(cart.items[0].attr.weight_g) && !cart.items[0].has_attr('重さ')",
        "cart.items[0].has_attr('mount') && !cart.items[2].has_attr('mount')", NULL
    };
    static const char *const unknown[] = { "cart.items[0].attr.weight_g == 3",
                                           "cart.items[2].attr.mount == 'HX'",
                                           "cart.items[0].attr['x'] == cart.items[0].attr['x']",
                                           NULL };
    each_is(&f, TRUTH_YES, yes);
    each_is(&f, TRUTH_UNKNOWN, unknown);
    ck_assert_uint_eq(f.shop->facts.stopped, 0);
}
END_TEST

START_TEST(what_nobody_told_is_unknown_and_absorbed_where_it_does_not_matter)
{
    FIXTURE f = fixture();
    f.shop->facts.person = NULL;
    f.shop->facts.cart = NULL;
    static const char *const unknown[] = { "cart.total > 0",
                                           "customer.orders == 0",
                                           "!('marketing' in customer.consent)",
                                           "customer.owned.exists(o, true)",
                                           "quantity(cart.items) > 0",
                                           "cart.items.exists(i, i.sku == 'A') || order.total > 5",
                                           NULL };
    static const char *const no[] = { "cart.total > 0 && false", "has(customer.orders)",
                                      "has(cart.items)", NULL };
    each_is(&f, TRUTH_UNKNOWN, unknown);
    each_is(&f, TRUTH_NO, no);
    ck_assert_uint_eq(f.shop->facts.stopped, 0);
}
END_TEST

START_TEST(time_is_the_requests_and_zones_are_known_by_name)
{
    FIXTURE f = fixture();
    static const char *const yes[] = { "now == timestamp('2025-11-21T10:00:00Z')",
                                       "now.getHours('Asia/Tokyo') == 19 && now.getHours() == 10",
                                       "now.getDayOfWeek('+09:00') == 5",
                                       "now - customer.last_order_at == duration('240h')", NULL };
    each_is(&f, TRUTH_YES, yes);
    is_refused(&f, f.conditions, "now.getHours('Asia/Tokio') == 1", "zone");
}
END_TEST

START_TEST(an_error_or_the_limit_is_unknown_and_counted)
{
    FIXTURE f = fixture();
    ck_assert_int_eq(truth_of(&f, "cart.total / (cart.quantity - 4) > 1"), TRUTH_UNKNOWN);
    ck_assert_uint_eq(f.shop->facts.stopped, 1);
    ck_assert_int_eq(truth_of(&f, "cart.items[7].sku == 'A'"), TRUTH_UNKNOWN);
    ck_assert_uint_eq(f.shop->facts.stopped, 2);
    ck_assert_int_eq(truth_of(&f, "cart.items[0].attr.mount > 3"), TRUTH_UNKNOWN);
    ck_assert_uint_eq(f.shop->facts.stopped, 3);
    ck_assert_int_eq(truth_of(&f, "1 / (cart.quantity - 4) > 1 || true"), TRUTH_YES);
    ck_assert_uint_eq(f.shop->facts.stopped, 3);
}
END_TEST

#define TEN     "1, 1, 1, 1, 1, 1, 1, 1, 1, 1"
#define HUNDRED TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN
/* Twenty looks at the clock and more. */
#define LONG "[" HUNDRED "].exists(x, [" HUNDRED "].exists(y, x + y == cart.quantity + cart.total))"

struct hourglass {
    int grains, looks;
};

static bool has_grains(void *self)
{
    struct hourglass *glass = self;
    return glass->looks++ < glass->grains;
}

START_TEST(a_long_one_looks_at_the_clock_and_after_the_first_no_nothing_is_known)
{
    FIXTURE f = fixture();
    struct facts *facts = &f.shop->facts;
    struct hourglass glass = { .grains = 1000 };
    facts->has_time = has_grains;
    facts->owner = &glass;
    ck_assert_int_eq(truth_of(&f, LONG), TRUTH_NO);
    const int whole = glass.looks;
    ck_assert_int_ge(whole, 2);
    ck_assert_int_eq(truth_of(&f, "!(" LONG ")"), TRUTH_YES);
    ck_assert_int_le(abs(glass.looks - 2 * whole), 1);

    for (int grains = 0; grains < whole - 1; grains++) {
        glass = (struct hourglass){ .grains = grains };
        facts->late = false;
        ck_assert_int_eq(truth_of(&f, "true"), TRUTH_YES); /* it takes no step */
        ck_assert_int_eq(truth_of(&f, LONG " || true"), TRUTH_UNKNOWN);
        ck_assert(facts->late);
        ck_assert_int_eq(glass.looks, grains + 1);
        ck_assert_int_eq(truth_of(&f, "cart.total > 0"), TRUTH_UNKNOWN);
        ck_assert_int_eq(glass.looks, grains + 1);
    }
    ck_assert_uint_eq(facts->stopped, 0);
}
END_TEST

START_TEST(many_short_ones_look_at_the_clock_as_often_as_a_long_one)
{
    FIXTURE f = fixture();
    struct hourglass glass = { .grains = 1000 };
    f.shop->facts.has_time = has_grains;
    f.shop->facts.owner = &glass;
    struct cel_faults faults;
    const struct str text = STR("cart.items.exists(i, i.unit_price == 7)"); /* eleven steps */
    cel_faults_init(&faults, f.arena, text);
    const struct facts_expr *expr = facts_cel_compile(f.conditions, text, f.arena, &faults);
    ck_assert_ptr_nonnull(expr);
    for (int i = 0; i < 10000; i++)
        (void) facts_cel_test(expr, &f.shop->facts);
    ck_assert_int_ge(glass.looks, 8);
    ck_assert_int_le(glass.looks, 13);
}
END_TEST

START_TEST(nothing_is_left_in_the_scratch_arena_and_without_one_nothing_is_known)
{
    FIXTURE f = fixture();
    struct cel_faults faults;
    const struct str text =
        STR("cart.items.filter(i, 'popular' in i.tag).map(i, i.sku) == ['CAM-A7']");
    cel_faults_init(&faults, f.arena, text);
    f.shop->cart.n_lines = 2; /* the third is unknown to the catalogue */
    const struct facts_expr *expr = facts_cel_compile(f.conditions, text, f.arena, &faults);
    ck_assert_ptr_nonnull(expr);
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(facts_cel_test(expr, &f.shop->facts), TRUTH_YES);
    ck_assert_uint_eq(arena_used(f.scratch), 0);
    f.shop->facts.scratch = NULL;
    ck_assert_int_eq(truth_of(&f, "cart.quantity == 4"), TRUTH_UNKNOWN);
}
END_TEST

START_TEST(a_condition_is_a_bool_of_known_words_within_bounds)
{
    FIXTURE f = fixture();
    char text[EXPR_MAX_BYTES + 100];

    is_refused(&f, f.conditions, "cart.total", "bool");
    is_refused(&f, f.conditions, "cart.totl > 1", "totl");
    is_refused(&f, f.conditions, "item.sku == 'A'", "item");
    is_refused(&f, f.conditions, "offer.price > 1.0", "offer");
    is_refused(&f, f.conditions, "cart.total > 'a'", "overload");
    is_refused(&f, f.conditions, "cart.items.all(a, cart.items.all(b, a.sku == b.sku))", "steps");
    is_refused(&f, f.conditions, "[1].all(a, [1].all(b, [1].all(c, a == b)))", "macro");
    size_t n = (size_t) snprintf(text, sizeof text, "cart.total == 1");
    memset(text + n, ' ', EXPR_MAX_BYTES - n + 1);
    text[EXPR_MAX_BYTES + 1] = '\0';
    is_refused(&f, f.conditions, text, "bytes");
    n = 0;
    for (int i = 0; i < 40; i++)
        text[n++] = '(';
    n += (size_t) snprintf(text + n, 10, "true");
    for (int i = 0; i < 40; i++)
        text[n++] = '!';
    text[n] = '\0';
    struct cel_faults faults;
    cel_faults_init(&faults, f.arena, str_of(text));
    ck_assert_ptr_null(facts_cel_compile(f.conditions, str_of(text), f.arena, &faults));
    ck_assert_int_eq(
        truth_of(&f, "cart.items.exists(a, a.tag.exists(t, t == 'popular' && a.quantity > 0))"),
        TRUTH_YES);
}
END_TEST

static bool scores(struct fixture *f, const char *text, const struct offer_facts *offer,
                   double *ret_score)
{
    struct cel_faults faults;
    cel_faults_init(&faults, f->arena, str_of(text));
    const struct facts_expr *expr = facts_cel_compile(f->scores, str_of(text), f->arena, &faults);
    ck_assert_msg(expr != NULL, "%s: %.*s", text, STR_ARG(faults.list[0].what[CEL_ENGLISH]));
    uint32_t number = catalog_find(f->shop->catalog, STR("CAM-A7"));
    return facts_cel_score(expr, &f->shop->facts, catalog_product(f->shop->catalog, number), offer,
                           ret_score);
}

START_TEST(a_score_is_a_number_of_the_offer_its_product_and_the_facts)
{
    FIXTURE f = fixture();
    const struct offer_facts offer = { .price = 180000,
                                       .was = 200000,
                                       .saving = 20000,
                                       .price_gap = 1000,
                                       .margin = 30000,
                                       .quantity = 1,
                                       .relevance = 0.5,
                                       .propensity = 0.25 };
    double score;
    static const struct {
        const char *text;
        double score;
    } good[] = { { "propensity * offer.margin", 7500 },
                 { "propensity * 12.0 * offer.price_gap", 3000 },
                 { "offer.saving / offer.was", 0.1 },
                 { "item.unit_price - cart.total", -4100 },
                 { "item.attr.megapixels", 24.2 },
                 { "item.in_stock ? item.rating : 0.0", 4.5 },
                 { "quantity(cart.items)", 4 },
                 { "offer.relevance + double(item.margin) / 10000.0", 0.75 } };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(scores(&f, good[i].text, &offer, &score), "%s", good[i].text);
        ck_assert_msg(fabs(score - good[i].score) < 1e-9, "%s: %g", good[i].text, score);
    }
    is_refused(&f, f.scores, "item.sku", "number");
    is_refused(&f, f.scores, "propensity * item.stock", "overload");
}
END_TEST

START_TEST(a_score_that_is_unknown_or_no_finite_number_is_counted)
{
    FIXTURE f = fixture();
    const struct offer_facts offer = { .price = 1, .margin = NAN, .propensity = NAN };
    static const char *const bad[] = { "propensity * 2.0", "offer.margin", "offer.price / 0.0",
                                       "item.stock / 0",   "item.attr.x",  "item.attr.mount" };
    double score = 7;
    ck_assert(scores(&f, "has(offer.margin) ? offer.margin : -1.0", &offer, &score));
    ck_assert(score == -1);
    score = 7;
    for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(!scores(&f, bad[i], &offer, &score), "%s", bad[i]);
        ck_assert(score == 7);
        ck_assert_uint_eq(f.shop->facts.stopped, i + 1);
    }
}
END_TEST

SUITE_MAIN("rules/facts_cel", every_word_of_the_vocabulary_can_be_asked_in_cel,
           lists_of_items_are_walked_where_they_are_also_one_within_another,
           attributes_are_a_map_of_numbers_and_texts_and_one_of_texts,
           what_nobody_told_is_unknown_and_absorbed_where_it_does_not_matter,
           time_is_the_requests_and_zones_are_known_by_name,
           an_error_or_the_limit_is_unknown_and_counted,
           a_long_one_looks_at_the_clock_and_after_the_first_no_nothing_is_known,
           many_short_ones_look_at_the_clock_as_often_as_a_long_one,
           nothing_is_left_in_the_scratch_arena_and_without_one_nothing_is_known,
           a_condition_is_a_bool_of_known_words_within_bounds,
           a_score_is_a_number_of_the_offer_its_product_and_the_facts,
           a_score_that_is_unknown_or_no_finite_number_is_counted)
