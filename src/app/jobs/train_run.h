/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct civil_zone;
struct stores;

/*
 * Train run
 *
 * `offerd train`: orders from the log or a file, trained, written durably, in a fleet
 * published too; tells on standard output what was chosen and measured. After an error
 * nothing was replaced. *ret_elsewhere: another process is training for this shop of the
 * fleet, so nothing was done here; what it finds reaches all.
 */
enum { TRAIN_ELSEWHERE = 3 }; /* exit code: see ret_elsewhere */

struct train_wishes {
    const struct stores *stores;
    const char *orders; /* a CSV file; NULL: the orders of the log */
    const char *out;    /* where to; NULL: trained.bin in the data directory, if keeps_data */
    bool keeps_data;    /* the data directory is used: for the orders, the result, or both */
    const struct civil_zone *zone; /* of times without a zone; NULL: UTC */
    unsigned threads;              /* 0: as many as processors */
    uint64_t memory_bytes;         /* 0: train.h's default */
    bool json, quiet;
};

MUST_CHECK enum err train_run(const struct train_wishes *wishes, bool *ret_elsewhere,
                              struct err_note *note);
