/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/out.h"

/*
 * CEL conformance
 *
 * Runs a file of cases, each an expression and what must become of it (a value, an error, a deduced
 * type), and counts them by the features that each bears. The file is one JSON object whose "tests"
 * are such cases; what a case holds besides is tolerated. One thread.
 */
enum { CEL_CONFORMANCE_BYTES = 64 << 20 };

struct cel_conformance;

/* ERR_INPUT or ERR_LIMIT with a note when it is no such file. Failed cases are no error. */
MUST_CHECK enum err cel_conformance_run(const char *path, struct cel_conformance **ret_done,
                                        struct err_note *note);
struct cel_conformance *cel_conformance_free(struct cel_conformance *done);
DEFINE_AUTO(struct cel_conformance, cel_conformance_free)

uint32_t cel_conformance_cases(const struct cel_conformance *done);
uint32_t cel_conformance_failed(const struct cel_conformance *done);

/* "FEATURE passed N failed M", a line each, sorted. */
void cel_conformance_print(const struct cel_conformance *done, struct out *out);

/*
 * {"cases", "passed", "failed", "features": {FEATURE:
 * {"passed", "failed"}}, "failures": [{"id", …}]}
 */
void cel_conformance_print_json(const struct cel_conformance *done, struct out *out);
