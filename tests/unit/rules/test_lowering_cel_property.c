/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the structured words lower to means the CEL that is printed of it: random blocks of the language's own words are
 * lowered, printed, compiled as CEL and evaluated both ways against a shop of which something
 * is always forgotten. The two answers must be the same, unknown included.
 */
#include <stdio.h>

#include "flow_doc.h"
#include "rules/facts_cel.h"
#include "rules/lowering.h"
#include "rules/ruleset.h"
#include "small_shop.h"

enum { ROUNDS = 12000, FORGETTINGS = 12, ROOM = 64, TEXT_MAX = 4000 };

static uint64_t state = 20261122;

static uint32_t dice(uint32_t sides)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (state >> 33) % sides;
}

#define PICK(words) ((words)[dice(sizeof(words) / sizeof *(words))])

/* ── random blocks, of which most are right: a word comes with what fits its type ── */

enum type { BOOL, NUMBER, MONEY, PERCENT, TEXT, WORDS, TIME, ATTR, CONSENT, TYPES };

struct word {
    const char *name;
    enum type type;
};

static const struct word facts[] = {
    { "cart.total", MONEY },
    { "cart.quantity", NUMBER },
    { "order.total", MONEY },
    { "context.channel", TEXT },
    { "context.country", TEXT },
    { "context.language", TEXT },
    { "session.device", TEXT },
    { "customer.orders", NUMBER },
    { "customer.spend", MONEY },
    { "customer.new", BOOL },
    { "customer.tenure_days", NUMBER },
    { "customer.last_order_at", TIME },
    { "customer.consent", CONSENT },
};
static const struct word audience_facts[] = {
    { "new_customer", BOOL }, { "consent", CONSENT },        { "country", TEXT },
    { "language", TEXT },     { "customer.orders", NUMBER },
};
static const struct word items[] = {
    { "sku", TEXT },         { "category", TEXT },
    { "subcategory", TEXT }, { "brand", TEXT },
    { "model", TEXT },       { "tag", WORDS },
    { "unit_price", MONEY }, { "list_price", MONEY },
    { "quantity", NUMBER },  { "in_stock", BOOL },
    { "stock", NUMBER },     { "margin", PERCENT },
    { "rating", NUMBER },    { "age_days", NUMBER },
    { "attr.mount", ATTR },  { "attr.megapixels", ATTR },
    { "attr.幅", ATTR },     { "attr.in", ATTR },
};
static const char *const lists[] = { "cart.has", "cart.lacks", "trigger.item", "owns", "not_owns" };

static const char *const values[TYPES][8] = {
    [BOOL] = { "true", "false", "true", "false", "true", "false", "true", "false" },
    [NUMBER] = { "0", "1", "2", "2.0", "2.5", "4.5", "4", "100" },
    [MONEY] = { "0", "3000", "2800", "198000", "204100", "5000", "90000", "89800" },
    [PERCENT] = { "0%", "12%", "25%", "24.24%", "66.66%", "100%", "7.5%", "50%" },
    [TEXT] = { "camera", "lens", "CAM-A7", "web", "ja", "\"12\"", "mirrorless", "JP" },
    [WORDS] = { "popular", "beginner", "sale", "popular", "\"2\"", "new", "beginner", "x" },
    [TIME] = { "1d", "36h", "10d", "30d", "90m", "400d", "240h", "10s" },
    [ATTR] = { "HX", "24.2", "100", "\"100\"", "24", "\"24.2\"", "-5", "L size" },
    [CONSENT] = { "personalization", "marketing", "profiling", "personalization", "marketing",
                  "profiling", "personalization", "profiling" },
};

static const char *const orders[] = { "at_least", "at_most", "more_than", "less_than" };
static const char *const equals[] = { "is", "is_not", "any_of", "none_of" };

/* The flow text being made. */
struct writer {
    char text[TEXT_MAX];
    size_t len;
};

static void put(struct writer *w, const char *text)
{
    size_t len = strlen(text);
    ck_assert_uint_lt(w->len + len, TEXT_MAX);
    memcpy(w->text + w->len, text, len + 1);
    w->len += len;
}

static void put_list(struct writer *w, enum type type)
{
    put(w, "[");
    for (uint32_t i = 1 + dice(3), n = 0; n < i; n++) {
        put(w, n ? ", " : "");
        put(w, PICK(values[type]));
    }
    put(w, "]");
}

static void put_pair(struct writer *w, const char *word, enum type type, bool list)
{
    put(w, word);
    put(w, ": ");
    if (list)
        put_list(w, type);
    else
        put(w, PICK(values[type]));
}

static void put_ordered(struct writer *w, enum type type)
{
    if (type == ATTR || dice(3)) {
        put_pair(w, PICK(orders), type == ATTR ? NUMBER : type, false);
        return;
    }
    put(w, "between: [0");
    put(w, type == PERCENT ? "%, 50%]" : ", 5000]");
}

