/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

#include "base/cleanup.h"
#include "base/str.h"

/*
 * Arena
 *
 * Memory with one lifetime: one request. Take what you need, free nothing;
 * arena_reset() ends every borrow at once and keeps the first chunk, so a
 * request that fits into it calls malloc never. Chunks of 256 KiB and more go back
 * to the system when they are freed. Under AddressSanitizer what is not taken is
 * poisoned. Not thread safe: one request, one thread at a time.
 */
struct arena;

struct arena *arena_new(size_t first_chunk_bytes, size_t limit_bytes); /* NULL for lack of memory */
struct arena *arena_free(struct arena *arena);
DEFINE_AUTO(struct arena, arena_free)

/* Zeroed and aligned for any type. NULL once @limit_bytes is reached: answer ERR_LIMIT. */
void *arena_take(struct arena *arena, size_t size_bytes) __attribute__((malloc));
void *arena_take_n(struct arena *arena, size_t n, size_t size_bytes);
#define arena_take_array(arena, type, n) ((type *) arena_take_n((arena), (n), sizeof(type)))

/* The same, but not zeroed: for bytes that are about to be written. */
void *arena_take_raw(struct arena *arena, size_t size_bytes) __attribute__((malloc));

/* A copy with a NUL behind it. {NULL, 0} past the limit. */
struct str arena_copy(struct arena *arena, struct str text);

/* The last block taken, grown in place when it can be, else moved. NULL past the limit. */
void *arena_grow(struct arena *arena, void *last, size_t old_bytes, size_t new_bytes);

void arena_reset(struct arena *arena);
size_t arena_used(const struct arena *arena); /* bytes */
