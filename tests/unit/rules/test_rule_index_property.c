/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random rules and requests: the index finds what rule_matches on each rule in turn finds, in the
 * same order. A bounded share by default; RULE_INDEX_CASES and RULE_INDEX_SEED ask for more:
 *     RULE_INDEX_CASES=5000000 CK_DEFAULT_TIMEOUT=0 test_rules_rule_index_property
 */
#include <stdlib.h>

#include "rules/rule_index.h"
#include "rules/rule_products.h"
#include "rules/ruleset.h"
#include "rules/schedule.h"
#include "shop/event.h"
#include "suite.h"

#define NOW (INT64_C(1763719200) * 1000000)
#define DAY (INT64_C(86400) * 1000000)

enum {
    CASES = 8000,
    REQUESTS = 40,
    PRODUCTS = 24,
    LINES = 6,
    OWNED = 5,
    RULES_MAX = 3000,
    POOL = 40
};

static uint64_t state;

static uint32_t dice(uint32_t sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t) (state >> 33) % sides;
}

static bool chance(uint32_t percent)
{
    return dice(100) < percent;
}

/* ── a shop ── */

static const char *const skus[] = { "S00", "S01", "S02", "S03", "S04", "S05", "S06",  "S07", "S08",
                                    "S09", "S10", "S11", "S12", "S13", "S14", "S15",  "S16", "S17",
                                    "S18", "S19", "S20", "S21", "S22", "S23", "GONE", "LOST" };
static const char *const categories[] = { "camera", "lens", "bag", "card", "" };
static const char *const brands[] = { "Kagemi", "Hoshi", "Tani" };
static const char *const tags[] = { "popular", "beginner", "sale" };
static const char *const texts[] = { "HX", "100", "7", "blue" };
static const char *const channels[] = { "web", "app", "mail" };
static const char *const consents[] = { "personalization", "marketing", "profiling", "other" };
#define ANY(array) (array)[dice(sizeof(array) / sizeof *(array))]

static const struct str attr_names[] = { { "mount", 5 }, { "size", 4 }, { NULL, 0 } };

static struct catalog *random_catalog(void)
{
    AUTO(catalog_builder_free) struct catalog_builder *builder = catalog_builder_new(STR("JPY"));
    struct catalog *catalog = NULL;
    for (int i = 0; i < PRODUCTS; i++) {
        struct str words[2] = { str_of(ANY(tags)), str_of(ANY(tags)) };
        struct attr attrs[2] = { { attr_names[0], str_of(ANY(texts)), 0, false },
                                 { attr_names[1], str_of("7"), 7, true } };
        struct product product = {
            .sku = str_of(skus[i]),
            .name = { STR("ja"), STR("en") },
            .category = str_of(chance(80) ? ANY(categories) : NULL),
            .brand = str_of(chance(70) ? ANY(brands) : NULL),
            .price_minor = 100 * (1 + dice(20)),
            .cost_minor = chance(50) ? 50 : COST_UNKNOWN,
            .stock = chance(70) ? (int) dice(3) : STOCK_UNKNOWN,
            .rating = chance(60) ? dice(3) + 2.5 : 0,
            .tags = words,
            .n_tags = dice(3),
            .attrs = attrs + dice(2),
            .n_attrs = dice(2),
        };
        ck_assert_int_eq(catalog_builder_add(builder, &product, NULL), OK);
    }
    ck_assert_int_eq(catalog_builder_seal(builder, &catalog), OK);
    return catalog;
}

/* ── conditions ── */

static struct arena *arena;

static const struct term *constant(struct value value)
{
    return term_const(arena, value);
}

static const struct term *text(const char *word)
{
    return constant(value_string(str_of(word)));
}

static const struct term *slot(uint32_t number)
{
    return term_slot(arena, number);
}

static const struct term *one(enum term_op op, const struct term *a)
{
    return term_1(arena, op, a);
}

static const struct term *two(enum term_op op, const struct term *a, const struct term *b)
{
    return term_2(arena, op, a, b);
}

static enum term_op comparison(void)
{
    return (enum term_op)(TERM_EQ + (int) dice(6));
}

