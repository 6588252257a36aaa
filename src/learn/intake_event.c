/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is cJSON's, which is lenient where we are not, so the text has been through the
 * strict scanner before (intake.c): valid UTF-8, valid numbers, at most 32 levels deep, no
 * U+0000 (where cJSON would end the string), nothing behind the end. What is left to mind is
 * that numbers are doubles (our bounds are far below 2^53), and that of two members with one
 * name the first counts.
 *
 * Every reader below answers false after the first fault; the fault keeps its JSON Pointer.
 */
#include "learn/intake_event.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "learn/instant.h"
#include "learn/intake_reading.h"
#include "learn/payload.h"
#include "shop/money.h"

#define EARLIEST_US INT64_C(946684800000000) /* 2000-01-01 */
#define AHEAD_US    (INT64_C(24) * 3600 * 1000000)

/* ── faults ──────────────────────────────────────────────────────────────────────────────── */

bool intake_fault(struct reading *reading, const char *what, const char *fmt, ...)
{
    char pointer[160];
    int n = reading->index < 0
                ? 0
                : snprintf(pointer, sizeof pointer, "/%lld", (long long) reading->index);
    n += snprintf(pointer + n, sizeof pointer - (size_t) n, "%s", reading->inside);
    va_list ap;
    va_start(ap, fmt);
    n += vsnprintf(pointer + n, sizeof pointer - (size_t) n, fmt, ap);
    va_end(ap);

    size_t len = (size_t) n < sizeof pointer ? (size_t) n : sizeof pointer - 1;
    reading->result->problem = what;
    reading->result->pointer = arena_copy(reading->context->arena, (struct str){ pointer, len });
    if (!reading->result->pointer.at)
        reading->full = true;
    return false;
}

bool intake_copy(struct reading *reading, struct str text, struct str *ret_text)
{
    *ret_text = arena_copy(reading->context->arena, text);
    if (!ret_text->at)
        reading->full = true;
    return ret_text->at != NULL;
}

bool intake_full(struct reading *reading)
{
    reading->full = true;
    return false;
}

/* ── values ──────────────────────────────────────────────────────────────────────────────── */

const cJSON *intake_member(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNull(item) ? NULL : item;
}

bool intake_is_id(const cJSON *item)
{
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
        return false;
    size_t len = 0;
    for (const unsigned char *p = (const unsigned char *) item->valuestring; *p; p++, len++)
        if (*p < 0x20 || *p == 0x7f)
            return false;
    return len <= ID_MAX_BYTES;
}

bool intake_id(struct reading *reading, const cJSON *item, const char *pointer, struct str *ret_id)
{
    if (!item)
        return true;
    if (!intake_is_id(item))
        return intake_fault(reading,
                            "a text of 1 to 128 bytes without control characters was expected",
                            "%s", pointer);
    return intake_copy(reading, str_of(item->valuestring), ret_id);
}

bool intake_needed_id(struct reading *reading, const cJSON *item, const char *pointer,
                      struct str *ret_id)
{
    if (!item)
        return intake_fault(reading, "this is needed here", "%s", pointer);
    return intake_id(reading, item, pointer, ret_id);
}

bool intake_text(struct reading *reading, const cJSON *item, const char *pointer, size_t max_bytes,
                 struct str *ret_text)
{
    if (!item)
        return true;
    if (!cJSON_IsString(item))
        return intake_fault(reading, "a text was expected", "%s", pointer);
    struct str text = str_of(item->valuestring);
    if (text.len > max_bytes)
        return intake_fault(reading, "the text is too long", "%s", pointer);
    return intake_copy(reading, text, ret_text);
}

bool intake_whole(const cJSON *item, int64_t min, int64_t max, int64_t *ret_value)
{
    if (!cJSON_IsNumber(item))
        return false;
    double value = item->valuedouble;
    if (!(value >= (double) min && value <= (double) max) || value != floor(value))
        return false;
    *ret_value = (int64_t) value;
    return true;
}

bool intake_number(struct reading *reading, const cJSON *item, const char *pointer,
                   double *ret_value)
{
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
        return intake_fault(reading, "a number was expected", "%s", pointer);
    *ret_value = item->valuedouble;
    return true;
}

bool intake_currency(struct reading *reading, const cJSON *item, const char *pointer,
                     struct str *ret_code)
{
    if (!cJSON_IsString(item) || money_decimals(str_of(item->valuestring)) < 0)
        return intake_fault(reading, "an ISO 4217 currency code was expected, such as \"JPY\"",
                            "%s", pointer);
    return intake_copy(reading, str_of(item->valuestring), ret_code);
}

/* ── what every event has ────────────────────────────────────────────────────────────────── */

/* A guest buys and sees offers, too; anything else without a customer says nothing. */
static bool check_customer(struct reading *reading)
{
    const struct event *event = reading->event;
    if (event->customer_id.at || event->type == EVENT_ORDER_PLACED ||
        (event->type >= EVENT_OFFER_SHOWN && event->type <= EVENT_FEEDBACK))
        return true;
    return intake_fault(reading, "this type of event needs a customer_id", "/customer_id");
}

