/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"
#include "expr/cel_value.h"

/*
 * CEL time
 *
 * Timestamps (0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z) and durations (what 64 bits
 * of nanoseconds hold, some 292 years either way) as numbers and as text. Pure.
 */
enum { CEL_SECOND_NANOS = 1000000000 };

/* False: out of range. */
bool cel_timestamp_of(int64_t seconds, int64_t nanos, struct cel_value *ret_timestamp);

/* Of that many nanoseconds. */
struct cel_value cel_duration_of_nanos(int64_t nanos);
/* False for a duration of the host that 64 bits do not hold. */
bool cel_duration_nanos(const struct cel_value *duration, int64_t *ret_nanos);

/*
 * a + b and a - b as far as they are defined for these kinds; false: out of range. Both are
 * timestamps or durations; a timestamp cannot be added to another, nor taken from a duration: the
 * caller's affair.
 */
bool cel_time_add(const struct cel_value *a, const struct cel_value *b, struct cel_value *ret_sum);
bool cel_time_sub(const struct cel_value *a, const struct cel_value *b,
                  struct cel_value *ret_difference);

/* "2009-02-13T23:31:30.5+01:00", RFC 3339; digits past the ninth are left out. False: not that, or
 * out of range. */
bool cel_timestamp_parse(struct str text, struct cel_value *ret_timestamp);

/* "1h30m2.5s", "-1.5h", "0"; units h m s ms us µs ns, each as often as wanted. */
bool cel_duration_parse(struct str text, struct cel_value *ret_duration);

/* "2009-02-13T23:31:30.5Z" */
void cel_timestamp_print(const struct cel_value *timestamp, struct out *out);

/* "5400s", "-0.5s" */
void cel_duration_print(const struct cel_value *duration, struct out *out);

/* "UTC", "+09:00", "-00:30", "02:00": seconds to add to UTC. False: not of this form. */
bool cel_zone_parse(struct str text, int32_t *ret_offset_s);
