/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/str.h"
#include "expr/cel_env.h"
#include "expr/cel_run.h"

/*
 * CEL regex
 *
 * What `matches` asks: does some part of a text match a pattern? Patterns are of RE2's syntax
 * (github.com/google/re2/wiki/Syntax), with the whole of Unicode: categories, scripts, simple case
 * folding. What RE2 refuses is refused: back references, looking around, more than 1000
 * repetitions, nested ones multiplied. So is a pattern whose program would have more than
 * CEL_REGEX_MAX_CODE instructions, and \C, which would cut a character.
 *
 * A pattern becomes a program once; running it takes time in proportion to the text times, at most,
 * the size of the program, whatever both are (Thompson's simulation of all states at once: nothing
 * is ever tried again). Programs are immutable and live in the arena they were compiled into.
 *
 * A pattern that is a constant need be compiled once only: when a compiler of expressions meets a
 * call whose function cel_regex_is_matches() and whose second argument is a constant text, it
 * compiles the pattern into its own arena and has cel_regex_matches() called instead. That is worth
 * some work: such a program becomes a table of states when that stays small, which takes a few
 * nanoseconds a byte. A pattern that is wrong stays a call, which says so when evaluated.
 */
struct cel_regex;

enum { CEL_REGEX_MAX_CODE = 10000 };

struct cel_regex_report {
    struct str error; /* why not, in @arena; absent: no room in it */
    uint64_t work;    /* steps that compiling took, also in vain */
};

/* For a constant. NULL with a report. Borrows nothing of @pattern. */
const struct cel_regex *cel_regex_compile(struct arena *arena, struct str pattern,
                                          struct cel_regex_report *ret_report);

/* For a pattern that is used once: without a table. */
const struct cel_regex *cel_regex_compile_once(struct arena *arena, struct str pattern,
                                               struct cel_regex_report *ret_report);

/* A bool, or cel_stop(run). Charges for the states it went through. */
struct cel_value cel_regex_matches(struct cel_run *run, const struct cel_regex *regex,
                                   struct str text);

/* Whether that is the function behind both forms of `matches`. */
bool cel_regex_is_matches(cel_function call);
