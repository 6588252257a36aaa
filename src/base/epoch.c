/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why it holds: a reader announces the epoch it saw (seq_cst store) and only then follows
 * pointers; the writer unlinks (seq_cst store), and only then looks at the announcements.
 * In the one order of all these, either the writer sees the announcement and waits, or the
 * reader comes after the unlinking and cannot see the block.
 */
#include "base/epoch.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64, OUTSIDE = 0 };

struct epoch_reader {
    _Alignas(CACHE_LINE) _Atomic uint64_t inside; /* the epoch it entered in, or OUTSIDE */
    atomic_bool taken;
};

struct retired {
    void *block;
    void (*free_block)(void *block);
    uint64_t epoch; /* when it was unlinked */
};

struct epoch {
    _Alignas(CACHE_LINE) _Atomic uint64_t now;    /* starts at 1: 0 is OUTSIDE */
    _Alignas(CACHE_LINE) struct retired *retired; /* a queue, oldest first */
    uint32_t n_retired, cap_retired;
    uint32_t n_readers;
    struct epoch_reader readers[];
};

struct epoch *epoch_new(uint32_t max_readers)
{
    size_t size = sizeof(struct epoch) + max_readers * sizeof(struct epoch_reader);
    struct epoch *epoch = aligned_alloc(CACHE_LINE, size);
    if (!epoch)
        return NULL;
    atomic_init(&epoch->now, 1);
    epoch->retired = NULL;
    epoch->n_retired = epoch->cap_retired = 0;
    epoch->n_readers = max_readers;
    for (uint32_t i = 0; i < max_readers; i++) {
        atomic_init(&epoch->readers[i].inside, OUTSIDE);
        atomic_init(&epoch->readers[i].taken, false);
    }
    return epoch;
}

struct epoch *epoch_free(struct epoch *epoch)
{
    if (!epoch)
        return NULL;
    for (uint32_t i = 0; i < epoch->n_retired; i++)
        epoch->retired[i].free_block(epoch->retired[i].block);
    free(epoch->retired);
    free(epoch);
    return NULL;
}

struct epoch_reader *epoch_reader_new(struct epoch *epoch)
{
    for (uint32_t i = 0; i < epoch->n_readers; i++)
        if (!atomic_exchange(&epoch->readers[i].taken, true))
            return &epoch->readers[i];
    return NULL;
}

struct epoch_reader *epoch_reader_free(struct epoch_reader *reader)
{
    if (reader)
        atomic_store(&reader->taken, false);
    return NULL;
}

void epoch_enter(struct epoch *epoch, struct epoch_reader *reader)
{
    atomic_store(&reader->inside, atomic_load_explicit(&epoch->now, memory_order_relaxed));
}

void epoch_leave(struct epoch_reader *reader)
{
    atomic_store_explicit(&reader->inside, OUTSIDE, memory_order_release);
}

/* The oldest epoch a reader is inside, or @now. */
static uint64_t oldest_inside(struct epoch *epoch, uint64_t now)
{
    uint64_t oldest = now;
    for (uint32_t i = 0; i < epoch->n_readers; i++) {
        uint64_t inside = atomic_load(&epoch->readers[i].inside);
        if (inside != OUTSIDE && inside < oldest)
            oldest = inside;
    }
    return oldest;
}

void epoch_advance(struct epoch *epoch)
{
    if (epoch->n_retired == 0)
        return;
    uint64_t oldest = oldest_inside(epoch, atomic_fetch_add(&epoch->now, 1) + 1);
    uint32_t n = 0;
    while (n < epoch->n_retired && epoch->retired[n].epoch < oldest) {
        epoch->retired[n].free_block(epoch->retired[n].block);
        n++;
    }
    epoch->n_retired -= n;
    if (n > 0)
        memmove(epoch->retired, epoch->retired + n, epoch->n_retired * sizeof *epoch->retired);
}

/* Room for one more retired block; false for lack of memory. */
static bool make_room(struct epoch *epoch)
{
    if (epoch->n_retired < epoch->cap_retired)
        return true;
    uint32_t cap = epoch->cap_retired ? epoch->cap_retired * 2 : 256;
    struct retired *grown = realloc(epoch->retired, cap * sizeof *grown);
    if (!grown)
        return false;
    epoch->retired = grown;
    epoch->cap_retired = cap;
    return true;
}

void epoch_retire(struct epoch *epoch, void *block, void (*free_block)(void *block))
{
    uint64_t now = atomic_load_explicit(&epoch->now, memory_order_relaxed);
    if (make_room(epoch)) {
        epoch->retired[epoch->n_retired++] = (struct retired){ block, free_block, now };
        return;
    }
    uint64_t next = atomic_fetch_add(&epoch->now, 1) + 1;
    while (oldest_inside(epoch, next) < next)
        sched_yield();
    free_block(block);
}

uint32_t epoch_waiting(const struct epoch *epoch)
{
    return epoch->n_retired;
}
