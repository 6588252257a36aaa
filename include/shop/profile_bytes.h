/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "base/out.h"
#include "base/str.h"

struct profile;

/*
 * Profile bytes
 *
 * A profile as a compact value, for a store that other replicas read. Deterministic: equal
 * profiles give equal bytes, so a rebuilt one can be compared with a live one byte by byte. Begins
 * with a version; what an unknown version wrote, and whatever is damaged or does not keep the
 * bounds and orders of shop/customer.h, is ERR_CORRUPT and is folded from the log again.
 */
void profile_print(struct out *out,
                   const struct profile *profile); /* lack of room shows in @out->failed */

/*
 * Heap, one block, the caller's (profile_free). The customer's
 * id is not in the bytes: it is the key.
 */
MUST_CHECK enum err profile_parse(struct str customer_id, struct str bytes,
                                  struct profile **ret_profile);
