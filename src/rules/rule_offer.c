/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "rules/lowering_parts.h"
#include "rules/rule_reader.h"
#include "rules/words.h"

enum { PICK_LIMIT_MAX = 30 };

/* Triggers that happen to one item. */
static const uint32_t item_triggers =
    1u << TRIGGER_ADD_TO_CART | 1u << TRIGGER_REMOVE_FROM_CART | 1u << TRIGGER_PRODUCT_VIEW;

static void number_range(struct rule_reader *reader, const struct doc_node *node, const char *from,
                         const char *to)
{
    diag_add(reader->all->diags, reader->grammar.file, node->place, DIAG_NUMBER_RANGE, node->key,
             str_of(from), str_of(to));
}

static void no_meaning(struct rule_reader *reader, const struct doc_node *node, const char *with)
{
    if (node)
        diag_add(reader->all->diags, reader->grammar.file, node->key_place, DIAG_NO_MEANING,
                 node->key, str_of(with), (struct str){ 0 });
}

static void not_supported(struct rule_reader *reader, const struct doc_node *node, const char *what)
{
    if (node)
        diag_add(reader->all->diags, reader->grammar.file, node->key_place, DIAG_NOT_SUPPORTED,
                 str_of(what), (struct str){ 0 }, (struct str){ 0 });
}

static void missing(struct rule_reader *reader, const struct doc_node *node, const char *key)
{
    grammar_fault(&reader->grammar, node, DIAG_MISSING_FOR_KIND, str_of(key),
                  str_of(words_kinds()[reader->rule->kind]));
}

/* The rule looks at the item just chosen: say so where a trigger has none. */
static void warn_without_item(struct rule_reader *reader, const struct doc_node *node)
{
    const char *const *words = words_triggers();
    for (uint32_t t = 0; t < TRIGGERS; t++)
        if (reader->rule->triggers & ~item_triggers & 1u << t) {
            grammar_fault(&reader->grammar, node, DIAG_NO_TRIGGER_ITEM, reader->rule->id,
                          str_of(words[t]));
            return;
        }
}

/* A ladder's relation: which of the two. */
static bool goes_down(const struct pick *pick)
{
    return pick->relation == RELATION_DOWNGRADE_OF;
}

static void read_price_ratio(struct rule_reader *reader, const struct doc_node *node)
{
    struct pick *pick = &reader->rule->pick;
    bool down = goes_down(pick);
    pick->price_ratio_low = down ? .5 : 1.05;
    pick->price_ratio_high = down ? .95 : 1.6;
    if (!node || !grammar_list(&reader->grammar, node))
        return;

    double low, high;
    bool two = node->n_children == 2 && lower_number(&reader->lowering, node->first, &low) &&
               lower_number(&reader->lowering, node->first->next, &high);
    bool good = two && high > low && isfinite(high) && (down ? low > 0 && high < 1 : low > 1);
    if (!good) {
        grammar_fault(&reader->grammar, node, down ? DIAG_PRICE_RATIO_DOWN : DIAG_PRICE_RATIO,
                      (struct str){ 0 }, (struct str){ 0 });
        return;
    }
    pick->price_ratio_written = true;
    pick->price_ratio_low = low;
    pick->price_ratio_high = high;
}

static void read_of(struct rule_reader *reader, const struct doc_node *pick_node,
                    const struct doc_node *node)
{
    static const char *const words[] = { "trigger_item", "cart", NULL };
    static const char *const words_later[] = { "last_order", "subscription", NULL };
    struct pick *pick = &reader->rule->pick;
    int of = OF_TRIGGER_ITEM;

    if (pick->relation == RELATION_BEST_SELLER || pick->relation == RELATION_VIEWED ||
        pick->relation == RELATION_PERSONAL) {
        no_meaning(reader, node,
                   pick->relation == RELATION_VIEWED     ? "relation: viewed"
                   : pick->relation == RELATION_PERSONAL ? "relation: personal"
                                                         : "relation: best_seller");
        return;
    }
    if (!node)
        grammar_fault(&reader->grammar, pick_node, DIAG_MISSING_IN_RULE, STR("pick.of"),
                      reader->rule->id);
    else if (grammar_word(&reader->grammar, node, words, words_later, &of)) {
        pick->of = (enum pick_of) of;
        if (pick->of == OF_CART && pick->relation == RELATION_UPGRADE_OF)
            not_supported(reader, node, "upgrade_of, of: cart");
        else if (pick->of == OF_CART && goes_down(pick))
            not_supported(reader, node, "downgrade_of, of: cart");
        else if (pick->of == OF_CART && pick->relation == RELATION_SIMILAR)
            not_supported(reader, node, "similar, of: cart");
        else if (pick->of == OF_TRIGGER_ITEM)
            warn_without_item(reader, node);
    }
}

