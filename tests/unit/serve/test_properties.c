/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds of every answer, whatever the rules, the cart and the customer: tried on some
 * thousand random decisions, the same in every run.
 */
#include <stdarg.h>

#include "answers.h"
#include "shop/catalog.h"
#include "shop/event.h"
#include "suite.h"
#include "world/world.h"

enum { ROUNDS = 120, CARTS_A_ROUND = 12, RULES_MAX = 14, TEXT_BYTES = 32768 };

/* What the test remembers of a rule it made up. */
struct made {
    char id[8];
    bool bundle, upsell, discount, limited;
    int limit, floor_bp, cap, group; /* floor_bp, cap, group: -1 = none */
};

struct draw {
    uint64_t state;
    struct made rules[RULES_MAX];
    int n_rules, n_offers;
    char text[TEXT_BYTES];
    size_t len;
};

static const char *const skus[] = {
    "CAM-1",   "CAM-2",    "CAM-3",    "LENS-1", "LENS-2", "LENS-0",
    "CARD-64", "CARD-128", "CARD-256", "BAG-1",  "BOAT-1", "NOBODY"
};
enum { SKUS = sizeof skus / sizeof *skus };

static int below(struct draw *draw, int n)
{
    draw->state = draw->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int) ((draw->state >> 33) % (uint64_t) n);
}

static bool one_in(struct draw *draw, int n)
{
    return below(draw, n) == 0;
}

__attribute__((format(printf, 2, 3))) static void say(struct draw *draw, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int n = vsnprintf(draw->text + draw->len, TEXT_BYTES - draw->len, format, values);
    va_end(values);
    ck_assert(n >= 0 && (size_t) n < TEXT_BYTES - draw->len);
    draw->len += (size_t) n;
}

/* ── rules ── */

static void say_pick(struct draw *draw, struct made *rule)
{
    static const char *const sorts[] = { "model", "price_asc", "price_desc", "margin",
                                         "popularity" };
    static const char *const wheres[] = { "{category: lens}", "{unit_price: {less_than: 60000}}",
                                          "{in_stock: true}",
                                          "{attr.storage_gb: {at_least: 100}}" };
    rule->limit = 1 + below(draw, 5);
    int how = rule->upsell ? 0 : 1 + below(draw, 4);
    int first = below(draw, SKUS), step = 1 + below(draw, 5); /* of 12: three different ones */
    say(draw, "pick: {");
    if (how == 0)
        say(draw, "relation: upgrade_of, of: trigger_item, price_ratio: [1.01, 5]");
    else if (how == 1)
        say(draw, "relation: best_seller");
    else if (how == 2)
        say(draw, "relation: bought_together, of: %s", one_in(draw, 2) ? "cart" : "trigger_item");
    else
        say(draw, "skus: [%s, %s, %s]", skus[first], skus[(first + step) % SKUS],
            skus[(first + 2 * step) % SKUS]);
    if (one_in(draw, 3))
        say(draw, ", where: %s", wheres[below(draw, 4)]);
    if (one_in(draw, 2))
        say(draw, ", sort: %s", sorts[below(draw, 5)]);
    say(draw, ", limit: %d}", rule->limit);
}

static void say_offer(struct draw *draw, struct made *rule, bool shipping)
{
    say(draw, "offer: {");
    if (shipping) {
        say(draw, "threshold: {cart_total: %d}", 1 + below(draw, 300000));
        rule->limit = 1;
        say(draw, "}, ");
        return;
    }
    say_pick(draw, rule);
    rule->discount = rule->bundle || one_in(draw, 3);
    if (rule->bundle)
        say(draw, ", with: trigger_item, discount: {percent: %d%%, of: bundle}",
            1 + below(draw, 60));
    else if (rule->discount)
        say(draw, ", discount: {amount: %d, of: offered}", 1 + below(draw, 30000));
    if (one_in(draw, 3)) {
        rule->floor_bp = 100 * below(draw, 70);
        say(draw, ", floor: {margin: %d%%}", rule->floor_bp / 100);
    }
    say(draw, "}, ");
}

