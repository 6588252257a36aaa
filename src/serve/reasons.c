/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reasons: why this offer, in the shopper's language, each with the evidence that makes it
 * true. A reason whose evidence this shop's data does not give is not said. The words fit goods,
 * rooms, plans and services alike.
 */
#include "model/model.h"
#include "serve/decision.h"
#include "shop/catalog.h"
#include "shop/customer.h"

enum {
    TOGETHER_MIN_ORDERS = 5, /* fewer are chance */
    POPULAR_MIN_ORDERS = 20,
    STOCK_LOW = 5,
};

/* Between a reason's text and what makes it true: its first key. */
#define EVIDENCE(key) STR("\",\"evidence\":{\"" key "\":")

/* Up to its text. @code is a word of words_reasons, or "rating". */
static void open_reason(struct out *out, struct str code)
{
    if (out->comma)
        out_char(out, ',');
    out_text(out, STR("{\"code\":\""));
    out_text(out, code);
    out_text(out, STR("\",\"text\":\""));
}

static void close_reason(struct out *out)
{
    out_text(out, STR("}}"));
    out->comma = true;
}

static void int_member(struct out *out, struct str opening, int64_t value)
{
    out_text(out, opening);
    out_int(out, value);
}

static void text_member(struct out *out, struct str opening, struct str text)
{
    out_text(out, opening);
    out_char(out, '"');
    out_json_escaped(out, text);
    out_char(out, '"');
}

/* A JSON number of so many hundredths or tenths, without going through floating point. */
static void decimal(struct out *out, int64_t value, int decimals)
{
    int64_t unit = decimals == 2 ? 100 : 10;
    out_int(out, value / unit);
    out_char(out, '.');
    if (decimals == 2)
        out_char(out, (char) ('0' + value % unit / 10));
    out_char(out, (char) ('0' + value % 10));
}

static void bought_together(struct decision *d, const struct found *f, struct out *out)
{
    if (f->together_orders < TOGETHER_MIN_ORDERS || f->base_orders == 0)
        return;
    int64_t share_bp = (int64_t) f->together_orders * 10000 / f->base_orders;
    open_reason(out, STR("bought_together"));
    if (d->request.locale == LOCALE_JA) {
        out_int(out, f->together_orders);
        out_text(out, STR("件の注文で一緒に購入されています"));
    } else {
        out_text(out, STR("Bought together in "));
        out_int(out, f->together_orders);
        out_text(out, STR(" orders"));
    }
    int_member(out, EVIDENCE("orders"), f->together_orders);
    out_text(out, STR(",\"share\":"));
    decimal(out, share_bp / 100, 2);
    close_reason(out);
}

static void popular(struct decision *d, const struct found *f, struct out *out)
{
    uint32_t orders = model_orders(d->request.world->model, f->number);
    if (orders < POPULAR_MIN_ORDERS)
        return;
    open_reason(out, STR("popular"));
    if (d->request.locale == LOCALE_JA) {
        out_text(out, STR("これまでに"));
        out_int(out, orders);
        out_text(out, STR("件の注文がありました"));
    } else {
        out_text(out, STR("Ordered "));
        out_int(out, orders);
        out_text(out, STR(" times so far"));
    }
    int_member(out, EVIDENCE("orders"), orders);
    close_reason(out);
}

/* What the rule's author vouches for; the rule is the evidence. */
static void compatible(struct decision *d, const struct found *f, struct out *out)
{
    if (!d->facts.trigger)
        return;
    open_reason(out, STR("compatible"));
    if (d->request.locale == LOCALE_JA) {
        out_json_escaped(out, d->facts.trigger->name[LOCALE_JA]);
        out_text(out, STR("に合わせて選ばれています"));
    } else {
        out_text(out, STR("Chosen to go with "));
        out_json_escaped(out, d->facts.trigger->name[LOCALE_EN]);
    }
    text_member(out, EVIDENCE("rule"), f->from->rule->id);
    close_reason(out);
}

