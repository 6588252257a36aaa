/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"
#include "expr/cel_value.h"

/*
 * CEL number
 *
 * int, uint and double on one line, and as text. Numbers of different kinds are compared exactly,
 * with one exception that CEL's conformance tests ask for: the double 2^63 equals each int, and
 * 2^64 each uint, that would become it when converted. Pure, no allocation.
 */
enum { CEL_DOUBLE_TEXT_BYTES = 32 };

static inline bool cel_is_number(enum cel_kind kind)
{
    return kind >= CEL_INT && kind <= CEL_DOUBLE;
}

/* Both are numbers. False: one is NaN. */
bool cel_number_order(const struct cel_value *a, const struct cel_value *b, int *ret_order);

/* Only when the double is that very integer. */
bool cel_double_to_int(double d, int64_t *ret_value);
bool cel_double_to_uint(double d, uint64_t *ret_value);

/*
 * The shortest decimal that reads back as the same double: "0.1", "1e+06", "-0", "NaN", "+Inf".
 * With an exponent when that is below -4 or above 5. In @buffer, not NUL-terminated.
 */
struct str cel_double_text(double d, char buffer[CEL_DOUBLE_TEXT_BYTES]);

/* As a literal that is a double again: "1.0", "1e+06", "double(\"NaN\")". */
void cel_double_print(double d, struct out *out);

/*
 * What Go's strconv takes, which is what CEL programs count on: "1", "-1.5e3", ".5", "0x1p-2",
 * "1_000", "inf", "Infinity", "NaN" in any case. @copy: room for @text and a NUL. False for other
 * texts and what is too big.
 */
bool cel_double_parse(struct str text, char *copy, double *ret_value);

/* Decimal, all of it, in range; a sign only for int. */
bool cel_int_parse(struct str text, int64_t *ret_value);
bool cel_uint_parse(struct str text, uint64_t *ret_value);
