/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ports/event_log.h promises, asked of the fake, the SQLite and the PostgreSQL log alike,
 * and of each behind a spool.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metric.h"
#include "fake_clock.h"
#include "fake_event_log.h"
#include "ports/event_log.h"
#include "scratch_schema.h"
#include "shop/event.h"
#include "store/postgresql/pg_event_log.h"
#include "store/postgresql/pg_schema.h"
#include "store/spooled_event_log.h"
#include "store/sqlite/sqlite_event_log.h"
#include "suite.h"

enum { FAKE, SQLITE, SPOOLED_FAKE, SPOOLED_SQLITE, POSTGRESQL, SPOOLED_POSTGRESQL, LOGS };

static char directory[64];
static bool scratch_made;
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
    scratch_made = false;
}

static void tear_down(void)
{
    remove_directory();
    if (scratch_made)
        scratch_drop();
}

/* The schema is made with the first log of a test. */
static enum err open_postgresql(struct event_log **ret_log, struct err_note *note)
{
    /* Patient: a busy machine is no fault of the log's. */
    const struct pg_settings settings = {
        .url = scratch_url(), .connect_ms = 20000, .append_ms = 20000, .read_ms = 20000
    };
    if (!scratch_made)
        scratch_make();
    scratch_made = true;
    TRY(pg_schema_migrate(&settings, NULL, NULL, note));
    return pg_event_log_new(&settings, ret_log, note);
}

static struct event_log *open_plain(int which)
{
    struct event_log *log = NULL;
    struct err_note note = { "" };
    enum err err;
    if (which == FAKE || which == SPOOLED_FAKE)
        err = fake_event_log_new(&log);
    else if (which == SQLITE || which == SPOOLED_SQLITE)
        err = sqlite_event_log_new(directory, &log, &note);
    else
        err = open_postgresql(&log, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return log;
}

static struct event_log *open_log(int which)
{
    struct event_log *log = open_plain(which);
    const struct spool_settings settings = { .max_bytes = 1 << 24 };
    struct err_note note = { "" };
    if (which == FAKE || which == SQLITE || which == POSTGRESQL)
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
    enum err err = log->append(log, events, 1, 1, &outcome, &note);
    ck_assert_msg(err == OK, "%s", note.text);
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
    enum err err =
        log->read_customer(log, STR("main"), str_of(customer), after, &seen, look, &note);
    ck_assert_msg(err == OK, "%s", note.text);
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

/* Whose each is, beside its id. */
static enum err look_whose(void *self, const struct logged_event *event)
{
    struct seen *seen = self;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof seen->text - len, "%.*s:%.*s ", STR_ARG(event->customer_id),
             STR_ARG(event->event_id));
    return OK;
}

START_TEST(gives_back_what_several_customers_did_in_one_go)
{
    struct event_log *log = open_log(_i);
    uint64_t position;
    const struct {
        const char *id, *customer;
    } made[] = { { "a", "c2" }, { "b", "c1" }, { "c", "c3" }, { "d", "c1" }, { "e", "c2" } };
    for (int i = 0; i < 5; i++) {
        struct event event = event_of(EVENT_PRODUCT_VIEWED, made[i].id, made[i].customer);
        append_one(log, &event, &position);
    }
    const struct str ids[] = { STR("c1"), STR("c2"), STR("c4") };
    struct seen seen = { 0 };
    struct err_note note;
    if (log->read_together) {
        ck_assert_int_eq(log->read_together(log, STR("main"), ids, 3, &seen, look_whose, &note),
                         OK);
        ck_assert_uint_eq(strlen(seen.text), strlen("c1:b c1:d c2:a c2:e "));
        ck_assert(strstr(seen.text, "c1:b ") < strstr(seen.text, "c1:d "));
        ck_assert(strstr(seen.text, "c2:a ") < strstr(seen.text, "c2:e "));
        ck_assert_ptr_nonnull(strstr(seen.text, "c1:b "));
        ck_assert_ptr_nonnull(strstr(seen.text, "c2:a "));
        memset(&seen, 0, sizeof seen);
        ck_assert_int_eq(log->read_together(log, STR("other"), ids, 3, &seen, look_whose, &note),
                         OK);
        ck_assert_str_eq(seen.text, "");
    }
    log->free(log);
}
END_TEST

static enum err count_in_order(void *self, const struct logged_event *event)
{
    struct seen *seen = self;
    ck_assert(str_is(event->customer_id, "much") && event->position > seen->last);
    seen->last = event->position;
    seen->n++;
    return OK;
}

START_TEST(of_who_has_done_much_it_gives_the_first_part_in_one_go)
{
    enum { MANY = READ_TOGETHER_EACH + 200 };
    struct event_log *log = open_log(_i);
    struct event *events = calloc(MANY, sizeof *events);
    const struct event **all = calloc(MANY, sizeof *all);
    struct append_outcome *outcomes = calloc(MANY, sizeof *outcomes);
    char(*ids)[16] = calloc(MANY, sizeof *ids);
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "much-%d", i);
        events[i] = event_of(EVENT_PRODUCT_VIEWED, ids[i], "much");
        all[i] = &events[i];
    }
    const struct str customer = STR("much");
    struct seen seen = { 0 };
    struct err_note note;
    ck_assert_int_eq(log->append(log, all, MANY, 1, outcomes, &note), OK);
    if (log->read_together) {
        ck_assert_int_eq(
            log->read_together(log, STR("main"), &customer, 1, &seen, count_in_order, &note), OK);
        ck_assert_uint_eq(seen.n, READ_TOGETHER_EACH);
        ck_assert_uint_eq(seen.last, outcomes[READ_TOGETHER_EACH - 1].position);
    }
    free(events);
    free(all);
    free(outcomes);
    free(ids);
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

