/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suite.h"

/* Under AddressSanitizer large chunks are malloc's. */
#if defined(__SANITIZE_ADDRESS__)
enum { WITH_ASAN = 1 };
#elif defined(__has_feature)
enum { WITH_ASAN = __has_feature(address_sanitizer) };
#else
enum { WITH_ASAN = 0 };
#endif

START_TEST(refuses_beyond_its_limit_and_recovers_after_reset)
{
    AUTO(arena_free) struct arena *arena = arena_new(256, 1024);
    ck_assert_ptr_nonnull(arena_take(arena, 1000));
    ck_assert_ptr_null(arena_take(arena, 64));
    arena_reset(arena);
    ck_assert_uint_eq(arena_used(arena), 0);
    ck_assert_ptr_nonnull(arena_take(arena, 64));
    ck_assert_ptr_null(arena_take_n(arena, SIZE_MAX / 2, 4));
}
END_TEST

START_TEST(gives_zeroed_memory_again_after_a_reset)
{
    AUTO(arena_free) struct arena *arena = arena_new(256, 1024);
    memset(arena_take(arena, 100), 0x55, 100);
    arena_reset(arena);

    const unsigned char *again = arena_take(arena, 100);

    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(again[i], 0);
}
END_TEST

START_TEST(grows_the_last_block_in_place_and_moves_another)
{
    AUTO(arena_free) struct arena *arena = arena_new(4096, 65536);
    char *first = arena_take_raw(arena, 16);
    memcpy(first, "0123456789abcde", 16);

    char *grown = arena_grow(arena, first, 16, 64);
    ck_assert_ptr_eq(grown, first);
    (void) arena_take(arena, 1);
    char *moved = arena_grow(arena, grown, 64, 128);

    ck_assert_ptr_ne(moved, first);
    ck_assert_str_eq(moved, "0123456789abcde");
}
END_TEST

START_TEST(copies_text_with_a_nul_behind_it)
{
    AUTO(arena_free) struct arena *arena = arena_new(64, 128);
    struct str copy = arena_copy(arena, STR("abc"));
    ck_assert_uint_eq(copy.len, 3);
    ck_assert_str_eq(copy.at, "abc");
    ck_assert_ptr_null(arena_copy(arena, (struct str){ copy.at, 4096 }).at);
}
END_TEST

START_TEST(gives_a_large_chunk_back_to_the_system)
{
    enum { LARGE = 4 << 20 };
    void *volatile before = malloc(2 * LARGE);
    free(before); /* from now on glibc keeps what is freed */
    struct arena *arena = arena_new(LARGE, LARGE);
    unsigned char *taken = arena_take(arena, LARGE), resident;
    ck_assert_ptr_nonnull(taken);
    uintptr_t page = ((uintptr_t) taken + LARGE / 2) & ~((uintptr_t) sysconf(_SC_PAGESIZE) - 1);
    ck_assert_int_eq(mincore((void *) page, 1, &resident), 0);

    arena_free(arena);

    int there = mincore((void *) page, 1, &resident);
    ck_assert(WITH_ASAN || (there == -1 && errno == ENOMEM));
}
END_TEST

SUITE_MAIN("base/arena", refuses_beyond_its_limit_and_recovers_after_reset,
           gives_a_large_chunk_back_to_the_system, gives_zeroed_memory_again_after_a_reset,
           grows_the_last_block_in_place_and_moves_another, copies_text_with_a_nul_behind_it)
