/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/spool_guard.h"

#include <stdio.h>

#include "base/arena.h"
#include "learn/floors.h"
#include "learn/marks.h"
#include "ports/event_log.h"

enum { GUARDED_EACH = 16 };

void spool_guard_init(struct spool_guard *guard, const struct floors *floors,
                      _Atomic int64_t *doubted_us)
{
    *guard = (struct spool_guard){ .floors = floors, .doubted_us = doubted_us };
    (void) snprintf(guard->sentinel, sizeof guard->sentinel, "\x01spool-%016llx",
                    (unsigned long long) floors->spool_mark);
}

/* False: it could not be told now. */
static bool look_at_sentinel(struct spool_guard *guard, uint32_t n)
{
    const struct floors *floors = guard->floors;
    const struct mark sentinel = { .customer_id = str_of(guard->sentinel),
                                   .position = POSITION_PROVISIONAL };
    struct shared_value value = { 0 };
    struct err_note why = { "" };
    arena_reset(floors->arena);
    if (floors->shared->get(floors->writer, &sentinel.customer_id, 1, floors->arena, &value,
                            &why) != OK)
        return false;
    int64_t doubted_us = atomic_load_explicit(guard->doubted_us, memory_order_acquire);
    if (value.position >= POSITION_PROVISIONAL && doubted_us == guard->guarded_us)
        return true;
    if (floors_put(floors, &sentinel, 1, SHARED_COMMIT) != OK)
        return false;
    guard->guarded_us = doubted_us;
    guard->n_to_guard = n;
    return true;
}

void spool_guard_look(struct spool_guard *guard, const struct mark *all, uint32_t n, int steps,
                      uint32_t most)
{
    if (n == 0 || !look_at_sentinel(guard, n))
        return;
    for (steps = guard->n_to_guard ? steps : 1; steps > 0; steps--) {
        if (guard->n_guarded >= n)
            guard->n_guarded = 0;
        uint32_t step = guard->n_to_guard ? most : GUARDED_EACH;
        if (step > n - guard->n_guarded)
            step = n - guard->n_guarded;
        if (floors_put(guard->floors, all + guard->n_guarded, step, SHARED_COMMIT) != OK)
            return;
        guard->n_guarded += step;
        if (guard->n_to_guard <= step) {
            guard->n_to_guard = 0;
            return;
        }
        guard->n_to_guard -= step;
    }
}
