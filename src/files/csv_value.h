/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * CSV value
 *
 * One field of a file as a value.
 */
struct civil_zone;

struct csv_money {
    struct str currency; /* known to money_decimals */
    bool assumed; /* nobody named the currency: surplus decimals show that it is another one */
};

enum csv_money_answer {
    CSV_MONEY_READ,
    CSV_MONEY_ROUNDED,
    CSV_MONEY_BAD,
    CSV_MONEY_OTHER_CURRENCY
};

/* A plain amount in the currency's main unit ("19.99"). Surplus decimals are rounded half up. */
enum csv_money_answer csv_read_money(struct str text, const struct csv_money *money,
                                     int64_t *ret_minor);

/* What to say of CSV_MONEY_OTHER_CURRENCY: then the whole file is meant otherwise. */
MUST_CHECK enum err csv_money_fail(struct str text, const struct csv_money *money, uint64_t line,
                                   struct err_note *note);

/* NULL for an id of 1 to ID_MAX_BYTES bytes without control characters; else @empty or @bad. */
const char *csv_read_id(struct str text, const char *empty, const char *bad);

/* A plain decimal number: "-1.5", "128"; not "007", "1,000" or "1e3". */
bool csv_read_number(struct str text, double *ret_number);

/*
 * "2010-12-01T08:26:00", "2010-12-01 08:26", "2010/12/01", with seconds, a fraction and a zone
 * ("Z", "+09:00") or without: a local time of @zone (NULL: UTC). UTC microseconds.
 */
bool csv_read_instant(struct str text, const struct civil_zone *zone, int64_t *ret_us);