static void cheaper_together(struct decision *d, const struct found *f, struct out *out)
{
    if (f->now_minor >= f->was_minor)
        return;
    open_reason(out, STR("cheaper_together"));
    out_text(out, d->request.locale == LOCALE_JA ? STR("別々に買うよりお得です")
                                                 : STR("Cheaper than bought one by one"));
    int_member(out, EVIDENCE("saving"), f->was_minor - f->now_minor);
    close_reason(out);
}

static void tier_upgrade(struct decision *d, const struct found *f, struct out *out)
{
    struct str gain =
        d->facts.trigger ? compare_gain(d, d->facts.trigger, f->product) : (struct str){ 0 };
    if (!gain.at)
        return;
    open_reason(out, STR("tier_upgrade"));
    out_text(out, d->request.locale == LOCALE_JA ? STR("グレードアップ: ") : STR("A step up: "));
    out_json_escaped(out, gain);
    text_member(out, EVIDENCE("gain"), gain);
    close_reason(out);
}

/* Something of the same category in the customer's hands: only with consent (facts.person). */
static void owned_item(struct decision *d, const struct found *f, struct out *out)
{
    for (uint32_t i = 0; d->who.person && i < d->who.person->n_owned; i++) {
        uint32_t number = catalog_find(d->request.world->catalog, d->who.person->owned[i].sku);
        if (number == PRODUCT_NONE || number == f->number)
            continue;
        const struct product *owned = catalog_product(d->request.world->catalog, number);
        if (!owned->category.at || !str_eq(owned->category, f->product->category))
            continue;
        open_reason(out, STR("owned_item"));
        if (d->request.locale == LOCALE_JA) {
            out_text(out, STR("以前お求めの "));
            out_json_escaped(out, owned->name[LOCALE_JA]);
            out_text(out, STR(" と同じカテゴリーです"));
        } else {
            out_text(out, STR("Same category as your "));
            out_json_escaped(out, owned->name[LOCALE_EN]);
        }
        text_member(out, EVIDENCE("sku"), owned->sku);
        close_reason(out);
        return;
    }
}

/* What both say of themselves in the catalogue is the evidence. */
static void similar(struct decision *d, const struct found *f, struct out *out)
{
    const struct product *base = d->facts.trigger;
    if (!base || f->from->rule->pick.relation != RELATION_SIMILAR)
        return;
    open_reason(out, STR("similar"));
    out_text(out, d->request.locale == LOCALE_JA ? STR("") : STR("Similar to "));
    out_json_escaped(out, base->name[d->request.locale]);
    out_text(out, d->request.locale == LOCALE_JA ? STR("に似た商品です") : STR(""));
    text_member(out, EVIDENCE("sku"), base->sku);
    out_text(out, STR(",\"same\":"));
    out->comma = false;
    out_json_open(out, '[');
    if (base->category.at && str_eq(base->category, f->product->category))
        out_json_str(out, STR("category"));
    if (base->subcategory.at && base->kind == f->product->kind)
        out_json_str(out, STR("subcategory"));
    if (base->brand.at && str_eq(base->brand, f->product->brand))
        out_json_str(out, STR("brand"));
    out_json_close(out, ']');
    close_reason(out);
}

/* Only with consent: else pick_viewed finds nothing. */
static void viewed(struct decision *d, const struct found *f, struct out *out)
{
    if (!d->who.person || f->from->rule->pick.relation != RELATION_VIEWED)
        return;
    open_reason(out, STR("viewed"));
    out_text(out, d->request.locale == LOCALE_JA ? STR("最近ご覧になった商品です")
                                                 : STR("You looked at this lately"));
    text_member(out, EVIDENCE("sku"), f->product->sku);
    close_reason(out);
}

/* Their own orders; how many is not said when the profile has not kept them all. */
static void bought_before(struct decision *d, const struct found *f, struct out *out)
{
    const struct owned *owned =
        d->who.person ? profile_owned(d->who.person, f->product->sku) : NULL;
    if (!owned)
        return;
    open_reason(out, STR("bought_before"));
    if (owned->orders < 2)
        out_text(out, d->request.locale == LOCALE_JA ? STR("以前にもご購入いただいています")
                                                     : STR("You bought this before"));
    else {
        out_text(out, d->request.locale == LOCALE_JA ? STR("これまでに") : STR("You bought this "));
        out_int(out, owned->orders);
        out_text(out,
                 d->request.locale == LOCALE_JA ? STR("回ご購入いただいています") : STR(" times"));
    }
    out_text(out, STR("\",\"evidence\":{"));
    if (owned->orders > 0) {
        int_member(out, STR("\"times\":"), owned->orders);
        out_char(out, ',');
    }
    out_text(out, STR("\"last_at\":\""));
    out_instant(out, owned->last_us, false);
    out_char(out, '"');
    close_reason(out);
}

