/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct baskets;
struct civil_zone;
struct csv_tally;
struct event_log;
struct progress;

/*
 * Order baskets
 *
 * A shop's orders as baskets (model/baskets.h), from where
 * they are kept: the event log, or an order file.
 * *ret_baskets is the caller's.
 */

/*
 * Every order of the log. *ret_position: of the last one; 0 when there is none. One
 * whose bytes cannot be read is passed over, logged and counted in *ret_unreadable.
 */
MUST_CHECK enum err order_baskets_of_log(struct event_log *log, struct str shop,
                                         struct progress *progress, struct baskets **ret_baskets,
                                         uint64_t *ret_position, uint64_t *ret_unreadable,
                                         struct err_note *note);

/*
 * A CSV file, plain or gzip, of which only order_id and sku
 * must be there. @zone: of times without one; NULL: UTC.
 */
MUST_CHECK enum err order_baskets_of_file(const char *path, const struct civil_zone *zone,
                                          struct progress *progress, struct csv_tally *tally,
                                          struct baskets **ret_baskets, struct err_note *note);
