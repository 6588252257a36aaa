/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spooled_event_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "fake_clock.h"
#include "fake_event_log.h"
#include "shop/event.h"
#include "store/sqlite/sqlite_event_log.h"
#include "suite.h"

enum { IDS = 4000, TEXT = 8192 };

/*
 * The main log of these tests: passes everything on to another log and fails as it is told,
 * before that one has stored the events or after it.
 */
enum mood {
    WELL,
    AWAY,           /* nothing is stored */
    LOST_ITS_VOICE, /* stored, but the answer never comes */
    REFUSES,        /* answers APPEND_REFUSED for "bad" */
    CALLS_WRONG,    /* ERR_INPUT for a batch with "bad" in it */
    OUT_OF_MEMORY,
    FINISHES_NOTHING, /* away, and takes HANGS_US to say so */
};

enum { HANGS_US = 750000, TICK_US = 100000, LONGEST_PAUSE_US = 3 * HANGS_US };

struct moody_log {
    struct event_log log; /* only append and free: the rest is the log behind it */
    struct event_log *behind;
    enum mood mood;
    unsigned (*next_mood)(void); /* or NULL */
    uint32_t appends, largest;
    enum err upkeep;          /* what its tend answers */
    struct fake_clock *clock; /* goes on for 10 ms an append */
};

static char directory[64];
static struct err_note note;
static struct fake_clock fake_clock;
static struct metrics *metrics;
static struct moody_log *moody; /* the one that was made last */

static bool has_bad(const struct event *const *events, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (str_starts_with(events[i]->event_id, STR("bad")))
            return true;
    return false;
}

static enum err moody_append(struct event_log *log, const struct event *const *events, uint32_t n,
                             int64_t received_us, struct append_outcome *ret_outcomes,
                             struct err_note *why)
{
    struct moody_log *self = (struct moody_log *) log;
    enum mood mood = self->next_mood ? (enum mood) self->next_mood() : self->mood;
    self->appends++;
    self->largest = n > self->largest ? n : self->largest;
    fake_clock_advance(&fake_clock, 10000);
    if (mood == FINISHES_NOTHING)
        fake_clock_advance(&fake_clock, HANGS_US);
    if (mood == AWAY || mood == FINISHES_NOTHING)
        return err_fail(why, ERR_UNAVAILABLE, "away");
    if (mood == OUT_OF_MEMORY)
        return ERR_NOMEM;
    if (mood == CALLS_WRONG && has_bad(events, n))
        return err_fail(why, ERR_INPUT, "not a good event");
    enum err err = self->behind->append(self->behind, events, n, received_us, ret_outcomes, why);
    for (uint32_t i = 0; mood == REFUSES && i < n; i++)
        if (has_bad(&events[i], 1))
            ret_outcomes[i] = (struct append_outcome){ .result = APPEND_REFUSED };
    return mood == LOST_ITS_VOICE ? err_fail(why, ERR_UNAVAILABLE, "no answer") : err;
}

static enum err moody_read(struct event_log *log, struct str shop, struct str customer_id,
                           uint64_t after, void *visitor,
                           enum err (*visit)(void *self, const struct logged_event *event),
                           struct err_note *why)
{
    struct event_log *behind = ((struct moody_log *) log)->behind;
    return behind->read_customer(behind, shop, customer_id, after, visitor, visit, why);
}

static enum err moody_reader(struct event_log *log, struct event_log **ret_reader,
                             struct err_note *why)
{
    struct event_log *behind = ((struct moody_log *) log)->behind;
    return behind->reader(behind, ret_reader, why);
}

static enum err moody_tend(struct event_log *log, void *unused,
                           void (*settled)(void *self, const struct event *event,
                                           const struct append_outcome *outcome),
                           struct err_note *why)
{
    enum err upkeep = ((struct moody_log *) log)->upkeep;
    (void) unused, (void) settled;
    return upkeep == OK ? OK : err_fail(why, upkeep, "somebody reads an old month");
}

static void moody_free(struct event_log *log)
{
    struct moody_log *self = (struct moody_log *) log;
    self->behind->free(self->behind);
    free(self);
}

