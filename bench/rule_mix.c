/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_mix.h"

#include <stdio.h>
#include <stdlib.h>

#include "shop/event.h"

/* How the shop grows: so many rules a SKU (of those about SKUs), a subcategory, a category. */
enum { SKU_RULES = 2, SUBCATEGORY_RULES = 6, CATEGORY_RULES = 20, SHOP_WIDE_MAX = 10 };
enum { BRANDS = 5, COUNTRIES = 4, DENSE_CATEGORIES = 24, DENSE_SKUS = 2000 };

static const char *const brands[BRANDS] = { "Kagemi", "Hoshi", "Tani", "Mori", "Umi" };
static const char *const countries[COUNTRIES] = { "JP", "US", "GB", "FR" };
static const char *const channels[] = { "web", "app" };

/* One small generator for each rule, product and request: they do not depend on their order. */
struct dice {
    uint64_t state;
};

static struct dice dice_of(uint64_t seed, uint64_t what, uint64_t number)
{
    struct dice dice = { seed + what * 0x9e3779b97f4a7c15u + number * 0xbf58476d1ce4e5b9u };
    return dice;
}

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t) ((z ^ z >> 31) >> 33) % sides;
}

static bool chance(struct dice *dice, uint32_t percent)
{
    return roll(dice, 100) < percent;
}

static uint32_t at_least(uint32_t n, uint32_t least)
{
    return n > least ? n : least;
}

struct rule_mix rule_mix(enum mix_kind kind, uint32_t n_rules)
{
    struct rule_mix mix = { .kind = kind, .n_rules = n_rules, .seed = 7 };
    bool dense = kind == MIX_DENSE;
    mix.n_skus = dense ? DENSE_SKUS : at_least(n_rules / SKU_RULES, 6);
    mix.n_subcategories = dense ? DENSE_CATEGORIES * 4 : at_least(n_rules / SUBCATEGORY_RULES, 4);
    mix.n_categories = dense ? DENSE_CATEGORIES : at_least(n_rules / CATEGORY_RULES, 2);
    return mix;
}

/* ── rules ── */

static void print_shop_wide(struct dice *dice, struct out *out)
{
    out_printf(out, "cart.total: {at_least: %u}", 1000 * (1 + roll(dice, 20)));
    if (chance(dice, 50))
        out_printf(out, ", context.country: [%s, %s]", countries[roll(dice, COUNTRIES)],
                   countries[roll(dice, COUNTRIES)]);
    else
        out_printf(out, ", context.channel: %s", channels[roll(dice, 2)]);
}

static void print_of_sku(const struct rule_mix *mix, struct dice *dice, struct out *out)
{
    uint32_t sku = roll(dice, mix->n_skus);
    if (chance(dice, 40))
        out_printf(out, "trigger.item: {sku: SKU-%u}", sku);
    else
        out_printf(out, "cart.has: {sku: [SKU-%u, SKU-%u]}", sku, roll(dice, mix->n_skus));
    if (chance(dice, 50))
        out_printf(out, ", cart.lacks: {category: cat-%u}", roll(dice, mix->n_categories));
}

static void print_of_subcategory(const struct rule_mix *mix, struct dice *dice, struct out *out)
{
    out_printf(out, "%s: {subcategory: sub-%u, ", chance(dice, 30) ? "trigger.item" : "cart.has",
               roll(dice, mix->n_subcategories));
    if (chance(dice, 60))
        out_printf(out, "brand: %s}", brands[roll(dice, BRANDS)]);
    else
        out_printf(out, "unit_price: {at_least: %u}}", 1000 * (1 + roll(dice, 10)));
    if (chance(dice, 40))
        out_printf(out, ", cart.quantity: {at_least: %u}", 1 + roll(dice, 6));
}

static void print_of_category(const struct rule_mix *mix, struct dice *dice, struct out *out)
{
    out_printf(out, "cart.has: {category: cat-%u}", roll(dice, mix->n_categories));
    if (chance(dice, 50))
        out_printf(out, ", cart.total: {between: [%u, %u]}", 1000 * (1 + roll(dice, 10)),
                   20000 + 5000 * roll(dice, 10));
    else
        out_printf(out, ", %s: {category: cat-%u}", chance(dice, 50) ? "not_owns" : "owns",
                   roll(dice, mix->n_categories));
}

static void print_dense(const struct rule_mix *mix, struct dice *dice, struct out *out)
{
    out_printf(out, "%s: {category: cat-%u}", chance(dice, 30) ? "trigger.item" : "cart.has",
               roll(dice, mix->n_categories));
    out_printf(out, ", cart.total: {at_least: %u}", 2500 * (1 + roll(dice, 16)));
    out_printf(out, ", context.country: [%s, %s]", countries[roll(dice, COUNTRIES)],
               countries[roll(dice, COUNTRIES)]);
    out_printf(out, ", customer.orders: {at_least: %u}", 1 + roll(dice, 8));
    if (chance(dice, 50))
        out_printf(out, ", cart.lacks: {category: cat-%u}", roll(dice, mix->n_categories));
}

