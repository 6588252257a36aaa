/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wording: the marketer's sentences with this offer's values. Only the values that a text asks for
 * are made, each once and escaped, and every text is written once, straight into the answer.
 */
#include "base/json_text.h"
#include "serve/decision.h"
#include "shop/catalog.h"
#include "shop/customer.h"
#include "shop/money.h"

static struct str money(struct decision *d, int64_t minor)
{
    struct out out;
    out_init(&out, d->arena, 32);
    money_print(&out, minor, d->request.cart.currency, d->request.locale);
    return out.failed ? (struct str){ 0 } : out_str(&out);
}

static struct str percent(struct decision *d, int32_t basis_points)
{
    struct out out;
    out_init(&out, d->arena, 16);
    out_int(&out, basis_points / 100);
    int rest = basis_points % 100;
    if (rest) {
        out_char(&out, '.');
        out_char(&out, (char) ('0' + rest / 10));
        if (rest % 10)
            out_char(&out, (char) ('0' + rest % 10));
    }
    out_char(&out, '%');
    return out.failed ? (struct str){ 0 } : out_str(&out);
}

/* What is really taken off: a percentage that its maximum cut is no longer that percentage. */
static struct str discount(struct decision *d, const struct found *f)
{
    const struct discount *discount = &f->from->rule->discount;
    int64_t saving = f->was_minor - f->now_minor;
    if (!discount->present || saving <= 0)
        return (struct str){ 0 };
    bool cut = discount->max_minor && saving == discount->max_minor;
    return discount->percent_bp && !cut ? percent(d, discount->percent_bp) : money(d, saving);
}

static struct str value_of(struct decision *d, const struct found *f, enum placeholder what)
{
    const struct rule *rule = f->from->rule;
    const struct product *trigger = d->facts.trigger;
    switch (what) {
    case PLACE_PRICE: return money(d, f->now_minor);
    case PLACE_PRICE_GAP: return money(d, f->gap_minor);
    case PLACE_SAVING:
        if (rule->kind == KIND_DOWNSELL) /* against the item it stands in for */
            return f->gap_minor < 0 ? money(d, -f->gap_minor) : (struct str){ 0 };
        return f->now_minor < f->was_minor ? money(d, f->was_minor - f->now_minor)
                                           : (struct str){ 0 };
    case PLACE_TRIGGER_NAME: return trigger ? trigger->name[d->request.locale] : (struct str){ 0 };
    case PLACE_OFFER_NAME:
        return f->product ? f->product->name[d->request.locale] : (struct str){ 0 };
    case PLACE_OFFER_PRICE: return money(d, rule->with_trigger_item ? f->gap_minor : f->now_minor);
    case PLACE_OFFER_DISCOUNT: return discount(d, f);
    case PLACE_OFFER_SPEC_GAIN:
        return trigger && f->product ? compare_gain(d, trigger, f->product) : (struct str){ 0 };
    case PLACE_THRESHOLD_GAP:
        return rule->threshold_minor ? money(d, rule->threshold_minor - d->request.cart.total_minor)
                                     : (struct str){ 0 };
    case PLACE_CART_TOTAL: return money(d, d->request.cart.total_minor);
    case PLACE_CUSTOMER_FIRST_NAME:
        return d->who.person ? d->who.person->first_name : (struct str){ 0 };
    case PLACEHOLDERS: break;
    }
    return (struct str){ 0 };
}

/* The request's language, else another one the rule speaks. */
static const struct message_text *const *texts_of(const struct rule *rule, enum locale locale)
{
    for (int i = 0; i < LOCALES; i++) {
        enum locale try = (enum locale)(((int) locale + i) % LOCALES);
        if (rule->texts[try][TEXT_TITLE])
            return rule->texts[try];
    }
    return rule->texts[locale];
}

/* What people wrote; amounts have nothing to escape. */
static const uint32_t as_written = 1u << PLACE_TRIGGER_NAME | 1u << PLACE_OFFER_NAME |
                                   1u << PLACE_OFFER_SPEC_GAIN | 1u << PLACE_CUSTOMER_FIRST_NAME;

bool wording_of(struct decision *d, const struct found *found, struct wording *ret_wording)
{
    const struct message_text *const *texts = texts_of(found->from->rule, d->request.locale);
    uint32_t uses = 1u << PLACE_OFFER_NAME, needs = 0;
    for (int part = 0; part < TEXT_PARTS; part++)
        if (texts[part]) {
            uses |= texts[part]->uses;
            needs |= texts[part]->needs;
        }

    *ret_wording = (struct wording){ .texts = texts };
    for (uint32_t left = uses; left; left &= left - 1) {
        int i = __builtin_ctz(left);
        struct str value = value_of(d, found, (enum placeholder) i);
        if (as_written & 1u << i)
            value = json_escaped(d->arena, value);
        if (!value.at && needs & 1u << i)
            return false;
        ret_wording->values.values[i] = value;
    }
    return texts[TEXT_TITLE] != NULL;
}

static void encode_text(const struct wording *wording, enum text_part part, struct out *out)
{
    if (!wording->texts[part]) {
        out_text(out, STR("null"));
        return;
    }
    out_char(out, '"');
    message_render(wording->texts[part], &wording->values, out);
    out_char(out, '"');
}

void wording_encode(const struct wording *wording, struct out *out)
{
    out_text(out, STR("{\"title\":"));
    encode_text(wording, TEXT_TITLE, out);
    out_text(out, STR(",\"body\":"));
    encode_text(wording, TEXT_BODY, out);
    out_text(out, STR(",\"cta\":"));
    encode_text(wording, TEXT_CTA, out);
    out_text(out, STR(",\"decline\":"));
    encode_text(wording, TEXT_DECLINE, out);
    out_text(out, STR(",\"badge\":"));
    encode_text(wording, TEXT_BADGE, out);
    out_char(out, '}');
}