/* Takes @behind. */
static struct event_log *moody_new(struct event_log *behind)
{
    moody = calloc(1, sizeof *moody);
    moody->behind = behind;
    moody->log = (struct event_log){ .append = moody_append,
                                     .read_customer = moody_read,
                                     .reader = moody_reader,
                                     .tend = moody_tend,
                                     .free = moody_free };
    return &moody->log;
}

static struct event_log *fake_log(void)
{
    struct event_log *log = NULL;
    ck_assert_int_eq(fake_event_log_new(&log), OK);
    return log;
}

static struct event_log *spooled_over(struct event_log *behind, const struct spool_settings *with)
{
    struct event_log *log = NULL;
    const struct spool_settings usual = { .max_bytes = 1 << 26 };
    enum err err = spooled_event_log_new(moody_new(behind), directory, with ? with : &usual,
                                         &fake_clock.clock, metrics, &log, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return log;
}

static void make_directory(void)
{
    snprintf(directory, sizeof directory, "/tmp/offerd-spooled-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    fake_clock_init(&fake_clock, 1000000000);
    metrics = metrics_new();
}

static struct event_log *set_up(void)
{
    make_directory();
    return spooled_over(fake_log(), NULL);
}

static void remove_directory(void)
{
    static const char *const names[] = { "spool.db", "spool.db-wal", "offerd.db", "offerd.db-wal",
                                         "offerd.db-shm" };
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void tear_down(struct event_log *log)
{
    log->free(log);
    metrics = metrics_free(metrics);
    remove_directory();
}

static struct event event_of(const char *id, const char *customer)
{
    return (struct event){ .event_id = str_of(id),
                           .type = EVENT_FEEDBACK,
                           .shop = STR("main"),
                           .customer_id = str_of(customer),
                           .payload = STR("{}") };
}

static struct append_outcome add(struct event_log *log, const char *id, const char *customer)
{
    struct event event = event_of(id, customer);
    const struct event *events[] = { &event };
    struct append_outcome outcome;
    enum err err = log->append(log, events, 1, 5, &outcome, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return outcome;
}

/* What was settled, as one line of text: id, then + accepted, = duplicate, - refused. */
struct heard {
    char text[TEXT];
    uint32_t n;
};

static void hear(void *self, const struct event *event, const struct append_outcome *outcome)
{
    struct heard *heard = self;
    size_t len = strlen(heard->text);
    const char signs[] = { '+', '=', '-', '?' };
    snprintf(heard->text + len, sizeof heard->text - len, "%.*s%c ", STR_ARG(event->event_id),
             signs[outcome->result]);
    if (outcome->result != APPEND_REFUSED)
        ck_assert(outcome->position > 0 && outcome->position < POSITION_PROVISIONAL);
    heard->n++;
}

static struct heard tend(struct event_log *log)
{
    struct heard heard = { "" };
    enum err err = log->tend(log, &heard, hear, &note);
    ck_assert_msg(err == OK, "%s", note.text);
    return heard;
}

static enum err look(void *self, const struct logged_event *event)
{
    char *text = self;
    size_t len = strlen(text);
    snprintf(text + len, TEXT - len, "%.*s ", STR_ARG(event->event_id));
    return OK;
}

static const char *in_main(struct event_log *log, const char *customer)
{
    static char text[TEXT];
    text[0] = '\0';
    ck_assert_int_eq(log->read_customer(log, STR("main"), str_of(customer), 0, text, look, &note),
                     OK);
    return text;
}

static uint64_t metric_of(const char *name, enum metric_kind kind)
{
    return metric_value(metrics, metric_register(metrics, kind, name, "", (struct str){ 0 }));
}

/* ── one thing at a time ─────────────────────────────────────────────────────────────────── */

START_TEST(passes_events_on_while_the_main_log_is_there)
{
    struct event_log *log = set_up();

    struct append_outcome first = add(log, "a", "c"), second = add(log, "b", "c");

    ck_assert_uint_eq(first.position, 1);
    ck_assert_uint_eq(second.previous, 1);
    ck_assert_int_eq(add(log, "a", "c").result, APPEND_DUPLICATE);
    ck_assert_str_eq(in_main(log, "c"), "a b ");
    ck_assert_uint_eq(tend(log).n, 0);
    tear_down(log);
}
END_TEST

START_TEST(takes_events_while_the_main_log_is_away_and_brings_them_over_in_order)
{
    struct event_log *log = set_up();
    add(log, "a", "c");
    moody->mood = AWAY;

    struct append_outcome b = add(log, "b", "c"), c = add(log, "c", "c");
    ck_assert_int_eq(b.result, APPEND_ACCEPTED);
    ck_assert_uint_gt(b.position, POSITION_PROVISIONAL);
    ck_assert_uint_eq(b.accepted, 0);
    ck_assert_uint_eq(c.previous, b.position);
    ck_assert_str_eq(tend(log).text, "");
    ck_assert_str_eq(in_main(log, "c"), "a ");
    moody->mood = WELL;

    ck_assert_str_eq(tend(log).text, "b+ c+ ");

    ck_assert_str_eq(in_main(log, "c"), "a b c ");
    ck_assert_str_eq(tend(log).text, "");
    tear_down(log);
}
END_TEST

START_TEST(new_events_wait_behind_those_in_the_spool)
{
    struct event_log *log = set_up();
    moody->mood = AWAY;
    add(log, "a", "c");
    moody->mood = WELL;

    ck_assert_uint_gt(add(log, "b", "c").position, POSITION_PROVISIONAL);
    ck_assert_str_eq(in_main(log, "c"), "");
    ck_assert_str_eq(tend(log).text, "a+ b+ ");
    ck_assert_uint_eq(add(log, "c", "c").position, 3); /* before the spool forgot the others */

    ck_assert_str_eq(in_main(log, "c"), "a b c ");
    tear_down(log);
}
END_TEST

START_TEST(does_not_ask_the_main_log_while_the_spool_is_in_use)
{
    struct event_log *log = set_up();
    moody->mood = AWAY;
    add(log, "a", "c");
    uint32_t asked = moody->appends;

    add(log, "b", "c");
    add(log, "c", "c");

    ck_assert_uint_eq(moody->appends, asked);
    tear_down(log);
}
END_TEST

START_TEST(what_the_main_log_had_stored_already_is_settled_as_a_duplicate)
{
    struct event_log *log = set_up();
    add(log, "a", "c");
    moody->mood = LOST_ITS_VOICE;

    ck_assert_int_eq(add(log, "b", "c").result, APPEND_ACCEPTED);
    ck_assert_int_eq(add(log, "a", "c").result, APPEND_ACCEPTED); /* only the main log knows it */
    ck_assert_str_eq(tend(log).text, "");
    moody->mood = WELL;

    ck_assert_str_eq(tend(log).text, "b= a= ");
    ck_assert_str_eq(in_main(log, "c"), "a b ");
    tear_down(log);
}
END_TEST

START_TEST(a_repeat_of_a_spooled_event_is_a_duplicate)
{
    struct event_log *log = set_up();
    moody->mood = AWAY;
    uint64_t position = add(log, "a", "c").position;

    struct append_outcome again = add(log, "a", "c");

    ck_assert_int_eq(again.result, APPEND_DUPLICATE);
    ck_assert_uint_eq(again.position, position);
    moody->mood = WELL;
    ck_assert_str_eq(tend(log).text, "a+ ");
    tear_down(log);
}
END_TEST

START_TEST(accepting_a_limited_offer_waits_for_the_log_that_decides)
{
    struct event_log *log = set_up();
    struct event accept = event_of("a", "c"), view = event_of("b", "c");
    const struct event *events[] = { &accept, &view };
    struct append_outcome outcomes[2];
    accept.type = EVENT_OFFER_ACCEPTED;
    accept.offer.rule = STR("gift");
    accept.offer.budget_max = 1;
    moody->mood = AWAY;

    ck_assert_int_eq(log->append(log, events, 2, 5, outcomes, &note), OK);
    ck_assert_int_eq(outcomes[0].result, APPEND_LATER);
    ck_assert_int_eq(outcomes[1].result, APPEND_ACCEPTED);
    moody->mood = WELL;
    ck_assert_int_eq(log->append(log, events, 1, 5, outcomes, &note), OK);
    ck_assert_int_eq(outcomes[0].result, APPEND_LATER); /* the spool is not empty yet */
    ck_assert_str_eq(tend(log).text, "b+ ");

    ck_assert_int_eq(log->append(log, events, 1, 5, outcomes, &note), OK);
    ck_assert_int_eq(outcomes[0].result, APPEND_ACCEPTED);
    ck_assert_int_eq(outcomes[0].accepted, 1);
    tear_down(log);
}
END_TEST

START_TEST(a_drained_acceptance_counts_for_its_rule)
{
    struct event_log *log = set_up();
    struct event accept = event_of("a", "c");
    const struct event *events[] = { &accept };
    struct append_outcome outcome;
    accept.type = EVENT_OFFER_ACCEPTED;
    accept.offer.rule = STR("gift");
    moody->mood = AWAY;
    ck_assert_int_eq(log->append(log, events, 1, 5, &outcome, &note), OK);
    moody->mood = WELL;
    tend(log);
    accept.event_id = STR("b");

    ck_assert_int_eq(log->append(log, events, 1, 5, &outcome, &note), OK);

    ck_assert_int_eq(outcome.accepted, 2);
    tear_down(log);
}
END_TEST

START_TEST(drains_in_chunks_for_a_while_and_then_lets_new_events_in)
{
    const struct spool_settings settings = { .max_bytes = 1 << 26,
                                             .drain_events = 10,
                                             .drain_us = 30000 };
    make_directory();
    struct event_log *log = spooled_over(fake_log(), &settings);
    char id[16];
    moody->mood = AWAY;
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "%d", i);
        add(log, id, "c");
    }
    tend(log); /* nowhere to go; from here on nothing arrives */
    moody->mood = WELL;

    ck_assert_uint_eq(tend(log).n, 30); /* 10 ms an append */
    ck_assert_uint_eq(moody->largest, 10);
    ck_assert_uint_eq(tend(log).n, 30);
    ck_assert_uint_eq(tend(log).n, 30);
    ck_assert_uint_eq(tend(log).n, 10);
    ck_assert_uint_eq(tend(log).n, 0);
    tear_down(log);
}
END_TEST

START_TEST(drains_longer_when_as_many_events_come)
{
    const struct spool_settings settings = { .max_bytes = 1 << 26,
                                             .drain_events = 10,
                                             .drain_us = 10000 };
    make_directory();
    struct event_log *log = spooled_over(fake_log(), &settings);
    char id[16];
    moody->mood = AWAY;
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "%d", i);
        add(log, id, "c");
    }
    tend(log);
    for (int i = 200; i < 220; i++) {
        snprintf(id, sizeof id, "%d", i);
        add(log, id, "c");
    }
    moody->mood = WELL;

