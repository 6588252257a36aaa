/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "expr/cel_env.h"
#include "expr/cel_run.h"

/*
 * CEL library
 *
 * The functions that every environment has, as tables of signatures beside what they do. A
 * signature is the checker's and the evaluator's: "string.startsWith(string) -> bool" (of a
 * receiver), "size(list(T)) -> int", "math.greatest(int...) -> int" (any number, at least one).
 * Operators are no functions: see cel_ops.h.
 */
struct cel_definition {
    const char *signature;
    cel_function call;
    uint32_t cost;
};

/* Each ends with a definition without a signature. */
/* size, contains, startsWith, endsWith, type … */
const struct cel_definition *cel_library_standard(void);
/* int() uint() double() string() bytes() bool() dyn() type() */
const struct cel_definition *cel_library_convert(void);
const struct cel_definition *cel_library_time(void);    /* timestamp() duration() and the getters */
const struct cel_definition *cel_library_regex(void);   /* matches */
const struct cel_definition *cel_library_strings(void); /* the strings extension, format apart */
const struct cel_definition *cel_library_format(void);  /* string.format(list) */
const struct cel_definition *cel_library_math(void);    /* the math extension */