static void stock_low(struct decision *d, const struct found *f, struct out *out)
{
    if (!reasons_stock_is_low(f))
        return;
    open_reason(out, STR("stock_low"));
    out_text(out, d->request.locale == LOCALE_JA ? STR("残りわずかです(あと") : STR("Only "));
    out_int(out, f->product->stock);
    out_text(out, d->request.locale == LOCALE_JA ? STR(")") : STR(" left"));
    int_member(out, EVIDENCE("left"), f->product->stock);
    close_reason(out);
}

/* Stars, when the rule asks for them and the product has earned them. */
static void rating(struct decision *d, const struct found *f, struct out *out)
{
    const struct rule *rule = f->from->rule;
    if (rule->evidence_min_stars <= 0 || f->product->rating < rule->evidence_min_stars ||
        f->product->reviews < rule->evidence_min_reviews)
        return;
    int tenths = (int) (f->product->rating * 10 + 0.5);
    open_reason(out, STR("rating"));
    out_text(out, d->request.locale == LOCALE_JA ? STR("評価 ") : STR("Rated "));
    out_int(out, tenths / 10);
    out_char(out, '.');
    out_int(out, tenths % 10);
    out_text(out, STR(" ("));
    out_int(out, f->product->reviews);
    out_text(out, d->request.locale == LOCALE_JA ? STR("件)") : STR(" reviews)"));
    out_text(out, EVIDENCE("stars"));
    decimal(out, tenths, 1);
    int_member(out, STR(",\"reviews\":"), f->product->reviews);
    close_reason(out);
}

bool reasons_stock_is_low(const struct found *f)
{
    return f->product && f->from->rule->reasons & 1u << REASON_STOCK_LOW &&
           f->product->stock != STOCK_UNKNOWN && f->product->stock <= STOCK_LOW;
}

void reasons_encode(struct decision *d, const struct found *f, struct out *out)
{
    static void (*const say[REASON_WORDS])(struct decision *, const struct found *,
                                           struct out *) = {
        [REASON_BOUGHT_TOGETHER] = bought_together,
        [REASON_POPULAR] = popular,
        [REASON_COMPATIBLE] = compatible,
        [REASON_CHEAPER_TOGETHER] = cheaper_together,
        [REASON_TIER_UPGRADE] = tier_upgrade,
        [REASON_OWNED_ITEM] = owned_item,
        [REASON_STOCK_LOW] = stock_low,
        [REASON_SIMILAR] = similar,
        [REASON_VIEWED] = viewed,
        [REASON_BOUGHT_BEFORE] = bought_before,
    };
    static const enum reason_word of_relation[RELATIONS] = {
        [RELATION_BOUGHT_TOGETHER] = REASON_BOUGHT_TOGETHER,
        [RELATION_SIMILAR] = REASON_SIMILAR,
        [RELATION_VIEWED] = REASON_VIEWED,
        [RELATION_PERSONAL] = REASON_BOUGHT_BEFORE,
    };
    const struct rule *rule = f->from->rule;
    uint32_t reasons = rule->reasons;
    if (rule->pick.present && of_relation[rule->pick.relation])
        reasons |= 1u << of_relation[rule->pick.relation];
    if (rule->pick.present && rule->pick.relation == RELATION_PERSONAL)
        reasons |= 1u << REASON_BOUGHT_TOGETHER; /* what chose the product is always said */

    out_char(out, '[');
    out->comma = false;
    for (int i = 0; i < REASON_WORDS && f->product; i++)
        if (reasons & 1u << i && say[i])
            say[i](d, f, out);
    if (f->product)
        rating(d, f, out);
    out_char(out, ']');
}
