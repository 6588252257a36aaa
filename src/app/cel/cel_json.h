/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"
#include "expr/cel_value.h"

/*
 * CEL values as JSON
 *
 * Plain JSON, as people write it on a command line: numbers without fraction and exponent are ints
 * (uints past int64), others doubles; objects are maps from strings. Written, int and uint beyond
 * 2^53 are strings, bytes base64, timestamps and durations their texts, NaN and infinities strings,
 * as Protocol Buffers do it; types, errors and what is not known are objects of one member.
 */

/* False, with a static sentence in *ret_why, when @text is no such JSON or @arena is full. */
bool cel_json_read(struct str text, struct arena *arena, struct cel_value *ret_value,
                   const char **ret_why);

void cel_json_write(const struct cel_value *value, struct out *out);

/* A JSON string of bytes that may be no UTF-8: what is none is written as '?'. */
void cel_json_write_text(struct str text, struct out *out);
