/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"
#include "base/str.h"

struct civil_zone;

/*
 * Evaluating
 *
 * Reads a shop's orders, makes a trial of them (eval/trial.h), asks every wished method, and tells
 * what came out: on standard output as a table or JSON, in files as a plot and as a list of every
 * case. Touches no store.
 */
struct eval_wishes {
    const char *orders, *catalog;  /* paths; catalog may be NULL */
    struct str currency;           /* of the catalogue's prices; absent: two decimals are assumed */
    const struct civil_zone *zone; /* of times without a zone; NULL: UTC */
    const char *methods;           /* names with commas between; NULL: all of them */
    uint32_t cases;
    uint64_t seed;
    bool hide_last, json, quiet;
    const char *plot, *details, *rejects; /* paths or NULL */
};

/* ERR_INPUT, saying which there are, for a name that is no method's. */
MUST_CHECK enum err eval_check_methods(const char *methods, struct err_note *note);

/*
 * *ret_complete: false when a method that was asked for by name, or offerd itself, could not be
 * measured (why stands in the report).
 */
MUST_CHECK enum err eval_run(const struct eval_wishes *wishes, bool *ret_complete,
                             struct err_note *note);
