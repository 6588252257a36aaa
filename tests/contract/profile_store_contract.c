/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/profile_store.h promises, asked of the fake and of the embedded store (learn.h)
 * alike. Each store knows one customer, "known", with one event, and no other.
 */
#include <semaphore.h>
#include <stdio.h>

#include "fake_clock.h"
#include "fake_event_log.h"
#include "fake_profile_store.h"
#include "learn.h"
#include "ports/event_log.h"
#include "ports/profile_store.h"
#include "shop/customer.h"
#include "suite.h"

enum { FAKE, EMBEDDED, STORES };

static struct fake_profile_store *fake;
static struct fake_clock fake_clock;
static struct metrics *metrics;
static struct learn *learn;
static struct profile_store *store;
static void *reader;

static const char payload[] =
    "{\"event_id\":\"e\",\"type\":\"product_viewed\",\"customer_id\":\"known\",\"sku\":\"S\"}";

static const struct event the_event = {
    .event_id = { "e", 1 },
    .type = EVENT_PRODUCT_VIEWED,
    .shop = { "main", 4 },
    .customer_id = { "known", 5 },
    .at_us = 5000,
    .sku = { "S", 1 },
    .payload = { payload, sizeof payload - 1 },
};

static struct profile_store *open_fake(void)
{
    struct profile *profile = NULL;
    ck_assert_int_eq(profile_apply(NULL, &the_event, 1, &profile), OK);
    fake = fake_profile_store_new();
    fake_profile_store_put(fake, profile, FAKE_PROFILE_LATE);
    return fake_profile_store_port(fake);
}

static struct profile_store *open_embedded(void)
{
    const struct learn_settings settings = {
        .shop = STR("main"), .queue_events = 10, .commit_events = 10, .hot_profiles = 10
    };
    const struct event *events[] = { &the_event };
    struct append_outcome outcome;
    struct event_log *log = NULL;
    struct err_note note;
    ck_assert_int_eq(fake_event_log_new(&log), OK);
    ck_assert_int_eq(log->append(log, events, 1, 1, &outcome, &note), OK);
    fake_clock_init(&fake_clock, 1000000);
    metrics = metrics_new();
    ck_assert_int_eq(learn_start(&settings, log, &fake_clock.clock, metrics, &learn, &note), OK);
    return learn_profiles(learn);
}

static void open_store(int which)
{
    store = which == FAKE ? open_fake() : open_embedded();
    reader = store->reader_new(store, NULL);
    ck_assert_ptr_nonnull(reader);
}

static void close_store(void)
{
    store->reader_free(store, reader);
    fake = fake_profile_store_free(fake);
    if (learn)
        learn = learn_stop(learn);
    metrics = metrics_free(metrics);
}

struct waiting {
    struct profile_waiter waiter;
    sem_t told;
};

static void on_ready(struct profile_waiter *waiter)
{
    sem_post(&((struct waiting *) waiter)->told);
}

static enum profile_answer find(const char *customer, struct waiting *waiting,
                                uint64_t *ret_position)
{
    const struct profile *profile = NULL;
    store->read_begin(store, reader);
    enum profile_answer answer =
        store->find(store, reader, str_of(customer), &waiting->waiter, &profile);
    if (answer == PROFILE_HERE) {
        *ret_position = profile ? profile->position : 0;
        if (profile)
            ck_assert(str_is(profile->customer_id, customer));
    }
    store->read_end(store, reader);
    return answer;
}

static void wait_for(struct waiting *waiting)
{
    if (fake)
        fake_profile_store_arrive(fake);
    sem_wait(&waiting->told);
}

/* Asks until it is there, as a decision does. */
static uint64_t position_of(const char *customer)
{
    struct waiting waiting = { .waiter.ready = on_ready };
    uint64_t position = 99;
    sem_init(&waiting.told, 0, 0);
    while (find(customer, &waiting, &position) != PROFILE_HERE)
        wait_for(&waiting);
    sem_destroy(&waiting.told);
    return position;
}

START_TEST(a_profile_that_must_be_fetched_comes_and_is_at_hand_after)
{
    struct waiting waiting = { .waiter.ready = on_ready };
    uint64_t position = 0;
    open_store(_i);
    sem_init(&waiting.told, 0, 0);

    ck_assert_int_eq(find("known", &waiting, &position), PROFILE_COMING);
    wait_for(&waiting);

    ck_assert_int_eq(find("known", &waiting, &position), PROFILE_HERE);
    ck_assert_uint_eq(position, 1);
    close_store();
}
END_TEST

START_TEST(a_stranger_has_no_profile)
{
    open_store(_i);
    ck_assert_uint_eq(position_of("stranger"), 0);
    ck_assert_uint_eq(position_of("stranger"), 0);
    close_store();
}
END_TEST

START_TEST(each_waiter_is_told_once)
{
    struct waiting one = { .waiter.ready = on_ready }, two = { .waiter.ready = on_ready };
    uint64_t position;
    int more = -1;
    open_store(_i);
    sem_init(&one.told, 0, 0);
    sem_init(&two.told, 0, 0);
    enum profile_answer first = find("known", &one, &position),
                        second = find("known", &two, &position);
    ck_assert_int_eq(first, PROFILE_COMING);

    wait_for(&one);
    if (second == PROFILE_COMING)
        sem_wait(&two.told);
    ck_assert_uint_eq(position_of("known"), 1);

    sem_getvalue(&one.told, &more);
    ck_assert_int_eq(more, 0);
    sem_getvalue(&two.told, &more);
    ck_assert_int_eq(more, 0);
    close_store();
}
END_TEST

START_TEST(forgetting_is_harmless_whether_it_was_told_or_not)
{
    struct waiting waiting = { .waiter.ready = on_ready }, never = { .waiter.ready = on_ready };
    uint64_t position;
    open_store(_i);
    sem_init(&waiting.told, 0, 0);
    store->forget(store, &never.waiter);
    ck_assert_int_eq(find("known", &waiting, &position), PROFILE_COMING);
    store->forget(store, &waiting.waiter);
    store->forget(store, &waiting.waiter);

    ck_assert_uint_eq(position_of("known"), 1);
    store->forget(store, &waiting.waiter);
    close_store();
}
END_TEST

static Suite *contract(void)
{
    const TTest *const of_every_store[] = {
        a_profile_that_must_be_fetched_comes_and_is_at_hand_after,
        a_stranger_has_no_profile,
        each_waiter_is_told_once,
        forgetting_is_harmless_whether_it_was_told_or_not,
    };
    Suite *suite = suite_create("contract/profile_store");
    TCase *tests = tcase_create("contract/profile_store");
    for (size_t i = 0; i < sizeof of_every_store / sizeof *of_every_store; i++)
        tcase_add_loop_test(tests, of_every_store[i], 0, STORES);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(contract());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