START_TEST(reads_what_became_of_offers_and_nothing_else_from_a_position_on)
{
    struct event_log *log = open_log(_i);
    static const enum event_type types[] = { EVENT_OFFER_SHOWN,    EVENT_ORDER_PLACED,
                                             EVENT_OFFER_CLICKED,  EVENT_OFFER_ACCEPTED,
                                             EVENT_OFFER_DECLINED, EVENT_FEEDBACK };
    static const char *const ids[] = { "s", "o", "c", "a", "d", "f" };
    uint64_t first = 0, position;
    struct err_note note;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct event event = event_of(types[i], ids[i], i % 2 ? "c" : NULL);
        append_one(log, &event, i ? &position : &first);
    }

    struct seen all = { 0 }, rest = { 0 }, none = { 0 };
    ck_assert_int_eq(log->read_outcomes(log, STR("main"), 0, &all, look, &note), OK);
    ck_assert_int_eq(log->read_outcomes(log, STR("main"), first, &rest, look, &note), OK);
    ck_assert_int_eq(log->read_outcomes(log, STR("other"), 0, &none, look, &note), OK);

    ck_assert_str_eq(all.text, "s a d ");
    ck_assert_str_eq(rest.text, "a d ");
    ck_assert_uint_eq(none.n, 0);
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
    ck_assert_int_eq(log->last_position(log, STR("main"), &last, &note), OK);
    ck_assert_uint_eq(last, 0);

    append_one(log, &a, &position);

    ck_assert_int_eq(log->last_position(log, STR("main"), &last, &note), OK);
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

/* ── what one event is to another ────────────────────────────────────────────────────────── */

/* Appends all of @events at @received_us. */
static void append_all(struct event_log *log, const struct event *events, uint32_t n,
                       int64_t received_us, struct append_outcome *ret_outcomes)
{
    const struct event *batch[16];
    struct err_note note = { "" };
    for (uint32_t i = 0; i < n; i++)
        batch[i] = &events[i];
    enum err err = log->append(log, batch, n, received_us, ret_outcomes, &note);
    ck_assert_msg(err == OK, "%s", note.text);
}