    ck_assert_uint_eq(tend(log).n, 40);
    ck_assert_uint_eq(tend(log).n, 10);
    for (int i = 300; i < 500; i++) {
        snprintf(id, sizeof id, "%d", i);
        add(log, id, "c");
    }
    ck_assert_uint_eq(tend(log).n, 100); /* ten times 10 ms, no longer */
    tear_down(log);
}
END_TEST

START_TEST(what_an_earlier_process_left_comes_first)
{
    struct event_log *kept = fake_log(), *reader = NULL;
    make_directory();
    ck_assert_int_eq(kept->reader(kept, &reader, &note), OK);
    struct event_log *log = spooled_over(kept, NULL);
    moody->mood = AWAY;
    add(log, "a", "c");
    add(log, "b", "d");
    log->free(log);

    log = spooled_over(reader, NULL);

    ck_assert_uint_gt(add(log, "c", "c").position, POSITION_PROVISIONAL);
    ck_assert_uint_eq(metric_of("offerd_spool_spooled_total", METRIC_COUNTER), 3);
    ck_assert_str_eq(tend(log).text, "a+ b+ c+ ");
    ck_assert_str_eq(in_main(log, "c"), "a c ");
    tear_down(log);
}
END_TEST

START_TEST(who_dies_while_draining_hears_of_all_again)
{
    const struct spool_settings settings = { .max_bytes = 1 << 26,
                                             .drain_events = 1,
                                             .drain_us = 10000 };
    struct event_log *kept = fake_log(), *reader = NULL;
    make_directory();
    ck_assert_int_eq(kept->reader(kept, &reader, &note), OK);
    struct event_log *log = spooled_over(kept, &settings);
    moody->mood = AWAY;
    add(log, "a", "c");
    add(log, "b", "c");
    add(log, "c", "c");
    tend(log);
    moody->mood = WELL;
    ck_assert_str_eq(tend(log).text, "a+ ");
    ck_assert_str_eq(tend(log).text, "b+ ");
    ck_assert_uint_eq(log->spooled(log), 1);
    log->free(log);

    log = spooled_over(reader, NULL);

    ck_assert_uint_eq(log->spooled(log), 3);
    ck_assert_str_eq(tend(log).text, "a= b= c+ ");
    ck_assert_uint_eq(log->spooled(log), 0);
    ck_assert_str_eq(tend(log).text, "");
    ck_assert_str_eq(in_main(log, "c"), "a b c ");
    tear_down(log);
}
END_TEST

