/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

/*
 * Spool guard
 *
 * Keeps the floors that stand for the spool in the shared profiles. They may be lost with them, and
 * then a fold of the log is taken for whole. So one floor of nobody's is looked at; when it is
 * gone, or a worker doubted what it had (a part of the store may be lost that the one was not in),
 * all are put anew. Also a few at each look in turn, that a store which is full lets go of others
 * first. A doubt during a turn makes it a whole one from where it is: were it begun anew, frequent
 * doubts would keep it from the last ones for ever.
 *
 * The storage is the caller's; one thread.
 */
struct floors;
struct mark;

struct spool_guard {
    const struct floors *floors; /* borrowed */
    _Atomic int64_t *doubted_us; /* borrowed: when a worker doubted last */
    char sentinel[32];           /* nobody's id; stands for all floors of the spool */
    uint32_t n_guarded;          /* in this turn */
    uint32_t n_to_guard;         /* to be put at once, from there on and round */
    int64_t guarded_us;          /* the doubt after which all were put anew */
};

void spool_guard_init(struct spool_guard *guard, const struct floors *floors,
                      _Atomic int64_t *doubted_us);

/*
 * One look; @all: who has events in the spool, @n of them. At most @steps puts of @most floors
 * each. What fails is for the next look.
 */
void spool_guard_look(struct spool_guard *guard, const struct mark *all, uint32_t n, int steps,
                      uint32_t most);
