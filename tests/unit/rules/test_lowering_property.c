/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random condition blocks made of the language's own words, right and wrong: each is either taken
 * without an error or refused with one, and what was taken can be asked of a shop, printed and
 * explained, whatever the shop knows.
 */
#include <stdio.h>

#include "flow_doc.h"
#include "rules/blame.h"
#include "rules/lowering.h"
#include "rules/ruleset.h"
#include "small_shop.h"

enum { ROUNDS = 30000, ROOM = 64, SEED = 7, TEXT_MAX = 4000 };

static uint64_t state = SEED;

static uint32_t dice(uint32_t sides)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (state >> 33) % sides;
}

#define PICK(words) ((words)[dice(sizeof(words) / sizeof *(words))])

static const char *const conditions[] = {
    "any",
    "none",
    "all",
    "use",
    "cart.has",
    "cart.lacks",
    "cart.count",
    "cart.total",
    "cart.quantity",
    "trigger.item",
    "order.total",
    "context.channel",
    "customer.new",
    "owns",
    "customer.last_order_at",
    "bought_within",
    "customer.orders",
    "not_owns",
    "consent",
    "customer.consent",
    "cart.totl",
    "segments",
    "country",
};
static const char *const items[] = {
    "sku",        "category",        "brand", "tag",     "unit_price", "list_price",
    "quantity",   "in_stock",        "stock", "margin",  "rating",     "age_days",
    "attr.mount", "attr.megapixels", "attr.", "catgory",
};
static const char *const matchers[] = {
    "is",       "is_not",    "any_of",     "all_of",  "none_of", "at_least",
    "at_most",  "more_than", "less_than",  "between", "exists",  "starts_with",
    "contains", "within",    "older_than", "atleast",
};
static const char *const scalars[] = {
    "5000",    "0",   "4.5",    "12%",   "true", "false", "camera", "CAM-A7",          "\"12\"",
    "popular", "30d", "36h",    "web",   "-1",   "~",     "\"\"",   "personalization", "lens",
    "100",     "HX",  "204100", "small", "yes",
};

/* The flow text being made. */
struct writer {
    char text[TEXT_MAX];
    size_t len;
};

static void put(struct writer *w, const char *text)
{
    size_t len = strlen(text);
    if (w->len + len < TEXT_MAX - 200) { /* a document that grows too long closes in time */
        memcpy(w->text + w->len, text, len + 1);
        w->len += len;
    }
}

/* Brackets always fit, so that the document is well formed. */
static void put_bracket(struct writer *w, const char *bracket)
{
    w->text[w->len++] = *bracket;
    w->text[w->len] = '\0';
}

static bool has_room(const struct writer *w)
{
    return w->len < TEXT_MAX / 2;
}

static void put_list(struct writer *w)
{
    put_bracket(w, "[");
    for (uint32_t i = dice(4), n = 0; n < i; n++) {
        put(w, n ? ", " : "");
        put(w, PICK(scalars));
    }
    put_bracket(w, "]");
}

static void put_value(struct writer *w)
{
    if (dice(4))
        put(w, PICK(scalars));
    else
        put_list(w);
}

static void put_matcher(struct writer *w)
{
    if (dice(3)) {
        put_value(w);
        return;
    }
    put_bracket(w, "{");
    for (uint32_t i = 1 + dice(2), n = 0; n < i; n++) {
        put(w, n ? ", " : "");
        put(w, PICK(matchers));
        put(w, ": ");
        put_value(w);
    }
    put_bracket(w, "}");
}

static void put_item(struct writer *w)
{
    put_bracket(w, "{");
    for (uint32_t i = dice(8) ? 1 + dice(2) : 0, n = 0; n < i; n++) {
        put(w, n ? ", " : "");
        put(w, PICK(items));
        put(w, ": ");
        put_matcher(w);
    }
    put_bracket(w, "}");
}

static void put_block(struct writer *w, int depth);

static void put_condition(struct writer *w, int depth)
{
    const char *word = PICK(conditions);

    put(w, word);
    put(w, ": ");
    if (!dice(20)) {
        put_value(w);
    } else if (strlen(word) <= 4 && strcmp(word, "use") != 0 && depth > 0 && has_room(w)) {
        put_bracket(w, "[");
        put_block(w, depth - 1);
        put(w, ", ");
        put_block(w, depth - 1);
        put_bracket(w, "]");
    } else if (!strcmp(word, "use")) {
        put(w, dice(2) ? "[small]" : "big");
    } else if (!strcmp(word, "cart.count") || !strcmp(word, "bought_within")) {
        put(w, "{where: ");
        put_item(w);
        put(w, dice(2) ? ", within: 30d" : ", at_least: 1");
        put_bracket(w, "}");
    } else if (strstr(word, "has") || strstr(word, "lacks") || strstr(word, "own") ||
               strstr(word, ".item")) {
        put_item(w);
    } else {
        put_matcher(w);
    }
}

