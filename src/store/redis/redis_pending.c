/* SPDX-License-Identifier: Apache-2.0 */
#include "store/redis/redis_pending.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct redis_question *seat(struct redis_pending *pending, uint64_t number)
{
    return &pending->ring[number & (pending->cap - 1)];
}

static bool grow(struct redis_pending *pending)
{
    struct redis_pending larger = { .cap = pending->cap ? 2 * pending->cap : 64,
                                    .first = pending->first,
                                    .end = pending->end };
    larger.ring = malloc(larger.cap * sizeof *larger.ring);
    if (!larger.ring)
        return false;
    for (uint64_t i = pending->first; i != pending->end; i++)
        *seat(&larger, i) = *seat(pending, i);
    free(pending->ring);
    *pending = larger;
    return true;
}

struct redis_question *redis_pending_add(struct redis_pending *pending)
{
    if (pending->end - pending->first == pending->cap && !grow(pending))
        return NULL;
    struct redis_question *question = seat(pending, pending->end++);
    memset(question, 0, offsetof(struct redis_question, id));
    return question;
}

struct redis_question *redis_pending_pop(struct redis_pending *pending)
{
    return redis_pending_is_empty(pending) ? NULL : seat(pending, pending->first++);
}

struct redis_question *redis_pending_at(struct redis_pending *pending, uint64_t number)
{
    return number - pending->first < pending->end - pending->first ? seat(pending, number) : NULL;
}

void redis_pending_mark(struct redis_pending *pending, struct str customer_id)
{
    uint64_t hash = str_hash(customer_id);
    for (uint64_t i = pending->first; i != pending->end; i++)
        if (seat(pending, i)->hash == hash)
            seat(pending, i)->changed = true;
}

void redis_pending_deinit(struct redis_pending *pending)
{
    free(pending->ring);
    *pending = (struct redis_pending){ 0 };
}
