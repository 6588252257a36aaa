/* SPDX-License-Identifier: Apache-2.0 */
#include "shop/event.h"

static const char *const type_names[EVENT_TYPES] = {
    [EVENT_PRODUCT_VIEWED] = "product_viewed",
    [EVENT_CART_UPDATED] = "cart_updated",
    [EVENT_CHECKOUT_STARTED] = "checkout_started",
    [EVENT_ORDER_PLACED] = "order_placed",
    [EVENT_ORDER_RETURNED] = "order_returned",
    [EVENT_OFFER_SHOWN] = "offer_shown",
    [EVENT_OFFER_CLICKED] = "offer_clicked",
    [EVENT_OFFER_ACCEPTED] = "offer_accepted",
    [EVENT_OFFER_DECLINED] = "offer_declined",
    [EVENT_FEEDBACK] = "feedback",
    [EVENT_SUPPORT_OPENED] = "support_opened",
    [EVENT_SUPPORT_RESOLVED] = "support_resolved",
    [EVENT_SURVEY_ANSWERED] = "survey_answered",
    [EVENT_USAGE_REPORTED] = "usage_reported",
    [EVENT_SUBSCRIPTION_CHANGED] = "subscription_changed",
    [EVENT_CUSTOMER_UPDATED] = "customer_updated",
    [EVENT_CUSTOMER_IDENTIFIED] = "customer_identified",
};

static const struct {
    const char *name;
    enum consent bit;
} consents[] = {
    { "personalization", CONSENT_PERSONALIZATION },
    { "marketing", CONSENT_MARKETING },
    { "profiling", CONSENT_PROFILING },
};

const char *event_type_name(enum event_type type)
{
    return type_names[type];
}

bool event_type_of(struct str name, enum event_type *ret_type)
{
    for (int i = 0; i < EVENT_TYPES; i++)
        if (str_is(name, type_names[i])) {
            *ret_type = (enum event_type) i;
            return true;
        }
    return false;
}

uint32_t consent_of(struct str name)
{
    for (size_t i = 0; i < sizeof consents / sizeof *consents; i++)
        if (str_is(name, consents[i].name))
            return consents[i].bit;
    return 0;
}