static const struct term *in(uint32_t number, const char *const *words, uint32_t n_words)
{
    const struct term *children[5] = { slot(number) };
    uint32_t n = 1 + dice(3);
    for (uint32_t i = 1; i <= n; i++)
        children[i] = text(words[dice(n_words)]);
    return term_node(arena, TERM_IN, children, n + 1);
}

static const struct term *item_text(void)
{
    switch (dice(5)) {
    case 0: return two(chance(80) ? TERM_EQ : TERM_NE, slot(FACT_ITEM_SKU), text(ANY(skus)));
    case 1: return in(FACT_ITEM_SKU, skus, sizeof skus / sizeof *skus);
    case 2: return two(chance(80) ? TERM_EQ : TERM_NE, slot(FACT_ITEM_BRAND), text(ANY(brands)));
    case 3: return in(FACT_ITEM_CATEGORY, categories, sizeof categories / sizeof *categories);
    default: return two(TERM_EQ, slot(FACT_ITEM_CATEGORY), text(ANY(categories)));
    }
}

static const struct term *item_number(void)
{
    switch (dice(6)) {
    case 0: return two(comparison(), slot(FACT_ITEM_QUANTITY), constant(value_int(dice(4))));
    case 1: return two(comparison(), slot(FACT_ITEM_RATING), constant(value_double(dice(3) + 2.5)));
    case 2: return two(comparison(), slot(FACT_ITEM_STOCK), constant(value_int(dice(3))));
    case 3: return two(comparison(), slot(FACT_ATTR_FIRST + dice(2)), constant(value_double(7)));
    case 4: return two(comparison(), slot(FACT_ATTR_FIRST + dice(2)), text(ANY(texts)));
    default:
        return two(comparison(), slot(FACT_ITEM_UNIT_PRICE), constant(value_int(100 * dice(20))));
    }
}

static const struct term *item_block(int depth)
{
    uint32_t kind = dice(depth > 0 ? 12 : 8);
    const struct term *parts[3];
    if (kind < 4)
        return item_text();
    if (kind < 5)
        return item_number();
    if (kind < 6)
        return two(TERM_HAS_WORD, slot(FACT_ITEM_TAG), text(ANY(tags)));
    if (kind < 7)
        return slot(FACT_ITEM_IN_STOCK);
    if (kind < 8)
        return one(TERM_HAS, slot(chance(50) ? FACT_ITEM_BRAND : FACT_ATTR_TEXT_FIRST));
    if (kind < 9)
        return one(TERM_NOT, item_block(depth - 1));
    uint32_t n = dice(4);
    for (uint32_t i = 0; i < n; i++)
        parts[i] = item_block(depth - 1);
    return term_node(arena, kind < 11 ? TERM_AND : TERM_OR, parts, n);
}

static const struct term *of_items(void)
{
    static const enum fact lists[] = { FACT_CART_ITEMS, FACT_CART_ITEMS, FACT_TRIGGER_ITEMS,
                                       FACT_OWNED_ITEMS };
    const struct term *list = slot(ANY(lists));
    if (chance(15)) {
        struct value bound = chance(80) ? value_int(dice(4)) : value_double(dice(3) + .5);
        return two(comparison(), two(TERM_COUNT, list, item_block(2)), constant(bound));
    }
    const struct term *has = two(TERM_EXISTS, list, item_block(2));
    return chance(70) ? has : one(TERM_NOT, has);
}

static const struct term *plain(void)
{
    switch (dice(7)) {
    case 0: return in(FACT_CONTEXT_CHANNEL, channels, 3);
    case 1:
        return two(chance(50) ? TERM_EQ : TERM_NE, slot(FACT_CONTEXT_CHANNEL), text(ANY(channels)));
    case 2: return slot(FACT_CUSTOMER_NEW);
    case 3: return two(TERM_HAS_WORD, slot(FACT_CUSTOMER_CONSENT), text(ANY(consents)));
    case 4: return two(comparison(), slot(FACT_CUSTOMER_ORDERS), constant(value_int(dice(3))));
    case 5:
        return two(TERM_LE, two(TERM_SUB, slot(FACT_NOW), slot(FACT_CUSTOMER_LAST_ORDER_AT)),
                   constant(value_duration(dice(20) * DAY)));
    default: return two(comparison(), slot(FACT_CART_TOTAL), constant(value_int(500 * dice(20))));
    }
}

