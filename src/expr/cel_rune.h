/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * CEL rune
 *
 * One code point of UTF-8 at a time. Texts of CEL are UTF-8 by promise; a byte that breaks the promise (of bytes that a
 * host called a string) reads as U+FFFD, one byte wide, so that nothing here reads past the end or stands still.
 */
enum { CEL_RUNE_BAD = 0xFFFD, CEL_RUNE_MAX = 0x10FFFF, CEL_RUNE_BYTES = 4 };

/* The code point at byte @at < text.len, and how many bytes it has. */
static inline uint32_t cel_rune_at(struct str text, size_t at, size_t *ret_bytes)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *) text.at + at;
    uint32_t rune = p[0];
    size_t bytes = rune < 0x80                    ? 1
                   : rune >= 0xC2 && rune <= 0xDF ? 2
                   : (rune & 0xF0) == 0xE0        ? 3
                   : rune >= 0xF0 && rune <= 0xF4 ? 4
                                                  : 0;
    *ret_bytes = 1;
    if (bytes == 1)
        return rune;
    if (bytes == 0 || bytes > text.len - at)
        return CEL_RUNE_BAD;
    rune &= 0x7Fu >> bytes;
    for (size_t i = 1; i < bytes; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return CEL_RUNE_BAD;
        rune = rune << 6 | (p[i] & 0x3Fu);
    }
    if (rune < least[bytes] || rune > CEL_RUNE_MAX || (rune >= 0xD800 && rune <= 0xDFFF))
        return CEL_RUNE_BAD;
    *ret_bytes = bytes;
    return rune;
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
