/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/profiles.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "shop/event.h"
#include "suite.h"

static void publish(struct profiles *profiles, const char *customer)
{
    ck_assert_int_eq(profiles_publish(profiles, profile_new(str_of(customer))), OK);
}

static bool has(struct profiles *profiles, const char *customer)
{
    return profiles_find(profiles, str_of(customer)) != NULL;
}

START_TEST(finds_what_was_published_and_nothing_else)
{
    AUTO(profiles_free) struct profiles *profiles = profiles_new(100, 1);
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "c%d", i);
        publish(profiles, name);
    }

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "c%d", i);
        const struct profile *profile = profiles_find(profiles, str_of(name));
        ck_assert_ptr_nonnull(profile);
        ck_assert(str_is(profile->customer_id, name));
    }
    ck_assert(!has(profiles, "c100"));
    ck_assert_uint_eq(profiles_count(profiles), 100);
}
END_TEST

START_TEST(the_newest_profile_of_a_customer_takes_the_place_of_the_older)
{
    AUTO(profiles_free) struct profiles *profiles = profiles_new(10, 1);
    publish(profiles, "c");
    const struct event event = { .type = EVENT_SUPPORT_OPENED,
                                 .customer_id = STR("c"),
                                 .at_us = 5 };
    struct profile *next = NULL;
    ck_assert_int_eq(profile_apply(profiles_find(profiles, STR("c")), &event, 7, &next), OK);

    ck_assert_int_eq(profiles_publish(profiles, next), OK);
    profiles_advance(profiles);

    ck_assert_uint_eq(profiles_find(profiles, STR("c"))->position, 7);
    ck_assert_uint_eq(profiles_count(profiles), 1);
}
END_TEST

START_TEST(what_is_dropped_is_gone)
{
    AUTO(profiles_free) struct profiles *profiles = profiles_new(10, 1);
    publish(profiles, "a");
    publish(profiles, "b");
    publish(profiles, "c");

    profiles_drop(profiles, STR("a"));
    profiles_drop(profiles, STR("never there"));

    ck_assert(!has(profiles, "a"));
    ck_assert(has(profiles, "b"));
    ck_assert(has(profiles, "c"));
    ck_assert_uint_eq(profiles_count(profiles), 2);
}
END_TEST

START_TEST(when_it_is_full_those_nobody_asks_for_make_room)
{
    AUTO(profiles_free) struct profiles *profiles = profiles_new(8, 1);
    char name[16];
    publish(profiles, "wanted");
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "c%d", i);
        publish(profiles, name);
        ck_assert(has(profiles, "wanted"));
        ck_assert_uint_le(profiles_count(profiles), 8);
        profiles_advance(profiles);
    }

    ck_assert(!has(profiles, "c0"));
    ck_assert(has(profiles, "c999"));
}
END_TEST

START_TEST(large_profiles_make_room_before_there_are_too_many)
{
    AUTO(profiles_free) struct profiles *profiles = profiles_new(100, 1);
    static struct order_line lines[PROFILE_MAX_OWNED];
    static char skus[PROFILE_MAX_OWNED][16];
    char name[16];
    for (int i = 0; i < PROFILE_MAX_OWNED; i++) {
        snprintf(skus[i], sizeof *skus, "SKU-%d", i);
        lines[i] = (struct order_line){ str_of(skus[i]), 1, 1 };
    }
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "c%d", i);
        publish(profiles, name);
        const struct event order = { .type = EVENT_ORDER_PLACED,
                                     .customer_id = str_of(name),
                                     .at_us = 1,
                                     .order = { .lines = lines, .n_lines = PROFILE_MAX_OWNED } };
        struct profile *large = NULL;
        ck_assert_int_eq(profile_apply(NULL, &order, 1, &large), OK);
        ck_assert_uint_gt(profile_bytes(large), 16000);
        ck_assert_int_eq(profiles_publish(profiles, large), OK);
        profiles_advance(profiles);
    }

    ck_assert_uint_lt(profiles_count(profiles), 30);
    ck_assert_uint_gt(profiles_count(profiles), 10);
}
END_TEST

START_TEST(a_profile_stays_readable_until_the_section_ends)
{
    AUTO(profiles_free) struct profiles *profiles = profiles_new(4, 1);
    struct epoch_reader *reader = epoch_reader_new(profiles_epoch(profiles));
    publish(profiles, "c");
    epoch_enter(profiles_epoch(profiles), reader);
    const struct profile *seen = profiles_find(profiles, STR("c"));

    profiles_drop(profiles, STR("c"));
    for (int i = 0; i < 5; i++)
        profiles_advance(profiles);

    ck_assert(str_is(seen->customer_id, "c")); /* a sanitizer would object */
    ck_assert_uint_eq(epoch_waiting(profiles_epoch(profiles)), 1);
    epoch_leave(reader);
    profiles_advance(profiles);
    ck_assert_uint_eq(epoch_waiting(profiles_epoch(profiles)), 0);
}
END_TEST

enum { CUSTOMERS = 40, READERS = 3, ROUNDS = 20000 };

static struct profiles *shared;
static atomic_bool over;

static void customer_name(char *name, unsigned n)
{
    snprintf(name, 16, "c%u", n % CUSTOMERS);
}

/* Looks profiles up as fast as it can; counts those that are not whole. */
static void *look(void *wrong)
{
    struct epoch_reader *reader = epoch_reader_new(profiles_epoch(shared));
    char name[16];
    for (unsigned n = 0; !atomic_load(&over); n++) {
        customer_name(name, n * 7);
        epoch_enter(profiles_epoch(shared), reader);
        const struct profile *profile = profiles_find(shared, str_of(name));
        if (profile &&
            (!str_is(profile->customer_id, name) || profile->n_viewed > PROFILE_MAX_VIEWED ||
             (uint64_t) profile->last_seen_us != profile->position))
            (*(int *) wrong)++;
        epoch_leave(reader);
    }
    epoch_reader_free(reader);
    return NULL;
}

static void fold_one(unsigned n)
{
    char name[16];
    customer_name(name, n);
    struct event event = { .type = EVENT_PRODUCT_VIEWED,
                           .customer_id = str_of(name),
                           .sku = STR("S"),
                           .at_us = (int64_t) n + 1 };
    struct profile *next = NULL;
    ck_assert_int_eq(profile_apply(profiles_find(shared, str_of(name)), &event, n + 1, &next), OK);
    ck_assert_int_eq(profiles_publish(shared, next), OK);
    if (n % 11 == 0)
        profiles_drop(shared, str_of(name));
    profiles_advance(shared);
}

START_TEST(readers_see_whole_profiles_while_the_writer_folds_evicts_and_drops)
{
    pthread_t threads[READERS];
    int wrong[READERS] = { 0 };
    shared = profiles_new(CUSTOMERS / 2, READERS);
    atomic_store(&over, false);
    for (int i = 0; i < READERS; i++)
        pthread_create(&threads[i], NULL, look, &wrong[i]);

    for (unsigned n = 0; n < ROUNDS; n++)
        fold_one(n);
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);

    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(wrong[i], 0);
    shared = profiles_free(shared);
}
END_TEST

SUITE_MAIN("learn/profiles", finds_what_was_published_and_nothing_else,
           the_newest_profile_of_a_customer_takes_the_place_of_the_older, what_is_dropped_is_gone,
           when_it_is_full_those_nobody_asks_for_make_room,
           large_profiles_make_room_before_there_are_too_many,
           a_profile_stays_readable_until_the_section_ends,
           readers_see_whole_profiles_while_the_writer_folds_evicts_and_drops)