static void put_matcher_word(struct writer *w, enum type type)
{
    bool ordered = type == NUMBER || type == MONEY || type == PERCENT || type == ATTR;
    bool textual = type == TEXT || type == ATTR;

    if (!dice(5))
        put(w, dice(2) ? "exists: true" : "exists: false");
    else if (type == TIME)
        put_pair(w, dice(2) ? "within" : "older_than", type, false);
    else if (ordered && dice(2))
        put_ordered(w, type);
    else if (textual && !dice(3))
        put_pair(w, dice(2) ? "starts_with" : "contains", TEXT, false);
    else if (type == BOOL)
        put_pair(w, dice(2) ? "is" : "is_not", type, false);
    else if ((type == WORDS || type == CONSENT) && !dice(3))
        put_pair(w, "all_of", type, true);
    else {
        const char *word = PICK(equals);
        put_pair(w, word, type, strstr(word, "_of") != NULL);
    }
}

static void put_matcher(struct writer *w, enum type type)
{
    if (type != TIME && !dice(3)) {
        put(w, PICK(values[type]));
    } else if (type != TIME && type != BOOL && !dice(4)) {
        put_list(w, type);
    } else {
        put(w, "{");
        put_matcher_word(w, type);
        put(w, "}");
    }
}

static void put_word(struct writer *w, const struct word *word)
{
    put(w, word->name);
    put(w, ": ");
    put_matcher(w, word->type);
}

static void put_item(struct writer *w)
{
    put(w, "{");
    for (uint32_t i = 1 + dice(3), n = 0; n < i; n++) {
        put(w, n ? ", " : "");
        put_word(w, &PICK(items));
    }
    put(w, "}");
}

static void put_condition(struct writer *w, int depth, bool audience);

static void put_block(struct writer *w, int depth, bool audience)
{
    put(w, "{");
    for (uint32_t i = 1 + dice(2), n = 0; n < i; n++) {
        put(w, n ? ", " : "");
        put_condition(w, depth, audience);
    }
    put(w, "}");
}

static void put_condition(struct writer *w, int depth, bool audience)
{
    static const char *const blocks[] = { "any", "none", "all" };
    uint32_t what = dice(10);

    if (what < 2 && depth > 0) {
        put(w, PICK(blocks));
        put(w, ": [");
        put_block(w, depth - 1, audience);
        put(w, ", ");
        put_block(w, depth - 1, audience);
        put(w, "]");
    } else if (what < 5) {
        put(w, audience ? (dice(2) ? "owns" : "not_owns") : PICK(lists));
        put(w, ": ");
        put_item(w);
    } else if (what == 5 && !audience) {
        put(w, "cart.count: {where: ");
        put_item(w);
        put(w, ", ");
        put_matcher_word(w, NUMBER);
        put(w, "}");
    } else if (what == 6) {
        put(w, "bought_within: {where: ");
        put_item(w);
        put(w, ", within: ");
        put(w, PICK(values[TIME]));
        put(w, "}");
    } else {
        put_word(w, audience ? &PICK(audience_facts) : &PICK(facts));
    }
}

/* ── a shop that forgets ── */

static const char *const attr_names[] = { "megapixels", "mount", "幅", "in" };

static uint32_t find_attr(void *self, struct str name)
{
    (void) self;
    for (uint32_t n = 0; n < sizeof attr_names / sizeof *attr_names; n++)
        if (str_is(name, attr_names[n]))
            return n;
    ck_abort_msg("no such attribute");
}

static void forget_something(struct small_shop *shop)
{
    struct facts *f = &shop->facts;
    static const char *const texts[] = { "web", "ja", "JP", "camera", "12" };

    f->person = dice(4) ? &shop->profile : NULL;
    shop->profile.n_owned = dice(3);
    shop->profile.orders = dice(3);
    shop->profile.consent = dice(8);
    shop->profile.first_seen_us = dice(3) ? SHOP_NOW - dice(500) * SHOP_DAY : 0;
    shop->profile.last_order_us = dice(3) ? SHOP_NOW - dice(40) * SHOP_DAY : 0;
    f->channel = dice(3) ? str_of(PICK(texts)) : (struct str){ 0 };
    f->country = dice(3) ? str_of(PICK(texts)) : (struct str){ 0 };
    f->language = dice(3) ? str_of(PICK(texts)) : (struct str){ 0 };
    f->device = dice(3) ? str_of(PICK(texts)) : (struct str){ 0 };
    f->trigger_line = dice(2) ? &shop->lines[dice(3)] : NULL;
    f->trigger = f->trigger_line && f->trigger_line->product != PRODUCT_NONE
                     ? catalog_product(shop->catalog, f->trigger_line->product)
                     : NULL;
    f->cart = dice(10) ? &shop->cart : NULL;
    shop->cart.n_lines = dice(4);
    for (uint32_t i = 0; i < 3; i++)
        shop->lines[i].quantity = 1 + dice(3);
    f->order_total_minor = dice(2) ? (int64_t) dice(3) * 2500 : -1;
}

struct fixture {
    struct arena *arena, *words, *scratch;
    const struct facts_cel *cel;
    struct small_shop *shop;
    uint32_t taken, too_long, seen[3];
};

