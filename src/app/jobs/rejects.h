/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "files/csv_tally.h"

struct progress;

/*
 * Rejects
 *
 * Where refused lines are told: the first REJECTS_SHOWN of every reason on standard error, all
 * of them in a CSV file (file,line,reason,value,text) when one was asked for.
 */
enum { REJECTS_SHOWN = 20 };

struct rejects {
    const char *file; /* being read: stands before the line number */
    FILE *to;         /* NULL: only standard error */
    struct progress *progress;
};

/* @path NULL: no file. ERR_INPUT when it cannot be written. */
MUST_CHECK enum err rejects_open(struct rejects *rejects, const char *path,
                                 struct progress *progress, struct err_note *note);
void rejects_tell(void *rejects, const struct csv_refusal *refusal); /* csv_tally.on_refusal */

/* ERR_UNAVAILABLE when not everything could be written. */
MUST_CHECK enum err rejects_close(struct rejects *rejects, struct err_note *note);
