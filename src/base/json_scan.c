/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass, no tree. The level stack serves two ends: it bounds the nesting, and it
 * is the JSON Pointer of whatever is being read, spelled out only when a fault needs it. More than
 * 400 lines because the short way and the long way of reading a value stand side by side.
 */
#include "base/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_bytes.h"
#include "base/json_unescape.h"

static void spell_pointer(struct json_scan *scan)
{
    size_t used = 0, room = sizeof scan->pointer;
    scan->pointer[0] = '\0';
    for (int i = 0; i < scan->depth && used + 16 < room; i++) {
        if (scan->level[i].index >= 0) {
            used +=
                (size_t) snprintf(scan->pointer + used, room - used, "/%d", scan->level[i].index);
            continue;
        }
        if (!scan->level[i].key.at)
            break;
        scan->pointer[used++] = '/';
        for (size_t k = 0; k < scan->level[i].key.len && used + 8 < room; k++) {
            char c = scan->level[i].key.at[k];
            if (c == '~' || c == '/')
                scan->pointer[used++] = '~';
            scan->pointer[used++] = c == '~' ? '0' : c == '/' ? '1' : c;
        }
        /* Never end inside a UTF-8 sequence: the pointer goes into an answer. */
        while (!str_is_utf8((struct str){ scan->pointer, used }, NULL))
            used--;
        scan->pointer[used] = '\0';
    }
}

void json_fault(struct json_scan *scan, const char *what)
{
    if (scan->fault)
        return;
    scan->fault = what;
    spell_pointer(scan);
    scan->at = scan->end;
}

void json_fault_value(struct json_scan *scan, const char *what)
{
    if (scan->fault)
        return;
    scan->fault_is_value = true;
    json_fault(scan, what);
}

/* The same, saying between which bounds: "a whole number from 1 to 500 was expected". */
static void fault_bounds(struct json_scan *scan, const char *form, int64_t min, int64_t max,
                         const char *otherwise)
{
    enum { ROOM = 96 };
    char *said = scan->fault ? NULL : arena_take_raw(scan->arena, ROOM);
    if (said)
        (void) snprintf(said, ROOM, form, (long long) min, (long long) max);
    json_fault_value(scan, said ? said : otherwise);
}

void json_scan_init(struct json_scan *scan, struct str text, struct arena *arena)
{
    scan->at = scan->begin = text.at;
    scan->end = text.at + text.len;
    scan->arena = arena;
    scan->fault = NULL;
    scan->fault_is_limit = scan->fault_is_value = false;
    scan->depth = 0;
    if (!str_is_utf8(text, NULL))
        json_fault(scan, "the body is not UTF-8");
}

