/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/arena.h"
#include "learn.h"

/*
 * Intake of one event
 *
 * From the text of one JSON object, already known to be well-formed UTF-8 JSON, to an event
 * with its payload, or to a rejected result with what was expected and where. Everything
 * lives in @arena; nothing is kept of @text.
 */
struct intake_context {
    const uint8_t *key; /* opens offer ids */
    int64_t now_us;
    struct arena *arena;
};

/*
 * @index: of the event in its array, -1 when it is alone: begins every pointer. True: *ret_event
 * is good. False: *result says what is wrong; or the arena is full, then *ret_full is set.
 */
bool intake_event_read(const struct intake_context *context, struct str text, int64_t index,
                       struct event *ret_event, struct event_result *result, bool *ret_full);
