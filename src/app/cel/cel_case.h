/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/str.h"
#include "expr/cel_env.h"

struct cJSON;

/*
 * CEL case
 *
 * One case of a conformance file: an expression, the variables and functions it may name, what it
 * must yield.
 */

/* The expression: of "expr_base64" when there is one. Absent when there is neither. */
struct str cel_case_text(const struct cJSON *json, struct arena *arena);

/*
 * True when what is expected came. What came is written to @got, what was expected to @wanted.
 * Takes what it needs from @arena.
 */
bool cel_case_run(const struct cJSON *json, struct cel_zones zones, struct arena *arena,
                  struct out *got, struct out *wanted);