static inline void space(struct json_scan *scan)
{
    const char *p = scan->at;
    while (p < scan->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    scan->at = p;
}

/*
 * Most values stand where they are looked for, with no space
 * before: then this is all that is asked.
 */
static inline bool stands(const struct json_scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == c;
}

char json_peek(struct json_scan *scan)
{
    space(scan);
    if (scan->at == scan->end) {
        json_fault(scan, scan->begin == scan->end ? "it is empty: a JSON text was expected"
                                                  : "the JSON text ends too early");
        return 0;
    }
    char c = *scan->at;
    if (c == '-' || (c >= '0' && c <= '9'))
        return '0';
    if (c == '{' || c == '[' || c == '"' || c == 't' || c == 'f' || c == 'n')
        return c;
    json_fault(scan, "a JSON value was expected here");
    return 0;
}

static void enter(struct json_scan *scan, char bracket, const char *what)
{
    char next = json_peek(scan);
    if (!next)
        return;
    if (next != bracket) {
        json_fault(scan, what);
        return;
    }
    if (scan->depth == JSON_SCAN_DEPTH) {
        json_fault(scan, "nested too deep (more than 32 levels)");
        return;
    }
    scan->at++;
    scan->level[scan->depth].key = (struct str){ 0 };
    scan->level[scan->depth].index = bracket == '[' ? 0 : -1;
    scan->level[scan->depth].first = true;
    scan->depth++;
}

void json_object(struct json_scan *scan)
{
    enter(scan, '{', "an object was expected");
}

void json_array(struct json_scan *scan)
{
    enter(scan, '[', "an array was expected");
}

/* Past the comma to the next member, or past the closing bracket and false. */
static bool next(struct json_scan *scan, char close, const char *what)
{
    if (scan->fault)
        return false;
    space(scan);
    if (scan->at == scan->end) {
        json_fault(scan, "the JSON text ends too early");
        return false;
    }
    bool first = scan->level[scan->depth - 1].first;
    if (*scan->at == close) {
        scan->at++;
        scan->depth--;
        return false;
    }
    if (!first) {
        if (*scan->at != ',') {
            json_fault(scan, what);
            return false;
        }
        scan->at++;
    }
    scan->level[scan->depth - 1].first = false;
    return true;
}

/*
 * @from..@to is the inside of a string with at least one backslash, every one followed by a byte.
 */
static struct str unescape(struct json_scan *scan, const char *from, const char *to)
{
    char *text = arena_take_raw(scan->arena, (size_t) (to - from) + 1);
    if (!text) {
        scan->fault_is_limit = true;
        json_fault(scan, "the request needs more memory than one may have");
        return (struct str){ 0 };
    }
    size_t len = json_unescape(from, to, text);
    if (len == SIZE_MAX) {
        json_fault(scan, "a bad escape in a string (\\u0000 and lone surrogates are refused)");
        return (struct str){ 0 };
    }
    return (struct str){ text, len };
}

/* A string from @from whose first byte that is not plain, @p, is not its end. */
static struct str string_slowly(struct json_scan *scan, const char *from, const char *p)
{
    while (p < scan->end && *p == '\\' && scan->end - p >= 2)
        p = json_plain_end(p + 2, scan->end);
    if (p == scan->end || *p != '"') {
        bool control = p < scan->end && (unsigned char) *p < 0x20;
        json_fault(scan, control ? "a control character in a string must be escaped"
                                 : "a string is not closed");
        return (struct str){ 0 };
    }
    scan->at = p + 1;
    return unescape(scan, from, p);
}

static inline struct str string(struct json_scan *scan)
{
    const char *from = ++scan->at, *p = json_plain_end(from, scan->end);
    if (p == scan->end || *p != '"')
        return string_slowly(scan, from, p);
    scan->at = p + 1;
    return (struct str){ from, (size_t) (p - from) };
}

bool json_next_key(struct json_scan *scan, struct str *ret_key)
{
    if (!next(scan, '}', "a comma or '}' was expected"))
        return false;
    if (!stands(scan, '"') && json_peek(scan) != '"') {
        json_fault(scan, "a member name in quotes was expected");
        return false;
    }
    struct str key = string(scan);
    if (scan->fault)
        return false;
    scan->level[scan->depth - 1].key = key;
    if (!stands(scan, ':'))
        space(scan);
    if (!stands(scan, ':')) {
        json_fault(scan, "a colon was expected after the member name");
        return false;
    }
    scan->at++;
    *ret_key = key;
    return true;
}

bool json_next_item(struct json_scan *scan)
{
    bool first = scan->depth > 0 && scan->level[scan->depth - 1].first;
    if (!next(scan, ']', "a comma or ']' was expected"))
        return false;
    if (!first)
        scan->level[scan->depth - 1].index++;
    return true;
}

struct str json_string(struct json_scan *scan, size_t min_bytes, size_t max_bytes)
{
    if (!stands(scan, '"') && json_peek(scan) != '"') {
        json_fault(scan, "a string was expected");
        return (struct str){ 0 };
    }
    struct str text = string(scan);
    if (scan->fault)
        return (struct str){ 0 };
    if (text.len < min_bytes || text.len > max_bytes) {
        fault_bounds(scan, "a string of %lld to %lld bytes was expected", (int64_t) min_bytes,
                     (int64_t) max_bytes, "the string is too short or too long");
        return (struct str){ 0 };
    }
    return text;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* The text of a number, past it; *ret_plain when it has neither fraction nor exponent. */
static struct str number(struct json_scan *scan, bool *ret_plain)
{
    const char *from = scan->at, *p = from + (*from == '-');
    const char *whole = p;
    p = digits(p, scan->end);
    bool good = p > whole && (*whole != '0' || p == whole + 1);
    *ret_plain = true;
    if (good && p < scan->end && *p == '.') {
        const char *fraction = ++p;
        p = digits(p, scan->end);
        good = p > fraction;
        *ret_plain = false;
    }
    if (good && p < scan->end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < scan->end && (*p == '+' || *p == '-');
        const char *exponent = p;
        p = digits(p, scan->end);
        good = p > exponent;
        *ret_plain = false;
    }
    if (!good) {
        json_fault(scan, "a malformed number");
        return (struct str){ 0 };
    }
    scan->at = p;
    return (struct str){ from, (size_t) (p - from) };
}

static double to_double(struct json_scan *scan, struct str text)
{
    char copy[64];
    if (text.len >= sizeof copy) {
        json_fault_value(scan, "the number has too many digits");
        return 0;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return strtod(copy, NULL); /* the program never calls setlocale(LC_NUMERIC) */
}

/* An integer in any spelling, with its sign and of any length. */
static int64_t int_slowly(struct json_scan *scan)
{
    if (json_peek(scan) != '0') {
        json_fault(scan, "a whole number was expected");
        return 0;
    }
    bool plain;
    int64_t value = 0;
    struct str text = number(scan, &plain);
    if (scan->fault)
        return 0;
    if (plain && !str_to_int64(text, &value)) {
        json_fault_value(scan, "the number is out of range");
        return 0;
    }
    if (!plain) {
        double real = to_double(scan, text);
        if (scan->fault)
            return 0;
        if (real < -9007199254740992.0 || real > 9007199254740992.0 ||
            real != (double) (int64_t) real) {
            json_fault_value(scan, "a whole number was expected");
            return 0;
        }
        value = (int64_t) real;
    }
    return value;
}

/*
 * Up to 18 digits, which cannot overflow, and nothing else: told while they are passed. False for
 * whatever is written otherwise, and the scan has not moved.
 */
static inline bool short_int(struct json_scan *scan, int64_t *ret_value)
{
    const char *from = scan->at, *p = from;
    int64_t value = 0;
    for (; p < scan->end && p - from < 18 && *p >= '0' && *p <= '9'; p++)
        value = value * 10 + (*p - '0');
    if (p == from || p == scan->end || (*from == '0' && p > from + 1) || (*p >= '0' && *p <= '9') ||
        *p == '.' || *p == 'e' || *p == 'E')
        return false;
    scan->at = p;
    *ret_value = value;
    return true;
}

int64_t json_int(struct json_scan *scan, int64_t min, int64_t max)
{
    int64_t value;
    if (!short_int(scan, &value)) {
        value = int_slowly(scan);
        if (scan->fault)
            return 0;
    }
    if (value < min || value > max) {
        fault_bounds(scan, "a whole number from %lld to %lld was expected", min, max,
                     "the number is too small or too large");
        return 0;
    }
    return value;
}

double json_number(struct json_scan *scan)
{
    if (json_peek(scan) != '0') {
        json_fault(scan, "a number was expected");
        return 0;
    }
    bool plain;
    struct str text = number(scan, &plain);
    return scan->fault ? 0 : to_double(scan, text);
}

static bool word(struct json_scan *scan, const char *text, size_t len)
{
    if ((size_t) (scan->end - scan->at) < len || memcmp(scan->at, text, len) != 0) {
        json_fault(scan, "a JSON value was expected here");
        return false;
    }
    scan->at += len;
    return true;
}

bool json_bool(struct json_scan *scan)
{
    char kind = json_peek(scan);
    if (kind == 't')
        return word(scan, "true", 4);
    if (kind == 'f')
        (void) word(scan, "false", 5);
    else
        json_fault(scan, "true or false was expected");
    return false;
}

bool json_null(struct json_scan *scan)
{
    return json_peek(scan) == 'n' && word(scan, "null", 4);
}

/* Bounded: the level stack is the recursion's only memory and its limit. */
struct str json_skip(struct json_scan *scan)
{
    char kind = json_peek(scan);
    const char *from = scan->at;
    struct str key;
    bool plain;
    switch (kind) {
    case '{':
        for (json_object(scan); json_next_key(scan, &key);)
            (void) json_skip(scan);
        break;
    case '[':
        for (json_array(scan); json_next_item(scan);)
            (void) json_skip(scan);
        break;
    case '"': (void) string(scan); break;
    case '0': (void) number(scan, &plain); break;
    case 't':
    case 'f': (void) json_bool(scan); break;
    case 'n': (void) json_null(scan); break;
    default: break;
    }
    return scan->fault ? (struct str){ 0 } : (struct str){ from, (size_t) (scan->at - from) };
}

void json_end(struct json_scan *scan)
{
    if (scan->fault)
        return;
    space(scan);
    if (scan->at != scan->end)
        json_fault(scan, "something follows the JSON value");
}