START_TEST(an_event_knows_the_customers_event_before_it)
{
    struct event_log *log = open_log(_i);
    const struct event first[] = { event_of(EVENT_FEEDBACK, "a", "c1"),
                                   event_of(EVENT_FEEDBACK, "b", "c2"),
                                   event_of(EVENT_ORDER_PLACED, "g", NULL) };
    struct event elsewhere = event_of(EVENT_FEEDBACK, "a", "c1");
    elsewhere.shop = STR("other");
    const struct event second[] = { event_of(EVENT_FEEDBACK, "c", "c2"),
                                    event_of(EVENT_FEEDBACK, "d", "c1"), elsewhere,
                                    event_of(EVENT_ORDER_PLACED, "h", NULL) };
    struct append_outcome before[3], after[4];

    append_all(log, first, 3, 1, before);
    append_all(log, second, 4, 2, after);

    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(before[i].previous, 0);
    ck_assert_uint_eq(after[0].previous, before[1].position);
    ck_assert_uint_eq(after[1].previous, before[0].position);
    ck_assert_uint_eq(after[2].previous, 0);
    ck_assert_uint_eq(after[3].previous, 0);
    log->free(log);
}
END_TEST

START_TEST(events_of_one_batch_follow_one_another)
{
    struct event_log *log = open_log(_i);
    const struct event events[] = {
        event_of(EVENT_FEEDBACK, "a", "c1"), event_of(EVENT_FEEDBACK, "b", "c2"),
        event_of(EVENT_FEEDBACK, "c", "c1"), event_of(EVENT_FEEDBACK, "a", "c1"),
        event_of(EVENT_FEEDBACK, "d", "c1"),
    };
    struct append_outcome outcomes[5];

    append_all(log, events, 5, 1, outcomes);

    ck_assert_uint_eq(outcomes[0].previous, 0);
    ck_assert_uint_eq(outcomes[1].previous, 0);
    ck_assert_uint_eq(outcomes[2].previous, outcomes[0].position);
    ck_assert_uint_eq(outcomes[4].previous, outcomes[2].position);
    ck_assert_str_eq(customer_events(log, "c1", 0).text, "a c d ");
    log->free(log);
}
END_TEST

START_TEST(a_duplicate_tells_where_the_event_stands)
{
    struct event_log *log = open_log(_i);
    const struct event events[] = { event_of(EVENT_FEEDBACK, "a", "c"),
                                    event_of(EVENT_FEEDBACK, "b", "c"),
                                    event_of(EVENT_FEEDBACK, "b", "c") };
    struct append_outcome outcomes[3], again[3];

    append_all(log, events, 3, 1, outcomes);
    append_all(log, events, 3, 2, again);

    ck_assert_int_eq(outcomes[2].result, APPEND_DUPLICATE);
    ck_assert_uint_eq(outcomes[2].position, outcomes[1].position);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(again[i].result, APPEND_DUPLICATE);
        ck_assert_uint_eq(again[i].position, outcomes[i].position);
    }
    log->free(log);
}
END_TEST

START_TEST(a_duplicate_does_not_come_between_events)
{
    struct event_log *log = open_log(_i);
    const struct event first = event_of(EVENT_FEEDBACK, "a", "c");
    const struct event second[] = { event_of(EVENT_FEEDBACK, "a", "c"),
                                    event_of(EVENT_FEEDBACK, "b", "c") };
    struct append_outcome one[1], two[2];

    append_all(log, &first, 1, 1, one);
    append_all(log, second, 2, 2, two);

    ck_assert_int_eq(two[1].result, APPEND_ACCEPTED);
    ck_assert_uint_eq(two[1].previous, one[0].position);
    log->free(log);
}
END_TEST

/* ── budgets ─────────────────────────────────────────────────────────────────────────────── */

