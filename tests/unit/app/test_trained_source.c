/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/trained_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/out.h"
#include "fake_clock.h"
#include "model/trained.h"
#include "ports/model_store.h"
#include "suite.h"

/* What the fleet's store has, and how often it was fetched. */
static struct fake_store {
    struct model_store store; /* first */
    struct out bytes;
    uint64_t version;
    int fetches;
    enum err answer;
} fleet;

static enum err version(struct model_store *store, struct str shop, uint64_t *ret_version,
                        struct err_note *note)
{
    (void) store, (void) shop, (void) note;
    *ret_version = fleet.version;
    return fleet.answer;
}

static enum err fetch(struct model_store *store, struct str shop, void *self,
                      enum err (*take)(void *self, struct str piece), uint64_t *ret_version,
                      struct err_note *note)
{
    (void) store, (void) shop, (void) note;
    fleet.fetches++;
    *ret_version = fleet.version;
    return take(self, out_str(&fleet.bytes));
}

static void free_store(struct model_store *store)
{
    (void) store;
}

/* A model of one SKU, of so many orders. */
static void publish(uint64_t n_orders)
{
    static const struct str sku = STR("tea");
    static const float popularity = 1, weight = 0;
    const struct trained_parts parts = {
        .facts = { .form = TRAINED_DENSE, .n_skus = 1, .top = 1, .n_orders = n_orders },
        .skus = &sku,
        .popularity = &popularity,
        .weights = &weight,
    };
    out_deinit(&fleet.bytes);
    out_init(&fleet.bytes, NULL, 0);
    ck_assert_int_eq(trained_write(&parts, &fleet.bytes), OK);
    fleet.version++;
}

static char directory[64], data[128];
static struct fake_clock now;
static struct metrics *metrics;
static struct trained_source *source;

/* The data directory is not there yet: nothing can be written, as on a disk that is full. */
static void set_up(void)
{
    (void) snprintf(directory, sizeof directory, "/tmp/offerd-trained-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void) snprintf(data, sizeof data, "%s/data", directory);
    fleet =
        (struct fake_store){ .store = { .version = version, .fetch = fetch, .free = free_store } };
    out_init(&fleet.bytes, NULL, 0);
    fake_clock_init(&now, 1000000);
    metrics = metrics_new();
    log_setup(LOG_ERROR, false);
    ck_assert_int_eq(
        trained_source_new(data, STR("main"), &fleet.store, &now.clock, metrics, &source), OK);
}

static void tear_down(void)
{
    char path[256];
    trained_source_free(source);
    metrics_free(metrics);
    out_deinit(&fleet.bytes);
    (void) snprintf(path, sizeof path, "%s/" TRAINED_FILE_NAME, data);
    (void) unlink(path);
    (void) rmdir(data);
    (void) rmdir(directory);
}

static bool looks_after(int64_t us)
{
    fake_clock_advance(&now, us);
    return trained_source_look(source);
}

static uint64_t orders_at_hand(void)
{
    const struct trained *trained = trained_source_now(source);
    return trained ? trained_facts(trained)->n_orders : 0;
}

START_TEST(takes_over_what_the_fleet_has_and_fetches_it_once)
{
    ck_assert_int_eq(mkdir(data, 0700), 0);
    ck_assert(!looks_after(0));
    publish(7);
    ck_assert(looks_after(5000000));
    ck_assert_uint_eq(orders_at_hand(), 7);
    for (int i = 0; i < 5; i++)
        ck_assert(!looks_after(5000000));
    ck_assert_int_eq(fleet.fetches, 1);
}
END_TEST

START_TEST(one_that_could_not_be_written_is_taken_over_when_there_is_room_again)
{
    publish(7);
    ck_assert(!looks_after(0));
    ck_assert(!looks_after(5000000));
    ck_assert_int_eq(fleet.fetches, 1); /* not at each look: it is long */
    ck_assert(!looks_after(60000000));
    ck_assert_int_eq(fleet.fetches, 2);

    ck_assert_int_eq(mkdir(data, 0700), 0);
    ck_assert(looks_after(65000000));
    ck_assert_uint_eq(orders_at_hand(), 7);
    ck_assert(!looks_after(65000000));
    ck_assert_int_eq(fleet.fetches, 3);
}
END_TEST

START_TEST(a_bad_one_is_fetched_once_and_the_next_is_taken_over)
{
    ck_assert_int_eq(mkdir(data, 0700), 0);
    publish(7);
    fleet.bytes.at[fleet.bytes.len - 1] ^= 1;
    for (int i = 0; i < 5; i++)
        ck_assert(!looks_after(65000000));
    ck_assert_int_eq(fleet.fetches, 1);
    publish(8);
    ck_assert(looks_after(65000000));
    ck_assert_uint_eq(orders_at_hand(), 8);
}
END_TEST

static Suite *trained_sources(void)
{
    Suite *suite = suite_create("app/trained_source");
    TCase *tests = tcase_create("app/trained_source");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, takes_over_what_the_fleet_has_and_fetches_it_once);
    tcase_add_test(tests, one_that_could_not_be_written_is_taken_over_when_there_is_room_again);
    tcase_add_test(tests, a_bad_one_is_fetched_once_and_the_next_is_taken_over);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(trained_sources());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
