/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/lot.h"

#include <nettle/md5.h>

enum { LOT_BYTES = 6 };

uint64_t lot_of(struct str text)
{
    struct md5_ctx digesting;
    uint8_t digest[LOT_BYTES];
    uint64_t lot = 0;
    md5_init(&digesting);
    if (text.len > 0)
        md5_update(&digesting, text.len, (const uint8_t *) text.at);
    md5_digest(&digesting, sizeof digest, digest);
    for (int i = 0; i < LOT_BYTES; i++)
        lot = lot << 8 | digest[i];
    return lot;
}