static void print_when(const struct rule_mix *mix, uint32_t number, struct dice *dice,
                       struct out *out)
{
    uint32_t shop_wide = mix->n_rules / 10 < SHOP_WIDE_MAX ? mix->n_rules / 10 : SHOP_WIDE_MAX;
    uint32_t kind = roll(dice, 9);
    if (mix->kind == MIX_DENSE)
        print_dense(mix, dice, out);
    else if (number % at_least(mix->n_rules / at_least(shop_wide, 1), 1) == 0)
        print_shop_wide(dice, out);
    else if (kind < 4)
        print_of_sku(mix, dice, out);
    else if (kind < 7)
        print_of_subcategory(mix, dice, out);
    else
        print_of_category(mix, dice, out);
}

static void print_rule(const struct rule_mix *mix, uint32_t number, struct out *out)
{
    struct dice dice = dice_of(mix->seed, 1, number);
    out_printf(out, "  - id: r%06u\n    name: Rule %u\n", number, number);
    out_text(out, STR("    kind: cross_sell\n    status: active\n    owner: team\n"
                      "    trigger: [add_to_cart]\n    placement: [cart-drawer]\n"));
    if (chance(&dice, 15))
        out_text(out, STR("    audience: {consent: [personalization]}\n"));
    out_text(out, STR("    when: {"));
    print_when(mix, number, &dice, out);
    out_text(out, STR("}\n"));
    if (chance(&dice, 5))
        out_text(out, STR("    if_unknown: allow\n"));
    if (chance(&dice, 20))
        out_text(out, STR("    schedule: {from: 2025-11-01, until: 2037-12-31}\n"));
    out_text(out, STR("    offer: {pick: {relation: bought_together, of: cart, limit: 2}}\n"));
    out_printf(out, "    rank: {priority: %u}\n", roll(&dice, 101));
    out_text(out, STR("    message:\n"
                      "      ja: {title: \"{offer.name} と一緒に\", cta: 追加, decline: 不要}\n"
                      "      en: {title: \"Goes with it: {offer.name}\", cta: Add, "
                      "decline: Not now}\n"));
}

void rule_mix_print(const struct rule_mix *mix, uint32_t from, uint32_t to, struct out *out)
{
    out_text(out, STR("version: 1\ncurrency: JPY\ntimezone: UTC\nlocales: [ja, en]\nrules:\n"));
    for (uint32_t i = from; i < to; i++)
        print_rule(mix, i, out);
}

/* ── products and requests ── */

struct catalog *rule_mix_catalog(const struct rule_mix *mix)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct catalog *catalog = NULL;
    char sku[32], category[32], subcategory[32];

    for (uint32_t i = 0; i < mix->n_skus; i++) {
        struct dice dice = dice_of(mix->seed, 2, i);
        uint32_t sub = roll(&dice, mix->n_subcategories);
        (void) snprintf(sku, sizeof sku, "SKU-%u", i);
        (void) snprintf(subcategory, sizeof subcategory, "sub-%u", sub);
        (void) snprintf(category, sizeof category, "cat-%u", sub % mix->n_categories);
        const struct product product = { .sku = str_of(sku),
                                         .name = { STR("品"), STR("Thing") },
                                         .category = str_of(category),
                                         .subcategory = str_of(subcategory),
                                         .brand = str_of(brands[roll(&dice, BRANDS)]),
                                         .price_minor = 500 * (1 + roll(&dice, 20)),
                                         .cost_minor = 200,
                                         .stock = 10 };
        if (catalog_builder_add(builder, &product, NULL) != OK)
            abort();
    }
    if (catalog_builder_seal(builder, &catalog) != OK)
        abort();
    return catalog;
}

void rule_mix_request(const struct rule_mix *mix, const struct catalog *catalog,
                      const struct str *attr_names, uint32_t number, struct mix_request *ret)
{
    struct dice dice = dice_of(mix->seed, 3, number);
    *ret = (struct mix_request){ .cart = { STR("JPY"), ret->lines, MIX_LINES, 0, 0 } };
    for (uint32_t i = 0; i < MIX_LINES; i++) {
        uint32_t product = roll(&dice, mix->n_skus);
        const struct product *p = catalog_product(catalog, product);
        ret->lines[i] = (struct cart_line){ p->sku, 1 + roll(&dice, 2), p->price_minor, product };
        ret->cart.quantity += ret->lines[i].quantity;
        ret->cart.total_minor += ret->lines[i].quantity * p->price_minor;
    }
    for (uint32_t i = 0; i < MIX_OWNED; i++)
        ret->owned[i] =
            (struct owned){ catalog_product(catalog, roll(&dice, mix->n_skus))->sku, 1, MIX_NOW };
    ret->profile = (struct profile){ .customer_id = STR("C1"),
                                     .first_seen_us = MIX_NOW - 1,
                                     .orders = 3,
                                     .consent = chance(&dice, 70) ? CONSENT_PERSONALIZATION : 0,
                                     .owned = ret->owned,
                                     .n_owned = MIX_OWNED };
    ret->facts = (struct facts){
        .catalog = catalog,
        .cart = &ret->cart,
        .memory = &ret->profile,
        .person = &ret->profile,
        .trigger_line = &ret->lines[0],
        .trigger = catalog_product(catalog, ret->lines[0].product),
        .attr_names = attr_names,
        .now_us = MIX_NOW,
        .channel = str_of(channels[roll(&dice, 2)]),
        .country = str_of(countries[roll(&dice, COUNTRIES)]),
        .language = STR("ja"),
        .order_total_minor = -1,
    };
    facts_init(&ret->facts);
}
