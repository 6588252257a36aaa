/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct event_log;
struct outcomes;

/*
 * Outcome file
 *
 * <data>/outcomes.bin: what became of offers, counted, with the log position that reaches. It only
 * saves time: it can be lost, damaged or old, and then what it lacks is read from the event
 * log. One thread at a time for each outcomes and log.
 */

/*
 * *ret_outcomes holds every outcome of the log, the caller's. The file when there is a good one,
 * then the log from its position on; *ret_folded of these. @ret_why says why the file was not
 * used (static text), or is NULL when it was.
 */
MUST_CHECK enum err outcome_file_load(const char *directory, struct event_log *log, struct str shop,
                                      struct outcomes **ret_outcomes, uint64_t *ret_folded,
                                      const char **ret_why, struct err_note *note);

/*
 * Counts what was committed since @outcomes' position, *ret_folded of them; one whose bytes cannot
 * be read is passed over and logged. After an error what was counted stays, and the next call
 * goes on from there.
 */
MUST_CHECK enum err outcome_file_tail(struct outcomes *outcomes, struct event_log *log,
                                      struct str shop, uint64_t *ret_folded, struct err_note *note);

/* Replaces the file, durably, all or nothing. */
MUST_CHECK enum err outcome_file_save(const char *directory, const struct outcomes *outcomes,
                                      struct err_note *note);
