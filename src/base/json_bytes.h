/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * JSON bytes
 *
 * Where a run of plain bytes of a JSON string ends: the one question that both reading and
 * writing strings ask of every byte, so it is asked of eight at once ("Bit Twiddling Hacks",
 * Anderson: haszero and hasless). Not plain are the quote, the backslash and the controls.
 */
static inline bool json_is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static inline bool json_are_plain(const char *eight_bytes)
{
    const uint64_t each = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    uint64_t eight;
    memcpy(&eight, eight_bytes, sizeof eight);
    uint64_t quote = eight ^ (each * '"'), backslash = eight ^ (each * '\\');
    uint64_t found = ((eight - each * 0x20) & ~eight) | ((quote - each) & ~quote) |
                     ((backslash - each) & ~backslash);
    return !(found & high);
}

/* The first byte of @from..@end that is not plain, or @end. */
static inline const char *json_plain_end(const char *from, const char *end)
{
    const char *p = from;
    while (end - p >= 8 && json_are_plain(p))
        p += 8;
    /* What is left of a long run is looked at together with bytes already known to be plain. */
    if (end - from >= 8 && end - p < 8 && json_are_plain(end - 8))
        return end;
    while (p < end && json_is_plain((unsigned char) *p))
        p++;
    return p;
}