static enum err see(void *self, struct str customer_id, uint64_t position)
{
    char *text = self;
    ck_assert_uint_gt(position, POSITION_PROVISIONAL);
    snprintf(text + strlen(text), 64 - strlen(text), "%.*s ", STR_ARG(customer_id));
    return OK;
}

START_TEST(tells_whose_events_are_in_the_spool)
{
    struct event_log *log = set_up();
    char text[64] = "";
    moody->mood = AWAY;
    add(log, "a", "c1");
    add(log, "b", "c2");
    add(log, "c", "c1");

    ck_assert_int_eq(log->read_spooled(log, STR("main"), text, see, &note), OK);

    ck_assert_str_eq(text, "c1 c2 ");
    ck_assert_uint_eq(log->spooled(log), 3);
    tear_down(log);
}
END_TEST

START_TEST(what_the_main_log_refuses_is_settled_and_holds_nothing_up)
{
    struct event_log *log = set_up();
    moody->mood = AWAY;
    add(log, "a", "c");
    add(log, "bad", "c");
    add(log, "b", "c");
    moody->mood = REFUSES;

    ck_assert_str_eq(tend(log).text, "a+ bad- b+ ");

    ck_assert_uint_eq(metric_of("offerd_spool_refused_total", METRIC_COUNTER), 1);
    ck_assert_uint_eq(metric_of("offerd_spool_drained_total", METRIC_COUNTER), 2);
    tear_down(log);
}
END_TEST

