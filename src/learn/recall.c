/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads back what payload.c wrote. What is not known is passed over, so a log written by a
 * newer program can be read as far as it is understood. Texts without escapes are borrowed
 * from the payload.
 */
#include "base/json_scan.h"
#include "learn.h"
#include "learn/instant.h"
#include "rules/words.h"
#include "shop/money.h"

static struct str read_text(struct json_scan *scan)
{
    return json_string(scan, 0, EVENT_MAX_BYTES);
}

static struct order_line read_line(struct json_scan *scan)
{
    struct order_line line = { 0 };
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);)
        if (str_is(key, "sku"))
            line.sku = read_text(scan);
        else if (str_is(key, "quantity"))
            line.quantity = json_int(scan, 0, INT64_MAX);
        else if (str_is(key, "unit_price"))
            line.unit_price_minor = json_int(scan, 0, MONEY_MAX);
        else
            json_skip(scan);
    return line;
}

/* Grows by doubling: the number of lines is not known beforehand. */
static void read_lines(struct json_scan *scan, struct event *event)
{
    struct order_line *lines = NULL;
    uint32_t n = 0, cap = 0;
    for (json_array(scan); json_next_item(scan);) {
        if (n == cap) {
            uint32_t more = cap ? cap * 2 : 16;
            struct order_line *grown = arena_take_raw(scan->arena, more * sizeof *grown);
            if (!grown) {
                json_fault(scan, "too long for its memory");
                return;
            }
            if (n > 0)
                memcpy(grown, lines, n * sizeof *lines);
            lines = grown;
            cap = more;
        }
        lines[n++] = read_line(scan);
    }
    event->order.lines = lines;
    event->order.n_lines = n;
}

static void read_order(struct json_scan *scan, struct event *event)
{
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);)
        if (str_is(key, "id"))
            event->order.id = read_text(scan);
        else if (str_is(key, "currency"))
            event->order.currency = read_text(scan);
        else if (str_is(key, "items"))
            read_lines(scan, event);
        else
            json_skip(scan);
}

static void read_consent(struct json_scan *scan, struct event *event)
{
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);) {
        uint32_t bit = consent_of(key);
        if (json_bool(scan))
            event->customer.consent_given |= bit;
        else
            event->customer.consent_withdrawn |= bit;
    }
}

static void read_customer(struct json_scan *scan, struct event *event)
{
    struct str key;
    for (json_object(scan); json_next_key(scan, &key);)
        if (str_is(key, "first_name"))
            event->customer.name = read_text(scan);
        else if (str_is(key, "consent"))
            read_consent(scan, event);
        else if (str_is(key, "attributes"))
            event->customer.attributes = json_skip(scan);
        else
            json_skip(scan);
}

/* A plain text member: where it goes, or NULL. */
static struct str *text_field(struct event *event, struct str key)
{
    if (str_is(key, "event_id"))
        return &event->event_id;
    if (str_is(key, "customer_id"))
        return &event->customer_id;
    if (str_is(key, "session_id"))
        return &event->session_id;
    if (str_is(key, "anonymous_id"))
        return &event->anonymous_id;
    if (str_is(key, "decision_id"))
        return &event->offer.decision_id;
    if (str_is(key, "offer_id"))
        return &event->offer.offer_id;
    if (str_is(key, "rule"))
        return &event->offer.rule;
    if (str_is(key, "group"))
        return &event->offer.group;
    if (str_is(key, "sku"))
        return &event->sku;
    if (str_is(key, "text"))
        return &event->text;
    if (str_is(key, "metric"))
        return &event->measure.metric;
    return NULL;
}

static void read_type(struct json_scan *scan, struct event *event)
{
    if (!event_type_of(read_text(scan), &event->type))
        json_fault(scan, "an event type was expected");
}

static void read_at(struct json_scan *scan, struct event *event)
{
    if (!instant_read(read_text(scan), &event->at_us))
        json_fault(scan, "an RFC 3339 instant was expected");
}

/* A share in 10,000; what is none counts as not known. */
static uint32_t read_share(struct json_scan *scan)
{
    double share = json_number(scan);
    return share > 0 && share <= 1 ? (uint32_t) (share * 10000 + 0.5) : 0;
}

static void read_member(struct json_scan *scan, struct str key, struct event *event)
{
    struct str *text = text_field(event, key);
    if (text)
        *text = read_text(scan);
    else if (str_is(key, "type"))
        read_type(scan, event);
    else if (str_is(key, "at"))
        read_at(scan, event);
    else if (str_is(key, "order") || str_is(key, "cart"))
        read_order(scan, event);
    else if (str_is(key, "customer"))
        read_customer(scan, event);
    else if (str_is(key, "kind"))
        event->offer.kind = words_find(words_kinds(), read_text(scan));
    else if (str_is(key, "relevance"))
        event->offer.relevance_bp = read_share(scan);
    else if (str_is(key, "propensity"))
        event->offer.propensity_bp = read_share(scan);
    else if (str_is(key, "value") || str_is(key, "used"))
        event->measure.value = json_number(scan);
    else if (str_is(key, "quota"))
        event->measure.quota = json_number(scan);
    else
        json_skip(scan);
}

enum err intake_recall(struct str payload, struct arena *arena, struct event *ret_event)
{
    struct event event = {
        .type = EVENT_TYPES, .shop = STR("main"), .payload = payload, .offer.kind = -1
    };
    struct json_scan scan;
    struct str key;
    json_scan_init(&scan, payload, arena);
    for (json_object(&scan); json_next_key(&scan, &key);)
        read_member(&scan, key, &event);
    json_end(&scan);
    if (scan.fault)
        return scan.fault_is_limit ? ERR_LIMIT : ERR_CORRUPT;
    if (event.type == EVENT_TYPES)
        return ERR_CORRUPT;
    *ret_event = event;
    return OK;
}
