/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/event_log.h promises, asked of the fake and of the SQLite log alike, and of both
 * behind a spool.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metric.h"
#include "fake_clock.h"
#include "fake_event_log.h"
#include "ports/event_log.h"
#include "shop/event.h"
#include "store/spooled_event_log.h"
#include "store/sqlite_event_log.h"
#include "suite.h"

enum { FAKE, SQLITE, SPOOLED_FAKE, SPOOLED_SQLITE, LOGS };

static char directory[64];
static struct fake_clock fake_clock;
static struct metrics *metrics;

static void remove_directory(void)
{
    static const char *const names[] = { "offerd.db", "offerd.db-wal", "offerd.db-shm", "spool.db",
                                         "spool.db-wal" };
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
    metrics = metrics_free(metrics);
}

static void set_up(void)
{
    snprintf(directory, sizeof directory, "/tmp/offerd-contract-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    fake_clock_init(&fake_clock, 1000000);
    metrics = metrics_new();
}

static struct event_log *open_plain(bool fake)
{
    struct event_log *log = NULL;
    struct err_note note = { "" };
    enum err err = fake ? fake_event_log_new(&log) : sqlite_event_log_new(directory, &log, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return log;
}

static struct event_log *open_log(int which)
{
    struct event_log *log = open_plain(which == FAKE || which == SPOOLED_FAKE);
    const struct spool_settings settings = { .max_bytes = 1 << 24 };
    struct err_note note = { "" };
    if (which != SPOOLED_FAKE && which != SPOOLED_SQLITE)
        return log;
    enum err err =
        spooled_event_log_new(log, directory, &settings, &fake_clock.clock, metrics, &log, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return log;
}

static struct event event_of(enum event_type type, const char *id, const char *customer)
{
    return (struct event){ .event_id = str_of(id),
                           .type = type,
                           .shop = STR("main"),
                           .customer_id = str_of(customer),
                           .at_us = 1234567890123456,
                           .payload = STR("{\"text\":\"いい\"}") };
}

static enum append_result append_one(struct event_log *log, const struct event *event,
                                     uint64_t *ret_position)
{
    struct err_note note;
    struct append_outcome outcome = { APPEND_DUPLICATE };
    const struct event *events[] = { event };
    ck_assert_int_eq(log->append(log, events, 1, 1, &outcome, &note), OK);
    *ret_position = outcome.position;
    return outcome.result;
}

/* What a visitor saw, as one line of text. */
struct seen {
    char text[512];
    uint64_t last;
    uint32_t n, stop_after;
};

static enum err look(void *self, const struct logged_event *event)
{
    struct seen *seen = self;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof seen->text - len, "%.*s ", STR_ARG(event->event_id));
    ck_assert(event->position > seen->last);
    ck_assert(str_is(event->payload, "{\"text\":\"いい\"}"));
    ck_assert_int_eq(event->at_us, 1234567890123456);
    seen->last = event->position;
    seen->n++;
    return seen->stop_after && seen->n == seen->stop_after ? ERR_LIMIT : OK;
}

static struct seen customer_events(struct event_log *log, const char *customer, uint64_t after)
{
    struct seen seen = { .last = after };
    struct err_note note;
    ck_assert_int_eq(
        log->read_customer(log, STR("main"), str_of(customer), after, &seen, look, &note), OK);
    return seen;
}

START_TEST(gives_back_what_was_appended_in_order)
{
    struct event_log *log = open_log(_i);
    uint64_t one, two, three;
    struct event a = event_of(EVENT_ORDER_PLACED, "a", "c1"),
                 b = event_of(EVENT_FEEDBACK, "b", "c2"),
                 c = event_of(EVENT_PRODUCT_VIEWED, "c", "c1");

    ck_assert_int_eq(append_one(log, &a, &one), APPEND_ACCEPTED);
    ck_assert_int_eq(append_one(log, &b, &two), APPEND_ACCEPTED);
    ck_assert_int_eq(append_one(log, &c, &three), APPEND_ACCEPTED);

    ck_assert_uint_lt(one, two);
    ck_assert_uint_lt(two, three);
    ck_assert_str_eq(customer_events(log, "c1", 0).text, "a c ");
    ck_assert_str_eq(customer_events(log, "c1", one).text, "c ");
    ck_assert_str_eq(customer_events(log, "c2", 0).text, "b ");
    ck_assert_str_eq(customer_events(log, "c3", 0).text, "");
    log->free(log);
}
END_TEST

START_TEST(a_repeat_is_a_duplicate_in_the_log_and_in_one_batch)
{
    struct event_log *log = open_log(_i);
    struct event a = event_of(EVENT_FEEDBACK, "a", "c"), b = event_of(EVENT_FEEDBACK, "b", "c"),
                 again = event_of(EVENT_ORDER_PLACED, "a", "other");
    const struct event *batch[] = { &a, &b, &again, &b };
    struct append_outcome outcomes[4];
    uint64_t position;
    struct err_note note;

    ck_assert_int_eq(log->append(log, batch, 4, 1, outcomes, &note), OK);

    ck_assert_int_eq(outcomes[0].result, APPEND_ACCEPTED);
    ck_assert_int_eq(outcomes[1].result, APPEND_ACCEPTED);
    ck_assert_int_eq(outcomes[2].result, APPEND_DUPLICATE);
    ck_assert_int_eq(outcomes[3].result, APPEND_DUPLICATE);
    ck_assert_uint_lt(outcomes[0].position, outcomes[1].position);
    ck_assert_int_eq(append_one(log, &b, &position), APPEND_DUPLICATE);
    ck_assert_str_eq(customer_events(log, "c", 0).text, "a b ");
    ck_assert_str_eq(customer_events(log, "other", 0).text, "");
    log->free(log);
}
END_TEST

START_TEST(shops_do_not_see_each_other)
{
    struct event_log *log = open_log(_i);
    struct event ours = event_of(EVENT_ORDER_PLACED, "a", "c"),
                 theirs = event_of(EVENT_ORDER_PLACED, "a", "c");
    theirs.shop = STR("other");
    uint64_t position;
    struct seen seen = { 0 };
    struct err_note note;

    ck_assert_int_eq(append_one(log, &ours, &position), APPEND_ACCEPTED);
    ck_assert_int_eq(append_one(log, &theirs, &position), APPEND_ACCEPTED);

    ck_assert_str_eq(customer_events(log, "c", 0).text, "a ");
    ck_assert_int_eq(log->read_orders(log, STR("other"), 0, &seen, look, &note), OK);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_uint_eq(seen.last, position);
    log->free(log);
}
END_TEST

START_TEST(reads_orders_only_guests_too_from_a_position_on)
{
    struct event_log *log = open_log(_i);
    struct event a = event_of(EVENT_ORDER_PLACED, "a", "c"),
                 b = event_of(EVENT_ORDER_RETURNED, "b", "c"),
                 guest = event_of(EVENT_ORDER_PLACED, "g", NULL);
    uint64_t first, position;
    struct err_note note;
    append_one(log, &a, &first);
    append_one(log, &b, &position);
    append_one(log, &guest, &position);

    struct seen all = { 0 }, rest = { 0 };
    ck_assert_int_eq(log->read_orders(log, STR("main"), 0, &all, look, &note), OK);
    ck_assert_int_eq(log->read_orders(log, STR("main"), first, &rest, look, &note), OK);

    ck_assert_str_eq(all.text, "a g ");
    ck_assert_str_eq(rest.text, "g ");
    log->free(log);
}
END_TEST

START_TEST(stops_when_the_visitor_has_enough)
{
    struct event_log *log = open_log(_i);
    struct event a = event_of(EVENT_ORDER_PLACED, "a", "c"),
                 b = event_of(EVENT_ORDER_PLACED, "b", "c");
    uint64_t position;
    struct err_note note;
    append_one(log, &a, &position);
    append_one(log, &b, &position);

    struct seen seen = { .stop_after = 1 };
    ck_assert_int_eq(log->read_customer(log, STR("main"), STR("c"), 0, &seen, look, &note),
                     ERR_LIMIT);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_str_eq(customer_events(log, "c", 0).text, "a b "); /* and can be read again */
    log->free(log);
}
END_TEST

START_TEST(knows_its_last_position)
{
    struct event_log *log = open_log(_i);
    struct event a = event_of(EVENT_FEEDBACK, "a", "c");
    uint64_t position = 9, last = 9;
    struct err_note note;
    ck_assert_int_eq(log->last_position(log, &last, &note), OK);
    ck_assert_uint_eq(last, 0);

    append_one(log, &a, &position);

    ck_assert_int_eq(log->last_position(log, &last, &note), OK);
    ck_assert_uint_eq(last, position);
    log->free(log);
}
END_TEST

START_TEST(an_empty_batch_is_fine)
{
    struct event_log *log = open_log(_i);
    struct err_note note;
    ck_assert_int_eq(log->append(log, NULL, 0, 1, NULL, &note), OK);
    log->free(log);
}
END_TEST

START_TEST(sqlite_has_everything_again_after_it_was_closed)
{
    struct event_log *log = open_log(SQLITE);
    struct event a = event_of(EVENT_FEEDBACK, "a", "c");
    uint64_t position;
    append_one(log, &a, &position);
    log->free(log);

    log = open_log(SQLITE);

    ck_assert_str_eq(customer_events(log, "c", 0).text, "a ");
    ck_assert_int_eq(append_one(log, &a, &position), APPEND_DUPLICATE);
    log->free(log);
}
END_TEST

START_TEST(sqlite_shows_a_second_log_what_the_first_committed)
{
    struct event_log *writer = open_log(SQLITE), *reader = open_log(SQLITE);
    struct event a = event_of(EVENT_ORDER_PLACED, "a", "c"),
                 b = event_of(EVENT_ORDER_PLACED, "b", "c");
    uint64_t position;
    append_one(writer, &a, &position);
    ck_assert_str_eq(customer_events(reader, "c", 0).text, "a ");

    append_one(writer, &b, &position);

    ck_assert_str_eq(customer_events(reader, "c", 0).text, "a b ");
    writer->free(writer);
    reader->free(reader);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const of_every_log[] = {
        gives_back_what_was_appended_in_order,
        a_repeat_is_a_duplicate_in_the_log_and_in_one_batch,
        shops_do_not_see_each_other,
        reads_orders_only_guests_too_from_a_position_on,
        stops_when_the_visitor_has_enough,
        knows_its_last_position,
        an_empty_batch_is_fine,
    };
    Suite *suite = suite_create("contract/event_log");
    TCase *tests = tcase_create("contract/event_log");
    tcase_add_checked_fixture(tests, set_up, remove_directory);
    for (size_t i = 0; i < sizeof of_every_log / sizeof *of_every_log; i++)
        tcase_add_loop_test(tests, of_every_log[i], 0, LOGS);
    tcase_add_test(tests, sqlite_has_everything_again_after_it_was_closed);
    tcase_add_test(tests, sqlite_shows_a_second_log_what_the_first_committed);
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
