/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "learn/intake_reading.h"
#include "shop/cart.h"
#include "shop/customer.h"
#include "shop/money.h"

enum {
    TEXT_MAX_BYTES = 4096,        /* free text of a feedback */
    NAME_MAX_BYTES = 128,         /* first name */
    ATTRIBUTES_MAX_BYTES = 16384, /* of a customer, as JSON */
    OFFER_ID_MAX_BYTES = 8192,
};

static bool read_line(struct reading *reading, const cJSON *item, const char *in, uint32_t n,
                      struct order_line *line)
{
    if (!cJSON_IsObject(item))
        return intake_fault(reading, "an item is an object with sku, quantity and unit_price",
                            "/%s/items/%u", in, n);
    const cJSON *sku = intake_member(item, "sku"), *price = intake_member(item, "unit_price");
    if (!intake_is_id(sku))
        return intake_fault(reading,
                            "a text of 1 to 128 bytes without control characters was expected",
                            "/%s/items/%u/sku", in, n);
    if (!intake_whole(intake_member(item, "quantity"), 1, QUANTITY_MAX, &line->quantity))
        return intake_fault(reading, "a whole number from 1 to 1000000 was expected",
                            "/%s/items/%u/quantity", in, n);
    bool may_lack = reading->event->type != EVENT_ORDER_PLACED;
    if (!(may_lack && !price) && !intake_whole(price, 0, MONEY_MAX, &line->unit_price_minor))
        return intake_fault(reading, "a whole number of minor units, from 0 to 10^12, was expected",
                            "/%s/items/%u/unit_price", in, n);
    return intake_copy(reading, str_of(sku->valuestring), &line->sku);
}

static bool read_lines(struct reading *reading, const cJSON *items, const char *in)
{
    struct event *event = reading->event;
    int n = cJSON_IsArray(items) ? cJSON_GetArraySize(items) : -1;
    bool order = event->type == EVENT_ORDER_PLACED || event->type == EVENT_ORDER_RETURNED;
    if (n < (order ? 1 : 0))
        return intake_fault(reading,
                            order ? "an array of 1 to 2000 items was expected"
                                  : "an array of at most 2000 items was expected",
                            "/%s/items", in);
    if (n > EVENT_MAX_LINES)
        return intake_fault(reading, "at most 2000 items are taken", "/%s/items", in);
    struct order_line *lines =
        arena_take_array(reading->context->arena, struct order_line, (size_t) n + 1);
    if (!lines)
        return intake_full(reading);
    event->order.lines = lines;
    uint32_t *n_read = &event->order.n_lines;
    for (const cJSON *item = items->child; item; item = item->next, ++*n_read)
        if (!read_line(reading, item, in, *n_read, &lines[*n_read]))
            return false;
    return true;
}

static bool read_order(struct reading *reading, const cJSON *data)
{
    struct event *event = reading->event;
    const cJSON *order = intake_member(data, "order");
    if (!cJSON_IsObject(order))
        return intake_fault(reading, "an object with id, currency and items was expected",
                            "/order");
    return intake_currency(reading, intake_member(order, "currency"), "/order/currency",
                           &event->order.currency) &&
           intake_needed_id(reading, intake_member(order, "id"), "/order/id", &event->order.id) &&
           read_lines(reading, intake_member(order, "items"), "order");
}

static bool read_cart(struct reading *reading, const cJSON *data)
{
    const cJSON *cart = intake_member(data, "cart");
    if (!cart && reading->event->type == EVENT_CHECKOUT_STARTED)
        return true;
    if (!cJSON_IsObject(cart))
        return intake_fault(reading, "an object with currency and items was expected", "/cart");
    const cJSON *currency = intake_member(cart, "currency");
    if (currency &&
        !intake_currency(reading, currency, "/cart/currency", &reading->event->order.currency))
        return false;
    return read_lines(reading, intake_member(cart, "items"), "cart");
}

/* Whose offer it was, unless the event says so itself: a guest may have signed in meanwhile. */
static bool take_customer(struct reading *reading, const struct offer_token *token)
{
    struct event *event = reading->event;
    if (!event->customer_id.at)
        event->customer_id = token->customer_id;
    else if (token->customer_id.at && !customer_is_session(token->customer_id) &&
             !str_eq(token->customer_id, event->customer_id))
        return intake_fault(reading, "the offer was made to another customer", "/customer_id");
    if (!event->session_id.at)
        event->session_id = token->session_id;
    return true;
}

static bool read_offer(struct reading *reading, const cJSON *data)
{
    struct event *event = reading->event;
    const cJSON *id = intake_member(data, "offer_id");
    if (!intake_needed_id(reading, intake_member(data, "decision_id"), "/decision_id",
                          &event->offer.decision_id))
        return false;
    if (!cJSON_IsString(id))
        return intake_fault(reading, "the offer's id, as it was answered, was expected",
                            "/offer_id");
    struct offer_token *token = arena_take(reading->context->arena, sizeof *token);
    if (!token)
        return intake_full(reading);
    struct str text = str_of(id->valuestring);
    enum err err = text.len > OFFER_ID_MAX_BYTES
                       ? ERR_INPUT
                       : offer_token_open(text, event->offer.decision_id, reading->context->key,
                                          reading->context->arena, token);
    if (err == ERR_INPUT)
        return intake_fault(reading, "no offer of that decision has this id", "/offer_id");
    if (err != OK)
        return intake_full(reading);
    event->offer.rule = token->rule;
    event->offer.group = token->group;
    event->offer.kind = token->kind;
    event->offer.mark = offer_token_mark(token, event->offer.decision_id);
    event->offer.redemptions = token->redemptions;
    event->offer.relevance_bp = token->relevance_bp;
    event->offer.propensity_bp = token->propensity_bp;
    if (event->type != EVENT_FEEDBACK && token->n_items > 0)
        event->sku = token->items[0].sku;
    return intake_copy(reading, text, &event->offer.offer_id) && take_customer(reading, token);
}