static struct event acceptance(const char *id, const char *rule, int64_t budget_max)
{
    struct event event = event_of(EVENT_OFFER_ACCEPTED, id, "c");
    event.offer.rule = str_of(rule);
    event.offer.budget_max = budget_max;
    return event;
}

static enum err look_at_budget(void *self, struct str rule, int64_t accepted)
{
    struct seen *seen = self;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof seen->text - len, "%.*s=%lld ", STR_ARG(rule),
             (long long) accepted);
    seen->n++;
    return seen->stop_after && seen->n == seen->stop_after ? ERR_LIMIT : OK;
}

static struct seen budgets_of(struct event_log *log, struct str shop)
{
    struct seen seen = { 0 };
    struct err_note note = { "" };
    ck_assert_msg(log->read_budgets(log, shop, &seen, look_at_budget, &note) == OK, "%s",
                  note.text);
    return seen;
}

START_TEST(counts_the_acceptances_of_each_rule)
{
    struct event_log *log = open_log(_i);
    const struct event events[] = { acceptance("a", "r", 0), acceptance("b", "s", 0),
                                    acceptance("c", "r", 0), acceptance("a", "r", 0) };
    const struct event later = acceptance("d", "r", 0);
    struct append_outcome outcomes[4], one[1];

    append_all(log, events, 4, 1, outcomes);
    append_all(log, &later, 1, 1, one);

    ck_assert_int_eq(outcomes[0].accepted, 1);
    ck_assert_int_eq(outcomes[1].accepted, 1);
    ck_assert_int_eq(outcomes[2].accepted, 2);
    ck_assert_int_eq(outcomes[3].result, APPEND_DUPLICATE);
    ck_assert_int_eq(one[0].accepted, 3);
    struct seen seen = budgets_of(log, STR("main"));
    ck_assert_uint_eq(seen.n, 2);
    ck_assert_ptr_nonnull(strstr(seen.text, "r=3 "));
    ck_assert_ptr_nonnull(strstr(seen.text, "s=1 "));
    ck_assert_uint_eq(budgets_of(log, STR("other")).n, 0);
    log->free(log);
}
END_TEST

START_TEST(refuses_acceptances_beyond_the_budget_in_the_order_of_the_batch)
{
    struct event_log *log = open_log(_i);
    const struct event events[] = {
        acceptance("a", "r", 2), event_of(EVENT_FEEDBACK, "x", "c"),
        acceptance("b", "r", 2), acceptance("c", "r", 2),
        acceptance("d", "s", 2), acceptance("e", "r", 3),
        acceptance("c", "r", 2), event_of(EVENT_FEEDBACK, "y", "c"),
    };
    const enum append_result expected[] = { APPEND_ACCEPTED, APPEND_ACCEPTED, APPEND_ACCEPTED,
                                            APPEND_REFUSED,  APPEND_ACCEPTED, APPEND_ACCEPTED,
                                            APPEND_REFUSED,  APPEND_ACCEPTED };
    struct append_outcome outcomes[8];

    append_all(log, events, 8, 1, outcomes);

    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(outcomes[i].result, expected[i]);
    ck_assert_int_eq(outcomes[2].accepted, 2);
    ck_assert_int_eq(outcomes[4].accepted, 1);
    ck_assert_int_eq(outcomes[5].accepted, 3);
    ck_assert_uint_eq(outcomes[4].previous, outcomes[2].position);
    ck_assert_str_eq(customer_events(log, "c", 0).text, "a x b d e y ");
    log->free(log);
}
END_TEST

START_TEST(what_was_refused_is_not_known_and_is_judged_again)
{
    struct event_log *log = open_log(_i);
    const struct event first = acceptance("a", "r", 1), refused = acceptance("b", "r", 1),
                       again = acceptance("b", "r", 2), repeat = acceptance("a", "r", 1);
    struct append_outcome outcome[1];

    append_all(log, &first, 1, 1, outcome);
    append_all(log, &refused, 1, 1, outcome);
    ck_assert_int_eq(outcome->result, APPEND_REFUSED);
    append_all(log, &repeat, 1, 1, outcome);
    ck_assert_int_eq(outcome->result, APPEND_DUPLICATE); /* though the budget is used up */
    append_all(log, &again, 1, 1, outcome);

    ck_assert_int_eq(outcome->result, APPEND_ACCEPTED);
    ck_assert_int_eq(outcome->accepted, 2);
    ck_assert_str_eq(budgets_of(log, STR("main")).text, "r=2 ");
    log->free(log);
}
END_TEST

