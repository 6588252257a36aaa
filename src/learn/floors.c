/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/floors.h"

#include "base/arena.h"
#include "learn/marks.h"
#include "ports/event_log.h"

uint64_t floors_at(const struct floors *floors, uint64_t position)
{
    return position < POSITION_PROVISIONAL ? position : floors->spool_mark;
}

enum err floors_put(const struct floors *floors, const struct mark *all, uint32_t n,
                    enum shared_mode mode)
{
    struct err_note why = { "" };
    arena_reset(floors->arena);
    struct shared_put *puts = arena_take_array(floors->arena, struct shared_put, n);
    bool *taken = arena_take_array(floors->arena, bool, n);
    if (!puts || !taken)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        puts[i] = (struct shared_put){ .value = { .customer_id = all[i].customer_id,
                                                  .position = floors_at(floors, all[i].position) },
                                       .mode = mode,
                                       .over = floors->spool_mark };
    return floors->shared->put(floors->writer, puts, n, taken, &why);
}
