/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct copurchase;
struct event_log;

/*
 * Model file
 *
 * <data>/model.bin: the counts of what is bought together, with the log position they reach.
 * It only saves time: it can be lost, damaged or old, and then the orders it lacks are read
 * from the event log. One thread at a time for each counts and log.
 */

/*
 * *ret_counts holds every order of the log, the caller's. The file when there is a good one,
 * then the log from its position on; *ret_folded is how many orders were read from the log.
 * @ret_why says why the file was not used (static text), or is NULL when it was.
 */
MUST_CHECK enum err model_file_load(const char *directory, struct event_log *log, struct str shop,
                                    struct copurchase **ret_counts, uint64_t *ret_folded,
                                    const char **ret_why, struct err_note *note);

/*
 * Counts the orders that were committed since @counts' position. *ret_folded of them; one
 * whose bytes cannot be read is passed over and logged. After an error what was counted
 * stays, and the next call goes on from there.
 */
MUST_CHECK enum err model_file_tail(struct copurchase *counts, struct event_log *log,
                                    struct str shop, uint64_t *ret_folded, struct err_note *note);

/* Replaces the file, durably, all or nothing. */
MUST_CHECK enum err model_file_save(const char *directory, const struct copurchase *counts,
                                    struct err_note *note);
