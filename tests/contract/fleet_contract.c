/* SPDX-License-Identifier: Apache-2.0 */
/* What ports/fleet.h promises, asked of the fake and of PostgreSQL alike. */
#include <poll.h>
#include <stdio.h>

#include "fake_fleet.h"
#include "ports/catalog_store.h"
#include "ports/fleet.h"
#include "scratch_schema.h"
#include "store/postgresql/pg_catalog.h"
#include "store/postgresql/pg_fleet.h"
#include "store/postgresql/pg_schema.h"
#include "suite.h"

enum { FAKE, POSTGRESQL, FLEETS };

static bool scratch_made;
static struct fake_fleet *fake;
static struct err_note note;

static void set_up(void)
{
    scratch_made = false;
    fake = fake_fleet_new();
}

static void tear_down(void)
{
    fake_fleet_free(fake);
    if (scratch_made)
        scratch_drop();
}

static struct pg_settings database(void)
{
    return (struct pg_settings){
        .url = scratch_url(), .connect_ms = 20000, .append_ms = 20000, .read_ms = 20000
    };
}

static struct fleet *member_of(int which)
{
    struct fleet *fleet = NULL;
    struct pg_settings settings = database();
    if (which == FAKE)
        return fake_fleet_join(fake);
    if (!scratch_made)
        scratch_make();
    scratch_made = true;
    enum err err = pg_schema_migrate(&settings, NULL, NULL, &note);
    if (err == OK)
        err = pg_fleet_new(&settings, &fleet, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return fleet;
}

/* What was heard: how many marks, and of the first customers the furthest position. */
struct heard {
    char customers[8][32];
    uint64_t positions[8], sum;
    uint32_t n, n_customers;
    bool catalog;
};

static void listen(void *self, const struct fleet_mark *mark)
{
    struct heard *heard = self;
    uint32_t i = 0;
    heard->n++;
    heard->sum += mark->position;
    while (i < heard->n_customers && !str_is(mark->customer_id, heard->customers[i]))
        i++;
    if (i == 8)
        return;
    if (i == heard->n_customers)
        snprintf(heard->customers[heard->n_customers++], 32, "%.*s", STR_ARG(mark->customer_id));
    if (heard->positions[i] < mark->position)
        heard->positions[i] = mark->position;
}

/* "a=3 b=7 ": in the order in which they were first heard. */
static const char *text_of(struct heard heard)
{
    static char text[512];
    text[0] = '\0';
    for (uint32_t i = 0; i < heard.n_customers; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%llu ", heard.customers[i],
                 (unsigned long long) heard.positions[i]);
    return text;
}

/* Hears until it is complete, as a replica does tick by tick; waits on the descriptor in between. */
static void hear_more(struct fleet *fleet, struct heard *heard)
{
    for (int i = 0; i < 1000; i++) {
        bool changed = false;
        enum err err = fleet->hear(fleet, STR("main"), heard, listen, &changed, &note);
        heard->catalog |= err == OK && changed;
        if (err == OK)
            return;
        struct pollfd waiting = { .fd = fleet->fd(fleet), .events = POLLIN };
        (void) poll(&waiting, 1, 20);
    }
    ck_abort_msg("nothing heard: %s", note.text);
}

static struct heard hear(struct fleet *fleet)
{
    struct heard heard = { 0 };
    hear_more(fleet, &heard);
    return heard;
}

/* Until @n marks were heard: they are delivered soon after the commit, not with it. */
static struct heard hear_n(struct fleet *fleet, uint32_t n)
{
    struct heard heard = { 0 };
    for (int i = 0; i < 1000 && heard.n < n; i++) {
        hear_more(fleet, &heard);
        struct pollfd waiting = { .fd = fleet->fd(fleet), .events = POLLIN };
        if (heard.n < n)
            (void) poll(&waiting, 1, 20);
    }
    return heard;
}

static void tell(struct fleet *fleet, const char *customer_id, uint64_t position)
{
    const struct fleet_mark mark = { str_of(customer_id), position };
    enum err err = fleet->tell(fleet, STR("main"), &mark, 1, &note);
    ck_assert_msg(err == OK, "%s", note.text);
}

static void settle(struct fleet *fleet, const char *customer_id, uint64_t position)
{
    const struct fleet_mark mark = { str_of(customer_id), position };
    enum err err = fleet->settle(fleet, STR("main"), &mark, 1, &note);
    ck_assert_msg(err == OK, "%s", note.text);
}

START_TEST(what_one_tells_all_hear_once)
{
    struct fleet *one = member_of(_i), *two = member_of(_i);
    ck_assert_str_eq(text_of(hear(one)), "");
    ck_assert_str_eq(text_of(hear(two)), "");

    tell(one, "c 1", 17);

    ck_assert_str_eq(text_of(hear_n(two, 1)), "c 1=17 ");
    ck_assert_str_eq(text_of(hear_n(one, 1)), "c 1=17 ");
    ck_assert_str_eq(text_of(hear(two)), "");
    one->free(one);
    two->free(two);
}
END_TEST

START_TEST(the_first_hear_tells_all_that_stands)
{
    struct fleet *one = member_of(_i), *late;
    tell(one, "a", 3);
    tell(one, "a", 5);
    tell(one, "a", 4);

    late = member_of(_i);

    ck_assert_str_eq(text_of(hear(late)), "a=5 ");
    ck_assert_str_eq(text_of(hear(late)), "");
    one->free(one);
    late->free(late);
}
END_TEST

START_TEST(what_is_settled_stands_no_more)
{
    struct fleet *one = member_of(_i), *late;
    tell(one, "a", 3);
    tell(one, "b", 7);
    settle(one, "a", 3);
    settle(one, "b", 6); /* the log has come further since */
    settle(one, "unknown", 9);

    late = member_of(_i);

    ck_assert_str_eq(text_of(hear(late)), "b=7 ");
    one->free(one);
    late->free(late);
}
END_TEST

START_TEST(postgresql_keeps_shops_apart)
{
    struct fleet *one = member_of(POSTGRESQL), *two = member_of(POSTGRESQL), *late;
    const struct fleet_mark mark = { STR("theirs"), 3 };
    (void) hear(two);
    ck_assert_int_eq(one->tell(one, STR("other"), &mark, 1, &note), OK);
    tell(one, "ours", 4);

    ck_assert_str_eq(text_of(hear_n(two, 1)), "ours=4 ");
    late = member_of(POSTGRESQL);
    ck_assert_str_eq(text_of(hear(late)), "ours=4 ");
    ck_assert_int_eq(one->settle(one, STR("main"), &mark, 1, &note), OK);
    one->free(one);
    two->free(two);
    late->free(late);
}
END_TEST

START_TEST(many_marks_at_once_are_all_heard)
{
    enum { MANY = 1000 };
    struct fleet *one = member_of(_i), *two = member_of(_i);
    static char ids[MANY][129];
    static struct fleet_mark marks[MANY];
    uint64_t sum = 0;
    (void) hear(two);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "%0128u", i);
        marks[i] = (struct fleet_mark){ str_of(ids[i]), i };
        sum += i;
    }

    ck_assert_int_eq(one->tell(one, STR("main"), marks, MANY, &note), OK);

    struct heard heard = hear_n(two, MANY);
    ck_assert_uint_eq(heard.n, MANY);
    ck_assert_uint_eq(heard.sum, sum);
    ck_assert_int_eq(one->settle(one, STR("main"), marks, MANY, &note), OK);
    one->free(one);
    two->free(two);
}
END_TEST

