/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Event
 *
 * Something that happened to a customer. Plain data, borrowed from whatever it was
 * read from. The event log is the truth: profiles and models are folds over events.
 */
enum event_type {
    EVENT_PRODUCT_VIEWED,
    EVENT_CART_UPDATED,
    EVENT_CHECKOUT_STARTED,
    EVENT_ORDER_PLACED,
    EVENT_ORDER_RETURNED,
    EVENT_OFFER_SHOWN,
    EVENT_OFFER_CLICKED,
    EVENT_OFFER_ACCEPTED,
    EVENT_OFFER_DECLINED,
    EVENT_FEEDBACK,
    EVENT_SUPPORT_OPENED,
    EVENT_SUPPORT_RESOLVED,
    EVENT_SURVEY_ANSWERED,
    EVENT_USAGE_REPORTED,
    EVENT_SUBSCRIPTION_CHANGED,
    EVENT_CUSTOMER_UPDATED,
    EVENT_CUSTOMER_IDENTIFIED,
    EVENT_TYPES
};

enum {
    ID_MAX_BYTES = 128,       /* of any id: customer, order, event, SKU, session */
    EVENT_MAX_LINES = 2000,   /* of one order: wholesale orders are long */
    EVENT_MAX_BYTES = 262144, /* of one event's JSON */
};

struct order_line {
    struct str sku;
    int64_t quantity, unit_price_minor;
};

struct event {
    struct str event_id;
    enum event_type type;
    struct str shop;        /* "main" unless said otherwise */
    struct str customer_id; /* absent only for a guest's order or offer */
    struct str session_id;  /* or absent */
    int64_t at_us;          /* when it happened: UTC, microseconds since 1970 */
    struct str payload;     /* the event's JSON as it was accepted: what the log keeps */

    struct { /* order_placed, order_returned, cart_updated, checkout_started */
        struct str id, currency;
        const struct order_line *lines;
        uint32_t n_lines;
    } order;
    struct { /* offer_*; opened from offer_id (shop/offer_token.h) */
        struct str decision_id, offer_id, rule, group;
        int kind;            /* enum rule_kind */
        int64_t redemptions; /* the rule's budget when the offer was made; 0: none, or not known */
        int64_t budget_max;  /* offer_accepted: how many may be stored of the rule; 0: no budget */
        uint64_t mark; /* of the offer made (offer_token_mark); 0 when recalled from the log */
        uint32_t relevance_bp, propensity_bp; /* as in shop/offer_token.h */
    } offer;
    struct str anonymous_id; /* customer_identified: who the customer was until now */
    struct str sku;  /* product_viewed, feedback; offer_*: the first product offered, or absent */
    struct str text; /* feedback: free text */
    struct {         /* customer_updated */
        uint32_t consent_given, consent_withdrawn; /* bits: enum consent */
        struct str name;                           /* first name, or absent */
        struct str attributes;                     /* JSON object text, or absent */
    } customer;
    struct { /* survey_answered, usage_reported: kept now, used when segments come */
        struct str metric;
        double value, quota;
    } measure;
};

enum consent { CONSENT_PERSONALIZATION = 1, CONSENT_MARKETING = 2, CONSENT_PROFILING = 4 };

const char *event_type_name(enum event_type type);
bool event_type_of(struct str name, enum event_type *ret_type);

/* "personalization", "marketing", "profiling" -> its bit; 0 for another word. */
uint32_t consent_of(struct str name);