static const struct term *condition_term(int depth)
{
    const struct term *parts[3];
    uint32_t kind = dice(depth > 0 ? 10 : 6);
    if (kind < 4)
        return of_items();
    if (kind < 6)
        return plain();
    if (kind < 7)
        return one(TERM_NOT, condition_term(depth - 1));
    uint32_t n = dice(4);
    for (uint32_t i = 0; i < n; i++)
        parts[i] = condition_term(depth - 1);
    return term_node(arena, kind < 8 ? TERM_AND : TERM_OR, parts, n);
}

/* ── rules ── */

struct random_rules {
    struct rule rules[RULES_MAX];
    uint32_t candidates[RULES_MAX], bounds[2], n;
};

static const struct term *pool[POOL];

static void random_rule(struct rule *rule)
{
    uint32_t n = dice(5);
    struct condition *conditions = arena_take_array(arena, struct condition, n);
    *rule = (struct rule){ .status = chance(5)    ? STATUS_PAUSED
                                     : chance(10) ? STATUS_SHADOW
                                                  : STATUS_ACTIVE,
                           .conditions = conditions,
                           .n_conditions = n,
                           .unknown_allows = chance(25),
                           .schedule = { .always = true, .opens_minute = -1 } };
    for (uint32_t i = 0; i < n; i++)
        conditions[i].term = chance(60)   ? pool[dice(POOL)]
                             : chance(50) ? two(TERM_EXISTS, slot(FACT_CART_ITEMS), item_text())
                                          : condition_term(2);
    if (chance(20))
        rule->schedule = (struct schedule){ .from_us = NOW - (int64_t) dice(3) * DAY + DAY,
                                            .until_us = INT64_MAX,
                                            .opens_minute = -1,
                                            .days = dice(4) };
}

static void random_rules(struct random_rules *all)
{
    uint32_t size = dice(100);
    all->n = RULE_INDEX_LEAST + dice(size < 90   ? 100
                                     : size < 99 ? 700
                                                 : RULES_MAX - RULE_INDEX_LEAST);
    for (int i = 0; i < POOL; i++)
        pool[i] = condition_term(2);
    for (uint32_t i = 0; i < all->n; i++) {
        random_rule(&all->rules[i]);
        all->candidates[i] = all->n - 1 - i;
    }
    all->bounds[0] = 0;
    all->bounds[1] = all->n;
}

/* ── requests ── */

struct random_request {
    struct cart cart;
    struct cart_line lines[LINES];
    struct owned owned[OWNED];
    struct profile profile;
    struct facts facts;
};

static void random_request(struct random_request *r, const struct catalog *catalog)
{
    *r = (struct random_request){ .cart = { STR("JPY"), r->lines, dice(LINES + 1), 0, 0 } };
    for (uint32_t i = 0; i < r->cart.n_lines; i++) {
        struct str sku = str_of(ANY(skus));
        r->lines[i] =
            (struct cart_line){ sku, 1 + dice(3), 100 * dice(20), catalog_find(catalog, sku) };
        r->cart.total_minor += r->lines[i].quantity * r->lines[i].unit_price_minor;
    }
    r->profile = (struct profile){ .first_seen_us = NOW - 40 * DAY,
                                   .orders = (uint32_t) dice(3),
                                   .last_order_us = chance(70) ? NOW - dice(20) * DAY : 0,
                                   .consent = dice(8),
                                   .owned = r->owned,
                                   .n_owned = dice(OWNED + 1) };
    for (uint32_t i = 0; i < r->profile.n_owned; i++)
        r->owned[i] = (struct owned){ str_of(ANY(skus)), 1, NOW - dice(30) * DAY };
    r->facts = (struct facts){ .catalog = catalog,
                               .cart = chance(95) ? &r->cart : NULL,
                               .person = chance(70) ? &r->profile : NULL,
                               .trigger_line = r->cart.n_lines && chance(70) ? r->lines : NULL,
                               .attr_names = attr_names,
                               .now_us = NOW,
                               .channel = str_of(chance(80) ? ANY(channels) : NULL),
                               .order_total_minor = -1 };
    if (r->facts.trigger_line && r->lines[0].product != PRODUCT_NONE)
        r->facts.trigger = catalog_product(catalog, r->lines[0].product);
    facts_init(&r->facts);
}