static bool read_feedback(struct reading *reading, const cJSON *data)
{
    struct event *event = reading->event;
    return intake_id(reading, intake_member(data, "sku"), "/sku", &event->sku) &&
           intake_text(reading, intake_member(data, "text"), "/text", TEXT_MAX_BYTES,
                       &event->text) &&
           (!intake_member(data, "offer_id") || read_offer(reading, data));
}

static bool read_attributes(struct reading *reading, const cJSON *attributes)
{
    if (!attributes)
        return true;
    if (!cJSON_IsObject(attributes))
        return intake_fault(reading, "an object was expected", "/customer/attributes");
    char *text = cJSON_PrintUnformatted(attributes);
    if (!text)
        return intake_full(reading);
    struct str json = str_of(text);
    bool good = json.len > ATTRIBUTES_MAX_BYTES
                    ? intake_fault(reading, "attributes of at most 16384 bytes are kept",
                                   "/customer/attributes")
                    : intake_copy(reading, json, &reading->event->customer.attributes);
    free(text);
    return good;
}

static bool read_consent(struct reading *reading, const cJSON *consent)
{
    if (!consent)
        return true;
    if (!cJSON_IsObject(consent))
        return intake_fault(reading, "an object was expected", "/customer/consent");
    for (const cJSON *item = consent->child; item; item = item->next) {
        uint32_t bit = consent_of(str_of(item->string));
        if (bit == 0)
            continue; /* a field we do not know */
        if (!cJSON_IsBool(item))
            return intake_fault(reading, "true or false was expected", "/customer/consent/%s",
                                item->string);
        if (cJSON_IsTrue(item))
            reading->event->customer.consent_given |= bit;
        else
            reading->event->customer.consent_withdrawn |= bit;
    }
    return true;
}

static bool read_customer(struct reading *reading, const cJSON *data)
{
    const cJSON *customer = intake_member(data, "customer");
    if (!cJSON_IsObject(customer))
        return intake_fault(
            reading, "an object with first_name, consent or attributes was expected", "/customer");
    return intake_text(reading, intake_member(customer, "first_name"), "/customer/first_name",
                       NAME_MAX_BYTES, &reading->event->customer.name) &&
           read_consent(reading, intake_member(customer, "consent")) &&
           read_attributes(reading, intake_member(customer, "attributes"));
}

/* Who it was until now: said by an id, else the session's guest. */
static bool read_identified(struct reading *reading, const cJSON *data)
{
    struct event *event = reading->event;
    const cJSON *id = intake_member(data, "anonymous_id");
    char guest[sizeof SESSION_CUSTOMER + ID_MAX_BYTES];
    if (!id && event->session_id.at) {
        int len =
            snprintf(guest, sizeof guest, SESSION_CUSTOMER "%.*s", STR_ARG(event->session_id));
        if (len > ID_MAX_BYTES)
            return intake_fault(reading, "the session's id is too long to have been remembered",
                                "/session_id");
        if (!intake_copy(reading, (struct str){ guest, (size_t) len }, &event->anonymous_id))
            return false;
    } else if (!intake_needed_id(reading, id, "/anonymous_id", &event->anonymous_id))
        return false;
    if (str_eq(event->anonymous_id, event->customer_id))
        return intake_fault(reading, "another id than the customer_id was expected",
                            "/anonymous_id");
    return true;
}

static bool read_survey(struct reading *reading, const cJSON *data)
{
    struct event *event = reading->event;
    return intake_needed_id(reading, intake_member(data, "metric"), "/metric",
                            &event->measure.metric) &&
           intake_number(reading, intake_member(data, "value"), "/value", &event->measure.value);
}

static bool read_usage(struct reading *reading, const cJSON *data)
{
    struct event *event = reading->event;
    return intake_needed_id(reading, intake_member(data, "metric"), "/metric",
                            &event->measure.metric) &&
           intake_number(reading, intake_member(data, "used"), "/used", &event->measure.value) &&
           (!intake_member(data, "quota") ||
            intake_number(reading, intake_member(data, "quota"), "/quota", &event->measure.quota));
}

bool intake_body(struct reading *reading, const cJSON *data)
{
    switch (reading->event->type) {
    case EVENT_ORDER_PLACED:
    case EVENT_ORDER_RETURNED: return read_order(reading, data);
    case EVENT_CART_UPDATED:
    case EVENT_CHECKOUT_STARTED: return read_cart(reading, data);
    case EVENT_PRODUCT_VIEWED:
        return intake_needed_id(reading, intake_member(data, "sku"), "/sku", &reading->event->sku);
    case EVENT_OFFER_SHOWN:
    case EVENT_OFFER_CLICKED:
    case EVENT_OFFER_ACCEPTED:
    case EVENT_OFFER_DECLINED: return read_offer(reading, data);
    case EVENT_FEEDBACK: return read_feedback(reading, data);
    case EVENT_CUSTOMER_UPDATED: return read_customer(reading, data);
    case EVENT_CUSTOMER_IDENTIFIED: return read_identified(reading, data);
    case EVENT_SURVEY_ANSWERED: return read_survey(reading, data);
    case EVENT_USAGE_REPORTED: return read_usage(reading, data);
    default: return true;
    }
}
