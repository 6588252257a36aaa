/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

bool str_contains(struct str a, struct str part)
{
    return part.len == 0 || (a.len >= part.len && memmem(a.at, a.len, part.at, part.len) != NULL);
}

int str_cmp(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.at, b.at, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

uint64_t str_hash(struct str s)
{
    return XXH3_64bits(s.at ? s.at : "", s.len);
}

char *str_dup(struct str s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}

/* Length of the well-formed sequence at @p, or 0. Ranges after Unicode 15, table 3-7. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (left < len)
        return 0;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool str_is_utf8(struct str s, size_t *ret_bad)
{
    const unsigned char *p = (const unsigned char *) s.at;
    size_t i = 0;
    while (i < s.len) {
        /* ASCII, as most requests are: sixteen bytes at a time. */
        uint64_t word[2];
        if (s.len - i >= sizeof word) {
            memcpy(word, p + i, sizeof word);
            if (!((word[0] | word[1]) & 0x8080808080808080u)) {
                i += sizeof word;
                continue;
            }
        }
        size_t n = utf8_sequence(p + i, s.len - i);
        if (n == 0) {
            if (ret_bad)
                *ret_bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

struct str str_cut(struct str *rest, char mark)
{
    const char *at = rest->len ? memchr(rest->at, mark, rest->len) : NULL;
    struct str piece = { rest->at, at ? (size_t) (at - rest->at) : rest->len };
    size_t used = at ? piece.len + 1 : piece.len;
    *rest = (struct str){ used ? rest->at + used : rest->at, rest->len - used };
    return piece;
}

bool str_take_part(struct str *bytes, size_t len, struct str *ret_part)
{
    if (bytes->len < len)
        return false;
    *ret_part = (struct str){ bytes->at, len };
    bytes->at += len;
    bytes->len -= len;
    return true;
}

bool str_take(struct str *bytes, void *ret_copy, size_t len)
{
    struct str part;
    if (!str_take_part(bytes, len, &part))
        return false;
    if (len)
        memcpy(ret_copy, part.at, len);
    return true;
}

bool str_to_int64(struct str s, int64_t *ret_value)
{
    bool negative = s.len && s.at[0] == '-';
    size_t i = negative;
    if (i == s.len)
        return false;

    int64_t value = 0;
    for (; i < s.len; i++) {
        int digit = s.at[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow((int64_t) 0, value, &value))
        return false;
    *ret_value = value;
    return true;
}
