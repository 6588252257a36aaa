/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"

/*
 * Epoch
 *
 * Tells the one writer of a shared structure when nobody can still be reading what it took
 * out, so readers need no lock and no reference count. A reader enters, follows pointers
 * that the writer publishes, and leaves; while it is inside, nothing it can have seen is
 * freed. Entering is one store to a cache line of the reader's own.
 *
 * The writer unlinks a block first, then retires it; epoch_advance frees what was retired
 * before the oldest reader still inside came in. For that to hold, the pointers between the
 * shared blocks are _Atomic and are loaded and stored with memory_order_seq_cst (a plain
 * load on x86).
 *
 * Readers: any number of threads, one epoch_reader each, sections do not nest. Writer: one
 * thread at a time for retire and advance.
 */
struct epoch;
struct epoch_reader;

struct epoch *epoch_new(uint32_t max_readers); /* NULL for lack of memory */
struct epoch *epoch_free(struct epoch *epoch); /* frees what is retired; no reader is inside */
DEFINE_AUTO(struct epoch, epoch_free)

/* NULL when max_readers are registered. Any thread. */
struct epoch_reader *epoch_reader_new(struct epoch *epoch);
struct epoch_reader *epoch_reader_free(struct epoch_reader *reader); /* not inside a section */

void epoch_enter(struct epoch *epoch, struct epoch_reader *reader);
void epoch_leave(struct epoch_reader *reader);

/*
 * Takes @block: free_block(block) is called once no reader can see it. For lack of memory
 * to remember it waits for the readers inside instead: sections are short.
 */
void epoch_retire(struct epoch *epoch, void *block, void (*free_block)(void *block));

/* Frees what can be freed. Cheap; call it after a round of changes. */
void epoch_advance(struct epoch *epoch);

/* Blocks retired and not yet freed. The writer's thread. */
uint32_t epoch_waiting(const struct epoch *epoch);
