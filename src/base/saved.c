/* SPDX-License-Identifier: Apache-2.0 */
#include "base/saved.h"

#include <string.h>

enum { BYTE_ORDER_MARK = 0x01020304 };

struct saved_mark saved_mark(const char *magic, uint32_t version)
{
    struct saved_mark mark = { .version = version, .byte_order = BYTE_ORDER_MARK };
    memcpy(mark.magic, magic, sizeof mark.magic);
    return mark;
}

enum err saved_seal(struct out *out, size_t begin)
{
    if (out->failed)
        return ERR_NOMEM;
    uint64_t sum = str_hash((struct str){ out->at + begin, out->len - begin });
    out_bytes(out, &sum, sizeof sum);
    return out->failed ? ERR_NOMEM : OK;
}

bool saved_open(struct str *bytes, const char *magic, uint32_t version)
{
    const struct saved_mark wanted = saved_mark(magic, version);
    uint64_t sum;
    if (bytes->len < sizeof wanted + sizeof sum)
        return false;
    bytes->len -= sizeof sum;
    memcpy(&sum, bytes->at + bytes->len, sizeof sum);
    return sum == str_hash(*bytes) && memcmp(bytes->at, &wanted, sizeof wanted) == 0;
}
