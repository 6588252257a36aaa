/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/str.h"

/*
 * JSON text
 *
 * A text as the inside of a JSON string, for one that is written more than once: escaped once, then
 * copied as it is (out_text). Most texts need no escape and are their own.
 */

/*
 * @text itself when nothing in it is to be escaped (absent stays absent),
 * else a copy in @arena; absent past its limit. UTF-8, as out_json_escaped.
 */
struct str json_escaped(struct arena *arena, struct str text);
