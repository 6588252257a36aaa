/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_unescape.h"

#include <stdint.h>
#include <string.h>

/* Four hex digits at @p (inside the text), or -1. */
static int hex4(const char *p, const char *end)
{
    int value = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *to, int c)
{
    if (c < 0x80) {
        *to++ = (char) c;
    } else if (c < 0x800) {
        *to++ = (char) (0xc0 | c >> 6);
        *to++ = (char) (0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char) (0xe0 | c >> 12);
        *to++ = (char) (0x80 | (c >> 6 & 0x3f));
        *to++ = (char) (0x80 | (c & 0x3f));
    } else {
        *to++ = (char) (0xf0 | c >> 18);
        *to++ = (char) (0x80 | (c >> 12 & 0x3f));
        *to++ = (char) (0x80 | (c >> 6 & 0x3f));
        *to++ = (char) (0x80 | (c & 0x3f));
    }
    return to;
}

/*
 * One \uXXXX or a surrogate pair of them; *p is behind the
 * 'u'. -1 for a bad one; U+0000 is refused.
 */
static int unicode_escape(const char **p, const char *end)
{
    int c = hex4(*p, end);
    *p += 4;
    if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
        return -1;
    if (c < 0xd800 || c > 0xdbff)
        return c;
    if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return -1;
    int low = hex4(*p + 2, end);
    *p += 6;
    return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : -1;
}

size_t json_unescape(const char *from, const char *end, char *to)
{
    static const char from_char[] = "\"\\/bfnrt", to_char[] = "\"\\/\b\f\n\r\t";
    char *w = to;
    for (const char *p = from; p < end;) {
        if (*p != '\\') {
            *w++ = *p++;
            continue;
        }
        char c = p[1];
        p += 2;
        const char *simple = c ? strchr(from_char, c) : NULL;
        int point = simple ? to_char[simple - from_char] : c == 'u' ? unicode_escape(&p, end) : -1;
        if (point < 0)
            return SIZE_MAX;
        w = put_utf8(w, point);
    }
    return (size_t) (w - to);
}