START_TEST(an_event_that_the_main_log_calls_wrong_is_found_out_and_set_aside)
{
    struct event_log *log = set_up();
    moody->mood = AWAY;
    add(log, "a", "c");
    add(log, "b", "c");
    add(log, "bad", "c");
    add(log, "d", "c");
    moody->mood = CALLS_WRONG;

    ck_assert_str_eq(tend(log).text, "a+ b+ bad- d+ ");

    ck_assert_str_eq(in_main(log, "c"), "a b d ");
    ck_assert_uint_eq(metric_of("offerd_spool_refused_total", METRIC_COUNTER), 1);
    moody->mood = AWAY;
    add(log, "e", "c");
    add(log, "f", "c");
    moody->mood = WELL;
    moody->largest = 0;
    ck_assert_str_eq(tend(log).text, "e+ f+ ");
    ck_assert_uint_eq(moody->largest, 2); /* together again */
    tear_down(log);
}
END_TEST

START_TEST(only_a_log_that_is_away_is_stood_in_for)
{
    struct event_log *log = set_up();
    struct event event = event_of("a", "c");
    const struct event *events[] = { &event };
    struct append_outcome outcome;
    moody->mood = OUT_OF_MEMORY;

    ck_assert_int_eq(log->append(log, events, 1, 5, &outcome, &note), ERR_NOMEM);

    moody->mood = WELL;
    ck_assert_str_eq(tend(log).text, "");
    tear_down(log);
}
END_TEST

