/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Out
 *
 * A growing run of bytes, in an arena (no malloc) or on the heap. Writers never
 * fail one by one: the first lack of room sets @failed, everything after it is
 * dropped, and the owner looks once at the end. The JSON writers put commas by
 * themselves: open, key, value, close, in that order.
 */
struct out {
    char *at;
    size_t len, cap;
    struct arena *arena; /* NULL: heap */
    bool failed;
    bool comma; /* JSON: the next key or value needs a comma before it */
};

void out_init(struct out *out, struct arena *arena, size_t first_bytes); /* arena NULL: heap */
void out_deinit(struct out *out); /* heap only; else nothing */
static inline struct str out_str(const struct out *out)
{
    return (struct str){ out->at, out->len };
}

bool out_grow(struct out *out, size_t more_bytes); /* the slow half of out_reserve */

/* The four below are most of what writing an answer costs, so they are in line. */
static inline bool out_reserve(struct out *out,
                               size_t more_bytes) /* room for that many, or failed */
{
    return __builtin_expect(more_bytes <= out->cap - out->len, 1) || out_grow(out, more_bytes);
}

static inline void out_bytes(struct out *out, const void *at, size_t len)
{
    if (len && out_reserve(out, len)) {
        memcpy(out->at + out->len, at, len);
        out->len += len;
    }
}

static inline void out_text(struct out *out, struct str text)
{
    out_bytes(out, text.at, text.len);
}

static inline void out_char(struct out *out, char c)
{
    if (out_reserve(out, 1))
        out->at[out->len++] = c;
}

void out_int(struct out *out, int64_t value);
void out_share(struct out *out, uint32_t share_bp); /* of 10,000: 1, 0.42, 0.0001 */
void out_printf(struct out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* JSON. Strings are escaped; they must be UTF-8 already. */
void out_json_open(struct out *out, char bracket);  /* '{' or '[' */
void out_json_close(struct out *out, char bracket); /* '}' or ']' */

/* A name of ours: not escaped. In line, because a literal of known length is stored, not copied. */
static inline void out_json_key(struct out *out, struct str key)
{
    if (out_reserve(out, key.len + 4)) {
        char *to = out->at + out->len;
        *to = ',';
        to += out->comma;
        *to++ = '"';
        if (key.len)
            memcpy(to, key.at, key.len);
        to += key.len;
        *to++ = '"';
        *to++ = ':';
        out->len = (size_t) (to - out->at);
    }
    out->comma = false;
}

void out_json_str(struct out *out, struct str value); /* absent: null */
void out_json_int(struct out *out, int64_t value);
void out_json_bool(struct out *out, bool value);
void out_json_null(struct out *out);
void out_json_raw(struct out *out, struct str json); /* one finished value */

/* Only the escaped inside of a JSON string, for a string written in pieces. */
void out_json_escaped(struct out *out, struct str piece);

/* A UTC instant as "2026-11-21T10:30:00Z" (seconds) or with ".123" (@millis). */
void out_instant(struct out *out, int64_t at_us, bool millis);
