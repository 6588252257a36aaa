/* SPDX-License-Identifier: Apache-2.0 */
#include "base/snapshot.h"

#include <stdlib.h>

#include "suite.h"

struct version {
    struct snapshot snapshot;
    int number;
};

static atomic_int freed;

static void version_free(struct snapshot *snapshot)
{
    ((struct version *) snapshot)->number = -1; /* a reader that still looks at it sees this */
    free(snapshot);
    atomic_fetch_add(&freed, 1);
}

static struct snapshot *version_new(int number)
{
    struct version *version = malloc(sizeof *version);
    version->number = number;
    snapshot_init(&version->snapshot, version_free);
    return &version->snapshot;
}

START_TEST(keeps_a_version_while_a_view_holds_it)
{
    struct snapshot_slot slot;
    struct snapshot_view view = { 0 };
    freed = 0;
    snapshot_slot_init(&slot);
    ck_assert_ptr_null(snapshot_look(&slot, &view));

    snapshot_publish(&slot, version_new(1));
    struct version *one = (struct version *) snapshot_look(&slot, &view);
    snapshot_publish(&slot, version_new(2));
    ck_assert_int_eq(one->number, 1);
    ck_assert_int_eq(freed, 0);
    struct version *two = (struct version *) snapshot_look(&slot, &view);

    ck_assert_int_eq(two->number, 2);
    ck_assert_int_eq(freed, 1);
    snapshot_view_deinit(&view);
    snapshot_slot_deinit(&slot);
    ck_assert_int_eq(freed, 2);
}
END_TEST

static struct snapshot_slot shared;

static void *reader(void *arg)
{
    (void) arg;
    struct snapshot_view view = { 0 };
    int last = 0;
    while (last < 2000) {
        int now = ((struct version *) snapshot_look(&shared, &view))->number;
        if (now < last)
            return (void *) 1;
        last = now;
    }
    snapshot_view_deinit(&view);
    return NULL;
}

START_TEST(shows_every_thread_only_whole_and_never_older_versions)
{
    pthread_t threads[3];
    freed = 0;
    snapshot_slot_init(&shared);
    snapshot_publish(&shared, version_new(1));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, reader, NULL), 0);
    for (int n = 2; n <= 2000; n++)
        snapshot_publish(&shared, version_new(n));
    for (int i = 0; i < 3; i++) {
        void *wrong;
        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
    snapshot_slot_deinit(&shared);
    ck_assert_int_eq(freed, 2000);
}
END_TEST

SUITE_MAIN("base/snapshot", keeps_a_version_while_a_view_holds_it,
           shows_every_thread_only_whole_and_never_older_versions)