START_TEST(each_shop_has_its_own_budgets)
{
    struct event_log *log = open_log(_i);
    struct event events[] = { acceptance("a", "r", 1), acceptance("b", "r", 1) };
    events[1].shop = STR("other");
    struct append_outcome outcomes[2];

    append_all(log, events, 2, 1, outcomes);

    ck_assert_int_eq(outcomes[1].result, APPEND_ACCEPTED);
    ck_assert_str_eq(budgets_of(log, STR("other")).text, "r=1 ");
    log->free(log);
}
END_TEST

/* ── customers ───────────────────────────────────────────────────────────────────────────── */

struct customers {
    uint64_t c1, c2, others;
    uint32_t n;
    enum err answer;
};

static enum err look_at_customer(void *self, struct str customer_id, uint64_t position)
{
    struct customers *seen = self;
    seen->n++;
    *(str_is(customer_id, "c1")   ? &seen->c1
      : str_is(customer_id, "c2") ? &seen->c2
                                  : &seen->others) = position;
    return seen->answer;
}

START_TEST(names_the_customers_since_a_time_each_once_with_the_last_position)
{
    struct event_log *log = open_log(_i);
    const struct event first[] = { event_of(EVENT_FEEDBACK, "a", "c1"),
                                   event_of(EVENT_FEEDBACK, "b", "c2"),
                                   event_of(EVENT_FEEDBACK, "c", "c1") };
    const struct event second[] = { event_of(EVENT_FEEDBACK, "d", "c2"),
                                    event_of(EVENT_ORDER_PLACED, "g", NULL) };
    struct append_outcome before[3], after[2];
    struct customers all = { 0 }, late = { 0 }, none = { 0 }, one = { .answer = ERR_LIMIT };
    struct err_note note;
    append_all(log, first, 3, 1000, before);
    append_all(log, second, 2, 2000, after);

    ck_assert_int_eq(log->read_customers(log, STR("main"), 0, &all, look_at_customer, &note), OK);
    ck_assert_int_eq(log->read_customers(log, STR("main"), 2000, &late, look_at_customer, &note),
                     OK);
    ck_assert_int_eq(log->read_customers(log, STR("other"), 0, &none, look_at_customer, &note), OK);
    ck_assert_int_eq(log->read_customers(log, STR("main"), 0, &one, look_at_customer, &note),
                     ERR_LIMIT);

    ck_assert_uint_eq(all.n, 2);
    ck_assert_uint_eq(all.c1, before[2].position);
    ck_assert_uint_eq(all.c2, after[0].position);
    ck_assert_uint_eq(late.n, 1);
    ck_assert_uint_eq(late.c2, after[0].position);
    ck_assert_uint_eq(none.n, 0);
    ck_assert_uint_eq(one.n, 1);
    log->free(log);
}
END_TEST

/* ── two logs over the same data ─────────────────────────────────────────────────────────── */

START_TEST(has_everything_again_after_it_was_closed)
{
    struct event_log *log = open_log(_i);
    struct event a = event_of(EVENT_FEEDBACK, "a", "c");
    uint64_t position;
    append_one(log, &a, &position);
    log->free(log);

    log = open_log(_i);

    ck_assert_str_eq(customer_events(log, "c", 0).text, "a ");
    ck_assert_int_eq(append_one(log, &a, &position), APPEND_DUPLICATE);
    log->free(log);
}
END_TEST