static void say_limits(struct draw *draw, struct made *rule)
{
    static const char *const windows[] = { "7d", "day", "session", "lifetime" };
    static const char *const scopes[] = { "rule", "group", "kind", "all" };
    rule->limited = one_in(draw, 3);
    if (!rule->limited)
        return;
    rule->cap = 1 + below(draw, 3);
    say(draw, "limits: {per_customer: [{max: %d, per: %s, count: shown}]", rule->cap,
        windows[below(draw, 4)]);
    int scope = below(draw, 4);
    if (one_in(draw, 2) && (scope != 1 || rule->group >= 0))
        say(draw, ", after_decline: {silence: 14d, scope: %s}", scopes[scope]);
    say(draw, "}, ");
}

static void say_rule(struct draw *draw, int number)
{
    static const char *const kinds[] = { "cross_sell", "upsell", "bundle", "free_shipping" };
    struct made *rule = &draw->rules[number];
    int kind = below(draw, 9) % 4; /* most often a cross-sell */
    *rule = (struct made){
        .bundle = kind == 2, .upsell = kind == 1, .floor_bp = -1, .cap = -1, .group = -1
    };
    if (one_in(draw, 3))
        rule->group = below(draw, 2);
    (void) snprintf(rule->id, sizeof rule->id, "r%02d", number);
    say(draw,
        "  - {id: %s, name: n, kind: %s, status: %s, owner: o, trigger: [add_to_cart, cart_view], "
        "placement: [page], rank: {priority: %d%s}, " TEXTS ", ",
        rule->id, kinds[kind], one_in(draw, 10) ? "shadow" : "active", below(draw, 5),
        rule->group < 0 ? ""
        : rule->group   ? ", exclusive_group: two"
                        : ", exclusive_group: one");
    say_offer(draw, rule, kind == 3);
    say_limits(draw, rule);
    if (one_in(draw, 4))
        say(draw, "when: {cart.total: {at_least: %d}}, ", below(draw, 200000));
    if (one_in(draw, 6))
        say(draw, "audience: {customer.orders: {at_least: 1}}, ");
    draw->len -= 2; /* the last comma */
    say(draw, "}\n");
}

static void say_rules(struct draw *draw)
{
    draw->len = 0;
    draw->n_rules = 1 + below(draw, RULES_MAX);
    say(draw, "attributes: {storage_gb: {ja: s, en: s, unit: GB, better: more}}\n"
              "groups: {one: {max: 1}, two: {max: 2}}\nrules:\n");
    for (int i = 0; i < draw->n_rules; i++)
        say_rule(draw, i);
}

/* ── the customer ── */

static struct profile *some_profile(struct draw *draw, int64_t now_us)
{
    static const enum event_type types[] = { EVENT_OFFER_SHOWN, EVENT_OFFER_SHOWN,
                                             EVENT_OFFER_DECLINED, EVENT_OFFER_ACCEPTED,
                                             EVENT_CUSTOMER_UPDATED };
    struct profile *profile = NULL;
    int n = below(draw, 12);
    for (int i = 1; i <= n; i++) {
        struct event event = { .event_id = STR("e"),
                               .type = types[below(draw, 5)],
                               .customer_id = STR("C1"),
                               .at_us = now_us - INT64_C(3600000000) * below(draw, 300) };
        struct profile *next = NULL;
        if (event.type == EVENT_CUSTOMER_UPDATED)
            event.customer.consent_given = CONSENT_PERSONALIZATION;
        else
            event.offer.rule = str_of(draw->rules[below(draw, draw->n_rules)].id);
        ck_assert_int_eq(profile_apply(profile, &event, (uint64_t) i, &next), OK);
        (void) profile_free(profile);
        profile = next;
    }
    return profile;
}

/* ── the request ── */

