/* SPDX-License-Identifier: Apache-2.0 */
#include "base/epoch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "suite.h"

static int freed;

static void count_and_free(void *block)
{
    freed++;
    free(block);
}

START_TEST(frees_what_nobody_can_see)
{
    AUTO(epoch_free) struct epoch *epoch = epoch_new(2);
    freed = 0;
    epoch_retire(epoch, malloc(1), count_and_free);
    epoch_retire(epoch, malloc(1), count_and_free);

    epoch_advance(epoch);

    ck_assert_int_eq(freed, 2);
    ck_assert_uint_eq(epoch_waiting(epoch), 0);
}
END_TEST

START_TEST(waits_for_a_reader_that_was_inside)
{
    AUTO(epoch_free) struct epoch *epoch = epoch_new(2);
    struct epoch_reader *reader = epoch_reader_new(epoch);
    freed = 0;
    epoch_enter(epoch, reader);
    epoch_retire(epoch, malloc(1), count_and_free);
    for (int i = 0; i < 10; i++)
        epoch_advance(epoch);
    ck_assert_int_eq(freed, 0);

    epoch_leave(reader);
    epoch_advance(epoch);

    ck_assert_int_eq(freed, 1);
    epoch_reader_free(reader);
}
END_TEST

START_TEST(does_not_wait_for_a_reader_that_came_later)
{
    AUTO(epoch_free) struct epoch *epoch = epoch_new(2);
    struct epoch_reader *reader = epoch_reader_new(epoch);
    freed = 0;
    epoch_retire(epoch, malloc(1), count_and_free);
    epoch_advance(epoch);
    ck_assert_int_eq(freed, 1);
    epoch_enter(epoch, reader);
    epoch_retire(epoch, malloc(1), count_and_free);
    epoch_advance(epoch);
    epoch_leave(reader);
    epoch_enter(epoch, reader); /* again, later: it cannot have seen the second */

    epoch_advance(epoch);

    ck_assert_int_eq(freed, 2);
    epoch_leave(reader);
}
END_TEST

START_TEST(has_room_for_so_many_readers_and_takes_a_place_back)
{
    AUTO(epoch_free) struct epoch *epoch = epoch_new(2);
    struct epoch_reader *one = epoch_reader_new(epoch), *two = epoch_reader_new(epoch);
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_nonnull(two);
    ck_assert_ptr_null(epoch_reader_new(epoch));

    epoch_reader_free(one);

    ck_assert_ptr_nonnull(epoch_reader_new(epoch));
}
END_TEST

enum { READERS = 3, CHANGES = 50000 };

static struct epoch *shared;
static _Atomic(int *) number;
static atomic_bool over;

static void spoil_and_free(void *block)
{
    *(int *) block = -1; /* a reader that still looks at it sees this, and so does a sanitizer */
    free(block);
}

static void *read_on(void *seen)
{
    struct epoch_reader *reader = epoch_reader_new(shared);
    int last = 0;
    while (!atomic_load(&over)) {
        epoch_enter(shared, reader);
        int now = *atomic_load(&number);
        if (now < last)
            *(int *) seen = now;
        last = now;
        epoch_leave(reader);
    }
    epoch_reader_free(reader);
    return NULL;
}

static int *number_new(int value)
{
    int *block = malloc(sizeof *block);
    *block = value;
    return block;
}

START_TEST(readers_never_see_freed_memory_while_a_writer_replaces_it)
{
    pthread_t threads[READERS];
    int seen[READERS] = { 0 };
    shared = epoch_new(READERS);
    atomic_store(&number, number_new(1));
    atomic_store(&over, false);
    for (int i = 0; i < READERS; i++)
        pthread_create(&threads[i], NULL, read_on, &seen[i]);

    for (int i = 2; i < CHANGES; i++) {
        epoch_retire(shared, atomic_exchange(&number, number_new(i)), spoil_and_free);
        epoch_advance(shared);
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);

    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(seen[i], 0);
    free(atomic_load(&number));
    shared = epoch_free(shared);
}
END_TEST

SUITE_MAIN("base/epoch", frees_what_nobody_can_see, waits_for_a_reader_that_was_inside,
           does_not_wait_for_a_reader_that_came_later,
           has_room_for_so_many_readers_and_takes_a_place_back,
           readers_never_see_freed_memory_while_a_writer_replaces_it)
