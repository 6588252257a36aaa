/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

/*
 * Stamps
 *
 * One number for each class of customers (by hash), which the journal raises before it
 * acknowledges an event of one of them. Whoever keeps a profile keeps the number it had before the
 * profile was asked for: while they are equal, nothing that this process acknowledged is missing
 * from it. Two customers of one class cost each other a fetch now and then, no more. Any thread.
 */
enum { STAMPS = 1 << 16 };

struct stamps {
    _Atomic uint32_t at[STAMPS];
};

static inline uint32_t stamps_now(struct stamps *stamps, uint64_t hash)
{
    return atomic_load_explicit(&stamps->at[hash % STAMPS], memory_order_acquire);
}

static inline void stamps_raise(struct stamps *stamps, uint64_t hash)
{
    (void) atomic_fetch_add_explicit(&stamps->at[hash % STAMPS], 1, memory_order_release);
}
