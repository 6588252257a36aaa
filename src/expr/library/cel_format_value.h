/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/out.h"
#include "expr/cel_run.h"

/*
 * A value as %s of string.format prints it
 *
 * Texts and bytes as they are, numbers in decimal without exponent, "7200s" as its seconds would be,
 * "2023-02-03T23:31:20Z", a type by its name, "[a, 1.5, null]", "{key: value}" with the keys in the
 * order of their texts. What cannot be printed (a struct, a map of the host) is an error; an
 * unknown or an error inside is handed on.
 */

/* Plain when all went well, else what the call yields. Charges for what it walks through, not for
 * the bytes it writes. */
struct cel_value cel_format_value(struct cel_run *run, struct out *out,
                                  const struct cel_value *value);

/* The fewest digits that read back as the same double, without exponent; NaN, Infinity, -Infinity.
 */
void cel_format_double(struct out *out, double real);