/* Everything but `explain`. The lines are kept in *ret_in_cart, by SKU. */
static int say_request(struct draw *draw, bool ret_in_cart[SKUS], char *request, size_t room)
{
    int limit = 1 + below(draw, 10), item = below(draw, SKUS + 2), lines = below(draw, 5);
    int n = snprintf(
        request, room,
        "\"placement\": \"page\", \"trigger\": \"%s\", \"limit\": %d, \"locale\": \"%s\", ",
        one_in(draw, 2) ? "add_to_cart" : "cart_view", limit, one_in(draw, 2) ? "ja" : "en");
    for (int i = 0; i < SKUS; i++)
        ret_in_cart[i] = false;
    if (!one_in(draw, 3))
        n += snprintf(request + n, room - (size_t) n,
                      "\"customer_id\": \"C1\", \"session_id\": \"S1\", ");
    if (item < SKUS)
        n += snprintf(request + n, room - (size_t) n, "\"item\": \"%s\", ", skus[item]);
    n += snprintf(request + n, room - (size_t) n, "\"cart\": {\"currency\": \"JPY\", \"items\": [");
    for (int i = 0; i < lines; i++) {
        int sku = below(draw, SKUS);
        ret_in_cart[sku] = true;
        n += snprintf(request + n, room - (size_t) n, "%s{\"sku\": \"%s\", \"quantity\": %d",
                      i ? ", " : "", skus[sku], 1 + below(draw, 4));
        if (one_in(draw, 3))
            n += snprintf(request + n, room - (size_t) n, ", \"unit_price\": %d",
                          below(draw, 200000));
        n += snprintf(request + n, room - (size_t) n, "}");
    }
    (void) snprintf(request + n, room - (size_t) n, "]}}");
    return limit;
}

/* ── what must hold ── */

static const struct made *rule_called(const struct draw *draw, const char *id)
{
    for (int i = 0; i < draw->n_rules; i++)
        if (strcmp(draw->rules[i].id, id) == 0)
            return &draw->rules[i];
    ck_abort_msg("no such rule: %s", id);
}

static void check_floor(const struct catalog *catalog, const struct made *rule, const cJSON *offer,
                        const struct product *product, const char *item)
{
    int64_t now = number(offer, "price/now"), quantity = number(offer, "items/0/quantity");
    uint32_t partner = item ? catalog_find(catalog, str_of(item)) : PRODUCT_NONE;
    bool known = product->cost_minor != COST_UNKNOWN;
    int64_t cost = product->cost_minor * quantity;
    if (rule->bundle) {
        known = known && partner != PRODUCT_NONE &&
                catalog_product(catalog, partner)->cost_minor != COST_UNKNOWN;
        cost += known ? catalog_product(catalog, partner)->cost_minor : 0;
    }
    if (rule->floor_bp >= 0)
        ck_assert(known && (now - cost) * 10000 >= now * rule->floor_bp);
    if (rule->discount && known)
        ck_assert_int_ge(now, cost);
    ck_assert_int_ge(number(offer, "price/saving"), 0);
}

static void check_product(const struct draw *draw, const struct catalog *catalog,
                          const cJSON *offer, const bool in_cart[SKUS], const char *item,
                          bool seen[SKUS])
{
    const char *sku = text(offer, "items/0/sku");
    const struct product *product = catalog_product(catalog, catalog_find(catalog, str_of(sku)));
    ck_assert(!item || strcmp(sku, item) != 0);
    ck_assert(product->stock == STOCK_UNKNOWN ||
              product->stock >= number(offer, "items/0/quantity"));
    for (int i = 0; i < SKUS; i++)
        if (strcmp(skus[i], sku) == 0) {
            ck_assert_msg(!in_cart[i], "%s is in the cart", sku);
            ck_assert_msg(!seen[i], "%s stands twice", sku);
            seen[i] = true;
        }
    check_floor(catalog, rule_called(draw, text(offer, "rule")), offer, product, item);
}

/* A rule its limit and its cap, a group its maximum, nothing limited without the profile. */
static void check_counts(const struct draw *draw, const cJSON *answer, bool is_customer,
                         bool is_lost)
{
    int groups[2] = { 0 };
    for (int i = 0; i < draw->n_rules; i++) {
        const struct made *rule = &draw->rules[i];
        const cJSON *offer;
        int shown = 0;
        cJSON_ArrayForEach(offer, at(answer, "offers")) shown +=
            strcmp(text(offer, "rule"), rule->id) == 0;
        ck_assert_int_le(shown, rule->limit);
        ck_assert(shown == 0 || !is_customer || rule->cap < 0 || shown <= rule->cap);
        ck_assert(shown == 0 || !is_customer || !is_lost || !rule->limited);
        if (rule->group >= 0)
            groups[rule->group] += shown;
        if (at(answer, "considered"))
            ck_assert_msg((shown > 0) == (strcmp(result_of(answer, rule->id), "shown") == 0),
                          "%s: %d offers, and %s", rule->id, shown, result_of(answer, rule->id));
    }
    ck_assert(groups[0] <= 1 && groups[1] <= 2);
}

