/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct civil_zone;
struct stores;

/*
 * Importing
 *
 * A catalogue and an order history out of CSV files into the stores, and the model's
 * counts made from them; tells on standard output what it did, line by line accounted for.
 *
 * Both files are read to their end before anything is stored, so a file that cannot be read
 * changes nothing. The catalogue is replaced as a whole. Orders become order_placed events,
 * 'import:' and the order's id as event id, so a second import of the same file adds nothing;
 * they are committed by batches, and after a failure the import is simply run again. The
 * replicas of a fleet are told whose profiles have become old.
 */
struct import_wishes {
    const char *catalog, *orders;  /* paths; NULL: not that one */
    const struct stores *stores;   /* where to; names the shop */
    const char *rejects;           /* path or NULL */
    struct str currency;           /* absent: that of the stored catalogue, else JPY */
    const struct civil_zone *zone; /* of times without a zone; NULL: UTC */
    bool quiet;                    /* no progress */
};

MUST_CHECK enum err import_run(const struct import_wishes *wishes, struct err_note *note);