static struct fixture fixture(void)
{
    struct fixture f = { .arena = arena_new(1 << 20, 1 << 26),
                         .words = arena_new(1 << 16, 1 << 22),
                         .scratch = arena_new(1 << 14, 1 << 20),
                         .shop = small_shop_new() };
    static struct str names[4];
    for (int i = 0; i < 4; i++)
        names[i] = str_of(attr_names[i]);
    f.shop->facts.attr_names = names;
    f.shop->facts.scratch = f.scratch;
    f.cel = facts_cel_of_conditions(f.words, (struct cel_zones){ 0 });
    ck_assert_ptr_nonnull(f.cel);
    return f;
}

static void done(struct fixture *f)
{
    small_shop_free_at(&f->shop);
    arena_free(f->arena);
    arena_free(f->words);
    arena_free(f->scratch);
}

/* NULL when the text is longer than an `expr` may be, which a structured condition may. */
static const struct facts_expr *compiled(struct fixture *f, struct str text)
{
    struct cel_faults faults;
    struct out told;
    cel_faults_init(&faults, f->arena, text);
    const struct facts_expr *expr = facts_cel_compile(f->cel, text, f->arena, &faults);
    if (!expr) {
        out_init(&told, f->arena, 256);
        cel_faults_print(&faults, (struct str){ 0 }, CEL_ENGLISH, &told);
        bool limit = text.len > EXPR_MAX_BYTES || str_contains(out_str(&told), STR("steps"));
        ck_assert_msg(limit, "%.*s", STR_ARG(out_str(&told)));
        f->too_long++;
    }
    return expr;
}

static void compare(struct fixture *f, const struct term *term, struct str text, const char *from)
{
    const struct facts_expr *expr = compiled(f, text);
    for (int i = 0; expr && i < FORGETTINGS; i++) {
        forget_something(f->shop);
        enum truth wanted = term_test(term, &f->shop->facts.scope);
        enum truth got = facts_cel_test(expr, &f->shop->facts);
        ck_assert_msg(wanted == got, "%s\n  %.*s\n  structured %d, CEL %d", from, STR_ARG(text),
                      wanted, got);
        f->seen[wanted]++;
    }
}

START_TEST(the_printed_cel_of_random_conditions_means_the_same)
{
    struct fixture f = fixture();
    struct condition list[ROOM];

    for (int round = 0; round < ROUNDS; round++) {
        struct writer w = { .len = 0 };
        struct doc_file file = { .name = STR("random.yaml") };
        struct diags diags;
        bool audience = dice(4) == 0;

        arena_reset(f.arena);
        diags_init(&diags, f.arena);
        put_block(&w, 2, audience);
        struct lowering lowering = {
            .arena = f.arena, .diags = &diags, .file = &file, .attr = find_attr
        };
        int n = lower_conditions(&lowering, flow_doc(f.arena, w.text), audience, list, ROOM);
        for (int i = 0; i < n; i++)
            compare(&f, list[i].term, list[i].text, w.text);
        f.taken += n > 0;
    }
    /* Else it tests nothing. */
    ck_assert_uint_gt(f.taken, ROUNDS / 2);
    ck_assert_uint_lt(f.too_long, ROUNDS / 100);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_gt(f.seen[i], ROUNDS / 4);
    done(&f);
}
END_TEST

/* Of a candidate: `item` itself, as a score may name it. */
START_TEST(so_does_the_where_of_a_pick)
{
    struct fixture f = fixture();
    const struct offer_facts offer = { .price = 1 };
    f.cel = facts_cel_of_scores(f.words, (struct cel_zones){ 0 });

    for (int round = 0; round < ROUNDS / 4; round++) {
        struct writer w = { .len = 0 };
        struct doc_file file = { .name = STR("random.yaml") };
        struct diags diags;
        struct out text;

        arena_reset(f.arena);
        diags_init(&diags, f.arena);
        put_item(&w);
        struct lowering lowering = {
            .arena = f.arena, .diags = &diags, .file = &file, .attr = find_attr
        };
        const struct term *term = lower_item(&lowering, flow_doc(f.arena, w.text));
        if (!term)
            continue;
        struct fact_names names = fact_names_of(f.shop->facts.attr_names);
        out_init(&text, f.arena, 64);
        out_text(&text, STR("("));
        term_print(term, &names.names, &text);
        out_text(&text, STR(") ? 1 : 0"));
        const struct facts_expr *expr = compiled(&f, out_str(&text));
        ck_assert_ptr_nonnull(expr);
        for (uint32_t i = 0; i < catalog_count(f.shop->catalog); i++) {
            const struct product *product = catalog_product(f.shop->catalog, i);
            struct pick pick = { .where = term };
            double score = -1;
            bool known = facts_cel_score(expr, &f.shop->facts, product, &offer, &score);
            ck_assert_msg(pick_takes(&pick, &f.shop->facts, product) == (known && score == 1),
                          "%s\n  %.*s", w.text, STR_ARG(out_str(&text)));
        }
        f.taken++;
    }
    ck_assert_uint_gt(f.taken, ROUNDS / 16);
    done(&f);
}
END_TEST

SUITE_MAIN("rules/lowering_cel_property", the_printed_cel_of_random_conditions_means_the_same,
           so_does_the_where_of_a_pick)
