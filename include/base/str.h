/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Str
 *
 * A borrowed slice of bytes, usually UTF-8: not NUL-terminated by promise, owned
 * by someone else, passed by value. {NULL, 0} is "absent"; STR("") is "empty".
 */
struct str {
    const char *at;
    size_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int) (s).len, (s).at ? (s).at : ""

static inline struct str str_of(const char *text) /* NULL in, absent out */
{
    return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}

static inline bool str_starts_with(struct str a, struct str head)
{
    return a.len >= head.len && (head.len == 0 || memcmp(a.at, head.at, head.len) == 0);
}

static inline bool str_ends_with(struct str a, struct str tail)
{
    return a.len >= tail.len &&
           (tail.len == 0 || memcmp(a.at + a.len - tail.len, tail.at, tail.len) == 0);
}

bool str_contains(struct str a, struct str part);

/* Bytewise order, as memcmp; a prefix sorts first. */
int str_cmp(struct str a, struct str b);

/* 64-bit XXH3: fast, not for secrets; the same in every process of one machine type. */
uint64_t str_hash(struct str s);

/* Heap copy with a NUL behind it, or NULL for lack of memory. The caller frees. */
char *str_dup(struct str s);

/*
 * Strict UTF-8: no overlong forms, no surrogates, nothing past
 * U+10FFFF. *ret_bad (may be NULL) = offset.
 */
bool str_is_utf8(struct str s, size_t *ret_bad);

/*
 * Saved bytes, read from the front: copies @len of them, or points at them, and
 * goes on behind; false, and nothing has changed, when there are not so many.
 */
bool str_take(struct str *bytes, void *ret_copy, size_t len);
bool str_take_part(struct str *bytes, size_t len, struct str *ret_part);

/* What stands before the first @mark, which is cut off @rest as well; all of it when there is none. */
struct str str_cut(struct str *rest, char mark);

/* The whole of @s as a decimal integer within int64; false for anything else ("", "+1", "1x"). */
bool str_to_int64(struct str s, int64_t *ret_value);