START_TEST(one_customer_twice_in_one_telling_stands_once)
{
    struct fleet *one = member_of(_i), *late;
    const struct fleet_mark marks[] = { { STR("a"), 8 }, { STR("a"), 6 } };
    ck_assert_int_eq(one->tell(one, STR("main"), marks, 2, &note), OK);
    ck_assert_int_eq(one->tell(one, STR("main"), NULL, 0, &note), OK);

    late = member_of(_i);

    ck_assert_str_eq(text_of(hear(late)), "a=8 ");
    one->free(one);
    late->free(late);
}
END_TEST

START_TEST(postgresql_tells_of_a_new_catalogue)
{
    struct fleet *fleet = member_of(POSTGRESQL);
    struct pg_settings settings = database();
    struct catalog_store *store = NULL;
    ck_assert(hear(fleet).catalog); /* it may have changed before we listened */
    ck_assert(!hear(fleet).catalog);
    ck_assert_int_eq(pg_catalog_new(&settings, &store, &note), OK);
    ck_assert_int_eq(store->begin(store, STR("main"), STR("JPY"), &note), OK);
    ck_assert_int_eq(store->commit(store, &note), OK);

    struct heard heard = { 0 };
    for (int i = 0; i < 1000 && !heard.catalog; i++) {
        struct pollfd waiting = { .fd = fleet->fd(fleet), .events = POLLIN };
        (void) poll(&waiting, 1, 20);
        hear_more(fleet, &heard);
    }

    ck_assert(heard.catalog);
    store->free(store);
    fleet->free(fleet);
}
END_TEST

