/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/payload.h"

#include <stdio.h>

#include "rules/rule.h"
#include "rules/words.h"
#include "shop/event.h"
#include "shop/order_payload.h"

static void print_text(struct out *out, struct str key, struct str value)
{
    if (!value.at)
        return;
    out_json_key(out, key);
    out_json_str(out, value);
}

/* Of 10,000, as a share; 0 says nothing. */
static void print_share(struct out *out, struct str key, uint32_t share_bp)
{
    if (share_bp == 0)
        return;
    out_json_key(out, key);
    out_share(out, share_bp);
    out->comma = true;
}

static void print_number(struct out *out, struct str key, double value)
{
    char text[40];
    int len = snprintf(text, sizeof text, "%.17g", value);
    out_json_key(out, key);
    out_json_raw(out, (struct str){ text, (size_t) len });
}

static void print_head(struct out *out, const struct event *event)
{
    char text[40];
    struct out instant = { .at = text, .cap = sizeof text };
    out_instant(&instant, event->at_us, event->at_us % 1000000 != 0);

    print_text(out, STR("event_id"), event->event_id);
    print_text(out, STR("type"), str_of(event_type_name(event->type)));
    print_text(out, STR("customer_id"), event->customer_id);
    print_text(out, STR("session_id"), event->session_id);
    print_text(out, STR("at"), out_str(&instant));
}

static void print_cart(struct out *out, const struct event *event)
{
    out_json_key(out, STR("cart"));
    out_json_open(out, '{');
    print_text(out, STR("currency"), event->order.currency);
    out_json_key(out, STR("items"));
    out_json_open(out, '[');
    for (uint32_t i = 0; i < event->order.n_lines; i++) {
        const struct order_line *line = &event->order.lines[i];
        out_json_open(out, '{');
        print_text(out, STR("sku"), line->sku);
        out_json_key(out, STR("quantity"));
        out_json_int(out, line->quantity);
        out_json_key(out, STR("unit_price"));
        out_json_int(out, line->unit_price_minor);
        out_json_close(out, '}');
    }
    out_json_close(out, ']');
    out_json_close(out, '}');
}

static void print_offer(struct out *out, const struct event *event)
{
    if (!event->offer.offer_id.at && !event->offer.rule.at)
        return;
    print_text(out, STR("decision_id"), event->offer.decision_id);
    print_text(out, STR("offer_id"), event->offer.offer_id);
    print_text(out, STR("rule"), event->offer.rule);
    if (event->offer.kind >= 0 && event->offer.kind < RULE_KINDS)
        print_text(out, STR("kind"), str_of(words_kinds()[event->offer.kind]));
    print_text(out, STR("group"), event->offer.group);
    print_share(out, STR("relevance"), event->offer.relevance_bp);
    print_share(out, STR("propensity"), event->offer.propensity_bp);
}

static void print_consent(struct out *out, const struct event *event)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } consents[] = { { "personalization", CONSENT_PERSONALIZATION },
                     { "marketing", CONSENT_MARKETING },
                     { "profiling", CONSENT_PROFILING } };
    uint32_t given = event->customer.consent_given, withdrawn = event->customer.consent_withdrawn;
    if (!(given | withdrawn))
        return;
    out_json_key(out, STR("consent"));
    out_json_open(out, '{');
    for (size_t i = 0; i < sizeof consents / sizeof *consents; i++) {
        if (!((given | withdrawn) & consents[i].bit))
            continue;
        out_json_key(out, str_of(consents[i].name));
        out_json_bool(out, !(withdrawn & consents[i].bit));
    }
    out_json_close(out, '}');
}

static void print_customer(struct out *out, const struct event *event)
{
    out_json_key(out, STR("customer"));
    out_json_open(out, '{');
    print_text(out, STR("first_name"), event->customer.name);
    print_consent(out, event);
    if (event->customer.attributes.at) {
        out_json_key(out, STR("attributes"));
        out_json_raw(out, event->customer.attributes);
    }
    out_json_close(out, '}');
}

static void print_measure(struct out *out, const struct event *event, struct str value_key)
{
    print_text(out, STR("metric"), event->measure.metric);
    print_number(out, value_key, event->measure.value);
    if (event->type == EVENT_USAGE_REPORTED)
        print_number(out, STR("quota"), event->measure.quota);
}

static void print_body(struct out *out, const struct event *event)
{
    switch (event->type) {
    case EVENT_PRODUCT_VIEWED: print_text(out, STR("sku"), event->sku); break;
    case EVENT_CART_UPDATED:
    case EVENT_CHECKOUT_STARTED: print_cart(out, event); break;
    case EVENT_OFFER_SHOWN:
    case EVENT_OFFER_CLICKED:
    case EVENT_OFFER_ACCEPTED:
    case EVENT_OFFER_DECLINED:
        print_offer(out, event);
        print_text(out, STR("sku"), event->sku);
        break;
    case EVENT_FEEDBACK:
        print_text(out, STR("sku"), event->sku);
        print_text(out, STR("text"), event->text);
        print_offer(out, event);
        break;
    case EVENT_SURVEY_ANSWERED: print_measure(out, event, STR("value")); break;
    case EVENT_USAGE_REPORTED: print_measure(out, event, STR("used")); break;
    case EVENT_CUSTOMER_UPDATED: print_customer(out, event); break;
    case EVENT_CUSTOMER_IDENTIFIED:
        print_text(out, STR("anonymous_id"), event->anonymous_id);
        break;
    default: break;
    }
}

void payload_print(struct out *out, const struct event *event)
{
    if (event->type == EVENT_ORDER_PLACED || event->type == EVENT_ORDER_RETURNED) {
        order_payload_print(out, event);
        return;
    }
    out_json_open(out, '{');
    print_head(out, event);
    print_body(out, event);
    out_json_close(out, '}');
}
