/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "expr/cel_value.h"

/*
 * CEL run
 *
 * One evaluation: where it may put what it makes, what it has cost, what it may cost. The caller
 * owns it and sets @arena (and @limit, when another than the environment's is wanted); a run may be
 * used again for the next expression: the cost is counted on. One thread at a time. Functions use
 * the calls below.
 */
struct cel_env;

struct cel_run {
    struct arena *arena;
    uint64_t limit; /* 0: the environment's */
    /*
     * NULL: the limit is the end. Else asked when the cost has passed it, as often as that happens:
     * raises it above the cost, or says false, and that is the end.
     */
    bool (*go_on)(struct cel_run *run);
    uint64_t cost; /* steps so far: one an operator, call or element; one for each 16 bytes or
                       element worked through inside */
    bool stopped;  /* the limit was reached, or the arena is full: the result is an error that
                       nothing absorbs */
    const struct cel_env *env; /* set by cel_eval */
};

/* Adds to the cost. False when the limit is passed: return cel_stop(run). */
bool cel_charge(struct cel_run *run, uint64_t steps);

/* For work over that many bytes. */
bool cel_charge_bytes(struct cel_run *run, size_t bytes);

/* The error that ends the whole evaluation: the cost limit, or no room. */
struct cel_value cel_stop(struct cel_run *run);

/*
 * An error that && || ?: may absorb; its sentence, at most 240 bytes, is put into the arena; one
 * without any % is borrowed instead: a literal.
 */
struct cel_value cel_fail(struct cel_run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory of the run; NULL when the arena is full: return cel_stop(run). Never zeroed. */
void *cel_take(struct cel_run *run, size_t n, size_t size_bytes);
