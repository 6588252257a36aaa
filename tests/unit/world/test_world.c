/* SPDX-License-Identifier: Apache-2.0 */
#include "world/world.h"

#include "files/yaml_doc.h"
#include "model/copurchase.h"
#include "model/model.h"
#include "model/moves.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"
#include "shop/catalog.h"
#include "shop/ladder.h"
#include "suite.h"

static const struct world_settings settings = { .shop = { "main", 4 }, .default_budget_us = 20000 };

/* P0 … of category even or odd; every second product belongs to one. */
static struct catalog *catalog_of(uint32_t n)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    for (uint32_t i = 0; i < n; i++) {
        struct out sku;
        out_init(&sku, NULL, 16);
        out_printf(&sku, "P%u", i);
        struct product product = { .sku = out_str(&sku),
                                   .category = i % 2 ? STR("odd") : STR("even"),
                                   .price_minor = 100 + i,
                                   .cost_minor = COST_UNKNOWN,
                                   .stock = STOCK_UNKNOWN };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
        out_deinit(&sku);
    }
    struct catalog *catalog = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

/* A, B, C: the dearer, the higher their level. */
static struct catalog *catalog_with_attribute(void)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    static const char *const skus[] = { "A", "B", "C" }, *const levels[] = { "10", "20", "30" };
    for (uint32_t i = 0; i < 3; i++) {
        const struct attr attr = { .name = STR("level"), .text = str_of(levels[i]) };
        const struct product product = { .sku = str_of(skus[i]),
                                         .category = STR("fan"),
                                         .price_minor = 100 + 25 * i,
                                         .cost_minor = COST_UNKNOWN,
                                         .stock = STOCK_UNKNOWN,
                                         .attrs = &attr,
                                         .n_attrs = 1 };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    struct catalog *catalog = NULL;
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

static struct model *model_of(const struct catalog *catalog, const char *best_seller)
{
    AUTO(copurchase_free) struct copurchase *counts = copurchase_new();
    const struct str sku = str_of(best_seller);
    ck_assert_int_eq(copurchase_add(counts, 1, 0, &sku, 1), OK);
    struct model *model = NULL;
    ck_assert_int_eq(model_new(catalog, counts, NULL, &model), OK);
    return model;
}

static const struct civil_zone *zone_of(void *self, struct str name)
{
    static const struct civil_zone utc = { .name = { "UTC", 3 } };
    (void) self;
    (void) name;
    return &utc;
}

/* One rule that picks so. */
static struct ruleset *rules_with(const char *attributes, const char *pick)
{
    AUTO(arena_free) struct arena *arena = arena_new(65536, 1 << 24);
    struct diags diags;
    struct out text, told;
    out_init(&text, arena, 4096);
    out_printf(&text,
               "version: 1\ncurrency: JPY\ntimezone: UTC\nlocales: [en]\n%srules:\n"
               "  - id: one\n    name: One\n    owner: me\n    kind: cross_sell\n"
               "    status: active\n    trigger: [cart_view]\n    placement: [cart-page]\n"
               "    offer:\n      pick: %s\n    rank: {priority: 1}\n"
               "    message:\n      en: {title: T, cta: Add, decline: Later}\n",
               attributes, pick);
    struct doc_file file = { .name = STR("test.yaml"), .text = out_str(&text) };
    const struct ruleset_settings ruleset_settings = { .zone = zone_of,
                                                       .version = STR("0123456789ab") };
    struct ruleset *rules = NULL;
    diags_init(&diags, arena);
    enum err err = yaml_doc_read(&file, arena, &diags);
    if (err == OK)
        err = ruleset_read(&file, 1, &ruleset_settings, &diags, &rules);
    out_init(&told, arena, 4096);
    diags_print(&diags, LOCALE_EN, false, &told);
    ck_assert_msg(err == OK, "%.*s", STR_ARG(out_str(&told)));
    return rules;
}

static struct ruleset *rules_of(const char *pick)
{
    return rules_with("", pick);
}

static struct world *world_of(struct ruleset *rules, struct catalog *catalog, struct model *model)
{
    struct world *world = NULL;
    ck_assert_int_eq(world_new(rules, catalog, model, &settings, &world), OK);
    return world;
}

static void expect_shelf(const struct world *world, uint32_t n, const uint32_t *products)
{
    ck_assert_uint_eq(world->shelves[0].n, n);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_uint_eq(world->shelves[0].products[i], products[i]);
}

START_TEST(a_world_without_rules_stands)
{
    AUTO(ruleset_unref) struct ruleset *rules = ruleset_empty();
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(0);
    AUTO(model_unref) struct model *model = model_of(catalog, "P0");
    AUTO(world_unref) struct world *world = world_of(rules, catalog, model);

    ck_assert_ptr_eq(world->catalog, catalog);
    ck_assert_ptr_eq(world->model, model);
    ck_assert_int_eq(world->settings.default_budget_us, 20000);
}
END_TEST

START_TEST(the_skus_of_a_rule_are_catalogue_numbers_in_its_order)
{
    AUTO(ruleset_unref) struct ruleset *rules = rules_of("{skus: [P3, NOWHERE, P1]}");
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(5);
    AUTO(model_unref) struct model *model = model_of(catalog, "P0");
    AUTO(world_unref) struct world *world = world_of(rules, catalog, model);

    expect_shelf(world, 2, (const uint32_t[]){ 3, 1 });
}
END_TEST

START_TEST(best_sellers_are_those_that_the_rule_lets_pass)
{
    AUTO(ruleset_unref)
    struct ruleset *rules = rules_of("{relation: best_seller, where: {category: odd}}");
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(6);
    AUTO(model_unref) struct model *model = model_of(catalog, "P5");
    AUTO(world_unref) struct world *world = world_of(rules, catalog, model);

    expect_shelf(world, 3, (const uint32_t[]){ 5, 1, 3 });
}
END_TEST

START_TEST(a_shelf_of_best_sellers_is_bounded)
{
    AUTO(ruleset_unref) struct ruleset *rules = rules_of("{relation: best_seller}");
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(1000);
    AUTO(model_unref) struct model *model = model_of(catalog, "P999");
    AUTO(world_unref) struct world *world = world_of(rules, catalog, model);

    ck_assert_uint_eq(world->shelves[0].n, WORLD_SHELF_MAX);
    ck_assert_uint_eq(world->shelves[0].products[0], 999);
}
END_TEST

START_TEST(a_rule_that_picks_by_the_cart_has_an_empty_shelf)
{
    AUTO(ruleset_unref) struct ruleset *rules = rules_of("{relation: bought_together, of: cart}");
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(3);
    AUTO(model_unref) struct model *model = model_of(catalog, "P1");
    AUTO(world_unref) struct world *world = world_of(rules, catalog, model);

    ck_assert_uint_eq(world->shelves[0].n, 0);
}
END_TEST

START_TEST(one_part_is_replaced_and_the_others_stay)
{
    AUTO(ruleset_unref) struct ruleset *rules = rules_of("{skus: [P3, P1]}");
    AUTO(catalog_unref) struct catalog *catalog = catalog_of(5), *smaller = catalog_of(2);
    AUTO(model_unref)
    struct model *model = model_of(catalog, "P0"), *other = model_of(smaller, "P0");
    AUTO(world_unref) struct world *before = world_of(rules, catalog, model);
    struct world *after_ = NULL;
    ck_assert_int_eq(world_with(before, NULL, smaller, other, &after_), OK);
    AUTO(world_unref) struct world *after = after_;

    ck_assert_ptr_eq(after->rules, rules);
    ck_assert_ptr_eq(after->catalog, smaller);
    ck_assert_ptr_eq(after->model, other);
    expect_shelf(after, 1, (const uint32_t[]){ 1 });
    expect_shelf(before, 2, (const uint32_t[]){ 3, 1 });
}
END_TEST

START_TEST(a_world_keeps_its_parts_alive)
{
    struct ruleset *rules = rules_of("{skus: [P1]}");
    struct catalog *catalog = catalog_of(2);
    struct model *model = model_of(catalog, "P1");
    AUTO(world_unref) struct world *world = world_of(rules, catalog, model);
    (void) ruleset_unref(rules);
    (void) catalog_unref(catalog);
    (void) model_unref(model);

    ck_assert_uint_eq(ruleset_count(world->rules), 1);
    ck_assert_uint_eq(catalog_count(world->catalog), 2);
    ck_assert_uint_eq(model_orders(world->model, 1), 1);
}
END_TEST

START_TEST(a_ladder_is_made_anew_for_another_catalogue_or_other_words_of_it_and_else_stays)
{
    static const char *const pick = "{relation: best_seller}";
    AUTO(catalog_unref) struct catalog *catalog = catalog_with_attribute();
    AUTO(model_unref) struct model *model = model_of(catalog, "A");
    AUTO(ruleset_unref) struct ruleset *rules = rules_of(pick);
    AUTO(ruleset_unref) struct ruleset *same = rules_of("{relation: best_seller, limit: 2}");
    AUTO(ruleset_unref)
    struct ruleset *others = rules_with("attributes: {level: {en: Level, better: less}}\n", pick);
    struct world *made = NULL;
    ck_assert_int_eq(world_new(rules, catalog, model, &settings, &made), OK);
    AUTO(world_unref) struct world *world = made;

    uint32_t n;
    ck_assert_int_gt(ladder_compare(world->ladder, 0, 1, STR("level")), 0);
    ck_assert_int_eq(world_with(world, same, NULL, NULL, &made), OK);
    AUTO(world_unref) struct world *next = made;
    ck_assert_ptr_eq(next->ladder, world->ladder);
    ck_assert_int_eq(world_with(next, others, NULL, NULL, &made), OK);
    AUTO(world_unref) struct world *worded = made;
    ck_assert_ptr_ne(worded->ladder, world->ladder);
    ck_assert_int_lt(ladder_compare(worded->ladder, 0, 1, STR("level")), 0);
    (void) ladder_up(worded->ladder, 0, &n);
    ck_assert_uint_eq(n, 0);
    (void) ladder_up(world->ladder, 0, &n);
    ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(the_first_rules_bring_the_words_for_ladders_which_are_not_made_before)
{
    AUTO(catalog_unref) struct catalog *catalog = catalog_with_attribute();
    AUTO(model_unref) struct model *model = model_of(catalog, "A");
    AUTO(ruleset_unref) struct ruleset *none = ruleset_empty();
    AUTO(ruleset_unref)
    struct ruleset *rules =
        rules_with("attributes: {level: {en: Level, better: more}}\n", "{relation: best_seller}");
    AUTO(world_unref) struct world *world = world_of(none, catalog, model);
    struct world *made = NULL;
    uint32_t n;

    (void) ladder_up(world->ladder, 0, &n);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(ladder_compare(world->ladder, 0, 1, STR("level")), 0);
    ck_assert_int_eq(world_with(world, rules, NULL, NULL, &made), OK);
    AUTO(world_unref) struct world *ready = made;
    (void) ladder_up(ready->ladder, 0, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_ptr_eq(ready->content, world->content);
}
END_TEST

/* Seven customers had A and later B. */
static struct moved *moved_in(const struct catalog *catalog)
{
    AUTO(moves_free) struct moves *moves = moves_new(MOVES_MAX_PURCHASES);
    static const char *const skus[] = { "A", "B" };
    for (uint32_t i = 0; i < 14; i++) {
        const struct str sku = str_of(skus[i / 7]), customer = { &"abcdefg"[i % 7], 1 };
        ck_assert_int_eq(moves_add(moves, i + 1, i / 7, customer, &sku, 1), OK);
    }
    struct moved *moved = NULL;
    ck_assert_int_eq(moved_new(moves, catalog, &moved), OK);
    return moved;
}

START_TEST(a_ladder_is_made_anew_for_other_moves_and_tells_them)
{
    AUTO(ruleset_unref) struct ruleset *rules = rules_of("{relation: best_seller}");
    AUTO(catalog_unref) struct catalog *catalog = catalog_with_attribute();
    AUTO(model_unref) struct model *plain = model_of(catalog, "A");
    AUTO(model_unref) struct model *knowing = model_of(catalog, "A");
    AUTO(model_unref) struct model *later = model_of(catalog, "B");
    AUTO(moved_unref) struct moved *moved = moved_in(catalog);
    model_know_moved(knowing, moved);
    model_know_moved(later, moved);
    AUTO(world_unref) struct world *world = world_of(rules, catalog, plain);
    struct world *next = NULL, *last = NULL;
    uint32_t n;

    ck_assert_uint_eq(ladder_up(world->ladder, 0, &n)[0].moved, 0);
    ck_assert_int_eq(world_with(world, NULL, NULL, knowing, &next), OK);
    ck_assert_ptr_ne(next->ladder, world->ladder);
    ck_assert_ptr_eq(next->content, world->content);
    ck_assert_uint_eq(ladder_up(next->ladder, 0, &n)[0].moved, 7);
    ck_assert_int_eq(world_with(next, NULL, NULL, later, &last), OK);
    ck_assert_ptr_eq(last->ladder, next->ladder);
    (void) world_unref(next);
    (void) world_unref(last);
}
END_TEST

SUITE_MAIN("world/world", a_ladder_is_made_anew_for_other_moves_and_tells_them,
           a_world_without_rules_stands, the_skus_of_a_rule_are_catalogue_numbers_in_its_order,
           best_sellers_are_those_that_the_rule_lets_pass, a_shelf_of_best_sellers_is_bounded,
           a_rule_that_picks_by_the_cart_has_an_empty_shelf,
           one_part_is_replaced_and_the_others_stay, a_world_keeps_its_parts_alive,
           a_ladder_is_made_anew_for_another_catalogue_or_other_words_of_it_and_else_stays,
           the_first_rules_bring_the_words_for_ladders_which_are_not_made_before)
