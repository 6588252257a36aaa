/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * JSON bytes
 *
 * Where a run of plain bytes of a JSON string ends: the one question that both reading and
 * writing strings ask of every byte, so it is asked of sixteen at once. Not plain are the quote,
 * the backslash and the controls. No byte outside the text is read: the last, short block of a
 * text is looked at together with bytes already known to be plain, or in two halves that overlap.
 */
typedef uint8_t json_block __attribute__((vector_size(16)));
enum { JSON_BLOCK = sizeof(json_block) };

static inline bool json_is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static inline json_block json_block_at(const char *sixteen_bytes)
{
    json_block block;
    memcpy(&block, sixteen_bytes, sizeof block);
    return block;
}

/* How many of @block's bytes stand before the first that is not plain; JSON_BLOCK if all are. */
static inline size_t json_block_plain(json_block block)
{
    const json_block found = (json_block) ((block < 0x20) | (block == '"') | (block == '\\'));
#ifdef __SSE2__
    return (size_t) __builtin_ctz((unsigned) _mm_movemask_epi8((__m128i) found) | 1U << JSON_BLOCK);
#else
    uint64_t half[2];
    memcpy(half, &found, sizeof half);
    size_t n = half[0] | half[1] ? 0 : JSON_BLOCK;
    while (n < JSON_BLOCK && !found[n])
        n++;
    return n;
#endif
}

/* The first byte of @from..@end that is not plain, or @end. */
static inline const char *json_plain_end(const char *from, const char *end)
{
    const char *p = from;
    for (; end - p >= JSON_BLOCK; p += JSON_BLOCK) {
        size_t plain = json_block_plain(json_block_at(p));
        if (plain < JSON_BLOCK)
            return p + plain;
    }
    if (end - from >= JSON_BLOCK && p < end)
        return end - JSON_BLOCK + json_block_plain(json_block_at(end - JSON_BLOCK));
    while (p < end && json_is_plain((unsigned char) *p))
        p++;
    return p;
}

/* json_copy_plain of 4 up to 15 bytes: two halves of the text, which overlap, make one block. */
static inline size_t json_copy_halves(char *to, const char *from, size_t len)
{
    size_t half = len >= 8 ? 8 : 4, plain;
    if (half == 8) {
        uint64_t both[2];
        memcpy(&both[0], from, 8);
        memcpy(&both[1], from + len - 8, 8);
        memcpy(to, &both[0], 8);
        memcpy(to + len - 8, &both[1], 8);
        plain = json_block_plain(json_block_at((const char *) both));
    } else {
        uint32_t both[4];
        memcpy(&both[0], from, 4);
        memcpy(&both[1], from + len - 4, 4);
        memcpy(to, &both[0], 4);
        memcpy(to + len - 4, &both[1], 4);
        both[2] = both[3] = both[0];
        plain = json_block_plain(json_block_at((const char *) both));
    }
    if (plain == JSON_BLOCK)
        return len;
    return plain < half ? plain : len - (2 * half - plain);
}

/*
 * Copies the plain bytes at the front of @from and answers how many they are. @to has room for
 * @len bytes, and what lies behind the copied ones may be overwritten: texts that need no escape
 * are most, so they are copied while they are looked at.
 */
static inline size_t json_copy_plain(char *to, const char *from, size_t len)
{
    size_t i = 0;
    if (len >= JSON_BLOCK) {
        for (size_t last = len - JSON_BLOCK;; i = i + JSON_BLOCK < last ? i + JSON_BLOCK : last) {
            json_block block = json_block_at(from + i);
            size_t plain = json_block_plain(block);
            memcpy(to + i, &block, sizeof block);
            if (plain < JSON_BLOCK || i == last)
                return i + plain;
        }
    }
    if (len >= 4)
        return json_copy_halves(to, from, len);
    for (; i < len && json_is_plain((unsigned char) from[i]); i++)
        to[i] = from[i];
    return i;
}