static void read_without_gain(struct rule_reader *reader, const struct doc_node *node,
                              const char *relation)
{
    struct pick *pick = &reader->rule->pick;
    if (node && pick->relation != RELATION_UPGRADE_OF)
        no_meaning(reader, node, relation);
    else if (node)
        (void) lower_bool(&reader->lowering, node, &pick->without_gain);
}

static void read_relation(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const words[] = { "bought_together", "upgrade_of",   "best_seller",
                                         "same_brand",      "similar",      "viewed",
                                         "personal",        "downgrade_of", NULL };
    static const enum relation relation_of[] = { RELATION_BOUGHT_TOGETHER, RELATION_UPGRADE_OF,
                                                 RELATION_BEST_SELLER,     RELATION_SAME_BRAND,
                                                 RELATION_SIMILAR,         RELATION_VIEWED,
                                                 RELATION_PERSONAL,        RELATION_DOWNGRADE_OF };
    static const char *const words_later[] = { "compatible_with", "cheaper_than", "accessory_of",
                                               "refill_of", NULL };
    struct pick *pick = &reader->rule->pick;
    int relation;

    if (!grammar_word(&reader->grammar, doc_get(node, "relation"), words, words_later, &relation))
        return;
    pick->relation = relation_of[relation];
    read_of(reader, node, doc_get(node, "of"));
    if ((goes_down(pick) && reader->rule->kind == KIND_UPSELL) ||
        (pick->relation == RELATION_UPGRADE_OF && reader->rule->kind == KIND_DOWNSELL))
        no_meaning(reader, doc_get(node, "relation"), words_kinds()[reader->rule->kind]);
    if (pick->relation == RELATION_UPGRADE_OF || goes_down(pick))
        read_price_ratio(reader, doc_get(node, "price_ratio"));
    else
        no_meaning(reader, doc_get(node, "price_ratio"), words[relation]);
    read_without_gain(reader, doc_get(node, "without_gain"), words[relation]);
}

static struct str text_of(struct rule_reader *reader, const struct term *term)
{
    struct fact_names names = fact_names(lowering_attr_name, &reader->lowering);
    struct out text;
    out_init(&text, reader->all->arena, 64);
    term_print(term, &names.names, &text);
    return out_str(&text);
}

static void read_pick(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "relation", "of",    "skus",         "where", "price_ratio",
                                        "sort",     "limit", "without_gain", NULL };
    struct pick *pick = &reader->rule->pick;
    const struct doc_node *skus = doc_get(node, "skus"), *where = doc_get(node, "where");
    int sort;
    int64_t limit;

    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    *pick = (struct pick){ .present = true, .limit = 1 };
    if (!skus == !doc_get(node, "relation")) {
        grammar_fault(&reader->grammar, node, DIAG_PICK_HOW, (struct str){ 0 }, (struct str){ 0 });
    } else if (skus) {
        pick->relation = RELATION_SKUS;
        (void) grammar_texts(&reader->grammar, skus, false, &pick->skus, &pick->n_skus);
        no_meaning(reader, doc_get(node, "of"), "skus");
        no_meaning(reader, doc_get(node, "price_ratio"), "skus");
        no_meaning(reader, doc_get(node, "without_gain"), "skus");
    } else {
        read_relation(reader, node);
    }
    if (where) {
        pick->where = lower_item(&reader->lowering, where);
        pick->where_line = where->key_place.line;
        if (pick->where)
            pick->where_text = text_of(reader, pick->where);
    }
    if (grammar_word(&reader->grammar, doc_get(node, "sort"), words_sorts(), NULL, &sort))
        pick->sort = (enum pick_sort) sort;
    const struct doc_node *written = doc_get(node, "limit");
    if (written && lower_int(&reader->lowering, written, 1, PICK_LIMIT_MAX, &limit))
        pick->limit = (uint32_t) limit;
}

static void read_discount_of(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const words[] = { "offered", "bundle", "trigger_item", NULL };
    static const char *const words_later[] = { "cart", "shipping", "next_invoice", NULL };
    const struct doc_node *of = doc_get(node, "of");
    int word;

    if (!of)
        grammar_fault(&reader->grammar, node, DIAG_MISSING_IN_RULE, STR("discount.of"),
                      reader->rule->id);
    if (!grammar_word(&reader->grammar, of, words, words_later, &word))
        return;
    reader->rule->discount.of = (enum discount_of) word;
    if (word != DISCOUNT_OF_OFFERED && reader->rule->kind != KIND_BUNDLE)
        diag_add(reader->all->diags, reader->grammar.file, of->place, DIAG_NO_MEANING, of->text,
                 str_of(words_kinds()[reader->rule->kind]), (struct str){ 0 });
}