START_TEST(postgresql_tells_all_that_stands_again_after_the_connection_was_lost)
{
    struct fleet *fleet = member_of(POSTGRESQL);
    (void) hear(fleet);
    tell(fleet, "a", 3);
    (void) hear_n(fleet, 1);

    (void) scratch_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE application_name = 'offerd' AND datname = current_database()");

    ck_assert_str_eq(text_of(hear_n(fleet, 1)), "a=3 ");
    fleet->free(fleet);
}
END_TEST

/* An import while no replica ran leaves a mark for each customer: to read them takes a while. */
START_TEST(postgresql_hears_marks_that_take_longer_than_a_wait_to_read)
{
    enum { MANY = 100000 };
    struct fleet *migrated = member_of(POSTGRESQL);
    migrated->free(migrated);
    (void) scratch_sql("INSERT INTO fleet_marks (shop, customer_id, position) "
                       "SELECT 'main', 'c' || i, i FROM generate_series(1, 100000) AS i");
    struct pg_settings settings = database();
    struct fleet *fleet = NULL;
    settings.read_ms = 25;
    ck_assert_int_eq(pg_fleet_new(&settings, &fleet, &note), OK);

    struct heard heard = hear(fleet);

    ck_assert_uint_ge(heard.n, MANY);
    ck_assert_str_eq(text_of(hear(fleet)), "");
    fleet->free(fleet);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const of_every_fleet[] = {
        what_one_tells_all_hear_once,
        the_first_hear_tells_all_that_stands,
        what_is_settled_stands_no_more,
        many_marks_at_once_are_all_heard,
        one_customer_twice_in_one_telling_stands_once,
    };
    const int fleets = scratch_database() ? FLEETS : POSTGRESQL;
    Suite *suite = suite_create("contract/fleet");
    TCase *tests = tcase_create("contract/fleet");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    for (size_t i = 0; i < sizeof of_every_fleet / sizeof *of_every_fleet; i++)
        tcase_add_loop_test(tests, of_every_fleet[i], 0, fleets);
    if (scratch_database()) {
        tcase_add_test(tests, postgresql_keeps_shops_apart);
        tcase_add_test(tests, postgresql_tells_of_a_new_catalogue);
        tcase_add_test(tests, postgresql_tells_all_that_stands_again_after_the_connection_was_lost);
        tcase_add_test(tests, postgresql_hears_marks_that_take_longer_than_a_wait_to_read);
    }
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