START_TEST(shows_a_second_log_what_the_first_committed)
{
    struct event_log *writer = open_log(_i), *reader = open_log(_i);
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

START_TEST(a_reader_sees_what_was_committed_before_it_asked)
{
    struct event_log *log = open_log(_i), *reader = NULL;
    struct event a = event_of(EVENT_FEEDBACK, "a", "c");
    uint64_t position, last = 0;
    struct err_note note = { "" };
    ck_assert_int_eq(log->reader(log, &reader, &note), OK);
    ck_assert_str_eq(customer_events(reader, "c", 0).text, "");

    append_one(log, &a, &position);

    ck_assert_str_eq(customer_events(reader, "c", 0).text, "a ");
    ck_assert_int_eq(reader->last_position(reader, STR("main"), &last, &note), OK);
    ck_assert_uint_eq(last, position);
    reader->free(reader);
    log->free(log);
}
END_TEST

START_TEST(two_appenders_have_one_order_one_set_of_ids_and_one_budget)
{
    struct event_log *one = open_log(_i), *two = open_log(_i);
    const struct event a = acceptance("a", "r", 1), b = acceptance("b", "r", 1);
    const struct event c = event_of(EVENT_FEEDBACK, "c", "c");
    struct append_outcome first, again, refused, last;

    append_all(one, &a, 1, 1, &first);
    append_all(two, &a, 1, 1, &again);
    append_all(two, &b, 1, 1, &refused);
    append_all(two, &c, 1, 1, &last);

    ck_assert_int_eq(again.result, APPEND_DUPLICATE);
    ck_assert_uint_eq(again.position, first.position);
    ck_assert_int_eq(refused.result, APPEND_REFUSED);
    ck_assert_uint_eq(last.previous, first.position);
    ck_assert_uint_gt(last.position, first.position);
    one->free(one);
    two->free(two);
}
END_TEST

static Suite *contract(void)
{
    const TTest *const of_every_log[] = {
        gives_back_what_was_appended_in_order,
        gives_back_what_several_customers_did_in_one_go,
        of_who_has_done_much_it_gives_the_first_part_in_one_go,
        a_repeat_is_a_duplicate_in_the_log_and_in_one_batch,
        shops_do_not_see_each_other,
        reads_orders_only_guests_too_from_a_position_on,
        reads_what_became_of_offers_and_nothing_else_from_a_position_on,
        stops_when_the_visitor_has_enough,
        knows_its_last_position,
        an_empty_batch_is_fine,
        an_event_knows_the_customers_event_before_it,
        events_of_one_batch_follow_one_another,
        a_duplicate_tells_where_the_event_stands,
        a_duplicate_does_not_come_between_events,
        counts_the_acceptances_of_each_rule,
        refuses_acceptances_beyond_the_budget_in_the_order_of_the_batch,
        what_was_refused_is_not_known_and_is_judged_again,
        each_shop_has_its_own_budgets,
        names_the_customers_since_a_time_each_once_with_the_last_position,
        a_reader_sees_what_was_committed_before_it_asked,
    };
    const TTest *const of_every_stored_log[] = {
        has_everything_again_after_it_was_closed,
        shows_a_second_log_what_the_first_committed,
        two_appenders_have_one_order_one_set_of_ids_and_one_budget,
    };
    const int logs = scratch_database() ? LOGS : POSTGRESQL;
    Suite *suite = suite_create("contract/event_log");
    TCase *tests = tcase_create("contract/event_log");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    for (size_t i = 0; i < sizeof of_every_log / sizeof *of_every_log; i++)
        tcase_add_loop_test(tests, of_every_log[i], 0, logs);
    for (size_t i = 0; i < sizeof of_every_stored_log / sizeof *of_every_stored_log; i++) {
        tcase_add_loop_test(tests, of_every_stored_log[i], SQLITE, SQLITE + 1);
        if (scratch_database())
            tcase_add_loop_test(tests, of_every_stored_log[i], POSTGRESQL, POSTGRESQL + 1);
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