static bool read_at(struct reading *reading, const cJSON *item, const char *pointer)
{
    int64_t now_us = reading->context->now_us, at_us = now_us;
    if (item && (!cJSON_IsString(item) || !instant_read(str_of(item->valuestring), &at_us)))
        return intake_fault(
            reading, "a time with its zone (RFC 3339) was expected, such as 2026-11-21T10:02:11Z",
            "%s", pointer);
    if (at_us > now_us + AHEAD_US)
        return intake_fault(reading, "the time is more than a day ahead", "%s", pointer);
    if (at_us < EARLIEST_US)
        return intake_fault(reading, "the time is before the year 2000", "%s", pointer);
    reading->event->at_us = at_us;
    return true;
}

static bool read_type(struct reading *reading, const cJSON *item, bool cloud)
{
    struct str type = str_of(cJSON_IsString(item) ? item->valuestring : NULL);
    if (cloud && str_starts_with(type, STR("offerd.")))
        type = (struct str){ type.at + 7, type.len - 7 };
    if (type.at && event_type_of(type, &reading->event->type))
        return true;
    return intake_fault(
        reading, "a type of event was expected: order_placed, product_viewed, offer_declined …",
        "/type");
}

/* Of a CloudEvent the envelope gives what its data does not say itself. */
static bool read_cloud_event(struct reading *reading, const cJSON *root)
{
    struct event *event = reading->event;
    const cJSON *data = intake_member(root, "data");
    if (!cJSON_IsString(intake_member(root, "specversion")) ||
        !str_starts_with(str_of(intake_member(root, "specversion")->valuestring), STR("1.")))
        return intake_fault(reading, "CloudEvents 1.0 is what is understood", "/specversion");
    if (!intake_needed_id(reading, intake_member(root, "id"), "/id", &reading->result->event_id) ||
        !read_type(reading, intake_member(root, "type"), true) ||
        !intake_id(reading, intake_member(root, "subject"), "/subject", &event->customer_id) ||
        !read_at(reading, intake_member(root, "time"), "/time"))
        return false;
    if (!cJSON_IsObject(data))
        return intake_fault(reading, "an object with the event's fields was expected", "/data");

    reading->inside = "/data";
    return intake_id(reading, intake_member(data, "event_id"), "/event_id",
                     &reading->result->event_id) &&
           (!intake_member(data, "at") || read_at(reading, intake_member(data, "at"), "/at")) &&
           intake_id(reading, intake_member(data, "customer_id"), "/customer_id",
                     &event->customer_id) &&
           intake_id(reading, intake_member(data, "session_id"), "/session_id",
                     &event->session_id) &&
           intake_body(reading, data) && check_customer(reading);
}

static bool read_plain_event(struct reading *reading, const cJSON *root)
{
    struct event *event = reading->event;
    if (!intake_member(root, "event_id"))
        return intake_fault(
            reading, "an id of your own is needed: with it a repeat is counted once", "/event_id");
    return intake_id(reading, intake_member(root, "event_id"), "/event_id",
                     &reading->result->event_id) &&
           read_type(reading, intake_member(root, "type"), false) &&
           intake_id(reading, intake_member(root, "customer_id"), "/customer_id",
                     &event->customer_id) &&
           intake_id(reading, intake_member(root, "session_id"), "/session_id",
                     &event->session_id) &&
           read_at(reading, intake_member(root, "at"), "/at") && intake_body(reading, root) &&
           check_customer(reading);
}

static bool read_root(struct reading *reading, struct str text)
{
    if (text.len > EVENT_MAX_BYTES)
        return intake_fault(reading, "an event is at most 262144 bytes", "%s", "");
    cJSON *root = cJSON_ParseWithLength(text.at, text.len);
    if (!root) /* a number of more than 63 characters, or no memory */
        return intake_fault(reading, "the event cannot be read: is a number too long?", "%s", "");
    bool good = !cJSON_IsObject(root) ? intake_fault(reading, "an event is an object", "%s", "")
                : intake_member(root, "specversion") ? read_cloud_event(reading, root)
                                                     : read_plain_event(reading, root);
    cJSON_Delete(root);
    return good;
}

bool intake_event_read(const struct intake_context *context, struct str text, int64_t index,
                       struct event *ret_event, struct event_result *result, bool *ret_full)
{
    struct event event = { .shop = STR("main"), .offer.kind = -1 };
    struct reading reading = { context, &event, result, index, "", false };
    *result = (struct event_result){ .status = EVENT_REJECTED };
    bool good = read_root(&reading, text);
    if (good) {
        event.event_id = result->event_id;
        struct out payload;
        out_init(&payload, context->arena, text.len + 128);
        payload_print(&payload, &event);
        event.payload = out_str(&payload);
        reading.full |= payload.failed;
        result->status = EVENT_ACCEPTED;
    }
    *ret_full = reading.full;
    *ret_event = event;
    return good && !reading.full;
}
