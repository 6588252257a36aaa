/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(at, n)   __asan_poison_memory_region((at), (n))
#define UNPOISON(at, n) __asan_unpoison_memory_region((at), (n))
#else
#define POISON(at, n)   ((void) (at), (void) (n))
#define UNPOISON(at, n) ((void) (at), (void) (n))
#endif

/*
 * A chunk of so much is the kernel's: what a large load takes goes back when it is freed. malloc
 * maps large blocks too, but stops once one was freed, and what a thread that ended has freed no
 * other takes: the service then keeps twice its rules. Not under AddressSanitizer, which looks for
 * leaks in malloc's memory only.
 */
#ifdef HAVE_ASAN
static const size_t mapped_from = SIZE_MAX;
#else
static const size_t mapped_from = 256 << 10;
#endif

struct chunk {
    struct chunk *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct chunk *chunks; /* newest first; the oldest survives a reset */
    size_t limit, used;
};

static struct chunk *map(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static struct chunk *chunk_new(size_t size)
{
    size_t bytes;
    if (__builtin_add_overflow(sizeof(struct chunk), size, &bytes))
        return NULL;
    struct chunk *chunk = size >= mapped_from ? map(bytes) : malloc(bytes);
    if (!chunk)
        return NULL;
    *chunk = (struct chunk){ .size = size };
    POISON(chunk->bytes, size);
    return chunk;
}

static void chunk_free(struct chunk *chunk)
{
    UNPOISON(chunk->bytes, chunk->size);
    if (chunk->size >= mapped_from)
        (void) munmap(chunk, sizeof *chunk + chunk->size);
    else
        free(chunk);
}

struct arena *arena_new(size_t first_chunk_bytes, size_t limit_bytes)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->limit = limit_bytes;
    arena->chunks = chunk_new(first_chunk_bytes);
    return arena->chunks ? arena : arena_free(arena);
}

struct arena *arena_free(struct arena *arena)
{
    if (!arena)
        return NULL;
    for (struct chunk *c = arena->chunks, *next; c; c = next) {
        next = c->next;
        chunk_free(c);
    }
    free(arena);
    return NULL;
}

static size_t rounded(size_t size)
{
    const size_t align = alignof(max_align_t);
    return (size + align - 1) & ~(align - 1);
}

void *arena_take_raw(struct arena *arena, size_t size_bytes)
{
    if (size_bytes > arena->limit)
        return NULL;
    size_t size = rounded(size_bytes);
    if (size > arena->limit - arena->used)
        return NULL;

    struct chunk *c = arena->chunks;
    if (size > c->size - c->used) {
        c = chunk_new(size > arena->chunks->size ? size : arena->chunks->size);
        if (!c)
            return NULL;
        c->next = arena->chunks;
        arena->chunks = c;
    }
    void *at = c->bytes + c->used;
    c->used += size;
    arena->used += size;
    UNPOISON(at, size_bytes);
    return at;
}

void *arena_take(struct arena *arena, size_t size_bytes)
{
    void *at = arena_take_raw(arena, size_bytes);
    return at ? memset(at, 0, size_bytes) : NULL;
}

void *arena_take_n(struct arena *arena, size_t n, size_t size_bytes)
{
    size_t total;
    return __builtin_mul_overflow(n, size_bytes, &total) ? NULL : arena_take(arena, total);
}

struct str arena_copy(struct arena *arena, struct str text)
{
    char *at = arena_take_raw(arena, text.len + 1);
    if (!at)
        return (struct str){ 0 };
    if (text.len)
        memcpy(at, text.at, text.len);
    at[text.len] = '\0';
    return (struct str){ at, text.len };
}

void *arena_grow(struct arena *arena, void *last, size_t old_bytes, size_t new_bytes)
{
    struct chunk *c = arena->chunks;
    size_t old = rounded(old_bytes);
    bool is_last = last && c->used >= old && c->bytes + c->used - old == last;
    if (is_last && new_bytes <= arena->limit) {
        size_t more = rounded(new_bytes) - old;
        if (more <= c->size - c->used && more <= arena->limit - arena->used) {
            c->used += more;
            arena->used += more;
            UNPOISON(last, new_bytes);
            return last;
        }
    }
    void *moved = arena_take_raw(arena, new_bytes);
    if (moved && old_bytes)
        memcpy(moved, last, old_bytes);
    return moved;
}

void arena_reset(struct arena *arena)
{
    while (arena->chunks->next) {
        struct chunk *newest = arena->chunks;
        arena->chunks = newest->next;
        chunk_free(newest);
    }
    POISON(arena->chunks->bytes, arena->chunks->size);
    arena->chunks->used = 0;
    arena->used = 0;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