START_TEST(a_failure_that_is_not_absence_is_told_and_loses_nothing)
{
    struct event_log *log = set_up();
    struct heard heard = { "" };
    moody->mood = AWAY;
    add(log, "a", "c");
    moody->mood = OUT_OF_MEMORY;

    ck_assert_int_eq(log->tend(log, &heard, hear, &note), ERR_NOMEM);

    ck_assert_uint_eq(heard.n, 0);
    moody->mood = WELL;
    ck_assert_str_eq(tend(log).text, "a+ ");
    tear_down(log);
}
END_TEST

START_TEST(a_full_spool_refuses_and_takes_events_again_when_it_was_drained)
{
    const struct spool_settings settings = { .max_bytes = 200000 };
    static char payload[20000];
    make_directory();
    struct event_log *log = spooled_over(fake_log(), &settings);
    struct event event = event_of("", "c");
    const struct event *events[] = { &event };
    struct append_outcome outcome;
    enum err err = OK;
    uint32_t n;
    char id[16];
    memset(payload, 'x', sizeof payload);
    event.payload = (struct str){ payload, sizeof payload };
    moody->mood = AWAY;

    for (n = 0; err == OK && n < 100; n++) {
        snprintf(id, sizeof id, "%u", n);
        event.event_id = str_of(id);
        err = log->append(log, events, 1, 5, &outcome, &note);
    }

    ck_assert_int_eq(err, ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(note.text, "full"));
    ck_assert_uint_eq(metric_of("offerd_spool_full_total", METRIC_COUNTER), 1);
    moody->mood = WELL;
    ck_assert_uint_eq(tend(log).n, n - 1);
    ck_assert_int_eq(log->append(log, events, 1, 5, &outcome, &note), OK);
    ck_assert_uint_eq(outcome.position, n);
    tear_down(log);
}
END_TEST

START_TEST(readers_see_the_main_log)
{
    struct event_log *log = set_up(), *reader = NULL;
    add(log, "a", "c");
    moody->mood = AWAY;
    add(log, "b", "c");

    ck_assert_int_eq(log->reader(log, &reader, &note), OK);

    ck_assert_str_eq(in_main(reader, "c"), "a ");
    reader->free(reader);
    tear_down(log);
}
END_TEST

START_TEST(a_spool_that_cannot_be_opened_is_told_at_the_start)
{
    struct event_log *log = NULL;
    const struct spool_settings settings = { .max_bytes = 1 };
    metrics = metrics_new();

    ck_assert_int_eq(spooled_event_log_new(fake_log(), "/nowhere/at/all", &settings,
                                           &fake_clock.clock, metrics, &log, &note),
                     ERR_INPUT);

    ck_assert_ptr_null(log);
    metrics = metrics_free(metrics);
}
END_TEST

/* ── a main log that does not finish ─────────────────────────────────────────────────────── */

/* As the journal goes on: an event now and then, and tend each TICK_US. */
static uint32_t go_on_for(struct event_log *log, int64_t us)
{
    static uint32_t n;
    char id[16];
    uint32_t before = moody->appends;
    for (int64_t end = fake_clock.mono_us + us; fake_clock.mono_us < end;) {
        snprintf(id, sizeof id, "on-%u", n++);
        add(log, id, "c");
        tend(log);
        fake_clock_advance(&fake_clock, TICK_US);
    }
    return moody->appends - before;
}

START_TEST(a_main_log_that_finishes_nothing_is_waited_for_ever_more_rarely)
{
    struct event_log *log = set_up();
    moody->mood = FINISHES_NOTHING;
    add(log, "a", "c");

    ck_assert_uint_ge(go_on_for(log, 2000000), 2); /* soon again at first */
    uint32_t asked = go_on_for(log, 60000000);

    ck_assert_uint_ge(asked, 60000000 / (HANGS_US + LONGEST_PAUSE_US + 4 * TICK_US) - 1);
    ck_assert_int_le(asked * INT64_C(750000), 60000000 * INT64_C(42) / 100);
    tear_down(log);
}
END_TEST

START_TEST(a_main_log_that_finishes_again_gets_all_within_the_longest_pause)
{
    struct event_log *log = set_up();
    moody->mood = FINISHES_NOTHING;
    add(log, "a", "c");
    go_on_for(log, 60000000);
    moody->mood = WELL;
    fake_clock_advance(&fake_clock, LONGEST_PAUSE_US);

    while (log->spooled(log) > 0)
        ck_assert_uint_gt(tend(log).n, 0);
    ck_assert_uint_lt(add(log, "last", "d").position, POSITION_PROVISIONAL);
    moody->mood = FINISHES_NOTHING;
    add(log, "b", "c");
    ck_assert_uint_ge(go_on_for(log, 2000000), 2); /* the next outage begins anew */
    tear_down(log);
}
END_TEST

