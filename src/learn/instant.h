/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Instant
 *
 * An RFC 3339 date and time with its zone ("2026-11-21T10:02:11Z",
 * "2026-11-21T19:02:11.250+09:00") as UTC microseconds since 1970. Digits past the
 * microsecond are dropped; a leap second counts as the next one. False for anything else,
 * a day that is not in the calendar or a missing zone.
 */
bool instant_read(struct str text, int64_t *ret_us);
