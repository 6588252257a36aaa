/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/out.h"

struct event;

/*
 * Order payload
 *
 * An order (order_placed, order_returned) as the event log keeps it: one JSON text in one
 * spelling, so that an order that was imported and the same order sent as an event are the
 * same bytes. Reads event_id, type, customer_id, session_id, at_us and order; @event->payload
 * is not looked at. The opposite is intake_recall (learn.h).
 *
 *     {"event_id":"import:A-1001","type":"order_placed","customer_id":"C17850",
 *      "at":"2026-11-21T10:02:11Z","order":{"id":"A-1001","currency":"JPY",
 *      "items":[{"sku":"CAM-A7","quantity":1,"unit_price":198000}]}}
 *
 * without the line breaks; an absent customer_id or session_id is left out; "at" has
 * milliseconds when it is not a full second. unit_price is in minor units. Everything must be
 * UTF-8 already. Lack of room shows in @out->failed.
 */
void order_payload_print(struct out *out, const struct event *event);