START_TEST(a_main_log_that_says_at_once_that_it_is_away_is_asked_each_time)
{
    struct event_log *log = set_up();
    moody->mood = AWAY;
    add(log, "a", "c");
    uint32_t asked = moody->appends;

    for (int i = 0; i < 10; i++)
        tend(log);

    ck_assert_uint_eq(moody->appends, asked + 10);
    tear_down(log);
}
END_TEST

START_TEST(a_main_log_that_cannot_forget_is_shown_until_it_can)
{
    struct event_log *log = set_up();
    struct heard heard = { "" };
    tend(log);
    ck_assert_uint_eq(metric_of("offerd_retention_failing", METRIC_GAUGE), 0);
    moody->upkeep = ERR_UNAVAILABLE;

    ck_assert_int_eq(log->tend(log, &heard, hear, &note), ERR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(note.text, "old month"));
    ck_assert_uint_eq(metric_of("offerd_retention_failing", METRIC_GAUGE), 1);
    moody->upkeep = OK;

    tend(log);
    ck_assert_uint_eq(metric_of("offerd_retention_failing", METRIC_GAUGE), 0);
    tear_down(log);
}
END_TEST

/* ── many things at random ───────────────────────────────────────────────────────────────── */

static uint64_t dice;

static unsigned roll(unsigned sides)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned) (dice >> 33) % sides;
}

static unsigned bad_days(void)
{
    static unsigned days, mood;
    if (days-- == 0) {
        days = roll(6);
        mood = roll(3); /* WELL, AWAY, LOST_ITS_VOICE */
    }
    return mood;
}

/* Event number n is "<n>" of customer "<n % 7>". */
static struct event numbered(uint32_t n, char *id, char *customer)
{
    sprintf(id, "%u", n);
    sprintf(customer, "%u", n % 7);
    return event_of(id, customer);
}

/* A batch of events from @next on, sometimes with one of the earlier ones between. */
static uint32_t send_some(struct event_log *log, uint32_t next, uint32_t *ret_lost)
{
    struct event events[5];
    const struct event *pointers[5];
    struct append_outcome outcomes[5];
    char ids[5][16], customers[5][16];
    uint32_t n = 1 + roll(4), fresh = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number = next > 0 && roll(5) == 0 ? roll(next) : next + fresh++;
        events[i] = numbered(number, ids[i], customers[i]);
        pointers[i] = &events[i];
    }
    enum err err = log->append(log, pointers, n, 5, outcomes, &note);
    *ret_lost += err != OK;
    return err == OK ? next + fresh : next;
}

/* Every acknowledged event is in the main log, once, each customer's in the order they were sent. */
static void check_all(struct event_log *log, uint32_t n)
{
    uint32_t found = 0;
    for (uint32_t customer = 0; customer < 7; customer++) {
        char name[16], text[TEXT * 4] = "";
        long last = -1;
        sprintf(name, "%u", customer);
        const char *rest = strncpy(text, in_main(log, name), sizeof text - 1);
        for (char *end; *rest; rest = end + 1, found++) {
            long number = strtol(rest, &end, 10);
            ck_assert_int_gt(number, last);
            ck_assert_int_eq(number % 7, customer);
            last = number;
        }
    }
    ck_assert_uint_eq(found, n);
}

START_TEST(whatever_the_main_log_does_each_event_arrives_once_and_in_order)
{
    for (dice = 1; dice <= 10; dice++) {
        uint64_t seed = dice;
        uint32_t sent = 0, lost = 0, settled = 0;
        struct event_log *log = set_up();
        moody->next_mood = bad_days;
        while (sent < 600) {
            sent = send_some(log, sent, &lost);
            if (roll(3) == 0)
                settled += tend(log).n;
        }
        moody->next_mood = NULL;
        settled += tend(log).n;

        ck_assert_uint_eq(lost, 0);
        ck_assert_uint_gt(settled, 50);
        check_all(log, sent);
        tear_down(log);
        dice = seed;
    }
}
END_TEST

