/* SPDX-License-Identifier: Apache-2.0 */
#include "http/trace.h"

static bool is_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!((text.at[i] >= '0' && text.at[i] <= '9') || (text.at[i] >= 'a' && text.at[i] <= 'f')))
            return false;
    return true;
}

static bool is_zero(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '0')
            return false;
    return true;
}

static struct str part(struct str text, size_t from, size_t len)
{
    return (struct str){ text.at + from, len };
}

bool trace_read(struct str header, struct trace *ret_trace)
{
    if (header.len < TRACE_PARENT_BYTES || header.at[2] != '-' || header.at[35] != '-' ||
        header.at[52] != '-')
        return false;
    struct str version = part(header, 0, 2), id = part(header, 3, 32);
    struct str parent = part(header, 36, 16), flags = part(header, 53, 2);
    if (!is_hex(version) || !is_hex(id) || !is_hex(parent) || !is_hex(flags))
        return false;
    if (str_is(version, "ff") || is_zero(id) || is_zero(parent))
        return false;
    /* A later version may say more behind another dash; version 00 may not. */
    if (header.len > TRACE_PARENT_BYTES &&
        (str_is(version, "00") || header.at[TRACE_PARENT_BYTES] != '-'))
        return false;

    memcpy(ret_trace->id, id.at, id.len);
    memcpy(ret_trace->flags, flags.at, flags.len);
    ret_trace->sent = true;
    return true;
}

static void hex(char *at, uint64_t value)
{
    for (int i = 15; i >= 0; i--, value >>= 4)
        at[i] = "0123456789abcdef"[value & 15];
}

struct trace trace_make(uint64_t high, uint64_t low)
{
    struct trace trace = { .flags = { '0', '0' } };
    hex(trace.id, high);
    hex(trace.id + 16, low);
    return trace;
}

void trace_write(const struct trace *trace, uint64_t parent, char ret_text[TRACE_PARENT_BYTES + 1])
{
    memcpy(ret_text, "00-", 3);
    memcpy(ret_text + 3, trace->id, TRACE_ID_BYTES);
    ret_text[35] = '-';
    hex(ret_text + 36, parent);
    ret_text[52] = '-';
    memcpy(ret_text + 53, trace->flags, 2);
    ret_text[TRACE_PARENT_BYTES] = '\0';
}
