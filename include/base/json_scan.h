/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * JSON scan
 *
 * Reads one JSON text (RFC 8259) in a single pass, for a reader that knows what
 * it expects. Strict: UTF-8, no comments, no trailing commas, nothing after the
 * value, nesting up to JSON_SCAN_DEPTH. Strings without escapes are borrowed from
 * the text; others are decoded into the arena.
 *
 * The first fault is kept (what, and where as a JSON Pointer) and every call after
 * it answers false, so a reader checks once, at the end:
 *
 *     struct str key;
 *     for (json_object(scan); json_next_key(scan, &key);)
 *         if (str_is(key, "quantity"))
 *             quantity = json_int(scan, 1, 9999);
 *         else
 *             json_skip(scan);
 *     if (scan->fault) …
 */
enum { JSON_SCAN_DEPTH = 32 };

struct json_scan {
    const char *at, *end, *begin;
    struct arena *arena;
    const char *fault; /* NULL, or a sentence: what was expected; static or in @arena */
    bool fault_is_limit;
    bool fault_is_value; /* well-formed JSON whose value is not acceptable (422 rather than 400) */
    char pointer[128];   /* of the fault, RFC 6901; cut when longer */
    int depth;
    struct {
        struct str key; /* in an object */
        int32_t index;  /* in an array; -1 in an object */
        bool first;
    } level[JSON_SCAN_DEPTH];
};

/* The text must be UTF-8 throughout: faults at once if it is not. */
void json_scan_init(struct json_scan *scan, struct str text, struct arena *arena);

/* The kind of the next value: '{' '[' '"' '0' (a number) 't' 'f' 'n', or 0 for a fault. */
char json_peek(struct json_scan *scan);

/* Enter; then next until false, which leaves. Each key must be followed by reading one value. */
void json_object(struct json_scan *scan);
bool json_next_key(struct json_scan *scan, struct str *ret_key);
void json_array(struct json_scan *scan);
bool json_next_item(struct json_scan *scan);

/* A value of that type, or a fault; an absent str, 0 or false comes back with a fault. */
struct str json_string(struct json_scan *scan, size_t min_bytes, size_t max_bytes);
int64_t json_int(struct json_scan *scan, int64_t min,
                 int64_t max); /* 1e3 and 5.0 are integers too */
double json_number(struct json_scan *scan);
bool json_bool(struct json_scan *scan);
bool json_null(struct json_scan *scan); /* true and past it if null is next; else false, no fault */
struct str json_skip(struct json_scan *scan); /* any value; its raw text */

/* After the whole value: faults when something follows it. */
void json_end(struct json_scan *scan);

/* Records a fault at the value being read; the first one wins. @what is static text. */
void json_fault(struct json_scan *scan, const char *what);
void json_fault_value(struct json_scan *scan, const char *what);