static void read_discount(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "percent", "amount", "of", "max", NULL };
    static const char *const keys_later[] = { "fixed_price", NULL };
    struct discount *discount = &reader->rule->discount;
    const struct doc_node *percent = doc_get(node, "percent"), *amount = doc_get(node, "amount");
    const struct doc_node *max = doc_get(node, "max");

    if (!grammar_mapping(&reader->grammar, node, keys, keys_later))
        return;
    discount->present = true;
    if (!percent == !amount && !doc_get(node, "fixed_price"))
        grammar_fault(&reader->grammar, node, DIAG_PERCENT_OR_AMOUNT, (struct str){ 0 },
                      (struct str){ 0 });
    if (percent && lower_percent(&reader->lowering, percent, &discount->percent_bp) &&
        (discount->percent_bp <= 0 || discount->percent_bp > 10000))
        grammar_fault(&reader->grammar, percent, DIAG_PERCENT_RANGE, (struct str){ 0 },
                      (struct str){ 0 });
    if (amount && lower_money(&reader->lowering, amount, &discount->amount_minor) &&
        discount->amount_minor <= 0)
        number_range(reader, amount, "> 0", "10^12");
    if (max && amount)
        no_meaning(reader, max, "amount");
    else if (max && lower_money(&reader->lowering, max, &discount->max_minor) &&
             discount->max_minor <= 0)
        number_range(reader, max, "> 0", "10^12");
    read_discount_of(reader, node);
}

static void read_with(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const words[] = { "trigger_item", NULL };
    static const char *const words_later[] = { "cart", NULL };
    int word;
    if (!grammar_word(&reader->grammar, node, words, words_later, &word))
        return;
    reader->rule->with_trigger_item = true;
    warn_without_item(reader, node);
}

static void read_threshold(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "cart_total", NULL };
    const struct doc_node *total = doc_get(node, "cart_total");
    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    if (!total)
        missing(reader, node, "threshold.cart_total");
    else if (lower_money(&reader->lowering, total, &reader->rule->threshold_minor) &&
             reader->rule->threshold_minor <= 0)
        number_range(reader, total, "> 0", "10^12");
}

static void read_floor(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "margin", "price", NULL };
    const struct doc_node *margin = doc_get(node, "margin"), *price = doc_get(node, "price");
    if (!grammar_mapping(&reader->grammar, node, keys, NULL))
        return;
    int32_t bp;
    if (margin && lower_percent(&reader->lowering, margin, &bp)) {
        reader->rule->floor_margin_bp = bp;
        if (bp < 0 || bp > 10000)
            number_range(reader, margin, "0%", "100%");
    }
    if (price)
        (void) lower_money(&reader->lowering, price, &reader->rule->floor_price_minor);
}

/* What each kind needs of its offer, and what would mean nothing in it. */
static const struct {
    enum rule_kind kind;
    const char *needed[4];
    const char *without[4];
} shapes[] = {
    { KIND_UPSELL, { "pick" }, { "with", "threshold" } },
    { KIND_DOWNSELL, { "pick" }, { "with", "threshold" } },
    { KIND_CROSS_SELL, { "pick" }, { "with", "threshold" } },
    { KIND_BUNDLE, { "pick", "with", "discount" }, { "threshold" } },
    { KIND_FREE_SHIPPING, { "threshold" }, { "with", "discount", "floor" } },
};

static void check_shape(struct rule_reader *reader, const struct doc_node *node)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (shapes[i].kind != reader->rule->kind)
            continue;
        for (const char *const *key = shapes[i].needed; *key; key++)
            if (!doc_get(node, *key)) {
                missing(reader, node, *key);
                reader->vague = true;
            }
        for (const char *const *key = shapes[i].without; *key; key++)
            no_meaning(reader, doc_get(node, *key), words_kinds()[shapes[i].kind]);
    }
}

void rule_read_offer(struct rule_reader *reader, const struct doc_node *node)
{
    static const char *const keys[] = { "pick", "with", "discount", "threshold", "floor", NULL };
    static const char *const keys_later[] = { "ladder",   "tiers",     "gift", "coupon", "addons",
                                              "trade_in", "subscribe", "plan", NULL };
    if (reader->vague) /* of a kind that is not known, nothing can be said */
        return;
    if (!grammar_mapping(&reader->grammar, node, keys, keys_later)) {
        reader->vague = true;
        return;
    }
    for (const char *const *key = keys_later; *key; key++)
        reader->vague |= doc_get(node, *key) != NULL;
    if (!reader->vague)
        check_shape(reader, node);
    if (doc_get(node, "pick"))
        read_pick(reader, doc_get(node, "pick"));
    if (doc_get(node, "with"))
        read_with(reader, doc_get(node, "with"));
    read_discount(reader, doc_get(node, "discount"));
    read_threshold(reader, doc_get(node, "threshold"));
    read_floor(reader, doc_get(node, "floor"));
}
