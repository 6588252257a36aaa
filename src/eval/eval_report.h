/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"
#include "eval/figures.h"

struct reliabilities;
struct trial;
struct trained_facts;

/*
 * Eval report
 *
 * What was measured, told four ways: a table for people, JSON for programs, a plot, a list of all
 * cases. Writes text, nothing else.
 */
struct measured {
    const char *name;  /* "vsknn": what one says on the command line, and JSON's `model` */
    const char *title; /* "VS-kNN": for people */
    bool history;      /* knew what the customer bought before */
    bool skipped;
    struct err_note why;  /* when skipped */
    double make_s, ask_s; /* to learn; to answer all cases */
    struct figures figures;
    bool compared;       /* with offerd without history, when that was measured: */
    struct figures more; /* what this has more than offerd, below 0: less */
};

struct eval_report {
    const char *file; /* of the orders, as given */
    uint64_t lines_read, lines_accepted, lines_merged, lines_refused;
    const struct trial *trial;
    bool hide_last;
    uint64_t seed;
    const struct trained_facts *facts; /* of offerd's model; NULL: not asked for */
    const struct reliabilities *chances;
    const struct measured *measured;
    uint32_t n_measured;
    const uint32_t *const *ranks; /* of each method that was measured, one for each case */
};

void eval_report_table(const struct eval_report *report, struct out *out);
void eval_report_json(const struct eval_report *report, struct out *out);

/* Every case as CSV: the order, its cart, what was hidden, and its rank by each method. */
void eval_report_cases(const struct eval_report *report, struct out *out);

/* A panel for each figure, a dot for each method, with its interval. */
void eval_report_svg(const struct eval_report *report, struct out *out);
