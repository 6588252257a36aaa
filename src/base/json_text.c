/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_text.h"

#include "base/json_bytes.h"
#include "base/out.h"

enum { ESCAPES_BYTES = 16 }; /* of a usual text that has any */

struct str json_escaped(struct arena *arena, struct str text)
{
    if (text.len == 0 || json_plain_end(text.at, text.at + text.len) == text.at + text.len)
        return text;

    struct out out;
    out_init(&out, arena, text.len + ESCAPES_BYTES);
    out_json_escaped(&out, text);
    return out.failed ? (struct str){ 0 } : out_str(&out);
}
