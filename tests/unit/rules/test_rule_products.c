/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not fit is left out. Rule n of a list asks the cart for an item whose attribute "a-n" is
 * "x"; that a cursor answers the same with and without products: test_rule_index_property.c
 */
#include "rules/rule_products.h"

#include <stdio.h>

#include "rules/rule_index.h"
#include "rules/ruleset.h"
#include "suite.h"

enum { ATTRS = 1100, RULES_MAX = ATTRS, LISTS = 2, LINES = 1 };

struct shop {
    struct arena *arena;
    struct rule rules[RULES_MAX];
    struct condition conditions[RULES_MAX];
    uint32_t candidates[RULES_MAX], bounds[LISTS + 1], n_rules, n_lists;
    struct str attr_names[ATTRS + 1];
    struct catalog *catalog;
    const struct rule_index *const *indexes;
};

static struct str named(struct shop *shop, const char *letter, uint32_t n)
{
    char name[16];
    (void) snprintf(name, sizeof name, "%s-%u", letter, n);
    return arena_copy(shop->arena, str_of(name));
}

static struct shop *shop_new(void)
{
    struct shop *shop = calloc(1, sizeof *shop);
    shop->arena = arena_new(1 << 16, 1 << 26);
    for (uint32_t i = 0; i < ATTRS; i++)
        shop->attr_names[i] = named(shop, "a", i);
    return shop;
}

static void shop_free(struct shop *shop)
{
    catalog_unref(shop->catalog);
    arena_free(shop->arena);
    free(shop);
}

/* Products s-0 … without attributes, but the last one's a-3 is "x". */
static void stock(struct shop *shop, uint32_t n_products)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    const struct attr x = { shop->attr_names[3], STR("x"), 0, false };
    for (uint32_t i = 0; i < n_products; i++) {
        struct product product = { .sku = named(shop, "s", i),
                                   .name = { STR("ja"), STR("en") },
                                   .price_minor = 100,
                                   .cost_minor = COST_UNKNOWN,
                                   .stock = STOCK_UNKNOWN,
                                   .attrs = &x,
                                   .n_attrs = i == n_products - 1 };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    ck_assert_int_eq(catalog_builder_seal(builder, &shop->catalog), OK);
}

/* One more list; its rules ask in turn for @n_attrs attributes. */
static void add_list(struct shop *shop, uint32_t n_rules, uint32_t n_attrs)
{
    for (uint32_t i = 0; i < n_rules; i++) {
        uint32_t number = shop->n_rules++;
        const struct term *is_x =
            term_2(shop->arena, TERM_EQ, term_slot(shop->arena, FACT_ATTR_FIRST + i % n_attrs),
                   term_const(shop->arena, value_string(STR("x"))));
        shop->conditions[number].term =
            term_2(shop->arena, TERM_EXISTS, term_slot(shop->arena, FACT_CART_ITEMS), is_x);
        shop->rules[number] = (struct rule){ .status = STATUS_ACTIVE,
                                             .conditions = &shop->conditions[number],
                                             .n_conditions = 1,
                                             .schedule.always = true };
        shop->candidates[number] = number;
    }
    shop->bounds[++shop->n_lists] = shop->n_rules;
}

static void build(struct shop *shop)
{
    const struct rule_lists lists = { shop->rules, shop->n_rules, shop->candidates, shop->bounds,
                                      shop->n_lists };
    ck_assert_int_eq(rule_index_build(&lists, shop->arena, &shop->indexes), OK);
}

static struct rule_products *products_of(struct shop *shop, uint32_t n_lists)
{
    struct rule_products *products = NULL;
    ck_assert_int_eq(
        rule_products_new(shop->indexes, n_lists, shop->catalog, shop->attr_names, &products), OK);
    return products;
}

/* The rule of list 0 that a cart with @sku matches; UINT32_MAX: none. */
static uint32_t first_match(struct shop *shop, const struct rule_products *products, struct str sku)
{
    struct cart_line line = { sku, 1, 100, catalog_find(shop->catalog, sku) };
    struct cart cart = { .lines = &line, .n_lines = LINES };
    struct facts facts = { .catalog = shop->catalog,
                           .cart = &cart,
                           .attr_names = shop->attr_names,
                           .order_total_minor = -1 };
    uint32_t number = UINT32_MAX;
    facts_init(&facts);
    struct rule_cursor *cursor =
        rule_cursor_new(shop->indexes[0], products, &facts, 0, shop->arena);
    ck_assert_ptr_nonnull(cursor);
    return rule_cursor_next(cursor, RULES_MAX, &number) == CURSOR_RULE ? number : UINT32_MAX;
}

START_TEST(a_list_of_too_many_lookups_is_left_out_and_a_shorter_one_is_not)
{
    enum { ASKED = 200, SHORT = RULE_INDEX_LEAST };
    struct shop *shop = shop_new();
    stock(shop, RULE_PRODUCTS_MAX_LOOKUPS / ASKED + 1);
    add_list(shop, ASKED, ASKED);
    add_list(shop, SHORT, 1);
    build(shop);
    AUTO(rule_products_free) struct rule_products *first = products_of(shop, 1);
    AUTO(rule_products_free) struct rule_products *both = products_of(shop, 2);

    ck_assert_uint_eq(rule_products_bytes(first), 0);
    uint32_t n = catalog_count(shop->catalog);
    ck_assert_uint_ge(rule_products_bytes(both), n * sizeof(uint32_t));
    ck_assert_uint_lt(rule_products_bytes(both), (size_t) n * 4 * sizeof(uint32_t));
    shop_free(shop);
}
END_TEST

START_TEST(a_list_that_fits_is_known)
{
    struct shop *shop = shop_new();
    stock(shop, 8);
    add_list(shop, 200, 200);
    build(shop);
    AUTO(rule_products_free) struct rule_products *products = products_of(shop, 1);

    ck_assert_uint_gt(rule_products_bytes(products), 8 * 200 * sizeof(uint32_t));
    ck_assert_uint_eq(first_match(shop, products, STR("s-7")), 3);
    ck_assert_uint_eq(first_match(shop, products, STR("s-0")), UINT32_MAX);
    shop_free(shop);
}
END_TEST

START_TEST(products_of_which_too_much_is_asked_are_left_out_and_asked_as_before)
{
    struct shop *shop = shop_new();
    stock(shop, 8);
    add_list(shop, ATTRS, ATTRS);
    build(shop);
    AUTO(rule_products_free) struct rule_products *products = products_of(shop, 1);

    ck_assert_uint_eq(rule_products_bytes(products), 0);
    ck_assert_uint_eq(first_match(shop, products, STR("s-7")), 3);
    ck_assert_uint_eq(first_match(shop, products, STR("s-0")), UINT32_MAX);
    shop_free(shop);
}
END_TEST

SUITE_MAIN("rules/rule_products", a_list_of_too_many_lookups_is_left_out_and_a_shorter_one_is_not,
           a_list_that_fits_is_known,
           products_of_which_too_much_is_asked_are_left_out_and_asked_as_before)