static void put_block(struct writer *w, int depth)
{
    put_bracket(w, "{");
    for (uint32_t i = 1 + dice(2), n = 0; n < i; n++) {
        put(w, n ? ", " : "");
        put_condition(w, depth);
    }
    put_bracket(w, "}");
}

/* ── what the lowering asks for ── */

static struct small_shop *shop_of_test;
static const struct doc_node *named_nodes;

static uint32_t find_attr(void *self, struct str name)
{
    (void) self;
    return str_is(name, "mount");
}

static const struct doc_node *find_named(void *self, struct str name,
                                         const struct doc_file **ret_file)
{
    static const struct doc_file shared = { .name = { "shared.yaml", 11 } };
    (void) self;
    *ret_file = &shared;
    return doc_get(named_nodes, str_is(name, "small") ? "small" : "none");
}

static void forget_something(struct small_shop *shop)
{
    shop->facts.person = dice(3) ? &shop->profile : NULL;
    shop->facts.channel = dice(3) ? STR("web") : (struct str){ 0 };
    shop->facts.trigger_line = dice(2) ? &shop->lines[dice(3)] : NULL;
    shop->facts.trigger =
        shop->facts.trigger_line && shop->facts.trigger_line->product != PRODUCT_NONE
            ? catalog_product(shop->catalog, shop->facts.trigger_line->product)
            : NULL;
    shop->cart.n_lines = dice(4);
    shop->facts.order_total_minor = dice(2) ? 5000 : -1;
}

static void ask(struct arena *arena, const struct condition *list, int n)
{
    struct rule rule = { .conditions = list, .n_conditions = (uint32_t) n };
    struct blame blame;
    struct blame_hint hint;
    struct out seen, wanted;

    rule.schedule.always = true;
    rule.unknown_allows = dice(2);
    struct match_verdict verdict = rule_matches(&rule, &shop_of_test->facts, SHOP_NOW);
    ck_assert((verdict.failed != NULL) == (verdict.answer != MATCH_YES));
    for (int i = 0; i < n; i++) {
        out_init(&seen, arena, 64);
        out_init(&wanted, arena, 64);
        struct rule one = { .conditions = &list[i], .n_conditions = 1, .schedule.always = true };
        blame_init(&blame, &shop_of_test->facts, &seen);
        verdict = blame_matches(&blame, &one, SHOP_NOW, &hint);
        ck_assert(verdict.answer == rule_matches(&one, &shop_of_test->facts, SHOP_NOW).answer);
        if (verdict.failed)
            blame_seen(&blame, verdict.failed, verdict.answer, &hint);
        blame_wanted(&list[i], blame.decimals, shop_of_test->facts.attr_names, &wanted);
        ck_assert(!seen.failed && !wanted.failed);
        ck_assert(wanted.len > 0 && (seen.len == 0) == (verdict.failed == NULL));
        ck_assert_uint_gt(list[i].text.len, 0);
        ck_assert(str_is_utf8(out_str(&seen), NULL) && str_is_utf8(list[i].text, NULL));
    }
}

START_TEST(every_block_is_taken_whole_or_refused_with_a_reason)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20, 1 << 26);
    AUTO(arena_free) struct arena *names = arena_new(1 << 12, 1 << 20);
    SMALL_SHOP shop = small_shop_new();
    struct condition list[ROOM];
    int taken = 0;

    shop_of_test = shop;
    named_nodes = flow_doc(names, "{small: {cart.total: {at_most: 7999}, cart.quantity: 4}}");
    for (int round = 0; round < ROUNDS; round++) {
        struct writer w = { .len = 0 };
        struct doc_file file = { .name = STR("random.yaml") };
        struct diags diags;
        bool audience = dice(4) == 0;

        arena_reset(arena);
        diags_init(&diags, arena);
        put_block(&w, 2);
        struct lowering lowering = {
            .arena = arena, .diags = &diags, .file = &file, .named = find_named, .attr = find_attr
        };
        int n = lower_conditions(&lowering, flow_doc(arena, w.text), audience, list, ROOM);
        ck_assert_msg((n > 0) == (diags.errors == 0), "%s: %d, %u", w.text, n, diags.errors);
        ck_assert(n != 0);
        ck_assert_ptr_null(lowering.uses);
        ck_assert_ptr_eq(lowering.file, &file);
        for (int i = 0; n > 0 && i < 3; i++) {
            forget_something(shop);
            ask(arena, list, n);
        }
        taken += n > 0;
    }
    ck_assert_int_gt(taken, ROUNDS / 50); /* else it tests nothing */
}
END_TEST

SUITE_MAIN("rules/lowering_property", every_block_is_taken_whole_or_refused_with_a_reason)