static void check(const struct draw *draw, const struct catalog *catalog, const cJSON *answer,
                  const bool in_cart[SKUS], const char *item, int limit)
{
    bool seen[SKUS] = { false };
    const cJSON *offer;
    ck_assert_int_le(offers(answer), limit);
    cJSON_ArrayForEach(offer, at(answer, "offers")) if (at(offer, "items/0"))
        check_product(draw, catalog, offer, in_cart, item, seen);
}

/* The offers as text, without the ids that are each decision's own. */
static char *offers_of(cJSON *answer)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "offers"), *offer;
    cJSON_ArrayForEach(offer, list) cJSON_DeleteItemFromObjectCaseSensitive(offer, "offer_id");
    return cJSON_PrintUnformatted(list);
}

/* One request, in both worlds, plain and explained. */
static void decide_all(struct draw *draw, struct small_world *worlds[2])
{
    char request[2048], plain[2100], explained[2100];
    bool in_cart[SKUS];
    int limit = say_request(draw, in_cart, request, sizeof request);
    (void) snprintf(plain, sizeof plain, "{%s", request);
    (void) snprintf(explained, sizeof explained, "{\"explain\": true, %s", request);
    AUTO(world_unref) struct world *world = (struct world *) snapshot_now(&worlds[0]->slot);

    cJSON *answer = decided(worlds[0], plain), *why = decided(worlds[0], explained);
    cJSON *asked = cJSON_Parse(plain);
    const char *item = at(asked, "item") ? text(asked, "item") : NULL;
    if (!item && cJSON_GetArraySize(at(asked, "cart/items")) == 1)
        item = text(asked, "cart/items/0/sku");
    bool is_customer = at(asked, "customer_id") != NULL;
    bool is_lost = worlds[0]->answer == PROFILE_LOST;
    check(draw, world->catalog, answer, in_cart, item, limit);
    check_counts(draw, answer, is_customer, is_lost);
    check_counts(draw, why, is_customer, is_lost);

    draw->n_offers += offers(answer);
    char *said = offers_of(answer), *said_why = offers_of(why);
    ck_assert_str_eq(said, said_why);
    ck_assert_ptr_nonnull(small_world_decide(worlds[1], plain)); /* in step: ids go on */
    ck_assert_ptr_nonnull(small_world_decide(worlds[1], explained));
    ck_assert_str_eq(small_world_decide(worlds[0], plain), small_world_decide(worlds[1], plain));
    ck_assert_str_eq(small_world_decide(worlds[0], explained),
                     small_world_decide(worlds[1], explained));
    cJSON_free(said);
    cJSON_free(said_why);
    cJSON_Delete(asked);
    cJSON_Delete(answer);
    cJSON_Delete(why);
}

START_TEST(holds_of_every_answer_whatever_rules_cart_and_customer)
{
    static struct draw draw = { .state = 20261121 };
    AUTO(small_world_free) struct small_world *one = small_world_new("groups: {one: {max: 1}}\n");
    AUTO(small_world_free) struct small_world *two = small_world_new("groups: {one: {max: 1}}\n");
    struct small_world *worlds[2] = { one, two };

    for (int i = 0; i < ROUNDS * CARTS_A_ROUND; i++) {
        if (i % CARTS_A_ROUND == 0) {
            say_rules(&draw);
            small_world_publish(one, draw.text);
            small_world_publish(two, draw.text);
        }
        uint64_t before = draw.state;
        for (int k = 0; k < 2; k++) {
            draw.state = before;
            (void) profile_free(worlds[k]->profile);
            worlds[k]->profile = some_profile(&draw, one->wall_us);
            worlds[k]->answer = one_in(&draw, 4) ? PROFILE_LOST : PROFILE_HERE;
        }
        decide_all(&draw, worlds);
    }
    ck_assert_int_gt(draw.n_offers, ROUNDS * CARTS_A_ROUND / 4); /* or nothing was tried */
}
END_TEST

SUITE_MAIN("serve/properties", holds_of_every_answer_whatever_rules_cart_and_customer)
