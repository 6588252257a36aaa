/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/str.h"

/*
 * TZ rule
 *
 * The last line of a tz database file: the rule of all later years in POSIX' TZ form
 * ("EST5EDT,M3.2.0,M11.1.0"), between two line breaks.
 */

/*
 * Appends the transitions it means, from the last one in @starts (which has @n, and room for
 * @room) up to TZ_LAST_YEAR; how many. None for a zone without summer time or a rule that makes
 * no sense.
 */
uint32_t tz_rule_expand(struct str rest, int64_t *starts, int32_t *offsets, uint32_t n,
                        uint32_t room);
