/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/intake_event.h"

/*
 * A reading: one event on its way from a tree to its fields
 *
 * Every reader answers false after a fault: intake_fault keeps what was expected and the
 * JSON Pointer; or full is set, when the arena has no room. An item that is NULL is a member
 * that is not there. Pointers are within the event's own fields: "/order/id".
 */
struct reading {
    const struct intake_context *context;
    struct event *event;
    struct event_result *result;
    int64_t index;
    const char *inside; /* "/data" for a CloudEvent's own fields, else "" */
    bool full;
};

/* Always false. @what is static; @fmt is the pointer, "" for the event as a whole. */
bool intake_fault(struct reading *reading, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Always false: the arena has no room. */
bool intake_full(struct reading *reading);

/* A member of @object; null counts as not there. */
const cJSON *intake_member(const cJSON *object, const char *name);

bool intake_is_id(const cJSON *item);
bool intake_whole(const cJSON *item, int64_t min, int64_t max, int64_t *ret_value);

/* Into the arena. */
bool intake_copy(struct reading *reading, struct str text, struct str *ret_text);

/* Absent, when @item is NULL. */
bool intake_id(struct reading *reading, const cJSON *item, const char *pointer, struct str *ret_id);
bool intake_text(struct reading *reading, const cJSON *item, const char *pointer, size_t max_bytes,
                 struct str *ret_text);

/* A fault, when @item is NULL. */
bool intake_needed_id(struct reading *reading, const cJSON *item, const char *pointer,
                      struct str *ret_id);
bool intake_number(struct reading *reading, const cJSON *item, const char *pointer,
                   double *ret_value);
bool intake_currency(struct reading *reading, const cJSON *item, const char *pointer,
                     struct str *ret_code);

/* The fields that belong to event->type; event->type is set. */
bool intake_body(struct reading *reading, const cJSON *data);
