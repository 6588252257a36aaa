/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "rules/schedule.h"

/*
 * TZ file
 *
 * One zone of the system's tz database (RFC 8536 files under $TZDIR or /usr/share/zoneinfo) as a
 * civil_zone. Files may end long ago with a rule for all later years; its transitions are written
 * out to TZ_LAST_YEAR: 400 years more than any file has its own, since after so many the calendar
 * begins anew, weekdays and all. "UTC" is known without any file.
 */
enum { TZ_LAST_YEAR = 2499 };

/* *ret_zone is NULL when there is no such zone or its file makes no sense. ERR_LIMIT: the arena. */
MUST_CHECK enum err tz_file_read(struct str name, struct arena *arena,
                                 const struct civil_zone **ret_zone);

/* The bytes of such a file; the same answers. */
MUST_CHECK enum err tz_parse(struct str bytes, struct str name, struct arena *arena,
                             const struct civil_zone **ret_zone);
