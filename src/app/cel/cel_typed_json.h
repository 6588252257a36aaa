/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "expr/cel_env.h"
#include "expr/cel_value.h"

struct cJSON;

/*
 * CEL values in JSON with their types
 *
 * How a file of conformance cases writes values: {"type": "int", "value": "5"}, {"type": "list",
 * "values": […]}, {"type": "map", "entries": [{"key": …, "value": …}]}, {"type": "timestamp",
 * "seconds": "0", "nanos": 0}; bytes, and texts that hold U+0000, in "base64".
 */

/*
 * False, with a static sentence in *ret_why. @env may know the
 * names of types; the value borrows from @json.
 */
bool cel_typed_read(const struct cJSON *json, struct cel_env *env, struct arena *arena,
                    struct cel_value *ret_value, const char **ret_why);

/* Equal and of the same types all through: maps in any order, NaN as NaN, -0.0 as 0.0. */
bool cel_typed_same(const struct cel_value *a, const struct cel_value *b);

/* The bytes of a base64 text; absent when it is none. */
struct str cel_typed_base64(const char *text, struct arena *arena);