/* ── both ways ── */

/* What a rule asks, for the log of a failed test. */
static const char *told(const struct rule *rule)
{
    struct fact_names names = fact_names_of(attr_names);
    struct out out;
    out_init(&out, arena, 256);
    for (uint32_t i = 0; i < rule->n_conditions; i++) {
        term_print(rule->conditions[i].term, &names.names, &out);
        out_char(&out, '\n');
    }
    out_text(&out, rule->unknown_allows ? STR("unknown allows") : STR("unknown skips"));
    out_char(&out, 0);
    return out.at;
}

static void compare(const struct random_rules *all, const struct rule_index *index,
                    const struct rule_products *products, struct facts *facts, struct arena *work)
{
    struct rule_cursor *cursor = rule_cursor_new(index, products, facts, NOW, work);
    uint32_t patience = 1 + dice(64), found = 0;
    enum cursor_answer answer;

    ck_assert_ptr_nonnull(cursor);
    for (uint32_t i = 0; i <= all->n; i++) {
        uint32_t number = i < all->n ? all->candidates[i] : 0;
        const struct rule *rule = &all->rules[number];
        if (i < all->n &&
            (rule->status == STATUS_PAUSED || rule_matches(rule, facts, NOW).answer != MATCH_YES))
            continue;
        while ((answer = rule_cursor_next(cursor, patience, &found)) == CURSOR_PAUSE)
            continue;
        if (i == all->n ? answer != CURSOR_END : answer != CURSOR_RULE || found != number)
            ck_abort_msg("wanted rule %u of %u, got %u (%d):\n%s\n%s", number, all->n, found,
                         (int) answer, told(rule), told(&all->rules[found]));
    }
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 10) : otherwise;
}

START_TEST(finds_what_looking_at_every_rule_finds)
{
    uint64_t cases = from_environment("RULE_INDEX_CASES", CASES), hanging = 0, scanned = 0;
    state = from_environment("RULE_INDEX_SEED", 1) * 0x9e3779b97f4a7c15u + 1;
    AUTO(arena_free) struct arena *work = arena_new(1 << 16, 1 << 24);
    struct random_rules *all = malloc(sizeof *all);
    struct random_request request;

    arena = arena_new(1 << 20, 1 << 28);
    for (uint64_t done = 0; done < cases; done += REQUESTS) {
        const struct rule_index *const *indexes;
        AUTO(catalog_unref) struct catalog *catalog = random_catalog();
        arena_reset(arena);
        random_rules(all);
        const struct rule_lists lists = { all->rules, all->n, all->candidates, all->bounds, 1 };
        ck_assert_int_eq(rule_index_build(&lists, arena, &indexes), OK);
        hanging += rule_index_facts(indexes[0]).hanging;
        scanned += rule_index_facts(indexes[0]).scanned;
        AUTO(rule_products_free) struct rule_products *products = NULL;
        ck_assert_int_eq(rule_products_new(indexes, 1, catalog, attr_names, &products), OK);
        ck_assert_uint_gt(rule_products_bytes(products), 0);
        for (int i = 0; i < REQUESTS; i++) {
            random_request(&request, catalog);
            compare(all, indexes[0], i % 2 ? products : NULL, &request.facts, work);
            arena_reset(work);
        }
    }
    ck_assert(hanging > 0 && scanned > 0);
    arena_free(arena);
    free(all);
}
END_TEST

SUITE_MAIN("rules/rule_index_property", finds_what_looking_at_every_rule_finds)
