/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * CEL rune
 *
 * One code point of UTF-8 at a time. Texts of CEL are UTF-8 by promise; a byte that breaks the
 * promise (of bytes that a host called a string) reads as U+FFFD, one byte wide, so that nothing
 * here reads past the end or stands still.
 */
enum { CEL_RUNE_BAD = 0xFFFD, CEL_RUNE_MAX = 0x10FFFF, CEL_RUNE_BYTES = 4 };

static inline bool cel_rune_continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The code point at byte @at < text.len, and how many bytes it has. */
static inline uint32_t cel_rune_at(struct str text, size_t at, size_t *ret_bytes)
{
    const unsigned char *p = (const unsigned char *) text.at + at;
    size_t left = text.len - at;
    uint32_t rune = p[0];
    *ret_bytes = 1;
    if (rune < 0x80)
        return rune;
    if (rune < 0xE0 && left > 1 && cel_rune_continues(p[1])) {
        rune = (rune & 0x1F) << 6 | (p[1] & 0x3Fu);
        *ret_bytes = 2;
        if (rune >= 0x80 && p[0] >= 0xC0)
            return rune;
    } else if (rune >= 0xE0 && rune < 0xF0 && left > 2 && cel_rune_continues(p[1]) &&
               cel_rune_continues(p[2])) {
        rune = (rune & 0x0F) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
        *ret_bytes = 3;
        if (rune >= 0x800 && (rune < 0xD800 || rune > 0xDFFF))
            return rune;
    } else if (rune >= 0xF0 && rune < 0xF8 && left > 3 && cel_rune_continues(p[1]) &&
               cel_rune_continues(p[2]) && cel_rune_continues(p[3])) {
        rune = (rune & 0x07) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
        *ret_bytes = 4;
        if (rune >= 0x10000 && rune <= CEL_RUNE_MAX)
            return rune;
    }
    *ret_bytes = 1;
    return CEL_RUNE_BAD;
}

/* Writes a code point into @at, which has room for CEL_RUNE_BYTES; how many bytes it took. */
static inline size_t cel_rune_put(char *at, uint32_t rune)
{
    if (rune < 0x80) {
        at[0] = (char) rune;
        return 1;
    }
    size_t bytes = rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    for (size_t i = bytes; --i > 0; rune >>= 6)
        at[i] = (char) (0x80 | (rune & 0x3F));
    at[0] = (char) ((0xF00u >> bytes & 0xFFu) | rune);
    return bytes;
}

/* How many code points there are in @text. */
static inline size_t cel_rune_count(struct str text)
{
    size_t count = 0, bytes;
    for (size_t at = 0; at < text.len; at += bytes, count++)
        (void) cel_rune_at(text, at, &bytes);
    return count;
}