/* The child's life: sends, tends, says on the pipe how many events are acknowledged. Is killed. */
static void live(uint32_t from, int acknowledged)
{
    struct event_log *kept = NULL;
    uint32_t lost = 0;
    if (sqlite_event_log_new(directory, &kept, &note) != OK)
        _exit(1);
    struct event_log *log = spooled_over(kept, NULL);
    moody->next_mood = bad_days;
    for (uint32_t sent = from; sent < IDS;) {
        sent = send_some(log, sent, &lost);
        if (write(acknowledged, &sent, sizeof sent) != sizeof sent)
            _exit(1);
        if (roll(3) == 0)
            tend(log);
    }
    _exit(0);
}

/* Lets a child live until it has acknowledged some more events; what it sent last may be more. */
static uint32_t live_and_be_killed(uint32_t from)
{
    int ends[2], status;
    uint32_t acknowledged = from, answers = 1 + roll(30);
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        live(from, ends[1]);
    close(ends[1]);
    while (answers-- > 0)
        ck_assert_int_eq(read(ends[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    while (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
        ;
    close(ends[0]);
    ck_assert(WIFSIGNALED(status));
    return acknowledged;
}

START_TEST(killed_at_any_moment_it_loses_and_repeats_nothing)
{
    uint32_t sent = 0;
    make_directory();
    for (int lives = 0; lives < 25; lives++) {
        dice = (uint64_t) lives + 1;
        sent = live_and_be_killed(sent);
    }
    struct event_log *kept = NULL;
    ck_assert_int_eq(sqlite_event_log_new(directory, &kept, &note), OK);
    struct event_log *log = spooled_over(kept, NULL);
    char id[16], customer[16];
    while (tend(log).n > 0)
        ;
    /* what the last one had sent without an answer is sent again, as senders do */
    for (uint32_t n = sent; n < sent + 5; n++) {
        struct event event = numbered(n, id, customer);
        const struct event *events[] = { &event };
        struct append_outcome outcome;
        ck_assert_int_eq(log->append(log, events, 1, 5, &outcome, &note), OK);
    }

    ck_assert_uint_gt(sent, 100);
    check_all(log, sent + 5);
    tear_down(log);
}
END_TEST

SUITE_MAIN("store/spooled_event_log", passes_events_on_while_the_main_log_is_there,
           takes_events_while_the_main_log_is_away_and_brings_them_over_in_order,
           new_events_wait_behind_those_in_the_spool,
           does_not_ask_the_main_log_while_the_spool_is_in_use,
           what_the_main_log_had_stored_already_is_settled_as_a_duplicate,
           a_repeat_of_a_spooled_event_is_a_duplicate,
           accepting_a_limited_offer_waits_for_the_log_that_decides,
           a_drained_acceptance_counts_for_its_rule,
           drains_in_chunks_for_a_while_and_then_lets_new_events_in,
           drains_longer_when_as_many_events_come, what_an_earlier_process_left_comes_first,
           who_dies_while_draining_hears_of_all_again, tells_whose_events_are_in_the_spool,
           what_the_main_log_refuses_is_settled_and_holds_nothing_up,
           an_event_that_the_main_log_calls_wrong_is_found_out_and_set_aside,
           only_a_log_that_is_away_is_stood_in_for,
           a_failure_that_is_not_absence_is_told_and_loses_nothing,
           a_full_spool_refuses_and_takes_events_again_when_it_was_drained,
           a_main_log_that_finishes_nothing_is_waited_for_ever_more_rarely,
           a_main_log_that_finishes_again_gets_all_within_the_longest_pause,
           a_main_log_that_says_at_once_that_it_is_away_is_asked_each_time,
           a_main_log_that_cannot_forget_is_shown_until_it_can, readers_see_the_main_log,
           a_spool_that_cannot_be_opened_is_told_at_the_start,
           whatever_the_main_log_does_each_event_arrives_once_and_in_order,
           killed_at_any_moment_it_loses_and_repeats_nothing)
